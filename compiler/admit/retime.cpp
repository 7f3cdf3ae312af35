#include "compiler/admit/retime.hpp"

#include <algorithm>
#include <limits>

#include "compiler/base/error.hpp"
#include "compiler/sdf/latency.hpp"
#include "compiler/sdf/latency_proof.hpp"

namespace spikeloom {

Ways ways_of(const Application& app, const Chip& chip, const Binding& binding) {
  Ways ways;
  for (const Channel& channel : binding.channels) {
    ways.send.push_back(worst_send(channel.slots, chip.spike_wheel, worst_flits(app, channel)));
    for (const Destination& end : channel.to) {
      ways.wait.push_back(end.to ? worst_wait(end.credit_slots, chip.credit_wheel) : 0);
      ways.hops.push_back(end.hops);
      ways.credit_hops.push_back(end.to ? end.credit_hops : 0);
    }
  }
  return ways;
}

Ways budget_of(const OperatingPoint& point) {
  Ways ways;
  ways.send = point.send_budget;
  ways.wait = point.wait_budget;
  const auto tile = [&](const ClusterOrHost& end) {
    return end ? point.binding.placement[end->index()].tile.value : PointGraph::kNowhere;
  };
  for (const Channel& channel : point.binding.channels)
    for (const Destination& end : channel.to) {
      const bool local = tile(channel.from) == tile(end.to);
      ways.hops.push_back(local ? end.hops : point.hop_budget);
      ways.credit_hops.push_back(!end.to ? 0 : local ? end.credit_hops : point.hop_budget);
    }
  return ways;
}

bool within(const Ways& ways, const Ways& budget) {
  const auto below = [](const auto& a, const auto& b) {
    return a.size() == b.size() &&
           std::equal(a.begin(), a.end(), b.begin(), [](auto x, auto y) { return x <= y; });
  };
  return below(ways.send, budget.send) && below(ways.wait, budget.wait) && below(ways.hops, budget.hops) &&
         below(ways.credit_hops, budget.credit_hops);
}

Retimed::Retimed(const OperatingPoint& point, Ways own) : point_(point.graph), own_(std::move(own)) {
  for (const PointGraph::Actor& actor : point_.actors) {
    graph_.add_actor({}, actor.execution);
    lower_.push_back(actor.lower);
  }
  for (const PointGraph::Arc& arc : point_.arcs) {
    sdf::Channel channel;
    channel.source = sdf::ActorId{arc.source};
    channel.target = sdf::ActorId{arc.target};
    channel.tokens = arc.tokens;
    channel.latency = arc.latency;
    graph_.add_channel(channel);
  }
}

void Retimed::set(const Ways& ways) {
  const auto move_actor = [&](std::uint32_t actor, std::int64_t cycles) {
    graph_.set_execution(sdf::ActorId{actor},
                         std::max<std::int64_t>(0, point_.actors[actor].execution + cycles * kTimeScale));
  };
  const auto move_arc = [&](std::uint32_t arc, std::int64_t cycles) {
    graph_.set_latency(sdf::ChannelId{arc},
                       std::max<std::int64_t>(0, point_.arcs[arc].latency + cycles * kTimeScale));
  };
  for (std::size_t c = 0; c < point_.senders.size(); ++c)
    move_actor(point_.senders[c], ways.send[c] - own_.send[c]);
  for (std::size_t e = 0; e < point_.ends.size(); ++e) {
    const PointGraph::End& end = point_.ends[e];
    move_arc(end.arrival, std::int64_t{ways.hops[e]} - std::int64_t{own_.hops[e]});
    if (end.credit == PointGraph::kNowhere) continue;
    move_actor(end.credit, ways.wait[e] - own_.wait[e]);
    move_arc(end.pages, std::int64_t{ways.credit_hops[e]} - std::int64_t{own_.credit_hops[e]});
  }
}

namespace {

sdf::LatencyOptions latency_options(const std::vector<std::int64_t>& lower) {
  return {.from = sdf::Moment::kEnd, .to = sdf::Moment::kStart, .lower = lower};
}

}  // namespace

sdf::LatencyProof Retimed::latency() const {
  auto proof = sdf::prove_latency(graph_, sdf::ActorId{point_.source}, sdf::ActorId{point_.sink},
                                  latency_options(lower_));
  if (!std::holds_alternative<sdf::LatencyProof>(proof))
    throw input_error("an operating point whose host runs ahead without end; compile the network again");
  return std::get<sdf::LatencyProof>(std::move(proof));
}

std::vector<std::string> Retimed::faults(const OperatingPoint& claim) const {
  std::vector<std::string> list =
      sdf::verify_bound(graph_, claim.period * Ratio(kTimeScale), claim.potentials, lower_);
  if (!list.empty()) return list;
  if (claim.offset < offset(claim.period * Ratio(kTimeScale), claim.potentials))
    list.push_back("offset " + std::to_string(claim.offset) + " is below the sink's potential");
  const sdf::LatencyProof proof{
      std::min(claim.latency, std::numeric_limits<std::int64_t>::max() / kTimeScale) * kTimeScale,
      claim.latest_starts};
  for (const std::string& fault : sdf::verify_latency(
           graph_, sdf::ActorId{point_.source}, sdf::ActorId{point_.sink}, proof, latency_options(lower_)))
    list.push_back("latency " + std::to_string(claim.latency) + ": " + fault);
  return list;
}

std::int64_t Retimed::offset(const Ratio& period, const std::vector<std::int64_t>& potentials) const {
  return Ratio(potentials[point_.sink], period.den() * kTimeScale).ceil();
}

PointGraph point_graph(const TimingGraph& timing, const Chip& chip) {
  PointGraph point;
  for (std::size_t a = 0; a < timing.graph.actor_count(); ++a) {
    const sdf::ActorId id{a};
    std::string name = timing.graph.name(id);
    if (timing.tile[a] != PointGraph::kNowhere)
      name.erase(0, tile_name(chip, TileId{timing.tile[a]}).size() + 1);
    point.actors.push_back({std::move(name), timing.tile[a], timing.graph.execution(id), timing.lower[a]});
  }
  for (std::size_t c = 0; c < timing.graph.channel_count(); ++c) {
    const sdf::Channel& channel = timing.graph.channel(sdf::ChannelId{c});
    point.arcs.push_back({timing.graph.name(sdf::ChannelId{c}), channel.source.value, channel.target.value,
                          channel.tokens, channel.latency});
  }
  for (const sdf::ActorId sender : timing.senders) point.senders.push_back(sender.value);
  point.ends = timing.ends;
  point.source = timing.source.value;
  point.sink = timing.sink.value;
  return point;
}

}  // namespace spikeloom
