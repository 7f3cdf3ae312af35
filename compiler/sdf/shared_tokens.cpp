#include "compiler/sdf/shared_tokens.hpp"

#include <algorithm>
#include <map>
#include <optional>

#include "compiler/base/error.hpp"
#include "compiler/sdf/analysis.hpp"
#include "compiler/sdf/covering.hpp"

namespace spikeloom::sdf {
namespace {

constexpr int kMostUnproven = 8;  ///< ever shorter periods by choices that are not proven the cheapest
constexpr std::int64_t kMostCount = std::int64_t{1} << 30;

/// The slowest cycle of a tied graph, from choice to choice.
class Oracle {
 public:
  explicit Oracle(const TiedGraph& tied) : graph_(*tied.graph), group_(tied.group), out_(outgoing(graph_)) {
    for (std::size_t c = 0; c < group_.size(); ++c)
      if (group_[c] != kNoGroup) least_.emplace_back(c, graph_.channel(ChannelId(c)).tokens);
  }

  struct Slowest {
    bool stuck = false;  ///< the cycle has no token
    Ratio period;
    std::vector<ChannelId> cycle;  ///< empty: there is none
  };

  /// `extra` tokens by group.
  Slowest slowest(const std::vector<std::int64_t>& extra) {
    for (const auto& [c, tokens] : least_) graph_.set_tokens(ChannelId(c), tokens + extra[group_[c]]);
    TokenFreeOrder order = token_free_order(graph_, out_);
    if (!order.cycle.empty()) return {true, {}, std::move(order.cycle)};
    return fits_narrow(magnitude(graph_, {}), 0, 1) ? solve<std::int64_t>() : solve<Wide>();
  }

  [[nodiscard]] const Graph& graph() const { return graph_; }
  [[nodiscard]] std::size_t group(ChannelId channel) const { return group_[channel.index()]; }

 private:
  template <class Int>
  Slowest solve() {
    Solved<Int> solved = solve_components<Int>(graph_, out_, {.start_policy = policy_});
    policy_ = std::move(solved.policy);
    Slowest result;
    for (ComponentPeriod& part : solved.period)
      if (!part.critical_cycle.empty() && (result.cycle.empty() || part.period > result.period)) {
        result.period = part.period;
        result.cycle = std::move(part.critical_cycle);
      }
    return result;
  }

  Graph graph_;
  std::vector<std::size_t> group_;
  Adjacency out_;
  std::vector<std::pair<std::size_t, std::int64_t>> least_;  ///< channel with a group, its own tokens
  std::vector<ChannelId> policy_;
};

class TokenSearch {
 public:
  TokenSearch(const SharedTokens& shared, const std::vector<TokenDemand>& demands,
              const SharedTokenOptions& options)
      : shared_(shared), demands_(demands), work_(options.most_work) {
    for (const TokenGroup& group : shared.groups) {
      SPIKELOOM_CHECK(group.least >= 0 && group.least <= group.most && group.most <= kMostCount);
      SPIKELOOM_CHECK(group.cost >= 1 && group.cost <= kMostCount);
      covering_.most.push_back(group.most - group.least);
      covering_.cost.push_back(group.cost);
    }
    for (const TokenBudget& budget : shared.budgets) {
      SPIKELOOM_CHECK(budget.weights.empty() || budget.weights.size() == budget.groups.size());
      Covering::Budget left{{}, budget.most};
      for (std::size_t n = 0; n < budget.groups.size(); ++n) {
        const std::int64_t weight = budget.weights.empty() ? 1 : budget.weights[n];
        SPIKELOOM_CHECK(weight >= 1 && weight <= kMostCount);
        left.part.emplace_back(budget.groups[n], weight);
        left.most -= weight * shared.groups.at(budget.groups[n]).least;
      }
      covering_.budgets.push_back(std::move(left));
    }
    for (const TokenDemand& demand : demands) {
      SPIKELOOM_CHECK(demand.tied.graph != nullptr &&
                      demand.tied.group.size() == demand.tied.graph->channel_count());
      require_homogeneous(*demand.tied.graph);
      oracles_.emplace_back(demand.tied);
    }
  }

  std::variant<TokenChoice, TokensShort> run() {
    for (;;) {
      const Covered next = cheapest(covering_, work_);
      if (!next.value)
        return best_ ? std::variant<TokenChoice, TokensShort>(finished(false)) : too_few(next.proven);
      if (best_ && next.cost >= best_->cost) return finished(next.proven);
      if (follow(*next.value)) return finished(next.proven && best_->cost == next.cost);
      if (!next.proven && best_) return finished(false);
    }
  }

 private:
  /// Raises a choice along slow cycles, whose demands are noted, until it keeps everything or nothing may be
  /// raised. True if it kept everything as it was.
  bool follow(std::vector<std::int64_t> extra) {
    for (bool first = true;; first = false) {
      std::vector<Ratio> period;
      bool kept = true, raised = true;
      for (std::size_t d = 0; d < demands_.size() && raised; ++d) {
        ++examined_;
        const Oracle::Slowest slowest = oracles_[d].slowest(extra);
        period.push_back(slowest.period);
        if (keeps(demands_[d], slowest)) continue;
        kept = false;
        note(d, slowest);
        raised = raise(covering_.demands.back(), extra);
      }
      if (kept) {
        take(extra, std::move(period));
        return first;
      }
      if (!raised) return false;
    }
  }

  [[nodiscard]] static bool keeps(const TokenDemand& demand, const Oracle::Slowest& slowest) {
    if (slowest.stuck) return false;
    return slowest.cycle.empty() || slowest.period < demand.period ||
           (slowest.period == demand.period && !demand.below);
  }

