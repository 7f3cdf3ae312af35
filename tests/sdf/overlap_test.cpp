// Phases that may overlap: each waits for its tokens and for nothing else.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <optional>

#include "compiler/sdf/k_periodic.hpp"
#include "compiler/sdf/period.hpp"
#include "compiler/sdf/throughput.hpp"
#include "tests/sdf/phased_graphs.hpp"

namespace spikeloom::sdf::testing {
namespace {

/// Ends by the definition, iteration by iteration from 0: token n of a channel is there when the firing that
/// writes it n-th in the writer's order has ended. Nothing where firings wait for ever.
class Definition {
 public:
  Definition(const PhasedGraph& graph, std::int64_t iterations)
      : graph_(graph), repetition_(require_repetition(graph)), end_(graph.actor_count()) {
    for (std::size_t a = 0; a < graph.actor_count(); ++a)
      end_[a].resize(static_cast<std::size_t>(repetition_.firings[a] * iterations));
  }

  std::optional<std::vector<std::int64_t>> ends_of_iterations() {
    for (bool moved = true; moved;) {
      moved = false;
      for (std::size_t a = 0; a < end_.size(); ++a)
        for (std::size_t j = 0; j < end_[a].size(); ++j)
          if (!end_[a][j] && ready(a, j)) moved = true;
    }
    std::vector<std::int64_t> ends;
    for (std::size_t a = 0; a < end_.size(); ++a)
      for (std::size_t j = 0; j < end_[a].size(); ++j) {
        if (!end_[a][j]) return std::nullopt;
        const std::size_t iteration = j / static_cast<std::size_t>(repetition_.firings[a]);
        ends.resize(std::max(ends.size(), iteration + 1));
        ends[iteration] = std::max(ends[iteration], *end_[a][j]);
      }
    for (std::size_t k = 1; k < ends.size(); ++k) ends[k] = std::max(ends[k], ends[k - 1]);
    return ends;
  }

 private:
  static std::int64_t before(const std::vector<std::int64_t>& rates, std::size_t firing) {
    std::int64_t sum = 0;
    for (std::size_t phase = 0; phase < rates.size(); ++phase)
      sum +=
          rates[phase] * static_cast<std::int64_t>(firing / rates.size() + (phase < firing % rates.size()));
    return sum;
  }

  /// Sets the end of a firing whose tokens all have a time.
  bool ready(std::size_t a, std::size_t j) {
    std::int64_t start = 0;
    for (const PhasedChannel& channel : graph_.channels()) {
      if (channel.target.index() != a) continue;
      const std::int64_t first = before(channel.consume, j) - channel.tokens,
                         end = before(channel.consume, j + 1) - channel.tokens;
      if (first == end) continue;
      const auto& writers = end_[channel.source.index()];
      for (std::size_t i = 0; i < writers.size() && before(channel.produce, i) < end; ++i) {
        if (before(channel.produce, i + 1) <= std::max<std::int64_t>(first, before(channel.produce, i)))
          continue;
        if (!writers[i]) return false;
        start = std::max(start, *writers[i] + channel.latency);
      }
    }
    end_[a][j] = start + graph_.execution(ActorId(a))[j % graph_.phases(ActorId(a))];
    return true;
  }

