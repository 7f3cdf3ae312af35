// Processors, orders and the long run, held against an execution that knows neither expansion nor matrices.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <map>

#include "compiler/sdf/buffers.hpp"
#include "compiler/sdf/gantt.hpp"
#include "compiler/sdf/period.hpp"
#include "compiler/sdf/regime.hpp"
#include "compiler/sdf/static_order.hpp"
#include "tests/sdf/phased_graphs.hpp"

namespace spikeloom::sdf::testing {
namespace {

/// Tokens with the time at which they are there, channel by channel; processors go round their orders, other
/// actors fire as they can. Returns the start of firing n of each actor for `iterations`, or fewer where it
/// gets stuck.
std::vector<std::vector<std::int64_t>> execute(const PhasedGraph& graph, const Binding& binding,
                                               const StaticOrder& order, std::int64_t iterations) {
  std::vector<std::deque<std::int64_t>> queue;
  for (const PhasedChannel& channel : graph.channels()) queue.emplace_back(channel.tokens, 0);
  const Repetition repetition = require_repetition(graph);
  std::vector<std::vector<std::int64_t>> starts(graph.actor_count());
  std::vector<std::int64_t> free(order.size(), 0), phase_end(graph.actor_count(), 0);
  std::vector<std::size_t> place(order.size(), 0);
  const auto try_fire = [&](std::size_t a, std::int64_t from) -> bool {
    const auto n = starts[a].size();
    if (static_cast<std::int64_t>(n) >= repetition.firings[a] * iterations) return false;
    std::int64_t start = from;
    for (std::size_t c = 0; c < graph.channel_count(); ++c) {
      const PhasedChannel& channel = graph.channel(ChannelId(c));
      if (channel.target.index() != a) continue;
      const auto amount = static_cast<std::size_t>(channel.consume[n % channel.consume.size()]);
      if (queue[c].size() < amount) return false;
      for (std::size_t i = 0; i < amount; ++i) start = std::max(start, queue[c][i]);
    }
    if (graph.phases(ActorId(a)) > 1) start = std::max(start, phase_end[a]);
    const std::int64_t end = start + graph.execution(ActorId(a))[n % graph.phases(ActorId(a))];
    phase_end[a] = end;
    for (std::size_t c = 0; c < graph.channel_count(); ++c) {
      const PhasedChannel& channel = graph.channel(ChannelId(c));
      if (channel.target.index() == a)
        for (std::int64_t i = 0; i < channel.consume[n % channel.consume.size()]; ++i) queue[c].pop_front();
      if (channel.source.index() == a)
        for (std::int64_t i = 0; i < channel.produce[n % channel.produce.size()]; ++i)
          queue[c].push_back(end + channel.latency);
    }
    starts[a].push_back(start);
    return true;
  };
  for (bool again = true; again;) {
    again = false;
    for (std::size_t a = 0; a < graph.actor_count(); ++a)
      if (binding[a] == kUnbound) again = try_fire(a, 0) || again;
    for (std::size_t p = 0; p < order.size(); ++p) {
      if (order[p].empty()) continue;
      const std::size_t a = order[p][place[p]].actor.index();
      if (!try_fire(a, free[p])) continue;
      free[p] = phase_end[a];
      place[p] = (place[p] + 1) % order[p].size();
      again = true;
    }
  }
  return starts;
}

Binding random_binding(Rng& rng, std::size_t actors) {
  Binding binding;
  for (std::size_t a = 0; a < actors; ++a) binding.push_back(rng.chance(0.2) ? kUnbound : rng.below(3));
  return binding;
}

TEST(StaticOrders, EveryStartOfTheOrderedGraphIsThatOfTheProcessors) {
  int slower = 0;
  for (std::uint64_t seed = 1; seed <= 600; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng(seed);
    PhasedGraph graph = random_phased(rng, true);
    if (rng.chance(0.5)) {  // with room as well
      const auto front = buffer_front(graph);
      graph = with_capacities(graph, std::get<BufferFront>(front).points.front().capacity);
    }
    const Binding binding = random_binding(rng, graph.actor_count());
    const Expansion expansion = expand(graph, require_repetition(graph));
    const StaticOrder order = list_schedule(expansion, binding);
    const Graph bound = ordered(expansion, binding, order);
    constexpr std::int64_t kIterations = 12;
    const Schedule schedule = simulate(bound, kIterations);
    const auto expected = execute(graph, binding, order, kIterations);
    for (std::size_t node = 0; node < expansion.actor.size(); ++node) {
      const auto& starts = expected[expansion.actor[node].index()];
      const std::int64_t firings = require_repetition(graph).firings[expansion.actor[node].index()];
      ASSERT_EQ(static_cast<std::int64_t>(starts.size()), firings * kIterations);
      for (std::int64_t k = 0; k < kIterations; ++k)
        EXPECT_EQ(schedule.start(ActorId(node), k),
                  starts[static_cast<std::size_t>(k * firings + expansion.firing[node])]);
    }
    const Ratio period = certificate_of(max_cycle_ratio(bound), bound).period;
    const Ratio unbound = *period_of(graph).period;
    EXPECT_GE(period, unbound);
    slower += period > unbound ? 1 : 0;
  }
  EXPECT_GT(slower, 100);
}

TEST(StaticOrders, OneProcessorTakesTheSumOfAllWorkAndMoreBalanceIt) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    Rng rng(seed);
    PhasedGraph graph = random_phased(rng, true);
    PhasedGraph plain(graph.name());
    std::int64_t work = 0;
    const Repetition repetition = require_repetition(graph);
    for (std::size_t a = 0; a < graph.actor_count(); ++a) {
      plain.add_actor(graph.name(ActorId(a)), graph.execution(ActorId(a)));
      for (const std::int64_t time : graph.execution(ActorId(a))) work += time * repetition.cycles[a];
    }
    for (PhasedChannel channel : graph.channels()) {
      channel.latency = 0;
      plain.add_channel(channel);
    }
    const Expansion expansion = expand(plain, repetition);
    const Binding binding = balanced_binding(plain, 1);
    const Graph bound = ordered(expansion, binding, list_schedule(expansion, binding));
    EXPECT_EQ(certificate_of(max_cycle_ratio(bound), bound).period, Ratio(work));
    std::vector<std::int64_t> load(2, 0), all(plain.actor_count(), 0);
    const Binding two = balanced_binding(plain, 2);
    for (std::size_t a = 0; a < two.size(); ++a)
      for (const std::int64_t time : plain.execution(ActorId(a))) all[a] += time * repetition.cycles[a];
    for (std::size_t a = 0; a < two.size(); ++a) load[two[a]] += all[a];
    EXPECT_LE(2 * std::max(load[0], load[1]),
              work + *std::max_element(all.begin(), all.end()));  // Graham's bound for lists
    EXPECT_EQ(load[0] + load[1], work);
  }
}

