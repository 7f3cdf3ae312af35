#include <algorithm>

#include "compiler/base/error.hpp"
#include "compiler/sdf/component_solver.hpp"

// Where Howard's method is not done in time. `low` is the ratio of a cycle that was found, `high` a whole
// number that no cycle exceeds. A probe at low either settles, which proves low, or finds a cycle above
// it; a probe halfway lowers high or raises low. Every rise is to the ratio of another cycle, of which
// there are finitely many, and halving leaves only those within one unit.

namespace spikeloom::sdf {
namespace {

template <class Int>
class Probe {
 public:
  explicit Probe(const Component& component) : c_(component) {}

  /// Longest paths on den * weight - num * tokens. Either they settle in value(), or policy() has a
  /// cycle above num / den, which is returned.
  PolicyCycle run(std::int64_t num, std::int64_t den) {
    value_.assign(c_.nodes(), 0);
    policy_.assign(c_.nodes(), kNone);
    while (relax(num, den)) {
      PolicyCycle found = best_policy_cycle(c_, policy_);
      if (!found.edges.empty()) return found;
    }
    return {};
  }
  std::vector<Int> take_value() { return std::move(value_); }

 private:
  bool relax(std::int64_t num, std::int64_t den) {
    bool changed = false;
    for (std::uint32_t u = 0; u < c_.nodes(); ++u)
      for (std::uint32_t i = c_.first[u]; i < c_.first[u + 1]; ++i) {
        const Component::Edge& e = c_.edge[i];
        const Int candidate = Int(den) * e.weight - Int(num) * e.tokens + value_[e.target];
        if (candidate <= value_[u]) continue;
        value_[u] = candidate;
        policy_[u] = i;
        changed = true;
      }
    return changed;
  }

  const Component& c_;
  std::vector<Int> value_;
  std::vector<std::uint32_t> policy_;
};

}  // namespace

template <class Int>
ComponentSolution<Int> bisection(const Component& component, std::vector<std::uint32_t> policy) {
  Probe<Int> probe(component);
  PolicyCycle low = best_policy_cycle(component, policy);
  SPIKELOOM_CHECK(!low.edges.empty());
  std::int64_t high = 0;  // a cycle has at least one token, so no ratio is above the sum of its weights
  for (std::uint32_t u = 0; u < component.nodes(); ++u) {
    std::int64_t heaviest = 0;
    for (std::uint32_t e = component.first[u]; e < component.first[u + 1]; ++e)
      heaviest = std::max(heaviest, component.edge[e].weight);
    high += heaviest;
  }

  while (true) {
    PolicyCycle above = probe.run(low.num, low.den);
    if (above.edges.empty()) break;
    low = std::move(above);
    const std::int64_t floor = low.num / low.den;
    const std::int64_t middle = floor + (high - floor) / 2;
    if (middle <= floor) continue;
    above = probe.run(middle, 1);
    if (above.edges.empty())
      high = middle;
    else
      low = std::move(above);
  }
  ComponentSolution<Int> solution;
  solution.num = low.num;
  solution.den = low.den;
  solution.cycle = std::move(low.edges);
  solution.policy = std::move(policy);
  solution.value = probe.take_value();
  return solution;
}

template ComponentSolution<std::int64_t> bisection(const Component&, std::vector<std::uint32_t>);
template ComponentSolution<Wide> bisection(const Component&, std::vector<std::uint32_t>);

}  // namespace spikeloom::sdf
