#include "compiler/sdf/shared_tokens.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>

#include "compiler/base/rng.hpp"
#include "compiler/sdf/covering.hpp"
#include "compiler/sdf/cycle_ratio.hpp"
#include "tests/sdf/graphs.hpp"

namespace spikeloom::sdf {
namespace {

/// A random graph some of whose channels are tied.
struct Case {
  Graph graph;
  SharedTokens shared;
  TiedGraph tied;

  explicit Case(Rng& rng)
      : graph(testing::random_graph(
            rng, {.actors = rng.between(2, 6), .channels = rng.between(3, 10), .most_tokens = 1})) {
    for (std::int64_t g = rng.between(1, 3); g > 0; --g) {
      const std::int64_t least = rng.between(0, 2);
      shared.groups.push_back({least, least + rng.between(0, 4), rng.between(1, 3)});
    }
    for (std::size_t c = 0; c < graph.channel_count(); ++c)
      tied.group.push_back(rng.chance(0.6) ? rng.below(shared.groups.size()) : kNoGroup);
    if (rng.chance(0.6)) {
      TokenBudget budget;
      std::int64_t least = 0;
      for (std::size_t g = 0; g < shared.groups.size(); ++g)
        if (rng.chance(0.7)) {
          budget.groups.push_back(g);
          least += shared.groups[g].least;
        }
      if (rng.chance(0.5)) {
        least = 0;
        for (const std::size_t g : budget.groups) {
          budget.weights.push_back(rng.between(1, 4));
          least += budget.weights.back() * shared.groups[g].least;
        }
      }
      budget.most = least + rng.between(0, 5);
      shared.budgets.push_back(budget);
    }
  }

