#include <algorithm>

#include "compiler/image/image.hpp"
#include "compiler/map/map.hpp"
#include "compiler/partition/partition.hpp"

namespace spikeloom {
namespace {

/// A row of a cluster that the chip's lanes cannot decode.
bool row_is_foreign(const Chip& chip, std::uint32_t words, std::uint32_t shift, std::uint32_t format) {
  if (words == 0) return false;
  const std::vector<std::uint32_t>& offered = chip.tile.weight_bits;
  return shift > chip.tile.max_shift || std::find(offered.begin(), offered.end(), 8U >> format) == offered.end();
}

}  // namespace

std::vector<std::string> check(const Image& image) {
  const Application& app = image.application;
  std::vector<std::string> list = faults(app);
  if (!list.empty()) return list;
  if (app.lanes != image.chip.tile.lanes || app.lif_lanes != image.chip.tile.lif_lanes)
    return {"the application's tables were made for other lanes than the chip's"};
  for (const Cluster& cluster : app.clusters) {
    for (const Excess& e : excesses(cluster, image.chip)) list.push_back("cluster " + cluster.name + " exceeds " + e.key);
    const bool foreign =
        std::any_of(cluster.chunks.begin(), cluster.chunks.end(),
                    [&](const auto& c) { return c.per_axon == 0 && row_is_foreign(image.chip, c.words, c.shift, c.format); }) ||
        std::any_of(cluster.axons.begin(), cluster.axons.end(),
                    [&](const auto& a) { return row_is_foreign(image.chip, a.words, a.shift, a.format); });
    if (foreign) list.push_back("cluster " + cluster.name + " has rows that the chip does not decode");
    if (cluster.readout && image.chip.tile.readout == 0) list.push_back("cluster " + cluster.name + " is a readout; the chip has none");
  }
  if (app.host_chunks() > (1U << image.chip.chunk_index_bits)) list.push_back("more host chunks than the chip numbers");
  if (!image.contracts.empty() && image.contracts.size() != image.chip.tiles()) list.push_back("contracts: one a tile expected");
  if (!list.empty()) return list;
  return check(app, image.binding, image.chip);
}

}  // namespace spikeloom
