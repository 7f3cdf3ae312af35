#include "compiler/sdf/phased_graph.hpp"

#include <algorithm>
#include <utility>

#include "compiler/base/error.hpp"

namespace spikeloom::sdf {
namespace {

void check_range(const std::string& thing, std::int64_t value, std::int64_t low, std::int64_t high) {
  if (value < low || value > high)
    throw input_error(thing + ": expected " + std::to_string(low) + " to " + std::to_string(high) +
                      ", found " + std::to_string(value));
}

void check_rates(const std::string& thing, const std::vector<std::int64_t>& rates, std::size_t phases) {
  if (rates.size() != phases)
    throw input_error(thing + ": expected a rate for each of " + std::to_string(phases) + " phases, found " +
                      std::to_string(rates.size()));
  for (const std::int64_t rate : rates) check_range(thing, rate, 0, kMaxTokens);
  if (std::all_of(rates.begin(), rates.end(), [](std::int64_t rate) { return rate == 0; }))
    throw input_error(thing + ": expected a rate above 0 in some phase, found 0 in all");
}

}  // namespace

ActorId PhasedGraph::add_actor(std::string name, std::vector<std::int64_t> execution) {
  const std::string thing = "actor \"" + name + "\": execution time";
  if (execution.empty()) throw input_error(thing + ": expected one for each phase, found none");
  for (const std::int64_t cycles : execution) check_range(thing, cycles, 0, kMaxTime);
  actor_names_.push_back(std::move(name));
  execution_.push_back(std::move(execution));
  overlap_.push_back(false);
  return ActorId(actor_count() - 1);
}

ChannelId PhasedGraph::add_channel(PhasedChannel channel, std::string name) {
  SPIKELOOM_CHECK(channel.source.index() < actor_count() && channel.target.index() < actor_count());
  const std::string thing = "channel \"" + name + "\" from \"" + this->name(channel.source) + "\" to \"" +
                            this->name(channel.target) + "\": ";
  check_rates(thing + "production rate", channel.produce, phases(channel.source));
  check_rates(thing + "consumption rate", channel.consume, phases(channel.target));
  check_range(thing + "initial tokens", channel.tokens, 0, kMaxTokens);
  check_range(thing + "latency", channel.latency, 0, kMaxTime);
  channels_.push_back(std::move(channel));
  channel_names_.push_back(std::move(name));
  return ChannelId(channel_count() - 1);
}

void PhasedGraph::let_phases_overlap(ActorId actor) { overlap_[actor.index()] = phases(actor) > 1; }

void PhasedGraph::set_tokens(ChannelId channel, std::int64_t tokens) {
  check_range(title(*this, channel) + ": initial tokens", tokens, 0, kMaxTokens);
  channels_[channel.index()].tokens = tokens;
}

void PhasedGraph::set_execution(ActorId actor, std::size_t phase, std::int64_t cycles) {
  check_range("actor \"" + name(actor) + "\": execution time", cycles, 0, kMaxTime);
  execution_[actor.index()].at(phase) = cycles;
}

std::string title(const PhasedGraph& graph, ChannelId id) {
  const PhasedChannel& channel = graph.channel(id);
  return "channel \"" + graph.name(id) + "\" from \"" + graph.name(channel.source) + "\" to \"" +
         graph.name(channel.target) + "\"";
}

void refuse_overlapping_phases(const PhasedGraph& graph, const std::string& method) {
  for (std::size_t a = 0; a < graph.actor_count(); ++a)
    if (graph.phases_overlap(ActorId(a)))
      throw input_error("actor \"" + graph.name(ActorId(a)) + "\": its phases may overlap, which " + method +
                        " does not take; the methods k-periodic and expansion do");
}

PhasedGraph phased(const Graph& graph, std::string name) {
  PhasedGraph result(std::move(name));
  for (std::size_t a = 0; a < graph.actor_count(); ++a)
    result.add_actor(graph.name(ActorId(a)), {graph.execution(ActorId(a))});
  for (std::size_t c = 0; c < graph.channel_count(); ++c) {
    const Channel& channel = graph.channel(ChannelId(c));
    result.add_channel({channel.source,
                        channel.target,
                        {channel.produce},
                        {channel.consume},
                        channel.tokens,
                        channel.latency},
                       graph.name(ChannelId(c)));
  }
  return result;
}

Graph single_phase(const PhasedGraph& graph) {
  Graph result;
  for (std::size_t a = 0; a < graph.actor_count(); ++a) {
    if (graph.phases(ActorId(a)) != 1)
      throw input_error("actor \"" + graph.name(ActorId(a)) + "\": expected one phase, found " +
                        std::to_string(graph.phases(ActorId(a))));
    result.add_actor(graph.name(ActorId(a)), graph.execution(ActorId(a)).front());
  }
  for (std::size_t c = 0; c < graph.channel_count(); ++c) {
    const PhasedChannel& channel = graph.channel(ChannelId(c));
    result.add_channel({channel.source, channel.target, channel.tokens, channel.latency,
                        channel.produce.front(), channel.consume.front()},
                       graph.name(ChannelId(c)));
  }
  return result;
}

}  // namespace spikeloom::sdf
