#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <numeric>

#include "compiler/base/error.hpp"
#include "compiler/core/core.hpp"
#include "compiler/map/levels.hpp"
#include "compiler/map/load.hpp"
#include "compiler/map/map.hpp"
#include "compiler/map/routes.hpp"
#include "compiler/partition/partition.hpp"
#include "tests/partition/random_network.hpp"

namespace spikeloom {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

struct Mapped {
  IntNetwork net;
  Chip chip;
  Application app;
};

/// A random network in as many clusters as its tiles like.
Mapped random_application(Rng& rng) {
  Mapped m{test::random_network(rng, {4, 60}), test::random_chip(rng), {}};
  PartitionOptions options;
  options.seed = rng.next();
  if (rng.chance(0.6)) options.max_neurons = 12 + static_cast<std::uint32_t>(rng.below(40));
  BuildOptions build;
  if (rng.chance(0.3)) build.record = {PopulationId(0)};
  m.app = build_application(m.net, m.chip, partition(m.net, m.chip, options), build);
  return m;
}

TEST(Map, EveryBindingOfRandomApplicationsIsSound) {
  int mapped = 0;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng(seed);
    const Mapped m = random_application(rng);
    const MapResult result = map(m.app, m.chip, {.seed = seed});
    if (!result.binding) {
      EXPECT_THAT(result.reason, testing::Not(IsEmpty()));
      continue;
    }
    ++mapped;
    ASSERT_THAT(check(m.app, *result.binding, m.chip), IsEmpty());
    for (const Channel& channel : result.binding->channels) EXPECT_FALSE(channel.slots.empty());
  }
  std::cout << mapped << " of 200 fit their chip\n";
  EXPECT_GT(mapped, 150);
}

/// Neuron by neuron and tile by tile: who reads whom is asked of the clusters, not of the channels.
TEST(NetworkLoad, CountsASpikeOnceForEveryClusterThatReadsItElsewhere) {
  int crossing = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    Rng rng(seed);
    Mapped m = random_application(rng);
    for (Cluster& cluster : m.app.clusters)
      for (std::size_t p = 0; p < cluster.size(); ++p) cluster.activity.push_back(rng.unit());
    const MapResult result = map(m.app, m.chip, {.seed = seed});
    if (!result.binding) continue;
    const auto tile = [&](std::size_t c) { return result.binding->placement[c].tile; };
    double between = 0, hops_of_all = 0;
    for (std::size_t c = 0; c < m.app.clusters.size(); ++c) {
      const double spikes =
          std::accumulate(m.app.clusters[c].activity.begin(), m.app.clusters[c].activity.end(), 0.0);
      for (std::size_t r = 0; r < m.app.clusters.size(); ++r)
        for (const Inbound& inbound : m.app.clusters[r].inbound)
          if (inbound.from == ClusterId(c)) {
            if (tile(c) != tile(r)) between += spikes;
            hops_of_all += spikes * hops(m.chip, 1 + tile(c).value, 1 + tile(r).value);
          }
      if (std::count(m.app.sinks.begin(), m.app.sinks.end(), ClusterId(c)) != 0)
        hops_of_all += spikes * hops(m.chip, 1 + tile(c).value, 0);
    }
    for (std::size_t r = 0; r < m.app.clusters.size(); ++r)
      for (const Inbound& inbound : m.app.clusters[r].inbound) {
        if (inbound.from) continue;
        for (const StreamInput& input : m.app.inputs)
          for (std::size_t a = input.first_axon; a < input.first_axon + volume(input.shape) * input.planes;
               ++a)
            if (a / 16 >= inbound.source_first && a / 16 < inbound.source_first + inbound.source_count)
              hops_of_all += hops(m.chip, 0, 1 + tile(r).value);
      }
    const NetworkLoad load = network_load(m.app, *result.binding);
    EXPECT_NEAR(load.between_tiles, between, 1e-9 * (1 + between)) << "seed " << seed;
    EXPECT_NEAR(load.hops, hops_of_all, 1e-9 * (1 + hops_of_all)) << "seed " << seed;
    crossing += between > 0 ? 1 : 0;
  }
  EXPECT_GT(crossing, 20);
}

