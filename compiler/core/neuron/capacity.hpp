// What of a tile the neurons of a cluster take, whatever core integrates for them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "compiler/core/core.hpp"

namespace spikeloom::neuron {

/// Memories that a core has for the part.
[[nodiscard]] MemoryInfo updates_memory(const TileConfig&);
[[nodiscard]] MemoryInfo sets_memory(const TileConfig&);
[[nodiscard]] MemoryInfo state_memory(const TileConfig&);

/// The RAMs of the part's RTL; `lif_groups`: of a context at most, which an update entry names.
void add_rams(const TileConfig&, std::uint64_t lif_groups, std::vector<Ram>&);

/// Groups of LIF lanes that so many neurons take: words of state, and update entries of neurons with equal
/// parameters.
[[nodiscard]] std::uint64_t lif_groups(std::uint64_t neurons, const TileConfig&);
/// Update entries of all clusters of such a population together, at least.
[[nodiscard]] std::uint64_t least_updates(const PopulationFloor&, const TileConfig&);
/// Most neurons that states and update program hold, and the smaller one's key.
[[nodiscard]] MostNeurons most_neurons(const IntPopulation&, const TileConfig&);
/// Parameters that no such tile holds.
void add_problems(const IntPopulation&, const TileConfig&, std::vector<std::string>&);

}  // namespace spikeloom::neuron
