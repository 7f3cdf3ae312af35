// The proof that no accumulator overflows.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "compiler/base/error.hpp"
#include "compiler/golden/int_network.hpp"

namespace spikeloom {

/// The extremes of a population's accumulated input `a` over every possible input, and hence of
/// every partial sum in any order of spikes. Both are attained when all axons of the fitting sign
/// spike at once, and only those; of potentials that a readout sends, where they are so far from 0 as
/// `potential_range` says.
struct AccumulatorBound {
  std::int64_t lowest = 0;   ///< ≤ 0
  std::int64_t highest = 0;  ///< ≥ 0
  std::uint32_t lowest_neuron = 0;
  std::uint32_t highest_neuron = 0;
  std::uint32_t bits = 1;  ///< two's complement bits that hold both
};

/// Values by neuron.
struct NeuronRange {
  std::vector<std::int64_t> lowest, highest;
};

/// What no potential of a readout can leave, whatever the input: of a part of a sum (alpha, beta, scale and
/// biases 0) exactly the part's extremes; of a leaky one what its decays leave of its largest input; never
/// more than the state's range.
[[nodiscard]] NeuronRange potential_range(const IntNetwork& network, PopulationId id);

/// The same of one neuron, whose sums lie in [lowest, highest]. Where they come *once* a sample, as those of
/// static inputs do, all of a sample's together lie there, and a neuron that adds nothing else cannot leave
/// them, even where it forgets nothing.
struct LeakyNeuron {
  std::int32_t alpha = 0, beta = 0, bias_i = 0, bias_v = 0;
  std::uint32_t scale = 0;
  bool comes_once = false;

  /// What it sends comes once a sample, too.
  [[nodiscard]] bool passes_once() const { return comes_once && adds_nothing() && beta == 0; }
  /// In every step.
  [[nodiscard]] bool adds_nothing() const { return alpha == 0 && bias_i == 0 && bias_v == 0; }
};
[[nodiscard]] std::pair<std::int64_t, std::int64_t> potential_range(const LeakyNeuron& neuron,
                                                                    std::uint32_t state_bits,
                                                                    std::int64_t lowest,
                                                                    std::int64_t highest);

/// Bit planes of such a readout's potentials, two's complement.
[[nodiscard]] std::uint32_t potential_planes(const IntNetwork& network, PopulationId id);

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
