#include "compiler/core/systolic/blocks.hpp"

#include <algorithm>
#include <map>
#include <numeric>
#include <set>
#include <tuple>
#include <utility>

#include "compiler/base/error.hpp"
#include "spikeloom_hw.hpp"

namespace spikeloom::systolic {
namespace {

/// Lengths of blocks that are tried, from the longest on.
constexpr std::uint32_t kTries = 6;

/// A firing may be longer by this part where that saves fold entries.
constexpr std::int64_t kWorthEntries = 100;

/// Vectors of a chunk of 16 neurons: blocks end where chunks do.
std::uint32_t unit_of(const ArrayShape& shape) { return std::max(1U, hw::kChunkBits / shape.columns); }

/// The vectors of a block that a fold has stored.
class Stored {
 public:
  explicit Stored(std::uint32_t vectors) : stored_(vectors, false) {}

  /// Stores those of the walk, if it passes each only once and none is stored.
  [[nodiscard]] bool take(const Walk& walk) {
    for (std::uint32_t n = 0; n < walk.size(); ++n) {
      const std::uint32_t vector = walk.pair(n % walk.columns, n / walk.columns).vector;
      if (!stored_[vector]) {
        stored_[vector] = true;
        continue;
      }
      for (std::uint32_t back = 0; back < n; ++back)
        stored_[walk.pair(back % walk.columns, back / walk.columns).vector] = false;
      return false;
    }
    return true;
  }
  /// Pairs of those that are not, with chunk 0.
  [[nodiscard]] std::vector<Pair> left() const {
    std::vector<Pair> pairs;
    for (std::uint32_t vector = 0; vector < stored_.size(); ++vector)
      if (!stored_[vector]) pairs.push_back({vector, 0});
    return pairs;
  }

 private:
  std::vector<bool> stored_;
};

/// The longest folds that can store do, and what they leave is set to zero.
void store_first(Block& block, WalkCutter& cutter) {
  std::vector<std::size_t> order(block.folds.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return block.folds[a].walk.size() > block.folds[b].walk.size();
  });
  Stored stored(block.vectors);
  for (const std::size_t n : order) block.folds[n].store = stored.take(block.folds[n].walk);
  if (const std::vector<Pair> left = stored.left(); !left.empty())
    for (const Walk& walk : cutter.cut(left)) block.folds.push_back({std::nullopt, true, walk});
  // In an order that says nothing of the weights, so that blocks of other weights have equal folds.
  std::stable_sort(block.folds.begin(), block.folds.end(), [](const Fold& a, const Fold& b) {
    const auto key = [](const Fold& fold) {
      return std::tuple(!fold.store, fold.matrix.has_value(), fold.walk.first.chunk, fold.walk.first.vector);
    };
    return key(a) < key(b);
  });
}

Block block_of(const Uses& uses, std::uint32_t first, std::uint32_t vectors, WalkCutter& cutter) {
  Block block{first, vectors, ~0U, {}};
  std::map<std::uint32_t, std::vector<Pair>> pairs;  // by matrix
  const auto below = [](const Use& use, std::uint32_t vector) { return use.pair.vector < vector; };
  auto use = std::lower_bound(uses.uses.begin(), uses.uses.end(), first, below);
  for (; use != uses.uses.end() && use->pair.vector < first + vectors; ++use) {
    pairs[use->matrix].push_back({use->pair.vector - first, use->pair.chunk});
    block.chunk = std::min(block.chunk, use->pair.chunk);
  }
  if (pairs.empty()) block.chunk = 0;
  for (const auto& [matrix, own] : pairs)
    for (Walk walk : cutter.cut(own)) {
      walk.first.chunk -= block.chunk;
      block.folds.push_back({matrix, false, walk});
    }
  store_first(block, cutter);
  return block;
}

/// Fold entries that the blocks take, about: those whose folds walk alike share them.
std::size_t fold_entries(std::span<const Block> blocks) {
  std::set<std::vector<Walk>> different;
  std::size_t entries = 0;
  for (const Block& block : blocks) {
    std::vector<Walk> walks;
    for (const Fold& fold : block.folds) walks.push_back(fold.walk);
    if (different.insert(std::move(walks)).second) entries += block.folds.size();
  }
  return entries;
}

}  // namespace

std::uint32_t most_vectors(const ArrayShape& shape) {
  const std::uint32_t unit = unit_of(shape);
  return shape.vectors / shape.pages / unit * unit;
}

