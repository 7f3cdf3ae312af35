// What files and questions that are wrong are told: the messages that no other test of this folder asks for.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compiler/sdf/buffers.hpp"
#include "compiler/sdf/gantt.hpp"
#include "compiler/sdf/json.hpp"
#include "compiler/sdf/k_periodic.hpp"
#include "compiler/sdf/latency.hpp"
#include "compiler/sdf/max_plus.hpp"
#include "compiler/sdf/period.hpp"
#include "compiler/sdf/sdf3.hpp"
#include "compiler/sdf/simulate.hpp"
#include "compiler/sdf/text.hpp"
#include "compiler/sdf/throughput.hpp"
#include "tests/sdf/phased_graphs.hpp"

namespace spikeloom::sdf::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

std::string said_of_json(const std::string& rest) {
  const std::string text = rest.starts_with("{") || rest.starts_with("[")
                               ? rest
                               : R"({"format": "spikeloom-dataflow", "version": 1, )" + rest + "}";
  return message_of([&] { (void)parse_json(text, "g.json"); });
}

TEST(SdfMessages, OfJson) {
  EXPECT_THAT(said_of_json("[1]"), HasSubstr("g.json: expected a JSON object"));
  EXPECT_THAT(said_of_json(R"({"format": "other"})"),
              HasSubstr("expected \"format\": \"spikeloom-dataflow\""));
  EXPECT_THAT(said_of_json(R"("name": "g", "name": "h")"), HasSubstr("an object has the key \"name\" twice"));
  EXPECT_THAT(said_of_json(R"("nodes": [])"), HasSubstr("the graph: unknown key \"nodes\""));
  EXPECT_THAT(said_of_json(R"("actors": 3)"), HasSubstr("\"actors\": expected a list"));
  EXPECT_THAT(said_of_json(R"("name": 3)"), HasSubstr("the graph: \"name\": expected a text"));
  EXPECT_THAT(said_of_json(R"("actors": [{"name": "a", "execution": 0.5}])"),
              HasSubstr("actor \"a\": \"execution\": expected whole numbers up to 2^59, found 0.5"));
  EXPECT_THAT(said_of_json(R"("actors": [{"name": "a", "execution": 18446744073709551615}])"),
              HasSubstr("found 18446744073709551615"));
  EXPECT_THAT(said_of_json(R"("actors": [7], "channels": [8])"),
              AllOf(HasSubstr("\"actors\": expected objects, found 7"),
                    HasSubstr("\"channels\": expected objects, found 8")));
  EXPECT_THAT(said_of_json(R"("actors": [{"name": "a"}, {"name": "a"}])"),
              HasSubstr("actor \"a\": two actors of this name"));
  EXPECT_THAT(said_of_json(R"("channels": [{"name": "x", "from": "a", "to": "b"}])"),
              AllOf(HasSubstr("channel \"x\": \"from\": no actor \"a\""),
                    HasSubstr("channel \"x\": \"to\": no actor \"b\"")));
  PhasedGraph twins("twins");
  twins.add_actor("a", {1});
  twins.add_actor("a", {2});
  EXPECT_THAT(message_of([&] { (void)print_json(twins); }),
              HasSubstr("graph twins: two actors are named \"a\", and channels find them by name"));
}

