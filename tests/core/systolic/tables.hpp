// Words of a systolic tile as a test makes them, and what they mean, read the slow way: the walk of a fold,
// its matrix, the sums of a block. Shares no code with the compiler and knows nothing of the circuit.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <vector>

#include "spikeloom_hw.hpp"

namespace spikeloom::test {

inline constexpr std::uint32_t kArrayRows = 16;

/// Sizes of an array.
struct ArrayShape {
  std::uint32_t columns = 0, pages = 0, vectors = 0, weight_bits = 0, shift = 0;
  std::uint32_t blocks = 0, folds = 0, words = 0, chunks = 0, acc_bits = 0;
};

/// What its memories hold.
struct ArrayMemory {
  std::vector<hw::MemBlockEntry> blocks;
  std::vector<hw::MemFoldEntry> folds;
  std::vector<std::uint32_t> words;  ///< 32 bits, columns / 4 of them a weight word
};

inline std::uint32_t format_bits(std::uint32_t format) {
  return format == hw::kFormatW8 ? 8 : format == hw::kFormatW4 ? 4 : format == hw::kFormatW2 ? 2 : 1;
}
inline std::uint32_t rows_of_word(std::uint32_t format) { return 8 / format_bits(format); }

/// Weight words that a fold takes in memory, and reads of them: a row of 8 bits a read, else two rows.
inline std::uint32_t fold_words(std::uint32_t rows, std::uint32_t format) {
  return (rows * format_bits(format) + 7) / 8;
}
inline std::int64_t fold_reads(const hw::MemFoldEntry& fold) {
  return fold.format == hw::kFormatW8 ? fold.rows : (fold.rows + 1) / 2;
}
inline std::int64_t fold_pairs(const hw::MemFoldEntry& fold) {
  return std::int64_t{fold.columns + 1} * (fold.lines + 1);
}

/// Puts row `row` of a fold whose first word is `first`: a weight for each column.
inline void set_row(ArrayMemory& memory, const ArrayShape& shape, std::uint32_t first, std::uint32_t format,
                    std::uint32_t row, const std::vector<std::int32_t>& weights) {
  const std::uint32_t bits = format_bits(format), sub = row % rows_of_word(format);
  const std::size_t word = first + row / rows_of_word(format);
  for (std::uint32_t i = 0; i < shape.columns; ++i) {
    const std::uint32_t low = sub * shape.columns * bits + i * bits;
    const std::uint32_t code =
        format == hw::kFormatW1 ? weights[i] < 0 : static_cast<std::uint32_t>(weights[i]);
    std::uint32_t& part = memory.words.at(word * (shape.columns / 4) + low / 32);
    const std::uint32_t mask = ((1U << bits) - 1) << (low % 32);
    part = (part & ~mask) | ((code << (low % 32)) & mask);
  }
}

/// The weight of (row, column), decoded.
inline std::int32_t weight_at(const ArrayMemory& memory, const ArrayShape& shape, std::uint32_t first,
                              std::uint32_t format, std::uint32_t row, std::uint32_t column) {
  const std::uint32_t bits = format_bits(format), sub = row % rows_of_word(format);
  const std::size_t word = first + row / rows_of_word(format);
  const std::uint32_t low = sub * shape.columns * bits + column * bits;
  const std::uint32_t code =
      memory.words.at(word * (shape.columns / 4) + low / 32) >> (low % 32) & ((1U << bits) - 1);
  if (format == hw::kFormatW1) return code != 0 ? -1 : 1;
  const auto half = std::int32_t{1} << (bits - 1);
  const auto value = static_cast<std::int32_t>(code);
  return value >= half ? value - 2 * half : value;
}

/// Calls visit(chunk, vector) for every pair of a fold's walk, in order.
inline void walk_pairs(const hw::MemBlockEntry& block, const hw::MemFoldEntry& fold,
                       const std::function<void(std::uint32_t, std::uint32_t)>& visit) {
  std::uint32_t chunk = block.chunk + fold.chunk, vector = fold.vector;
  for (std::uint32_t line = 0; line <= fold.lines; ++line)
    for (std::uint32_t column = 0; column <= fold.columns; ++column) {
      visit(chunk & 0xfffU, vector & 0xfffU);
      const bool jumps = column == fold.columns;
      chunk += jumps ? fold.chunk_jump : fold.chunk_step;
      vector += jumps ? fold.vector_jump : fold.vector_step;
    }
}

/// Accumulators of a bank: [vector][page][column], and which were stored since the block began.
struct Bank {
  std::vector<std::int64_t> sums;
  std::vector<bool> known;
};

/// Adds a block's folds; pages[p][chunk] are the masks.
inline void add_block(Bank& bank, const ArrayMemory& memory, const ArrayShape& shape,
                      const hw::MemBlockEntry& block, const std::vector<std::vector<std::uint16_t>>& pages) {
  bank.sums.resize(std::size_t{shape.vectors} * shape.columns);
  bank.known.assign(shape.vectors, false);
  for (std::uint32_t f = 0; f < block.folds; ++f) {
    const hw::MemFoldEntry& fold = memory.folds.at(block.fold + f);
    std::vector<std::int32_t> matrix;
    for (std::uint32_t r = 0; r < fold.rows; ++r)
      for (std::uint32_t i = 0; i < shape.columns; ++i)
        matrix.push_back(weight_at(memory, shape, block.weights + fold.weights, fold.format, r, i));
    walk_pairs(block, fold, [&](std::uint32_t chunk, std::uint32_t vector) {
      for (std::size_t p = 0; p < pages.size(); ++p) {
        const std::size_t at = std::size_t{vector} * shape.pages + p;
        for (std::uint32_t i = 0; i < shape.columns; ++i) {
          std::int64_t sum = 0;
          for (std::uint32_t r = 0; r < fold.rows; ++r)
            if ((pages[p].at(chunk) >> r & 1U) != 0) sum += matrix[std::size_t{r} * shape.columns + i];
          sum *= std::int64_t{1} << fold.shift;
          if (fold.negate != 0) sum = -sum;
          std::int64_t& held = bank.sums.at(at * shape.columns + i);
          held = fold.store != 0 ? sum : held + sum;
        }
        if (fold.store != 0) bank.known.at(at) = true;
      }
    });
  }
}

}  // namespace spikeloom::test
