// Trained recurrent networks that read Braille: two of the NIR paper, and one with 8-bit weights.
#include <gtest/gtest.h>

#include <cstdio>
#include <map>
#include <set>

#include "compiler/quantize/quantize.hpp"
#include "tests/chips/chip_named.hpp"
#include "tests/real/agreement.hpp"
#include "tests/real/real_data.hpp"

namespace spikeloom::testing {
namespace {

using test::chip_named;

// ---- the NIR paper's, sample 0 ----

constexpr std::size_t kSteps = 256;

struct Srnn {
  std::string file;
  Reset reset;
  std::string reference;  ///< array of sample0_numpy_golden.npz: hidden spikes under these semantics
  std::size_t hidden;
};

std::ostream& operator<<(std::ostream& out, const Srnn& srnn) { return out << srnn.file; }

class RealSrnn : public ::testing::TestWithParam<Srnn> {
 protected:
  static constexpr const char* kInput = "nir-braille-srnn/sample0_input_256x12.npy";

  /// The hidden layer recorded; contracts from the first half of the recording.
  static Compilation srnn(std::uint32_t bits) {
    CompileOptions options;
    options.semantics.reset = GetParam().reset;
    options.weight_bits = bits;
    options.record = {"lif1.lif"};
    options.calibrate = real_file(kInput).string();
    options.calibration_data.steps = kSteps / 2;
    return compiled(real_file("nir-braille-srnn/" + GetParam().file), chip_named("tile1"), options);
  }
  static Dataset sample(const Compilation& compilation) {
    const IntInput& port = compilation.integers.inputs.at(0);
    return read_dataset(real_file(kInput), {{port.name, port.shape}}, {});
  }
  /// Hidden bits that differ from the float network's.
  static std::size_t differing(const DeviceRun& run) {
    const NpzReader reference(real_file("nir-braille-srnn/sample0_numpy_golden.npz"));
    const Array hidden = reference.read(GetParam().reference);
    std::vector<std::uint8_t> theirs;
    for (std::size_t k = 0; k < hidden.size(); ++k) theirs.push_back(hidden.integer(k) != 0 ? 1 : 0);
    return differing_bits(spikes_of(run, "lif1.lif"), theirs, GetParam().hidden, kSteps, 0);
  }
};

TEST_P(RealSrnn, TheRtlIsTheModelAndTheGoldenModelAtEveryWeightWidth) {
  NEED_REAL_DATA("nir-braille-srnn");
  for (const std::uint32_t bits : {8U, 4U, 2U, 1U}) {
    SCOPED_TRACE(bits);
    const Compilation compilation = srnn(bits);
    expect_rtl_is_model(compilation, sample(compilation));
  }
}

TEST_P(RealSrnn, HiddenSpikesDifferInFewBitsFromTheFloatNetworks) {
  NEED_REAL_DATA("nir-braille-srnn");
  // Percent of all hidden bits by weight width; about 1.2 % of the bits are spikes.
  const std::map<std::uint32_t, std::size_t> most = {{8, 2}, {4, 3}, {2, 5}, {1, 15}};
  for (const auto& [bits, percent] : most) {
    const Compilation compilation = srnn(bits);
    const DeviceRun run = expect_model_is_golden(compilation, sample(compilation));
    const std::size_t count = differing(run);
    std::printf("%s, %u bits: %zu of %zu hidden bits differ\n", GetParam().file.c_str(), bits, count,
                kSteps * GetParam().hidden);
    EXPECT_LE(count * 100, kSteps * GetParam().hidden * percent) << bits << " bits";
    if (bits >= 4) {
      EXPECT_EQ(decide(run.outputs.spikes.at(0), Decide::kCount).predictions.at(0), 1) << bits << " bits";
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Networks, RealSrnn,
                         ::testing::Values(Srnn{"braille_noDelay_bias_zero.nir", Reset::kToValue,
                                                "noDelay_bias_zero__zero__hidden", 38},
                                           Srnn{"braille_noDelay_noBias_subtract.nir", Reset::kSubtract,
                                                "noDelay_noBias_subtract__subtract__hidden", 40}),
                         [](const auto& p) {
                           return p.param.reset == Reset::kToValue ? "BiasZero" : "NoBiasSubtract";
                         });

// ---- threshold 10, 8-bit weights, 280 samples ----

class RealBrailleTh10 : public ::testing::Test {
 protected:
  static constexpr std::size_t kSamples = 280;
  static constexpr std::size_t kLength = 64;
  static constexpr std::size_t kHidden = 64;
  static constexpr std::size_t kClasses = 7;
  static constexpr std::size_t kCalibration = 70;
  static constexpr const char* kNetwork = "braille-th10/braille7_th10_srnn_w8.nir";
  static constexpr const char* kInput = "braille-th10/braille7_test_inputs.npz";

  static DatasetOptions array_x() {
    DatasetOptions options;
    options.array = "x";
    return options;
  }
  static CompileOptions recording() {
    CompileOptions options;
    options.record = {"lif1"};
    options.calibrate = real_file(kInput).string();
    options.calibration_data = array_x();
    options.calibration_data.limit = kCalibration;
    return options;
  }
  static Dataset samples(const IntNetwork& network) {
    return read_dataset(real_file(kInput), {{network.inputs.at(0).name, network.inputs.at(0).shape}},
                        array_x());
  }
  /// Packed bits, highest first: (280, 64, 8) bytes.
  static std::vector<std::uint8_t> reference_hidden() {
    const Array packed = NpzReader(real_file("braille-th10/braille7_hidden_ref.npz")).read("hidden");
    std::vector<std::uint8_t> bits;
    for (std::size_t k = 0; k < packed.size(); ++k)
      for (int b = 7; b >= 0; --b) bits.push_back(static_cast<std::uint8_t>(packed.integer(k) >> b & 1));
    return bits;
  }
  static std::size_t differing_in(const std::vector<std::uint8_t>& a, const std::vector<std::uint8_t>& b,
                                  std::size_t sample) {
    std::size_t count = 0;
    for (std::size_t k = sample * kLength * kHidden; k < (sample + 1) * kLength * kHidden; ++k)
      count += a[k] != b[k] ? 1U : 0U;
    return count;
  }
  /// The same network with more room below the point, by the golden model.
  static GoldenRun wide(const Compilation& compilation, const Dataset& data, std::uint32_t state_bits) {
    QuantizeOptions options;
    options.limits = {state_bits, 32, 32, 15, 15, {8}};
    return run_golden(quantize(*compilation.network, options).network, data);
  }
};

TEST_F(RealBrailleTh10, ScoresAsTheFloatNetworkAndDiffersByTruncationOfTheStateOnly) {
  NEED_REAL_DATA("braille-th10");
  const Compilation compilation = compiled(real_file(kNetwork), chip_named("tile1"), recording());
  const Dataset data = samples(compilation.integers);
  ASSERT_EQ(data.samples.size(), kSamples);
  const DeviceRun run = expect_model_is_golden(compilation, data);
  EXPECT_EQ(right(run, data), 225U);  // 80.4 %
  const std::vector<std::uint8_t> reference = reference_hidden();
  const std::vector<std::uint8_t> chip = spikes_of(run, "lif1");
  const GoldenRun precise = wide(compilation, data, 32);
  ASSERT_EQ(chip.size(), reference.size());
  std::set<std::size_t> differing, unexplained;
  std::size_t bits = 0;
  for (std::size_t s = 0; s < kSamples; ++s) {
    const std::size_t count = differing_in(chip, reference, s);
    bits += count;
    if (count > 0) differing.insert(s);
    if (differing_in(precise.spikes[0], reference, s) > 0) unexplained.insert(s);
  }
  std::printf("braille-th10: %zu of %zu hidden bits differ, in %zu samples; with 32 bits of state in %zu\n",
              bits, chip.size(), differing.size(), unexplained.size());
  EXPECT_LT(bits * 1000, chip.size());
  for (const std::size_t s : unexplained)
    ADD_FAILURE() << "sample " << s << " differs even with 32 bits of state";
  // The output layer truncates too, so counts may differ where no hidden bit does; never at 32 bits.
  const Array counts = NpzReader(real_file("braille-th10/braille7_hidden_ref.npz")).read("out_counts");
  std::vector<std::int64_t> exact(kSamples * kClasses, 0);
  for (std::size_t k = 0; k < precise.spikes[1].size(); ++k)
    exact[k / (kLength * kClasses) * kClasses + k % kClasses] += precise.spikes[1][k];
  for (std::size_t k = 0; k < exact.size(); ++k)
    EXPECT_EQ(exact[k], counts.integer(k)) << "sample " << k / kClasses;
}

TEST_F(RealBrailleTh10, TheRtlIsTheModelOnSamplesThatTheContractsHaveNotSeen) {
  NEED_REAL_DATA("braille-th10");
  const Compilation compilation = compiled(real_file(kNetwork), chip_named("tile1"), recording());
  expect_rtl_is_model(compilation,
                      part(samples(compilation.integers), kCalibration, kSamples - kCalibration));
}

}  // namespace
}  // namespace spikeloom::testing
