// What a network asks of a chip, whatever the partition.
#pragma once

#include <cstdint>
#include <vector>

#include "compiler/base/error.hpp"
#include "compiler/chip/chip.hpp"
#include "compiler/core/layers.hpp"
#include "compiler/golden/int_network.hpp"

namespace spikeloom {

/// What the network needs and no tile of the chip offers.
[[nodiscard]] Problems chip_problems(const IntNetwork&, const Layers&, const Chip&);

/// First axon of every input in the host stream: each starts a chunk.
[[nodiscard]] std::vector<std::uint32_t> first_axons(const IntNetwork&);

}  // namespace spikeloom
