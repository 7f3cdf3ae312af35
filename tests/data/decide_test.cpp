#include <gmock/gmock.h>

#include "compiler/data/outputs.hpp"
#include "tests/data/files.hpp"

namespace spikeloom {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(Decide, CountsSpikesAndGivesTiesToTheLowest) {
  const SpikeTrace output{
      .node = "out", .neurons = 3, .samples = {{0, 1, 0, 0, 1, 1}, {0, 1, 1, 0, 1, 1}, {0, 0, 0}}};
  const Decision decision = decide(output, Decide::kCount);
  EXPECT_THAT(decision.predictions, ElementsAre(1, 1, 0));
  EXPECT_THAT(decision.tied, ElementsAre(1U, 2U));
  EXPECT_THAT(spike_counts(output), ElementsAre(0, 2, 1, 0, 2, 2, 0, 0, 0));
}

TEST(Decide, ReadsPotentialsByTheirLargestLastOrSum) {
  // Neuron 0: -5 then -9; neuron 1: -7 then -8; neuron 2: -30 then -6.
  const PotentialTrace output{.node = "out", .neurons = 3, .samples = {{-5, -7, -30, -9, -8, -6}}};
  EXPECT_THAT(decide(output, Decide::kMax).predictions, ElementsAre(0));
  EXPECT_THAT(decide(output, Decide::kLast).predictions, ElementsAre(2));
  EXPECT_THAT(decide(output, Decide::kSum).predictions, ElementsAre(0));
  EXPECT_THAT(message_of([&] { return decide(output, Decide::kCount); }), HasSubstr("cannot be counted"));
}

TEST(Decide, DoesNotOverflowInSums) {
  const PotentialTrace output{.node = "out", .neurons = 2, .samples = {{2147483647, 1, 2147483647, 1}}};
  EXPECT_THAT(decide(output, Decide::kSum).predictions, ElementsAre(0));
}

TEST(Decide, RefusesASampleWithoutSteps) {
  EXPECT_THAT(message_of([] {
                return decide(SpikeTrace{.node = "out", .neurons = 2, .samples = {{}}}, Decide::kLast);
              }),
              HasSubstr("no step"));
  EXPECT_THAT(message_of([] { return decide_named("argmax"); }),
              HasSubstr("expected count, max, last or sum"));
}

TEST(Decide, AfterEveryStepByTheStepsUpToIt) {
  const SpikeTrace spikes{"out", 2, {{0, 1, 1, 0, 1, 0}, {0, 0}}};
  EXPECT_THAT(decide_steps(spikes, Decide::kCount), ElementsAre(ElementsAre(1, 0, 0), ElementsAre(0)));
  const PotentialTrace potentials{"out", 2, {{-5, -7, -6, -2, -1, -9}}};
  EXPECT_THAT(decide_steps(potentials, Decide::kMax), ElementsAre(ElementsAre(0, 1, 0)));
  EXPECT_THAT(decide_steps(potentials, Decide::kLast), ElementsAre(ElementsAre(0, 1, 0)));
  EXPECT_THAT(decide_steps(potentials, Decide::kSum), ElementsAre(ElementsAre(0, 1, 0)));
  EXPECT_THAT(message_of([&] { return decide_steps(potentials, Decide::kCount); }),
              HasSubstr("cannot be counted"));
  // The last of a sample's decisions is the sample's.
  for (const Decide rule : {Decide::kMax, Decide::kLast, Decide::kSum})
    EXPECT_EQ(decide_steps(potentials, rule)[0].back(), decide(potentials, rule).predictions[0]);
}

}  // namespace
}  // namespace spikeloom
