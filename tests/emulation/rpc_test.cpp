// The emulation's messages, byte by byte.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compiler/base/error.hpp"
#include "host/emulation/rpc.hpp"

namespace spikeloom::emulation {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string failure(const Bytes& message) {
  try {
    (void)MessageReader(message);
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing failed";
}

TEST(HwEmuRpc, NumbersAreVarintsOfSevenBitsLowestFirst) {
  // 300 = 0b10'0101100, protobuf's own example.
  EXPECT_THAT(MessageWriter().number(1, 300).message(), ElementsAre(0x08, 0xac, 0x02));
  EXPECT_THAT(MessageWriter().number(2, 0).message(), ElementsAre(0x10, 0x00));
  EXPECT_EQ(MessageWriter().number(1, ~0ULL).message().size(), 11U);
  EXPECT_EQ(MessageReader(MessageWriter().number(1, ~0ULL).message()).number(1), ~0ULL);
}

TEST(HwEmuRpc, BytesCarryTheirLength) {
  EXPECT_THAT(MessageWriter().text(2, "testing").message(),
              ElementsAre(0x12, 0x07, 't', 'e', 's', 't', 'i', 'n', 'g'));
}

TEST(HwEmuRpc, FramesAreTheHeadersThatXrtSends) {
  const Bytes message = {0x08, 0x01};
  EXPECT_THAT(request_frame(9, message),
              ElementsAre(0x09, 2, 0, 0, 0, 0, 0, 0, 0, 0x15, 9, 0, 0, 0, 0x08, 0x01));
  EXPECT_THAT(reply_frame(message), ElementsAre(0x09, 2, 0, 0, 0, 0, 0, 0, 0, 0x08, 0x01));
  const Bytes frame = request_frame(11, message);
  const RequestHeader header =
      read_request_header(std::span<const std::uint8_t, kRequestHeader>(frame.data(), kRequestHeader));
  EXPECT_EQ(header.size, 2U);
  EXPECT_EQ(header.call, 11U);
}

TEST(HwEmuRpc, ReadsWhatItWrites) {
  const Bytes data(70'000, 0x5a);
  const Bytes message = MessageWriter()
                            .number(1, 7)
                            .fixed32(2, 0x89abcdef)
                            .fixed64(3, 0x0123456789abcdefULL)
                            .bytes(4, data)
                            .message();
  const MessageReader reader(message);
  EXPECT_EQ(reader.number(1), 7U);
  EXPECT_EQ(reader.number(2), 0x89abcdefU);
  EXPECT_EQ(reader.number(3), 0x0123456789abcdefULL);
  EXPECT_THAT(reader.bytes(4), ::testing::ElementsAreArray(data));
  EXPECT_EQ(reader.number_or(9, 5), 5U);
}

TEST(HwEmuRpc, SaysWhatIsWrongWithAMessage) {
  EXPECT_THAT(failure({0x12, 0x07, 't'}), HasSubstr("cut short: expected 7 more bytes, found 1"));
  EXPECT_THAT(failure(Bytes(11, 0xff)), HasSubstr("more than 64 bits"));
  EXPECT_THAT(failure({0x0b}), HasSubstr("field 1 has wire type 3"));
  EXPECT_THROW((void)MessageReader(Bytes{}).number(3), Error);
  EXPECT_THROW((void)MessageReader(Bytes{}).bytes(3), Error);
}

}  // namespace
}  // namespace spikeloom::emulation
