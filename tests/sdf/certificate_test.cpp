#include "compiler/sdf/certificate.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "compiler/base/error.hpp"
#include "compiler/sdf/cycle_ratio.hpp"
#include "compiler/sdf/json.hpp"
#include "compiler/sdf/simulate.hpp"
#include "compiler/sdf/text.hpp"
#include "tests/sdf/graphs.hpp"

namespace spikeloom::sdf {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::random_graph;

struct Case {
  Graph graph;
  std::vector<std::int64_t> lower;
  Certificate certificate;
};

/// A certified random graph whose period is above 0.
Case random_case(Rng& rng) {
  while (true) {
    Case c;
    c.graph = random_graph(rng, {.actors = 5, .channels = 12});
    for (std::size_t a = 0; a < c.graph.actor_count(); ++a) c.lower.push_back(rng.between(0, 10));
    const CycleRatio result = max_cycle_ratio(c.graph, {.lower = c.lower});
    c.certificate = certificate_of(result, c.graph);
    if (c.certificate.period > Ratio(0)) return c;
  }
}

/// Changes a certificate in one way at a time and expects this complaint for each.
template <class Change>
void every_case_is_refused(std::uint64_t seed, const std::string& complaint, Change change) {
  for (int i = 0; i < 300; ++i) {
    Rng rng(seed + static_cast<std::uint64_t>(i));
    Case c = random_case(rng);
    ASSERT_THAT(verify(c.graph, c.certificate, c.lower), IsEmpty());
    change(c, rng);
    ASSERT_THAT(verify(c.graph, c.certificate, c.lower), Contains(HasSubstr(complaint)))
        << "seed " << seed << " + " << i << "\n"
        << print(c.graph);
  }
}

TEST(Verify, RefusesASmallerPeriod) {
  every_case_is_refused(1'000, "ratio is not the period", [](Case& c, Rng& rng) {
    c.certificate.period = c.certificate.period * Ratio(rng.between(0, 999), 1000);
  });
}

TEST(Verify, RefusesASmallerPeriodEvenWithNoCycleShown) {
  // Potentials alone must not carry a period below the cycle's: some channel of it gives out.
  for (int i = 0; i < 300; ++i) {
    Rng rng(2'000 + static_cast<std::uint64_t>(i));
    Case c = random_case(rng);
    const Ratio less = c.certificate.period * Ratio(rng.between(1, 999), 1000);
    std::vector<std::int64_t> potential;
    for (std::size_t a = 0; a < c.graph.actor_count(); ++a) potential.push_back(rng.between(0, 1'000'000));
    ASSERT_THAT(verify_bound(c.graph, less, potential), Not(IsEmpty()));
  }
}

TEST(Verify, RefusesALargerPeriodThanTheCycleShows) {
  every_case_is_refused(3'000, "ratio is not the period", [](Case& c, Rng& rng) {
    c.certificate.period = c.certificate.period * Ratio(rng.between(1001, 2000), 1000);
  });
}

TEST(Verify, RefusesALoweredPotentialBecausePotentialsAreLeast) {
  every_case_is_refused(4'000, "potential", [](Case& c, Rng& rng) {
    c.certificate.potential[rng.below(c.certificate.potential.size())] -= rng.between(1, 100);
  });
}

TEST(Verify, RefusesARaisedSourceOfATightChannel) {
  every_case_is_refused(5'000, "arrives later", [](Case& c, Rng& rng) {
    const ChannelId tight = c.certificate.critical_cycle[rng.below(c.certificate.critical_cycle.size())];
    const Channel& channel = c.graph.channel(tight);
    if (channel.source == channel.target) {
      c.graph.set_latency(tight, channel.latency + 1);  // a self-loop: raise the demand itself
      return;
    }
    c.certificate.potential[channel.source.index()] += rng.between(1, 100);
  });
}

TEST(Verify, RefusesMissingPotentials) {
  every_case_is_refused(6'000, "one potential for each actor",
                        [](Case& c, Rng&) { c.certificate.potential.pop_back(); });
}

TEST(Verify, RefusesACycleWithAChannelLeftOut) {
  for (int i = 0; i < 300; ++i) {
    Rng rng(7'000 + static_cast<std::uint64_t>(i));
    Case c = random_case(rng);
    c.certificate.critical_cycle.erase(c.certificate.critical_cycle.begin());
    ASSERT_THAT(verify(c.graph, c.certificate, c.lower), Not(IsEmpty()));
  }
}

TEST(Verify, RefusesACycleThatDoesNotExist) {
  every_case_is_refused(8'000, "does not exist", [](Case& c, Rng&) {
    c.certificate.critical_cycle.back() = ChannelId(c.graph.channel_count());
  });
}

