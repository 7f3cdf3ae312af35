// Loihi's arithmetic as lava-dl recorded it: one dense layer, compiled from the integer network's file form.
#include <gtest/gtest.h>

#include "compiler/golden/int_network_file.hpp"
#include "tests/base/scratch_folder.hpp"
#include "tests/chips/chip_named.hpp"
#include "tests/real/agreement.hpp"
#include "tests/real/real_data.hpp"

namespace spikeloom::testing {
namespace {

using test::chip_named;

constexpr std::size_t kInputs = 200;
constexpr std::size_t kNeurons = 256;
constexpr std::size_t kRecordedSteps = 2000;

/// Weights are multiples of 2: an 8-bit mantissa and a shift of 1. iDecay 4096 leaves no synaptic state,
/// vDecay is 415; the input and theta 6 are both scaled by 2^6.
IntNetwork oxford(const Array& weight) {
  IntNetwork network;
  network.name = "lava-oxford";
  network.inputs.push_back({"input", {kInputs}, 1, false, 1});
  IntPopulation layer;
  layer.name = "layer0";
  layer.kind = NeuronKind::kCubaLif;
  layer.shape = {kNeurons};
  layer.scale = 6;
  layer.alpha.assign(kNeurons, 0);
  layer.beta.assign(kNeurons, 4096 - 415);
  layer.theta.assign(kNeurons, 6 << 6);
  for (auto* zeros : {&layer.v_reset, &layer.bias_i, &layer.bias_v}) zeros->assign(kNeurons, 0);
  network.populations.push_back(layer);
  IntProjection dense;
  dense.name = "dense";
  dense.from = InputId{0};
  dense.to = PopulationId{0};
  dense.shift = 1;
  SparseMap map{kNeurons, {0}, {}};
  for (std::size_t s = 0; s < kInputs; ++s) {
    for (std::size_t t = 0; t < kNeurons; ++t) {
      const std::int64_t w = weight.integer(t * kInputs + s);
      EXPECT_EQ(w % 2, 0);
      if (w == 0) continue;
      map.target.push_back(static_cast<std::uint32_t>(t));
      dense.weight.push_back(static_cast<std::int16_t>(w / 2));
    }
    map.end_row();
  }
  dense.form = MapForm(std::move(map));
  network.projections.push_back(std::move(dense));
  network.outputs.push_back({"output", {kNeurons}, PopulationId{0}});
  return network;
}

TEST(RealOxford, NoneOf512000BitsDiffersInGoldenModelAndRtl) {
  NEED_REAL_DATA("lava-oxford");
  const NpzReader recording(real_file("lava-oxford/oxford_layer0.npz"));
  const test::ScratchFolder scratch;
  const std::filesystem::path file = scratch.path() / "oxford.json";
  write_int_network(oxford(recording.read("weight")), file.string());
  const std::filesystem::path input = scratch.path() / "input.npy";
  write_array(input, recording.read("input_spikes"));
  const Dataset data = read_dataset(input, {{"input", {kInputs}}}, {});
  ASSERT_EQ(data.total_steps(), kRecordedSteps);
  CompileOptions options;
  options.calibrate = input.string();
  options.calibration_data.steps = kRecordedSteps / 4;
  const Compilation compilation = compiled(file, chip_named("mesh2x2"), options);
  expect_rtl_is_model(compilation, data);
  const DeviceRun run = expect_model_is_golden(compilation, data);
  const Array recorded = recording.read("output_spikes");
  std::vector<std::uint8_t> theirs;
  for (std::size_t k = 0; k < recorded.size(); ++k) theirs.push_back(recorded.integer(k) != 0 ? 1 : 0);
  ASSERT_EQ(theirs.size(), 512000U);
  EXPECT_EQ(differing_bits(spikes_of(run, "output"), theirs, kNeurons, kRecordedSteps, 1), 0U);
  EXPECT_GT(run.output_spikes, 1000);
}

}  // namespace
}  // namespace spikeloom::testing
