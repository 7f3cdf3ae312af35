// LIF core: a context's update program, one entry (LIF_LANES neurons, one parameter set) a cycle.
//
// An entry is what every core does with one (hls/neuron/update.hpp). Interfaces: see spikeloom_lif.cpp.
//
// contract: loop UPDATE ii = 1
// contract: loop LOAD ii = 1
// contract: loop STORE ii = 1
// contract: latency steps * (96 + entries + groups * lanes + outputs) + load + store
//   entries: of the update program; outputs: chunks pushed in a step; load, store: parts of the tables and
//   states. An upper bound: a burst's memory latency is not in it.
// contract: resource DSP 16
// contract: resource BRAM_18K 160
// contract: resource LUT 60000
// contract: resource FF 60000
//   Two products a LIF lane, two DSPs each (24 × 13 bits). Ceilings for chips/tile1.toml, estimated.
#pragma once

#include <cstdint>

#include "hls/crossbar/rows.hpp"
#include "hls/neuron/update.hpp"

namespace spikeloom {
namespace hls {

/// One step's update. `push_last`: the step's page ends its sample; `fresh`: old states read as 0.
/// Returns the number of chunks in `out`, in the order pushed.
template <class Shape>
int update(const UpdateProgram<Shape>& updates, const ParameterSets<Shape>& sets, const Biases<Shape>& biases,
           States<Shape>& potentials, States<Shape>& currents, const Sums<Shape>& sums,
           const UpdateContext& context, bool fresh, bool push_last, OutChunk (&out)[Shape::kUpdateEntries]) {
  UpdateLanes<Shape> lanes;
#pragma HLS ARRAY_PARTITION variable = lanes.held_v complete
#pragma HLS ARRAY_PARTITION variable = lanes.held_i complete
#pragma HLS ARRAY_PARTITION variable = lanes.next_v complete
#pragma HLS ARRAY_PARTITION variable = lanes.next_i complete
  lanes.begin(0);
  int pushed = 0;
UPDATE:
  for (int n = 0; n < Shape::kUpdateEntries; ++n) {
#pragma HLS PIPELINE II = 1
#pragma HLS DEPENDENCE variable = potentials type = inter direction = RAW distance = 6 true
#pragma HLS DEPENDENCE variable = currents type = inter direction = RAW distance = 6 true
    const std::uint32_t at = context.first + static_cast<std::uint32_t>(n);
    if (static_cast<std::uint32_t>(n) >= context.count || at >= Shape::kUpdateEntries) break;
    const UpdateEntry entry(updates, at);
    const std::uint32_t neuron = entry.group * Shape::kLifLanes;
    if (neuron >= Shape::kGroups * Shape::kLanes) continue;
    Signed<Shape::kAccBits> own[Shape::kLifLanes];
#pragma HLS ARRAY_PARTITION variable = own complete
    for (int lane = 0; lane < Shape::kLifLanes; ++lane) {
#pragma HLS UNROLL
      const std::uint32_t of = neuron + static_cast<std::uint32_t>(lane);
      own[lane] = sums[of / Shape::kLanes][of % Shape::kLanes];
    }
    OutChunk chunk;
    if (update_entry<Shape>(entry, own, sets, biases, potentials, currents, context, fresh, push_last, lanes,
                            chunk)) {
      out[pushed] = chunk;
      ++pushed;
    }
  }
  return pushed;
}

}  // namespace hls
}  // namespace spikeloom
