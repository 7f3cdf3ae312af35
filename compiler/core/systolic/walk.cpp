#include "compiler/core/systolic/walk.hpp"

#include <algorithm>
#include <cstdlib>
#include <numeric>
#include <unordered_map>

namespace spikeloom::systolic {
namespace {

/// Pairs behind the corner that a step may lead to.
constexpr std::size_t kNear = 8;
/// Pairs outside a line that the next line may begin at.
constexpr std::size_t kNextLines = 4;

/// The pairs of a set that no walk has passed yet.
class PairsLeft {
 public:
  explicit PairsLeft(std::span<const Pair> pairs) : pairs_(pairs), left_(pairs.size(), true) {
    for (std::size_t n = 0; n < pairs.size(); ++n) number_.emplace(key(pairs[n]), n);
  }

  /// The first one from number `from` on; the end: there is none.
  [[nodiscard]] std::size_t next(std::size_t from) const {
    while (from < pairs_.size() && !left_[from]) ++from;
    return from;
  }
  [[nodiscard]] bool has(const Pair& pair) const {
    const auto at = number_.find(key(pair));
    return at != number_.end() && left_[at->second];
  }
  void take(const Walk& walk) {
    for (std::uint32_t line = 0; line < walk.lines; ++line)
      for (std::uint32_t column = 0; column < walk.columns; ++column)
        left_[number_.at(key(walk.pair(column, line)))] = false;
  }

  /// Pairs from `first` on along `step`, at most `most`.
  [[nodiscard]] std::uint32_t run(const Pair& first, const Step& step, std::uint32_t most) const {
    const Walk along{first, most, 1, step, {}};
    std::uint32_t length = 0;
    while (length < most && has(along.pair(length, 0))) ++length;
    return length;
  }

 private:
  static std::uint64_t key(const Pair& pair) { return std::uint64_t{pair.vector} << 32U | pair.chunk; }

  std::span<const Pair> pairs_;
  std::vector<bool> left_;
  std::unordered_map<std::uint64_t, std::size_t> number_;
};

Step between(const Pair& from, const Pair& to) {
  return {static_cast<std::int32_t>(to.vector - from.vector),
          static_cast<std::int32_t>(to.chunk - from.chunk)};
}

/// Lines `y` apart go on where others of steps `x` have been: `lines` further on, `columns` less or more.
struct Overlap {
  std::uint32_t columns = kMostColumns, lines = kMostColumns;
};
Overlap overlap(const Step& x, const Step& y) {
  if (std::int64_t{x.vector} * y.chunk != std::int64_t{x.chunk} * y.vector) return {};
  const std::int32_t along = x.vector != 0 ? x.vector : x.chunk, across = x.vector != 0 ? y.vector : y.chunk;
  const auto common = static_cast<std::uint32_t>(std::gcd(along, across));
  return {static_cast<std::uint32_t>(std::abs(across)) / common,
          static_cast<std::uint32_t>(std::abs(along)) / common};
}

/// The longest walk with this line and lines `y` apart.
Walk with_lines(const PairsLeft& left, const Walk& line, const Step& y) {
  Walk best = line;
  std::uint32_t columns = line.columns;
  const Overlap overlapping = overlap(line.x, y);
  for (std::uint32_t lines = 2; lines <= kMostColumns; ++lines) {
    const Walk to{line.first, 1, lines, {}, y};
    if (lines > overlapping.lines) columns = std::min(columns, overlapping.columns);
    columns = left.run(to.pair(0, lines - 1), line.x, columns);
    if (columns == 0) break;
    if (columns * lines > best.size()) best = {line.first, columns, lines, columns == 1 ? Step{} : line.x, y};
  }
  return best;
}

/// The longest walk from the pair of that number.
Walk longest_from(const PairsLeft& left, std::span<const Pair> pairs, std::size_t corner) {
  const Pair first = pairs[corner];
  Walk best{first, 1, 1, {}, {}};
  std::size_t near = corner;
  for (std::size_t tried = 0; tried < kNear; ++tried) {
    near = left.next(near + 1);
    if (near == pairs.size()) break;
    Walk line{first, 1, 1, between(first, pairs[near]), {}};
    line.columns = left.run(first, line.x, kMostColumns);
    if (line.size() > best.size()) best = line;
    // Where the next line may begin: at the first pairs outside this one.
    std::uint32_t passed = 1;
    std::size_t at = corner;
    for (std::size_t lines = 0; lines < kNextLines;) {
      at = left.next(at + 1);
      if (at == pairs.size()) break;
      if (passed < line.columns && pairs[at] == line.pair(passed, 0)) {
        ++passed;
        continue;
      }
      ++lines;
      const Walk walk = with_lines(left, line, between(first, pairs[at]));
      if (walk.size() > best.size()) best = walk;
    }
  }
  return best;
}

std::vector<Walk> search(std::span<const Pair> pairs) {
  PairsLeft left(pairs);
  std::vector<Walk> walks;
  for (std::size_t corner = 0; (corner = left.next(corner)) < pairs.size();) {
    walks.push_back(longest_from(left, pairs, corner));
    left.take(walks.back());
  }
  return walks;
}

}  // namespace

std::vector<Walk> WalkCutter::cut(std::span<const Pair> pairs) {
  Pair least = pairs.front();
  for (const Pair& pair : pairs) least.chunk = std::min(least.chunk, pair.chunk);
  std::vector<Pair> moved;
  moved.reserve(pairs.size());
  for (const Pair& pair : pairs) moved.push_back({pair.vector - least.vector, pair.chunk - least.chunk});
  const auto [known, fresh] = known_.try_emplace(std::move(moved));
  if (fresh) known->second = search(known->first);
  std::vector<Walk> walks = known->second;
  for (Walk& walk : walks) {
    walk.first.vector += least.vector;
    walk.first.chunk += least.chunk;
  }
  return walks;
}

}  // namespace spikeloom::systolic
