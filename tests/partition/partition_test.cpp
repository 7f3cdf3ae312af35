#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compiler/base/error.hpp"
#include "compiler/golden/check.hpp"
#include "compiler/partition/kinds.hpp"
#include "compiler/partition/partition.hpp"
#include "tests/partition/random_network.hpp"

namespace spikeloom {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

IntNetwork dense_network(std::vector<std::size_t> sizes, std::uint32_t bits) {
  Rng rng(7);
  IntNetwork net;
  net.name = "dense";
  net.inputs.push_back({"in", {sizes[0]}, 1, false, 1});
  for (std::size_t p = 1; p < sizes.size(); ++p) {
    IntPopulation population =
        test::random_population(rng, "p" + std::to_string(p - 1), sizes[p], NeuronKind::kLif);
    std::fill(population.beta.begin(), population.beta.end(), 4000);
    std::fill(population.theta.begin(), population.theta.end(), 100);
    std::fill(population.v_reset.begin(), population.v_reset.end(), 0);
    std::fill(population.bias_v.begin(), population.bias_v.end(), 0);
    net.populations.push_back(population);
    const Source from = p == 1 ? Source(InputId(0)) : Source(PopulationId(p - 2));
    net.projections.push_back(
        test::random_projection(rng, from, sizes[p - 1], PopulationId(p - 1), sizes[p], bits, 1.0));
  }
  net.outputs.push_back({"out", {sizes.back()}, PopulationId(sizes.size() - 2)});
  return net;
}

std::string error_of(const IntNetwork& net, const Chip& chip) {
  try {
    (void)partition(net, chip);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInput);
    return error.what();
  }
  return "no error";
}

/// Brute force: for every source, delay and cluster other than the source's own.
double cut_again(const IntNetwork& net, const Clustering& clustering) {
  double total = 0;
  for (std::size_t p = 0; p < net.populations.size(); ++p)
    for (const IntProjection& projection : net.projections) {
      if (projection.to.index() != p) continue;
      for (std::size_t s = 0; s < projection.form.sources(); ++s)
        for (std::uint32_t k = 0; k < clustering.count[p]; ++k) {
          bool reaches = false;
          projection.form.row(s).each(
              [&](std::uint32_t target, std::size_t) { reaches = reaches || clustering.of[p][target] == k; });
          const auto* from = std::get_if<PopulationId>(&projection.from);
          if (reaches && !(from && from->index() == p && clustering.of[p][s] == k)) total += 1;
        }
    }
  return total;
}

TEST(Partition, DoesNotSplitWhatFits) {
  const IntNetwork net = dense_network({64, 128, 10}, 8);
  const Clustering clustering = partition(net, Chip{});
  EXPECT_THAT(clustering.count, testing::ElementsAre(1, 1));
  const Application app = build_application(net, Chip{}, clustering);
  EXPECT_THAT(check(app, net, Chip{}), IsEmpty());
  const auto amount = [&](const char* key) { return amount_of(app.clusters[0], Chip{}.tile, key); };
  EXPECT_EQ(amount("tile.axon_entries"), 0U) << "dense rows are uniform";
  EXPECT_EQ(amount("tile.weight_words"), 64U * 128U / 16);
  EXPECT_EQ(amount("tile.update_entries"), 8U);
  EXPECT_EQ(worst_work(app.clusters[0], Chip{}.tile), 64 * 8 + 8);
}

TEST(Partition, NarrowWeightsTakeFewerWords) {
  const IntNetwork net = dense_network({64, 128, 10}, 2);
  const Application app = build_application(net, Chip{}, partition(net, Chip{}));
  EXPECT_EQ(amount_of(app.clusters[0], Chip{}.tile, "tile.weight_words"), 64U * 128U / 4 / 16);
  EXPECT_THAT(check(app, net, Chip{}), IsEmpty());
}

