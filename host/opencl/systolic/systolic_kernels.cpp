#include "host/opencl/systolic/systolic_kernels.hpp"

#include "compiler/core/systolic/tables.hpp"

namespace spikeloom::opencl {
namespace {

std::uint32_t columns_of_array(const TileKind& tile) { return tile.systolic_columns; }

/// Groups are blocks. The update entries of all blocks follow one another.
ContextTables systolic_tables(const TileKind&, const device_model::ContextRegisters& registers,
                              const device_model::NodeMemory& tile, std::uint32_t) {
  const systolic::Context context = systolic::context_of(registers);
  ContextTables tables{context.first_block, context.first_update, 0,
                       context.first_word,  context.first_bias,   context.blocks};
  const device_model::Memory& blocks = tile.memories[hw::kMemBlocks];
  for (std::uint32_t b = 0; b < context.blocks; ++b) {
    decltype(hw::MemBlockEntry{}.pack()) parts{};
    for (std::size_t p = 0; p < parts.size(); ++p) parts[p] = blocks.part(context.first_block + b, p);
    tables.updates += hw::MemBlockEntry::unpack(parts).updates;
  }
  return tables;
}

}  // namespace

const CoreKernels kSystolicKernels{systolic::kName,
                                   {hw::kMemBlocks, hw::kMemFolds, hw::kMemMatrices},
                                   false,
                                   columns_of_array,
                                   systolic_tables};

}  // namespace spikeloom::opencl
