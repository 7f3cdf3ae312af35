// Which clusters share a tile: as the mapper first had it, or by level, whichever guarantees more.
#pragma once

#include <optional>

#include "compiler/map/map.hpp"
#include "compiler/schedule/candidate.hpp"
#include "compiler/schedule/orders.hpp"

namespace spikeloom {

struct PlaceOptions {
  MapOptions mapping;                  ///< of the candidate that there is
  std::optional<OrderOptions> orders;  ///< nothing: orders stay the mapper's
};

/// Where clusters share tiles, maps them once more by level (Sharing::kLevels), then looks for better orders.
///
/// Returns  that candidate if its guaranteed period is clearly shorter, else nothing. Its latency may be
///          longer, for more steps are under way at once.
[[nodiscard]] std::optional<Candidate> better_places(const Candidate& candidate, const Chip& chip,
                                                     const PlaceOptions& options);

}  // namespace spikeloom
