#include "compiler/map/advice.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "compiler/chip/kinds.hpp"
#include "compiler/map/attempts.hpp"
#include "compiler/map/channels.hpp"
#include "compiler/map/placement.hpp"
#include "compiler/map/shortages.hpp"

namespace spikeloom {
namespace {

constexpr std::size_t kMeshes = 3;  ///< looked at besides the chip's own

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

/// What `larger` has more than `chip`: tiles, and keys as a user writes them.
std::string difference(Chip chip, Chip larger) {
  std::string text;
  const auto name = [&](const std::string& key, std::uint32_t from, std::uint32_t to) {
    if (from != to) text += (text.empty() ? "" : ", ") + key + " = " + std::to_string(to);
  };
  if (chip.width != larger.width || chip.height != larger.height)
    text =
        "a mesh of " + std::to_string(larger.width) + " x " + std::to_string(larger.height) + " such tiles";
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

/// Shorter wheels, one after the other, as long as the channels still have slots on them.
void shorten_wheels(const Application& app, const MapOptions& options, const Binding& binding,
                    const Chip& least, Chip& chip) {
  for (std::uint32_t NocConfig::*wheel : {&NocConfig::spike_wheel, &NocConfig::credit_wheel})
    while (chip.*wheel > least.*wheel) {
      Chip shorter = chip;
      shorter.*wheel /= 2;
      if (!deal_slots(app, shorter, options, binding)) break;
      chip = shorter;
    }
}

/// Longer tables and wheels with which the application fits this mesh, each as short as the one that was
/// found. Clusters are placed once for each way, with tables as long as can be; the wheels do not change
/// where they go.
std::optional<Chip> longer_tables(const Application& app, Chip chip, const MapOptions& options) {
  Chip longest = chip;
  const auto each_table = [&](auto&& change) {
    for (const Table& table : tables())
      for (std::uint32_t kind = 0; kind < chip.kinds(); ++kind) change(table, kind);
  };
  each_table([&](const Table& table, std::uint32_t kind) {
    table.length(longest, kind) = std::max(table.length(longest, kind), largest(table.key));
  });
  Chip widest = longest;
  widest.spike_wheel = largest("noc.spike_wheel");
  widest.credit_wheel = largest("noc.credit_wheel");
  if (!shortages(app, widest, options).empty()) return std::nullopt;
  std::vector<std::pair<Binding, Wheels>> placed;
  std::string reason;
  for (const Way& way : ways(app, chip, options.out_of_step))
    if (auto binding = on_tiles(app, longest, options, way, reason)) {
      const Wheels least = least_wheels(longest, *binding);
      placed.emplace_back(*std::move(binding), least);
    }
  for (; !placed.empty(); longest.spike_wheel *= 2, longest.credit_wheel *= 2) {
    longest.spike_wheel = std::min(longest.spike_wheel, widest.spike_wheel);
    longest.credit_wheel = std::min(longest.credit_wheel, widest.credit_wheel);
    for (auto& [binding, least] : placed) {
      if (least.spikes > longest.spike_wheel || least.credits > longest.credit_wheel) continue;
      const std::optional<Binding> fits = deal_slots(app, longest, options, binding);
      if (!fits) continue;
      const TableNeeds needs = needs_of(*fits, chip);
      Chip shorter = longest;
      shorten_wheels(app, options, binding, chip, shorter);
      each_table([&](const Table& table, std::uint32_t kind) {
        table.length(shorter, kind) = std::max(table.length(chip, kind), table.needed(needs));
      });
      // The placer is freer where tables are long; in the short ones it may end elsewhere.
      return try_ways(app, shorter, options).binding ? shorter : longest;
    }
    if (longest.spike_wheel == widest.spike_wheel && longest.credit_wheel == widest.credit_wheel) break;
  }
  return std::nullopt;
}

/// The chip's own mesh, and larger ones that first fit says have room: near-square, then with twice and four
/// times as many tiles. A chip of several kinds has no other mesh.
std::vector<Chip> meshes(const Application& app, const Chip& chip, const MapOptions& options,
                         std::uint32_t tiles) {
  std::vector<Chip> list;
  const std::uint32_t own = options.tiles == 0 ? chip.tiles() : std::min(options.tiles, chip.tiles());
  if (chip.kinds() > 1 || tiles <= own) list.push_back(chip);
  if (chip.kinds() > 1) return list;
  const std::uint32_t widest = largest("mesh.width"), highest = largest("mesh.height");
  for (std::uint32_t wanted = std::max(tiles, own + 1); list.size() < 1 + kMeshes; wanted *= 2) {
    Chip mesh = chip;
    mesh.height = std::clamp(static_cast<std::uint32_t>(std::sqrt(wanted)), 1U, highest);
    mesh.width = std::min(widest, (wanted + mesh.height - 1) / mesh.height);
    if (mesh.width * mesh.height < tiles || (!list.empty() && list.back() == mesh)) break;
    list.push_back(mesh);
    if (wanted > app.clusters.size()) break;  // more tiles than clusters
  }
  return list;
}

/// The chip with all that one cluster alone needs of a tile; nothing where no chip has so much.
std::optional<Chip> for_each_alone(const Application& app, Chip chip) {
  const std::vector<std::vector<Consumer>> readers = consumers(app);
  for (std::size_t c = 0; c < app.clusters.size(); ++c) {
    const std::uint32_t kind = app.clusters[c].kind;
    for (const Resource& one : needs(app, chip, c, readers[1 + c].size()))
      for (const Table& table : tables())
        if (one.key == table.key && one.amount > table.length(chip, kind)) {
          if (one.amount > largest(table.key)) return std::nullopt;
          table.length(chip, kind) = static_cast<std::uint32_t>(one.amount);
        }
  }
  return chip;
}

/// "; kind other needs 2 tiles, the chip has 1; …" of the kinds that have too few; empty: none has.
std::string too_few_tiles(const Application& app, const Chip& chip, const MapOptions& options) {
  const std::vector<std::uint32_t> have = tiles_by_kind(chip, options.tiles);
  std::string text;
  for (std::uint32_t k = 0; k < chip.kinds(); ++k) {
    const std::optional<std::uint32_t> needed = tiles_needed(app, chip, k);
    if (needed && *needed > have[k])
      text += "; kind " + chip.kind(k).name + " needs " + std::to_string(*needed) + " tiles, the chip has " +
              std::to_string(have[k]);
  }
  return text.empty() ? text : text + "; another kind would do for some populations (--kind)";
}

}  // namespace

std::string what_would_do(const Application& app, const Chip& chip, const MapOptions& options) {
  if (app.sinks.size() > hw::kLimitHostSinks || !options.places.empty()) return "";
  const std::string fewer = " clusters are needed (--clusters, --max-neurons";
  const std::optional<Chip> alone = for_each_alone(app, chip);
  if (!alone) return "; other" + fewer + ")";
  const std::optional<std::uint32_t> tiles = chip.kinds() > 1 ? 1 : tiles_needed(app, *alone, 0);
  if (!tiles) return "; no mesh up to 32 x 32 of such tiles would do: fewer" + fewer + ", larger tiles)";
  for (const Chip& mesh : meshes(app, *alone, options, *tiles)) {
    MapOptions all = options;
    if (mesh.tiles() != chip.tiles()) all.tiles = 0;
    const bool fits = try_ways(app, mesh, all).binding.has_value();
    const std::optional<Chip> larger = fits ? std::optional(mesh) : longer_tables(app, mesh, all);
    if (larger) return "; " + difference(chip, *larger) + " would do";
  }
  if (chip.kinds() > 1) {
    if (const std::string few = too_few_tiles(app, chip, options); !few.empty()) return few;
    return "; no longer wheels and tables would do on this mesh: other kinds (--kind), or fewer" + fewer +
           ")";
  }
  return "; no mesh of such tiles was found to do, however long its tables and wheels: fewer" + fewer +
         ", larger tiles)";
}

}  // namespace spikeloom
