#include "compiler/core/weight_stream.hpp"

#include <algorithm>

#include "compiler/core/core.hpp"

namespace spikeloom {

const Inbound* weight_inbound(const Cluster& cluster) {
  const auto found = std::find_if(cluster.inbound.begin(), cluster.inbound.end(),
                                  [](const Inbound& inbound) { return inbound.weights > 0; });
  return found == cluster.inbound.end() ? nullptr : &*found;
}

std::vector<std::uint16_t> streamed_words(const Cluster& cluster, const TileConfig& tile) {
  std::vector<std::uint16_t> words;
  const WeightStream stream = core_of(cluster).streams(tile);
  if (!stream.window) return words;
  for (const std::uint32_t part : cluster.tables.windows.at(*stream.window).words) {
    words.push_back(static_cast<std::uint16_t>(part));
    words.push_back(static_cast<std::uint16_t>(part >> hw::kChunkBits));
  }
  return words;
}

std::optional<std::size_t> region_memory(const Cluster& cluster, const TileConfig& tile) {
  if (weight_inbound(cluster) == nullptr) return std::nullopt;
  const Core& core = core_of(cluster);
  const WeightStream stream = core.streams(tile);
  if (!stream.window) return std::nullopt;
  return core.windows(tile)[*stream.window].memory;
}

}  // namespace spikeloom
