// Buffer fronts, held against every distribution of room there is.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <numeric>

#include "compiler/sdf/buffers.hpp"
#include "compiler/sdf/period.hpp"
#include "compiler/sdf/throughput.hpp"
#include "tests/sdf/phased_graphs.hpp"

namespace spikeloom::sdf::testing {
namespace {

/// Every distribution of at most `most` tokens of room, its period by expansion; the best by size.
class EveryDistribution {
 public:
  EveryDistribution(const PhasedGraph& graph, std::int64_t most)
      : graph_(graph), capacity_(graph.channel_count(), 0) {
    from(0, most);
  }
  /// Sizes at which the period falls.
  [[nodiscard]] std::vector<std::pair<std::int64_t, Ratio>> front() const {
    std::vector<std::pair<std::int64_t, Ratio>> front;
    for (const auto& [size, period] : best_)
      if (front.empty() || period < front.back().second) front.emplace_back(size, period);
    return front;
  }

 private:
  void from(std::size_t c, std::int64_t left) {
    if (c == graph_.channel_count()) {
      const auto result = throughput(with_capacities(graph_, capacity_));
      const auto* found = std::get_if<Throughput>(&result);
      if (found == nullptr) return;
      const std::int64_t size = std::accumulate(capacity_.begin(), capacity_.end(), std::int64_t{0});
      const auto [at, is_new] = best_.try_emplace(size, found->period);
      if (!is_new && found->period < at->second) at->second = found->period;
      return;
    }
    const PhasedChannel& channel = graph_.channel(ChannelId(c));
    if (channel.source == channel.target) return from(c + 1, left);
    for (std::int64_t room = channel.tokens; room <= left; ++room) {
      capacity_[c] = room;
      from(c + 1, left - room);
    }
    capacity_[c] = 0;
  }

  const PhasedGraph& graph_;
  Capacities capacity_;
  std::map<std::int64_t, Ratio> best_;
};

bool small(const PhasedGraph& graph, std::int64_t most) {
  std::int64_t channels = 0, distributions = 1;
  for (const PhasedChannel& channel : graph.channels()) channels += channel.source != channel.target ? 1 : 0;
  for (std::int64_t c = 0; c < channels; ++c) distributions = distributions * (most + c) / (c + 1);
  return channels > 0 && distributions < 3000;
}

TEST(Buffers, FrontIsThatOfEveryDistributionTried) {
  int tried = 0, longest = 0;
  for (std::uint64_t seed = 1; seed <= 1500; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng(seed);
    const PhasedGraph graph = random_phased(rng, true, 3);
    const auto result = buffer_front(graph);
    ASSERT_TRUE(std::holds_alternative<BufferFront>(result));
    const std::vector<BufferPoint>& points = std::get<BufferFront>(result).points;
    ASSERT_FALSE(points.empty());
    EXPECT_EQ(points.back().period, *period_of(graph).period);
    std::vector<std::pair<std::int64_t, Ratio>> front;
    for (const BufferPoint& point : points) {
      front.emplace_back(point.size, point.period);
      EXPECT_EQ(std::accumulate(point.capacity.begin(), point.capacity.end(), std::int64_t{0}), point.size);
      EXPECT_EQ(*period_of(with_capacities(graph, point.capacity), PeriodMethod::kSelfTimed).period,
                point.period);
    }
    if (!small(graph, points.back().size)) continue;
    ++tried;
    longest = std::max(longest, static_cast<int>(points.size()));
    EXPECT_EQ(front, EveryDistribution(graph, points.back().size).front());
  }
  EXPECT_GT(tried, 400);
  EXPECT_GT(longest, 3);
}

/// Every capacity for every group of tied channels, within the budget; by size the least period.
class EveryTiedDistribution {
 public:
  EveryTiedDistribution(const PhasedGraph& graph, const BufferOptions& options, std::int64_t most)
      : graph_(graph), options_(options), most_(most), capacity_(graph.channel_count(), 0) {
    from(0, 0);
  }
  [[nodiscard]] std::vector<std::pair<std::int64_t, Ratio>> front() const {
    std::vector<std::pair<std::int64_t, Ratio>> front;
    for (const auto& [size, period] : best_)
      if (front.empty() || period < front.back().second) front.emplace_back(size, period);
    return front;
  }

