// What of a tile the neurons of a cluster take, whatever core integrates for them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "compiler/core/core.hpp"
#include "compiler/core/neuron/tables.hpp"

namespace spikeloom::neuron {

// Each appends what `Memories` counts, in its order, to a list of the core's own memories.

void add_memories(const TileConfig&, std::vector<MemoryInfo>&);
void add_amounts(const Tables&, const TileConfig&, std::vector<std::uint64_t>&);
/// Of all clusters of such a population together, at least.
void add_least_amounts(const PopulationFloor&, const TileConfig&, std::vector<std::uint64_t>&);

/// The RAMs of the part's RTL; `lif_groups`: of a context at most, which an update entry names.
void add_rams(const TileConfig&, std::uint64_t lif_groups, std::vector<Ram>&);

/// Most neurons that states, biases and update program hold, and the smallest one's key.
[[nodiscard]] MostNeurons most_neurons(const IntPopulation&, const TileConfig&);
/// Parameters that no such tile holds.
void add_problems(const IntPopulation&, const TileConfig&, std::vector<std::string>&);
/// Such a tile with twice the LIF lanes.
[[nodiscard]] WiderTile wider_lif(const TileConfig&);

}  // namespace spikeloom::neuron
