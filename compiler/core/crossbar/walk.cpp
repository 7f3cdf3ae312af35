#include "compiler/core/crossbar/walk.hpp"

#include <algorithm>

namespace spikeloom::crossbar {
namespace {

/// Patterns up to this length are searched with every pitch, longer ones with the distances of their runs.
constexpr std::uint32_t kShort = 64;
/// Beginnings of runs beyond which only neighbours' distances are tried as pitches, not all pairs'.
constexpr std::size_t kFewRuns = 12;
/// Distances that are tried for one pattern at most, the commonest first.
constexpr std::size_t kMostPitches = 32;

/// What may be the pitch.
std::vector<std::uint32_t> pitches(const std::vector<std::uint32_t>& wanted) {
  std::vector<std::uint32_t> result;
  if (wanted.back() < kShort) {
    for (std::uint32_t pitch = 2; pitch <= wanted.back(); ++pitch) result.push_back(pitch);
    return result;
  }
  std::vector<std::uint32_t> begins;
  for (std::size_t i = 0; i < wanted.size(); ++i)
    if (i == 0 || wanted[i] != wanted[i - 1] + 1) begins.push_back(wanted[i]);
  const std::size_t far = begins.size() <= kFewRuns ? begins.size() : 1;
  std::map<std::uint32_t, std::size_t> times;
  for (std::size_t i = 0; i < begins.size(); ++i)
    for (std::size_t j = i + 1; j < std::min(begins.size(), i + 1 + far); ++j) ++times[begins[j] - begins[i]];
  for (const auto& [pitch, count] : times) result.push_back(pitch);
  std::stable_sort(result.begin(), result.end(),
                   [&](std::uint32_t a, std::uint32_t b) { return times[a] > times[b]; });
  if (result.size() > kMostPitches) result.resize(kMostPitches);
  return result;
}

}  // namespace

Walk WalkFinder::search(const std::vector<std::uint32_t>& wanted, std::uint32_t before,
                        std::uint32_t behind) const {
  const std::uint32_t last = wanted.back();
  Walk best{before, last + 1, 1, 0};
  // Segments of `words` groups, the first one `ahead` of the first group.
  const auto consider = [&](std::uint32_t pitch, std::uint32_t ahead, std::uint32_t words) {
    if (words == pitch || ahead > before) return;
    const Walk walk{before - ahead, words, (last + ahead) / pitch + 1, pitch};
    if (walk.segments == 1 || walk.end() > before + last + 1 + behind) return;
    if (walk.size() < best.size() || (walk.size() == best.size() && walk.segments < best.segments))
      best = walk;
  };
  std::vector<bool> used;
  for (const std::uint32_t pitch : pitches(wanted)) {
    if (best.size() == wanted.size()) break;
    used.assign(pitch, false);
    for (const std::uint32_t group : wanted) used[group % pitch] = true;
    // Of the remainders, around the circle, a segment may leave out what lies between two neighbours. The
    // first group's is 0; what begins there comes first.
    std::uint32_t end = pitch;  // the last remainder before the circle closes
    while (!used[end - 1]) --end;
    consider(pitch, 0, end);
    for (std::uint32_t r = 1, left = 0; r < pitch; ++r) {
      if (!used[r]) continue;
      consider(pitch, pitch - r, pitch - (r - left) + 1);
      left = r;
    }
  }
  return best;
}

Walk WalkFinder::cover(std::span<const std::uint32_t> wanted) {
  if (wanted.empty()) return {};
  const std::uint32_t first = wanted.front(), span = wanted.back() - first + 1;
  if (span == wanted.size()) return {first, span, 1, 0};
  // Room beyond the pattern's own length changes nothing.
  const std::uint32_t before = std::min(first, span), behind = std::min(groups_ - first - span, span);
  std::vector<std::uint32_t> key{before, behind};
  for (const std::uint32_t group : wanted) key.push_back(group - first);
  const auto [known, fresh] = known_.try_emplace(key);
  if (fresh) known->second = search({key.begin() + 2, key.end()}, before, behind);
  Walk walk = known->second;
  walk.offset += first - before;
  return walk;
}

}  // namespace spikeloom::crossbar
