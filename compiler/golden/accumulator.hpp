// The proof that no accumulator overflows.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "compiler/base/error.hpp"
#include "compiler/golden/int_network.hpp"

namespace spikeloom {

/// The extremes of a population's accumulated input `a` over every possible input, and hence of
/// every partial sum in any order of spikes. Both are attained when all axons of the fitting sign
/// spike at once, and only those.
struct AccumulatorBound {
  std::int64_t lowest = 0;   ///< ≤ 0
  std::int64_t highest = 0;  ///< ≥ 0
  std::uint32_t lowest_neuron = 0;
  std::uint32_t highest_neuron = 0;
  std::uint32_t bits = 1;  ///< two's complement bits that hold both
};

/// Two's complement bits that hold every value of [lowest, highest].
[[nodiscard]] std::uint32_t bits_for(std::int64_t lowest, std::int64_t highest);

/// One bound a population, in order. An axon spikes at most once a step in each plane and each
/// projection; the sums go over all projections, shifts included.
///
/// Cost  one pass over the weights.
[[nodiscard]] std::vector<AccumulatorBound> accumulator_bounds(const IntNetwork& network);

/// Of one population.
[[nodiscard]] AccumulatorBound accumulator_bound(const IntNetwork& network, PopulationId id);

/// Where the population's accumulator needs more than `available` bits: the neuron, bits needed and
/// available, and what would help. It does not name the population.
[[nodiscard]] std::optional<std::string> accumulator_problem(const IntNetwork& network, PopulationId id,
                                                             std::uint32_t available);

/// One entry for every population whose accumulator needs more than `available` bits: its name, the
/// neuron, bits needed and available, and what would help.
[[nodiscard]] Problems accumulator_problems(const IntNetwork& network, std::uint32_t available);

}  // namespace spikeloom