TEST(Map, IsAFunctionOfItsSeed) {
  Rng rng(4);
  const Mapped m = random_application(rng);
  EXPECT_EQ(map(m.app, m.chip, {.seed = 9}).binding, map(m.app, m.chip, {.seed = 9}).binding);
}

TEST(Levels, CountTheConnectionsOfThisStep) {
  Application app;
  app.clusters.resize(5);
  const auto reads = [&](std::size_t c, std::size_t from, std::uint32_t delay) {
    app.clusters[c].inbound.push_back({ClusterId{from}, delay, 0, 0, 0});
  };
  app.clusters[3].inbound.push_back({std::nullopt, 0, 0, 0, 0});
  reads(1, 3, 0);
  reads(0, 1, 0);
  reads(0, 3, 0);
  reads(3, 0, 1);  // late: it closes no circle
  reads(4, 0, 2);
  app.order = {ClusterId{3}, ClusterId{1}, ClusterId{0}, ClusterId{2}, ClusterId{4}};
  EXPECT_EQ(levels(app), (std::vector<std::uint32_t>{2, 1, 0, 0, 0}));
}

/// The longest work of a tile is the least that any cut of the clusters by level into so many runs has.
TEST(Levels, TilesGetRunsOfClustersTheBusiestAsLittleBusyAsCanBe) {
  int cuts = 0;
  for (std::uint64_t seed = 1; seed <= 80; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng(seed);
    const Mapped m = random_application(rng);
    const std::size_t clusters = m.app.clusters.size();
    const auto tiles = static_cast<std::uint32_t>(1 + rng.below(m.chip.tiles()));
    const std::vector<TileId> places = pack_by_level(m.app, m.chip, tiles);
    if (places.empty() || clusters > 14) continue;
    const std::vector<std::uint32_t> level = levels(m.app);
    std::vector<ClusterId> order = m.app.order;
    std::stable_sort(order.begin(), order.end(),
                     [&](ClusterId a, ClusterId b) { return level[a.index()] < level[b.index()]; });
    const auto work = [&](ClusterId c) {
      const Cluster& cluster = m.app.clusters[c.index()];
      return worst_work(cluster, m.chip.kind(cluster.kind));
    };
    std::vector<std::int64_t> load(tiles, 0);
    for (std::size_t i = 0; i < clusters; ++i) {
      ASSERT_LT(places[order[i].index()].value, tiles);
      load[places[order[i].index()].index()] += work(order[i]);
      EXPECT_GE(places[order[i].index()], places[order[i == 0 ? 0 : i - 1].index()]);
    }
    // Every cut there is, tables left aside: none is better, and where tables do not bind ours is as good.
    std::int64_t least = std::numeric_limits<std::int64_t>::max();
    for (std::uint32_t ends = 0; ends < 1U << (clusters - 1); ++ends) {
      std::int64_t run = 0, most = 0;
      std::uint32_t runs = 1;
      for (std::size_t i = 0; i < clusters; ++i) {
        run += work(order[i]);
        most = std::max(most, run);
        if (i + 1 == clusters || (ends >> i & 1U) == 0) continue;
        run = 0;
        ++runs;
      }
      if (runs <= tiles) least = std::min(least, most);
    }
    EXPECT_GE(*std::max_element(load.begin(), load.end()), least);
    if (pack_by_level(m.app, m.chip, 1).empty()) continue;  // tables bind
    EXPECT_EQ(*std::max_element(load.begin(), load.end()), least);
    cuts += tiles > 1 && clusters > tiles ? 1 : 0;
  }
  EXPECT_GE(cuts, 10);
}

