#include "compiler/partition/streams.hpp"

#include <algorithm>
#include <string>

#include "compiler/base/error.hpp"
#include "compiler/core/core.hpp"

namespace spikeloom {

std::vector<std::uint64_t> amounts_on_tile(const Application& app, const Chip& chip, std::size_t c) {
  const Cluster& cluster = app.clusters[c];
  std::vector<std::uint64_t> amounts = core_of(cluster).amounts(cluster, chip.kind(cluster.kind));
  const std::optional<std::size_t> memory = region_memory(cluster, chip.kind(cluster.kind));
  if (!memory) return amounts;
  for (const Cluster& other : app.clusters)
    if (other.kind == cluster.kind && weight_inbound(other) != nullptr)
      amounts[*memory] =
          std::max(amounts[*memory], core_of(other).amounts(other, chip.kind(other.kind))[*memory]);
  return amounts;
}

void stream_weights(Application& app, const Chip& chip, std::span<const PopulationId> populations) {
  Problems problems;
  for (Cluster& cluster : app.clusters) {
    if (std::find(populations.begin(), populations.end(), cluster.population) == populations.end()) continue;
    const TileKind& kind = chip.kind(cluster.kind);
    const WeightStream stream = core_of(cluster).streams(kind);
    if (!stream.window) {
      problems.add("cluster " + cluster.name + ": its weights cannot be streamed" +
                   (chip.kinds() > 1 ? " to tiles of kind " + kind.name : "") + ": " + stream.why_not);
      continue;
    }
    const std::size_t words = streamed_words(cluster, kind).size();
    if (words == 0) continue;
    const auto behind = std::find_if(cluster.inbound.begin(), cluster.inbound.end(),
                                     [](const Inbound& inbound) { return inbound.delay > 0; });
    Inbound weights;
    weights.first_chunk = behind != cluster.inbound.end() ? behind->first_chunk
                                                          : static_cast<std::uint32_t>(cluster.page_chunks());
    weights.weights = static_cast<std::uint32_t>(words);
    cluster.inbound.insert(behind, weights);
  }
  problems.throw_if_any("--stream-weights on chip " + chip.name);
}

}  // namespace spikeloom
