// Folds by themselves: what they add is what the rows say, for thousands of random layers, and they cost
// about what an ideal array would.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <numeric>

#include "compiler/base/rng.hpp"
#include "compiler/core/systolic/blocks.hpp"

namespace spikeloom::systolic {
namespace {

/// Rows that are written out, 16 of a chunk.
class WrittenRows final : public ClusterRows {
 public:
  explicit WrittenRows(std::uint32_t grain) : grain_(grain) {}

  void add(AxonRow row) { rows_.push_back(std::move(row)); }
  [[nodiscard]] std::size_t chunks() const { return (rows_.size() + 15) / 16; }
  [[nodiscard]] const std::vector<AxonRow>& rows() const { return rows_; }

  [[nodiscard]] Pattern pattern() const override { return Pattern::kAny; }
  void kinds(std::size_t chunk, std::vector<RowKind>& kinds) const override {
    kinds.clear();
    for (std::size_t n = 16 * chunk; n < std::min(rows_.size(), 16 * chunk + 16); ++n) {
      std::uint32_t first = ~0U;
      for (const auto& synapse : rows_[n].synapses)
        first = std::min(first, synapse.position / grain_ * grain_);
      if (rows_[n].synapses.empty()) first = 0;
      std::vector<std::int64_t> key{rows_[n].shift, rows_[n].plane, rows_[n].negative};
      for (const auto& synapse : rows_[n].synapses) {
        key.push_back(synapse.position - first);
        key.push_back(synapse.mantissa);
      }
      kinds.push_back(
          {known_.try_emplace(key, static_cast<std::uint32_t>(known_.size())).first->second, first});
    }
  }
  void read(std::size_t chunk, std::uint32_t bit, AxonRow& row) const override {
    row = rows_[16 * chunk + bit];
  }

 private:
  std::uint32_t grain_;
  std::vector<AxonRow> rows_;
  mutable std::map<std::vector<std::int64_t>, std::uint32_t> known_;
};

/// A layer between two maps, both numbered [group of 16 channels][row][column][channel].
struct Convolution {
  std::uint32_t from = 16, to = 16, height = 8, width = 8, kernel = 3, stride = 1, padding = 1, groups = 1;

