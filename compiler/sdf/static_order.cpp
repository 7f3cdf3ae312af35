#include "compiler/sdf/static_order.hpp"

#include <algorithm>
#include <numeric>
#include <queue>
#include <set>
#include <string>

#include "compiler/base/error.hpp"
#include "compiler/sdf/component_solver.hpp"
#include "compiler/sdf/structure.hpp"
#include "compiler/sdf/text.hpp"

namespace spikeloom::sdf {
namespace {

std::size_t processor_count(const Binding& binding) {
  std::size_t count = 0;
  for (const std::size_t processor : binding)
    if (processor != kUnbound) count = std::max(count, processor + 1);
  return count;
}

/// From a firing's start to the end of the iteration, over channels without tokens.
std::vector<std::int64_t> ways_to_end(const Graph& graph, const Adjacency& out,
                                      const std::vector<std::uint32_t>& order) {
  std::vector<std::int64_t> way(graph.actor_count(), 0);
  for (auto actor = order.rbegin(); actor != order.rend(); ++actor) {
    way[*actor] = graph.execution(ActorId(*actor));
    for (std::uint32_t e = out.first[*actor]; e < out.first[*actor + 1]; ++e) {
      const Channel& channel = graph.channels()[out.channel[e]];
      if (channel.tokens > 0) continue;
      const Wide longer = Wide{graph.weight(channel)} + way[channel.target.index()];
      if (longer > std::numeric_limits<std::int64_t>::max())
        throw input_error("actor \"" + graph.name(ActorId(*actor)) +
                          "\": the times of an iteration leave 64 bits");
      way[*actor] = std::max(way[*actor], static_cast<std::int64_t>(longer));
    }
  }
  return way;
}

/// One iteration on processors, from event to event.
class ListScheduler {
 public:
  ListScheduler(const Expansion& expansion, const Binding& binding, const TokenFreeOrder& order)
      : graph_(expansion.graph),
        expansion_(expansion),
        binding_(binding),
        out_(outgoing(graph_)),
        way_(ways_to_end(graph_, out_, order.order)),
        missing_(graph_.actor_count(), 0),
        ready_at_(graph_.actor_count(), 0),
        ready_(processor_count(binding)),
        free_at_(ready_.size(), 0),
        order_(ready_.size()) {
    for (const Channel& channel : graph_.channels())
      if (channel.tokens == 0) ++missing_[channel.target.index()];
  }

  StaticOrder run() {
    for (std::uint32_t firing = 0; firing < missing_.size(); ++firing)
      if (missing_[firing] == 0) events_.push({0, firing});
    while (!events_.empty()) {
      const std::int64_t now = events_.top().first;
      while (!events_.empty() && events_.top().first == now) {
        const std::uint32_t what = events_.top().second;
        events_.pop();
        if (what < missing_.size()) become_ready(now, what);
      }
      for (std::size_t processor = 0; processor < ready_.size(); ++processor) take_next(now, processor);
    }
    return std::move(order_);
  }

 private:
  /// Longest way first, then lower actor and firing.
  using Candidate = std::pair<std::int64_t, std::uint32_t>;

  void become_ready(std::int64_t now, std::uint32_t firing) {
    const std::size_t processor = binding_[expansion_.actor[firing].index()];
    if (processor == kUnbound)
      start(now, firing);
    else
      ready_[processor].insert({-way_[firing], firing});
  }

  void take_next(std::int64_t now, std::size_t processor) {
    if (ready_[processor].empty() || free_at_[processor] > now) return;
    const std::uint32_t firing = ready_[processor].begin()->second;
    ready_[processor].erase(ready_[processor].begin());
    order_[processor].push_back({expansion_.actor[firing], expansion_.firing[firing]});
    free_at_[processor] = now + graph_.execution(ActorId(firing));
    start(now, firing);
    events_.push({free_at_[processor], kNone});  // to look again
  }

