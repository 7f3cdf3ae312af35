// Feature maps: blocks of positions, and rows that are stored once wherever they stand.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <set>

#include "compiler/core/core.hpp"
#include "compiler/golden/check.hpp"
#include "compiler/partition/block_cost.hpp"
#include "compiler/partition/partition.hpp"
#include "compiler/partition/scenes.hpp"
#include "tests/partition/random_network.hpp"

namespace spikeloom {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// A convolution between maps, unrolled, plus one padding of kernel / 2; zeros in the kernel are left out.
struct Convolution {
  std::uint32_t inputs, outputs, height, width, kernel, stride;
  std::vector<std::int16_t> weight;  ///< [output][input][ky][kx]
  [[nodiscard]] std::uint32_t out(std::uint32_t extent) const {
    return (extent + 2 * (kernel / 2) - kernel) / stride + 1;
  }
};

IntProjection unrolled(const Convolution& c, Source from, PopulationId to) {
  IntProjection p;
  p.name = "conv";
  p.from = from;
  p.to = to;
  SparseMap map{c.outputs * c.out(c.height) * c.out(c.width), {0}, {}};
  for (std::uint32_t i = 0; i < c.inputs; ++i)
    for (std::uint32_t y = 0; y < c.height; ++y)
      for (std::uint32_t x = 0; x < c.width; ++x) {
        for (std::uint32_t o = 0; o < c.outputs; ++o)
          for (std::uint32_t a = 0; a < c.out(c.height); ++a)
            for (std::uint32_t b = 0; b < c.out(c.width); ++b) {
              const std::int64_t ky = std::int64_t{y} + c.kernel / 2 - a * c.stride,
                                 kx = std::int64_t{x} + c.kernel / 2 - b * c.stride;
              if (ky < 0 || kx < 0 || ky >= c.kernel || kx >= c.kernel) continue;
              const std::int16_t w =
                  c.weight[static_cast<std::size_t>(((o * c.inputs + i) * c.kernel + ky) * c.kernel + kx)];
              if (w == 0) continue;
              map.target.push_back((o * c.out(c.height) + a) * c.out(c.width) + b);
              p.weight.push_back(w);
            }
        map.end_row();
      }
  p.form = MapForm(std::move(map));
  return p;
}

/// Maps in a row, then a dense layer.
IntNetwork convolutional(Rng& rng, std::uint32_t zeros_percent) {
  IntNetwork net;
  net.name = "convolutional";
  std::uint32_t channels = 1 + static_cast<std::uint32_t>(rng.below(3));
  std::uint32_t height = 3 + static_cast<std::uint32_t>(rng.below(12)),
                width = 3 + static_cast<std::uint32_t>(rng.below(12));
  net.inputs.push_back(
      {"in", {channels, height, width}, 1 + static_cast<std::uint32_t>(rng.below(3)), false, 1});
  Source from = InputId(0);
  const std::size_t maps = 1 + rng.below(2);
  for (std::size_t p = 0; p < maps; ++p) {
    constexpr std::uint32_t kChannels[] = {1, 3, 4, 8, 16, 20};  // of lanes 4, 8, 16 and 32
    Convolution c{channels,
                  kChannels[rng.below(6)],
                  height,
                  width,
                  1 + 2 * static_cast<std::uint32_t>(rng.below(2)),
                  1 + static_cast<std::uint32_t>(rng.below(2)),
                  {}};
    for (std::uint32_t k = 0; k < c.outputs * c.inputs * c.kernel * c.kernel; ++k)
      c.weight.push_back(rng.below(100) < zeros_percent ? std::int16_t{0} : test::random_weight(rng, 8));
    const Shape shape{c.outputs, c.out(height), c.out(width)};
    net.populations.push_back(
        test::random_population(rng, "map" + std::to_string(p), volume(shape), NeuronKind::kLif));
    net.populations.back().shape = shape;
    net.projections.push_back(unrolled(c, from, PopulationId(p)));
    from = PopulationId(p);
    channels = c.outputs;
    height = c.out(height);
    width = c.out(width);
  }
  const std::size_t last = net.populations.back().size();
  net.populations.push_back(test::random_population(rng, "dense", 10, NeuronKind::kLif));
  net.projections.push_back(test::random_projection(rng, from, last, PopulationId(maps), 10, 8, 1.0));
  net.outputs.push_back({"out", {10}, PopulationId(maps)});
  return net;
}

Chip roomy_chip(Rng& rng) {
  Chip chip = test::random_chip(rng);
  chip.tile.groups = 16U << rng.below(4);
  chip.tile.page_chunks = 256;
  chip.tile.axon_entries = 8192;
  chip.tile.chunk_entries = 2048;
  chip.tile.weight_words = 2048U << rng.below(3);
  chip.tile.update_entries = 4096;
  chip.tile.state_words = 4096;
  chip.tile.out_entries = 512;
  chip.tile.acc_bits = 24;
  return chip;
}

TEST(FeatureMaps, TablesOfRandomConvolutionsDecodeToTheNetwork) {
  std::size_t shared = 0, in_whole_chunks = 0;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    Rng rng(seed);
    const IntNetwork net = convolutional(rng, seed % 3 == 0 ? 40 : 0);
    check(net).throw_if_any("the test's network");
    const Chip chip = roomy_chip(rng);
    PartitionOptions options;
    options.max_neurons = rng.chance(0.5) ? 0 : 24 + static_cast<std::uint32_t>(rng.below(200));
    const Clustering clustering = partition(net, chip, options);
    const Application app = build_application(net, chip, clustering);
    ASSERT_THAT(faults(app), IsEmpty()) << seed;
    ASSERT_THAT(check(app, net, chip), IsEmpty()) << seed;
    const WeightWords words = weight_words(app);
    EXPECT_LE(words.stored, words.unrolled + app.clusters.size() * 4) << seed;
    shared += words.stored * 2 < words.unrolled ? 1U : 0U;
    // What counts alone say of how sources are cut.
    Chip few = chip;
    few.width = few.height = few.tile.contexts = 1;
    const Layers layers = make_layers(net);
    for (const Cluster& cluster : app.clusters) {
      const std::size_t p = cluster.population.index();
      if (!fills_chunks(net.populations[p], layers[p], few)) continue;
      EXPECT_EQ(cluster.size() % hw::kChunkBits, 0U) << seed << ": " << cluster.name;
      ++in_whole_chunks;
    }
  }
  EXPECT_GT(in_whole_chunks, 5U);
  EXPECT_GT(shared, 12U);  // where the channels fill lane groups and the map is not all border
}

