#include "compiler/linear/sums.hpp"

#include <gtest/gtest.h>

#include "tests/linear/random_maps.hpp"

namespace spikeloom {
namespace {

using test::random_form;

template <class Number>
std::vector<Number> random_numbers(Rng& rng, std::size_t size) {
  std::vector<Number> result(size);
  for (Number& x : result) x = static_cast<Number>(rng.between(-9, 9));
  return result;
}

TEST(Sums, AreTheSumsOverAllRows) {
  for (std::uint64_t seed = 0; seed < test::kCases; ++seed) {
    Rng rng(seed);
    const MapForm form = random_form(rng);
    const auto of_source = random_numbers<double>(rng, form.sources());
    const auto of_weight = random_numbers<std::int64_t>(rng, form.weights());
    std::vector<double> by_weight(form.weights(), 0);
    std::vector<std::uint64_t> times(form.weights(), 0);
    std::vector<std::int64_t> by_target(form.targets(), 0), by_source(form.sources(), 0);
    for (std::size_t s = 0; s < form.sources(); ++s)
      form.row(s).each([&](std::uint32_t t, std::size_t k) {
        by_weight[k] += of_source[s];
        ++times[k];
        by_target[t] += of_weight[k];
        by_source[s] += of_weight[k];
      });
    ASSERT_EQ(sum_by_weight(form, of_source), by_weight) << "seed " << seed;
    ASSERT_EQ(multiplicity(form), times) << "seed " << seed;
    ASSERT_EQ(sum_by_target(form, of_weight), by_target) << "seed " << seed;
    ASSERT_EQ(sum_by_source(form, of_weight), by_source) << "seed " << seed;
  }
}

TEST(Sums, FindWhatAllTargetsOrSourcesOfAWeightHaveInCommon) {
  std::size_t shared = 0, different = 0;
  for (std::uint64_t seed = 0; seed < test::kCases; ++seed) {
    Rng rng(seed);
    MapForm form = random_form(rng);
    form = MapForm(form.leaf());  // values of the leaf's sources are asked for
    const auto* window = form.as<WindowMap>();
    // Often by channel, where a window can take them.
    const auto draw = [&](std::size_t size, std::size_t area) {
      std::vector<double> values(size);
      const bool by_channel = rng.chance(0.7);
      for (std::size_t n = 0; n < size; ++n)
        values[n] = by_channel && n % area != 0 ? values[n - 1] : static_cast<double>(rng.below(3));
      return values;
    };
    const auto of_target = draw(form.targets(), window != nullptr ? window->out_area() : 2);
    const auto of_source = draw(form.sources(), window != nullptr ? window->in_area() : 2);
    std::vector<std::vector<double>> seen_targets(form.weights()), seen_sources(form.weights());
    for (std::size_t s = 0; s < form.sources(); ++s)
      form.row(s).each([&](std::uint32_t t, std::size_t k) {
        seen_targets[k].push_back(of_target[t]);
        seen_sources[k].push_back(of_source[s]);
      });
    const auto check = [&](const std::optional<std::vector<double>>& found,
                           const std::vector<std::vector<double>>& seen) {
      if (!found) {
        ++different;
        return;  // a window asks for whole channels, which may be more than its taps see
      }
      ++shared;
      for (std::size_t k = 0; k < seen.size(); ++k)
        for (const double value : seen[k]) ASSERT_EQ(value, (*found)[k]) << "seed " << seed;
    };
    check(common_to_targets(form, of_target), seen_targets);
    check(common_to_sources(form, of_source), seen_sources);
  }
  EXPECT_GT(shared, test::kCases / 2);
  EXPECT_GT(different, test::kCases / 10);
}

TEST(Sums, CountSynapsesOfWeightsThatAreThere) {
  const MapForm form(WindowMap{1, 1, 1, {2, 2}, {2, 2}, {3, 3}, {1, 1}, {1, 1}, {1, 1}});
  std::vector<int> weight(9, 0);
  weight[4] = 3;  // the centre: once a position
  weight[0] = 1;  // a corner: once on a map of 2×2
  EXPECT_EQ(count_synapses(form, weight), 5U);
  EXPECT_EQ(row_sizes(form, weight), (std::vector<std::int64_t>{2, 1, 1, 1}));
}

}  // namespace
}  // namespace spikeloom
