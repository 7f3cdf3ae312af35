// The top kernels against the golden interpreter: random populations of every kind, laid out as
// chips/tile1.toml's tables.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>

#include "compiler/golden/golden_interpreter.hpp"
#include "hls/crossbar/spikeloom_crossbar.hpp"
#include "hls/crossbar/spikeloom_lif.hpp"
#include "hls/integers.hpp"
#include "hls_crossbar_shape.hpp"
#include "tests/chips/chip_named.hpp"
#include "tests/hls/random_tile.hpp"

namespace spikeloom::hls_test {
namespace {

using test::chip_named;

using device_model::Memory;
using device_model::NodeMemory;
using S = hls::CrossbarShape;

/// One input of bit planes into one population; sums stay within 20 bits: 15 · 16 elements · 127 << 2.
IntNetwork random_network(NeuronKind kind, std::uint32_t bits, Rng& rng) {
  IntNetwork net;
  net.name = "random";
  net.state_bits = S::kStateBits;
  IntInput input;
  input.name = "in";
  input.shape = {1 + rng.below(16)};
  input.planes = 1 + static_cast<std::uint32_t>(rng.below(4));
  input.is_signed = input.planes > 1 && rng.chance(0.5);
  net.inputs.push_back(input);

  IntPopulation population;
  population.name = "p";
  population.kind = kind;
  const std::size_t size = 1 + rng.below(40);
  population.shape = {size};
  population.reset = rng.chance(0.5) ? Reset::kSubtract : Reset::kToValue;
  population.scale = static_cast<std::uint32_t>(rng.below(5));
  const std::size_t variants = 1 + rng.below(3);
  const NeuronKindRow& row = row_of(kind);
  std::vector<std::array<std::int32_t, 5>> kinds;
  for (std::size_t n = 0; n < variants; ++n)
    kinds.push_back({row.has_current ? static_cast<std::int32_t>(rng.below(4097)) : 0,
                     row.leaks           ? static_cast<std::int32_t>(rng.below(4097))
                     : row.is_memoryless ? 0
                                         : 4096,
                     static_cast<std::int32_t>(rng.below(40000)),
                     static_cast<std::int32_t>(rng.between(-5000, 5000)),
                     static_cast<std::int32_t>(rng.between(-300, 300))});
  for (std::size_t j = 0; j < size; ++j) {
    const auto& k = kinds[rng.below(variants)];
    population.alpha.push_back(k[0]);
    population.beta.push_back(k[1]);
    population.theta.push_back(k[2]);
    population.v_reset.push_back(k[3]);
    population.bias_v.push_back(k[4]);
    population.bias_i.push_back(static_cast<std::int32_t>(rng.between(-2000, 2000)));
  }
  net.populations.push_back(population);

  IntProjection projection;
  projection.name = "w";
  projection.from = InputId(0);
  projection.to = PopulationId(0);
  projection.bits = bits;
  projection.shift = static_cast<std::uint32_t>(rng.below(3));
  const std::int64_t top = std::int64_t{1} << (bits - 1);
  const double density = bits == 1 ? 1 : rng.chance(0.3) ? 1 : rng.unit();
  SparseMap map{static_cast<std::uint32_t>(size), {0}, {}};
  for (std::size_t e = 0; e < input.size(); ++e) {
    for (std::uint32_t j = 0; j < size; ++j) {
      const std::int64_t w = bits == 1             ? (rng.chance(0.5) ? 1 : -1)
                             : rng.chance(density) ? rng.between(-top, top - 1)
                                                   : 0;
      if (w == 0) continue;
      map.target.push_back(j);
      projection.weight.push_back(static_cast<std::int16_t>(w));
    }
    map.end_row();
  }
  projection.form = MapForm(std::move(map));
  net.projections.push_back(projection);
  return net;
}

/// A logical weight word's lane.
void set_weight(NodeMemory& tile, std::uint32_t bits, std::uint32_t format, std::uint32_t word,
                std::uint32_t lane, std::int32_t value) {
  const std::uint32_t at = (word & ((1U << format) - 1U)) * S::kLanes * bits + lane * bits;
  const std::uint32_t raw =
      bits == 1 ? (value < 0 ? 1U : 0U) : static_cast<std::uint32_t>(value) & ((1U << bits) - 1U);
  Memory& weights = tile.memories[hw::kMemWeights];
  weights.set(word >> format, at / 32, weights.part(word >> format, at / 32) | raw << (at % 32));
}

/// Rows per axon: an element's planes share its words and differ in shift and sign.
void lay_rows(const IntNetwork& net, NodeMemory& tile) {
  const IntInput& input = net.inputs[0];
  const IntProjection& projection = net.projections[0];
  const std::uint32_t words =
      static_cast<std::uint32_t>((net.populations[0].size() + S::kLanes - 1) / S::kLanes);
  const std::uint32_t format = projection.bits == 8   ? 0
                               : projection.bits == 4 ? 1
                               : projection.bits == 2 ? 2
                                                      : 3;
  for (std::uint32_t e = 0; e < input.size(); ++e) {
    projection.form.row(e).each([&](std::uint32_t target, std::size_t weight) {
      set_weight(tile, projection.bits, format, e * words + target / S::kLanes, target % S::kLanes,
                 projection.weight[weight]);
    });
    for (std::uint32_t b = 0; b < input.planes; ++b) {
      hw::MemAxonEntry row;
      row.first = e * words;
      row.words = words;
      row.format = format;
      row.shift = projection.shift + b;
      row.negate = input.is_signed && b + 1 == input.planes ? 1 : 0;
      put(tile.memories[hw::kMemAxons], e * input.planes + b, row);
    }
  }
  const std::uint32_t chunks = static_cast<std::uint32_t>((input.axons() + 15) / 16);
  for (std::uint32_t c = 0; c < chunks; ++c) {
    hw::MemChunkEntry chunk;
    chunk.per_axon = 1;
    chunk.first = 16 * c;
    put(tile.memories[hw::kMemChunks], c, chunk);
  }
  tile.contexts[0].limit.fill(chunks);
}

void lay_population(const IntPopulation& p, NodeMemory& tile) {
  std::map<std::array<std::int32_t, 5>, std::uint32_t> sets;
  std::uint32_t entries = 0;
  const std::uint32_t size = static_cast<std::uint32_t>(p.size());
  const auto push = [&](const hw::MemUpdateEntry& entry) {
    put(tile.memories[hw::kMemUpdates], entries++, entry);
  };
  for (std::uint32_t group = 0; group * S::kLifLanes < size; ++group) {
    std::map<std::uint32_t, std::uint32_t> masks;
    std::vector<std::uint32_t> set_of;
    for (std::uint32_t lane = 0; lane < S::kLifLanes && group * S::kLifLanes + lane < size; ++lane) {
      const std::size_t j = group * S::kLifLanes + lane;
      const auto [set, fresh] =
          sets.try_emplace({p.alpha[j], p.beta[j], p.theta[j], p.v_reset[j], p.bias_v[j]},
                           static_cast<std::uint32_t>(sets.size()));
      hw::MemSetEntry entry;
      entry.alpha = static_cast<std::uint32_t>(p.alpha[j]);
      entry.beta = static_cast<std::uint32_t>(p.beta[j]);
      entry.theta = static_cast<std::uint32_t>(p.theta[j]);
      entry.v_reset = static_cast<std::uint32_t>(p.v_reset[j]);
      entry.bias_v = static_cast<std::uint32_t>(p.bias_v[j]);
      entry.scale = p.scale;
      entry.subtract = p.reset == Reset::kSubtract ? 1 : 0;
      if (fresh) put(tile.memories[hw::kMemSets], set->second, entry);
      tile.memories[hw::kMemBiases].set(group, lane, static_cast<std::uint32_t>(p.bias_i[j]));
      masks[set->second] |= 1U << lane;
      set_of.push_back(set->second);
    }
    hw::MemUpdateEntry entry;
    entry.group = group;
    if (p.is_readout()) {
      for (std::uint32_t lane = 0; lane < set_of.size(); ++lane)
        for (std::uint32_t half = 0; half < 2; ++half) {
          entry.set = set_of[lane];
          entry.lane = lane;
          entry.half = half;
          entry.mask = half == 0 ? 0 : 1U << lane;
          push(entry);
        }
      continue;
    }
    std::size_t left = masks.size();
    for (const auto& [set, mask] : masks) {
      entry.set = set;
      entry.mask = mask;
      entry.emit =
          --left == 0 && ((group + 1) * S::kLifLanes % 16 == 0 || (group + 1) * S::kLifLanes >= size) ? 1 : 0;
      push(entry);
    }
  }
  device_model::CoreContext context;
  context.update.count = entries;
  device_model::set_context(tile.contexts[0], context);
  tile.contexts[0].mode.valid = 1;
  tile.contexts[0].mode.readout = p.is_readout() ? 1 : 0;
}

/// A sample of inputs, and the pages that they are.
struct Sample {
  std::vector<InputStep> steps;
  std::vector<std::uint16_t> pages;
  std::vector<std::uint32_t> control;
};

Sample random_sample(const IntInput& input, Rng& rng) {
  Sample sample;
  const std::uint32_t steps = 1 + static_cast<std::uint32_t>(rng.below(kMostSteps));
  sample.pages.assign(std::size_t{steps} * S::kPageChunks, 0);
  const std::int64_t span = std::int64_t{1} << input.planes;
  for (std::uint32_t t = 0; t < steps; ++t) {
    InputStep step;
    for (std::uint32_t e = 0; e < input.size(); ++e) {
      const std::int64_t value = rng.chance(0.4)   ? 0
                                 : input.is_signed ? rng.between(-span / 2, span / 2 - 1)
                                                   : rng.between(0, span - 1);
      if (value == 0) continue;
      step.push_back({e, static_cast<std::int32_t>(value)});
      for (std::uint32_t b = 0; b < input.planes; ++b)
        if ((value >> b & 1) != 0) {
          const std::uint32_t axon = e * input.planes + b;
          std::uint16_t& mask = sample.pages[t * S::kPageChunks + axon / 16];
          mask = static_cast<std::uint16_t>(mask | 1U << (axon % 16));
        }
    }
    sample.steps.push_back(step);
    sample.control.push_back(hls_test::control(t, t + 1 == steps));
  }
  return sample;
}

/// What the kernels pushed in a step, as spikes (ascending) or potentials.
std::vector<std::uint32_t> spikes_of(const std::uint32_t* out, std::uint32_t count) {
  std::vector<std::uint32_t> spikes;
  for (std::uint32_t n = 0; n < count; ++n)
    for (std::uint32_t bit = 0; bit < 16; ++bit)
      if ((out[n] >> bit & 1U) != 0) spikes.push_back((out[n] >> 16) * 16 + bit);
  return spikes;
}

std::vector<std::int32_t> potentials_of(const std::uint32_t* out, std::uint32_t count, std::size_t size) {
  std::vector<std::uint32_t> bits(size, 0);
  for (std::uint32_t n = 0; n < count; ++n)
    bits.at((out[n] >> 16) / 2) |= (out[n] & 0xffffU) << ((out[n] >> 16) % 2 * 16);
  return {bits.begin(), bits.end()};
}

void runs_as_golden(NeuronKind kind, std::uint32_t bits, std::uint64_t seed) {
  Rng rng(seed);
  const IntNetwork net = random_network(kind, bits, rng);
  const IntPopulation& population = net.populations[0];
  NodeMemory tile = NodeMemory::tile(chip_named("tile1"));
  lay_rows(net, tile);
  lay_population(population, tile);
  const std::vector<std::uint32_t> context = context_words(tile.contexts[0]);
  const auto words = [&](std::uint32_t memory) { return tile.memories[memory].data().data(); };
  std::vector<std::uint32_t> v = tile.memories[hw::kMemPotentials].data(),
                             i = tile.memories[hw::kMemCurrents].data();
  GoldenInterpreter golden(net);
  for (int n = 0; n < 2; ++n) {
    const Sample sample = random_sample(net.inputs[0], rng);
    const std::uint32_t steps = static_cast<std::uint32_t>(sample.steps.size());
    std::vector<std::int32_t> sums(std::size_t{steps} * S::kGroups * S::kLanes);
    std::vector<std::uint32_t> out(std::size_t{steps} * S::kUpdateEntries), counts(steps);
    spikeloom_crossbar(context.data(), words(hw::kMemChunks), words(hw::kMemAxons), words(hw::kMemWeights),
                       sample.control.data(), sample.pages.data(), sums.data(), steps);
    spikeloom_lif(context.data(), words(hw::kMemUpdates), words(hw::kMemSets), words(hw::kMemBiases),
                  sample.control.data(), sums.data(), v.data(), i.data(), out.data(), counts.data(), steps);
    golden.reset();
    for (std::uint32_t t = 0; t < steps; ++t) {
      golden.step({&sample.steps[t], 1});
      const std::uint32_t* const pushed = out.data() + std::size_t{t} * S::kUpdateEntries;
      const std::string where = "kind " + std::to_string(static_cast<int>(kind)) + ", " +
                                std::to_string(bits) + " bits, seed " + std::to_string(seed) + ", step " +
                                std::to_string(t);
      if (population.is_readout()) {
        const auto expected = golden.v(PopulationId(0));
        ASSERT_EQ(potentials_of(pushed, counts[t], population.size()),
                  std::vector<std::int32_t>(expected.begin(), expected.end()))
            << where;
      } else {
        const auto expected = golden.spikes(PopulationId(0));
        ASSERT_EQ(spikes_of(pushed, counts[t]), std::vector<std::uint32_t>(expected.begin(), expected.end()))
            << where;
      }
    }
    for (std::size_t j = 0; j < population.size(); ++j) {
      ASSERT_EQ(static_cast<std::int32_t>(v[j]), golden.v(PopulationId(0))[j])
          << "seed " << seed << ", neuron " << j;
      ASSERT_EQ(static_cast<std::int32_t>(i[j]), golden.i(PopulationId(0))[j])
          << "seed " << seed << ", neuron " << j;
    }
  }
}

class HlsGolden : public ::testing::TestWithParam<NeuronKind> {};

TEST_P(HlsGolden, CrossbarAndLifAreTheGoldenModel) {
  for (const std::uint32_t bits : {8U, 4U, 2U, 1U})
    for (std::uint64_t seed = 1; seed <= 12 && !HasFailure(); ++seed) runs_as_golden(GetParam(), bits, seed);
}

std::vector<NeuronKind> every_kind() {
  std::vector<NeuronKind> kinds;
  for (const NeuronKindRow& row : kNeuronKinds) kinds.push_back(row.kind);
  return kinds;
}

INSTANTIATE_TEST_SUITE_P(Kinds, HlsGolden, ::testing::ValuesIn(every_kind()),
                         [](const auto& kind) { return std::string(to_string(kind.param)); });

}  // namespace
}  // namespace spikeloom::hls_test