FiringTime firing_time(std::span<const Block> blocks, const Uses& uses,
                       std::span<const std::uint32_t> updates, const ArrayShape& shape, std::int64_t pages) {
  FiringClock clock(pages, 0, shape.lif_lanes);
  for (const Block& block : blocks) {
    for (const Fold& fold : block.folds) {
      const Matrix* matrix = fold.matrix ? &uses.matrices[*fold.matrix] : nullptr;
      clock.fold(fold.walk.size(),
                 matrix == nullptr ? 0 : words_read(matrix->rows(shape.columns), matrix->format));
    }
    std::int64_t entries = 0;
    const std::uint32_t begin = block.first * shape.columns / hw::kChunkBits;
    const std::uint32_t end =
        ((block.first + block.vectors) * shape.columns + hw::kChunkBits - 1) / hw::kChunkBits;
    for (std::uint32_t chunk = begin; chunk < end && chunk < updates.size(); ++chunk)
      entries += updates[chunk];
    clock.end_block(entries);
  }
  return clock.firing();
}

std::vector<std::uint32_t> block_ends(std::size_t neurons,
                                      std::span<const std::vector<std::uint32_t>> windows,
                                      const ArrayShape& shape) {
  const auto vectors = static_cast<std::uint32_t>((neurons + shape.columns - 1) / shape.columns);
  std::vector<std::uint32_t> ends;
  const auto end_at = [&](std::size_t chunks) {
    const std::size_t end = chunks * hw::kChunkBits;
    if (end % shape.columns == 0 && end < std::size_t{vectors} * shape.columns)
      ends.push_back(static_cast<std::uint32_t>(end / shape.columns));
  };
  const std::size_t chunks = (neurons + hw::kChunkBits - 1) / hw::kChunkBits;
  if (windows.empty())
    for (std::size_t chunk = 1; chunk < chunks; ++chunk) end_at(chunk);
  // Behind a window of which all chunks so far are the first of the cluster's, each taken once.
  std::size_t taken = 0, highest = 0;
  for (const std::vector<std::uint32_t>& window : windows) {
    taken += window.size();
    for (const std::uint32_t chunk : window) highest = std::max<std::size_t>(highest, chunk);
    if (taken == highest + 1) end_at(taken);
  }
  ends.push_back(vectors);
  return ends;
}

namespace {

/// The ends of blocks of `length` vectors, or of fewer where they may not end there. A block is longer only
/// where it has no end before.
std::vector<std::uint32_t> ends_of_blocks(std::span<const std::uint32_t> ends, std::uint32_t length) {
  std::vector<std::uint32_t> chosen;
  std::uint32_t first = 0;
  for (std::size_t n = 0; n < ends.size(); ++n)
    if (n + 1 == ends.size() || ends[n + 1] - first > length) {
      chosen.push_back(ends[n]);
      first = ends[n];
    }
  return chosen;
}

}  // namespace

std::vector<Block> cut_into_blocks(const Uses& uses, std::span<const std::uint32_t> ends,
                                   std::span<const std::uint32_t> updates, const ArrayShape& shape) {
  const std::uint32_t vectors = ends.back();
  const std::uint32_t unit = unit_of(shape), most = std::max(unit, most_vectors(shape));
  const std::uint32_t fewest = (vectors + most - 1) / most;
  struct Cut {
    std::vector<Block> blocks;
    std::int64_t cycles = 0;
    std::size_t entries = 0;
  };
  WalkCutter cutter;
  std::vector<Cut> cuts;
  std::vector<std::uint32_t> before;
  for (std::uint32_t count = fewest; count < fewest + kTries; ++count) {
    const std::uint32_t length = ((vectors + count - 1) / count + unit - 1) / unit * unit;
    const std::vector<std::uint32_t> chosen = ends_of_blocks(ends, length);
    if (chosen == before) continue;
    before = chosen;
    Cut& cut = cuts.emplace_back();
    std::uint32_t first = 0;
    for (const std::uint32_t end : chosen) {
      cut.blocks.push_back(block_of(uses, first, end - first, cutter));
      first = end;
    }
    cut.cycles = firing_time(cut.blocks, uses, updates, shape, shape.pages).total();
    cut.entries = fold_entries(cut.blocks);
  }
  std::int64_t least = cuts.front().cycles;
  for (const Cut& cut : cuts) least = std::min(least, cut.cycles);
  const auto price = [&](const Cut& cut) {
    return std::tuple(cut.cycles > least + least / kWorthEntries, cut.entries, cut.cycles);
  };
  return std::min_element(cuts.begin(), cuts.end(),
                          [&](const Cut& a, const Cut& b) { return price(a) < price(b); })
      ->blocks;
}

}  // namespace spikeloom::systolic
