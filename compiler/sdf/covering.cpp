#include "compiler/sdf/covering.hpp"

#include <algorithm>
#include <limits>

namespace spikeloom::sdf {
namespace {

std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

class BranchAndBound {
 public:
  BranchAndBound(const Covering& covering, std::int64_t& work)
      : problem_(covering), work_(work), taken_(covering.most.size(), 0) {
    node_ = static_cast<std::int64_t>(covering.most.size()) + 1;
    for (const Covering::Demand& demand : covering.demands)
      node_ += static_cast<std::int64_t>(demand.part.size());
  }

  Covered run() {
    Covered result;
    branch({std::vector<std::int64_t>(problem_.most.size(), 0), problem_.most});
    result.proven = !cut_short_;
    result.value = std::move(best_);
    result.cost = best_cost_;
    return result;
  }

 private:
  /// Each variable lies in [low, high].
  struct Box {
    std::vector<std::int64_t> low, high;
  };

  /// Makes the box as small as each demand and budget by itself makes it. False: nothing is left.
  [[nodiscard]] bool tighten(Box& box) const {
    for (bool changed = true; changed;) {
      changed = false;
      for (const Covering::Budget& budget : problem_.budgets) {
        std::int64_t left = budget.most;
        for (const auto& [v, weight] : budget.part) left -= weight * box.low[v];
        if (left < 0) return false;
        for (const auto& [v, weight] : budget.part)
          if (box.high[v] > box.low[v] + left / weight) {
            box.high[v] = box.low[v] + left / weight;
            changed = true;
          }
      }
      for (const Covering::Demand& demand : problem_.demands) {
        std::int64_t spare = -demand.need;
        for (const auto& [v, factor] : demand.part) spare += factor * box.high[v];
        if (spare < 0) return false;
        for (const auto& [v, factor] : demand.part) {
          const std::int64_t least = box.high[v] - spare / factor;
          if (least <= box.low[v]) continue;
          box.low[v] = least;
          changed = true;
        }
      }
    }
    return true;
  }

  [[nodiscard]] std::int64_t missing(const Covering::Demand& demand, const Box& box) const {
    std::int64_t rest = demand.need;
    for (const auto& [v, factor] : demand.part) rest -= factor * box.low[v];
    return rest;
  }

  /// What the demands that `low` leaves open cost at least, beyond low's own cost.
  [[nodiscard]] std::int64_t bound(const Box& box) {
    ++round_;
    std::int64_t sum = 0;
    for (const Covering::Demand& demand : problem_.demands) {
      const std::int64_t rest = missing(demand, box);
      if (rest <= 0) continue;
      if (std::any_of(demand.part.begin(), demand.part.end(),
                      [&](const auto& part) { return taken_[part.first] == round_; }))
        continue;
      // The cheapest of rest / factor units of one variable, as if all were as good as the best of them.
      std::int64_t best_cost = 1, best_factor = 0;
      for (const auto& [v, factor] : demand.part) {
        taken_[v] = round_;
        if (box.low[v] == box.high[v]) continue;
        if (best_factor == 0 || problem_.cost[v] * best_factor < best_cost * factor) {
          best_cost = problem_.cost[v];
          best_factor = factor;
        }
      }
      if (best_factor > 0) sum += ceil_div(rest * best_cost, best_factor);
    }
    return sum;
  }

  /// The open demand with the fewest variables that may still rise; nullptr if there is none.
  [[nodiscard]] const Covering::Demand* open_demand(const Box& box) const {
    const Covering::Demand* chosen = nullptr;
    std::size_t fewest = std::numeric_limits<std::size_t>::max();
    for (const Covering::Demand& demand : problem_.demands) {
      if (missing(demand, box) <= 0) continue;
      const auto free = static_cast<std::size_t>(
          std::count_if(demand.part.begin(), demand.part.end(),
                        [&](const auto& part) { return box.low[part.first] < box.high[part.first]; }));
      if (free >= fewest) continue;
      fewest = free;
      chosen = &demand;
    }
    return chosen;
  }

  /// Of a demand's variables the one that is in most open demands for its cost.
  [[nodiscard]] std::size_t variable_of(const Covering::Demand& demand, const Box& box) {
    worth_.assign(problem_.most.size(), 0);
    for (const Covering::Demand& other : problem_.demands) {
      const std::int64_t rest = missing(other, box);
      if (rest <= 0) continue;
      for (const auto& [v, factor] : other.part) worth_[v] += std::min(factor, rest);
    }
    std::size_t best = problem_.most.size();
    for (const auto& [v, factor] : demand.part) {
      if (box.low[v] == box.high[v]) continue;
      if (best == problem_.most.size() || worth_[v] * problem_.cost[best] > worth_[best] * problem_.cost[v])
        best = v;
    }
    return best;
  }

  void branch(Box box) {
    for (;;) {
      if (work_ <= 0) {
        cut_short_ = true;
        return;
      }
      work_ -= node_;
      if (!tighten(box)) return;
      std::int64_t cost = 0;
      for (std::size_t v = 0; v < box.low.size(); ++v) cost += box.low[v] * problem_.cost[v];
      if (best_ && cost + bound(box) >= best_cost_) return;
      const Covering::Demand* demand = open_demand(box);
      if (demand == nullptr) {
        best_ = std::move(box.low);
        best_cost_ = cost;
        return;
      }
      const std::size_t v = variable_of(*demand, box);
      Box more = box;
      ++more.low[v];
      branch(std::move(more));
      box.high[v] = box.low[v];
    }
  }

  const Covering& problem_;
  std::int64_t& work_;
  std::int64_t node_ = 1;            ///< what a node of the tree takes of it
  std::vector<std::int64_t> taken_;  ///< by variable: the last `bound` that used it
  std::vector<std::int64_t> worth_;
  std::int64_t round_ = 0;
  std::optional<std::vector<std::int64_t>> best_;
  std::int64_t best_cost_ = 0;
  bool cut_short_ = false;
};

}  // namespace

Covered cheapest(const Covering& covering, std::int64_t& work) {
  return BranchAndBound(covering, work).run();
}

}  // namespace spikeloom::sdf
