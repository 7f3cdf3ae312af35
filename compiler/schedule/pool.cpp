#include "compiler/schedule/pool.hpp"

#include <algorithm>

#include "compiler/base/error.hpp"
#include "compiler/core/core.hpp"

namespace spikeloom {
namespace {

/// Actors that start no later than in the same step as `from` ends, `from` aside.
std::vector<char> within_step(const sdf::Graph& graph, sdf::ActorId from) {
  std::vector<char> reached(graph.actor_count(), 0);
  const auto at = [&](sdf::ActorId a) { return a == from || reached[a.index()] != 0; };
  for (bool more = true; more;) {
    more = false;
    for (const sdf::Channel& arc : graph.channels())
      if (arc.tokens == 0 && at(arc.source) && reached[arc.target.index()] == 0)
        reached[arc.target.index()] = 1, more = true;
  }
  return reached;
}

}  // namespace

bool works_alike(const Cluster& a, const Cluster& b) {
  return a.kind == b.kind && a.inbound == b.inbound && a.limit == b.limit && a.chunk_bits == b.chunk_bits &&
         &core_of(a) == &core_of(b) && core_of(a).works_alike(a, b);
}

Pool pool_of(const ImageView& image, const TileBounds& bounds, const TimingGraph& plain) {
  const std::vector<Cluster>& clusters = image.application.clusters;
  Pool pool;
  pool.paid.assign(clusters.size(), 0);
  pool.least_chunk.assign(clusters.size(), 0);
  std::vector<ClusterId> payers;
  for (std::size_t t = 0; t < bounds.size(); ++t) {
    if (!bounds[t] || !bounds[t]->pooled) continue;
    pool.tiles.emplace_back(t);
    for (const OrderEntry& entry : image.binding.orders[t]) {
      const Cluster& cluster = clusters[entry.cluster.index()];
      const FiringTime least = core_of(cluster).least(cluster, image.chip.kind(cluster.kind));
      pool.fee += bounds[t]->rho - kTimeScale * least.total();
      pool.paid[entry.cluster.index()] = 1;
      payers.push_back(entry.cluster);
    }
  }
  for (const ClusterId payer : payers) {
    const std::vector<char> after = within_step(plain.graph, plain.clusters[payer.index()].fire);
    for (std::size_t c = 0; c < clusters.size(); ++c) {
      if (pool.paid[c] != 0 || !works_alike(clusters[payer.index()], clusters[c])) continue;
      bool apart = after[plain.clusters[c].fire.index()] == 0;
      const std::vector<char> back = within_step(plain.graph, plain.clusters[c].fire);
      for (std::size_t other = 0; other < clusters.size() && apart; ++other)
        if (other != c && (ClusterId(other) == payer || pool.paid[other] != 0) &&
            works_alike(clusters[other], clusters[c]))
          apart = back[plain.clusters[other].fire.index()] == 0 &&
                  within_step(plain.graph, plain.clusters[other].fire)[plain.clusters[c].fire.index()] == 0;
      if (apart) pool.paid[c] = 1;
    }
  }
  for (std::size_t c = 0; c < clusters.size(); ++c)
    if (pool.paid[c] != 0) pool.least_chunk[c] = core_of(clusters[c]).least_chunk(clusters[c]);
  return pool;
}

}  // namespace spikeloom
