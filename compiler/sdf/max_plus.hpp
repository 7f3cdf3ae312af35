// Matrices over (max, +): an iteration of a graph as one of them, products, eigenvalue and eigenvectors.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "compiler/base/ratio.hpp"
#include "compiler/sdf/phased_graph.hpp"

namespace spikeloom::sdf {

/// The neutral element of max: no dependence.
inline constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::min();

/// A square matrix; at(i, j) is by how many cycles i comes after j at the least, or kNever.
class MaxPlusMatrix {
 public:
  explicit MaxPlusMatrix(std::size_t size) : size_(size), entries_(size * size, kNever) {}
  [[nodiscard]] static MaxPlusMatrix identity(std::size_t size);
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::int64_t at(std::size_t row, std::size_t column) const {
    return entries_[row * size_ + column];
  }
  void set(std::size_t row, std::size_t column, std::int64_t value) {
    entries_[row * size_ + column] = value;
  }
  [[nodiscard]] const std::int64_t* row(std::size_t row) const { return entries_.data() + row * size_; }
  friend bool operator==(const MaxPlusMatrix&, const MaxPlusMatrix&) = default;

 private:
  std::size_t size_;
  std::vector<std::int64_t> entries_;
};

/// First `b`, then `a`. Throws Error{kInput} where a time leaves 64 bits.
[[nodiscard]] MaxPlusMatrix operator*(const MaxPlusMatrix& a, const MaxPlusMatrix& b);
/// Element by element the later one: a bound on both.
[[nodiscard]] MaxPlusMatrix latest(const MaxPlusMatrix& a, const MaxPlusMatrix& b);
/// matrix · times; entries kNever stay so.
[[nodiscard]] std::vector<std::int64_t> applied(const MaxPlusMatrix& matrix,
                                                const std::vector<std::int64_t>& times);

/// A token that waits between iterations.
struct WaitingToken {
  ChannelId channel{};     ///< kNoChannel: from phase to phase of `actor`
  ActorId actor{};         ///< the one that reads it
  std::int64_t place = 0;  ///< in the channel's order; 0 is read first
  friend bool operator==(const WaitingToken&, const WaitingToken&) = default;
};

/// If the tokens are there at times x before an iteration, they are there at matrix · x after it
/// (self-timed).
struct IterationMatrix {
  MaxPlusMatrix matrix{0};
  std::vector<WaitingToken> tokens;  ///< what rows and columns stand for
};

struct IterationMatrixOptions {
  std::int64_t most_tokens = 2'000;
  std::int64_t most_firings = 2'000'000;
};

/// One iteration executed with symbolic times. Nothing where the graph is stuck.
///
/// Cost    O(tokens · sum over firings of tokens read and written).
/// Throws  Error{kInput} for rates without a repetition vector and beyond the options' limits, with both
///         numbers.
/// Source  Geilen, Synchronous dataflow scenarios, ACM TECS 10 (2010).
[[nodiscard]] std::optional<IterationMatrix> iteration_matrix(const PhasedGraph& graph,
                                                              const IterationMatrixOptions& options = {});

/// matrix · vector = value + vector.
struct Eigen {
  Ratio value;  ///< the largest cycle mean: cycles an iteration
  /// One for each class of critical tokens, in order of their lowest: vectors in cycles / value.den(), the
  /// class's lowest token at 0, kNever where it has no influence. Every eigenvector of `value` is a (max, +)
  /// combination of these.
  std::vector<std::vector<std::int64_t>> vectors;
  std::vector<std::size_t>
      critical_cycle;  ///< tokens, each depending on the one before, the first on the last
};

/// Nothing for a matrix without a cycle: after some iterations nothing depends on the past.
///
/// Source  Baccelli, Cohen, Olsder, Quadrat, Synchronization and Linearity, 1992, theorem 3.101.
[[nodiscard]] std::optional<Eigen> eigen(const MaxPlusMatrix& matrix);

}  // namespace spikeloom::sdf