  void start(std::int64_t now, std::uint32_t firing) {
    for (std::uint32_t e = out_.first[firing]; e < out_.first[firing + 1]; ++e) {
      const Channel& channel = graph_.channels()[out_.channel[e]];
      if (channel.tokens > 0) continue;
      const std::size_t target = channel.target.index();
      ready_at_[target] = std::max(ready_at_[target], now + graph_.weight(channel));
      if (--missing_[target] == 0) events_.push({ready_at_[target], static_cast<std::uint32_t>(target)});
    }
  }

  const Graph& graph_;
  const Expansion& expansion_;
  const Binding& binding_;
  Adjacency out_;
  std::vector<std::int64_t> way_;
  std::vector<std::uint32_t> missing_;
  std::vector<std::int64_t> ready_at_;
  std::vector<std::set<Candidate>> ready_;
  std::vector<std::int64_t> free_at_;
  StaticOrder order_;
  using Event = std::pair<std::int64_t, std::uint32_t>;
  std::priority_queue<Event, std::vector<Event>, std::greater<>> events_;
};

}  // namespace

Binding balanced_binding(const PhasedGraph& graph, std::size_t processors) {
  SPIKELOOM_CHECK(processors > 0);
  const Repetition repetition = require_repetition(graph);
  std::vector<Wide> work;
  for (std::size_t a = 0; a < graph.actor_count(); ++a) {
    work.push_back(0);
    for (const std::int64_t time : graph.execution(ActorId(a)))
      work.back() += Wide{time} * repetition.cycles[a];
  }
  std::vector<std::size_t> order(graph.actor_count());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return work[a] > work[b]; });
  Binding binding(graph.actor_count(), 0);
  std::vector<Wide> load(processors, 0);
  for (const std::size_t a : order) {
    binding[a] = static_cast<std::size_t>(std::min_element(load.begin(), load.end()) - load.begin());
    load[binding[a]] += work[a];
  }
  return binding;
}

StaticOrder list_schedule(const Expansion& expansion, const Binding& binding) {
  const TokenFreeOrder order = token_free_order(expansion.graph, outgoing(expansion.graph));
  if (!order.cycle.empty())
    throw input_error("deadlock: no channel of this cycle holds a token: " +
                      describe(expansion.graph, order.cycle));
  return ListScheduler(expansion, binding, order).run();
}

Graph ordered(const Expansion& expansion, const Binding& binding, const StaticOrder& order) {
  Graph graph = expansion.graph;
  std::vector<bool> seen(graph.actor_count(), false);
  const auto node = [&](const Firing& firing, std::size_t processor) {
    const std::size_t place =
        expansion.first.at(firing.actor.index()) + static_cast<std::size_t>(firing.number);
    if (place >= seen.size() || expansion.actor[place] != firing.actor)
      throw input_error("static order: firing " + std::to_string(firing.number) +
                        " of an actor that has fewer in an iteration");
    if (binding[firing.actor.index()] != processor || seen[place])
      throw input_error("static order of processor " + std::to_string(processor) + ": \"" +
                        graph.name(ActorId(place)) + "\" is bound to another processor or there twice");
    seen[place] = true;
    return ActorId(place);
  };
  for (std::size_t processor = 0; processor < order.size(); ++processor) {
    std::vector<ActorId> nodes;
    for (const Firing& firing : order[processor]) nodes.push_back(node(firing, processor));
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      const bool wraps = i + 1 == nodes.size();
      graph.add_channel({.source = nodes[i], .target = nodes[wraps ? 0 : i + 1], .tokens = wraps ? 1 : 0},
                        "order of processor " + std::to_string(processor));
    }
  }
  for (std::size_t place = 0; place < seen.size(); ++place)
    if (!seen[place] && binding[expansion.actor[place].index()] != kUnbound)
      throw input_error("static order: \"" + graph.name(ActorId(place)) +
                        "\" is bound to a processor whose order has it not");
  return graph;
}

}  // namespace spikeloom::sdf
