// The second half of the contract suite (the first is core_contract.hpp): what a core answers beside its
// tables and its step, and what it refuses.
#pragma once

#include <cstdlib>
#include <regex>

#include "tests/core/core_contract.hpp"

namespace spikeloom::test {

inline device_model::Page joined(std::span<const device_model::Page> pages) {
  device_model::Page all;
  for (const device_model::Page& page : pages) all.insert(all.end(), page.begin(), page.end());
  return all;
}

/// Bits of a page as expectations: each is certain.
inline std::vector<double> certain(const device_model::Page& page) {
  std::vector<double> spikes;
  for (const std::uint16_t mask : page)
    for (std::uint32_t bit = 0; bit < 16; ++bit) spikes.push_back(mask >> bit & 1U);
  return spikes;
}

TEST_P(CoreContract, WhatNoTileHoldsIsRefused) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    const CoreCase c(inputs(), seed);
    const Layers layers = make_layers(c.net);
    for (std::size_t p = 0; p < c.net.populations.size(); ++p)
      EXPECT_THAT(core().problems(c.net, PopulationId(p), layers[p], c.chip.tile), testing::IsEmpty());
  }
  const std::vector<RefusedNetwork> all = inputs().refused();
  EXPECT_FALSE(all.empty());
  for (const RefusedNetwork& refused : all)
    EXPECT_THAT(
        core().problems(refused.network, PopulationId(0), make_layers(refused.network).front(), refused.tile),
        testing::Contains(testing::HasSubstr(refused.reason)));
}

TEST_P(CoreContract, AForeignTileIsNamed) {
  const std::vector<ForeignTile> all = inputs().foreign();
  EXPECT_FALSE(all.empty());
  for (const ForeignTile& foreign : all) {
    SCOPED_TRACE(foreign.reason);
    const Application app =
        build_application(foreign.network, foreign.chip, partition(foreign.network, foreign.chip, {}), {});
    EXPECT_THAT(core().mismatches(app.clusters.front(), foreign.chip.tile), testing::IsEmpty());
    EXPECT_THAT(core().mismatches(app.clusters.front(), foreign.tile),
                testing::Contains(testing::HasSubstr(foreign.reason)));
  }
}

/// Another tile that has nothing against the tables does with them what the first one does.
TEST_P(CoreContract, ATileReadsTablesAlikeOrSaysWhyNot) {
  std::size_t alike = 0, foreign = 0;
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    CoreCase c(inputs(), seed);
    const Chip other = inputs().chip(c.rng);
    for (const Cluster& cluster : c.app.clusters) {
      if (!core().mismatches(cluster, other.tile).empty()) {
        ++foreign;
        continue;
      }
      ++alike;
      const std::vector<MemoryWindow> windows = core().windows(other.tile);
      for (std::size_t w = 0; w < windows.size(); ++w)
        ASSERT_EQ(cluster.tables.windows[w].parts, windows[w].parts) << "window " << w;
      LoadedTile here(core(), c.chip, cluster, c.rng), there(core(), other, cluster, c.rng);
      for (std::size_t step = 0; step < 4; ++step) {
        const std::vector<device_model::Page> pages = {random_page(inputs(), cluster, c.rng)};
        ASSERT_EQ(list_of(here.fire(pages, step, step == 3)), list_of(there.fire(pages, step, step == 3)));
      }
    }
  }
  EXPECT_GT(alike, 10U);
  EXPECT_GT(foreign, 100U);
}

TEST_P(CoreContract, NumberingPutsTheSameNeuronsInAnotherOrder) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    CoreCase c(inputs(), seed);
    for (const IntPopulation& population : c.net.populations) {
      std::vector<std::uint32_t> neurons;
      for (std::uint32_t n = 0; n < population.size(); ++n)
        if (c.rng.chance(0.8)) neurons.insert(neurons.begin() + c.rng.below(neurons.size() + 1), n);
      const std::vector<std::uint32_t> before = neurons;
      core().number(population, c.chip.tile, neurons);
      EXPECT_TRUE(std::is_permutation(neurons.begin(), neurons.end(), before.begin(), before.end()));
    }
  }
}

/// Every axon has a weight to every neuron.
inline bool is_full(const Core& core, const Cluster& cluster, const TileConfig& tile) {
  bool full = true;
  (void)core.decode(cluster, tile, [&](std::size_t, std::uint32_t, auto row) {
    full = full && row.size() == cluster.size() &&
           std::none_of(row.begin(), row.end(), [](const auto& synapse) { return synapse.second == 0; });
  });
  return full;
}

