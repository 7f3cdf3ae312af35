// Which tile each cluster goes to.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/map/map.hpp"

namespace spikeloom {

/// What a cluster takes of a tile's tables, or what a tile has; one entry per resource.
struct Resource {
  std::string_view key;  ///< chip file's
  std::uint64_t amount = 0;
};
[[nodiscard]] std::vector<Resource> needs(const Application&, const TileConfig&, std::size_t cluster,
                                          std::uint64_t readers);
[[nodiscard]] std::vector<Resource> offers(const Chip&);

/// Who reads a cluster's or the host's output.
struct Consumer {
  ClusterId cluster;
  std::uint32_t inbound = 0;
};
/// By source: entry 0 the host, 1 + c cluster c; in rising (cluster, inbound).
[[nodiscard]] std::vector<std::vector<Consumer>> consumers(const Application&);

/// Tile by cluster; empty with `reason` set when they do not fit. `crowding` weighs second channels that a
/// source needs because two of its readers share a tile.
[[nodiscard]] std::vector<TileId> place(const Application&, const Chip&, const MapOptions&, double crowding,
                                        std::string& reason);

}  // namespace spikeloom
