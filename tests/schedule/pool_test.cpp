// Whose work a pooled contract pays for.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "compiler/core/core.hpp"
#include "compiler/map/map.hpp"
#include "compiler/partition/partition.hpp"
#include "compiler/schedule/pool.hpp"
#include "compiler/schedule/schedule.hpp"
#include "compiler/sdf/regulation.hpp"
#include "tests/chips/chip_named.hpp"
#include "tests/partition/random_network.hpp"

namespace spikeloom {
namespace {

using test::chip_named;

constexpr std::size_t kA = 0, kB = 1, kQ = 2;  // clusters, one a population

/// in -> A, in -> B, A -> Q: A and B work alike. A stands on tile 0, B and Q on tile 1, in this order or Q
/// first.
Image two_alike(bool reader_first, std::size_t neurons_of_b = 8, bool another_program = false) {
  Rng rng(1);
  IntNetwork net;
  net.name = "alike";
  net.inputs.push_back({});
  net.inputs.back().name = "in";
  net.inputs.back().shape = {16};
  const std::size_t sizes[] = {8, neurons_of_b, 8};
  for (std::size_t p = 0; p < 3; ++p)
    net.populations.push_back(
        test::random_population(rng, std::string(1, "abq"[p]), sizes[p], NeuronKind::kIf));
  if (neurons_of_b == sizes[kA]) {  // as many update entries
    net.populations[kB] = net.populations[kA];
    net.populations[kB].name = "b";
  }
  if (another_program)  // neurons of one group with parameters of their own: an entry for each
    for (std::size_t n = 0; n < neurons_of_b; ++n)
      net.populations[kB].theta[n] += static_cast<std::int32_t>(n);
  for (const std::size_t p : {kA, kB})
    net.projections.push_back(test::random_projection(rng, InputId{0}, 16, PopulationId{p}, sizes[p], 8, 1));
  net.projections.push_back(test::random_projection(rng, PopulationId{kA}, 8, PopulationId{kQ}, 8, 8, 1));
  net.outputs.push_back({"b", {neurons_of_b}, PopulationId{kB}});
  net.outputs.push_back({"q", {8}, PopulationId{kQ}});
  Image image;
  image.chip = chip_named("row");
  image.application = build_application(net, image.chip, partition(net, image.chip, {}), {});
  MapOptions options;
  options.places = {TileId{0}, TileId{1}, TileId{1}};
  MapResult mapped = try_map(image.application, image.chip, options);
  EXPECT_TRUE(mapped.binding) << mapped.reason;
  image.binding = *std::move(mapped.binding);
  auto& order = image.binding.orders.at(1);
  EXPECT_EQ(order.size(), 2U);
  if ((order.front().cluster == ClusterId{kQ}) != reader_first) std::swap(order.front(), order.back());
  EXPECT_TRUE(std::holds_alternative<Promise>(guarantee(image)));
  return image;
}

Pool with_tile_0_pooled(const Image& image) {
  TileBounds bounds(2);
  bounds[0] = TileBound{100 * kTimeScale, 0, true};
  return pool_of(image, bounds, timing_graph(image, {}));
}

TEST(Pool, PaysForAClusterElsewhereThatWorksAlike) {
  const Pool pool = with_tile_0_pooled(two_alike(false));
  EXPECT_THAT(pool.paid, ::testing::ElementsAre(1, 1, 0));
  EXPECT_THAT(pool.tiles, ::testing::ElementsAre(TileId{0}));
}

/// A, then Q, which reads it, then B behind Q in their tile's order: a path meets the work of A and of B in
/// one step.
TEST(Pool, PaysOnceOnAPath) {
  EXPECT_THAT(with_tile_0_pooled(two_alike(true)).paid, ::testing::ElementsAre(1, 0, 0));
}

/// As many rows, but longer ones.
TEST(Pool, PaysForNoneThatWorksMore) {
  const Image image = two_alike(false, 24);
  EXPECT_THAT(with_tile_0_pooled(image).paid, ::testing::ElementsAre(1, 0, 0));
}

/// The same rows, but more update entries.
TEST(Pool, PaysForNoneWhoseUpdateTakesLonger) {
  const Image image = two_alike(false, 8, true);
  const auto time = [&](std::size_t c) {
    const Cluster& cluster = image.application.clusters[c];
    return core_of(cluster).least(cluster, image.chip.kind(cluster.kind));
  };
  ASSERT_EQ(time(kA).integrate, time(kB).integrate);
  ASSERT_NE(time(kA).update, time(kB).update);
  EXPECT_FALSE(works_alike(image.application.clusters[kA], image.application.clusters[kB]));
  EXPECT_THAT(with_tile_0_pooled(image).paid, ::testing::ElementsAre(1, 0, 0));
}

TEST(Pool, WorkingAlikeNeedsEveryFieldThatTimesFollowFrom) {
  const Image image = two_alike(false);
  const Cluster &a = image.application.clusters[kA], &b = image.application.clusters[kB];
  ASSERT_TRUE(works_alike(a, b));
  const auto unlike = [&](const std::function<void(Cluster&)>& change) {
    Cluster other = b;
    change(other);
    return !works_alike(a, other) && !works_alike(other, a);
  };
  EXPECT_TRUE(unlike([](Cluster& c) { ++c.kind; }));
  EXPECT_TRUE(unlike([](Cluster& c) { ++c.inbound[0].delay; }));
  EXPECT_TRUE(unlike([](Cluster& c) { ++c.inbound[0].source_first; }));
  EXPECT_TRUE(unlike([](Cluster& c) { c.inbound[0].from = ClusterId{kQ}; }));
  EXPECT_TRUE(unlike([](Cluster& c) { c.chunk_bits[0] &= 0x7FFF; }));
  EXPECT_TRUE(unlike([](Cluster& c) { c.limit[0] -= 1; }));
}

/// in -> a, in -> b, with 64 neurons each that differ in nothing but the weights from the input to b: these
/// reach the first `reached` neurons.
Application readers_alike(std::uint32_t reached) {
  Rng rng(1);
  IntNetwork net;
  net.name = "alike";
  net.inputs.push_back({});
  net.inputs.back().name = "in";
  net.inputs.back().shape = {16};
  constexpr std::uint32_t kNeurons = 64;
  net.populations.push_back(test::random_population(rng, "a", kNeurons, NeuronKind::kIf));
  net.populations.push_back(net.populations[kA]);
  net.populations[kB].name = "b";
  for (const std::size_t p : {kA, kB}) {
    IntProjection projection = test::random_projection(rng, InputId{0}, 1, PopulationId{p}, 1, 8, 0);
    SparseMap map{kNeurons, {0}, {}};
    for (int source = 0; source < 16; ++source) {
      for (std::uint32_t target = 0; target < (p == kA ? kNeurons : reached); ++target) {
        map.target.push_back(target);
        projection.weight.push_back(1);
      }
      map.end_row();
    }
    projection.form = MapForm(std::move(map));
    projection.shift = 0;
    net.projections.push_back(std::move(projection));
    net.outputs.push_back({net.populations[p].name, {kNeurons}, PopulationId{p}});
  }
  const Chip chip = chip_named("row");
  return build_application(net, chip, partition(net, chip, {}), {});
}

/// As many rows and update entries and the same page, but rows of one word in place of four.
TEST(Pool, RowsOfOtherTimesAreNotAlike) {
  for (const auto& [reached, alike] : {std::pair{64U, true}, {16U, false}}) {
    const std::vector<Cluster> clusters = readers_alike(reached).clusters;
    ASSERT_EQ(clusters.size(), 2U);
    EXPECT_EQ(works_alike(clusters[kA], clusters[kB]), alike) << reached;
    EXPECT_EQ(works_alike(clusters[kB], clusters[kA]), alike) << reached;
  }
}

struct Search {
  std::vector<TileBound> steady;  ///< by tile: the contract with the least rho that the samples keep
  Contracted found;
  Ratio best, best_apart;  ///< periods of all mixes of contracts, and of those without a pool
};

/// Every firing takes its least and `share` eighths of what its worst case is above that.
Search searched(const Image& image, std::int64_t share) {
  const Promise guaranteed = std::get<Promise>(guarantee(image));
  Search search;
  MeasuredWork work(2);
  for (std::size_t t = 0; t < work.size(); ++t) {
    std::vector<std::int64_t> sample, scaled;
    std::int64_t sum = 0;
    for (const OrderEntry& entry : image.binding.orders[t]) {
      const Cluster& cluster = image.application.clusters[entry.cluster.index()];
      const Core& core = core_of(cluster);
      const std::int64_t least = core.least(cluster, image.chip.kind(cluster.kind)).total();
      const std::int64_t worst = core.worst(cluster, image.chip.kind(cluster.kind)).total();
      sample.push_back(least + (worst - least) * share / 8);
      scaled.push_back(sample.back() * kTimeScale);
      sum += scaled.back();
    }
    work[t].push_back(sample);
    const std::int64_t rho = Ratio(sum, static_cast<std::int64_t>(scaled.size())).ceil();
    search.steady.push_back({rho, std::get<std::int64_t>(sdf::least_sigma({scaled}, rho))});
  }
  search.best = search.best_apart = guaranteed.period;
  for (int mix = 0; mix < 9; ++mix) {
    TileBounds bounds(2);
    const int kinds[] = {mix % 3, mix / 3};  // none, its own, pooled
    for (std::size_t t = 0; t < 2; ++t)
      if (kinds[t] != 0) bounds[t] = TileBound{search.steady[t].rho, search.steady[t].sigma, kinds[t] == 2};
    const Ratio period = promise_under(image, guaranteed, bounds).period;
    search.best = std::min(search.best, period);
    if (kinds[0] != 2 && kinds[1] != 2) search.best_apart = std::min(search.best_apart, period);
  }
  search.found = contract(image, guaranteed, work, {.order = SampleOrder::kAny, .margin_percent = 0});
  return search;
}

/// Each tile without a contract, with one of its own or with one in the pool: no mix promises a shorter
/// period than what was found. There are images where a pool is needed for it, and others where none is.
TEST(ContractSearch, FindsNoLongerPeriodThanAnyMix) {
  int pooled = 0, own = 0;
  for (const bool reader_first : {false, true})
    for (std::int64_t share = 0; share < 8; ++share) {
      SCOPED_TRACE("reader first " + std::to_string(reader_first) + ", share " + std::to_string(share));
      const Search search = searched(two_alike(reader_first), share);
      EXPECT_LE(search.found.promise.period, search.best);
      const bool has_pool = std::any_of(search.found.bounds.begin(), search.found.bounds.end(),
                                        [](const auto& bound) { return bound && bound->pooled; });
      EXPECT_TRUE(has_pool || search.best == search.best_apart);
      pooled += search.best < search.best_apart;
      own += !has_pool && std::any_of(search.found.bounds.begin(), search.found.bounds.end(),
                                      [](const auto& bound) { return bound.has_value(); });
    }
  EXPECT_GT(pooled, 0);
  EXPECT_GT(own, 0);
}

}  // namespace
}  // namespace spikeloom
