// Networks whose numbers are too large or too small to be squared in a double, in units in which they are
// not.
#pragma once

#include <vector>

#include "compiler/quantize/quantize.hpp"

namespace spikeloom {

/// A unit for each population, as powers of two: only the ratios of a network's numbers matter.
///
/// Population p's synaptic input is counted in 2^weight[p], its potential in 2^potential[p]. All are 0 in a
/// network whose weights and gains lie between 2^-256 and 2^256, which is then left as it is to the bit.
struct Magnitudes {
  std::vector<int> weight;     ///< of the weights and biases into it
  std::vector<int> gain_i;     ///< of its gain_i
  std::vector<int> gain_v;     ///< of its gain_v
  std::vector<int> potential;  ///< their sum: of theta, v_reset and drive
  [[nodiscard]] bool trivial() const;
};

[[nodiscard]] Magnitudes magnitudes_of(const Network& network);

/// The network in those units.
///
/// Throws  Error{kInput} naming the populations with a threshold, reset, bias or leak that is beyond a double
///         in the unit of its weights.
[[nodiscard]] Network in_units(const Network& network, const Magnitudes& magnitudes);
/// What calibration saw of the states, in those units.
[[nodiscard]] Activity in_units(Activity activity, const Magnitudes& magnitudes);

/// From those units to the network's own, or back where `sign` is -1: the report's figures and the units of
/// states.
void to_real_units(Quantized& quantized, const Network& network, const Magnitudes& magnitudes, int sign);

}  // namespace spikeloom
