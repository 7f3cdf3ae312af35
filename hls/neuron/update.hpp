// The neurons' update, an entry of the update program at a time: what every core does that takes the neuron
// part (rtl/neuron/neuron.toml). The core's loop says which entries and gives their sums.
//
// Arithmetic: compiler/golden/int_network.hpp. The entries of one group stand together and see the state that
// was there before the first of them (docs/protocol.md, section 7). Groups that share a word of state stand
// six entries or more apart, so that it is written before it is read again.
#pragma once

#include <cstdint>

#include "hls/integers.hpp"
#include "hls_layout.hpp"

namespace spikeloom {
namespace hls {

struct OutChunk {
  std::uint16_t index = 0;
  std::uint16_t mask = 0;
};

/// What a context's registers say of its update. A core whose entries are counted elsewhere uses `count` for
/// its own.
struct UpdateContext {
  std::uint32_t first, count, first_word, first_bias;
  bool readout, last_only;
  explicit UpdateContext(const ContextRegisters& registers)
      : first(field<layout::RegContextUpdateFirst>(registers, layout::kAddrContextUpdate)),
        count(field<layout::RegContextUpdateCount>(registers, layout::kAddrContextUpdate)),
        first_word(field<layout::RegContextStateFirstWord>(registers, layout::kAddrContextState)),
        first_bias(field<layout::RegContextStateFirstBias>(registers, layout::kAddrContextState)),
        readout(field<layout::RegContextModeReadout>(registers, layout::kAddrContextMode) != 0),
        last_only(field<layout::RegContextModeLastOnly>(registers, layout::kAddrContextMode) != 0) {}
};

template <class Shape>
using States = std::uint32_t[Shape::kStateWords][Shape::kLifLanes];
/// They stand with the states where there are no words for them.
template <class Shape>
using Biases =
    std::uint32_t[Shape::kBiasWords != 0 ? Shape::kBiasWords : Shape::kStateWords][Shape::kLifLanes];
template <class Shape>
using UpdateProgram = std::uint32_t[Shape::kUpdateEntries][layout::kMemUpdateEntryParts];
template <class Shape>
using ParameterSets = std::uint32_t[Shape::kParamSets][layout::kMemSetEntryParts];

/// An entry of the update program.
struct UpdateEntry {
  std::uint32_t group, set, mask, lane, state;
  bool high, emit, later;
  template <class Program>
  UpdateEntry(const Program& updates, std::uint32_t entry)
      : group(field<layout::MemUpdateEntryGroup>(updates, entry)),
        set(field<layout::MemUpdateEntrySet>(updates, entry)),
        mask(field<layout::MemUpdateEntryMask>(updates, entry)),
        lane(field<layout::MemUpdateEntryLane>(updates, entry)),
        state(field<layout::MemUpdateEntryState>(updates, entry)),
        high(field<layout::MemUpdateEntryHalf>(updates, entry) != 0),
        emit(field<layout::MemUpdateEntryEmit>(updates, entry) != 0),
        later(field<layout::MemUpdateEntryLater>(updates, entry) != 0) {}
};

/// What the lanes hold from one entry of a run to the next.
template <class Shape>
struct UpdateLanes {
  typedef Signed<Shape::kStateBits> State;
  State held_v[Shape::kLifLanes], held_i[Shape::kLifLanes];  ///< the group's state before the run
  State next_v[Shape::kLifLanes], next_i[Shape::kLifLanes];  ///< and behind it
  std::uint32_t group = kNoGroup;
  std::uint32_t spikes = 0;
  std::uint16_t chunks = 0;  ///< of the page's list so far, zero ones included

