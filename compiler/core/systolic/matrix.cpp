#include "compiler/core/systolic/matrix.hpp"

#include <algorithm>
#include <bit>
#include <optional>
#include <utility>

#include "compiler/base/error.hpp"

namespace spikeloom::systolic {
namespace {

/// Some of the rows, as numbers: what a spike adds.
class Values {
 public:
  Values(std::span<const VectorRow, kRows> rows, std::uint32_t columns)
      : rows_(rows), columns_(columns), values_(std::size_t{kRows} * columns, 0) {}

  void take(std::size_t row) {
    for (std::uint32_t column = 0; column < columns_; ++column)
      values_[row * columns_ + column] = (std::int64_t{rows_[row].mantissas[column]} << rows_[row].exponent) *
                                         (rows_[row].negative != 0 ? -1 : 1);
  }

  /// As one matrix; none: no format holds them.
  [[nodiscard]] std::optional<Matrix> matrix(const ArrayShape& shape) const {
    std::size_t used = 0;
    std::uint32_t shift = shape.max_shift;
    for (std::size_t n = 0; n < values_.size(); ++n) {
      if (values_[n] == 0) continue;
      used = n / columns_ + 1;
      shift = std::min(shift,
                       static_cast<std::uint32_t>(std::countr_zero(static_cast<std::uint64_t>(values_[n]))));
    }
    for (const std::uint32_t negate : {0U, 1U}) {
      std::int64_t low = 0, high = 0;
      bool single = true;  // bits would do
      for (std::size_t n = 0; n < used * columns_; ++n) {
        const std::int64_t weight = (values_[n] >> shift) * (negate != 0 ? -1 : 1);
        low = std::min(low, weight);
        high = std::max(high, weight);
        single = single && (weight == 1 || weight == -1);
      }
      const auto bits = [&]() -> std::uint32_t {
        if (single) return 1;
        for (const std::uint32_t wide : {2U, 4U, 8U})
          if (low >= -(std::int64_t{1} << (wide - 1)) && high < std::int64_t{1} << (wide - 1)) return wide;
        return ~0U;
      }();
      if (bits > shape.weight_bits) continue;
      Matrix matrix{static_cast<std::uint32_t>(std::countr_zero(8U / bits)), shift, negate, {}};
      for (std::size_t n = 0; n < used * columns_; ++n)
        matrix.weights.push_back(static_cast<std::int8_t>((values_[n] >> shift) * (negate != 0 ? -1 : 1)));
      return matrix;
    }
    return std::nullopt;
  }

 private:
  std::span<const VectorRow, kRows> rows_;
  std::uint32_t columns_;
  std::vector<std::int64_t> values_;
};

bool is_zero(const VectorRow& row) {
  return std::all_of(row.mantissas.begin(), row.mantissas.end(), [](std::int32_t m) { return m == 0; });
}

}  // namespace

std::vector<Matrix> matrices_of(std::span<const VectorRow, kRows> rows, const ArrayShape& shape) {
  using Class = std::pair<std::uint32_t, std::uint32_t>;  // exponent and sign
  std::vector<Class> classes;
  for (const VectorRow& row : rows)
    if (!is_zero(row)) classes.emplace_back(row.exponent, row.negative);
  std::sort(classes.begin(), classes.end());
  classes.erase(std::unique(classes.begin(), classes.end()), classes.end());
  std::vector<Matrix> matrices;
  Values gathered(rows, shape.columns);
  std::optional<Matrix> fits;
  for (const auto& [exponent, negative] : classes) {
    const auto take = [&, exponent = exponent, negative = negative](Values& values) {
      for (std::size_t r = 0; r < rows.size(); ++r)
        if (rows[r].exponent == exponent && rows[r].negative == negative && !is_zero(rows[r])) values.take(r);
    };
    Values more = gathered;
    take(more);
    std::optional<Matrix> together = more.matrix(shape);
    if (!together) {
      SPIKELOOM_CHECK(fits);  // one class alone is what the tile's limits are about
      matrices.push_back(*std::move(fits));
      more = Values(rows, shape.columns);
      take(more);
      together = more.matrix(shape);
      SPIKELOOM_CHECK(together);
    }
    gathered = std::move(more);
    fits = std::move(together);
  }
  if (fits) matrices.push_back(*std::move(fits));
  return matrices;
}

}  // namespace spikeloom::systolic
