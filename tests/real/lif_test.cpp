// One LIF neuron under the input that every platform of the NIR paper was given.
#include <gtest/gtest.h>

#include <fstream>

#include "tests/chips/chip_named.hpp"
#include "tests/real/agreement.hpp"
#include "tests/real/real_data.hpp"

namespace spikeloom::testing {
namespace {

using test::chip_named;

/// The first column: 1000 steps of input.
std::vector<double> recorded_input() {
  std::ifstream file(real_file("nir-lif/lif_norse.csv"));
  std::vector<double> values;
  for (std::string line; std::getline(file, line);) values.push_back(std::stod(line));
  return values;
}

std::vector<std::size_t> spike_steps(const std::vector<std::uint8_t>& spikes) {
  std::vector<std::size_t> steps;
  for (std::size_t t = 0; t < spikes.size(); ++t)
    if (spikes[t] != 0) steps.push_back(t);
  return steps;
}

using Steps = std::vector<std::size_t>;

/// Model and RTL; the output's spikes.
Steps spikes_on_the_chip(const std::string& network, const Semantics& semantics,
                         const std::vector<double>& input) {
  CompileOptions options;
  options.semantics = semantics;
  const Compilation compilation = compiled(real_file("nir-lif/" + network), chip_named("tile1"), options);
  const IntInput& port = compilation.integers.inputs.at(0);
  const Dataset data = one_sample({port.name, port.shape}, input);
  EXPECT_EQ(data.total_steps(), input.size());
  expect_rtl_is_model(compilation, data);
  const DeviceRun run = expect_model_is_golden(compilation, data);
  return spike_steps(run.outputs.spikes.at(0).samples.at(0));
}

TEST(RealLif, TheChipFiresWhenTheExactSolutionDoes) {
  NEED_REAL_DATA("nir-lif");
  EXPECT_EQ(spikes_on_the_chip("lif_norse.nir", {.dt = 1e-4}, recorded_input()), (Steps{460, 510, 710, 760}));
}

TEST(RealLif, AnInputDelayOfOneGivesTheSpikesOfLavaAndSpyx) {
  NEED_REAL_DATA("nir-lif");
  EXPECT_EQ(spikes_on_the_chip("lif_norse.nir", {.dt = 1e-4, .input_delay = 1}, recorded_input()),
            (Steps{461, 511, 711, 761}));
}

TEST(RealLif, ALeakAboveTheThresholdFiresWithoutInput) {
  NEED_REAL_DATA("nir-lif");
  CompileOptions options;
  options.semantics.dt = 1e-4;
  options.record = {"lif1"};
  // v(t) = 1.2 (1 - exp(-t / 10 ms)) reaches 1 after 17.9 ms: five times in 100 ms, and once more where it
  // starts at 1.2.
  for (const auto& [start, expected] : {std::pair(Start::kZero, 5U), std::pair(Start::kRest, 6U)}) {
    options.semantics.start = start;
    const Compilation compilation =
        compiled(real_file("nir-lif/two_lif_neurons.nir"), chip_named("tile1"), options);
    const IntInput& port = compilation.integers.inputs.at(0);
    const Dataset data = one_sample({port.name, port.shape}, std::vector<double>(1000, 0.0));
    expect_rtl_is_model(compilation, data);
    EXPECT_EQ(spike_steps(spikes_of(expect_model_is_golden(compilation, data), "lif1")).size(), expected);
  }
}

}  // namespace
}  // namespace spikeloom::testing
