#include "compiler/core/crossbar/walk.hpp"

#include <algorithm>

namespace spikeloom::crossbar {
namespace {

/// Beginnings of runs beyond which only neighbours' distances are tried as pitches, not all pairs'.
constexpr std::size_t kFewRuns = 12;
/// Pitches that are tried for one pattern at most, the commonest first.
constexpr std::size_t kMostPitches = 32;

/// Distances between the beginnings of runs of neighbouring groups: what a pitch may be.
std::vector<std::uint32_t> pitches(const std::vector<std::uint32_t>& wanted) {
  std::vector<std::uint32_t> begins;
  for (std::size_t i = 0; i < wanted.size(); ++i)
    if (i == 0 || wanted[i] != wanted[i - 1] + 1) begins.push_back(wanted[i]);
  const std::size_t far = begins.size() <= kFewRuns ? begins.size() : 1;
  std::map<std::uint32_t, std::size_t> times;
  for (std::size_t i = 0; i < begins.size(); ++i)
    for (std::size_t j = i + 1; j < std::min(begins.size(), i + 1 + far); ++j) ++times[begins[j] - begins[i]];
  std::vector<std::uint32_t> result;
  for (const auto& [pitch, count] : times) result.push_back(pitch);
  std::stable_sort(result.begin(), result.end(),
                   [&](std::uint32_t a, std::uint32_t b) { return times[a] > times[b]; });
  if (result.size() > kMostPitches) result.resize(kMostPitches);
  return result;
}

/// A run of remainders modulo a pitch: where it begins, and how long it is.
struct Residues {
  std::uint32_t begin = 0, words = 0;
};

/// The shortest run of remainders, around the circle, that holds the remainders of all groups; of several the
/// one that begins nearest behind 0, the first group's.
Residues residues(const std::vector<std::uint32_t>& wanted, std::uint32_t pitch) {
  std::vector<bool> used(pitch, false);
  for (const std::uint32_t group : wanted) used[group % pitch] = true;
  Residues best{0, pitch};
  std::uint32_t last = 0;  // used; 0 always is
  for (std::uint32_t r = 1; r <= pitch; ++r) {
    if (r < pitch && !used[r]) continue;
    // Nothing between `last` and r: the run may begin at r and end at `last`.
    const std::uint32_t words = pitch - (r - last) + 1;
    if (words < best.words || (words == best.words && r == pitch)) best = {r % pitch, words};
    last = r;
  }
  return best;
}

}  // namespace

Walk WalkFinder::search(const std::vector<std::uint32_t>& wanted, std::uint32_t before,
                        std::uint32_t behind) const {
  const std::uint32_t last = wanted.back();
  Walk best{before, last + 1, 1, 0};
  for (const std::uint32_t pitch : pitches(wanted)) {
    const Residues run = residues(wanted, pitch);
    const std::uint32_t ahead = run.begin == 0 ? 0 : pitch - run.begin;
    if (run.words == pitch || ahead > before) continue;
    const Walk walk{before - ahead, run.words, (last + ahead) / pitch + 1, pitch};
    if (walk.segments == 1 || walk.end() > before + last + 1 + behind) continue;
    if (walk.size() < best.size() || (walk.size() == best.size() && walk.segments < best.segments))
      best = walk;
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
