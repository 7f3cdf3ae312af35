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

/// One input of 20 elements into one population of 20 neurons; each weight counts 4.
IntNetwork one_layer() {
  Rng rng(1);
  IntNetwork net;
  net.name = "one layer";
  net.inputs.push_back({});
  net.inputs[0].name = "in";
  net.inputs[0].shape = {20};
  IntPopulation population;
  population.name = "p";
  population.kind = NeuronKind::kIf;
  population.shape = {20};
  population.scale = 1;
  population.alpha.assign(20, 0);
  population.beta.assign(20, kDecayOne);
  population.theta.assign(20, 40);
  population.v_reset.assign(20, 0);
  population.bias_i.assign(20, 0);
  population.bias_v.assign(20, 0);
  net.populations.push_back(population);
  net.projections.push_back(votes(rng, InputId(0), 20, PopulationId(0), 20, 2));
  net.outputs.push_back({"out", {20}, PopulationId(0)});
  return net;
}

Chip one_chip() {
  Chip chip;
  chip.tile.core = "tally";
  return chip;
}

std::vector<RefusedNetwork> refused_by_tally() {
  std::vector<RefusedNetwork> all;
  /// A network that such a tile takes, but for the one change.
  const auto refuse = [&](const char* reason, auto change) {
    RefusedNetwork refused{reason, one_layer(), one_chip().tile};
    change(refused.network, refused.tile);
    all.push_back(std::move(refused));
  };
  refuse("it is a readout", [](auto& net, auto&) { net.populations[0].kind = NeuronKind::kLi; });
  refuse("beta of neuron 7 is 4000; the core tally has 4096 for every neuron", [](auto& net, auto&) {
    net.populations[0].kind = NeuronKind::kLif;
    net.populations[0].beta[7] = 4000;
  });
  refuse("bias_i of neuron 2 is 1; the core tally has 0 for every neuron", [](auto& net, auto&) {
    net.populations[0].kind = NeuronKind::kLif;
    net.populations[0].bias_i[2] = 1;
  });
  refuse("theta of neuron 3 is 40000, which needs more than tile.state_bits = 16", [](auto& net, auto& tile) {
    net.populations[0].theta[3] = 40000;
    tile.state_bits = 16;
  });
  refuse("it reads potentials of behind; the core tally takes spikes only", [](auto& net, auto&) {
    IntPopulation behind = net.populations[0];
    behind.name = "behind";
    behind.kind = NeuronKind::kLi;
    const auto size = static_cast<std::uint32_t>(behind.size());
    net.populations.push_back(behind);
    net.projections.push_back(
        {"back", PopulationId(1), PopulationId(0), 1, 8, 0, MapForm(DiagonalMap{size, size}), {1}});
  });
  refuse("its input in has 2 bit planes", [](auto& net, auto&) { net.inputs[0].planes = 2; });
  refuse("the core tally needs one size for all, here +4 or -4", [](auto& net, auto&) {
    net.projections[0].weight.back() = static_cast<std::int16_t>(2 * net.projections[0].weight.back());
  });
  refuse("the core tally needs one size for all, here +a power of two",
         [](auto& net, auto&) { net.projections[0].weight.front() = 3; });
  refuse("a vote counts 1 << 3, the chip has tile.tally_shift = 2",
         [](auto&, auto& tile) { tile.tally_shift = 2; });
  return all;
}

std::vector<ForeignTile> foreign_to_tally() {
  std::vector<ForeignTile> all;
  const auto differ = [&](const char* reason, auto change) {
    ForeignTile foreign{reason, one_layer(), one_chip(), one_chip().tile};
    foreign.network.populations[0].theta[3] = 40000;
    change(foreign.tile);
    all.push_back(std::move(foreign));
  };
  differ("tile.tally_lanes", [](auto& tile) { tile.tally_lanes *= 2; });
  differ("tile.tally_shift", [](auto& tile) { tile.tally_shift = 2; });
  differ("tile.state_bits", [](auto& tile) { tile.state_bits = 16; });
  return all;
}

/// A vote word of every group for every chunk with a spike.
std::int64_t counted_votes(const Cluster& cluster, std::span<const device_model::Page> pages) {
  const std::uint32_t lanes = cluster.tables.windows.front().parts;
  std::int64_t chunks = 0;
  for (const device_model::Page& page : pages)
    chunks += std::ssize(page) - std::count(page.begin(), page.end(), 0);
  return chunks * static_cast<std::int64_t>((cluster.size() + lanes - 1) / lanes);
}

}  // namespace

CoreInputs tally_inputs() {
  return {.core = find_core("tally"),
          .network = voting_network,
          .chip = voting_chip,
          .weights = "tile.tally_votes",
          .refused = refused_by_tally,
          .foreign = foreign_to_tally,
          .counted = counted_votes};
}

}  // namespace spikeloom::test
