#include "compiler/sdf/cycle_ratio.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "compiler/base/error.hpp"
#include "compiler/sdf/potentials.hpp"
#include "compiler/sdf/structure.hpp"
#include "compiler/sdf/text.hpp"
#include "tests/sdf/graphs.hpp"

namespace spikeloom::sdf {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::karp;
using testing::random_graph;
using testing::RandomGraph;
using testing::ratio_of;
using testing::relabelled;
using testing::simple_cycles;

constexpr int kCases = 4000;

RandomGraph small(Rng& rng) {
  const std::int64_t actors = rng.between(1, 6);
  return {.actors = actors, .channels = rng.between(0, 2 * actors + 1), .longest = rng.chance(0.2) ? 1 : 20};
}

Certificate accepted(const Graph& graph, const CycleRatioOptions& options = {}) {
  const CycleRatio result = max_cycle_ratio(graph, options);
  Certificate certificate = certificate_of(result, graph);
  EXPECT_THAT(verify(graph, certificate, options.lower), IsEmpty()) << print(graph);
  return certificate;
}

TEST(MaxCycleRatio, IsTheLargestRatioOfAllSimpleCyclesOrNamesADeadlockOrTheirAbsence) {
  int dead = 0, acyclic = 0;
  for (int seed = 0; seed < kCases; ++seed) {
    Rng rng(static_cast<std::uint64_t>(seed));
    RandomGraph shape = small(rng);
    shape.dead = rng.chance(0.3) ? 0.5 : 0.0;
    const Graph graph = random_graph(rng, shape);
    SCOPED_TRACE("seed " + std::to_string(seed) + "\n" + print(graph));
    const auto cycles = simple_cycles(graph);
    std::optional<Ratio> largest;
    bool deadlock = false;
    for (const auto& cycle : cycles) {
      const auto ratio = ratio_of(graph, cycle);
      if (!ratio) deadlock = true;
      if (ratio && (!largest || *ratio > *largest)) largest = ratio;
    }
    const CycleRatio result = max_cycle_ratio(graph);
    if (deadlock) {
      ++dead;
      ASSERT_TRUE(std::holds_alternative<Deadlock>(result));
      EXPECT_THAT(cycles, ::testing::Contains(std::get<Deadlock>(result).cycle));
      EXPECT_FALSE(ratio_of(graph, std::get<Deadlock>(result).cycle));
    } else if (!largest) {
      ++acyclic;
      ASSERT_TRUE(std::holds_alternative<Acyclic>(result));
      EXPECT_EQ(std::get<Acyclic>(result).certificate.period, Ratio(0));
    } else {
      ASSERT_TRUE(std::holds_alternative<Periodic>(result));
      const Periodic& periodic = std::get<Periodic>(result);
      EXPECT_EQ(periodic.certificate.period, *largest);
      EXPECT_THAT(verify(graph, periodic.certificate), IsEmpty());
    }
    if (HasFailure()) return;
  }
  EXPECT_GT(dead, kCases / 50);
  EXPECT_GT(acyclic, kCases / 50);
}

TEST(MaxCycleRatio, IsTheSameByHowardByBisectionAndByKarpOnTokens) {
  for (int seed = 0; seed < 1500; ++seed) {
    Rng rng(static_cast<std::uint64_t>(seed) + 10'000);
    const Graph graph = random_graph(
        rng, {.actors = rng.between(2, 12), .channels = rng.between(2, 30), .longest = 50, .most_tokens = 2});
    SCOPED_TRACE("seed " + std::to_string(seed) + "\n" + print(graph));
    const Certificate howard = accepted(graph);
    const Certificate bisected = accepted(graph, {.max_iterations = 0});
    EXPECT_EQ(howard.period, bisected.period);
    EXPECT_EQ(howard.potential, bisected.potential);
    EXPECT_EQ(karp(graph).value_or(Ratio(0)), howard.period);
    if (HasFailure()) return;
  }
}

TEST(MaxCycleRatio, GivesEachComponentItsOwnRatio) {
  for (int seed = 0; seed < 1000; ++seed) {
    Rng rng(static_cast<std::uint64_t>(seed) + 20'000);
    const Graph graph = random_graph(rng, small(rng));
    const CycleRatio result = max_cycle_ratio(graph);
    if (!std::holds_alternative<Periodic>(result)) continue;
    const Periodic& periodic = std::get<Periodic>(result);
    std::vector<Ratio> largest(periodic.components.size());
    for (const auto& cycle : simple_cycles(graph)) {
      Ratio& of = largest[periodic.component_of[graph.channel(cycle.front()).source.index()]];
      of = std::max(of, ratio_of(graph, cycle).value());
    }
    for (std::size_t part = 0; part < largest.size(); ++part)
      ASSERT_EQ(periodic.components[part].period, largest[part]) << "seed " << seed << "\n" << print(graph);
    for (const Channel& c : graph.channels())
      ASSERT_LE(periodic.component_of[c.target.index()], periodic.component_of[c.source.index()]);
  }
}

TEST(MaxCycleRatio, RelabellingChangesNothing) {
  for (int seed = 0; seed < 1000; ++seed) {
    Rng rng(static_cast<std::uint64_t>(seed) + 30'000);
    const Graph graph = random_graph(rng, small(rng));
    const testing::Relabelled other = relabelled(graph, rng);
    const Certificate a = accepted(graph), b = accepted(other.graph);
    ASSERT_EQ(a.period, b.period);
    for (std::size_t actor = 0; actor < graph.actor_count(); ++actor)
      ASSERT_EQ(a.potential[actor], b.potential[other.actor[actor].index()]);
  }
}

TEST(MaxCycleRatio, ChannelsThatDemandNoMoreThanOthersChangeNothing) {
  for (int seed = 0; seed < 1000; ++seed) {
    Rng rng(static_cast<std::uint64_t>(seed) + 40'000);
    Graph graph = random_graph(rng, small(rng));
    const Certificate before = accepted(graph);
    const std::size_t channels = graph.channel_count();
    for (std::size_t i = 0; i < channels; ++i) {
      Channel weaker = graph.channel(ChannelId(i));
      weaker.latency = rng.between(0, weaker.latency);
      weaker.tokens += rng.between(0, 2);
      graph.add_channel(weaker);
    }
    const Certificate after = accepted(graph);
    ASSERT_EQ(before.period, after.period);
    ASSERT_EQ(before.potential, after.potential);
  }
}

TEST(MaxCycleRatio, ScalesWithTheTimes) {
  for (int seed = 0; seed < 1000; ++seed) {
    Rng rng(static_cast<std::uint64_t>(seed) + 50'000);
    const Graph graph = random_graph(rng, small(rng));
    const Certificate one = accepted(graph);
    // The large factor takes the 128-bit path, unless even the potentials do not fit.
    for (const std::int64_t factor : {std::int64_t{7}, std::int64_t{1} << 50}) {
      Graph scaled;
      for (std::size_t a = 0; a < graph.actor_count(); ++a)
        scaled.add_actor("", graph.execution(ActorId(a)) * factor);
      for (Channel c : graph.channels()) {
        c.latency *= factor;
        scaled.add_channel(c);
      }
      const Certificate other = accepted(scaled);
      ASSERT_EQ(other.period, one.period * Ratio(factor)) << print(graph);
      for (std::size_t a = 0; a < graph.actor_count(); ++a)
        ASSERT_EQ(Ratio(other.potential[a], other.period.den()),
                  Ratio(one.potential[a], one.period.den()) * Ratio(factor))
            << print(graph);
    }
  }
}

TEST(MaxCycleRatio, AnyStartPolicyGivesTheSameAnswer) {
  for (int seed = 0; seed < 500; ++seed) {
    Rng rng(static_cast<std::uint64_t>(seed) + 60'000);
    Graph graph = random_graph(rng, {.actors = 8, .channels = 24});
    const CycleRatio result = max_cycle_ratio(graph);
    if (!std::holds_alternative<Periodic>(result)) continue;
    graph.set_execution(ActorId(rng.below(8)), rng.between(0, 40));
    const Certificate cold = accepted(graph);
    std::vector<ChannelId> nonsense;
    for (int a = 0; a < 8; ++a) nonsense.emplace_back(rng.below(30));
    for (const auto& policy : {std::get<Periodic>(result).policy, nonsense}) {
      const Certificate warm = accepted(graph, {.start_policy = policy});
      ASSERT_EQ(warm.period, cold.period);
      ASSERT_EQ(warm.potential, cold.potential);
    }
  }
}

TEST(MaxCycleRatio, AtScaleHowardAndBisectionAgree) {
  for (const Graph& graph : {testing::random_strong(300, 1200, 1), testing::layered(5, 20, 2, 2),
                             testing::ring(500, 3), testing::chain(500, 2, 4), testing::mesh(15, 5)}) {
    const Certificate howard = accepted(graph), bisected = accepted(graph, {.max_iterations = 0});
    EXPECT_EQ(howard.period, bisected.period);
    EXPECT_EQ(howard.potential, bisected.potential);
  }
}

TEST(MaxCycleRatio, LargeGraphsHaveAcceptedCertificates) {
  for (const Graph& graph : {testing::random_strong(10'000, 40'000, 1), testing::layered(20, 500, 2, 2),
                             testing::ring(50'000, 3), testing::chain(20'000, 2, 4), testing::mesh(100, 5)})
    EXPECT_GT(accepted(graph).period, Ratio(0));
}

// What trips other tools: an absolute epsilon, a bound taken for infinity, no weights, no cycles.

TEST(MaxCycleRatio, TellsRatiosApartThatDifferByLessThanAnyEpsilon) {
  const std::int64_t big = 1'000'000'000;
  Graph graph;
  const ActorId a = graph.add_actor("a", big), b = graph.add_actor("b", big + 1);
  graph.add_channel({.source = a, .target = a, .tokens = big - 1});
  graph.add_channel({.source = b, .target = b, .tokens = big});
  graph.add_channel({.source = a, .target = b, .tokens = big});
  graph.add_channel({.source = b, .target = a, .tokens = big});
  EXPECT_EQ(accepted(graph).period, Ratio(big, big - 1));  // above (big + 1) / big by 1 / (big * (big - 1))
}

TEST(MaxCycleRatio, TinyRatiosAreExact) {
  Graph graph;
  const ActorId a = graph.add_actor("a", 1), b = graph.add_actor("b", 0);
  graph.add_channel({.source = a, .target = b, .tokens = 1'000'000});
  graph.add_channel({.source = b, .target = a, .tokens = 999'999});
  EXPECT_EQ(accepted(graph).period, Ratio(1, 1'999'999));
}

TEST(MaxCycleRatio, OneSelfLoopIsItsOwnRatio) {
  Graph graph;
  const ActorId a = graph.add_actor("a", 1);
  graph.forbid_overlap(a);
  const Certificate certificate = accepted(graph);
  EXPECT_EQ(certificate.period, Ratio(1));
  EXPECT_EQ(certificate.potential, std::vector<std::int64_t>{0});
}

TEST(MaxCycleRatio, CyclesOfNoWeightHavePeriodZero) {
  Graph graph;
  const ActorId a = graph.add_actor("a", 0), b = graph.add_actor("b", 0);
  graph.add_channel({.source = a, .target = b});
  graph.add_channel({.source = b, .target = a, .tokens = 1});
  const CycleRatio result = max_cycle_ratio(graph);
  ASSERT_TRUE(std::holds_alternative<Periodic>(result));
  EXPECT_EQ(std::get<Periodic>(result).certificate.period, Ratio(0));
  EXPECT_EQ(std::get<Periodic>(result).certificate.critical_cycle.size(), 2U);
  accepted(graph);
}

TEST(MaxCycleRatio, EqualRatiosEverywhereAreFound) {
  Graph graph;  // every cycle's ratio is the bound
  std::vector<ActorId> actor;
  for (int a = 0; a < 5; ++a) actor.push_back(graph.add_actor("", 7));
  for (const ActorId a : actor)
    for (const ActorId b : actor) graph.add_channel({.source = a, .target = b, .tokens = 1});
  EXPECT_EQ(accepted(graph).period, Ratio(7));
}

TEST(MaxCycleRatio, AnEmptyGraphAndALoneActorHaveNoCycle) {
  Graph graph;
  EXPECT_TRUE(std::holds_alternative<Acyclic>(max_cycle_ratio(graph)));
  graph.add_actor("a", 5);
  EXPECT_TRUE(std::holds_alternative<Acyclic>(max_cycle_ratio(graph)));
}

TEST(MaxCycleRatio, WithoutCyclesPotentialsAreLongestPaths) {
  Graph graph;
  const ActorId a = graph.add_actor("a", 5), b = graph.add_actor("b", 7), c = graph.add_actor("c", 1);
  graph.add_channel({.source = a, .target = b, .latency = 2});
  graph.add_channel({.source = b, .target = c});
  graph.add_channel({
      .source = a,
      .target = c,
      .latency = 20,
  });
  EXPECT_EQ(accepted(graph).potential, (std::vector<std::int64_t>{0, 7, 25}));
}

TEST(MaxCycleRatio, AnUpstreamComponentSetsThePeriodDownstream) {
  Graph graph;
  const ActorId a = graph.add_actor("slow", 100), b = graph.add_actor("fast", 3);
  graph.forbid_overlap(a);
  graph.forbid_overlap(b);
  graph.add_channel({.source = a, .target = b});
  const CycleRatio result = max_cycle_ratio(graph);
  const Periodic& periodic = std::get<Periodic>(result);
  EXPECT_EQ(periodic.certificate.period, Ratio(100));
  EXPECT_EQ(periodic.components[periodic.component_of[b.index()]].period, Ratio(3));
  EXPECT_EQ(periodic.certificate.potential, (std::vector<std::int64_t>{0, 100}));
}

TEST(MaxCycleRatio, NamesTheDeadlockedCycle) {
  Graph graph;
  const ActorId a = graph.add_actor("fire out[0]", 5), b = graph.add_actor("send out[0]", 5);
  graph.add_channel({.source = a, .target = b}, "buffer");
  graph.add_channel({.source = b, .target = a}, "pages");
  try {
    (void)certificate_of(max_cycle_ratio(graph), graph);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInput);
    EXPECT_THAT(error.what(), HasSubstr("deadlock"));
    EXPECT_THAT(error.what(), HasSubstr("fire out[0] -[buffer]-> send out[0] -[pages]-> fire out[0]"));
  }
}

TEST(MaxCycleRatio, RefusesRatesAndNumbersThatDoNotFitByName) {
  const auto message = [](const Graph& graph) {
    try {
      (void)max_cycle_ratio(graph);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kInput);
      return std::string(error.what());
    }
    return std::string("no error");
  };
  Graph rates;
  const ActorId a = rates.add_actor("a", 1), b = rates.add_actor("b", 1);
  rates.add_channel({.source = a, .target = b, .produce = 2, .consume = 3}, "pool");
  EXPECT_THAT(message(rates),
              HasSubstr("channel \"pool\" from \"a\" to \"b\": expected rates of 1, found 2 and 3"));

  Graph huge;
  for (int i = 0; i < 2; ++i) {
    huge.add_actor("", kMaxTime);
    huge.forbid_overlap(ActorId(static_cast<std::size_t>(i)));
  }
  EXPECT_THAT(message(huge), HasSubstr("times overflow"));

  Graph tokens;
  tokens.add_actor("a", 1);
  tokens.add_actor("b", 1);
  for (std::size_t i = 0; i < 2; ++i)
    tokens.add_channel({.source = ActorId(i), .target = ActorId(i), .tokens = kMaxTokens});
  EXPECT_THAT(message(tokens), HasSubstr("initial tokens overflow"));

  Graph potential;  // P/Q fits, Q times a path does not
  potential.add_actor("a", kMaxTime / 4);
  potential.add_actor("late", 1);
  potential.add_channel({.source = ActorId(std::size_t{0}), .target = ActorId(std::size_t{1})});
  potential.add_channel(
      {.source = ActorId(std::size_t{1}), .target = ActorId(std::size_t{0}), .tokens = 1'000'003});
  EXPECT_THAT(message(potential), HasSubstr("\"late\": its potential overflows"));
}

TEST(Potentials, AreTheLeastThatHoldAndBeginAtTheFirstStarts) {
  for (int seed = 0; seed < 1000; ++seed) {
    Rng rng(static_cast<std::uint64_t>(seed) + 70'000);
    const Graph graph = random_graph(rng, small(rng));
    std::vector<std::int64_t> lower;
    for (std::size_t a = 0; a < graph.actor_count(); ++a) lower.push_back(rng.between(0, 30));
    const Certificate certificate = accepted(graph, {.lower = lower});
    const Ratio period = certificate.period + Ratio(rng.between(0, 20), rng.between(1, 9));
    const auto found = potentials(graph, period, lower);
    ASSERT_TRUE(std::holds_alternative<Potentials>(found)) << print(graph);
    const auto& potential = std::get<Potentials>(found).potential;
    ASSERT_THAT(verify_bound(graph, period, potential, lower), IsEmpty()) << print(graph);
    // Least: each is its first start or is held up by some channel, and following those channels ends.
    std::vector<std::int64_t> longest(graph.actor_count());
    for (std::size_t a = 0; a < lower.size(); ++a) longest[a] = period.den() * lower[a];
    for (std::size_t round = 0; round < graph.actor_count(); ++round)
      for (const Channel& c : graph.channels())
        longest[c.target.index()] =
            std::max(longest[c.target.index()],
                     longest[c.source.index()] + period.den() * graph.weight(c) - period.num() * c.tokens);
    ASSERT_EQ(potential, longest) << print(graph);
  }
}

TEST(Potentials, AreLeastWhereAPassOverTheActorsSettlesLittle) {
  // Chains wound against the order of a pass, at several periods: Dijkstra's part, which visits no actor
  // twice.
  for (int seed = 0; seed < 200; ++seed) {
    Rng rng(static_cast<std::uint64_t>(seed) + 75'000);
    const Graph graph =
        seed % 2 == 0 ? testing::random_strong(60, 150, rng.next()) : testing::mesh(8, rng.next());
    std::vector<std::int64_t> lower;
    for (std::size_t a = 0; a < graph.actor_count(); ++a)
      lower.push_back(rng.chance(0.1) ? rng.between(0, 100'000) : 0);
    const Ratio mcr = accepted(graph, {.lower = lower}).period;
    for (const Ratio& period : {mcr, mcr + Ratio(1, 7), mcr + Ratio(1000)}) {
      const auto found = potentials(graph, period, lower);
      ASSERT_THAT(verify_bound(graph, period, std::get<Potentials>(found).potential, lower), IsEmpty());
    }
  }
}

TEST(Potentials, NameACycleThatIsTooSlowForThePeriod) {
  for (int seed = 0; seed < 1000; ++seed) {
    Rng rng(static_cast<std::uint64_t>(seed) + 80'000);
    const Graph graph = random_graph(rng, small(rng));
    const Ratio mcr = accepted(graph).period;
    if (mcr == Ratio(0)) continue;
    const Ratio wanted = mcr * Ratio(rng.between(0, 99'999), 100'000);
    const auto found = potentials(graph, wanted);
    ASSERT_TRUE(std::holds_alternative<TooFast>(found));
    const auto& cycle = std::get<TooFast>(found).cycle;
    ASSERT_GT(ratio_of(graph, cycle).value(), wanted);
    for (std::size_t i = 0; i < cycle.size(); ++i)
      ASSERT_EQ(graph.channel(cycle[i]).target, graph.channel(cycle[(i + 1) % cycle.size()]).source);
  }
}

TEST(Potentials, NoPeriodSavesADeadlock) {
  Graph graph;
  const ActorId a = graph.add_actor("a", 0);
  graph.add_channel({.source = a, .target = a});
  const auto found = potentials(graph, Ratio(1'000'000));
  ASSERT_TRUE(std::holds_alternative<TooFast>(found));
  EXPECT_EQ(std::get<TooFast>(found).cycle, std::vector<ChannelId>{ChannelId(std::size_t{0})});
}

TEST(Potentials, RefuseANegativePeriodAndANegativeFirstStart) {
  Graph graph;
  graph.add_actor("a", 0);
  EXPECT_THROW((void)potentials(graph, Ratio(-1)), Error);
  const std::vector<std::int64_t> lower{-1};
  EXPECT_THROW((void)potentials(graph, Ratio(1), lower), Error);
  EXPECT_THROW((void)max_cycle_ratio(graph, {.lower = lower}), Error);
}

}  // namespace
}  // namespace spikeloom::sdf
