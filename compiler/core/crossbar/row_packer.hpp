// Rows of weights → chunk table, axon table and weight words of one cluster.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "compiler/core/core.hpp"
#include "compiler/core/crossbar/tables.hpp"
#include "compiler/core/crossbar/walk.hpp"

namespace spikeloom::crossbar {

/// One axon's row: mantissas of the lane groups that it walks, lane by lane.
struct Row {
  Walk walk;
  std::uint32_t shift = 0, negate = 0;
  std::uint32_t format = 0;  ///< hw::kFormat…
  std::string mantissas;     ///< walk.size() × lanes signed bytes

  [[nodiscard]] bool empty() const { return walk.words == 0; }
};

/// A row whose mantissas the packer holds, by number; rows of equal mantissas have equal numbers.
struct KeptRow {
  Walk walk;
  std::uint32_t shift = 0, negate = 0, format = 0;
  std::uint32_t content = 0;

  [[nodiscard]] bool empty() const { return walk.words == 0; }
};

enum class RowStyle : std::uint8_t {
  kTight,    ///< a chunk of rows of one shape, or whose spans have one, is uniform; all others go through the
             ///< axon table, with the words that they need
  kUniform,  ///< unequal rows of a chunk are widened to one shape where that saves the axon table
  kShared,   ///< the words that it needs, and a row is also found inside longer ones: a convolution's at a
             ///< border
};

/// Where words stand, by a hash of what they hold: who looks one up compares.
class WordIndex {
 public:
  /// `at` is beyond all that were added before.
  void add(std::string_view word, std::uint32_t at);
  /// Rising. Words of another content may be among them.
  [[nodiscard]] std::span<const std::uint32_t> find(std::string_view word) const;

 private:
  struct Slot {
    std::uint64_t key = 0;    ///< 0: none
    std::uint32_t first = 0;  ///< where the only one is
    std::uint32_t list = 0;   ///< where there are several: one more than their place in lists_
  };
  [[nodiscard]] static std::uint64_t key_of(std::string_view word);
  [[nodiscard]] static Slot& slot(std::vector<Slot>& slots, std::uint64_t key);

  std::vector<Slot> slots_;  ///< a power of two, at most half of them used
  std::vector<std::vector<std::uint32_t>> lists_;
  std::size_t used_ = 0;
};

/// Rows with equal content share words wherever their offsets lie; chunks of equal rows share axon entries.
/// kShared places the longest rows first, whatever the order of the chunks.
///
/// Cost  the mantissas of each different row once; a row that was kept before costs a few words, however
/// long.
class RowPacker {
 public:
  /// `groups`: the tile's, which no count of an entry exceeds; `own`: the cluster's.
  RowPacker(std::uint32_t lanes, std::uint32_t groups, std::uint32_t own, RowStyle style)
      : lanes_(lanes), groups_(groups), walks_(own), style_(style) {}
  /// The row, for this packer's chunks: at any offset of its walk.
  [[nodiscard]] KeptRow keep(Row row);
  /// The next page chunk: rows of its bits 0 .. rows.size()-1, at most a chunk.
  void add_chunk(std::vector<KeptRow> rows);
  /// The next page chunk: half a number, which nobody takes where there is none.
  void add_value(const std::optional<ValueChunk>& value);
  /// Chunk table, axon table and weight words; what stood there before is gone.
  void finish(CoreTables& tables);

 private:
  struct Pool {
    std::string mantissas;                                   ///< logical words × lanes
    std::unordered_map<std::uint32_t, std::uint32_t> known;  ///< content → first logical word
    WordIndex at;                                            ///< kShared only
    std::size_t indexed = 0;                                 ///< words in `at`
  };
  /// Where a row's words stand: its first segment's first, and from segment to segment.
  struct Place {
    std::uint32_t first = 0, pitch = 0;
    friend bool operator==(const Place&, const Place&) = default;
  };
  /// Places of a chunk's rows of one shape.
  struct Strided {
    Place place;
    std::uint32_t stride = 0;
  };
  /// What decides where a row's words can stand: format, words and segments, content.
  using Words = std::array<std::uint32_t, 4>;
  [[nodiscard]] static Words words_of_row(const KeptRow& row) {
    return {row.format, row.walk.words, row.walk.segments, row.content};
  }

  [[nodiscard]] std::uint32_t keep(std::string mantissas);
  [[nodiscard]] const std::string& text(const KeptRow& row) const { return contents_[row.content]; }
  void add_longest_first();
  void index(Pool& pool) const;
  /// Places of the row in words that stand already, most natural first; empty: none was found.
  [[nodiscard]] std::vector<Place> find(Pool& pool, const KeptRow& row) const;
  [[nodiscard]] bool holds(const Pool& pool, Place place, const KeptRow& row) const;
  [[nodiscard]] bool holds_segment(const Pool& pool, std::size_t word, const KeptRow& row,
                                   std::uint32_t segment) const;
  [[nodiscard]] const Strided& place_block(const std::vector<KeptRow>& rows);
  [[nodiscard]] std::optional<Strided> find_block(Pool& pool, const std::vector<KeptRow>& rows) const;

  [[nodiscard]] bool add_uniform(const std::vector<KeptRow>& rows);
  void add_per_axon(const std::vector<KeptRow>& rows);
  void widen(std::vector<KeptRow>& rows);
  /// The row's words, and zeros, along another walk that covers its own.
  [[nodiscard]] KeptRow along(const KeptRow& row, const Walk& walk);
  [[nodiscard]] std::string along(const std::string& mantissas, const Walk& own, const Walk& walk) const;
  [[nodiscard]] Place place(const KeptRow& row);

  std::uint32_t lanes_, groups_;
  WalkFinder walks_;
  RowStyle style_;
  std::deque<std::string> contents_;                               ///< by number; 0: empty
  std::unordered_map<std::string_view, std::uint32_t> numbered_;   ///< into contents_
  std::map<std::array<std::uint32_t, 8>, std::uint32_t> widened_;  ///< content and both walks → content
  std::array<Pool, 4> pools_;
  std::map<std::vector<std::array<std::uint32_t, hw::MemAxonEntry::kParts>>, std::uint32_t>
      blocks_;  ///< axon entries → first
  std::vector<hw::MemChunkEntry> chunks_;
  std::vector<hw::MemAxonEntry> axons_;
  std::vector<std::vector<KeptRow>> waiting_;        ///< chunks; kShared only
  std::map<std::size_t, hw::MemChunkEntry> values_;  ///< by page chunk
  /// By format, words and segments, and content of the rows; kShared only.
  std::map<std::vector<std::uint32_t>, Strided> blocks_placed_;
  /// Where a row was found last, and the pool's size then; kShared only.
  std::map<Words, std::pair<Place, std::size_t>> found_;
};

}  // namespace spikeloom::crossbar
