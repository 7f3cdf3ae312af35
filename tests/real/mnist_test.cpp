// A trained MLP with 4-bit weights on a grid, and the first 1000 test images as spikes.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <span>
#include <utility>

#include "compiler/chip_model/model_device.hpp"
#include "compiler/data/exit_rule.hpp"
#include "compiler/replay/session.hpp"
#include "host/device/verilator_device.hpp"
#include "host/run/exit_run.hpp"
#include "host/run/report.hpp"
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
Compilation compiled_mlp(Spread spread, const std::optional<std::string>& exit_readout = {},
                         const char* chip = "mesh2x2") {
  CompileOptions options;
  options.exit_readout = exit_readout;
  options.weight_bits = 4;
  options.spread = spread;
  options.calibrate = real_file("mnist-snn/test1000_spikes_T8.npz").string();
  options.calibration_data = packed();
  options.calibration_data.limit = kCalibration;
  return compiled(real_file("mnist-snn/mlp_784_128_10_w4.nir"), chip_named(chip), options);
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

struct ExitFigures {
  const char* rule;
  double mean_steps, percent;
  std::vector<std::size_t> histogram;
  std::size_t integer_differs;  ///< of 8,000 decisions, at most
};

/// Early exits by the summed input current of the last layer: figures of DT-SNN's rules on the same network
/// in numpy, whose numbers are these.
TEST(RealMnist, RulesEndImagesWhereTheReferenceDoes) {
  NEED_REAL_DATA("mnist-snn");
  const Compilation compilation = compiled_mlp(Spread::kFewest, "lif2");
  const Dataset data = images(compilation);
  const DeviceRun run = expect_model_is_golden(compilation, data);
  EXPECT_EQ(right(run, data), 972U) << "the readout changes no spike";
  const ExitOutput output = exit_output(compilation.image, {});
  EXPECT_EQ(output.name, "lif2 sum");
  EXPECT_EQ(output.unit, 0.125);
  const std::vector<std::vector<std::int64_t>> scores = scores_of(run.outputs, output);
  const ExitFigures figures[] = {
      {"margin:12", 2.421, 97.7, {28, 688, 219, 29, 11, 4, 3, 18}, 0},
      {"margin:8", 2.200, 97.5, {35, 820, 111, 11, 7, 6, 3, 7}, 0},
      {"confidence:0.5", 2.178, 97.2, {31, 792, 156, 15, 3, 2, 0, 1}, 0},
      {"confidence:0.7", 2.637, 97.7, {16, 472, 450, 28, 14, 6, 3, 11}, 0},
      {"confidence:0.9", 3.303, 97.7, {2, 100, 690, 133, 22, 14, 7, 32}, 0},
      {"entropy:0.5", 2.537, 97.3, {16, 480, 474, 19, 6, 3, 1, 1}, 3},
      {"entropy:0.7", 3.021, 97.7, {7, 175, 710, 59, 23, 10, 5, 11}, 3},
  };
  for (const ExitFigures& expected : figures) {
    SCOPED_TRACE(expected.rule);
    const ExitRule rule = exit_rule_named(expected.rule);
    const Exits exits = exits_of(rule, scores, output.classes, output.unit);
    std::vector<std::size_t> histogram(8, 0);
    std::size_t steps = 0, correct = 0, differs = 0;
    const IntegerExitRule integers(rule, output.unit, output.classes);
    for (std::size_t s = 0; s < kImages; ++s) {
      ++histogram[exits.used[s] - 1];
      steps += exits.used[s];
      correct += exits.classes[s] == *data.samples[s].label ? 1 : 0;
      for (std::size_t t = 0; t < 8; ++t) {
        const auto at = std::span(scores[s]).subspan(t * output.classes, output.classes);
        differs += integers.decides(at) != rule.decides(at, output.unit) ? 1 : 0;
      }
    }
    EXPECT_EQ(histogram, expected.histogram);
    EXPECT_DOUBLE_EQ(static_cast<double>(steps) / kImages, expected.mean_steps);
    EXPECT_DOUBLE_EQ(static_cast<double>(correct) / 10, expected.percent);
    EXPECT_LE(differs, expected.integer_differs);
  }
}

/// The chip's exit unit on all images, and on the RTL on some: what it lets through is read from its outputs.
TEST(RealMnist, TheExitUnitEndsImagesWhereTheReferenceDoes) {
  NEED_REAL_DATA("mnist-snn");
  const Compilation compilation = compiled_mlp(Spread::kFewest, "lif2", "mesh4x4");
  const Dataset data = images(compilation);
  const DeviceRun to_end = expect_model_is_golden(compilation, data);
  const ExitOutput output = exit_output(compilation.image, {});
  const ExitRule rule = exit_rule_named("margin:12");
  const Exits exits = exits_of(rule, scores_of(to_end.outputs, output), output.classes, output.unit);
  const auto by_unit = [&](Link& link, const Dataset& of, std::uint32_t window) {
    SessionOptions session;
    session.window = window;
    session.exit = exit_setup(ImageView(compilation.image).with_window(window), rule, output);
    Dataset given = cut_short(of, exits.used, window);
    DeviceRun run = Session(link, compilation.image, session).run(of, &given);
    return run_with_unit(of, rule, output, std::move(given), std::move(run), {});
  };
  const std::unique_ptr<ModelLink> model = open_model(compilation.image.chip);
  for (const std::uint32_t window : {1U, 4U}) {
    const ExitRun unit = by_unit(*model, data, window);
    EXPECT_EQ(unit.exits.used, exits.used) << "window " << window;
    std::vector<std::size_t> histogram(8, 0);
    for (const std::size_t used : unit.exits.used) ++histogram[used - 1];
    EXPECT_EQ(histogram, (std::vector<std::size_t>{28, 688, 219, 29, 11, 4, 3, 18}));
  }
  const std::unique_ptr<Link> rtl = open_verilator(compilation.image.chip, {}, {});
  const Dataset some = part(data, 0, 100);
  for (const std::uint32_t window : {1U, 4U}) {
    const ExitRun unit = by_unit(*rtl, some, window), replay = by_unit(*model, some, window);
    EXPECT_TRUE(std::equal(unit.exits.used.begin(), unit.exits.used.end(), exits.used.begin()));
    EXPECT_EQ(mismatched_steps(unit.replay, replay.replay), 0);
    EXPECT_EQ(unit.replay.tiles, replay.replay.tiles);
  }
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
