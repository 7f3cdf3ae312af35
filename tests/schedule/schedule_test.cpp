#include <gtest/gtest.h>

#include <algorithm>

#include "compiler/base/rng.hpp"
#include "compiler/schedule/schedule.hpp"
#include "compiler/sdf/regulation.hpp"

namespace spikeloom {
namespace {

/// The definition: every decision cycle of a wheel, slot by slot.
std::int64_t slow_worst_send(const std::vector<std::uint32_t>& slots, std::uint32_t wheel,
                             std::int64_t flits) {
  std::int64_t worst = 0;
  for (std::int64_t x = 0; x < wheel; ++x) {
    std::int64_t wire = x;
    for (std::int64_t sent = 0; sent < flits;) {
      ++wire;
      if (std::count(slots.begin(), slots.end(), static_cast<std::uint32_t>(wire % wheel)) != 0) ++sent;
    }
    worst = std::max(worst, wire - x);
  }
  return worst;
}

TEST(WorstSend, IsTheWorstOverAllPhases) {
  Rng rng(1);
  for (int n = 0; n < 2000; ++n) {
    const std::uint32_t wheel = 4U << rng.below(3);
    std::vector<std::uint32_t> slots;
    for (std::uint32_t s = 0; s < wheel; ++s)
      if (rng.chance(0.3)) slots.push_back(s);
    if (slots.empty()) continue;
    const std::int64_t flits = rng.between(1, 20);
    ASSERT_EQ(worst_send(slots, wheel, flits), slow_worst_send(slots, wheel, flits)) << "case " << n;
  }
}

/// The definition: every run of firings in every short sequence of samples.
std::int64_t slow_sigma(const std::vector<std::vector<std::int64_t>>& samples, std::int64_t rho) {
  std::int64_t worst = 0;
  const auto scan = [&](const std::vector<std::int64_t>& w) {
    for (std::size_t i = 0; i < w.size(); ++i) {
      std::int64_t sum = 0;
      for (std::size_t j = i; j < w.size(); ++j) worst = std::max(worst, sum += w[j] - rho);
    }
  };
  const std::size_t n = samples.size();
  for (std::size_t a = 0; a < n; ++a)
    for (std::size_t b = 0; b < n; ++b)
      for (std::size_t c = 0; c < n; ++c) {
        std::vector<std::int64_t> all;
        for (const std::size_t s : {a, b, c}) all.insert(all.end(), samples[s].begin(), samples[s].end());
        scan(all);
      }
  return worst;
}

TEST(Contract, SigmaIsTheWorstRunInAnyOrderOfSamples) {
  Rng rng(2);
  int bounded = 0;
  for (int n = 0; n < 500; ++n) {
    std::vector<std::vector<std::int64_t>> samples(static_cast<std::size_t>(rng.between(1, 4)));
    for (auto& sample : samples)
      for (std::int64_t i = rng.between(1, 6); i > 0; --i) sample.push_back(rng.between(1, 30));
    const std::int64_t rho = rng.between(10, 30);
    const bool steady = std::all_of(samples.begin(), samples.end(), [&](const auto& s) {
      std::int64_t sum = 0;
      for (const std::int64_t w : s) sum += w - rho;
      return sum <= 0;
    });
    const auto sigma = sdf::least_sigma(samples, rho);
    ASSERT_EQ(std::holds_alternative<std::int64_t>(sigma), steady) << "case " << n;
    if (!steady) continue;
    ++bounded;
    ASSERT_EQ(std::get<std::int64_t>(sigma), slow_sigma(samples, rho)) << "case " << n;
  }
  EXPECT_GT(bounded, 100);
}

}  // namespace
}  // namespace spikeloom