/// One convolution of many channels.
IntNetwork many_channels(Convolution& c) {
  Rng rng(5);
  for (std::uint32_t k = 0; k < c.outputs * c.inputs * c.kernel * c.kernel; ++k)
    c.weight.push_back(test::random_weight(rng, 8));
  IntNetwork net;
  net.name = "channels";
  net.inputs.push_back({"in", {c.inputs, c.height, c.width}, 1, false, 1});
  net.populations.push_back(
      test::random_population(rng, "map", c.outputs * c.height * c.width, NeuronKind::kLif));
  net.populations[0].shape = {c.outputs, c.height, c.width};
  net.projections.push_back(unrolled(c, InputId(0), PopulationId(0)));
  return net;
}

/// The same from an input of height × width × channels.
IntNetwork channels_last(const IntNetwork& net, const Convolution& c) {
  IntNetwork other = net;
  other.inputs[0].shape = {c.height, c.width, c.inputs};
  const MapForm& form = net.projections[0].form;
  std::vector<std::uint32_t> gather;
  for (std::uint32_t at = 0; at < c.height * c.width; ++at)
    for (std::uint32_t i = 0; i < c.inputs; ++i)
      gather.push_back(form.leaf_source(i * c.height * c.width + at));
  other.projections[0].form = MapForm(form.leaf(), std::move(gather));
  return other;
}

