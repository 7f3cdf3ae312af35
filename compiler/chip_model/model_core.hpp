// The crossbar core's function and its closed timing formula, on the bytes that the RTL would read.
// docs/protocol.md, section 7 (arithmetic: compiler/golden/int_network.hpp).
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "compiler/chip/chip.hpp"
#include "compiler/chip_model/model_memory.hpp"
#include "spikeloom_hw.hpp"

namespace spikeloom::device_model {

/// A page as the core sees it: masks of 16 axons by chunk; 0 is "not valid".
using Page = std::vector<std::uint16_t>;

struct OutEntry {
  std::uint32_t index = 0;  ///< chunk
  std::uint16_t mask = 0;
};

struct Firing {
  std::int64_t walk = 0;      ///< Σ over valid chunks of max(1, Σ max(1, words)), in cycles
  std::int64_t update = 0;    ///< update entries, in cycles
  std::int64_t words = 0;     ///< weight words accumulated
  std::int64_t synapses = 0;  ///< neurons that met a weight other than 0
  std::vector<OutEntry> out;  ///< in the order pushed
};

/// One tile's core with its own copy of the decoded rows; state lives in the node's memories.
class Core {
 public:
  Core(const Chip& chip, NodeMemory& memory) : chip_(chip), memory_(memory) {}
  /// Memories were written: decode anew before the next firing.
  void invalidate() { decoded_ = false; }

  /// Fires context `context` on `page`.
  /// `count`: steps since the sample began (0: old state reads as 0); `last`: end-of-sample page.
  [[nodiscard]] Firing fire(std::uint32_t context, const Page& page, std::uint32_t count, bool last);

 private:
  struct Row {
    std::uint32_t first = 0, words = 0, offset = 0, format = 0;
    std::int32_t factor = 1;    ///< ±1 << shift
    std::uint32_t nonzero = 0;  ///< weights other than 0 that meet a neuron
  };

  /// An update entry with its parameter set, decoded.
  struct Update {
    double alpha = 0, beta = 0;  ///< of 1
    double gain = 1;             ///< of the accumulator
    double bias_v = 0;
    std::int32_t theta = 0, v_reset = 0;
    std::uint32_t group = 0, mask = 0, lane = 0, half = 0;
    bool subtract = false, emit = false;
  };
  static constexpr std::size_t kMostLanes = 16;
  struct Lanes {
    std::array<std::int32_t, kMostLanes> i, v;  ///< before a spike's reset
  };

  void decode();
  void decode_program(std::uint32_t context);
  [[nodiscard]] Lanes step(const Update& update, bool first, std::size_t word);
  void count_synapses(const ContextRegisters& context);
  [[nodiscard]] const Row& row(std::uint32_t chunk_entry, std::uint32_t bit) const {
    return rows_[chunk_entry * hw::kChunkBits + bit];
  }
  [[nodiscard]] Row decode_row(std::uint32_t chunk_entry, std::uint32_t bit) const;
  void integrate(std::uint32_t context, const Page& page, std::uint32_t limit, Firing& firing);
  void update(std::uint32_t context, bool first, bool last, Firing& firing);

  const Chip& chip_;
  NodeMemory& memory_;
  bool decoded_ = false;
  std::vector<Row> rows_;                            ///< 16 per chunk table entry
  std::array<std::vector<std::int8_t>, 4> weights_;  ///< logical words × lanes, by format
  std::vector<std::int32_t> sums_;                   ///< groups × lanes
  std::vector<std::vector<Update>> programs_;        ///< by context
};

}  // namespace spikeloom::device_model
