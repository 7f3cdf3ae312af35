// Random graphs, graph families, and the definitions that the tests hold the library against.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "compiler/base/ratio.hpp"
#include "compiler/base/rng.hpp"
#include "compiler/sdf/graph.hpp"

namespace spikeloom::sdf::testing {

struct RandomGraph {
  std::int64_t actors = 5;
  std::int64_t channels = 9;
  std::int64_t longest = 20;  ///< execution and latency, each
  std::int64_t most_tokens = 3;
  double dead = 0.0;  ///< chance that a channel without tokens goes backwards
};
Graph random_graph(Rng& rng, const RandomGraph& shape);

/// Every simple cycle, by depth-first enumeration. Small graphs only.
std::vector<std::vector<ChannelId>> simple_cycles(const Graph& graph);

/// The ratio of a cycle; nothing if it has no token.
std::optional<Ratio> ratio_of(const Graph& graph, const std::vector<ChannelId>& cycle);

/// Karp's minimum-mean algorithm turned round, on the graph whose nodes are initial tokens and whose
/// edges are longest token-free paths between them: the maximum cycle ratio of a live graph, or nothing.
std::optional<Ratio> karp(const Graph& graph);

/// The same graph with actors and channels in another order.
struct Relabelled {
  Graph graph;
  std::vector<ActorId> actor;      ///< by old id
  std::vector<ChannelId> channel;  ///< by old id
};
Relabelled relabelled(const Graph& graph, Rng& rng);

/// Strongly connected: a ring with one token and random channels.
Graph random_strong(std::int64_t actors, std::int64_t channels, std::uint64_t seed);
/// SNN-like: layers of contexts, fan-out 4, self-loops, `pages`-token back-edges.
Graph layered(std::int64_t layers, std::int64_t width, std::int64_t pages, std::uint64_t seed);
/// A ring with one token on every channel and a self-loop on every actor.
Graph ring(std::int64_t actors, std::uint64_t seed);
/// A chain with self-loops and back-edges of `pages` tokens.
Graph chain(std::int64_t actors, std::int64_t pages, std::uint64_t seed);
/// A square mesh of neighbours with back-edges.
Graph mesh(std::int64_t side, std::uint64_t seed);

}  // namespace spikeloom::sdf::testing
