#include <algorithm>

#include "compiler/chip/pages.hpp"
#include "compiler/core/weight_stream.hpp"
#include "compiler/partition/partition.hpp"
#include "spikeloom_hw.hpp"

namespace spikeloom {

std::vector<std::string> kind_mismatches(const Cluster& cluster, const Chip& chip) {
  if (cluster.kind >= chip.kinds())
    return {"is for kind " + std::to_string(cluster.kind) + " of tile, of which the chip has " +
            std::to_string(chip.kinds())};
  const TileKind& kind = chip.kind(cluster.kind);
  const Core& core = core_of(cluster);
  if (core.name() != kind.core)
    return {"is for another core than the chip's: for " + std::string(core.name()) + ", kind " + kind.name +
            " has " + kind.core};
  return core.mismatches(cluster, kind);
}

std::vector<std::string> stream_faults(const Cluster& cluster, const Chip& chip) {
  const Inbound* weights = weight_inbound(cluster);
  if (weights == nullptr) return {};
  const std::size_t words = streamed_words(cluster, chip.kind(cluster.kind)).size();
  if (words == weights->weights) return {};
  return {"has " + std::to_string(words) + " words of weights that its tile can take as a stream, and " +
          std::to_string(weights->weights) + " are announced"};
}

std::vector<Need> excesses(const Cluster& cluster, const Chip& chip) {
  std::vector<Need> list = core_of(cluster).needs(cluster, chip.kind(cluster.kind));
  std::erase_if(list, [](const Need& need) { return need.needed <= need.available; });
  for (Need& need : page_excesses(cluster, chip)) list.push_back(std::move(need));
  return list;
}

std::vector<Need> page_excesses(const Cluster& cluster, const Chip& chip) {
  const TileConfig& t = chip.kind(cluster.kind);
  std::vector<Need> list;
  const auto limit = [&](const char* key, std::uint64_t needed, std::uint64_t available) {
    if (needed > available) list.push_back({key, needed, available});
  };
  limit("tile.out_entries", output_entries(cluster, t), t.out_entries);
  limit("tile.page_chunks", cluster.page_chunks(), t.page_chunks);
  limit("tile.page_rows", least_pages(cluster, t), t.page_rows);
  limit("tile.page_blocks", least_page_blocks(cluster, t), page_blocks(t));
  limit("tile.deliveries", cluster.inbound.size(), std::min(t.deliveries, 63U));  // a row counts in 6 bits
  const std::uint64_t indices = cluster.readout
                                    ? 2 * cluster.size()
                                    : (cluster.sent_neurons().size() + hw::kChunkBits - 1) / hw::kChunkBits;
  limit("2^noc.chunk_index_bits", indices, std::uint64_t{1} << chip.chunk_index_bits);
  return list;
}

}  // namespace spikeloom