TEST(Levels, EveryBindingByLevelIsSoundAndAFunctionOfItsSeed) {
  int mapped = 0;
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng(seed);
    const Mapped m = random_application(rng);
    MapOptions options;
    options.seed = seed;
    options.sharing = Sharing::kLevels;
    const MapResult result = try_map(m.app, m.chip, options);
    if (!result.binding) {
      EXPECT_THAT(result.reason, testing::Not(IsEmpty()));
      continue;
    }
    ++mapped;
    ASSERT_THAT(check(m.app, *result.binding, m.chip), IsEmpty());
    EXPECT_EQ(try_map(m.app, m.chip, options).binding, result.binding);
  }
  EXPECT_GT(mapped, 75);
}

TEST(Map, EveryCorruptedEntryIsSeen) {
  Rng rng(8);
  Mapped m;
  MapResult result;
  do {
    m = random_application(rng);
    result = map(m.app, m.chip);
  } while (!result.binding || m.app.clusters.size() < 3 || m.chip.tiles() < 2);
  const Binding& good = *result.binding;
  ASSERT_THAT(check(m.app, good, m.chip), IsEmpty());
  int changed = 0;
  for (int trial = 0; trial < 500; ++trial) {
    Binding bad = good;
    Channel& channel = bad.channels[rng.below(bad.channels.size())];
    Destination& end = channel.to[rng.below(channel.to.size())];
    Placement& place = bad.placement[rng.below(bad.placement.size())];
    switch (rng.below(9)) {
      case 0:
        channel.number ^= 1U << rng.below(6);
        break;
      case 1:
        channel.to.pop_back();
        break;
      case 2:
        end.hops += 1;
        break;
      case 3:
        end.number ^= 1;
        break;
      case 4:
        place.rows += 17;
        break;
      case 5:
        place.tile = TileId((place.tile.value + 1) % m.chip.tiles());
        break;
      case 6:
        channel.slots[0] = m.chip.spike_wheel;
        break;
      case 7:
        place.first[0] += m.chip.tile.chunk_entries;
        break;
      default:
        end.inbound += 1;
        break;
    }
    if (bad == good) continue;
    // Renumbering to a free number, or moving an empty table, is another sound binding.
    const std::vector<std::string> faults = check(m.app, bad, m.chip);
    changed += faults.empty() ? 0 : 1;
  }
  EXPECT_GT(changed, 400);
}

