// Loihi's arithmetic as lava-dl recorded it. Source: data README, lava-oxford.
#include <gtest/gtest.h>

#include <filesystem>

#include "compiler/golden/golden_interpreter.hpp"
#include "compiler/golden/int_network_file.hpp"
#include "tests/golden/networks.hpp"
#include "tests/golden/npz.hpp"

namespace spikeloom {
namespace {

/// Weights are multiples of 2, so an 8-bit mantissa and a shift of 1 hold them. iDecay 4096: no
/// synaptic state; vDecay 415; theta 6 and input both scaled by 2^6.
IntNetwork oxford(const test::Array& weight) {
  const std::size_t targets = weight.shape[0];
  const std::size_t sources = weight.shape[1];
  IntNetwork net;
  net.name = "lava-oxford";
  net.inputs.push_back({"input", {sources}, 1, false, 1});
  IntPopulation layer = test::population("layer0", targets);
  layer.kind = NeuronKind::kCubaLif;
  layer.scale = 6;
  layer.alpha.assign(targets, 4096 - 4096);
  layer.beta.assign(targets, 4096 - 415);
  layer.theta.assign(targets, 6 << 6);
  net.populations.push_back(layer);
  net.projections.push_back(test::projection("dense", InputId(0), sources, PopulationId(0), targets,
                                             [&](std::size_t s, std::size_t t) {
                                               const std::int64_t w = weight.values[t * sources + s];
                                               EXPECT_EQ(w % 2, 0);
                                               return static_cast<int>(w / 2);
                                             }));
  net.projections[0].shift = 1;
  net.outputs.push_back({"output", {targets}, PopulationId(0)});
  return net;
}

TEST(LavaOxford, NoneOf512000BitsDiffers) {
  const std::string path = test::data_directory() + "lava-oxford/oxford_layer0.npz";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << path << " is not there";
  const auto arrays = test::read_npz(path);
  const test::Array& in = arrays.at("input_spikes");
  const test::Array& out = arrays.at("output_spikes");
  GoldenInterpreter golden(parse_int_network(print_int_network(oxford(arrays.at("weight")))));
  const std::size_t steps = in.shape[0];
  const std::size_t neurons = out.shape[1];
  std::size_t differing = 0;
  std::size_t compared = 0;
  std::size_t spikes = 0;
  std::vector<std::int64_t> previous(neurons, 0);  // recorded one step late
  for (std::size_t t = 0; t < steps; ++t) {
    for (std::size_t j = 0; j < neurons; ++j, ++compared)
      differing += previous[j] != out.values[t * neurons + j];
    std::vector<InputStep> step(1);
    for (std::uint32_t e = 0; e < in.shape[1]; ++e) {
      if (in.values[t * in.shape[1] + e] != 0) step[0].push_back({e, 1});
    }
    golden.step(step);
    previous.assign(neurons, 0);
    for (const std::uint32_t j : golden.spikes(PopulationId(0))) previous[j] = 1, ++spikes;
  }
  EXPECT_EQ(compared, 512000u);
  EXPECT_EQ(differing, 0u);
  EXPECT_GT(spikes, 1000u);
  EXPECT_EQ(golden.totals().saturations, 0u);
}

}  // namespace
}  // namespace spikeloom
