#include <algorithm>
#include <numeric>

#include "compiler/base/error.hpp"
#include "compiler/sdf/component_solver.hpp"
#include "compiler/sdf/settle.hpp"

// Policy iteration with one root. Each round: (1) the best cycle of the policy gives the ratio and the
// root, its lowest node; (2) nodes whose policy does not lead there are led there; (3) values are
// evaluated from the root; (4) every node takes a better edge if there is one, using new values at once.
//
// It ends: a cycle that appears in (4) has a ratio strictly above the old one, because the node on it
// that changed last made the step into it strictly too cheap. If none appears, cycle and root are the
// old ones and values only grow. So (ratio, values) rises with every round, and policies are finite.
// It is right: in the last round no edge improves, which is the inequality of ComponentSolution.

namespace spikeloom::sdf {
namespace {

constexpr std::uint32_t kLarge =
    1000;  ///< nodes, from which on a pass over all edges for a good beginning pays

/// The policy cycle that contains `node`, begun at its lowest node.
std::vector<std::uint32_t> cycle_from(const Component& component, const std::vector<std::uint32_t>& policy,
                                      std::uint32_t node) {
  std::uint32_t lowest = node;
  for (std::uint32_t u = component.edge[policy[node]].target; u != node; u = component.edge[policy[u]].target)
    lowest = std::min(lowest, u);
  std::vector<std::uint32_t> edges;
  std::uint32_t u = lowest;
  do {
    edges.push_back(policy[u]);
    u = component.edge[policy[u]].target;
  } while (u != lowest);
  return edges;
}

template <class Int>
class Howard {
 public:
  Howard(const Component& component, std::vector<std::uint32_t> policy) : c_(component) {
    s_.policy = std::move(policy);
    s_.value.assign(c_.nodes(), 0);
    state_.resize(c_.nodes());
  }

  std::optional<ComponentSolution<Int>> run(std::int64_t max_iterations) {
    const bool in_pairs = c_.nodes() > kLarge && mostly_in_pairs();
    if (in_pairs) take_best_pair();
    for (std::int64_t i = 0; i < max_iterations; ++i) {
      PolicyCycle best = best_policy_cycle(c_, s_.policy);
      const bool few_rise =
          i > 0 && (in_pairs || (best.num == s_.num && best.den == s_.den));  // values, and few ratios
      s_.num = best.num;
      s_.den = best.den;
      s_.cycle = std::move(best.edges);
      evaluate();
      if (few_rise && !settle()) continue;
      if (!improve()) return std::move(s_);
    }
    return std::nullopt;
  }

 private:
  enum State : std::uint8_t { kOpen, kOnPath, kLeadsToRoot, kLeadsElsewhere };

  Int through(const Component::Edge& e) const {
    return Int(s_.den) * e.weight - Int(s_.num) * e.tokens + s_.value[e.target];
  }
  Int through(std::uint32_t edge) const { return through(c_.edge[edge]); }

  void evaluate() {
    std::fill(state_.begin(), state_.end(), kOpen);
    s_.value[root()] = 0;
    state_[root()] = kLeadsToRoot;
    std::uint32_t elsewhere = 0;
    for (std::uint32_t start = 0; start < c_.nodes(); ++start) elsewhere += follow(start);
    if (elsewhere > 0) lead_to_root(elsewhere);
  }

  /// Decides all nodes on the policy's path from `start`; how many of them do not lead to the root.
  std::uint32_t follow(std::uint32_t start) {
    path_.clear();
    std::uint32_t u = start;
    while (state_[u] == kOpen) {
      state_[u] = kOnPath;
      path_.push_back(u);
      u = c_.edge[s_.policy[u]].target;
    }
    const State end = state_[u] == kLeadsToRoot ? kLeadsToRoot : kLeadsElsewhere;
    for (std::size_t i = path_.size(); i-- > 0;) {
      state_[path_[i]] = end;
      if (end == kLeadsToRoot) s_.value[path_[i]] = through(s_.policy[path_[i]]);
    }
    return end == kLeadsElsewhere ? static_cast<std::uint32_t>(path_.size()) : 0;
  }

  /// Breadth first, backwards, from all nodes that lead to the root.
  void lead_to_root(std::uint32_t elsewhere) {
    build_reverse();
    path_.clear();
    for (std::uint32_t u = 0; u < c_.nodes(); ++u)
      if (state_[u] == kLeadsToRoot) path_.push_back(u);
    for (std::size_t i = 0; elsewhere > 0; ++i) {
      SPIKELOOM_CHECK(i < path_.size());
      const std::uint32_t u = path_[i];
      for (std::uint32_t r = reverse_.first[u]; r < reverse_.first[u + 1]; ++r) {
        const std::uint32_t source = reverse_.source[r];
        if (state_[source] == kLeadsToRoot) continue;
        state_[source] = kLeadsToRoot;
        s_.policy[source] = reverse_.edge[r];
        s_.value[source] = through(reverse_.edge[r]);
        path_.push_back(source);
        --elsewhere;
      }
    }
  }

  void build_reverse() {
    if (!reverse_.first.empty()) return;
    reverse_.first.assign(c_.nodes() + std::size_t{1}, 0);
    for (const Component::Edge& e : c_.edge) ++reverse_.first[e.target + std::size_t{1}];
    std::partial_sum(reverse_.first.begin(), reverse_.first.end(), reverse_.first.begin());
    reverse_.source.resize(c_.edge.size());
    reverse_.edge.resize(c_.edge.size());
    std::vector<std::uint32_t> next(reverse_.first.begin(), reverse_.first.end() - 1);
    for (std::uint32_t u = 0; u < c_.nodes(); ++u)
      for (std::uint32_t e = c_.first[u]; e < c_.first[u + 1]; ++e) {
        const std::uint32_t at = next[c_.edge[e].target]++;
        reverse_.source[at] = u;
        reverse_.edge[at] = e;
      }
  }

