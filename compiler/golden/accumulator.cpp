#include "compiler/golden/accumulator.hpp"

#include <algorithm>
#include <tuple>
#include <utility>
#include <vector>

#include "compiler/golden/check.hpp"
#include "compiler/linear/sums.hpp"

namespace spikeloom {

namespace {

/// Far beyond every accumulator, and far from overflowing here.
constexpr std::int64_t kFar = std::int64_t{1} << 60;

/// The most that decays by k of 4096 and `most` a step can add up to from 0; `most` itself where it is not
/// above 0, since what is kept is not either.
std::int64_t added_up(std::int64_t most, std::int32_t k, std::int64_t limit) {
  if (most <= 0) return most;
  if (k >= kDecayOne || most >= limit) return limit;
  return most * kDecayOne / (kDecayOne - k);
}

/// Extremes of sums and of readouts' potentials, each found once.
class Ranges {
 public:
  explicit Ranges(const IntNetwork& network)
      : network_(network),
        sums_(network.populations.size()),
        values_(network.populations.size()),
        is_open_(network.populations.size(), 0) {}

  const NeuronRange& sum(std::size_t p) {
    if (!sums_[p]) sums_[p] = find_sum(p);
    return *sums_[p];
  }

  const NeuronRange& value(std::size_t p) {
    if (!values_[p]) values_[p] = find_value(p);
    return *values_[p];
  }

 private:
  NeuronRange find_sum(std::size_t p) {
    NeuronRange range;
    range.lowest.assign(network_.populations[p].size(), 0);
    range.highest = range.lowest;
    for (const IntProjection& projection : network_.projections) {
      if (projection.to.index() != p) continue;
      const auto* from = std::get_if<PopulationId>(&projection.from);
      if (from != nullptr && network_.populations[from->index()].is_readout())
        add_potentials(projection, from->index(), range);
      else
        add_spikes(projection, range);
    }
    return range;
  }

  void add_spikes(const IntProjection& projection, NeuronRange& range) const {
    // Largest factors by which one element's weight can count in a step.
    std::int64_t most = 1, least = 0;
    if (const auto* input = std::get_if<InputId>(&projection.from))
      std::tie(least, most) = value_range(network_.inputs[input->index()]);
    std::vector<std::int64_t> up, down;
    for (const std::int16_t mantissa : projection.weight) {
      const std::int64_t w = std::int64_t{mantissa} * (std::int64_t{1} << projection.shift);
      up.push_back(std::max(w * most, w * least));
      down.push_back(std::min(w * most, w * least));
    }
    const auto highest = sum_by_target(projection.form, up), lowest = sum_by_target(projection.form, down);
    for (std::size_t j = 0; j < highest.size(); ++j) {
      range.highest[j] += highest[j];
      range.lowest[j] += lowest[j];
    }
  }

  /// Every source neuron has a range of its own.
  void add_potentials(const IntProjection& projection, std::size_t from, NeuronRange& range) {
    const NeuronRange sent = is_open_[from] != 0 ? whole(from) : value(from);
    for (std::size_t s = 0; s < projection.form.sources(); ++s)
      projection.form.row(s).each([&](std::uint32_t target, std::size_t weight) {
        const std::int64_t w =
            std::int64_t{projection.weight[weight]} * (std::int64_t{1} << projection.shift);
        const auto add = [](std::int64_t& sum, std::int64_t more) {
          sum = std::clamp(sum + more, -kFar, kFar);
        };
        add(range.highest[target], std::max(w * sent.highest[s], w * sent.lowest[s]));
        add(range.lowest[target], std::min(w * sent.highest[s], w * sent.lowest[s]));
      });
  }

  /// Of a readout that hears itself, over whatever way: nothing but the state's own range is known.
  [[nodiscard]] NeuronRange whole(std::size_t p) const {
    const auto [low, high] = state_range(network_.state_bits);
    const std::size_t size = network_.populations[p].size();
    return {std::vector<std::int64_t>(size, low), std::vector<std::int64_t>(size, high)};
  }

  NeuronRange find_value(std::size_t p) {
    const IntPopulation& population = network_.populations[p];
    is_open_[p] = 1;
    NeuronRange range = sum(p);
    is_open_[p] = 0;
    const bool comes_once = this->comes_once(p);
    for (std::size_t j = 0; j < population.size(); ++j)
      std::tie(range.lowest[j], range.highest[j]) = potential_range(
          neuron(population, j, comes_once), network_.state_bits, range.lowest[j], range.highest[j]);
    return range;
  }

  [[nodiscard]] static LeakyNeuron neuron(const IntPopulation& population, std::size_t j, bool comes_once) {
    return {population.alpha[j],  population.beta[j], population.bias_i[j],
            population.bias_v[j], population.scale,   comes_once};
  }

