// Sensitivities, held against the expansion of every changed graph.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compiler/sdf/period.hpp"
#include "compiler/sdf/sensitivity.hpp"
#include "tests/sdf/phased_graphs.hpp"

namespace spikeloom::sdf::testing {
namespace {

TEST(Sensitivities, AreThePeriodsOfTheChangedGraphs) {
  const auto period = [](const PhasedGraph& graph) {
    return period_of(graph, PeriodMethod::kExpansion).period;
  };
  int slack = 0, spare = 0, stuck = 0, endless = 0;
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng(seed);
    const PhasedGraph graph = random_phased(rng, true);
    const auto found = sensitivity(graph);
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ(found->period, period(graph));
    EXPECT_EQ(found->tokens.size(), graph.channel_count());
    for (const ExecutionSensitivity& entry : found->executions) {
      const std::int64_t time = graph.execution(entry.actor)[entry.phase];
      const auto with = [&](std::int64_t cycles) {
        PhasedGraph changed = graph;
        changed.set_execution(entry.actor, entry.phase, cycles);
        return period(changed);
      };
      EXPECT_EQ(with(time + 1), entry.longer);
      if (time > 0) {
        EXPECT_EQ(with(time - 1), entry.shorter);
      }
      if (!entry.slack) {
        ++endless;
        continue;
      }
      slack += *entry.slack > 0 ? 1 : 0;
      EXPECT_EQ(with(time + *entry.slack), found->period);
      EXPECT_GT(with(time + *entry.slack + 1), found->period);
    }
    for (const TokenSensitivity& entry : found->tokens) {
      const std::int64_t tokens = graph.channel(entry.channel).tokens;
      const auto with = [&](std::int64_t count) {
        PhasedGraph changed = graph;
        changed.set_tokens(entry.channel, count);
        return period(changed);
      };
      EXPECT_EQ(with(tokens + 1), entry.more);
      if (tokens > 0) {
        EXPECT_EQ(with(tokens - 1), entry.fewer);
      }
      stuck += tokens > 0 && !entry.fewer ? 1 : 0;
      spare += entry.spare > 0 ? 1 : 0;
      EXPECT_EQ(with(tokens - entry.spare), found->period);
      if (entry.spare < tokens) {
        EXPECT_NE(with(tokens - entry.spare - 1), found->period);
      }
    }
  }
  EXPECT_GT(slack, 100);
  EXPECT_GT(spare, 100);
  EXPECT_GT(stuck, 100);
  EXPECT_EQ(endless, 0);  // every actor of these graphs is on a cycle
}

TEST(Sensitivities, OfAStuckGraphAreNoneAndOfAnActorOffAllCyclesEndless) {
  PhasedGraph graph("chain");
  graph.add_actor("a", {3});
  graph.add_actor("b", {2});
  graph.add_channel({ActorId(0), ActorId(0), {1}, {1}, 1, 0}, "self");
  graph.add_channel({ActorId(0), ActorId(1)}, "x");
  const auto found = sensitivity(graph);
  EXPECT_EQ(found->executions[1].slack, std::nullopt);
  EXPECT_EQ(found->executions[0].longer, Ratio(4));
  graph.set_tokens(ChannelId(0), 0);
  EXPECT_FALSE(sensitivity(graph).has_value());
}

}  // namespace
}  // namespace spikeloom::sdf::testing
