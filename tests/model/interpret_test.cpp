// The step itself, against the definition written as code.
#include <gtest/gtest.h>

#include "compiler/base/error.hpp"
#include "compiler/base/rng.hpp"
#include "compiler/model/elaborate.hpp"
#include "compiler/model/interpret.hpp"
#include "tests/model/graphs.hpp"

namespace spikeloom::test {
namespace {

/// A network of exact binary fractions, so that no order of sums matters.
Network random_network(Rng& rng) {
  Network network;
  for (std::size_t i = 0; i < 1 + rng.below(2); ++i)
    network.inputs.push_back({"in" + std::to_string(i), {1 + rng.below(5)}});
  const auto fraction = [&] { return double(rng.between(-8, 8)) / 8; };
  const std::size_t count = 1 + rng.below(4);
  for (std::size_t p = 0; p < count; ++p) {
    Population population;
    population.name = "p" + std::to_string(p);
    population.kind = p + 1 == count && rng.chance(0.5) ? NeuronKind::kLi : NeuronKind::kCubaLif;
    constexpr Reset kResets[] = {Reset::kToValue, Reset::kSubtract, Reset::kSubtractLater, Reset::kNone};
    population.reset = kResets[rng.below(4)];
    population.fire = rng.chance(0.5) ? Fire::kAbove : Fire::kAtLeast;
    const std::size_t size = 1 + rng.below(5);
    population.shape = {size};
    for (std::size_t n = 0; n < size; ++n) {
      population.alpha.push_back(double(rng.below(3)) / 4);
      population.gain_i.push_back(1);
      population.bias.push_back(fraction() / 4);
      population.beta.push_back(double(rng.below(5)) / 4);
      population.gain_v.push_back(1);
      population.drive.push_back(fraction() / 8);
      population.start.push_back(rng.chance(0.5) ? 0 : fraction());
      population.theta.push_back(double(rng.below(8)) / 8);
      population.v_reset.push_back(fraction() / 4);
    }
    network.populations.push_back(population);
  }
  for (std::size_t k = 0; k < 1 + rng.below(6); ++k) {
    Projection projection;
    projection.name = "w" + std::to_string(k);
    projection.to = PopulationId(rng.below(count));
    std::size_t sources = 0;
    if (rng.chance(0.4)) {
      const InputId from(rng.below(network.inputs.size()));
      projection.from = from;
      projection.delay = static_cast<std::uint32_t>(rng.below(3));
      sources = network.inputs[from.index()].size();
    } else {
      const PopulationId from(rng.below(count));
      projection.from = from;
      projection.delay = static_cast<std::uint32_t>(rng.below(3)) + (from < projection.to ? 0U : 1U);
      sources = network.populations[from.index()].size();
    }
    SparseMap map{static_cast<std::uint32_t>(network.populations[projection.to.index()].size()), {0}, {}};
    for (std::size_t s = 0; s < sources; ++s) {
      for (std::size_t t = 0; t < network.populations[projection.to.index()].size(); ++t) {
        if (rng.chance(0.4)) continue;
        map.target.push_back(static_cast<std::uint32_t>(t));
        projection.weight.push_back(fraction());
      }
      map.end_row();
    }
    projection.form = MapForm(std::move(map));
    network.projections.push_back(projection);
  }
  return network;
}

/// The comment of Population as code: all spikes ever sent are kept, every weight is visited.
Recording by_definition(const Network& network, const std::vector<Values>& inputs, std::size_t steps) {
  Recording recording;
  std::vector<Values> i, v;
  for (const Population& population : network.populations) {
    i.emplace_back(population.size(), 0);
    v.push_back(population.start);
  }
  recording.spikes.resize(i.size());
  recording.potential.resize(i.size());
  for (std::size_t t = 0; t < steps; ++t) {
    for (std::size_t p = 0; p < i.size(); ++p) {
      const Population& population = network.populations[p];
      for (std::size_t n = 0; n < population.size(); ++n) {
        double sum = population.bias[n];
        for (const Projection& projection : network.projections) {
          if (projection.to.index() != p || projection.delay > t) continue;
          const std::size_t then = t - projection.delay;
          for (std::size_t s = 0; s < projection.form.sources(); ++s) {
            const auto* input = std::get_if<InputId>(&projection.from);
            const std::size_t at = then * projection.form.sources() + s;
            const auto sent = [&](PopulationId from) {
              return network.populations[from.index()].is_readout() ? recording.potential[from.index()][at]
                                                                    : recording.spikes[from.index()][at];
            };
            const double x =
                input != nullptr ? inputs[input->index()][at] : sent(std::get<PopulationId>(projection.from));
            projection.form.row(s).each([&](std::uint32_t target, std::size_t weight) {
              if (target == n) sum += projection.weight[weight] * x;
            });
          }
        }
        i[p][n] = population.alpha[n] * i[p][n] + population.gain_i[n] * sum;
        v[p][n] = population.beta[n] * v[p][n] + population.gain_v[n] * i[p][n] + population.drive[n];
        const std::size_t width = population.size();
        if (population.reset == Reset::kSubtractLater && t > 0 &&
            recording.spikes[p][(t - 1) * width + n] != 0)
          v[p][n] -= population.theta[n];
        const bool reaches = v[p][n] > population.theta[n] ||
                             (population.fire == Fire::kAtLeast && v[p][n] == population.theta[n]);
        const bool spike = !population.is_readout() && reaches;
        if (spike && population.reset == Reset::kSubtract) v[p][n] -= population.theta[n];
        if (spike && population.reset == Reset::kToValue) v[p][n] = population.v_reset[n];
        recording.spikes[p].push_back(spike ? 1 : 0);
        recording.potential[p].push_back(v[p][n]);
      }
    }
  }
  return recording;
}

TEST(Interpreter, FollowsTheDefinitionOnRandomNetworks) {
  std::size_t spikes = 0;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    Rng rng(seed);
    const Network network = random_network(rng);
    ASSERT_TRUE(check(network).empty()) << "seed " << seed << ": " << check(network).front();
    const std::size_t steps = 8;
    std::vector<Values> inputs;
    for (const Input& input : network.inputs) {
      inputs.emplace_back();
      for (std::size_t k = 0; k < steps * input.size(); ++k)
        inputs.back().push_back(rng.chance(0.5) ? 0 : double(rng.between(-1, 2)));
    }
    const Recording ours = record(network, inputs, steps);
    const Recording expected = by_definition(network, inputs, steps);
    ASSERT_EQ(ours.spikes, expected.spikes) << "seed " << seed;
    ASSERT_EQ(ours.potential, expected.potential) << "seed " << seed;
    for (const auto& population : ours.spikes)
      spikes += static_cast<std::size_t>(std::count(population.begin(), population.end(), 1));
  }
  EXPECT_GT(spikes, 1000U);
}

TEST(Interpreter, ResetForgetsEverythingOnItsWay) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    Rng rng(seed);
    const Network network = random_network(rng);
    std::vector<Values> inputs;
    for (const Input& input : network.inputs) inputs.emplace_back(4 * input.size(), 1.0);
    Interpreter interpreter(network);
    std::vector<double> first, second;
    for (std::vector<double>* seen : {&first, &second}) {
      run(interpreter, inputs, 4, [&](std::size_t, const Interpreter& now) {
        for (std::size_t p = 0; p < network.populations.size(); ++p) {
          const auto v = now.potential(PopulationId(p));
          seen->insert(seen->end(), v.begin(), v.end());
        }
      });
    }
    EXPECT_EQ(first, second) << "seed " << seed;
  }
}

TEST(Interpreter, SpikesStrictlyAboveTheThresholdOnly) {
  NirGraph graph;
  graph.nodes = {{"input", port("Input", {1})}, {"lif", lif(1, 1.0)}, {"output", port("Output", {1})}};
  graph.edges = {{"input", "lif"}, {"lif", "output"}};
  const Network network = elaborate(graph, {}, nullptr);
  EXPECT_EQ(record(network, std::vector<Values>{{1.0}}, 1).spikes[0][0], 0);
  EXPECT_EQ(record(network, std::vector<Values>{{1.0000001}}, 1).spikes[0][0], 1);
}

TEST(Interpreter, RefusesInputsOfAnotherSizeAndNetworksThatBreakTheirPromises) {
  Rng rng(3);
  Network network = random_network(rng);
  Interpreter interpreter(network);
  EXPECT_THROW(interpreter.step({}), Error);
  EXPECT_THROW(record(network, std::vector<Values>(network.inputs.size(), Values(999, 0)), 2), Error);
  network.populations[0].beta.push_back(0.5);
  EXPECT_THROW(Interpreter{network}, Error);
}

}  // namespace
}  // namespace spikeloom::test
