// Every way to fire, to reset and to start, in integers: the chip's one step with other numbers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <tuple>

#include "compiler/base/error.hpp"
#include "compiler/base/rng.hpp"
#include "compiler/golden/accumulator.hpp"
#include "compiler/golden/golden_interpreter.hpp"
#include "compiler/model/interpret.hpp"
#include "compiler/quantize/calibrate.hpp"
#include "compiler/quantize/quantize.hpp"
#include "tests/quantize/checked.hpp"
#include "tests/quantize/networks.hpp"

namespace spikeloom {
namespace {

using ::testing::Contains;
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

/// Spikes into a leaky readout of four neurons, its potentials by weights into a layer.
Network readout_between(Rng& rng) {
  Network net = test::one_layer(kSources, 4, [&](std::size_t, std::size_t) { return rng.unit() - 0.4; });
  Population& sums = net.populations[0];
  sums.name = "sums";
  sums.kind = NeuronKind::kLi;
  for (double& beta : sums.beta) beta = 0.3 + 0.4 * rng.unit();
  Population after = test::real_population("after", kNeurons);
  after.beta.assign(kNeurons, 0.9);
  after.theta.assign(kNeurons, 1.5);
  net.populations.push_back(after);
  net.projections.push_back(
      test::real_projection("w", PopulationId(0), 4, PopulationId(1), kNeurons,
                            [&](std::size_t, std::size_t) { return 0.6 * rng.unit() - 0.2; }));
  net.outputs = {{"out", {kNeurons}, PopulationId(1)}};
  return net;
}

/// The more bits of a potential the tile's shifts and accumulators take, the fewer spikes differ. 16 bits for
/// a weight and a potential together are few: its bound is that of every input at once.
TEST(ReadoutsThatFeed, GoOnAsBitPlanesWithinTheirBound) {
  QuantizeOptions wide;
  wide.limits.max_shift = 11;
  wide.limits.acc_bits = 26;
  wide.limits.state_bits = 32;
  for (const auto& [options, planes, share] :
       {std::tuple{QuantizeOptions{}, 10U, 0.45}, std::tuple{wide, 12U, 0.1}}) {
    Differing all;
    for (std::uint64_t seed = 0; seed < 60; ++seed) {
      SCOPED_TRACE(seed);
      Rng rng(seed);
      Network net = readout_between(rng);
      if (seed % 3 == 1)  // what the start gives is a bias of those behind
        for (std::size_t j = 0; j < 4; ++j) net.populations[0].start[j] = rng.unit() - 0.5;
      if (seed % 3 == 2) net.projections[1].delay = 2;
      if (seed % 2 == 1)
        net.projections.push_back(test::real_projection(
            "beside", InputId(0), kSources, PopulationId(1), kNeurons,
            [&](std::size_t, std::size_t) { return rng.unit() < 0.3 ? 0.3 * rng.unit() : 0; }));
      const Quantized quantized = test::checked(net, options);
      EXPECT_LE(potential_planes(quantized.network, PopulationId(0)), planes);
      EXPECT_GE(potential_planes(quantized.network, PopulationId(0)) + 1, planes);
      EXPECT_THAT(quantized.report.notes,
                  Contains(HasSubstr("readout 'sums' feeds others: its potentials go on as")));
      const Differing found = differing(net, quantized.network, random_input(rng));
      all.bits += found.bits;
      all.spikes += found.spikes;
    }
    EXPECT_GT(all.spikes, 5000U);
    EXPECT_LT(static_cast<double>(all.bits), share * static_cast<double>(all.spikes));
  }
}

TEST(ReadoutsThatFeed, WithoutABoundOrRoomAreRefusedByName) {
  const auto refused = [](const Network& net, const QuantizeOptions& options) -> std::string {
    try {
      (void)quantize(net, options);
    } catch (const Error& error) {
      return error.what();
    }
    return "nothing refused";
  };
  Rng rng(1);
  const Network good = readout_between(rng);
  EXPECT_EQ(refused(good, {}), "nothing refused");
  Network bad = good;
  bad.populations[0].beta[2] = 1;
  EXPECT_THAT(refused(bad, {}), HasSubstr("readout 'sums' feeds others: neuron 2 forgets nothing"));
  bad = good;
  bad.populations[0].beta.assign(4, 0.999);
  EXPECT_THAT(refused(bad, {}), HasSubstr("its own weights would be off by"));
  bad = good;
  bad.projections.push_back(test::real_projection("loop", PopulationId(0), 4, PopulationId(0), 4,
                                                  [](std::size_t, std::size_t) { return 0.1; }));
  bad.projections.back().delay = 1;
  EXPECT_THAT(refused(bad, {}), HasSubstr("a circle of readouts: 'sums' -> 'sums'; nothing bounds"));
  bad = good;
  bad.populations[0].start[1] = 0.5;
  bad.projections[1].delay = 1;
  EXPECT_THAT(refused(bad, {}),
              HasSubstr("readout 'sums' does not start at 0 and feeds 'after' 1 steps late"));
  QuantizeOptions narrow;
  narrow.limits.acc_bits = 11;
  EXPECT_THAT(refused(good, narrow), HasSubstr("the accumulator of 'after' has 11 bits"));
}

/// A readout behind whom it feeds in the order of ids, and readouts that feed readouts.
TEST(ReadoutsThatFeed, GetTheirIntegersBeforeThoseThatTheyFeed) {
  Rng rng(3);
  Network net = readout_between(rng);
  std::swap(net.populations[0], net.populations[1]);
  net.projections[0].to = PopulationId(1);
  net.projections[1].from = PopulationId(1);
  net.projections[1].to = PopulationId(0);
  net.projections[1].delay = 1;
  net.outputs[0].from = PopulationId(0);
  Population last = test::real_population("last", 2);
  last.kind = NeuronKind::kLi;
  last.beta.assign(2, 0.5);
  net.populations.push_back(last);
  net.projections.push_back(
      test::real_projection("more", PopulationId(1), 4, PopulationId(2), 2,
                            [](std::size_t s, std::size_t) { return s == 1 ? 0.5 : 0.25; }));
  net.outputs.push_back({"last", {2}, PopulationId(2)});
  QuantizeOptions wide;
  wide.limits.max_shift = 11;
  wide.limits.acc_bits = 26;
  wide.limits.state_bits = 32;
  const Quantized quantized = test::checked(net, wide);
  const Differing found = differing(net, quantized.network, random_input(rng));
  EXPECT_GT(found.spikes, 20U);
  EXPECT_LT(static_cast<double>(found.bits), 0.4 * static_cast<double>(found.spikes));
}

}  // namespace
}  // namespace spikeloom
