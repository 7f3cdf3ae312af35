#include "compiler/data/encode.hpp"

#include <gmock/gmock.h>

#include "tests/data/files.hpp"

namespace spikeloom {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// Steps at which element 0 spikes.
std::vector<std::size_t> spike_steps(double value, const EncodeOptions& options, std::uint64_t seed = 1) {
  Rng rng(seed);
  const std::vector<double> values{value};
  const Train train = encode(values, options, rng);
  EXPECT_EQ(train.steps(), options.steps);
  std::vector<std::size_t> steps;
  for (std::size_t t = 0; t < train.steps(); ++t) {
    if (!train.at(t).empty()) steps.push_back(t);
  }
  return steps;
}

TEST(Accumulate, SpikesWheneverTheSumReachesFullScale) {
  const EncodeOptions options{.encoder = Encoder::kAccumulate, .steps = 8, .full_scale = 255};
  EXPECT_THAT(spike_steps(255, options), ElementsAre(0, 1, 2, 3, 4, 5, 6, 7));
  EXPECT_THAT(spike_steps(100, options),
              ElementsAre(2, 5, 7));  // 100 200 300-255=45 145 245 345-255=90 190 290
  EXPECT_THAT(spike_steps(0, options), ElementsAre());
  EXPECT_THAT(spike_steps(254, options), ElementsAre(1, 2, 3, 4, 5, 6, 7));
}

TEST(Latency, GivesOneSpikeTheEarlierTheLarger) {
  const EncodeOptions options{.encoder = Encoder::kLatency, .steps = 5, .full_scale = 1};
  EXPECT_THAT(spike_steps(1, options), ElementsAre(0));
  EXPECT_THAT(spike_steps(0.5, options), ElementsAre(2));
  EXPECT_THAT(spike_steps(0.01, options), ElementsAre(4));
  EXPECT_THAT(spike_steps(0, options), ElementsAre());
}

TEST(Rate, FollowsTheSeedAndTheValue) {
  const EncodeOptions options{.encoder = Encoder::kRate, .steps = 10000, .full_scale = 4};
  EXPECT_EQ(spike_steps(1, options, 5), spike_steps(1, options, 5));
  EXPECT_NE(spike_steps(1, options, 5), spike_steps(1, options, 6));
  EXPECT_NEAR(static_cast<double>(spike_steps(1, options).size()), 2500, 150);
  EXPECT_EQ(spike_steps(4, options).size(), 10000U);
  EXPECT_EQ(spike_steps(0, options).size(), 0U);
}

TEST(Direct, PresentsTheValueAtEveryStep) {
  Rng rng(1);
  const std::vector<double> values{-3.5, 0, 7};
  const Train train = encode(values, {.encoder = Encoder::kDirect, .steps = 2, .full_scale = 1}, rng);
  for (const std::size_t t : {0U, 1U}) EXPECT_THAT(train.at(t), ElementsAre(Event{0, -3.5}, Event{2, 7}));
}

TEST(Encode, RefusesWhatItWouldHaveToClip) {
  const EncodeOptions options{.encoder = Encoder::kRate, .steps = 2, .full_scale = 1};
  EXPECT_THAT(message_of([&] { return spike_steps(1.5, options); }),
              HasSubstr("element 0 is 1.5, the encoder 'rate' expects 0 to 1"));
  EXPECT_THAT(message_of([&] { return spike_steps(-1, options); }), HasSubstr("expects 0 to 1"));
  EXPECT_THAT(message_of([&] { return spike_steps(0.0 / 0.0, options); }), HasSubstr("expects 0 to 1"));
  EXPECT_THAT(message_of([&] { return spike_steps(1, {.encoder = Encoder::kDirect, .steps = 0}); }),
              HasSubstr("0 steps"));
  EXPECT_THAT(message_of([] { return encoder_named("poisson"); }),
              HasSubstr("unknown encoder 'poisson', expected rate"));
  for (const Encoder encoder : {Encoder::kRate, Encoder::kAccumulate, Encoder::kLatency, Encoder::kDirect}) {
    EXPECT_EQ(encoder_named(name_of(encoder)), encoder);
  }
}

TEST(Train, CutsAndFillsWithSilence) {
  Train train;
  train.add(3);
  train.end_step();
  train.add(1, 2);
  train.end_step();
  Train longer = train;
  longer.resize(4);
  EXPECT_EQ(longer.steps(), 4U);
  EXPECT_TRUE(longer.at(3).empty());
  longer.resize(2);
  EXPECT_EQ(longer, train);
  longer.resize(1);
  EXPECT_THAT(longer.events(), ElementsAre(Event{3, 1}));
}

}  // namespace
}  // namespace spikeloom
