#include "compiler/linear/compose.hpp"

#include <gtest/gtest.h>

#include <map>
#include <optional>

#include "compiler/base/error.hpp"
#include "compiler/linear/sums.hpp"
#include "tests/linear/random_maps.hpp"

namespace spikeloom {
namespace {

using test::Matrix;
using test::matrix_of;
using test::random_map;

Matrix product(const Matrix& a, const Matrix& b) {
  Matrix result(a.size(), std::vector<double>(b.empty() ? 0 : b.front().size(), 0));
  for (std::size_t s = 0; s < a.size(); ++s)
    for (std::size_t m = 0; m < b.size(); ++m)
      for (std::size_t t = 0; t < b[m].size(); ++t) result[s][t] += a[s][m] * b[m][t];
  return result;
}

Matrix sum(Matrix a, const Matrix& b) {
  for (std::size_t s = 0; s < a.size(); ++s)
    for (std::size_t t = 0; t < a[s].size(); ++t) a[s][t] += b[s][t];
  return a;
}

struct Extents {
  std::uint32_t channels = 1, height = 1, width = 1;
  [[nodiscard]] std::uint32_t size() const { return channels * height * width; }
};

/// Padding on each side and the extents that follow from it; nothing where the kernel does not fit.
std::optional<WindowMap> window_over(Rng& rng, const Extents& in, std::array<std::uint32_t, 2> kernel,
                                     std::array<std::uint32_t, 2> stride, std::uint32_t padding) {
  WindowMap w;
  w.inputs = in.channels;
  w.in = {in.height, in.width};
  w.kernel = kernel;
  w.stride = stride;
  for (std::size_t d = 0; d < 2; ++d) {
    w.before[d] = static_cast<std::uint32_t>(rng.below(padding + 1));
    const auto after = static_cast<std::uint32_t>(rng.below(padding + 1));
    if (w.kernel[d] > 1 && rng.chance(0.2)) w.dilation[d] = 2;
    const std::uint32_t reach = (kernel[d] - 1) * w.dilation[d] + 1;
    if (w.in[d] + w.before[d] + after < reach) return std::nullopt;
    w.out[d] = (w.in[d] + w.before[d] + after - reach) / stride[d] + 1;
  }
  return w;
}

RealMap weighted(Rng& rng, MapForm form) {
  RealMap map{std::move(form), {}};
  map.weight = test::random_weights(rng, map.form);
  return map;
}

/// A node of a file: convolution, pool, scale or matrix.
RealMap random_node(Rng& rng, Extents& at) {
  const auto draw = [&](std::uint32_t low, std::uint32_t high) {
    return static_cast<std::uint32_t>(rng.between(low, high));
  };
  for (;;) {
    const std::uint64_t kind = rng.below(10);
    if (kind < 4) {
      auto window = window_over(rng, at, {draw(1, 3), draw(1, 3)}, {draw(1, 2), draw(1, 2)}, 2);
      if (!window) continue;
      window->groups = at.channels % 2 == 0 && rng.chance(0.3) ? 2 : rng.chance(0.2) ? at.channels : 1;
      window->outputs = window->groups * draw(1, 2);
      at = {window->outputs, window->out[0], window->out[1]};
      return weighted(rng, MapForm(*window));
    }
    if (kind < 7) {
      const std::uint32_t size = draw(1, 3), stride = rng.chance(0.7) ? size : draw(1, 3);
      auto window = window_over(rng, at, {size, size}, {stride, stride}, rng.chance(0.8) ? 0 : 1);
      if (!window) continue;
      window->groups = window->outputs = at.channels;
      at = {at.channels, window->out[0], window->out[1]};
      RealMap pool{MapForm(*window), {}};
      pool.weight.assign(pool.form.weights(), rng.chance(0.5) ? 1.0 : 0.25);
      return pool;
    }
    if (kind < 9) {
      const std::uint32_t run = rng.chance(0.3) ? 1 : rng.chance(0.5) ? at.height * at.width : at.size();
      return weighted(rng, MapForm(DiagonalMap{at.size(), run}));
    }
    const DenseMap dense{at.size(), draw(1, 6)};
    at = {1, 1, dense.targets};
    return tidy(weighted(rng, MapForm(dense)));
  }
}

TEST(Series, IsTheProductOfItsNodes) {
  std::map<std::string, int> forms;
  for (std::uint64_t seed = 0; seed < test::kCases; ++seed) {
    Rng rng(seed);
    Extents at{1 + static_cast<std::uint32_t>(rng.below(4)), 1 + static_cast<std::uint32_t>(rng.below(7)),
               1 + static_cast<std::uint32_t>(rng.below(7))};
    RealMap map = identity_map(at.size());
    Matrix expected = matrix_of(map);
    for (std::uint64_t n = 1 + rng.below(3); n > 0; --n) {
      const RealMap node = random_node(rng, at);
      expected = product(expected, matrix_of(node));
      map = series(map, node);
      ASSERT_EQ(matrix_of(map), expected) << "seed " << seed;
    }
    map = tidy(map);
    ASSERT_EQ(matrix_of(map), expected) << "seed " << seed;
    ++forms[name_of(map.form.leaf())];
  }
  for (const char* name : {"dense", "window", "diagonal", "sparse"}) EXPECT_GT(forms[name], 50) << name;
}

const WindowMap kSame{2, 4, 1, {8, 8}, {8, 8}, {3, 3}, {1, 1}, {1, 1}, {1, 1}};
const WindowMap kPool{4, 4, 4, {8, 8}, {4, 4}, {2, 2}, {2, 2}, {1, 1}, {}};

TEST(Series, KeepsAConvolutionAndThePoolBehindItAsOneWindow) {
  Rng rng(1);
  const RealMap conv = weighted(rng, MapForm(kSame));
  const RealMap pool{MapForm(kPool), std::vector<double>(16, 0.25)};
  const RealMap both = series(conv, pool);
  const auto* window = both.form.as<WindowMap>();
  ASSERT_NE(window, nullptr);
  EXPECT_EQ(window->kernel, (std::array<std::uint32_t, 2>{4, 4}));
  EXPECT_EQ(window->stride, (std::array<std::uint32_t, 2>{2, 2}));
  EXPECT_EQ(matrix_of(both), product(matrix_of(conv), matrix_of(pool)));
}

TEST(Series, MakesAPoolInFrontAGather) {
  Rng rng(2);
  const RealMap pool{MapForm(kPool), std::vector<double>(16, 0.25)};
  const RealMap conv =
      weighted(rng, MapForm(WindowMap{4, 3, 1, {4, 4}, {4, 4}, {3, 3}, {1, 1}, {1, 1}, {1, 1}}));
  const RealMap both = series(pool, conv);
  EXPECT_NE(both.form.as<WindowMap>(), nullptr);
  EXPECT_EQ(both.form.weights(), conv.form.weights());
  EXPECT_EQ(both.form.gather().size(), 4U * 8U * 8U);
  const RealMap dense = series(pool, weighted(rng, MapForm(DenseMap{64, 10})));
  EXPECT_NE(dense.form.as<DenseMap>(), nullptr);
}

TEST(Series, FoldsAScaleByChannelAndWritesOutOneByNeuron) {
  Rng rng(3);
  const RealMap conv = weighted(rng, MapForm(kSame));
  EXPECT_NE(series(conv, weighted(rng, MapForm(DiagonalMap{256, 64}))).form.as<WindowMap>(), nullptr);
  EXPECT_EQ(series(conv, weighted(rng, MapForm(DiagonalMap{256, 1}))).form.as<WindowMap>(), nullptr);
}

/// Two maps between the same ends.
std::pair<RealMap, RealMap> random_pair(Rng& rng) {
  RealMap a = random_map(rng);
  if (const auto* window = a.form.as<WindowMap>(); window != nullptr && rng.chance(0.6)) {
    WindowMap other = *window;
    if (rng.chance(0.5)) {  // a smaller kernel somewhere within
      for (std::size_t d = 0; d < 2; ++d) {
        other.kernel[d] = 1 + static_cast<std::uint32_t>(rng.below(window->kernel[d]));
        const std::uint32_t skip = window->dilation[d];
        if (other.before[d] >= skip && other.kernel[d] < window->kernel[d]) other.before[d] -= skip;
      }
    } else if (rng.chance(0.5)) {
      other.groups = 1;
    }
    return {a, weighted(rng, MapForm(other, a.form.gather()))};
  }
  const auto sources = static_cast<std::uint32_t>(a.form.sources());
  const auto targets = static_cast<std::uint32_t>(a.form.targets());
  if (sources == targets && rng.chance(0.5))
    return {a, weighted(rng, MapForm(DiagonalMap{sources, rng.chance(0.5) ? sources : 1}))};
  if (sources == 0) return {a, a};
  return {a, weighted(rng, test::random_form(rng, sources, targets))};
}

TEST(Sum, IsTheSumOfBothWhereverOneFormHoldsIt) {
  std::map<std::string, int> forms;
  for (std::uint64_t seed = 0; seed < test::kCases; ++seed) {
    Rng rng(seed);
    const auto [a, b] = random_pair(rng);
    const auto both = add(a, b);
    ASSERT_TRUE(both.has_value()) << "seed " << seed;  // these are small enough to be written out
    ASSERT_EQ(matrix_of(*both), sum(matrix_of(a), matrix_of(b))) << "seed " << seed;
    ++forms[name_of(both->form.leaf())];
  }
  EXPECT_GT(forms["window"], 100);
}

TEST(Sum, PutsAResidualIntoTheCentreOfAKernel) {
  Rng rng(4);
  const RealMap conv =
      weighted(rng, MapForm(WindowMap{4, 4, 1, {6, 6}, {6, 6}, {3, 3}, {1, 1}, {1, 1}, {1, 1}}));
  const auto both = add(identity_map(4 * 36), conv);
  ASSERT_TRUE(both.has_value());
  EXPECT_TRUE(both->form == conv.form);
  EXPECT_EQ(both->weight[4], conv.weight[4] + 1);
  EXPECT_EQ(both->weight[9 + 4], conv.weight[9 + 4]) << "another channel";
}

TEST(Sum, OfLargeMapsOfDifferentFormsStandsSideBySide) {
  const MapForm wide(WindowMap{16, 16, 1, {64, 64}, {64, 64}, {3, 3}, {1, 1}, {1, 1}, {1, 1}});
  const MapForm tall(WindowMap{16, 16, 1, {64, 64}, {64, 64}, {3, 3}, {1, 1}, {3, 3}, {3, 3}});
  const RealMap a{wide, std::vector<double>(wide.weights(), 1)},
      b{tall, std::vector<double>(tall.weights(), 1)};
  EXPECT_FALSE(add(a, b).has_value());
}

TEST(Restricted, LeavesTheTargetsThatAreKept) {
  for (std::uint64_t seed = 0; seed < test::kCases; ++seed) {
    Rng rng(seed);
    const RealMap map = random_map(rng);
    std::vector<char> kept(map.form.targets());
    for (char& k : kept) k = rng.chance(0.5) ? 1 : 0;
    Matrix expected = matrix_of(map);
    for (auto& row : expected)
      for (std::size_t t = 0; t < row.size(); ++t)
        if (kept[t] == 0) row[t] = 0;
    ASSERT_EQ(matrix_of(restricted(map, kept)), expected) << "seed " << seed;
  }
}

TEST(Unrolled, NamesItsLimit) {
  const MapForm form(WindowMap{64, 64, 1, {64, 64}, {64, 64}, {3, 3}, {1, 1}, {1, 1}, {1, 1}});
  EXPECT_THROW((void)unrolled(form, std::vector<std::int64_t>(form.weights(), 1)), Error);
}

TEST(Unrolled, SaysWhichWeightEverySynapseHas) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    Rng rng(seed);
    const RealMap map = random_map(rng);
    const Unrolled all = unrolled(map.form, ones(map.weight));
    RealMap written{all.form, {}};
    for (const std::uint32_t k : all.of) written.weight.push_back(map.weight[k]);
    ASSERT_EQ(matrix_of(written), matrix_of(map)) << "seed " << seed;
  }
}

}  // namespace
}  // namespace spikeloom
