// Networks and chips for the contract suite: neurons without decay, weights of one size, no readout.
#include "compiler/golden/neuron_step.hpp"
#include "tests/core/core_inputs.hpp"

namespace spikeloom::test {
namespace {

/// Weights +-(1 << size), written with as many bits as say it.
IntProjection votes(Rng& rng, Source from, std::size_t from_size, PopulationId to, std::size_t to_size,
                    std::uint32_t size) {
  IntProjection p;
  p.name = "w";
  p.from = from;
  p.to = to;
  constexpr std::uint32_t kBits[] = {8, 4, 2, 1};
  p.bits = kBits[rng.below(4)];
  const auto in_mantissa = static_cast<std::uint32_t>(p.bits < 4 ? 0 : rng.below(std::min(size, 2U) + 1));
  p.shift = size - in_mantissa;
  const double density = rng.chance(0.5) ? 1.0 : 0.05 + 0.4 * rng.unit();
  SparseMap map{static_cast<std::uint32_t>(to_size), {0}, {}};
  for (std::size_t s = 0; s < from_size; ++s) {
    const bool full = rng.chance(density);  // of one bit a weight, which has no 0
    for (std::uint32_t t = 0; t < to_size; ++t)
      if (p.bits == 1 ? full : rng.chance(density)) {
        map.target.push_back(t);
        p.weight.push_back(static_cast<std::int16_t>((rng.chance(0.6) ? 1 : -1) * (1 << in_mantissa)));
      }
    map.end_row();
  }
  p.form = MapForm(std::move(map));
  return p;
}

IntNetwork voting_network(Rng& rng, NetworkSize size) {
  IntNetwork net;
  net.name = "random";
  net.inputs.push_back({});
  net.inputs[0].name = "in";
  net.inputs[0].shape = {1 + rng.below(size.neurons)};
  net.inputs[0].is_signed = rng.chance(0.2);
  const std::size_t populations = 1 + rng.below(size.populations);
  for (std::size_t p = 0; p < populations; ++p) {
    IntPopulation population;
    population.name = "p" + std::to_string(p);
    population.kind = NeuronKind::kIf;
    const std::size_t n = 1 + rng.below(size.neurons);
    population.shape = {n};
    population.reset = rng.chance(0.5) ? Reset::kToValue : Reset::kSubtract;
    population.scale = static_cast<std::uint32_t>(rng.below(4));
    const auto vote = static_cast<std::uint32_t>(rng.below(4));
    const auto other = static_cast<std::int32_t>(rng.between(-3, 3));  // one for all: few parameter sets
    for (std::size_t j = 0; j < n; ++j) {
      population.alpha.push_back(0);
      population.beta.push_back(kDecayOne);
      population.theta.push_back(static_cast<std::int32_t>(rng.below(4) << (vote + population.scale)));
      population.v_reset.push_back(
          population.reset == Reset::kSubtract && rng.chance(0.7) ? population.theta.back() : other);
      population.bias_i.push_back(0);
      population.bias_v.push_back(0);
    }
    net.populations.push_back(population);
    const auto project = [&](Source from, std::size_t from_size, std::uint32_t delay) {
      net.projections.push_back(votes(rng, from, from_size, PopulationId(p), n, vote));
      net.projections.back().delay = delay;
    };
    if (p == 0 || rng.chance(0.3)) project(InputId(0), net.inputs[0].size(), rng.chance(0.15) ? 1U : 0U);
    if (p > 0)
      project(PopulationId(p - 1), net.populations[p - 1].size(), static_cast<std::uint32_t>(rng.below(3)));
    if (rng.chance(0.3)) project(PopulationId(p), n, 1 + static_cast<std::uint32_t>(rng.below(3)));
  }
  net.outputs.push_back({"out", net.populations.back().shape, PopulationId(populations - 1)});
  return net;
}

Chip voting_chip(Rng& rng) {
  Chip chip = random_chip(rng);
  chip.tile.core = "tally";
  chip.tile.tally_lanes = 1U << rng.below(5);
  chip.tile.tally_groups = 256;
  chip.tile.tally_votes = 2048;
  return chip;
}

}  // namespace

CoreInputs tally_inputs() { return {find_core("tally"), voting_network, voting_chip, false}; }

}  // namespace spikeloom::test
