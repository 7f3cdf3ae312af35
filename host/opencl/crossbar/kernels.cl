/* The crossbar's kernels: pages of masks of 16 axons onto the lane groups of a context. They read the
   memories of the image's tiles as the chip does (docs/protocol.md, section 7). */

typedef struct {
  uint first, offset, format;
  uint words, segments;     /* of a segment; how many */
  uint pitch, weight_pitch; /* between segments' firsts, in lane groups and in weight words */
  int factor;               /* +-1 << shift */
} Row;

Row row_of(global const uint* chunk, global const uint* axons, uint bit) {
  Row row;
  uint shift, negate, jump, weight_jump;
  if (CHUNK_ENTRY_PER_AXON(chunk)) {
    global const uint* axon = axons + AXON_ENTRY_PARTS * (CHUNK_ENTRY_FIRST(chunk) + bit);
    row.first = AXON_ENTRY_FIRST(axon);
    row.words = AXON_ENTRY_WORDS(axon);
    row.offset = AXON_ENTRY_OFFSET(axon);
    row.format = AXON_ENTRY_FORMAT(axon);
    row.segments = AXON_ENTRY_REPEATS(axon) + 1;
    jump = AXON_ENTRY_JUMP(axon);
    weight_jump = AXON_ENTRY_WEIGHT_JUMP(axon);
    shift = AXON_ENTRY_SHIFT(axon);
    negate = AXON_ENTRY_NEGATE(axon);
  } else {
    row.first = CHUNK_ENTRY_FIRST(chunk) + bit * CHUNK_ENTRY_STRIDE(chunk);
    row.words = CHUNK_ENTRY_WORDS(chunk);
    row.offset = CHUNK_ENTRY_OFFSET(chunk);
    row.format = CHUNK_ENTRY_FORMAT(chunk);
    row.segments = CHUNK_ENTRY_REPEATS(chunk) + 1;
    jump = CHUNK_ENTRY_JUMP(chunk);
    weight_jump = CHUNK_ENTRY_WEIGHT_JUMP(chunk);
    shift = CHUNK_ENTRY_SHIFT(chunk);
    negate = CHUNK_ENTRY_NEGATE(chunk);
  }
  row.pitch = row.words - 1 + jump;
  row.weight_pitch = row.words - 1 + weight_jump;
  row.factor = negate ? -(1 << shift) : 1 << shift;
  return row;
}

/* Words from the row's first to the one of a lane group; NO_WORD: it has none. Segments lie one behind the
   other. */
#define NO_WORD 0xffffffffu
uint word_of(const Row row, uint group) {
  uint at = group - row.offset; /* wraps where the row begins after this group */
  if (row.segments == 1 || at >= row.segments * row.pitch) return at < row.words ? at : NO_WORD;
  const uint segment = at / row.pitch;
  at -= segment * row.pitch;
  return at < row.words ? segment * row.weight_pitch + at : NO_WORD;
}

/* What half a number adds to the VEC lanes from `lane` on, where its chunk has the bits `mask`. */
intV number_of(global const uint* chunk, uint lane, uint mask) {
  const int mine = (int)CHUNK_ENTRY_FIRST(chunk) - (int)lane;
  return (IOTAV == (intV)mine) & (intV)(int)(mask << (CHUNK_BITS * CHUNK_ENTRY_HALF(chunk)));
}