TEST(Verify, RefusesACycleOfAnotherRatio) {
  int tried = 0;
  for (int i = 0; i < 300; ++i) {
    Rng rng(9'000 + static_cast<std::uint64_t>(i));
    Case c = random_case(rng);
    for (const auto& cycle : testing::simple_cycles(c.graph)) {
      if (testing::ratio_of(c.graph, cycle) == c.certificate.period) continue;
      c.certificate.critical_cycle = cycle;
      ASSERT_THAT(verify(c.graph, c.certificate, c.lower), Contains(HasSubstr("ratio is not the period")));
      ++tried;
    }
  }
  EXPECT_GT(tried, 300);
}

/// 0 cycles over 0 tokens are equal to every ratio, crosswise multiplied.
TEST(Verify, RefusesACycleWithoutTokens) {
  Graph graph;
  const ActorId a = graph.add_actor("a", 0), b = graph.add_actor("b", 0);
  const ChannelId there = graph.add_channel({.source = a, .target = b, .tokens = 0});
  const ChannelId back = graph.add_channel({.source = b, .target = a, .tokens = 0});
  for (const std::int64_t period : {0, 5})
    EXPECT_THAT(verify(graph, {Ratio(period), {0, 0}, {there, back}}),
                Contains(HasSubstr("the critical cycle's ratio is not the period")))
        << period;
}

TEST(Verify, RefusesABrokenCycleOfTheRightRatio) {
  Graph graph;
  const ActorId a = graph.add_actor("a", 5), b = graph.add_actor("b", 5);
  graph.forbid_overlap(a);
  graph.forbid_overlap(b);
  const Certificate claimed{Ratio(5), {0, 0}, {ChannelId(std::size_t{0}), ChannelId(std::size_t{1})}};
  EXPECT_THAT(verify(graph, claimed), Contains(HasSubstr("broken")));
}

TEST(Verify, RefusesACertificateForALaterStart) {
  every_case_is_refused(10'000, "may start later", [](Case& c, Rng& rng) {
    const std::size_t a = rng.below(c.lower.size());
    c.lower[a] = c.certificate.potential[a] / c.certificate.period.den() + rng.between(1, 5);
  });
}

TEST(Verify, RefusesALongerExecutionOnTheCriticalCycle) {
  every_case_is_refused(11'000, "arrives later", [](Case& c, Rng& rng) {
    const ActorId actor = c.graph.channel(c.certificate.critical_cycle.front()).source;
    c.graph.set_execution(actor, c.graph.execution(actor) + rng.between(1, 9));
  });
}

TEST(Verify, DoesNotOverflowOnTheLargestNumbers) {
  Graph graph;
  const ActorId a = graph.add_actor("a", kMaxTime);
  graph.add_channel({.source = a, .target = a, .tokens = kMaxTokens, .latency = kMaxTime});
  const std::int64_t most = std::numeric_limits<std::int64_t>::max();
  EXPECT_THAT(verify(graph, {Ratio(1, most), {most}, {ChannelId(std::size_t{0})}}), Not(IsEmpty()));
  EXPECT_THAT(verify(graph, {Ratio(2), {0}, {ChannelId(std::size_t{0})}}), IsEmpty());
}

TEST(Verify, RefusesWhat64BitsWouldWrapRoundToZero) {
  Graph graph;
  const ActorId a = graph.add_actor("a", 4), b = graph.add_actor("b", 0);
  graph.add_channel({.source = a, .target = b});
  EXPECT_THAT(verify_bound(graph, Ratio(1, std::int64_t{1} << 62), std::vector<std::int64_t>{0, 0}),
              Contains(HasSubstr("arrives later")));
}

TEST(Verify, RefusesNegativePotentialsAndPeriodsWithoutFirstStartsToo) {
  Graph graph;
  graph.add_actor("a", 1);
  EXPECT_THAT(verify(graph, {Ratio(0), {-1}, {}}), Contains(HasSubstr("may start later")));
  EXPECT_THAT(verify_bound(graph, Ratio(-1), std::vector<std::int64_t>{0}), Contains(HasSubstr("negative")));
  EXPECT_THAT(verify(graph, {Ratio(1), {0}, {}}), Contains(HasSubstr("ratio is not the period")));
}

