// What a network asks of a chip, whatever the partition.
#pragma once

#include <cstdint>
#include <optional>
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

/// Most steps that a projection into such a tile may be late.
[[nodiscard]] std::uint32_t longest_delay(const TileKind&);

/// Most neurons of the population that a cluster on such a tile can have, whatever their weights.
[[nodiscard]] std::uint64_t most_neurons(const IntPopulation&, const Chip&, const TileKind&);

/// Why the network cannot fit the chip's first `tiles` tiles (0: all), from its populations' sizes alone: at
/// once, whatever the network holds. Nothing where the sizes do not tell.
[[nodiscard]] std::optional<std::string> too_many_neurons(const IntNetwork&, const Chip&,
                                                          std::uint32_t tiles);

/// First axon of every input in the host stream: each starts a chunk.
[[nodiscard]] std::vector<std::uint32_t> first_axons(const IntNetwork&);

}  // namespace spikeloom
