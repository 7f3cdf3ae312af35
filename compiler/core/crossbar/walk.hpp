// Which lane groups a row walks: the segments that hold every group with a weight, in the fewest words.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <vector>

namespace spikeloom::crossbar {

/// Segments of `words` lane groups each, the first one at `offset`, each `pitch` groups after the one before.
/// A convolution's row in a block of positions: a segment per row of the kernel, the pitch is the block's
/// width. One segment has pitch 0.
struct Walk {
  std::uint32_t offset = 0, words = 0, segments = 1, pitch = 0;
  friend bool operator==(const Walk&, const Walk&) = default;

  /// Words of all segments together.
  [[nodiscard]] std::uint32_t size() const { return words * segments; }
  /// The lane group of word n, 0 <= n < size().
  [[nodiscard]] std::uint32_t group(std::uint32_t n) const { return offset + n / words * pitch + n % words; }
  /// The word of a lane group that the walk passes.
  [[nodiscard]] std::uint32_t word(std::uint32_t group) const {
    const std::uint32_t at = group - offset;
    return segments == 1 ? at : at / pitch * words + at % pitch;
  }
  /// Whether it passes the lane group.
  [[nodiscard]] bool passes(std::uint32_t group) const {
    return group >= offset && group < end() && (segments == 1 || (group - offset) % pitch < words);
  }
  /// One past the last group.
  [[nodiscard]] std::uint32_t end() const { return offset + (segments - 1) * pitch + words; }
};

/// Finds walks; patterns that were seen before, wherever they stood, cost a look-up.
class WalkFinder {
 public:
  /// `groups`: lane groups of the cluster, which no walk leaves.
  explicit WalkFinder(std::uint32_t groups) : groups_(groups) {}

  /// The walk over all of `wanted`, which rises, with the fewest words that were found; of those the one with
  /// the fewest segments. It may begin before the first and end behind the last, where a row or a column of a
  /// kernel has a zero at its corner. Nothing wanted: no words.
  [[nodiscard]] Walk cover(std::span<const std::uint32_t> wanted);

 private:
  [[nodiscard]] Walk search(const std::vector<std::uint32_t>& wanted, std::uint32_t before,
                            std::uint32_t behind) const;

  std::uint32_t groups_;
  std::map<std::vector<std::uint32_t>, Walk> known_;  ///< by room before and behind, and by pattern
};

}  // namespace spikeloom::crossbar
