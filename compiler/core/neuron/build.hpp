// The update program of a cluster's neurons, with their parameter sets and biases.
#pragma once

#include <cstdint>
#include <vector>

#include "compiler/core/core.hpp"
#include "compiler/core/neuron/tables.hpp"
#include "compiler/golden/int_network.hpp"

namespace spikeloom::neuron {

/// A core's windows as `windows_behind` numbers them: its `tables` and its `weights` are its own, `states`
/// and the like index its memories.
[[nodiscard]] std::vector<MemoryWindow> windows(const TileConfig&, std::vector<MemoryWindow> tables,
                                                const MemoryWindow& weights, const Memories&);

/// Puts neurons of equal parameters side by side where that saves update entries.
void number(const IntPopulation&, std::uint32_t lif_lanes, std::vector<std::uint32_t>& neurons);

/// Parameter sets, biases and the update program, into the core's windows. `windows`: chunks of the cluster's
/// neurons that are sent as one, their OR; none: it sends its own spikes, or potentials.
void write_neurons(const IntPopulation&, const Cluster&,
                   const std::vector<std::vector<std::uint32_t>>& windows, std::uint32_t lif_lanes,
                   const Windows& core, CoreTables&);

/// The update program where the cluster's sets begin at `first_set`, into tables that have it as it was.
void place_updates(const Windows& core, std::uint32_t first_set, CoreTables&);

/// Where a neuron's state stands, if its cluster's begin at `first_word`.
[[nodiscard]] StateAddress state_at(const Cluster&, const TileConfig&, NeuronState, std::uint32_t first_word,
                                    std::uint32_t position);

}  // namespace spikeloom::neuron
