#include "compiler/map/levels.hpp"

#include <algorithm>

#include "compiler/core/core.hpp"
#include "compiler/map/placement.hpp"

namespace spikeloom {

std::vector<std::uint32_t> levels(const Application& app) {
  std::vector<std::uint32_t> level(app.clusters.size(), 0);
  for (const ClusterId id : app.order)
    for (const Inbound& inbound : app.clusters[id.index()].inbound)
      if (inbound.from && inbound.delay == 0)
        level[id.index()] = std::max(level[id.index()], level[inbound.from->index()] + 1);
  return level;
}

std::vector<TileId> pack_by_level(const Application& app, const Chip& chip, std::uint32_t tiles) {
  const std::size_t clusters = app.clusters.size();
  const std::vector<std::uint32_t> level = levels(app);
  std::vector<ClusterId> order = app.order;
  std::stable_sort(order.begin(), order.end(),
                   [&](ClusterId a, ClusterId b) { return level[a.index()] < level[b.index()]; });
  const std::vector<std::vector<Consumer>> readers = consumers(app);
  const std::vector<Resource> offered = offers(chip);
  std::vector<std::vector<Resource>> needed;
  std::vector<std::int64_t> work;
  std::int64_t low = 0, high = 0;
  for (std::size_t c = 0; c < clusters; ++c) {
    needed.push_back(needs(app, chip.tile, c, readers[1 + c].size()));
    work.push_back(worst_work(app.clusters[c]));
    low = std::max(low, work[c]);
    high += work[c];
  }
  std::vector<TileId> places(clusters);
  const auto cut = [&](std::int64_t most) {
    std::uint32_t tile = 0;
    std::int64_t load = 0;
    std::vector<std::uint64_t> used(offered.size(), 0);
    for (const ClusterId id : order) {
      const auto fits = [&] {
        for (std::size_t r = 0; r < offered.size(); ++r)
          if (used[r] + needed[id.index()][r].amount > offered[r].amount) return false;
        return load + work[id.index()] <= most;
      };
      if (!fits()) {
        ++tile;
        load = 0;
        std::fill(used.begin(), used.end(), 0);
        if (tile == tiles || !fits()) return false;
      }
      load += work[id.index()];
      for (std::size_t r = 0; r < offered.size(); ++r) used[r] += needed[id.index()][r].amount;
      places[id.index()] = TileId{tile};
    }
    return true;
  };
  if (!cut(high)) return {};
  while (low < high) {
    const std::int64_t middle = low + (high - low) / 2;
    if (cut(middle))
      high = middle;
    else
      low = middle + 1;
  }
  (void)cut(high);
  return places;
}

}  // namespace spikeloom