  [[nodiscard]] TiedGraph tie() {
    tied.graph = &graph;
    return tied;
  }
};

/// By the definition; nothing: stuck.
std::optional<Ratio> period_with(const TiedGraph& tied, const SharedTokens& shared,
                                 const std::vector<std::int64_t>& count) {
  Graph graph = *tied.graph;
  for (std::size_t c = 0; c < tied.group.size(); ++c)
    if (tied.group[c] != kNoGroup)
      graph.set_tokens(ChannelId(c), graph.channel(ChannelId(c)).tokens + count[tied.group[c]] -
                                         shared.groups[tied.group[c]].least);
  const CycleRatio result = max_cycle_ratio(graph);
  if (std::holds_alternative<Deadlock>(result)) return std::nullopt;
  return certificate_of(result, graph).period;
}

/// Every choice within groups and budgets.
std::vector<std::vector<std::int64_t>> every_choice(const SharedTokens& shared) {
  std::vector<std::vector<std::int64_t>> choices = {{}};
  for (const TokenGroup& group : shared.groups) {
    std::vector<std::vector<std::int64_t>> longer;
    for (const auto& choice : choices)
      for (std::int64_t count = group.least; count <= group.most; ++count) {
        longer.push_back(choice);
        longer.back().push_back(count);
      }
    choices = std::move(longer);
  }
  std::erase_if(choices, [&](const auto& choice) {
    return std::any_of(shared.budgets.begin(), shared.budgets.end(), [&](const TokenBudget& budget) {
      std::int64_t sum = 0;
      for (std::size_t n = 0; n < budget.groups.size(); ++n)
        sum += (budget.weights.empty() ? 1 : budget.weights[n]) * choice[budget.groups[n]];
      return sum > budget.most;
    });
  });
  return choices;
}

std::int64_t cost_of(const SharedTokens& shared, const std::vector<std::int64_t>& choice) {
  std::int64_t cost = 0;
  for (std::size_t g = 0; g < choice.size(); ++g) cost += choice[g] * shared.groups[g].cost;
  return cost;
}

TEST(SharedTokens, LeastIsTheCheapestOfEveryChoice) {
  int found = 0, none = 0;
  for (std::uint64_t seed = 1; seed <= 3000; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng(seed);
    Case test(rng);
    const TiedGraph tied = test.tie();
    const Ratio wanted(rng.between(1, 60), rng.between(1, 3));
    const bool below = rng.chance(0.3);
    std::optional<std::int64_t> cheapest;
    for (const auto& choice : every_choice(test.shared)) {
      const std::optional<Ratio> period = period_with(tied, test.shared, choice);
      if (!period || *period > wanted || (below && *period == wanted)) continue;
      const std::int64_t cost = cost_of(test.shared, choice);
      if (!cheapest || cost < *cheapest) cheapest = cost;
    }
    const auto result = least_tokens(test.shared, {{tied, wanted, below}});
    const auto* choice = std::get_if<TokenChoice>(&result);
    ASSERT_EQ(choice != nullptr, cheapest.has_value());
    if (choice == nullptr) {
      ++none;
      EXPECT_TRUE(std::get<TokensShort>(result).proven);
      continue;
    }
    ++found;
    EXPECT_TRUE(choice->least);
    EXPECT_EQ(choice->cost, *cheapest);
    EXPECT_EQ(choice->cost, cost_of(test.shared, choice->count));
    EXPECT_EQ(period_with(tied, test.shared, choice->count), choice->period.front());
  }
  EXPECT_GT(found, 500);
  EXPECT_GT(none, 500);
}

TEST(SharedTokens, FastestIsTheFastestOfEveryChoice) {
  int bound_by_budget = 0;
  for (std::uint64_t seed = 1; seed <= 2000; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng(seed);
    Case test(rng);
    const TiedGraph tied = test.tie();
    std::optional<Ratio> fastest;
    std::int64_t cheapest = 0;
    for (const auto& choice : every_choice(test.shared)) {
      const std::optional<Ratio> period = period_with(tied, test.shared, choice);
      if (!period || (fastest && *period > *fastest)) continue;
      const std::int64_t cost = cost_of(test.shared, choice);
      if (!fastest || *period < *fastest || cost < cheapest) cheapest = cost;
      fastest = period;
    }
    const auto result = fastest_tokens(test.shared, tied);
    const auto* choice = std::get_if<TokenChoice>(&result);
    ASSERT_EQ(choice != nullptr, fastest.has_value());
    if (choice == nullptr) continue;
    EXPECT_EQ(choice->period.front(), *fastest);
    EXPECT_EQ(choice->cost, cheapest);
    EXPECT_TRUE(choice->least);
    std::vector<std::int64_t> all;
    for (const TokenGroup& group : test.shared.groups) all.push_back(group.most);
    if (period_with(tied, test.shared, all) != *fastest) ++bound_by_budget;
  }
  EXPECT_GT(bound_by_budget, 30);
}

TEST(SharedTokens, OneChoiceServesSeveralGraphs) {
  int found = 0, more = 0;
  for (std::uint64_t seed = 1; seed <= 1000; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng(seed);
    Case one(rng);
    Case two(rng);
    for (std::size_t& group : two.tied.group)
      if (group != kNoGroup) group %= one.shared.groups.size();
    const std::vector<TokenDemand> demands = {{one.tie(), Ratio(rng.between(5, 60))},
                                              {two.tie(), Ratio(rng.between(5, 60))}};
    std::optional<std::int64_t> cheapest;
    for (const auto& choice : every_choice(one.shared)) {
      const bool kept = std::all_of(demands.begin(), demands.end(), [&](const TokenDemand& demand) {
        const auto period = period_with(demand.tied, one.shared, choice);
        return period && *period <= demand.period;
      });
      if (kept && (!cheapest || cost_of(one.shared, choice) < *cheapest))
        cheapest = cost_of(one.shared, choice);
    }
    const auto result = least_tokens(one.shared, demands);
    const auto* choice = std::get_if<TokenChoice>(&result);
    ASSERT_EQ(choice != nullptr, cheapest.has_value());
    if (choice == nullptr) continue;
    ++found;
    EXPECT_EQ(choice->cost, *cheapest);
    const auto alone = least_tokens(one.shared, {demands.front()});
    if (std::get<TokenChoice>(alone).cost < choice->cost) ++more;
  }
  EXPECT_GT(found, 100);
  EXPECT_GT(more, 10);
}

TEST(SharedTokens, ABudgetBelowTheLeastIsNothing) {
  Graph graph;
  const ActorId a = graph.add_actor("a", 3);
  graph.add_channel({.source = a, .target = a, .tokens = 1});
  SharedTokens shared;
  shared.groups = {{.least = 2, .most = 4}};
  shared.budgets = {{{0}, 1}};
  EXPECT_TRUE(std::holds_alternative<TokensShort>(least_tokens(shared, {{{&graph, {0}}, Ratio(100)}})));
  EXPECT_TRUE(std::holds_alternative<TokensShort>(fastest_tokens(shared, {&graph, {0}})));
}

TEST(SharedTokens, GivenUpEarlyItIsStillAChoiceThatKeepsThePeriod) {
  int unproven = 0;
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng(seed);
    Case test(rng);
    const TiedGraph tied = test.tie();
    const auto result = least_tokens(test.shared, {{tied, Ratio(20)}}, {.most_work = 12});
    if (const auto* choice = std::get_if<TokenChoice>(&result)) {
      EXPECT_LE(*period_with(tied, test.shared, choice->count), Ratio(20));
      if (!choice->least) ++unproven;
    } else if (std::get<TokensShort>(result).proven) {
      EXPECT_TRUE(std::holds_alternative<TokensShort>(least_tokens(test.shared, {{tied, Ratio(20)}})));
    } else {
      ++unproven;
    }
  }
  EXPECT_GT(unproven, 5);
}

TEST(Covering, CheapestIsThatOfEveryPoint) {
  int found = 0;
  for (std::uint64_t seed = 1; seed <= 2000; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng(seed);
    Covering problem;
    for (int v = 0; v < 4; ++v) {
      problem.most.push_back(rng.between(0, 3));
      problem.cost.push_back(rng.between(1, 4));
    }
    for (std::int64_t n = rng.between(0, 5); n > 0; --n) {
      Covering::Demand demand;
      for (std::size_t v = 0; v < 4; ++v)
        if (rng.chance(0.5)) demand.part.emplace_back(v, rng.between(1, 3));
      demand.need = rng.between(-1, 7);
      problem.demands.push_back(demand);
    }
    const std::int64_t weight = rng.between(1, 3);
    if (rng.chance(0.5)) problem.budgets.push_back({{{0, 1}, {2, weight}, {3, 1}}, rng.between(0, 6)});
    std::optional<std::int64_t> best;
    std::vector<std::int64_t> y(4, 0);
    for (y[0] = 0; y[0] <= problem.most[0]; ++y[0])
      for (y[1] = 0; y[1] <= problem.most[1]; ++y[1])
        for (y[2] = 0; y[2] <= problem.most[2]; ++y[2])
          for (y[3] = 0; y[3] <= problem.most[3]; ++y[3]) {
            bool kept = true;
            for (const auto& demand : problem.demands) {
              std::int64_t sum = 0;
              for (const auto& [v, factor] : demand.part) sum += factor * y[v];
              kept = kept && sum >= demand.need;
            }
            for (const auto& budget : problem.budgets)
              kept = kept && y[0] + weight * y[2] + y[3] <= budget.most;
            std::int64_t cost = 0;
            for (std::size_t v = 0; v < 4; ++v) cost += y[v] * problem.cost[v];
            if (kept && (!best || cost < *best)) best = cost;
          }
    std::int64_t work = 10'000'000;
    const Covered covered = cheapest(problem, work);
    EXPECT_TRUE(covered.proven);
    ASSERT_EQ(covered.value.has_value(), best.has_value());
    if (best) {
      ++found;
      EXPECT_EQ(covered.cost, *best);
    }
  }
  EXPECT_GT(found, 500);
}

}  // namespace
}  // namespace spikeloom::sdf
