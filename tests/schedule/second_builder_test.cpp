// The compiler's timing graph and promises beside those of a second builder, which has docs/timing-graph.md
// and nothing else: actor by actor, arc by arc, and every number of a promise.
#include "tests/schedule/second_builder.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>
#include <map>
#include <numeric>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

#include "compiler/core/core.hpp"
#include "compiler/map/map.hpp"
#include "compiler/partition/partition.hpp"
#include "compiler/schedule/phases.hpp"
#include "compiler/schedule/samples.hpp"
#include "compiler/schedule/schedule.hpp"
#include "tests/partition/random_network.hpp"

namespace spikeloom {
namespace {

using ActorRow = std::tuple<std::string, std::int64_t, std::int64_t>;
/// From, to, tokens, execution + latency, certain tokens.
using ArcRow = std::tuple<std::string, std::string, std::int64_t, std::int64_t, std::int64_t>;

struct Rows {
  std::vector<ActorRow> actors;
  std::vector<ArcRow> arcs;
  void sort() {
    std::sort(actors.begin(), actors.end());
    std::sort(arcs.begin(), arcs.end());
  }
};

Rows rows_of(const TimingGraph& timing) {
  Rows rows;
  const sdf::Graph& graph = timing.graph;
  for (std::size_t a = 0; a < graph.actor_count(); ++a)
    rows.actors.emplace_back(graph.name(sdf::ActorId{a}), graph.execution(sdf::ActorId{a}), timing.lower[a]);
  for (std::size_t c = 0; c < graph.channel_count(); ++c) {
    const sdf::Channel& arc = graph.channels()[c];
    rows.arcs.emplace_back(graph.name(arc.source), graph.name(arc.target), arc.tokens, graph.weight(arc),
                           timing.after.empty() ? arc.tokens : timing.after[c]);
  }
  rows.sort();
  return rows;
}

Rows rows_of(const second::Graph& graph) {
  Rows rows;
  for (const second::Actor& a : graph.actors) rows.actors.emplace_back(a.name, a.execution, a.first_start);
  for (const second::Arc& a : graph.arcs)
    rows.arcs.emplace_back(graph.actors[a.from].name, graph.actors[a.to].name, a.tokens,
                           graph.actors[a.from].execution + a.latency, a.certain);
  rows.sort();
  return rows;
}

std::vector<std::pair<std::string, std::int64_t>> sorted(
    std::vector<std::pair<std::string, std::int64_t>> list) {
  std::sort(list.begin(), list.end());
  return list;
}

struct Sketch {
  Image image;
  std::vector<BatchTimes> times;  ///< by ClusterId; empty: the cores' own
  std::uint32_t window = 0;

