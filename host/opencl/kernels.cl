/* Crossbar, systolic and LIF kernels. They read the memories of the image's tiles as the chip does
   (docs/protocol.md, section 7) and pages as masks of 16 axons; arithmetic: compiler/golden/int_network.hpp.

   Built with LANES, LIF_LANES, ACC_BITS, STATE_BITS, BIAS_BITS, CURRENT of the chip, TICKS of a systolic
   tile, after spikeloom_hw.cl (field accessors) and records.h.

   A tick is one step of one sample: tick = step * samples + sample. pages[PAD + stream * ticks + tick] is a
   stream's chunk; streams are the host's chunks, then every cluster's output chunks, then one that is always
   empty. sums holds the ticks of a launch only, each with `width` positions from `first_position` on. */

#if LANES % 16 == 0
#define VEC 16
#define HALF 8
#elif LANES % 8 == 0
#define VEC 8
#define HALF 4
#else
#define VEC 4
#define HALF 2
#endif
#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)
#define intV JOIN(int, VEC)
#define convert_intV JOIN(convert_int, VEC)
#define vloadV JOIN(vload, VEC)
#define vstoreV JOIN(vstore, VEC)
#define PAD TICKS
/* Without it the ticks' sums would stay in memory. */
#define UNROLL _Pragma("unroll")

#define IOTA4 0, 1, 2, 3
#define IOTA8 IOTA4, 4, 5, 6, 7
#define IOTA16 IOTA8, 8, 9, 10, 11, 12, 13, 14, 15
#define IOTAV ((intV)(JOIN(IOTA, VEC)))

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

/* VEC weights of logical word `word` from lane `lane` on. VEC weights of at most 32 bits never cross a part:
   their first bit is a multiple of their number of bits. */
intV weights_of(global const uint* weights, uint format, uint word, uint lane) {
  global const uint* memory_word = weights + (size_t)(word >> format) * (LANES / 4);
  if (format == FORMAT_W8) return convert_intV(vloadV(0, (global const char*)memory_word + lane));
  const uint bits = 8u >> format;
  const uint bit = ((word & ((1u << format) - 1u)) * LANES + lane) * bits;
  const int raw = (int)(memory_word[bit / 32] >> (bit % 32));
  if (format == FORMAT_W4) {
#if VEC == 16
    const int8 low = (int8)raw, high = (int8)(int)memory_word[bit / 32 + 1];
    const int8 up = 28 - 4 * (int8)(IOTA8);
    return (int16)((low << up) >> 28, (high << up) >> 28);
#else
    return ((intV)raw << (28 - 4 * IOTAV)) >> 28;
#endif
  }
  if (format == FORMAT_W2) return ((intV)raw << (30 - 2 * IOTAV)) >> 30;
  return 1 - 2 * (((intV)raw >> IOTAV) & 1);
}

/* What half a number adds to the VEC lanes from `lane` on, where its chunk has the bits `mask`. */
intV number_of(global const uint* chunk, uint lane, uint mask) {
  const int mine = (int)CHUNK_ENTRY_FIRST(chunk) - (int)lane;
  return (IOTAV == (intV)mine) & (intV)(int)(mask << (CHUNK_BITS * CHUNK_ENTRY_HALF(chunk)));
}

uint lowest(uint mask) { return 31u - clz(mask & -mask); }

