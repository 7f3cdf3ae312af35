// AEDAT 4.0, the format of iniVation's DV software: a line, a header, packets, and a table of the packets.
// Header, packets and table are FlatBuffers, packets and table are compressed. They are read with checks at
// every offset: a FlatBuffer is positions that point into the file, and a damaged one points anywhere.
// Source: iniVation's description of AEDAT 4.0 and the schemas of its io library (IOHeader, EventPacket,
// FileDataTable); the FlatBuffers format.
#include <lz4frame.h>
#include <zstd.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <pugixml.hpp>

#include "compiler/data/recordings.hpp"

namespace spikeloom::readers {
namespace {

using Bytes = std::span<const std::uint8_t>;

constexpr std::string_view kFirstLine = "#!AER-DAT4.0\r\n";
constexpr std::size_t kMostPacketBytes = std::size_t{1} << 28U;  ///< unpacked; real packets last 10 ms
constexpr std::size_t kMostEvents = std::size_t{1} << 27U;

/// Positions in a FlatBuffer, every one checked before it is followed.
class FlatBuffer {
 public:
  explicit FlatBuffer(Bytes bytes) : bytes_(bytes) {}

  template <class T>
  [[nodiscard]] T at(std::size_t position) const {
    if (position > bytes_.size() || bytes_.size() - position < sizeof(T))
      throw input_error("a table points to byte " + std::to_string(position) + " of " +
                        std::to_string(bytes_.size()));
    T value{};
    std::memcpy(&value, bytes_.data() + position, sizeof(T));
    return value;
  }
  /// The root table of a buffer whose identifier must be this one.
  [[nodiscard]] std::size_t root(std::string_view identifier) const {
    const bool is_it = bytes_.size() >= 8 && std::memcmp(bytes_.data() + 4, identifier.data(), 4) == 0;
    if (!is_it) throw input_error("expected a table '" + std::string(identifier) + "', found another");
    return at<std::uint32_t>(0);
  }
  /// Where field n of a table stands; nothing where it has its default.
  [[nodiscard]] std::optional<std::size_t> field(std::size_t table, std::size_t n) const {
    const auto back = at<std::int32_t>(table);
    const std::int64_t vtable = static_cast<std::int64_t>(table) - back;
    if (vtable < 0) throw input_error("a table's layout lies before the buffer");
    const auto layout = static_cast<std::size_t>(vtable);
    const std::size_t entry = 4 + 2 * n;
    if (entry + 2 > at<std::uint16_t>(layout)) return std::nullopt;
    const std::uint16_t offset = at<std::uint16_t>(layout + entry);
    return offset == 0 ? std::nullopt : std::optional(table + offset);
  }
  /// Follows the offset that stands at a position.
  [[nodiscard]] std::size_t follow(std::size_t position) const {
    return position + at<std::uint32_t>(position);
  }
  struct Vector {
    std::size_t first = 0, count = 0;
  };
  /// A vector of elements of so many bytes, all of them within the buffer.
  [[nodiscard]] Vector vector(std::size_t position, std::size_t each) const {
    const std::size_t start = follow(position);
    const std::size_t count = at<std::uint32_t>(start);
    if (count > (bytes_.size() - start - 4) / each)
      throw input_error("a list of " + std::to_string(count) + " entries does not fit in its " +
                        std::to_string(bytes_.size()) + " bytes");
    return {start + 4, count};
  }
  [[nodiscard]] std::string text(std::size_t position) const {
    const auto [first, count] = vector(position, 1);
    return {reinterpret_cast<const char*>(bytes_.data()) + first, count};
  }

