#include <gmock/gmock.h>

#include "tests/data/files.hpp"

namespace spikeloom {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class EventText : public FileTest {
 protected:
  [[nodiscard]] Dataset read(std::string_view text, const DatasetOptions& options = {}) const {
    return read_dataset(put("events.csv", text), {{"in", {2}}}, options);
  }
};

TEST_F(EventText, TakesTimeAndIndexInAnyOrderOfLines) {
  const Dataset data = read("# two neurons\n2, 1\n0,0\n\n2,1\n");
  EXPECT_THAT(values_of(data, 0), ElementsAre(1, 0, 0, 0, 0, 2));
  EXPECT_EQ(data.samples[0].id, "events");
}

TEST_F(EventText, TakesAValueAndAHeading) {
  EXPECT_THAT(values_of(read("1 0 0.5\n"), 0), ElementsAre(0, 0, 0.5, 0));
  EXPECT_THAT(values_of(read("index;value;t\r\n1;-3;0\r\n"), 0), ElementsAre(0, -3));
}

TEST_F(EventText, CountsMicrosecondsFromTheFirstEventWhenAFrameIsGiven) {
  DatasetOptions options;
  options.frame = std::chrono::milliseconds(1);
  EXPECT_THAT(values_of(read("5000,0\n5999,1\n6000,0\n", options), 0), ElementsAre(1, 1, 1, 0));
}

TEST_F(EventText, TakesColumnRowAndPolarity) {
  const std::vector<Port> ports{{"in", {2, 2, 3}}};
  const auto at = [&](std::string_view text) {
    return values_of(read_dataset(put("e.csv", text), ports), 0);
  };
  std::vector<double> expected(12, 0.0);
  expected[(1 * 2 + 1) * 3 + 2] = 1;
  expected[0] = 1;
  EXPECT_EQ(at("x,y,p,t\n2,1,1,0\n0,0,0,0\n"), expected);
  EXPECT_EQ(at("timestamp x y polarity\n0 2 1 1\n0 0 0 -1\n"), expected);
  expected[(1 * 2 + 1) * 3 + 2] = 0;
  EXPECT_EQ(at("t,x,y\n0,0,0\n"), expected);
  const auto said = [&](std::string_view text) {
    return message_of([&] { return read_dataset(put("e.csv", text), ports); });
  };
  EXPECT_THAT(said("x,y,p,t\n3,1,1,0\n"), HasSubstr("line 2: channel 1, row 1, column 3 is outside input"));
  EXPECT_THAT(said("x,p,t\n3,1,0\n"), HasSubstr("columns of places"));
  EXPECT_THAT(said("x,y,index,t\n3,1,1,0\n"), HasSubstr("columns of places"));
  EXPECT_THAT(message_of([&] { return read("x,y,t\n0,0,0\n"); }), HasSubstr("expected (C, H, W)"));
  EXPECT_THAT(read("1,0\n0,1\n").notes.at(0),
              HasSubstr("times go back: 1 event in 1 recording (the first: event 1 of"));
}

TEST_F(EventText, NamesTheLineThatIsWrong) {
  EXPECT_THAT(message_of([&] { return read("0,0\n1,one\n"); }),
              HasSubstr("events.csv: line 2: expected numbers, found '1,one'"));
  EXPECT_THAT(message_of([&] { return read("0,0\n1\n"); }),
              HasSubstr("line 2: expected 2 fields as before, found 1"));
  EXPECT_THAT(message_of([&] { return read("0,-1\n"); }), HasSubstr("index must be an integer from 0"));
  EXPECT_THAT(message_of([&] { return read("0,2\n"); }), HasSubstr("at element 2, input 'in' has 2"));
  EXPECT_THAT(message_of([&] { return read("0.5,0\n"); }), HasSubstr("is no step"));
  EXPECT_THAT(message_of([&] { return read("1e12,0\n"); }), HasSubstr("are the times in another unit?"));
  EXPECT_THAT(message_of([&] { return read("nan,0\n"); }), HasSubstr("is no step"));
  EXPECT_THAT(message_of([&] { return read("q,t,index\n"); }), HasSubstr("unknown column 'q'"));
  EXPECT_THAT(message_of([&] { return read("# nothing\n"); }), HasSubstr("has no step"));
}

}  // namespace
}  // namespace spikeloom
