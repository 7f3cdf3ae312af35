// Kinds of tile by what is promised: no worse than the partitioner's own choice, and no single population
// would make the promise better on another kind.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compiler/flow/compile.hpp"
#include "compiler/flow/kind_choice.hpp"
#include "tests/flow/expect_golden.hpp"
#include "tests/flow/random_case.hpp"

namespace spikeloom::testing {
namespace {

Chip mixed() { return read_chip(std::string(SPIKELOOM_SOURCE_DIR) + "/tests/chips/mixed.toml"); }

Ratio guaranteed_period(const Image& image) { return image.promises.front().period; }

TEST(KindChoice, NoPopulationWouldMakeTheGuaranteeBetterElsewhere) {
  const Chip chip = mixed();
  int chosen_cases = 0, better = 0, moved = 0;
  for (std::uint64_t seed = 1; seed <= 250 && chosen_cases < 45; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const Case made = random_case(seed, chip, {.max_populations = 3});
    CompileOptions options;
    options.points = 0;
    options.tune = false;
    options.spread = seed % 2 == 0 ? Spread::kFewest : Spread::kFastest;
    const std::optional<Image> first = fitting(made.network, chip, options);
    if (!first) continue;
    std::optional<Ratio> least;  // of what was tried
    const auto build = [&](const CompileOptions& trial) {
      auto built = build_image(made.network, chip, trial);
      if (const auto* image = std::get_if<Image>(&built))
        least = std::min(least.value_or(guaranteed_period(*image)), guaranteed_period(*image));
      return built;
    };
    EXPECT_FALSE(choose_kinds(chip, options, build)) << "nobody asked";
    options.kind_choice = KindChoice::kGuaranteed;
    const std::optional<ChosenKinds> chosen = choose_kinds(chip, options, build);
    ASSERT_TRUE(chosen);
    EXPECT_EQ(chosen->notes.size(), chosen->kinds.size());
    CompileOptions placed = options;
    placed.kinds = chosen->named;
    const std::optional<Image> image = fitting(made.network, chip, placed);
    ASSERT_TRUE(image);
    EXPECT_EQ(guaranteed_period(*image), *least) << "the notes speak of another image";
    EXPECT_LE(guaranteed_period(*image), guaranteed_period(*first));
    better += guaranteed_period(*image) < guaranteed_period(*first) ? 1 : 0;
    for (const auto& [population, kind] : chosen->kinds) {
      CompileOptions moving = placed;
      moving.kinds[population] = kind == "wide" ? "tile" : "wide";
      const std::optional<Image> other = fitting(made.network, chip, moving);
      if (!other) continue;
      ++moved;
      EXPECT_GE(guaranteed_period(*other), guaranteed_period(*image)) << population;
    }
    ++chosen_cases;
  }
  EXPECT_EQ(chosen_cases, 45);
  EXPECT_GE(better, 5);
  EXPECT_GE(moved, 20);
}

TEST(KindChoice, APromiseForSamplesIsTheBetterGuarantee) {
  const Chip chip = mixed();
  ASSERT_EQ(chip.kind(1).name, "wide");
  std::optional<Image> image;
  for (std::uint64_t seed = 1; !image; ++seed) {
    ASSERT_LT(seed, 50U);
    image = fitting(random_case(seed, chip, {.max_populations = 1}).network, chip, {});
  }
  for (const bool is_sampled : {false, true}) {
    const auto build = [&](const CompileOptions& trial) -> std::variant<Image, DoesNotFit> {
      Image made = *image;
      const bool wide = !trial.kinds.empty() && trial.kinds.begin()->second == "wide";
      for (Cluster& cluster : made.application.clusters) cluster.kind = wide ? 1 : 0;
      made.promises.resize(1);
      made.promises.front().period = Ratio(wide ? 200 : 100);
      if (!is_sampled) return made;
      made.promises.push_back(made.promises.front());
      made.promises.back().kind = PromiseKind::kSampled;
      made.promises.back().period = Ratio(wide ? 50 : 90);
      return made;
    };
    CompileOptions options;
    options.kind_choice = KindChoice::kGuaranteed;
    options.sample_steps = is_sampled ? 8 : 0;
    const std::optional<ChosenKinds> chosen = choose_kinds(chip, options, build);
    ASSERT_TRUE(chosen);
    EXPECT_EQ(chosen->kinds.begin()->second, is_sampled ? "wide" : "tile");
    EXPECT_THAT(
        chosen->notes.front(),
        ::testing::HasSubstr(is_sampled ? "50 cycles a step promised for samples of 8 steps; on tile: 90"
                                        : "100 cycles a step guaranteed; on wide: 200"));
  }
}

TEST(KindChoice, WhatTheUserNamesStays) {
  const Chip chip = mixed();
  int named = 0;
  for (std::uint64_t seed = 1; seed <= 60 && named < 10; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const Case made = random_case(seed, chip, {.max_populations = 3});
    CompileOptions options;
    options.points = 0;
    options.kind_choice = KindChoice::kGuaranteed;
    const std::string& population = made.network.populations.front().name;
    options.kinds[population] = "wide";
    const auto chosen = choose_kinds(
        chip, options, [&](const CompileOptions& trial) { return build_image(made.network, chip, trial); });
    if (!chosen) continue;
    EXPECT_EQ(chosen->kinds.at(population), "wide");
    EXPECT_THAT(chosen->notes, ::testing::Contains("population " + population +
                                                   " goes to tiles of kind wide, as asked for"));
    ++named;
  }
  EXPECT_EQ(named, 10);
}

TEST(KindChoice, ContractsNeedData) {
  CompileOptions options;
  options.kind_choice = KindChoice::kContracted;
  try {
    (void)build_image(random_case(1, mixed(), {}).network, mixed(), options);
    FAIL() << "not refused";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr("--kinds contracted: contracts follow from data"));
  }
}

}  // namespace
}  // namespace spikeloom::testing