  /// What the cycle asks of the groups on it.
  void note(std::size_t d, const Oracle::Slowest& slowest) {
    const Graph& graph = oracles_[d].graph();
    const Graph& least = *demands_[d].tied.graph;
    Wide weight = 0, tokens = 0;
    std::map<std::size_t, std::int64_t> part;
    for (const ChannelId id : slowest.cycle) {
      weight += graph.weight(id);
      tokens += least.channel(id).tokens;
      if (oracles_[d].group(id) != kNoGroup) ++part[oracles_[d].group(id)];
    }
    const Ratio& period = demands_[d].period;
    Wide needed = kMostCount * Wide{kMostCount};
    if (period > Ratio(0)) {
      const Wide num = weight * period.den();
      needed = num / period.num();
      if (demands_[d].below || num % period.num() != 0) ++needed;
    }
    needed = std::max<Wide>(needed, 1) - tokens;
    Covering::Demand demand;
    demand.part.assign(part.begin(), part.end());
    demand.need = static_cast<std::int64_t>(std::min<Wide>(needed, Wide{kMostCount} * kMostCount));
    covering_.demands.push_back(std::move(demand));
    last_ = {d, slowest.cycle, true};
  }

  /// Meets one demand by what is cheapest for it. False: groups or budgets do not allow it.
  bool raise(const Covering::Demand& demand, std::vector<std::int64_t>& extra) const {
    std::int64_t rest = demand.need;
    for (const auto& [g, factor] : demand.part) rest -= factor * extra[g];
    while (rest > 0) {
      const std::pair<std::size_t, std::int64_t>* best = nullptr;
      for (const auto& part : demand.part)
        if (may_rise(part.first, extra) && (best == nullptr || part.second * covering_.cost[best->first] >
                                                                   best->second * covering_.cost[part.first]))
          best = &part;
      if (best == nullptr) return false;
      ++extra[best->first];
      rest -= best->second;
    }
    return true;
  }

  [[nodiscard]] bool may_rise(std::size_t group, const std::vector<std::int64_t>& extra) const {
    if (extra[group] >= covering_.most[group]) return false;
    return std::all_of(covering_.budgets.begin(), covering_.budgets.end(),
                       [&](const Covering::Budget& budget) {
                         std::int64_t sum = 0;
                         for (const auto& [g, weight] : budget.part)
                           sum += weight * (extra[g] + (g == group ? 1 : 0));
                         return sum <= budget.most || !has(budget, group);
                       });
  }

  [[nodiscard]] static bool has(const Covering::Budget& budget, std::size_t group) {
    return std::any_of(budget.part.begin(), budget.part.end(),
                       [&](const auto& part) { return part.first == group; });
  }

  void take(const std::vector<std::int64_t>& extra, std::vector<Ratio> period) {
    TokenChoice choice;
    for (std::size_t g = 0; g < extra.size(); ++g) {
      choice.count.push_back(shared_.groups[g].least + extra[g]);
      choice.cost += extra[g] * covering_.cost[g];
    }
    choice.period = std::move(period);
    if (!best_ || choice.cost < best_->cost) best_ = std::move(choice);
  }

  /// Costs so far were of what lies above the least.
  TokenChoice finished(bool proven) {
    best_->least = proven;
    best_->examined = examined_;
    for (const TokenGroup& group : shared_.groups) best_->cost += group.least * group.cost;
    return *std::move(best_);
  }

  [[nodiscard]] TokensShort too_few(bool proven) const {
    TokensShort none = last_;
    none.proven = proven;
    return none;
  }

  const SharedTokens& shared_;
  const std::vector<TokenDemand>& demands_;
  std::int64_t work_;
  Covering covering_;
  std::vector<Oracle> oracles_;  ///< by demand
  std::optional<TokenChoice> best_;
  TokensShort last_;
  std::int64_t examined_ = 0;
};

}  // namespace

std::variant<TokenChoice, TokensShort> least_tokens(const SharedTokens& shared,
                                                    const std::vector<TokenDemand>& demands,
                                                    const SharedTokenOptions& options) {
  return TokenSearch(shared, demands, options).run();
}

std::variant<TokenChoice, TokensShort> fastest_tokens(const SharedTokens& shared, const TiedGraph& tied,
                                                      const SharedTokenOptions& options) {
  std::vector<std::int64_t> all;
  for (const TokenGroup& group : shared.groups) all.push_back(group.most - group.least);
  const Oracle::Slowest most = Oracle(tied).slowest(all);
  if (most.stuck) return TokensShort{0, most.cycle, true};
  // Where budgets do not bind, nothing is faster than the most of everything.
  auto best = least_tokens(shared, {{tied, most.period, false}}, options);
  if (std::holds_alternative<TokenChoice>(best)) return best;
  bool proven = std::get<TokensShort>(best).proven;
  // Any choice that runs, then ever shorter periods.
  const std::int64_t slow = std::int64_t{1} << 59;
  SharedTokenOptions each = options;
  auto next = least_tokens(shared, {{tied, Ratio(slow), false}}, each);
  int unproven = 0;
  while (std::holds_alternative<TokenChoice>(next)) {
    best = std::move(next);
    if (!std::get<TokenChoice>(best).least) {
      each.most_work = options.most_work / 50 + 1;
      if (++unproven > kMostUnproven) {
        next = TokensShort{0, {}, false};
        break;
      }
    }
    next = least_tokens(shared, {{tied, std::get<TokenChoice>(best).period.front(), true}}, each);
  }
  proven = std::get<TokensShort>(next).proven;
  if (auto* choice = std::get_if<TokenChoice>(&best))
    choice->least = choice->least && proven;
  else
    std::get<TokensShort>(best).proven = proven;
  return best;
}

}  // namespace spikeloom::sdf
