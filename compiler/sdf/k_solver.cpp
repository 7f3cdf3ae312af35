#include "compiler/sdf/k_solver.hpp"

#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>

#include "compiler/base/error.hpp"
#include "compiler/sdf/potentials.hpp"
#include "compiler/sdf/structure.hpp"

namespace spikeloom::sdf {
namespace {

constexpr std::int64_t kMostParts = std::int64_t{1} << 50;
constexpr std::int64_t kMostHeight = std::int64_t{1} << 58;
constexpr std::int64_t kMostMoved = std::int64_t{1} << 60;  ///< tokens in K rounds
constexpr std::size_t kMostEdges = 20'000'000;
constexpr std::size_t kLargeGraph = 2'000;  ///< nodes, from which on guesses of levels pay

/// The least common multiple, if it is at most `most`.
std::optional<std::int64_t> common_multiple(std::int64_t a, std::int64_t b, std::int64_t most) {
  const Wide multiple = Wide{a} / std::gcd(a, b) * b;
  if (multiple > most) return std::nullopt;
  return static_cast<std::int64_t>(multiple);
}

Wide greatest_common_divisor(Wide a, Wide b) {
  while (b != 0) a = std::exchange(b, a % b);
  return a;
}

}  // namespace

std::vector<bool> sequential_actors(const PhasedGraph& graph) {
  std::vector<bool> one;
  for (std::size_t a = 0; a < graph.actor_count(); ++a)
    one.push_back(graph.phases(ActorId(a)) > 1 && !graph.phases_overlap(ActorId(a)));
  for (const PhasedChannel& channel : graph.channels())
    if (channel.source == channel.target && channel.tokens == 1 &&
        channel.produce == std::vector<std::int64_t>{1} && channel.consume == channel.produce)
      one[channel.source.index()] = true;
  return one;
}

KSolver::KSolver(const PhasedGraph& graph, Repetition repetition)
    : repetition_(std::move(repetition)),
      name_(graph.name()),
      one_at_a_time_(sequential_actors(graph)),
      rounds_(graph.actor_count(), 1) {
  bool overlap = false;
  for (std::size_t a = 0; a < graph.actor_count(); ++a) {
    execution_.push_back(graph.execution(ActorId(a)));
    overlap = overlap || graph.phases_overlap(ActorId(a));
  }
  any_order_.assign(graph.actor_count(), false);
  // Where some tokens overtake others, only what forbids it keeps firings in their order.
  if (overlap)
    for (std::size_t a = 0; a < graph.actor_count(); ++a) any_order_[a] = !one_at_a_time_[a];
  Graph actors;
  for (std::size_t a = 0; a < graph.actor_count(); ++a) actors.add_actor({}, 0);
  for (const PhasedChannel& channel : graph.channels())
    actors.add_channel({.source = channel.source, .target = channel.target, .tokens = 1});
  const Components components = strong_components(actors, outgoing(actors));
  actor_component_ = components.of;
  components_ = components.count();
  parts_.assign(components_, 1);
  for (std::size_t a = 0; a < graph.actor_count(); ++a) {
    std::int64_t& parts = parts_[actor_component_[a]];
    const auto more = common_multiple(parts, repetition_.cycles[a], kMostParts);
    if (!more)
      throw input_error("graph " + name_ + ", actor \"" + graph.name(ActorId(a)) +
                        "\": the repetition counts of the actors on its cycles have a least common multiple "
                        "above 2^50, too large for K-periodic schedules in 64 bits");
    parts = *more;
  }
  for (const PhasedChannel& channel : graph.channels()) {
    Arc arc;
    arc.rounds.written = round_rates(channel.produce);
    arc.rounds.read = round_rates(channel.consume);
    arc.rounds.tokens = channel.tokens;
    arc.rounds.in_order = !any_order_[channel.source.index()];
    arc.source = channel.source.value;
    arc.target = channel.target.value;
    arc.latency = channel.latency;
    arc.base = arc.rounds.unit();
    arc.inside = actor_component_[arc.source] == actor_component_[arc.target];
    arcs_.push_back(std::move(arc));
  }
}

void KSolver::set_rounds(std::vector<std::int64_t> rounds) {
  SPIKELOOM_CHECK(rounds.size() == rounds_.size());
  for (Arc& arc : arcs_)
    if (rounds[arc.source] != rounds_[arc.source] || rounds[arc.target] != rounds_[arc.target])
      arc.stale = true;
  if (rounds_ != rounds) {
    level_.clear();
    policy_.clear();
  }
  rounds_ = std::move(rounds);
}

void KSolver::set_tokens(ChannelId channel, std::int64_t tokens) {
  Arc& arc = arcs_[channel.index()];
  arc.stale = arc.stale || arc.rounds.tokens != tokens;
  arc.rounds.tokens = tokens;
  if (arc.source != arc.target || execution_[arc.source].size() > 1) return;
  one_at_a_time_[arc.source] = false;  // perhaps no more; the order that this adds holds in any case
  if (std::find(any_order_.begin(), any_order_.end(), true) == any_order_.end()) return;
  any_order_[arc.source] = true;  // but where phases overlap
  for (Arc& other : arcs_)
    if (other.source == arc.source) {
      other.rounds.in_order = false;
      other.stale = true;
    }
}

void KSolver::set_execution(ActorId actor, std::size_t phase, std::int64_t cycles) {
  execution_[actor.index()].at(phase) = cycles;
}

void KSolver::link(Arc& arc) const {
  arc.stale = false;
  arc.rounds.writer_rounds = rounds_[arc.source];
  arc.rounds.reader_rounds = rounds_[arc.target];
  if (Wide{arc.rounds.writer_rounds} * arc.rounds.written.round() > kMostMoved ||
      Wide{arc.rounds.reader_rounds} * arc.rounds.read.round() > kMostMoved)
    throw input_error("graph " + name_ + ": a channel moves more than 2^60 tokens in K rounds");
  arc.links.clear();
  arc.nodes.clear();
  if (share_links(arc.rounds)) {
    arc.nodes = link_nodes(arc.rounds);
    arc.shared = shared_links(arc.rounds, arc.nodes);
  } else {
    arc.links = direct_links(arc.rounds);
  }
}

// The writer's firing that begins at token w, and every later one, ends no earlier than it begins to write;
// so S' >= S + weight + X · period / (tokens of an iteration) holds for every X <= t - w, whichever firing
// writes t.
KSolver::Rise KSolver::rise_of(std::uint32_t edge) const {
  const Arc& arc = arcs_[edges_[edge].channel.index()];
  const std::int64_t unit = arc.rounds.unit();
  return {arc.rounds.read.before_firing(firing_of(edges_[edge].target) + std::int64_t{1}) - 1 -
              arc.rounds.written.before_firing(firing_of(edges_[edge].source)),
          unit, unit / arc.base * arc.parts_a_base};
}

std::int64_t KSolver::height_of(const Arc& arc, std::int64_t shift) const {
  const Wide height = -Wide{shift / arc.base} * arc.parts_a_base;
  if (height > kMostHeight || height < -kMostHeight)
    throw input_error("graph " + name_ +
                      ": tokens and repetition counts are too large for K-periodic schedules in 64 bits");
  return static_cast<std::int64_t>(height);
}

void KSolver::add_nodes() {
  first_.clear();
  node_actor_.clear();
  for (std::size_t a = 0; a < rounds_.size(); ++a) {
    first_.push_back(static_cast<std::uint32_t>(node_actor_.size()));
    const Wide firings = Wide{rounds_[a]} * static_cast<std::int64_t>(execution_[a].size());
    if (firings + static_cast<std::int64_t>(node_actor_.size()) > static_cast<std::int64_t>(kMostEdges))
      throw input_error("graph " + name_ + ": its K-periodic schedule has more than " +
                        std::to_string(kMostEdges) + " firings");
    node_actor_.resize(node_actor_.size() + static_cast<std::size_t>(firings), ActorId(a));
  }
  firings_ = static_cast<std::uint32_t>(node_actor_.size());
}

/// Phases end before the next begins; firings that may overlap begin in their order in any case.
void KSolver::add_orders() {
  for (std::size_t a = 0; a < rounds_.size(); ++a) {
    const auto firings =
        static_cast<std::uint32_t>(rounds_[a] * static_cast<std::int64_t>(execution_[a].size()));
    const bool phases = execution_[a].size() > 1;
    if (any_order_[a] || (!phases && (one_at_a_time_[a] || firings == 1))) continue;
    for (std::uint32_t j = 0; j < firings; ++j) {
      const bool wraps = j + 1 == firings;
      edges_.push_back({first_[a] + j, first_[a] + (wraps ? 0 : j + 1), kNoChannel,
                        phases ? execution_[a][j % execution_[a].size()] : 0,
                        wraps ? parts(ActorId(a)) / repetition_.cycles[a] * rounds_[a] : 0});
    }
  }
}

void KSolver::add_links(const Arc& arc, ChannelId channel) {
  const std::size_t more = arc.links.size() + arc.nodes.size() + arc.shared.enter.size() +
                           (arc.nodes.empty() ? 0 : arc.shared.leave.size());
  if (edges_.size() + more > kMostEdges)
    throw input_error("graph " + name_ + ": its K-periodic schedule has more than " +
                      std::to_string(kMostEdges) + " constraints");
  const std::vector<std::int64_t>& execution = execution_[arc.source];
  const auto time_of = [&](const Link& link) {
    return execution[link.from % execution.size()] + arc.latency;
  };
  for (const Link& link : arc.links)
    edges_.push_back({first_[arc.source] + link.from, first_[arc.target] + link.to, channel, time_of(link),
                      height_of(arc, link.shift)});
  if (arc.nodes.empty()) return;
  const auto between = static_cast<std::uint32_t>(node_actor_.size());
  const auto count = static_cast<std::uint32_t>(arc.nodes.size());
  node_actor_.resize(node_actor_.size() + count, ActorId(arc.source));
  for (const Link& link : arc.shared.enter)
    edges_.push_back({first_[arc.source] + link.from, between + link.to, channel, time_of(link),
                      height_of(arc, link.shift)});
  for (std::uint32_t i = 0; i < count; ++i)
    edges_.push_back({between + i, between + (i + 1 == count ? 0 : i + 1), channel, 0,
                      i + 1 == count ? height_of(arc, -arc.shared.unit) : 0});
  for (const Link& link : arc.shared.leave)
    edges_.push_back(
        {between + link.from, first_[arc.target] + link.to, channel, 0, height_of(arc, link.shift)});
}

void KSolver::assemble(Extent extent) {
  edges_.clear();
  add_nodes();
  add_orders();
  for (std::size_t c = 0; c < arcs_.size(); ++c) {
    Arc& arc = arcs_[c];
    if (!arc.inside && extent == Extent::kComponents) continue;
    if (arc.stale) link(arc);
    // A multiple of both repetition counts.
    const std::int64_t n = repetition_.cycles[arc.source], m = repetition_.cycles[arc.target];
    arc.parts_a_base = parts(ActorId(arc.source)) / (n / std::gcd(n, m) * m);
    add_links(arc, ChannelId(c));
  }
  divide_heights(extent);
}

/// By their greatest common divisor in each component: the more K has risen, the smaller numbers do.
void KSolver::divide_heights(Extent extent) {
  const auto component_of = [&](const Edge& edge) {
    return extent == Extent::kAll ? 0 : actor_component_[node_actor_[edge.source].index()];
  };
  step_.assign(parts_.size(), 0);
  for (const Edge& edge : edges_) {
    std::int64_t& step = step_[component_of(edge)];
    if (step != 1) step = std::gcd(step, edge.height);
  }
  if (extent == Extent::kAll) step_.assign(parts_.size(), step_.front());
  for (std::int64_t& step : step_) step = std::max<std::int64_t>(step, 1);
  if (std::all_of(step_.begin(), step_.end(), [](std::int64_t step) { return step == 1; })) return;
  for (Edge& edge : edges_) edge.height /= step_[component_of(edge)];
}

/// In a regular course firing j of n in K rounds comes j/n of the rounds later, and what it waits for about
/// as much.
void KSolver::guess_levels() {
  level_.assign(node_actor_.size(), 0);
  if (node_actor_.size() < kLargeGraph) return;
  for (std::uint32_t node = 0; node < firings_; ++node) {
    const std::size_t a = node_actor_[node].index();
    const Wide whole = Wide{parts(ActorId(a))} / repetition_.cycles[a];
    level_[node] =
        -static_cast<std::int64_t>(whole * firing_of(node) / static_cast<std::int64_t>(execution_[a].size()) /
                                   step_[actor_component_[a]]);
  }
}

/// No way through the graph is higher than 64 bits hold.
void KSolver::check_heights() const {
  constexpr Wide kMost = Wide{1} << 60;
  const auto size_of = [](const Edge& edge) { return edge.height < 0 ? -edge.height : edge.height; };
  std::int64_t highest = 0;
  for (const Edge& edge : edges_) highest = std::max(highest, size_of(edge));
  if (Wide{highest} * static_cast<std::int64_t>(node_actor_.size()) < kMost) return;
  std::vector<std::int64_t> from(node_actor_.size(), 0);
  for (const Edge& edge : edges_) from[edge.source] = std::max(from[edge.source], size_of(edge));
  Wide sum = 0;
  for (const std::int64_t height : from) sum += height;
  if (sum >= kMost)
    throw input_error("graph " + name_ +
                      ": tokens and repetition counts are too large for K-periodic schedules in 64 bits");
}

/// Levels with level[target] <= level[source] + height; where there are none, a cycle of negative height.
std::vector<std::uint32_t> KSolver::level_heights() {
  // Levels of a like graph are as good a beginning as none.
  const bool far =
      std::any_of(level_.begin(), level_.end(), [](std::int64_t level) { return level < -kMostHeight; });
  if (level_.size() != node_actor_.size() || far) guess_levels();
  std::vector<std::uint32_t> by(node_actor_.size(), kNone), seen(node_actor_.size());
  std::uint64_t pass = 0;
  for (bool changed = true; changed;) {
    changed = false;
    ++pass;
    for (std::uint32_t e = 0; e < edges_.size(); ++e) {
      const Edge& edge = edges_[e];
      const std::int64_t level = level_[edge.source] + edge.height;
      if (level >= level_[edge.target]) continue;
      level_[edge.target] = level;
      by[edge.target] = e;
      changed = true;
    }
    if (!changed) break;
    if ((pass & (pass - 1)) != 0) continue;  // a cycle stays: it is looked for after 1, 2, 4, ... passes
    std::fill(seen.begin(), seen.end(), kNone);
    for (std::uint32_t start = 0; start < by.size(); ++start) {
      std::uint32_t at = start;
      while (by[at] != kNone && seen[at] == kNone) {
        seen[at] = start;
        at = edges_[by[at]].source;
      }
      if (by[at] == kNone || seen[at] != start) continue;
      std::vector<std::uint32_t> cycle;
      const std::uint32_t end = at;
      do {
        cycle.push_back(by[at]);
        at = edges_[by[at]].source;
      } while (at != end);
      std::reverse(cycle.begin(), cycle.end());
      return cycle;
    }
  }
  return {};
}

/// Edges by source.
void KSolver::group() {
  out_first_.assign(node_actor_.size() + 1, 0);
  for (const Edge& edge : edges_) ++out_first_[edge.source + 1];
  for (std::size_t node = 0; node < node_actor_.size(); ++node) out_first_[node + 1] += out_first_[node];
  out_.resize(edges_.size());
  std::vector<std::uint32_t> next(out_first_.begin(), out_first_.end() - 1);
  for (std::uint32_t e = 0; e < edges_.size(); ++e) out_[next[edges_[e].source]++] = e;
}

/// A cycle of edges that levelling leaves without height, which no period keeps; empty if there is none.
std::vector<std::uint32_t> KSolver::cycle_without_height() {
  std::vector<std::uint32_t>&missing = missing_, &order = order_;
  missing.assign(node_actor_.size(), 0);
  order.clear();
  for (const Edge& edge : edges_) missing[edge.target] += levelled(edge) == 0 ? 1U : 0U;
  for (std::uint32_t node = 0; node < missing.size(); ++node)
    if (missing[node] == 0) order.push_back(node);
  for (std::size_t i = 0; i < order.size(); ++i)
    for (std::uint32_t e = out_first_[order[i]]; e < out_first_[order[i] + 1]; ++e)
      if (levelled(edges_[out_[e]]) == 0 && --missing[edges_[out_[e]].target] == 0)
        order.push_back(edges_[out_[e]].target);
  if (order.size() == missing.size()) return {};
  std::vector<std::uint32_t> by(missing.size(), kNone);
  for (std::uint32_t e = 0; e < edges_.size(); ++e)
    if (levelled(edges_[e]) == 0 && missing[edges_[e].source] > 0 && missing[edges_[e].target] > 0)
      by[edges_[e].target] = e;
  std::uint32_t at = 0;
  while (missing[at] == 0) ++at;
  for (std::size_t n = 0; n < missing.size(); ++n) at = edges_[by[at]].source;
  std::vector<std::uint32_t> cycle;
  const std::uint32_t end = at;
  do {
    cycle.push_back(by[at]);
    at = edges_[by[at]].source;
  } while (at != end);
  std::reverse(cycle.begin(), cycle.end());
  return cycle;
}

/// `post`: a strong component's nodes, targets mostly first.
template <class Int>
void KSolver::solve_component(std::span<const std::uint32_t> post, Ratio& best,
                              std::vector<std::uint32_t>& cycle) {
  Component& component = component_;
  component.first.clear();
  component.edge.clear();
  for (std::uint32_t i = 0; i < post.size(); ++i) local_[post[i]] = i;
  component.first.push_back(0);
  // The last solution's policy, where its edges are still within the component, is nearly right.
  std::vector<std::uint32_t> policy(post.size(), kNone);
  for (std::uint32_t u = 0; u < post.size(); ++u) {
    const std::uint32_t node = post[u];
    for (std::uint32_t i = out_first_[node]; i < out_first_[node + 1]; ++i) {
      const Edge& edge = edges_[out_[i]];
      if (component_of_[edge.target] != component_of_[node]) continue;
      if (policy_[node].value == i - out_first_[node])
        policy[u] = static_cast<std::uint32_t>(component.edge.size());
      component.edge.push_back({local_[edge.target], out_[i], edge.weight, levelled(edge)});
    }
    component.first.push_back(static_cast<std::uint32_t>(component.edge.size()));
  }
  if (component.edge.empty()) return;
  if (std::find(policy.begin(), policy.end(), kNone) != policy.end()) policy = first_policy(component, {});
  auto found = howard<Int>(component, policy, 10'000);
  const ComponentSolution<Int> solution = found ? *std::move(found) : bisection<Int>(component, policy);
  for (std::uint32_t i = 0; i < post.size(); ++i) {
    const std::uint32_t chosen = component.edge[solution.policy[i]].channel;
    const auto place =
        std::find(out_.begin() + out_first_[post[i]], out_.begin() + out_first_[post[i] + 1], chosen) -
        out_.begin();
    policy_[post[i]] = ChannelId(static_cast<std::size_t>(place) - out_first_[post[i]]);
  }
  const std::size_t whole = actor_component_[node_actor_[post.front()].index()];
  const std::int64_t parts = parts_[whole], common = std::gcd(parts, solution.den);
  const Ratio step(step_[whole], parts / common);
  const Wide num = Wide{solution.num} * step.den(), den = Wide{solution.den / common} * step.num();
  const Wide shared = greatest_common_divisor(num, den);
  constexpr Wide kMost = std::numeric_limits<std::int64_t>::max();
  if (num / shared > kMost || den / shared > kMost)
    throw input_error("graph " + name_ + ": the period leaves 64 bits");
  const Ratio period(static_cast<std::int64_t>(num / shared), static_cast<std::int64_t>(den / shared));
  if (!cycle.empty() && period <= best) return;
  best = period;
  cycle.clear();
  for (const std::uint32_t e : solution.cycle) cycle.push_back(component.edge[e].channel);
}

/// An actor's firings are on a cycle, and each channel joins some of two actors': the strong components are
/// those of the actors, unless phases overlap.
void KSolver::find_node_components() {
  component_of_.resize(node_actor_.size());
  if (std::find(any_order_.begin(), any_order_.end(), true) == any_order_.end()) {
    for (std::size_t node = 0; node < node_actor_.size(); ++node)
      component_of_[node] = actor_component_[node_actor_[node].index()];
    return;
  }
  Graph graph;
  for (std::size_t node = 0; node < node_actor_.size(); ++node) graph.add_actor({}, 0);
  for (const Edge& edge : edges_)
    graph.add_channel({.source = ActorId(edge.source), .target = ActorId(edge.target), .tokens = 1});
  const Components components = strong_components(graph, outgoing(graph));
  component_of_ = components.of;
  components_ = components.count();
}

/// Nodes of a component go against the order of edges without height, so that targets come first.
void KSolver::solve_components(Outcome& outcome) {
  const auto nodes = static_cast<std::uint32_t>(node_actor_.size());
  Wide weight = 1, height = 1;
  for (std::uint32_t node = 0; node < nodes; ++node) {
    std::int64_t heaviest = 0, highest = 0;
    for (std::uint32_t i = out_first_[node]; i < out_first_[node + 1]; ++i) {
      heaviest = std::max(heaviest, edges_[out_[i]].weight);
      highest = std::max(highest, levelled(edges_[out_[i]]));
    }
    weight += heaviest;
    height += highest;
  }
  if (weight >= Wide{1} << 60 || height >= Wide{1} << 60)
    throw input_error("graph " + name_ +
                      ": times and tokens are too large for K-periodic schedules in 64 bits");
  const bool small = 2 * weight * height < Wide{1} << 58;
  find_node_components();
  local_.resize(nodes);
  policy_.resize(nodes, kNoChannel);
  std::vector<std::vector<std::uint32_t>> post(components_);
  for (std::size_t i = order_.size(); i-- > 0;) post[component_of_[order_[i]]].push_back(order_[i]);
  for (const std::vector<std::uint32_t>& part : post)
    if (small)
      solve_component<std::int64_t>(part, outcome.period, outcome.cycle);
    else
      solve_component<Wide>(part, outcome.period, outcome.cycle);
}

std::vector<std::uint32_t> KSolver::between_firings(const std::vector<std::uint32_t>& cycle) {
  const auto firing = [&](std::uint32_t node) { return node < firings_; };
  const auto start =
      std::find_if(cycle.begin(), cycle.end(), [&](std::uint32_t e) { return firing(edges_[e].source); });
  std::vector<std::uint32_t> result;
  if (start == cycle.end()) return result;
  Edge open{};
  for (std::size_t i = 0; i < cycle.size(); ++i) {
    const std::uint32_t e = cycle[(static_cast<std::size_t>(start - cycle.begin()) + i) % cycle.size()];
    const Edge edge = edges_[e];
    if (firing(edge.source) && firing(edge.target)) {
      result.push_back(e);
      continue;
    }
    if (firing(edge.source)) open = {edge.source, edge.source, edge.channel, 0, 0};
    open.weight += edge.weight;
    open.height += edge.height;
    if (!firing(edge.target)) continue;
    open.target = edge.target;
    result.push_back(static_cast<std::uint32_t>(edges_.size()));
    edges_.push_back(open);
  }
  return result;
}

KSolver::Outcome KSolver::solve() {
  assemble(Extent::kComponents);
  check_heights();
  Outcome outcome;
  outcome.cycle = between_firings(level_heights());
  if (!outcome.cycle.empty()) return outcome;
  group();
  outcome.cycle = between_firings(cycle_without_height());
  if (!outcome.cycle.empty()) return outcome;
  solve_components(outcome);
  outcome.cycle = between_firings(outcome.cycle);
  outcome.feasible = true;
  period_ = outcome.period;
  return outcome;
}

std::optional<std::vector<std::int64_t>> KSolver::raised(const std::vector<std::uint32_t>& cycle) const {
  std::int64_t common = 0;
  for (const std::uint32_t e : cycle)
    common = std::gcd(common, repetition_.cycles[node_actor_[edges_[e].source].index()]);
  std::vector<std::int64_t> rounds = rounds_;
  for (const std::uint32_t e : cycle) {
    const std::size_t a = node_actor_[edges_[e].source].index();
    rounds[a] = std::lcm(rounds[a], repetition_.cycles[a] / common);
  }
  if (rounds == rounds_) return std::nullopt;
  return rounds;
}

void KSolver::refuse_size_of_expansion() const {
  constexpr Wide kSmall = 100'000;  // firings; below, either is quick
  Wide firings = 0, expanded = 0;
  for (std::size_t a = 0; a < rounds_.size(); ++a) {
    firings += Wide{rounds_[a]} * static_cast<std::int64_t>(execution_[a].size());
    expanded += repetition_.firings[a];
  }
  constexpr Wide kMostExpanded = 8'000'000;
  if (firings > kSmall && expanded < kMostExpanded && 2 * firings > expanded)
    throw input_error("graph " + name_ + ": its K-periodic schedule has " +
                      std::to_string(static_cast<std::int64_t>(firings)) +
                      " firings, hardly fewer than the expansion");
}

KSolver::Outcome KSolver::solve_exactly(Growth growth) {
  while (true) {
    if (growth == Growth::kBelowExpansion) refuse_size_of_expansion();
    Outcome outcome = solve();
    if (outcome.cycle.empty()) return outcome;
    auto more = raised(outcome.cycle);
    if (!more) return outcome;
    set_rounds(*std::move(more));
  }
}

std::vector<std::vector<Ratio>> KSolver::starts() {
  const auto too_large = [&] {
    return input_error("graph " + name_ + ": start times leave 64 bits; the period alone does not need them");
  };
  std::int64_t common = 1;
  for (const std::int64_t parts : parts_) {
    const auto more = common_multiple(common, parts, kMostParts);
    if (!more) throw too_large();
    common = *more;
  }
  const std::vector<std::int64_t> own_parts = std::exchange(parts_, {});
  parts_.assign(own_parts.size(), common);
  level_.clear();
  policy_.clear();
  assemble(Extent::kAll);
  check_heights();
  const bool levels = level_heights().empty();
  SPIKELOOM_CHECK(levels);
  parts_ = own_parts;
  Graph graph;
  for (std::size_t node = 0; node < node_actor_.size(); ++node) graph.add_actor({}, 0);
  for (const Edge& edge : edges_)
    graph.add_channel({.source = ActorId(edge.source),
                       .target = ActorId(edge.target),
                       .tokens = levelled(edge),
                       .latency = edge.weight});
  // Of a step: period · step / common.
  const Wide num = Wide{period_.num()} * step_.front(), den = Wide{period_.den()} * common;
  const Wide shared = greatest_common_divisor(num, den);
  if (num / shared >= Wide{1} << 60 || den / shared >= Wide{1} << 60) throw too_large();
  const Ratio a_part(static_cast<std::int64_t>(num / shared), static_cast<std::int64_t>(den / shared));
  const auto result = potentials(graph, a_part);
  SPIKELOOM_CHECK(std::holds_alternative<Potentials>(result));
  std::vector<std::vector<Ratio>> starts;
  for (std::uint32_t node = 0; node < firings_; ++node) {
    const Wide start = Wide{std::get<Potentials>(result).potential[node]} - Wide{a_part.num()} * level_[node];
    if (start > std::numeric_limits<std::int64_t>::max()) throw too_large();
    if (firing_of(node) == 0) starts.emplace_back();
    starts.back().emplace_back(static_cast<std::int64_t>(start), a_part.den());
  }
  level_.clear();
  return starts;
}

}  // namespace spikeloom::sdf
