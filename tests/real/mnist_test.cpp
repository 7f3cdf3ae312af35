// A trained MLP with 4-bit weights on a grid, and the first 1000 test images as spikes.
#include <gtest/gtest.h>

#include "tests/chips/chip_named.hpp"
#include "tests/real/agreement.hpp"
#include "tests/real/real_data.hpp"

namespace spikeloom::testing {
namespace {

using test::chip_named;

constexpr std::size_t kImages = 1000;
constexpr std::size_t kCalibration = 200;

DatasetOptions packed() {
  DatasetOptions options;
  options.packing = Packing::kBits;
  return options;
}

/// Weights taken over at 4 bits, contracts from the first images.
Compilation compiled_mlp(Spread spread) {
  CompileOptions options;
  options.weight_bits = 4;
  options.spread = spread;
  options.calibrate = real_file("mnist-snn/test1000_spikes_T8.npz").string();
  options.calibration_data = packed();
  options.calibration_data.limit = kCalibration;
  return compiled(real_file("mnist-snn/mlp_784_128_10_w4.nir"), chip_named("mesh2x2"), options);
}

Dataset images(const Compilation& compilation) {
  const IntInput& port = compilation.integers.inputs.at(0);
  return read_dataset(real_file("mnist-snn/test1000_spikes_T8.npz"), {{port.name, port.shape}}, packed());
}

TEST(RealMnist, EveryImagesCountsAreTheFloatReferences) {
  NEED_REAL_DATA("mnist-snn");
  const Compilation compilation = compiled_mlp(Spread::kFewest);
  const Dataset data = images(compilation);
  ASSERT_EQ(data.samples.size(), kImages);
  const DeviceRun run = expect_model_is_golden(compilation, data);
  EXPECT_EQ(right(run, data), 972U);
  EXPECT_EQ(decide(run.outputs.spikes.at(0), Decide::kCount).tied.size(), 13U);
  const Array reference = read_array(real_file("mnist-snn/mlp_784_128_10_w4_refcounts.npy"));
  const std::vector<std::int32_t> counts = spike_counts(run.outputs.spikes.at(0));
  ASSERT_EQ(counts.size(), kImages * 10);
  for (std::size_t k = 0; k < counts.size(); ++k)
    ASSERT_EQ(counts[k], reference.integer(k)) << "image " << k / 10 << ", class " << k % 10;
}

TEST(RealMnist, AContractOfRealImagesPromisesLessThanHalfTheWorstCase) {
  NEED_REAL_DATA("mnist-snn");
  const Compilation compilation = compiled_mlp(Spread::kFewest);
  const DeviceRun run = expect_model_is_golden(compilation, images(compilation));
  EXPECT_LT(promise_of(compilation.image, PromiseKind::kContracted)->period * Ratio(2),
            promise_of(compilation.image, PromiseKind::kGuaranteed)->period);
  EXPECT_LT(timing_of(run).period->approximate(),
            promise_of(compilation.image, PromiseKind::kContracted)->period.approximate());
}

TEST(RealMnist, TheRtlIsTheModelOnImagesThatTheContractsHaveNotSeen) {
  NEED_REAL_DATA("mnist-snn");
  const Compilation compilation = compiled_mlp(Spread::kFewest);
  expect_rtl_is_model(compilation, part(images(compilation), kCalibration, 100));
}

TEST(RealMnist, SpreadOverFourTilesItGivesTheSameSpikes) {
  NEED_REAL_DATA("mnist-snn");
  const Compilation one = compiled_mlp(Spread::kFewest);
  const Compilation four = compiled_mlp(Spread::kFastest);
  EXPECT_EQ(one.image.application.clusters.size(), 2U);
  EXPECT_GE(four.image.application.clusters.size(), 4U);
  for (const auto& order : four.image.binding.orders) EXPECT_FALSE(order.empty()) << "a tile idles";
  const Dataset data = part(images(one), kCalibration, 20);
  expect_rtl_is_model(four, data);
  const DeviceRun a = expect_model_is_golden(one, data);
  const DeviceRun b = expect_model_is_golden(four, data);
  EXPECT_EQ(a.outputs.spikes.at(0).samples, b.outputs.spikes.at(0).samples);
  // The hidden layer's 128 neurons in clusters of at most 48: a step takes 48/128 of the time at most, and a
  // little.
  EXPECT_LT(2 * b.ended.back(), a.ended.back());
}

}  // namespace
}  // namespace spikeloom::testing
