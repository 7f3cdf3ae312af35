#include <gmock/gmock.h>

#include "compiler/base/rng.hpp"
#include "tests/data/event_files.hpp"
#include "tests/data/files.hpp"

namespace spikeloom {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class ReadAedat4 : public FileTest {
 protected:
  /// 1.6e15 µs: DV counts from 1970.
  static constexpr std::int64_t kStart = 1605537493718345;
  static Aedat4 two_packets() {
    return {.packets = {{{kStart, 3, 2, true}, {kStart + 999, 0, 0, false}}, {{kStart + 1000, 1, 0, true}}},
            .end_in_table = kStart + 1000};
  }
  const std::vector<Port> ports_{{"in", {2, 3, 4}}};
};

TEST_F(ReadAedat4, EventsOfEveryPackingAreTheSame) {
  for (const std::int32_t packed : {0, 1, 2, 3, 4}) {
    Aedat4 file = two_packets();
    file.packed = packed;
    const Dataset data = read_dataset(put("a.aedat4", aedat4_bytes(file)), ports_);
    ASSERT_EQ(data.samples[0].steps(), 2U) << packed;
    EXPECT_THAT(data.samples[0].inputs[0].at(0), ElementsAre(Event{0, 1}, Event{12 + 2 * 4 + 3, 1}));
    EXPECT_THAT(data.samples[0].inputs[0].at(1), ElementsAre(Event{12 + 1, 1}));
    EXPECT_TRUE(data.notes.empty());
  }
}

TEST_F(ReadAedat4, AFlatInputIsFilledInTheSensorsOrder) {
  const Dataset data = read_dataset(put("a.aedat4", aedat4_bytes(two_packets())), {{"in", {24}}});
  EXPECT_THAT(data.samples[0].inputs[0].at(0), ElementsAre(Event{0, 1}, Event{12 + 2 * 4 + 3, 1}));
  EXPECT_THAT(message_of([&] {
                return read_dataset(path("a.aedat4"), {{"in", {25}}});
              }),
              HasSubstr("expected (C, H, W), or a multiple of the sensor's 12 elements"));
  EXPECT_THAT(
      message_of([&] {
        return read_dataset(path("a.aedat4"), {{"in", {2, 3, 3}}});
      }),
      HasSubstr(
          "column 3, outside input 'in' of shape (2, 3, 3) (C, H, W); the sensor is 4 wide and 3 high"));
}

TEST_F(ReadAedat4, SaysWhatItLeavesAsideAndWhatIsStrangeAboutTimes) {
  Aedat4 file = two_packets();
  file.streams = 2;
  file.end_in_table = kStart + 998;
  file.packets.push_back({{kStart + 500, 0, 1, false}});
  const Dataset data = read_dataset(put("a.aedat4", aedat4_bytes(file)), ports_);
  EXPECT_THAT(
      data.notes,
      ElementsAre(
          "a.aedat4: holds 2 streams of events; the first, 'events0', is read",
          "times go back: 1 event in 1 recording (the first: event 3 of a.aedat4); each event counts at "
          "its own time",
          "after the end that the file itself gives: 2 events in 1 recording (the first: event 1 of "
          "a.aedat4); they are kept"));
  file = two_packets();
  file.closed = false;
  EXPECT_THAT(read_dataset(put("a.aedat4", aedat4_bytes(file)), ports_).notes,
              ElementsAre(HasSubstr("a.aedat4: has no table of packets")));
}

TEST_F(ReadAedat4, DamagedFilesAreNamed) {
  const auto said = [&](const std::vector<std::uint8_t>& bytes) {
    return message_of([&] { return read_dataset(put("a.aedat4", bytes), ports_); });
  };
  Aedat4 file = two_packets();
  const std::vector<std::uint8_t> whole = aedat4_bytes(file);
  EXPECT_THAT(said({whole.begin(), whole.begin() + 13}), HasSubstr("a.aedat4: does not begin with the line"));
  EXPECT_THAT(said({whole.begin(), whole.begin() + 60}), HasSubstr("a.aedat4: the header: it is cut off"));
  file.packed = 7;
  EXPECT_THAT(said(aedat4_bytes(file)), HasSubstr("packet 0 at byte"));
  EXPECT_THAT(said(aedat4_bytes(file)), HasSubstr("packed by method 7; expected 0 (none), 1, 2 (LZ4), 3"));
  file.packed = 1;
  file.streams = 0;
  EXPECT_THAT(said(aedat4_bytes(file)), HasSubstr("the header: it has no stream of events (EVTS)"));
  file = {};
  EXPECT_THAT(said(aedat4_bytes(file)), HasSubstr("holds no event"));
  file = {.packets = {{{kStart, -1, 0, true}}}};
  EXPECT_THAT(said(aedat4_bytes(file)), HasSubstr("event 0 is at column -1, row 0"));
  file = two_packets();
  file.closed = false;
  std::vector<std::uint8_t> open = aedat4_bytes(file);
  open.resize(open.size() - 5);
  EXPECT_THAT(said(open), HasSubstr("packet 1 at byte"));
  EXPECT_THAT(said(open), HasSubstr("the recording is cut off"));
}

/// Whatever a damaged file says, the answer is data that fit, or an error that names the file.
TEST_F(ReadAedat4, NeverTrustsAnOffset) {
  Rng rng(5);
  std::size_t refused = 0;
  for (int round = 0; round < 1000; ++round) {
    Aedat4 file = two_packets();
    file.packed = static_cast<std::int32_t>(rng.below(2)) * 3;  // unpacked half the time: offsets are reached
    std::vector<std::uint8_t> bytes = aedat4_bytes(file);
    for (std::uint64_t edits = 1 + rng.below(4); edits > 0; --edits)
      bytes[14 + rng.below(bytes.size() - 14)] = static_cast<std::uint8_t>(rng.below(256));
    if (rng.chance(0.2)) bytes.resize(rng.below(bytes.size()));
    const std::string message = message_of([&] { return read_dataset(put("a.aedat4", bytes), ports_); });
    if (message.empty()) continue;
    ASSERT_THAT(message, HasSubstr("a.aedat4: "));
    ++refused;
  }
  EXPECT_GT(refused, 300U);
}

}  // namespace
}  // namespace spikeloom
