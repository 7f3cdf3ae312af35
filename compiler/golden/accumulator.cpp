#include "compiler/golden/accumulator.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "compiler/golden/check.hpp"
#include "compiler/linear/sums.hpp"

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

AccumulatorBound accumulator_bound(const IntNetwork& network, PopulationId id) {
  std::vector<std::int64_t> low(network.populations[id.index()].size(), 0), high = low;
  for (const IntProjection& projection : network.projections) {
    if (projection.to != id) continue;
    const auto [most, least] = factors(network, projection.from);
    std::vector<std::int64_t> up, down;
    for (const std::int16_t mantissa : projection.weight) {
      const std::int64_t w = std::int64_t{mantissa} * (std::int64_t{1} << projection.shift);
      up.push_back(std::max(w * most, w * least));
      down.push_back(std::min(w * most, w * least));
    }
    const auto highest = sum_by_target(projection.form, up), lowest = sum_by_target(projection.form, down);
    for (std::size_t j = 0; j < high.size(); ++j) {
      high[j] += highest[j];
      low[j] += lowest[j];
    }
  }
  AccumulatorBound bound;
  for (std::uint32_t j = 0; j < low.size(); ++j) {
    if (low[j] < bound.lowest) bound.lowest = low[j], bound.lowest_neuron = j;
    if (high[j] > bound.highest) bound.highest = high[j], bound.highest_neuron = j;
  }
  bound.bits = bits_for(bound.lowest, bound.highest);
  return bound;
}

std::vector<AccumulatorBound> accumulator_bounds(const IntNetwork& network) {
  std::vector<AccumulatorBound> result;
  for (std::size_t p = 0; p < network.populations.size(); ++p)
    result.push_back(accumulator_bound(network, PopulationId(p)));
  return result;
}

std::optional<std::string> accumulator_problem(const IntNetwork& network, PopulationId id,
                                               std::uint32_t available) {
  const AccumulatorBound bound = accumulator_bound(network, id);
  if (bound.bits <= available) return std::nullopt;
  const bool negative = bits_for(bound.lowest, 0) >= bits_for(0, bound.highest);
  return "the sum of its synaptic input can overflow: neuron " +
         std::to_string(negative ? bound.lowest_neuron : bound.highest_neuron) + " can reach " +
         std::to_string(negative ? bound.lowest : bound.highest) + ", which needs " +
         std::to_string(bound.bits) + " bits, the accumulator has " + std::to_string(available) +
         "; fewer weight bits, a smaller fan-in, fewer bit planes of a graded input, smaller shifts "
         "or a chip with a wider accumulator would help";
}

Problems accumulator_problems(const IntNetwork& network, std::uint32_t available) {
  Problems problems;
  for (std::size_t p = 0; p < network.populations.size(); ++p)
    if (const auto problem = accumulator_problem(network, PopulationId(p), available))
      problems.add("population '" + network.populations[p].name + "': " + *problem);
  return problems;
}

}  // namespace spikeloom
