#include "hls/crossbar/spikeloom_lif.hpp"

#include "hls/crossbar/lif.hpp"
#include "hls_crossbar_shape.hpp"

using namespace spikeloom::hls;

extern "C" void spikeloom_lif(const std::uint32_t* context, const std::uint32_t* updates,
                              const std::uint32_t* sets, const std::uint32_t* biases,
                              const std::uint32_t* control, const std::int32_t* sums,
                              std::uint32_t* potentials, std::uint32_t* currents, std::uint32_t* out,
                              std::uint32_t* out_count, std::uint32_t steps) {
#pragma HLS INTERFACE m_axi port = context bundle = gmem offset = slave depth = 32
#pragma HLS INTERFACE m_axi port = updates bundle = gmem offset = slave depth = 4096
#pragma HLS INTERFACE m_axi port = sets bundle = gmem offset = slave depth = 4096
#pragma HLS INTERFACE m_axi port = biases bundle = gmem offset = slave depth = 4096
#pragma HLS INTERFACE m_axi port = control bundle = gmem offset = slave depth = 16
#pragma HLS INTERFACE m_axi port = sums bundle = gmem_sums offset = slave depth = 4096
#pragma HLS INTERFACE m_axi port = potentials bundle = gmem_state offset = slave depth = 4096
#pragma HLS INTERFACE m_axi port = currents bundle = gmem_state offset = slave depth = 4096
#pragma HLS INTERFACE m_axi port = out bundle = gmem_out offset = slave depth = 4096
#pragma HLS INTERFACE m_axi port = out_count bundle = gmem_out offset = slave depth = 16
#pragma HLS INTERFACE s_axilite port = steps
#pragma HLS INTERFACE s_axilite port = return
  typedef CrossbarShape S;
  static ContextRegisters registers;
  static UpdateProgram<S> program;
  static ParameterSets<S> set_table;
  static Biases<S> bias_table;
  static States<S> v, i;
  static Sums<S> totals;
  static OutChunk chunks[S::kUpdateEntries];
#pragma HLS ARRAY_PARTITION variable = registers complete dim = 0
#pragma HLS ARRAY_PARTITION variable = program complete dim = 2
#pragma HLS ARRAY_PARTITION variable = set_table complete dim = 2
#pragma HLS ARRAY_PARTITION variable = bias_table complete dim = 2
#pragma HLS ARRAY_PARTITION variable = v complete dim = 2
#pragma HLS ARRAY_PARTITION variable = i complete dim = 2
#pragma HLS ARRAY_PARTITION variable = totals complete dim = 2
  load(context, registers);
  load(updates, program);
  load(sets, set_table);
  load(biases, bias_table);
  load(potentials, v);
  load(currents, i);
  const UpdateContext update_context(registers);
STEPS:
  for (std::uint32_t t = 0; t < steps; ++t) {
  SUMS:
    for (int n = 0; n < S::kGroups * S::kLanes; ++n) {
#pragma HLS PIPELINE II = 1
      totals[n / S::kLanes][n % S::kLanes] =
          sums[t * (S::kGroups * S::kLanes) + static_cast<std::uint32_t>(n)];
    }
    const StepControl step(control[t]);
    const int pushed = update<S>(program, set_table, bias_table, v, i, totals, update_context,
                                 step.count == 0, step.last, chunks);
  PUSH:
    for (int n = 0; n < S::kUpdateEntries; ++n) {
#pragma HLS PIPELINE II = 1
      if (n >= pushed) break;
      out[t * S::kUpdateEntries + static_cast<std::uint32_t>(n)] =
          static_cast<std::uint32_t>(chunks[n].index) << layout::kChunkBits | chunks[n].mask;
    }
    out_count[t] = static_cast<std::uint32_t>(pushed);
  }
  store(v, potentials);
  if (S::kCurrent != 0) store(i, currents);
}
