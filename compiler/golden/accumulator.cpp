#include "compiler/golden/accumulator.hpp"

#include <algorithm>
#include <utility>

#include "compiler/golden/check.hpp"

namespace spikeloom {

namespace {

/// Largest factors by which one element's weight can count in a step: (positive planes, top plane).
std::pair<std::int64_t, std::int64_t> factors(const IntNetwork& network, const Source& from) {
  if (const auto* input = std::get_if<InputId>(&from)) {
    const auto [low, high] = value_range(network.inputs[input->index()]);
    return {high, low};
  }
  return {1, 0};
}

}  // namespace

std::uint32_t bits_for(std::int64_t lowest, std::int64_t highest) {
  std::uint32_t bits = 1;
  while (bits < 63 &&
         (lowest < -(std::int64_t{1} << (bits - 1)) || highest >= (std::int64_t{1} << (bits - 1))))
    ++bits;
  return bits;
}

std::vector<AccumulatorBound> accumulator_bounds(const IntNetwork& network) {
  std::vector<std::vector<std::int64_t>> low(network.populations.size());
  std::vector<std::vector<std::int64_t>> high(network.populations.size());
  for (std::size_t p = 0; p < network.populations.size(); ++p) {
    low[p].assign(network.populations[p].size(), 0);
    high[p].assign(network.populations[p].size(), 0);
  }
  for (const IntProjection& projection : network.projections) {
    const auto [most, least] = factors(network, projection.from);
    auto& lows = low[projection.to.index()];
    auto& highs = high[projection.to.index()];
    for (std::size_t k = 0; k < projection.target.size(); ++k) {
      const std::int64_t w = std::int64_t{projection.weight[k]} * (std::int64_t{1} << projection.shift);
      const std::uint32_t target = projection.target[k];
      highs[target] += std::max(w * most, w * least);
      lows[target] += std::min(w * most, w * least);
    }
  }
  std::vector<AccumulatorBound> result(network.populations.size());
  for (std::size_t p = 0; p < result.size(); ++p) {
    AccumulatorBound& bound = result[p];
    for (std::uint32_t j = 0; j < low[p].size(); ++j) {
      if (low[p][j] < bound.lowest) bound.lowest = low[p][j], bound.lowest_neuron = j;
      if (high[p][j] > bound.highest) bound.highest = high[p][j], bound.highest_neuron = j;
    }
    bound.bits = bits_for(bound.lowest, bound.highest);
  }
  return result;
}

Problems accumulator_problems(const IntNetwork& network, std::uint32_t available) {
  Problems problems;
  const auto bounds = accumulator_bounds(network);
  for (std::size_t p = 0; p < bounds.size(); ++p) {
    const AccumulatorBound& bound = bounds[p];
    if (bound.bits <= available) continue;
    const bool negative = bits_for(bound.lowest, 0) >= bits_for(0, bound.highest);
    problems.add("population '" + network.populations[p].name +
                 "': the sum of its synaptic input can overflow: neuron " +
                 std::to_string(negative ? bound.lowest_neuron : bound.highest_neuron) + " can reach " +
                 std::to_string(negative ? bound.lowest : bound.highest) + ", which needs " +
                 std::to_string(bound.bits) + " bits, the accumulator has " + std::to_string(available) +
                 "; fewer weight bits, a smaller fan-in, fewer bit planes of a graded input, smaller shifts "
                 "or a chip with a " +
                 "wider accumulator would help");
  }
  return problems;
}

}  // namespace spikeloom
