#include "compiler/sdf/k_solver.hpp"

#include <algorithm>
#include <limits>
#include <numeric>

#include "compiler/base/error.hpp"
#include "compiler/sdf/potentials.hpp"
#include "compiler/sdf/structure.hpp"

// Firing p' of a round of the reader needs the token t = read_through(p') - initial - 1, counted over all
// rounds. Its writer is firing p of a round with written_before(p) <= t - X < written_through(p), where X =
// n·written - n'·read for rounds n and n': any multiple of the greatest common divisor of the two, and no
// other number. The latest such round (the largest X) is the strongest constraint, S' >= S + weight + X ·
// period / (tokens of an iteration).

namespace spikeloom::sdf {
namespace {

constexpr std::int64_t kMostParts = std::int64_t{1} << 40;
constexpr std::int64_t kMostHeight = std::int64_t{1} << 52;
constexpr std::size_t kMostEdges = 20'000'000;

RoundRates sums(const std::vector<std::int64_t>& rates) {
  RoundRates result{{0}};
  for (const std::int64_t rate : rates) {
    std::int64_t next = 0;
    SPIKELOOM_CHECK(!__builtin_add_overflow(result.before.back(), rate, &next));
    result.before.push_back(next);
  }
  return result;
}

std::int64_t floor_to(std::int64_t value, std::int64_t unit) {
  const std::int64_t rest = value % unit;
  return value - (rest < 0 ? rest + unit : rest);
}

}  // namespace

std::vector<bool> sequential_actors(const PhasedGraph& graph) {
  std::vector<bool> one;
  for (std::size_t a = 0; a < graph.actor_count(); ++a) one.push_back(graph.phases(ActorId(a)) > 1);
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
  const auto too_large = [&] {
    return input_error("graph " + name_ +
                       ": the rates have too few factors in common for K-periodic schedules in 64 bits");
  };
  for (std::size_t a = 0; a < graph.actor_count(); ++a) execution_.push_back(graph.execution(ActorId(a)));
  std::vector<std::int64_t> moved;
  for (const PhasedChannel& channel : graph.channels()) {
    Arc arc{sums(channel.produce),
            sums(channel.consume),
            channel.source.value,
            channel.target.value,
            channel.tokens,
            channel.latency,
            0,
            true,
            {}};
    const Wide an_iteration = Wide{arc.written.round()} * repetition_.cycles[arc.source];
    if (an_iteration > kMostParts) throw too_large();
    moved.push_back(static_cast<std::int64_t>(an_iteration));
    const Wide parts = Wide{parts_} / std::gcd(parts_, moved.back()) * moved.back();
    if (parts > kMostParts) throw too_large();
    parts_ = static_cast<std::int64_t>(parts);
    arcs_.push_back(std::move(arc));
  }
  Graph actors;
  for (std::size_t a = 0; a < graph.actor_count(); ++a) actors.add_actor({}, 0);
  for (const PhasedChannel& channel : graph.channels())
    actors.add_channel({.source = channel.source, .target = channel.target, .tokens = 1});
  const Components parts = strong_components(actors, outgoing(actors));
  actor_component_ = parts.of;
  components_ = parts.count();
  for (std::size_t c = 0; c < arcs_.size(); ++c) {
    arcs_[c].parts_a_token = parts_ / moved[c];
    if (Wide{arcs_[c].parts_a_token} * (Wide{arcs_[c].tokens} + moved[c]) > kMostHeight) throw too_large();
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
  arc.stale = arc.stale || arc.tokens != tokens;
  arc.tokens = tokens;
  if (arc.source == arc.target)
    one_at_a_time_[arc.source] = false;  // perhaps no more; the order that this adds holds in any case
  if (Wide{arc.parts_a_token} * tokens > kMostHeight)
    throw input_error("graph " + name_ + ": " + std::to_string(tokens) +
                      " tokens on a channel are too many for K-periodic schedules in 64 bits");
}

void KSolver::set_execution(ActorId actor, std::size_t phase, std::int64_t cycles) {
  execution_[actor.index()].at(phase) = cycles;
}

void KSolver::link(Arc& arc) const {
  arc.links.clear();
  arc.stale = false;
  const std::int64_t writes = arc.written.round(), reads = arc.read.round();
  const auto writer_phases = static_cast<std::int64_t>(arc.written.before.size()) - 1;
  const auto reader_phases = static_cast<std::int64_t>(arc.read.before.size()) - 1;
  const std::int64_t writer_rounds = rounds_[arc.source], reader_rounds = rounds_[arc.target];
  const std::int64_t written = writer_rounds * writes;
  const std::int64_t unit = std::gcd(written, reader_rounds * reads);
  const bool by_token = written / unit < writer_rounds * writer_phases;
  for (std::int64_t j = 0; j < reader_rounds * reader_phases; ++j) {
    const auto phase = static_cast<std::size_t>(j % reader_phases);
    if (arc.read.before[phase] == arc.read.before[phase + 1]) continue;
    const std::int64_t token = j / reader_phases * reads + arc.read.before[phase + 1] - arc.tokens - 1;
    const auto add = [&](std::int64_t firing, std::int64_t shift) {
      arc.links.push_back({static_cast<std::uint32_t>(firing), static_cast<std::uint32_t>(j), shift});
    };
    if (by_token) {
      // Positions within K rounds of the writer that differ from the token by a multiple of the unit.
      std::int64_t last = -1;
      for (std::int64_t position = token - floor_to(token, unit); position < written; position += unit) {
        const auto after =
            std::upper_bound(arc.written.before.begin(), arc.written.before.end(), position % writes);
        const std::int64_t firing =
            position / writes * writer_phases + (after - arc.written.before.begin() - 1);
        if (firing != last) add(firing, token - position);
        last = firing;
      }
      continue;
    }
    for (std::int64_t i = 0; i < writer_rounds * writer_phases; ++i) {
      const auto p = static_cast<std::size_t>(i % writer_phases);
      const std::int64_t begin = i / writer_phases * writes + arc.written.before[p];
      const std::int64_t shift = floor_to(token - begin, unit);
      if (shift > token - begin - (arc.written.before[p + 1] - arc.written.before[p])) add(i, shift);
    }
  }
}

// The writer's firing that begins at token w, and every later one, ends no earlier than it begins to write;
// so S' >= S + weight + X · period / (tokens of an iteration) holds for every X <= t - w, whichever firing
// writes t.
KSolver::Rise KSolver::rise_of(std::uint32_t edge) const {
  const Arc& arc = arcs_[edges_[edge].channel.index()];
  const auto begin = [](const RoundRates& rates, std::int64_t firing, std::size_t more) {
    const auto phases = static_cast<std::int64_t>(rates.before.size()) - 1;
    return firing / phases * rates.round() + rates.before[static_cast<std::size_t>(firing % phases) + more];
  };
  const std::int64_t unit =
      std::gcd(rounds_[arc.source] * arc.written.round(), rounds_[arc.target] * arc.read.round());
  return {begin(arc.read, firing_of(edges_[edge].target), 1) - 1 -
              begin(arc.written, firing_of(edges_[edge].source), 0),
          unit, arc.parts_a_token};
}

void KSolver::assemble() {
  first_.clear();
  node_actor_.clear();
  edges_.clear();
  for (std::size_t a = 0; a < rounds_.size(); ++a) {
    first_.push_back(static_cast<std::uint32_t>(node_actor_.size()));
    const Wide firings = Wide{rounds_[a]} * static_cast<std::int64_t>(execution_[a].size());
    if (firings + static_cast<std::int64_t>(node_actor_.size()) > static_cast<std::int64_t>(kMostEdges))
      throw input_error("graph " + name_ + ": its K-periodic schedule has more than " +
                        std::to_string(kMostEdges) + " firings");
    node_actor_.resize(node_actor_.size() + static_cast<std::size_t>(firings), ActorId(a));
  }
  for (std::size_t a = 0; a < rounds_.size(); ++a) {
    const auto firings =
        static_cast<std::uint32_t>(rounds_[a] * static_cast<std::int64_t>(execution_[a].size()));
    const bool phases = execution_[a].size() > 1;
    if (!phases && (one_at_a_time_[a] || firings == 1)) continue;
    // Phases end before the next begins; firings that may overlap begin in their order in any case.
    for (std::uint32_t j = 0; j < firings; ++j) {
      const bool wraps = j + 1 == firings;
      edges_.push_back({first_[a] + j, first_[a] + (wraps ? 0 : j + 1), kNoChannel,
                        phases ? execution_[a][j % execution_[a].size()] : 0,
                        wraps ? parts_ / repetition_.cycles[a] * rounds_[a] : 0});
    }
  }
  for (std::size_t c = 0; c < arcs_.size(); ++c) {
    Arc& arc = arcs_[c];
    if (arc.stale) link(arc);
    if (edges_.size() + arc.links.size() > kMostEdges)
      throw input_error("graph " + name_ + ": its K-periodic schedule has more than " +
                        std::to_string(kMostEdges) + " constraints");
    const std::vector<std::int64_t>& execution = execution_[arc.source];
    for (const Link& link : arc.links)
      edges_.push_back({first_[arc.source] + link.from, first_[arc.target] + link.to, ChannelId(c),
                        execution[link.from % execution.size()] + arc.latency,
                        -link.shift * arc.parts_a_token});
  }
}

/// Levels with level[target] <= level[source] + height; where there are none, a cycle of negative height.
std::vector<std::uint32_t> KSolver::level_heights() {
  // Levels of a like graph are as good a beginning as none.
  const bool far =
      std::any_of(level_.begin(), level_.end(), [](std::int64_t level) { return level < -kMostHeight; });
  if (level_.size() != node_actor_.size() || far) level_.assign(node_actor_.size(), 0);
  std::vector<std::uint32_t> by(node_actor_.size(), kNone), seen(node_actor_.size());
  for (bool changed = true; changed;) {
    changed = false;
    for (std::uint32_t e = 0; e < edges_.size(); ++e) {
      const Edge& edge = edges_[e];
      const std::int64_t level = level_[edge.source] + edge.height;
      if (level >= level_[edge.target]) continue;
      level_[edge.target] = level;
      by[edge.target] = e;
      changed = true;
    }
    if (!changed) break;
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
  const Ratio ratio(solution.num, solution.den);
  if (!cycle.empty() && ratio <= best) return;
  best = ratio;
  cycle.clear();
  for (const std::uint32_t e : solution.cycle) cycle.push_back(component.edge[e].channel);
}

/// An actor's firings are on a cycle, and each channel joins some of two actors': the strong components are
/// those of the actors. Nodes in them go against the order of edges without height, so that targets come
/// first.
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
  component_of_.resize(nodes);
  local_.resize(nodes);
  policy_.resize(nodes, kNoChannel);
  std::vector<std::vector<std::uint32_t>> post(components_);
  for (std::size_t i = order_.size(); i-- > 0;) {
    component_of_[order_[i]] = actor_component_[node_actor_[order_[i]].index()];
    post[component_of_[order_[i]]].push_back(order_[i]);
  }
  for (const std::vector<std::uint32_t>& part : post)
    if (small)
      solve_component<std::int64_t>(part, a_part_, outcome.cycle);
    else
      solve_component<Wide>(part, a_part_, outcome.cycle);
}

KSolver::Outcome KSolver::solve() {
  assemble();
  Outcome outcome;
  outcome.cycle = level_heights();
  if (!outcome.cycle.empty()) return outcome;
  group();
  outcome.cycle = cycle_without_height();
  if (!outcome.cycle.empty()) return outcome;
  a_part_ = 0;
  solve_components(outcome);
  outcome.feasible = true;
  const std::int64_t common = std::gcd(parts_, a_part_.den());
  const Wide num = Wide{a_part_.num()} * (parts_ / common);
  if (num > std::numeric_limits<std::int64_t>::max())
    throw input_error("graph " + name_ + ": the period leaves 64 bits");
  outcome.period = Ratio(static_cast<std::int64_t>(num), a_part_.den() / common);
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

KSolver::Outcome KSolver::solve_exactly() {
  while (true) {
    Outcome outcome = solve();
    if (outcome.cycle.empty()) return outcome;
    auto more = raised(outcome.cycle);
    if (!more) return outcome;
    set_rounds(*std::move(more));
  }
}

std::vector<Ratio> KSolver::starts() const {
  Graph graph;
  for (std::size_t node = 0; node < node_actor_.size(); ++node) graph.add_actor({}, 0);
  for (const Edge& edge : edges_)
    graph.add_channel({.source = ActorId(edge.source),
                       .target = ActorId(edge.target),
                       .tokens = levelled(edge),
                       .latency = edge.weight});
  const auto result = potentials(graph, a_part_);
  SPIKELOOM_CHECK(std::holds_alternative<Potentials>(result));
  std::vector<Ratio> starts;
  for (std::size_t node = 0; node < node_actor_.size(); ++node) {
    const Wide start =
        Wide{std::get<Potentials>(result).potential[node]} - Wide{a_part_.num()} * level_[node];
    if (start > std::numeric_limits<std::int64_t>::max())
      throw input_error("graph " + name_ + ": start times leave 64 bits");
    starts.emplace_back(static_cast<std::int64_t>(start), a_part_.den());
  }
  return starts;
}

}  // namespace spikeloom::sdf
