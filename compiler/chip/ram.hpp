// A memory of the RTL: an instance of rtl/common/ram_sdp.sv, one port that writes and one that reads.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <string>

namespace spikeloom {

struct Ram {
  std::string name;             ///< "weights", "page masks"
  std::uint64_t width = 0;      ///< bits of a word
  std::uint64_t depth = 0;      ///< words
  std::uint64_t part_bits = 0;  ///< that are written together: the word, or a divisor of its width
  std::uint64_t count = 1;      ///< of such memories

  [[nodiscard]] std::uint64_t bits() const { return width * depth * count; }
};

/// Bits that number so many things, at least 1: a width of the RTL.
[[nodiscard]] constexpr std::uint64_t index_bits(std::uint64_t things) {
  return std::max<std::uint64_t>(1, static_cast<std::uint64_t>(std::bit_width(things - 1)));
}

}  // namespace spikeloom
