#include "compiler/linear/map_form.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "compiler/linear/blocks.hpp"
#include "compiler/linear/sums.hpp"
#include "tests/linear/random_maps.hpp"

namespace spikeloom {
namespace {

using test::Matrix;
using test::random_form;
using test::random_map;
using ::testing::HasSubstr;

/// Weight k has the value k + 1, so that a value says which weight it is.
std::vector<double> numbered(const MapForm& form) {
  std::vector<double> weight(form.weights());
  for (std::size_t k = 0; k < weight.size(); ++k) weight[k] = static_cast<double>(k) + 1;
  return weight;
}

TEST(MapForm, RowsAreTheDefinitionWrittenOut) {
  std::map<std::string, int> kinds;
  for (std::uint64_t seed = 0; seed < test::kCases; ++seed) {
    Rng rng(seed);
    const MapForm form = random_form(rng);
    ++kinds[std::string(name_of(form.leaf())) + (form.gather().empty() ? "" : " gathered")];
    const std::vector<double> weight = numbered(form);
    const Matrix expected = test::matrix_of(form, weight);
    ASSERT_EQ(expected.size(), form.sources()) << "seed " << seed;
    for (std::size_t s = 0; s < form.sources(); ++s) {
      std::vector<double> row(form.targets(), 0);
      std::int64_t last = -1;
      form.row(s).each([&](std::uint32_t target, std::size_t k) {
        ASSERT_LT(target, form.targets()) << "seed " << seed;
        EXPECT_LT(last, target) << "seed " << seed;
        last = target;
        row[target] = weight[k];
      });
      ASSERT_EQ(row, expected[s]) << "seed " << seed << " source " << s;
    }
  }
  EXPECT_EQ(kinds.size(), 8U);  // every leaf, with and without a gather
}

TEST(MapForm, SourcesOfOnePlaceDifferInTheirFirstWeightOnly) {
  std::size_t shared = 0;
  for (std::uint64_t seed = 0; seed < test::kCases; ++seed) {
    Rng rng(seed);
    const MapForm form = random_form(rng);
    const RowPlaces places(form);
    std::map<std::uint32_t, std::vector<std::pair<std::uint32_t, std::size_t>>> row_of;
    for (std::size_t s = 0; s < form.sources(); ++s) {
      ASSERT_LT(places.of(s), places.count()) << "seed " << seed;
      std::vector<std::pair<std::uint32_t, std::size_t>> row;
      form.row(s).each([&](std::uint32_t target, std::size_t k) {
        row.emplace_back(target, k - form.row(s).first_weight);
      });
      const auto [known, fresh] = row_of.try_emplace(places.of(s), row);
      ASSERT_EQ(known->second, row) << "seed " << seed << " source " << s;
      shared += fresh ? 0 : 1;
    }
    EXPECT_EQ(row_of.size(), places.count()) << "seed " << seed;
    if (form.as<DenseMap>() != nullptr) {
      EXPECT_LE(places.count(), 2U) << "seed " << seed;  // and those that reach nothing
    }
    if (const auto* window = form.as<WindowMap>()) {
      EXPECT_LE(places.count(), std::size_t{window->groups} * window->in_area() + 1) << "seed " << seed;
    }
  }
  EXPECT_GT(shared, 1000U);
}

TEST(MapForm, ColumnsAreTheRowsTheOtherWayRound) {
  for (std::uint64_t seed = 0; seed < test::kCases; ++seed) {
    Rng rng(seed);
    const MapForm form = random_form(rng);
    const MapColumns columns(form);
    using Synapse = std::array<std::size_t, 3>;
    std::multiset<Synapse> by_row, by_column;
    for (std::size_t s = 0; s < form.sources(); ++s)
      form.row(s).each([&](std::uint32_t t, std::size_t k) { by_row.insert(Synapse{s, t, k}); });
    for (std::uint32_t t = 0; t < form.targets(); ++t)
      columns.each(t, [&](std::uint32_t s, std::size_t k) { by_column.insert(Synapse{s, t, k}); });
    ASSERT_EQ(by_row, by_column) << "seed " << seed;
  }
}

TEST(MapForm, RowsOfOnePatternAreEqualUpToAnOffset) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    Rng rng(seed);
    const MapForm form = random_form(rng);
    std::map<std::uint32_t, std::vector<std::pair<std::size_t, std::size_t>>> known;
    for (std::size_t s = 0; s < form.sources(); ++s) {
      const MapRow row = form.row(s);
      ASSERT_LT(row.pattern, form.patterns());
      std::vector<std::pair<std::size_t, std::size_t>> relative;
      row.each([&](std::uint32_t t, std::size_t k) {
        relative.emplace_back(t - row.first_target, k - row.first_weight);
      });
      const auto [found, fresh] = known.try_emplace(row.pattern, relative);
      ASSERT_TRUE(fresh || found->second == relative) << "seed " << seed;
    }
  }
}

