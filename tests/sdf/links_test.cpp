// Constraints over shared nodes are the same as those between firings, and few.
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <map>
#include <optional>

#include "compiler/sdf/k_links.hpp"
#include "compiler/sdf/k_periodic.hpp"
#include "compiler/sdf/period.hpp"
#include "compiler/sdf/throughput.hpp"
#include "tests/sdf/phased_graphs.hpp"

namespace spikeloom::sdf::testing {
namespace {

constexpr std::int64_t kNoWay = std::numeric_limits<std::int64_t>::min();

ChannelRounds random_channel(Rng& rng) {
  const auto rates = [&](std::int64_t phases) {
    std::vector<std::int64_t> list(static_cast<std::size_t>(phases));
    for (std::int64_t& rate : list) rate = rng.between(0, 4);
    list[rng.below(list.size())] += 1;
    return list;
  };
  ChannelRounds channel;
  channel.written = round_rates(rates(rng.between(1, 9)));
  channel.read = round_rates(rates(rng.between(1, 9)));
  channel.writer_rounds = rng.between(1, 4);
  channel.reader_rounds = rng.between(1, 4);
  channel.tokens = rng.between(0, 30);
  return channel;
}

/// The largest shift of a way from each node to each of the reader's firings, nodes passed in their order
/// once or twice round.
std::int64_t shift_over_nodes(const SharedLinks& links, std::uint32_t nodes, std::uint32_t writer,
                              std::uint32_t reader) {
  std::int64_t best = kNoWay;
  for (const Link& enter : links.enter)
    for (const Link& leave : links.leave)
      if (enter.from == writer && leave.to == reader) {
        const bool wraps = leave.from < enter.to;
        best = std::max(best, enter.shift + leave.shift - (wraps ? links.unit : 0));
      }
  EXPECT_LE(nodes, links.enter.size());
  return best;
}

TEST(SharedLinks, GiveEveryPairOfFiringsTheShiftThatTheDefinitionGives) {
  for (std::uint64_t seed = 1; seed <= 500; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng(seed);
    const ChannelRounds channel = random_channel(rng);
    const std::vector<std::int64_t> nodes = link_nodes(channel);
    const SharedLinks links = shared_links(channel, nodes);
    std::map<std::pair<std::uint32_t, std::uint32_t>, std::int64_t> direct;
    for (const Link& link : direct_links(channel)) direct[{link.from, link.to}] = link.shift;
    for (std::int64_t i = 0; i < channel.writer_rounds * channel.written.phases(); ++i)
      for (std::int64_t j = 0; j < channel.reader_rounds * channel.read.phases(); ++j) {
        const auto from = static_cast<std::uint32_t>(i), to = static_cast<std::uint32_t>(j);
        const std::int64_t begin = channel.written.before_firing(i), end = channel.read.before_firing(j + 1);
        const bool moves =
            channel.written.before_firing(i + 1) > begin && end > channel.read.before_firing(j);
        const std::int64_t shift =
            shift_over_nodes(links, static_cast<std::uint32_t>(nodes.size()), from, to);
        if (!moves) {
          EXPECT_EQ(shift, kNoWay);
          EXPECT_EQ(direct.count({from, to}), 0U);
          continue;
        }
        EXPECT_EQ(shift, floor_to(end - channel.tokens - 1 - begin, channel.unit()));
        if (const auto found = direct.find({from, to}); found != direct.end()) {
          EXPECT_EQ(found->second, shift);
        }
      }
  }
}

TEST(SharedLinks, AreFewWhereDirectLinksAreMany) {
  ChannelRounds channel;
  channel.written = round_rates(std::vector<std::int64_t>(499, 1));
  channel.read = round_rates(std::vector<std::int64_t>(500, 1));
  ASSERT_TRUE(share_links(channel));
  EXPECT_EQ(direct_links(channel).size(), 499U * 500U);
  const std::vector<std::int64_t> nodes = link_nodes(channel);
  const SharedLinks links = shared_links(channel, nodes);
  EXPECT_EQ(nodes.size() + links.enter.size() + links.leave.size(), 1U + 499U + 500U);
  channel.in_order = false;
  EXPECT_FALSE(share_links(channel));
}

TEST(SharedLinks, LeavePeriodsStuckCyclesAndSchedulesAsTheExpansionHasThem) {
  int alive = 0, dead = 0, shared = 0;
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng(seed);
    const PhasedGraph graph = random_with_many_phases(rng, rng.chance(0.5));
    const auto expanded = throughput(graph);
    const auto found = k_periodic(graph);
    const auto* answer = std::get_if<KPeriodic>(&found);
    ASSERT_EQ(answer != nullptr, std::holds_alternative<Throughput>(expanded));
    for (const PhasedChannel& channel : graph.channels()) {
      ChannelRounds rounds;
      rounds.written = round_rates(channel.produce);
      rounds.read = round_rates(channel.consume);
      // As every solution begins: K = 1.
      shared += share_links(rounds) ? 1 : 0;
    }
    if (answer == nullptr) {
      ++dead;
      EXPECT_LE(std::get<KStuck>(found).cycle.iterations, Ratio(0));
      continue;
    }
    ++alive;
    EXPECT_EQ(answer->period, std::get<Throughput>(expanded).period);
    EXPECT_EQ(Ratio(answer->critical.weight) / answer->critical.iterations, answer->period);
    EXPECT_TRUE(check(graph, answer->schedule).empty());
  }
  EXPECT_GT(alive, 30);
  EXPECT_GE(dead, 2);
  EXPECT_GT(shared, 50);
}

TEST(SharedLinks, OfLargeGraphsOfManyPhasesGiveThePeriodOfTheExpansion) {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng(seed);
    const PhasedGraph graph =
        large_phased(rng, {.actors = 30, .channels = 150, .most_rounds = 60, .most_phases = 12});
    EXPECT_EQ(period_of(graph, PeriodMethod::kKPeriodic).period,
              period_of(graph, PeriodMethod::kExpansion).period);
  }
}

}  // namespace
}  // namespace spikeloom::sdf::testing
