// When a rule decides: by hand, and its whole numbers beside its real ones.
#include "compiler/data/exit_rule.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "compiler/base/error.hpp"
#include "compiler/base/rng.hpp"

namespace spikeloom {
namespace {

using ::testing::ElementsAre;

bool decides(const std::string& rule, const std::vector<std::int64_t>& scores, double unit = 1) {
  return exit_rule_named(rule).decides(scores, unit);
}

TEST(ExitRule, AMarginIsBetweenTheBestTwo) {
  EXPECT_TRUE(decides("margin:12", {-5, 20, 8}));
  EXPECT_FALSE(decides("margin:12", {-5, 20, 9}));
  EXPECT_TRUE(decides("margin:12", {20, 8}));
  EXPECT_FALSE(decides("margin:1", {7, 7, 0}));
  EXPECT_TRUE(decides("margin:0", {7, 7, 0}));
}

TEST(ExitRule, ConfidenceAndEntropyAreTheSoftmaxs) {
  // Two classes, ln 3 apart: p is 3/4 and 1/4, the entropy 0.5623 of ln 2 is 0.8113.
  const double unit = std::log(3.0);
  EXPECT_TRUE(decides("confidence:0.74", {1, 0}, unit));
  EXPECT_FALSE(decides("confidence:0.76", {1, 0}, unit));
  EXPECT_TRUE(decides("entropy:0.18", {0, 1}, unit));
  EXPECT_FALSE(decides("entropy:0.19", {0, 1}, unit));
  EXPECT_FALSE(decides("entropy:0", {0, 0, 0}));
}

TEST(ExitRule, ReadsItsTextAndSaysWhatItExpected) {
  EXPECT_EQ(exit_rule_named("margin:12").text(), "margin:12");
  EXPECT_EQ(exit_rule_named("confidence:0.9").text(), "confidence:0.9");
  for (const char* wrong : {"", "margin", "margin:", "margin:x", "margin:-1", "margin:inf", "margin:nan",
                            "confidence:1", "entropy:-0.1", "sum:3", "margin:1 "})
    EXPECT_THROW((void)exit_rule_named(wrong), Error) << wrong;
}

TEST(ExitRule, SamplesUseTheStepsUpToTheFirstThatDecides) {
  const ExitRule rule = exit_rule_named("margin:3");
  const Exits exits = exits_of(rule, {{0, 1, 5, 1, 0, 9}, {0, 0, 1, 1}, {7, 0}, {2, 5, 9, 5}}, 2, 1);
  EXPECT_THAT(exits.used, ElementsAre(2, 2, 1, 1));
  EXPECT_THAT(exits.classes, ElementsAre(0, 0, 0, 1));
}

TEST(ExitRule, LeastMeanStepsIsThatOfTheFirstRightSteps) {
  // Of 10 samples 4 are right after one step, 7 after two, 7 after three: 4·1 + 3·2 + 3·3.
  const std::int64_t right[] = {4, 7, 7};
  EXPECT_DOUBLE_EQ(least_mean_steps(right, 10), 1.9);
}

/// Away from the threshold whole numbers decide as real ones do; at it by a table's last bits.
TEST(ExitRule, WholeNumbersDecideAsRealOnes) {
  Rng rng(5);
  int differ = 0, decided = 0;
  for (int trial = 0; trial < 20000; ++trial) {
    const std::size_t classes = 2 + rng.below(20);
    const double unit = 1.0 / static_cast<double>(1 + rng.below(16));
    std::vector<std::int64_t> scores(classes);
    for (std::int64_t& score : scores) score = rng.between(-60, 60);
    const ExitRule rule{static_cast<ExitRule::Kind>(rng.below(3)),
                        rng.below(3) == 0 ? static_cast<double>(rng.below(40)) : 0.05 + 0.9 * rng.unit()};
    if (rule.kind != ExitRule::Kind::kMargin && rule.threshold >= 1) continue;
    const bool real = rule.decides(scores, unit);
    differ += IntegerExitRule(rule, unit, classes).decides(scores) != real ? 1 : 0;
    decided += real ? 1 : 0;
    if (rule.kind == ExitRule::Kind::kMargin) {
      ASSERT_EQ(IntegerExitRule(rule, unit, classes).decides(scores), real) << rule.text();
    }
  }
  EXPECT_GT(decided, 3000);
  EXPECT_LE(differ, 60);
}

}  // namespace
}  // namespace spikeloom
