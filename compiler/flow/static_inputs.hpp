// Inputs that are equal in every step of a sample: summed once a sample, and the sum held.
#pragma once

#include <string>
#include <vector>

#include "compiler/chip/chip.hpp"
#include "compiler/data/dataset.hpp"
#include "compiler/golden/int_network.hpp"
#include "compiler/partition/application.hpp"

namespace spikeloom {

/// In a list of names: every input.
inline constexpr const char* kEveryInput = "*";

struct StaticNetwork {
  IntNetwork network;
  std::vector<std::string> notes;  ///< who holds what, why so, and what that costs
};

/// The same network for data in which the named inputs do not change within a sample.
///
/// Such an input comes in a sample's first step alone. A population that hears static inputs only and keeps
/// nothing of its current holds their sum *in its current*, since alpha = 1 and i = 0 at a sample's start:
///   as written  i' = sat((a << scale) + bias_i)     a is the same in every step
///   held        i' = sat(i + (a << scale))          a is 0 but in one step
/// A bias would add up there, so it joins bias_v, which is the same where no sum and no bias saturates.
///
/// For every other population *a readout* "NAME held" sums them up, forgets nothing (beta = 1) and hands its
/// potential on in every step, neuron by neuron, as a sum in parts does (compiler/flow/parts.hpp); the
/// population itself stays as it is.
///
/// Order   inputs and outputs keep their ids; readouts that hold stand right before their population.
/// Law     spikes and potentials of every population are those of the network as written, on such data.
/// Throws  Error{kInput} that lists every name that is no input.
[[nodiscard]] StaticNetwork with_static_inputs(const IntNetwork& network,
                                               const std::vector<std::string>& names);

/// The same for a chip: a population that its tiles cannot let hold in its current has a readout instead.
/// Throws  Error{kInput} also where no tile can do that either, with the reasons of both.
[[nodiscard]] StaticNetwork with_static_inputs(const IntNetwork& network,
                                               const std::vector<std::string>& names, const Chip& chip);

/// Throws Error{kInput} that names the first samples, steps and elements in which a static input of the
/// network changes.
void check_static(const IntNetwork& network, const Dataset& data);

/// A line for every population whose clusters hear a static input: cycles of all of them together that a
/// sample's later steps save, in the worst case; what a readout that holds costs in every step instead; and
/// of how many steps a sample has to be for that to pay.
[[nodiscard]] std::vector<std::string> notes_on_static(const Application&, const Chip&);

}  // namespace spikeloom
