// Pooled counts, graded inputs, Delay, Threshold and I in integers: where the weights lie on a grid, bit for
// bit.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compiler/base/rng.hpp"
#include "compiler/golden/golden_interpreter.hpp"
#include "compiler/model/elaborate.hpp"
#include "compiler/model/interpret.hpp"
#include "compiler/quantize/quantize.hpp"
#include "tests/model/graphs.hpp"

namespace spikeloom {
namespace {

using test::constant;
using test::nir_node;
using test::port;
using test::row;
using test::scalar;

NirArray whole(Rng& rng, const Shape& shape) {
  NirArray array{shape, {}};
  for (std::size_t k = 0; k < volume(shape); ++k)
    array.values.push_back(static_cast<double>(rng.between(-3, 4)));
  return array;
}

NirNode integrate(const Shape& shape, double threshold) {
  const std::size_t n = volume(shape);
  return nir_node("IF", {{"r", {shape, std::vector<double>(n, 1)}},
                         {"v_threshold", {shape, std::vector<double>(n, threshold)}}});
}

NirNode pool(const std::string& type, Rng& rng) {
  // Overlapping or not: the composite kernel is exact either way.
  const double stride = rng.chance(0.5) ? 2 : 1;
  return nir_node(
      type, {{"kernel_size", row({2, 2})}, {"stride", row({stride, stride})}, {"padding", row({0, 0})}});
}

/// conv – IF – pool – conv – IF – pool – Flatten – Delay – Linear – Threshold, and an I beside it.
NirGraph deep(Rng& rng) {
  NirGraph graph;
  NirNode first = nir_node("Conv2d", {{"weight", whole(rng, {3, 2, 3, 3})}, {"stride", row({2, 1})}});
  first.texts["padding"] = "valid";
  NirNode second = nir_node("Conv2d", {{"weight", whole(rng, {2, 3, 2, 2})}, {"stride", row({1, 1})}});
  second.texts["padding"] = "same";
  const NirNode sum = pool("SumPool2d", rng), average = pool("AvgPool2d", rng);
  const bool halved = sum.field("stride")->values[0] == 2,
             halved_again = average.field("stride")->values[0] == 2;
  const std::size_t height = halved ? 2 : 4, width = halved ? 4 : 7;  // behind the first pool, of 5 × 8
  const std::size_t flat =
      2 * (halved_again ? height / 2 : height - 1) * (halved_again ? width / 2 : width - 1);
  graph.nodes = {{"in", port("Input", {2, 11, 10})},
                 {"a", first},
                 {"a if", integrate({3, 5, 8}, 5.5)},
                 {"b", sum},
                 {"c", second},
                 {"c if", integrate({2, height, width}, 7)},
                 {"d", average},
                 {"e", nir_node("Flatten", {{"start_dim", scalar(0)}, {"end_dim", scalar(-1)}})},
                 {"f", nir_node("Delay", {{"delay", constant(flat, 2)}})},
                 {"g", nir_node("Linear", {{"weight", whole(rng, {4, flat})}})},
                 {"h", nir_node("Threshold", {{"threshold", constant(4, 0.5)}})},
                 {"i", nir_node("I", {{"r", constant(4, 1)}})},
                 {"out", port("Output", {4})},
                 {"sum", port("Output", {4})}};
  graph.edges = {{"in", "a"},   {"a", "a if"}, {"a if", "b"}, {"b", "c"}, {"c", "c if"},
                 {"c if", "d"}, {"d", "e"},    {"e", "f"},    {"f", "g"}, {"g", "h"},
                 {"h", "out"},  {"g", "i"},    {"i", "sum"}};
  return graph;
}

TEST(QuantizedConvolutions, SpikeAndReadOutAsInRealNumbersWhereWeightsLieOnAGrid) {
  std::size_t spikes = 0, thresholds = 0;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    Rng rng(seed);
    const Network network = elaborate(deep(rng), {.dt = 1}, nullptr);
    QuantizeOptions options;
    options.inputs["in"] = {.planes = 2, .is_signed = false, .unit = 1};
    const Quantized result = quantize(network, options);
    check(result, network).throw_if_any("seed " + std::to_string(seed));
    for (const ProjectionReport& projection : result.report.projections)
      ASSERT_TRUE(projection.exact) << projection.name;
    Interpreter real(network);
    GoldenInterpreter golden(result.network);
    for (int t = 0; t < 12; ++t) {
      InputStep step;
      std::vector<double> dense(network.inputs[0].size(), 0);
      for (std::uint32_t e = 0; e < dense.size(); ++e) {
        if (!rng.chance(0.3)) continue;
        step.push_back({e, static_cast<std::int32_t>(rng.between(1, 3))});
        dense[e] = step.back().value;
      }
      golden.step(std::vector<InputStep>{step});
      const std::span<const double> span(dense);
      real.step(std::vector<std::span<const double>>{span});
      for (std::size_t p = 0; p < network.populations.size(); ++p) {
        const IntPopulation& population = result.network.populations[p];
        if (population.is_readout()) {
          for (std::size_t n = 0; n < population.size(); ++n)
            ASSERT_DOUBLE_EQ(golden.v(PopulationId(p))[n] * population.unit,
                             real.potential(PopulationId(p))[n]);
          continue;
        }
        std::vector<std::uint32_t> expected;
        for (std::uint32_t n = 0; n < population.size(); ++n)
          if (real.spikes(PopulationId(p))[n] != 0) expected.push_back(n);
        ASSERT_THAT(golden.spikes(PopulationId(p)), testing::ElementsAreArray(expected))
            << "seed " << seed << ", " << population.name << ", step " << t;
        spikes += expected.size();
        if (population.kind == NeuronKind::kThreshold) thresholds += expected.size();
      }
    }
    EXPECT_EQ(golden.totals().saturations, 0U);
  }
  EXPECT_GT(spikes, 1000U);
  EXPECT_GT(thresholds, 50U);
}

}  // namespace
}  // namespace spikeloom
