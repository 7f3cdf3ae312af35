#include "compiler/schedule/schedule.hpp"

#include <algorithm>
#include <limits>

#include "compiler/base/error.hpp"
#include "compiler/chip/timing.hpp"
#include "compiler/sdf/certificate.hpp"
#include "compiler/sdf/cycle_ratio.hpp"
#include "compiler/sdf/latency.hpp"
#include "compiler/sdf/regulation.hpp"
#include "compiler/sdf/text.hpp"

namespace spikeloom {
namespace {

std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return Ratio(a, b).ceil(); }

/// The promise that a certificate in cycles / kTimeScale stands for.
Promise promise_of(const std::string& name, const TimingGraph& timing, const sdf::Certificate& certificate,
                   std::int64_t latency) {
  Promise promise;
  promise.name = name;
  promise.period = certificate.period / Ratio(kTimeScale);
  const std::int64_t unit = certificate.period.den() * kTimeScale;
  promise.offset = ceil_div(certificate.potential[timing.sink.index()], unit);
  promise.latency = latency;
  for (std::size_t a = 0; a < timing.graph.actor_count(); ++a)
    promise.potentials.emplace_back(timing.graph.name(sdf::ActorId{a}), certificate.potential[a]);
  for (const sdf::ChannelId id : certificate.critical_cycle) {
    const sdf::Channel& channel = timing.graph.channel(id);
    promise.critical_cycle.push_back(timing.graph.name(channel.source) + " -[" + timing.graph.name(id) + "]->");
  }
  return promise;
}

/// A tile's own round: its worst work, and the cycles of a round that no work explains (LOAD and WAIT, own sends).
struct Round {
  std::int64_t worst = 0;
  std::int64_t firings = 0;
  std::int64_t overhead = 0;  ///< 1/kTimeScale cycles
};

/// The overhead is the period that the tile's own arcs would have if firings took no time.
Round round_of(const Image& image, std::size_t tile) {
  const auto here = [&](ClusterId c) { return image.binding.placement[c.index()].tile.index() == tile; };
  Round round;
  sdf::Graph idle;
  std::vector<sdf::ActorId> actor(image.application.clusters.size());
  const std::vector<OrderEntry>& order = image.binding.orders[tile];
  for (const OrderEntry& entry : order) {
    const Cluster& cluster = image.application.clusters[entry.cluster.index()];
    round.worst += timing::kIntegrate + worst_integration(cluster) + timing::kUpdate +
                   static_cast<std::int64_t>(cluster.updates.size());
    ++round.firings;
    actor[entry.cluster.index()] = idle.add_actor(cluster.name, 0);
  }
  const auto arc = [&](ClusterId from, ClusterId to, std::int64_t tokens, std::int64_t cycles) {
    idle.add_channel({.source = actor[from.index()], .target = actor[to.index()], .tokens = tokens, .latency = cycles});
  };
  for (std::size_t i = 0; i < order.size(); ++i) {
    const bool wraps = i + 1 == order.size();
    arc(order[i].cluster, order[wraps ? 0 : i + 1].cluster, wraps ? 1 : 0, 2);
  }
  for (const Channel& channel : image.binding.channels) {
    if (!channel.from || !here(*channel.from)) continue;
    const std::int64_t sent = 1 + worst_send(channel.slots, image.chip.spike_wheel, worst_flits(image.application, channel));
    arc(*channel.from, *channel.from, 1, sent);
    for (const Destination& to : channel.to)
      if (to.to && here(*to.to))
        arc(*channel.from, *to.to, image.application.clusters[to.to->index()].inbound[to.inbound].delay, sent + to.hops + 1);
  }
  if (!order.empty()) {
    const sdf::CycleRatio ratio = sdf::max_cycle_ratio(idle);
    round.overhead = (sdf::certificate_of(ratio, idle).period * Ratio(kTimeScale)).ceil();
  }
  return round;
}

/// Bounds for a wanted period (cycles / kTimeScale): the worst case where the tile's own round fits it,
/// otherwise the contract with the largest rho that does. None where a sample's mean is above that rho.
std::optional<TileBounds> bounds_for(const Image& image, const MeasuredWork& work, std::int64_t period) {
  TileBounds bounds(image.binding.orders.size());
  for (std::size_t t = 0; t < bounds.size(); ++t) {
    const Round round = round_of(image, t);
    if (round.worst * kTimeScale + round.overhead <= period) continue;
    const std::int64_t rho = Ratio(period - round.overhead, round.firings).floor();
    if (rho <= 0) return std::nullopt;
    const auto sigma = sdf::least_sigma(work[t], rho);
    if (!std::holds_alternative<std::int64_t>(sigma)) return std::nullopt;
    bounds[t] = TileBound{rho, std::get<std::int64_t>(sigma)};
  }
  return bounds;
}

/// Samples that always come in one order are one long sample.
void join(std::vector<std::vector<std::int64_t>>& samples) {
  std::vector<std::int64_t> all;
  for (const auto& sample : samples) all.insert(all.end(), sample.begin(), sample.end());
  samples.assign(1, std::move(all));
}

MeasuredWork scaled_work(const Image& image, const MeasuredWork& work, const ContractOptions& options) {
  MeasuredWork scaled = work;
  if (scaled.size() != image.binding.orders.size())
    throw input_error("contract: measured work of " + std::to_string(work.size()) + " tiles, expected " +
                      std::to_string(image.binding.orders.size()));
  for (std::size_t t = 0; t < scaled.size(); ++t) {
    const bool fires = !image.binding.orders[t].empty();
    if (fires && std::all_of(scaled[t].begin(), scaled[t].end(), [](const auto& s) { return s.empty(); }))
      throw input_error("contract: " + tile_name(image.chip, TileId{t}) + " was not measured; is the calibration set empty?");
    for (auto& sample : scaled[t])
      for (std::int64_t& w : sample) w = ceil_div(w * kTimeScale * (100 + options.margin_percent), 100);
    if (options.order == SampleOrder::kGiven) join(scaled[t]);
  }
  return scaled;
}

}  // namespace

