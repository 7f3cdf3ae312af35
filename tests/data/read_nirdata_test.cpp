#include <gmock/gmock.h>

#include "compiler/base/file.hpp"
#include "compiler/base/rng.hpp"
#include "tests/data/files.hpp"
#include "tests/data/nirdata_file.hpp"

namespace spikeloom {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class NirData : public FileTest {
 protected:
  const std::vector<Port> ports_{{"input", {2}}};
};

TEST_F(NirData, ReadsTimeGriddedData) {
  {
    NirDataFile file(path("a.h5"));
    file.observable("input", "spikes", "TimeGriddedData");
    file.dataset<std::int64_t>("data", {2, 2, 2}, {1, 0, 0, 1, 0, 0, 3, 0}, H5T_NATIVE_INT64);
    file.number("dt", 1e-3);
  }
  const Dataset data = read_dataset(path("a.h5"), ports_);
  ASSERT_EQ(data.samples.size(), 2U);
  EXPECT_THAT(values_of(data, 0), ElementsAre(1, 0, 0, 1));
  EXPECT_THAT(values_of(data, 1), ElementsAre(0, 0, 3, 0));
}

TEST_F(NirData, ReadsTruthValuesAsH5pyWritesThem) {
  {
    NirDataFile file(path("a.h5"));
    file.observable("input", "spikes", "TimeGriddedData");
    const hid_t boolean = H5Tenum_create(H5T_NATIVE_INT8);
    const std::int8_t no = 0;
    const std::int8_t yes = 1;
    H5Tenum_insert(boolean, "FALSE", &no);
    H5Tenum_insert(boolean, "TRUE", &yes);
    file.dataset<std::int8_t>("data", {1, 1, 2}, {0, 1}, boolean);
    H5Tclose(boolean);
  }
  EXPECT_THAT(values_of(read_dataset(path("a.h5"), ports_), 0), ElementsAre(0, 1));
}

TEST_F(NirData, ReadsEventsWithAndWithoutValues) {
  {
    NirDataFile file(path("a.h5"));
    file.observable("input", "spikes", "ValuedEventData");
    file.dataset<std::int64_t>("idx", {2, 2}, {1, 0, 1, -1}, H5T_NATIVE_INT64);
    file.dataset<double>("time", {2, 2}, {0.003, 0.001, 0.0, 1.0 / 0.0}, H5T_NATIVE_DOUBLE);
    file.dataset<float>("value", {2, 2}, {2, 0.5F, 1, 0}, H5T_NATIVE_FLOAT);
    file.number("t_max", 0.003);
  }
  DatasetOptions options;
  options.dt = 1e-3;
  const Dataset data = read_dataset(path("a.h5"), ports_, options);
  EXPECT_THAT(values_of(data, 0), ElementsAre(0, 0, 0.5, 0, 0, 0, 0, 2));
  EXPECT_THAT(values_of(data, 1), ElementsAre(0, 1, 0, 0, 0, 0));
  EXPECT_THAT(message_of([&] { return read_dataset(path("a.h5"), ports_); }),
              HasSubstr("node 'input': spikes: event times are in seconds: give the length of a step, --dt"));
}

TEST_F(NirData, PutsATimeThatIsAMultipleOfDtIntoItsOwnStep) {
  std::vector<double> times;
  std::vector<std::int64_t> idx;
  for (int k = 0; k < 1000; ++k) {
    times.push_back(k * 1e-4);
    idx.push_back(0);
  }
  {
    NirDataFile file(path("a.h5"));
    file.observable("input", "spikes", "EventData");
    file.dataset<std::int64_t>("idx", {1, 1000}, idx, H5T_NATIVE_INT64);
    file.dataset<double>("time", {1, 1000}, times, H5T_NATIVE_DOUBLE);
  }
  DatasetOptions options;
  options.dt = 1e-4;
  const Dataset data = read_dataset(path("a.h5"), ports_, options);
  ASSERT_EQ(data.samples[0].steps(), 1000U);
  for (std::size_t t = 0; t < 1000; ++t)
    EXPECT_THAT(data.samples[0].inputs[0].at(t), ElementsAre(Event{0, 1})) << t;
}

TEST_F(NirData, NotesEventsBehindItsOwnEnd) {
  {
    NirDataFile file(path("a.h5"));
    file.observable("input", "spikes", "EventData");
    file.dataset<std::int64_t>("idx", {1, 3}, {0, 1, 0}, H5T_NATIVE_INT64);
    file.dataset<double>("time", {1, 3}, {0.5, 0.25, 3}, H5T_NATIVE_DOUBLE);
    file.number("t_max", 2);
  }
  DatasetOptions options;
  options.dt = 0.25;
  const Dataset data = read_dataset(path("a.h5"), ports_, options);
  EXPECT_EQ(data.samples[0].steps(), 13U);
  EXPECT_THAT(
      data.notes,
      ElementsAre(HasSubstr("times go back: 1 event in 1 recording (the first: event 1 of sample 0)"),
                  HasSubstr("after the end that the file itself gives: 1 event in 1 recording (the first: "
                            "event 2 of sample 0); they are kept")));
}

/// Some of these kill or hang the HDF5 library; the reader's own process lives on.
TEST_F(NirData, SurvivesDamagedFiles) {
  {
    NirDataFile file(path("a.h5"));
    file.observable("input", "spikes", "TimeGriddedData");
    file.dataset<std::int64_t>("data", {2, 2, 2}, {1, 0, 0, 1, 0, 0, 3, 0}, H5T_NATIVE_INT64);
  }
  const std::vector<std::uint8_t> whole = read_file(path("a.h5"));
  Rng rng(3);
  std::size_t refused = 0;
  for (int round = 0; round < 100; ++round) {
    std::vector<std::uint8_t> bytes = whole;
    for (std::uint64_t edits = 1 + rng.below(8); edits > 0; --edits)
      bytes[rng.below(bytes.size())] = static_cast<std::uint8_t>(rng.below(256));
    if (rng.chance(0.2)) bytes.resize(rng.below(bytes.size()));
    const std::string message = message_of([&] { return read_dataset(put("damaged.h5", bytes), ports_); });
    if (message.empty()) continue;
    EXPECT_THAT(message, HasSubstr("damaged.h5"));
    ++refused;
  }
  EXPECT_GT(refused, 15U);
}

TEST_F(NirData, ListsWhatDoesNotFit) {
  {
    NirDataFile file(path("a.h5"));
    file.observable("left", "spikes", "TimeGriddedData");
    file.dataset<float>("data", {1, 2, 3}, std::vector<float>(6), H5T_NATIVE_FLOAT);
    file.observable("middle", "spikes", "Unknown");
  }
  EXPECT_THAT(
      message_of([&] {
        return read_dataset(path("a.h5"), {{"left", {2}}, {"middle", {2}}, {"right", {2}}});
      }),
      AllOf(
          HasSubstr("node 'left': spikes: data: shape (1, 2, 3) does not end in input 'left', which is (2,)"),
          HasSubstr("node 'middle': spikes: type is 'Unknown', expected TimeGriddedData"),
          HasSubstr("node 'right': no such node, found left, middle")));
  { const NirDataFile file(path("b.h5"), "Something"); }
  EXPECT_THAT(message_of([&] { return read_dataset(path("b.h5"), ports_); }),
              HasSubstr("expected NIRData, which has a group 'nodes' or SHD, SSC, which has a group "
                        "'spikes'; found nothing"));
  EXPECT_THAT(message_of([&] { return read_dataset(put("c.h5", "no HDF5"), ports_); }),
              HasSubstr("c.h5: not a readable HDF5 file"));
}

}  // namespace
}  // namespace spikeloom
