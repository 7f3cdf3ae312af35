// Networks of the frameworks themselves: exported by their own exporters, run by them
// (scripts/frameworks.py), and here by the float interpreter, the golden model, `model` and the RTL, with
// `--framework` alone.
#include <gtest/gtest.h>

#include "compiler/model/elaborate.hpp"
#include "compiler/model/interpret.hpp"
#include "tests/chips/chip_named.hpp"
#include "tests/real/agreement.hpp"
#include "tests/real/real_data.hpp"

namespace spikeloom::testing {
namespace {

using test::chip_named;

struct Exported {
  std::string name;  ///< of both files in tests/real/frameworks
  Semantics semantics;
  std::size_t late = 0;  ///< steps that the framework adds in each layer
};

std::ostream& operator<<(std::ostream& out, const Exported& exported) { return out << exported.name; }

class Frameworks : public ::testing::TestWithParam<Exported> {
 protected:
  static std::filesystem::path file(const std::string& ending) {
    return shipped_file("tests/real/frameworks/" + GetParam().name + ending);
  }
  /// The named array: (1, steps, neurons).
  static std::vector<std::uint8_t> bits(const std::string& array) {
    const Array read = NpzReader(file(".npz")).read(array);
    std::vector<std::uint8_t> result;
    for (std::size_t k = 0; k < read.size(); ++k) result.push_back(read.integer(k) != 0 ? 1 : 0);
    return result;
  }
  static std::vector<double> input() {
    const std::vector<std::uint8_t> spikes = bits("spikes");
    return {spikes.begin(), spikes.end()};
  }
  /// Bits of both populations that differ, when each layer of the framework adds `late` steps.
  static std::size_t differing(const std::vector<std::uint8_t>& hidden,
                               const std::vector<std::uint8_t>& output, std::size_t hidden_neurons) {
    const std::vector<std::uint8_t> first = bits("hidden"), second = bits("output");
    const std::size_t steps = first.size() / hidden_neurons;
    return differing_bits(hidden, first, hidden_neurons, steps, GetParam().late) +
           differing_bits(output, second, second.size() / steps, steps, 2 * GetParam().late);
  }
};

TEST_P(Frameworks, TheFloatNetworkSpikesAsTheFrameworkDoes) {
  const Network network = load_network(file(".nir").string(), GetParam().semantics, nullptr);
  ASSERT_EQ(network.populations.size(), 2U);
  const std::vector<double> spikes = input();
  const Recording found =
      record(network, std::vector<std::vector<double>>{spikes}, spikes.size() / network.inputs[0].size());
  EXPECT_EQ(differing(found.spikes[0], found.spikes[1], network.populations[0].size()), 0U);
  EXPECT_GT(std::count(found.spikes[1].begin(), found.spikes[1].end(), 1), 20);
}

TEST_P(Frameworks, TheChipSpikesAsTheFrameworkDoes) {
  const Network network = load_network(file(".nir").string(), GetParam().semantics, nullptr);
  CompileOptions options;
  options.semantics = GetParam().semantics;
  options.record = {network.populations.at(0).name};
  const Compilation compilation = compiled(file(".nir"), chip_named("tile1"), options);
  const IntInput& port = compilation.integers.inputs.at(0);
  const Dataset data = one_sample({port.name, port.shape}, input());
  expect_rtl_is_model(compilation, data);
  const DeviceRun run = expect_model_is_golden(compilation, data);
  EXPECT_EQ(differing(spikes_of(run, network.populations[0].name), run.outputs.spikes.at(0).samples.at(0),
                      network.populations[0].size()),
            0U);
}

INSTANTIATE_TEST_SUITE_P(
    Exported, Frameworks,
    ::testing::Values(
        Exported{"snntorch_leaky", {.framework = Framework::kSnnTorch}},
        Exported{"snntorch_leaky_zero", {.framework = Framework::kSnnTorch, .reset = Reset::kToValue}},
        Exported{"snntorch_leaky_none", {.framework = Framework::kSnnTorch, .reset = Reset::kNone}},
        Exported{"snntorch_synaptic", {.framework = Framework::kSnnTorch}},
        Exported{"norse_lifbox", {.framework = Framework::kNorse}},
        Exported{"norse_lif", {.framework = Framework::kNorse}},
        Exported{"spikingjelly_if", {.framework = Framework::kSpikingJelly}},
        Exported{"spikingjelly_lif", {.framework = Framework::kSpikingJelly}},
        Exported{"spikingjelly_lif_jump", {.framework = Framework::kSpikingJelly}},
        Exported{"sinabs_iaf", {.framework = Framework::kSinabs}},
        Exported{"sinabs_lif", {.framework = Framework::kSinabs}},
        Exported{"rockpool_lif", {.framework = Framework::kRockpool}},
        Exported{"spyx_lif", {.framework = Framework::kSpyx}, 1},
        Exported{"spyx_if", {.framework = Framework::kSpyx}, 1},
        Exported{"nengo_if", {.framework = Framework::kNengo}}),
    [](const auto& p) { return p.param.name; });

}  // namespace
}  // namespace spikeloom::testing
