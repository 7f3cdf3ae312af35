// Which clusters share a tile: as the mapper first had it, or by level, whichever guarantees more.
#pragma once

#include <optional>

#include "compiler/image/image.hpp"
#include "compiler/map/map.hpp"

namespace spikeloom {

/// A binding and what it guarantees.
struct Bound {
  Binding binding;
  Promise promise;
};

/// Where clusters share tiles, maps them once more by level (Sharing::kLevels) and takes that binding over if
/// its guaranteed period is clearly shorter; `orders`: after improve_orders. The image's only promise is the
/// guaranteed one, which goes with its binding. The period never gets longer; the latency may, for more steps
/// are under way at once.
///
/// Returns  what was there before; nothing: it still is.
std::optional<Bound> improve_places(Image& image, const MapOptions& options, bool orders);

}  // namespace spikeloom