TEST(Certificate, NoFiringOfAnyRunWithinTheGraphsTimesStartsLater) {
  for (int i = 0; i < 500; ++i) {
    Rng rng(12'000 + static_cast<std::uint64_t>(i));
    const Case c = random_case(rng);
    const double full = rng.unit();
    const auto most = [&](std::int64_t bound) { return rng.chance(full) ? bound : rng.between(0, bound); };
    const Schedule schedule =
        simulate(c.graph, 60,
                 {.execution = [&](ActorId a, std::int64_t) { return most(c.graph.execution(a)); },
                  .latency = [&](ChannelId e, std::int64_t) { return most(c.graph.channel(e).latency); },
                  .earliest = [&](ActorId a, std::int64_t) { return most(c.lower[a.index()]); }});
    for (std::size_t a = 0; a < c.graph.actor_count(); ++a)
      for (std::int64_t k = 0; k < 60; ++k)
        ASSERT_LE(schedule.start(ActorId(a), k) * c.certificate.period.den(),
                  c.certificate.potential[a] + c.certificate.period.num() * k)
            << "seed " << i << "\n"
            << print(c.graph);
  }
}

TEST(Certificate, FullLengthRunsReachThePeriod) {
  for (int i = 0; i < 300; ++i) {
    Rng rng(13'000 + static_cast<std::uint64_t>(i));
    const Case c = random_case(rng);
    const Schedule schedule = simulate(c.graph, 400);
    const ActorId actor = c.graph.channel(c.certificate.critical_cycle.front()).source;
    // On the critical cycle no firing can run ahead of P/Q by more than a constant.
    const Ratio reached(schedule.start(actor, 399) - schedule.start(actor, 99), 300);
    ASSERT_GE(reached * Ratio(11, 10), c.certificate.period) << print(c.graph);
  }
}

// ---- as text ----

/// What stands in the way of reading a certificate of two actors; empty where nothing does.
std::string refusal(const std::string& period, const std::string& potentials, const std::string& cycle) {
  const Graph graph = parse(
      "sdf 1\nactor \"a\" execution 5\nactor \"b\" execution 3\n"
      "channel \"x\" 0 -> 1 tokens 0 latency 2\nchannel \"y\" 1 -> 0 tokens 2 latency 0\n");
  const std::string text = R"({"format":"spikeloom-dataflow-certificate","version":1,"period":)" + period +
                           R"(,"potentials":)" + potentials + R"(,"critical_cycle":)" + cycle + "}";
  try {
    const Certificate read = parse_certificate(text, graph, "file");
    EXPECT_THAT(verify(graph, read), IsEmpty());
    return "";
  } catch (const Error& error) {
    return error.what();
  }
}

TEST(CertificateText, IsReadAndHolds) { EXPECT_EQ(refusal("\"5\"", R"([["a",0],["b",7]])", "[0,1]"), ""); }

/// A number beyond 64 bits was turned into whatever the machine makes of it.
TEST(CertificateText, NumbersAreIntegersOf64Bits) {
  for (const std::string number : {"1e300", "7.5", "-1e19", "18446744073709551615", "null", "\"7\""})
    EXPECT_THAT(refusal("\"5\"", R"([["a",0],["b",)" + number + "]]", "[0,1]"),
                HasSubstr("file: potential 1: expected an integer of 64 bits, found"))
        << number;
}

TEST(CertificateText, SaysWhereItIsWrong) {
  const std::string good = R"([["a",0],["b",7]])";
  EXPECT_THAT(refusal("5", good, "[0,1]"), HasSubstr("file: period: expected a ratio"));
  EXPECT_THAT(refusal("\"5/0\"", good, "[0,1]"), HasSubstr("file: period: "));
  EXPECT_THAT(refusal("\"5\"", R"({"a":0})", "[0,1]"), HasSubstr("expected the lists"));
  EXPECT_THAT(refusal("\"5\"", good, "7"), HasSubstr("expected the lists"));
  EXPECT_THAT(refusal("\"5\"", R"(["a",0])", "[0,1]"), HasSubstr("potential 0: expected a pair"));
  EXPECT_THAT(refusal("\"5\"", R"([["b",0],["a",7]])", "[0,1]"), HasSubstr("potential 0 is of \"b\""));
  EXPECT_THAT(refusal("\"5\"", R"([["a",0]])", "[0,1]"), HasSubstr("1 potentials, expected 2"));
  EXPECT_THAT(refusal("\"5\"", good, "[0,2]"), HasSubstr("critical_cycle: no dependence 2"));
  EXPECT_THAT(refusal("\"5\",\"period\":\"4\"", good, "[0,1]"), HasSubstr("the key \"period\" twice"));
}

TEST(Verify, RefusesThoseOfAnotherGraph) {
  Graph graph;
  const ActorId a = graph.add_actor("a", 1), b = graph.add_actor("b", 1);
  graph.add_channel({.source = a, .target = b});
  const std::vector<std::int64_t> one{0}, two{0, 1};
  EXPECT_THAT(verify_bound(graph, Ratio(1), two), IsEmpty());
  EXPECT_THAT(verify_bound(graph, Ratio(1), one), Contains("there is not one potential for each actor"));
  EXPECT_THAT(verify_bound(graph, Ratio(1), two, one),
              Contains("there is not one first start for each actor"));
  graph.add_channel({.source = a, .target = b, .produce = 2, .consume = 2});
  EXPECT_THAT(verify_bound(graph, Ratio(1), two), Contains("the graph has rates other than 1"));
}

}  // namespace
}  // namespace spikeloom::sdf
