// Clusters by level: how far from the inputs they are within a step.
#pragma once

#include <cstdint>
#include <vector>

#include "compiler/chip/chip.hpp"
#include "compiler/partition/application.hpp"

namespace spikeloom {

/// Spike connections without delay on the longest way from an input, by ClusterId.
[[nodiscard]] std::vector<std::uint32_t> levels(const Application&);

/// Clusters by level, each kind's cut into as many runs as it has tiles among the first `tiles`, the busiest
/// as little busy as can be: tile by ClusterId. Those of one level do not wait for one another, so their
/// turns on a tile cost no more than their work. Empty: so cut, some tile's tables are too small.
[[nodiscard]] std::vector<TileId> pack_by_level(const Application&, const Chip&, std::uint32_t tiles);

}  // namespace spikeloom