  [[nodiscard]] std::uint32_t out(std::uint32_t extent) const {
    return (extent + 2 * padding - kernel) / stride + 1;
  }
  [[nodiscard]] std::uint32_t neurons() const { return to * out(height) * out(width); }
};

std::uint32_t number_of(std::uint32_t channels, std::uint32_t area, std::uint32_t channel, std::uint32_t at) {
  const std::uint32_t group = channel / 16, wide = std::min(16U, channels - 16 * group);
  return 16 * group * area + at * wide + channel % 16;
}

WrittenRows rows_of(Rng& rng, const Convolution& c, std::uint32_t grain, std::uint32_t bits) {
  const auto weight = [&] {
    const std::int32_t top = 1 << (bits - 1);
    return bits == 1 ? (rng.chance(0.5) ? 1 : -1) : static_cast<std::int32_t>(rng.between(-top, top - 1));
  };
  std::vector<std::int32_t> kernel(std::size_t{c.from} * c.to * c.kernel * c.kernel);
  for (auto& w : kernel) w = weight();
  const std::uint32_t high = c.out(c.height), wide = c.out(c.width);
  std::vector<AxonRow> rows(c.from * c.height * c.width);
  for (std::uint32_t i = 0; i < c.from; ++i)
    for (std::uint32_t y = 0; y < c.height; ++y)
      for (std::uint32_t x = 0; x < c.width; ++x) {
        AxonRow& row = rows[number_of(c.from, c.height * c.width, i, y * c.width + x)];
        row.bits = bits;
        for (std::uint32_t o = 0; o < c.to; ++o) {
          if (i * c.groups / c.from != o * c.groups / c.to) continue;
          for (std::uint32_t ky = 0; ky < c.kernel; ++ky)
            for (std::uint32_t kx = 0; kx < c.kernel; ++kx) {
              const std::uint32_t py = y + c.padding - ky, px = x + c.padding - kx;
              if (py % c.stride != 0 || px % c.stride != 0 || py / c.stride >= high || px / c.stride >= wide)
                continue;
              row.synapses.push_back({number_of(c.to, high * wide, o, py / c.stride * wide + px / c.stride),
                                      kernel[((o * c.from + i) * c.kernel + ky) * c.kernel + kx]});
            }
        }
      }
  WrittenRows written(grain);
  for (AxonRow& row : rows) written.add(std::move(row));
  return written;
}

ArrayShape random_shape(Rng& rng) {
  ArrayShape shape;
  shape.columns = 4U << rng.below(4);
  shape.pages = 1U << rng.below(4);
  shape.vectors = 64U << rng.below(4);
  return shape;
}

/// What the folds add, by chunk, bit and position; checks on the way that they are as the array takes them.
std::map<std::tuple<std::uint32_t, std::uint32_t, std::uint32_t>, std::int64_t> added(
    const std::vector<Block>& blocks, const Uses& uses, std::uint32_t vectors, const ArrayShape& shape) {
  std::map<std::tuple<std::uint32_t, std::uint32_t, std::uint32_t>, std::int64_t> sums;
  std::uint32_t next = 0;
  for (const Block& block : blocks) {
    EXPECT_EQ(block.first, next);
    EXPECT_EQ(block.first * shape.columns % 16, 0U);
    EXPECT_LE(block.vectors * shape.pages, shape.vectors);
    next += block.vectors;
    std::vector<int> stored(block.vectors, 0);
    for (const Fold& fold : block.folds)
      for (std::uint32_t line = 0; line < fold.walk.lines; ++line)
        for (std::uint32_t column = 0; column < fold.walk.columns; ++column) {
          const Pair pair = fold.walk.pair(column, line);
          EXPECT_LT(pair.vector, block.vectors);
          if (pair.vector >= block.vectors) return {};
          EXPECT_EQ(stored[pair.vector], fold.store ? 0 : 1);
          stored[pair.vector] = 1;
          if (!fold.matrix) continue;
          const Matrix& matrix = uses.matrices[*fold.matrix];
          EXPECT_LE(8U >> matrix.format, shape.weight_bits);
          EXPECT_LE(matrix.shift, shape.max_shift);
          for (std::uint32_t n = 0; n < matrix.weights.size(); ++n)
            if (matrix.weights[n] != 0)
              sums[{block.chunk + pair.chunk, n / shape.columns,
                    (block.first + pair.vector) * shape.columns + n % shape.columns}] +=
                  (matrix.negate != 0 ? -1 : 1) * (std::int64_t{matrix.weights[n]} << matrix.shift);
        }
    for (const int times : stored) EXPECT_EQ(times, 1);
  }
  EXPECT_EQ(next, vectors);
  return sums;
}

void expect_rows(const WrittenRows& rows, std::uint32_t neurons, const ArrayShape& shape) {
  const Uses uses = find_uses(rows, rows.chunks(), shape);
  const std::uint32_t vectors = (neurons + shape.columns - 1) / shape.columns;
  const std::vector<std::uint32_t> updates((neurons + 15) / 16, 1);
  auto sums =
      added(cut_into_blocks(uses, block_ends(neurons, {}, shape), updates, shape), uses, vectors, shape);
  for (std::uint32_t n = 0; n < rows.rows().size(); ++n)
    for (const auto& synapse : rows.rows()[n].synapses) {
      const AxonRow& row = rows.rows()[n];
      if (synapse.mantissa == 0) continue;
      const auto at = sums.find({n / 16, n % 16, synapse.position});
      ASSERT_NE(at, sums.end());
      ASSERT_EQ(at->second,
                (std::int64_t{synapse.mantissa} << (row.shift + row.plane)) * (row.negative != 0 ? -1 : 1));
      sums.erase(at);
    }
  EXPECT_EQ(sums.size(), 0U);
}

TEST(SystolicFolds, AddWhatTheRowsOfAConvolutionSay) {
  for (std::uint64_t seed = 1; seed <= 1000; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng(seed);
    Convolution c;
    c.groups = rng.chance(0.3) ? 1U << rng.below(4) : 1;
    c.from = c.groups * static_cast<std::uint32_t>(1 + rng.below(20 / c.groups + 1));
    c.to = c.groups * static_cast<std::uint32_t>(1 + rng.below(40 / c.groups + 1));
    c.kernel = static_cast<std::uint32_t>(1 + rng.below(4));
    c.stride = static_cast<std::uint32_t>(1 + rng.below(2));
    c.padding = static_cast<std::uint32_t>(rng.below(c.kernel));
    c.height = c.kernel + static_cast<std::uint32_t>(rng.below(6));
    c.width = c.kernel + static_cast<std::uint32_t>(rng.below(8));
    const ArrayShape shape = random_shape(rng);
    expect_rows(rows_of(rng, c, shape.columns, 1U << rng.below(4)), c.neurons(), shape);
    if (HasFailure()) return;
  }
}

TEST(SystolicFolds, AddWhatRowsOfEveryKindSay) {
  for (std::uint64_t seed = 1; seed <= 1000; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng(seed);
    ArrayShape shape = random_shape(rng);
    if (rng.chance(0.3)) shape.weight_bits = 4;
    const auto neurons = static_cast<std::uint32_t>(1 + rng.below(90));
    const double density = rng.chance(0.3) ? 1.0 : rng.unit();
    const std::uint64_t axons = 1 + rng.below(70), planes = 1 + rng.below(4);
    const bool is_signed = rng.chance(0.5);
    WrittenRows rows(shape.columns);
    const auto shift = static_cast<std::uint32_t>(rng.below(4));
    const std::uint32_t bits = std::min<std::uint32_t>(shape.weight_bits, 1U << rng.below(4));
    for (std::uint64_t axon = 0; axon < axons; ++axon) {
      AxonRow row;
      row.bits = bits;
      row.shift = shift;
      const std::int32_t top = 1 << (bits - 1);
      for (std::uint32_t n = 0; n < neurons; ++n)
        if (rng.chance(density))
          row.synapses.push_back({n, bits == 1 ? (rng.chance(0.5) ? 1 : -1)
                                               : static_cast<std::int32_t>(rng.between(-top, top - 1))});
      for (row.plane = 0; row.plane < planes; ++row.plane) {
        row.negative = is_signed && row.plane + 1 == planes ? 1 : 0;
        rows.add(row);
      }
    }
    expect_rows(rows, neurons, shape);
    if (HasFailure()) return;
  }
}

/// Cycles of an array that never waits: of every matrix and block the larger of loading and passing.
std::int64_t ideal(const std::vector<Block>& blocks, const ArrayShape& shape) {
  std::int64_t cycles = 0;
  for (const Block& block : blocks) {
    std::map<std::uint32_t, std::int64_t> passes;  // by matrix
    for (const Fold& fold : block.folds)
      if (fold.matrix) passes[*fold.matrix] += std::int64_t{fold.walk.size()} * shape.pages;
    for (const auto& [matrix, vectors] : passes) cycles += std::max<std::int64_t>(kRows, vectors);
  }
  return cycles;
}

TEST(SystolicFolds, OfConvolutionsCostAboutWhatAnIdealArrayTakes) {
  for (const std::uint32_t pages : {1U, 4U, 8U})
    for (const auto& [from, to, side] : std::vector<std::tuple<std::uint32_t, std::uint32_t, std::uint32_t>>{
             {64, 64, 32}, {64, 128, 16}, {128, 128, 16}, {128, 256, 8}, {256, 256, 8}}) {
      Rng rng(1);
      const Convolution c{from, std::min(to, 32U), side, side, 3, 1, 1, 1};
      const ArrayShape shape{16, pages, 512, 8, 7, 16};
      const WrittenRows rows = rows_of(rng, c, 16, 8);
      const Uses uses = find_uses(rows, rows.chunks(), shape);
      const std::vector<std::uint32_t> updates(c.neurons() / 16, 1);
      const std::vector<Block> blocks =
          cut_into_blocks(uses, block_ends(c.neurons(), {}, shape), updates, shape);
      const FiringTime time = firing_time(blocks, uses, updates, shape, pages);
      const std::int64_t least = ideal(blocks, shape);
      EXPECT_LE(time.total() * 100, least * 102)
          << from << " to " << to << " channels, " << pages << " pages";
    }
}

}  // namespace
}  // namespace spikeloom::systolic
