#include "compiler/map/levels.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <set>
#include <utility>

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

/// A spike connection, and its delay less the pages that a batch of its reader waits for more.
struct Step {
  std::size_t from, to;
  std::int64_t tokens;
};

/// Lags that every connection allows, the largest as small as can be and all others as large as that lets
/// them be, so that many are equal. Nothing where batches wait for themselves.
std::optional<std::vector<std::int64_t>> lags_of(const std::vector<std::int64_t>& after_host,
                                                 const std::vector<Step>& steps) {
  std::vector<std::int64_t> lag = after_host;
  bool changed = true;
  for (std::size_t round = 0; changed; ++round) {
    if (round > lag.size()) return std::nullopt;
    changed = false;
    for (const Step& step : steps) {
      const std::int64_t least = lag[step.from] - step.tokens;
      changed = changed || least > lag[step.to];
      lag[step.to] = std::max(lag[step.to], least);
    }
  }
  std::fill(lag.begin(), lag.end(), *std::max_element(lag.begin(), lag.end()));
  for (changed = true; changed;) {
    changed = false;
    for (const Step& step : steps) {
      const std::int64_t most = lag[step.to] + step.tokens;
      changed = changed || most < lag[step.from];
      lag[step.from] = std::min(lag[step.from], most);
    }
  }
  return lag;
}

/// The first of `order` comes first among those that wait for nobody. Empty: they wait in a circle.
std::vector<ClusterId> sorted(const std::vector<ClusterId>& order,
                              const std::vector<std::vector<std::size_t>>& before) {
  std::vector<std::size_t> rank(order.size()), waits(order.size(), 0);
  for (std::size_t n = 0; n < order.size(); ++n) rank[order[n].index()] = n;
  for (const std::vector<std::size_t>& later : before)
    for (const std::size_t c : later) ++waits[c];
  std::set<std::size_t> ready;  // ranks
  for (std::size_t c = 0; c < order.size(); ++c)
    if (waits[c] == 0) ready.insert(rank[c]);
  std::vector<ClusterId> result;
  while (!ready.empty()) {
    const ClusterId next = order[*ready.begin()];
    ready.erase(ready.begin());
    result.push_back(next);
    for (const std::size_t c : before[next.index()])
      if (--waits[c] == 0) ready.insert(rank[c]);
  }
  if (result.size() < order.size()) result.clear();
  return result;
}

}  // namespace

BatchSteps batch_steps(const Application& app, const Chip& chip) {
  BatchSteps result{std::vector<std::int64_t>(app.clusters.size(), 0), app.order};
  std::vector<std::int64_t> pages, after_host;
  for (const Cluster& cluster : app.clusters) {
    const TileConfig& tile = chip.kind(cluster.kind);
    pages.push_back(core_of(cluster).pages_per_firing(tile));
  }
  if (std::all_of(pages.begin(), pages.end(), [](std::int64_t each) { return each == 1; })) return result;
  std::vector<Step> steps;
  for (std::size_t c = 0; c < app.clusters.size(); ++c) {
    after_host.push_back(0);
    for (const Inbound& inbound : app.clusters[c].inbound) {
      // Batches of as many pages cover the same steps.
      const bool same = inbound.from && inbound.delay == 0 && pages[inbound.from->index()] == pages[c];
      const std::int64_t tokens = same ? 0 : inbound.delay - (pages[c] - 1);
      if (inbound.from)
        steps.push_back({inbound.from->index(), c, tokens});
      else
        after_host.back() = std::max(after_host.back(), -tokens);
    }
  }
  const auto lag = lags_of(after_host, steps);
  if (!lag) return result;  // the timing analysis says who waits for whom
  result.lag = *lag;
  std::vector<std::vector<std::size_t>> before(app.clusters.size());
  for (const Step& step : steps)
    if (step.from != step.to && (*lag)[step.to] == (*lag)[step.from] - step.tokens)
      before[step.from].push_back(step.to);
  for (std::size_t c = 0; c < app.clusters.size(); ++c)
    for (const Inbound& inbound : app.clusters[c].inbound)
      if (inbound.from && inbound.delay == 0) before[inbound.from->index()].push_back(c);
  for (std::size_t c = 0; c < app.clusters.size(); ++c)
    if (app.clusters[c].membranes_of)
      for (std::size_t other = app.clusters[c].membranes_of->index(); other < c; ++other)
        if (share_membranes(app.clusters, other, c)) before[other].push_back(c);
  if (std::vector<ClusterId> order = sorted(app.order, before); !order.empty())
    result.order = std::move(order);
  return result;
}

namespace {

/// What there is to pack, by ClusterId.
struct Load {
  std::vector<ClusterId> order;  ///< by lag, then by level
  std::vector<std::int64_t> lag;
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
    std::int64_t load = 0, lag = all.lag[order.front().index()];
    std::vector<std::uint64_t> used(offered.size(), 0);
    for (const ClusterId id : order) {
      const std::vector<Resource>& needed = all.needed[id.index()];
      const auto fits = [&] {
        if (all.lag[id.index()] != lag) return false;
        for (std::size_t r = 0; r < offered.size(); ++r)
          if (used[r] + needed[r].amount > offered[r].amount) return false;
        return load + all.work[id.index()] <= most;
      };
      if (!fits()) {
        ++tile;
        load = 0;
        lag = all.lag[id.index()];
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
  BatchSteps steps = batch_steps(app, chip);
  Load all;
  all.lag = std::move(steps.lag);
  all.order = std::move(steps.order);
  std::stable_sort(all.order.begin(), all.order.end(), [&](ClusterId a, ClusterId b) {
    return std::pair(all.lag[a.index()], level[a.index()]) < std::pair(all.lag[b.index()], level[b.index()]);
  });
  const std::vector<std::vector<Consumer>> readers = consumers(app);
  for (std::size_t c = 0; c < app.clusters.size(); ++c) {
    all.needed.push_back(needs(app, chip, c, readers[1 + c].size()));
    all.work.push_back(worst_work(app.clusters[c], chip.kind(app.clusters[c].kind)));
  }
  // Those that share membranes stand on one tile, whatever their levels.
  if (std::any_of(app.clusters.begin(), app.clusters.end(),
                  [](const Cluster& cluster) { return cluster.membranes_of.has_value(); }))
    return {};
  std::vector<TileId> places(app.clusters.size());
  for (std::uint32_t kind = 0; kind < chip.kinds(); ++kind)
    if (!pack_kind(app, chip, kind, tiles, all, places)) return {};
  return places;
}

}  // namespace spikeloom
