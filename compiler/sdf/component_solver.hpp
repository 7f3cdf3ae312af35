// Inside max_cycle_ratio: one strongly connected component at a time, in integers of one width.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "compiler/sdf/graph.hpp"

namespace spikeloom::sdf {

__extension__ typedef __int128 Wide;

inline constexpr std::uint32_t kNone = 0xffffffffU;

/// A strongly connected component with at least one edge per node, and no cycle without tokens.
/// Nodes are in depth-first finishing order, so that a pass from 0 up mostly sees targets first.
struct Component {
  struct Edge {
    std::uint32_t target;
    std::uint32_t channel;
    std::int64_t weight;
    std::int64_t tokens;
  };
  std::vector<std::uint32_t> first;  ///< edges of node u are edge[first[u]] to edge[first[u + 1] - 1]
  std::vector<Edge> edge;
  [[nodiscard]] std::uint32_t nodes() const { return static_cast<std::uint32_t>(first.size() - 1); }
};

/// For every node the edge that looks best at the average ratio, or wanted[node] if that is an edge of the
/// node.
std::vector<std::uint32_t> first_policy(const Component& component, std::span<const ChannelId> wanted);

/// num / den in lowest terms is the ratio of `cycle`, and
/// value[source] >= den * weight - num * tokens + value[target] on every edge.
template <class Int>
struct ComponentSolution {
  std::int64_t num = 0;
  std::int64_t den = 1;
  std::vector<std::uint32_t> cycle;   ///< edges in order
  std::vector<std::uint32_t> policy;  ///< edge by node
  std::vector<Int> value;
};

/// Howard's policy iteration from `policy` (an edge for every node). Nothing if it needs more iterations.
template <class Int>
std::optional<ComponentSolution<Int>> howard(const Component& component, std::vector<std::uint32_t> policy,
                                             std::int64_t max_iterations);

/// The same answer by bisection, each probe a Bellman-Ford search for a cycle above it.
template <class Int>
ComponentSolution<Int> bisection(const Component& component, std::vector<std::uint32_t> policy);

/// The best cycle of the graph in which each node has the one edge policy[node], or none if kNone.
struct PolicyCycle {
  std::vector<std::uint32_t> edges;  ///< from its lowest node on; empty if there is no cycle
  std::int64_t num = 0;              ///< lowest terms
  std::int64_t den = 1;
};
PolicyCycle best_policy_cycle(const Component& component, const std::vector<std::uint32_t>& policy);

}  // namespace spikeloom::sdf