/// One thing of a sound binding each, by what is said of it.
TEST(Map, EndsOrdersAndSlotsAreSeenByName) {
  int ends = 0, circles = 0, slots = 0;
  for (std::uint64_t seed = 1; seed <= 120; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng(seed);
    const Mapped m = random_application(rng);
    MapOptions options;
    options.seed = seed;
    const MapResult result = map(m.app, m.chip, options);
    if (!result.binding) continue;
    const Binding& good = *result.binding;
    ASSERT_THAT(check(m.app, good, m.chip), IsEmpty());
    // A channel takes over the end of another from the same source, on a tile where it has one.
    for (std::size_t a = 0; a < good.channels.size(); ++a)
      for (std::size_t b = 0; b < good.channels.size(); ++b) {
        const Channel &one = good.channels[a], &other = good.channels[b];
        if (a == b || one.from != other.from || other.to.size() != 1 || !other.to[0].to) continue;
        const auto tile = [&](const Destination& end) { return good.placement[end.to->index()].tile; };
        if (std::none_of(one.to.begin(), one.to.end(),
                         [&](const Destination& end) { return end.to && tile(end) == tile(other.to[0]); }))
          continue;
        Binding bad = good;
        bad.channels[a].to.push_back(other.to[0]);
        bad.channels.erase(bad.channels.begin() + static_cast<std::ptrdiff_t>(b));
        EXPECT_THAT(check(m.app, bad, m.chip), testing::Contains("two ends of a channel on one tile"));
        ++ends;
      }
    // Who reads another of its tile in the same step stands behind it.
    for (std::size_t t = 0; t < good.orders.size(); ++t)
      for (std::size_t i = 0; i + 1 < good.orders[t].size(); ++i) {
        const ClusterId before = good.orders[t][i].cluster;
        const auto& inbound = m.app.clusters[good.orders[t][i + 1].cluster.index()].inbound;
        if (std::none_of(inbound.begin(), inbound.end(), [&](const Inbound& in) {
              return in.from == ClusterOrHost(before) && in.delay == 0;
            }))
          continue;
        Binding bad = good;
        std::swap(bad.orders[t][i], bad.orders[t][i + 1]);
        EXPECT_THAT(check(m.app, bad, m.chip),
                    testing::Contains("orders: tiles wait for each other in a circle"));
        ++circles;
      }
    // Slots that do not rise, and none.
    for (std::size_t c = 0; c < good.channels.size(); ++c) {
      Binding bad = good;
      bad.channels[c].slots.push_back(bad.channels[c].slots.front());
      EXPECT_THAT(check(m.app, bad, m.chip), testing::Contains(HasSubstr("slots not rising")));
      bad = good;
      bad.channels[c].slots.clear();
      EXPECT_THAT(check(m.app, bad, m.chip), testing::Contains("a channel without slots or destinations"));
      for (std::size_t e = 0; e < good.channels[c].to.size(); ++e) {
        if (!good.channels[c].to[e].to) continue;
        bad = good;
        bad.channels[c].to[e].credit_slots.clear();
        EXPECT_THAT(check(m.app, bad, m.chip), testing::Contains("a destination without credit slots"));
        ++slots;
      }
    }
  }
  EXPECT_GT(ends, 10);
  EXPECT_GT(circles, 10);
  EXPECT_GT(slots, 100);
}

TEST(Map, PlacesThatCannotBeAreSeenByName) {
  Rng rng(8);
  Mapped m;
  MapResult result;
  do {
    m = random_application(rng);
    result = map(m.app, m.chip, {});
  } while (!result.binding);
  Binding bad = *result.binding;
  bad.placement.push_back(bad.placement.back());
  EXPECT_THAT(check(m.app, bad, m.chip), testing::Contains("placement: one entry a cluster expected"));
  bad = *result.binding;
  const Cluster& first = m.app.clusters.front();
  bad.placement.front().context = m.chip.kind(first.kind).contexts;
  EXPECT_THAT(check(m.app, bad, m.chip), testing::Contains(first.name + ": no such context"));
}

TEST(Map, TwoChannelsInOneSlotAreAConflict) {
  Rng rng(8);
  Mapped m;
  MapResult result;
  do {
    m = random_application(rng);
    result = map(m.app, m.chip, {.most_slots = 1});
  } while (!result.binding || result.binding->channels.size() < 2 || result.binding->channels[1].from);
  Binding bad = *result.binding;
  bad.channels[1].slots = bad.channels[0].slots;
  EXPECT_THAT(check(m.app, bad, m.chip), testing::Contains(HasSubstr("two senders")));
}

TEST(Map, SpreadsOverTilesAndGivesPagesEvenly) {
  Rng rng(2);
  IntNetwork net;
  net.name = "chain";
  net.inputs.push_back({"in", {64}, 1, false, 1});
  for (std::size_t p = 0; p < 4; ++p) {
    net.populations.push_back(test::random_population(rng, "p" + std::to_string(p), 64, NeuronKind::kLif));
    net.projections.push_back(test::random_projection(
        rng, p == 0 ? Source(InputId(0)) : Source(PopulationId(p - 1)), 64, PopulationId(p), 64, 8, 1.0));
  }
  net.outputs.push_back({"out", {64}, PopulationId(3)});
  Chip chip;
  chip.name = "square";
  chip.width = chip.height = 2;
  const Application app = build_application(net, chip, partition(net, chip));
  const MapResult result = map(app, chip);
  ASSERT_TRUE(result.binding) << result.reason;
  for (const auto& order : result.binding->orders)
    EXPECT_EQ(order.size(), 1U) << "equal loads go to different tiles";
  for (const Placement& p : result.binding->placement) EXPECT_EQ(p.rows, 8U);
  EXPECT_EQ(result.binding->placement[0].tile, TileId(0)) << "the reader of the input is next to the host";
  chip.width = chip.height = 1;
  const MapResult one = map(app, chip);
  ASSERT_TRUE(one.binding) << one.reason;
  EXPECT_THAT(check(app, *one.binding, chip), IsEmpty());
  std::cout << print(app, *one.binding, chip);
}

