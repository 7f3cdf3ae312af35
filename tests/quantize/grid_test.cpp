#include "compiler/quantize/grid.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "compiler/base/rng.hpp"
#include "compiler/golden/check.hpp"
#include "compiler/quantize/step_search.hpp"

namespace spikeloom {
namespace {

TEST(Grid, FindsTheCoarsestStepThroughSinglePrecision) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    Rng rng(seed);
    const double step = 0.01 + rng.unit();
    std::vector<double> values;
    values.push_back(static_cast<float>(step));  // so that nothing coarser fits
    for (int k = 0; k < 50; ++k)
      values.push_back(static_cast<float>(step * static_cast<double>(rng.between(-128, 127))));
    const auto found = common_grid(values, mantissa_range(8));
    ASSERT_TRUE(found) << "seed " << seed;
    EXPECT_NEAR(*found / step, 1, 1e-7) << "seed " << seed;
  }
}

TEST(Grid, IsNotFoundAmongWeightsThatHaveNone) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    Rng rng(seed);
    std::vector<double> values;
    for (int k = 0; k < 20; ++k) values.push_back(rng.unit() - 0.5);
    EXPECT_FALSE(common_grid(values, mantissa_range(8))) << "seed " << seed;
  }
}

TEST(Grid, RespectsTheRangeOnBothSides) {
  EXPECT_TRUE(common_grid(std::vector<double>{-2, 1}, mantissa_range(2)));
  EXPECT_FALSE(common_grid(std::vector<double>{1, 2}, mantissa_range(2)));  // 2 bits are -2 to 1
  EXPECT_FALSE(common_grid(std::vector<double>{0, 0}, mantissa_range(8)));
}

TEST(JointGrid, UsesShiftsForPowersOfTwoAndMantissasForOddFactors) {
  const std::vector<double> fine{0.25, -0.5, 0.75};
  const std::vector<double> coarse{2, -6};      // 8 times the grid of `fine`
  const std::vector<double> third{0.75, -1.5};  // 3 times
  const auto joint = joint_grid(std::vector<GridDemand>{{fine, mantissa_range(4), false, 7},
                                                        {coarse, mantissa_range(4), false, 7},
                                                        {third, mantissa_range(8), false, 7}});
  ASSERT_TRUE(joint);
  EXPECT_DOUBLE_EQ(joint->base, 0.25);
  EXPECT_EQ(joint->shift, (std::vector<std::uint32_t>{0, 3, 0}));
}

TEST(JointGrid, IsRefusedWhereTheBitsDoNotHoldBoth) {
  const std::vector<double> a{1, 7};
  const std::vector<double> b{3, 21};
  EXPECT_FALSE(joint_grid(
      std::vector<GridDemand>{{a, mantissa_range(4), false, 7}, {b, mantissa_range(4), false, 7}}));
}

TEST(Mantissa, RoundsAsAsked) {
  EXPECT_EQ(mantissa(1.6, 1, 8, Rounding::kNearest), 2);
  EXPECT_EQ(mantissa(-1.6, 1, 8, Rounding::kNearest), -2);
  EXPECT_EQ(mantissa(1.6, 1, 8, Rounding::kTowardsZero), 1);
  EXPECT_EQ(mantissa(-1.6, 1, 8, Rounding::kTowardsZero), -1);
  EXPECT_EQ(mantissa(3 * 0.1, 0.1, 8, Rounding::kTowardsZero), 3);  // the quotient is 2.9999…
  EXPECT_EQ(mantissa(500, 1, 8, Rounding::kNearest), 127);
  EXPECT_EQ(mantissa(-500, 1, 4, Rounding::kNearest), -8);
  EXPECT_EQ(mantissa(-0.01, 1, 1, Rounding::kNearest), -1);
}

double loss(const StepDemand& demand, double step) {
  double sum = 0;
  for (std::size_t k = 0; k < demand.value.size(); ++k) {
    const double e =
        demand.value[k] - mantissa(demand.value[k], step, demand.bits, Rounding::kNearest) * step;
    sum += demand.activity[k] * e * e;
  }
  return sum;
}

StepDemand gaussian(Rng& rng, std::uint32_t bits) {
  StepDemand demand{{}, {}, bits, 7};
  for (int k = 0; k < 200; ++k) {
    demand.value.push_back(std::sqrt(-2 * std::log(1 - rng.unit())) *
                           std::cos(6.283185307179586 * rng.unit()));
    demand.activity.push_back(rng.unit());
  }
  return demand;
}

TEST(StepSearch, IsNearAnExhaustiveOne) {
  for (const std::uint32_t bits : {8U, 4U, 2U, 1U}) {
    for (std::uint64_t seed = 0; seed < 10; ++seed) {
      Rng rng(seed);
      const std::vector<StepDemand> demands{gaussian(rng, bits)};
      const StepPlan plan = search_step(demands, Rounding::kNearest, 7);
      const double found = loss(demands[0], std::ldexp(plan.base, static_cast<int>(plan.shift[0])));
      double best = 1e300;
      for (double step = 0.002; step < 8; step *= 1.001) best = std::min(best, loss(demands[0], step));
      // At 8 bits the error is a jagged function of the step, with minima between the sixteenths.
      EXPECT_LE(found, best * (bits == 8 ? 1.2 : 1.05)) << bits << " bits, seed " << seed;
    }
  }
}

TEST(StepSearch, BeatsTheLargestWeightsStepAtTwoBits) {
  Rng rng(7);
  const std::vector<StepDemand> demands{gaussian(rng, 2)};
  double largest = 0;
  for (const double value : demands[0].value) largest = std::max(largest, std::abs(value));
  const StepPlan plan = search_step(demands, Rounding::kNearest, 7);
  EXPECT_LT(loss(demands[0], std::ldexp(plan.base, static_cast<int>(plan.shift[0]))),
            0.5 * loss(demands[0], largest));
}

}  // namespace
}  // namespace spikeloom