TEST(SdfMessages, OfSdf3) {
  const auto said = [](const std::string& text) {
    return message_of([&] { (void)read_sdf3(text, "g.xml"); });
  };
  EXPECT_THAT(said("<graph/>"), HasSubstr("g.xml: expected <sdf3> as its root, found <graph>"));
  EXPECT_THAT(said("<sdf3 type='fsm'/>"), HasSubstr("<sdf3 type=\"fsm\">: expected sdf or csdf"));
  const auto graph = [&](const std::string& actors, const std::string& times) {
    return said("<sdf3 type='csdf'><applicationGraph name='g'><csdf name='g' type='G'>" + actors +
                "</csdf><csdfProperties>" + times + "</csdfProperties></applicationGraph></sdf3>");
  };
  const std::string time =
      "<actorProperties actor='a'><processor type='p' default='true'><executionTime time='1'/></processor>"
      "</actorProperties>";
  EXPECT_THAT(graph("<actor name='a' type='A'/><actor name='a' type='A'/>", time),
              HasSubstr("actor \"a\": two actors of this name"));
  EXPECT_THAT(graph("<actor name='a' type='A'/>", ""),
              HasSubstr("actor \"a\": no execution time in the properties"));
  EXPECT_THAT(graph("<actor name='a' type='A'><port name='o' type='out' rate='1,2,3'/><port name='i' "
                    "type='in' rate='1,2'/></actor>",
                    time),
              HasSubstr("port \"i\": 2 rates, expected 3"));
}

/// A graph that is read without a word; each row spoils one place of it.
TEST(SdfMessages, OfEachPlaceInSdf3) {
  const std::string good = R"(<sdf3 type="csdf"><applicationGraph name="g"><csdf name="g" type="G">
<actor name="a" type="A"><port name="o" type="out" rate="1;1,3"/>
  <port name="p" type="out" rate="2;2,2"/></actor>
<actor name="b" type="B"><port name="i" type="in" rate="2"/></actor>
<channel name="x" srcActor="a" srcPort="o" dstActor="b" dstPort="i" initialTokens="1"/></csdf>
<csdfProperties>
<actorProperties actor="a"><processor type="p"><executionTime time="1,2"/></processor></actorProperties>
<actorProperties actor="b"><processor type="p"><executionTime time="3"/></processor></actorProperties>
</csdfProperties></applicationGraph></sdf3>)";
  EXPECT_EQ(read_sdf3(good, "g.xml").graph.channel_count(), 1U);
  struct Spoilt {
    std::string_view old, spoilt, said;
  };
  for (const Spoilt& spoilt : std::initializer_list<Spoilt>{
           {"1,2", "1,x", "actor \"a\": execution time: expected whole numbers, found \"1,x\""},
           {"1,2", "0*2", "actor \"a\": execution time: expected whole numbers, found \"0*2\""},
           {"1,2", "1,2,3", "port \"o\": 2 rates, expected 3"},
           {"\"3\"", "\"-1\"", "\"b\": execution time: expected 0 to "},
           {"2;2,2", "2;", "actor \"a\", port \"p\": rate: expected whole numbers, found \"2;\""},
           {"2;2,2", "2,2",
            "port \"p\": 0 rates of initial phases, expected as many as another port of its actor has, 1"},
           {"2;2,2", "-1;2,2", "port \"p\": rate of an initial phase: expected 0 to 2^59, found -1"},
           {"2;2,2", "576460752303423489;2,2", "expected 0 to 2^59, found 576460752303423489"},
           {"1;1,3", "1;0,0", "expected a rate above 0 in some phase, found 0 in all"},
           {"dstPort=\"i\"", "dstPort=\"j\"", "channel \"x\": no port \"j\" of an actor \"b\""},
           {"dstActor=\"b\"", "dstActor=\"c\"", "channel \"x\": no port \"i\" of an actor \"c\""},
           {"type=\"in\"", "type=\"out\"", "port \"i\" of \"b\": expected type in, found out"},
           {"initialTokens=\"1\"", "initialTokens=\"1,2\"",
            "channel \"x\": initialTokens: expected a whole number, found \"1,2\""},
           {"initialTokens=\"1\"", "initialTokens=\"-1\"", "\"x\""},
       }) {
    std::string text = good;
    ASSERT_NE(text.find(spoilt.old), std::string::npos) << spoilt.old;
    text.replace(text.find(spoilt.old), spoilt.old.size(), spoilt.spoilt);
    EXPECT_THAT(message_of([&] { (void)read_sdf3(text, "g.xml"); }), HasSubstr(spoilt.said)) << spoilt.spoilt;
  }
  EXPECT_THAT(message_of([] { (void)read_sdf3("<sdf3 type='sdf'><applicationGraph/></sdf3>", "g.xml"); }),
              HasSubstr("g.xml: expected <applicationGraph> with <sdf> in it"));
  PhasedGraph late("late");
  const ActorId a = late.add_actor("a", {1});
  late.add_channel({a, a, {1}, {1}, 1, 7}, "x");
  EXPECT_THAT(message_of([&] { (void)print_sdf3(late); }),
              HasSubstr("latency 7: SDF3 has none; put an actor of that execution time between"));
}

