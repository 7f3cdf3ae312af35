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

/// Memories of its own, which are the first of Placement::first, and those of the neurons' update.
enum MemoryIndex : std::uint32_t { kChunks, kAxons, kWeights, kOwnMemories };
inline constexpr neuron::Memories kNeuronMemories = neuron::memories_behind(kOwnMemories);

/// Tables of its own, which are the first of CoreTables::windows, and the other windows.
enum WindowIndex : std::uint32_t { kChunkTable, kAxonTable, kOwnTables };
inline constexpr neuron::Windows kNeuronWindows = neuron::windows_behind(kOwnTables);
/// An entry is a word of `lanes` bytes.
inline constexpr std::uint32_t kWeightWords = kNeuronWindows.weights;
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

}  // namespace spikeloom::crossbar
