// A readout that adds up what arrives at a population, so that a rule may decide before a sample's last step.
#pragma once

#include <string>
#include <vector>

#include "compiler/golden/int_network.hpp"

namespace spikeloom {

struct ExitReadout {
  IntNetwork network;
  std::vector<std::string> notes;  ///< what the readout is and what its unit is
};

/// The same network with a readout "P sum", one neuron for each of the population's, that hears what the
/// population hears, over copies of its projections and biases, and forgets nothing (beta = 1): after each
/// step its potential is the sum of the input current of a sample's steps so far. It is an output of the
/// network, after those that there were. Its unit is the coarsest in which all of that is whole numbers.
///
/// Law     spikes and potentials of every other population are as before; populations, inputs and outputs
/// keep
///         their ids.
/// Throws  Error{kInput} for a population that there is not, or whose neurons have units of their own.
[[nodiscard]] ExitReadout with_exit_readout(const IntNetwork& network, const std::string& population);

}  // namespace spikeloom
