// Graphs as other tools write them: what is refused by one method, and what files say beyond a graph.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compiler/sdf/buffers.hpp"
#include "compiler/sdf/initial_phases.hpp"
#include "compiler/sdf/k_periodic.hpp"
#include "compiler/sdf/period.hpp"
#include "compiler/sdf/sdf3.hpp"
#include "tests/sdf/phased_graphs.hpp"

namespace spikeloom::sdf::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// Two actors with a channel each way, whose rates are two primes.
PhasedGraph ring_of(std::int64_t p, std::int64_t q, std::int64_t tokens) {
  PhasedGraph graph("ring");
  const ActorId a = graph.add_actor("A", {2}), b = graph.add_actor("B", {3});
  graph.add_channel({a, b, {p}, {q}, 0, 0}, "x");
  graph.add_channel({b, a, {q}, {p}, tokens, 0}, "y");
  return graph;
}

TEST(GraphsOfOthers, NeedOnlyTheCommonMultipleOfTheirRepetitionCounts) {
  // Three channels whose rates have hardly a factor in common, but an iteration is a few firings.
  PhasedGraph graph("coprime");
  const ActorId a = graph.add_actor("a", {2}), b = graph.add_actor("b", {5});
  for (const std::int64_t rate : {16381, 16369, 16363}) graph.add_channel({a, b, {rate}, {5 * rate}, 0, 0});
  graph.add_channel({b, a, {5}, {1}, 5, 0});
  const auto found = k_periodic(graph);
  EXPECT_EQ(std::get<KPeriodic>(found).period, Ratio(7));
  EXPECT_THAT(check(graph, std::get<KPeriodic>(found).schedule), IsEmpty());
}

TEST(GraphsOfOthers, NeedNoCommonMultipleOverActorsThatAreOnNoCycleTogether) {
  // A chain whose repetition counts are six primes: their common multiple leaves 2^50, their sum is small.
  PhasedGraph graph("chain");
  const std::vector<std::int64_t> counts{1009, 1013, 1019, 1021, 1031, 1033};
  std::vector<ActorId> actors;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    actors.push_back(graph.add_actor("a" + std::to_string(i), {static_cast<std::int64_t>(i) + 1}));
    graph.add_channel({actors[i], actors[i], {1}, {1}, 1, 0}, "self");
    if (i > 0) graph.add_channel({actors[i - 1], actors[i], {counts[i]}, {counts[i - 1]}, 0, 0}, "next");
  }
  EXPECT_EQ(period_of(graph, PeriodMethod::kKPeriodic).period, Ratio(6 * 1033));
  EXPECT_EQ(period_of(graph, PeriodMethod::kExpansion).period, Ratio(6 * 1033));
  EXPECT_THAT(message_of([&] { (void)k_periodic(graph); }), HasSubstr("the period alone does not need them"));
}

TEST(GraphsOfOthers, AreAnsweredByAnotherMethodWhereOneRefusesAndItIsNamed) {
  const PhasedGraph ring = ring_of(99991, 99989, std::int64_t{99991} * 99989);
  const Period found = period_of(ring);
  EXPECT_EQ(found.period, Ratio(5));
  EXPECT_EQ(found.method, PeriodMethod::kExpansion);
  EXPECT_THAT(found.refused, HasSubstr("k-periodic: "));
  EXPECT_THAT(found.refused, HasSubstr("hardly fewer than the expansion"));

  // Repetition counts with a common multiple above 2^50 on a ring: no K-periodic schedules, but an expansion.
  PhasedGraph many("many");
  const std::vector<std::int64_t> counts{1009, 1013, 1019, 1021, 1031, 1033};
  for (std::size_t i = 0; i < counts.size(); ++i) many.add_actor("a" + std::to_string(i), {1});
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const std::size_t next = (i + 1) % counts.size();
    many.add_channel({ActorId(i),
                      ActorId(next),
                      {counts[next]},
                      {counts[i]},
                      next == 0 ? counts[i] * counts[next] : 0,
                      0});
  }
  EXPECT_THAT(message_of([&] { (void)period_of(many, PeriodMethod::kKPeriodic); }), HasSubstr("2^50"));
  const Period other = period_of(many);
  EXPECT_EQ(other.method, PeriodMethod::kExpansion);
  EXPECT_THAT(other.refused, HasSubstr("2^50"));
  EXPECT_EQ(other.period, period_of(many, PeriodMethod::kExpansion).period);
}

