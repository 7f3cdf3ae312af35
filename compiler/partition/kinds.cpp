#include "compiler/partition/kinds.hpp"

#include <algorithm>

namespace spikeloom {

std::vector<std::uint32_t> tiles_by_kind(const Chip& chip, std::uint32_t tiles) {
  std::vector<std::uint32_t> count(chip.kinds(), 0);
  const std::uint32_t used = tiles == 0 ? chip.tiles() : std::min(tiles, chip.tiles());
  for (std::uint32_t t = 0; t < used; ++t) ++count[chip.kind_number(TileId{t})];
  return count;
}

std::vector<std::optional<std::uint32_t>> prefer(const std::vector<std::vector<KindAnswer>>& answers,
                                                 const std::vector<std::uint32_t>& tiles,
                                                 const std::vector<std::optional<std::uint32_t>>& wanted) {
  std::vector<std::optional<std::uint32_t>> chosen(answers.size());
  std::vector<std::uint64_t> clusters(tiles.size(), 0);  // by kind
  const auto wants = [&](std::size_t p) { return wanted.empty() ? std::nullopt : wanted[p]; };
  const auto take = [&](std::size_t p, std::size_t kind) {
    chosen[p] = static_cast<std::uint32_t>(kind);
    clusters[kind] += answers[p][kind].clusters;
  };
  for (std::size_t p = 0; p < answers.size(); ++p)
    if (const auto kind = wants(p); kind && answers[p][*kind].clusters != 0) take(p, *kind);
  for (std::size_t p = 0; p < answers.size(); ++p) {
    if (wants(p)) continue;
    std::optional<std::size_t> best;
    // Clusters on kind k's tiles if the population came too.
    const auto after = [&](std::size_t k) { return clusters[k] + answers[p][k].clusters; };
    for (std::size_t k = 0; k < tiles.size(); ++k) {
      if (answers[p][k].clusters == 0 || tiles[k] == 0) continue;
      if (after(k) <= tiles[k]) {
        best = k;
        break;
      }
      if (!best || after(k) * tiles[*best] < after(*best) * tiles[k]) best = k;
    }
    if (best) take(p, *best);
  }
  return chosen;
}

std::string who_has(const Chip& chip, std::uint32_t kind) {
  return chip.kinds() == 1 ? "the chip" : "kind " + chip.kind(kind).name;
}

std::string on_kind(const Chip& chip, std::uint32_t kind) {
  return chip.kinds() == 1 ? "" : " on kind " + chip.kind(kind).name;
}

std::string of_kind(const Chip& chip, std::uint32_t kind) {
  return chip.kinds() == 1 ? "" : " of kind " + chip.kind(kind).name;
}

}  // namespace spikeloom