TEST(FeatureMaps, InputsAreNumberedByPositionWhateverTheOrderOfTheirFile) {
  Convolution c{64, 4, 6, 10, 3, 1, {}};
  const IntNetwork first = many_channels(c), last = channels_last(first, c);
  Chip chip;
  chip.tile.acc_bits = 24;
  const Clustering clustering = partition(first, chip);
  EXPECT_EQ(clustering.inputs, std::vector{InputOrder::kPosition});
  EXPECT_EQ(partition(last, chip).inputs, std::vector{InputOrder::kFile});
  const Application app = build_application(first, chip, clustering);
  const Application other = build_application(last, chip, partition(last, chip));
  ASSERT_THAT(check(app, first, chip), IsEmpty());
  ASSERT_THAT(check(other, last, chip), IsEmpty());
  EXPECT_EQ(app.clusters, other.clusters);
  // 9 positions of 64 channels are 36 chunks, though the first and the last lie 92 apart.
  for (const Cluster& cluster : app.clusters) EXPECT_LE(cluster.page_chunks(), chip.tile.page_chunks);
  Application bad = app;
  bad.inputs[0].order = InputOrder::kFile;
  EXPECT_THAT(check(bad, first, chip), testing::Not(IsEmpty()));
}

TEST(FeatureMaps, InputsThatDenseLayersReadKeepTheirOrder) {
  Rng rng(6);
  IntNetwork net;
  net.name = "dense";
  net.inputs.push_back({"in", {4, 5, 6}, 1, false, 1});
  net.populations.push_back(test::random_population(rng, "p", 10, NeuronKind::kLif));
  net.projections.push_back(test::random_projection(rng, InputId(0), 120, PopulationId(0), 10, 8, 1.0));
  EXPECT_EQ(partition(net, Chip{}).inputs, std::vector{InputOrder::kFile});
}

TEST(FeatureMaps, AKernelIsStoredOnceAndItsRowsWalkItsTapsOnly) {
  Rng rng(3);
  IntNetwork net;
  net.name = "one";
  net.inputs.push_back({"in", {16, 8, 8}, 1, false, 1});
  for (std::size_t p = 0; p < 2; ++p) {
    net.populations.push_back(
        test::random_population(rng, "map" + std::to_string(p), 16 * 8 * 8, NeuronKind::kLif));
    net.populations.back().shape = {16, 8, 8};
  }
  Convolution pointwise{16, 16, 8, 8, 1, 1, {}};
  for (std::uint32_t k = 0; k < 16 * 16; ++k) pointwise.weight.push_back(test::random_weight(rng, 8));
  net.projections.push_back(unrolled(pointwise, InputId(0), PopulationId(0)));
  Convolution c{16, 16, 8, 8, 3, 1, {}};
  for (std::uint32_t k = 0; k < 16 * 16 * 9; ++k) c.weight.push_back(test::random_weight(rng, 8));
  net.projections.push_back(unrolled(c, PopulationId(0), PopulationId(1)));
  net.outputs.push_back({"out", {16, 8, 8}, PopulationId(1)});
  Chip chip;
  chip.tile.groups = 64;
  chip.tile.acc_bits = 24;
  chip.tile.state_words = 256;
  chip.tile.update_entries = 2048;
  chip.tile.param_sets = 64;
  for (IntPopulation& population : net.populations) {
    std::fill(population.alpha.begin(), population.alpha.end(), 0);
    std::fill(population.beta.begin(), population.beta.end(), 4096);
    std::fill(population.theta.begin(), population.theta.end(), 100);
    std::fill(population.v_reset.begin(), population.v_reset.end(), 0);
    std::fill(population.bias_v.begin(), population.bias_v.end(), 0);
  }
  const Clustering clustering = partition(net, chip);
  EXPECT_EQ(clustering.count, (std::vector<std::uint32_t>{1, 1}));
  EXPECT_EQ(clustering.order_of(1), NeuronOrder::kPosition);
  const Application app = build_application(net, chip, clustering);
  ASSERT_THAT(check(app, net, chip), IsEmpty());
  const Cluster& map = app.clusters[1];
  // 16 channels a word: three taps in three lines inside, and at the borders a part of those.
  EXPECT_EQ(amount_of(map, chip.tile, "tile.weight_words"), 16U * 9);
  EXPECT_EQ(amount_of(map, chip.tile, "tile.axon_entries"), 0U);
  // Of 8 positions a line two see a tap less: 22 taps in three lines or columns.
  EXPECT_EQ(worst_work(map, chip.tile), 16 * 22 * 22 + 64);
}

