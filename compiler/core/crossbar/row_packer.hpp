// Rows of weights → chunk table, axon table and weight words of one cluster.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "compiler/core/crossbar/tables.hpp"

namespace spikeloom::crossbar {

/// One axon's row: mantissas of lane groups offset .. offset + words - 1, lane by lane.
struct Row {
  std::uint32_t offset = 0, words = 0;
  std::uint32_t shift = 0, negate = 0;
  std::uint32_t format = 0;  ///< hw::kFormat…
  std::string mantissas;     ///< words × lanes signed bytes
};

enum class RowStyle : std::uint8_t {
  kTight,    ///< a row has the words that it needs; chunks of unequal rows go through the axon table
  kUniform,  ///< unequal rows of a chunk are widened to one shape where that saves the axon table
  kShared,   ///< tight, and a row is also found inside longer ones: a convolution's rows at a border
};

/// Rows with equal content share words wherever their offsets lie; chunks of equal rows share axon entries.
/// kShared places the longest rows first, whatever the order of the chunks.
class RowPacker {
 public:
  RowPacker(std::uint32_t lanes, RowStyle style) : lanes_(lanes), style_(style) {}
  /// The next page chunk: rows of its bits 0 .. rows.size()-1, at most a chunk.
  void add_chunk(std::vector<Row> rows);
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

  void add_longest_first();
  void index(Pool& pool) const;
  /// Where the row's words stand in a row; empty: nowhere.
  [[nodiscard]] std::vector<std::uint32_t> find(Pool& pool, const Row& row) const;
  [[nodiscard]] bool holds(const Pool& pool, std::size_t word, const Row& row) const;
  void place_block(const std::vector<Row>& rows);

  [[nodiscard]] bool add_uniform(const std::vector<Row>& rows);
  void add_per_axon(const std::vector<Row>& rows);
  void widen(std::vector<Row>& rows) const;
  [[nodiscard]] std::uint32_t place(const Row& row);

  std::uint32_t lanes_;
  RowStyle style_;
  std::array<Pool, 4> pools_;
  std::map<std::vector<std::array<std::uint32_t, 2>>, std::uint32_t> blocks_;  ///< axon entries → first
  std::vector<hw::MemChunkEntry> chunks_;
  std::vector<hw::MemAxonEntry> axons_;
  std::vector<std::vector<Row>> waiting_;  ///< chunks; kShared only
  struct Strided {
    std::uint32_t first = 0, stride = 0;
  };
  std::map<std::pair<std::uint32_t, std::string>, Strided>
      blocks_placed_;  ///< rows per format and content; kShared only
};

}  // namespace spikeloom::crossbar