  [[nodiscard]] ImageView view() const { return ImageView(image).with_window(window); }
  [[nodiscard]] BatchTimesOf of() const {
    if (times.empty()) return batch_times;
    std::map<std::string, BatchTimes> by_name;
    for (std::size_t c = 0; c < times.size(); ++c) by_name[image.application.clusters[c].name] = times[c];
    return [by_name](const Cluster& cluster, const TileConfig&) { return by_name.at(cluster.name); };
  }
  [[nodiscard]] second::Given given(const TileBounds& bounds) const {
    second::Given given{image.chip, image.application, image.binding, {}, {}, window};
    for (const std::optional<TileBound>& b : bounds) {
      given.contracts.emplace_back();
      if (b) given.contracts.back() = second::Contract{b->rho, b->sigma, b->pooled};
    }
    given.times = [this](std::size_t c) -> std::vector<FiringTime> {
      if (!times.empty()) return times[c];
      const Cluster& cluster = image.application.clusters[c];
      return {core_of(cluster).worst(cluster, image.chip.kind(cluster.kind))};
    };
    return given;
  }
};

bool is_streamed(const Image& image) {
  return std::any_of(image.application.clusters.begin(), image.application.clusters.end(),
                     [](const Cluster& cluster) {
                       return std::any_of(cluster.inbound.begin(), cluster.inbound.end(),
                                          [](const Inbound& inbound) { return inbound.weights > 0; });
                     });
}

/// Some clusters get weights from the host, whether or not their tiles would take them.
void stream_some(Rng& rng, Application& app) {
  for (Cluster& cluster : app.clusters) {
    if (!rng.chance(0.5)) continue;
    const auto behind = std::find_if(cluster.inbound.begin(), cluster.inbound.end(),
                                     [](const Inbound& inbound) { return inbound.delay > 0; });
    Inbound weights;
    weights.first_chunk = behind != cluster.inbound.end() ? behind->first_chunk
                                                          : static_cast<std::uint32_t>(cluster.page_chunks());
    weights.weights = 1 + static_cast<std::uint32_t>(rng.below(60));
    cluster.inbound.insert(behind, weights);
  }
}

/// A network on a mesh of mixed tiles, several clusters a population; its binding is the mapper's.
std::optional<Image> sketched_image(Rng& rng) {
  Image image;
  image.chip = test::random_chip(rng);
  if (rng.chance(0.5)) test::mix_kinds(rng, image.chip);
  const IntNetwork net = test::random_network(rng, {4, 50});
  PartitionOptions options;
  if (rng.chance(0.5)) options.max_neurons = 8 + static_cast<std::uint32_t>(rng.below(24));
  try {
    image.application = build_application(net, image.chip, partition(net, image.chip, options), {});
  } catch (const Error&) {
    return std::nullopt;
  }
  if (rng.chance(0.4)) stream_some(rng, image.application);
  MapOptions mapping;
  mapping.seed = rng.next();
  MapResult mapped = try_map(image.application, image.chip, mapping);
  if (!mapped.binding) return std::nullopt;
  image.binding = *std::move(mapped.binding);
  return image;
}

std::vector<std::uint32_t> some_slots(Rng& rng, std::uint32_t wheel) {
  std::vector<std::uint32_t> slots;
  const double share = rng.chance(0.5) ? 0.1 : 0.6;
  for (std::uint32_t s = 0; s < wheel; ++s)
    if (rng.chance(share)) slots.push_back(s);
  if (slots.empty()) slots.push_back(static_cast<std::uint32_t>(rng.below(wheel)));
  return slots;
}

/// Whatever a binding may hold, sound or not: both builders read the same.
Sketch shaken(Rng& rng, const Image& image, bool batches) {
  Sketch made{image, {}};
  if (rng.chance(0.4)) made.window = 1 + static_cast<std::uint32_t>(rng.below(5));
  Binding& binding = made.image.binding;
  for (auto& order : binding.orders)
    if (rng.chance(0.2)) rng.shuffle(order);
  for (Channel& channel : binding.channels) {
    if (rng.chance(0.6)) channel.slots = some_slots(rng, image.chip.spike_wheel);
    for (Destination& to : channel.to) {
      if (rng.chance(0.5)) to.hops = 1 + static_cast<std::uint32_t>(rng.below(6));
      if (!to.to) continue;
      if (rng.chance(0.5)) to.credit_hops = 1 + static_cast<std::uint32_t>(rng.below(6));
      if (rng.chance(0.6)) to.credit_slots = some_slots(rng, image.chip.credit_wheel);
    }
  }
  for (std::size_t c = 0; c < binding.placement.size(); ++c) {
    std::uint32_t delay = 0;
    for (const Inbound& in : image.application.clusters[c].inbound) delay = std::max(delay, in.delay);
    binding.placement[c].rows =
        delay + 1 + static_cast<std::uint32_t>(rng.below(batches || rng.chance(0.5) ? 6 : 2));
  }
  if (!batches) return made;
  made.times.resize(binding.placement.size());
  const std::size_t for_all = rng.below(4);  // 0: each tile its own
  for (const auto& order : binding.orders) {
    const std::size_t pages = for_all != 0 ? for_all : 1 + rng.below(3);
    for (const OrderEntry& entry : order) {
      FiringTime time{rng.between(1, 60), rng.between(1, 60)};
      for (std::size_t n = 0; n < pages; ++n) {
        made.times[entry.cluster.index()].push_back(time);
        time.integrate += rng.between(0, 40);
        time.update += rng.between(0, 40);
      }
      binding.placement[entry.cluster.index()].rows += static_cast<std::uint32_t>(pages);
    }
  }
  return made;
}

TileBounds some_bounds(Rng& rng, const Sketch& made, bool pools) {
  TileBounds bounds(made.image.binding.orders.size());
  for (std::size_t t = 0; t < bounds.size(); ++t) {
    if (rng.chance(0.4)) continue;
    std::int64_t most = 1;
    for (const OrderEntry& entry : made.image.binding.orders[t]) {
      const Cluster& cluster = made.image.application.clusters[entry.cluster.index()];
      most = std::max(most, core_of(cluster).worst(cluster, made.image.chip.kind(cluster.kind)).total());
    }
    bounds[t] =
        TileBound{rng.between(1, most * kTimeScale),
                  rng.chance(0.2) ? 0 : rng.between(0, 3 * most * kTimeScale), pools && rng.chance(0.5)};
  }
  return bounds;
}

struct Seen {
  std::size_t streamed = 0;
  std::size_t graphs = 0, refused = 0, mixed = 0, windowed = 0, batched = 0, bounded = 0, pooled = 0,
              paid_elsewhere = 0, of_known_samples = 0;
};

Rows rows_of(const SampleGraph& samples) {
  TimingGraph timing;
  timing.graph = samples.graph;
  timing.lower = samples.lower;
  return rows_of(timing);
}

/// Samples of a known length in batches; in half of the graphs blocks stand for those that follow them.
void compare_phases(const Sketch& made, const Promise& whole, Seen& seen) {
  const auto steps = static_cast<std::uint32_t>(1 + seen.graphs % 17);
  const TimingArcs timing = timing_arcs(made.view(), made.of());
  const std::size_t few = timing.actors.size() * (1 + seen.graphs % 9);
  for (const std::size_t most : {kMostSampleActors, few}) {
    const second::SampleGraph theirs =
        second::build_phases(made.given({}), static_cast<std::int64_t>(steps), most);
    const Rows ours = rows_of(phase_graph(made.view(), timing, steps, most));
    ASSERT_EQ(ours.actors, rows_of(theirs.graph).actors) << steps << " steps";
    ASSERT_EQ(ours.arcs, rows_of(theirs.graph).arcs);
    if (most == few) continue;
    const second::Answer answer = second::answer(theirs);
    const std::optional<Promise> promise = sampled(made.view(), whole, steps, made.of());
    ASSERT_EQ(promise.has_value(), answer.period < whole.period);
    ++seen.of_known_samples;
    if (!promise) continue;
    ASSERT_TRUE(promise->exact_steps && promise->sample_steps == steps);
    ASSERT_EQ(promise->period, answer.period);
    ASSERT_EQ(promise->offset, answer.offset);
    ASSERT_EQ(verify(made.view(), *promise, {}, made.of()), std::vector<std::string>{});
  }
}

/// The graph, and the promise that the graph has.
void compare(const Sketch& made, const TileBounds& bounds, std::optional<Promise>& guaranteed, Seen& seen) {
  const TimingGraph timing = timing_graph(made.view(), bounds, made.of());
  const second::Given given = made.given(bounds);
  const second::Graph graph = second::build(given);
  ++seen.graphs;
  ASSERT_EQ(timing.waits.empty(), !graph.refused) << timing.waits;
  if (!graph.refused) {
    const Rows ours = rows_of(timing), theirs = rows_of(graph);
    ASSERT_EQ(ours.actors, theirs.actors);
    ASSERT_EQ(ours.arcs, theirs.arcs);
    ASSERT_EQ(timing.fee, graph.fee);
  }
  seen.batched += timing.batched ? 1 : 0;
  seen.windowed += made.window > 0 ? 1 : 0;
  const second::Answer answer = second::answer(graph);
  const bool is_guarantee = bounds.empty();
  Promise promise;
  if (is_guarantee) {
    auto result = guarantee(made.view(), made.of());
    ASSERT_EQ(std::holds_alternative<Deadlocked>(result), answer.refused);
    if (answer.refused) {
      ++seen.refused;
      return;
    }
    promise = std::get<Promise>(std::move(result));
    guaranteed = promise;
    ASSERT_EQ(promise.latency, answer.latency);
    if (timing.batched) compare_phases(made, promise, seen);
  } else {
    promise = promise_under(made.view(), *guaranteed, bounds);
    ASSERT_EQ(promise.latency, guaranteed->latency);
  }
  ASSERT_EQ(promise.period, answer.period);
  ASSERT_EQ(promise.offset, answer.offset);
  std::vector<std::pair<std::string, std::int64_t>> potentials;
  for (std::size_t a = 0; a < graph.actors.size(); ++a)
    potentials.emplace_back(graph.actors[a].name, answer.potentials[a]);
  ASSERT_EQ(sorted(promise.potentials), sorted(potentials));
  if (is_guarantee) return;
  std::size_t pools = 0, paid = 0, payers = 0;
  for (std::size_t t = 0; t < bounds.size(); ++t) {
    if (!bounds[t] || !bounds[t]->pooled || timing.batched) continue;
    ++pools;
    payers += made.image.binding.orders[t].size();
  }
  for (const char is : graph.is_paid) paid += is != 0 ? 1 : 0;
  ++(pools != 0 ? seen.pooled : seen.bounded);
  seen.paid_elsewhere += paid > payers ? 1 : 0;
}

TEST(SecondBuilder, HasTheSameGraphsAndAnswersOnRandomImages) {
  Seen seen;
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    Rng rng(seed);
    const std::optional<Image> image = sketched_image(rng);
    if (!image) continue;
    for (int variant = 0; variant < 5; ++variant) {
      SCOPED_TRACE("seed " + std::to_string(seed) + ", variant " + std::to_string(variant));
      const bool batches = variant >= 3;
      const Sketch made = variant == 0 ? Sketch{*image, {}} : shaken(rng, *image, batches);
      seen.mixed += image->chip.kinds() > 1 ? 1 : 0;
      seen.streamed += is_streamed(made.image) ? 1 : 0;
      std::optional<Promise> guaranteed;
      compare(made, {}, guaranteed, seen);
      if (HasFatalFailure()) return;
      if (!guaranteed || batches) continue;  // contracts are of the cores' own times
      for (const bool pools : {false, true}) {
        compare(made, some_bounds(rng, made, pools), guaranteed, seen);
        if (HasFatalFailure()) return;
      }
    }
  }
  std::cout << seen.graphs << " graphs, " << seen.mixed << " of them guarantees on two kinds of tile, "
            << seen.streamed << " with streamed weights, " << seen.refused << " refused, " << seen.windowed
            << " with windows, " << seen.batched << " with batches, " << seen.of_known_samples
            << " again for samples of known lengths, " << seen.bounded << " with contracts, " << seen.pooled
            << " with pools, of which " << seen.paid_elsewhere << " pay for other tiles\n";
  EXPECT_GT(seen.graphs, 2000U);
  EXPECT_GT(seen.mixed, 300U);
  EXPECT_GT(seen.streamed, 200U);
  EXPECT_GT(seen.batched, 300U);
  EXPECT_GT(seen.of_known_samples, 100U);
  EXPECT_GT(seen.windowed, 300U);
  EXPECT_GT(seen.bounded, 300U);
  EXPECT_GT(seen.pooled, 300U);
  EXPECT_GT(seen.paid_elsewhere, 20U);
  EXPECT_LT(seen.refused, seen.graphs / 4);
}

TEST(SecondBuilder, HasTheSameSamplesOfStaticInputs) {
  std::size_t graphs = 0, shorter = 0, delayed = 0, mixed = 0;
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    Rng rng(seed);
    std::optional<Image> image = sketched_image(rng);
    if (!image) continue;
    bool any = false, all = true;
    for (StreamInput& input : image->application.inputs) {
      input.is_static = rng.chance(0.7);
      any = any || input.is_static;
      all = all && input.is_static;
    }
    if (!any || fires_in_batches(*image)) continue;
    const auto steps = static_cast<std::uint32_t>(rng.between(2, 6));
    SCOPED_TRACE("seed " + std::to_string(seed) + ", " + std::to_string(steps) + " steps");
    const Sketch made = shaken(rng, *image, false);
    const auto guaranteed = guarantee(made.view());
    if (!std::holds_alternative<Promise>(guaranteed)) continue;
    const second::SampleGraph theirs = second::build_samples(made.given({}), steps);
    const Rows ours = rows_of(sample_graph(made.view(), timing_graph(made.view(), {}), steps));
    ASSERT_EQ(ours.actors, rows_of(theirs.graph).actors);
    ASSERT_EQ(ours.arcs, rows_of(theirs.graph).arcs);
    ++graphs;
    mixed += all ? 0 : 1;
    for (const Cluster& cluster : made.image.application.clusters)
      for (const Inbound& inbound : cluster.inbound) delayed += !inbound.from && inbound.delay > 0 ? 1 : 0;
    const second::Answer answer = second::answer(theirs);
    const Promise& whole = std::get<Promise>(guaranteed);
    const std::optional<Promise> promise = sampled(made.view(), whole, steps);
    ASSERT_LE(answer.period, whole.period);
    ASSERT_EQ(promise.has_value(), answer.period < whole.period);
    if (!promise) continue;
    ++shorter;
    ASSERT_EQ(promise->sample_steps, steps);
    ASSERT_EQ(promise->period, answer.period);
    ASSERT_EQ(promise->offset, answer.offset);
    ASSERT_EQ(promise->latency, whole.latency);
    for (std::size_t a = 0; a < theirs.graph.actors.size(); ++a)
      ASSERT_EQ(promise->potentials[a], std::pair(theirs.graph.actors[a].name, answer.potentials[a]));
    ASSERT_EQ(verify(made.view(), *promise, {}), std::vector<std::string>{});
  }
  std::cout << graphs << " graphs, " << mixed << " with inputs that are not static, " << shorter
            << " with a shorter period than the guarantee's; " << delayed
            << " inbounds of the host with a delay\n";
  EXPECT_GT(graphs, 100U);
  EXPECT_GT(mixed, 20U);
  EXPECT_GT(shorter, 40U);
  EXPECT_GT(delayed, 20U);
}

}  // namespace
}  // namespace spikeloom
