#include "host/emulation/device_server.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "compiler/base/error.hpp"

namespace spikeloom::emulation {
namespace {

constexpr std::uint64_t kControlBytes = 4096;
constexpr std::uint64_t kClocksBetweenLooks = 512;  // while the host is silent

/// False at the end of the stream.
bool receive_all(int socket, std::span<std::uint8_t> to) {
  while (!to.empty()) {
    const ssize_t count = recv(socket, to.data(), to.size(), 0);
    if (count == 0) return false;
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw device_error(std::string("emulation socket: ") + std::strerror(errno));
    to = to.subspan(static_cast<std::size_t>(count));
  }
  return true;
}

/// False when the host has gone away.
bool send_all(int socket, std::span<const std::uint8_t> from) {
  while (!from.empty()) {
    const ssize_t count = send(socket, from.data(), from.size(), MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return false;
    from = from.subspan(static_cast<std::size_t>(count));
  }
  return true;
}

bool readable(int socket, int timeout_ms) {
  pollfd look{socket, POLLIN, 0};
  const int found = poll(&look, 1, timeout_ms);
  if (found < 0 && errno != EINTR)
    throw device_error(std::string("emulation socket: ") + std::strerror(errno));
  return found > 0;
}

}  // namespace

std::uint32_t DeviceServer::offset_of(std::uint64_t address, std::uint64_t size) const {
  if (address < base_ || size % 4 != 0 || address % 4 != 0 || address + size > base_ + kControlBytes)
    throw device_error("emulation: registers at " + std::to_string(address) + ", " + std::to_string(size) +
                       " bytes: the kernel has words at " + std::to_string(base_) + " to " +
                       std::to_string(base_ + kControlBytes));
  return static_cast<std::uint32_t>(address - base_);
}

Bytes DeviceServer::write_registers(const MessageReader& request) {
  const auto data = request.bytes(4);
  const std::uint32_t offset = offset_of(request.number(2), data.size());
  const auto word = [&](std::size_t i) {
    std::uint32_t value = 0;
    for (std::size_t b = 0; b < 4; ++b) value |= std::uint32_t{data[i + b]} << (8 * b);
    return value;
  };
  // XRT's software scheduler writes the whole register file at once: the start bit comes last.
  const std::size_t first = offset == 0 && data.size() > 4 ? 0x10 : 0;
  for (std::size_t i = first; i + 4 <= data.size(); i += 4)
    kernel_.write_register(offset + static_cast<std::uint32_t>(i), word(i));
  if (first != 0) kernel_.write_register(0, word(0));
  return MessageWriter().number(1, 1).message();
}

Bytes DeviceServer::read_registers(const MessageReader& request) {
  const std::uint64_t size = request.number(3);
  const std::uint32_t offset = offset_of(request.number(2), size);
  Bytes data;
  for (std::uint32_t i = 0; i < size; i += 4) {
    const std::uint32_t value = kernel_.read_register(offset + i);
    for (unsigned b = 0; b < 4; ++b) data.push_back(static_cast<std::uint8_t>(value >> (8 * b)));
  }
  return MessageWriter().number(1, 1).bytes(2, data).message();
}

Bytes DeviceServer::answer(std::uint32_t call, std::span<const std::uint8_t> message) {
  const MessageReader request(message);
  switch (static_cast<Call>(call)) {
    case Call::kEnvironment:
    case Call::kAllocate:
    case Call::kFree:
      return MessageWriter().number(1, 1).message();
    case Call::kHostToDevice: {
      const auto data = request.bytes(4);
      memory_.write(request.number(3) + request.number_or(6, 0), data);
      return MessageWriter().number(1, data.size()).message();
    }
    case Call::kDeviceToHost: {
      Bytes data(request.number(5));
      memory_.read(request.number(4) + request.number_or(6, 0), data);
      return MessageWriter().number(1, data.size()).bytes(2, data).message();
    }
    case Call::kWriteRegisters:
      return write_registers(request);
    case Call::kReadRegisters:
      return read_registers(request);
    case Call::kDebugMessages:
      return {};
    case Call::kClose:
      closed_ = true;
      return MessageWriter().number(1, 1).message();
    case Call::kWriteRam:
    case Call::kReadRam:
      break;
  }
  throw device_error("emulation: call " + std::to_string(call) +
                     " is not one of a kernel with ap_ctrl_hs control");
}

bool serve(int socket, DeviceServer& server, KernelModel& kernel) {
  bool working = true;
  while (!server.closed()) {
    if (!readable(socket, working ? 0 : -1)) {
      working = kernel.clock(kClocksBetweenLooks);
      continue;
    }
    std::array<std::uint8_t, kRequestHeader> header;
    if (!receive_all(socket, header)) return false;
    const RequestHeader request = read_request_header(header);
    Bytes message(request.size);
    if (!receive_all(socket, message)) return false;
    if (!send_all(socket, reply_frame(server.answer(request.call, message)))) return false;
    working = true;
  }
  return true;
}

}  // namespace spikeloom::emulation
