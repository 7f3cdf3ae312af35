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

namespace {

/// What there is to pack, by ClusterId.
struct Load {
  std::vector<ClusterId> order;  ///< by level
  std::vector<std::vector<Resource>> needed;
  std::vector<std::int64_t> work;
};

/// The kind's clusters onto its tiles among the first `tiles`. False: so cut, some tile's tables are too
/// small.
bool pack_kind(const Application& app, const Chip& chip, std::uint32_t kind, std::uint32_t tiles,
               const Load& all, std::vector<TileId>& places) {
  std::vector<TileId> own;
  for (std::uint32_t t = 0; t < tiles; ++t)
    if (chip.kind_number(TileId{t}) == kind) own.emplace_back(t);
  std::vector<ClusterId> order;
  std::int64_t low = 0, high = 0;
  for (const ClusterId id : all.order) {
    if (app.clusters[id.index()].kind != kind) continue;
    order.push_back(id);
    low = std::max(low, all.work[id.index()]);
    high += all.work[id.index()];
  }
  if (order.empty()) return true;
  if (own.empty()) return false;
  const std::vector<Resource> offered = offers(chip.kind(kind));
  const auto cut = [&](std::int64_t most) {
    std::size_t tile = 0;
    std::int64_t load = 0;
    std::vector<std::uint64_t> used(offered.size(), 0);
    for (const ClusterId id : order) {
      const std::vector<Resource>& needed = all.needed[id.index()];
      const auto fits = [&] {
        for (std::size_t r = 0; r < offered.size(); ++r)
          if (used[r] + needed[r].amount > offered[r].amount) return false;
        return load + all.work[id.index()] <= most;
      };
      if (!fits()) {
        ++tile;
        load = 0;
        std::fill(used.begin(), used.end(), 0);
        if (tile == own.size() || !fits()) return false;
      }
      load += all.work[id.index()];
      for (std::size_t r = 0; r < offered.size(); ++r) used[r] += needed[r].amount;
      places[id.index()] = own[tile];
    }
    return true;
  };
  if (!cut(high)) return false;
  while (low < high) {
    const std::int64_t middle = low + (high - low) / 2;
    if (cut(middle))
      high = middle;
    else
      low = middle + 1;
  }
  return cut(high);
}

}  // namespace

std::vector<TileId> pack_by_level(const Application& app, const Chip& chip, std::uint32_t tiles) {
  const std::vector<std::uint32_t> level = levels(app);
  Load all;
  all.order = app.order;
  std::stable_sort(all.order.begin(), all.order.end(),
                   [&](ClusterId a, ClusterId b) { return level[a.index()] < level[b.index()]; });
  const std::vector<std::vector<Consumer>> readers = consumers(app);
  for (std::size_t c = 0; c < app.clusters.size(); ++c) {
    all.needed.push_back(needs(app, c, readers[1 + c].size()));
    all.work.push_back(worst_work(app.clusters[c]));
  }
  std::vector<TileId> places(app.clusters.size());
  for (std::uint32_t kind = 0; kind < chip.kinds(); ++kind)
    if (!pack_kind(app, chip, kind, tiles, all, places)) return {};
  return places;
}

}  // namespace spikeloom
