#include "compiler/base/text.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>

namespace spikeloom {
namespace {

/// Bytes of the code point at the front of `text`; 0 where it is none (RFC 3629: shortest form, no
/// surrogates).
std::size_t code_point_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const std::uint8_t first = byte(0);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xc2 && first < 0xe0   ? 2U
                             : first >= 0xe0 && first < 0xf0 ? 3U
                             : first >= 0xf0 && first < 0xf5 ? 4U
                                                             : 0U;
  if (length == 0 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0U) != 0x80) return 0;
  }
  const std::uint8_t second = byte(1);
  const bool wrong = (first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) ||
                     (first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f);
  return wrong ? 0 : length;
}

}  // namespace

std::vector<std::string> abridged(const std::vector<std::string>& parts, std::size_t most) {
  if (parts.size() <= most) return parts;
  const auto half = static_cast<std::ptrdiff_t>(most / 2);
  std::vector<std::string> result(parts.begin(), parts.begin() + half);
  result.push_back("... " + std::to_string(parts.size() - 2 * static_cast<std::size_t>(half)) +
                   " more, all of them in --json ...");
  result.insert(result.end(), parts.end() - half, parts.end());
  return result;
}

std::string counted(std::uint64_t count, std::string_view noun) {
  return std::to_string(count) + " " + std::string(noun) + (count == 1 ? "" : "s");
}

std::string printable(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    const std::size_t length = code_point_length(text);
    const auto first = static_cast<std::uint8_t>(text.front());
    if (length == 0 || (first < 0x20 && first != '\n') || first == 0x7f) {
      std::array<char, 8> escaped{};
      std::snprintf(escaped.data(), escaped.size(), "\\x%02x", first);
      result += escaped.data();
    } else {
      result += text.substr(0, length);
    }
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return result;
}

}  // namespace spikeloom
