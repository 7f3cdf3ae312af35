// Feature maps: blocks of positions, and rows that are stored once wherever they stand.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compiler/golden/check.hpp"
#include "compiler/partition/partition.hpp"
#include "tests/partition/random_network.hpp"

namespace spikeloom {
namespace {

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
  p.row_begin.push_back(0);
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
              p.target.push_back((o * c.out(c.height) + a) * c.out(c.width) + b);
              p.weight.push_back(w);
            }
        p.row_begin.push_back(p.target.size());
      }
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
  std::size_t shared = 0;
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
  }
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
  IntProjection& to = other.projections[0];
  const IntProjection& from = net.projections[0];
  to.row_begin.assign(1, 0);
  to.target.clear();
  to.weight.clear();
  for (std::uint32_t at = 0; at < c.height * c.width; ++at)
    for (std::uint32_t i = 0; i < c.inputs; ++i) {
      const std::size_t row = i * c.height * c.width + at;
      for (std::size_t n = from.row_begin[row]; n < from.row_begin[row + 1]; ++n) {
        to.target.push_back(from.target[n]);
        to.weight.push_back(from.weight[n]);
      }
      to.row_begin.push_back(to.target.size());
    }
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

TEST(FeatureMaps, AKernelIsStoredOnceAndOnceForEachSideOfTheMap) {
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
  // Eight positions a line, 16 channels a word: three lines from the first tap to the last, 2·8 + 3 words
  // inside and 2·8 + 2 at the left and the right side; the upper and lower side lie inside those.
  EXPECT_EQ(amount_of(map, chip.tile, "tile.weight_words"), 16U * (19 + 18 + 18));
  EXPECT_EQ(amount_of(map, chip.tile, "tile.axon_entries"), 0U);
}

TEST(FeatureMaps, ChannelsPartWhereNotEvenOnePositionFits) {
  Rng rng(5);
  IntNetwork net;
  net.name = "thick";
  net.inputs.push_back({"in", {40, 1, 2}, 1, false, 1});
  net.populations.push_back(test::random_population(rng, "map", 128, NeuronKind::kLif));
  net.populations.back().shape = {64, 1, 2};
  Convolution c{40, 64, 1, 2, 1, 1, {}};
  for (std::uint32_t k = 0; k < 40 * 64; ++k) c.weight.push_back(test::random_weight(rng, 8));
  net.projections.push_back(unrolled(c, InputId(0), PopulationId(0)));
  net.outputs.push_back({"out", {64, 1, 2}, PopulationId(0)});
  Chip chip;
  chip.tile.weight_words = 64;
  const Clustering clustering = partition(net, chip);
  EXPECT_GE(clustering.count[0], 6U);
  EXPECT_NE(clustering.order_of(0), NeuronOrder::kPosition);
  EXPECT_THAT(check(build_application(net, chip, clustering), net, chip), IsEmpty());
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
