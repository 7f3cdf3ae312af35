// Actors with rates other than 1, as a chip would have them: several ticks a firing, several time steps
// pooled into one. They go the same way as all others: period, latency and room by the same calls, held
// against one another.
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "compiler/base/rng.hpp"
#include "compiler/sdf/buffers.hpp"
#include "compiler/sdf/latency.hpp"
#include "compiler/sdf/period.hpp"
#include "compiler/sdf/simulate.hpp"
#include "compiler/sdf/throughput.hpp"

namespace spikeloom::sdf {
namespace {

constexpr std::int64_t kHost = 3, kBegin = 11, kStep = 7, kPlain = 9, kPool = 13;

/// A sample of `steps` steps goes through a context that takes `batch` pages a firing (the last firing of a
/// sample what is left), a plain one, and one that pools `pool` steps into one. A firing of n steps takes
/// kBegin + n·kStep.
struct Batched {
  PhasedGraph graph{"batched"};
  ActorId host, batched, plain, pooled, sink;
  ChannelId pages;
  std::int64_t steps, batch, pool;

  Batched(std::int64_t steps_of_sample, std::int64_t steps_of_firing, std::int64_t steps_pooled)
      : steps(steps_of_sample), batch(steps_of_firing), pool(steps_pooled) {
    std::vector<std::int64_t> counts, times;
    for (std::int64_t left = steps; left > 0; left -= batch) {
      counts.push_back(std::min(batch, left));
      times.push_back(kBegin + counts.back() * kStep);
    }
    host = graph.add_actor("host", {kHost});
    batched = graph.add_actor("batched", times);
    plain = graph.add_actor("plain", {kPlain});
    pooled = graph.add_actor("pooled", {kPool});
    sink = graph.add_actor("sink", {0});
    pages = graph.add_channel({host, batched, {1}, counts, 0, 2}, "pages");
    graph.add_channel({batched, plain, counts, {1}, 0, 2}, "list");
    graph.add_channel({plain, pooled, {1}, {pool}, 0, 2}, "spikes");
    graph.add_channel({pooled, sink, {1}, {1}, 0, 1}, "to host");
    for (const ActorId a : {host, plain, pooled, sink})
      graph.add_channel({a, a, {1}, {1}, 1, 0}, "one at a time");
    if (counts.size() == 1) graph.add_channel({batched, batched, {1}, {1}, 1, 0}, "one at a time");
  }

  /// Cycles a step, if nothing but each actor's own work limits it.
  [[nodiscard]] Ratio work_a_step() const {
    const std::int64_t firings = (steps + batch - 1) / batch;
    return std::max(
        {Ratio(kHost), Ratio(kPlain), Ratio(kPool, pool), Ratio(firings * kBegin + steps * kStep, steps)});
  }
  /// An iteration is this many steps.
  [[nodiscard]] std::int64_t steps_an_iteration() const { return std::lcm(steps, pool); }
};

TEST(Batched, PeriodIsTheSlowestActorsWorkWithRoomEnough) {
  for (const std::int64_t steps : {1, 4, 7, 10})
    for (const std::int64_t batch : {1, 3, 4})
      for (const std::int64_t pool : {1, 2, 5}) {
        SCOPED_TRACE(std::to_string(steps) + " steps, " + std::to_string(batch) + " a firing, " +
                     std::to_string(pool) + " pooled");
        const Batched test(steps, batch, pool);
        const Ratio wanted = test.work_a_step() * Ratio(test.steps_an_iteration());
        for (const PeriodMethod method :
             {PeriodMethod::kExpansion, PeriodMethod::kKPeriodic, PeriodMethod::kMatrix}) {
          const Period answer = period_of(test.graph, method);
          ASSERT_TRUE(answer.period.has_value());
          EXPECT_EQ(*answer.period, wanted);
        }
      }
}

TEST(Batched, PagesAreTheFewestWithWhichTheBatchesKeepUp) {
  for (const std::int64_t batch : {1, 2, 3, 4}) {
    SCOPED_TRACE(std::to_string(batch) + " a firing");
    const Batched test(6, batch, 2);
    const Ratio wanted = test.work_a_step() * Ratio(test.steps_an_iteration());
    const auto least = least_buffers(test.graph, wanted);
    ASSERT_TRUE(least.has_value());
    EXPECT_EQ(least->period, wanted);
    EXPECT_GE(least->capacity[test.pages.index()], batch);
    EXPECT_EQ(*period_of(with_capacities(test.graph, least->capacity), PeriodMethod::kSelfTimed).period,
              wanted);
    // One place less anywhere, and it is slower or stuck.
    for (std::size_t c = 0; c < test.graph.channel_count(); ++c) {
      Capacities fewer = least->capacity;
      if (fewer[c] == 0 || --fewer[c] < test.graph.channel(ChannelId(c)).tokens) continue;
      const auto period = period_of(with_capacities(test.graph, fewer), PeriodMethod::kSelfTimed).period;
      EXPECT_TRUE(!period || *period > wanted) << test.graph.name(ChannelId(c));
    }
    // Pages and lists in one memory, of one size for both contexts: no less than each for itself.
    BufferOptions options;
    options.tied.assign(test.graph.channel_count(), kOwnRoom);
    options.tied[0] = options.tied[2] = 0;
    const auto tied = least_buffers(test.graph, wanted, options);
    ASSERT_TRUE(tied.has_value());
    EXPECT_EQ(tied->capacity[0], tied->capacity[2]);
    EXPECT_GE(tied->capacity[0], std::max(least->capacity[0], least->capacity[2]) - 1);
    options.budgets = {{{test.pages}, tied->capacity[0] - 1}};
    EXPECT_FALSE(least_buffers(test.graph, wanted, options).has_value());
  }
}

TEST(Batched, LatencyOfTheExpansionBoundsThatOfEveryIteration) {
  for (const std::int64_t batch : {1, 2, 4})
    for (const std::int64_t pool : {1, 3}) {
      SCOPED_TRACE(std::to_string(batch) + " a firing, " + std::to_string(pool) + " pooled");
      const Batched test(6, batch, pool);
      Capacities capacity(test.graph.channel_count(), 0);
      for (std::size_t c = 0; c < capacity.size(); ++c)
        if (test.graph.channel(ChannelId(c)).source != test.graph.channel(ChannelId(c)).target)
          capacity[c] = 2 * std::max(batch, pool);
      const PhasedGraph bounded = with_capacities(test.graph, capacity);
      const Repetition repetition = require_repetition(bounded);
      const Expansion expansion = expand(bounded, repetition);
      // From the last step of an iteration to what comes of it.
      const std::size_t last_in = expansion.first[test.host.index()] +
                                  static_cast<std::size_t>(repetition.firings[test.host.index()]) - 1;
      const std::size_t last_out = expansion.first[test.sink.index()] +
                                   static_cast<std::size_t>(repetition.firings[test.sink.index()]) - 1;
      const auto bound =
          latency_bound(expansion.graph, ActorId(last_in), ActorId(last_out), {.from = Moment::kStart});
      ASSERT_TRUE(std::holds_alternative<std::int64_t>(bound));
      const Schedule run = simulate(expansion.graph, 40);
      std::int64_t worst = 0;
      for (std::int64_t k = 0; k < 40; ++k)
        worst = std::max(worst, run.start(ActorId(last_out), k) - run.start(ActorId(last_in), k));
      EXPECT_LE(worst, std::get<std::int64_t>(bound));
      EXPECT_GE(worst, kHost + kBegin + kStep + kPlain + kPool);
    }
}

}  // namespace
}  // namespace spikeloom::sdf
