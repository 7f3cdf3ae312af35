// Multi-rate graphs: repetition vectors, expansion, periods by two methods, files.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <numeric>

#include <nlohmann/json.hpp>

#include "compiler/sdf/json.hpp"
#include "compiler/sdf/sdf3.hpp"
#include "compiler/sdf/throughput.hpp"
#include "tests/sdf/phased_graphs.hpp"

namespace spikeloom::sdf::testing {
namespace {

using ::testing::HasSubstr;

TEST(RepetitionVector, BalancesEveryChannelAndHasNoCommonFactor) {
  for (std::uint64_t seed = 1; seed <= 500; ++seed) {
    Rng rng(seed);
    const PhasedGraph graph = random_phased(rng, true);
    const Repetition repetition = require_repetition(graph);
    std::int64_t divisor = 0;
    for (const std::int64_t cycles : repetition.cycles) divisor = std::gcd(divisor, cycles);
    EXPECT_EQ(divisor, 1);
    for (const PhasedChannel& channel : graph.channels()) {
      const auto sum = [](const std::vector<std::int64_t>& rates) {
        return std::accumulate(rates.begin(), rates.end(), std::int64_t{0});
      };
      EXPECT_EQ(sum(channel.produce) * repetition.cycles[channel.source.index()],
                sum(channel.consume) * repetition.cycles[channel.target.index()]);
    }
  }
}

TEST(RepetitionVector, NamesTheCircleWhoseRatesDisagree) {
  PhasedGraph graph("wrong");
  for (const char* name : {"root", "a", "b", "c"}) graph.add_actor(name, {1});
  graph.add_channel({ActorId(0), ActorId(1)}, "way in");
  graph.add_channel({ActorId(1), ActorId(2), {2}, {1}}, "x");
  graph.add_channel({ActorId(2), ActorId(3)}, "y");
  graph.add_channel({ActorId(1), ActorId(3), {3}, {1}}, "z");
  const auto result = repetition_vector(graph);
  ASSERT_TRUE(std::holds_alternative<Inconsistent>(result));
  std::vector<ChannelId> circle = std::get<Inconsistent>(result).circle;
  std::sort(circle.begin(), circle.end());
  EXPECT_EQ(circle, (std::vector<ChannelId>{ChannelId(1), ChannelId(2), ChannelId(3)}));
  const std::string text = message_of([&] { (void)require_repetition(graph); });
  for (const char* part : {"\"x\"", "\"y\"", "\"z\"", "writes 3 and reads 1"})
    EXPECT_THAT(text, HasSubstr(part));
  EXPECT_THAT(text, ::testing::Not(HasSubstr("way in")));
}

TEST(RepetitionVector, NamesPartsThatNoChannelJoins) {
  PhasedGraph graph("two");
  graph.add_actor("a", {1});
  graph.add_actor("b", {1});
  EXPECT_TRUE(std::holds_alternative<Disconnected>(repetition_vector(graph)));
  EXPECT_THAT(message_of([&] { (void)require_repetition(graph); }),
              HasSubstr("2 parts that no channel joins"));
}

TEST(RepetitionVector, SaysWhereItLeaves64Bits) {
  PhasedGraph graph("large");
  graph.add_actor("a0", {1});
  for (std::size_t a = 1; a < 40; ++a) {
    graph.add_actor("a" + std::to_string(a), {1});
    graph.add_channel({ActorId(a - 1), ActorId(a), {1000003}, {1}}, "c" + std::to_string(a));
  }
  EXPECT_THAT(message_of([&] { (void)require_repetition(graph); }), HasSubstr("leaves 64 bits"));
}

TEST(Throughput, ExpansionAndSelfTimedExecutionAgree) {
  int alive = 0, dead = 0;
  for (std::uint64_t seed = 1; seed <= 3000; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng(seed);
    const PhasedGraph graph = random_phased(rng, rng.chance(0.6));
    const auto expanded = throughput(graph);
    const std::optional<Ratio> simulated = self_timed_period(graph, require_repetition(graph));
    ASSERT_EQ(std::holds_alternative<Throughput>(expanded), simulated.has_value());
    if (!simulated) {
      ++dead;
      EXPECT_EQ(std::get<StuckFirings>(expanded).cycle.tokens, 0);
      continue;
    }
    ++alive;
    const Throughput& found = std::get<Throughput>(expanded);
    EXPECT_EQ(found.period, *simulated);
    EXPECT_TRUE(verify(found.expansion.graph, found.certificate).empty());
    EXPECT_EQ(Ratio(found.critical.weight, found.critical.tokens), found.period);
  }
  EXPECT_GT(alive, 1500);
  EXPECT_GT(dead, 100);
}

TEST(Throughput, ScalingRatesAndTokensAndAddingRoomChangesNothing) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng(seed);
    const PhasedGraph graph = random_phased(rng, true);
    const Ratio period = std::get<Throughput>(throughput(graph)).period;
    PhasedGraph scaled("scaled");
    for (std::size_t a = 0; a < graph.actor_count(); ++a)
      scaled.add_actor(graph.name(ActorId(a)), graph.execution(ActorId(a)));
    for (std::size_t c = 0; c < graph.channel_count(); ++c) {
      PhasedChannel channel = graph.channel(ChannelId(c));
      for (auto* rates : {&channel.produce, &channel.consume})
        for (std::int64_t& rate : *rates) rate *= 3;
      channel.tokens *= 3;
      scaled.add_channel(channel, graph.name(ChannelId(c)));
      // Redundant: the same channel with more tokens.
      channel.tokens += 3;
      scaled.add_channel(channel, "more");
    }
    EXPECT_EQ(std::get<Throughput>(throughput(scaled)).period, period);
  }
}