 private:
  [[nodiscard]] std::optional<std::size_t> first_of(std::size_t c) const {
    for (std::size_t other = 0; other < c; ++other)
      if (room(other) && options_.tied[other] != kOwnRoom && options_.tied[other] == options_.tied[c])
        return other;
    return std::nullopt;
  }
  [[nodiscard]] bool room(std::size_t c) const {
    return graph_.channel(ChannelId(c)).source != graph_.channel(ChannelId(c)).target;
  }

  void from(std::size_t c, std::int64_t size) {
    if (c == graph_.channel_count()) return take(size);
    if (!room(c)) return from(c + 1, size);
    const std::int64_t tokens = graph_.channel(ChannelId(c)).tokens;
    if (const auto first = first_of(c)) {
      capacity_[c] = capacity_[*first];
      if (capacity_[c] >= tokens) from(c + 1, size);
      return;
    }
    for (std::int64_t own = tokens; size + own <= most_; ++own) {
      capacity_[c] = own;
      from(c + 1, size + own);
    }
  }

  void take(std::int64_t size) {
    for (const RoomBudget& budget : options_.budgets) {
      std::int64_t sum = 0;
      for (const ChannelId id : budget.channels)
        if (room(id.index()) && !first_of(id.index())) sum += capacity_[id.index()];
      if (sum > budget.most) return;
    }
    const auto result = throughput(with_capacities(graph_, capacity_));
    const auto* found = std::get_if<Throughput>(&result);
    if (found == nullptr) return;
    const auto [at, is_new] = best_.try_emplace(size, found->period);
    if (!is_new && found->period < at->second) at->second = found->period;
  }

  const PhasedGraph& graph_;
  const BufferOptions& options_;
  std::int64_t most_;
  Capacities capacity_;
  std::map<std::int64_t, Ratio> best_;
};

TEST(Buffers, TiedCapacitiesWithinBudgetsAreThoseOfEveryDistributionTried) {
  int tried = 0, budgeted = 0, saved = 0;
  for (std::uint64_t seed = 1; seed <= 1500; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng(seed);
    const PhasedGraph graph = random_phased(rng, true, 3);
    BufferOptions options;
    for (std::size_t c = 0; c < graph.channel_count(); ++c)
      options.tied.push_back(rng.chance(0.3) ? kOwnRoom : rng.below(2));
    const auto free = buffer_front(graph, options);
    const std::vector<BufferPoint>& points = std::get<BufferFront>(free).points;
    ASSERT_FALSE(points.empty());
    EXPECT_EQ(points.back().period, *period_of(graph).period);
    if (!small(graph, points.back().size)) continue;
    ++tried;
    const auto plain = buffer_front(graph);
    if (points.back().size < std::get<BufferFront>(plain).points.back().size) ++saved;
    const std::int64_t most = points.back().size;
    if (rng.chance(0.5) && points.size() > 1) {  // all channels: those of a tie are named together
      RoomBudget budget;
      for (std::size_t c = 0; c < graph.channel_count(); ++c) budget.channels.emplace_back(c);
      budget.most = rng.between(points.front().size, points.back().size - 1);
      options.budgets.push_back(budget);
      ++budgeted;
    }
    const auto result = buffer_front(graph, options);
    std::vector<std::pair<std::int64_t, Ratio>> front;
    for (const BufferPoint& point : std::get<BufferFront>(result).points)
      front.emplace_back(point.size, point.period);
    EXPECT_EQ(front, EveryTiedDistribution(graph, options, most).front());
    for (const BufferPoint& point : std::get<BufferFront>(result).points) {
      const auto least = least_buffers(graph, point.period, options);
      ASSERT_TRUE(least.has_value());
      EXPECT_EQ(least->size, point.size);
    }
  }
  EXPECT_GT(tried, 400);
  EXPECT_GT(budgeted, 50);
  EXPECT_GT(saved, 100);
}

TEST(Buffers, LeastForAPeriodIsTheFirstPointOfTheFrontThatKeepsIt) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng(seed);
    const PhasedGraph graph = random_phased(rng, true, 3);
    const auto result = buffer_front(graph);
    const std::vector<BufferPoint>& points = std::get<BufferFront>(result).points;
    for (const BufferPoint& point : points) {
      const auto least = least_buffers(graph, point.period);
      ASSERT_TRUE(least.has_value());
      EXPECT_EQ(least->size, point.size);
      EXPECT_EQ(least->period, point.period);
    }
    EXPECT_EQ(least_buffers(graph, points.front().period + Ratio(1))->size, points.front().size);
    if (points.back().period > Ratio(0)) {
      EXPECT_FALSE(least_buffers(graph, points.back().period * Ratio(99, 100)).has_value());
    }
  }
}

