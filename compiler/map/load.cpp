#include "compiler/map/load.hpp"

#include <algorithm>
#include <numeric>

#include "spikeloom_hw.hpp"

namespace spikeloom {
namespace {

double spikes_of(const Cluster& cluster) {
  if (cluster.activity.empty()) return static_cast<double>(cluster.sent_count());
  return std::accumulate(cluster.activity.begin(), cluster.activity.end(), 0.0);
}

/// Of the host's axons in chunks first .. first + count - 1.
double host_spikes(const Application& app, std::uint32_t first, std::uint32_t count) {
  double spikes = 0;
  for (const StreamInput& input : app.inputs) {
    const std::size_t axons = volume(input.shape) * input.planes;
    for (std::size_t a = 0; a < axons; ++a) {
      const std::size_t chunk = (input.first_axon + a) / hw::kChunkBits;
      if (chunk >= first && chunk < first + count) spikes += input.activity.empty() ? 1 : input.activity[a];
    }
  }
  return spikes;
}

}  // namespace

NetworkLoad network_load(const Application& app, const Binding& binding) {
  NetworkLoad load;
  for (const Channel& channel : binding.channels)
    for (const Destination& end : channel.to) {
      double spikes = 0;
      if (channel.from) {
        spikes = spikes_of(app.clusters[channel.from->index()]);
        const bool leaves = end.to && binding.placement[end.to->index()].tile !=
                                          binding.placement[channel.from->index()].tile;
        if (leaves) load.between_tiles += spikes;
      } else {
        const Inbound& inbound = app.clusters[end.to->index()].inbound[end.inbound];
        spikes = host_spikes(app, inbound.source_first, inbound.source_count);
        load.from_host += spikes;
      }
      load.hops += spikes * end.hops;
    }
  return load;
}

double expected_flits(const Cluster& cluster) {
  if (cluster.activity.empty() || cluster.readout) return static_cast<double>(worst_flits(cluster));
  double flits = 1;
  for (std::size_t begin = 0; begin < cluster.activity.size(); begin += hw::kChunkBits) {
    double silent = 1;
    for (std::size_t i = begin; i < std::min(begin + hw::kChunkBits, cluster.activity.size()); ++i)
      silent *= 1 - std::min(1.0, cluster.activity[i]);
    flits += 1 - silent;
  }
  return flits;
}

}  // namespace spikeloom