  /// Whether all that the population hears comes once a sample: from static inputs, and from readouts that
  /// hand such sums on without keeping them.
  [[nodiscard]] bool comes_once(std::size_t p) const {
    return std::all_of(network_.projections.begin(), network_.projections.end(),
                       [&](const IntProjection& projection) {
                         if (projection.to.index() != p) return true;
                         if (const auto* input = std::get_if<InputId>(&projection.from))
                           return network_.inputs[input->index()].is_static;
                         return passes_once(std::get<PopulationId>(projection.from).index(), p);
                       });
  }
  [[nodiscard]] bool passes_once(std::size_t from, std::size_t to) const {
    const IntPopulation& population = network_.populations[from];
    if (!population.is_readout() || from >= to || !comes_once(from)) return false;  // nothing goes in circles
    for (std::size_t j = 0; j < population.size(); ++j)
      if (!neuron(population, j, true).passes_once()) return false;
    return true;
  }

  const IntNetwork& network_;
  std::vector<std::optional<NeuronRange>> sums_, values_;
  std::vector<std::uint8_t> is_open_;
};

AccumulatorBound bound_of(const NeuronRange& range) {
  AccumulatorBound bound;
  for (std::uint32_t j = 0; j < range.lowest.size(); ++j) {
    if (range.lowest[j] < bound.lowest) bound.lowest = range.lowest[j], bound.lowest_neuron = j;
    if (range.highest[j] > bound.highest) bound.highest = range.highest[j], bound.highest_neuron = j;
  }
  bound.bits = bits_for(bound.lowest, bound.highest);
  return bound;
}

}  // namespace

std::uint32_t bits_for(std::int64_t lowest, std::int64_t highest) {
  std::uint32_t bits = 1;
  while (bits < 63 &&
         (lowest < -(std::int64_t{1} << (bits - 1)) || highest >= (std::int64_t{1} << (bits - 1))))
    ++bits;
  return bits;
}

std::pair<std::int64_t, std::int64_t> potential_range(const LeakyNeuron& neuron, std::uint32_t state_bits,
                                                      std::int64_t lowest, std::int64_t highest) {
  const auto [low, high] = state_range(state_bits);
  if (neuron.comes_once && neuron.adds_nothing()) {
    const auto scaled = [&](std::int64_t a) {
      return std::clamp(a, -kFar >> kMaxScale, kFar >> kMaxScale) * (std::int64_t{1} << neuron.scale);
    };
    return {std::max(low, scaled(lowest)), std::min(high, scaled(highest))};
  }
  // What the decays leave of the largest drive, towards one side; the other side is the same upside down.
  const auto kept = [&](std::int64_t a, std::int64_t sign, std::int64_t limit) {
    const std::int64_t scaled = std::clamp(a, -kFar >> kMaxScale, kFar >> kMaxScale);
    const std::int64_t drive = sign * (scaled * (std::int64_t{1} << neuron.scale) + neuron.bias_i);
    const std::int64_t i = std::min(limit, added_up(drive, neuron.alpha, limit));
    return sign * std::min(limit, added_up(i + sign * neuron.bias_v, neuron.beta, limit));
  };
  return {kept(lowest, -1, -low), kept(highest, 1, high)};
}

AccumulatorBound accumulator_bound(const IntNetwork& network, PopulationId id) {
  return bound_of(Ranges(network).sum(id.index()));
}

std::vector<AccumulatorBound> accumulator_bounds(const IntNetwork& network) {
  Ranges ranges(network);
  std::vector<AccumulatorBound> result;
  for (std::size_t p = 0; p < network.populations.size(); ++p) result.push_back(bound_of(ranges.sum(p)));
  return result;
}

NeuronRange potential_range(const IntNetwork& network, PopulationId id) {
  return Ranges(network).value(id.index());
}

std::uint32_t potential_planes(const IntNetwork& network, PopulationId id) {
  const NeuronRange range = potential_range(network, id);
  std::int64_t low = 0, high = 0;
  for (const std::int64_t x : range.lowest) low = std::min(low, x);
  for (const std::int64_t x : range.highest) high = std::max(high, x);
  return bits_for(low, high);
}

std::optional<std::string> accumulator_problem(const IntNetwork& network, PopulationId id,
                                               std::uint32_t available) {
  const AccumulatorBound bound = accumulator_bound(network, id);
  if (bound.bits <= available) return std::nullopt;
  const bool negative = bits_for(bound.lowest, 0) >= bits_for(0, bound.highest);
  std::string readouts;
  for (const IntProjection& projection : network.projections) {
    const auto* from = std::get_if<PopulationId>(&projection.from);
    if (projection.to != id || from == nullptr || !network.populations[from->index()].is_readout() ||
        hands_on(projection.form, projection.weight, projection.shift))
      continue;
    readouts += "; the potentials of readout '" + network.populations[from->index()].name + "' need " +
                std::to_string(potential_planes(network, *from)) + " bits";
  }
  return "the sum of its synaptic input can overflow: neuron " +
         std::to_string(negative ? bound.lowest_neuron : bound.highest_neuron) + " can reach " +
         std::to_string(negative ? bound.lowest : bound.highest) + ", which needs " +
         std::to_string(bound.bits) + " bits, the accumulator has " + std::to_string(available) + readouts +
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