/// A map of two positions of `outputs` channels, which all read all of 40 channels, on a small chip.
std::pair<IntNetwork, Chip> thick(std::uint32_t outputs) {
  Rng rng(5);
  IntNetwork net;
  net.name = "thick";
  net.inputs.push_back({"in", {40, 1, 2}, 1, false, 1});
  net.populations.push_back(test::random_population(rng, "map", std::size_t{2} * outputs, NeuronKind::kLif));
  net.populations.back().shape = {outputs, 1, 2};
  Convolution c{40, outputs, 1, 2, 1, 1, {}};
  for (std::uint32_t k = 0; k < 40 * outputs; ++k) c.weight.push_back(test::random_weight(rng, 8));
  net.projections.push_back(unrolled(c, InputId(0), PopulationId(0)));
  net.outputs.push_back({"out", {outputs, 1, 2}, PopulationId(0)});
  Chip chip;
  chip.tile.weight_words = 64;
  return {net, chip};
}

TEST(FeatureMaps, ChannelsPartIntoLaneGroupsWhereNotEvenOnePositionFits) {
  const auto [net, chip] = thick(64);
  const Clustering clustering = partition(net, chip);
  EXPECT_EQ(clustering.count[0], 4U);  // of 16 channels and both positions, whose rows are 40 words
  EXPECT_EQ(clustering.order_of(0), NeuronOrder::kPosition);
  EXPECT_THAT(check(build_application(net, chip, clustering), net, chip), IsEmpty());
}

TEST(FeatureMaps, ChannelsThatFillNoLaneGroupsPartInNirOrder) {
  const auto [net, chip] = thick(60);
  const Clustering clustering = partition(net, chip);
  EXPECT_GE(clustering.count[0], 6U);
  EXPECT_NE(clustering.order_of(0), NeuronOrder::kPosition);
  EXPECT_THAT(check(build_application(net, chip, clustering), net, chip), IsEmpty());
}

TEST(FeatureMaps, BlocksAreEveryGridOfPlacesAndChannels) {
  const MapExtent map{32, 4, 6};
  for (const std::uint32_t blocks : {1U, 2U, 4U, 6U, 8U, 48U})
    for (const Grid& grid : grids(map, blocks, 400, 16)) {
      const std::vector<std::uint32_t> of = cut_map(map, grid);
      std::vector<std::uint32_t> size(blocks, 0);
      for (const std::uint32_t block : of) ++size.at(block);
      EXPECT_GT(*std::min_element(size.begin(), size.end()), 0U) << blocks;
      EXPECT_LE(*std::max_element(size.begin(), size.end()), 400U) << blocks;
      // Channels of a position stand in whole groups.
      for (std::uint32_t c = 0; c < map.channels; ++c)
        EXPECT_EQ(of[c * 24] == of[0], c * grid.channels / 32 == 0) << blocks;
    }
  EXPECT_EQ(grids(map, 2, 400, 16).size(), 5U);  // rows in bands or turns, columns likewise, channels
  EXPECT_EQ(grids(map, 3, 400, 16).size(), 4U);
  EXPECT_TRUE(grids(map, 1, 400, 16).empty());
  EXPECT_EQ(most_channel_groups({24, 4, 6}, 16), 1U);
}

