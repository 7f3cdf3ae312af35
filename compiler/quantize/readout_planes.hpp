// Readouts that feed others: in which order they get their integers, and how many bits these may have.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "compiler/base/error.hpp"
#include "compiler/golden/quantize_limits.hpp"
#include "compiler/model/network.hpp"

namespace spikeloom {

/// By population: a projection comes from it, and it is a readout.
[[nodiscard]] std::vector<std::uint8_t> feeding_readouts(const Network& network);

/// All populations, each behind the readouts that feed it: what a potential counts must be known where it is
/// weighed. Ascending where no readout feeds anybody. A circle of readouts is a problem, named; its members
/// stand in any order then.
[[nodiscard]] std::vector<std::size_t> quantizing_order(const Network& network, Problems& problems);

/// Two's complement bits that the potentials of a readout may have.
struct PlaneBudget {
  std::uint32_t planes = 0;
  std::string limit;  ///< what allows no more, in words
};

/// As many as everyone that it feeds can weigh with the largest weights: the tile's shifts, and the
/// accumulators beside what else comes in.
[[nodiscard]] PlaneBudget plane_budget(const Network& network, PopulationId readout,
                                       const QuantizeLimits& limits,
                                       const std::function<std::uint32_t(std::size_t)>& mantissa_bits);

/// Bits of the weights from a readout. A row counts at most 127 << max_shift, which a weight and the bits of
/// a potential share, four more for the potential: 6 and 10 with 8-bit weights and shifts up to 7. With 8 and
/// 8 the potential, which rarely comes near its bound, would be rounded far more coarsely than the weight.
[[nodiscard]] std::uint32_t mantissa_bits_beside_planes(std::uint32_t weight_bits,
                                                        const QuantizeLimits& limits);

/// By how much more than the tile's largest shift such weights may count: a tile that decodes 8 bits keeps
/// them shifted.
[[nodiscard]] std::uint32_t spare_shift(std::uint32_t mantissa_bits, const QuantizeLimits& limits);

/// The same network with every potential counted from where its samples start, as the chip counts it. `start`
/// stays as it is, so that theta + start is the neuron's own threshold. What a readout's start gives to those
/// that it feeds is a bias of theirs.
///
/// Throws  Error{kInput} for a readout that does not start at 0 and feeds somebody late: what it gives is no
///         constant then.
[[nodiscard]] Network from_start(const Network& network);

}  // namespace spikeloom
