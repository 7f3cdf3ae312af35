#include "hls/systolic/spikeloom_systolic.hpp"

#include "hls/systolic/systolic.hpp"
#include "hls_systolic_shape.hpp"

using namespace spikeloom::hls;

extern "C" void spikeloom_systolic(const std::uint32_t* context, const std::uint32_t* blocks,
                                   const std::uint32_t* folds, const std::uint32_t* matrices,
                                   const std::uint32_t* updates, const std::uint32_t* sets,
                                   const std::uint32_t* biases, const std::uint32_t* control,
                                   const std::uint16_t* pages, std::uint32_t* potentials,
                                   std::uint32_t* currents, std::uint32_t* out, std::uint32_t* out_count,
                                   std::uint32_t* cycles, std::uint32_t steps) {
#pragma HLS INTERFACE m_axi port = context bundle = gmem offset = slave depth = 32
#pragma HLS INTERFACE m_axi port = blocks bundle = gmem offset = slave depth = 4096
#pragma HLS INTERFACE m_axi port = folds bundle = gmem offset = slave depth = 16384
#pragma HLS INTERFACE m_axi port = matrices bundle = gmem offset = slave depth = 16384
#pragma HLS INTERFACE m_axi port = updates bundle = gmem offset = slave depth = 4096
#pragma HLS INTERFACE m_axi port = sets bundle = gmem offset = slave depth = 4096
#pragma HLS INTERFACE m_axi port = biases bundle = gmem offset = slave depth = 4096
#pragma HLS INTERFACE m_axi port = control bundle = gmem offset = slave depth = 16
#pragma HLS INTERFACE m_axi port = pages bundle = gmem_pages offset = slave depth = 4096
#pragma HLS INTERFACE m_axi port = potentials bundle = gmem_state offset = slave depth = 4096
#pragma HLS INTERFACE m_axi port = currents bundle = gmem_state offset = slave depth = 4096
#pragma HLS INTERFACE m_axi port = out bundle = gmem_out offset = slave depth = 8192
#pragma HLS INTERFACE m_axi port = out_count bundle = gmem_out offset = slave depth = 16
#pragma HLS INTERFACE m_axi port = cycles bundle = gmem_out offset = slave depth = 2
#pragma HLS INTERFACE s_axilite port = steps
#pragma HLS INTERFACE s_axilite port = return
  typedef SystolicShape S;
  static ContextRegisters registers;
  static BlockTable<S> block_table;
  static FoldTable<S> fold_table;
  static Matrices<S> matrix_words;
  static UpdateProgram<S> program;
  static ParameterSets<S> set_table;
  static Biases<S> bias_table;
  static States<S> v, i;
  static Bank<S> banks[2];
  static FiringPages<S> page_table;
  static FiringLists<S> lists;
  FiringControl<S> firing;
  std::uint32_t pushed[S::kSystolicPages];
#pragma HLS ARRAY_PARTITION variable = registers complete dim = 0
#pragma HLS ARRAY_PARTITION variable = block_table complete dim = 2
#pragma HLS ARRAY_PARTITION variable = fold_table complete dim = 2
#pragma HLS ARRAY_PARTITION variable = matrix_words complete dim = 2
#pragma HLS ARRAY_PARTITION variable = program complete dim = 2
#pragma HLS ARRAY_PARTITION variable = set_table complete dim = 2
#pragma HLS ARRAY_PARTITION variable = bias_table complete dim = 2
#pragma HLS ARRAY_PARTITION variable = v complete dim = 2
#pragma HLS ARRAY_PARTITION variable = i complete dim = 2
#pragma HLS ARRAY_PARTITION variable = banks complete dim = 1
#pragma HLS ARRAY_PARTITION variable = banks complete dim = 3
#pragma HLS ARRAY_PARTITION variable = firing.limit complete
#pragma HLS ARRAY_PARTITION variable = firing.fresh complete
#pragma HLS ARRAY_PARTITION variable = firing.last complete
#pragma HLS ARRAY_PARTITION variable = pushed complete
  load(context, registers);
  load(blocks, block_table);
  load(folds, fold_table);
  load(matrices, matrix_words);
  load(updates, program);
  load(sets, set_table);
  load(biases, bias_table);
  load(potentials, v);
  load(currents, i);
  firing.pages = steps > S::kSystolicPages ? S::kSystolicPages : static_cast<int>(steps);
PAGES:
  for (int t = 0; t < S::kSystolicPages; ++t) {
    if (t >= firing.pages) break;
    const StepControl step(control[t]);
    const std::uint32_t limit = registers[layout::kAddrContextLimit + step.count][0];
    firing.limit[t] = limit > S::kPageChunks ? static_cast<std::uint32_t>(S::kPageChunks) : limit;
    firing.fresh[t] = step.count == 0;
    firing.last[t] = step.last;
  PAGE:
    for (int c = 0; c < S::kPageChunks; ++c) {
#pragma HLS PIPELINE II = 1
      page_table[t][c] = pages[t * S::kPageChunks + c];
    }
  }
  const UpdateContext update_context(registers);
  FiringIterations iterations;
  fire_context<S>(update_context,
                  field<layout::RegContextTablesFirstChunk>(registers, layout::kAddrContextTables),
                  block_table, fold_table, matrix_words, page_table, firing, program, set_table, bias_table,
                  v, i, banks, lists, pushed, iterations);
LISTS:
  for (int t = 0; t < S::kSystolicPages; ++t) {
    if (t >= firing.pages) break;
  PUSH:
    for (int n = 0; n < S::kUpdateEntries; ++n) {
#pragma HLS PIPELINE II = 1
      if (static_cast<std::uint32_t>(n) >= pushed[t]) break;
      out[t * S::kUpdateEntries + n] =
          static_cast<std::uint32_t>(lists[t][n].index) << layout::kChunkBits | lists[t][n].mask;
    }
    out_count[t] = pushed[t];
  }
  cycles[0] = static_cast<std::uint32_t>(iterations.freed);
  cycles[1] = static_cast<std::uint32_t>(iterations.listed);
  store(v, potentials);
  if (S::kCurrent != 0) store(i, currents);
}
