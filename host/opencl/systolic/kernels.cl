/* The systolic core's kernel: a block's folds, one after the other, over the ticks of a work-item. It reads
   the memories of the image's tiles as the chip does (docs/systolic.md). */

/* Chunks and vectors of a walk count modulo this. */
#define WALK_ROOM 4096u

/* TICKS ticks of one slice, some columns of one block: a fold's matrix is decoded once and stands still while
   the ticks' bits pass it pair by pair. Size: (runs of TICKS ticks, slices). */
kernel void batch(global const uint* blocks, global const uint* folds, global const uint* matrices,
                  global const struct ClusterRecord* clusters, global const struct SliceRecord* slices,
                  global const struct PageRecord* page_table, global const ushort* pages, global int* sums,
                  uint first_slice, uint first_tick, uint last_tick, uint ticks, uint samples,
                  uint first_position, uint width) {
  const uint tick = first_tick + TICKS * get_global_id(0);
  if (tick >= last_tick) return;
  const struct SliceRecord slice = slices[first_slice + get_global_id(1)];
  global const struct ClusterRecord* cluster = clusters + slice.cluster;
  global const uint* block = blocks + BLOCK_ENTRY_PARTS * (cluster->first_entry + slice.group);
  uint limit[TICKS];
  uint most = 0;
  for (uint t = 0; t < TICKS; ++t) {
    limit[t] = tick + t < last_tick ? cluster->limit[min((tick + t) / samples, 15u)] : 0;
    most = max(most, limit[t]);
  }
  const uint count = min((uint)TICKS, last_tick - tick);
  global int* to = sums + (size_t)(tick - first_tick) * width + (cluster->position - first_position) +
                   BLOCK_ENTRY_FIRST(block) * LIF_LANES + slice.lane;
  for (uint n = 0; n < BLOCK_ENTRY_FOLDS(block); ++n) {
    global const uint* fold = folds + FOLD_ENTRY_PARTS * (cluster->row_base + BLOCK_ENTRY_FOLD(block) + n);
    const uint format = FOLD_ENTRY_FORMAT(fold), rows = FOLD_ENTRY_ROWS(fold);
    const int factor = FOLD_ENTRY_NEGATE(fold) ? -(1 << FOLD_ENTRY_SHIFT(fold)) : 1 << FOLD_ENTRY_SHIFT(fold);
    global const uint* words =
        matrices + (size_t)(cluster->weight_base + BLOCK_ENTRY_WEIGHTS(block) + FOLD_ENTRY_WEIGHTS(fold)) *
                       (LANES / 4);
    intV weight[16];
    for (uint row = 0; row < rows; ++row) weight[row] = factor * weights_of(words, format, row, slice.lane);
    uint chunk = BLOCK_ENTRY_CHUNK(block) + FOLD_ENTRY_CHUNK(fold), vector = FOLD_ENTRY_VECTOR(fold);
    for (uint line = 0; line <= FOLD_ENTRY_LINES(fold); ++line) {
      for (uint column = 0; column <= FOLD_ENTRY_COLUMNS(fold); ++column) {
        const uint place = chunk % WALK_ROOM;
        const struct PageRecord page = page_table[cluster->first_page + (place < most ? place : 0)];
        /* What begins before the delay has passed reads up to PAD chunks of the stream before, and drops
           them. */
        global const ushort* from = pages + (PAD + (size_t)page.stream * ticks + tick - page.delay * samples);
        for (uint t = 0; t < count; ++t) {
          global int* sum = to + (size_t)t * width + vector % WALK_ROOM * LANES;
          uint mask = place < limit[t] ? from[t] & ((1u << rows) - 1u) : 0;
          intV total = FOLD_ENTRY_STORE(fold) ? (intV)0 : vloadV(0, sum);
          for (; mask != 0; mask &= mask - 1) total += weight[lowest(mask)];
          vstoreV(total, 0, sum);
        }
        const bool jumps = column == FOLD_ENTRY_COLUMNS(fold);
        chunk += jumps ? FOLD_ENTRY_CHUNK_JUMP(fold) : FOLD_ENTRY_CHUNK_STEP(fold);
        vector += jumps ? FOLD_ENTRY_VECTOR_JUMP(fold) : FOLD_ENTRY_VECTOR_STEP(fold);
      }
    }
  }
}
