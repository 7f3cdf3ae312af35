#include "compiler/sdf/certificate.hpp"

namespace spikeloom::sdf {

__extension__ typedef __int128 Wide;

std::vector<std::string> verify_bound(const Graph& graph, const Ratio& period,
                                      std::span<const std::int64_t> potential,
                                      std::span<const std::int64_t> lower) {
  if (!graph.homogeneous()) return {"the graph has rates other than 1"};
  if (potential.size() != graph.actor_count()) return {"there is not one potential for each actor"};
  if (!lower.empty() && lower.size() != graph.actor_count())
    return {"there is not one first start for each actor"};
  std::vector<std::string> wrong;
  if (period < Ratio(0)) wrong.emplace_back("the period is negative");
  for (std::size_t a = 0; a < potential.size(); ++a)
    if (potential[a] < 0 || (!lower.empty() && potential[a] < Wide(period.den()) * lower[a]))
      wrong.push_back("actor " + std::to_string(a) + " may start later than its potential");
  for (std::size_t i = 0; i < graph.channel_count(); ++i) {
    const Channel& c = graph.channels()[i];
    const Wide step =
        Wide(period.den()) * (Wide(graph.execution(c.source)) + c.latency) - Wide(period.num()) * c.tokens;
    if (potential[c.source.index()] + step > potential[c.target.index()])
      wrong.push_back("channel " + std::to_string(i) + " arrives later than its target's potential");
  }
  return wrong;
}

std::vector<std::string> verify(const Graph& graph, const Certificate& certificate,
                                std::span<const std::int64_t> lower) {
  std::vector<std::string> wrong = verify_bound(graph, certificate.period, certificate.potential, lower);
  const auto& cycle = certificate.critical_cycle;
  for (const ChannelId id : cycle)
    if (id.index() >= graph.channel_count())
      return {"the critical cycle names a channel that does not exist"};
  Wide weight = 0, tokens = 0;
  for (std::size_t i = 0; i < cycle.size(); ++i) {
    const Channel& c = graph.channel(cycle[i]);
    if (c.target != graph.channel(cycle[(i + 1) % cycle.size()]).source)
      wrong.push_back("the critical cycle is broken after its channel " + std::to_string(i));
    weight += Wide(graph.execution(c.source)) + c.latency;
    tokens += c.tokens;
  }
  if (cycle.empty() ? certificate.period != Ratio(0)
                    : tokens <= 0 || weight * certificate.period.den() != tokens * certificate.period.num())
    wrong.emplace_back("the critical cycle's ratio is not the period");
  return wrong;
}

}  // namespace spikeloom::sdf
