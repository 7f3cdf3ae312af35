#include "compiler/sdf/structure.hpp"

#include <algorithm>

#include "compiler/base/error.hpp"

namespace spikeloom::sdf {
namespace {

template <class End>
Adjacency grouped(const Graph& graph, End end) {
  Adjacency result;
  result.first.assign(graph.actor_count() + 1, 0);
  result.channel.resize(graph.channel_count());
  for (const Channel& c : graph.channels()) ++result.first[end(c).index() + 1];
  for (std::size_t a = 0; a < graph.actor_count(); ++a) result.first[a + 1] += result.first[a];
  std::vector<std::uint32_t> next(result.first.begin(), result.first.end() - 1);
  for (std::uint32_t i = 0; i < graph.channel_count(); ++i)
    result.channel[next[end(graph.channels()[i]).index()]++] = i;
  return result;
}

constexpr std::uint32_t kUnset = 0xffffffffU;

class Tarjan {
 public:
  Tarjan(const Graph& graph, const Adjacency& out) : graph_(graph), out_(out) {
    const std::size_t n = graph.actor_count();
    result_.of.assign(n, kUnset);
    result_.first.push_back(0);
    result_.post.reserve(n);
    number_.assign(n, kUnset);
    low_.assign(n, 0);
    next_.assign(out.first.begin(), out.first.end() - 1);
    for (std::uint32_t a = 0; a < n; ++a)
      if (number_[a] == kUnset) visit(a);
  }
  Components take() { return std::move(result_); }

 private:
  void visit(std::uint32_t start) {
    enter(start);
    while (!path_.empty()) {
      const std::uint32_t a = path_.back();
      if (next_[a] != out_.first[a + 1]) {
        const std::uint32_t b = graph_.channels()[out_.channel[next_[a]++]].target.value;
        if (number_[b] == kUnset)
          enter(b);
        else if (result_.of[b] == kUnset)
          low_[a] = std::min(low_[a], number_[b]);
        continue;
      }
      path_.pop_back();
      finished_.push_back(a);
      if (!path_.empty()) low_[path_.back()] = std::min(low_[path_.back()], low_[a]);
      if (low_[a] == number_[a]) close(a);
    }
  }
  void enter(std::uint32_t a) {
    number_[a] = low_[a] = counter_++;
    path_.push_back(a);
  }
  /// Everything that finished since `root` was entered, and is in no component yet, is root's component.
  void close(std::uint32_t root) {
    std::size_t begin = finished_.size();
    while (begin > 0 && number_[finished_[begin - 1]] >= number_[root]) --begin;
    for (std::size_t i = begin; i < finished_.size(); ++i) {
      result_.of[finished_[i]] = result_.count();
      result_.post.push_back(finished_[i]);
    }
    finished_.resize(begin);
    result_.first.push_back(static_cast<std::uint32_t>(result_.post.size()));
  }

  const Graph& graph_;
  const Adjacency& out_;
  Components result_;
  std::vector<std::uint32_t> number_, low_, next_, path_, finished_;
  std::uint32_t counter_ = 0;
};

/// A cycle among the actors that still wait for a token-free input: backwards from one to the next.
std::vector<ChannelId> waiting_cycle(const Graph& graph, const std::vector<std::uint32_t>& missing) {
  std::vector<std::uint32_t> waits_for(graph.actor_count(), kUnset);
  for (std::uint32_t i = 0; i < graph.channel_count(); ++i) {
    const Channel& c = graph.channels()[i];
    if (c.tokens == 0 && missing[c.source.index()] > 0 && missing[c.target.index()] > 0 &&
        waits_for[c.target.index()] == kUnset)
      waits_for[c.target.index()] = i;
  }
  std::uint32_t at = 0;
  while (missing[at] == 0) ++at;
  std::vector<bool> seen(graph.actor_count(), false);
  while (!seen[at]) {
    seen[at] = true;
    at = graph.channels()[waits_for[at]].source.value;
  }
  std::vector<ChannelId> cycle;
  const std::uint32_t start = at;
  do {
    cycle.emplace_back(waits_for[at]);
    at = graph.channels()[waits_for[at]].source.value;
  } while (at != start);
  std::reverse(cycle.begin(), cycle.end());
  return rotated(graph, std::move(cycle));
}

}  // namespace

Adjacency outgoing(const Graph& graph) {
  return grouped(graph, [](const Channel& c) { return c.source; });
}

Adjacency incoming(const Graph& graph) {
  return grouped(graph, [](const Channel& c) { return c.target; });
}

Components strong_components(const Graph& graph, const Adjacency& out) { return Tarjan(graph, out).take(); }

TokenFreeOrder token_free_order(const Graph& graph, const Adjacency& out) {
  const std::size_t n = graph.actor_count();
  std::vector<std::uint32_t> missing(n, 0);
  for (const Channel& c : graph.channels())
    if (c.tokens == 0) ++missing[c.target.index()];
  TokenFreeOrder result;
  result.order.reserve(n);
  for (std::uint32_t a = 0; a < n; ++a)
    if (missing[a] == 0) result.order.push_back(a);
  for (std::size_t i = 0; i < result.order.size(); ++i) {
    const std::uint32_t a = result.order[i];
    for (std::uint32_t e = out.first[a]; e < out.first[a + 1]; ++e) {
      const Channel& c = graph.channels()[out.channel[e]];
      if (c.tokens == 0 && --missing[c.target.index()] == 0) result.order.push_back(c.target.value);
    }
  }
  if (result.order.size() < n) {
    result.order.clear();
    result.cycle = waiting_cycle(graph, missing);
  }
  return result;
}

std::vector<ChannelId> rotated(const Graph& graph, std::vector<ChannelId> cycle) {
  const auto lowest = std::min_element(cycle.begin(), cycle.end(), [&](ChannelId a, ChannelId b) {
    return graph.channel(a).source < graph.channel(b).source;
  });
  std::rotate(cycle.begin(), lowest, cycle.end());
  return cycle;
}

}  // namespace spikeloom::sdf