TEST(Map, ClustersOfATileStandOnTheSameWeightsWhereTheyAreEqual) {
  Rng rng(2);
  IntNetwork net;
  net.name = "alike";
  net.inputs.push_back({"in", {16}, 1, false, 1});
  net.populations.push_back(test::random_population(rng, "p", 64, NeuronKind::kLif));
  net.projections.push_back(test::random_projection(rng, InputId(0), 16, PopulationId(0), 64, 8, 1.0));
  std::vector<std::int16_t>& weight = net.projections[0].weight;
  // Every row is its source's number: the same for the neurons of both clusters.
  for (std::size_t i = 0; i < weight.size(); ++i) weight[i] = static_cast<std::int16_t>(1 + i / 64);
  net.outputs.push_back({"out", {64}, PopulationId(0)});
  Chip chip;
  chip.width = chip.height = 1;
  chip.tile.weight_bits = {8};
  PartitionOptions options;
  options.max_neurons = 32;
  Application app = build_application(net, chip, partition(net, chip, options));
  ASSERT_EQ(app.clusters.size(), 2U);
  const std::vector<MemoryInfo> memories = core_of(chip.tile).memories(chip.tile);
  const auto weights = static_cast<std::size_t>(
      std::find_if(memories.begin(), memories.end(),
                   [](const MemoryInfo& m) { return m.key == "tile.weight_words"; }) -
      memories.begin());
  ASSERT_TRUE(memories[weights].shared);
  const auto first = [&](const Binding& binding, std::size_t c) {
    return binding.placement[c].first[weights];
  };
  // Room for one of the two.
  chip.tile.weight_words =
      static_cast<std::uint32_t>(amount_of(app.clusters[0], chip.tile, "tile.weight_words"));
  const MapResult result = map(app, chip);
  ASSERT_TRUE(result.binding) << result.reason;
  EXPECT_EQ(first(*result.binding, 0), first(*result.binding, 1));
  EXPECT_THAT(check(app, *result.binding, chip), IsEmpty());

  // One weight that differs, and they may not.
  const auto window = static_cast<std::size_t>([&] {
    const std::vector<MemoryWindow> windows = core_of(chip.tile).windows(chip.tile);
    return std::find_if(windows.begin(), windows.end(),
                        [&](const MemoryWindow& w) { return w.memory == weights; }) -
           windows.begin();
  }());
  app.clusters[1].tables.windows[window].words.front() ^= 1U;
  EXPECT_THAT(check(app, *result.binding, chip), testing::Contains(HasSubstr("overlaps another")));
  EXPECT_FALSE(try_map(app, chip, {}).binding);
  chip.tile.weight_words *= 2;
  const MapResult apart = map(app, chip);
  ASSERT_TRUE(apart.binding) << apart.reason;
  EXPECT_NE(first(*apart.binding, 0), first(*apart.binding, 1));
  EXPECT_THAT(check(app, *apart.binding, chip), IsEmpty());
}

