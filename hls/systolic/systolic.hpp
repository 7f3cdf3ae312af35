// Systolic core, clock-driven: the same sums for T pages of one sample at once (tick batching), every row
// read once.
//
// A weight-stationary array of R = 16 rows (a chunk's axons) by C = Shape::kLanes columns (a lane group's
// neurons). A *block* is one chunk and one lane group; blocks go through the array chunk by chunk within a
// group. Activations are bits: bit r of page t enters row r from the west and moves a column a cycle; partial
// sums move a row south a cycle. Every PE holds two weights, of an even and an odd block; a parity bit that
// travels with the activation says which. A row of a block is loaded in one cycle, row 0 first, and its first
// activation follows a cycle later.
//
// Schedule, in cycles; K blocks, batch of T pages, C columns:
//   period       P = max(16, T, ⌊(T + C) / 2⌋)       16: loading; T: streaming; the last: a weight is
//                                                      replaced in or after the cycle of its last use, 2·P ≥
//                                                      T + C − 1
//   load         row r of block k:                    k·P + r
//   multiply     PE (r, c), page t of block k:        k·P + 1 + t + r + c
//   all          cycles(K, T) = (K − 1)·P + T + 15 + C      (0 if K = 0)
// tests/hls compares it, PE by PE, with a simulation of the array that shares no code with this one.
// Interfaces: see spikeloom_systolic.cpp.
//
// contract: loop ARRAY ii = 1
// contract: loop LOAD ii = 1
// contract: latency 96 + array + steps * groups * lanes + load
//   array: cycles(K, T); load: parts of the tables, read once a call. An upper bound without memory latency.
// contract: resource DSP 0
// contract: resource BRAM_18K 200
// contract: resource LUT 120000
// contract: resource FF 120000
//   Ceilings for chips/tile1.toml, estimated: 256 PEs of two 16-bit weights, an adder and a partial sum.
#pragma once

#include <cstdint>

#include "hls/rows.hpp"

