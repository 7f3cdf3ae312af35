// Rows of weights → chunk table, axon table and weight words of one cluster.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
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

enum class RowStyle : std::uint8_t {
  kTight,    ///< a chunk of rows of one shape, or whose spans have one, is uniform; all others go through the
             ///< axon table, with the words that they need
  kUniform,  ///< unequal rows of a chunk are widened to one shape where that saves the axon table
  kShared,   ///< the words that it needs, and a row is also found inside longer ones: a convolution's at a
             ///< border
};

/// Rows with equal content share words wherever their offsets lie; chunks of equal rows share axon entries.
/// kShared places the longest rows first, whatever the order of the chunks.
class RowPacker {
 public:
  /// `groups`: the tile's, which no count of an entry exceeds; `own`: the cluster's.
  RowPacker(std::uint32_t lanes, std::uint32_t groups, std::uint32_t own, RowStyle style)
      : lanes_(lanes), groups_(groups), walks_(own), style_(style) {}
  /// The next page chunk: rows of its bits 0 .. rows.size()-1, at most a chunk.
  void add_chunk(std::vector<Row> rows);
  /// The next page chunk: half a number, which nobody takes where there is none.
  void add_value(const std::optional<ValueChunk>& value);
  /// Chunk table, axon table and weight words; what stood there before is gone.
  void finish(CoreTables& tables);

 private:
  struct Pool {
    std::string mantissas;                                 ///< logical words × lanes
    std::unordered_map<std::string, std::uint32_t> known;  ///< content → first logical word
    std::unordered_map<std::string, std::vector<std::uint32_t>>
        at;                   ///< word → where it is, rising; kShared only
    std::size_t indexed = 0;  ///< words in `at`
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

  void add_longest_first();
  void index(Pool& pool) const;
  /// Places of the row in words that stand already, most natural first; empty: none was found.
  [[nodiscard]] std::vector<Place> find(Pool& pool, const Row& row) const;
  [[nodiscard]] bool holds(const Pool& pool, Place place, const Row& row) const;
  [[nodiscard]] bool holds_segment(const Pool& pool, std::size_t word, const Row& row,
                                   std::uint32_t segment) const;
  [[nodiscard]] const Strided& place_block(const std::vector<Row>& rows);
  [[nodiscard]] std::optional<Strided> find_block(Pool& pool, const std::vector<Row>& rows) const;

  [[nodiscard]] bool add_uniform(const std::vector<Row>& rows);
  void add_per_axon(const std::vector<Row>& rows);
  void widen(std::vector<Row>& rows);
  /// The row's words, and zeros, along another walk that covers its own.
  [[nodiscard]] Row along(const Row& row, const Walk& walk) const;
  [[nodiscard]] Place place(const Row& row);

  std::uint32_t lanes_, groups_;
  WalkFinder walks_;
  RowStyle style_;
  std::array<Pool, 4> pools_;
  std::map<std::vector<std::array<std::uint32_t, hw::MemAxonEntry::kParts>>, std::uint32_t>
      blocks_;  ///< axon entries → first
  std::vector<hw::MemChunkEntry> chunks_;
  std::vector<hw::MemAxonEntry> axons_;
  std::vector<std::vector<Row>> waiting_;            ///< chunks; kShared only
  std::map<std::size_t, hw::MemChunkEntry> values_;  ///< by page chunk
  /// By format, words and segments, and content of the rows; kShared only.
  std::map<std::pair<std::array<std::uint32_t, 3>, std::string>, Strided> blocks_placed_;
};

}  // namespace spikeloom::crossbar