/// Up to `grain` neurons take the same time on the page's bits, more of them do not. Where the core makes use
/// of narrow weights a cluster may gain by what its weights are, but not by the number of its neurons.
TEST_P(CoreContract, GrainNeuronsAreWorkedOnAtOnce) {
  std::map<std::uint32_t, std::pair<std::size_t, std::size_t>> larger;  // by grain: pairs, slower ones
  std::size_t equal = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng(seed);
    const IntNetwork net = inputs().network(rng, {2, 40});
    const Chip chip = inputs().chip(rng);
    const std::uint32_t grain = core().grain(chip.tile);
    ASSERT_GE(grain, 1U);
    std::vector<Cluster> clusters;
    for (const std::uint32_t most : {(grain + 1) / 2, grain, 2 * grain}) {
      PartitionOptions options;
      options.max_neurons = most;
      const Application app = build_application(net, chip, partition(net, chip, options), {});
      clusters.insert(clusters.end(), app.clusters.begin(), app.clusters.end());
    }
    for (const Cluster& a : clusters)
      for (const Cluster& b : clusters) {
        if (a.population != b.population || a.chunk_bits != b.chunk_bits || a.size() > grain) continue;
        const std::int64_t less = core().worst(a, chip.tile).integrate,
                           more = core().worst(b, chip.tile).integrate;
        if (b.size() > grain) {
          ++larger[grain].first;
          larger[grain].second += more > less ? 1 : 0;
        }
        if (b.size() > grain || a.size() == b.size()) continue;
        if (!inputs().narrows) {
          EXPECT_EQ(less, more) << a.size() << " and " << b.size() << " neurons";
        } else if (is_full(core(), a, chip.tile) && is_full(core(), b, chip.tile)) {
          EXPECT_LE(less, 2 * more) << a.size() << " and " << b.size() << " neurons";
          if (less != more) continue;
        } else {
          continue;
        }
        ++equal;
      }
  }
  EXPECT_GT(equal, 20U);
  EXPECT_GE(larger.size(), 2U);
  for (const auto& [grain, pairs] : larger) {
    if (pairs.first <= 10) continue;
    EXPECT_GT(pairs.second, 0U) << "of " << pairs.first << " pairs, grain " << grain;
  }
}

TEST_P(CoreContract, FewerPagesAreAFiringToo) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    CoreCase c(inputs(), seed);
    for (const Cluster& cluster : c.app.clusters) {
      SCOPED_TRACE(cluster.name);
      LoadedTile tile(core(), c.chip, cluster, c.rng);
      std::vector<device_model::Page> pages;
      FiringTime before;
      for (std::uint32_t p = 0; p < core().pages_per_firing(c.chip.tile); ++p) {
        pages.push_back(random_page(inputs(), cluster, c.rng));
        const FiringTime time = core().time(cluster, c.chip.tile, joined(pages), pages.size());
        EXPECT_EQ(tile.fire(pages, 15, false).time, time);
        EXPECT_GT(time.integrate, before.integrate) << pages.size() << " pages";
        EXPECT_GE(time.update, before.update);
        before = time;
      }
    }
  }
}

/// Where every spike is certain, what is expected comes about.
TEST_P(CoreContract, ExpectedIsExactWhereNothingIsLeftToChance) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    CoreCase c(inputs(), seed);
    const std::size_t number = core().pages_per_firing(c.chip.tile);
    for (const Cluster& cluster : c.app.clusters) {
      SCOPED_TRACE(cluster.name);
      const auto least = static_cast<double>(core().least(cluster, c.chip.tile).total());
      const auto most = static_cast<double>(core().worst(cluster, c.chip.tile).total()) - least;
      EXPECT_DOUBLE_EQ(core().expected(cluster, certain(cluster.chunk_bits)), most);
      EXPECT_EQ(worst_work(cluster, c.chip.tile),
                core().worst(cluster, c.chip.tile).total() - core().fixed(c.chip.tile).total());
      const device_model::Page page = random_page(inputs(), cluster, c.rng);
      const std::vector<device_model::Page> pages(number, page);
      const FiringTime time = core().time(cluster, c.chip.tile, joined(pages), number);
      EXPECT_DOUBLE_EQ(core().expected(cluster, certain(page)), static_cast<double>(time.total()) - least);
      std::vector<double> seldom = certain(cluster.chunk_bits);
      for (double& spike : seldom) spike *= c.rng.unit();
      const double expected = core().expected(cluster, seldom);
      EXPECT_GE(expected, 0);
      EXPECT_LE(expected, most + 1e-6);
    }
  }
}

