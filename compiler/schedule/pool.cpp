#include "compiler/schedule/pool.hpp"

#include <algorithm>

#include "compiler/base/error.hpp"
#include "compiler/chip/timing.hpp"
#include "spikeloom_hw.hpp"

namespace spikeloom {
namespace {

template <class F>
void for_rows(const Cluster& cluster, F&& row) {
  for (std::size_t chunk = 0; chunk < cluster.chunks.size(); ++chunk)
    for (std::uint32_t bit = 0; bit < hw::kChunkBits; ++bit)
      if ((cluster.chunk_bits[chunk] >> bit & 1U) != 0) row(chunk, static_cast<std::uint16_t>(1U << bit));
}

std::int64_t least_row(const Cluster& cluster) {
  std::int64_t least = 0;
  for_rows(cluster, [&](std::size_t chunk, std::uint16_t bit) {
    const std::int64_t cycles = chunk_cycles(cluster, chunk, bit);
    least = least == 0 ? cycles : std::min(least, cycles);
  });
  return least;
}

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
  if (a.inbound != b.inbound || a.limit != b.limit || a.chunk_bits != b.chunk_bits ||
      a.updates.size() != b.updates.size())
    return false;
  bool alike = true;
  for_rows(a, [&](std::size_t chunk, std::uint16_t bit) {
    alike = alike && chunk_cycles(a, chunk, bit) == chunk_cycles(b, chunk, bit);
  });
  return alike;
}

Pool pool_of(const ImageView& image, const TileBounds& bounds, const TimingGraph& plain) {
  const std::vector<Cluster>& clusters = image.application.clusters;
  Pool pool;
  pool.paid.assign(clusters.size(), 0);
  pool.least_row.assign(clusters.size(), 0);
  std::vector<ClusterId> payers;
  for (std::size_t t = 0; t < bounds.size(); ++t) {
    if (!bounds[t] || !bounds[t]->pooled) continue;
    pool.tiles.emplace_back(t);
    for (const OrderEntry& entry : image.binding.orders[t]) {
      pool.fee += bounds[t]->rho - kTimeScale * least_work(clusters[entry.cluster.index()]);
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
    if (pool.paid[c] != 0) pool.least_row[c] = least_row(clusters[c]);
  return pool;
}

}  // namespace spikeloom
