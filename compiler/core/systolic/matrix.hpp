// Weights as the array holds them: what 16 axons add to one target vector, as matrices of narrow numbers.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <span>
#include <vector>

#include "compiler/core/core.hpp"
#include "compiler/core/systolic/timing.hpp"

namespace spikeloom::systolic {

/// What of a tile decides how weights are written down.
struct ArrayShape {
  std::uint32_t columns = 16;
  std::uint32_t pages = 8;        ///< of a firing, at most
  std::uint32_t vectors = 512;    ///< accumulators a bank and column
  std::uint32_t weight_bits = 8;  ///< widest weight
  std::uint32_t max_shift = 7;
  std::uint32_t lif_lanes = 16;
  friend bool operator==(const ArrayShape&, const ArrayShape&) = default;
};

/// What the array holds during a fold. Row r, column c counts (negate ? -1 : 1) · weight << shift.
struct Matrix {
  std::uint32_t format = 0;  ///< 8 >> format bits a weight
  std::uint32_t shift = 0, negate = 0;
  std::vector<std::int8_t> weights;  ///< row by row; the last row is not all zeros
  friend auto operator<=>(const Matrix&, const Matrix&) = default;

  [[nodiscard]] std::uint32_t rows(std::uint32_t columns) const {
    return static_cast<std::uint32_t>(weights.size()) / columns;
  }
  /// Words of the weight memory: each has one row of 8-bit weights, or 2, 4 or 8 rows of narrower ones.
  [[nodiscard]] std::uint32_t words(std::uint32_t columns) const {
    return (rows(columns) + (1U << format) - 1) >> format;
  }
};

/// Weights of one axon to one target vector.
struct VectorRow {
  std::uint32_t exponent = 0;           ///< each counts mantissa << exponent
  std::uint32_t negative = 0;           ///< less, if 1
  std::vector<std::int32_t> mantissas;  ///< by column; empty: no weight
};

/// The matrices whose sum is what these axons add, as few as that takes: rows of one exponent and sign are in
/// one, and those of several are where weights of the widest format hold them. None where all is 0.
[[nodiscard]] std::vector<Matrix> matrices_of(std::span<const VectorRow, kRows> rows, const ArrayShape&);

}  // namespace spikeloom::systolic