TEST(SdfMessages, OfQuestions) {
  PhasedGraph graph("g");
  const ActorId a = graph.add_actor("a", {1}), b = graph.add_actor("b", {1});
  graph.add_channel({a, b, {3}, {1}, 0, 0}, "x");
  graph.add_channel({b, a, {1}, {3}, 3, 0}, "y");
  const auto said = [](auto&& asked) { return message_of([&] { (void)asked(); }); };
  EXPECT_THAT(said([&] { return k_periodic_for(graph, {1}); }),
              HasSubstr("graph g: expected K for each of 2 actors, found 1"));
  EXPECT_THAT(said([&] {
                return k_periodic_for(graph, {1, 0});
              }),
              HasSubstr("actor \"b\": expected K of at least 1, found 0"));
  EXPECT_THAT(said([&] { return method_of("magic"); }),
              HasSubstr("method: expected expansion, k-periodic, matrix or self-timed, found \"magic\""));
  EXPECT_THAT(said([&] { return iteration_matrix(graph, {.most_firings = 2}); }),
              HasSubstr("graph g: an iteration has more than 2 firings, too many to execute one by one"));
  EXPECT_THAT(said([&] { return iteration_matrix(graph, {.most_tokens = 1}); }),
              HasSubstr("graph g: more than 1 tokens wait between iterations, too many for a matrix"));
  EXPECT_THAT(said([&] { return buffer_front(graph, {.most_examined = 0}); }),
              HasSubstr("graph g: more than 0 distributions of room; ask for one period"));
}

TEST(SdfMessages, OfDeadlocksAndLimits) {
  const auto said = [](auto&& asked) { return message_of([&] { (void)asked(); }); };
  const std::string actors = "sdf 1\nactor \"a\" execution 1\nactor \"b\" execution 1\n";
  const std::string channel = "channel \"x\" 0 -> 1 tokens 0 latency 0\nchannel \"y\" 1 -> 0 tokens ";
  const Graph stuck = parse(actors + channel + "0 latency 0\n"),
              ring = parse(actors + channel + "1 latency 0\n");
  const std::string why = "deadlock: no channel of this cycle holds a token: ";
  EXPECT_THAT(said([&] { return simulate(stuck, 1); }), HasSubstr(why));
  EXPECT_THAT(said([&] { return prove_latency(stuck, ActorId(0), ActorId(1), {}); }), HasSubstr(why));
  EXPECT_THAT(said([&] { return simulate(ring, -1); }),
              HasSubstr("expected 0 or more firings to simulate, found -1"));
  EXPECT_THAT(said([&] { return gantt_svg("chart", {}, std::vector<GanttBar>(200'001)); }),
              HasSubstr("chart: 200001 firings are more than 200000"));
  PhasedGraph unbounded("g");
  const ActorId a = unbounded.add_actor("a", {1}), b = unbounded.add_actor("b", {2});
  unbounded.add_channel({a, a, {1}, {1}, 1, 0}, "self");
  unbounded.add_channel({b, b, {1}, {1}, 1, 0}, "self");
  unbounded.add_channel({a, b, {1}, {1}, 0, 0}, "x");
  EXPECT_THAT(said([&] { return self_timed_period(unbounded, require_repetition(unbounded), 20); }),
              HasSubstr("graph g: no state came back within 20 firings; is a channel without a bound?"));
}

}  // namespace
}  // namespace spikeloom::sdf::testing