/// The core's own counter, and the synapses that met a spike.
TEST_P(CoreContract, FiringsCountWhatThePagesAsk) {
  std::int64_t counted = 0, synapses = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    CoreCase c(inputs(), seed);
    for (const Cluster& cluster : c.app.clusters) {
      SCOPED_TRACE(cluster.name);
      LoadedTile tile(core(), c.chip, cluster, c.rng);
      std::map<std::pair<std::size_t, std::uint32_t>, std::int64_t> met;  // by chunk and bit
      (void)core().decode(cluster, c.chip.tile, [&](std::size_t chunk, std::uint32_t bit, auto row) {
        if (is_of_a_number(c, cluster, chunk)) return;
        for (const auto& [position, value] : row) met[{chunk, bit}] += value != 0 ? 1 : 0;
      });
      for (int trial = 0; trial < 4; ++trial) {
        std::vector<device_model::Page> pages;
        std::int64_t expected = 0;
        for (std::uint32_t p = 0; p < core().pages_per_firing(c.chip.tile); ++p) {
          pages.push_back(trial == 0 ? device_model::Page(cluster.page_chunks(), 0)
                                     : random_page(inputs(), cluster, c.rng));
          for (const auto& [at, number] : met)
            if ((pages.back()[at.first] >> at.second & 1U) != 0) expected += number;
        }
        const device_model::Firing firing = tile.fire(pages, 15, false);
        EXPECT_EQ(firing.counted, inputs().counted(cluster, pages));
        EXPECT_EQ(firing.synapses, expected);
        counted += firing.counted;
        synapses += firing.synapses;
      }
    }
  }
  EXPECT_GT(counted, 1000);
  EXPECT_GT(synapses, 1000);
}

/// A model does not go on with what it knew of memories and registers before they were written.
TEST_P(CoreContract, WhatIsWrittenAnewIsReadAnew) {
  std::size_t others = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    CoreCase c(inputs(), seed);
    const Cluster& before = c.app.clusters[c.rng.below(c.app.clusters.size())];
    const Cluster& after = c.app.clusters[c.rng.below(c.app.clusters.size())];
    LoadedTile tile(core(), c.chip, before, c.rng), fresh(core(), c.chip, after, c.rng);
    (void)tile.fire({random_page(inputs(), before, c.rng)}, 0, true);
    tile.load(core(), c.chip, after, c.rng);
    tile.model->invalidate();
    for (std::size_t step = 0; step < 4; ++step) {
      const std::vector<device_model::Page> pages = {random_page(inputs(), after, c.rng)};
      const device_model::Firing firing = tile.fire(pages, step, step == 3);
      ASSERT_EQ(list_of(firing), list_of(fresh.fire(pages, step, step == 3)));
      others += firing.out.size();
    }
  }
  EXPECT_GT(others, 100U);
}

TEST_P(CoreContract, ReportsAreOfTheTables) {
  const Core::Counter counter = core().counter();
  EXPECT_TRUE(std::regex_match(std::string(counter.name), std::regex("[a-z][a-z_]*"))) << counter.name;
  EXPECT_FALSE(counter.counts.empty());
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    CoreCase c(inputs(), seed);
    for (const Cluster& cluster : c.app.clusters) {
      SCOPED_TRACE(cluster.name);
      const std::vector<std::string> lines = core().describe(cluster);
      ASSERT_EQ(lines.size(), 2U);
      EXPECT_THAT(lines[0], testing::StartsWith("tables: "));
      EXPECT_THAT(lines[1], testing::AllOf(testing::StartsWith("work: "), testing::HasSubstr(" cycles")));
      for (const std::uint64_t amount : core().amounts(cluster, c.chip.tile))
        EXPECT_THAT(lines[0], testing::HasSubstr(" " + std::to_string(amount) + " "));

      // Every axon an element of its own, and but some of them.
      std::vector<std::uint16_t> some = cluster.chunk_bits;
      for (std::uint16_t& bits : some) bits = static_cast<std::uint16_t>(bits & c.rng.next());
      const WeightWords all = core().weight_words(cluster, cluster.chunk_bits);
      const WeightWords fewer = core().weight_words(cluster, some);
      EXPECT_EQ(all.stored, amount_of(cluster, c.chip.tile, inputs().weights));
      EXPECT_EQ(fewer.stored, all.stored);
      EXPECT_EQ(fewer.per_word, all.per_word);
      EXPECT_LE(fewer.unrolled, all.unrolled);
      std::uint64_t rows = 0, weights = 0;
      (void)core().decode(cluster, c.chip.tile, [&](std::size_t chunk, std::uint32_t, auto row) {
        if (is_of_a_number(c, cluster, chunk)) return;
        ++rows;
        for (const auto& [position, value] : row) weights += value != 0 ? 1 : 0;
      });
      EXPECT_GE(all.unrolled * all.per_word * 8, weights) << "not a bit a weight";
      const std::uint64_t grain = core().grain(c.chip.tile);
      EXPECT_LE(all.unrolled, rows * ((cluster.size() + grain - 1) / grain)) << "more than a row an axon";
    }
  }
}

}  // namespace spikeloom::test
