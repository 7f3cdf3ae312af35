#include "compiler/schedule/orders.hpp"

#include <algorithm>
#include <cmath>
#include <set>
#include <string>
#include <tuple>
#include <utility>

#include "compiler/core/core.hpp"
#include "compiler/schedule/arcs.hpp"
#include "compiler/sdf/static_order.hpp"

namespace spikeloom {
namespace {

using Orders = std::vector<std::vector<OrderEntry>>;

std::int64_t firing_time(const ImageView& image, ClusterId id, FiringTimes times) {
  const Cluster& cluster = image.application.clusters[id.index()];
  const Core& core = core_of(cluster);
  const std::optional<double> expected =
      times == FiringTimes::kExpected ? expected_work(image.application, id) : std::nullopt;
  const TileKind& tile = image.chip.kind(cluster.kind);
  return expected ? core.least(cluster, tile).total() + static_cast<std::int64_t>(std::llround(*expected))
                  : core.worst(cluster, tile).total();
}

/// Calls pair(a, b) for clusters that share membranes, of which a passes through them before b in a step.
template <class Pair>
void for_sharers(const Application& app, const Pair& pair) {
  for (std::size_t b = 0; b < app.clusters.size(); ++b) {
    if (!app.clusters[b].membranes_of) continue;
    for (std::size_t a = app.clusters[b].membranes_of->index(); a < b; ++a)
      if (share_membranes(app.clusters, a, b)) pair(a, b);
  }
}

/// Clusters and what they send one another; the network takes its worst time. The last actor is the host,
/// whom all follow.
sdf::PhasedGraph cluster_graph(const ImageView& image, FiringTimes times) {
  const Application& app = image.application;
  sdf::PhasedGraph graph(app.name);
  for (std::size_t c = 0; c < app.clusters.size(); ++c)
    graph.add_actor(app.clusters[c].name, {firing_time(image, ClusterId(c), times) + kTurnCycles});
  const sdf::ActorId host = graph.add_actor("host", {0});
  for (std::size_t c = 0; c < app.clusters.size(); ++c)
    graph.add_channel({.source = host, .target = sdf::ActorId(c)});
  for (const FiringArc& arc : firing_arcs(timing_arcs(image), image.binding)) {
    if (arc.kind != TimingArc::Kind::kSpikes) continue;
    sdf::PhasedChannel spikes;
    spikes.source = arc.from ? sdf::ActorId(arc.from->index()) : host;
    spikes.target = sdf::ActorId(arc.to.index());
    spikes.tokens = arc.tokens;
    // The host's list of words is there as a cluster's is.
    spikes.latency = arc.cycles + (arc.from ? 0 : kListVisible);
    graph.add_channel(spikes);
  }
  for_sharers(app, [&](std::size_t a, std::size_t b) {
    graph.add_channel({.source = sdf::ActorId(a), .target = sdf::ActorId(b)});
  });
  return graph;
}

/// A shorter period, or the same one with a shorter latency; never a longer latency.
bool is_better(const Promise& a, const Promise& b) {
  return std::tie(a.period, a.latency) < std::tie(b.period, b.latency) && a.latency <= b.latency;
}

class OrderSearch {
 public:
  OrderSearch(const Candidate& first, const Chip& chip, const OrderOptions& options)
      : best_(first),
        chip_(chip),
        left_(first.application->clusters.size() < options.many ? options.most_analyses : 2) {
    for (std::size_t c = 0; c < first.application->clusters.size(); ++c)
      for (const Inbound& inbound : first.application->clusters[c].inbound)
        if (inbound.from && inbound.delay == 0) feeds_.emplace(inbound.from->index(), c);
    for_sharers(*first.application, [&](std::size_t a, std::size_t b) { feeds_.emplace(a, b); });
  }

  std::optional<Candidate> run() {
    bool better = false;
    for (const FiringTimes times : {FiringTimes::kWorst, FiringTimes::kExpected})
      better = try_orders(listed_orders(best_.on(chip_), times)) || better;
    while (exchange_one()) better = true;
    if (!better) return std::nullopt;
    return std::move(best_);
  }

 private:
  bool try_orders(Orders orders) {
    if (left_ == 0 || !tried_.insert(key(orders)).second || orders == best_.binding.orders) return false;
    --left_;
    Binding binding = best_.binding;
    binding.orders = std::move(orders);
    auto made = candidate_of(best_.application, std::move(binding), chip_);
    auto* next = std::get_if<Candidate>(&made);
    if (next == nullptr || !is_better(next->promise, best_.promise)) return false;
    best_ = std::move(*next);
    return true;
  }

  /// One exchange of neighbours on the critical cycle that makes it better.
  bool exchange_one() {
    const std::vector<ActorRole> cycle = best_.critical;
    for (std::size_t t = 0; t < best_.binding.orders.size(); ++t)
      for (std::size_t i = 0; i + 1 < best_.binding.orders[t].size(); ++i) {
        const ClusterId a = best_.binding.orders[t][i].cluster, b = best_.binding.orders[t][i + 1].cluster;
        if (feeds_.contains({a.index(), b.index()}) || !fires_on(cycle, a) || !fires_on(cycle, b)) continue;
        Orders orders = best_.binding.orders;
        std::swap(orders[t][i], orders[t][i + 1]);
        if (try_orders(std::move(orders))) return true;
      }
    return false;
  }

  static bool fires_on(const std::vector<ActorRole>& cycle, ClusterId c) {
    return std::any_of(cycle.begin(), cycle.end(), [&](const ActorRole& role) {
      return role.kind == ActorRole::Kind::kFire && role.of == c;
    });
  }

  static std::vector<std::uint32_t> key(const Orders& orders) {
    std::vector<std::uint32_t> text;
    for (const auto& order : orders)
      for (const OrderEntry& entry : order) text.push_back(entry.cluster.value);
    return text;
  }

  Candidate best_;
  const Chip& chip_;
  int left_;
  std::set<std::pair<std::size_t, std::size_t>> feeds_;  ///< within a step, spikes or membranes
  std::set<std::vector<std::uint32_t>> tried_;
};

}  // namespace

std::vector<std::vector<OrderEntry>> listed_orders(const ImageView& image, FiringTimes times) {
  const sdf::PhasedGraph graph = cluster_graph(image, times);
  sdf::Binding binding;
  for (const Placement& placement : image.binding.placement) binding.push_back(placement.tile.index());
  binding.push_back(sdf::kUnbound);
  const sdf::StaticOrder listed =
      sdf::list_schedule(sdf::expand(graph, sdf::require_repetition(graph)), binding);
  Orders orders(image.binding.orders.size());
  for (std::size_t t = 0; t < listed.size(); ++t)
    for (const sdf::Firing& firing : listed[t]) orders[t].push_back({ClusterId(firing.actor.index()), 0});
  return orders;
}

std::optional<Candidate> better_orders(const Candidate& candidate, const Chip& chip,
                                       const OrderOptions& options) {
  const bool choice = std::any_of(candidate.binding.orders.begin(), candidate.binding.orders.end(),
                                  [](const auto& order) { return order.size() > 1; });
  if (!choice) return std::nullopt;
  return OrderSearch(candidate, chip, options).run();
}

}  // namespace spikeloom
