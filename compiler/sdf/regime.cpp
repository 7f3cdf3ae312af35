#include "compiler/sdf/regime.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <vector>

#include "compiler/base/error.hpp"

namespace spikeloom::sdf {
namespace {

/// What the iterations from `first` on depend on: the starts of the iterations before, from the earliest
/// start on.
std::pair<std::vector<std::int64_t>, std::int64_t> window(const Graph& graph, const Schedule& schedule,
                                                          std::int64_t first, std::int64_t depth) {
  std::vector<std::int64_t> starts;
  for (std::int64_t k = first - depth; k < first; ++k)
    for (std::size_t a = 0; a < graph.actor_count(); ++a) starts.push_back(schedule.start(ActorId(a), k));
  const std::int64_t base = *std::min_element(starts.begin(), starts.end());
  for (std::int64_t& start : starts) start -= base;
  return {std::move(starts), base};
}

std::int64_t latency_of(const Expansion& expansion, const Graph& graph, const Schedule& schedule,
                        ActorId source, ActorId sink, std::int64_t k) {
  std::int64_t begin = std::numeric_limits<std::int64_t>::max(), end = 0;
  for (std::size_t node = 0; node < expansion.actor.size(); ++node) {
    if (expansion.actor[node] == source) begin = std::min(begin, schedule.start(ActorId(node), k));
    if (expansion.actor[node] == sink)
      end = std::max(end, schedule.start(ActorId(node), k) + graph.execution(ActorId(node)));
  }
  return end - begin;
}

}  // namespace

std::optional<Regime> regime(const Graph& graph, std::int64_t most_iterations) {
  std::int64_t depth = 1;
  for (const Channel& channel : graph.channels()) depth = std::max(depth, channel.tokens);
  constexpr std::int64_t kMostStarts = 50'000'000;
  if (graph.actor_count() == 0 || depth > most_iterations / 2 ||
      most_iterations > kMostStarts / static_cast<std::int64_t>(graph.actor_count()))
    return std::nullopt;
  // Twice as many iterations each time, so that short transients stay cheap.
  for (std::int64_t iterations = std::min(most_iterations, 4 * depth + 16);;
       iterations = std::min(most_iterations, 2 * iterations)) {
    const Schedule schedule = simulate(graph, iterations);
    std::map<std::vector<std::int64_t>, std::pair<std::int64_t, std::int64_t>> seen;
    // Before iteration `depth` some firings wait for no other, which they do later.
    for (std::int64_t k = 2 * depth; k <= iterations; ++k) {
      auto [starts, base] = window(graph, schedule, k, depth);
      const auto [before, is_new] = seen.try_emplace(std::move(starts), k, base);
      if (!is_new)
        return Regime{before->second.first - depth, k - before->second.first, base - before->second.second};
    }
    if (iterations == most_iterations) return std::nullopt;
  }
}

IterationLatency iteration_latency(const Expansion& expansion, const Graph& graph, ActorId source,
                                   ActorId sink, std::int64_t iterations) {
  if (iterations < 1)
    throw input_error("latency: expected at least 1 iteration, found " + std::to_string(iterations));
  IterationLatency result;
  result.regime = regime(graph);
  const std::int64_t settled = result.regime ? result.regime->transient + result.regime->length : 0;
  const Schedule schedule = simulate(graph, std::max(iterations, settled));
  for (std::int64_t k = 0; k < schedule.firings(); ++k) {
    const std::int64_t latency = latency_of(expansion, graph, schedule, source, sink, k);
    if (k < iterations && (k == 0 || latency > result.longest)) {
      result.longest = latency;
      result.iteration = k;
    }
    if (k < settled && (!result.long_run || latency > *result.long_run)) result.long_run = latency;
  }
  for (std::size_t node = 0; node < expansion.actor.size(); ++node)
    if (expansion.actor[node] == sink)
      result.finished = std::max(
          result.finished, schedule.start(ActorId(node), iterations - 1) + graph.execution(ActorId(node)));
  return result;
}

}  // namespace spikeloom::sdf
