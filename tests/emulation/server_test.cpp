// The device server's answers, with a kernel of a few lines in place of the RTL.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <map>
#include <thread>
#include <utility>

#include "compiler/base/error.hpp"
#include "host/emulation/device_server.hpp"

namespace spikeloom::emulation {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::HasSubstr;

constexpr std::uint64_t kBase = 0x1800000;

/// Remembers writes in their order; done after some clocks.
class StandIn final : public KernelModel {
 public:
  void write_register(std::uint32_t offset, std::uint32_t value) override {
    written.emplace_back(offset, value);
    if (offset == 0 && (value & 1U) != 0) left_ = 2000;
  }
  std::uint32_t read_register(std::uint32_t offset) override {
    return offset == 0 ? (left_ == 0 ? 6 : 1) : offset * 3;
  }
  bool clock(std::uint64_t cycles) override {
    left_ -= std::min(left_, cycles);
    return left_ > 0;
  }
  std::vector<std::pair<std::uint32_t, std::uint32_t>> written;

 private:
  std::uint64_t left_ = 0;
};

class HwEmuServer : public ::testing::Test {
 protected:
  Bytes ask(Call call, const MessageWriter& message) {
    return server_.answer(static_cast<std::uint32_t>(call), message.message());
  }
  std::string failure(Call call, const MessageWriter& message) {
    try {
      (void)ask(call, message);
    } catch (const Error& error) {
      return error.what();
    }
    return "nothing failed";
  }
  StandIn kernel_;
  SparseMemory memory_;
  DeviceServer server_{kernel_, memory_, kBase};
};

TEST_F(HwEmuServer, MemoryKeepsWhatWasWrittenAtAddressPlusSeek) {
  Bytes data(10'000);
  for (std::size_t i = 0; i < data.size(); ++i) data[i] = static_cast<std::uint8_t>(i * 7);
  (void)ask(Call::kHostToDevice,
            MessageWriter().number(3, 0x1000).bytes(4, data).number(5, data.size()).number(6, 0x333));
  const Bytes reply =
      ask(Call::kDeviceToHost, MessageWriter().number(4, 0x1330).number(5, data.size()).number(6, 3));
  EXPECT_THAT(MessageReader(reply).bytes(2), ElementsAreArray(data));
  const Bytes before = ask(Call::kDeviceToHost, MessageWriter().number(4, 0x1331).number(5, 2));
  EXPECT_THAT(MessageReader(before).bytes(2), ElementsAre(0, 0));
}

TEST_F(HwEmuServer, MemoryWritesOnlyStrobedBytes) {
  memory_.write_word(0x2000, 0x1111111111111111ULL, 0xff);
  memory_.write_word(0x2000, 0x8877665544332211ULL, 0x81);
  EXPECT_EQ(memory_.read_word(0x2000), 0x8811111111111111ULL);
}

TEST_F(HwEmuServer, RegistersAreWordsBehindTheBase) {
  const Bytes word = {0x78, 0x56, 0x34, 0x12};
  EXPECT_THAT(ask(Call::kWriteRegisters, MessageWriter().number(2, kBase + 0x10).number(3, 4).bytes(4, word)),
              ElementsAre(8, 1));
  EXPECT_THAT(kernel_.written, ElementsAre(std::pair(0x10U, 0x12345678U)));
  EXPECT_THAT(
      MessageReader(ask(Call::kReadRegisters, MessageWriter().number(2, kBase + 0x40).number(3, 4))).bytes(2),
      ElementsAre(0xc0, 0, 0, 0));
}

TEST_F(HwEmuServer, StartBitComesLastWhenTheWholeFileIsWritten) {
  Bytes file(0x18, 0);
  file[0] = 1;
  file[0x10] = 5;
  file[0x14] = 6;
  (void)ask(Call::kWriteRegisters, MessageWriter().number(2, kBase).number(3, file.size()).bytes(4, file));
  EXPECT_THAT(kernel_.written, ElementsAre(std::pair(0x10U, 5U), std::pair(0x14U, 6U), std::pair(0U, 1U)));
}

TEST_F(HwEmuServer, NamesWhatTheDeviceDoesNotHave) {
  EXPECT_THAT(failure(Call::kReadRegisters, MessageWriter().number(2, kBase + 0x1000).number(3, 4)),
              HasSubstr("the kernel has words at"));
  EXPECT_THAT(failure(Call::kReadRegisters, MessageWriter().number(2, 0).number(3, 4)),
              HasSubstr("the kernel has words at"));
  EXPECT_THAT(failure(Call::kReadRam, MessageWriter()), HasSubstr("call 10"));
}

TEST_F(HwEmuServer, TheKernelWorksWhileTheHostPolls) {
  int ends[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
  bool goodbye = false;
  std::thread device([&] { goodbye = serve(ends[1], server_, kernel_); });
  const auto call = [&](Call number, const MessageWriter& message) {
    const Bytes frame = request_frame(static_cast<std::uint32_t>(number), message.message());
    EXPECT_EQ(write(ends[0], frame.data(), frame.size()), static_cast<ssize_t>(frame.size()));
    Bytes header(kReplyHeader);
    EXPECT_EQ(recv(ends[0], header.data(), header.size(), MSG_WAITALL), static_cast<ssize_t>(header.size()));
    Bytes reply(MessageReader(header).number(1));
    if (!reply.empty()) {
      EXPECT_EQ(recv(ends[0], reply.data(), reply.size(), MSG_WAITALL), static_cast<ssize_t>(reply.size()));
    }
    return reply;
  };
  (void)call(Call::kWriteRegisters,
             MessageWriter().number(2, kBase).number(3, 4).bytes(4, Bytes{1, 0, 0, 0}));
  int polls = 0;
  Bytes reply;
  do {
    reply = call(Call::kReadRegisters, MessageWriter().number(2, kBase).number(3, 4));
    ++polls;
  } while (MessageReader(reply).bytes(2)[0] != 6 && polls < 1'000'000);
  EXPECT_EQ(MessageReader(reply).bytes(2)[0], 6);
  (void)call(Call::kClose, MessageWriter().number(2, 1));
  device.join();
  EXPECT_TRUE(goodbye);
  close(ends[0]);
  close(ends[1]);
}

TEST_F(HwEmuServer, EndsWhenTheHostGoesAway) {
  int ends[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
  close(ends[0]);
  EXPECT_FALSE(serve(ends[1], server_, kernel_));
  close(ends[1]);
}

}  // namespace
}  // namespace spikeloom::emulation
