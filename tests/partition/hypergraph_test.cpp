// Bisection and what is built of it: balance, quality against brute force and planted cuts, the same on any
// number of threads.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <numeric>
#include <optional>
#include <set>

#include "compiler/partition/multilevel.hpp"
#include "compiler/partition/partition.hpp"
#include "tests/partition/random_network.hpp"

namespace spikeloom {
namespace {

Hypergraph random_hypergraph(Rng& rng, std::size_t vertices, std::size_t nets, std::uint32_t heaviest) {
  Hypergraph graph;
  for (std::size_t v = 0; v < vertices; ++v)
    graph.weight.push_back(1 + static_cast<std::uint32_t>(rng.below(heaviest)));
  for (std::size_t e = 0; e < nets; ++e) {
    std::vector<std::uint32_t> pins(vertices);
    std::iota(pins.begin(), pins.end(), 0U);
    rng.shuffle(pins);
    pins.resize(2 + rng.below(std::min<std::size_t>(vertices - 1, 6)));
    graph.pin.insert(graph.pin.end(), pins.begin(), pins.end());
    graph.begin.push_back(graph.pin.size());
    graph.cost.push_back(rng.between(1, 20));
  }
  return graph;
}

std::uint64_t weight_of_zero(const Hypergraph& graph, const std::vector<std::uint8_t>& side) {
  std::uint64_t zero = 0;
  for (std::size_t v = 0; v < side.size(); ++v) zero += side[v] == 0 ? graph.weight[v] : 0;
  return zero;
}

TEST(Bisection, OfSmallGraphsIsNearlyAlwaysTheBestThereIs) {
  int best = 0, trials = 0;
  double found_sum = 0, least_sum = 0;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    Rng rng(seed);
    const std::size_t n = 4 + rng.below(9);
    const Hypergraph graph = random_hypergraph(rng, n, 2 * n, 1);
    const Balance balance{n / 2 - n / 6, n / 2 + n / 6};
    std::int64_t least = -1;
    for (std::uint32_t mask = 0; mask < 1U << n; ++mask) {
      std::vector<std::uint8_t> side(n);
      for (std::size_t v = 0; v < n; ++v) side[v] = mask >> v & 1U;
      const std::uint64_t zero = weight_of_zero(graph, side);
      if (zero < balance.least || zero > balance.most) continue;
      const std::int64_t price = cut(graph, side);
      if (least < 0 || price < least) least = price;
    }
    const std::vector<std::uint8_t> side = bisect(graph, balance, rng);
    ASSERT_GE(weight_of_zero(graph, side), balance.least) << "seed " << seed;
    ASSERT_LE(weight_of_zero(graph, side), balance.most) << "seed " << seed;
    const std::int64_t found = cut(graph, side);
    ASSERT_GE(found, least);
    best += found == least ? 1 : 0;
    found_sum += static_cast<double>(found);
    least_sum += static_cast<double>(least);
    ++trials;
  }
  EXPECT_GE(best, trials * 95 / 100);
  EXPECT_LE(found_sum, 1.01 * least_sum);
}

TEST(Bisection, KeepsTheBalanceExactlyWhereVerticesAreLight) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    Rng rng(seed);
    const std::size_t n = 2 + rng.below(600);
    const Hypergraph graph = random_hypergraph(rng, n, rng.below(3 * n), 1);
    const std::uint64_t wanted = rng.below(n + 1);
    Rng again = rng;
    const std::vector<std::uint8_t> side = bisect(graph, {wanted, wanted}, rng);
    EXPECT_EQ(weight_of_zero(graph, side), wanted) << "seed " << seed;
    EXPECT_EQ(bisect(graph, {wanted, wanted}, again), side) << "seed " << seed;
  }
}

TEST(Bisection, FindsAPlantedCut) {
  for (const std::uint32_t pins : {4U, 1000U}) {  // with drawn nets, and with all of them
    Rng rng(5);
    constexpr std::size_t kHalf = 1500;
    std::vector<std::uint32_t> name(2 * kHalf);
    std::iota(name.begin(), name.end(), 0U);
    rng.shuffle(name);
    Hypergraph graph;
    graph.weight.assign(2 * kHalf, 1);
    const auto add = [&](std::vector<std::uint32_t> pins_of) {
      std::sort(pins_of.begin(), pins_of.end());
      pins_of.erase(std::unique(pins_of.begin(), pins_of.end()), pins_of.end());
      graph.pin.insert(graph.pin.end(), pins_of.begin(), pins_of.end());
      graph.begin.push_back(graph.pin.size());
      graph.cost.push_back(1);
    };
    for (std::size_t e = 0; e < 4 * kHalf; ++e) {
      const std::size_t half = e % 2;
      std::vector<std::uint32_t> some;
      for (int k = 0; k < 6; ++k) some.push_back(name[half * kHalf + rng.below(kHalf)]);
      some.push_back(name[half * kHalf + e / 4]);
      add(some);
    }
    constexpr std::int64_t kCrossing = 40;
    for (int e = 0; e < kCrossing; ++e) add({name[rng.below(kHalf)], name[kHalf + rng.below(kHalf)]});
    const std::vector<std::uint8_t> side = bisect(graph, {kHalf - 30, kHalf + 30}, rng, {.pins = pins});
    EXPECT_LE(cut(graph, side), kCrossing);
  }
}

