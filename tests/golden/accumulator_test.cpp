#include "compiler/golden/accumulator.hpp"

#include <gmock/gmock.h>

#include "compiler/golden/golden_interpreter.hpp"
#include "tests/golden/networks.hpp"

namespace spikeloom {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

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

/// A graded input into a readout of any parameters, whose potentials go into a second one by any weights.
IntNetwork read_out_twice(Rng& rng) {
  IntNetwork net;
  net.name = "twice";
  net.state_bits = static_cast<std::uint32_t>(rng.between(16, 24));
  net.inputs.push_back({"in", {4}, static_cast<std::uint32_t>(rng.between(1, 4)), rng.chance(0.5), 1});
  for (const char* name : {"first", "second"}) {
    IntPopulation p = test::population(name, 3);
    p.kind = rng.chance(0.5) ? NeuronKind::kLi : NeuronKind::kCubaLi;
    p.scale = static_cast<std::uint32_t>(rng.between(0, 3));
    for (std::size_t j = 0; j < p.size(); ++j) {
      p.alpha[j] = p.kind == NeuronKind::kLi ? 0 : static_cast<std::int32_t>(rng.between(0, 4096));
      p.beta[j] = static_cast<std::int32_t>(rng.chance(0.1) ? 4096 : rng.between(0, 4090));
      p.bias_i[j] = static_cast<std::int32_t>(rng.between(-40, 40));
      p.bias_v[j] = static_cast<std::int32_t>(rng.between(-40, 40));
    }
    net.populations.push_back(p);
  }
  const auto weight = [&](std::size_t, std::size_t) { return static_cast<int>(rng.between(-2, 3)); };
  net.projections.push_back(test::projection("a", InputId(0), 4, PopulationId(0), 3, weight));
  net.projections.push_back(test::projection("b", PopulationId(0), 3, PopulationId(1), 3, weight));
  net.projections.back().delay = static_cast<std::uint32_t>(rng.below(3));
  net.outputs.push_back({"o", {3}, PopulationId(1)});
  return net;
}

TEST(PotentialRange, IsNeverLeftAndBoundsWhatReadoutsSend) {
  std::size_t near = 0;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(seed);
    Rng rng(seed);
    IntNetwork net = read_out_twice(rng);
    if (seed % 4 == 3) {  // what comes once a sample is bounded where nothing is forgotten, too
      net.inputs[0].is_static = true;
      IntPopulation& holds = net.populations[0];
      for (auto* values : {&holds.alpha, &holds.bias_i, &holds.bias_v}) values->assign(3, 0);
      holds.beta.assign(3, 4096);
    }
    const NeuronRange first = potential_range(net, PopulationId(0));
    const AccumulatorBound second = accumulator_bound(net, PopulationId(1));
    const auto [low, high] = value_range(net.inputs[0]);
    GoldenInterpreter golden(net);
    std::vector<std::vector<std::int32_t>> sent;
    const bool up = rng.chance(0.5);
    for (int t = 0; t < 60; ++t) {
      std::vector<InputStep> step(1);
      for (std::uint32_t e = 0; e < 4; ++e) {
        const bool most = seed % 3 == 0 ? (net.projections[0].weight.front() > 0) == up : rng.chance(0.5);
        step[0].push_back({e, most ? high : low});
      }
      golden.step(step);
      sent.emplace_back(golden.v(PopulationId(0)).begin(), golden.v(PopulationId(0)).end());
      for (std::size_t j = 0; j < 3; ++j) {
        ASSERT_GE(sent.back()[j], first.lowest[j]);
        ASSERT_LE(sent.back()[j], first.highest[j]);
        near += 10 * sent.back()[j] > 8 * first.highest[j] && first.highest[j] > 0 ? 1U : 0U;
        // weight × potential, delay steps ago.
        std::int64_t sum = 0;
        if (const std::uint32_t delay = net.projections[1].delay; sent.size() > delay)
          for (std::size_t s = 0; s < 3; ++s)
            net.projections[1].form.row(s).each([&](std::uint32_t target, std::size_t k) {
              if (target == j)
                sum += std::int64_t{net.projections[1].weight[k]} * sent[sent.size() - 1 - delay][s];
            });
        ASSERT_EQ(golden.accumulated(PopulationId(1))[j], sum);
        ASSERT_GE(sum, second.lowest);
        ASSERT_LE(sum, second.highest);
      }
    }
  }
  EXPECT_GT(near, 100U) << "the range is far from what is reached";
}

TEST(PotentialRange, OfAPartIsItsSums) {
  Rng rng(3);
  IntNetwork net = read_out_twice(rng);
  IntPopulation& part = net.populations[0];
  part.scale = 0;
  for (auto* values : {&part.alpha, &part.beta, &part.bias_i, &part.bias_v}) values->assign(3, 0);
  const NeuronRange range = potential_range(net, PopulationId(0));
  const AccumulatorBound bound = accumulator_bound(net, PopulationId(0));
  EXPECT_EQ(*std::min_element(range.lowest.begin(), range.lowest.end()), bound.lowest);
  EXPECT_EQ(*std::max_element(range.highest.begin(), range.highest.end()), bound.highest);
  EXPECT_EQ(potential_planes(net, PopulationId(0)), bound.bits);
}

/// The same readout, of an input that is sent in every step or once a sample.
TEST(PotentialRange, OfAReadoutThatForgetsNothingIsItsSumWhereThatComesOnce) {
  Rng rng(3);
  IntNetwork net = read_out_twice(rng);
  net.state_bits = 24;
  IntPopulation& holds = net.populations[0];
  holds.scale = 0;
  for (auto* values : {&holds.alpha, &holds.bias_i, &holds.bias_v}) values->assign(3, 0);
  holds.beta.assign(3, 4096);
  EXPECT_EQ(potential_planes(net, PopulationId(0)), 24U);
  net.inputs[0].is_static = true;
  EXPECT_EQ(potential_planes(net, PopulationId(0)), accumulator_bound(net, PopulationId(0)).bits);
  holds.bias_v[1] = 1;
  EXPECT_EQ(potential_planes(net, PopulationId(0)), 24U);
}

TEST(AccumulatorProblems, NamesTheReadoutWhosePotentialsAreTooWide) {
  Rng rng(4);
  IntNetwork net = read_out_twice(rng);
  net.state_bits = 24;
  net.populations[0].beta.assign(3, 4096);
  EXPECT_THAT(accumulator_problems(net, 20).list(),
              ElementsAre(AllOf(HasSubstr("population 'second'"),
                                HasSubstr("the potentials of readout 'first' need 24 bits"))));
}

}  // namespace
}  // namespace spikeloom
