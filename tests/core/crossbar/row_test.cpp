// Walks and the row packer: what is walked, in the fewest words, and what stands in the weights.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "compiler/base/rng.hpp"
#include "compiler/core/crossbar/row_packer.hpp"
#include "compiler/core/crossbar/walk.hpp"

namespace spikeloom::crossbar {
namespace {

std::uint32_t below(Rng& rng, std::uint32_t n) { return static_cast<std::uint32_t>(rng.below(n)); }

/// The fewest words of any walk within `groups` groups that passes all of `wanted`, by trying them all.
std::uint32_t fewest_words(const std::vector<std::uint32_t>& wanted, std::uint32_t groups) {
  std::uint32_t fewest = wanted.back() - wanted.front() + 1;
  for (std::uint32_t offset = 0; offset <= wanted.front(); ++offset)
    for (std::uint32_t pitch = 1; pitch < groups; ++pitch)
      for (std::uint32_t words = 1; words <= pitch; ++words) {
        const Walk walk{offset, words, (wanted.back() - offset) / pitch + 1, pitch};
        const bool all = std::all_of(wanted.begin(), wanted.end(),
                                     [&](std::uint32_t g) { return (g - offset) % pitch < words; });
        if (all && walk.end() <= groups) fewest = std::min(fewest, walk.size());
      }
  return fewest;
}

/// What a convolution's source reaches in a block: `lines` lines of `taps` groups, each `width` behind the
/// last.
std::vector<std::uint32_t> kernel(std::uint32_t first, std::uint32_t lines, std::uint32_t taps,
                                  std::uint32_t width) {
  std::vector<std::uint32_t> groups;
  for (std::uint32_t y = 0; y < lines; ++y)
    for (std::uint32_t x = 0; x < taps; ++x) groups.push_back(first + y * width + x);
  return groups;
}

TEST(Walk, OfADenseRowIsOneSegment) {
  WalkFinder walks(20);
  EXPECT_EQ(walks.cover(kernel(3, 1, 17, 0)), (Walk{3, 17, 1, 0}));
  EXPECT_EQ(walks.cover(std::vector<std::uint32_t>{}).words, 0U);
}

TEST(Walk, OfAConvolutionHasASegmentForEachLineOfTheKernel) {
  WalkFinder walks(64);
  EXPECT_EQ(walks.cover(kernel(9, 3, 3, 8)), (Walk{9, 3, 3, 8}));
  EXPECT_EQ(walks.cover(kernel(0, 2, 2, 8)), (Walk{0, 2, 2, 8}));  // an upper left corner
  EXPECT_EQ(walks.cover(kernel(8, 3, 1, 8)), (Walk{8, 1, 3, 8}));
}

TEST(Walk, BeginsBeforeAKernelsFirstGroupWhereACornerIsZero) {
  WalkFinder walks(64);
  std::vector<std::uint32_t> groups = kernel(9, 3, 3, 8);
  groups.erase(groups.begin());
  EXPECT_EQ(walks.cover(groups), (Walk{9, 3, 3, 8}));
  groups = kernel(9, 3, 3, 8);
  groups.pop_back();
  EXPECT_EQ(walks.cover(groups), (Walk{9, 3, 3, 8}));
  // It never leaves the cluster's groups.
  WalkFinder few(27);
  groups = kernel(8, 3, 3, 8);
  groups.pop_back();
  EXPECT_LE(few.cover(groups).end(), 27U);
}

TEST(Walk, PassesEveryGroupAndNearlyAlwaysInTheFewestWords) {
  std::size_t shorter = 0, longer = 0;
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    Rng rng(seed);
    const std::uint32_t groups = 2 + below(rng, 14);
    std::set<std::uint32_t> drawn{below(rng, groups)};
    const double density = rng.unit();
    for (std::uint32_t g = 0; g < groups; ++g)
      if (rng.chance(density)) drawn.insert(g);
    const std::vector<std::uint32_t> wanted(drawn.begin(), drawn.end());
    const Walk walk = WalkFinder(groups).cover(wanted);
    std::set<std::uint32_t> passed;
    for (std::uint32_t n = 0; n < walk.size(); ++n)
      EXPECT_TRUE(passed.insert(walk.group(n)).second) << seed << ": a group twice";
    EXPECT_TRUE(std::includes(passed.begin(), passed.end(), wanted.begin(), wanted.end())) << seed;
    EXPECT_LE(*passed.rbegin(), groups - 1) << seed;
    EXPECT_GE(walk.size(), fewest_words(wanted, groups)) << seed;
    longer += walk.size() > fewest_words(wanted, groups) ? 1U : 0U;
    shorter += walk.segments > 1 ? 1U : 0U;
  }
  EXPECT_GT(shorter, 50U);
  EXPECT_LT(longer, 20U);  // where the room at an end of the cluster forbids the shortest segments
}

constexpr std::uint32_t kLanes = 4;

/// A row of walk `walk`, its words drawn from `values` values.
Row random_row(Rng& rng, const Walk& walk, std::uint32_t values) {
  Row row{walk, below(rng, 2), below(rng, 2), hw::kFormatW8, {}};
  for (std::uint32_t i = 0; i < walk.size() * kLanes; ++i)
    row.mantissas.push_back(static_cast<char>(1 + rng.below(values)));
  return row;
}

/// Lane by lane what the entry's row adds, by lane group.
std::map<std::uint32_t, std::string> read_back(const CoreTables& tables, const hw::MemAxonEntry& row) {
  std::map<std::uint32_t, std::string> lanes;
  std::size_t word = row.first, group = row.offset;
  for (std::uint32_t n = 0; n < words_of(row); ++n) {
    const std::uint32_t part = tables.windows[kWeightWords].words.at(word);
    for (std::uint32_t lane = 0; lane < kLanes; ++lane)
      lanes[static_cast<std::uint32_t>(group)].push_back(static_cast<char>(part >> 8 * lane));
    const bool last = n % row.words == row.words - 1;
    word += last ? row.weight_jump : 1;
    group += last ? row.jump : 1;
  }
  return lanes;
}

std::vector<KeptRow> kept(RowPacker& packer, const std::vector<Row>& rows) {
  std::vector<KeptRow> result;
  for (const Row& row : rows) result.push_back(packer.keep(row));
  return result;
}

TEST(RowPacker, EveryStyleWritesTheRowsThatItWasGiven) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    Rng rng(seed);
    const std::uint32_t groups = 6 + below(rng, 20);
    const RowStyle style = std::array{RowStyle::kTight, RowStyle::kUniform, RowStyle::kShared}[seed % 3];
    RowPacker packer(kLanes, groups, groups, style);
    std::vector<std::vector<Row>> chunks(1 + rng.below(6));
    std::vector<Row> seen;
    for (std::vector<Row>& rows : chunks) {
      Walk walk;
      do walk = {below(rng, groups), 1 + below(rng, 3), 1 + below(rng, 3), 3 + below(rng, 6)};
      while (walk.end() > groups);
      if (walk.segments == 1) walk.pitch = 0;
      const std::uint32_t values = rng.chance(0.5) ? 1 : 100;
      const std::size_t many = 1 + rng.below(16);
      const Row like = random_row(rng, walk, values);
      for (std::size_t b = 0; b < many; ++b) {
        Row row = random_row(rng, walk, values);
        if (rng.chance(0.8)) {
          row.shift = like.shift;
          row.negate = like.negate;
        }
        if (rng.chance(0.1)) row = Row{};
        // A part of a row that stands already, as at a border.
        if (!seen.empty() && rng.chance(0.2)) {
          const Row& whole = seen[rng.below(seen.size())];
          row = whole;
          if (whole.walk.segments > 1) {
            row.walk.segments -= 1;
            if (row.walk.segments == 1) row.walk.pitch = 0;
            row.mantissas.resize(std::size_t{row.walk.size()} * kLanes);
          }
        }
        if (!row.empty()) seen.push_back(row);
        rows.push_back(row);
      }
      packer.add_chunk(kept(packer, rows));
    }
    CoreTables tables{std::string(kName), std::vector<MemoryTable>(kNeuronWindows.count)};
    tables.windows[kChunkTable].parts = hw::MemChunkEntry::kParts;
    tables.windows[kAxonTable].parts = hw::MemAxonEntry::kParts;
    packer.finish(tables);
    const Tables read(tables);
    ASSERT_EQ(read.chunks(), chunks.size());
    for (std::size_t c = 0; c < chunks.size(); ++c)
      for (std::uint32_t b = 0; b < chunks[c].size(); ++b) {
        const Row& row = chunks[c][b];
        const hw::MemAxonEntry entry = read.row(read.chunk(c), b);
        std::map<std::uint32_t, std::string> expected;
        for (std::uint32_t n = 0; n < row.walk.size(); ++n)
          expected[row.walk.group(n)] = row.mantissas.substr(std::size_t{n} * kLanes, kLanes);
        std::map<std::uint32_t, std::string> got = read_back(tables, entry);
        if (style == RowStyle::kShared) {
          EXPECT_EQ(words_of(entry), row.walk.size()) << seed;
        }
        std::erase_if(got, [](const auto& word) { return word.second == std::string(kLanes, '\0'); });
        EXPECT_EQ(got, expected) << seed << ", chunk " << c << ", bit " << b;
        if (!row.empty()) {
          EXPECT_EQ(entry.shift, row.shift) << seed;
          EXPECT_EQ(entry.negate, row.negate) << seed;
        }
      }
  }
}

