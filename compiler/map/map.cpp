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
#include "compiler/map/channels.hpp"
#include "compiler/map/levels.hpp"
#include "compiler/map/placement.hpp"
#include "compiler/map/shared_entries.hpp"
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

MapResult try_once(const Application& app, const Chip& chip, const MapOptions& options, double crowding) {
  MapResult result;
  Binding binding;
  binding.seed = options.seed;
  const std::vector<TileId> tiles =
      options.places.empty() ? place(app, chip, options, crowding, result.reason) : options.places;
  if (!result.reason.empty()) return result;
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
  if (form_channels(app, chip, binding, result.reason) &&
      allocate_slots(app, chip, options, binding, result.reason))
    result.binding = std::move(binding);
  return result;
}

/// Second channels of a source cost little at first; where tables or slots run out, more and more.
MapResult try_crowdings(const Application& app, const Chip& chip, const MapOptions& options) {
  MapResult result;
  for (const double crowding : {2.0, 20.0, 500.0}) {
    result = try_once(app, chip, options, crowding);
    if (result.binding) return result;
  }
  if (options.out_of_step == OutOfStep::kTogether) return result;
  const std::vector<std::int64_t> lag = batch_steps(app, chip).lag;
  if (std::adjacent_find(lag.begin(), lag.end(), std::not_equal_to<>()) == lag.end()) return result;
  MapOptions together = options;
  together.out_of_step = OutOfStep::kTogether;
  return try_crowdings(app, chip, together);
}

/// A table of the network interfaces, which a chip file may make longer: for a tile, in every kind.
struct Table {
  const char* key;
  std::uint32_t& (*length)(Chip&, std::uint32_t kind);
  std::uint32_t (*needed)(const TableNeeds&);
};

TileKind& kind_in(Chip& chip, std::uint32_t kind) {
  return kind == 0 ? chip.tile : chip.more_kinds.at(kind - 1);
}

const std::array<Table, 5>& tables() {
  static const std::array<Table, 5> list = {{
      {"tile.channels",
       [](Chip& c, std::uint32_t kind) -> std::uint32_t& { return kind_in(c, kind).channels; },
       [](const TableNeeds& n) { return n.tile_channels; }},
      {"tile.credit_counters",
       [](Chip& c, std::uint32_t kind) -> std::uint32_t& { return kind_in(c, kind).credit_counters; },
       [](const TableNeeds& n) { return n.tile_counters; }},
      {"tile.deliveries",
       [](Chip& c, std::uint32_t kind) -> std::uint32_t& { return kind_in(c, kind).deliveries; },
       [](const TableNeeds& n) { return n.deliveries; }},
      {"host.channels", [](Chip& c, std::uint32_t) -> std::uint32_t& { return c.host.channels; },
       [](const TableNeeds& n) { return n.host_channels; }},
      {"host.credit_counters",
       [](Chip& c, std::uint32_t) -> std::uint32_t& { return c.host.credit_counters; },
       [](const TableNeeds& n) { return n.host_counters; }},
  }};
  return list;
}

/// The keys in which `larger` differs from `chip`, as a user writes them.
std::string difference(Chip chip, Chip larger) {
  std::string text;
  const auto name = [&](const std::string& key, std::uint32_t from, std::uint32_t to) {
    if (from != to) text += (text.empty() ? "" : ", ") + key + " = " + std::to_string(to);
  };
  name("mesh.width", chip.width, larger.width);
  name("mesh.height", chip.height, larger.height);
  name("noc.spike_wheel", chip.spike_wheel, larger.spike_wheel);
  name("noc.credit_wheel", chip.credit_wheel, larger.credit_wheel);
  for (const Table& table : tables())
    for (std::uint32_t kind = 0; kind < chip.kinds(); ++kind) {
      const bool of_tile = std::string_view(table.key).starts_with("tile.");
      if (kind > 0 && !of_tile) break;
      name(table.key + (of_tile ? of_kind(chip, kind) : ""), table.length(chip, kind),
           table.length(larger, kind));
    }
  return text;
}

/// Longer tables and wheels with which the application fits this mesh, each as short as the one that was
/// found.
std::optional<Chip> longer_tables(const Application& app, Chip chip, const MapOptions& options) {
  Chip longest = chip;
  const auto each_table = [&](auto&& change) {
    for (const Table& table : tables())
      for (std::uint32_t kind = 0; kind < chip.kinds(); ++kind) change(table, kind);
  };
  each_table([&](const Table& table, std::uint32_t kind) {
    table.length(longest, kind) = std::max(table.length(longest, kind), largest(table.key));
  });
  for (; longest.spike_wheel <= largest("noc.spike_wheel") &&
         longest.credit_wheel <= largest("noc.credit_wheel");
       longest.spike_wheel *= 2, longest.credit_wheel *= 2) {
    const MapResult fits = try_crowdings(app, longest, options);
    if (!fits.binding) continue;
    const TableNeeds needs = needs_of(*fits.binding, chip);
    Chip shorter = longest;
    each_table([&](const Table& table, std::uint32_t kind) {
      table.length(shorter, kind) = std::max(table.length(chip, kind), table.needed(needs));
    });
    // The placer is freer where tables are long; in the short ones it may end elsewhere.
    return try_crowdings(app, shorter, options).binding ? shorter : longest;
  }
  return std::nullopt;
}

/// Names the smallest chip of such tiles that was found to do: more tiles, longer wheels, longer tables.
std::string what_would_do(const Application& app, const Chip& chip, const MapOptions& options) {
  std::string reason;
  (void)place(app, chip, options, 0, reason);
  if (!reason.empty()) return "";  // it named the mesh
  if (const std::optional<Chip> larger = longer_tables(app, chip, options))
    return "; " + difference(chip, *larger) + " would do";
  if (chip.kinds() > 1)
    return "; no longer wheels and tables would do on this mesh: other kinds (--kind), or fewer clusters "
           "(--clusters, --max-neurons) are needed";
  Chip mesh = chip;
  const std::uint32_t widest = largest("mesh.width"), highest = largest("mesh.height");
  while (mesh.width * mesh.height < 2 * app.clusters.size() &&
         (mesh.width < widest || mesh.height < highest)) {
    ((mesh.width <= mesh.height || mesh.height >= highest) && mesh.width < widest ? mesh.width
                                                                                  : mesh.height) += 1;
    MapOptions all = options;
    all.tiles = 0;
    if (try_crowdings(app, mesh, all).binding) return "; " + difference(chip, mesh) + " would do";
    if (const std::optional<Chip> larger = longer_tables(app, mesh, all))
      return "; " + difference(chip, *larger) + " would do";
  }
  return "; no mesh of such tiles would do, however long its tables and wheels: fewer clusters are needed "
         "(--clusters, "
         "--max-neurons, larger tiles)";
}

}  // namespace

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
  if (!result.binding && app.sinks.size() <= hw::kLimitHostSinks)
    result.reason += what_would_do(app, chip, options);
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
  return try_crowdings(app, chip, options);
}

}  // namespace spikeloom
