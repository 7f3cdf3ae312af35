// The memories of a whole chip, from its description.
#pragma once

#include <cstdint>
#include <vector>

#include "compiler/chip/chip.hpp"
#include "compiler/chip/ram.hpp"

namespace spikeloom {

/// Those of one tile of the kind: core, network interface, sequencer and both routers.
[[nodiscard]] std::vector<Ram> tile_rams(const Chip&, const TileKind&);
/// Those of all tiles (by kind, name for name as often as there are tiles of it) and of the host port.
[[nodiscard]] std::vector<Ram> chip_rams(const Chip&);
/// Bits of all of them: what "the smaller chip" means.
[[nodiscard]] std::uint64_t memory_bits(const Chip&);

}  // namespace spikeloom
