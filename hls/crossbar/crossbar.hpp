// Crossbar core, event-driven: sums of the weight rows of a page's spikes.
//
// Three processes in dataflow: `find` (a chunk a cycle), `walk` (a spike's row a cycle), `accumulate` (a
// weight word a cycle, any order of groups: the last group's sums are forwarded). Interfaces: see
// spikeloom_crossbar.cpp.
//
// contract: loop FIND ii = 1
// contract: loop WALK ii = 1
// contract: loop ACCUMULATE ii = 1
// contract: loop LOAD ii = 1
// contract: latency steps * (96 + limit + groups * lanes) + walk + load
//   walk: Σ over valid chunks and their set bits of max(1, words(row)), of half a number 1, over all steps;
//   limit: chunks that count; load: parts of the tables, read once a call. An upper bound: a burst's memory
//   latency is not in it.
// contract: resource DSP 0
// contract: resource BRAM_18K 160
// contract: resource LUT 60000
// contract: resource FF 60000
//   Resources are ceilings for chips/tile1.toml, estimated from the memories' bits and a barrel shifter a
//   lane.
#pragma once

#include <cstdint>

#include "hls/crossbar/rows.hpp"

namespace spikeloom {
namespace hls {

struct FoundChunk {
  std::uint16_t chunk = 0;
  std::uint16_t mask = 0;
  bool end = false;
};

template <class Shape>
struct CrossbarLimits {
  static constexpr int kAxons = static_cast<int>(layout::kChunkBits) * Shape::kPageChunks;
  static constexpr int kWords = kAxons * Shape::kGroups;  ///< a row of an image has a word a group at most
};

/// Chunks with a spike among the leading `limit`, in rising order, then an end.
template <class Shape>
void find(const std::uint16_t (&page)[Shape::kPageChunks], std::uint32_t limit,
          Stream<FoundChunk, Shape::kPageChunks + 1>& found) {
FIND:
  for (int c = 0; c < Shape::kPageChunks; ++c) {
#pragma HLS PIPELINE II = 1
    if (static_cast<std::uint32_t>(c) >= limit) break;
    FoundChunk item;
    item.chunk = static_cast<std::uint16_t>(c);
    item.mask = page[c];
    if (item.mask != 0) found.write(item);
  }
  FoundChunk end;
  end.end = true;
  found.write(end);
}

/// The rows of the set bits, lowest first, then an end.
template <class Shape>
void walk(Stream<FoundChunk, Shape::kPageChunks + 1>& found,
          const std::uint32_t (&chunks)[Shape::kChunkEntries][layout::kMemChunkEntryParts],
          const std::uint32_t (&axons)[Shape::kAxonEntries][layout::kMemAxonEntryParts],
          std::uint32_t first_chunk, Stream<Row, CrossbarLimits<Shape>::kAxons + 1>& rows) {
  FoundChunk item;
WALK:
  for (int n = 0; n <= CrossbarLimits<Shape>::kAxons; ++n) {
#pragma HLS PIPELINE II = 1
    if (item.mask == 0) item = found.read();
    Row row;
    row.end = item.end;
    if (!item.end) {
      std::uint32_t bit = 0;
      for (int b = 15; b >= 0; --b) {
#pragma HLS UNROLL
        if ((item.mask >> b & 1) != 0) bit = static_cast<std::uint32_t>(b);
      }
      row = decode_row<Shape>(chunks, axons, first_chunk + item.chunk, bit);
      // Half a number is one row, with all of its bits.
      if (row.value) row.bits = item.mask;
      item.mask = row.value ? std::uint16_t(0) : static_cast<std::uint16_t>(item.mask & (item.mask - 1));
    }
    rows.write(row);
    if (row.end) break;
  }
}

/// Sums of the rows. A group that no row touches is 0: `touched` stands for clearing it.
template <class Shape>
void accumulate(Stream<Row, CrossbarLimits<Shape>::kAxons + 1>& rows, const Weights<Shape>& weights,
                Sums<Shape>& sums, bool (&touched)[Shape::kGroups]) {
  typedef Signed<Shape::kAccBits> Sum;
  Sum forward[Shape::kLanes];
#pragma HLS ARRAY_PARTITION variable = forward complete
  for (int g = 0; g < Shape::kGroups; ++g) {
#pragma HLS UNROLL
    touched[g] = false;
  }
  Row row;
  RowWalk at;
  std::uint32_t last_group = 0;
ACCUMULATE:
  for (int n = 0; n <= CrossbarLimits<Shape>::kWords; ++n) {
#pragma HLS PIPELINE II = 1
#pragma HLS DEPENDENCE variable = sums type = inter direction = RAW distance = 2 true
    if (at.ends()) {
      row = rows.read();
      at = RowWalk(row);
      if (row.end) break;
    }
    const std::uint32_t group = at.group % group_room<Shape>();
    if (!at.ends() && group < Shape::kGroups) {
      for (int lane = 0; lane < Shape::kLanes; ++lane) {
#pragma HLS UNROLL
        Sum old = 0;
        if (touched[group]) old = group == last_group ? forward[lane] : sums[group][lane];
        const std::int64_t sum =
            static_cast<std::int64_t>(old) + weight_of<Shape>(weights, row, at.word, lane);
        sums[group][lane] = Sum(sum);
        forward[lane] = Sum(sum);
      }
      touched[group] = true;
      last_group = group;
    }
    if (!at.ends()) at.step(row);
  }
}

/// One page's sums.
template <class Shape>
void integrate(const std::uint16_t (&page)[Shape::kPageChunks], std::uint32_t limit,
               std::uint32_t first_chunk,
               const std::uint32_t (&chunks)[Shape::kChunkEntries][layout::kMemChunkEntryParts],
               const std::uint32_t (&axons)[Shape::kAxonEntries][layout::kMemAxonEntryParts],
               const Weights<Shape>& weights, Sums<Shape>& sums, bool (&touched)[Shape::kGroups]) {
#pragma HLS DATAFLOW
  Stream<FoundChunk, Shape::kPageChunks + 1> found;
#pragma HLS STREAM variable = found depth = 16
  Stream<Row, CrossbarLimits<Shape>::kAxons + 1> rows;
#pragma HLS STREAM variable = rows depth = 32
  find<Shape>(page, limit, found);
  walk<Shape>(found, chunks, axons, first_chunk, rows);
  accumulate<Shape>(rows, weights, sums, touched);
}

}  // namespace hls
}  // namespace spikeloom
