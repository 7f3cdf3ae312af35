// The portable kernels on PoCL: random networks and inputs equal to the golden model in every spike and potential,
// whichever kernel adds and however samples are batched; the command on the digits; what a user hears when it fails.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <ostream>
#include <sstream>

#include <nlohmann/json.hpp>

#include "compiler/base/error.hpp"
#include "host/compile/compile.hpp"
#include "host/opencl/open_runner.hpp"
#include "host/opencl/opencl_runner.hpp"
#include "host/opencl/plan.hpp"
#include "spikeloom_hw.hpp"
#include "tests/flow/random_case.hpp"

namespace spikeloom::testing {
namespace {

using ::testing::HasSubstr;

/// Built kernels are kept beside the chips', not in the user's home.
const bool kCacheIsSet = [] {
  const char* own = std::getenv("SPIKELOOM_CACHE");
  const std::string cache = (own != nullptr ? std::string(own) : std::string(SPIKELOOM_BINARY_DIR)) + "/pocl";
  std::filesystem::create_directories(cache);
  return setenv("POCL_CACHE_DIR", cache.c_str(), 1) == 0;
}();

constexpr const char* kPocl = "portable computing";
constexpr const char* kChips[] = {"one", "row", "column", "narrow", "square", "wide"};
constexpr int kBlocks = 4;   ///< tests per chip
constexpr int kCases = 20;   ///< networks that fit, per test

Chip test_chip(const std::string& name) { return read_chip(std::string(SPIKELOOM_SOURCE_DIR) + "/tests/chips/" + name + ".toml"); }

std::optional<Image> random_image(const Case& made, const Chip& chip, Rng& rng) {
  CompileOptions options;
  options.seed = rng.next();
  options.max_neurons = rng.chance(0.5) ? 0 : static_cast<std::uint32_t>(rng.between(4, 40));
  options.spread = rng.chance(0.5) ? Spread::kFastest : Spread::kFewest;
  try {
    const auto built = build_image(made.network, chip, options);
    if (const auto* image = std::get_if<Image>(&built)) return *image;
  } catch (const Error&) {
    // Too large for the chip, in words that tests of the stages read.
  }
  return std::nullopt;
}

void expect_golden(const Image& image, const DeviceRun& run, const GoldenRun& golden) {
  std::size_t spiking = 0, analogue = 0;
  const auto compare = [](const auto& trace, const auto& expected) {
    std::size_t k = 0;
    for (const auto& sample : trace.samples)
      for (std::size_t i = 0; i < sample.size(); ++i, ++k)
        ASSERT_EQ(sample[i], expected[k]) << trace.node << " step " << k / trace.neurons << " neuron " << k % trace.neurons;
    ASSERT_EQ(k, expected.size());
  };
  for (const OutputStream& output : image.application.outputs) {
    const std::size_t p = output.population.index();
    if (output.kind == OutputKind::kSpikes) compare(run.outputs.spikes.at(spiking++), golden.spikes[p]);
    else compare(run.outputs.potentials.at(analogue++), golden.potentials[p]);
    if (::testing::Test::HasFatalFailure()) return;
  }
}

void expect_states(const Case& made, const Image& image, const GoldenRun& golden, OpenClRunner& runner) {
  const auto v = runner.read_state(hw::kMemPotentials);
  const auto i = runner.read_state(hw::kMemCurrents);
  for (std::size_t c = 0; c < image.application.clusters.size(); ++c) {
    const Cluster& cluster = image.application.clusters[c];
    const std::size_t p = cluster.population.index();
    for (std::size_t n = 0; n < cluster.neurons.size(); ++n) {
      ASSERT_EQ(v[c][n], golden.final_v[p][cluster.neurons[n]]) << cluster.name << " v of position " << n;
      if (image.chip.tile.current == 0 || !made.network.populations[p].has_current()) continue;
      ASSERT_EQ(i[c][n], golden.final_i[p][cluster.neurons[n]]) << cluster.name << " i of position " << n;
    }
  }
}

struct Param {
  std::string chip;
  int block = 0;
  friend std::ostream& operator<<(std::ostream& out, const Param& param) { return out << param.chip << " block " << param.block; }
};

class Pocl : public ::testing::TestWithParam<Param> {};

TEST_P(Pocl, IsGoldenInEverySpikeAndPotential) {
  const Chip chip = test_chip(GetParam().chip);
  CaseOptions sizes;
  sizes.max_neurons = chip.tiles() == 1 ? 20 : 32;
  sizes.max_inputs = 24;
  sizes.max_populations = std::min(4U, chip.tiles() * chip.tile.contexts);
  constexpr OpenClKernels kKernels[] = {OpenClKernels::kAuto, OpenClKernels::kCrossbar, OpenClKernels::kSystolic};
  int done = 0;
  for (std::uint64_t n = 0; done < kCases && n < 20 * kCases; ++n) {
    const std::uint64_t seed = static_cast<std::uint64_t>(GetParam().block) * 1'000'000 + n;
    SCOPED_TRACE("case " + std::to_string(seed));
    const Case made = random_case(seed, chip, sizes);
    Rng rng(seed ^ 0x0c1U);
    const std::optional<Image> image = random_image(made, chip, rng);
    if (!image) continue;
    ++done;
    const GoldenRun golden = run_golden(made.network, made.data);
    OpenClOptions options{.platform = kPocl, .kernels = kKernels[rng.below(3)], .batch = rng.below(4)};
    const std::unique_ptr<OpenClRunner> runner = open_opencl(*image, options);
    const DeviceRun run = runner->run(made.data);
    EXPECT_FALSE(run.timed);
    expect_golden(*image, run, golden);
    if (!HasFailure()) expect_states(made, *image, golden, *runner);
    // Nothing of a run is left for the next.
    if (!HasFailure()) expect_golden(*image, runner->run(made.data), golden);
    if (HasFailure()) return;
  }
  EXPECT_EQ(done, kCases) << "too few random networks fit " << GetParam().chip;
}

std::vector<Param> params() {
  std::vector<Param> list;
  for (const char* chip : kChips)
    for (int block = 0; block < kBlocks; ++block) list.push_back({chip, block});
  return list;
}

INSTANTIATE_TEST_SUITE_P(Chips, Pocl, ::testing::ValuesIn(params()),
                         [](const auto& p) { return p.param.chip + std::to_string(p.param.block); });

}  // namespace
}  // namespace spikeloom::testing
