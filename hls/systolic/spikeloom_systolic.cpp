#include "hls/systolic/spikeloom_systolic.hpp"

#include "hls/systolic/systolic.hpp"
#include "hls_kernel_shape.hpp"

using namespace spikeloom::hls;

extern "C" void spikeloom_systolic(const std::uint32_t* context, const std::uint32_t* chunks,
                                   const std::uint32_t* axons, const std::uint32_t* weights,
                                   const std::uint32_t* control, const std::uint16_t* pages,
                                   std::int32_t* sums, std::uint32_t* cycles, std::uint32_t steps,
                                   std::uint32_t groups) {
#pragma HLS INTERFACE m_axi port = context bundle = gmem offset = slave depth = 32
#pragma HLS INTERFACE m_axi port = chunks bundle = gmem offset = slave depth = 4096
#pragma HLS INTERFACE m_axi port = axons bundle = gmem offset = slave depth = 4096
#pragma HLS INTERFACE m_axi port = weights bundle = gmem offset = slave depth = 8192
#pragma HLS INTERFACE m_axi port = control bundle = gmem offset = slave depth = 16
#pragma HLS INTERFACE m_axi port = pages bundle = gmem_pages offset = slave depth = 4096
#pragma HLS INTERFACE m_axi port = sums bundle = gmem_sums offset = slave depth = 4096
#pragma HLS INTERFACE m_axi port = cycles bundle = gmem_sums offset = slave depth = 1
#pragma HLS INTERFACE s_axilite port = steps
#pragma HLS INTERFACE s_axilite port = groups
#pragma HLS INTERFACE s_axilite port = return
  typedef KernelShape S;
  static ContextRegisters registers;
  static std::uint32_t chunk_table[S::kChunkEntries][layout::kMemChunkEntryParts];
  static std::uint32_t axon_table[S::kAxonEntries][layout::kMemAxonEntryParts];
  static Weights<S> weight_table;
  static BatchPages<S> page_table;
  static BatchSums<S> totals;
  std::uint32_t limits[kMaxBatch];
#pragma HLS ARRAY_PARTITION variable = registers complete dim = 0
#pragma HLS ARRAY_PARTITION variable = chunk_table complete dim = 2
#pragma HLS ARRAY_PARTITION variable = axon_table complete dim = 2
#pragma HLS ARRAY_PARTITION variable = weight_table complete dim = 2
#pragma HLS ARRAY_PARTITION variable = page_table complete dim = 1
#pragma HLS ARRAY_PARTITION variable = totals complete dim = 3
#pragma HLS ARRAY_PARTITION variable = limits complete
  load(context, registers);
  load(chunks, chunk_table);
  load(axons, axon_table);
  load(weights, weight_table);
  const int batch = steps > kMaxBatch ? kMaxBatch : static_cast<int>(steps);
  const int used = groups > S::kGroups ? S::kGroups : static_cast<int>(groups);
  std::uint32_t block_chunks = 0;
PAGES:
  for (int t = 0; t < kMaxBatch; ++t) {
    if (t >= batch) break;
    const std::uint32_t limit = registers[layout::kAddrContextLimit + StepControl(control[t]).count][0];
    limits[t] = limit > S::kPageChunks ? static_cast<std::uint32_t>(S::kPageChunks) : limit;
    if (limits[t] > block_chunks) block_chunks = limits[t];
  PAGE:
    for (int c = 0; c < S::kPageChunks; ++c) {
#pragma HLS PIPELINE II = 1
      page_table[t][c] = pages[t * S::kPageChunks + c];
    }
  }
  *cycles = static_cast<std::uint32_t>(
      systolic<S>(page_table, limits, batch, static_cast<int>(block_chunks), used,
                  field<layout::RegContextTablesFirstChunk>(registers, layout::kAddrContextTables),
                  chunk_table, axon_table, weight_table, totals));
DRAIN:
  for (int t = 0; t < kMaxBatch; ++t) {
    if (t >= batch) break;
  SUMS:
    for (int n = 0; n < S::kGroups * S::kLanes; ++n) {
#pragma HLS PIPELINE II = 1
      const bool held = block_chunks != 0 && n / S::kLanes < used;
      sums[t * S::kGroups * S::kLanes + n] =
          held ? static_cast<std::int32_t>(static_cast<std::int64_t>(totals[t][n / S::kLanes][n % S::kLanes]))
               : 0;
    }
  }
}