TEST(Buffers, ScaledRatesScaleTheRoomAndOtherNumbersOfActorsChangeNothing) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng(seed);
    const PhasedGraph graph = random_phased(rng, true, 3);
    const std::size_t n = graph.actor_count();
    PhasedGraph other("scaled, backwards");
    for (std::size_t a = n; a-- > 0;) other.add_actor(graph.name(ActorId(a)), graph.execution(ActorId(a)));
    for (std::size_t c = graph.channel_count(); c-- > 0;) {
      PhasedChannel channel = graph.channel(ChannelId(c));
      channel.source = ActorId(n - 1 - channel.source.index());
      channel.target = ActorId(n - 1 - channel.target.index());
      for (auto* rates : {&channel.produce, &channel.consume})
        for (std::int64_t& rate : *rates) rate *= 3;
      channel.tokens *= 3;
      other.add_channel(channel, graph.name(ChannelId(c)));
    }
    const auto one = buffer_front(graph), two = buffer_front(other);
    const auto& points = std::get<BufferFront>(one).points;
    const auto& scaled = std::get<BufferFront>(two).points;
    ASSERT_EQ(points.size(), scaled.size());
    for (std::size_t i = 0; i < points.size(); ++i) {
      EXPECT_EQ(3 * points[i].size, scaled[i].size);
      EXPECT_EQ(points[i].period, scaled[i].period);
    }
  }
}

TEST(Buffers, AGraphThatIsStuckInAnyCaseSaysSo) {
  PhasedGraph graph("stuck");
  graph.add_actor("a", {1});
  graph.add_actor("b", {1});
  graph.add_channel({ActorId(0), ActorId(1)}, "x");
  graph.add_channel({ActorId(1), ActorId(0)}, "y");
  EXPECT_TRUE(std::holds_alternative<KStuck>(buffer_front(graph)));
  EXPECT_FALSE(least_buffers(graph, Ratio(100)).has_value());
  graph.set_tokens(ChannelId(1), 3);
  EXPECT_THAT(message_of([&] {
                (void)with_capacities(graph, {1, 2});
              }),
              ::testing::HasSubstr("at least its 3 initial tokens, found 2"));
}

TEST(KnownAnswers, BufferFrontsHaveTheirEndsAndTheNumberOfPoints) {
  const auto graphs = known_graphs();
  if (graphs.empty())
    GTEST_SKIP() << "no " << known_answers() << ": the graphs with known answers are not here";
  for (const auto& [name, graph] : graphs) {
    if (name == "mp3decoder_block_parallelism") continue;  // 203 points, which take a while
    SCOPED_TRACE(name);
    const auto result = buffer_front(graph);
    const std::vector<BufferPoint>& points = std::get<BufferFront>(result).points;
    EXPECT_EQ(points.back().period, *period_of(graph).period);
    if (name == "h263decoder") {
      EXPECT_EQ(points.size(), 36U);
    }  // as SDF3 and Kiter find
    if (name == "mp3playback") {
      EXPECT_EQ(points.size(),
                620U);  // as distributions in steps of one channel's rates find, without limits' heights
      EXPECT_EQ(points.back().size, 2902);
    }
    if (name == "mp3playback" || name == "samplerate")
      for (std::size_t i = 1; i < points.size(); i += 300) {
        EXPECT_EQ(least_buffers(graph, points[i].period)->size, points[i].size);
        EXPECT_EQ(*period_of(with_capacities(graph, points[i].capacity), PeriodMethod::kSelfTimed).period,
                  points[i].period);
      }
  }
}

}  // namespace
}  // namespace spikeloom::sdf::testing
