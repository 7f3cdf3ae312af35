// Ways through the mesh. Nodes are ring nodes: 0 the host, 1 + tile a tile.
#pragma once

#include <cstdint>
#include <vector>

#include "compiler/chip/chip.hpp"
#include "compiler/map/binding.hpp"

namespace spikeloom {

/// One router on the way. The k-th hop of a flit injected in slot s uses route entry s + k.
struct Hop {
  std::uint32_t tile = 0, in = 0, out = 0;  ///< ports
  friend bool operator==(const Hop&, const Hop&) = default;
};

/// First along x, then along y; the host hangs west of tile (0, 0). from != to unless both are one tile.
[[nodiscard]] std::vector<Hop> path(const Chip&, std::uint32_t from, std::uint32_t to);
/// Its length.
[[nodiscard]] std::uint32_t hops(const Chip&, std::uint32_t from, std::uint32_t to);

[[nodiscard]] inline std::uint32_t node_of(TileId tile) { return 1 + tile.value; }
[[nodiscard]] std::uint32_t node_of(const Binding&, const ClusterOrHost&);

}  // namespace spikeloom