TEST(Throughput, OfAnExpansionThatIsTooLargeIsRefusedWithItsSize) {
  PhasedGraph graph("wide");
  graph.add_actor("a", {1});
  graph.add_actor("b", {1});
  graph.add_channel({ActorId(0), ActorId(1), {1'000'000'007}, {1}}, "x");
  EXPECT_THAT(message_of([&] { (void)throughput(graph); }), HasSubstr("too many to expand"));
}

TEST(Files, JsonAndSdf3ComeBackAsTheyWere) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    Rng rng(seed);
    PhasedGraph graph = random_phased(rng, true);
    EXPECT_EQ(parse_json(print_json(graph), "x"), graph);
    PhasedGraph plain(graph.name());
    for (std::size_t a = 0; a < graph.actor_count(); ++a)
      plain.add_actor(graph.name(ActorId(a)), graph.execution(ActorId(a)));
    for (std::size_t c = 0; c < graph.channel_count(); ++c) {
      PhasedChannel channel = graph.channel(ChannelId(c));
      channel.latency = 0;
      plain.add_channel(channel, "c" + std::to_string(c));
    }
    EXPECT_EQ(parse_sdf3(print_sdf3(plain), "x"), plain);
  }
}

TEST(Files, EverythingWrongIsListedAtOnce) {
  const std::string json = message_of([] {
    (void)parse_json(
        R"({"format": "spikeloom-dataflow", "version": 1, "more": 1,
            "actors": [{"name": "a", "execution": "x"}, {"name": "a"}],
            "channels": [{"name": "c", "from": "a", "to": "b", "tokens": -1}]})",
        "g.json");
  });
  for (const char* part : {"g.json", "unknown key \"more\"", "\"execution\"", "two actors", "no actor \"b\""})
    EXPECT_THAT(json, HasSubstr(part));
  const std::string xml = message_of([] {
    (void)parse_sdf3(
        R"(<sdf3 type="sdf"><applicationGraph name="g"><sdf name="g">
            <actor name="a"><port name="p" type="out" rate="q"/></actor>
            <channel name="c" srcActor="a" srcPort="p" dstActor="b" dstPort="p" initialTokens="-"/>
            </sdf></applicationGraph></sdf3>)",
        "g.xml");
  });
  for (const char* part :
       {"g.xml", "no execution time", "found \"q\"", "no port \"p\" of an actor \"b\"", "initialTokens"})
    EXPECT_THAT(xml, HasSubstr(part));
  EXPECT_THAT(message_of([] { (void)parse_sdf3("<sdf3", "g.xml"); }), HasSubstr("no XML"));
}

TEST(KnownAnswers, PeriodsAreThoseOfSdf3AndKiter) {
  if (!std::filesystem::exists(known_answers() / "expected.json"))
    GTEST_SKIP() << "no " << known_answers() << ": the graphs with known answers are not here";
  const auto expected = nlohmann::json::parse(text_of(known_answers() / "expected.json")).at("graphs");
  EXPECT_GE(expected.size(), 8U);
  for (const auto& [name, answer] : expected.items()) {
    SCOPED_TRACE(name);
    const PhasedGraph graph = parse_sdf3(text_of(known_answers() / (name + ".xml")), name + ".xml");
    const Throughput found = std::get<Throughput>(throughput(graph));
    EXPECT_EQ(found.period.str(), answer.at("period").get<std::string>());
    EXPECT_TRUE(verify(found.expansion.graph, found.certificate).empty());
  }
}

}  // namespace
}  // namespace spikeloom::sdf::testing