TEST(FeatureMaps, RowsOfABandGoInTurns) {
  const std::vector<std::uint32_t> of = cut_map({1, 8, 2}, {{2, 2}, {}, 1});
  EXPECT_THAT(of, ElementsAre(0, 0, 1, 1, 0, 0, 1, 1, 2, 2, 3, 3, 2, 2, 3, 3));
  EXPECT_EQ((Cut{2, 2}.longest(8)), 2U);
  EXPECT_EQ((Cut{2, 2}.longest(9)), 3U);
  // Every part has a row: as many bands and turns as the axis has rows for, and no cut twice.
  for (std::uint32_t extent = 1; extent <= 9; ++extent)
    for (std::uint32_t parts = 1; parts <= extent; ++parts) {
      std::set<std::vector<std::uint32_t>> cuts;
      for (const Grid& grid : grids({1, extent, 1}, parts, extent, 16)) {
        std::vector<std::uint32_t> part = cut_map({1, extent, 1}, grid);
        EXPECT_EQ(std::set(part.begin(), part.end()).size(), parts);
        const auto size =
            static_cast<std::uint32_t>(std::count(part.begin(), part.end(), part[std::size_t{extent} - 1]));
        EXPECT_LE(size, grid.rows.longest(extent));
        EXPECT_TRUE(cuts.insert(std::move(part)).second) << extent << " rows in " << parts;
      }
    }
}

/// Every source spikes in every step.
Traffic all_spikes(const IntNetwork& net) {
  Traffic traffic;
  for (const IntInput& input : net.inputs) traffic.inputs.emplace_back(input.axons(), 1.0);
  for (const IntPopulation& population : net.populations)
    traffic.populations.emplace_back(population.size(), 1.0);
  return traffic;
}

/// What is counted from the rows is what the tables come to.
TEST(BlockCost, IsThatOfTheTables) {
  for (std::uint64_t seed = 100; seed < 130; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng(seed);
    const IntNetwork net = convolutional(rng, seed % 2 == 0 ? 40 : 0);
    Chip chip = roomy_chip(rng);
    chip.tile.weight_bits = {8};
    Clustering clustering = partition(net, chip);
    const Layers layers = make_layers(net);
    const MapExtent map = map_extent(net.populations[0].shape);
    if (clustering.order_of(0) != NeuronOrder::kPosition) continue;
    const Skeleton sources = make_skeleton(net, chip, clustering);
    const std::optional<Traffic> traffic = all_spikes(net);
    for (std::uint32_t blocks = 1; blocks <= 4; ++blocks)
      for (const Grid& grid : grids(map, blocks, 1U << 20U, chip.tile.lanes)) {
        const BlockCost cost =
            BlockPricer(net, layers[0], PopulationId(0), chip.tile, sources, traffic).cost(grid);
        clustering.of[0] = cut_map(map, grid);
        clustering.count[0] = blocks;
        const Skeleton skeleton = make_skeleton(net, chip, clustering);
        const Reach reach(layers[0], skeleton, PopulationId(0));
        double words = 0, cycles = 0;
        for (std::size_t c = 0; c < blocks; ++c) {
          const Cluster cluster = build_cluster(net, chip, layers, skeleton, reach, c);
          words += static_cast<double>(amount_of(cluster, chip.tile, "tile.weight_words"));
          // A row walks the groups that it reaches, and takes a cycle where it reaches none.
          std::size_t walked = 0;
          for (const std::uint16_t bits : cluster.chunk_bits)
            walked += static_cast<std::size_t>(std::popcount(bits));
          const Core& core = core_of(cluster);
          (void)core.decode(cluster, chip.tile,
                            [&](std::size_t, std::uint32_t,
                                std::span<const std::pair<std::uint32_t, std::int64_t>> values) {
                              std::set<std::uint32_t> groups;
                              for (const auto& [position, value] : values)
                                if (value != 0) groups.insert(position / chip.tile.lanes);
                              if (!groups.empty()) walked += groups.size() - 1;
                            });
          cycles = std::max(cycles, static_cast<double>(walked));
        }
        EXPECT_EQ(cost.cycles, cycles);
        EXPECT_EQ(cost.steady, cycles);
        EXPECT_LE(cost.words, words);
      }
  }
}