 private:
  Bytes bytes_;
};

/// A buffer that begins with its own length.
Bytes without_length(Bytes bytes) {
  const auto length = FlatBuffer(bytes).at<std::uint32_t>(0);
  if (length > bytes.size() - 4) throw input_error("it is cut off");
  return bytes.subspan(4, length);
}

enum class Packed : std::int32_t { kNone = 0, kLz4 = 1, kLz4High = 2, kZstd = 3, kZstdHigh = 4 };

/// Appends unpacked bytes and throws where there are more than a packet may hold.
void append(std::vector<std::uint8_t>& all, Bytes more) {
  if (more.size() > kMostPacketBytes - all.size())
    throw input_error("it unpacks to more than " + std::to_string(kMostPacketBytes >> 20U) + " MiB");
  all.insert(all.end(), more.begin(), more.end());
}

std::vector<std::uint8_t> unpack_lz4(Bytes packed) {
  LZ4F_dctx* raw = nullptr;
  if (LZ4F_isError(LZ4F_createDecompressionContext(&raw, LZ4F_VERSION)) != 0)
    throw input_error("LZ4 cannot be started");
  const auto close = [](LZ4F_dctx* context) { LZ4F_freeDecompressionContext(context); };
  const std::unique_ptr<LZ4F_dctx, decltype(close)> context(raw, close);
  std::vector<std::uint8_t> all, block(std::size_t{1} << 16U);
  for (std::size_t wanted = 1; wanted != 0;) {
    std::size_t out = block.size(), in = packed.size();
    wanted = LZ4F_decompress(context.get(), block.data(), &out, packed.data(), &in, nullptr);
    if (LZ4F_isError(wanted) != 0)
      throw input_error(std::string("LZ4 cannot unpack it: ") + LZ4F_getErrorName(wanted));
    append(all, Bytes(block).first(out));
    packed = packed.subspan(in);
    if (wanted != 0 && in == 0 && out == 0) throw input_error("LZ4 cannot unpack it: it is cut off");
  }
  return all;
}

std::vector<std::uint8_t> unpack_zstd(Bytes packed) {
  const auto close = [](ZSTD_DCtx* context) { ZSTD_freeDCtx(context); };
  const std::unique_ptr<ZSTD_DCtx, decltype(close)> context(ZSTD_createDCtx(), close);
  if (!context) throw input_error("Zstandard cannot be started");
  std::vector<std::uint8_t> all, block(std::size_t{1} << 16U);
  ZSTD_inBuffer in{packed.data(), packed.size(), 0};
  for (std::size_t wanted = 1; wanted != 0;) {
    const std::size_t before = in.pos;
    ZSTD_outBuffer out{block.data(), block.size(), 0};
    wanted = ZSTD_decompressStream(context.get(), &out, &in);
    if (ZSTD_isError(wanted) != 0)
      throw input_error(std::string("Zstandard cannot unpack it: ") + ZSTD_getErrorName(wanted));
    append(all, Bytes(block).first(out.pos));
    if (wanted != 0 && in.pos == before && out.pos == 0)
      throw input_error("Zstandard cannot unpack it: it is cut off");
  }
  return all;
}

std::vector<std::uint8_t> unpack(Bytes packed, Packed how) {
  switch (how) {
    case Packed::kNone:
      return {packed.begin(), packed.end()};
    case Packed::kLz4:
    case Packed::kLz4High:
      return unpack_lz4(packed);
    case Packed::kZstd:
    case Packed::kZstdHigh:
      return unpack_zstd(packed);
  }
  throw input_error("packets are packed by method " + std::to_string(static_cast<std::int32_t>(how)) +
                    "; expected 0 (none), 1, 2 (LZ4), 3 or 4 (Zstandard)");
}

struct Stream {
  std::int32_t id = 0;
  std::string name;
  std::optional<Sensor> sensor;
};

struct Header {
  Packed packed = Packed::kNone;
  std::size_t packets_begin = 0;
  std::optional<std::size_t> table;  ///< where the table of packets begins
  std::vector<Stream> streams;       ///< of events
};

std::string attribute(const pugi::xml_node& node, const char* key) {
  return node.find_child_by_attribute("attr", "key", key).child_value();
}

std::vector<Stream> streams_of(const std::string& xml) {
  pugi::xml_document document;
  const pugi::xml_parse_result parsed = document.load_buffer(xml.data(), xml.size());
  if (!parsed) throw input_error(std::string("the list of streams is no XML: ") + parsed.description());
  std::vector<Stream> streams;
  const pugi::xml_node all = document.child("dv").find_child_by_attribute("node", "name", "outInfo");
  for (const pugi::xml_node& node : all.children("node")) {
    if (attribute(node, "typeIdentifier") != "EVTS") continue;
    Stream stream{node.attribute("name").as_int(-1), attribute(node, "originalOutputName"), std::nullopt};
    const pugi::xml_node info = node.find_child_by_attribute("node", "name", "info");
    const int width = std::atoi(attribute(info, "sizeX").c_str());
    const int height = std::atoi(attribute(info, "sizeY").c_str());
    if (width > 0 && height > 0)
      stream.sensor = Sensor{static_cast<std::size_t>(width), static_cast<std::size_t>(height)};
    streams.push_back(std::move(stream));
  }
  if (streams.empty()) throw input_error("it has no stream of events (EVTS)");
  return streams;
}

Header header_of(const std::vector<std::uint8_t>& bytes) {
  const bool is_it = bytes.size() >= kFirstLine.size() &&
                     std::memcmp(bytes.data(), kFirstLine.data(), kFirstLine.size()) == 0;
  if (!is_it) throw input_error("does not begin with the line #!AER-DAT4.0; older AEDAT files are not read");
  const Bytes rest = Bytes(bytes).subspan(kFirstLine.size());
  Header header;
  try {
    const Bytes body = without_length(rest);
    const FlatBuffer buffer(body);
    const std::size_t root = buffer.root("IOHE");
    if (const auto at = buffer.field(root, 0)) header.packed = Packed{buffer.at<std::int32_t>(*at)};
    if (const auto at = buffer.field(root, 1))
      if (const auto table = buffer.at<std::int64_t>(*at); table >= 0)
        header.table = static_cast<std::size_t>(table);
    const auto info = buffer.field(root, 2);
    header.streams = streams_of(info ? buffer.text(*info) : "");
    header.packets_begin = kFirstLine.size() + 4 + body.size();
  } catch (const Error& error) {
    throw error.within("the header");
  }
  if (header.table && *header.table < header.packets_begin)
    throw input_error("the header: the table of packets lies within the header");
  return header;
}

/// The last time that the table of packets knows of, for a stream.
std::optional<double> end_of(const std::vector<std::uint8_t>& bytes, const Header& header, std::int32_t id) {
  const std::vector<std::uint8_t> unpacked = unpack(Bytes(bytes).subspan(*header.table), header.packed);
  const Bytes body = without_length(unpacked);
  const FlatBuffer buffer(body);
  const auto list = buffer.field(buffer.root("FTAB"), 0);
  std::optional<double> end;
  const FlatBuffer::Vector entries = list ? buffer.vector(*list, 4) : FlatBuffer::Vector{};
  for (std::size_t n = 0; n < entries.count; ++n) {
    const std::size_t entry = buffer.follow(entries.first + 4 * n);
    const auto packet = buffer.field(entry, 1), last = buffer.field(entry, 4);
    if (!packet || !last || buffer.at<std::int32_t>(*packet) != id) continue;
    const auto time = static_cast<double>(buffer.at<std::int64_t>(*last));
    end = std::max(end.value_or(time), time);
  }
  return end;
}

/// A packet's events: a struct of 16 bytes each, with time, column, row and polarity.
void add_events(Bytes body, CameraEvents& events) {
  constexpr std::size_t kEventBytes = 16;
  const FlatBuffer buffer(without_length(body));
  const auto list = buffer.field(buffer.root("EVTS"), 0);
  if (!list) return;
  const auto [first, count] = buffer.vector(*list, kEventBytes);
  if (count > kMostEvents - events.times.size())
    throw input_error("the recording has more than " + std::to_string(kMostEvents) + " events; cut it");
  for (std::size_t at = first; at < first + count * kEventBytes; at += kEventBytes) {
    const auto x = buffer.at<std::int16_t>(at + 8), y = buffer.at<std::int16_t>(at + 10);
    if (x < 0 || y < 0)
      throw input_error("event " + std::to_string(events.times.size()) + " is at column " +
                        std::to_string(x) + ", row " + std::to_string(y));
    events.add(static_cast<double>(buffer.at<std::int64_t>(at)), static_cast<std::uint32_t>(x),
               static_cast<std::uint32_t>(y), buffer.at<std::uint8_t>(at + 12) != 0 ? 1 : 0);
  }
}

/// The packet that begins at `at`, of whatever stream; moves `at` behind it.
void read_packet(const std::vector<std::uint8_t>& bytes, std::size_t& at, std::size_t end,
                 const Header& header, CameraEvents& events) {
  constexpr std::size_t kPacketHeader = 8;
  const FlatBuffer file{Bytes(bytes).first(end)};
  const auto id = file.at<std::int32_t>(at);
  const auto size = file.at<std::int32_t>(at + 4);
  if (size < 0 || static_cast<std::size_t>(size) > end - at - kPacketHeader)
    throw input_error("it should have " + std::to_string(size) + " bytes, and " +
                      std::to_string(end - at - kPacketHeader) + " are left; the recording is cut off");
  const Bytes packed = Bytes(bytes).subspan(at + kPacketHeader, static_cast<std::size_t>(size));
  if (id == header.streams.front().id) add_events(unpack(packed, header.packed), events);
  at += kPacketHeader + packed.size();
}

}  // namespace

CameraEvents decode_aedat4(const std::vector<std::uint8_t>& bytes) {
  const Header header = header_of(bytes);
  CameraEvents events;
  events.sensor = header.streams.front().sensor;
  if (header.streams.size() > 1)
    events.notes.push_back("holds " + std::to_string(header.streams.size()) +
                           " streams of events; the first, '" + header.streams.front().name + "', is read");
  if (header.table && *header.table > bytes.size())
    throw input_error("the table of packets should begin at byte " + std::to_string(*header.table) +
                      " of a file of " + std::to_string(bytes.size()) + "; the recording is cut off");
  const std::size_t end = header.table.value_or(bytes.size());
  std::size_t packet = 0;
  for (std::size_t at = header.packets_begin; at < end; ++packet) {
    const std::size_t begin = at;
    try {
      read_packet(bytes, at, end, header, events);
    } catch (const Error& error) {
      throw error.within("packet " + std::to_string(packet) + " at byte " + std::to_string(begin));
    }
  }
  if (!header.table) {
    events.notes.push_back("has no table of packets: it was not closed when it was recorded");
    return events;
  }
  try {
    events.end = end_of(bytes, header, header.streams.front().id);
  } catch (const Error& error) {
    throw error.within("the table of packets");
  }
  return events;
}

}  // namespace spikeloom::readers
