#include "compiler/partition/network_limits.hpp"

#include <algorithm>
#include <bit>
#include <string>

#include "compiler/core/core.hpp"
#include "compiler/golden/check.hpp"
#include "spikeloom_hw.hpp"

namespace spikeloom {

Problems chip_problems(const IntNetwork& network, const Layers& layers, const Chip& chip) {
  Problems problems;
  if (network.state_bits != chip.tile.state_bits)
    problems.add("the network saturates at " + std::to_string(network.state_bits) +
                 " bits, the chip has tile.state_bits = " + std::to_string(chip.tile.state_bits) +
                 "; quantise for this chip");
  core_of(chip.tile).problems(network, layers, chip.tile, problems);
  for (std::size_t p = 0; p < layers.size(); ++p) {
    const std::uint32_t batch = core_of(chip.tile).pages_per_firing(chip.tile);
    const std::uint32_t pages = std::min(hw::kLimitPages, chip.tile.page_rows);
    const std::uint32_t most = std::max(pages, batch) - batch;
    for (const Layer& layer : layers[p])
      if (layer.delay > most)
        problems.add("population " + network.populations[p].name + ": delay " + std::to_string(layer.delay) +
                     " from " + source_name(network, layer.from) + ", but pages for at most " +
                     std::to_string(most) + " steps (" + std::to_string(hw::kLimitPages - batch) +
                     ", and tile.page_rows - " + std::to_string(batch) + ")");
  }
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