TEST(MapForm, AThreeByThreeKernelHasNinePatterns) {
  const MapForm form(WindowMap{4, 8, 1, {16, 12}, {16, 12}, {3, 3}, {1, 1}, {1, 1}, {1, 1}});
  EXPECT_EQ(form.patterns(), 9U);
  EXPECT_EQ(form.weights(), 4U * 8U * 9U);
}

TEST(MapForm, IsEqualByWhatItSays) {
  const WindowMap window{1, 2, 1, {3, 3}, {3, 3}, {3, 3}, {1, 1}, {1, 1}, {1, 1}};
  EXPECT_TRUE(MapForm(window) == MapForm(window));
  EXPECT_FALSE(MapForm(window) == MapForm(DenseMap{9, 18}));
  EXPECT_TRUE(MapForm(DenseMap{2, 3}, {0, 1}) == MapForm(DenseMap{2, 3})) << "a gather that changes nothing";
  EXPECT_FALSE(MapForm(DenseMap{2, 3}, {1, 0}) == MapForm(DenseMap{2, 3}));
}

TEST(MapForm, SaysWhatIsWrongWithAForm) {
  const auto problem = [](MapLeaf leaf, std::vector<std::uint32_t> gather = {}) {
    return MapForm::problem(leaf, gather).value_or("none");
  };
  EXPECT_EQ(problem(DenseMap{2, 3}, {1, kNowhere, 0}), "none");
  EXPECT_THAT(problem(DenseMap{2, 3}, {2}), HasSubstr("source 0 counts for element 2, there are 2"));
  EXPECT_THAT(problem(DenseMap{1U << 16U, 1U << 16U}), HasSubstr("65536×65536 weights"));
  EXPECT_THAT(problem(DiagonalMap{6, 4}), HasSubstr("runs of 4 do not divide 6"));
  EXPECT_THAT(problem(WindowMap{3, 4, 2, {1, 1}, {1, 1}, {1, 1}, {1, 1}, {1, 1}, {}}), HasSubstr("2 groups"));
  EXPECT_THAT(problem(WindowMap{1, 1, 1, {1, 1}, {1, 1}, {1, 0}, {1, 1}, {1, 1}, {}}),
              HasSubstr("at least 1"));
  EXPECT_THAT(problem(WindowMap{1, 1, 1, {1000, 1000}, {1000, 1000}, {999, 999}, {1, 1}, {1, 1}, {499, 499}}),
              HasSubstr("different rows"));
  EXPECT_THAT(problem(SparseMap{3, {0, 2, 1}, {0}}), HasSubstr("must ascend"));
  EXPECT_EQ(row_problem(MapForm(SparseMap{3, {0, 2}, {1, 1}})).value_or("none"),
            "row 0: targets must ascend");
}

/// Parts in blocks of positions, in groups of channels, or at random: what cuts do.
std::vector<std::uint32_t> random_parts(Rng& rng, const MapForm& form, std::uint32_t parts) {
  std::vector<std::uint32_t> of(form.targets());
  const auto* window = form.as<WindowMap>();
  const std::size_t area = window != nullptr ? window->out_area() : 1;
  const std::uint64_t how = rng.below(3);
  for (std::size_t t = 0; t < of.size(); ++t)
    of[t] = static_cast<std::uint32_t>(how == 0   ? t % area % parts
                                       : how == 1 ? (t / area / 2 + t % area) % parts
                                                  : rng.below(parts));
  return of;
}

TEST(MapForm, PartsKnowTheirSourcesAndTheirRows) {
  for (std::uint64_t seed = 0; seed < test::kCases; ++seed) {
    Rng rng(seed);
    const RealMap map = random_map(rng);
    const MapForm& form = map.form;
    const std::uint32_t parts = 1 + static_cast<std::uint32_t>(rng.below(4));
    const std::vector<std::uint32_t> part_of = random_parts(rng, form, parts);
    const PartLists lists = sources_of_parts(form, part_of, parts, ones(map.weight));
    for (std::uint32_t part = 0; part < parts; ++part) {
      std::vector<std::uint32_t> targets, sources;
      for (std::uint32_t t = 0; t < part_of.size(); ++t)
        if (part_of[t] == part) targets.push_back(t);
      const PartRows rows(form, targets, part_of, part);
      for (std::uint32_t s = 0; s < form.sources(); ++s) {
        std::vector<std::pair<std::uint32_t, std::size_t>> expected, found;
        bool reaches = false;
        form.row(s).each([&](std::uint32_t t, std::size_t k) {
          if (part_of[t] != part) return;
          expected.emplace_back(t, k);
          reaches = reaches || map.weight[k] != 0;
        });
        if (reaches) sources.push_back(s);
        rows.each(s, [&](std::uint32_t t, std::size_t k) { found.emplace_back(t, k); });
        ASSERT_EQ(found, expected) << "seed " << seed << " source " << s;
      }
      const auto listed = lists.of(part);
      ASSERT_EQ(std::vector<std::uint32_t>(listed.begin(), listed.end()), sources) << "seed " << seed;
    }
  }
}

}  // namespace
}  // namespace spikeloom