TEST(StaticOrders, WhatIsNoOrderOfTheBindingIsRefusedByName) {
  PhasedGraph graph("two");
  graph.add_actor("a", {1});
  graph.add_actor("b", {1});
  graph.add_channel({ActorId(0), ActorId(1)}, "x");
  const Expansion expansion = expand(graph, require_repetition(graph));
  const Firing a{ActorId(0), 0}, b{ActorId(1), 0};
  EXPECT_THAT(message_of([&] {
                (void)ordered(expansion, {0, 0}, {{a, a}});
              }),
              ::testing::HasSubstr("\"a\" is bound to another processor or there twice"));
  EXPECT_THAT(message_of([&] {
                (void)ordered(expansion, {0, 1}, {{a, b}, {}});
              }),
              ::testing::HasSubstr("\"b\" is bound to another processor"));
  EXPECT_THAT(message_of([&] {
                (void)ordered(expansion, {0, 0}, {{a}});
              }),
              ::testing::HasSubstr("whose order has it not"));
  const Firing second{ActorId(0), 1};
  EXPECT_THAT(message_of([&] {
                (void)ordered(expansion, {0, 0}, {{a, second}});
              }),
              ::testing::HasSubstr("firing 1 of an actor that has fewer in an iteration"));
  EXPECT_TRUE(std::holds_alternative<Deadlock>(max_cycle_ratio(ordered(expansion, {0, 0}, {{b, a}}))));
}

