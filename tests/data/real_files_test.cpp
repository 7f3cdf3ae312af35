// Files that others wrote: NumPy's archives, real recordings, and the examples that ship.
#include <gmock/gmock.h>

#include <algorithm>

#include "compiler/base/file.hpp"
#include "compiler/data/outputs.hpp"
#include "tests/data/files.hpp"

namespace spikeloom {
namespace {

using ::testing::HasSubstr;

#define NEED(name)                   \
  const auto file = real_data(name); \
  if (!file) GTEST_SKIP() << "the folder with others' data has no " << (name) << "; set SPIKELOOM_DATA"

const std::vector<Port> kSensor{{"input", {2, 34, 34}}};

/// Events of a recording counted from its bytes, the plain way.
std::size_t events_in(const std::filesystem::path& file) { return read_file(file).size() / 5; }

TEST(RealFiles, EveryNmnistRecordingKeepsItsEvents) {
  NEED("nir-nmnist-scnn/events");
  const auto golden = real_data("nir-nmnist-scnn/golden_zero.npz");
  ASSERT_TRUE(golden);
  DatasetOptions options;
  options.labels = *golden;
  const Dataset data = read_dataset(*file, kSensor, options);
  ASSERT_EQ(data.samples.size(), 91U);
  EXPECT_TRUE(data.has_labels());
  EXPECT_EQ(data.samples[0].id, "1");
  EXPECT_EQ(data.samples[0].label, 5);
  double most = 0;
  for (const Sample& sample : data.samples) {
    double sum = 0;
    for (const Event& event : sample.inputs[0].events()) {
      sum += event.value;
      most = std::max(most, event.value);
    }
    EXPECT_EQ(sum, static_cast<double>(events_in(*file / (sample.id + ".bs2")))) << sample.id;
    EXPECT_GT(sample.steps(), 290U) << sample.id;
    EXPECT_LE(sample.steps(), 340U) << sample.id;
  }
  EXPECT_EQ(most, 3) << "up to three events of a pixel and frame";
  options.steps = 310;
  EXPECT_EQ(read_dataset(*file, kSensor, options).total_steps(), 91U * 310U);
}

TEST(RealFiles, AnAtisRecordingKeepsItsEvents) {
  NEED("event-formats/sample_ncars.dat");
  const std::vector<std::uint8_t> bytes = read_file(*file);
  const Dataset data = read_dataset(*file, {{"input", {2, 100, 120}}});
  double sum = 0;
  for (const Event& event : data.samples[0].inputs[0].events()) sum += event.value;
  // Three lines of heading, two bytes, eight bytes an event.
  const auto third = std::find(
      std::find(std::find(bytes.begin(), bytes.end(), '\n') + 1, bytes.end(), '\n') + 1, bytes.end(), '\n');
  EXPECT_EQ(sum, static_cast<double>((bytes.end() - third - 3) / 8));
  EXPECT_NEAR(static_cast<double>(data.samples[0].steps()), 100, 2) << "N-CARS: a tenth of a second";
  EXPECT_TRUE(data.notes.empty());
}

TEST(RealFiles, ARecordingInAedat4KeepsItsEvents) {
  NEED("event-formats/sample.aedat4");
  // Counted by a reader in Python, packet by packet: 59 packets of events beside as many of motion.
  constexpr double kEvents = 111954, kMicroseconds = 589917;
  const Dataset data = read_dataset(*file, {{"input", {2, 240, 320}}});
  double sum = 0;
  for (const Event& event : data.samples[0].inputs[0].events()) sum += event.value;
  EXPECT_EQ(sum, kEvents);
  EXPECT_EQ(data.samples[0].steps(), static_cast<std::size_t>(kMicroseconds / 1000) + 1);
  EXPECT_TRUE(data.notes.empty());
  EXPECT_THAT(message_of([&] {
                return read_dataset(*file, {{"input", {2, 240, 304}}});
              }),
              HasSubstr("the sensor is 320 wide and 240 high"));
}

TEST(RealFiles, ATactileRecordingKeepsItsEvents) {
  NEED("event-formats/sample_stmnist.mat");
  const Dataset data = read_dataset(*file, {{"input", {2, 10, 10}}});
  double sum = 0;
  for (const Event& event : data.samples[0].inputs[0].events()) sum += event.value;
  EXPECT_GE(sum, 2346) << "at least one of every column of the matrix";
  // The first column lets go taxel 45 after 0.196627 s; steps count from there.
  EXPECT_THAT(data.samples[0].inputs[0].at(0), ::testing::Contains(::testing::Field(&Event::element, 45U)));
  EXPECT_TRUE(data.notes.empty());
}

TEST(RealFiles, TheSampleRecordingFitsTheSensorAndNothingSmaller) {
  NEED("event-formats/sample_nmnist.bin");
  const Dataset data = read_dataset(*file, kSensor);
  double sum = 0;
  for (const Event& event : data.samples[0].inputs[0].events()) sum += event.value;
  EXPECT_EQ(sum, 4325);
  EXPECT_THAT(message_of([&] {
                return read_dataset(*file, {{"input", {2, 28, 28}}});
              }),
              HasSubstr("outside input 'input' of shape (2, 28, 28)"));
}

TEST(RealFiles, PackedMnistSpikesComeFromTheAccumulatingEncoder) {
  NEED("mnist-snn/test1000_spikes_T8.npz");
  DatasetOptions options;
  options.packing = Packing::kBits;
  options.limit = 200;
  const Dataset data = read_dataset(*file, {{"input", {784}}}, options);
  ASSERT_EQ(data.samples.size(), 200U);
  EXPECT_EQ(data.samples[0].label, 7);
  // The images are not there, but every element's spikes must be those of some pixel value 0 to 255.
  std::vector<unsigned> possible(256, 0);
  for (unsigned pixel = 0; pixel < 256; ++pixel) {
    Rng rng(1);
    const std::vector<double> values{static_cast<double>(pixel)};
    const Train train = encode(values, {.encoder = Encoder::kAccumulate, .steps = 8, .full_scale = 255}, rng);
    for (std::size_t t = 0; t < 8; ++t) possible[pixel] |= (train.at(t).empty() ? 0U : 1U) << t;
  }
  for (std::size_t s = 0; s < data.samples.size(); ++s) {
    std::vector<unsigned> pattern(784, 0);
    for (std::size_t t = 0; t < 8; ++t) {
      for (const Event& event : data.samples[s].inputs[0].at(t)) pattern[event.element] |= 1U << t;
    }
    for (const unsigned p : pattern) ASSERT_THAT(possible, ::testing::Contains(p)) << "sample " << s;
  }
}

TEST(RealFiles, OtherNumpyArchivesAreReadAndCompared) {
  NEED("nir-braille-srnn/sample0_numpy_golden.npz");
  EXPECT_TRUE(compare(*file, *file).same);
  const auto braille = real_data("nir-braille-srnn/sample0_input_256x12.npy");
  ASSERT_TRUE(braille);
  const Dataset data = read_dataset(*braille, {{"input", {12}}});
  ASSERT_EQ(data.samples.size(), 1U);
  EXPECT_EQ(data.samples[0].steps(), 256U);
  const auto th10 = real_data("braille-th10/braille7_test_inputs.npz");
  ASSERT_TRUE(th10);
  DatasetOptions options;
  options.array = "x";
  EXPECT_EQ(read_dataset(*th10, {{"input", {24}}}, options).samples.size(), 280U);
}

TEST(Examples, TheDigitsTestSetNeedsNoOption) {
  const Dataset data = read_dataset(std::filesystem::path(SPIKELOOM_SOURCE_DIR) / "examples/digits/test.npz",
                                    {{"input", {64}}});
  ASSERT_EQ(data.samples.size(), 360U);
  EXPECT_EQ(data.total_steps(), 360U * 16U);
  EXPECT_TRUE(data.has_labels());
  EXPECT_EQ(data.encoder, Encoder::kAccumulate);
  const NpzReader file(std::filesystem::path(SPIKELOOM_SOURCE_DIR) / "examples/digits/test.npz");
  const Array values = file.read("values");
  for (std::size_t s = 0; s < 360; ++s) {
    std::vector<std::int64_t> counts(64, 0);
    for (const Event& event : data.samples[s].inputs[0].events()) ++counts[event.element];
    for (std::size_t e = 0; e < 64; ++e)
      ASSERT_EQ(counts[e], values.integer(s * 64 + e)) << "a pixel p of 16 spikes p times in 16 steps";
  }
}

TEST(Examples, TheMelodyTestSetNeedsNoOption) {
  const Dataset data = read_dataset(std::filesystem::path(SPIKELOOM_SOURCE_DIR) / "examples/melody/test.npz",
                                    {{"input", {12}}});
  EXPECT_EQ(data.samples.size(), 480U);
  EXPECT_EQ(data.total_steps(), 480U * 64U);
  EXPECT_TRUE(data.has_labels());
  EXPECT_EQ(value_range(data, 0).most, 1);
}

}  // namespace
}  // namespace spikeloom
