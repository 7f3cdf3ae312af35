// Clusters that share tiles: packed by level or by traffic, whichever guarantees more.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "compiler/map/levels.hpp"
#include "compiler/partition/partition.hpp"
#include "compiler/schedule/orders.hpp"
#include "compiler/schedule/places.hpp"
#include "compiler/schedule/schedule.hpp"
#include "tests/partition/random_network.hpp"
#include "tests/schedule/roomy_chip.hpp"

namespace spikeloom {
namespace {

using testing::IsEmpty;

enum class Kind { kLayered, kRecurrent, kConvolution };

/// Each neuron of a sheet reads the three by three around it in the sheet before.
IntProjection window(Rng& rng, Source from, PopulationId to, std::size_t side) {
  IntProjection p;
  p.name = "w";
  p.from = from;
  p.to = to;
  p.bits = 8;
  SparseMap map{static_cast<std::uint32_t>(side * side), {0}, {}};
  for (std::size_t s = 0; s < side * side; ++s) {
    for (std::size_t t = 0; t < side * side; ++t) {
      const std::size_t dx = s % side > t % side ? s % side - t % side : t % side - s % side;
      const std::size_t dy = s / side > t / side ? s / side - t / side : t / side - s / side;
      if (std::max(dx, dy) > 1) continue;
      map.target.push_back(static_cast<std::uint32_t>(t));
      p.weight.push_back(test::random_weight(rng, 8));
    }
    map.end_row();
  }
  p.form = MapForm(std::move(map));
  return p;
}

/// Layers one after the other; a recurrent network's also read themselves and now and then an earlier one, a
/// step late.
IntNetwork network_of(Rng& rng, Kind kind) {
  IntNetwork net;
  net.name = "random";
  const auto side = static_cast<std::size_t>(rng.between(6, 9));
  const auto size = [&] {
    return kind == Kind::kConvolution ? side * side : static_cast<std::size_t>(rng.between(24, 96));
  };
  IntInput input;
  input.name = "in";
  input.shape = {size()};
  net.inputs.push_back(input);
  const std::size_t layers = 3 + rng.below(10);
  std::vector<std::size_t> sizes;
  for (std::size_t p = 0; p < layers; ++p) {
    sizes.push_back(size());
    net.populations.push_back(
        test::random_population(rng, "p" + std::to_string(p), sizes[p], NeuronKind::kLif));
    const Source from = p == 0 ? Source(InputId{0}) : Source(PopulationId{p - 1});
    const std::size_t from_size = p == 0 ? volume(input.shape) : sizes[p - 1];
    if (kind == Kind::kConvolution)
      net.projections.push_back(window(rng, from, PopulationId{p}, side));
    else
      net.projections.push_back(test::random_projection(rng, from, from_size, PopulationId{p}, sizes[p], 8,
                                                        0.2 + 0.8 * rng.unit()));
    if (kind != Kind::kRecurrent || !rng.chance(0.6)) continue;
    const std::size_t to = rng.chance(0.7) ? p : rng.below(p + 1);
    net.projections.push_back(
        test::random_projection(rng, PopulationId{p}, sizes[p], PopulationId{to}, sizes[to], 8, 0.3));
    net.projections.back().delay = 1;
  }
  net.outputs.push_back({"out", net.populations.back().shape, PopulationId{layers - 1}});
  return net;
}

struct Crowded {
  Chip chip;
  Candidate candidate;
};

/// Mapped by traffic onto fewer tiles than it has clusters, 1.5 to 4 a tile. None: it does not fit.
std::optional<Crowded> crowded(Rng& rng, Kind kind, MapOptions& options) {
  Chip chip = test::roomy_chip();
  const IntNetwork net = network_of(rng, kind);
  PartitionOptions cut;
  cut.seed = rng.next();
  cut.max_neurons = 12 + static_cast<std::uint32_t>(rng.below(24));
  const auto application =
      std::make_shared<const Application>(build_application(net, chip, partition(net, chip, cut), {}));
  const double per_tile = 1.5 + 2.5 * rng.unit();
  options.tiles =
      std::max(2U, static_cast<std::uint32_t>(static_cast<double>(application->clusters.size()) / per_tile));
  while (chip.width * chip.height < options.tiles) ++(chip.width <= chip.height ? chip.width : chip.height);
  MapResult mapped = try_map(*application, chip, options);
  if (!mapped.binding) return std::nullopt;
  Candidate first = std::get<Candidate>(candidate_of(application, *std::move(mapped.binding), chip));
  std::optional<Candidate> ordered = better_orders(first, chip);
  return Crowded{chip, ordered ? *std::move(ordered) : std::move(first)};
}

/// How the name of an actor in this role begins.
std::string beginning(const ActorRole& role, const Candidate& candidate, const Chip& chip) {
  using Role = ActorRole::Kind;
  const auto name = [&](const ClusterOrHost& who) {
    return who ? candidate.application->clusters[who->index()].name : "host";
  };
  const std::string tile =
      role.of ? tile_name(chip, candidate.binding.placement[role.of->index()].tile) + " " : "host ";
  if (role.kind == Role::kFire) return tile + "fire " + name(role.of);
  if (role.kind == Role::kAfter) return tile + "update " + name(role.of);
  if (role.kind == Role::kSend) return tile + "send" + (role.of ? " " + name(role.of) : "");
  if (role.kind == Role::kCredit) return tile + "credit " + name(role.of) + " from " + name(role.from);
  return role.kind == Role::kHost ? "host sink" : "no such role here";
}

/// Whatever populations are called: the roles of actors are those of their names, and the roles on the
/// critical cycle are those of its lines.
TEST(Candidate, KnowsWhoseActorsAreOnItsCriticalCycle) {
  std::set<ActorRole::Kind> seen;
  std::size_t critical = 0;
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng(seed);
    MapOptions options;
    const std::optional<Crowded> made = crowded(rng, static_cast<Kind>(seed % 3), options);
    if (!made) continue;
    Application renamed = *made->candidate.application;
    for (Cluster& cluster : renamed.clusters) cluster.name = "ghost send " + cluster.name;
    const auto again = candidate_of(std::make_shared<const Application>(std::move(renamed)),
                                    made->candidate.binding, made->chip);
    const Candidate& candidate = std::get<Candidate>(again);
    EXPECT_EQ(candidate.critical, made->candidate.critical);
    const std::vector<std::string>& lines = candidate.promise.critical_cycle;
    ASSERT_EQ(candidate.critical.size(), lines.size());
    for (std::size_t n = 0; n < lines.size(); ++n, ++critical)
      EXPECT_TRUE(lines[n].starts_with(beginning(candidate.critical[n], candidate, made->chip))) << lines[n];
    const TimingGraph timing = timing_graph(candidate.on(made->chip), {});
    ASSERT_EQ(timing.role.size(), timing.graph.actor_count());
    for (std::size_t a = 0; a < timing.role.size(); ++a) {
      const ActorRole& role = timing.role[a];
      const std::string& name = timing.graph.name(sdf::ActorId(a));
      EXPECT_TRUE(name.starts_with(beginning(role, candidate, made->chip))) << name;
      EXPECT_TRUE(role.is_of(role.of)) << name;
      EXPECT_EQ(role.is_of(std::nullopt), !role.of || (role.kind == ActorRole::Kind::kCredit && !role.from))
          << name;
      seen.insert(role.kind);
    }
  }
  EXPECT_EQ(seen.size(), 5U);
  EXPECT_GT(critical, 10U);
}

TEST(Places, AreNeverWorseThanByTrafficAndOftenMuchBetter) {
  int networks = 0, better = 0;
  double ratios = 0;
  for (const Kind kind : {Kind::kLayered, Kind::kRecurrent, Kind::kConvolution})
    for (std::uint64_t seed = 1; seed <= 12; ++seed) {
      SCOPED_TRACE("kind " + std::to_string(static_cast<int>(kind)) + ", seed " + std::to_string(seed));
      Rng rng(seed);
      MapOptions options;
      options.seed = seed;
      const std::optional<Crowded> made = crowded(rng, kind, options);
      if (!made) continue;
      ++networks;
      const auto& [chip, before] = *made;
      const Binding binding = before.binding;
      const PlaceOptions places{options, OrderOptions{}};
      const std::optional<Candidate> replaced = better_places(before, chip, places);
      EXPECT_EQ(before.binding, binding);
      const Candidate& best = replaced ? *replaced : before;
      const Ratio was = before.promise.period, is = best.promise.period;
      EXPECT_EQ(is < was, replaced.has_value());
      EXPECT_EQ(best.application, before.application) << "copied";
      const ImageView image = best.on(chip);
      EXPECT_EQ(std::get<Promise>(guarantee(image)).period, is);
      EXPECT_THAT(check(image), IsEmpty());
      EXPECT_THAT(verify(image, best.promise, {}), IsEmpty());
      const std::optional<Candidate> again = better_places(before, chip, places);
      ASSERT_EQ(again.has_value(), replaced.has_value());
      if (again) {
        EXPECT_EQ(again->binding, best.binding);
      }
      better += replaced ? 1 : 0;
      ratios += was.approximate() / is.approximate();
    }
  RecordProperty("better", better);
  std::cout << better << " of " << networks << " better, mean ratio " << ratios / networks << "\n";
  EXPECT_GE(networks, 30);
  EXPECT_GE(better, 20);
}

}  // namespace
}  // namespace spikeloom
