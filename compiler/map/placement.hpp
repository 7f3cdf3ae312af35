// Which tile each cluster goes to.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/map/map.hpp"

namespace spikeloom {

/// Resources that are no memory of the core; they come first.
inline constexpr std::size_t kTablesOfTheTile = 8;

/// What a cluster takes of a tile's tables, or what a tile has; one entry per resource.
struct Resource {
  std::string_view key;  ///< chip file's
  std::uint64_t amount = 0;
};
[[nodiscard]] std::vector<Resource> needs(const Application&, const Chip&, std::size_t cluster,
                                          std::uint64_t readers);
[[nodiscard]] std::vector<Resource> offers(const TileKind&);

/// Who reads a cluster's or the host's output.
struct Consumer {
  ClusterId cluster;
  std::uint32_t inbound = 0;
};
/// By source: entry 0 the host, 1 + c cluster c; in rising (cluster, inbound).
[[nodiscard]] std::vector<std::vector<Consumer>> consumers(const Application&);

/// Tiles of a kind that first fit fills with the kind's clusters: so many that it has room for all. Nothing:
/// more than the largest mesh has.
[[nodiscard]] std::optional<std::uint32_t> tiles_needed(const Application&, const Chip&, std::uint32_t kind);

/// Tile by cluster; empty with `reason` set when they do not fit. `crowding` weighs second channels that a
/// source needs because two of its readers share a tile.
[[nodiscard]] std::vector<TileId> place(const Application&, const Chip&, const MapOptions&, double crowding,
                                        std::string& reason);

}  // namespace spikeloom
