// ATIS and Prophesee .dat recordings, such as N-CARS.
// Source: Prophesee's description of the DAT format (event types 0 and 12, "2D" and "CD").
#include "compiler/data/recordings.hpp"

namespace spikeloom::readers {
namespace {

std::uint32_t little_endian(const std::vector<std::uint8_t>& bytes, std::size_t at) {
  return static_cast<std::uint32_t>(bytes[at]) | static_cast<std::uint32_t>(bytes[at + 1]) << 8U |
         static_cast<std::uint32_t>(bytes[at + 2]) << 16U | static_cast<std::uint32_t>(bytes[at + 3]) << 24U;
}

/// Where the events begin.
std::size_t after_heading(const std::vector<std::uint8_t>& bytes) {
  std::size_t at = 0;
  while (at < bytes.size() && bytes[at] == '%') {
    while (at < bytes.size() && bytes[at] != '\n') ++at;
    if (at == bytes.size()) throw input_error("the file ends within its heading");
    ++at;
  }
  if (at == 0) throw input_error("no heading of lines that begin with %; is it a .dat of a camera?");
  if (bytes.size() - at < 2) throw input_error("the file ends before the type and size of its events");
  const unsigned type = bytes[at], size = bytes[at + 1];
  if ((type != 0 && type != 12) || size != 8)
    throw input_error("events of type " + std::to_string(type) + " and " + std::to_string(size) +
                      " bytes; expected contrast events (type 0 or 12) of 8 bytes");
  return at + 2;
}

}  // namespace

CameraEvents decode_prophesee(const std::vector<std::uint8_t>& bytes) {
  constexpr std::size_t kEventBytes = 8;
  const std::size_t begin = after_heading(bytes);
  if ((bytes.size() - begin) % kEventBytes != 0)
    throw input_error(std::to_string(bytes.size() - begin) +
                      " bytes after the heading are no whole number of events of 8 bytes");
  CameraEvents events;
  for (std::size_t at = begin; at < bytes.size(); at += kEventBytes) {
    const std::uint32_t where = little_endian(bytes, at + 4);
    events.add(little_endian(bytes, at), where & 0x3fffU, where >> 14U & 0x3fffU,
               static_cast<std::uint8_t>(where >> 28U & 1U));
  }
  return events;
}

}  // namespace spikeloom::readers