  const PhasedGraph& graph_;
  Repetition repetition_;
  std::vector<std::vector<std::optional<std::int64_t>>> end_;
};

/// A ring, without channels from actors to themselves.
PhasedGraph random_overlapping(Rng& rng) {
  PhasedGraph graph("overlapping");
  const auto n = static_cast<std::size_t>(rng.between(2, 3));
  std::vector<std::int64_t> rounds;
  for (std::size_t a = 0; a < n; ++a) {
    std::vector<std::int64_t> times(static_cast<std::size_t>(rng.between(1, 4)));
    for (std::int64_t& time : times) time = rng.between(1, 20);
    const ActorId id = graph.add_actor("a" + std::to_string(a), times);
    rounds.push_back(rng.between(1, 3));
    graph.let_phases_overlap(id);
  }
  for (std::size_t a = 0; a < n; ++a) {
    const std::size_t b = (a + 1) % n;
    const std::int64_t unit = std::lcm(rounds[a], rounds[b]) * rng.between(1, 2);
    const auto split = [&](std::int64_t total, std::size_t phases) {
      std::vector<std::int64_t> rates(phases, 0);
      for (std::int64_t left = total; left > 0; --left) ++rates[rng.below(phases)];
      return rates;
    };
    graph.add_channel({ActorId(a), ActorId(b), split(unit / rounds[a], graph.phases(ActorId(a))),
                       split(unit / rounds[b], graph.phases(ActorId(b))),
                       b == 0 ? rng.between(unit / 2, 2 * unit) : rng.between(0, 1), rng.between(0, 2)},
                      "c" + std::to_string(a));
  }
  return graph;
}

TEST(OverlappingPhases, WaitForTheTokensThatTheyReadAndNothingElse) {
  PhasedGraph graph("two");
  const ActorId slow = graph.add_actor("slow", {10, 1}), reader = graph.add_actor("reader", {1, 1});
  graph.add_channel({slow, reader, {1, 1}, {1, 1}, 0, 0}, "x");
  graph.add_channel({reader, slow, {1, 1}, {1, 1}, 2, 0}, "back");
  graph.set_tokens(ChannelId(1), 3);              // room for three
  EXPECT_EQ(period_of(graph).period, Ratio(11));  // phase by phase: 10 and 1
  graph.let_phases_overlap(slow);
  graph.let_phases_overlap(reader);
  // Token n waits for token n - 3, so three iterations take a long phase and a short one, with the reader's.
  for (const PeriodMethod method : {PeriodMethod::kExpansion, PeriodMethod::kKPeriodic})
    EXPECT_EQ(period_of(graph, method).period, Ratio(13, 3)) << name_of(method);
  for (const PeriodMethod method : {PeriodMethod::kMatrix, PeriodMethod::kSelfTimed})
    EXPECT_THAT(message_of([&] { (void)period_of(graph, method); }), ::testing::HasSubstr("may overlap"));
}

TEST(OverlappingPhases, HaveThePeriodOfTheDefinitionByEveryMethodThatTakesThem) {
  int alive = 0, dead = 0, faster = 0;
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng(seed);
    const PhasedGraph graph = random_overlapping(rng);
    const std::optional<Ratio> expanded = period_of(graph, PeriodMethod::kExpansion).period;
    const auto found = k_periodic(graph);
    const auto* answer = std::get_if<KPeriodic>(&found);
    // Long enough for the long run of so small graphs.
    constexpr std::int64_t kLong = 60, kWindow = 24;  // many small numbers divide it
    const auto ends = Definition(graph, kLong).ends_of_iterations();
    ASSERT_EQ(ends.has_value(), expanded.has_value());
    ASSERT_EQ(answer != nullptr, expanded.has_value());
    if (!ends) {
      ++dead;
      continue;
    }
    ++alive;
    EXPECT_EQ(answer->period, *expanded);
    EXPECT_TRUE(check(graph, answer->schedule).empty());
    EXPECT_EQ(Ratio(ends->at(kLong - 1) - ends->at(kLong - 1 - kWindow), kWindow), *expanded);
    PhasedGraph in_order(graph.name());
    for (std::size_t a = 0; a < graph.actor_count(); ++a)
      in_order.add_actor(graph.name(ActorId(a)), graph.execution(ActorId(a)));
    for (const PhasedChannel& channel : graph.channels()) in_order.add_channel(channel);
    const std::optional<Ratio> slower = period_of(in_order).period;
    if (slower) {
      EXPECT_GE(*slower, *expanded);
    }
    faster += !slower || *slower > *expanded ? 1 : 0;  // stuck: only in order
  }
  EXPECT_GT(alive, 50);
  EXPECT_GT(dead, 5);
  EXPECT_GT(faster, 25);
}

}  // namespace
}  // namespace spikeloom::sdf::testing