TEST(Partition, SplitsIntoWholeChunksWhatExceedsTheWeights) {
  const IntNetwork net = dense_network({784, 256, 10}, 8);  // 784·16 = 12544 words, 4096 a tile
  const Clustering clustering = partition(net, Chip{});
  EXPECT_THAT(clustering.count, testing::ElementsAre(4, 1));
  const Application app = build_application(net, Chip{}, clustering);
  EXPECT_THAT(check(app, net, Chip{}), IsEmpty());
  for (const Cluster& cluster : app.clusters) EXPECT_TRUE(excesses(cluster, Chip{}).empty());
}

TEST(Partition, RandomNetworksOnRandomChipsDecodeToThemselves) {
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng(seed);
    const IntNetwork net = test::random_network(rng, {4, 60});
    ASSERT_TRUE(check(net).empty()) << check(net).list().front();
    const Chip chip = test::random_chip(rng);
    PartitionOptions options;
    options.seed = seed;
    if (rng.chance(0.6)) options.max_neurons = 6 + static_cast<std::uint32_t>(rng.below(40));
    const Clustering clustering = partition(net, chip, options);
    ASSERT_THAT(check(build_application(net, chip, clustering), net, chip), IsEmpty());
    EXPECT_EQ(partition(net, chip, options), clustering);
    options.least_clusters.assign(net.populations.size(), 1 + static_cast<std::uint32_t>(rng.below(4)));
    const Clustering more = partition(net, chip, options);
    ASSERT_THAT(check(build_application(net, chip, more), net, chip), IsEmpty());
    for (std::size_t p = 0; p < net.populations.size(); ++p) EXPECT_GE(more.count[p], clustering.count[p]);
    for (std::size_t p = 0; p < net.populations.size(); ++p)
      for (std::uint32_t k = 0; k < clustering.count[p]; ++k) {
        const auto members = std::count(clustering.of[p].begin(), clustering.of[p].end(), k);
        EXPECT_GT(members, 0);
        if (options.max_neurons) {
          EXPECT_LE(members, options.max_neurons);
        }
      }
  }
}

/// Of what no core writes; tests/core changes the tables.
TEST(Partition, EveryChangedNumberIsSeen) {
  Rng rng(3);
  const IntNetwork net = test::random_network(rng, {3, 40});
  const Chip chip;
  const Application good = build_application(net, chip, partition(net, chip));
  ASSERT_THAT(check(good, net, chip), IsEmpty());
  for (int trial = 0; trial < 300; ++trial) {
    Application bad = good;
    Cluster& cluster = bad.clusters[rng.below(bad.clusters.size())];
    switch (rng.below(3)) {
      case 0:
        std::swap(cluster.neurons.front(), cluster.neurons.back());
        break;
      case 1:
        cluster.limit[rng.below(16)] ^= 1;
        break;
      default:
        cluster.chunk_bits[rng.below(cluster.chunk_bits.size())] ^= 1;
        break;
    }
    if (bad == good) continue;
    EXPECT_FALSE(check(bad, net, chip).empty());
  }
}

TEST(Cut, EqualsItsDefinition) {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    Rng rng(seed);
    IntNetwork net = test::random_network(rng, {3, 30});
    for (std::size_t a = 0; a < net.projections.size();
         ++a)  // parallel projections count once or twice by their sum
      for (std::size_t b = net.projections.size() - 1; b > a; --b)
        if (net.projections[a].from == net.projections[b].from &&
            net.projections[a].to == net.projections[b].to &&
            net.projections[a].delay == net.projections[b].delay)
          net.projections.erase(net.projections.begin() + static_cast<std::ptrdiff_t>(b));
    PartitionOptions options;
    options.max_neurons = 5;
    const Clustering clustering = partition(net, Chip{}, options);
    EXPECT_DOUBLE_EQ(cut(net, clustering), cut_again(net, clustering)) << "seed " << seed;
  }
}