/* One tick of one slice: walks the page's set bits, as the chip does. Size: (ticks, slices). */
kernel void crossbar(global const uint* chunks, global const uint* axons, global const uint* weights,
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
    global const uint* chunk = chunks + CHUNK_ENTRY_PARTS * (cluster->first_chunk + n);
    if (CHUNK_ENTRY_VALUE(chunk)) {
      if (CHUNK_ENTRY_WORDS(chunk) && CHUNK_ENTRY_OFFSET(chunk) == slice.group)
        sum += number_of(chunk, slice.lane, mask);
      continue;
    }
    for (; mask != 0; mask &= mask - 1) {
      const Row row = row_of(chunk, axons + AXON_ENTRY_PARTS * cluster->axon_base, lowest(mask));
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
kernel void systolic(global const uint* chunks, global const uint* axons, global const uint* weights,
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
    global const uint* chunk = chunks + CHUNK_ENTRY_PARTS * (cluster->first_chunk + n);
    if (CHUNK_ENTRY_VALUE(chunk)) {
      if (CHUNK_ENTRY_WORDS(chunk) && CHUNK_ENTRY_OFFSET(chunk) == slice.group)
        UNROLL for (uint t = 0; t < TICKS; ++t) sum[t] += number_of(chunk, slice.lane, mask[t]);
      continue;
    }
    for (; any != 0; any &= any - 1) {
      const uint bit = lowest(any);
      const Row row = row_of(chunk, axons + AXON_ENTRY_PARTS * cluster->axon_base, bit);
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

#define TOP ((1 << (STATE_BITS - 1)) - 1)
int16 saturate(int16 x) { return clamp(x, (int16)(-TOP - 1), (int16)TOP); }
int extend(uint value, uint bits) { return (int)(value << (32 - bits)) >> (32 - bits); }
int16 extend16(int16 value, uint bits) { return (value << (int16)(32 - bits)) >> (int16)(32 - bits); }

/* trunc0(x * k / 4096) in 32 bits: with |x| = 4096 h + l it is h * k + l * k / 4096, and l * k < 2^24. */
int16 decay(int16 x, int k) {
  const int16 size = as_int16(abs(x));
  const int16 kept = (size >> 12) * k + (((size & 4095) * k) >> 12);
  return select(kept, -kept, x < 0);
}

/* Bit n of the result is bit 31 of x's element n. */
uint gather(int16 x) {
  const int16 bits = (x >> 31) & ((int16)1 << (int16)(IOTA16));
  const int8 a = bits.lo | bits.hi;
  const int4 b = a.lo | a.hi;
  const int2 c = b.lo | b.hi;
  return (uint)(c.x | c.y);
}

/* One piece's update program for the steps first_step .. last_step - 1 of one sample. */
void run_piece(const struct PieceRecord piece, global const uint* updates, global const uint* sets,
               global const int* biases, global const struct ClusterRecord* clusters,
               global const uint* lengths, global int* potentials, global int* currents,
               global const int* sums, global ushort* pages, uint first_step, uint last_step, uint ticks,
               uint samples, uint first_position, uint width, uint positions, uint sample) {
  global const struct ClusterRecord* cluster = clusters + piece.cluster;
  const size_t state = (size_t)sample * positions + cluster->position + piece.position;
  const uint length = lengths[sample];
  const uint end = min(last_step, length);
  if (first_step >= end) return;
  const int16 bias_i = extend16(vload16(0, biases + cluster->first_bias + piece.position), BIAS_BITS);
  int16 old_v = 0, old_i = 0;
  if (first_step != 0) {
    old_v = vload16(0, potentials + state);
    if (CURRENT) old_i = vload16(0, currents + state);
  }
  for (uint step = first_step; step < end; ++step) {
    const uint tick = step * samples + sample;
    const int16 sum = extend16(vload16(0, sums + (size_t)(tick - first_step * samples) * width +
                                              (cluster->position - first_position) + piece.position),
                               ACC_BITS);
    const bool push = !cluster->last_only || step + 1 == length;
    int16 new_v = old_v, new_i = old_i;
    uint spikes = 0;
    for (uint n = 0; n < piece.updates; ++n) {
      global const uint* entry = updates + UPDATE_ENTRY_PARTS * (piece.first_update + n);
      global const uint* set = sets + SET_ENTRY_PARTS * (cluster->set_base + UPDATE_ENTRY_SET(entry));
      const uint group = UPDATE_ENTRY_GROUP(entry);
      const uint first_lane = group * LIF_LANES % CHUNK_BITS;
      const int scale = SET_ENTRY_SCALE(set);
      const int16 kept = CURRENT ? decay(old_i, SET_ENTRY_ALPHA(set)) : (int16)0;
      const int most = (1 << 30) >> scale;
      const int16 i = saturate(kept + (clamp(sum, (int16)-most, (int16)most) << (int16)scale) + bias_i);
      const int16 v =
          saturate(decay(old_v, SET_ENTRY_BETA(set)) + i + extend(SET_ENTRY_BIAS_V(set), STATE_BITS));
      const int16 keep = -(((int16)(int)(UPDATE_ENTRY_MASK(entry) << first_lane) >> (int16)(IOTA16)) & 1);
      int16 after = v;
      if (!cluster->readout) {
        const int theta = extend(SET_ENTRY_THETA(set), STATE_BITS);
        const int16 spike = v > theta;
        const int v_reset = extend(SET_ENTRY_V_RESET(set), STATE_BITS);
        const int16 reset = SET_ENTRY_SUBTRACT(set) ? saturate(v - v_reset) : (int16)v_reset;
        after = select(v, reset, spike);
        spikes |= gather(spike & keep);
      } else if (push) {
        int values[16];
        vstore16(v, 0, values);
        const uint lane = UPDATE_ENTRY_LANE(entry), half_ = UPDATE_ENTRY_HALF(entry);
        pages[PAD + (size_t)(cluster->out + piece.chunk + n) * ticks + tick] =
            (ushort)((uint)values[first_lane + lane] >> (CHUNK_BITS * half_));
      }
      new_v = select(new_v, after, keep);
      if (CURRENT) new_i = select(new_i, i, keep);
    }
    if (!cluster->readout) {
      global ushort* out = pages + PAD + (size_t)(cluster->out + piece.chunk) * ticks + tick;
      *out = (ushort)(piece.joins ? *out | spikes : spikes);
    }
    old_v = new_v;
    old_i = new_i;
  }
  vstore16(old_v, 0, potentials + state);
  if (CURRENT) vstore16(old_i, 0, currents + state);
}

/* Runs a piece's update program for the steps first_step .. last_step - 1 of one sample, and then those of
   the pieces that join it. Size: (samples, pieces). Every value stays within 32 bits: state and bias_i have
   at most 24, and a scaled sum that is cut to +-2^30 saturates as the whole one does. */
kernel void lif(global const uint* updates, global const uint* sets, global const int* biases,
                global const struct ClusterRecord* clusters, global const struct PieceRecord* pieces,
                global const uint* lengths, global int* potentials, global int* currents,
                global const int* sums, global ushort* pages, uint first_piece, uint first_step,
                uint last_step, uint ticks, uint samples, uint first_position, uint width, uint positions) {
  const uint sample = get_global_id(0);
  if (sample >= samples) return;
  uint at = first_piece + get_global_id(1);
  if (pieces[at].joins) return;
  do {
    run_piece(pieces[at], updates, sets, biases, clusters, lengths, potentials, currents, sums, pages,
              first_step, last_step, ticks, samples, first_position, width, positions, sample);
  } while (pieces[++at].joins);
}
