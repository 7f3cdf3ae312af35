#include <algorithm>

#include "compiler/partition/partition.hpp"
#include "spikeloom_hw.hpp"

namespace spikeloom {

std::vector<Need> excesses(const Cluster& cluster, const Chip& chip) {
  const TileConfig& t = chip.tile;
  std::vector<Need> list;
  const auto limit = [&](const char* key, std::uint64_t needed, std::uint64_t available) {
    if (needed > available) list.push_back({key, needed, available});
  };
  for (Need& need : core_of(cluster).needs(cluster, t))
    if (need.needed > need.available) list.push_back(std::move(need));
  limit("tile.out_entries", output_entries(cluster, t), t.out_entries);
  limit("tile.page_chunks", cluster.page_chunks(), t.page_chunks);
  limit("tile.page_rows", least_pages(cluster, t), t.page_rows);
  limit("tile.deliveries", cluster.inbound.size(), std::min(t.deliveries, 63U));  // a row counts in 6 bits
  const std::uint64_t indices =
      cluster.readout ? 2 * cluster.size() : (cluster.size() + hw::kChunkBits - 1) / hw::kChunkBits;
  limit("2^noc.chunk_index_bits", indices, std::uint64_t{1} << chip.chunk_index_bits);
  return list;
}

}  // namespace spikeloom
