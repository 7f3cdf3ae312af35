#include "compiler/partition/kinds.hpp"

namespace spikeloom {

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

}  // namespace spikeloom
