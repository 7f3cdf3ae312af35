// The search for a candidate: clusters, places, slots, pages and orders of an integer network on a chip.
#pragma once

#include <optional>
#include <variant>

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

/// Partition, map and schedule for the clusters that the user wants, or that `spread` finds best where there
/// is a choice.
[[nodiscard]] std::variant<Candidate, DoesNotFit> place(StageRunner& runner, const Numbers& numbers,
                                                        const Chip& chip, const CompileOptions& options);

/// Other slots and pages for it where they are better. `work` of its rehearsal, where there are data.
[[nodiscard]] Candidate tuned(StageRunner& runner, const Candidate& candidate,
                              const std::optional<MeasuredWork>& work, const Chip& chip,
                              const CompileOptions& options);

}  // namespace spikeloom