/// A block that is said to exceed a tile's memories does so, and mostly it is said.
TEST(BlockCost, SaysWhatCertainlyExceedsATile) {
  int exceeding = 0, said = 0;
  for (std::uint64_t seed = 200; seed < 240; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng(seed);
    const IntNetwork net = convolutional(rng, seed % 2 == 0 ? 60 : 0);
    Chip chip = roomy_chip(rng);
    Clustering clustering = partition(net, chip);
    const Layers layers = make_layers(net);
    const MapExtent map = map_extent(net.populations[0].shape);
    if (clustering.order_of(0) != NeuronOrder::kPosition) continue;
    const Skeleton sources = make_skeleton(net, chip, clustering);
    const std::optional<Traffic> unmeasured;
    for (std::uint32_t blocks = 1; blocks <= 4; ++blocks)
      for (const Grid& grid : grids(map, blocks, 1U << 20U, chip.tile.lanes)) {
        clustering.of[0] = cut_map(map, grid);
        clustering.count[0] = blocks;
        const Skeleton skeleton = make_skeleton(net, chip, clustering);
        const Reach reach(layers[0], skeleton, PopulationId(0));
        for (std::size_t c = 0; c < blocks; ++c) {
          const Cluster cluster = build_cluster(net, chip, layers, skeleton, reach, c);
          Chip tight = chip;
          const std::uint64_t taken = amount_of(cluster, chip.tile, "tile.weight_words");
          const auto exceeded = [&](std::uint64_t capacity) {
            tight.tile.weight_words = static_cast<std::uint32_t>(capacity);
            BlockPricer pricer(net, layers[0], PopulationId(0), tight.tile, sources, unmeasured);
            return pricer.exceeded_by(pricer.cost(grid).words_of.at(c));
          };
          EXPECT_EQ(exceeded(taken), 0U) << "cluster " << c;
          ++exceeding;
          said += taken > 1 && exceeded(taken * 3 / 4) == 1 ? 1 : 0;
        }
      }
  }
  EXPECT_GT(exceeding, 150);
  EXPECT_GT(said, exceeding / 2);
}

/// Without data some pictures stand for them.
TEST(BlockCost, FearsPicturesThatAreBusySomewhere) {
  Rng rng(5);
  IntNetwork net;
  net.name = "pictures";
  net.inputs.push_back({"in", {2, 16, 16}, 1, false, 1});
  net.populations.push_back(test::random_population(rng, "map", 16 * 16 * 16, NeuronKind::kLif));
  net.populations.back().shape = {16, 16, 16};
  Convolution c{2, 16, 16, 16, 3, 1, {}};
  for (std::uint32_t k = 0; k < 2 * 16 * 9; ++k) c.weight.push_back(1);
  net.projections.push_back(unrolled(c, InputId(0), PopulationId(0)));
  Clustering clustering{{1}, {std::vector<std::uint32_t>(16 * 16 * 16, 0)}, {NeuronOrder::kPosition}, {}, {}};
  const Skeleton sources = make_skeleton(net, Chip{}, clustering);
  const auto steady = [&](const Grid& grid) {
    const Layers layers = make_layers(net);
    const std::optional<Traffic> unmeasured;
    return BlockPricer(net, layers[0], PopulationId(0), Chip{}.tile, sources, unmeasured).cost(grid).steady;
  };
  EXPECT_LT(steady({{1, 2}, {}, 1}), 0.95 * steady({{2, 1}, {}, 1}));
  EXPECT_LT(steady({{}, {1, 2}, 1}), 0.95 * steady({{}, {2, 1}, 1}));
  // The mean of a picture is the one of all spikes.
  const Scenes corner = scenes_at({2, 16, 16}, 0), other = scenes_at({2, 16, 16}, 16 * 16);
  EXPECT_EQ(corner, other);
  Scenes sum{};
  for (std::uint32_t e = 0; e < 16 * 16; ++e)
    for (std::size_t s = 0; s < kScenes; ++s) sum[s] += scenes_at({2, 16, 16}, e)[s] / (16 * 16);
  for (const double mean : sum) EXPECT_NEAR(mean, 1, 0.1);
  EXPECT_EQ(scenes_at({7, 1, 1}, 3), (Scenes{1, 1, 1, 1}));
}

