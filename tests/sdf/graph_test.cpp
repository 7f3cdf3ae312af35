#include "compiler/sdf/graph.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "compiler/base/error.hpp"
#include "compiler/sdf/simulate.hpp"
#include "compiler/sdf/structure.hpp"
#include "compiler/sdf/text.hpp"
#include "tests/sdf/graphs.hpp"

namespace spikeloom::sdf {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

std::string message(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInput);
    return error.what();
  }
  return "no error";
}

Graph two_actors() {
  Graph graph;
  const ActorId a = graph.add_actor("tile(1,0) fire hidden[0]", 12), b = graph.add_actor("host \"sink\"", 0);
  graph.add_channel({.source = a, .target = b, .latency = 3}, "spikes");
  graph.add_channel({.source = b, .target = a, .tokens = 1, .latency = 1});
  return graph;
}

TEST(Graph, AWeightIsTheSourcesExecutionPlusTheLatency) {
  Graph graph = two_actors();
  EXPECT_EQ(graph.weight(ChannelId(std::size_t{0})), 15);
  EXPECT_EQ(graph.weight(ChannelId(std::size_t{1})), 1);
  graph.set_execution(ActorId(std::size_t{0}), 20);
  EXPECT_EQ(graph.weight(ChannelId(std::size_t{0})), 23);
}

TEST(Graph, RefusesNumbersOutsideItsLimitsByName) {
  Graph graph = two_actors();
  const ActorId a(std::size_t{0});
  EXPECT_THAT(message([&] { graph.add_actor("x", -1); }), HasSubstr("actor \"x\": execution time"));
  EXPECT_THAT(message([&] { graph.add_actor("x", kMaxTime + 1); }), HasSubstr("actor \"x\": execution time"));
  EXPECT_THAT(message([&] { graph.add_channel({.source = a, .target = a, .tokens = -1}, "c"); }),
              HasSubstr("channel \"c\": initial tokens: expected 0"));
  EXPECT_THAT(message([&] { graph.add_channel({.source = a, .target = a, .latency = -1}, "c"); }),
              HasSubstr("latency"));
  EXPECT_THAT(message([&] { graph.add_channel({.source = a, .target = a, .produce = 0}, "c"); }),
              HasSubstr("production rate"));
  EXPECT_THAT(message([&] { graph.set_tokens(ChannelId(std::size_t{0}), -1); }), HasSubstr("\"spikes\""));
  EXPECT_THAT(message([&] { graph.set_latency(ChannelId(std::size_t{0}), -1); }), HasSubstr("\"spikes\""));
  EXPECT_EQ(graph, two_actors()) << "a refused change changes nothing";
}

TEST(Graph, HoldsRatesForMultiRateAnalyses) {
  Graph graph = two_actors();
  EXPECT_TRUE(graph.homogeneous());
  graph.add_channel({.source = ActorId(std::size_t{0}), .target = ActorId(std::size_t{1}), .produce = 4},
                    "batch");
  EXPECT_FALSE(graph.homogeneous());
  EXPECT_THAT(message([&] { require_homogeneous(graph); }), HasSubstr("\"batch\""));
  EXPECT_EQ(parse(print(graph)), graph);
}

TEST(Describe, NamesActorsAndChannelsAndSumsUp) {
  const Graph graph = two_actors();
  const std::vector<ChannelId> cycle{ChannelId(std::size_t{0}), ChannelId(std::size_t{1})};
  EXPECT_EQ(
      describe(graph, cycle),
      "tile(1,0) fire hidden[0] -[spikes]-> host \"sink\" -> tile(1,0) fire hidden[0] (16 cycles, 1 token)");
  EXPECT_EQ(describe(graph, {}), "no cycle");
}

TEST(Print, IsStable) {
  EXPECT_EQ(print(two_actors()),
            "sdf 1\n"
            "actor \"tile(1,0) fire hidden[0]\" execution 12\n"
            "actor \"host \\\"sink\\\"\" execution 0\n"
            "channel \"spikes\" 0 -> 1 tokens 0 latency 3\n"
            "channel \"\" 1 -> 0 tokens 1 latency 1\n");
}

