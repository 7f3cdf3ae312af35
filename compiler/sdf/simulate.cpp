#include "compiler/sdf/simulate.hpp"

#include <algorithm>

#include "compiler/base/error.hpp"
#include "compiler/sdf/structure.hpp"
#include "compiler/sdf/text.hpp"

namespace spikeloom::sdf {
namespace {

std::int64_t later(const Graph& graph, ActorId actor, std::int64_t start, std::int64_t duration) {
  std::int64_t result = 0;
  if (__builtin_add_overflow(start, duration, &result))
    throw input_error("actor \"" + graph.name(actor) +
                      "\": its start times overflow 64 bits; simulate fewer firings");
  return result;
}

}  // namespace

Schedule simulate(const Graph& graph, std::int64_t firings, const SimulationOptions& options) {
  require_homogeneous(graph);
  if (firings < 0)
    throw input_error("expected 0 or more firings to simulate, found " + std::to_string(firings));
  const TokenFreeOrder order = token_free_order(graph, outgoing(graph));
  if (!order.cycle.empty())
    throw input_error("deadlock: no channel of this cycle holds a token: " + describe(graph, order.cycle));
  const Adjacency in = incoming(graph);
  Schedule schedule(graph.actor_count(), firings);
  for (std::int64_t k = 0; k < firings; ++k)
    for (const std::uint32_t a : order.order) {
      const ActorId actor(a);
      std::int64_t start = options.earliest ? std::max<std::int64_t>(0, options.earliest(actor, k)) : 0;
      for (std::uint32_t e = in.first[a]; e < in.first[a + 1]; ++e) {
        const ChannelId id(in.channel[e]);
        const Channel& c = graph.channel(id);
        if (k < c.tokens) continue;
        const std::int64_t j = k - c.tokens;
        const std::int64_t execution =
            options.execution ? options.execution(c.source, j) : graph.execution(c.source);
        const std::int64_t latency = options.latency ? options.latency(id, j) : c.latency;
        const std::int64_t finish = later(graph, c.source, schedule.start(c.source, j), execution);
        start = std::max(start, later(graph, c.source, finish, latency));
      }
      schedule.set_start(actor, k, start);
    }
  return schedule;
}

}  // namespace spikeloom::sdf
