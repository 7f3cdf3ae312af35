#include "compiler/sdf/cycle_ratio.hpp"

#include <algorithm>
#include <string>

#include "compiler/base/error.hpp"
#include "compiler/sdf/analysis.hpp"
#include "compiler/sdf/text.hpp"

namespace spikeloom::sdf {
namespace {

/// The component's channels that stay within it, with its actors renumbered in finishing order.
Component extract(const Graph& graph, const Adjacency& out, const Components& components, std::uint32_t which,
                  const std::vector<std::uint32_t>& local) {
  Component result;
  const std::uint32_t begin = components.first[which], end = components.first[which + 1];
  result.first.reserve(end - begin + std::size_t{1});
  result.first.push_back(0);
  for (std::uint32_t i = begin; i < end; ++i) {
    const std::uint32_t actor = components.post[i];
    for (std::uint32_t e = out.first[actor]; e < out.first[actor + 1]; ++e) {
      const Channel& c = graph.channels()[out.channel[e]];
      if (components.of[c.target.index()] == which)
        result.edge.push_back({local[c.target.index()], out.channel[e], graph.weight(c), c.tokens});
    }
    result.first.push_back(static_cast<std::uint32_t>(result.edge.size()));
  }
  return result;
}

template <class Int>
CycleRatio periodic_or_acyclic(const Graph& graph, const Adjacency& out, const CycleRatioOptions& options) {
  Solved<Int> solved = solve_components<Int>(graph, out, options);
  Certificate certificate;
  for (const ComponentPeriod& p : solved.period) {
    if (p.critical_cycle.empty()) continue;
    if (!certificate.critical_cycle.empty() && p.period <= certificate.period) continue;
    certificate.period = p.period;
    certificate.critical_cycle = p.critical_cycle;
  }
  certificate.potential = least_potentials(graph, out, solved, certificate.period, options.lower);
  if (certificate.critical_cycle.empty()) return Acyclic{std::move(certificate)};
  return Periodic{std::move(certificate), std::move(solved.components.of), std::move(solved.period),
                  std::move(solved.policy)};
}

}  // namespace

std::vector<std::uint32_t> first_policy(const Component& component, std::span<const ChannelId> wanted) {
  Wide weight = 0, tokens = 1;
  for (const Component::Edge& e : component.edge) {
    weight += e.weight;
    tokens += e.tokens;
  }
  while (weight > (Wide(1) << 60) || tokens > (Wide(1) << 60)) {  // an estimate will do
    weight /= 2;
    tokens = tokens / 2 + 1;
  }
  std::vector<std::uint32_t> policy(component.nodes());
  for (std::uint32_t u = 0; u < component.nodes(); ++u) {
    const auto worth = [&](std::uint32_t e) {
      return component.edge[e].weight * tokens - component.edge[e].tokens * weight;
    };
    policy[u] = component.first[u];
    for (std::uint32_t e = component.first[u]; e < component.first[u + 1]; ++e)
      if (worth(e) > worth(policy[u])) policy[u] = e;
    if (wanted.empty()) continue;
    for (std::uint32_t e = component.first[u]; e < component.first[u + 1]; ++e)
      if (component.edge[e].channel == wanted[u].value) policy[u] = e;
  }
  return policy;
}

void check_lower(const Graph& graph, std::span<const std::int64_t> lower) {
  SPIKELOOM_CHECK(lower.empty() || lower.size() == graph.actor_count());
  for (std::size_t a = 0; a < lower.size(); ++a)
    if (lower[a] < 0 || lower[a] > kMaxTime)
      throw input_error("actor \"" + graph.name(ActorId(a)) + "\": first start: expected 0 to " +
                        std::to_string(kMaxTime) + ", found " + std::to_string(lower[a]));
}

Magnitude magnitude(const Graph& graph, std::span<const std::int64_t> lower) {
  std::vector<std::int64_t> heaviest(graph.actor_count(), 0), most(graph.actor_count(), 0);
  for (const Channel& c : graph.channels()) {
    heaviest[c.source.index()] = std::max(heaviest[c.source.index()], graph.weight(c));
    most[c.source.index()] = std::max(most[c.source.index()], c.tokens);
  }
  Magnitude size{1, 1};
  for (const std::int64_t first : lower) size.weight = std::max(size.weight, Wide(first));
  for (std::size_t a = 0; a < heaviest.size(); ++a) {
    size.weight += heaviest[a];
    size.tokens += most[a];
  }
  const Wide limit = Wide(1) << 60;
  if (size.weight >= limit || size.tokens >= limit)
    throw input_error(
        std::string("the graph's ") + (size.weight >= limit ? "times" : "initial tokens") +
        " overflow: summed over all actors they reach 2^60; use a larger unit of time or fewer tokens");
  return size;
}

bool fits_narrow(const Magnitude& size, std::int64_t num, std::int64_t den) {
  const Wide largest =
      size.weight * std::max(size.tokens, Wide(den)) + std::max(size.weight, Wide(num)) * size.tokens;
  return largest < Wide(1) << 58;
}

template <class Int>
Solved<Int> solve_components(const Graph& graph, const Adjacency& out, const CycleRatioOptions& options) {
  Solved<Int> result;
  result.components = strong_components(graph, out);
  const Components& parts = result.components;
  result.period.resize(parts.count());
  result.value.assign(graph.actor_count(), 0);
  result.policy.assign(graph.actor_count(), kNoChannel);
  std::vector<std::uint32_t> local(graph.actor_count());
  for (std::uint32_t part = 0; part < parts.count(); ++part)
    for (std::uint32_t i = parts.first[part]; i < parts.first[part + 1]; ++i)
      local[parts.post[i]] = i - parts.first[part];

  for (std::uint32_t part = 0; part < parts.count(); ++part) {
    const Component component = extract(graph, out, parts, part, local);
    if (component.edge.empty()) continue;
    const std::span<const std::uint32_t> actors(parts.post.data() + parts.first[part], component.nodes());
    std::vector<ChannelId> wanted;
    if (options.start_policy.size() == graph.actor_count())
      for (const std::uint32_t a : actors) wanted.push_back(options.start_policy[a]);
    const std::vector<std::uint32_t> policy = first_policy(component, wanted);
    auto found = howard<Int>(component, policy, options.max_iterations);
    const ComponentSolution<Int> solution = found ? *std::move(found) : bisection<Int>(component, policy);

    result.period[part].period = Ratio(solution.num, solution.den);
    std::vector<ChannelId> cycle;
    for (const std::uint32_t e : solution.cycle) cycle.emplace_back(component.edge[e].channel);
    result.period[part].critical_cycle = rotated(graph, std::move(cycle));
    for (std::uint32_t u = 0; u < component.nodes(); ++u) {
      result.value[actors[u]] = solution.value[u];
      result.policy[actors[u]] = ChannelId(component.edge[solution.policy[u]].channel);
    }
  }
  return result;
}

template Solved<std::int64_t> solve_components(const Graph&, const Adjacency&, const CycleRatioOptions&);
template Solved<Wide> solve_components(const Graph&, const Adjacency&, const CycleRatioOptions&);

CycleRatio max_cycle_ratio(const Graph& graph, const CycleRatioOptions& options) {
  require_homogeneous(graph);
  check_lower(graph, options.lower);
  const Adjacency out = outgoing(graph);
  TokenFreeOrder order = token_free_order(graph, out);
  if (!order.cycle.empty()) return Deadlock{std::move(order.cycle)};
  return fits_narrow(magnitude(graph, options.lower), 0, 1)
             ? periodic_or_acyclic<std::int64_t>(graph, out, options)
             : periodic_or_acyclic<Wide>(graph, out, options);
}

const Certificate& certificate_of(const CycleRatio& result, const Graph& graph) {
  if (const auto* deadlock = std::get_if<Deadlock>(&result))
    throw input_error("deadlock: no channel of this cycle holds a token: " +
                      describe(graph, deadlock->cycle));
  if (const auto* periodic = std::get_if<Periodic>(&result)) return periodic->certificate;
  return std::get<Acyclic>(result).certificate;
}

}  // namespace spikeloom::sdf
