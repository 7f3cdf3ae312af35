// Random legal integer networks and chips, for the tests of partition, map and image.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "compiler/base/rng.hpp"
#include "compiler/chip/chip.hpp"
#include "compiler/golden/int_network.hpp"

namespace spikeloom::test {

inline std::int16_t random_weight(Rng& rng, std::uint32_t bits) {
  if (bits == 1) return rng.chance(0.5) ? std::int16_t{1} : std::int16_t{-1};
  const std::int64_t top = std::int64_t{1} << (bits - 1);
  std::int64_t w = 0;
  while (w == 0) w = rng.between(-top, top - 1);
  return static_cast<std::int16_t>(w);
}

/// Density 1 is dense; `bits` 1 makes rows full or empty.
inline IntProjection random_projection(Rng& rng, Source from, std::size_t from_size, PopulationId to,
                                       std::size_t to_size, std::uint32_t bits, double density) {
  IntProjection p;
  p.name = "w";
  p.from = from;
  p.to = to;
  p.bits = bits;
  p.shift = static_cast<std::uint32_t>(rng.below(3));
  SparseMap map{static_cast<std::uint32_t>(to_size), {0}, {}};
  for (std::size_t s = 0; s < from_size; ++s) {
    const bool full = bits == 1 && rng.chance(density);
    for (std::uint32_t t = 0; t < to_size; ++t)
      if (bits == 1 ? full : rng.chance(density)) {
        map.target.push_back(t);
        p.weight.push_back(random_weight(rng, bits));
      }
    map.end_row();
  }
  p.form = MapForm(std::move(map));
  return p;
}

inline IntPopulation random_population(Rng& rng, const std::string& name, std::size_t n, NeuronKind kind) {
  IntPopulation p;
  p.name = name;
  p.kind = kind;
  p.shape = {n};
  p.reset = rng.chance(0.5) ? Reset::kToValue : Reset::kSubtract;
  p.scale = static_cast<std::uint32_t>(rng.below(4));
  const std::uint64_t sets = rng.chance(0.5) ? 1 : 1 + rng.below(4);
  for (std::size_t j = 0; j < n; ++j) {
    const auto s = static_cast<std::int32_t>(rng.below(sets));
    p.alpha.push_back(kind == NeuronKind::kCubaLif ? 2000 + s : 0);
    p.beta.push_back(3800 + s);
    p.theta.push_back(60 + s);
    p.v_reset.push_back(p.reset == Reset::kSubtract ? 55 + s : -s);
    p.bias_i.push_back(static_cast<std::int32_t>(rng.between(-20, 20)));
    p.bias_v.push_back(s);
  }
  return p;
}

struct NetworkSize {
  std::size_t populations = 3, neurons = 40;
};

/// Inputs (binary or bit planes), feed-forward, skip and recurrent projections, several of them parallel,
/// a readout or spikes at the end.
inline IntNetwork random_network(Rng& rng, NetworkSize size = {}) {
  IntNetwork net;
  net.name = "random";
  const std::size_t inputs = 1 + rng.below(2);
  for (std::size_t i = 0; i < inputs; ++i) {
    IntInput input;
    input.name = "in" + std::to_string(i);
    input.shape = {1 + rng.below(size.neurons)};
    if (rng.chance(0.3)) {
      input.planes = static_cast<std::uint32_t>(rng.between(2, 4));
      input.is_signed = rng.chance(0.5);
    }
    net.inputs.push_back(input);
  }
  const std::size_t populations = 1 + rng.below(size.populations);
  constexpr std::uint32_t kBits[] = {8, 4, 2, 1};
  const auto project = [&](Source from, std::size_t n, std::size_t to, std::uint32_t delay) {
    const std::size_t times = rng.chance(0.15) ? 2 : 1;
    for (std::size_t k = 0; k < times; ++k) {
      const double density = rng.chance(0.5) ? 1.0 : 0.02 + 0.4 * rng.unit();
      net.projections.push_back(random_projection(rng, from, n, PopulationId(to), net.populations[to].size(),
                                                  kBits[rng.below(4)], density));
      net.projections.back().delay = delay;
    }
  };
  for (std::size_t p = 0; p < populations; ++p) {
    const bool readout = p + 1 == populations && rng.chance(0.4);
    const NeuronKind kind = readout           ? NeuronKind::kLi
                            : rng.chance(0.3) ? NeuronKind::kCubaLif
                                              : NeuronKind::kLif;
    const std::size_t n = 1 + rng.below(readout ? std::min<std::size_t>(size.neurons, 20) : size.neurons);
    net.populations.push_back(random_population(rng, "p" + std::to_string(p), n, kind));
    if (p == 0 || rng.chance(0.2)) {
      const std::size_t i = rng.below(inputs);
      project(InputId(i), net.inputs[i].size(), p, rng.chance(0.15) ? 1U : 0U);
    }
    if (p > 0) {
      const std::size_t from = rng.below(p);
      project(PopulationId(from), net.populations[from].size(), p,
              rng.chance(0.2) ? static_cast<std::uint32_t>(rng.below(4)) : 0U);
    }
  }
  for (std::size_t p = 0; p < populations; ++p)
    if (!net.populations[p].is_readout() && rng.chance(0.3)) {
      const std::size_t to = rng.below(populations);
      project(PopulationId(p), net.populations[p].size(), to, 1 + static_cast<std::uint32_t>(rng.below(3)));
    }
  const std::size_t last = populations - 1;
  net.outputs.push_back({"out", net.populations[last].shape, PopulationId(last)});
  return net;
}

/// Groups of some populations pass through one set of membranes, on tiles that have words for their biases.
inline void share_membranes(Rng& rng, IntNetwork& net, Chip& chip) {
  chip.tile.bias_words = 512;
  for (IntPopulation& population : net.populations) {
    if (population.is_readout() || rng.chance(0.3)) continue;
    std::vector<std::uint32_t> divisors;
    for (std::uint32_t n = 2; n <= std::min<std::size_t>(4, population.shape.front()); ++n)
      if (population.shape.front() % n == 0) divisors.push_back(n);
    if (!divisors.empty()) population.share = divisors[rng.below(divisors.size())];
  }
}

/// Chips big enough for small random networks on one tile up, with every width varied.
inline Chip random_chip(Rng& rng) {
  Chip chip;
  chip.name = "random";
  chip.width = 1 + static_cast<std::uint32_t>(rng.below(3));
  chip.height = 1 + static_cast<std::uint32_t>(rng.below(3));
  chip.spike_wheel = 16U << rng.below(3);
  chip.credit_wheel = 16U << rng.below(3);
  constexpr std::uint32_t kLanes[] = {4, 8, 16, 32};
  chip.tile.lanes = kLanes[rng.below(4)];
  chip.tile.lif_lanes = 1U << rng.below(5);
  while (chip.tile.lanes % chip.tile.lif_lanes != 0) chip.tile.lif_lanes /= 2;
  if (rng.chance(0.3)) chip.tile.weight_bits = {8, 4};
  chip.tile.state_words = 256;
  chip.tile.contexts = 16;
  chip.tile.param_sets = 128;
  chip.tile.deliveries = 63;
  chip.tile.page_chunks = 128;
  chip.tile.credit_counters = 48;
  chip.tile.channels = 24;
  chip.tile.axon_entries = 2048;
  chip.tile.page_rows = 64;
  if (chip.tile.lanes == 16) chip.tile.page_blocks = 96;
  chip.host.channels = 24;
  return chip;
}

/// Gives the chip a second kind of tile, strewn over it; both kinds stand somewhere.
inline void mix_kinds(Rng& rng, Chip& chip) {
  chip.width = std::max(2U, chip.width);
  TileKind other = random_chip(rng).tile;
  other.name = "other";
  other.state_bits = chip.tile.state_bits;
  chip.more_kinds.assign(1, other);
  chip.kind_of = {0, 1};
  while (chip.kind_of.size() < chip.tiles()) chip.kind_of.push_back(static_cast<std::uint32_t>(rng.below(2)));
}

/// A kind of the chip for some of the populations.
inline std::vector<std::optional<std::uint32_t>> some_kinds(Rng& rng, const Chip& chip,
                                                            const IntNetwork& net) {
  std::vector<std::optional<std::uint32_t>> kinds(net.populations.size());
  for (auto& kind : kinds)
    if (rng.chance(0.5)) kind = static_cast<std::uint32_t>(rng.below(chip.kinds()));
  return kinds;
}

}  // namespace spikeloom::test
