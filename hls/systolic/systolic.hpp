// Systolic core, clock-driven: a firing's pages pass fold by fold through an array that holds a fold's matrix
// still, 16 axons by kSystolicColumns neurons, while the neurons of the block before are updated. Tables and
// words: docs/systolic.md.
//
// Two processes in dataflow: `list_folds` (a fold a cycle) and `fire`, whose one loop is the array's clock.
// An iteration reads one weight word for the next fold, passes one vector of the fold at hand and adds its
// sums to one of two banks of accumulators, and updates kLifLanes neurons whose sums are in the other bank.
//
// Schedule, in iterations of ARRAY, the firing being iteration 0; n pages. Fold j, counted over all blocks,
// has V(j) vectors and L(j) weight reads (`weight_reads`); block b has m update entries:
//   first vector    x(0) = 5 + max(1, L(0))       x(j + 1) = x(j) + max(V(j), L(j + 1)),
//                   of the first fold of block b >= 2 at least u(b - 2) + 2
//   last vector     e(b) = x + V - 1 of the block's last fold
//   update          of block b, page t: its first entry in g(b, t); pass = max(m, min(m, 2·kLifLanes) + 5)
//                   g(b, 0) = max(e(b) + 10, the g before + its pass),   g(b, t + 1) = g(b, t) + pass
//   last entry      u(b) = g(b, n - 1) + m - 1
//   freed, listed   e(last block) + n + 2, u(last block) + 6
// These are the RTL's cycles for a tile whose pages have no delay (rtl/core/systolic/systolic_core.sv,
// p = 0): whoever predicts one predicts the other. tests/hls compares them with
// compiler/core/systolic/timing.hpp, which shares no code with this file. Interfaces: see
// spikeloom_systolic.cpp.
//
// contract: loop FOLDS ii = 1
// contract: loop ARRAY ii = 1
// contract: loop LOAD ii = 1
// contract: loop STORE ii = 1
// contract: latency 128 + folds + array + pages * page_chunks + outputs + load + store
//   folds: of the firing; array: `listed` of the schedule; outputs: chunks of all lists; load, store: parts
//   of the tables and states. An upper bound: a burst's memory latency is not in it.
// contract: resource DSP 16
// contract: resource BRAM_18K 240
// contract: resource LUT 60000
// contract: resource FF 60000
//   Two products a LIF lane, two DSPs each (24 × 13 bits); 128 PEs of two weights, an adder each. Ceilings
//   for the [tile] of chips/arrays4x3.toml, estimated from the memories' bits.
#pragma once

#include <cstdint>

#include "hls/integers.hpp"
#include "hls/neuron/update.hpp"
#include "hls_layout.hpp"

