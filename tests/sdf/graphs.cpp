#include "tests/sdf/graphs.hpp"

#include <algorithm>
#include <functional>
#include <numeric>
#include <string>

namespace spikeloom::sdf::testing {
namespace {

ActorId actor(std::int64_t a) { return ActorId(static_cast<std::size_t>(a)); }

void add_actors(Graph& graph, Rng& rng, std::int64_t count, std::int64_t shortest, std::int64_t longest) {
  for (std::int64_t a = 0; a < count; ++a)
    graph.add_actor("a" + std::to_string(a), rng.between(shortest, longest));
}

}  // namespace

Graph random_graph(Rng& rng, const RandomGraph& shape) {
  Graph graph;
  add_actors(graph, rng, shape.actors, 0, shape.longest);
  std::vector<std::int64_t> rank(static_cast<std::size_t>(shape.actors));
  std::iota(rank.begin(), rank.end(), 0);
  rng.shuffle(rank);
  for (std::int64_t i = 0; i < shape.channels; ++i) {
    const auto a = rng.between(0, shape.actors - 1), b = rng.between(0, shape.actors - 1);
    std::int64_t tokens = rng.between(0, shape.most_tokens);
    if (tokens == 0 && rank[static_cast<std::size_t>(a)] >= rank[static_cast<std::size_t>(b)] &&
        !rng.chance(shape.dead))
      tokens = 1;
    graph.add_channel({.source = actor(a),
                       .target = actor(b),
                       .tokens = tokens,
                       .latency = rng.chance(0.5) ? 0 : rng.between(0, shape.longest)},
                      "c" + std::to_string(i));
  }
  return graph;
}

std::vector<std::vector<ChannelId>> simple_cycles(const Graph& graph) {
  std::vector<std::vector<ChannelId>> found;
  std::vector<ChannelId> path;
  std::vector<bool> used(graph.actor_count(), false);
  std::function<void(ActorId, ActorId)> extend = [&](ActorId start, ActorId at) {
    for (std::size_t i = 0; i < graph.channel_count(); ++i) {
      const Channel& c = graph.channel(ChannelId(i));
      if (c.source != at || c.target < start) continue;
      path.emplace_back(i);
      if (c.target == start) {
        found.push_back(path);
      } else if (!used[c.target.index()]) {
        used[c.target.index()] = true;
        extend(start, c.target);
        used[c.target.index()] = false;
      }
      path.pop_back();
    }
  };
  for (std::size_t a = 0; a < graph.actor_count(); ++a) extend(ActorId(a), ActorId(a));
  return found;
}

std::optional<Ratio> ratio_of(const Graph& graph, const std::vector<ChannelId>& cycle) {
  std::int64_t weight = 0, tokens = 0;
  for (const ChannelId id : cycle) {
    weight += graph.weight(id);
    tokens += graph.channel(id).tokens;
  }
  if (tokens == 0) return std::nullopt;
  return Ratio(weight, tokens);
}

std::optional<Ratio> karp(const Graph& graph) {
  constexpr std::int64_t kNever = -1;
  const std::size_t n = graph.actor_count();
  // Longest token-free paths between actors, by repeated relaxation.
  std::vector<std::vector<std::int64_t>> path(n, std::vector<std::int64_t>(n, kNever));
  for (std::size_t a = 0; a < n; ++a) path[a][a] = 0;
  for (std::size_t round = 0; round < n; ++round)
    for (const Channel& c : graph.channels())
      for (std::size_t a = 0; a < n && c.tokens == 0; ++a)
        if (path[a][c.source.index()] != kNever)
          path[a][c.target.index()] =
              std::max(path[a][c.target.index()], path[a][c.source.index()] + graph.weight(c));
  struct Token {
    std::size_t from, to;  // actors; the token's channel runs from one to the other
    std::int64_t weight;
    std::ptrdiff_t next = -1;  // the token before this one in the same channel
  };
  std::vector<Token> token;
  for (const Channel& c : graph.channels())
    for (std::int64_t t = 0; t < c.tokens; ++t)
      token.push_back({c.source.index(), c.target.index(), t == 0 ? graph.weight(c) : 0,
                       t == 0 ? -1 : static_cast<std::ptrdiff_t>(token.size()) - 1});
  const std::size_t m = token.size();
  // step(s, t): weight from token s's arrival to token t's. The last token of a channel is the one that is
  // taken by its target; earlier places hand on to it.
  const auto last = [&](std::size_t s) { return s + 1 == m || token[s + 1].next == -1; };
  const auto step = [&](std::size_t s, std::size_t t) -> std::int64_t {
    if (token[t].next != -1)
      return token[t].next == static_cast<std::ptrdiff_t>(s) ? token[t].weight : kNever;
    if (!last(s)) return kNever;
    const std::int64_t between = path[token[s].to][token[t].from];
    return between == kNever ? kNever : between + token[t].weight;
  };
  std::vector<std::vector<std::int64_t>> longest(m + 1, std::vector<std::int64_t>(m, 0));
  for (std::size_t k = 1; k <= m; ++k)
    for (std::size_t t = 0; t < m; ++t) {
      longest[k][t] = kNever;
      for (std::size_t s = 0; s < m; ++s)
        if (longest[k - 1][s] != kNever && step(s, t) != kNever)
          longest[k][t] = std::max(longest[k][t], longest[k - 1][s] + step(s, t));
    }
  std::optional<Ratio> best;
  for (std::size_t t = 0; t < m; ++t) {
    if (longest[m][t] == kNever) continue;
    std::optional<Ratio> least;
    for (std::size_t k = 0; k < m; ++k) {
      if (longest[k][t] == kNever) continue;
      const Ratio mean(longest[m][t] - longest[k][t], static_cast<std::int64_t>(m - k));
      if (!least || mean < *least) least = mean;
    }
    if (least && (!best || *least > *best)) best = least;
  }
  return best;
}

Relabelled relabelled(const Graph& graph, Rng& rng) {
  std::vector<std::size_t> actors(graph.actor_count()), channels(graph.channel_count());
  std::iota(actors.begin(), actors.end(), std::size_t{0});
  std::iota(channels.begin(), channels.end(), std::size_t{0});
  rng.shuffle(actors);
  rng.shuffle(channels);
  Relabelled result;
  result.actor.resize(actors.size());
  result.channel.resize(channels.size());
  for (const std::size_t a : actors)
    result.actor[a] = result.graph.add_actor(graph.name(ActorId(a)), graph.execution(ActorId(a)));
  for (const std::size_t i : channels) {
    Channel c = graph.channel(ChannelId(i));
    c.source = result.actor[c.source.index()];
    c.target = result.actor[c.target.index()];
    result.channel[i] = result.graph.add_channel(c, graph.name(ChannelId(i)));
  }
  return result;
}

Graph random_strong(std::int64_t actors, std::int64_t channels, std::uint64_t seed) {
  Rng rng(seed);
  Graph graph;
  add_actors(graph, rng, actors, 1, 1000);
  for (std::int64_t a = 0; a < actors; ++a)
    graph.add_channel(
        {.source = actor(a), .target = actor((a + 1) % actors), .tokens = a + 1 == actors ? 1 : 0});
  for (std::int64_t i = actors; i < channels; ++i) {
    const std::int64_t a = rng.between(0, actors - 1), b = rng.between(0, actors - 1);
    graph.add_channel(
        {.source = actor(a), .target = actor(b), .tokens = a < b ? rng.between(0, 2) : rng.between(1, 2)});
  }
  return graph;
}

Graph layered(std::int64_t layers, std::int64_t width, std::int64_t pages, std::uint64_t seed) {
  Rng rng(seed);
  Graph graph;
  add_actors(graph, rng, layers * width, 1, 1000);
  for (std::int64_t a = 0; a < layers * width; ++a) {
    graph.forbid_overlap(actor(a));
    if (a / width + 1 == layers) continue;
    for (int fan = 0; fan < 4; ++fan) {
      const std::int64_t b = (a / width + 1) * width + rng.between(0, width - 1);
      graph.add_channel({.source = actor(a), .target = actor(b), .latency = rng.between(1, 20)});
      graph.add_channel(
          {.source = actor(b), .target = actor(a), .tokens = pages, .latency = rng.between(1, 20)});
    }
  }
  return graph;
}

Graph ring(std::int64_t actors, std::uint64_t seed) {
  Rng rng(seed);
  Graph graph;
  add_actors(graph, rng, actors, 1, 1000);
  for (std::int64_t a = 0; a < actors; ++a) {
    graph.forbid_overlap(actor(a));
    graph.add_channel({.source = actor(a),
                       .target = actor((a + 1) % actors),
                       .tokens = 1,
                       .latency = rng.between(0, 1000)});
  }
  return graph;
}

Graph chain(std::int64_t actors, std::int64_t pages, std::uint64_t seed) {
  Rng rng(seed);
  Graph graph;
  add_actors(graph, rng, actors, 1, 1000);
  for (std::int64_t a = 0; a < actors; ++a) {
    graph.forbid_overlap(actor(a));
    if (a + 1 == actors) break;
    graph.add_channel({.source = actor(a), .target = actor(a + 1), .latency = 3});
    graph.add_channel({.source = actor(a + 1), .target = actor(a), .tokens = pages, .latency = 3});
  }
  return graph;
}

Graph mesh(std::int64_t side, std::uint64_t seed) {
  Rng rng(seed);
  Graph graph;
  add_actors(graph, rng, side * side, 1, 1000);
  const auto both = [&](std::int64_t a, std::int64_t b) {
    graph.add_channel({.source = actor(a), .target = actor(b), .latency = 1});
    graph.add_channel({.source = actor(b), .target = actor(a), .tokens = rng.between(1, 4), .latency = 1});
  };
  for (std::int64_t y = 0; y < side; ++y)
    for (std::int64_t x = 0; x < side; ++x) {
      if (x + 1 < side) both(y * side + x, y * side + x + 1);
      if (y + 1 < side) both(y * side + x, (y + 1) * side + x);
    }
  return graph;
}

}  // namespace spikeloom::sdf::testing