TEST(RowPacker, FindsABordersRowsInsideTheWholeKernels) {
  Rng rng(1);
  RowPacker packer(kLanes, 64, 64, RowStyle::kShared);
  std::vector<Row> inside, left, upper;
  for (std::uint32_t channel = 0; channel < 16; ++channel) {
    const Row whole = random_row(rng, {9, 3, 3, 8}, 100);
    inside.push_back({whole.walk, 0, 0, hw::kFormatW8, whole.mantissas});
    Row part{{8, 2, 3, 8}, 0, 0, hw::kFormatW8, {}};  // without each line's first tap
    for (std::size_t line = 0; line < 3; ++line)
      part.mantissas += whole.mantissas.substr((3 * line + 1) * kLanes, 2 * kLanes);
    left.push_back(part);
    upper.push_back({{1, 3, 2, 8}, 0, 0, hw::kFormatW8, whole.mantissas.substr(3 * kLanes)});
  }
  for (const auto& rows : {left, upper, inside}) packer.add_chunk(kept(packer, rows));
  CoreTables tables{std::string(kName), std::vector<MemoryTable>(kNeuronWindows.count)};
  tables.windows[kChunkTable].parts = hw::MemChunkEntry::kParts;
  tables.windows[kAxonTable].parts = hw::MemAxonEntry::kParts;
  packer.finish(tables);
  EXPECT_EQ(Tables(tables).weight_words(), 16U * 9);
  EXPECT_EQ(Tables(tables).axons(), 0U);
  EXPECT_EQ(Tables(tables).chunk(0).weight_jump, 2U);
  EXPECT_EQ(Tables(tables).chunk(1).weight_jump, 1U);
}