namespace spikeloom {
namespace hls {

constexpr int kArrayRows = static_cast<int>(layout::kChunkBits);
constexpr unsigned kWalkMask = 4095;  ///< chunks and vectors of a walk count modulo 4096

/// Iterations of ARRAY from one event to another, as the header's schedule has them.
constexpr std::int64_t kFirstRead = 5;   ///< the firing to where the first fold's weights begin to be read
constexpr std::int64_t kUpdateLag = 10;  ///< a block's last vector to its first update entry
constexpr std::int64_t kBankLag = 2;     ///< a block's last update entry to the bank's next vector
constexpr std::int64_t kFreeLag = 2;     ///< the last vector to the last page's end, without the pages
constexpr std::int64_t kListLag = 6;     ///< the last update entry to the end of the last list
constexpr std::uint32_t kPassLag = 5;    ///< pages of a block: a state is written before it is read again

/// Weight words read for a fold: one row of 8 bits in an iteration, or two rows of fewer.
inline std::uint32_t weight_reads(std::uint32_t rows, std::uint32_t format) {
#pragma HLS INLINE
  return format == layout::kFormatW8 ? rows : (rows + 1U) / 2U;
}

/// Iterations from a page's first update entry to the next page's, for a block of `entries`.
inline std::uint32_t pass_of(std::uint32_t entries, std::uint32_t lif_lanes) {
#pragma HLS INLINE
  const std::uint32_t least = (entries < 2U * lif_lanes ? entries : 2U * lif_lanes) + kPassLag;
  return entries > least ? entries : least;
}

template <class Shape>
using BlockTable = std::uint32_t[Shape::kSystolicBlocks][layout::kMemBlockEntryParts];
template <class Shape>
using FoldTable = std::uint32_t[Shape::kSystolicFolds][layout::kMemFoldEntryParts];
template <class Shape>
using Matrices = std::uint32_t[Shape::kSystolicWords][Shape::kSystolicColumns / 4];
template <class Shape>
using Bank = Signed<Shape::kAccBits>[Shape::kSystolicVectors][Shape::kSystolicColumns];
template <class Shape>
using FiringPages = std::uint16_t[Shape::kSystolicPages][Shape::kPageChunks];
template <class Shape>
using FiringLists = OutChunk[Shape::kSystolicPages][Shape::kUpdateEntries];

/// A fold of a firing; chunk and word are absolute. The last one of its block brings what updates the block.
struct Fold {
  std::uint32_t word = 0;  ///< first of its weights
  std::uint32_t update = 0, updates = 0;
  std::uint16_t group = 0;  ///< LIF group of the block's first neuron
  std::uint16_t chunk = 0, vector = 0;
  std::uint16_t chunk_step = 0, chunk_jump = 0, vector_step = 0, vector_jump = 0;
  std::uint16_t columns = 0, lines = 0;  ///< pairs behind the first of a line, lines behind the first
  std::uint8_t format = 0, shift = 0, rows = 0;
  bool negate = false, store = false;
  bool first = false, last = false;  ///< of its block
  bool end = false;                  ///< no fold: the firing's end
};

template <class Shape>
struct SystolicLimits {
  static constexpr int kFolds = Shape::kSystolicBlocks * Shape::kSystolicFolds;  ///< of a firing
  static constexpr int kGroupsOfVector = Shape::kSystolicColumns / Shape::kLifLanes;
};
template <class Shape>
using FoldStream = Stream<Fold, SystolicLimits<Shape>::kFolds + 1>;

/// The folds of all blocks, then an end. A block or fold outside the tables is left out.
template <class Shape>
void list_folds(const BlockTable<Shape>& blocks, const FoldTable<Shape>& folds, std::uint32_t first_block,
                std::uint32_t count, std::uint32_t first_update, FoldStream<Shape>& list) {
  std::uint32_t block = first_block, left = count, fold_of_block = 0, update = first_update;
FOLDS:
  for (int n = 0; n < SystolicLimits<Shape>::kFolds + Shape::kSystolicBlocks; ++n) {
#pragma HLS PIPELINE II = 1
    if (left == 0 || block >= static_cast<std::uint32_t>(Shape::kSystolicBlocks)) break;
    const std::uint32_t all = field<layout::MemBlockEntryFolds>(blocks, block);
    const std::uint32_t updates = field<layout::MemBlockEntryUpdates>(blocks, block);
    const std::uint32_t at = field<layout::MemBlockEntryFold>(blocks, block) + fold_of_block;
    const bool here = fold_of_block < all && at < static_cast<std::uint32_t>(Shape::kSystolicFolds);
    const bool last =
        !here || fold_of_block + 1 == all || at + 1 == static_cast<std::uint32_t>(Shape::kSystolicFolds);
    if (here) {
      Fold fold;
      fold.word =
          field<layout::MemBlockEntryWeights>(blocks, block) + field<layout::MemFoldEntryWeights>(folds, at);
      fold.update = update;
      fold.updates = updates;
      fold.group = static_cast<std::uint16_t>(field<layout::MemBlockEntryFirst>(blocks, block));
      fold.chunk = static_cast<std::uint16_t>(
          (field<layout::MemBlockEntryChunk>(blocks, block) + field<layout::MemFoldEntryChunk>(folds, at)) &
          kWalkMask);
      fold.vector = static_cast<std::uint16_t>(field<layout::MemFoldEntryVector>(folds, at));
      fold.chunk_step = static_cast<std::uint16_t>(field<layout::MemFoldEntryChunkStep>(folds, at));
      fold.chunk_jump = static_cast<std::uint16_t>(field<layout::MemFoldEntryChunkJump>(folds, at));
      fold.vector_step = static_cast<std::uint16_t>(field<layout::MemFoldEntryVectorStep>(folds, at));
      fold.vector_jump = static_cast<std::uint16_t>(field<layout::MemFoldEntryVectorJump>(folds, at));
      fold.columns = static_cast<std::uint16_t>(field<layout::MemFoldEntryColumns>(folds, at));
      fold.lines = static_cast<std::uint16_t>(field<layout::MemFoldEntryLines>(folds, at));
      fold.format = static_cast<std::uint8_t>(field<layout::MemFoldEntryFormat>(folds, at));
      fold.shift = static_cast<std::uint8_t>(field<layout::MemFoldEntryShift>(folds, at));
      const std::uint32_t rows = field<layout::MemFoldEntryRows>(folds, at);
      fold.rows = static_cast<std::uint8_t>(rows > kArrayRows ? kArrayRows : rows);
      fold.negate = field<layout::MemFoldEntryNegate>(folds, at) != 0;
      fold.store = field<layout::MemFoldEntryStore>(folds, at) != 0;
      fold.first = fold_of_block == 0;
      fold.last = last;
      list.write(fold);
    }
    ++fold_of_block;
    if (last) {
      fold_of_block = 0;
      update += updates;
      ++block;
      --left;
    }
  }
  Fold end;
  end.end = true;
  list.write(end);
}

/// The walk of a fold over pairs of a page chunk and a target vector, and over the pages of each pair.
struct FoldWalk {
  std::uint16_t chunk = 0, vector = 0, page = 0, column = 0, line = 0;
  bool ends = true;