/// A population that is busy in its upper half only.
TEST(BlockCost, IsLowestWhereABusyPartKeepsAllBlocksBusy) {
  Rng rng(3);
  IntNetwork net;
  net.name = "upper";
  net.inputs.push_back({"in", {2, 16, 16}, 1, false, 1});
  net.populations.push_back(test::random_population(rng, "map", 16 * 16 * 16, NeuronKind::kLif));
  net.populations.back().shape = {16, 16, 16};
  Convolution c{2, 16, 16, 16, 3, 1, {}};
  for (std::uint32_t k = 0; k < 2 * 16 * 9; ++k) c.weight.push_back(1);
  net.projections.push_back(unrolled(c, InputId(0), PopulationId(0)));
  net.outputs.push_back({"out", {16, 16, 16}, PopulationId(0)});
  Chip chip;
  Clustering clustering{{1}, {std::vector<std::uint32_t>(16 * 16 * 16, 0)}, {NeuronOrder::kPosition}, {}, {}};
  const Skeleton sources = make_skeleton(net, chip, clustering);
  Traffic upper{{{}}, {std::vector<double>(16 * 16 * 16, 0)}};
  for (std::uint32_t i = 0; i < 2 * 16 * 16; ++i) upper.inputs[0].push_back(i % 256 < 128 ? 1 : 0);
  const auto cost = [&](const Grid& grid, const std::optional<Traffic>& traffic) -> BlockCost {
    const Layers layers = make_layers(net);
    return BlockPricer(net, layers[0], PopulationId(0), Chip{}.tile, sources, traffic).cost(grid);
  };
  const Grid bands{{2, 1}, {}, 1}, turns{{1, 2}, {}, 1};
  EXPECT_LT(cost(turns, upper).steady, 0.6 * cost(bands, upper).steady);
  EXPECT_LT(cost(turns, upper).price(2, 1), cost(bands, upper).price(2, 1));
  // A chunk of 16 inputs is a line of a channel; in turns both blocks read all lines, in bands 9 each.
  EXPECT_EQ(cost(turns, std::nullopt).flits, 2 * 2 * 16);
  EXPECT_EQ(cost(bands, std::nullopt).flits, 2 * 2 * 9);
  EXPECT_EQ(cost(bands, upper).flits, 2 * (8 + 1));  // the lower block reads one busy line a channel
  EXPECT_LT(cost(bands, std::nullopt).price(2, 1000), cost(turns, std::nullopt).price(2, 1000));
  EXPECT_LT(cost(bands, upper).price(2, 1000), cost(turns, upper).price(2, 1000));
}

TEST(FeatureMaps, ADensePopulationWithAShapeKeepsItsOrder) {
  Rng rng(4);
  IntNetwork net;
  net.name = "dense";
  net.inputs.push_back({"in", {20}, 1, false, 1});
  net.populations.push_back(test::random_population(rng, "map", 64, NeuronKind::kLif));
  net.populations.back().shape = {4, 4, 4};
  net.projections.push_back(test::random_projection(rng, InputId(0), 20, PopulationId(0), 64, 8, 1.0));
  net.outputs.push_back({"out", {4, 4, 4}, PopulationId(0)});
  EXPECT_EQ(partition(net, Chip{}).order_of(0), NeuronOrder::kNir);
}

}  // namespace
}  // namespace spikeloom
