// Shared neurons beside the authors' own code, which tests/golden/shared/record.py ran.
#include <gtest/gtest.h>

#include <string>

#include "compiler/golden/golden_interpreter.hpp"
#include "compiler/golden/int_network_file.hpp"
#include "tests/golden/npz.hpp"

namespace spikeloom {
namespace {

/// Which is `name`.json, run on the input of `name`.npz: spikes that differ from the recorded ones.
struct Compared {
  std::size_t spikes = 0, differing = 0, of = 0;
};

Compared compare(const std::string& name, std::size_t samples) {
  const std::string path = std::string(SPIKELOOM_SOURCE_DIR) + "/tests/golden/shared/" + name;
  GoldenInterpreter golden(read_int_network(path + ".json"));
  const IntNetwork& network = golden.network();
  const auto arrays = test::read_npz(path + ".npz");
  const test::Array& input = arrays.at("input");
  const std::size_t elements = network.inputs.front().size();
  const std::size_t steps = input.values.size() / elements / samples;
  std::vector<test::Array> recorded;
  for (const IntPopulation& population : network.populations)
    recorded.push_back(test::unpack_bits(arrays.at(population.name)));
  Compared result;
  for (std::size_t k = 0; k < samples * steps; ++k) {
    if (k % steps == 0) golden.reset();
    std::vector<InputStep> step(1);
    for (std::uint32_t e = 0; e < elements; ++e)
      if (const std::int64_t value = input.values[k * elements + e]; value != 0)
        step[0].push_back({e, static_cast<std::int32_t>(value)});
    golden.step(step);
    for (std::size_t p = 0; p < network.populations.size(); ++p) {
      std::vector<std::int64_t> own(network.populations[p].size(), 0);
      for (const std::uint32_t neuron : golden.spikes(PopulationId(p))) own[neuron] = 1;
      for (std::size_t j = 0; j < own.size(); ++j) {
        ++result.of;
        result.spikes += own[j] != 0 ? 1 : 0;
        result.differing += own[j] != recorded[p].values[k * own.size() + j] ? 1 : 0;
      }
    }
  }
  return result;
}

TEST(SharedNeurons, OfFourGroupsOfChannelsNoneOf1440SpikesDiffers) {
  const Compared result = compare("small", 1);
  EXPECT_EQ(result.of, 1440U);
  EXPECT_EQ(result.spikes, 375U);
  EXPECT_EQ(result.differing, 0U);
}

TEST(SharedNeurons, OfConvolutionsThatShareByChannelsAndByLayersNoneOf76800SpikesDiffers) {
  const Compared result = compare("layers", 2);
  EXPECT_EQ(result.of, 76800U);
  EXPECT_GT(result.spikes, 10000U);
  EXPECT_EQ(result.differing, 0U);
}

}  // namespace
}  // namespace spikeloom