/// Hidden communities: neurons j and sources s belong together when j % groups == s % groups.
IntNetwork communities(std::size_t n, std::size_t groups, double noise) {
  Rng rng(11);
  IntNetwork net = dense_network({n, n}, 8);
  IntProjection& p = net.projections[0];
  SparseMap map{static_cast<std::uint32_t>(n), {0}, {}};
  p.weight.clear();
  for (std::uint32_t s = 0; s < n; ++s) {
    for (std::uint32_t t = 0; t < n; ++t)
      if ((s % groups == t % groups && rng.chance(0.3)) || rng.chance(noise)) {
        map.target.push_back(t);
        p.weight.push_back(1);
      }
    map.end_row();
  }
  p.form = MapForm(std::move(map));
  return net;
}

TEST(Partition, RefinementOnlyLowersTheCutAndFindsHiddenGroups) {
  for (const double noise : {0.0, 0.005, 0.02}) {
    const IntNetwork net = communities(128, 4, noise);
    PartitionOptions options;
    options.max_neurons = 32;
    const double refined = cut(net, partition(net, Chip{}, options));
    options.method = PartitionMethod::kGreedy;
    const double greedy = cut(net, partition(net, Chip{}, options));
    std::cout << "noise " << noise << ": greedy cut " << greedy << ", refined " << refined << "\n";
    EXPECT_LE(refined, greedy);
    if (noise == 0.0) {
      EXPECT_LE(refined, 128);
    }
  }
}

TEST(Partition, ActivityMovesTheCutToSilentSources) {
  const IntNetwork net = communities(64, 2, 0.05);
  PartitionOptions options;
  options.max_neurons = 36;
  options.activity = Traffic{{std::vector<double>(64, 0.0)}, {std::vector<double>(64, 0.1)}};
  for (std::size_t s = 0; s < 64; s += 2) options.activity->inputs[0][s] = 1.0;
  const Clustering weighted = partition(net, Chip{}, options);
  const double measured = cut(net, weighted, options.activity);
  const auto activity = std::exchange(options.activity, std::nullopt);
  EXPECT_LE(measured, cut(net, partition(net, Chip{}, options), activity) + 1e-9);
}

TEST(Partition, RefusesAFanInBeyondAPage) {
  const IntNetwork net = dense_network({2000, 4}, 8);
  Chip chip;
  chip.tile.page_chunks = 64;
  EXPECT_THAT(
      error_of(net, chip),
      HasSubstr("population p0: neuron 0 (2000 synapses over 1 channels) alone needs tile.page_chunks = 125, "
                "the chip has 64; a chip with tile.page_chunks = 125 would do"));
}

TEST(Partition, SaysWhereNoChipWouldDo) {
  Chip chip;
  chip.chunk_index_bits = 16;
  EXPECT_THAT(error_of(dense_network({66000, 2}, 4), chip),
              HasSubstr("alone needs tile.page_chunks = 4125, the chip has 128; no chip has more than 4096"));
}

TEST(Partition, CountsBlocksOfPages) {
  const IntNetwork net = dense_network({2000, 4}, 8);
  Chip chip;
  chip.tile.page_chunks = 1000;
  chip.tile.page_blocks = 3;
  EXPECT_THAT(error_of(net, chip),
              HasSubstr("alone needs tile.page_blocks = 4, the chip has 3; a chip with tile.page_blocks = 4 "
                        "would do"));
  chip.tile.page_blocks = 4;
  chip.tile.weight_words = 8192;
  EXPECT_EQ(partition(net, chip).count, std::vector<std::uint32_t>{1});
}

TEST(Partition, NamesEverythingTheChipLacks) {
  IntNetwork net = dense_network({16, 16, 8}, 8);
  net.populations[0].alpha[3] = 100;
  net.populations[0].scale = 9;
  net.populations[0].bias_i[2] = 1 << 22;
  net.projections[1].delay = 40;
  net.projections[0].shift = 14;
  Chip chip;
  chip.tile.current = 0;
  chip.tile.state_bits = 22;
  const std::string text = error_of(net, chip);
  for (const char* expected : {"tile.current = 0", "tile.max_scale = 7", "bias_i of neuron 2", "delay 40",
                               "tile.max_shift = 14 would do", "tile.state_bits = 22"})
    EXPECT_THAT(text, HasSubstr(expected));
}

