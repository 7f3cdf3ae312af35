// The messages between XRT's emulation shim and a device server: frames of 14 or 9 bytes of header and a
// message in protobuf's wire format (varints, lengths, fixed words), which is little enough to be written
// here.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace spikeloom::emulation {

using Bytes = std::vector<std::uint8_t>;

/// Calls that a kernel behind AXI4-Lite and AXI4 needs; numbers are XRT 2.13's.
enum class Call : std::uint32_t {
  kClose = 1,
  kAllocate = 4,
  kFree = 5,
  kHostToDevice = 6,
  kDeviceToHost = 7,
  kWriteRam = 8,
  kWriteRegisters = 9,
  kReadRam = 10,
  kReadRegisters = 11,
  kDebugMessages = 19,
  kEnvironment = 20,
};

/// Builds a message field by field, in the order of the calls.
class MessageWriter {
 public:
  MessageWriter& number(std::uint32_t field, std::uint64_t value);
  MessageWriter& fixed32(std::uint32_t field, std::uint32_t value);
  MessageWriter& fixed64(std::uint32_t field, std::uint64_t value);
  MessageWriter& bytes(std::uint32_t field, std::span<const std::uint8_t> value);
  MessageWriter& text(std::uint32_t field, std::string_view value);
  [[nodiscard]] const Bytes& message() const { return message_; }

 private:
  void varint(std::uint64_t value);
  Bytes message_;
};

/// A message's fields; of a repeated one the last, as protobuf has it. Bytes point into the message.
class MessageReader {
 public:
  /// Throws Error{kDevice} for what is cut short or has a wire type that protobuf 2 does not know.
  explicit MessageReader(std::span<const std::uint8_t> message);
  /// Throws Error{kDevice} naming the field where it is missing.
  [[nodiscard]] std::uint64_t number(std::uint32_t field) const;
  [[nodiscard]] std::uint64_t number_or(std::uint32_t field, std::uint64_t otherwise) const;
  [[nodiscard]] std::span<const std::uint8_t> bytes(std::uint32_t field) const;

 private:
  std::map<std::uint32_t, std::uint64_t> numbers_;
  std::map<std::uint32_t, std::span<const std::uint8_t>> bytes_;
};

constexpr std::size_t kRequestHeader = 14;
constexpr std::size_t kReplyHeader = 9;

struct RequestHeader {
  std::uint64_t size = 0;  ///< bytes of the message that follows
  std::uint32_t call = 0;
};

/// Throws Error{kDevice} when the bytes are no header.
[[nodiscard]] RequestHeader read_request_header(std::span<const std::uint8_t, kRequestHeader> header);
/// What a host sends, and a server on the second socket (device-initiated access).
[[nodiscard]] Bytes request_frame(std::uint32_t call, std::span<const std::uint8_t> message);
[[nodiscard]] Bytes reply_frame(std::span<const std::uint8_t> message);

}  // namespace spikeloom::emulation
