#include "compiler/golden/accumulator.hpp"

#include <gmock/gmock.h>

#include "compiler/golden/golden_interpreter.hpp"
#include "tests/golden/networks.hpp"

namespace spikeloom {
namespace {

TEST(AccumulatorBits, IsTheSmallestTwosComplementWidth) {
  EXPECT_EQ(bits_for(0, 0), 1u);
  EXPECT_EQ(bits_for(-1, 0), 1u);
  EXPECT_EQ(bits_for(0, 1), 2u);
  EXPECT_EQ(bits_for(-128, 127), 8u);
  EXPECT_EQ(bits_for(-129, 0), 9u);
  EXPECT_EQ(bits_for(0, 128), 9u);
}

/// A network in which each neuron has inputs of its own only, so that the bound is attainable.
IntNetwork one_layer(Rng& rng) {
  IntNetwork net = test::random_network(rng);
  net.projections.resize(2);
  net.projections[0].delay = 0;
  net.populations.resize(1);
  net.outputs.clear();
  return net;
}

/// The value of an input's element that drives neuron j furthest.
std::int32_t driving_value(const IntNetwork& net, const IntProjection& projection, std::size_t element,
                           std::uint32_t neuron, int sign) {
  const auto [low, high] = value_range(net.inputs[std::get<InputId>(projection.from).index()]);
  std::int32_t value = 0;
  projection.form.row(element).each([&, least = low, most = high](std::uint32_t target, std::size_t weight) {
    if (target == neuron && projection.weight[weight] != 0)
      value = sign * projection.weight[weight] > 0 ? most : least;
  });
  return value;
}

TEST(AccumulatorBound, IsAttainedByTheInputsOfItsSign) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    Rng rng(seed);
    const IntNetwork net = one_layer(rng);
    const AccumulatorBound bound = accumulator_bounds(net).front();
    GoldenInterpreter golden(net);
    for (const int sign : {1, -1}) {
      const std::uint32_t neuron = sign > 0 ? bound.highest_neuron : bound.lowest_neuron;
      std::vector<InputStep> step(2);
      for (std::size_t n = 0; n < 2; ++n) {
        for (std::uint32_t e = 0; e < net.inputs[n].size(); ++e) {
          step[n].push_back({e, driving_value(net, net.projections[n], e, neuron, sign)});
        }
      }
      golden.reset();
      golden.step(step);
      ASSERT_EQ(golden.accumulated(PopulationId(0))[neuron], sign > 0 ? bound.highest : bound.lowest)
          << "seed " << seed;
    }
  }
}

TEST(AccumulatorBound, IsNeverExceeded) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    Rng rng(seed);
    const IntNetwork net = test::random_network(rng);
    const auto bounds = accumulator_bounds(net);
    GoldenInterpreter golden(net);
    for (int t = 0; t < 30; ++t) {
      std::vector<InputStep> step(net.inputs.size());
      for (std::size_t n = 0; n < step.size(); ++n) {
        const auto [low, high] = value_range(net.inputs[n]);
        for (std::uint32_t e = 0; e < net.inputs[n].size(); ++e) {
          step[n].push_back({e, static_cast<std::int32_t>(rng.chance(0.5) ? (rng.chance(0.5) ? low : high)
                                                                          : rng.between(low, high))});
        }
      }
      golden.step(step);
      for (std::size_t p = 0; p < bounds.size(); ++p) {
        for (const std::int32_t a : golden.accumulated(PopulationId(p))) {
          ASSERT_LE(a, bounds[p].highest) << "seed " << seed;
          ASSERT_GE(a, bounds[p].lowest) << "seed " << seed;
        }
      }
    }
  }
}

TEST(AccumulatorProblems, NamesPopulationNeuronAndBits) {
  IntNetwork net;
  net.name = "n";
  net.inputs.push_back({"in", {2}, 4, false, 1});
  net.populations.push_back(test::population("hidden", 2));
  net.projections.push_back(test::projection("fc", InputId(0), 2, PopulationId(0), 2,
                                             [](std::size_t, std::size_t t) { return t == 1 ? -100 : 3; }));
  // 2 elements × 15 × 100 = 3000 needs 13 bits.
  EXPECT_THAT(accumulator_problems(net, 13).list(), ::testing::IsEmpty());
  EXPECT_THAT(
      accumulator_problems(net, 12).list(),
      ::testing::ElementsAre(::testing::AllOf(::testing::HasSubstr("population 'hidden'"),
                                              ::testing::HasSubstr("neuron 1 can reach -3000"),
                                              ::testing::HasSubstr("needs 13 bits, the accumulator has 12"),
                                              ::testing::HasSubstr("would help"))));
}

TEST(AccumulatorBound, OfAFormIsTheWrittenOutMapsAtEveryNeuron) {
  for (std::uint64_t seed = 0; seed < test::kCases; ++seed) {
    Rng rng(seed);
    const RealMap map = test::random_map(rng);
    const RealMap all = test::written_out(map);
    if (map.form.sources() == 0) continue;
    const auto network_of = [&](const RealMap& of) {
      IntNetwork net;
      net.inputs.push_back({"in", {of.form.sources()}, 3, seed % 2 == 0, 1});
      net.populations.push_back(test::population("n", of.form.targets()));
      IntProjection p;
      p.name = "w";
      p.from = InputId(0);
      p.to = PopulationId(0);
      p.shift = 2;
      p.form = of.form;
      for (const double w : of.weight) p.weight.push_back(static_cast<std::int16_t>(w));
      net.projections.push_back(p);
      return net;
    };
    const AccumulatorBound a = accumulator_bound(network_of(map), PopulationId(0));
    const AccumulatorBound b = accumulator_bound(network_of(all), PopulationId(0));
    ASSERT_EQ(a.lowest, b.lowest) << "seed " << seed;
    ASSERT_EQ(a.highest, b.highest) << "seed " << seed;
    ASSERT_EQ(a.lowest_neuron, b.lowest_neuron) << "seed " << seed;
    ASSERT_EQ(a.highest_neuron, b.highest_neuron) << "seed " << seed;
    ASSERT_EQ(a.bits, b.bits) << "seed " << seed;
  }
}

}  // namespace
}  // namespace spikeloom