TEST(Bisection, PartsKeepTheirNets) {
  Rng rng(3);
  const Hypergraph graph = random_hypergraph(rng, 30, 50, 4);
  std::vector<std::uint32_t> vertices;
  for (std::uint32_t v = 0; v < 30; v += 2) vertices.push_back(v);
  const Hypergraph part = part_of(graph, vertices);
  std::size_t net = 0;
  for (std::size_t e = 0; e < graph.nets(); ++e) {
    std::vector<std::uint32_t> kept;
    for (const std::uint32_t v : graph.pins(e))
      if (v % 2 == 0) kept.push_back(v / 2);
    if (kept.size() < 2) continue;
    ASSERT_LT(net, part.nets());
    EXPECT_THAT(part.pins(net), testing::ElementsAreArray(kept));
    EXPECT_EQ(part.cost[net++], graph.cost[e]);
  }
  EXPECT_EQ(net, part.nets());
}

TEST(Grouping, ByBisectionKeepsToTheCapAndRanksEveryNeuronOnce) {
  for (std::uint64_t seed = 1; seed <= 80; ++seed) {
    Rng rng(seed);
    const std::size_t n = 2 + rng.below(300);
    const Hypergraph graph = random_hypergraph(rng, n, 2 * n, 1);
    const auto clusters = static_cast<std::uint32_t>(1 + rng.below(std::min<std::size_t>(n, 20)));
    const auto cap = static_cast<std::uint32_t>((n + clusters - 1) / clusters + rng.below(5));
    const Grouping grouping = group_by_bisection(graph, clusters, cap, rng);
    std::vector<std::uint32_t> size(clusters, 0);
    for (const std::uint32_t c : grouping.of) ++size.at(c);
    for (const std::uint32_t s : size)
      EXPECT_TRUE(s >= 1 && s <= cap) << "seed " << seed << ": " << s << " of " << cap;
    std::vector<std::uint32_t> rank = grouping.rank;
    std::sort(rank.begin(), rank.end());
    for (std::uint32_t i = 0; i < n; ++i) ASSERT_EQ(rank[i], i);
  }
}

TEST(Grouping, TheCutOfAGraphIsTheTrafficButForWhatEveryPartitionPays) {
  Rng rng(9);
  IntNetwork net = test::random_network(rng, {3, 40});
  for (std::size_t p = 0; p < net.populations.size(); ++p) {
    const Edges edges = edges_into(net, make_layers(net)[p], PopulationId(p), std::nullopt);
    const std::size_t n = net.populations[p].size();
    const Hypergraph graph = hypergraph_of(edges, n);
    std::vector<std::uint8_t> side(n);
    std::optional<double> constant;
    for (int trial = 0; trial < 20; ++trial) {
      for (std::uint8_t& s : side) s = rng.chance(0.5) ? 1 : 0;
      const double traffic =
          cut(edges, {side.begin(), side.end()}) - static_cast<double>(cut(graph, side)) / 65537;
      if (!constant) constant = traffic;
      EXPECT_NEAR(traffic, *constant, 1e-9);
    }
  }
}

/// Neurons in hidden groups, each a source of a net: most pins are of its own group, few of others.
TEST(Grouping, FindsPlantedCommunities) {
  constexpr std::uint32_t kGroups = 12, kSize = 64, kNeurons = kGroups * kSize;
  Rng rng(31);
  std::vector<std::uint32_t> name(kNeurons);
  std::iota(name.begin(), name.end(), 0U);
  rng.shuffle(name);
  Hypergraph graph;
  graph.weight.assign(kNeurons, 1);
  std::vector<std::uint32_t> planted(kNeurons);
  for (std::uint32_t j = 0; j < kNeurons; ++j) planted[name[j]] = j / kSize;
  for (std::uint32_t s = 0; s < kNeurons; ++s) {
    for (std::uint32_t j = 0; j < kNeurons; ++j)
      if (j == s || rng.chance(planted[j] == planted[s] ? 0.3 : 0.004)) graph.pin.push_back(j);
    graph.begin.push_back(graph.pin.size());
    graph.cost.push_back(1);
  }
  const auto traffic = [&](const std::vector<std::uint32_t>& of) {
    std::int64_t total = 0;
    for (std::size_t e = 0; e < graph.nets(); ++e) {
      std::set<std::uint32_t> reached;
      for (const std::uint32_t v : graph.pins(e)) reached.insert(of[v]);
      total += static_cast<std::int64_t>(reached.size()) - 1;
    }
    return total;
  };
  const Grouping grouping = group_by_bisection(graph, kGroups, kSize, rng);
  EXPECT_LE(static_cast<double>(traffic(grouping.of)), 1.05 * static_cast<double>(traffic(planted)));
}

