// The search for a candidate: clusters, places, slots, pages and orders of an integer network on a chip.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "compiler/fit/needs.hpp"
#include "compiler/flow/compile.hpp"
#include "compiler/flow/stage_runner.hpp"
#include "compiler/schedule/candidate.hpp"

namespace spikeloom {

/// What the search starts from. Refers to what outlives it.
struct Numbers {
  const IntNetwork& network;
  const std::optional<Traffic>& traffic;
  const Dataset* data = nullptr;  ///< calibration data; null: there are none
};

struct Placed {
  Candidate candidate;
  std::vector<std::string> notes;  ///< what was made of the network's pools, for people
};

/// Partition, map and schedule for the clusters that the user wants, or that `spread` finds best where there
/// is a choice.
///
/// Where max pooling folds (compiler/partition/or_pool.hpp) there are two ways: folded, and by populations of
/// their own. The second is tried where the first does not fit, or where it may promise more: a map that
/// sends its pool stands on a tile that holds the period, and all work, without the gaps of such maps and
/// with the pools' spikes, would be less than the period if every tile had as much.
///
/// Where the mapper has no place for the clusters, `advice` says whether the chip that would do is looked
/// for.
[[nodiscard]] std::variant<Placed, DoesNotFit> place(StageRunner& runner, const Numbers& numbers,
                                                     const Chip& chip, const CompileOptions& options,
                                                     Advice advice);

/// Other slots and pages for it where they are better. `work` of its rehearsal, where there are data.
[[nodiscard]] Candidate tuned(StageRunner& runner, const Candidate& candidate,
                              const std::optional<MeasuredWork>& work, const Chip& chip,
                              const CompileOptions& options);

}  // namespace spikeloom