TEST(Partition, RefusesAReadoutOnAChipWithout) {
  IntNetwork net = dense_network({16, 4}, 8);
  net.populations[0].kind = NeuronKind::kLi;
  Chip chip;
  chip.tile.readout = 0;
  EXPECT_THAT(error_of(net, chip), HasSubstr("it is a readout, but tile.readout = 0"));
  chip.tile.readout = 1;
  chip.tile.out_entries = 1;
  EXPECT_THAT(error_of(net, chip),
              HasSubstr("no tile holds one of its neurons; a larger tile.out_entries would do"));
  chip.tile.out_entries = 64;
  chip.tile.update_entries = 1;
  EXPECT_THAT(error_of(net, chip),
              HasSubstr("no tile holds one of its neurons; a larger tile.update_entries would do"));
}

/// A row of `plain` tiles and one of kind "big": more lanes, larger pages and weights, no synaptic current.
Chip two_kinds(std::uint32_t plain) {
  Chip chip;
  chip.name = "two";
  chip.width = plain + 1;
  chip.tile.page_chunks = 64;
  TileKind big;
  big.name = "big";
  big.lanes = 32;
  big.lif_lanes = 8;
  big.page_chunks = 128;
  big.current = 0;
  chip.more_kinds.push_back(big);
  chip.kind_of.assign(plain, 0);
  chip.kind_of.push_back(1);
  return chip;
}

KindAnswer holds(std::uint32_t clusters) { return {clusters, {}}; }
KindAnswer refuses() { return {0, {"why"}}; }

TEST(Kinds, APopulationTakesTheFirstKindThatHoldsItAndHasTilesToSpare) {
  using Chosen = std::vector<std::optional<std::uint32_t>>;
  // Three tiles of kind 0, two of kind 1.
  EXPECT_EQ(prefer({{holds(2), holds(1)}, {holds(1), holds(1)}}, {3, 2}, {}), (Chosen{0, 0}));
  EXPECT_EQ(prefer({{holds(2), holds(1)}, {holds(2), holds(1)}}, {3, 2}, {}), (Chosen{0, 1}));
  EXPECT_EQ(prefer({{refuses(), holds(1)}, {holds(1), refuses()}}, {3, 2}, {}), (Chosen{1, 0}));
  EXPECT_EQ(prefer({{refuses(), refuses()}}, {3, 2}, {}), (Chosen{std::nullopt}));
  // None has a tile for each cluster: the fewest clusters a tile, of equals the first.
  EXPECT_EQ(prefer({{holds(6), holds(3)}}, {3, 2}, {}), (Chosen{1}));
  EXPECT_EQ(prefer({{holds(6), holds(4)}}, {3, 2}, {}), (Chosen{0}));
  // What the user wants comes first, and counts.
  EXPECT_EQ(prefer({{holds(2), holds(1)}, {holds(2), holds(2)}}, {3, 2}, {std::nullopt, 0}), (Chosen{1, 0}));
  EXPECT_EQ(prefer({{holds(1), refuses()}}, {3, 2}, {1}), (Chosen{std::nullopt}));
  // A kind without tiles holds nothing.
  EXPECT_EQ(prefer({{holds(1), holds(1)}}, {0, 2}, {}), (Chosen{1}));
}

TEST(Kinds, NeuronsAreNumberedForTheKindAndTablesDecode) {
  const IntNetwork net = dense_network({48, 40, 24}, 8);
  const Chip chip = two_kinds(2);
  for (const std::uint32_t kind : {0U, 1U}) {
    PartitionOptions options;
    options.kinds = {1 - kind, kind};
    const Clustering clustering = partition(net, chip, options);
    EXPECT_EQ(clustering.kind, (std::vector<std::uint32_t>{1 - kind, kind}));
    const Application app = build_application(net, chip, clustering);
    EXPECT_THAT(check(app, net, chip), IsEmpty());
    for (const Cluster& cluster : app.clusters)
      EXPECT_EQ(cluster.kind, clustering.kind_of(cluster.population.index()));
    Application other = app;
    other.clusters[0].kind = 1 - other.clusters[0].kind;
    EXPECT_THAT(check(other, net, chip), Not(IsEmpty()));
    other.clusters[0].kind = 2;
    EXPECT_THAT(check(other, net, chip),
                ElementsAre(HasSubstr("for kind 2 of tile, of which the chip has 2")));
  }
}

