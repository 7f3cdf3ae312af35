#include "compiler/partition/scenes.hpp"

#include <algorithm>
#include <cmath>

#include "spikeloom_hw.hpp"

namespace spikeloom {
namespace {

/// Along one axis: falling from 1.5 to 0.5, and highest in the middle.
struct Profile {
  double falling = 1, middle = 1;
};

Profile profile(std::uint32_t at, std::uint32_t extent) {
  if (extent < 2) return {};
  const double t = static_cast<double>(at) / (extent - 1);
  return {1.5 - t, 1.5 - std::abs(2 * t - 1)};
}

bool has_positions(const StreamInput& input) {
  const MapExtent map = map_extent(input.shape);
  return map.height * map.width > 1;
}

/// By axon of the host's stream.
std::vector<Scenes> scenes_of_host(const Application& app) {
  std::vector<Scenes> scenes(std::size_t{app.host_chunks()} * hw::kChunkBits, Scenes{});
  for (const StreamInput& input : app.inputs) {
    const MapExtent map = map_extent(input.shape);
    for (std::uint32_t n = 0; n < volume(input.shape); ++n) {
      const Scenes at = scenes_at(map, input_element(input.shape, input.order, n));
      std::fill_n(scenes.begin() + input.first_axon + std::ptrdiff_t{n} * input.planes, input.planes, at);
    }
  }
  return scenes;
}

}  // namespace

Scenes scenes_at(const MapExtent& map, std::uint32_t element) {
  const std::uint32_t place = element % (map.height * map.width);
  const Profile y = profile(place / map.width, map.height), x = profile(place % map.width, map.width);
  return {1, y.falling, x.falling, y.middle * x.middle};
}

std::vector<Scenes> scene_work(const Application& app) {
  const auto calibrated = [](const StreamInput& input) { return !input.activity.empty(); };
  const auto reads_clusters = [](const Cluster& cluster) {
    return std::any_of(cluster.inbound.begin(), cluster.inbound.end(),
                       [](const Inbound& inbound) { return inbound.from.has_value(); });
  };
  if (std::none_of(app.inputs.begin(), app.inputs.end(), has_positions) ||
      std::any_of(app.inputs.begin(), app.inputs.end(), calibrated) ||
      std::any_of(app.clusters.begin(), app.clusters.end(), reads_clusters))
    return {};
  const std::vector<Scenes> host = scenes_of_host(app);
  std::vector<Scenes> work;
  for (const Cluster& cluster : app.clusters) {
    work.emplace_back();
    for (std::size_t scene = 0; scene < kScenes; ++scene) {
      std::vector<double> spikes(hw::kChunkBits * cluster.page_chunks(), 0);
      for (const Inbound& inbound : cluster.inbound)
        for (std::size_t i = 0; i < std::size_t{inbound.source_count} * hw::kChunkBits; ++i)
          spikes[std::size_t{inbound.first_chunk} * hw::kChunkBits + i] =
              host[std::size_t{inbound.source_first} * hw::kChunkBits + i][scene];
      work.back()[scene] = core_of(cluster).expected(cluster, spikes);
    }
  }
  return work;
}

}  // namespace spikeloom