TEST(Map, SaysWhatDoesNotFitAndWhatWould) {
  Rng rng(2);
  IntNetwork net;
  net.name = "wide";
  net.inputs.push_back({"in", {256}, 1, false, 1});
  net.populations.push_back(test::random_population(rng, "p0", 512, NeuronKind::kIf));
  net.projections.push_back(test::random_projection(rng, InputId(0), 256, PopulationId(0), 512, 8, 1.0));
  net.outputs.push_back({"out", {512}, PopulationId(0)});
  Chip chip;
  chip.name = "one";
  chip.tile.state_words = 256;
  const Application app = build_application(net, chip, partition(net, chip));
  const MapResult result = map(app, chip);
  EXPECT_FALSE(result.binding);
  EXPECT_THAT(result.reason, HasSubstr("8192 of 4096 tile.weight_words"));
  EXPECT_THAT(result.reason, HasSubstr("a mesh of 2 x 1 such tiles would do"));
  chip.width = 2;
  EXPECT_TRUE(map(app, chip).binding);
  chip.spike_wheel = 4;
  chip.tile.lanes = 32;
  EXPECT_THROW((void)map(app, chip), Error);
}

/// A random network on a random mesh with a second kind of tile strewn over it.
Mapped random_mixture(Rng& rng) {
  Mapped m{test::random_network(rng, {4, 60}), test::random_chip(rng), {}};
  test::mix_kinds(rng, m.chip);
  PartitionOptions options;
  options.seed = rng.next();
  if (rng.chance(0.6)) options.max_neurons = 12 + static_cast<std::uint32_t>(rng.below(40));
  options.kinds = test::some_kinds(rng, m.chip, m.net);
  m.app = build_application(m.net, m.chip, partition(m.net, m.chip, options));
  return m;
}

TEST(Kinds, EveryClusterStandsOnATileOfItsKind) {
  int mapped = 0;
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng(seed);
    const Mapped m = random_mixture(rng);
    for (const Sharing sharing : {Sharing::kTraffic, Sharing::kLevels}) {
      const MapResult result = try_map(m.app, m.chip, {.seed = seed, .sharing = sharing});
      if (!result.binding) continue;
      ++mapped;
      ASSERT_THAT(check(m.app, *result.binding, m.chip), IsEmpty());
      for (std::size_t c = 0; c < m.app.clusters.size(); ++c)
        ASSERT_EQ(m.chip.kind_number(result.binding->placement[c].tile), m.app.clusters[c].kind);
      // The same binding where tiles 0 and 1 have changed kinds is not sound, if either is in use.
      if (result.binding->orders[0].empty() && result.binding->orders[1].empty()) continue;
      Chip changed = m.chip;
      std::swap(changed.kind_of[0], changed.kind_of[1]);
      EXPECT_THAT(check(m.app, *result.binding, changed),
                  testing::Contains(HasSubstr("on a tile of another kind than its own")));
    }
  }
  EXPECT_GT(mapped, 100);
}

TEST(Kinds, SaysWhichKindHasTooFewTiles) {
  Rng rng(2);
  IntNetwork net;
  net.name = "wide";
  net.inputs.push_back({"in", {256}, 1, false, 1});
  net.populations.push_back(test::random_population(rng, "p0", 512, NeuronKind::kIf));
  net.projections.push_back(test::random_projection(rng, InputId(0), 256, PopulationId(0), 512, 8, 1.0));
  net.outputs.push_back({"out", {512}, PopulationId(0)});
  Chip chip;
  chip.name = "two";
  chip.width = 2;
  chip.tile.state_words = 256;
  chip.more_kinds.push_back(chip.tile);
  chip.more_kinds[0].name = "other";
  chip.kind_of = {0, 1};
  PartitionOptions options;
  options.kinds = {1};
  const Application app = build_application(net, chip, partition(net, chip, options));
  const MapResult result = map(app, chip);
  EXPECT_FALSE(result.binding);
  EXPECT_THAT(
      result.reason,
      HasSubstr("2 clusters do not fit 1 tiles of kind other of chip two; all clusters together need"));
  EXPECT_THAT(result.reason, HasSubstr("8192 of 4096 tile.weight_words"));
  EXPECT_THAT(result.reason, HasSubstr("; kind other needs 2 tiles, the chip has 1; another kind would do"));
  chip.width = 3;
  chip.kind_of = {0, 1, 1};
  EXPECT_TRUE(map(app, chip).binding);
  chip.more_kinds[0].lanes = 32;
  EXPECT_THROW((void)map(app, chip), Error);
}

