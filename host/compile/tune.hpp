// Slots and page counts that the analysis chooses, once clusters have their places.
#pragma once

#include <optional>

#include "compiler/image/image.hpp"
#include "compiler/schedule/schedule.hpp"

namespace spikeloom {

struct TuneOptions {
  std::uint64_t seed = 1;
  bool slots = true;  ///< may deal slots out anew: more to whoever is on the critical cycle
  bool pages = true;  ///< may choose page counts: as many as shorten the period, then as few as keep it
  ContractOptions contract;
};

/// Changes the binding's slots and pages and the guaranteed promise with them, never for the worse: the contracted period
/// (where `work` was measured), then the guaranteed one, then the promised latency, which grows with pages.
/// The image's only promise is the guaranteed one.
///
/// Cost  at most some twenty analyses; where clusters are many, only those of page counts.
void tune(Image& image, const std::optional<MeasuredWork>& work, const TuneOptions& options);

}  // namespace spikeloom
