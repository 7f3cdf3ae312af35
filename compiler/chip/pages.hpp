// How a tile keeps its pages: docs/protocol.md, section 3. Flat ones have one length. Where a page may be
// longer than those can be, or the chip file says tile.page_blocks, pages are made of blocks and a context's
// have as many as it needs.
#pragma once

#include <cstdint>

#include "spikeloom_hw.hpp"
#include "spikeloom_parameters.hpp"

namespace spikeloom {

[[nodiscard]] constexpr bool pages_in_blocks(const NodeTileConfig& tile) {
  return tile.page_blocks > 0 || tile.page_chunks > hw::kLimitFlatPageChunks;
}
/// Blocks that a page of so many chunks takes on such a tile; 0: it has none.
[[nodiscard]] constexpr std::uint32_t blocks_of_page(const NodeTileConfig& tile, std::size_t chunks) {
  if (!pages_in_blocks(tile)) return 0;
  return static_cast<std::uint32_t>((chunks + hw::kPageBlockChunks - 1) / hw::kPageBlockChunks);
}
/// Blocks that such a tile has.
[[nodiscard]] constexpr std::uint32_t page_blocks(const NodeTileConfig& tile) {
  return tile.page_blocks > 0 ? tile.page_blocks : tile.page_rows * blocks_of_page(tile, tile.page_chunks);
}

/// Cycles by which a core gets the first chunk of a page in blocks later than that of a flat one: the walk
/// reads the page's summary first. rtl/node/block_pages.sv states it; tests/rtl_net measures it.
inline constexpr std::int64_t kSummaryCycles = 2;
[[nodiscard]] constexpr std::int64_t page_delay(const NodeTileConfig& tile) {
  return pages_in_blocks(tile) ? kSummaryCycles : 0;
}

}  // namespace spikeloom