namespace spikeloom {
namespace hls {

constexpr int kArrayRows = static_cast<int>(layout::kChunkBits);
constexpr int kMaxBatch = 16;  ///< pages of a call

/// Cycles between the starts of two blocks.
constexpr int systolic_period(int batch, int columns) {
  return batch > kArrayRows && batch >= (batch + columns) / 2 ? batch
         : (batch + columns) / 2 > kArrayRows                 ? (batch + columns) / 2
                                                              : kArrayRows;
}

/// Cycles of the array for all blocks of a batch.
constexpr int systolic_cycles(int blocks, int batch, int columns) {
  return blocks == 0 || batch == 0
             ? 0
             : (blocks - 1) * systolic_period(batch, columns) + batch + kArrayRows - 1 + columns;
}

struct Activation {
  bool bit = false;
  bool odd = false;  ///< parity of the block
};

/// One page of one block on its way along the array's edges: its bit r enters row r after r cycles, and its
/// sum of column c leaves the last row after 15 + c.
struct Wave {
  std::uint16_t mask = 0;
  std::uint16_t page = 0;
  std::uint16_t group = 0;
  bool valid = false;
  bool odd = false;    ///< parity of the block
  bool first = false;  ///< the group's first chunk: its sums begin anew
};

template <class Shape>
using BatchSums = Signed<Shape::kAccBits>[kMaxBatch][Shape::kGroups][Shape::kLanes];
template <class Shape>
using BatchPages = std::uint16_t[kMaxBatch][Shape::kPageChunks];

/// Sums of `batch` pages over the leading `blocks_chunks` chunks and `groups` lane groups. Page t's chunks
/// count below limits[t] only. Groups from `groups` on are left as they were. Returns the array's cycles.
template <class Shape>
int systolic(const BatchPages<Shape>& pages, const std::uint32_t (&limits)[kMaxBatch], int batch,
             int block_chunks, int groups, std::uint32_t first_chunk,
             const std::uint32_t (&chunks)[Shape::kChunkEntries][layout::kMemChunkEntryParts],
             const std::uint32_t (&axons)[Shape::kAxonEntries][layout::kMemAxonEntryParts],
             const Weights<Shape>& weights, BatchSums<Shape>& sums) {
  constexpr int kColumns = Shape::kLanes;
  typedef Signed<Shape::kAccBits> Sum;
  // A weight, or the place of a number's bit.
  constexpr int kWeightBits = 8 + Shape::kMaxShift + 1;
  typedef Signed<(Shape::kSums != 0 && Shape::kAccBits > kWeightBits ? Shape::kAccBits : kWeightBits)> Weight;
  Weight held[2][kArrayRows][kColumns];
  Activation activation[kArrayRows][kColumns];
  Sum partial[kArrayRows][kColumns];
#pragma HLS ARRAY_PARTITION variable = held complete dim = 0
#pragma HLS ARRAY_PARTITION variable = activation complete dim = 0
#pragma HLS ARRAY_PARTITION variable = partial complete dim = 0
  for (int p = 0; p < 2; ++p)
    for (int r = 0; r < kArrayRows; ++r)
      for (int c = 0; c < kColumns; ++c) {
#pragma HLS UNROLL
        held[p][r][c] = Weight(0);
        activation[r][c] = Activation();
        partial[r][c] = Sum(0);
      }

  const int blocks = block_chunks * groups;
  const int period = systolic_period(batch, kColumns);
  const int cycles = systolic_cycles(blocks, batch, kColumns);
  Wave wave[kArrayRows + kColumns - 1];
#pragma HLS ARRAY_PARTITION variable = wave complete
  // The page that enters next, and the row that is loaded next: block, its chunk and group, cycle within the
  // period.
  int enter_block = 0, enter_chunk = 0, enter_group = 0, enter_at = -1;
  int load_block = 0, load_chunk = 0, load_group = 0, load_at = 0;

ARRAY:
  for (int n = 0; n < systolic_cycles(Shape::kPageChunks * Shape::kGroups, kMaxBatch, kColumns); ++n) {
#pragma HLS PIPELINE II = 1
#pragma HLS DEPENDENCE variable = sums type = inter false
    if (n >= cycles) break;
    for (int d = kArrayRows + kColumns - 2; d > 0; --d) {
#pragma HLS UNROLL
      wave[d] = wave[d - 1];
    }
    wave[0] = Wave();
    if (enter_at >= 0 && enter_at < batch && enter_block < blocks) {
      wave[0].mask = static_cast<std::uint32_t>(enter_chunk) < limits[enter_at] ? pages[enter_at][enter_chunk]
                                                                                : std::uint16_t(0);
      wave[0].page = static_cast<std::uint16_t>(enter_at);
      wave[0].group = static_cast<std::uint16_t>(enter_group);
      wave[0].valid = true;
      wave[0].odd = (enter_block & 1) != 0;
      wave[0].first = enter_chunk == 0;
    }
    // Every PE, the south-east corner first, so that each reads its neighbours' registers of the cycle
    // before.
    for (int r = kArrayRows - 1; r >= 0; --r) {
#pragma HLS UNROLL
      for (int c = kColumns - 1; c >= 0; --c) {
#pragma HLS UNROLL
        Activation in;
        if (c > 0) {
          in = activation[r][c - 1];
        } else {
          in.bit = (wave[r].mask >> r & 1) != 0;
          in.odd = wave[r].odd;
        }
        const Sum north = r > 0 ? partial[r - 1][c] : Sum(0);
        const std::int64_t weight = in.bit ? static_cast<std::int64_t>(held[in.odd ? 1 : 0][r][c]) : 0;
        partial[r][c] = Sum(static_cast<std::int64_t>(north) + weight);
        activation[r][c] = in;
      }
    }
    // The last row's sums leave: a column's page by page. A sum's next chunk comes a period (16 cycles or
    // more) later.
    for (int c = 0; c < kColumns; ++c) {
#pragma HLS UNROLL
      const Wave out = wave[kArrayRows - 1 + c];
      if (out.valid) {
        const Sum old = out.first ? Sum(0) : sums[out.page][out.group][c];
        sums[out.page][out.group][c] =
            Sum(static_cast<std::int64_t>(old) + static_cast<std::int64_t>(partial[kArrayRows - 1][c]));
      }
    }
    if (++enter_at == period) {
      enter_at = 0;
      ++enter_block;
      if (++enter_chunk == block_chunks) {
        enter_chunk = 0;
        ++enter_group;
      }
    }
    // The loader writes one row of one block; the PEs see it from the next cycle on.
    if (load_block < blocks && load_at < kArrayRows) {
      const Row row = decode_row<Shape>(chunks, axons, first_chunk + static_cast<std::uint32_t>(load_chunk),
                                        static_cast<std::uint32_t>(load_at));
      std::uint32_t word = 0;
      const bool has = word_of(row, static_cast<std::uint32_t>(load_group), word);
      for (int c = 0; c < kColumns; ++c) {
#pragma HLS UNROLL
        held[load_block & 1][load_at][c] = has ? Weight(weight_of<Shape>(weights, row, word, c)) : Weight(0);
      }
    }
    if (++load_at == period) {
      load_at = 0;
      ++load_block;
      if (++load_chunk == block_chunks) {
        load_chunk = 0;
        ++load_group;
      }
    }
  }
  return cycles;
}

}  // namespace hls
}  // namespace spikeloom