CoreTables packed(RowStyle style, std::uint32_t groups, const std::vector<std::vector<Row>>& chunks) {
  RowPacker packer(kLanes, groups, groups, style);
  for (const std::vector<Row>& rows : chunks) packer.add_chunk(kept(packer, rows));
  CoreTables tables{std::string(kName), std::vector<MemoryTable>(kNeuronWindows.count)};
  tables.windows[kChunkTable].parts = hw::MemChunkEntry::kParts;
  tables.windows[kAxonTable].parts = hw::MemAxonEntry::kParts;
  packer.finish(tables);
  return tables;
}

/// One word, all of whose lanes have this mantissa.
Row word_of(char mantissa, std::uint32_t format = hw::kFormatW8) {
  return {{0, 1, 1, 0}, 0, 0, format, std::string(kLanes, mantissa)};
}

/// Ten words 1, 2, ..., and a chunk of two that stand so far apart there.
std::vector<std::vector<Row>> two_of_ten(std::uint32_t apart) {
  std::vector<Row> ten;
  for (char m = 1; m <= 10; ++m) ten.push_back(word_of(m));
  return {ten, {ten[0], ten[apart]}};
}

TEST(RowPacker, AStrideBetweenRowsIsAtMostTheTilesGroups) {
  for (const RowStyle style : {RowStyle::kTight, RowStyle::kUniform, RowStyle::kShared}) {
    const CoreTables fits = packed(style, 4, two_of_ten(4)), far = packed(style, 4, two_of_ten(5));
    EXPECT_EQ(Tables(fits).chunk(1).stride, 4U);
    EXPECT_EQ(Tables(fits).weight_words(), 10U);
    EXPECT_LE(Tables(far).chunk(1).stride, 4U);
    EXPECT_GT(Tables(far).weight_words() + Tables(far).axons(), 10U);
  }
}

TEST(RowPacker, AJumpBetweenSegmentsIsAtMostTheTilesGroups) {
  for (const std::uint32_t apart : {4U, 5U}) {
    // The first and a later word of a longer row, as two segments.
    Row longer{{0, 6, 1, 0}, 0, 0, hw::kFormatW8, {}};
    for (char m = 1; m <= 6; ++m) longer.mantissas += std::string(kLanes, m);
    const Row parts{{0, 1, 2, 2},
                    0,
                    0,
                    hw::kFormatW8,
                    std::string(kLanes, 1) + std::string(kLanes, static_cast<char>(1 + apart))};
    const CoreTables tables = packed(RowStyle::kShared, 4, {{longer}, {parts}});
    EXPECT_EQ(Tables(tables).weight_words(), apart == 4 ? 6U : 8U);
    EXPECT_LE(Tables(tables).row(Tables(tables).chunk(1), 0).weight_jump, 4U);
  }
}

TEST(RowPacker, RowsOfOneBitAreNotWidenedForTheyHaveNoZero) {
  Row first = word_of(1, hw::kFormatW1), second = first;
  second.walk.offset = 2;
  const CoreTables tables = packed(RowStyle::kUniform, 4, {{first, second}});
  for (const std::uint32_t bit : {0U, 1U}) {
    const hw::MemAxonEntry entry = Tables(tables).row(Tables(tables).chunk(0), bit);
    EXPECT_EQ(words_of(entry), 1U);
    EXPECT_EQ(entry.offset, 2 * bit);
  }
}

}  // namespace
}  // namespace spikeloom::crossbar
