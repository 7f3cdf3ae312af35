#include "compiler/map/map.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "compiler/base/error.hpp"
#include "compiler/chip/kinds.hpp"
#include "compiler/chip/pages.hpp"
#include "compiler/core/core.hpp"
#include "compiler/map/advice.hpp"
#include "compiler/map/attempts.hpp"
#include "compiler/map/channels.hpp"
#include "compiler/map/levels.hpp"
#include "compiler/map/placement.hpp"
#include "compiler/map/shared_entries.hpp"
#include "compiler/map/shortages.hpp"
#include "compiler/partition/partition.hpp"
#include "compiler/partition/streams.hpp"

namespace spikeloom {
namespace {

/// Contexts and memory bases, one cluster after the other in firing order; what stands already serves all
/// that may share it.
void deal_out_memory(const Application& app, const Chip& chip, const SharedEntries& shared,
                     const std::vector<OrderEntry>& order, Binding& binding) {
  Placement next;
  std::map<std::uint32_t, std::uint32_t> stands;  // first entry, by content
  for (const OrderEntry& entry : order) {
    const Cluster& cluster = app.clusters[entry.cluster.index()];
    const std::vector<std::uint64_t> amounts = amounts_on_tile(app, chip, entry.cluster.index());
    next.first.resize(amounts.size(), 0);
    Placement& p = binding.placement[entry.cluster.index()];
    const TileId tile = p.tile;
    p = next;
    p.tile = tile;
    next.context += 1;
    for (std::size_t m = 0; m < amounts.size(); ++m) {
      const std::uint32_t content = shared.content(entry.cluster.index(), m);
      if (content != SharedEntries::kOwn) {
        const auto [at, fresh] = stands.try_emplace(content, next.first[m]);
        p.first[m] = at->second;
        if (!fresh) continue;
      }
      next.first[m] += static_cast<std::uint32_t>(amounts[m]);
    }
    next.first_out += output_entries(cluster, chip.kind(cluster.kind));
  }
}

/// First rows and blocks, one context's pages after the other's.
void pack_pages(const Application& app, const Chip& chip, const std::vector<OrderEntry>& order,
                Binding& binding) {
  std::uint32_t next = 0, next_block = 0;
  for (const OrderEntry& entry : order) {
    Placement& p = binding.placement[entry.cluster.index()];
    const Cluster& cluster = app.clusters[entry.cluster.index()];
    p.first_row = next;
    p.first_block = next_block;
    next += p.rows;
    next_block += p.rows * blocks_of_page(chip.kind(cluster.kind), cluster.page_chunks());
  }
}

/// What each context needs, then one more in turn while rows and blocks last.
void deal_out_pages(const Application& app, const Chip& chip, std::uint32_t most_pages,
                    const std::vector<OrderEntry>& order, Binding& binding) {
  if (order.empty()) return;
  const TileKind& kind = chip.kind(app.clusters[order.front().cluster.index()].kind);
  std::uint32_t left = kind.page_rows, blocks_left = page_blocks(kind);
  const auto blocks = [&](const OrderEntry& entry) {
    return blocks_of_page(kind, app.clusters[entry.cluster.index()].page_chunks());
  };
  for (const OrderEntry& entry : order) {
    std::uint32_t& rows = binding.placement[entry.cluster.index()].rows;
    rows = least_pages(app.clusters[entry.cluster.index()], kind);
    left -= rows;
    blocks_left -= rows * blocks(entry);
  }
  for (bool gave = true; gave;) {
    gave = false;
    for (const OrderEntry& entry : order) {
      std::uint32_t& rows = binding.placement[entry.cluster.index()].rows;
      if (left == 0 || blocks(entry) > blocks_left || rows >= std::min(kMostPages, most_pages)) continue;
      ++rows;
      --left;
      blocks_left -= blocks(entry);
      gave = true;
    }
  }
  pack_pages(app, chip, order, binding);
}

}  // namespace

std::vector<Way> ways(const Application& app, const Chip& chip, OutOfStep out_of_step) {
  std::vector<Way> list;
  const auto add = [&](OutOfStep with) {
    for (const double crowding : {2.0, 20.0, 500.0}) list.push_back({crowding, with});
  };
  add(out_of_step);
  if (out_of_step == OutOfStep::kTogether) return list;
  const std::vector<std::int64_t> lag = batch_steps(app, chip).lag;
  if (std::adjacent_find(lag.begin(), lag.end(), std::not_equal_to<>()) != lag.end())
    add(OutOfStep::kTogether);
  return list;
}

std::optional<Binding> on_tiles(const Application& app, const Chip& chip, const MapOptions& options,
                                const Way& way, std::string& reason) {
  reason.clear();
  MapOptions own = options;
  own.out_of_step = way.out_of_step;
  Binding binding;
  binding.seed = options.seed;
  const std::vector<TileId> tiles =
      options.places.empty() ? place(app, chip, own, way.crowding, reason) : options.places;
  if (!reason.empty()) return std::nullopt;
  binding.placement.resize(app.clusters.size());
  binding.orders.resize(chip.tiles());
  for (const ClusterId id : batch_steps(app, chip).order) {
    binding.placement[id.index()].tile = tiles[id.index()];
    binding.orders[tiles[id.index()].index()].push_back({id, 0});
  }
  const SharedEntries shared(app, chip);
  for (std::vector<OrderEntry>& order : binding.orders) {
    deal_out_memory(app, chip, shared, order, binding);
    deal_out_pages(app, chip, options.most_pages, order, binding);
  }
  if (!form_channels(app, chip, binding, reason)) return std::nullopt;
  return binding;
}

MapResult try_ways(const Application& app, const Chip& chip, const MapOptions& options) {
  MapResult result;
  result.reason = in_words(shortages(app, chip, options));
  if (!result.reason.empty()) return result;
  for (const Way& way : ways(app, chip, options.out_of_step)) {
    std::optional<Binding> binding = on_tiles(app, chip, options, way, result.reason);
    if (!binding || !allocate_slots(app, chip, options, *binding, result.reason)) continue;
    result.binding = std::move(binding);
    result.reason.clear();
    return result;
  }
  return result;
}

Binding deal_pages(const Application& app, const Chip& chip, std::uint32_t most_pages, Binding binding) {
  for (const std::vector<OrderEntry>& order : binding.orders)
    deal_out_pages(app, chip, most_pages, order, binding);
  return binding;
}

Binding set_pages(const Application& app, const Chip& chip, const std::vector<std::uint32_t>& pages,
                  Binding binding) {
  SPIKELOOM_CHECK(pages.size() == binding.placement.size());
  for (std::size_t c = 0; c < pages.size(); ++c) binding.placement[c].rows = pages[c];
  for (const std::vector<OrderEntry>& order : binding.orders) pack_pages(app, chip, order, binding);
  return binding;
}

std::optional<Binding> deal_slots(const Application& app, const Chip& chip, const MapOptions& options,
                                  Binding binding) {
  std::string reason;
  if (!allocate_slots(app, chip, options, binding, reason)) return std::nullopt;
  return binding;
}

MapResult map(const Application& app, const Chip& chip, const MapOptions& options) {
  MapResult result = try_map(app, chip, options);
  if (!result.binding) result.reason += what_would_do(app, chip, options);
  return result;
}

MapResult try_map(const Application& app, const Chip& chip, const MapOptions& options) {
  for (const Cluster& cluster : app.clusters)
    for (const std::string& mismatch : kind_mismatches(cluster, chip))
      throw input_error("application " + app.name + ": cluster " + cluster.name + " " + mismatch + " (chip " +
                        chip.name + "); compile again");
  MapResult result;
  if (app.sinks.size() > hw::kLimitHostSinks) {
    result.reason = std::to_string(app.sinks.size()) + " clusters are sent to the host, which numbers " +
                    std::to_string(hw::kLimitHostSinks) + " on every chip; fewer " +
                    "recorded populations (--record) or larger clusters (--max-neurons, --clusters, larger "
                    "tiles) would do";
    return result;
  }
  return try_ways(app, chip, options);
}

}  // namespace spikeloom
