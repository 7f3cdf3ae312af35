// The systolic core's tables: which window holds what, and how to read an entry.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "compiler/core/cluster.hpp"
#include "compiler/core/neuron/tables.hpp"
#include "compiler/core/tile_memory.hpp"
#include "spikeloom_hw.hpp"

namespace spikeloom::systolic {

inline constexpr std::string_view kName = "systolic";

/// Memories of its own, which are the first of Placement::first, and those of the neurons' update.
enum MemoryIndex : std::uint32_t { kBlocks, kFolds, kMatrices, kOwnMemories };
inline constexpr neuron::Memories kNeuronMemories = neuron::memories_behind(kOwnMemories);

/// Tables of its own, which are the first of CoreTables::windows, and the other windows.
enum WindowIndex : std::uint32_t { kBlockTable, kFoldTable, kOwnTables };
inline constexpr neuron::Windows kNeuronWindows = neuron::windows_behind(kOwnTables);
/// An entry is a word of `columns` bytes.
inline constexpr std::uint32_t kMatrixWords = kNeuronWindows.weights;

/// Chunks and vectors of a walk count modulo this.
inline constexpr std::uint32_t kWalkRoom = 4096;

/// Calls pair(chunk, vector) for every pair of the entry's walk, in the array's order; chunks count from the
/// block's, vectors from its first.
template <class F>
void for_pairs(const hw::MemFoldEntry& fold, F&& pair) {
  std::uint32_t chunk = fold.chunk, vector = fold.vector;
  for (std::uint32_t line = 0; line <= fold.lines; ++line) {
    for (std::uint32_t column = 0; column <= fold.columns; ++column) {
      pair(chunk % kWalkRoom, vector % kWalkRoom);
      chunk += column < fold.columns ? fold.chunk_step : fold.chunk_jump;
      vector += column < fold.columns ? fold.vector_step : fold.vector_jump;
    }
  }
}
/// Pairs of the entry's walk.
[[nodiscard]] inline std::uint32_t pairs_of(const hw::MemFoldEntry& fold) {
  return (fold.columns + 1) * (fold.lines + 1);
}
/// Words of weights that the entry's matrix takes.
[[nodiscard]] inline std::uint32_t words_of(const hw::MemFoldEntry& fold) {
  return (fold.rows + (1U << fold.format) - 1) >> fold.format;
}

/// A cluster's tables, read without copying. Addresses count from the cluster's own first entries.
class Tables : public neuron::Tables {
 public:
  explicit Tables(const CoreTables& tables) : neuron::Tables(tables, kNeuronWindows) {}
  explicit Tables(const Cluster& cluster) : Tables(cluster.tables) {}

  [[nodiscard]] std::uint32_t columns() const { return 4 * window(kMatrixWords).parts; }
  [[nodiscard]] std::size_t blocks() const { return window(kBlockTable).entries(); }
  [[nodiscard]] std::size_t folds() const { return window(kFoldTable).entries(); }
  [[nodiscard]] std::size_t words() const { return window(kMatrixWords).entries(); }

  [[nodiscard]] hw::MemBlockEntry block(std::size_t n) const {
    return neuron::entry_of<hw::MemBlockEntry>(window(kBlockTable), n);
  }
  [[nodiscard]] hw::MemFoldEntry fold(std::size_t n) const {
    return neuron::entry_of<hw::MemFoldEntry>(window(kFoldTable), n);
  }
  /// Bits of the fold's rows that have a weight other than 0, in a block whose words begin at `base`.
  [[nodiscard]] std::uint32_t used_rows(std::uint32_t base, const hw::MemFoldEntry& fold_entry) const {
    const std::uint32_t bits = 8U >> fold_entry.format;
    std::uint32_t used = 0;
    std::size_t at = (std::size_t{base} + fold_entry.weights) * columns() * 8;
    for (std::uint32_t row = 0; row < fold_entry.rows; ++row)
      for (std::uint32_t column = 0; column < columns(); ++column, at += bits)
        if (bits == 1 || (window(kMatrixWords).words[at / 32] >> (at % 32) & ((1U << bits) - 1U)) != 0)
          used |= 1U << row;
    return used;
  }
  /// First vector of the block, and one past its last.
  [[nodiscard]] std::size_t first_vector(std::size_t block_number) const {
    return std::size_t{block(block_number).first} * lif_lanes() / columns();
  }
  [[nodiscard]] std::size_t end_vector(std::size_t block_number, std::size_t neurons) const {
    return block_number + 1 < blocks() ? first_vector(block_number + 1)
                                       : (neurons + columns() - 1) / columns();
  }
};

/// A context's registers as this core reads them.
struct Context {
  std::uint32_t first_block = 0, blocks = 0;
  std::uint32_t first_update = 0;
  std::uint32_t first_word = 0;  ///< of its state
  std::uint32_t first_bias = 0;  ///< of its biases, on a tile with `bias_words`
};

[[nodiscard]] inline Context context_of(const device_model::ContextRegisters& registers) {
  const device_model::CoreContext context = device_model::core_context(registers);
  return {context.tables.first_chunk, context.update.count, context.update.first, context.state.first_word,
          context.state.first_bias};
}

}  // namespace spikeloom::systolic
