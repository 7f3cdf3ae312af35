#include <gmock/gmock.h>

#include "compiler/base/file.hpp"
#include "compiler/data/outputs.hpp"
#include "tests/data/files.hpp"

namespace spikeloom {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class Compare : public FileTest {};

RunOutputs some_outputs() {
  RunOutputs outputs;
  outputs.spikes = {{.node = "digit", .neurons = 2, .samples = {{0, 1, 1, 1}, {1, 0}}}};
  outputs.potentials = {{.node = "level", .neurons = 1, .samples = {{-5, 70000}, {3}}}};
  outputs.recorded_spikes = {{.node = "a/hidden", .neurons = 1, .samples = {{1, 1}, {0}}}};
  outputs.recorded_v = {{.node = "a/hidden", .neurons = 1, .samples = {{4, 5}, {-6}}}};
  outputs.decision = decide(outputs.spikes.front(), Decide::kCount);
  outputs.ids = {"60004", "12"};
  outputs.labels = {1, 0};
  return outputs;
}

TEST_F(Compare, AnOutputFileHoldsWhatItsHeaderSays) {
  write_outputs(path("a.npz"), some_outputs());
  const NpzReader file(path("a.npz"));
  EXPECT_THAT(file.names(), ElementsAre("spikes.digit", "potential.level", "counts", "predictions",
                                        "spikes:a/hidden", "v:a/hidden", "steps", "labels", "ids"));
  EXPECT_EQ(file.read("spikes.digit").describe(), "u1 (2, 2, 2)");
  EXPECT_EQ(file.read("spikes.digit").integer(5), 0);
  EXPECT_EQ(file.read("spikes.digit").integer(7), 0) << "beyond the sample's own steps";
  EXPECT_EQ(file.read("potential.level").describe(), "i4 (2, 2, 1)");
  EXPECT_EQ(file.read("potential.level").integer(1), 70000);
  EXPECT_EQ(file.read("counts").describe(), "i4 (2, 2)");
  EXPECT_EQ(file.read("counts").integer(1), 2);
  EXPECT_EQ(file.read("predictions").integer(0), 1);
  EXPECT_EQ(file.read("steps").integer(1), 1);
  EXPECT_EQ(file.read("ids").text(0), "60004");
}

TEST_F(Compare, EqualFilesAreEqualInBytesToo) {
  write_outputs(path("a.npz"), some_outputs());
  write_outputs(path("b.npz"), some_outputs());
  EXPECT_EQ(read_file(path("a.npz")), read_file(path("b.npz")));
  const Comparison comparison = compare(path("a.npz"), path("b.npz"));
  EXPECT_TRUE(comparison.same);
  EXPECT_EQ(comparison.text, "9 arrays are equal\n");
}

TEST_F(Compare, NamesTheFirstSampleStepAndNeuronThatDiffer) {
  RunOutputs other = some_outputs();
  write_outputs(path("a.npz"), other);
  other.spikes.front().samples[0][3] = 0;
  other.spikes.front().samples[1][0] = 0;
  other.recorded_v.front().samples[1][0] = -7;
  write_outputs(path("b.npz"), other);
  const Comparison comparison = compare(path("a.npz"), path("b.npz"));
  EXPECT_FALSE(comparison.same);
  EXPECT_THAT(
      comparison.text,
      AllOf(
          HasSubstr(
              "spikes.digit: first difference at sample 0, step 1, neuron 1: 1 and 0; 2 of 8 values differ"),
          HasSubstr("v:a/hidden: first difference at sample 1, step 0, neuron 0: -6 and -7; 1 of 4"),
          HasSubstr("counts: first difference at sample 0, neuron 1: 2 and 1"), Not(HasSubstr("potential"))));
}

TEST_F(Compare, ListsMissingArraysAndShapesAtOnce) {
  const auto a = put("a.npz", NamedArrays{{"x", Array::of_bytes({2}, {1, 2})},
                                          {"y", Array::of_bytes({1}, {1})},
                                          {"z", Array::of_bytes({1}, {1})}});
  const std::vector<std::int32_t> one{1};
  const auto b = put("b.npz", NamedArrays{{"x", Array::of_bytes({1, 2}, {1, 2})},
                                          {"w", Array::of_bytes({1}, {1})},
                                          {"z", Array::of_i4({1}, one)}});
  const std::string text = compare(a, b).text;
  EXPECT_THAT(text, AllOf(HasSubstr("w: only in " + b.string()), HasSubstr("y: only in " + a.string()),
                          HasSubstr("x: shapes differ, (2,) and (1, 2)"), Not(HasSubstr("z:"))));
}

TEST_F(Compare, TakesNotANumberForEqualAndTextsAsTexts) {
  const std::vector<double> values{0.0 / 0.0};
  const auto a = put("a.npz", NamedArrays{{"x", Array::of_f8({1}, values)}, {"t", Array::of_text("rate")}});
  EXPECT_TRUE(compare(a, a).same);
  const auto b = put("b.npz", NamedArrays{{"x", Array::of_f8({1}, values)}, {"t", Array::of_text("direct")}});
  EXPECT_THAT(compare(a, b).text, HasSubstr("t: first difference at the value: rate and direct"));
}

TEST_F(Compare, TellsLargeIntegersApart) {
  const std::vector<std::int64_t> x{(1LL << 60) + 1};
  const std::vector<std::int64_t> y{1LL << 60};
  EXPECT_FALSE(
      compare(put("a.npy", Array::of_i8({1}, x).to_npy()), put("b.npy", Array::of_i8({1}, y).to_npy())).same);
}

}  // namespace
}  // namespace spikeloom
