// Periods without expansion, held against the expansion, self-timed execution and the definition of a
// schedule.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compiler/sdf/k_periodic.hpp"
#include "compiler/sdf/period.hpp"
#include "compiler/sdf/throughput.hpp"
#include "tests/sdf/phased_graphs.hpp"

namespace spikeloom::sdf::testing {
namespace {

TEST(KPeriodicSchedules, PeriodAndStuckAreTheExpansionsAndTheScheduleKeepsEveryToken) {
  int alive = 0, dead = 0, raised = 0;
  for (std::uint64_t seed = 1; seed <= 3000; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng(seed);
    const bool living = rng.chance(0.6);
    const PhasedGraph graph = random_phased(rng, living, seed % 2 == 0 ? 4 : 12);
    const auto expanded = throughput(graph);
    const auto found = k_periodic(graph);
    ASSERT_EQ(std::holds_alternative<KPeriodic>(found), std::holds_alternative<Throughput>(expanded));
    if (const auto* stuck = std::get_if<KStuck>(&found)) {
      ++dead;
      EXPECT_TRUE(stuck->exact);
      EXPECT_LE(stuck->cycle.iterations, Ratio(0));
      continue;
    }
    ++alive;
    const KPeriodic& answer = std::get<KPeriodic>(found);
    EXPECT_TRUE(answer.exact);
    EXPECT_EQ(answer.period, std::get<Throughput>(expanded).period);
    EXPECT_EQ(Ratio(answer.critical.weight) / answer.critical.iterations, answer.period);
    EXPECT_THAT(check(graph, answer.schedule), ::testing::IsEmpty());
    for (const std::int64_t rounds : answer.schedule.rounds) raised += rounds > 1 ? 1 : 0;
  }
  EXPECT_GT(alive, 1500);
  EXPECT_GT(dead, 100);
  EXPECT_GT(raised, 100);
}

TEST(KPeriodicSchedules, OfAnyRoundsBoundThePeriodFromAbove) {
  int feasible = 0, loose = 0;
  for (std::uint64_t seed = 1; seed <= 1000; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng(seed);
    const PhasedGraph graph = random_phased(rng, true, 6);
    const Ratio period = *period_of(graph).period;
    std::vector<std::int64_t> rounds;
    for (std::size_t a = 0; a < graph.actor_count(); ++a) rounds.push_back(rng.between(1, 4));
    for (const auto& chosen : {std::vector<std::int64_t>{}, rounds}) {
      const auto found = k_periodic_for(graph, chosen);
      if (const auto* stuck = std::get_if<KStuck>(&found)) {
        EXPECT_FALSE(stuck->exact);  // the graph runs: only this K does not
        continue;
      }
      const KPeriodic& answer = std::get<KPeriodic>(found);
      ++feasible;
      loose += answer.period > period ? 1 : 0;
      EXPECT_GE(answer.period, period);
      if (answer.exact) {
        EXPECT_EQ(answer.period, period);
      }
      EXPECT_THAT(check(graph, answer.schedule), ::testing::IsEmpty());
    }
  }
  EXPECT_GT(feasible, 500);
  EXPECT_GT(loose, 20);
}

TEST(KPeriodicSchedules, CheckFindsAFiringThatStartsTooEarlyAndAPeriodThatIsTooShort) {
  int faults = 0;
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    Rng rng(seed);
    const PhasedGraph graph = random_phased(rng, true);
    const auto found = k_periodic(graph);
    PeriodicSchedule schedule = std::get<KPeriodic>(found).schedule;
    PeriodicSchedule faster = schedule;
    faster.period = schedule.period * Ratio(99, 100);
    EXPECT_FALSE(check(graph, faster).empty()) << seed;
    for (std::vector<Ratio>& starts : schedule.start)
      for (Ratio& start : starts)
        if (start > Ratio(0)) start = start - Ratio(1, 1000);
    faults += check(graph, schedule).empty() ? 0 : 1;
  }
  EXPECT_GT(faults, 20);
}

TEST(PeriodMethods, AllAgreeOnRandomGraphs) {
  for (std::uint64_t seed = 1; seed <= 1500; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng(seed);
    const bool living = rng.chance(0.7);
    const PhasedGraph graph = random_phased(rng, living, 5);
    const Period chosen = period_of(graph);
    for (const PeriodMethod method : {PeriodMethod::kExpansion, PeriodMethod::kKPeriodic,
                                      PeriodMethod::kMatrix, PeriodMethod::kSelfTimed})
      EXPECT_EQ(period_of(graph, method).period, chosen.period) << name_of(method);
  }
}

TEST(PeriodMethods, HaveNamesThatComeBack) {
  for (const char* name : {"expansion", "k-periodic", "matrix", "self-timed"})
    EXPECT_EQ(name_of(method_of(name)), name);
  EXPECT_THAT(message_of([] { (void)method_of("magic"); }), ::testing::HasSubstr("found \"magic\""));
}

TEST(KnownAnswers, KPeriodicSchedulesHaveThePeriodsOfSdf3AndKiterAndTheirOnePeriodicBounds) {
  const auto graphs = known_graphs();
  if (graphs.empty())
    GTEST_SKIP() << "no " << known_answers() << ": the graphs with known answers are not here";
  for (const auto& [name, graph] : graphs) {
    SCOPED_TRACE(name);
    const auto found = k_periodic(graph);
    EXPECT_EQ(std::get<KPeriodic>(found).period, *period_of(graph, PeriodMethod::kExpansion).period);
    EXPECT_THAT(check(graph, std::get<KPeriodic>(found).schedule), ::testing::IsEmpty());
    const auto one = k_periodic_for(graph);
    if (name == "h263encoder") {
      EXPECT_EQ(std::get<KPeriodic>(one).period, Ratio(20931075));
    }
    if (name == "h263decoder") {
      EXPECT_EQ(std::get<KPeriodic>(one).period, Ratio(332046));
    }
  }
}

}  // namespace
}  // namespace spikeloom::sdf::testing