TEST(Regimes, RepeatForeverAndAdvanceByThePeriod) {
  int found = 0;
  for (std::uint64_t seed = 1; seed <= 600; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng(seed);
    const PhasedGraph graph = random_phased(rng, true);
    const Expansion expansion = expand(graph, require_repetition(graph));
    const auto settled = regime(expansion.graph);
    ASSERT_TRUE(settled.has_value());
    ++found;
    EXPECT_EQ(Ratio(settled->advance, settled->length), *period_of(graph).period);
    const Schedule schedule = simulate(expansion.graph, settled->transient + 5 * settled->length + 10);
    for (std::size_t node = 0; node < expansion.actor.size(); ++node)
      for (std::int64_t k = settled->transient; k + settled->length < schedule.firings(); ++k)
        EXPECT_EQ(schedule.start(ActorId(node), k + settled->length),
                  schedule.start(ActorId(node), k) + settled->advance);
  }
  EXPECT_GT(found, 500);
}

TEST(Regimes, LatencyIsThatOfTheExecutionForAnyNumberOfIterationsAndForAll) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng(seed);
    const PhasedGraph graph = random_phased(rng, true);
    const Repetition repetition = require_repetition(graph);
    const Expansion expansion = expand(graph, repetition);
    const std::size_t source = rng.below(graph.actor_count()), sink = rng.below(graph.actor_count());
    const auto settled = regime(expansion.graph);
    const std::int64_t all = settled->transient + 3 * settled->length + 4;
    const auto starts = execute(graph, Binding(graph.actor_count(), kUnbound), {}, all);
    std::vector<std::int64_t> latency;
    for (std::int64_t k = 0; k < all; ++k) {
      const auto end = static_cast<std::size_t>((k + 1) * repetition.firings[sink]);
      std::int64_t last = 0;
      for (std::size_t n = end - static_cast<std::size_t>(repetition.firings[sink]); n < end; ++n)
        last =
            std::max(last, starts[sink][n] + graph.execution(ActorId(sink))[n % graph.phases(ActorId(sink))]);
      latency.push_back(last - starts[source][static_cast<std::size_t>(k * repetition.firings[source])]);
    }
    const auto some = rng.between(1, all);
    const IterationLatency found =
        iteration_latency(expansion, expansion.graph, ActorId(source), ActorId(sink), some);
    const auto longest = std::max_element(latency.begin(), latency.begin() + some);
    EXPECT_EQ(found.longest, *longest);
    EXPECT_EQ(found.iteration, longest - latency.begin());
    EXPECT_EQ(found.long_run, *std::max_element(latency.begin(), latency.end()));
  }
}

TEST(Regimes, PartsThatDriftApartHaveNone) {
  Graph graph;
  for (const std::int64_t time : {2, 3})
    graph.forbid_overlap(graph.add_actor("a" + std::to_string(time), time));
  EXPECT_FALSE(regime(graph, 200).has_value());
}

TEST(Gantt, ShowsEveryBarOnceAndEscapesNames) {
  const std::string svg = gantt_svg("a <b>", {"p & q", "r"}, {{0, 0, 5, "x#0", 0}, {1, 5, 9, "y\"", 1}});
  EXPECT_THAT(svg, ::testing::HasSubstr("a &lt;b&gt;"));
  EXPECT_THAT(svg, ::testing::HasSubstr("p &amp; q"));
  EXPECT_THAT(svg, ::testing::HasSubstr("<title>x#0: 0 to 5</title>"));
  EXPECT_THAT(svg, ::testing::HasSubstr("<title>y&quot;: 5 to 9</title>"));
  EXPECT_EQ(svg, gantt_svg("a <b>", {"p & q", "r"}, {{0, 0, 5, "x#0", 0}, {1, 5, 9, "y\"", 1}}));
}

}  // namespace
}  // namespace spikeloom::sdf::testing
