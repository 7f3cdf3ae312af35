// The neurons and readouts of NIR in the normal form of network.hpp.
#pragma once

#include "compiler/model/nodes/node_type.hpp"

namespace spikeloom {

/// The shape that the parameters agree on; scalars agree with every shape.
bool neuron_shape(FlatNode& node, Problems& problems);

/// LIF and LI: beta = k, gain_v = dt/tau·r, drive = v_leak·(1 - k), k the decay of tau in a step.
void leaky(const FlatNode& node, StepLength& step, Population& population);
/// CubaLIF and CubaLI: the same of tau_mem, with alpha = the decay of tau_syn and gain_i = dt/tau_syn·w_in.
void leaky_with_current(const FlatNode& node, StepLength& step, Population& population);
/// IF and I: beta = 1, gain_v = dt·r.
void integrating(const FlatNode& node, StepLength& step, Population& population);
/// Threshold: beta = 0, gain_v = 1.
void memoryless(const FlatNode& node, StepLength& step, Population& population);

}  // namespace spikeloom