  FoldWalk() = default;
  explicit FoldWalk(const Fold& fold) : chunk(fold.chunk), vector(fold.vector), ends(false) {}
  void step(const Fold& fold, int pages) {
#pragma HLS INLINE
    if (++page != pages) return;
    page = 0;
    const bool jumps = column == fold.columns;
    chunk = static_cast<std::uint16_t>((chunk + (jumps ? fold.chunk_jump : fold.chunk_step)) & kWalkMask);
    vector = static_cast<std::uint16_t>((vector + (jumps ? fold.vector_jump : fold.vector_step)) & kWalkMask);
    ends = jumps && line == fold.lines;
    column = jumps ? 0 : static_cast<std::uint16_t>(column + 1);
    if (jumps) ++line;
  }
};

/// Weight `column` of row `row` of a fold whose first word is `word`; 0 outside the memory and for a format
/// that is wider than the array multiplies.
template <class Shape>
std::int32_t matrix_weight(const std::uint32_t (&parts)[Shape::kSystolicColumns / 4], std::uint32_t format,
                           std::uint32_t row, int column) {
#pragma HLS INLINE
  const int bits = 8 >> format;
  const std::uint32_t sub = row & ((1U << format) - 1U);
  const std::uint32_t at =
      (sub * Shape::kSystolicColumns + static_cast<std::uint32_t>(column)) * static_cast<std::uint32_t>(bits);
  const std::uint32_t raw = parts[at / 32U] >> (at % 32U);
  if (bits > Shape::kSystolicWeightBits) return 0;
  return bits == 1 ? ((raw & 1U) != 0 ? -1 : 1) : sign_extend(raw & ((1U << bits) - 1U), bits);
}

/// A block that is integrated, until its neurons are updated: one a bank.
struct FilledBank {
  bool taken = false;        ///< from its first vector to its last update entry
  bool filled = false;       ///< waits for its updates, or has them
  std::int64_t free_at = 0;  ///< iteration of the earliest vector of the bank's next block
  std::int64_t ready = 0;    ///< iteration of its earliest update entry
  std::uint32_t update = 0, updates = 0;
  std::uint16_t group = 0;
};

/// Iterations of a firing until its last page is not read any more, and until its last list has ended.
struct FiringIterations {
  std::int64_t freed = 0, listed = 0;
};

/// What a firing is asked: its pages, and which chunks of each count.
template <class Shape>
struct FiringControl {
  int pages = 0;                               ///< 1 to kSystolicPages
  std::uint32_t limit[Shape::kSystolicPages];  ///< leading chunks that count, by page
  bool fresh[Shape::kSystolicPages];           ///< the page begins a sample: old states read as 0
  bool last[Shape::kSystolicPages];            ///< the page ends its sample
};

/// A firing: list t answers page t, with pushed[t] chunks.
template <class Shape>
void fire(FoldStream<Shape>& list, const Matrices<Shape>& matrices, const FiringPages<Shape>& pages,
          const FiringControl<Shape>& control, const UpdateContext& context,
          const UpdateProgram<Shape>& updates, const ParameterSets<Shape>& sets, const Biases<Shape>& biases,
          States<Shape>& potentials, States<Shape>& currents, Bank<Shape> (&banks)[2],
          FiringLists<Shape>& out, std::uint32_t (&pushed)[Shape::kSystolicPages],
          FiringIterations& iterations) {
  constexpr int kColumns = Shape::kSystolicColumns;
  constexpr int kSumBits = 8 + 4;  // of 16 weights of 8 bits
  typedef Signed<Shape::kAccBits> Sum;
  typedef Signed<8> Weight;
  Weight held[kArrayRows][kColumns], shadow[kArrayRows][kColumns];
  Sum forward[kColumns];
  UpdateLanes<Shape> lanes;
  FilledBank block[2];
#pragma HLS ARRAY_PARTITION variable = held complete dim = 0
#pragma HLS ARRAY_PARTITION variable = shadow complete dim = 0
#pragma HLS ARRAY_PARTITION variable = forward complete
#pragma HLS ARRAY_PARTITION variable = lanes.held_v complete
#pragma HLS ARRAY_PARTITION variable = lanes.held_i complete
#pragma HLS ARRAY_PARTITION variable = lanes.next_v complete
#pragma HLS ARRAY_PARTITION variable = lanes.next_i complete
#pragma HLS ARRAY_PARTITION variable = block complete
  for (int t = 0; t < Shape::kSystolicPages; ++t) {
#pragma HLS UNROLL
    pushed[t] = 0;
  }
  iterations = FiringIterations();
  // The fold whose weights are read, and the one that passes vectors.
  Fold next, now;
  bool has_next = false, ended = false;
  std::uint32_t reads = 0;  // so far, of the next one
  FoldWalk walk;
  int filling = 1;                        // bank of the fold at hand
  std::uint32_t forwarded = 0xffffffffU;  // address that `forward` holds, with its bank
  // The run of update entries.
  int updating = 0;  // bank of the oldest block that is not updated
  int page = 0;
  std::uint32_t entry = 0;
  std::int64_t pass_ends = 0;  // iteration of the next page's earliest entry
  std::uint16_t first_chunk = 0;

ARRAY:
  for (std::int64_t n = 0; n < (std::int64_t(1) << 40); ++n) {
#pragma HLS PIPELINE II = 1
#pragma HLS DEPENDENCE variable = banks type = inter direction = RAW distance = 2 true
#pragma HLS DEPENDENCE variable = potentials type = inter direction = RAW distance = 6 true
#pragma HLS DEPENDENCE variable = currents type = inter direction = RAW distance = 6 true
    // The next fold begins behind the last vector of the one before, when its weights and its bank are there.
    const int bank_of_next = next.first ? 1 - filling : filling;
    const bool bank_is_free = !next.first || (!block[bank_of_next].taken && n >= block[bank_of_next].free_at);
    if (has_next && walk.ends && reads == weight_reads(next.rows, next.format) && bank_is_free) {
      now = next;
      has_next = false;
      walk = FoldWalk(now);
      filling = bank_of_next;
      block[filling].taken = true;
      for (int r = 0; r < kArrayRows; ++r) {
#pragma HLS UNROLL
        for (int c = 0; c < kColumns; ++c) {
#pragma HLS UNROLL
          held[r][c] = shadow[r][c];
        }
      }
    }
    if (!has_next && !ended && n >= kFirstRead) {
      next = list.read();
      ended = next.end;
      has_next = !next.end;
      reads = 0;
    }
    // A word of weights: one row of 8 bits, or two rows.
    if (has_next && reads < weight_reads(next.rows, next.format)) {
      const bool wide = next.format == layout::kFormatW8;
      const std::uint32_t row = wide ? reads : 2U * reads;
      const std::uint32_t address = next.word + (row >> next.format);
      const bool inside = address < static_cast<std::uint32_t>(Shape::kSystolicWords);
      std::uint32_t parts[kColumns / 4];
#pragma HLS ARRAY_PARTITION variable = parts complete
      for (int p = 0; p < kColumns / 4; ++p) {
#pragma HLS UNROLL
        parts[p] = inside ? matrices[address][p] : 0;
      }
      for (int r = 0; r < kArrayRows; ++r) {
#pragma HLS UNROLL
        const std::uint32_t own = static_cast<std::uint32_t>(r);
        const bool written = wide ? own == row : own / 2U == row / 2U;
        for (int c = 0; c < kColumns; ++c) {
#pragma HLS UNROLL
          if (written) shadow[r][c] = Weight(inside ? matrix_weight<Shape>(parts, next.format, own, c) : 0);
        }
      }
      ++reads;
    }

    // One address a bank: the array's in the bank that it fills, the update's in the other one.
    const std::uint32_t vector = static_cast<std::uint32_t>(walk.vector) * Shape::kSystolicPages + walk.page;
    const bool adds = !walk.ends && vector < static_cast<std::uint32_t>(Shape::kSystolicVectors);
    FilledBank& updated = block[updating];
    const bool runs =
        updated.filled && entry < updated.updates && (entry != 0 || (n >= updated.ready && n >= pass_ends));
    const std::uint32_t at = updated.update + entry;
    const bool has_entry = runs && at < static_cast<std::uint32_t>(Shape::kUpdateEntries);
    const UpdateEntry update(updates, has_entry ? at : 0);
    const std::uint32_t group = update.group - updated.group;
    const std::uint32_t own = group / SystolicLimits<Shape>::kGroupsOfVector * Shape::kSystolicPages +
                              static_cast<std::uint32_t>(page);
    const bool updates_neurons = has_entry && own < static_cast<std::uint32_t>(Shape::kSystolicVectors);
    Sum sums[2][kColumns];
#pragma HLS ARRAY_PARTITION variable = sums complete dim = 0
    for (int k = 0; k < 2; ++k) {
#pragma HLS UNROLL
      const bool of_array = adds && k == filling, of_update = updates_neurons && k == updating;
      const std::uint32_t address = of_array ? vector : of_update ? own : 0;
      for (int c = 0; c < kColumns; ++c) {
#pragma HLS UNROLL
        sums[k][c] = banks[k][address][c];
      }
    }

    if (!walk.ends) {
      const std::uint32_t limit = control.limit[walk.page];
      std::uint32_t mask = walk.chunk < limit ? pages[walk.page][walk.chunk] : 0U;
      mask &= (1U << now.rows) - 1U;
      for (int c = 0; c < kColumns; ++c) {
#pragma HLS UNROLL
        Signed<kSumBits> tree = 0;
        for (int r = 0; r < kArrayRows; ++r) {
#pragma HLS UNROLL
          const std::int64_t weight = (mask >> r & 1U) != 0 ? static_cast<std::int64_t>(held[r][c]) : 0;
          tree = static_cast<std::int64_t>(tree) + weight;
        }
        const std::int64_t shifted = static_cast<std::int64_t>(tree) * (std::int64_t(1) << now.shift);
        const std::uint32_t place = vector * 2U + static_cast<std::uint32_t>(filling);
        const Sum old = now.store ? Sum(0) : place == forwarded ? forward[c] : sums[filling][c];
        const Sum sum(static_cast<std::int64_t>(old) + (now.negate ? -shifted : shifted));
        if (adds) banks[filling][vector][c] = sum;
        forward[c] = sum;
      }
      forwarded = vector * 2U + static_cast<std::uint32_t>(filling);
      walk.step(now, control.pages);
      if (walk.ends) {
        iterations.freed = n + kFreeLag + control.pages;
        if (now.last) {
          block[filling].filled = true;
          block[filling].ready = n + kUpdateLag;
          block[filling].update = now.update;
          block[filling].updates = now.updates;
          block[filling].group = now.group;
        }
      }
    }

    if (runs) {
      if (entry == 0) {
        lanes.begin(first_chunk);
        pass_ends = n + pass_of(updated.updates, Shape::kLifLanes);
      }
      Sum of_lanes[Shape::kLifLanes];
#pragma HLS ARRAY_PARTITION variable = of_lanes complete
      for (int lane = 0; lane < Shape::kLifLanes; ++lane) {
#pragma HLS UNROLL
        const std::uint32_t column = group % SystolicLimits<Shape>::kGroupsOfVector * Shape::kLifLanes +
                                     static_cast<std::uint32_t>(lane);
        of_lanes[lane] = sums[updating][column];
      }
      OutChunk chunk;
      if (updates_neurons &&
          update_entry<Shape>(update, of_lanes, sets, biases, potentials, currents, context,
                              control.fresh[page], control.last[page], lanes, chunk)) {
        if (pushed[page] < static_cast<std::uint32_t>(Shape::kUpdateEntries)) out[page][pushed[page]] = chunk;
        ++pushed[page];
      }
      ++entry;
    }
    if (updated.filled && entry >= updated.updates) {
      entry = 0;
      iterations.listed = n + kListLag;
      if (++page == control.pages || updated.updates == 0) {
        page = 0;
        first_chunk = lanes.chunks;
        updated.taken = updated.filled = false;
        updated.free_at = n + kBankLag;
        updating = 1 - updating;
      }
    }
    if (ended && !has_next && walk.ends && !block[0].taken && !block[1].taken) break;
  }
}

/// The whole core. The folds' stream is static for the sake of the stack where it runs as a program.
template <class Shape>
void fire_context(const UpdateContext& context, std::uint32_t first_block, const BlockTable<Shape>& blocks,
                  const FoldTable<Shape>& folds, const Matrices<Shape>& matrices,
                  const FiringPages<Shape>& pages, const FiringControl<Shape>& control,
                  const UpdateProgram<Shape>& updates, const ParameterSets<Shape>& sets,
                  const Biases<Shape>& biases, States<Shape>& potentials, States<Shape>& currents,
                  Bank<Shape> (&banks)[2], FiringLists<Shape>& out,
                  std::uint32_t (&pushed)[Shape::kSystolicPages], FiringIterations& iterations) {
#pragma HLS DATAFLOW
  static FoldStream<Shape> list;
#pragma HLS STREAM variable = list depth = 8
  list_folds<Shape>(blocks, folds, first_block, context.count, context.first, list);
  fire<Shape>(list, matrices, pages, control, context, updates, sets, biases, potentials, currents, banks,
              out, pushed, iterations);
}

}  // namespace hls
}  // namespace spikeloom