TEST(Map, NamesTheWheelThatIsTooShort) {
  Rng rng(6);
  IntNetwork net;
  net.name = "many";
  net.inputs.push_back({"in", {16}, 1, false, 1});
  for (std::size_t p = 0; p < 8; ++p) {
    net.populations.push_back(test::random_population(rng, "p" + std::to_string(p), 16, NeuronKind::kIf));
    net.projections.push_back(test::random_projection(rng, InputId(0), 16, PopulationId(p), 16, 8, 1.0));
    net.outputs.push_back({"out" + std::to_string(p), {16}, PopulationId(p)});
  }
  Chip chip;
  chip.name = "short";
  chip.spike_wheel = 4;
  chip.tile.contexts = 8;
  const Application app = build_application(net, chip, partition(net, chip));
  const MapResult result = map(app, chip);
  EXPECT_FALSE(result.binding);
  EXPECT_THAT(result.reason, HasSubstr("noc.spike_wheel = 4"));
  EXPECT_THAT(result.reason, HasSubstr("; noc.spike_wheel = 8 would do"));
  chip.spike_wheel = 8;
  EXPECT_TRUE(map(app, chip).binding);
}

TEST(Map, NamesTheTablesThatAreTooShortAndTheyDo) {
  Rng rng(6);
  IntNetwork net;
  net.name = "fan";
  net.inputs.push_back({"in", {16}, 1, false, 1});
  for (std::size_t p = 0; p < 6; ++p) {
    net.populations.push_back(test::random_population(rng, "p" + std::to_string(p), 16, NeuronKind::kIf));
    net.projections.push_back(test::random_projection(rng, InputId(0), 16, PopulationId(p), 16, 8, 1.0));
    net.outputs.push_back({"out" + std::to_string(p), {16}, PopulationId(p)});
  }
  Chip chip;
  chip.name = "short";
  chip.tile.contexts = 8;
  chip.host.channels = 1;
  chip.host.credit_counters = 4;
  const Application app = build_application(net, chip, partition(net, chip));
  const MapResult result = map(app, chip);
  EXPECT_FALSE(result.binding);
  EXPECT_THAT(
      result.reason,
      HasSubstr("the host needs 6 of host.channels = 1; the host needs 6 of host.credit_counters = 4"));
  EXPECT_THAT(result.reason, HasSubstr("; host.channels = 6, host.credit_counters = 6 would do"));
  chip.host.channels = chip.host.credit_counters = 6;
  EXPECT_TRUE(map(app, chip).binding);
}

TEST(Routes, GoAlongXThenYAndTheHostHangsWestOfTheFirstTile) {
  Chip chip;
  chip.width = 3;
  chip.height = 2;
  EXPECT_EQ(path(chip, 0, 1), (std::vector<Hop>{{0, hw::kPortWest, hw::kPortLocal}}));
  EXPECT_EQ(path(chip, 1, 1), (std::vector<Hop>{{0, hw::kPortLocal, hw::kPortLocal}}));
  EXPECT_EQ(path(chip, 6, 0), (std::vector<Hop>{{5, hw::kPortLocal, hw::kPortWest},
                                                {4, hw::kPortEast, hw::kPortWest},
                                                {3, hw::kPortEast, hw::kPortNorth},
                                                {0, hw::kPortSouth, hw::kPortWest}}));
  for (std::uint32_t from = 0; from <= 6; ++from)
    for (std::uint32_t to = 1; to <= 6; ++to) EXPECT_EQ(path(chip, from, to).size(), hops(chip, from, to));
}

}  // namespace
}  // namespace spikeloom
