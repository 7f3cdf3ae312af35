// The crossbar's tables: which window holds what, and how to read an entry.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "compiler/core/cluster.hpp"
#include "compiler/core/neuron/tables.hpp"
#include "compiler/core/tile_memory.hpp"
#include "spikeloom_hw.hpp"

namespace spikeloom::crossbar {

inline constexpr std::string_view kName = "crossbar";

/// Memories, in the order of Placement::first.
enum MemoryIndex : std::uint32_t { kChunks, kAxons, kWeights, kUpdates, kSets, kStates, kMemories };

/// Windows, in the order of CoreTables::windows, which is the order of loading.
enum WindowIndex : std::uint32_t {
  kChunkTable,
  kAxonTable,
  kUpdateProgram,
  kSetTable,
  kWeightWords,  ///< an entry is a word of `lanes` bytes
  kBiasWords,    ///< an entry is a LIF group, a part a lane
  kPotentialWords,
  kCurrentWords,
  kWindows
};
/// Those of the neurons' update.
inline constexpr neuron::Windows kNeuronWindows{kUpdateProgram, kSetTable, kBiasWords, kPotentialWords,
                                                kCurrentWords};
using neuron::append;

/// Words that an entry's row walks: its segments' together.
template <class Entry>
[[nodiscard]] std::uint32_t words_of(const Entry& row) {
  return row.words * (row.repeats + 1);
}

/// The row of bit `bit` of a chunk whose rows are not described axon by axon.
[[nodiscard]] inline hw::MemAxonEntry uniform_row(const hw::MemChunkEntry& chunk, std::uint32_t bit) {
  return {.first = chunk.first + bit * chunk.stride,
          .shift = chunk.shift,
          .negate = chunk.negate,
          .format = chunk.format,
          .words = chunk.words,
          .offset = chunk.offset,
          .repeats = chunk.repeats,
          .jump = chunk.jump,
          .weight_jump = chunk.weight_jump};
}

/// From a segment's first lane group to the next segment's, and the same in weight words; 0 of a row of one
/// segment.
template <class Entry>
[[nodiscard]] std::uint32_t pitch_of(const Entry& row) {
  return row.repeats == 0 ? 0 : row.words - 1 + row.jump;
}
template <class Entry>
[[nodiscard]] std::uint32_t weight_pitch_of(const Entry& row) {
  return row.repeats == 0 ? 0 : row.words - 1 + row.weight_jump;
}

/// A cluster's tables, read without copying. All addresses count from the cluster's own first entry; a row's
/// first word is in logical words of its format (8, 4, 2 or 1 bit a weight) from the cluster's first word.
class Tables : public neuron::Tables {
 public:
  explicit Tables(const CoreTables& tables) : neuron::Tables(tables, kNeuronWindows) {}
  explicit Tables(const Cluster& cluster) : Tables(cluster.tables) {}

  [[nodiscard]] std::uint32_t lanes() const { return 4 * window(kWeightWords).parts; }
  [[nodiscard]] std::size_t chunks() const { return window(kChunkTable).entries(); }
  [[nodiscard]] std::size_t axons() const { return window(kAxonTable).entries(); }
  [[nodiscard]] std::size_t weight_words() const { return window(kWeightWords).entries(); }

  [[nodiscard]] hw::MemChunkEntry chunk(std::size_t n) const {
    return neuron::entry_of<hw::MemChunkEntry>(window(kChunkTable), n);
  }
  [[nodiscard]] hw::MemAxonEntry axon(std::size_t n) const {
    return neuron::entry_of<hw::MemAxonEntry>(window(kAxonTable), n);
  }

  /// The row of bit `bit`, whose chunk entry is `chunk`.
  [[nodiscard]] hw::MemAxonEntry row(const hw::MemChunkEntry& chunk, std::uint32_t bit) const {
    return chunk.per_axon != 0 ? axon(chunk.first + bit) : uniform_row(chunk, bit);
  }
  /// Words of that row.
  [[nodiscard]] std::uint32_t row_words(const hw::MemChunkEntry& chunk, std::uint32_t bit) const {
    return chunk.per_axon != 0 ? words_of(axon(chunk.first + bit)) : words_of(chunk);
  }
};

/// A context's registers that are this core's.
struct Context {
  hw::RegContextTables tables;
  hw::RegContextUpdate update;
  hw::RegContextState state;
};

[[nodiscard]] inline Context context_of(const device_model::ContextRegisters& registers) {
  return {hw::RegContextTables::unpack(registers.core[hw::kAddrContextTables]),
          hw::RegContextUpdate::unpack(registers.core[hw::kAddrContextUpdate]),
          hw::RegContextState::unpack(registers.core[hw::kAddrContextState])};
}

inline void set_context(device_model::ContextRegisters& registers, const Context& context) {
  registers.core[hw::kAddrContextTables] = context.tables.pack();
  registers.core[hw::kAddrContextUpdate] = context.update.pack();
  registers.core[hw::kAddrContextState] = context.state.pack();
}

}  // namespace spikeloom::crossbar
