#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <limits>
#include <string>
#include <vector>

#include "compiler/base/child.hpp"
#include "compiler/base/error.hpp"
#include "compiler/base/ratio.hpp"
#include "compiler/base/rng.hpp"

namespace spikeloom {
namespace {

TEST(Ratio, IsInLowestTermsWithAPositiveDenominator) {
  EXPECT_EQ(Ratio(6, -4), Ratio(-3, 2));
  EXPECT_EQ(Ratio(6, -4).str(), "-3/2");
  EXPECT_EQ(Ratio(0, 7).str(), "0");
}

TEST(Ratio, ComparesExactlyWhereDoublesCannot) {
  const std::int64_t big = (std::int64_t{1} << 62);
  EXPECT_LT(Ratio(big - 1, big), Ratio(big, big + 1));
  EXPECT_EQ(Ratio(big - 1, big).approximate(), Ratio(big, big + 1).approximate());
}

TEST(Ratio, RoundsDownAndUpOnBothSidesOfZero) {
  EXPECT_EQ(Ratio(-7, 2).floor(), -4);
  EXPECT_EQ(Ratio(-7, 2).ceil(), -3);
  EXPECT_EQ(Ratio(7, 2).floor(), 3);
  EXPECT_EQ(Ratio(7, 2).ceil(), 4);
}

TEST(Ratio, ReadsWhatItWritesAndRefusesTheRest) {
  EXPECT_EQ(Ratio::parse(Ratio(16, 3).str()), Ratio(16, 3));
  for (const char* bad :
       {"", "1/0", "1/", "/2", "1.5", "1 ", "x", "1/-2", "1/-9223372036854775808", "9223372036854775808"})
    try {
      (void)Ratio::parse(bad);
      ADD_FAILURE() << bad;
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), ::testing::HasSubstr("\" is not a ratio; expected ")) << bad;
    }
}

TEST(Ratio, WhatLeaves64BitsIsAnErrorAndNotAWrongValue) {
  const Ratio big(std::numeric_limits<std::int64_t>::max());
  EXPECT_THROW((void)(big + big), Error);
  EXPECT_THROW((void)(big * big), Error);
  EXPECT_THROW((void)(Ratio(-2) - big), Error);
  EXPECT_THROW((void)Ratio(1, std::numeric_limits<std::int64_t>::min()), Error);
  EXPECT_EQ(big + Ratio(0), big);
}

TEST(Ratio, NothingIsDividedByZero) {
  EXPECT_THROW((void)Ratio(1, 0), Error);
  EXPECT_THROW((void)(Ratio(1) / Ratio(0)), Error);
}

TEST(Problems, AreReportedAllAtOnce) {
  Problems problems;
  problems.throw_if_any("file");
  problems.add("one");
  problems.add("two");
  try {
    problems.throw_if_any("file");
    FAIL() << "nothing thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInput);
    EXPECT_STREQ(error.what(), "file: 2 problems:\n  - one\n  - two");
  }
}

TEST(Rng, GivesTheSameNumbersOnEveryMachine) {
  Rng rng(42);
  EXPECT_EQ(rng.next(), 0xbdd732262feb6e95ULL);
  Rng other(7);
  for (int i = 0; i < 1000; ++i) {
    const std::int64_t x = other.between(-3, 5);
    EXPECT_GE(x, -3);
    EXPECT_LE(x, 5);
  }
}

using End = ChildAnswer::End;

TEST(Child, ReturnsItsTextAndNothingWhenItDies) {
  const ChildAnswer well = in_child({}, [] { return std::string(1 << 20, 'x'); });
  EXPECT_EQ(well.end, End::kWell);
  EXPECT_EQ(well.text, std::string(1 << 20, 'x'));
  EXPECT_EQ(in_child({}, []() -> std::string { std::abort(); }).end, End::kDied);
  EXPECT_EQ(in_child({}, []() -> std::string { throw 1; }).end, End::kDied);
}

TEST(Child, MayTakeNoMoreMemoryThanItsLimit) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "a sanitizer's own maps are terabytes, so there is no limit";
#endif
  const auto greedy = [] { return std::to_string(std::vector<char>(std::size_t{1} << 30U, 1).size()); };
  const ChildAnswer answer = in_child({.seconds = 5, .memory = std::size_t{64} << 20U}, greedy);
  EXPECT_EQ(answer.end, End::kMemoryLimit);
  EXPECT_TRUE(answer.text.empty());
}

TEST(Child, MayTakeNoMoreProcessorTimeThanItsLimit) {
  const auto endless = []() -> std::string {
    Rng rng(1);
    while (rng.next() != 0 || rng.next() != 0) {
    }
    return "";
  };
  EXPECT_EQ(in_child({.seconds = 1}, endless).end, End::kTimeLimit);
}

/// A machine under load gives a process little of its time, so an alarm would end a child that does its work.
TEST(Child, HasNoLimitOnTheTimeOfTheClock) {
  const ChildAnswer answer = in_child({.seconds = 1}, [] {
    struct itimerval left {};
    ::getitimer(ITIMER_REAL, &left);
    return std::string(left.it_value.tv_sec == 0 && left.it_value.tv_usec == 0 ? "none" : "an alarm");
  });
  EXPECT_EQ(answer.text, "none");
}

/// A program whose standard streams are closed gets 0 to 2 for whatever it opens next.
TEST(Child, AnswersWhereTheStandardStreamsAreClosed) {
  std::array<int, 3> kept{};
  for (int n = 0; n < 3; ++n) kept.at(static_cast<std::size_t>(n)) = ::dup(n);
  for (int n = 0; n < 3; ++n) ::close(n);
  const ChildAnswer answer = in_child({}, [] { return std::string("heard"); });
  for (int n = 0; n < 3; ++n) {
    ::dup2(kept.at(static_cast<std::size_t>(n)), n);
    ::close(kept.at(static_cast<std::size_t>(n)));
  }
  EXPECT_EQ(answer.end, End::kWell);
  EXPECT_EQ(answer.text, "heard");
}

}  // namespace
}  // namespace spikeloom
