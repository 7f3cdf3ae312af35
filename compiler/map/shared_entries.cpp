#include "compiler/map/shared_entries.hpp"

#include <algorithm>

#include "compiler/core/core.hpp"
#include "compiler/core/weight_stream.hpp"

namespace spikeloom {
namespace {

/// Both clusters, of one core and kind, write the same into memory m.
bool equal_entries(const Cluster& a, const Cluster& b, const std::vector<MemoryWindow>& windows,
                   std::size_t m) {
  for (std::size_t w = 0; w < windows.size(); ++w)
    if (windows[w].memory == m && a.tables.windows[w] != b.tables.windows[w]) return false;
  return true;
}

}  // namespace

SharedEntries::SharedEntries(const Application& app, const Chip& chip) {
  // Only parts of one population are likely to be alike; looking at them alone keeps this linear in most
  // networks.
  std::map<std::pair<std::size_t, std::size_t>, std::vector<std::size_t>> first;  // by population and memory
  std::map<std::uint32_t, std::uint32_t> regions;                                 // content, by kind of tile
  std::map<std::size_t, std::uint32_t> membranes;  // content, by cluster that others go on with
  for (const Cluster& cluster : app.clusters)
    if (cluster.membranes_of && membranes.try_emplace(cluster.membranes_of->index(), count_).second) ++count_;
  for (std::size_t c = 0; c < app.clusters.size(); ++c) {
    const Cluster& cluster = app.clusters[c];
    const Core& core = core_of(cluster);
    const TileKind& kind = chip.kind(cluster.kind);
    const std::vector<MemoryInfo> memories = core.memories(kind);
    const std::vector<MemoryWindow> windows = core.windows(kind);
    const std::vector<std::uint64_t> amounts = core.amounts(cluster, kind);
    content_.emplace_back(memories.size(), kOwn);
    for (std::size_t m = 0; m < memories.size(); ++m) {
      if (region_memory(cluster, kind) == m) {
        const auto [region, fresh] = regions.try_emplace(cluster.kind, count_);
        count_ += fresh;
        content_[c][m] = region->second;
        continue;
      }
      if (memories[m].membranes) {
        const auto own = membranes.find(cluster.membranes_of ? cluster.membranes_of->index() : c);
        if (own != membranes.end()) content_[c][m] = own->second;
        continue;
      }
      if (!memories[m].shared || amounts[m] == 0) continue;
      std::vector<std::size_t>& others = first[{cluster.population.index(), m}];
      const auto like = std::find_if(others.begin(), others.end(), [&](std::size_t other) {
        return region_memory(app.clusters[other], kind) != m &&
               equal_entries(cluster, app.clusters[other], windows, m);
      });
      if (like != others.end()) {
        content_[c][m] = content_[*like][m];
      } else {
        others.push_back(c);
        content_[c][m] = count_++;
      }
    }
  }
}

}  // namespace spikeloom
