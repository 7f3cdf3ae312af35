#include "compiler/partition/network_limits.hpp"

#include <algorithm>
#include <bit>
#include <string>

#include "compiler/chip/kinds.hpp"
#include "compiler/core/core.hpp"
#include "compiler/golden/check.hpp"
#include "spikeloom_hw.hpp"

namespace spikeloom {

Problems chip_problems(const IntNetwork& network, const Chip& chip) {
  Problems problems;
  if (network.state_bits != chip.tile.state_bits)
    problems.add("the network saturates at " + std::to_string(network.state_bits) +
                 " bits, the chip has tile.state_bits = " + std::to_string(chip.tile.state_bits) +
                 "; quantise for this chip");
  std::size_t chunks = 0;
  for (const IntInput& input : network.inputs)
    chunks += (input.axons() + hw::kChunkBits - 1) / hw::kChunkBits;
  if (chunks > (1U << chip.chunk_index_bits))
    problems.add("the inputs need " + std::to_string(chunks) +
                 " chunks of 16 axons, noc.chunk_index_bits = " + std::to_string(chip.chunk_index_bits) +
                 " numbers " + std::to_string(1U << chip.chunk_index_bits) + "; " +
                 std::to_string(std::bit_width(chunks - 1)) + " bits would do");
  return problems;
}

std::uint32_t longest_delay(const TileKind& kind) {
  const std::uint32_t batch = core_of(kind).pages_per_firing(kind);
  return std::max(std::min(hw::kLimitPages, kind.page_rows), batch) - batch;
}

std::uint64_t most_neurons(const IntPopulation& population, const Chip& chip, const TileKind& kind) {
  const std::uint64_t indices =
      std::min(std::uint64_t{kind.out_entries} / core_of(kind).pages_per_firing(kind),
               std::uint64_t{1} << chip.chunk_index_bits);
  return std::min(core_of(kind).most_neurons(population, kind).count,
                  population.is_readout() ? indices / 2 : indices * hw::kChunkBits);
}

std::optional<std::string> too_many_neurons(const IntNetwork& network, const Chip& chip,
                                            std::uint32_t tiles) {
  const std::vector<std::uint32_t> of_kind = tiles_by_kind(chip, tiles);
  std::uint64_t contexts = 0, tile_count = 0;
  for (std::uint32_t k = 0; k < chip.kinds(); ++k) {
    contexts += std::uint64_t{of_kind[k]} * chip.kind(k).contexts;
    tile_count += of_kind[k];
  }
  std::uint64_t clusters = 0, neurons = 0;
  const IntPopulation* largest = nullptr;
  std::uint64_t most = 0;  // of the largest population in a cluster
  for (const IntPopulation& population : network.populations) {
    std::uint64_t widest = 0;
    for (std::uint32_t k = 0; k < chip.kinds(); ++k)
      if (of_kind[k] != 0) widest = std::max(widest, most_neurons(population, chip, chip.kind(k)));
    if (widest == 0) continue;  // the partition says why
    clusters += (population.size() + widest - 1) / widest;
    neurons += population.size();
    if (largest != nullptr && population.size() <= largest->size()) continue;
    largest = &population;
    most = widest;
  }
  if (clusters <= contexts) return std::nullopt;
  const std::uint64_t of_tile = std::max<std::uint64_t>(1, contexts / std::max<std::uint64_t>(1, tile_count));
  const std::string why = " ('" + largest->name + "', the largest, has " + std::to_string(largest->size()) +
                          ", of which a cluster holds at most " + std::to_string(most) + ")";
  return std::to_string(neurons) + " neurons in " + std::to_string(network.populations.size()) +
         (network.populations.size() == 1 ? " population" : " populations") + " need at least " +
         std::to_string(clusters) + " clusters" + (largest->size() > most ? why : "") + "; " +
         std::to_string(tile_count) + (tile_count == 1 ? " tile has" : " tiles have") + " contexts for " +
         std::to_string(contexts) + "; a chip with at least " +
         std::to_string((clusters + of_tile - 1) / of_tile) + " such tiles is needed";
}

std::vector<std::string> kind_problems(const IntNetwork& network, const Layers& layers, const TileKind& kind,
                                       PopulationId id) {
  const std::vector<Layer>& own = layers[id.index()];
  std::vector<std::string> problems = core_of(kind).problems(network, id, own, kind);
  const std::uint32_t batch = core_of(kind).pages_per_firing(kind);
  if (2 * batch > hw::kLimitPages)
    problems.push_back("a firing takes up to " + std::to_string(batch) +
                       " steps, for which a context needs " + std::to_string(2 * batch) +
                       " pages; it has at most " + std::to_string(hw::kLimitPages) + ", so that firings of " +
                       std::to_string(hw::kLimitPages / 2) + " steps would do");
  const std::uint32_t most = longest_delay(kind);
  for (const Layer& layer : own)
    if (layer.delay > most)
      problems.push_back("delay " + std::to_string(layer.delay) + " from " +
                         source_name(network, layer.from) + ", but pages for at most " +
                         std::to_string(most) + " steps (" + std::to_string(hw::kLimitPages - batch) +
                         ", and tile.page_rows - " + std::to_string(batch) + ")");
  return problems;
}

std::vector<std::uint32_t> first_axons(const IntNetwork& network) {
  std::vector<std::uint32_t> first;
  std::size_t next = 0;
  for (const IntInput& input : network.inputs) {
    first.push_back(static_cast<std::uint32_t>(next));
    next += (input.axons() + hw::kChunkBits - 1) / hw::kChunkBits * hw::kChunkBits;
  }
  return first;
}

}  // namespace spikeloom
