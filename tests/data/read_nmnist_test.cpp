#include <gmock/gmock.h>

#include <array>

#include "tests/data/files.hpp"

namespace spikeloom {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Nmnist : public FileTest {
 protected:
  static std::vector<std::uint8_t> event(unsigned x, unsigned y, unsigned polarity, unsigned t) {
    return {static_cast<std::uint8_t>(x), static_cast<std::uint8_t>(y),
            static_cast<std::uint8_t>(polarity << 7U | t >> 16U), static_cast<std::uint8_t>(t >> 8U),
            static_cast<std::uint8_t>(t)};
  }
  static std::vector<std::uint8_t> join(const std::vector<std::vector<std::uint8_t>>& events) {
    std::vector<std::uint8_t> bytes;
    for (const auto& e : events) bytes.insert(bytes.end(), e.begin(), e.end());
    return bytes;
  }
  const std::vector<Port> ports_{{"in", {2, 2, 3}}};
};

TEST_F(Nmnist, OrdersChannelRowColumnAndCountsEventsOfAFrame) {
  const auto file =
      put("4.bs2",
          join({event(2, 1, 1, 70000), event(0, 0, 0, 70999), event(0, 0, 0, 70100), event(1, 0, 0, 72000)}));
  const Dataset data = read_dataset(file, ports_);
  ASSERT_EQ(data.samples[0].steps(), 3U);
  EXPECT_THAT(data.samples[0].inputs[0].at(0), ElementsAre(Event{0, 2}, Event{6 + 3 + 2, 1}));
  EXPECT_TRUE(data.samples[0].inputs[0].at(1).empty());
  EXPECT_THAT(data.samples[0].inputs[0].at(2), ElementsAre(Event{1, 1}));
  DatasetOptions options;
  options.frame = std::chrono::microseconds(3000);
  options.steps = 2;
  const Dataset coarse = read_dataset(file, ports_, options);
  EXPECT_EQ(coarse.samples[0].steps(), 2U);
  EXPECT_THAT(coarse.samples[0].inputs[0].at(0), ElementsAre(Event{0, 2}, Event{1, 1}, Event{11, 1}));
}

TEST_F(Nmnist, AddsTheOverflowsOfTheTimeStamp) {
  const Dataset data = read_dataset(
      put("1.bin", join({event(0, 0, 0, 8000), event(0, 240, 0, 0), event(0, 0, 0, 8)})), ports_);
  EXPECT_EQ(data.samples[0].steps(), 1U) << "8192 + 8 - 8000 = 200 us";
}

TEST_F(Nmnist, ReadsAFolderInTheOrderOfNumbersWithLabels) {
  for (const auto* name : {"10.bs2", "9.bs2", "100.bin", "notes.md"})
    static_cast<void>(put(name, event(0, 0, 0, 5)));
  const std::vector<std::int64_t> ids{9, 10, 100, 7};
  const std::vector<std::int64_t> labels{1, 2, 3, 4};
  DatasetOptions options;
  std::filesystem::create_directories(path("labels"));
  options.labels = put("labels/l.npz",
                       NamedArrays{{"ids", Array::of_i8({4}, ids)}, {"labels", Array::of_i8({4}, labels)}});
  const Dataset data = read_dataset(path("."), ports_, options);
  ASSERT_EQ(data.samples.size(), 3U);
  EXPECT_EQ(data.samples[0].id, "9");
  EXPECT_EQ(data.samples[2].id, "100");
  EXPECT_EQ(data.samples[2].label, 3);
  static_cast<void>(put("8.bin", event(0, 0, 0, 5)));
  EXPECT_THAT(message_of([&] { return read_dataset(path("."), ports_, options); }),
              HasSubstr("has no label for 1 of 4 samples: 8"));
}

TEST_F(Nmnist, SaysWhichEventLiesOutside) {
  EXPECT_THAT(
      message_of([&] {
        return read_dataset(put("1.bin", join({event(0, 0, 0, 1), event(3, 1, 1, 2)})), ports_);
      }),
      HasSubstr("event 1 is at channel 1, row 1, column 3, outside input 'in' of shape (2, 2, 3) (C, H, W)"));
  EXPECT_THAT(message_of([&] { return read_dataset(put("1.bin", "12345678"), ports_); }),
              HasSubstr("8 bytes are no whole number of events"));
  EXPECT_THAT(message_of([&] { return read_dataset(put("1.bin", ""), ports_); }),
              HasSubstr("holds no event"));
  EXPECT_THAT(message_of([&] {
                return read_dataset(put("1.bin", event(0, 0, 0, 1)), {{"in", {12}}});
              }),
              HasSubstr("expected (C, H, W)"));
  std::filesystem::create_directories(path("empty"));
  EXPECT_THAT(message_of([&] { return read_dataset(path("empty"), ports_); }),
              HasSubstr("holds no recording (.bin, .bs2, .dat, .aedat4, .mat)"));
}

TEST_F(Nmnist, NotesTimesThatGoBackAndStampsThatRunOver) {
  const Dataset ordered = read_dataset(put("1.bin", join({event(0, 0, 0, 1), event(0, 0, 0, 2)})), ports_);
  EXPECT_TRUE(ordered.notes.empty());
  // 2^23 - 500 us, then 500 us of the next turn: 1 ms later. Then 100 us back.
  const Dataset data = read_dataset(
      put("1.bin", join({event(0, 0, 0, (1U << 23U) - 500), event(1, 0, 0, 500), event(2, 0, 0, 400)})),
      ports_);
  EXPECT_EQ(data.samples[0].steps(), 2U);
  EXPECT_THAT(data.samples[0].inputs[0].at(0), ElementsAre(Event{0, 1}, Event{2, 1}));
  EXPECT_THAT(data.samples[0].inputs[0].at(1), ElementsAre(Event{1, 1}));
  ASSERT_EQ(data.notes.size(), 2U);
  EXPECT_THAT(data.notes[0],
              HasSubstr("times go back: 1 event in 1 recording (the first: event 2 of 1.bin)"));
  EXPECT_THAT(data.notes[1], HasSubstr("the time stamps run over 1 time"));
}

TEST_F(Nmnist, ClipsAndCountsWhatIsClippedWhereThatIsAskedFor) {
  const auto file = put("1.bin", join({event(0, 0, 0, 1), event(0, 0, 0, 2), event(0, 0, 0, 3),
                                       event(1, 0, 0, 4), event(1, 0, 0, 5), event(2, 0, 0, 6)}));
  EXPECT_THAT(read_dataset(file, ports_).samples[0].inputs[0].at(0),
              ElementsAre(Event{0, 3}, Event{1, 2}, Event{2, 1}));
  DatasetOptions options;
  options.clip = 1;
  const Dataset data = read_dataset(file, ports_, options);
  EXPECT_THAT(data.samples[0].inputs[0].at(0), ElementsAre(Event{0, 1}, Event{1, 1}, Event{2, 1}));
  EXPECT_THAT(data.notes,
              ElementsAre("2 of 3 values in 1 of 1 sample were clipped to 1 (the largest was 3)"));
  options.clip = 3;
  EXPECT_TRUE(read_dataset(file, ports_, options).notes.empty());
}

class Prophesee : public FileTest {
 protected:
  static std::string recording(const std::string& heading, unsigned type,
                               const std::vector<std::array<std::uint32_t, 4>>& events) {
    std::string bytes = heading;
    bytes += static_cast<char>(type);
    bytes += '\x08';
    const auto word = [&](std::uint32_t value) {
      for (unsigned shift = 0; shift < 32; shift += 8) bytes += static_cast<char>(value >> shift & 0xffU);
    };
    for (const auto& [t, x, y, polarity] : events) {
      word(t);
      word(x | y << 14U | polarity << 28U);
    }
    return bytes;
  }
  const std::vector<Port> ports_{{"in", {2, 300, 400}}};
};

TEST_F(Prophesee, EventsHaveTimePlaceAndPolarity) {
  const std::string heading = "% Data file containing CD events.\n% Version 2\n";
  const auto file =
      put("a.dat", recording(heading, 12, {{7000, 399, 299, 1}, {7999, 1, 2, 0}, {8000, 0, 0, 0}}));
  const Dataset data = read_dataset(file, ports_);
  EXPECT_EQ(data.samples[0].id, "a");
  ASSERT_EQ(data.samples[0].steps(), 2U);
  EXPECT_THAT(data.samples[0].inputs[0].at(0),
              ElementsAre(Event{2 * 400 + 1, 1}, Event{2 * 300 * 400 - 1, 1}));
  EXPECT_THAT(data.samples[0].inputs[0].at(1), ElementsAre(Event{0, 1}));
  EXPECT_TRUE(data.notes.empty());
  // Four bytes of time run over after 71 minutes.
  const Dataset late =
      read_dataset(put("b.dat", recording(heading, 0, {{0xfffffc18U, 0, 0, 0}, {0, 1, 0, 0}})), ports_);
  EXPECT_EQ(late.samples[0].steps(), 2U);
  EXPECT_EQ(late.notes.size(), 1U);
  EXPECT_EQ(read_dataset(path("."), ports_).samples.size(), 2U);
}

TEST_F(Prophesee, DamagedFilesAreNamed) {
  const auto said = [&](const std::string& bytes) {
    return message_of([&] { return read_dataset(put("a.dat", bytes), ports_); });
  };
  EXPECT_THAT(said(""), HasSubstr("no heading of lines that begin with %"));
  EXPECT_THAT(said("% half"), HasSubstr("ends within its heading"));
  EXPECT_THAT(said("% one\n"), HasSubstr("ends before the type and size"));
  EXPECT_THAT(said(recording("% one\n", 14, {})), HasSubstr("events of type 14 and 8 bytes"));
  EXPECT_THAT(said(recording("% one\n", 0, {})), HasSubstr("holds no event"));
  EXPECT_THAT(said(recording("% one\n", 0, {}) + "123"), HasSubstr("3 bytes after the heading"));
  EXPECT_THAT(said(recording("% one\n", 0, {{1, 400, 0, 0}})), HasSubstr("column 400, outside input 'in'"));
}

}  // namespace
}  // namespace spikeloom
