#include "host/opencl/crossbar/crossbar_kernels.hpp"

#include "compiler/core/crossbar/tables.hpp"

namespace spikeloom::opencl {
namespace {

std::uint32_t lanes_of_group(const TileKind& tile) { return tile.lanes; }

ContextTables crossbar_tables(const TileKind& tile, const device_model::ContextRegisters& registers,
                              const device_model::NodeMemory&, std::uint32_t neurons) {
  const device_model::CoreContext context = device_model::core_context(registers);
  return {context.tables.first_chunk, context.update.first,     context.update.count,
          context.state.first_word,   context.state.first_bias, (neurons + tile.lanes - 1) / tile.lanes};
}

}  // namespace

const CoreKernels kCrossbarKernels{
    crossbar::kName, {hw::kMemChunks, hw::kMemAxons, hw::kMemWeights}, true, lanes_of_group, crossbar_tables};

}  // namespace spikeloom::opencl
