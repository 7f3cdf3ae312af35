// The chip that would do: for every number of tiles, what is short is raised until nothing is; of these chips
// the one with the fewest memory bits.
#include <algorithm>
#include <array>
#include <bit>
#include <set>
#include <sstream>
#include <utility>

#include "compiler/base/error.hpp"
#include "compiler/chip/kinds.hpp"
#include "compiler/chip/pages.hpp"
#include "compiler/fit/chip_rams.hpp"
#include "compiler/fit/needs.hpp"
#include "compiler/partition/network_limits.hpp"
#include "spikeloom_hw.hpp"

namespace spikeloom {
namespace {

struct Mesh {
  std::uint32_t width, height;
};
constexpr std::array kMeshes = {Mesh{1, 1}, Mesh{2, 1},  Mesh{2, 2},   Mesh{4, 2},   Mesh{4, 4},  Mesh{8, 4},
                                Mesh{8, 8}, Mesh{16, 8}, Mesh{16, 16}, Mesh{32, 16}, Mesh{32, 32}};
/// Tiles are never filled evenly, and floors are floors.
constexpr std::uint64_t kSpareNumerator = 5, kSpareDenominator = 4;
constexpr int kRaises = 200;

/// The next of 16, 20, 24, 28, 32, 40, …: sizes of memories that do not waste much.
std::uint64_t rounded_up(std::uint64_t value) {
  std::uint64_t step = 4;
  while (step * 8 < value) step *= 2;
  return std::max<std::uint64_t>(16, (value + step - 1) / step * step);
}

std::uint64_t power_of_two(std::uint64_t value) { return std::bit_ceil(value); }

void set(Chip& chip, const std::string& key, std::uint64_t value) {
  chip = with_key(chip, key, std::to_string(value));
}

/// Raises a key above `needed`; false: it cannot be.
bool raise(Chip& chip, const std::string& key, std::uint64_t needed, std::uint64_t spare = 1) {
  const std::uint64_t most = largest(key);
  if (needed > most) return false;
  const std::uint64_t wanted = spare == 1 ? needed : needed * kSpareNumerator / kSpareDenominator;
  set(chip, key, std::min(most, rounded_up(wanted)));
  return true;
}

/// A cluster may have more neurons of the population; false: none can.
bool widen(Chip& chip, const IntPopulation& population) {
  const MostNeurons most = core_of(chip.tile).most_neurons(population, chip.tile);
  const std::string key(most.key);
  for (std::uint64_t value = 16; value <= largest(key); value *= 2) {
    Chip larger = chip;
    set(larger, key, value);
    if (core_of(chip.tile).most_neurons(population, larger.tile).count <= most.count) continue;
    chip = std::move(larger);
    return true;
  }
  return false;
}

const IntPopulation& widest(const Outline& outline) {
  return *std::max_element(
      outline.shapes.populations.begin(), outline.shapes.populations.end(),
      [](const IntPopulation& a, const IntPopulation& b) { return a.size() < b.size(); });
}

/// Fewer clusters: larger ones, or more contexts a tile.
bool hold_more(const Outline& outline, Chip& chip) {
  if (chip.tile.contexts < largest("tile.contexts")) {
    set(chip, "tile.contexts", std::min<std::uint64_t>(largest("tile.contexts"), chip.tile.contexts * 2));
    return true;
  }
  const IntPopulation& population = widest(outline);
  if (core_of(chip.tile).most_neurons(population, chip.tile).count < population.size())
    return widen(chip, population);
  // What their weights stand in holds too few.
  for (const MemoryInfo& memory : core_of(chip.tile).memories(chip.tile))
    if (memory.shared && memory.capacity > 256)
      return raise(chip, std::string(memory.key), memory.capacity * 2);
  return false;
}

bool mend(const Outline& outline, Chip& chip, const Shortfall& shortfall) {
  if (shortfall.key.empty()) return false;
  if (shortfall.key == "tile.contexts") return hold_more(outline, chip);
  if (shortfall.key == "noc.chunk_index_bits") {
    if (chip.chunk_index_bits == largest(shortfall.key)) return false;
    set(chip, shortfall.key, chip.chunk_index_bits + 1);
    return true;
  }
  if (shortfall.key == "noc.spike_wheel" || shortfall.key == "noc.credit_wheel") {
    if (shortfall.needed > largest(shortfall.key)) return false;
    set(chip, shortfall.key, power_of_two(shortfall.needed));
    return true;
  }
  if (shortfall.key == "tile.page_chunks") {
    const std::uint64_t bits = std::bit_width(rounded_up(shortfall.needed) - 1);
    if (bits > chip.chunk_index_bits) {
      if (bits > largest("noc.chunk_index_bits")) return false;
      set(chip, "noc.chunk_index_bits", bits);
    }
  }
  const bool exact = shortfall.key == "tile.page_chunks";
  if (!raise(chip, shortfall.key, shortfall.needed, exact ? 1 : 2)) return false;
  // Long pages: as many blocks as contexts need, not the longest page for each.
  if (chip.tile.page_blocks == 0 && pages_in_blocks(chip.tile))
    set(chip, "tile.page_blocks", blocks_of_page(chip.tile, chip.tile.page_chunks));
  return true;
}

/// What to mend first. Weights: clusters of more neurons need less of all else; contexts last.
const Shortfall& first_of(const std::vector<Shortfall>& list, const Chip& chip) {
  for (const MemoryInfo& memory : core_of(chip.tile).memories(chip.tile))
    for (const Shortfall& one : list)
      if (memory.shared && one.key == memory.key) return one;
  for (const Shortfall& one : list)
    if (one.key != "tile.contexts") return one;
  return list.front();
}

/// One thing that is short. What nothing mends now may be none any more when clusters can have more neurons:
/// a neuron then reads fewer channels.
bool mend_one_of(const std::vector<Shortfall>& list, const Outline& outline, Chip& chip) {
  if (mend(outline, chip, first_of(list, chip))) return true;
  return std::any_of(list.begin(), list.end(),
                     [&](const Shortfall& other) { return mend(outline, chip, other); });
}

/// `like` with one kind of tile on this mesh, and with the smallest memories.
Chip bare(const Chip& like, const Mesh& mesh) {
  Chip chip = like;
  chip.name = "smallest";
  chip.more_kinds.clear();
  chip.kind_of.clear();
  chip.width = mesh.width;
  chip.height = mesh.height;
  for (const MemoryInfo& memory : core_of(chip.tile).memories(chip.tile))
    if (!memory.shared || memory.capacity > 256) set(chip, std::string(memory.key), 16);
  return chip;
}

/// "4 × 2 tiles, 812 Kb of memory: tile.weight_words = 4096, …": keys in which it is not the other.
std::string difference(const Chip& chip, const Chip& other) {
  std::string text = std::to_string(chip.width) + " × " + std::to_string(chip.height) + " tiles and " +
                     std::to_string(memory_bits(chip) / 1024) + " Kb of memory";
  std::set<std::string> known;
  std::istringstream old(print(other)), now(print(chip));
  std::string table, line;
  while (std::getline(old, line)) {
    if (line.starts_with("[")) table = line;
    known.insert(table + line);
  }
  const char* before = ": ";
  table.clear();
  while (std::getline(now, line)) {
    if (line.starts_with("[")) table = line;
    if (table.empty() || table == "[mesh]" || line.empty() || known.contains(table + line)) continue;
    text += before + table.substr(1, table.size() - 2) + "." + line;
    before = ", ";
  }
  return text;
}

/// Memories of which the shapes tell nothing: one entry an axon, the most that there can be.
bool fill_untold(const Outline& outline, Chip& chip) {
  const std::uint64_t axons = longest_pages(outline, chip) * hw::kChunkBits / chip.tiles();
  const PopulationFloor some{1, 1, 1, false, {{1, 1, 8}}}, many{4096, 1, 4096, false, {{4096, 16, 8}}};
  const std::vector<MemoryInfo> memories = core_of(chip.tile).memories(chip.tile);
  const std::vector<std::uint64_t> told = core_of(chip.tile).least_amounts(some, chip.tile);
  const std::vector<std::uint64_t> of_many = core_of(chip.tile).least_amounts(many, chip.tile);
  for (std::size_t m = 0; m < memories.size(); ++m)
    if (const std::string key(memories[m].key);
        told[m] == of_many[m] && !memories[m].shared && memories[m].capacity < axons &&
        !raise(chip, key, std::min<std::uint64_t>(axons, largest(key)), 2))
      return false;
  return true;
}

}  // namespace

std::optional<Chip> smallest_chip(const Outline& outline, const Chip& like) {
  std::optional<Chip> best;
  const Mesh& largest_mesh = kMeshes.back();
  if (outline.shapes.populations.size() >
      std::uint64_t{largest_mesh.width} * largest_mesh.height * largest("tile.contexts"))
    return best;
  const IntPopulation& most = widest(outline);
  for (const Mesh& mesh : kMeshes)
    for (const std::uint64_t neurons : {256U, 1024U, 4096U}) {  // of a cluster, to begin with
      Chip chip = bare(like, mesh);
      while (core_of(chip.tile).most_neurons(most, chip.tile).count <
             std::min<std::uint64_t>(neurons, most.size()))
        if (!widen(chip, most)) break;
      bool possible = true;
      std::vector<Shortfall> list;
      for (int n = 0; n < kRaises && possible; ++n) {
        list = shortfalls(outline, chip, 0, Count::kLikely);
        if (list.empty()) break;
        possible = mend_one_of(list, outline, chip);
      }
      possible = possible && list.empty() && fill_untold(outline, chip);
      if (possible && (!best || memory_bits(chip) < memory_bits(*best))) best = chip;
      if (most.size() <= neurons) break;  // larger clusters are the same again
    }
  return best;
}

std::optional<std::string> refusal(const Outline& outline, const Chip& chip, std::uint32_t tiles,
                                   Advice advice) {
  const std::vector<Shortfall> list = shortfalls(outline, chip, tiles);
  if (list.empty()) return std::nullopt;
  std::string text;
  for (const Shortfall& shortfall : list) text += (text.empty() ? "" : "\n  - ") + shortfall.text;
  if (advice == Advice::kNone) return text;
  const std::optional<Chip> would_do = smallest_chip(outline, chip);
  return text + "\n  - " +
         (would_do ? "by these counts the smallest chip that would do has " + difference(*would_do, chip)
                   : "no chip of one kind of tile would do on its own");
}

}  // namespace spikeloom
