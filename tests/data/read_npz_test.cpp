#include <gmock/gmock.h>

#include <array>

#include "tests/data/files.hpp"

namespace spikeloom {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class ReadNpz : public FileTest {
 protected:
  [[nodiscard]] Dataset read(const NamedArrays& arrays, std::vector<Port> ports,
                             const DatasetOptions& options = {}) const {
    return read_dataset(put("a.npz", arrays), std::move(ports), options);
  }
};
class ReadNpy : public FileTest {};

const std::vector<Port> kPair{{"in", {2}}};

TEST_F(ReadNpz, TakesSpikesLabelsAndIds) {
  const std::vector<std::int64_t> labels{7, -1};
  const Dataset data = read({{"spikes", Array::of_bytes({2, 3, 2}, {0, 1, 0, 0, 1, 1, 2, 0, 0, 0, 0, 0})},
                             {"labels", Array::of_i8({2}, labels)},
                             {"ids", Array::of_texts({"first", "second"})}},
                            kPair);
  EXPECT_THAT(values_of(data, 0), ElementsAre(0, 1, 0, 0, 1, 1));
  EXPECT_THAT(values_of(data, 1), ElementsAre(2, 0, 0, 0, 0, 0));
  EXPECT_TRUE(data.has_labels());
  EXPECT_EQ(data.samples[0].label, 7);
  EXPECT_EQ(data.samples[1].label, -1);
  EXPECT_EQ(data.samples[1].id, "second");
  EXPECT_EQ(data.total_steps(), 6U);
  EXPECT_EQ(value_range(data, 0).most, 2);
  EXPECT_TRUE(value_range(data, 0).integral);
}

TEST_F(ReadNpz, TakesOneArrayAnInputByItsName) {
  const NamedArrays arrays{{"spikes.left", Array::of_bytes({1, 2, 1}, {1, 0})},
                           {"spikes.right", Array::of_bytes({1, 3, 2}, {0, 0, 0, 1, 1, 0})}};
  const Dataset data = read(arrays, {{"right", {2}}, {"left", {}}});
  EXPECT_THAT(values_of(data, 0, 0), ElementsAre(0, 0, 0, 1, 1, 0));
  EXPECT_THAT(values_of(data, 0, 1), ElementsAre(1, 0, 0)) << "the shorter input is silent to the end";
  EXPECT_THAT(
      message_of([&] {
        return read(arrays, {{"left", {2}}, {"middle", {2}}});
      }),
      AllOf(HasSubstr("shape (1, 2, 1) does not end in input 'left', which is (2,)"),
            HasSubstr("nothing for input 'middle': expected spikes.middle, values.middle, "
                      "t.middle with index.middle, or structured arrays of events (t, x, y, p); found "
                      "spikes.left")));
}

TEST_F(ReadNpz, EncodesValuesAsTheFileSaysUnlessTold) {
  const std::vector<std::int64_t> steps{4};
  const std::vector<double> full_scale{16};
  const NamedArrays arrays{{"values", Array::of_bytes({1, 2}, {8, 16})},
                           {"encoder", Array::of_text("accumulate")},
                           {"steps", Array::of_i8({1}, steps)},
                           {"full_scale", Array::of_f8({}, full_scale)}};
  const Dataset data = read(arrays, kPair);
  EXPECT_EQ(data.encoder, Encoder::kAccumulate);
  EXPECT_THAT(values_of(data, 0), ElementsAre(0, 1, 1, 1, 0, 1, 1, 1));
  DatasetOptions options;
  options.encoder = Encoder::kDirect;
  options.steps = 1;
  EXPECT_THAT(values_of(read(arrays, kPair, options), 0), ElementsAre(8, 16));
  options.encoder = Encoder::kAccumulate;
  options.full_scale = 8;
  EXPECT_THAT(message_of([&] { return read(arrays, kPair, options); }), HasSubstr("a.npz"));
}

TEST_F(ReadNpz, RateDoesNotDependOnALimit) {
  const NamedArrays arrays{{"values", Array::of_bytes({3, 2}, {100, 50, 90, 200, 10, 128})}};
  DatasetOptions options{.encoder = Encoder::kRate, .steps = 50};
  options.seed = 3;
  const Dataset all = read(arrays, kPair, options);
  options.limit = 2;
  const Dataset two = read(arrays, kPair, options);
  ASSERT_EQ(two.samples.size(), 2U);
  EXPECT_EQ(two.samples[1].inputs, all.samples[1].inputs);
  EXPECT_NE(all.samples[0].inputs, all.samples[1].inputs);
}

TEST_F(ReadNpz, ListsAllThatIsMissingForValues) {
  EXPECT_THAT(message_of([&] {
                return read({{"values", Array::of_bytes({1, 3}, {1, 2, 3})}}, kPair);
              }),
              AllOf(HasSubstr("shape (1, 3) does not end in input 'in'"), HasSubstr("need an encoder"),
                    HasSubstr("need a number of steps")));
  const std::vector<std::int32_t> values{1, 2};
  EXPECT_THAT(message_of([&] {
                return read({{"values", Array::of_i4({1, 2}, values)}}, kPair,
                            {.encoder = Encoder::kRate, .steps = 2});
              }),
              HasSubstr("full scale is not known"));
}

TEST_F(ReadNpz, ComparesShapesWithTheInputsOwn) {
  const std::vector<Port> image{{"in", {1, 2, 2}}};
  for (const std::vector<std::size_t>& shape :
       std::vector<std::vector<std::size_t>>{{1, 1, 4}, {1, 1, 2, 2}, {1, 1, 1, 2, 2}}) {
    EXPECT_THAT(values_of(read({{"spikes", Array::of_bytes(shape, {1, 0, 0, 1})}}, image), 0),
                ElementsAre(1, 0, 0, 1));
  }
  const std::vector<Port> wide{{"in", {2, 3, 4}}};
  EXPECT_THAT(
      message_of([&] {
        return read({{"spikes", Array::of_bytes({1, 1, 3, 4, 2}, std::vector<std::uint8_t>(24))}}, wide);
      }),
      HasSubstr("shape (1, 1, 3, 4, 2) does not end in input 'in', which is (2, 3, 4)"));
}

TEST_F(ReadNpz, TakesEventLists) {
  const std::vector<std::int64_t> t{3, 0, 3, 1};
  const std::vector<std::int64_t> index{1, 0, 1, 1};
  const std::vector<std::int64_t> sample{0, 0, 0, 2};
  const NamedArrays arrays{{"t", Array::of_i8({4}, t)},
                           {"index", Array::of_i8({4}, index)},
                           {"sample", Array::of_i8({4}, sample)}};
  const Dataset data = read(arrays, kPair, {.encoder = {}, .steps = 4});
  ASSERT_EQ(data.samples.size(), 3U);
  EXPECT_THAT(values_of(data, 0), ElementsAre(1, 0, 0, 0, 0, 0, 0, 2));
  EXPECT_THAT(values_of(data, 1), ElementsAre(0, 0, 0, 0, 0, 0, 0, 0));
  EXPECT_THAT(values_of(data, 2), ElementsAre(0, 0, 0, 1, 0, 0, 0, 0));
}

TEST_F(ReadNpz, UnpacksBitsOnlyWhenTold) {
  const std::vector<Port> ten{{"in", {10}}};
  const NamedArrays arrays{{"x", Array::of_bytes({1, 1, 2}, {0x81, 0x40})}};
  DatasetOptions options{.packing = Packing::kBits, .array = "x"};
  EXPECT_THAT(values_of(read(arrays, ten, options), 0), ElementsAre(1, 0, 0, 0, 0, 0, 0, 1, 0, 1));
  options.packing = Packing::kNone;
  EXPECT_THAT(message_of([&] { return read(arrays, ten, options); }),
              HasSubstr("shape (1, 1, 2) does not end in input 'in', which is (10,)"));
}

TEST_F(ReadNpz, NamesTheSampleStepAndElementThatIsNotFinite) {
  const std::vector<double> values{0, 0, 1, 0.0 / 0.0};
  EXPECT_THAT(message_of([&] {
                return read({{"spikes", Array::of_f8({1, 2, 2}, values)}}, kPair);
              }),
              HasSubstr("spikes: sample 0: step 1, element 1 is not a finite number"));
}

TEST_F(ReadNpz, RefusesLabelsThatAreNotOneASample) {
  const std::vector<std::int64_t> labels{7};
  EXPECT_THAT(message_of([&] {
                return read({{"spikes", Array::of_bytes({2, 1, 2}, {0, 0, 0, 0})},
                             {"labels", Array::of_i8({1}, labels)}},
                            kPair);
              }),
              HasSubstr("labels is i8 (1,), expected one entry a sample, (2,)"));
}

TEST_F(ReadNpz, TakesTheLengthsThatAnOutputFileHolds) {
  const std::vector<std::int64_t> steps{2, 1};
  const Dataset data = read({{"spikes.in", Array::of_bytes({2, 2, 2}, {1, 0, 0, 1, 1, 1, 0, 0})},
                             {"steps", Array::of_i8({2}, steps)}},
                            kPair);
  EXPECT_EQ(data.samples[0].steps(), 2U);
  EXPECT_EQ(data.samples[1].steps(), 1U);
}

TEST_F(ReadNpy, TellsOneSampleFromSeveralByTheDimensions) {
  const auto read = [&](const Array& array, std::vector<Port> ports) {
    return read_dataset(put("a.npy", array.to_npy()), std::move(ports));
  };
  EXPECT_EQ(read(Array::of_bytes({3, 2}, {1, 0, 0, 1, 1, 1}), kPair).samples.size(), 1U);
  EXPECT_EQ(read(Array::of_bytes({3, 1, 2}, {1, 0, 0, 1, 1, 1}), kPair).samples.size(), 3U);
  const std::vector<Port> image{{"in", {2, 1, 2}}};
  EXPECT_EQ(read(Array::of_bytes({3, 2, 1, 2}, std::vector<std::uint8_t>(12)), image).samples.at(0).steps(),
            3U);
  EXPECT_EQ(read(Array::of_bytes({3, 1, 2, 1, 2}, std::vector<std::uint8_t>(12)), image).samples.size(), 3U);
  EXPECT_EQ(read(Array::of_bytes({3}, {1, 0, 1}), {{"in", {1}}}).samples.at(0).steps(), 3U);
  EXPECT_THAT(message_of([&] {
                return read(Array::of_bytes({3, 3}, std::vector<std::uint8_t>(9)), kPair);
              }),
              HasSubstr("a.npy: shape (3, 3) fits no sample of input 'in', which is (2,)"));
  EXPECT_THAT(message_of([&] {
                return read(Array::of_bytes({3, 2}, std::vector<std::uint8_t>(6)), {{"a", {2}}, {"b", {2}}});
              }),
              HasSubstr("this network has 2"));
}

TEST_F(ReadNpy, TakesStaticValuesWhenAnEncoderIsGiven) {
  const auto file = put("a.npy", Array::of_bytes({2, 2}, {255, 0, 0, 255}).to_npy());
  const Dataset data = read_dataset(file, kPair, {.encoder = Encoder::kAccumulate, .steps = 2});
  ASSERT_EQ(data.samples.size(), 2U);
  EXPECT_THAT(values_of(data, 1), ElementsAre(0, 1, 0, 1));
}

TEST_F(ReadNpz, LabelsOfStepsStandBesideTheSamples) {
  const std::vector<std::int64_t> labels{0, 1, -1, 2, 2, 2};
  const NamedArrays arrays{{"spikes", Array::of_bytes({2, 3, 2}, std::vector<std::uint8_t>(12, 1))},
                           {"labels", Array::of_i8({2, 3}, labels)}};
  const Dataset data = read(arrays, kPair);
  EXPECT_FALSE(data.has_labels());
  EXPECT_TRUE(data.has_step_labels());
  EXPECT_THAT(data.samples[0].step_labels, ElementsAre(0, 1, -1));
  EXPECT_THAT(data.samples[1].step_labels, ElementsAre(2, 2, 2));
  EXPECT_THAT(message_of([&] {
                return read({{"spikes", Array::of_bytes({2, 3, 2}, std::vector<std::uint8_t>(12, 1))},
                             {"labels", Array::of_i8({1, 3, 2}, labels)}},
                            kPair);
              }),
              HasSubstr("labels is i8 (1, 3, 2), expected one entry a sample, or one a sample and step"));
}

TEST_F(ReadNpz, CountsWhatLiesBehindTheStepsThatTheFileGives) {
  const std::vector<std::int32_t> steps{3, 2}, t{0, 2, 1, 4, 5}, index{0, 1, 0, 1, 0}, sample{0, 0, 1, 1, 1};
  const NamedArrays arrays{{"t", Array::of_i4({5}, t)},
                           {"index", Array::of_i4({5}, index)},
                           {"sample", Array::of_i4({5}, sample)},
                           {"steps", Array::of_i4({2}, steps)}};
  const Dataset data = read(arrays, kPair);
  EXPECT_EQ(data.samples[0].steps(), 3U);
  EXPECT_EQ(data.samples[1].steps(), 2U);
  EXPECT_THAT(data.notes,
              ElementsAre("after the steps that the file itself gives: 2 events in 1 recording (the "
                          "first: sample 1); they are left out"));
  const std::vector<std::int32_t> back{2, 0, 1, 4, 5};
  EXPECT_THAT(
      read({{"t", Array::of_i4({5}, back)}, arrays[1], arrays[2]}, kPair).notes,
      ElementsAre(HasSubstr("times go back: 1 event in 1 recording (the first: event 1 of sample 0)")));
}

TEST_F(ReadNpz, ListsTheSupportedFilesForAnUnknownExtension) {
  EXPECT_THAT(message_of([&] { return read_dataset(put("a.aedat", "x"), kPair); }),
              HasSubstr("unknown extension '.aedat', expected .npz (NumPy archive), .npy (NumPy array), .csv "
                        "or .txt (event list), .h5"));
  EXPECT_THAT(message_of([&] { return read_dataset(path("absent.npz"), kPair); }),
              HasSubstr("no such file or folder"));
}

}  // namespace
}  // namespace spikeloom
