// What the period does when an execution time or a number of tokens changes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "compiler/base/ratio.hpp"
#include "compiler/sdf/phased_graph.hpp"

namespace spikeloom::sdf {

struct ExecutionSensitivity {
  ActorId actor{};
  std::size_t phase = 0;
  Ratio longer;                  ///< the period with one more cycle
  std::optional<Ratio> shorter;  ///< the period with one cycle less; nothing at 0
  std::optional<std::int64_t>
      slack;  ///< by how much it may grow and the period stays; nothing: by 2^50 and more
};

struct TokenSensitivity {
  ChannelId channel{};
  Ratio more;                  ///< the period with one more token
  std::optional<Ratio> fewer;  ///< the period with one token less; nothing: stuck, or there is none
  std::int64_t spare = 0;      ///< tokens that may be taken away and the period stays
};

/// Exact, one change at a time, everything else as it is.
struct Sensitivity {
  Ratio period;
  std::vector<ExecutionSensitivity> executions;  ///< by actor and phase
  std::vector<TokenSensitivity> tokens;          ///< by channel
};

/// Nothing for a graph that is stuck.
///
/// Cost    a period for each change, some twenty for a slack; `k_periodic` that goes on from the one before.
/// Throws  as `k_periodic`; Error{kInput} where a change leaves the limits of a graph.
[[nodiscard]] std::optional<Sensitivity> sensitivity(const PhasedGraph& graph);

}  // namespace spikeloom::sdf
