// Structured arrays of events, as Tonic's data sets give them.
#include <gmock/gmock.h>

#include "compiler/data/npz.hpp"
#include "tests/data/event_files.hpp"
#include "tests/data/files.hpp"

namespace spikeloom {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class ReadRecords : public FileTest {
 protected:
  std::string said(const std::string& fields, std::size_t count, const ByteWriter& records,
                   const std::vector<Port>& ports = {{"in", {2, 2, 3}}}) const {
    return message_of(
        [&] { return read_dataset(put("a.npy", structured_npy(fields, count, records.bytes())), ports); });
  }
  const std::vector<Port> ports_{{"in", {2, 2, 3}}};
};

/// The same three events in every layout: (70000, 2, 1, on), (70999, 0, 0, off), (72000, 1, 0, off).
TEST_F(ReadRecords, FieldsComeInAnyOrderAndWidth) {
  ByteWriter wide, narrow, padded, big;
  const auto events = std::vector<EventAt>{{70000, 2, 1, true}, {70999, 0, 0, false}, {72000, 1, 0, false}};
  for (const EventAt& e : events) {
    wide.put(std::int64_t{e.x}).put(std::int64_t{e.y}).put(e.t).put(std::int64_t{e.on});
    narrow.put(static_cast<std::uint8_t>(e.on)).put(static_cast<std::int32_t>(e.t));
    narrow.put(static_cast<std::uint8_t>(e.y)).put(static_cast<std::int16_t>(e.x));
    padded.put(e.x).put(e.y).put(std::int32_t{0}).put(e.t).put(std::uint8_t{e.on});
    for (int n = 0; n < 7; ++n) padded.put(std::uint8_t{0xff});
    for (int shift = 24; shift >= 0; shift -= 8) big.put(static_cast<std::uint8_t>(e.t >> shift));
    big.put(static_cast<std::uint8_t>(e.x)).put(static_cast<std::uint8_t>(e.y));
    big.put(std::int8_t{e.on ? std::int8_t{1} : std::int8_t{-1}});
  }
  const std::vector<std::pair<std::string, ByteWriter>> layouts{
      {"[('x', '<i8'), ('y', '<i8'), ('t', '<i8'), ('p', '<i8')]", wide},
      {"[('polarity', '|b1'), ('timestamp', '<i4'), ('y', '|u1'), ('x', '<i2')]", narrow},
      {"[('x', '<i2'), ('y', '<i2'), ('', '|V4'), (('time of it', 't'), '<i8'), ('p', '|b1'), ('', '|V7')]",
       padded},
      {"[('t', '>u4'), ('x', '|u1'), ('y', '|u1'), ('p', '|i1')]", big}};
  for (const auto& [fields, records] : layouts) {
    const Dataset data = read_dataset(put("a.npy", structured_npy(fields, 3, records.bytes())), ports_);
    ASSERT_EQ(data.samples[0].steps(), 3U) << fields;
    EXPECT_THAT(data.samples[0].inputs[0].at(0), ElementsAre(Event{0, 1}, Event{6 + 3 + 2, 1})) << fields;
    EXPECT_TRUE(data.samples[0].inputs[0].at(1).empty());
    EXPECT_THAT(data.samples[0].inputs[0].at(2), ElementsAre(Event{1, 1})) << fields;
    EXPECT_TRUE(data.notes.empty());
  }
  const Dataset coarse = read_dataset(path("a.npy"), ports_, {.frame = std::chrono::milliseconds(3)});
  EXPECT_EQ(coarse.samples[0].steps(), 1U);
}

TEST_F(ReadRecords, EventsOfALineOfChannelsHaveNoRow) {
  ByteWriter records;  // Tonic's SHD: t, x and a polarity that is always 1
  records.put(std::int32_t{500}).put(std::int16_t{4}).put(std::uint8_t{1});
  records.put(std::int32_t{1500}).put(std::int16_t{0}).put(std::uint8_t{1});
  const std::string fields = "[('t', '<i4'), ('x', '<i2'), ('p', '|u1')]";
  for (const std::vector<std::size_t>& shape :
       std::vector<std::vector<std::size_t>>{{5}, {1, 5}, {1, 1, 5}, {5, 1, 1}}) {
    const Dataset data =
        read_dataset(put("a.npy", structured_npy(fields, 2, records.bytes())), {{"in", shape}});
    EXPECT_THAT(data.samples[0].inputs[0].at(0), ElementsAre(Event{4, 1}));
    EXPECT_THAT(data.samples[0].inputs[0].at(1), ElementsAre(Event{0, 1}));
  }
  records.put(std::int32_t{1600}).put(std::int16_t{0}).put(std::uint8_t{0});
  EXPECT_THAT(said(fields, 3, records, {{"in", {5}}}), HasSubstr("events without y have both polarities"));
}

TEST_F(ReadRecords, APlainArrayIsNoRecordAndTheOtherWayRound) {
  ByteWriter records;
  records.put(std::int32_t{0}).put(std::int16_t{1}).put(std::int16_t{0});
  const std::vector<std::uint8_t> npy =
      structured_npy("[('t', '<i4'), ('x', '<i2'), ('y', '<i2')]", 1, records.bytes());
  EXPECT_TRUE(std::holds_alternative<Records>(parse_any_npy(npy)));
  EXPECT_THAT(message_of([&] { return parse_npy(npy); }), HasSubstr("a structured array"));
  EXPECT_TRUE(std::holds_alternative<Array>(parse_any_npy(Array::of_bytes({1}, {1}).to_npy())));
}

TEST_F(ReadRecords, SaysWhichFieldOrEventIsWrong) {
  ByteWriter one;
  one.put(std::int32_t{0}).put(std::int16_t{1}).put(std::int16_t{0});
  EXPECT_THAT(
      said("[('t', '<i4'), ('u', '<i2'), ('v', '<i2')]", 1, one),
      HasSubstr("a.npy: a structured array with the fields t, u, v; expected t, x and perhaps y and p"));
  EXPECT_THAT(said("[('t', '<i4'), ('x', '<i2'), ('y', '<i2')]", 2, one),
              HasSubstr("needs 16 bytes, found 8"));
  EXPECT_THAT(said("[('t', '<i4'), ('x', '<i2', (1,)), ('y', '<i2')]", 1, one),
              HasSubstr("field 'x' holds arrays"));
  EXPECT_THAT(said("[('t', '<i4'), ('x', [('a', '<i2')]), ('y', '<i2')]", 1, one),
              HasSubstr("field 'x' has fields of its own"));
  EXPECT_THAT(said("[('t', '<f2'), ('x', '<i2')]", 1, one), HasSubstr("field 't': element type '<f2'"));
  EXPECT_THAT(said("[('t', '|O'), ('x', '<i2')]", 1, one), HasSubstr("Python objects"));
  EXPECT_THAT(said("[('t', '<i4'), ('x', '<i2'", 1, one), HasSubstr("the header is malformed"));
  EXPECT_THAT(said("[]", 1, one), HasSubstr("the header lacks"));
  ByteWriter negative;
  negative.put(std::int32_t{0}).put(std::int16_t{-1}).put(std::int16_t{0});
  EXPECT_THAT(said("[('t', '<i4'), ('x', '<i2'), ('y', '<i2')]", 1, negative),
              HasSubstr("event 0: x is -1, expected 0 to"));
  EXPECT_THAT(said("[('t', '<i4'), ('x', '<i2'), ('y', '<i2')]", 0, {}), HasSubstr("holds no event"));
}

TEST_F(ReadRecords, AnArchiveNamesTheArrayThatIsWrong) {
  ByteWriter records;
  records.put(std::int32_t{0}).put(std::int16_t{1}).put(std::int16_t{0});
  const std::string rows = "[('t', '<i4'), ('x', '<i2'), ('y', '<i2')]";
  const auto put_npz = [&](const std::string& fields) {
    return put("a.npz", npz_of("third", structured_npy(fields, 1, records.bytes())));
  };
  const Dataset data = read_dataset(put_npz(rows), ports_);
  ASSERT_EQ(data.samples.size(), 1U);
  EXPECT_THAT(data.samples[0].inputs[0].at(0), ElementsAre(Event{1, 1}));
  EXPECT_THAT(
      message_of([&] { return read_dataset(put_npz("[('t', '<i4'), ('u', '<i2'), ('v', '<i2')]"), ports_); }),
      HasSubstr("a.npz: third: a structured array with the fields t, u, v"));
}

}  // namespace
}  // namespace spikeloom