/// A ring of neurons that each read 8 near sources, in shuffled order.
IntNetwork ring(std::uint32_t n) {
  Rng rng(21);
  std::vector<std::uint32_t> name(n);
  std::iota(name.begin(), name.end(), 0U);
  rng.shuffle(name);
  IntNetwork net;
  net.name = "ring";
  net.inputs.push_back({"in", {n}, 1, false, 1});
  for (std::size_t p = 0; p < 2; ++p) {
    IntPopulation population = test::random_population(rng, "p" + std::to_string(p), n, NeuronKind::kIf);
    for (auto* values : {&population.beta, &population.theta, &population.v_reset, &population.bias_v})
      std::fill(values->begin(), values->end(), values->front());
    net.populations.push_back(population);
    std::vector<std::vector<std::uint32_t>> targets(n);
    for (std::uint32_t j = 0; j < n; ++j)
      for (std::uint32_t k = 0; k < 8; ++k) targets[name[(j + k) % n]].push_back(name[j]);
    IntProjection projection;
    projection.name = "near";
    projection.from = p == 0 ? Source(InputId(0)) : Source(PopulationId(0));
    projection.to = PopulationId(p);
    SparseMap map{n, {0}, {}};
    for (auto& row : targets) {
      std::sort(row.begin(), row.end());
      for (const std::uint32_t t : row) {
        map.target.push_back(t);
        projection.weight.push_back(test::random_weight(rng, 8));
      }
      map.end_row();
    }
    projection.form = MapForm(std::move(map));
    net.projections.push_back(projection);
  }
  net.outputs.push_back({"out", {n}, PopulationId(1)});
  return net;
}

TEST(Multilevel, CutsAShuffledRingNearlyAsWellAsWhoKnowsIt) {
  const IntNetwork net = ring(1024);
  PartitionOptions options;
  options.max_neurons = 64;
  const double multilevel = cut(net, partition(net, Chip{}, options));
  options.method = PartitionMethod::kGreedy;
  const double greedy = cut(net, partition(net, Chip{}, options));
  // 2 populations · 1024 sources, and 7 more for every border between clusters.
  const double ideal = 2 * (1024 + 16 * 7);
  EXPECT_GE(multilevel, ideal);
  EXPECT_LE(multilevel, 1.05 * ideal);
  EXPECT_LE(multilevel, greedy);
}

TEST(Multilevel, TakesNoLaneGroupMoreThanEvenClustersNeed) {
  const IntNetwork net = ring(512);
  PartitionOptions options;
  options.least_clusters = {32, 32};
  for (const PartitionMethod method : {PartitionMethod::kMultilevel, PartitionMethod::kRefined}) {
    options.method = method;
    const Application app = build_application(net, Chip{}, partition(net, Chip{}, options));
    for (const Cluster& cluster : app.clusters)
      EXPECT_LE(cluster.size(), core_of(cluster).grain(Chip{}.tile))
          << cluster.name << ", " << cluster.size() << " neurons";
  }
}

TEST(Multilevel, IsTheSameOnAnyNumberOfThreads) {
  const IntNetwork net = ring(512);
  PartitionOptions options;
  options.max_neurons = 40;
  std::optional<Clustering> first;
  for (const char* threads : {"1", "2", "7"}) {
    setenv("SPIKELOOM_THREADS", threads, 1);
    const Clustering clustering = partition(net, Chip{}, options);
    if (!first) first = clustering;
    EXPECT_EQ(clustering, *first) << threads << " threads";
  }
  unsetenv("SPIKELOOM_THREADS");
}

TEST(Multilevel, HalvesOnlyClustersThatDoNotFit) {
  IntNetwork net = ring(512);
  Rng rng(4);
  // One neuron in eight reads everything: where they gather, weights run out.
  net.projections.push_back(test::random_projection(rng, InputId(0), 512, PopulationId(0), 512, 8, 0.0));
  IntProjection& dense = net.projections.back();
  SparseMap map{512, {0}, {}};
  for (std::uint32_t s = 0; s < 512; ++s) {
    for (std::uint32_t j = 0; j < 512; j += 8) {
      map.target.push_back(j);
      dense.weight.push_back(1);
    }
    map.end_row();
  }
  dense.form = MapForm(std::move(map));
  Chip chip;
  chip.tile.axon_entries = 16384;
  chip.tile.weight_words = 1024;
  const Clustering clustering = partition(net, chip);
  const Application app = build_application(net, chip, clustering);
  EXPECT_THAT(check(app, net, chip), testing::IsEmpty());
  std::size_t largest = 0, smallest = 512;
  for (const Cluster& cluster : app.clusters) {
    EXPECT_TRUE(excesses(cluster, chip).empty());
    if (cluster.population != PopulationId(0)) continue;
    largest = std::max(largest, cluster.size());
    smallest = std::min(smallest, cluster.size());
  }
  EXPECT_LT(smallest, largest);
}

}  // namespace
}  // namespace spikeloom
