// Which clusters share a tile: as the mapper first had it, or by level, whichever guarantees more.
#pragma once

#include "compiler/image/image.hpp"
#include "compiler/map/map.hpp"

namespace spikeloom {

/// Where clusters share tiles, maps them once more by level (Sharing::kLevels) and takes that binding over if its guaranteed
/// period is shorter; `orders`: after improve_orders. The image's only promise is the guaranteed one, which goes with its
/// binding. True if it changed. The period never gets longer; the latency may, for more steps are under way at once.
bool improve_places(Image& image, const MapOptions& options, bool orders);

}  // namespace spikeloom
