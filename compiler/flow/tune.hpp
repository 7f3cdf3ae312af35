// Slots and page counts that the analysis chooses, once clusters have their places.
#pragma once

#include <optional>

#include "compiler/schedule/candidate.hpp"
#include "compiler/schedule/schedule.hpp"

namespace spikeloom {

struct TuneOptions {
  std::uint64_t seed = 1;
  bool slots = true;  ///< may deal slots out anew: more to whoever is on the critical cycle
  bool pages = true;  ///< may choose page counts: as many as shorten the period, then as few as keep it
  ContractOptions contract;
  std::uint32_t most_slots = 0;    ///< of a channel; 0: as many as fit
  std::optional<Ratio> period;     ///< cycles a step that will do; nothing: the shortest
  std::uint32_t sample_steps = 0;  ///< of samples that are promised (`sampled`); 0: of none
};

/// A candidate with other slots and pages, never worse: by the contracted period (where `work` was measured),
/// then the sampled one (where there is one), then the guaranteed one, then the promised latency, which grows
/// with pages. Where a period is wanted, page counts are the fewest that keep it; the promise that it is of
/// is the contracted one where work was measured, else the guaranteed one.
///
/// Cost    some twenty analyses for slots, unless clusters are many; pages by buffer analysis
///         (compiler/schedule/pages.hpp).
/// Throws  Error{kInput} naming the best period where the wanted one is not to be had.
[[nodiscard]] Candidate tune(const Candidate& candidate, const Chip& chip,
                             const std::optional<MeasuredWork>& work, const TuneOptions& options);

}  // namespace spikeloom
