// Inside Howard's method: values at a ratio that no longer rises, or a cycle that is above it.
#pragma once

#include <cstdint>
#include <vector>

#include "compiler/base/error.hpp"
#include "compiler/sdf/component_solver.hpp"

namespace spikeloom::sdf {

/// Edges by target: those into node u are edge[first[u]] to edge[first[u + 1] - 1], from source[...].
struct ReverseEdges {
  std::vector<std::uint32_t> first, source, edge;
};

/// Longest ways to the root, label by label: Bellman and Ford's method, where a node whose value rises takes
/// all nodes that lead over it out of the tree until they rise in turn. A cycle shows as soon as it closes.
/// Source  Tarjan 1981 (subtree disassembly); Cherkassky and Goldberg, Math. Programming 85 (1999), found it
///         the fastest.
template <class Int>
class Settle {
 public:
  Settle(const Component& component, const ReverseEdges& reverse, ComponentSolution<Int>& solution)
      : c_(component),
        reverse_(reverse),
        s_(solution),
        after_(component.nodes()),
        before_(component.nodes()),
        children_(component.nodes()),
        waits_(component.nodes()) {}

  /// From values and policy that form a tree to `root`. True: no edge improves any more. False: the policy
  /// now has a cycle above the ratio.
  bool run(std::uint32_t root) {
    plant(root);
    for (std::uint32_t u = 0; u < c_.nodes(); ++u)
      for (std::uint32_t e = c_.first[u]; e < c_.first[u + 1]; ++e)
        if (!relax(u, e)) return false;
    while (!queue_.empty()) {
      std::swap(queue_, now_);
      for (const std::uint32_t v : now_) {
        const bool wanted = waits_[v] == kActive;
        waits_[v] = kAway;
        if (!wanted) continue;
        for (std::uint32_t r = reverse_.first[v]; r < reverse_.first[v + 1]; ++r)
          if (!relax(reverse_.source[r], reverse_.edge[r])) return false;
      }
      now_.clear();
    }
    return true;
  }

 private:
  enum Waits : std::uint8_t {
    kAway,
    kActive,
    kIdle
  };  ///< not in the queue; in it; in it, but out of the tree

  /// The tree in preorder, as a ring through all nodes.
  void plant(std::uint32_t root) {
    const std::uint32_t n = c_.nodes();
    std::vector<std::uint32_t> child(n, kNone), sibling(n, kNone);
    for (std::uint32_t u = n; u-- > 0;) {
      if (u == root) continue;
      const std::uint32_t parent = c_.edge[s_.policy[u]].target;
      sibling[u] = child[parent];
      child[parent] = u;
    }
    std::fill(children_.begin(), children_.end(), -1);
    std::fill(waits_.begin(), waits_.end(), kAway);
    queue_.clear();
    now_.clear();
    std::vector<std::uint32_t>& open = now_;
    open.push_back(root);
    std::uint32_t last = root;
    while (!open.empty()) {
      const std::uint32_t u = open.back();
      open.pop_back();
      join(last, u);
      last = u;
      for (std::uint32_t v = child[u]; v != kNone; v = sibling[v]) {
        open.push_back(v);
        ++children_[u];
      }
    }
    join(last, root);
    root_ = root;
  }

  void join(std::uint32_t a, std::uint32_t b) {
    after_[a] = b;
    before_[b] = a;
  }

  /// False: the edge closes a cycle above the ratio.
  bool relax(std::uint32_t u, std::uint32_t edge) {
    const Component::Edge& e = c_.edge[edge];
    const Int candidate = Int(s_.den) * e.weight - Int(s_.num) * e.tokens + s_.value[e.target];
    if (candidate <= s_.value[u]) return true;
    const std::uint32_t v = e.target;
    if (before_[v] == kNone) return true;  // it will rise, and then comes here again
    if (u == root_ || !take_out(u, v)) {   // all in the tree lead to the root
      s_.policy[u] = edge;
      return false;
    }
    s_.value[u] = candidate;
    s_.policy[u] = edge;
    join(u, after_[v]);
    join(v, u);
    ++children_[v];
    children_[u] = -1;
    if (waits_[u] == kAway) queue_.push_back(u);
    waits_[u] = kActive;
    return true;
  }

  /// Takes u's tree out of the tree. False, and nothing is of use any more: v is in it.
  bool take_out(std::uint32_t u, std::uint32_t v) {
    if (before_[u] == kNone) return true;
    const std::uint32_t front = before_[u];
    --children_[c_.edge[s_.policy[u]].target];
    std::uint32_t x = u;
    for (std::int64_t open = 0; open >= 0; x = after_[x]) {
      if (x == v) return false;
      open += children_[x];
      before_[x] = kNone;
      if (waits_[x] == kActive) waits_[x] = kIdle;
    }
    join(front, x);
    return true;
  }

  const Component& c_;
  const ReverseEdges& reverse_;
  ComponentSolution<Int>& s_;
  std::vector<std::uint32_t> after_, before_;  ///< before: kNone out of the tree
  std::vector<std::int32_t> children_;         ///< less 1
  std::vector<Waits> waits_;
  std::vector<std::uint32_t> queue_, now_;
  std::uint32_t root_ = 0;
};

}  // namespace spikeloom::sdf
