#include "compiler/sdf/latency.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "compiler/base/error.hpp"
#include "compiler/sdf/simulate.hpp"
#include "compiler/sdf/text.hpp"
#include "tests/sdf/graphs.hpp"

namespace spikeloom::sdf {
namespace {

using ::testing::HasSubstr;

const ActorId kSource{std::size_t{0}};

/// How one random run departs from the graph: chances of a full time and of a held-back source.
struct Departure {
  std::uint64_t seed;
  double full;
  double held_back;
  std::int64_t longest_gap;
};

std::int64_t hashed(std::uint64_t seed, std::size_t id, std::int64_t firing, std::int64_t bound,
                    double full) {
  Rng rng(seed ^ (id * 0x9e3779b97f4a7c15ULL) ^ (static_cast<std::uint64_t>(firing) << 32U));
  (void)rng.next();
  if (rng.chance(full)) return bound;
  return rng.chance(0.5) ? 0 : rng.between(0, bound);
}

/// The largest latency that a run shows, in either moment; executions are the same whenever they are asked
/// for.
std::int64_t observed(const Graph& graph, ActorId sink, const LatencyOptions& options, const Departure& run) {
  constexpr std::int64_t kFirings = 40;
  Rng rng(run.seed);
  std::vector<std::int64_t> arrival(kFirings, 0);
  std::int64_t now = 0;
  for (std::int64_t& a : arrival) a = now += rng.chance(run.held_back) ? rng.between(0, run.longest_gap) : 0;
  const auto execution = [&](ActorId a, std::int64_t k) {
    return hashed(run.seed, a.index(), k, graph.execution(a), run.full);
  };
  const Schedule schedule =
      simulate(graph, kFirings,
               {.execution = execution,
                .latency =
                    [&](ChannelId c, std::int64_t k) {
                      return hashed(run.seed, c.index() + 1000, k, graph.channel(c).latency, run.full);
                    },
                .earliest =
                    [&](ActorId a, std::int64_t k) {
                      const std::int64_t first = options.lower.empty() ? 0 : options.lower[a.index()];
                      return a == kSource ? std::max(first, arrival[static_cast<std::size_t>(k)]) : first;
                    }});
  std::int64_t most = std::numeric_limits<std::int64_t>::min();
  for (std::int64_t k = 0; k < kFirings; ++k) {
    const auto moment = [&](ActorId a, Moment m) {
      return schedule.start(a, k) + (m == Moment::kEnd ? execution(a, k) : 0);
    };
    most = std::max(most, moment(sink, options.to) - moment(kSource, options.from));
  }
  return most;
}

Departure random_run(Rng& rng) {
  const double full = rng.chance(0.4) ? 1.0 : rng.unit();
  return {rng.next(), full, rng.chance(0.3) ? 0.0 : rng.unit(), rng.between(1, 60)};
}

TEST(LatencyBound, IsNeverExceededInAnyRun) {
  int bounded = 0, reached = 0;
  for (int seed = 0; seed < 3000; ++seed) {
    Rng rng(static_cast<std::uint64_t>(seed));
    const std::int64_t actors = rng.between(2, 6);
    Graph graph = testing::random_graph(
        rng, {.actors = actors, .channels = rng.between(actors, 3 * actors), .longest = 12});
    graph.forbid_overlap(kSource);
    const ActorId sink(1 + rng.below(static_cast<std::uint64_t>(actors) - 1));
    std::vector<std::int64_t> lower;
    if (rng.chance(0.3))
      for (std::int64_t a = 0; a < actors; ++a) lower.push_back(rng.between(0, 40));
    const LatencyOptions options{.from = rng.chance(0.5) ? Moment::kStart : Moment::kEnd,
                                 .to = rng.chance(0.5) ? Moment::kStart : Moment::kEnd,
                                 .lower = lower};
    const auto bound = latency_bound(graph, kSource, sink, options);
    if (!std::holds_alternative<std::int64_t>(bound)) continue;
    ++bounded;
    std::int64_t most = 0;
    for (int i = 0; i < 25; ++i) {
      const Departure run = random_run(rng);
      const std::int64_t seen = observed(graph, sink, options, run);
      ASSERT_LE(seen, std::get<std::int64_t>(bound)) << "seed " << seed << "\n" << print(graph);
      most = std::max(most, seen);
    }
    if (most == std::get<std::int64_t>(bound)) ++reached;
  }
  RecordProperty("bounded", bounded);
  RecordProperty("reached", reached);
  EXPECT_GT(bounded, 1000);
  EXPECT_GT(reached, bounded / 2) << "the bound has become loose";
}

/// source -> stage 1 -> ... -> stage n, with `pages` tokens back at every hop.
Graph pipeline(const std::vector<std::int64_t>& execution, std::int64_t pages) {
  Graph graph;
  for (std::size_t a = 0; a < execution.size(); ++a) {
    graph.add_actor("stage " + std::to_string(a), execution[a]);
    graph.forbid_overlap(ActorId(a));
    if (a == 0) continue;
    graph.add_channel({.source = ActorId(a - 1), .target = ActorId(a)});
    graph.add_channel({.source = ActorId(a), .target = ActorId(a - 1), .tokens = pages});
  }
  return graph;
}

std::int64_t bound(const Graph& graph, ActorId sink, const LatencyOptions& options = {}) {
  return std::get<std::int64_t>(latency_bound(graph, kSource, sink, options));
}

TEST(LatencyBound, CountsEveryPageThatTheSourceMayRunAheadInto) {
  for (const std::int64_t pages : {1, 2, 5}) {
    const Graph graph = pipeline({0, 10}, pages);
    EXPECT_EQ(bound(graph, ActorId(std::size_t{1})), 10 * pages);
    EXPECT_EQ(observed(graph, ActorId(std::size_t{1}), {}, {1, 1.0, 0.0, 1}), 10 * pages);
  }
}

TEST(LatencyBound, IsReachedByASlowLastStage) {
  const Graph graph = pipeline({0, 0, 10}, 2);
  const ActorId sink(std::size_t{2});
  // Firings k-3 to k of the last stage may be open: two pages at each of two hops.
  EXPECT_EQ(bound(graph, sink), 40);
  EXPECT_EQ(observed(graph, sink, {}, {1, 1.0, 0.0, 1}), 40);
}

TEST(LatencyBound, WithoutPipeliningIsThePlainPath) {
  Graph graph = pipeline({3, 10, 5}, 1);
  const ActorId sink(std::size_t{2});
  graph.add_channel({.source = sink, .target = kSource, .tokens = 1});  // one step at a time
  EXPECT_EQ(bound(graph, sink), 15);
  EXPECT_EQ(bound(graph, sink, {.from = Moment::kStart}), 18);
  EXPECT_EQ(bound(graph, sink, {.from = Moment::kStart, .to = Moment::kStart}), 13);
  EXPECT_EQ(observed(graph, sink, {}, {1, 1.0, 0.0, 1}), 15);
}

TEST(LatencyBound, IsNotTheDifferenceOfPotentials) {
  // The source's potential is 0 and the sink's 0 + 0 + 1: yet the source runs ahead by four firings.
  const Graph graph = pipeline({0, 1, 10}, 2);
  EXPECT_GT(bound(graph, ActorId(std::size_t{2})), 11);
}

TEST(LatencyBound, CountsTokensOfFinishedFiringsThatAreStillOnTheirWay) {
  Graph graph;
  const ActorId source = graph.add_actor("source", 0), a = graph.add_actor("a", 0),
                sink = graph.add_actor("sink", 0);
  graph.forbid_overlap(source);
  graph.add_channel({.source = source, .target = a});
  graph.add_channel({.source = a, .target = source, .tokens = 1});               // a is finished at once
  graph.add_channel({.source = a, .target = sink, .tokens = 1, .latency = 50});  // last step's token
  EXPECT_EQ(bound(graph, sink), 50);
  EXPECT_EQ(observed(graph, sink, {}, {1, 1.0, 0.0, 1}), 50);
}

TEST(LatencyBound, IncludesStartPhases) {
  const Graph graph = pipeline({0, 10}, 1);
  const std::vector<std::int64_t> lower{5, 100};
  const ActorId sink(std::size_t{1});
  EXPECT_EQ(bound(graph, sink, {.lower = lower}), 105);
  EXPECT_EQ(observed(graph, sink, {.lower = lower}, {1, 1.0, 0.0, 1}), 105);
}

TEST(LatencyBound, ASinkWithoutWayBackIsBoundedIfItTakesNoTime) {
  Graph graph = pipeline({0, 10, 7}, 2);
  const ActorId last(std::size_t{2});
  const ActorId sink = graph.add_actor("host sink", 0);
  graph.forbid_overlap(sink);
  graph.add_channel({.source = last, .target = sink, .latency = 4});
  EXPECT_EQ(bound(graph, sink), bound(graph, last) + 4);
}

TEST(LatencyBound, ASlowSinkWithoutWayBackHasNone) {
  Graph graph = pipeline({0, 10}, 2);
  const ActorId sink = graph.add_actor("host sink", 1);
  const ChannelId loop = graph.forbid_overlap(sink);
  graph.add_channel({.source = ActorId(std::size_t{1}), .target = sink});
  const auto found = latency_bound(graph, kSource, sink);
  ASSERT_TRUE(std::holds_alternative<Unbounded>(found));
  EXPECT_EQ(std::get<Unbounded>(found).cycle, std::vector<ChannelId>{loop});
}

TEST(LatencyBound, UnboundedCyclesAreClosedAndTakeTime) {
  int found_some = 0;
  for (int seed = 0; seed < 2000; ++seed) {
    Rng rng(static_cast<std::uint64_t>(seed) + 5000);
    Graph graph = testing::random_graph(rng, {.actors = 6, .channels = rng.between(6, 14), .longest = 3});
    graph.forbid_overlap(kSource);
    const auto found = latency_bound(graph, kSource, ActorId(std::size_t{5}));
    if (!std::holds_alternative<Unbounded>(found)) continue;
    ++found_some;
    const auto& cycle = std::get<Unbounded>(found).cycle;
    for (std::size_t i = 0; i < cycle.size(); ++i)
      ASSERT_EQ(graph.channel(cycle[i]).target, graph.channel(cycle[(i + 1) % cycle.size()]).source);
    ASSERT_GT(testing::ratio_of(graph, cycle).value(), Ratio(0));
  }
  EXPECT_GT(found_some, 100);
}

TEST(LatencyBound, OfASinkThatAlwaysPrecedesTheSourceIsNone) {
  Graph graph;
  const ActorId source = graph.add_actor("source", 9), before = graph.add_actor("before", 9);
  graph.forbid_overlap(source);
  graph.add_channel({.source = before, .target = source});
  EXPECT_EQ(bound(graph, before), 0);
  EXPECT_EQ(bound(graph, source), 0);
  EXPECT_EQ(bound(graph, source, {.from = Moment::kStart}), 9);
}

TEST(LatencyBound, RefusesASourceWhoseFiringsMayOvertakeOneAnother) {
  Graph graph;
  const ActorId source = graph.add_actor("host source", 1), sink = graph.add_actor("sink", 1);
  graph.add_channel({.source = source, .target = sink});
  graph.add_channel({.source = sink, .target = source, .tokens = 2});
  try {
    (void)latency_bound(graph, source, sink);
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("\"host source\": its firings may overtake one another"));
  }
}

TEST(LatencyBound, RefusesDeadlocksAndTooManyTokensByName) {
  // What repeats is passed over, however many firings it is.
  Graph graph = pipeline({1, 1}, 1);
  const ActorId sink(std::size_t{1});
  graph.set_tokens(ChannelId(std::size_t{3}), std::int64_t{1} << 40);
  EXPECT_EQ(bound(graph, sink), std::int64_t{1} << 40);
  // The stage fires in bursts of 97, which is no short distance.
  const ActorId slow = graph.add_actor("slow", 10);
  graph.forbid_overlap(slow);
  graph.add_channel({.source = sink, .target = slow, .tokens = 97});
  graph.add_channel({.source = slow, .target = sink, .latency = 90'000});
  try {
    (void)latency_bound(graph, kSource, sink, {.most_looks = 10'000});
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("\"slow\": the latency bound would follow more than 10000 firings"));
  }
  graph.set_tokens(ChannelId(std::size_t{3}), 0);
  EXPECT_THROW((void)latency_bound(graph, kSource, sink), Error);
}

}  // namespace
}  // namespace spikeloom::sdf
