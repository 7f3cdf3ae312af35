// What partitioning, tables and checks cost of a convolution: work in rows and weights, not in synapses.
// Counted, not timed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compiler/core/core.hpp"
#include "compiler/linear/sums.hpp"
#include "compiler/partition/block_cost.hpp"
#include "compiler/partition/check_application.hpp"
#include "compiler/partition/partition.hpp"
#include "compiler/verify/decode_tables.hpp"
#include "tests/partition/random_network.hpp"

namespace spikeloom {
namespace {

using testing::IsEmpty;

constexpr std::uint32_t kChannels = 32;

/// A kernel of 3×3 between two maps of 32 channels.
IntNetwork convolution(std::uint32_t side) {
  Rng rng(1);
  IntNetwork net;
  net.name = "convolution";
  net.inputs.push_back({"in", {kChannels, side, side}, 1, false, 1});
  net.populations.push_back(
      test::random_population(rng, "map", std::size_t{kChannels} * side * side, NeuronKind::kLif));
  net.populations.back().shape = {kChannels, side, side};
  WindowMap window;
  window.inputs = window.outputs = kChannels;
  window.in = window.out = {side, side};
  window.kernel = {3, 3};
  window.before = {1, 1};
  IntProjection p;
  p.name = "conv";
  p.from = InputId(0);
  p.to = PopulationId(0);
  p.form = MapForm(window);
  for (std::size_t k = 0; k < p.form.weights(); ++k) p.weight.push_back(test::random_weight(rng, 8));
  net.projections.push_back(std::move(p));
  net.outputs.push_back({"out", {kChannels, side, side}, PopulationId(0)});
  return net;
}

Chip large_chip() {
  Chip chip;
  chip.chunk_index_bits = 12;
  chip.tile.groups = 4096;
  chip.tile.page_chunks = 4096;
  chip.tile.axon_entries = 1U << 16U;
  chip.tile.chunk_entries = 1U << 14U;
  chip.tile.weight_words = 1U << 16U;
  chip.tile.update_entries = chip.tile.state_words = 1U << 14U;
  chip.tile.out_entries = 4096;
  chip.tile.acc_bits = 24;
  return chip;
}

struct Work {
  std::uint64_t synapses = 0, priced = 0, built = 0, checked = 0, verified = 0;
};

/// Cut into four blocks by position.
Work work_of(std::uint32_t side) {
  const IntNetwork net = convolution(side);
  const Chip chip = large_chip();
  const Layers layers = make_layers(net);
  const MapExtent map = map_extent(net.populations[0].shape);
  const Grid grid{{2, 1}, {2, 1}, 1};
  const Clustering clustering{{4}, {cut_map(map, grid)}, {NeuronOrder::kPosition}, {}, {}};
  const Skeleton skeleton = make_skeleton(net, chip, clustering);
  const std::optional<Traffic> unmeasured;
  Work work;
  work.synapses = count_synapses(net.projections[0].form, net.projections[0].weight);
  BlockPricer pricer(net, layers[0], PopulationId(0), chip.tile, skeleton, unmeasured);
  EXPECT_GT(pricer.cost(grid).words, 0);
  work.priced = pricer.looks();
  const Reach reach(layers[0], skeleton, PopulationId(0));
  for (std::size_t c = 0; c < 4; ++c) (void)build_cluster(net, chip, layers, skeleton, reach, c, &work.built);
  const Application app = build_application(net, chip, clustering);
  const CheckedApplication checked = check_counted(app, net, chip);
  EXPECT_THAT(checked.faults, IsEmpty());
  work.checked = checked.looks;
  const DecodedTables decoded = decode_tables(app, chip);
  EXPECT_THAT(decoded.faults, IsEmpty());
  EXPECT_EQ(decoded.synapses, work.synapses);
  work.verified = decoded.looks;
  return work;
}

TEST(Work, OfAConvolutionIsInRowsAndWeights) {
  const Work small = work_of(16), large = work_of(32);
  ASSERT_GT(large.synapses, 9U * kChannels * kChannels * 30 * 30 / 2);
  // Four times the positions: as many weights, cut off by the edges of a block in as many ways.
  EXPECT_EQ(large.built, small.built);
  EXPECT_LT(large.built, large.synapses / 8);
  // Rows and places grow with the positions, synapses do with the channels besides.
  EXPECT_LT(large.priced, large.synapses / 8);
  EXPECT_LT(large.checked, large.synapses / 8);
  EXPECT_LT(large.verified, large.synapses / 8);
}

}  // namespace
}  // namespace spikeloom
