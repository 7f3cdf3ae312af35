// Every way to fire, to reset and to start, in integers: the chip's one step with other numbers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compiler/base/error.hpp"
#include "compiler/base/rng.hpp"
#include "compiler/golden/golden_interpreter.hpp"
#include "compiler/model/interpret.hpp"
#include "compiler/quantize/calibrate.hpp"
#include "compiler/quantize/quantize.hpp"
#include "tests/quantize/checked.hpp"
#include "tests/quantize/networks.hpp"

namespace spikeloom {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::size_t kSources = 8, kNeurons = 12, kSteps = 60;
constexpr Reset kResets[] = {Reset::kToValue, Reset::kSubtract, Reset::kSubtractLater, Reset::kNone};

std::vector<double> random_input(Rng& rng) {
  std::vector<double> input(kSteps * kSources);
  for (double& x : input) x = rng.chance(0.4) ? 1 : 0;
  return input;
}

/// Golden spikes of one sample that differ from the real network's, of so many real ones.
struct Differing {
  std::size_t bits = 0, spikes = 0;
};

Differing differing(const Network& network, const IntNetwork& integers, const std::vector<double>& input) {
  Interpreter real(network);
  GoldenInterpreter golden(integers);
  Differing result;
  for (std::size_t t = 0; t < kSteps; ++t) {
    const std::span<const double> now(input.data() + t * kSources, kSources);
    real.step(std::span(&now, 1));
    InputStep step;
    for (std::uint32_t e = 0; e < kSources; ++e)
      if (now[e] != 0) step.push_back({e, 1});
    (void)golden.step(std::span(&step, 1));
    for (std::size_t p = 0; p < network.populations.size(); ++p) {
      std::vector<std::uint8_t> bits(network.populations[p].size(), 0);
      for (const std::uint32_t n : golden.spikes(PopulationId(p))) bits[n] = 1;
      for (std::size_t n = 0; n < bits.size(); ++n) {
        result.bits += bits[n] != real.spikes(PopulationId(p))[n];
        result.spikes += real.spikes(PopulationId(p))[n];
      }
    }
  }
  return result;
}

TEST(Semantics, OnAGridWithoutADecayEverySpikeIsTheRealOne) {
  std::size_t spikes = 0;
  for (std::uint64_t seed = 0; seed < 120; ++seed) {
    Rng rng(seed);
    // Quarters against a threshold of 1: met exactly, again and again.
    Network net = test::one_layer(kSources, kNeurons, [&](std::size_t, std::size_t) {
      return 0.25 * static_cast<double>(rng.between(-3, 5));
    });
    Population& p = net.populations[0];
    p.kind = NeuronKind::kIf;
    p.reset = kResets[seed % 4];
    p.fire = seed / 4 % 2 == 0 ? Fire::kAbove : Fire::kAtLeast;
    p.beta.assign(kNeurons, 1);
    if (seed / 8 % 2 != 0)
      for (std::size_t j = 0; j < kNeurons; ++j)
        p.start[j] = p.v_reset[j] = 0.25 * static_cast<double>(rng.between(-9, 3));
    const Quantized quantized = test::checked(net, {});
    const Differing found = differing(net, quantized.network, random_input(rng));
    EXPECT_EQ(found.bits, 0U) << "seed " << seed;
    spikes += found.spikes;
  }
  EXPECT_GT(spikes, 5000U);
}

TEST(Semantics, WithDecaysAndEightBitWeightsFewSpikesDiffer) {
  Differing all;
  for (std::uint64_t seed = 0; seed < 120; ++seed) {
    Rng rng(seed);
    Network net = test::one_layer(kSources, kNeurons, [&](std::size_t, std::size_t) {
      return static_cast<double>(rng.between(-60, 127)) / 256;
    });
    Population& p = net.populations[0];
    p.reset = kResets[seed % 4];
    p.fire = seed / 4 % 2 == 0 ? Fire::kAbove : Fire::kAtLeast;
    for (std::size_t j = 0; j < kNeurons; ++j) {
      p.beta[j] = 0.3 + 0.69 * rng.unit();
      p.theta[j] = 0.4 + rng.unit();
      if (seed / 8 % 2 == 0) continue;
      p.start[j] = rng.unit() - 0.7;
      p.drive[j] = (1 - p.beta[j]) * p.start[j];
      p.v_reset[j] = rng.chance(0.5) ? p.start[j] : 0.3 * rng.unit();
    }
    const Quantized quantized = test::checked(net, {});
    const Differing found = differing(net, quantized.network, random_input(rng));
    all.bits += found.bits;
    all.spikes += found.spikes;
  }
  EXPECT_GT(all.spikes, 5000U);
  EXPECT_LT(static_cast<double>(all.bits), 0.01 * static_cast<double>(all.spikes));
}

TEST(Semantics, ASampleThatStartsAtRestIsNotDrivenAwayFromIt) {
  Network net = test::one_layer(kSources, kNeurons, [](std::size_t, std::size_t) { return 0.01; });
  Population& p = net.populations[0];
  p.start.assign(kNeurons, -0.065);
  p.v_reset.assign(kNeurons, -0.065);
  p.theta.assign(kNeurons, -0.05);
  for (std::size_t j = 0; j < kNeurons; ++j) p.drive[j] = (1 - p.beta[j]) * -0.065;
  const IntPopulation integer = test::checked(net, {}).network.populations[0];
  EXPECT_EQ(integer.bias_i, std::vector<std::int32_t>(kNeurons, 0));
  EXPECT_EQ(integer.bias_v, std::vector<std::int32_t>(kNeurons, 0));
  EXPECT_EQ(integer.v_reset, std::vector<std::int32_t>(kNeurons, 0));
  EXPECT_THAT(integer.origin, IsEmpty());
}

TEST(Semantics, AReadoutsOriginIsAddedToWhatIsReadOut) {
  Rng rng(1);
  Network net = test::one_layer(kSources, 3, [&](std::size_t, std::size_t) { return rng.unit() - 0.5; });
  Population& p = net.populations[0];
  p.kind = NeuronKind::kLi;
  p.start = {0.5, -2, 0};
  for (std::size_t j = 0; j < 3; ++j) p.drive[j] = (1 - p.beta[j]) * p.start[j];
  const Quantized quantized = test::checked(net, {});
  const IntPopulation& integer = quantized.network.populations[0];
  Interpreter real(net);
  GoldenInterpreter golden(quantized.network);
  const std::vector<double> input = random_input(rng);
  for (std::size_t t = 0; t < kSteps; ++t) {
    const std::span<const double> now(input.data() + t * kSources, kSources);
    real.step(std::span(&now, 1));
    InputStep step;
    for (std::uint32_t e = 0; e < kSources; ++e)
      if (now[e] != 0) step.push_back({e, 1});
    (void)golden.step(std::span(&step, 1));
    for (std::size_t j = 0; j < 3; ++j)
      EXPECT_NEAR((golden.v(PopulationId(0))[j] + integer.origin.at(j)) * integer.unit,
                  real.potential(PopulationId(0))[j], 0.02);
  }
  Quantized wrong = quantized;
  wrong.network.populations[0].origin[1] += 9;
  EXPECT_THAT(check(wrong, net).list(), Not(IsEmpty()));
}

TEST(Semantics, TheCheckerFindsAWrongAmountAndAWrongThreshold) {
  for (const Reset reset : kResets) {
    for (const Fire fire : {Fire::kAbove, Fire::kAtLeast}) {
      Network net =
          test::one_layer(kSources, 4, [](std::size_t s, std::size_t) { return s % 2 ? 0.3 : 0.7; });
      net.populations[0].reset = reset;
      net.populations[0].fire = fire;
      const Quantized quantized = test::checked(net, {});
      Quantized amount = quantized;
      amount.network.populations[0].v_reset[2] += 3;
      EXPECT_THAT(check(amount, net).list(), Not(IsEmpty()));
      for (const std::int32_t off : {-2, 2}) {
        Quantized theta = quantized;
        theta.network.populations[0].theta[1] += off;
        EXPECT_THAT(check(theta, net).list(), Not(IsEmpty()));
      }
    }
  }
}

TEST(Semantics, WhatIsForgottenInAStepCannotBeLessInTheNext) {
  Network net = test::one_layer(kSources, 4, [](std::size_t, std::size_t) { return 0.5; });
  net.populations[0].reset = Reset::kSubtractLater;
  net.populations[0].beta[1] = 0;
  try {
    (void)quantize(net, {});
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("population 'n': neuron 1 forgets its potential in a step"));
  }
}

}  // namespace
}  // namespace spikeloom
