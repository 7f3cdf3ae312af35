// The shape of a graph, for the analyses in this folder: adjacency, components, token-free order.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "compiler/sdf/graph.hpp"

namespace spikeloom::sdf {

/// Channels grouped by one of their ends: those of actor a are channel[first[a]] to channel[first[a + 1] -
/// 1].
struct Adjacency {
  std::vector<std::uint32_t> first;
  std::vector<std::uint32_t> channel;
};
[[nodiscard]] Adjacency outgoing(const Graph& graph);
[[nodiscard]] Adjacency incoming(const Graph& graph);

/// Strongly connected components, numbered so that a channel never goes to a higher component than its
/// source's (sinks first). `post` lists the actors of component c, in depth-first finishing order, at
/// first[c] to first[c + 1] - 1.
/// Source  Tarjan, SIAM J. Comput. 1 (1972), without recursion.
struct Components {
  std::vector<std::uint32_t> of;  ///< by actor
  std::vector<std::uint32_t> first;
  std::vector<std::uint32_t> post;
  [[nodiscard]] std::uint32_t count() const { return static_cast<std::uint32_t>(first.size() - 1); }
};
[[nodiscard]] Components strong_components(const Graph& graph, const Adjacency& out);

/// Actors in an order in which every channel without initial tokens goes forward, or the channels of a
/// cycle without initial tokens.
struct TokenFreeOrder {
  std::vector<std::uint32_t> order;
  std::vector<ChannelId> cycle;  ///< empty if there is an order
};
[[nodiscard]] TokenFreeOrder token_free_order(const Graph& graph, const Adjacency& out);

/// The same closed cycle, begun at its lowest actor, so that equal cycles print equally.
[[nodiscard]] std::vector<ChannelId> rotated(const Graph& graph, std::vector<ChannelId> cycle);

}  // namespace spikeloom::sdf
