#include "hls/crossbar/spikeloom_crossbar.hpp"

#include "hls/crossbar/crossbar.hpp"
#include "hls_crossbar_shape.hpp"

using namespace spikeloom::hls;

extern "C" void spikeloom_crossbar(const std::uint32_t* context, const std::uint32_t* chunks,
                                   const std::uint32_t* axons, const std::uint32_t* weights,
                                   const std::uint32_t* control, const std::uint16_t* pages,
                                   std::int32_t* sums, std::uint32_t steps) {
#pragma HLS INTERFACE m_axi port = context bundle = gmem offset = slave depth = 32
#pragma HLS INTERFACE m_axi port = chunks bundle = gmem offset = slave depth = 4096
#pragma HLS INTERFACE m_axi port = axons bundle = gmem offset = slave depth = 4096
#pragma HLS INTERFACE m_axi port = weights bundle = gmem offset = slave depth = 8192
#pragma HLS INTERFACE m_axi port = control bundle = gmem offset = slave depth = 16
#pragma HLS INTERFACE m_axi port = pages bundle = gmem_pages offset = slave depth = 4096
#pragma HLS INTERFACE m_axi port = sums bundle = gmem_sums offset = slave depth = 4096
#pragma HLS INTERFACE s_axilite port = steps
#pragma HLS INTERFACE s_axilite port = return
  typedef CrossbarShape S;
  static ContextRegisters registers;
  static std::uint32_t chunk_table[S::kChunkEntries][layout::kMemChunkEntryParts];
  static std::uint32_t axon_table[S::kAxonEntries][layout::kMemAxonEntryParts];
  static Weights<S> weight_table;
  static Sums<S> totals;
#pragma HLS ARRAY_PARTITION variable = registers complete dim = 0
#pragma HLS ARRAY_PARTITION variable = chunk_table complete dim = 2
#pragma HLS ARRAY_PARTITION variable = axon_table complete dim = 2
#pragma HLS ARRAY_PARTITION variable = weight_table complete dim = 2
#pragma HLS ARRAY_PARTITION variable = totals complete dim = 2
  load(context, registers);
  load(chunks, chunk_table);
  load(axons, axon_table);
  load(weights, weight_table);
  const std::uint32_t first_chunk =
      field<layout::RegContextTablesFirstChunk>(registers, layout::kAddrContextTables);
STEPS:
  for (std::uint32_t t = 0; t < steps; ++t) {
    std::uint16_t page[S::kPageChunks];
    bool touched[S::kGroups];
#pragma HLS ARRAY_PARTITION variable = touched complete
  PAGE:
    for (int c = 0; c < S::kPageChunks; ++c) {
#pragma HLS PIPELINE II = 1
      page[c] = pages[t * S::kPageChunks + static_cast<std::uint32_t>(c)];
    }
    const StepControl step(control[t]);
    integrate<S>(page, registers[layout::kAddrContextLimit + step.count][0], first_chunk, chunk_table,
                 axon_table, weight_table, totals, touched);
  DRAIN:
    for (int n = 0; n < S::kGroups * S::kLanes; ++n) {
#pragma HLS PIPELINE II = 1
      const std::int64_t sum = static_cast<std::int64_t>(totals[n / S::kLanes][n % S::kLanes]);
      sums[t * (S::kGroups * S::kLanes) + static_cast<std::uint32_t>(n)] =
          touched[n / S::kLanes] ? static_cast<std::int32_t>(sum) : 0;
    }
  }
}
