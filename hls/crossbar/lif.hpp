// LIF core: a context's update program, one entry (LIF_LANES neurons, one parameter set) a cycle.
//
// Arithmetic: compiler/golden/int_network.hpp. The entries of one group stand together and see the state that
// was there before the first of them (docs/protocol.md, section 7), so no word is read after it was written
// in a step. Interfaces: see spikeloom_lif.cpp.
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

#include "hls/rows.hpp"

namespace spikeloom {
namespace hls {

struct OutChunk {
  std::uint16_t index = 0;
  std::uint16_t mask = 0;
};

/// What a context's registers say of its update.
struct UpdateContext {
  std::uint32_t first, count, first_word;
  bool readout, last_only;
  explicit UpdateContext(const ContextRegisters& registers)
      : first(field<layout::RegContextUpdateFirst>(registers, layout::kAddrContextUpdate)),
        count(field<layout::RegContextUpdateCount>(registers, layout::kAddrContextUpdate)),
        first_word(field<layout::RegContextStateFirstWord>(registers, layout::kAddrContextState)),
        readout(field<layout::RegContextModeReadout>(registers, layout::kAddrContextMode) != 0),
        last_only(field<layout::RegContextModeLastOnly>(registers, layout::kAddrContextMode) != 0) {}
};

template <class Shape>
using States = std::uint32_t[Shape::kStateWords][Shape::kLifLanes];

/// One step's update. `push_last`: the step's page ends its sample; `fresh`: old states read as 0.
/// Returns the number of chunks in `out`, in the order pushed.
template <class Shape>
int update(const std::uint32_t (&updates)[Shape::kUpdateEntries][layout::kMemUpdateEntryParts],
           const std::uint32_t (&sets)[Shape::kParamSets][layout::kMemSetEntryParts],
           const States<Shape>& biases, States<Shape>& potentials, States<Shape>& currents,
           const Sums<Shape>& sums, const UpdateContext& context, bool fresh, bool push_last,
           OutChunk (&out)[Shape::kUpdateEntries]) {
  typedef Signed<Shape::kStateBits> State;
  State held_v[Shape::kLifLanes], held_i[Shape::kLifLanes], next_v[Shape::kLifLanes],
      next_i[Shape::kLifLanes];
#pragma HLS ARRAY_PARTITION variable = held_v complete
#pragma HLS ARRAY_PARTITION variable = held_i complete
#pragma HLS ARRAY_PARTITION variable = next_v complete
#pragma HLS ARRAY_PARTITION variable = next_i complete
  const bool push = !context.readout || !context.last_only || push_last;
  std::uint32_t held_group = 0xffffffffU;
  std::uint32_t spikes = 0;
  std::uint16_t chunks = 0;  // so far, zero ones included
  int pushed = 0;
UPDATE:
  for (int n = 0; n < Shape::kUpdateEntries; ++n) {
#pragma HLS PIPELINE II = 1
#pragma HLS DEPENDENCE variable = potentials type = inter false
#pragma HLS DEPENDENCE variable = currents type = inter false
    const std::uint32_t entry = context.first + static_cast<std::uint32_t>(n);
    if (static_cast<std::uint32_t>(n) >= context.count || entry >= Shape::kUpdateEntries) break;
    const std::uint32_t group = field<layout::MemUpdateEntryGroup>(updates, entry);
    const std::uint32_t set_index = field<layout::MemUpdateEntrySet>(updates, entry);
    const std::uint32_t mask = field<layout::MemUpdateEntryMask>(updates, entry);
    const std::uint32_t readout_lane = field<layout::MemUpdateEntryLane>(updates, entry);
    const bool high = field<layout::MemUpdateEntryHalf>(updates, entry) != 0;
    const std::uint32_t word = context.first_word + group;
    if (set_index >= Shape::kParamSets || word >= Shape::kStateWords ||
        group * Shape::kLifLanes >= Shape::kGroups * Shape::kLanes)
      continue;

    const std::uint32_t alpha = field<layout::MemSetEntryAlpha>(sets, set_index);
    const std::uint32_t beta = field<layout::MemSetEntryBeta>(sets, set_index);
    const std::uint32_t scale = field<layout::MemSetEntryScale>(sets, set_index);
    const bool subtract = field<layout::MemSetEntrySubtract>(sets, set_index) != 0;
    const std::int32_t theta =
        sign_extend(field<layout::MemSetEntryTheta>(sets, set_index), Shape::kStateBits);
    const std::int32_t v_reset =
        sign_extend(field<layout::MemSetEntryVReset>(sets, set_index), Shape::kStateBits);
    const std::int32_t bias_v =
        sign_extend(field<layout::MemSetEntryBiasV>(sets, set_index), Shape::kStateBits);
    std::uint32_t half = 0;
    for (int lane = 0; lane < Shape::kLifLanes; ++lane) {
#pragma HLS UNROLL
      const std::uint32_t l = static_cast<std::uint32_t>(lane);
      if (group != held_group) {
        next_v[lane] = State(static_cast<std::int32_t>(potentials[word][l]));
        next_i[lane] = State(static_cast<std::int32_t>(currents[word][l]));
        held_v[lane] = fresh ? State(0) : next_v[lane];
        held_i[lane] = fresh ? State(0) : next_i[lane];
      }
      const std::uint32_t neuron = group * Shape::kLifLanes + l;
      const std::int64_t sum =
          static_cast<std::int64_t>(sums[neuron / Shape::kLanes][neuron % Shape::kLanes]);
      const std::int64_t kept =
          Shape::kCurrent != 0 ? decay(static_cast<std::int64_t>(held_i[lane]), alpha) : 0;
      const std::int32_t bias_i = sign_extend(biases[word][l], Shape::kBiasBits);
      const std::int32_t i = saturate<Shape::kStateBits>(kept + sum * (1 << scale) + bias_i);
      const std::int32_t v =
          saturate<Shape::kStateBits>(decay(static_cast<std::int64_t>(held_v[lane]), beta) + i + bias_v);
      const bool spike = !context.readout && v > theta;
      if ((mask >> l & 1U) != 0) {
        next_v[lane] = !spike     ? State(v)
                       : subtract ? State(saturate<Shape::kStateBits>(std::int64_t(v) - v_reset))
                                  : State(v_reset);
        if (Shape::kCurrent != 0) next_i[lane] = State(i);
        if (spike) spikes |= 1U << (neuron % layout::kChunkBits);
      }
      if (readout_lane == l) half = static_cast<std::uint32_t>(high ? v >> layout::kChunkBits : v) & 0xffffU;
      potentials[word][l] = static_cast<std::uint32_t>(static_cast<std::int64_t>(next_v[lane]));
      currents[word][l] = static_cast<std::uint32_t>(static_cast<std::int64_t>(next_i[lane]));
    }
    held_group = group;

    OutChunk chunk;
    chunk.index = chunks;
    bool ready;
    if (context.readout) {
      chunk.mask = static_cast<std::uint16_t>(half);
      ready = push && half != 0;
      ++chunks;
    } else {
      chunk.mask = static_cast<std::uint16_t>(spikes);
      const bool emit = field<layout::MemUpdateEntryEmit>(updates, entry) != 0;
      ready = emit && spikes != 0;
      if (emit) {
        spikes = 0;
        ++chunks;
      }
    }
    if (ready) {
      out[pushed] = chunk;
      ++pushed;
    }
  }
  return pushed;
}

}  // namespace hls
}  // namespace spikeloom