std::variant<Promise, Deadlocked> guarantee(const Image& image) {
  const TimingGraph timing = timing_graph(image, {});
  const sdf::CycleRatio ratio = sdf::max_cycle_ratio(timing.graph, {.lower = timing.lower});
  if (const auto* dead = std::get_if<sdf::Deadlock>(&ratio)) return Deadlocked{sdf::describe(timing.graph, dead->cycle)};
  const auto bound = sdf::latency_bound(timing.graph, timing.source, timing.sink,
                                        {.from = sdf::Moment::kEnd, .to = sdf::Moment::kStart, .lower = timing.lower});
  SPIKELOOM_CHECK(std::holds_alternative<std::int64_t>(bound));
  return promise_of("guaranteed", timing, sdf::certificate_of(ratio, timing.graph),
                    ceil_div(std::get<std::int64_t>(bound), kTimeScale));
}

Contracted contract(const Image& image, const Promise& guaranteed, const MeasuredWork& measured,
                    const ContractOptions& options) {
  const MeasuredWork work = scaled_work(image, measured, options);
  // Smaller periods leave less rho and need more sigma, so what can be kept is nearly an interval; where it is not,
  // bisection still ends at a period that is kept, and the worst case keeps the guaranteed one.
  const std::int64_t most = (guaranteed.period * Ratio(kTimeScale)).ceil();
  const std::int64_t least = sdf::least_kept_period(most, [&](std::int64_t period) -> std::optional<sdf::Graph> {
    const auto bounds = bounds_for(image, work, period);
    if (!bounds) return std::nullopt;
    return timing_graph(image, *bounds).graph;
  });
  const TileBounds worst(image.binding.orders.size());
  const TileBounds bounds = least == most ? worst : *bounds_for(image, work, least);
  Contracted result;
  result.contracts.resize(bounds.size());
  for (std::size_t t = 0; t < bounds.size(); ++t)
    if (bounds[t]) {
      SPIKELOOM_CHECK(bounds[t]->rho < std::numeric_limits<std::uint32_t>::max());
      SPIKELOOM_CHECK(bounds[t]->sigma < std::numeric_limits<std::uint32_t>::max());
      result.contracts[t] = {static_cast<std::uint32_t>(bounds[t]->rho), static_cast<std::uint32_t>(bounds[t]->sigma)};
    }
  result.promise = promise_under(image, guaranteed, result.contracts);
  return result;
}

Promise promise_under(const Image& image, const Promise& guaranteed, const std::vector<TileContract>& contracts) {
  const TimingGraph timing = timing_graph(image, bounds_of(image, contracts));
  const sdf::CycleRatio ratio = sdf::max_cycle_ratio(timing.graph, {.lower = timing.lower});
  // The worst case's latency holds for every input, so also within the contract.
  return promise_of("contracted", timing, sdf::certificate_of(ratio, timing.graph), guaranteed.latency);
}

TileBounds bounds_of(const Image& image, const std::vector<TileContract>& contracts) {
  TileBounds bounds(image.binding.orders.size());
  for (std::size_t t = 0; t < std::min(bounds.size(), contracts.size()); ++t)
    if (contracts[t].sigma != TileContract::kOff) bounds[t] = TileBound{contracts[t].rho, contracts[t].sigma};
  return bounds;
}

std::vector<std::string> verify(const Image& image, const Promise& promise, const std::vector<TileContract>& contracts) {
  const TimingGraph timing = timing_graph(image, bounds_of(image, promise.name == "guaranteed" ? std::vector<TileContract>{} : contracts));
  std::vector<std::string> wrong;
  std::vector<std::int64_t> potential;
  for (std::size_t a = 0; a < timing.graph.actor_count(); ++a) {
    const bool named = a < promise.potentials.size() && promise.potentials[a].first == timing.graph.name(sdf::ActorId{a});
    if (!named) return {promise.name + ": no potential for " + timing.graph.name(sdf::ActorId{a})};
    potential.push_back(promise.potentials[a].second);
  }
  const Ratio period = promise.period * Ratio(kTimeScale);
  for (const std::string& fault : sdf::verify_bound(timing.graph, period, potential, timing.lower))
    wrong.push_back(promise.name + ": " + fault);
  if (Ratio(promise.offset) < Ratio(potential[timing.sink.index()], period.den() * kTimeScale))
    wrong.push_back(promise.name + ": offset " + std::to_string(promise.offset) + " is below the sink's potential");
  return wrong;
}

}  // namespace spikeloom
