// A row of the chunk or axon table, and the weights that it points to. docs/protocol.md, section 7.
#pragma once

#include <cstdint>

#include "hls/integers.hpp"
#include "hls_layout.hpp"

namespace spikeloom {
namespace hls {

struct Row {
  std::uint32_t first = 0;                  ///< logical weight word of `format`
  std::uint16_t words = 0;                  ///< of a segment
  std::uint16_t repeats = 0;                ///< segments behind the first
  std::uint16_t offset = 0;                 ///< lane group of word 0
  std::uint16_t jump = 0, weight_jump = 0;  ///< from a segment's last to the next one's first
  std::uint8_t shift = 0;
  std::uint8_t format = 0;
  bool negate = false;
  bool end = false;  ///< no row: the page's end
  /// No weights: bits of a number for lane `first`, its lower (half 0) or upper 16.
  bool value = false;
  std::uint8_t half = 0;
  std::uint16_t bits = 0;
};

/// The tables' sizes and widths are those of Shape, one tile's of a chip file (see KernelShape).
template <class Shape>
using Weights = std::uint32_t[Shape::kWeightWords][Shape::kLanes / 4];
template <class Shape>
using Sums = Signed<Shape::kAccBits>[Shape::kGroups][Shape::kLanes];

/// The row of `bit` in chunk table entry `entry`; an entry outside the tables has no words.
template <class Shape>
Row decode_row(const std::uint32_t (&chunks)[Shape::kChunkEntries][layout::kMemChunkEntryParts],
               const std::uint32_t (&axons)[Shape::kAxonEntries][layout::kMemAxonEntryParts],
               std::uint32_t entry, std::uint32_t bit) {
#pragma HLS INLINE
  Row row;
  if (entry >= Shape::kChunkEntries) return row;
  const std::uint32_t first = field<layout::MemChunkEntryFirst>(chunks, entry);
  if (field<layout::MemChunkEntryPerAxon>(chunks, entry) == 0) {
    row.first = first + bit * field<layout::MemChunkEntryStride>(chunks, entry);
    row.words = static_cast<std::uint16_t>(field<layout::MemChunkEntryWords>(chunks, entry));
    row.offset = static_cast<std::uint16_t>(field<layout::MemChunkEntryOffset>(chunks, entry));
    row.repeats = static_cast<std::uint16_t>(field<layout::MemChunkEntryRepeats>(chunks, entry));
    row.jump = static_cast<std::uint16_t>(field<layout::MemChunkEntryJump>(chunks, entry));
    row.weight_jump = static_cast<std::uint16_t>(field<layout::MemChunkEntryWeightJump>(chunks, entry));
    row.shift = static_cast<std::uint8_t>(field<layout::MemChunkEntryShift>(chunks, entry));
    row.format = static_cast<std::uint8_t>(field<layout::MemChunkEntryFormat>(chunks, entry));
    row.negate = field<layout::MemChunkEntryNegate>(chunks, entry) != 0;
    row.value = Shape::kSums != 0 && field<layout::MemChunkEntryValue>(chunks, entry) != 0;
    row.half = static_cast<std::uint8_t>(field<layout::MemChunkEntryHalf>(chunks, entry));
    row.bits = static_cast<std::uint16_t>(1U << bit);
  } else if (first + bit < Shape::kAxonEntries) {
    row.first = field<layout::MemAxonEntryFirst>(axons, first + bit);
    row.words = static_cast<std::uint16_t>(field<layout::MemAxonEntryWords>(axons, first + bit));
    row.offset = static_cast<std::uint16_t>(field<layout::MemAxonEntryOffset>(axons, first + bit));
    row.repeats = static_cast<std::uint16_t>(field<layout::MemAxonEntryRepeats>(axons, first + bit));
    row.jump = static_cast<std::uint16_t>(field<layout::MemAxonEntryJump>(axons, first + bit));
    row.weight_jump = static_cast<std::uint16_t>(field<layout::MemAxonEntryWeightJump>(axons, first + bit));
    row.shift = static_cast<std::uint8_t>(field<layout::MemAxonEntryShift>(axons, first + bit));
    row.format = static_cast<std::uint8_t>(field<layout::MemAxonEntryFormat>(axons, first + bit));
    row.negate = field<layout::MemAxonEntryNegate>(axons, first + bit) != 0;
  }
  return row;
}

/// Where a walk along a row stands: a word, its lane group, and what is left.
struct RowWalk {
  std::uint32_t word = 0, group = 0;
  std::uint16_t left = 0, repeats = 0;  ///< words of this segment, segments behind it

  RowWalk() = default;
  explicit RowWalk(const Row& row)
      : word(row.first), group(row.offset), left(row.words), repeats(row.words == 0 ? 0 : row.repeats) {}
  bool ends() const { return left == 0; }
  /// To the next word; behind the last one there is none.
  void step(const Row& row) {
#pragma HLS INLINE
    const bool segment_ends = left == 1 && repeats != 0;
    word += segment_ends ? row.weight_jump : 1;
    group += segment_ends ? row.jump : 1;
    left = segment_ends ? row.words : static_cast<std::uint16_t>(left - 1);
    if (segment_ends) --repeats;
  }
};

/// Lane groups count modulo this: twice the tile's, rounded up to a power of two.
template <class Shape>
constexpr std::uint32_t group_room() {
  std::uint32_t room = 2;
  while (room < 2U * Shape::kGroups) room *= 2;
  return room;
}

/// ± (weight << shift) of `lane` in logical word `word` of the row's format; 0 outside the memory and for a
/// format the shape lacks. Of a number's half what its bits add to the lane; sums wrap.
template <class Shape>
std::int32_t weight_of(const Weights<Shape>& weights, const Row& row, std::uint32_t word, int lane) {
#pragma HLS INLINE
  if (row.value)
    return static_cast<std::uint32_t>(lane) == row.first
               ? static_cast<std::int32_t>(static_cast<std::uint32_t>(row.bits)
                                           << (layout::kChunkBits * row.half))
               : 0;
  const std::uint32_t address = word >> row.format;
  if (address >= Shape::kWeightWords || (Shape::kWeightFormats >> row.format & 1) == 0) return 0;
  const int bits = 8 >> row.format;
  const std::uint32_t sub = word & ((1U << row.format) - 1U);
  const std::uint32_t at =
      (sub * Shape::kLanes + static_cast<std::uint32_t>(lane)) * static_cast<std::uint32_t>(bits);
  const std::uint32_t raw = weights[address][at / 32U] >> (at % 32U);
  const std::int32_t value =
      bits == 1 ? ((raw & 1U) != 0 ? -1 : 1) : sign_extend(raw & ((1U << bits) - 1U), bits);
  const std::int32_t scaled = value * (1 << row.shift);
  return row.negate ? -scaled : scaled;
}

}  // namespace hls
}  // namespace spikeloom
