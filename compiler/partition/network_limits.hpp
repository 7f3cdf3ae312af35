// What a network asks of a chip, whatever the partition.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "compiler/base/error.hpp"
#include "compiler/chip/chip.hpp"
#include "compiler/core/layers.hpp"
#include "compiler/golden/int_network.hpp"

namespace spikeloom {

/// What the network needs and the chip does not offer, whatever kinds of tile it has.
[[nodiscard]] Problems chip_problems(const IntNetwork&, const Chip&);
/// What the population needs and no tile of the kind offers; the population is not named.
[[nodiscard]] std::vector<std::string> kind_problems(const IntNetwork&, const Layers&, const TileKind&,
                                                     PopulationId);

/// First axon of every input in the host stream: each starts a chunk.
[[nodiscard]] std::vector<std::uint32_t> first_axons(const IntNetwork&);

}  // namespace spikeloom