TEST(Kinds, AFanInBeyondOneKindsPageGoesToTheOther) {
  const IntNetwork net = dense_network({2000, 4}, 8);
  const Clustering clustering = partition(net, two_kinds(2));
  EXPECT_EQ(clustering.kind, std::vector<std::uint32_t>{1});
}

TEST(Kinds, WhatNoKindHoldsIsRefusedInTheWordsOfEach) {
  IntNetwork net = dense_network({2000, 4}, 8);
  net.populations[0].kind = NeuronKind::kCubaLif;
  net.populations[0].alpha.assign(4, 100);
  const std::string text = error_of(net, two_kinds(2));
  EXPECT_THAT(text, HasSubstr("no kind of tile of chip two can hold population p0: tile: neuron 0 (2000 "
                              "synapses over 1 channels) alone needs tile."));
  EXPECT_THAT(text, HasSubstr("alone needs tile.page_chunks = 125, kind tile has 64"));
  EXPECT_THAT(text, HasSubstr("; big: it keeps a synaptic current, but tile.current = 0"));
}

TEST(Kinds, TheKindThatIsWantedIsNamedWhereItDoesNotHold) {
  const IntNetwork net = dense_network({2000, 4}, 8);
  PartitionOptions options;
  options.kinds = {0};
  const auto message = [&] {
    try {
      (void)partition(net, two_kinds(2), options);
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string("no error");
  };
  EXPECT_THAT(message(), HasSubstr("kind tile of chip two cannot hold population p0: neuron 0"));
  options.kinds = {1};
  options.tiles = 2;
  EXPECT_THAT(message(), HasSubstr("none of the first 2 tiles is of this kind"));
}

TEST(BuildApplication, RecordsPopulationsAndSharesTheirSinks) {
  const IntNetwork net = dense_network({16, 64, 10}, 8);
  BuildOptions options;
  options.record = {PopulationId(0), PopulationId(1)};
  const Application app = build_application(net, Chip{}, partition(net, Chip{}), options);
  ASSERT_EQ(app.outputs.size(), 3U);
  EXPECT_EQ(app.sinks.size(), 2U);
  EXPECT_EQ(app.outputs[0].sinks, app.outputs[2].sinks);
  EXPECT_TRUE(app.outputs[1].recorded);
}

TEST(Partition, TenThousandNeuronsAndAMillionSynapsesTakeSeconds) {
  Rng rng(5);
  IntNetwork net = dense_network(std::vector<std::size_t>(11, 1000), 8);
  std::size_t synapses = 0;
  for (std::size_t p = 0; p < 10; ++p) {
    const Source from = p == 0 ? Source(InputId(0)) : Source(PopulationId(p - 1));
    net.projections[p] = test::random_projection(rng, from, 1000, PopulationId(p), 1000, 8, 0.1);
    synapses += count_synapses(net.projections[p]);
  }
  Chip chip;
  chip.tile.page_chunks = 128;
  chip.tile.axon_entries = 2048;
  chip.tile.acc_bits = 24;
  chip.tile.weight_words = 16384;
  const Clustering clustering = partition(net, chip);
  const Application app = build_application(net, chip, clustering);
  std::cout << app.clusters.size() << " clusters, " << synapses << " synapses, cut " << cut(net, clustering)
            << "\n";
  EXPECT_THAT(check(app, net, chip), IsEmpty());
}

}  // namespace
}  // namespace spikeloom
