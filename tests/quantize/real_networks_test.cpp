// Trained networks of others. Source: the data folder's README.
#include <gmock/gmock.h>

#include <cstdio>
#include <filesystem>

#include "compiler/model/elaborate.hpp"
#include "compiler/model/interpret.hpp"
#include "compiler/quantize/calibrate.hpp"
#include "tests/golden/npz.hpp"
#include "tests/quantize/checked.hpp"

namespace spikeloom {
namespace {

using test::checked;

/// The file's path, or nothing where the data are not there.
std::string data(const std::string& name) {
  const std::string path = test::data_directory() + name;
  return std::filesystem::exists(path) ? path : "";
}

/// Samples from an array (N, T, elements) of small integers.
std::vector<CalibrationSample> samples_of(const test::Array& x, const std::vector<std::int64_t>& labels,
                                          std::size_t limit) {
  std::vector<CalibrationSample> result;
  const std::size_t steps = x.shape[1];
  const std::size_t size = x.shape[2];
  for (std::size_t n = 0; n < std::min(limit, x.shape[0]); ++n) {
    CalibrationSample sample;
    for (std::size_t t = 0; t < steps; ++t) {
      InputStep step;
      for (std::uint32_t e = 0; e < size; ++e) {
        const auto value = static_cast<std::int32_t>(x.values[(n * steps + t) * size + e]);
        if (value != 0) step.push_back({e, value});
      }
      sample.steps.push_back({std::move(step)});
    }
    if (!labels.empty()) sample.label = static_cast<std::uint32_t>(labels[n]);
    result.push_back(std::move(sample));
  }
  return result;
}

/// Output counts of one population over a sample.
std::vector<std::int64_t> counts(GoldenInterpreter& golden, PopulationId out,
                                 const CalibrationSample& sample) {
  std::vector<std::int64_t> result(golden.v(out).size(), 0);
  golden.reset();
  for (const auto& step : sample.steps) {
    golden.step(step);
    for (const std::uint32_t j : golden.spikes(out)) ++result[j];
  }
  return result;
}

TEST(MnistSnn, FourBitWeightsAreTakenOverAndEveryOutputCountIsTheReferences) {
  const std::string path = data("mnist-snn/mlp_784_128_10_w4.nir");
  if (path.empty()) GTEST_SKIP() << "mnist-snn is not there";
  const Network network = load_network(path, {}, nullptr);
  QuantizeOptions options;
  options.weight_bits = 4;
  const Quantized result = checked(network, options);
  for (const ProjectionReport& projection : result.report.projections) {
    EXPECT_TRUE(projection.exact);
    EXPECT_EQ(projection.max_error, 0);
    EXPECT_EQ(projection.vanished, 0u);
  }
  for (const PopulationReport& population : result.report.populations) {
    EXPECT_EQ(population.theta_error, 0);
    EXPECT_LT(population.beta_error, 1e-7);  // 15/16, but for tau in single precision
  }
  const auto images = test::read_npz(data("mnist-snn/test1000_spikes_T8.npz"));
  const test::Array reference = test::read_npy(data("mnist-snn/mlp_784_128_10_w4_refcounts.npy"));
  const auto samples = samples_of(test::unpack_bits(images.at("spikes")), images.at("labels").values, 1000);
  const Calibration calibration = calibrate(network, result.network, samples, {});
  std::printf("mnist-snn, 4 bits\n%s", print(calibration).c_str());
  EXPECT_EQ(calibration.right_before, 972u);
  EXPECT_EQ(calibration.right_after, 972u);
  EXPECT_EQ(calibration.integer.saturations, 0u);
  // v·15/16 needs 4 more bits a step and is truncated below 2^-15 of theta: a few spikes move.
  EXPECT_LE(calibration.populations[0].differing, 20u);
  GoldenInterpreter golden(result.network);
  std::size_t differing = 0;
  for (std::size_t n = 0; n < samples.size(); ++n) {
    const auto found = counts(golden, network.outputs[0].from, samples[n]);
    bool same = true;
    for (std::size_t j = 0; j < 10; ++j) same = same && found[j] == reference.values[n * 10 + j];
    if (!same) ++differing;
  }
  EXPECT_EQ(differing, 0u);
}

TEST(BrailleTh10, EightBitWeightsAreTakenOverAndWhatDiffersIsTruncationOfTheState) {
  const std::string path = data("braille-th10/braille7_th10_srnn_w8.nir");
  if (path.empty()) GTEST_SKIP() << "braille-th10 is not there";
  const Network network = load_network(path, {}, nullptr);
  const auto inputs = test::read_npz(data("braille-th10/braille7_test_inputs.npz"));
  const auto samples = samples_of(inputs.at("x"), inputs.at("labels").values, 280);
  QuantizeOptions informed;
  informed.activity = measure_activity(network, samples, {});
  QuantizeOptions wide = informed;
  wide.limits = {32, 32, 32, 15, 15, {8}};
  std::vector<std::uint64_t> differing;
  for (const QuantizeOptions& options : {QuantizeOptions{}, informed, wide}) {
    const Quantized result = checked(network, options);
    for (const ProjectionReport& projection : result.report.projections) {
      EXPECT_TRUE(projection.exact);
      EXPECT_EQ(projection.max_error, 0);
    }
    const Calibration calibration = calibrate(network, result.network, samples, {});
    std::printf("braille-th10, 8 bits, %u state bits%s\n%s", options.limits.state_bits,
                options.activity ? ", calibrated" : "", print(calibration).c_str());
    EXPECT_NEAR(*calibration.accuracy_before(), 0.804, 0.001);
    EXPECT_NEAR(*calibration.accuracy_after(), 0.804, 0.011);
    EXPECT_EQ(calibration.integer.saturations, 0u);
    differing.push_back(calibration.populations[0].differing);
  }
  EXPECT_LT(differing[0], 1146880u / 1000);
  EXPECT_LT(differing[1], 1146880u / 1000);
  // Weights, thresholds and decays are exact here; all that is left is the truncation, which 8 more bits end.
  EXPECT_LT(differing[2], 10u);
}

TEST(BrailleSrnn, DiffersMoreTheNarrowerTheWeights) {
  const std::string folder = data("nir-braille-srnn");
  if (folder.empty()) GTEST_SKIP() << "nir-braille-srnn is not there";
  const test::Array x = test::read_npy(folder + "/sample0_input_256x12.npy");
  const auto samples = samples_of({{1, x.shape[0], x.shape[1]}, x.values}, {1}, 1);
  std::printf("hidden bits that differ from the real network, sample 0\n%-32s %5s %9s %11s\n", "network",
              "bits", "differing", "of");
  for (const std::string file : {"braille_noDelay_bias_zero", "braille_noDelay_noBias_subtract"}) {
    Semantics semantics;
    semantics.reset = file.ends_with("zero") ? Reset::kToValue : Reset::kSubtract;
    const Network network = load_network(folder + "/" + file + ".nir", semantics, nullptr);
    std::uint64_t previous = 0;
    for (const std::uint32_t bits : {8U, 4U, 2U, 1U}) {
      QuantizeOptions options;
      options.weight_bits = bits;
      options.activity = measure_activity(network, samples, {});
      const Quantized result = checked(network, options);
      const Calibration calibration = calibrate(network, result.network, samples, {});
      const PopulationCalibration& hidden = calibration.populations[0];
      std::printf("%-32s %5u %9llu %11llu\n", file.c_str(), bits,
                  static_cast<unsigned long long>(hidden.differing),
                  static_cast<unsigned long long>(hidden.bits));
      EXPECT_GT(hidden.differing, previous) << file << ", " << bits << " bits";
      EXPECT_LT(hidden.differing, hidden.bits / 100 *
                                      (bits == 8   ? 2
                                       : bits == 4 ? 3
                                       : bits == 2 ? 5
                                                   : 15))
          << file << ", " << bits << " bits";
      if (bits >= 4) {
        EXPECT_EQ(calibration.right_after, 1u) << file << ", " << bits << " bits";
      }
      previous = hidden.differing;
    }
  }
}

}  // namespace
}  // namespace spikeloom
