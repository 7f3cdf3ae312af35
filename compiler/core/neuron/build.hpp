// The update program of a cluster's neurons, with their parameter sets and biases.
#pragma once

#include <cstdint>
#include <vector>

#include "compiler/core/cluster.hpp"
#include "compiler/core/neuron/tables.hpp"
#include "compiler/golden/int_network.hpp"

namespace spikeloom::neuron {

/// Puts neurons of equal parameters side by side where that saves update entries.
void number(const IntPopulation&, std::uint32_t lif_lanes, std::vector<std::uint32_t>& neurons);

/// Parameter sets, biases and the update program, into the core's windows. `windows`: chunks of the cluster's
/// neurons that are sent as one, their OR; none: it sends its own spikes, or potentials.
void write_neurons(const IntPopulation&, const Cluster&,
                   const std::vector<std::vector<std::uint32_t>>& windows, std::uint32_t lif_lanes,
                   const Windows& core, CoreTables&);

}  // namespace spikeloom::neuron
