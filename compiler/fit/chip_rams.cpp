#include "compiler/fit/chip_rams.hpp"

#include <utility>

#include "compiler/chip/kinds.hpp"
#include "compiler/chip/pages.hpp"
#include "compiler/core/core.hpp"
#include "spikeloom_hw.hpp"

namespace spikeloom {
namespace {

constexpr std::uint64_t kRouteBits = 15;  // of a router's slot: rtl/noc/router.sv

void add(std::vector<Ram>& list, const char* name, std::uint64_t width, std::uint64_t depth,
         std::uint64_t count = 1) {
  list.push_back({name, width, depth, width, count});
}

/// What holds the pages: rtl/node/flat_pages.sv, block_pages.sv and row_bits.sv.
void add_pages(const TileKind& kind, std::vector<Ram>& list) {
  const std::uint64_t rows = kind.page_rows;
  if (!pages_in_blocks(kind)) {
    add(list, "page valid bits", kind.page_chunks, rows, 2);
    add(list, "page masks", hw::kChunkBits, rows << index_bits(kind.page_chunks));
    return;
  }
  const std::uint64_t blocks = page_blocks(kind);
  add(list, "page summaries", blocks_of_page(kind, kind.page_chunks), rows, 2);
  add(list, "first blocks", index_bits(blocks), rows, 2);
  add(list, "block valid bits", hw::kPageBlockChunks, blocks, 2);
  add(list, "page masks", hw::kChunkBits, blocks * hw::kPageBlockChunks);
}

/// Bits of the spike sinks of all applications: a slot of the host port names one.
constexpr std::uint64_t kSinkBits = index_bits(hw::kLimitHostSinks);

}  // namespace

std::vector<Ram> tile_rams(const Chip& chip, const TileKind& kind) {
  std::vector<Ram> list = core_of(kind).rams(kind);
  add_pages(kind, list);
  const std::uint64_t deliveries = index_bits(kind.deliveries);
  const std::uint64_t index = chip.chunk_index_bits;
  add(list, "delivery pages", index_bits(kind.contexts) + 1 + index_bits(kind.page_chunks), kind.deliveries);
  add(list, "delivery ranges", index + (index < 16 ? index + 1 : 16), kind.deliveries);
  add(list, "output lists", index + hw::kChunkBits, std::uint64_t{1} << index_bits(kind.out_entries));
  add(list, "spike slots", index_bits(kind.channels) + deliveries + 2, chip.spike_wheel);
  add(list, "credit slots", deliveries + index_bits(kind.credit_counters) + 2, chip.credit_wheel);
  add(list, "spike routes", kRouteBits, chip.spike_wheel);
  add(list, "credit routes", kRouteBits, chip.credit_wheel);
  return list;
}

std::vector<Ram> chip_rams(const Chip& chip) {
  std::vector<Ram> list;
  const std::vector<std::uint32_t> tiles = tiles_by_kind(chip, 0);
  for (std::uint32_t k = 0; k < chip.kinds(); ++k) {
    if (tiles[k] == 0) continue;
    for (Ram& ram : tile_rams(chip, chip.kind(k))) {
      ram.count *= tiles[k];
      if (chip.kinds() > 1) ram.name = chip.kind(k).name + ": " + ram.name;
      list.push_back(std::move(ram));
    }
  }
  const std::uint64_t channels = index_bits(chip.host.channels);
  add(list, "host spike slots", channels + kSinkBits + 2, chip.spike_wheel);
  add(list, "host credit slots", index_bits(chip.host.credit_counters) + 1, chip.credit_wheel);
  add(list, "host queues", hw::kChunkBits + chip.chunk_index_bits + channels + 2, chip.host.queue_words,
      chip.host.applications);
  add(list, "host output", 64, chip.host.output_words);
  return list;
}

std::uint64_t memory_bits(const Chip& chip) {
  std::uint64_t bits = 0;
  for (const Ram& ram : chip_rams(chip)) bits += ram.bits();
  return bits;
}

}  // namespace spikeloom
