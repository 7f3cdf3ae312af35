// Trained networks of others. Source: the data folder's README.
#include <gmock/gmock.h>

#include <cstdio>
#include <filesystem>

#include "compiler/model/elaborate.hpp"
#include "compiler/model/interpret.hpp"
#include "compiler/quantize/calibrate.hpp"
#include "tests/golden/npz.hpp"

namespace spikeloom {
namespace {

/// The file's path, or nothing where the data are not there.
std::string data(const std::string& name) {
  const std::string path = test::data_directory() + name;
  return std::filesystem::exists(path) ? path : "";
}

/// Samples from an array (N, T, elements) of small integers.
std::vector<CalibrationSample> samples_of(const test::Array& x, const std::vector<std::int64_t>& labels, std::size_t limit) {
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

Quantized checked(const Network& network, const QuantizeOptions& options) {
  Quantized result = quantize(network, options);
  EXPECT_THAT(check(result, network).list(), ::testing::IsEmpty());
  return result;
}

/// Output counts of one population over a sample.
std::vector<std::int64_t> counts(GoldenInterpreter& golden, PopulationId out, const CalibrationSample& sample) {
  std::vector<std::int64_t> result(golden.v(out).size(), 0);
  golden.reset();
  for (const auto& step : sample.steps) {
    golden.step(step);
    for (const std::uint32_t j : golden.spikes(out)) ++result[j];
  }
  return result;
}

TEST(MnistSnn, FourBitWeightsAreTakenOverWithoutError) {
  const std::string path = data("mnist-snn/mlp_784_128_10_w4.nir");
  if (path.empty()) GTEST_SKIP() << "mnist-snn is not there";
  const Network network = load_network(path, {}, nullptr);
  QuantizeOptions options;
  options.weight_bits = 4;
  const Quantized result = checked(network, options);
  std::printf("%s", print(result.report).c_str());
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
  std::printf("%s", print(calibration).c_str());
  EXPECT_NEAR(*calibration.accuracy_before(), 0.972, 1e-9);
  EXPECT_NEAR(*calibration.accuracy_after(), 0.972, 0.0021);
  GoldenInterpreter golden(result.network);
  std::size_t differing = 0;
  for (std::size_t n = 0; n < samples.size(); ++n) {
    const auto found = counts(golden, network.outputs[0].from, samples[n]);
    bool same = true;
    for (std::size_t j = 0; j < 10; ++j) same = same && found[j] == reference.values[n * 10 + j];
    differing += !same;
  }
  std::printf("images whose counts differ from the reference: %zu\n", differing);
}

TEST(BrailleTh10, EightBitWeightsAreTakenOverWithoutError) {
  const std::string path = data("braille-th10/braille7_th10_srnn_w8.nir");
  if (path.empty()) GTEST_SKIP() << "braille-th10 is not there";
  const Network network = load_network(path, {}, nullptr);
  const Quantized result = checked(network, {});
  std::printf("%s", print(result.report).c_str());
  for (const ProjectionReport& projection : result.report.projections) {
    EXPECT_TRUE(projection.exact);
    EXPECT_EQ(projection.max_error, 0);
  }
  const auto inputs = test::read_npz(data("braille-th10/braille7_test_inputs.npz"));
  const auto samples = samples_of(inputs.at("x"), inputs.at("labels").values, 280);
  const Calibration calibration = calibrate(network, result.network, samples, {});
  std::printf("%s", print(calibration).c_str());
}

TEST(BrailleSrnn, DiffersMoreTheNarrowerTheWeights) {
  const std::string folder = data("nir-braille-srnn");
  if (folder.empty()) GTEST_SKIP() << "nir-braille-srnn is not there";
  const test::Array x = test::read_npy(folder + "/sample0_input_256x12.npy");
  test::Array one{{1, x.shape[0], x.shape[1]}, x.values};
  const auto samples = samples_of(one, {1}, 1);
  for (const char* file : {"braille_noDelay_bias_zero", "braille_noDelay_noBias_subtract"}) {
    Semantics semantics;
    semantics.reset = std::string(file).ends_with("zero") ? Reset::kToValue : Reset::kSubtract;
    const Network network = load_network(folder + "/" + file + ".nir", semantics, nullptr);
    for (const std::uint32_t bits : {8U, 4U, 2U, 1U}) {
      QuantizeOptions options;
      options.weight_bits = bits;
      const Quantized result = checked(network, options);
      const Calibration calibration = calibrate(network, result.network, samples, {});
      options.activity = measure_activity(network, samples, {});
      const Quantized informed = checked(network, options);
      const Calibration calibration2 = calibrate(network, informed.network, samples, {});
      std::printf("%s, %u bits\n%s%s-- with activity:\n%s", file, bits, print(result.report).c_str(), print(calibration).c_str(), print(calibration2).c_str());
    }
  }
}

}  // namespace
}  // namespace spikeloom
