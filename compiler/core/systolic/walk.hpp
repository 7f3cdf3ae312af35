// Which chunks of a page meet which neurons: sets of pairs, cut into walks in two dimensions.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <span>
#include <vector>

namespace spikeloom::systolic {

/// A page chunk whose 16 axons have weights to a target vector: as many neurons as the array has columns.
struct Pair {
  std::uint32_t vector = 0, chunk = 0;
  friend auto operator<=>(const Pair&, const Pair&) = default;
};

struct Step {
  std::int32_t vector = 0, chunk = 0;
  friend auto operator<=>(const Step&, const Step&) = default;
};

/// `lines` lines of `columns` pairs each: pair i of line j is first + i·x + j·y. A convolution's positions
/// are columns and lines. One column has no x, one line no y.
struct Walk {
  Pair first{};
  std::uint32_t columns = 1, lines = 1;
  Step x{}, y{};
  friend auto operator<=>(const Walk&, const Walk&) = default;

  [[nodiscard]] std::uint32_t size() const { return columns * lines; }
  [[nodiscard]] Pair pair(std::uint32_t column, std::uint32_t line) const {
    const auto at = [&](std::uint32_t from, std::int32_t along, std::int32_t across) {
      return static_cast<std::uint32_t>(from + static_cast<std::int64_t>(column) * along +
                                        static_cast<std::int64_t>(line) * across);
    };
    return {at(first.vector, x.vector, y.vector), at(first.chunk, x.chunk, y.chunk)};
  }
};

/// Most columns, and most lines, of a walk.
inline constexpr std::uint32_t kMostColumns = 1024;

/// Cuts sets of pairs into walks; sets that were seen before, wherever they stood, cost a look-up.
class WalkCutter {
 public:
  /// Walks that pass each pair once, few and long ones. `pairs` rise and are not empty.
  ///
  /// Method  The first pair that is left is the corner of a walk. Of all walks from there whose steps lead to
  ///         one of the next few pairs the longest is taken.
  [[nodiscard]] std::vector<Walk> cut(std::span<const Pair> pairs);

 private:
  std::map<std::vector<Pair>, std::vector<Walk>> known_;  ///< pairs and walks less the lowest of both numbers
};

}  // namespace spikeloom::systolic
