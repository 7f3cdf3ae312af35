#include "host/emulation/rpc.hpp"

#include "compiler/base/error.hpp"

namespace spikeloom::emulation {
namespace {

enum WireType : std::uint32_t { kVarint = 0, kFixed64 = 1, kLength = 2, kFixed32 = 5 };

std::uint64_t little_endian(std::span<const std::uint8_t> bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) value |= std::uint64_t{bytes[i]} << (8 * i);
  return value;
}

void append_little_endian(Bytes& to, std::uint64_t value, unsigned bytes) {
  for (unsigned i = 0; i < bytes; ++i) to.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}

/// Takes pieces from the front of a message.
class Cursor {
 public:
  explicit Cursor(std::span<const std::uint8_t> left) : left_(left) {}
  [[nodiscard]] bool done() const { return left_.empty(); }
  std::span<const std::uint8_t> take(std::uint64_t count) {
    if (count > left_.size())
      throw device_error("emulation message: cut short: expected " + std::to_string(count) +
                         " more bytes, found " + std::to_string(left_.size()));
    const auto piece = left_.first(static_cast<std::size_t>(count));
    left_ = left_.subspan(piece.size());
    return piece;
  }
  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const std::uint8_t byte = take(1)[0];
      value |= std::uint64_t{byte & 0x7fU} << shift;
      if (byte < 0x80) return value;
    }
    throw device_error("emulation message: a number of more than 64 bits");
  }

 private:
  std::span<const std::uint8_t> left_;
};

}  // namespace

void MessageWriter::varint(std::uint64_t value) {
  for (; value >= 0x80; value >>= 7U) message_.push_back(static_cast<std::uint8_t>(value | 0x80U));
  message_.push_back(static_cast<std::uint8_t>(value));
}

MessageWriter& MessageWriter::number(std::uint32_t field, std::uint64_t value) {
  varint(std::uint64_t{field} << 3U | kVarint);
  varint(value);
  return *this;
}

MessageWriter& MessageWriter::fixed32(std::uint32_t field, std::uint32_t value) {
  varint(std::uint64_t{field} << 3U | kFixed32);
  append_little_endian(message_, value, 4);
  return *this;
}

MessageWriter& MessageWriter::fixed64(std::uint32_t field, std::uint64_t value) {
  varint(std::uint64_t{field} << 3U | kFixed64);
  append_little_endian(message_, value, 8);
  return *this;
}

MessageWriter& MessageWriter::bytes(std::uint32_t field, std::span<const std::uint8_t> value) {
  varint(std::uint64_t{field} << 3U | kLength);
  varint(value.size());
  message_.insert(message_.end(), value.begin(), value.end());
  return *this;
}

MessageWriter& MessageWriter::text(std::uint32_t field, std::string_view value) {
  return bytes(field, std::span(reinterpret_cast<const std::uint8_t*>(value.data()), value.size()));
}

MessageReader::MessageReader(std::span<const std::uint8_t> message) {
  for (Cursor cursor(message); !cursor.done();) {
    const std::uint64_t key = cursor.varint();
    const auto field = static_cast<std::uint32_t>(key >> 3U);
    switch (key & 7U) {
      case kVarint:
        numbers_[field] = cursor.varint();
        break;
      case kFixed64:
        numbers_[field] = little_endian(cursor.take(8));
        break;
      case kFixed32:
        numbers_[field] = little_endian(cursor.take(4));
        break;
      case kLength:
        bytes_[field] = cursor.take(cursor.varint());
        break;
      default:
        throw device_error("emulation message: field " + std::to_string(field) + " has wire type " +
                           std::to_string(key & 7U));
    }
  }
}

std::uint64_t MessageReader::number(std::uint32_t field) const {
  const auto found = numbers_.find(field);
  if (found == numbers_.end())
    throw device_error("emulation message: number field " + std::to_string(field) + " is missing");
  return found->second;
}

std::uint64_t MessageReader::number_or(std::uint32_t field, std::uint64_t otherwise) const {
  const auto found = numbers_.find(field);
  return found == numbers_.end() ? otherwise : found->second;
}

std::span<const std::uint8_t> MessageReader::bytes(std::uint32_t field) const {
  const auto found = bytes_.find(field);
  if (found == bytes_.end())
    throw device_error("emulation message: bytes field " + std::to_string(field) + " is missing");
  return found->second;
}

RequestHeader read_request_header(std::span<const std::uint8_t, kRequestHeader> header) {
  const MessageReader fields(header);
  return {fields.number(1), static_cast<std::uint32_t>(fields.number(2))};
}

Bytes request_frame(std::uint32_t call, std::span<const std::uint8_t> message) {
  Bytes frame = MessageWriter().fixed64(1, message.size()).fixed32(2, call).message();
  frame.insert(frame.end(), message.begin(), message.end());
  return frame;
}

Bytes reply_frame(std::span<const std::uint8_t> message) {
  Bytes frame = MessageWriter().fixed64(1, message.size()).message();
  frame.insert(frame.end(), message.begin(), message.end());
  return frame;
}

}  // namespace spikeloom::emulation