  /// Of some nodes' first edges most have one the other way.
  [[nodiscard]] bool mostly_in_pairs() const {
    constexpr std::uint32_t kLooks = 64;
    std::uint32_t pairs = 0;
    for (std::uint32_t look = 0; look < kLooks; ++look) {
      const auto u = static_cast<std::uint32_t>(std::uint64_t{c_.nodes()} * look / kLooks);
      std::uint32_t e = c_.first[u];
      while (e + 1 < c_.first[u + 1] && c_.edge[e].target == u) ++e;
      const std::uint32_t v = c_.edge[e].target;
      const auto begin = c_.edge.begin() + c_.first[v], end = c_.edge.begin() + c_.first[v + 1];
      pairs += std::any_of(begin, end, [&](const Component::Edge& back) { return back.target == u; }) ? 1 : 0;
    }
    return 2 * pairs > kLooks;
  }

  /// Two nodes with an edge each way: where data and their room go opposite ways that is often nearly the
  /// ratio, and rounds begin there. Of parallel edges only the last is looked at.
  void take_best_pair() {
    build_reverse();
    std::vector<std::uint32_t> to(c_.nodes(), kNone);  // the edge from u, by target
    std::uint32_t there = kNone, back = kNone;
    Wide num = 0, den = 1;
    for (std::uint32_t u = 0; u < c_.nodes(); ++u) {
      for (std::uint32_t e = c_.first[u]; e < c_.first[u + 1]; ++e) to[c_.edge[e].target] = e;
      for (std::uint32_t r = reverse_.first[u]; r < reverse_.first[u + 1]; ++r) {
        const std::uint32_t v = reverse_.source[r], e = to[v], f = reverse_.edge[r];
        if (v >= u || e == kNone || e < c_.first[u])
          continue;  // each pair once; an edge of an earlier node is left over
        const Wide weight = Wide{c_.edge[e].weight} + c_.edge[f].weight,
                   tokens = Wide{c_.edge[e].tokens} + c_.edge[f].tokens;
        if (weight * den <= num * tokens) continue;
        num = weight;
        den = tokens;
        there = e;
        back = f;
      }
    }
    if (there == kNone) return;
    s_.policy[c_.edge[back].target] = there;
    s_.policy[c_.edge[there].target] = back;
  }

  /// Rounds would go on at the same ratio and only raise values, each by one more edge of a long way: raises
  /// them at once. False: on the way a better cycle showed.
  bool settle() {
    build_reverse();
    return Settle<Int>(c_, reverse_, s_).run(root());
  }

  /// The cycle's last edge enters its lowest node, which is where it begins.
  [[nodiscard]] std::uint32_t root() const { return c_.edge[s_.cycle.back()].target; }

  bool improve() {
    bool changed = false;
    for (std::uint32_t u = 0; u < c_.nodes(); ++u) {
      Int best = s_.value[u];
      for (std::uint32_t e = c_.first[u]; e < c_.first[u + 1]; ++e) {
        const Int candidate = through(c_.edge[e]);
        if (candidate > best) {
          best = candidate;
          s_.policy[u] = e;
          changed = true;
        }
      }
      s_.value[u] = best;
    }
    return changed;
  }

  const Component& c_;
  ComponentSolution<Int> s_;
  std::vector<State> state_;
  std::vector<std::uint32_t> path_;
  ReverseEdges reverse_;
};

}  // namespace

PolicyCycle best_policy_cycle(const Component& component, const std::vector<std::uint32_t>& policy) {
  std::vector<std::uint32_t> visited(component.nodes(), kNone);
  PolicyCycle best;
  for (std::uint32_t start = 0; start < component.nodes(); ++start) {
    std::uint32_t u = start;
    while (visited[u] == kNone) {
      visited[u] = start;
      if (policy[u] == kNone) break;
      u = component.edge[policy[u]].target;
    }
    if (visited[u] != start || policy[u] == kNone) continue;
    std::int64_t weight = 0, tokens = 0;
    std::uint32_t at = u;
    do {
      weight += component.edge[policy[at]].weight;
      tokens += component.edge[policy[at]].tokens;
      at = component.edge[policy[at]].target;
    } while (at != u);
    SPIKELOOM_CHECK(tokens > 0);
    if (!best.edges.empty() && Wide(weight) * best.den <= Wide(best.num) * tokens) continue;
    const std::int64_t divisor = std::gcd(weight, tokens);
    best.num = weight / divisor;
    best.den = tokens / divisor;
    best.edges = cycle_from(component, policy, u);
  }
  return best;
}

template <class Int>
std::optional<ComponentSolution<Int>> howard(const Component& component, std::vector<std::uint32_t> policy,
                                             std::int64_t max_iterations) {
  return Howard<Int>(component, std::move(policy)).run(max_iterations);
}

template std::optional<ComponentSolution<std::int64_t>> howard(const Component&, std::vector<std::uint32_t>,
                                                               std::int64_t);
template std::optional<ComponentSolution<Wide>> howard(const Component&, std::vector<std::uint32_t>,
                                                       std::int64_t);

}  // namespace spikeloom::sdf
