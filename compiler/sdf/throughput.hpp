// The period of a multi-rate graph, by two methods that share nothing but the graph.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "compiler/sdf/cycle_ratio.hpp"
#include "compiler/sdf/expand.hpp"
#include "compiler/sdf/phased_graph.hpp"
#include "compiler/sdf/repetition.hpp"

namespace spikeloom::sdf {

/// A firing within an iteration.
struct Firing {
  ActorId actor{};
  std::int64_t number = 0;  ///< 0 to firings - 1
  friend bool operator==(const Firing&, const Firing&) = default;
};

/// Firings and the channels between them, closed: `channels[i]` goes from `firings[i]` to the next.
struct FiringCycle {
  std::vector<Firing> firings;
  std::vector<ChannelId> channels;
  std::int64_t weight = 0;  ///< cycles
  std::int64_t tokens = 0;  ///< iterations that it goes back
};

struct Throughput {
  Ratio period;  ///< cycles an iteration
  Repetition repetition;
  FiringCycle critical;     ///< empty where nothing limits it: no cycle, period 0
  Expansion expansion;      ///< what the certificate is of
  Certificate certificate;  ///< on the expansion
};

/// These firings wait for one another for ever.
struct StuckFirings {
  FiringCycle cycle;
};

/// By expansion and Howard's policy iteration, with a certificate that `verify` takes.
///
/// Throws  Error{kInput} for rates without a repetition vector, and where the expansion would be too large.
[[nodiscard]] std::variant<Throughput, StuckFirings> throughput(const PhasedGraph& graph,
                                                                const ExpandOptions& options = {});

/// By self-timed execution until a state comes back. Every actor must have a bound on its overlap (a channel
/// to itself, or a way back), and every channel on its tokens; strongly connected graphs have both.
///
/// Returns period in cycles an iteration; nothing if all actors wait for ever.
/// Cost    firings until a state comes back, which can be very many; memory for one state.
/// Throws  Error{kInput} after `most_firings`.
/// Source  Ghamarian et al., Throughput analysis of synchronous data flow graphs, ACSD 2006.
[[nodiscard]] std::optional<Ratio> self_timed_period(const PhasedGraph& graph, const Repetition& repetition,
                                                     std::int64_t most_firings = 2'000'000'000);

/// `a#3 -[x]-> b#0 -[y]-> a#3 (16 cycles, 1 iteration back)`.
[[nodiscard]] std::string describe(const PhasedGraph& graph, const Repetition& repetition,
                                   const FiringCycle& cycle);

}  // namespace spikeloom::sdf
