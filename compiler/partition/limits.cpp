#include <algorithm>

#include "compiler/partition/partition.hpp"
#include "spikeloom_hw.hpp"

namespace spikeloom {

std::vector<Excess> excesses(const Cluster& cluster, const Chip& chip) {
  const TileConfig& t = chip.tile;
  std::vector<Excess> list;
  const auto limit = [&](const char* key, std::uint64_t needed, std::uint64_t available) {
    if (needed > available) list.push_back({key, needed, available});
  };
  // A row counts its words in 8 bits, so a cluster has at most 255 lane groups.
  limit("tile.groups", cluster.lane_groups, std::min(t.groups, 255U));
  limit("tile.state_words", cluster.lif_groups, t.state_words);
  limit("tile.update_entries", cluster.updates.size(), t.update_entries);
  limit("tile.param_sets", cluster.sets.size(), t.param_sets);
  limit("tile.out_entries", cluster.out_entries, t.out_entries);
  limit("tile.page_chunks", cluster.chunks.size(), t.page_chunks);
  limit("tile.chunk_entries", cluster.chunks.size(), t.chunk_entries);
  limit("tile.axon_entries", cluster.axons.size(), t.axon_entries);
  limit("tile.weight_words", cluster.weights.size() / t.lanes, t.weight_words);
  limit("tile.page_rows", least_pages(cluster), t.page_rows);
  limit("tile.deliveries", cluster.inbound.size(), std::min(t.deliveries, 63U));  // a row counts in 6 bits
  const std::uint64_t indices =
      cluster.readout ? 2 * cluster.size() : (cluster.size() + hw::kChunkBits - 1) / hw::kChunkBits;
  limit("2^noc.chunk_index_bits", indices, std::uint64_t{1} << chip.chunk_index_bits);
  return list;
}

}  // namespace spikeloom
