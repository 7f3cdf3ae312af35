// (max, +) matrices of iterations, held against execution by definition and against each other.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compiler/sdf/max_plus.hpp"
#include "compiler/sdf/period.hpp"
#include "tests/sdf/phased_graphs.hpp"

namespace spikeloom::sdf::testing {
namespace {

MaxPlusMatrix random_matrix(Rng& rng, std::size_t size, double full) {
  MaxPlusMatrix matrix(size);
  for (std::size_t i = 0; i < size; ++i)
    for (std::size_t j = 0; j < size; ++j)
      if (rng.chance(full)) matrix.set(i, j, rng.between(0, 20));
  return matrix;
}

/// The largest mean of a closed walk of up to `size` steps: the eigenvalue by definition.
std::optional<Ratio> best_mean(const MaxPlusMatrix& matrix) {
  std::optional<Ratio> best;
  MaxPlusMatrix power = MaxPlusMatrix::identity(matrix.size());
  for (std::size_t n = 1; n <= matrix.size(); ++n) {
    power = matrix * power;
    for (std::size_t i = 0; i < matrix.size(); ++i)
      if (power.at(i, i) != kNever && (!best || Ratio(power.at(i, i), static_cast<std::int64_t>(n)) > *best))
        best = Ratio(power.at(i, i), static_cast<std::int64_t>(n));
  }
  return best;
}

TEST(MaxPlus, EigenvalueIsTheBestMeanOfAClosedWalkAndTheVectorsAreEigenvectors) {
  int several = 0;
  for (std::uint64_t seed = 1; seed <= 2000; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng(seed);
    const auto size = static_cast<std::size_t>(rng.between(1, 7));
    const double full = 0.1 + 0.6 * rng.unit();
    const MaxPlusMatrix matrix = random_matrix(rng, size, full);
    const auto found = eigen(matrix);
    const auto expected = best_mean(matrix);
    ASSERT_EQ(found.has_value(), expected.has_value());
    if (!found) continue;
    EXPECT_EQ(found->value, *expected);
    several += found->vectors.size() > 1 ? 1 : 0;
    ASSERT_FALSE(found->vectors.empty());
    MaxPlusMatrix scaled(size);
    for (std::size_t i = 0; i < size; ++i)
      for (std::size_t j = 0; j < size; ++j)
        if (matrix.at(i, j) != kNever) scaled.set(i, j, matrix.at(i, j) * found->value.den());
    for (const auto& vector : found->vectors) {
      std::vector<std::int64_t> later = vector;
      for (std::int64_t& time : later)
        if (time != kNever) time += found->value.num();
      EXPECT_EQ(applied(scaled, vector), later);
    }
  }
  EXPECT_GT(several, 10);
}

TEST(MaxPlus, ProductsAreAssociativeAndMeanOneAfterTheOther) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    Rng rng(seed);
    const auto size = static_cast<std::size_t>(rng.between(1, 5));
    const MaxPlusMatrix a = random_matrix(rng, size, 0.6), b = random_matrix(rng, size, 0.6),
                        c = random_matrix(rng, size, 0.6);
    EXPECT_EQ((a * b) * c, a * (b * c));
    EXPECT_EQ(MaxPlusMatrix::identity(size) * a, a);
    const std::vector<std::int64_t> times(size, rng.between(0, 9));
    EXPECT_EQ(applied(a * b, times), applied(a, applied(b, times)));
    for (std::size_t i = 0; i < size; ++i)
      EXPECT_EQ(applied(latest(a, b), times)[i], std::max(applied(a, times)[i], applied(b, times)[i]));
  }
}

TEST(MaxPlus, AnIterationHasARowForEveryTokenAndIsNothingWhereTheGraphIsStuck) {
  int stuck = 0;
  for (std::uint64_t seed = 1; seed <= 500; ++seed) {
    Rng rng(seed);
    const bool living = rng.chance(0.6);
    const PhasedGraph graph = random_phased(rng, living);
    const auto iteration = iteration_matrix(graph);
    EXPECT_EQ(iteration.has_value(), period_of(graph, PeriodMethod::kSelfTimed).period.has_value());
    if (!iteration) {
      ++stuck;
      continue;
    }
    std::size_t tokens = 0;
    for (const PhasedChannel& channel : graph.channels()) tokens += static_cast<std::size_t>(channel.tokens);
    for (std::size_t a = 0; a < graph.actor_count(); ++a) tokens += graph.phases(ActorId(a)) > 1 ? 1 : 0;
    EXPECT_EQ(iteration->tokens.size(), tokens);
    EXPECT_EQ(iteration->matrix.size(), tokens);
  }
  EXPECT_GT(stuck, 30);
}

TEST(MaxPlus, WhatIsTooLargeIsRefusedWithItsSize) {
  PhasedGraph graph("wide");
  graph.add_actor("a", {1});
  graph.add_channel({ActorId(0), ActorId(0), {1}, {1}, 5000, 0}, "self");
  EXPECT_THAT(message_of([&] { (void)iteration_matrix(graph); }),
              ::testing::HasSubstr("more than 2000 tokens"));
  MaxPlusMatrix far(1);
  far.set(0, 0, std::numeric_limits<std::int64_t>::max() - 1);
  EXPECT_THAT(message_of([&] { (void)(far * far); }), ::testing::HasSubstr("leaves 64 bits"));
}

}  // namespace
}  // namespace spikeloom::sdf::testing
