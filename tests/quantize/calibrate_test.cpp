#include "compiler/quantize/calibrate.hpp"

#include <gmock/gmock.h>

#include "tests/quantize/networks.hpp"

namespace spikeloom {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// Element n drives neuron n; every spike passes.
Network wires() {
  Network net = test::one_layer(2, 2, [](std::size_t s, std::size_t t) { return s == t ? 2 : 0; });
  net.populations[0].beta.assign(2, 0.5);
  return net;
}

std::vector<CalibrationSample> samples() {
  return {{{{{{0, 1}}}, {{{0, 1}}}, {{{1, 1}}}}, 0}, {{{{{1, 1}}}, {{}}, {{}}}, 1}, {{{{{1, 1}}}}, 0}};
}

TEST(Calibrate, CountsSpikesAndAccuracyOfBoth) {
  const Network net = wires();
  const Calibration result = calibrate(net, quantize(net, {}).network, samples(), {});
  EXPECT_EQ(result.samples, 3u);
  EXPECT_EQ(result.steps, 7u);
  EXPECT_EQ(result.right_before, 2u);
  EXPECT_EQ(result.right_after, 2u);
  EXPECT_THAT(result.other_decision, IsEmpty());
  EXPECT_EQ(result.populations[0].spikes_before, 5u);
  EXPECT_EQ(result.populations[0].spikes_after, 5u);
  EXPECT_EQ(result.populations[0].differing, 0u);
  EXPECT_EQ(result.populations[0].bits, 14u);
  EXPECT_EQ(result.integer.synaptic_operations, 5u);
  EXPECT_THAT(result.warnings, IsEmpty());
}

TEST(Calibrate, WarnsOfALargeLoss) {
  const Network net = wires();
  IntNetwork deaf = quantize(net, {}).network;
  deaf.populations[0].theta.assign(2, 1 << 22);
  const Calibration result = calibrate(net, deaf, samples(), {});
  EXPECT_EQ(result.populations[0].spikes_after, 0u);
  EXPECT_EQ(result.populations[0].differing, 5u);
  EXPECT_THAT(result.other_decision, ElementsAre(1, 2));  // a tie of zeros goes to the lowest index
  EXPECT_THAT(result.warnings, ::testing::Contains(HasSubstr("5 spikes become 0")));
}

TEST(Calibrate, DecidesByPotentialForAReadout) {
  Network net = wires();
  net.populations[0].kind = NeuronKind::kLi;
  for (const CalibrationRule decision :
       {CalibrationRule::kMax, CalibrationRule::kLast, CalibrationRule::kSum}) {
    CalibrateOptions options;
    options.decision = decision;
    const Calibration result = calibrate(net, quantize(net, {}).network, samples(), options);
    EXPECT_THAT(result.other_decision, IsEmpty());
    // Last: neuron 1 in sample 0, too.
    EXPECT_EQ(result.right_before, decision == CalibrationRule::kLast ? 1u : 2u);
  }
}

TEST(Calibrate, RefusesSamplesThatDoNotFit) {
  const Network net = wires();
  const IntNetwork integers = quantize(net, {}).network;
  std::vector<CalibrationSample> bad(1);
  bad[0].steps = {{{{2, 1}}}};
  EXPECT_THROW((void)calibrate(net, integers, bad, {}), Error);
  EXPECT_THROW((void)measure_activity(net, bad, {}), Error);
  bad[0].steps = {{{}, {}}};
  EXPECT_THROW((void)calibrate(net, integers, bad, {}), Error);
  CalibrateOptions options;
  options.output = 1;
  EXPECT_THROW((void)calibrate(net, integers, samples(), options), Error);
}

TEST(MeasureActivity, IsTheMeanSquareOfInputsAndTheRateOfNeurons) {
  const Network net = wires();
  const std::vector<CalibrationSample> twice{{{{{{0, 3}}}, {{}}, {{}}, {{{1, 1}}}}, {}}};
  const Activity activity = measure_activity(net, twice, {{"in", {3, false, 0.5}}});
  EXPECT_THAT(activity.inputs[0], ElementsAre(1.5 * 1.5 / 4, 0.25 / 4));
  EXPECT_THAT(activity.populations[0], ElementsAre(0.25, 0));  // 2 · 1.5 > 1; 2 · 0.5 is not above 1
  EXPECT_THAT(activity.peak[0], ElementsAre(3, 1));
}

}  // namespace
}  // namespace spikeloom