/* One tick of one slice: walks the page's set bits, as the chip does. Size: (ticks, slices). */
kernel void walk(global const uint* chunks, global const uint* axons, global const uint* weights,
                     global const struct ClusterRecord* clusters, global const struct SliceRecord* slices,
                     global const struct PageRecord* page_table, global const ushort* pages, global int* sums,
                     uint first_slice, uint first_tick, uint last_tick, uint ticks, uint samples,
                     uint first_position, uint width) {
  const uint tick = first_tick + get_global_id(0);
  if (tick >= last_tick) return;
  const struct SliceRecord slice = slices[first_slice + get_global_id(1)];
  global const struct ClusterRecord* cluster = clusters + slice.cluster;
  const uint limit = cluster->limit[min(tick / samples, 15u)];
  intV sum = 0;
  for (uint n = 0; n < limit; ++n) {
    const struct PageRecord page = page_table[cluster->first_page + n];
    uint mask = pages[PAD + (size_t)page.stream * ticks + tick - page.delay * samples];
    global const uint* chunk = chunks + CHUNK_ENTRY_PARTS * (cluster->first_entry + n);
    if (CHUNK_ENTRY_VALUE(chunk)) {
      if (CHUNK_ENTRY_WORDS(chunk) && CHUNK_ENTRY_OFFSET(chunk) == slice.group)
        sum += number_of(chunk, slice.lane, mask);
      continue;
    }
    for (; mask != 0; mask &= mask - 1) {
      const Row row = row_of(chunk, axons + AXON_ENTRY_PARTS * cluster->row_base, lowest(mask));
      const uint word = word_of(row, slice.group);
      if (word == NO_WORD) continue;
      sum += row.factor * weights_of(weights + (size_t)cluster->weight_base * (LANES / 4), row.format,
                                     row.first + word, slice.lane);
    }
  }
  vstoreV(sum, 0,
          sums + (size_t)(tick - first_tick) * width + (cluster->position - first_position) +
              slice.group * LANES + slice.lane);
}

/* TICKS ticks of one slice: every weight row that some tick needs is read once and stands still while the
   ticks' bits pass it. Size: (tiles of TICKS ticks, slices). */
kernel void batch(global const uint* chunks, global const uint* axons, global const uint* weights,
                     global const struct ClusterRecord* clusters, global const struct SliceRecord* slices,
                     global const struct PageRecord* page_table, global const ushort* pages, global int* sums,
                     uint first_slice, uint first_tick, uint last_tick, uint ticks, uint samples,
                     uint first_position, uint width) {
  const uint tick = first_tick + TICKS * get_global_id(0);
  if (tick >= last_tick) return;
  const struct SliceRecord slice = slices[first_slice + get_global_id(1)];
  global const struct ClusterRecord* cluster = clusters + slice.cluster;
  uint limit[TICKS];
  uint most = 0;
  UNROLL for (uint t = 0; t < TICKS; ++t) {
    limit[t] = tick + t < last_tick ? cluster->limit[min((tick + t) / samples, 15u)] : 0;
    most = max(most, limit[t]);
  }
  intV sum[TICKS];
  UNROLL for (uint t = 0; t < TICKS; ++t) sum[t] = 0;
  for (uint n = 0; n < most; ++n) {
    const struct PageRecord page = page_table[cluster->first_page + n];
    /* A tile that begins before the delay has passed reads up to PAD chunks of the stream before, and
       drops them. */
    global const ushort* from = pages + (PAD + (size_t)page.stream * ticks + tick - page.delay * samples);
    uint mask[TICKS];
    uint any = 0;
    UNROLL for (uint t = 0; t < TICKS; ++t) {
      mask[t] = n < limit[t] ? from[t] : 0;
      any |= mask[t];
    }
    global const uint* chunk = chunks + CHUNK_ENTRY_PARTS * (cluster->first_entry + n);
    if (CHUNK_ENTRY_VALUE(chunk)) {
      if (CHUNK_ENTRY_WORDS(chunk) && CHUNK_ENTRY_OFFSET(chunk) == slice.group)
        UNROLL for (uint t = 0; t < TICKS; ++t) sum[t] += number_of(chunk, slice.lane, mask[t]);
      continue;
    }
    for (; any != 0; any &= any - 1) {
      const uint bit = lowest(any);
      const Row row = row_of(chunk, axons + AXON_ENTRY_PARTS * cluster->row_base, bit);
      const uint word = word_of(row, slice.group);
      if (word == NO_WORD) continue;
      const intV weight = row.factor * weights_of(weights + (size_t)cluster->weight_base * (LANES / 4),
                                                  row.format, row.first + word, slice.lane);
      UNROLL for (uint t = 0; t < TICKS; ++t) sum[t] += weight & -(int)(mask[t] >> bit & 1u);
    }
  }
  global int* to = sums + (size_t)(tick - first_tick) * width + (cluster->position - first_position) +
                   slice.group * LANES + slice.lane;
  UNROLL for (uint t = 0; t < TICKS; ++t)
    if (tick + t < last_tick) vstoreV(sum[t], 0, to + (size_t)t * width);
}
