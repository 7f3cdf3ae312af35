// Which chip would do for clusters that this one has no place for.
#pragma once

#include <string>

#include "compiler/map/map.hpp"

namespace spikeloom {

/// The smallest chip of such tiles that was found to do, in words that follow a reason: longer tables and
/// wheels on this mesh, else on a larger one. What it names has been mapped.
///
/// Cost  a fixed number of placements (kMeshes meshes with some ways each, and the proposals), whatever the
///       tables and wheels.
[[nodiscard]] std::string what_would_do(const Application&, const Chip&, const MapOptions&);

}  // namespace spikeloom