TEST(Parse, ReadsWhatPrintWrites) {
  for (int seed = 0; seed < 1000; ++seed) {
    Rng rng(static_cast<std::uint64_t>(seed));
    Graph graph = testing::random_graph(rng, {.actors = rng.between(1, 8), .channels = rng.between(0, 20)});
    std::string name;
    for (std::uint64_t i = rng.below(20); i > 0; --i) name += static_cast<char>(rng.below(256));
    const ActorId odd = graph.add_actor(name, kMaxTime);
    std::reverse(name.begin(), name.end());
    graph.add_channel({.source = odd,
                       .target = odd,
                       .tokens = kMaxTokens,
                       .latency = kMaxTime,
                       .produce = rng.between(1, 3),
                       .consume = rng.between(1, 3)},
                      name);
    ASSERT_EQ(parse(print(graph)), graph) << print(graph);
  }
}

TEST(Parse, IgnoresCommentsAndSpaces) {
  EXPECT_EQ(parse("# two\n sdf 1 # version\r\n\n actor \"a#\"   execution 1# one\nchannel \"\" 0 -> 0 tokens "
                  "1 latency 0"),
            parse("sdf 1\nactor \"a#\" execution 1\nchannel \"\" 0 -> 0 tokens 1 latency 0\n"));
}

TEST(Parse, ListsEveryLineThatIsWrong) {
  const std::string text = message([] {
    (void)parse(
        "actor \"a\" execution one\nactor \"b\" execution 1 2\nactor \"b\n"
        "channel \"c\" 0 -> 7 tokens 0 latency 0\nnode 1\nactor \"\\q\" execution 1\n"
        "actor \"\\x4\" execution 1\nactor \"x\" execution -1\nactor \"d\" execution 99999999999999999999\n"
        "sdf 2\nactor \"\\");
  });
  EXPECT_THAT(text, AllOf(HasSubstr("line 1: expected a whole number of 64 bits, found \"one\""),
                          HasSubstr("line 2: unexpected \"2\" at its end"),
                          HasSubstr("line 3: the closing quote is missing"),
                          HasSubstr("line 4: actor 0 does not stand above"),
                          HasSubstr("line 5: expected \"actor\" or \"channel\", found \"node\"")));
  EXPECT_THAT(
      text,
      AllOf(HasSubstr("line 6: unknown escape \\q"), HasSubstr("line 7: \\x takes two digits"),
            HasSubstr("line 8: actor \"x\": execution time"), HasSubstr("line 9: expected a whole number"),
            HasSubstr("line 10: expected version 1"), HasSubstr("line 11: it ends inside an escape"),
            HasSubstr("the line \"sdf 1\" is missing")));
}

TEST(Parse, NeverDoesWorseThanRefuse) {
  const std::string good = print(two_actors());
  for (int seed = 0; seed < 5000; ++seed) {
    Rng rng(static_cast<std::uint64_t>(seed));
    std::string text = good;
    for (std::uint64_t i = 1 + rng.below(4); i > 0; --i) {
      const std::size_t at = rng.below(text.size());
      if (rng.chance(0.3))
        text.erase(at, 1 + rng.below(5));
      else
        text[at] = static_cast<char>(rng.below(256));
    }
    try {
      const Graph graph = parse(text);
      ASSERT_EQ(parse(print(graph)), graph);
    } catch (const Error&) {
    }
  }
}

TEST(Dot, NamesEverythingAndMarksTheCycle) {
  const Graph graph = two_actors();
  const std::vector<ChannelId> cycle{ChannelId(std::size_t{1})};
  EXPECT_EQ(dot(graph, cycle),
            "digraph sdf {\n  rankdir=LR;\n  node [shape=box];\n"
            "  a0 [label=\"tile(1,0) fire hidden[0]\\n12\"];\n"
            "  a1 [label=\"host \\\"sink\\\"\\n0\"];\n"
            "  a0 -> a1 [label=\"spikes +3\"];\n"
            "  a1 -> a0 [label=\" *1 +1\", color=red];\n}\n");
}

