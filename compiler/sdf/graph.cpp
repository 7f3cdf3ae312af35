#include "compiler/sdf/graph.hpp"

#include <limits>
#include <utility>

#include "compiler/base/error.hpp"

namespace spikeloom::sdf {
namespace {

/// `kind` "channel", `what` "latency". Graphs are built within an admission's millisecond: text is made only
/// where it is thrown.
void check_range(const char* kind, const std::string& name, const char* what, std::int64_t value,
                 std::int64_t low, std::int64_t high) {
  if (value < low || value > high)
    throw input_error(std::string(kind) + " \"" + name + "\": " + what + ": expected " + std::to_string(low) +
                      " to " + std::to_string(high) + ", found " + std::to_string(value));
}

}  // namespace

ActorId Graph::add_actor(std::string name, std::int64_t execution) {
  check_range("actor", name, "execution time", execution, 0, kMaxTime);
  SPIKELOOM_CHECK(actor_count() < std::numeric_limits<std::uint32_t>::max());
  actor_names_.push_back(std::move(name));
  execution_.push_back(execution);
  return ActorId(actor_count() - 1);
}

void Graph::check(const Channel& channel, const std::string& name) const {
  SPIKELOOM_CHECK(channel.source.index() < actor_count() && channel.target.index() < actor_count());
  check_range("channel", name, "initial tokens", channel.tokens, 0, kMaxTokens);
  check_range("channel", name, "latency", channel.latency, 0, kMaxTime);
  check_range("channel", name, "production rate", channel.produce, 1, kMaxTokens);
  check_range("channel", name, "consumption rate", channel.consume, 1, kMaxTokens);
}

ChannelId Graph::add_channel(const Channel& channel, std::string name) {
  check(channel, name);
  SPIKELOOM_CHECK(channel_count() < std::numeric_limits<std::uint32_t>::max());
  if (channel.produce != 1 || channel.consume != 1) ++multirate_channels_;
  channels_.push_back(channel);
  channel_names_.push_back(std::move(name));
  return ChannelId(channel_count() - 1);
}

ChannelId Graph::forbid_overlap(ActorId actor) {
  return add_channel({.source = actor, .target = actor, .tokens = 1}, "one at a time");
}

void Graph::set_execution(ActorId actor, std::int64_t execution) {
  check_range("actor", name(actor), "execution time", execution, 0, kMaxTime);
  execution_[actor.index()] = execution;
}

void Graph::set_latency(ChannelId channel, std::int64_t latency) {
  Channel changed = channels_[channel.index()];
  changed.latency = latency;
  check(changed, name(channel));
  channels_[channel.index()] = changed;
}

void Graph::set_tokens(ChannelId channel, std::int64_t tokens) {
  Channel changed = channels_[channel.index()];
  changed.tokens = tokens;
  check(changed, name(channel));
  channels_[channel.index()] = changed;
}

void require_homogeneous(const Graph& graph) {
  if (graph.homogeneous()) return;
  for (std::size_t i = 0; i < graph.channel_count(); ++i) {
    const Channel& c = graph.channel(ChannelId(i));
    if (c.produce == 1 && c.consume == 1) continue;
    throw input_error("channel \"" + graph.name(ChannelId(i)) + "\" from \"" + graph.name(c.source) +
                      "\" to \"" + graph.name(c.target) + "\": expected rates of 1, found " +
                      std::to_string(c.produce) + " and " + std::to_string(c.consume) +
                      "; this analysis takes homogeneous graphs only");
  }
}

}  // namespace spikeloom::sdf