  static constexpr std::uint32_t kNoGroup = 0xffffffffU;
  /// A run of entries begins, whose first chunk has this index.
  void begin(std::uint16_t first_chunk) {
    group = kNoGroup;
    spikes = 0;
    chunks = first_chunk;
  }
};

/// One entry: new states of its lanes. `fresh`: old states read as 0; `push_last`: the page ends its sample.
/// True: it sends `chunk`. An entry outside the tables does nothing.
template <class Shape>
bool update_entry(const UpdateEntry& entry, const Signed<Shape::kAccBits> (&sums)[Shape::kLifLanes],
                  const ParameterSets<Shape>& sets, const Biases<Shape>& biases, States<Shape>& potentials,
                  States<Shape>& currents, const UpdateContext& context, bool fresh, bool push_last,
                  UpdateLanes<Shape>& lanes, OutChunk& chunk) {
#pragma HLS INLINE
  typedef Signed<Shape::kStateBits> State;
  const bool shares = Shape::kBiasWords != 0;
  const std::uint32_t word = context.first_word + (shares ? entry.state : entry.group);
  const std::uint32_t bias = shares ? context.first_bias + entry.group : word;
  if (entry.set >= Shape::kParamSets || word >= Shape::kStateWords) return false;
  if (shares && bias >= static_cast<std::uint32_t>(Shape::kBiasWords)) return false;
  const bool afresh = fresh && !(shares && entry.later);
  const bool push = !context.readout || !context.last_only || push_last;
  const std::uint32_t alpha = field<layout::MemSetEntryAlpha>(sets, entry.set);
  const std::uint32_t beta = field<layout::MemSetEntryBeta>(sets, entry.set);
  const std::uint32_t scale = field<layout::MemSetEntryScale>(sets, entry.set);
  const bool subtract = field<layout::MemSetEntrySubtract>(sets, entry.set) != 0;
  const std::int32_t theta = sign_extend(field<layout::MemSetEntryTheta>(sets, entry.set), Shape::kStateBits);
  const std::int32_t v_reset =
      sign_extend(field<layout::MemSetEntryVReset>(sets, entry.set), Shape::kStateBits);
  const std::int32_t bias_v =
      sign_extend(field<layout::MemSetEntryBiasV>(sets, entry.set), Shape::kStateBits);
  std::uint32_t half = 0;
  for (int lane = 0; lane < Shape::kLifLanes; ++lane) {
#pragma HLS UNROLL
    const std::uint32_t l = static_cast<std::uint32_t>(lane);
    if (entry.group != lanes.group) {
      lanes.next_v[lane] = State(static_cast<std::int32_t>(potentials[word][l]));
      lanes.next_i[lane] = State(static_cast<std::int32_t>(currents[word][l]));
      lanes.held_v[lane] = afresh ? State(0) : lanes.next_v[lane];
      lanes.held_i[lane] = afresh ? State(0) : lanes.next_i[lane];
    }
    const std::uint32_t neuron = entry.group * Shape::kLifLanes + l;
    const std::int64_t sum = static_cast<std::int64_t>(sums[lane]);
    const std::int64_t kept =
        Shape::kCurrent != 0 ? decay(static_cast<std::int64_t>(lanes.held_i[lane]), alpha) : 0;
    const std::int32_t bias_i = sign_extend(biases[bias][l], Shape::kBiasBits);
    const std::int32_t i = saturate<Shape::kStateBits>(kept + sum * (1 << scale) + bias_i);
    const std::int32_t v =
        saturate<Shape::kStateBits>(decay(static_cast<std::int64_t>(lanes.held_v[lane]), beta) + i + bias_v);
    const bool spike = !context.readout && v > theta;
    if ((entry.mask >> l & 1U) != 0) {
      lanes.next_v[lane] = !spike     ? State(v)
                           : subtract ? State(saturate<Shape::kStateBits>(std::int64_t(v) - v_reset))
                                      : State(v_reset);
      if (Shape::kCurrent != 0) lanes.next_i[lane] = State(i);
      if (spike) lanes.spikes |= 1U << (neuron % layout::kChunkBits);
    }
    if (entry.lane == l)
      half = static_cast<std::uint32_t>(entry.high ? v >> layout::kChunkBits : v) & 0xffffU;
    potentials[word][l] = static_cast<std::uint32_t>(static_cast<std::int64_t>(lanes.next_v[lane]));
    currents[word][l] = static_cast<std::uint32_t>(static_cast<std::int64_t>(lanes.next_i[lane]));
  }
  lanes.group = entry.group;

  chunk.index = lanes.chunks;
  const bool emits = context.readout || entry.emit;
  chunk.mask = static_cast<std::uint16_t>(context.readout ? half : lanes.spikes);
  if (emits) {
    lanes.spikes = 0;
    ++lanes.chunks;
  }
  return emits && push && chunk.mask != 0;
}

}  // namespace hls
}  // namespace spikeloom