TEST(GraphsOfOthers, AreExecutedBeforeALargeExpansionIsMade) {
  const PhasedGraph ring = ring_of(700'001, 700'000, std::int64_t{700'001} * 700'000);
  const Period found = period_of(ring);
  EXPECT_EQ(found.method, PeriodMethod::kSelfTimed);
  EXPECT_EQ(found.period, Ratio(5));  // all firings of A, then all of B
  EXPECT_THAT(methods_for(ring_of(7, 5, 35)), ElementsAre(PeriodMethod::kKPeriodic, PeriodMethod::kExpansion,
                                                          PeriodMethod::kSelfTimed, PeriodMethod::kMatrix));
}

TEST(GraphsOfOthers, SelfTimedNamesItsLimit) {
  PhasedGraph graph("many tokens");
  const ActorId a = graph.add_actor("a", {1});
  graph.add_channel({a, a, {1}, {1}, 6'000'000, 0});
  EXPECT_THAT(message_of([&] { (void)period_of(graph, PeriodMethod::kSelfTimed); }),
              HasSubstr("more than 5000000 firings start in cycle 0, the limit of self-timed execution"));
  EXPECT_EQ(period_of(graph).period, Ratio(1, 6'000'000));
}

TEST(GraphsOfOthers, WithoutAnyBoundButRoomHaveNoFrontAndSaySo) {
  PhasedGraph graph("pair");
  const ActorId a = graph.add_actor("A", {2}), b = graph.add_actor("B", {3});
  graph.add_channel({a, b, {1}, {1}, 0, 0}, "x");
  EXPECT_THAT(message_of([&] { (void)buffer_front(graph); }),
              HasSubstr("the front has no end; ask for one period"));
  EXPECT_EQ(least_buffers(graph, Ratio(5))->size, 1);
  EXPECT_EQ(least_buffers(graph, Ratio(5, 2))->size, 2);
}

std::string file_of(const std::string& type, const std::string& applications) {
  return "<sdf3 type=\"" + type + "\">" + applications + "</sdf3>";
}

std::string application(const std::string& type, const std::string& name, const std::string& times,
                        const std::string& rate_out = "1", const std::string& rate_in = "1",
                        const std::string& tokens = "1") {
  return "<applicationGraph name=\"" + name + "\"><" + type +
         " name=\"g\"><actor name=\"A\"><port name=\"o\" " + "type=\"out\" rate=\"" + rate_out +
         "\"/><port name=\"i\" type=\"in\" rate=\"" + rate_in + "\"/></actor>" +
         "<channel name=\"s\" srcActor=\"A\" srcPort=\"o\" dstActor=\"A\" dstPort=\"i\" initialTokens=\"" +
         tokens + "\"/></" + type + "><" + type + "Properties><actorProperties actor=\"A\">" + times +
         "</actorProperties><channelProperties channel=\"s\"><bufferSize sz=\"4\"/></channelProperties></" +
         type + "Properties></applicationGraph>";
}

std::string processor(const std::string& type, int time, const std::string& more = {}) {
  return "<processor type=\"" + type + "\" " + more + "><executionTime time=\"" + std::to_string(time) +
         "\"/></processor>";
}

std::string all(const std::vector<std::string>& notes) {
  std::string text;
  for (const std::string& note : notes) text += note + "\n";
  return text;
}

TEST(Sdf3Files, SayWhatIsChosenAndWhatIsNotUsed) {
  const std::string text = file_of("sdf", application("sdf", "one", processor("p", 3) + processor("q", 4)) +
                                              application("sdf", "two", processor("p", 5)));
  const Sdf3File first = read_sdf3(text, "g.xml");
  EXPECT_EQ(period_of(first.graph).period, Ratio(3));
  EXPECT_THAT(all(first.notes), HasSubstr("2 application graphs (\"one\", \"two\"); the first is taken"));
  EXPECT_THAT(all(first.notes), HasSubstr("of \"A\" (p of p, q)"));
  EXPECT_THAT(all(first.notes), HasSubstr("channelProperties/bufferSize"));
  EXPECT_THAT(all(first.notes), HasSubstr("channels have no bound here"));
  const Sdf3File second = read_sdf3(text, "g.xml", {.application = "two", .processor = {}});
  EXPECT_EQ(period_of(second.graph).period, Ratio(5));
  EXPECT_THAT(all(second.notes), ::testing::Not(HasSubstr("application graphs")));
  EXPECT_THAT(all(second.notes), ::testing::Not(HasSubstr("processor types")));
  const Sdf3File other = read_sdf3(text, "g.xml", {.application = {}, .processor = "q"});
  EXPECT_EQ(period_of(other.graph).period, Ratio(4));
  EXPECT_THAT(all(other.notes), ::testing::Not(HasSubstr("processor types")));
  EXPECT_THAT(message_of([&] { (void)read_sdf3(text, "g.xml", {.application = "three", .processor = {}}); }),
              HasSubstr("no application graph is named \"three\"; found \"one\", \"two\""));
  EXPECT_THAT(message_of([&] { (void)read_sdf3(text, "g.xml", {.application = {}, .processor = "r"}); }),
              HasSubstr("no processor type \"r\"; found p, q"));
  const std::string marked =
      file_of("sdf", application("sdf", "one", processor("p", 3) + processor("q", 4, "default=\"true\"")));
  const Sdf3File by_default = read_sdf3(marked, "g.xml");
  EXPECT_EQ(period_of(by_default.graph).period, Ratio(4));
  EXPECT_THAT(all(by_default.notes), ::testing::Not(HasSubstr("processor types")));
}

TEST(Sdf3Files, MayHoldAnSdfUnderTypeCsdf) {
  const std::string text = file_of("csdf", application("sdf", "one", processor("p", 3)));
  EXPECT_EQ(period_of(parse_sdf3(text, "g.xml")).period, Ratio(3));
}

TEST(InitialPhases, AreGoneThroughOnceAndLeaveTheirTokens) {
  // Writes 3 once, then 1 and 3 for ever; reads 2: with one token it is stuck, with three it overlaps.
  PhasedGraph graph("g");
  const ActorId a = graph.add_actor("a", {4, 6}), b = graph.add_actor("b", {5});
  graph.add_channel({a, b, {1, 3}, {2}, 0, 0}, "x");
  graph.add_channel({b, a, {2}, {2, 2}, 2, 0}, "y");
  const PhasedGraph later = after_initial_phases(graph, {1, 0}, {{{3}, {}}, {{}, {2}}});
  EXPECT_EQ(later.channel(ChannelId(0)).tokens, 3);
  EXPECT_EQ(later.channel(ChannelId(1)).tokens, 0);
  EXPECT_EQ(later.channel(ChannelId(0)).produce, (std::vector<std::int64_t>{1, 3}));
  // An initial phase of the reader needs what the writer's first phases write: these happen first.
  const PhasedGraph turned = after_initial_phases(graph, {0, 1}, {{{}, {1}}, {{2}, {}}});
  EXPECT_EQ(turned.channel(ChannelId(0)).produce, (std::vector<std::int64_t>{3, 1}));
  EXPECT_EQ(turned.execution(a), (std::vector<std::int64_t>{6, 4}));
  EXPECT_EQ(turned.channel(ChannelId(0)).tokens, 0);
  EXPECT_EQ(turned.channel(ChannelId(1)).tokens, 2);
  EXPECT_THAT(message_of([&] {
                (void)after_initial_phases(graph, {0, 1}, {{{}, {9}}, {{2}, {}}});
              }),
              HasSubstr("never ends its initial phases"));
}

TEST(InitialPhases, OfFilesAreRead) {
  // Four tokens, of which the initial phase takes three for one: two rounds of two phases then have two.
  const Sdf3File file =
      read_sdf3(file_of("csdf", application("csdf", "g", processor("p", 3), "1;1,1", "3;1,1", "3")), "g.xml");
  EXPECT_EQ(file.graph.phases(ActorId(0)), 2U);
  EXPECT_EQ(file.graph.channel(ChannelId(0)).tokens, 1);
  EXPECT_EQ(period_of(file.graph).period, Ratio(6));
  EXPECT_THAT(all(file.notes), HasSubstr("1 actor has initial phases"));
  EXPECT_THAT(message_of([] {
                (void)read_sdf3(file_of("csdf", application("csdf", "g", processor("p", 3), "1;1", "1")),
                                "g.xml");
              }),
              HasSubstr("expected as many as another port of its actor has, 1"));
  EXPECT_THAT(message_of([] {
                (void)read_sdf3(file_of("csdf", application("csdf", "g", processor("p", 3), "x;1", "1;1")),
                                "g.xml");
              }),
              HasSubstr("found \"x;1\""));
}

TEST(KnownAnswers, AGraphOfKitersCollectionHasKitersPeriod) {
  const std::filesystem::path path =
      known_answers().parent_path().parent_path() / "faults/kiter_jpeg2000.xml";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "no " << path;
  EXPECT_EQ(period_of(parse_sdf3(text_of(path), path)).period, Ratio(2433024));
}

}  // namespace
}  // namespace spikeloom::sdf::testing
