#include "compiler/sdf/throughput.hpp"

#include "compiler/base/error.hpp"

namespace spikeloom::sdf {
namespace {

FiringCycle cycle_of(const Expansion& expansion, const std::vector<ChannelId>& channels) {
  FiringCycle cycle;
  for (const ChannelId id : channels) {
    const Channel& channel = expansion.graph.channel(id);
    cycle.firings.push_back(
        {expansion.actor[channel.source.index()], expansion.firing[channel.source.index()]});
    cycle.channels.push_back(expansion.channel[id.index()]);
    cycle.weight += expansion.graph.weight(channel);
    cycle.tokens += channel.tokens;
  }
  return cycle;
}

}  // namespace

std::variant<Throughput, StuckFirings> throughput(const PhasedGraph& graph, const ExpandOptions& options) {
  Throughput result;
  result.repetition = require_repetition(graph);
  result.expansion = expand(graph, result.repetition, options);
  const CycleRatio ratio = max_cycle_ratio(result.expansion.graph);
  if (const auto* dead = std::get_if<Deadlock>(&ratio))
    return StuckFirings{cycle_of(result.expansion, dead->cycle)};
  result.certificate = certificate_of(ratio, result.expansion.graph);
  result.period = result.certificate.period;
  result.critical = cycle_of(result.expansion, result.certificate.critical_cycle);
  return result;
}

std::string describe(const PhasedGraph& graph, const Repetition& repetition, const FiringCycle& cycle) {
  if (cycle.firings.empty()) return "none";
  const auto name = [&](const Firing& firing) {
    const bool many = repetition.firings[firing.actor.index()] > 1;
    return graph.name(firing.actor) + (many ? "#" + std::to_string(firing.number) : "");
  };
  std::string text;
  for (std::size_t i = 0; i < cycle.firings.size(); ++i)
    text += name(cycle.firings[i]) + " -[" +
            (cycle.channels[i] == kNoChannel ? "phases" : graph.name(cycle.channels[i])) + "]-> ";
  text += name(cycle.firings.front());
  return text + " (" + std::to_string(cycle.weight) + " cycles, " + std::to_string(cycle.tokens) +
         (cycle.tokens == 1 ? " iteration back)" : " iterations back)");
}

}  // namespace spikeloom::sdf
