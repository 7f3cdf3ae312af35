// Max pooling of spikes, as random cases draw it: a spike where any spike of the window is.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "compiler/base/error.hpp"
#include "compiler/flow/compile.hpp"
#include "compiler/partition/feature_map.hpp"
#include "compiler/partition/or_pool.hpp"
#include "compiler/verify/verify.hpp"
#include "host/device/verilator_device.hpp"
#include "tests/chips/chip_named.hpp"
#include "tests/flow/expect_golden.hpp"
#include "tests/flow/random_case.hpp"

namespace spikeloom::testing {
namespace {

using test::chip_named;

TEST(Pools, SpikeWhereAnySpikeOfTheirWindowIs) {
  Chip chip;
  std::size_t pools = 0, silent = 0, one = 0, several = 0;
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    const Case made = random_case(seed, chip, {});
    const auto& populations = made.network.populations;
    const auto pool = std::find_if(populations.begin(), populations.end(),
                                   [](const IntPopulation& p) { return p.name == "pool"; });
    if (pool == populations.end()) continue;
    ++pools;
    const auto at = static_cast<std::size_t>(pool - populations.begin());
    const auto projection = std::find_if(made.network.projections.begin(), made.network.projections.end(),
                                         [&](const IntProjection& p) { return p.to == PopulationId(at); });
    const std::size_t from = std::get<PopulationId>(projection->from).index();
    const Shape shape = populations[from].shape;
    const GoldenRun run = run_golden(made.network, made.data);
    const std::size_t steps = run.spikes[at].size() / pool->size();
    for (std::size_t k = 0; k < steps; ++k)
      for (std::size_t n = 0; n < pool->size(); ++n) {
        const std::size_t width = shape[2] / 2, area = shape[1] / 2 * width;
        const std::size_t c = n / area, y = n % area / width, x = n % width;
        std::size_t spikes = 0;
        for (const std::size_t dy : {0U, 1U})
          for (const std::size_t dx : {0U, 1U})
            spikes += run.spikes[from][k * populations[from].size() + (c * shape[1] + 2 * y + dy) * shape[2] +
                                       2 * x + dx];
        ASSERT_EQ(run.spikes[at][k * pool->size() + n], spikes != 0 ? 1 : 0)
            << "seed " << seed << ", step " << k << ", neuron " << n;
        (spikes == 0 ? silent : spikes == 1 ? one : several) += 1;
      }
  }
  EXPECT_GT(pools, 20U);
  EXPECT_GT(std::min({silent, one, several}), 50U);
}
bool folds(const Image& image) {
  return std::any_of(image.application.clusters.begin(), image.application.clusters.end(),
                     [](const Cluster& cluster) { return cluster.pooled.has_value(); });
}

CompileOptions pool_options(std::uint64_t seed) {
  CompileOptions options;
  options.seed = seed;
  options.tune = seed % 3 == 0;
  options.spread = seed % 4 == 0 ? Spread::kFastest : Spread::kFewest;
  return options;
}

/// Positions of the clusters that no neuron has.
std::size_t gaps(const Image& image) {
  std::size_t count = 0;
  for (const Cluster& cluster : image.application.clusters) count += cluster.size() - cluster.neuron_count();
  return count;
}

/// Maps of any shape, blocks of whole windows with all or some channels, runs of any length.
TEST(Pools, NumberTheirMapsSoThatAWindowStandsAtOneBit) {
  Rng rng(7);
  std::size_t with_gaps = 0, as_in_every_map = 0;
  for (int round = 0; round < 500; ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    const Pooling pooling{PopulationId(1), static_cast<std::uint32_t>(1 + rng.below(3)),
                          static_cast<std::uint32_t>(1 + rng.below(3)),
                          static_cast<std::uint32_t>(1 + rng.below(6))};
    const Shape map{rng.chance(0.3) ? 16 : 1 + rng.below(40), 1 + rng.below(9), 1 + rng.below(9)};
    const Shape pool{map[0], (map[1] + pooling.rows - 1) / pooling.rows,
                     (map[2] + pooling.columns - 1) / pooling.columns};
    const std::size_t channels = rng.chance(0.5) ? map[0] : 1 + rng.below(map[0]);
    std::vector<bool> rows, columns;  // of windows, those of the block
    for (std::size_t y = 0; y < pool[1]; ++y) rows.push_back(y == 0 || rng.chance(0.7));
    for (std::size_t x = 0; x < pool[2]; ++x) columns.push_back(x == 0 || rng.chance(0.7));
    std::vector<std::uint32_t> neurons;
    for (std::uint32_t n = 0; n < volume(map); ++n)
      if (n / (map[1] * map[2]) < channels && rows[n / map[2] % map[1] / pooling.rows] &&
          columns[n % map[2] / pooling.columns])
        neurons.push_back(n);
    const PooledOrder order = pooled_order(map, pool, pooling, neurons);
    std::vector<std::uint32_t> found = order.neurons;
    with_gaps += std::erase(found, kNoNeuron) != 0 ? 1 : 0;
    std::sort(found.begin(), found.end());
    ASSERT_EQ(found, neurons);
    // Chunks of the map have neurons of one chunk that is sent, each at its window's bit.
    std::map<std::uint32_t, std::size_t> bit_of;
    for (std::size_t bit = 0; bit < order.sent.size(); ++bit) {
      if (order.sent[bit] == kNoNeuron) continue;
      ASSERT_TRUE(bit_of.emplace(order.sent[bit], bit).second);
      ASSERT_TRUE(bit % 16 == 0 || order.sent[bit - 1] != kNoNeuron) << "a gap within a chunk";
    }
    std::map<std::size_t, std::size_t> chunk_of;
    for (std::size_t at = 0; at < order.neurons.size(); ++at) {
      if (order.neurons[at] == kNoNeuron) continue;
      const auto window = bit_of.find(pooled_neuron(map, pool, pooling, order.neurons[at]));
      ASSERT_NE(window, bit_of.end());
      ASSERT_EQ(at % 16, window->second % 16);
      ASSERT_EQ(chunk_of.emplace(at / 16, window->second / 16).first->second, window->second / 16);
    }
    if (channels % 16 != 0 || pooling.run != 1) continue;
    ++as_in_every_map;
    order_by_position(map_extent(map), neurons);
    EXPECT_EQ(order.neurons, neurons);
  }
  EXPECT_GT(with_gaps, 300U);
  EXPECT_GT(as_in_every_map, 2U);
}

class FoldedPools : public ::testing::TestWithParam<const char*> {};

/// Folded where it folds, else as a population: golden = model = RTL in every spike, membrane and stamp, and
/// every promise kept.
TEST_P(FoldedPools, AgreeOnGoldenModelAndRtl) {
  const Chip chip = chip_named(GetParam());
  const std::unique_ptr<Link> rtl = open_verilator(chip, {}, {});
  int folded = 0, own = 0;
  std::size_t spikes = 0, silent = 0;
  int gapped = 0;
  for (std::uint64_t seed = 1; folded < 12; ++seed) {
    ASSERT_LT(seed, 400U) << "hardly any network fits";
    SCOPED_TRACE("seed " + std::to_string(seed));
    const Case made = pooled_case(seed, chip);
    const auto image = fitting(made.network, chip, pool_options(seed));
    if (!image) continue;
    if (!folds(*image) && ++own > 4) continue;
    folded += folds(*image) ? 1 : 0;
    gapped += gaps(*image) != 0 ? 1 : 0;
    const GoldenRun golden = run_golden(made.network, made.data);
    for (const std::uint8_t spike : golden.spikes[1]) (spike != 0 ? spikes : silent) += 1;
    expect_agreement(seed, made, *image, rtl.get());
    EXPECT_EQ(verify(*image, made.network).faults, std::vector<std::string>{});
    if (HasFailure()) return;
  }
  EXPECT_GT(own, 0) << "every pool folds";
  EXPECT_GT(gapped, 2) << "channels are whole chunks nearly everywhere";
  EXPECT_GT(std::min(spikes, silent), 100U);
}

INSTANTIATE_TEST_SUITE_P(Chips, FoldedPools, ::testing::Values("slim", "row", "square", "wide"),
                         [](const auto& p) { return std::string(p.param); });

/// The fold of channels that are whole chunks costs no tile and no cycle of a step: a network with it
/// promises at least what it promises without, on the same number of clusters less those of the pool.
TEST(Pools, CostNothingWhereTheyFoldWithoutGaps) {
  const Chip chip = chip_named("slim");
  int shorter = 0, compared = 0;
  for (std::uint64_t seed = 1; compared < 6; ++seed) {
    ASSERT_LT(seed, 400U);
    const Case made = pooled_case(seed, chip);
    CompileOptions options = pool_options(1);
    const auto folded = fitting(made.network, chip, options);
    options.pools = OrPools::kOwn;
    const auto own = fitting(made.network, chip, options);
    if (!folded || !own || !folds(*folded) || gaps(*folded) != 0) continue;
    ++compared;
    EXPECT_FALSE(folds(*own));
    EXPECT_LT(folded->application.clusters.size(), own->application.clusters.size()) << "seed " << seed;
    shorter += folded->promises.front().latency < own->promises.front().latency ? 1 : 0;
  }
  EXPECT_GE(shorter, compared - 1);
}

bool says(const Compilation& compilation, const std::string& what) {
  return std::any_of(compilation.notes.begin(), compilation.notes.end(),
                     [&](const std::string& note) { return note.find(what) != std::string::npos; });
}

/// Whatever fits with pools of their own fits by default, too, and says so. Where both fit, the promise is at
/// least about that with pools of their own, which are taken where they are better.
TEST(Pools, FoldWhereTheNetworkFitsAndPromisesAsMuch) {
  const Chip chip = chip_named("row");
  int folded = 0, better = 0, unfit = 0;
  for (std::uint64_t seed = 35; seed < 95; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const Case made = pooled_case(seed, chip);
    CompileOptions options = pool_options(1);
    options.pools = OrPools::kOwn;
    const auto own = fitting(made.network, chip, options);
    if (!own) continue;
    options.pools = OrPools::kFolded;
    CompileInput input;
    input.name = "made";
    input.network = made.network;
    const auto built = compile(std::move(input), chip, options, {});
    ASSERT_TRUE(std::holds_alternative<Compilation>(built));
    const auto& compilation = std::get<Compilation>(built);
    EXPECT_EQ(verify(compilation.image, made.network).faults, std::vector<std::string>{});
    // What may gain is estimated.
    EXPECT_LE(compilation.image.promises.front().period * Ratio(10, 11), own->promises.front().period);
    folded += folds(compilation.image) ? 1 : 0;
    if (folds(compilation.image)) continue;
    better += says(compilation, "so the network promises more") ? 1 : 0;
    unfit += says(compilation, "folded, the network does not fit") ? 1 : 0;
  }
  EXPECT_GT(folded, 5);
  EXPECT_GT(better, 1);
  EXPECT_GT(unfit, 0);
}

TEST(Pools, StayPopulationsAndSayWhyWhereTheyDoNotFold) {
  const Chip chip = chip_named("slim");
  std::uint64_t seed = 1;
  const auto reason = [&](const IntNetwork& network, const PartitionOptions& options) {
    const std::vector<OrPool> pools = or_pools(network, chip, options);
    EXPECT_EQ(pools.size(), 1U);
    return pools.empty() ? "" : pools.front().reason;
  };
  while (or_pools(pooled_case(seed, chip).network, chip, {}).empty() ||
         !or_pools(pooled_case(seed, chip).network, chip, {}).front().pooling)
    ++seed;
  const IntNetwork network = pooled_case(seed, chip).network;
  EXPECT_EQ(reason(network, {}), "");
  IntNetwork other = network;
  other.outputs.push_back({"map", network.populations[0].shape, PopulationId(0)});
  EXPECT_EQ(reason(other, {}), "'map' is an output");
  EXPECT_EQ(reason(network, {.shown = {PopulationId(0)}}), "'map' is recorded");
  EXPECT_EQ(reason(network, {.pools = OrPools::kOwn}), "no pool is folded (--pools own)");
  EXPECT_EQ(reason(network, {.own_pools = {PopulationId(1)}}), "clusters or a kind of tile are asked for");
  other = network;
  other.projections.push_back(other.projections[0]);
  other.projections.back().from = PopulationId(0);
  other.projections.back().to = PopulationId(2);
  EXPECT_EQ(reason(other, {}), "'map' also goes to 'reader0'");
  other = network;
  other.projections[1].delay = 1;
  EXPECT_EQ(reason(other, {}), "its spikes come late");
  // Two spikes are needed, or none: no OR.
  other = network;
  other.populations[1].theta.back() += 1 << 20;
  EXPECT_TRUE(or_pools(other, chip, {}).empty());
  other = network;
  other.populations[1].theta.back() = other.populations[1].bias_i.back() - 1;
  EXPECT_TRUE(or_pools(other, chip, {}).empty());
  other = network;
  other.populations[1].beta.back() = 1;
  EXPECT_TRUE(or_pools(other, chip, {}).empty());
}

/// A window's last entry no longer sends, or another one does: the tables are another network's.
TEST(Pools, WindowsThatAreNotTheNetworksAreFound) {
  const Chip chip = chip_named("slim");
  int forged = 0, gapped = 0;
  for (std::uint64_t seed = 1; forged < 6 || gapped < 2; ++seed) {
    ASSERT_LT(seed, 400U);
    const Case made = pooled_case(seed, chip);
    auto image = fitting(made.network, chip, pool_options(1));
    if (!image || !folds(*image)) continue;
    for (Cluster& cluster : image->application.clusters) {
      if (!cluster.pooled || cluster.pooled->neurons.size() < 2) continue;
      ++forged;
      const Cluster good = cluster;
      EXPECT_EQ(check(image->application, made.network, chip), std::vector<std::string>{});
      std::swap(cluster.pooled->neurons.front(), cluster.pooled->neurons.back());
      EXPECT_NE(check(image->application, made.network, chip), std::vector<std::string>{});
      cluster = good;
      // A place without a neuron is one only where the tables have none, and behind the chunk's neurons.
      std::swap(cluster.neurons.back(), cluster.neurons.front());
      cluster.neurons.back() = kNoNeuron;
      EXPECT_NE(faults(image->application), std::vector<std::string>{});
      cluster = good;
      cluster.pooled->neurons.front() = kNoNeuron;
      EXPECT_NE(faults(image->application), std::vector<std::string>{});
      cluster = good;
      for (std::size_t at = 1; at < cluster.size(); ++at)
        if ((cluster.neurons[at] == kNoNeuron) != (cluster.neurons[at - 1] == kNoNeuron)) {
          ++gapped;
          std::swap(cluster.neurons[at], cluster.neurons[at - 1]);
          EXPECT_NE(check(image->application, made.network, chip), std::vector<std::string>{});
          cluster = good;
          break;
        }
      // Emit is a bit of an entry's first part: moved to the entry before.
      std::vector<std::uint32_t>& program = cluster.tables.windows[2].words;
      const std::uint32_t emit = hw::MemUpdateEntry{.emit = 1}.pack()[0];
      for (std::size_t n = 2; n < program.size(); n += 2)
        if ((program[n] & emit) != 0 && (program[n - 2] & emit) == 0) {
          program[n] ^= emit;
          program[n - 2] |= emit;
          break;
        }
      EXPECT_NE(check(image->application, made.network, chip), std::vector<std::string>{});
      EXPECT_NE(verify(*image, made.network).faults, std::vector<std::string>{});
      cluster = good;
    }
  }
}

}  // namespace
}  // namespace spikeloom::testing