TEST(StrongComponents, AreMutualReachabilitySinksFirst) {
  for (int seed = 0; seed < 1000; ++seed) {
    Rng rng(static_cast<std::uint64_t>(seed));
    const std::int64_t n = rng.between(1, 9);
    const Graph graph =
        testing::random_graph(rng, {.actors = n, .channels = rng.between(0, 2 * n), .dead = 1.0});
    const auto size = static_cast<std::size_t>(n);
    std::vector<std::vector<bool>> reach(size, std::vector<bool>(size, false));
    for (std::size_t a = 0; a < size; ++a) reach[a][a] = true;
    for (std::size_t round = 0; round < size; ++round)
      for (const Channel& c : graph.channels())
        for (std::size_t a = 0; a < size; ++a)
          if (reach[a][c.source.index()]) reach[a][c.target.index()] = true;
    const Components parts = strong_components(graph, outgoing(graph));
    for (std::size_t a = 0; a < size; ++a)
      for (std::size_t b = 0; b < size; ++b) {
        ASSERT_EQ(parts.of[a] == parts.of[b], reach[a][b] && reach[b][a]);
        ASSERT_TRUE(!reach[a][b] || parts.of[b] <= parts.of[a]);
      }
    std::vector<bool> listed(size, false);
    for (std::uint32_t part = 0; part < parts.count(); ++part)
      for (std::uint32_t i = parts.first[part]; i < parts.first[part + 1]; ++i) {
        ASSERT_EQ(parts.of[parts.post[i]], part);
        listed[parts.post[i]] = true;
      }
    ASSERT_EQ(std::count(listed.begin(), listed.end(), true), n);
  }
}

TEST(Simulate, IsTheMaxPlusRecursion) {
  Graph graph = two_actors();
  const ActorId a(std::size_t{0}), b(std::size_t{1});
  const Schedule plain = simulate(graph, 3);
  EXPECT_EQ(plain.start(a, 0), 0);
  EXPECT_EQ(plain.start(b, 0), 15);
  EXPECT_EQ(plain.start(a, 1), 16);
  EXPECT_EQ(plain.start(b, 2), 47);
  const Schedule changed = simulate(graph, 2,
                                    {.execution = [](ActorId, std::int64_t k) { return k; },
                                     .latency = [](ChannelId, std::int64_t) { return 2; },
                                     .earliest = [](ActorId, std::int64_t k) { return k == 0 ? 5 : 0; }});
  EXPECT_EQ(changed.start(a, 0), 5);
  EXPECT_EQ(changed.start(b, 0), 7);
  EXPECT_EQ(changed.start(a, 1), 9);
  EXPECT_EQ(changed.start(b, 1), 12);
}

TEST(Simulate, FiringsWithoutOrderMayOverlap) {
  Graph graph;
  const ActorId a = graph.add_actor("a", 10);
  EXPECT_EQ(simulate(graph, 5).start(a, 4), 0);
  graph.forbid_overlap(a);
  EXPECT_EQ(simulate(graph, 5).start(a, 4), 40);
}

TEST(Simulate, RefusesDeadlockAndOverflowByName) {
  Graph graph;
  const ActorId a = graph.add_actor("a", kMaxTime);
  const ChannelId loop = graph.forbid_overlap(a);
  EXPECT_THAT(message([&] { (void)simulate(graph, 100); }),
              HasSubstr("actor \"a\": its start times overflow"));
  graph.set_tokens(loop, 0);
  EXPECT_THAT(message([&] { (void)simulate(graph, 1); }), HasSubstr("deadlock"));
}

}  // namespace
}  // namespace spikeloom::sdf
