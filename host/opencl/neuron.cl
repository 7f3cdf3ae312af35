/* The neurons' update, for every core that takes the neuron part; arithmetic:
   compiler/golden/int_network.hpp. */

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

/* One piece's update program for the steps first_step .. last_step - 1 of one sample; the first step that
   there are sums of is first_sum. */
void run_piece(const struct PieceRecord piece, global const uint* updates, global const uint* sets,
               global const int* biases, global const struct ClusterRecord* clusters,
               global const uint* lengths, global int* potentials, global int* currents,
               global const int* sums, global ushort* pages, uint first_sum, uint first_step,
               uint last_step, uint ticks, uint samples, uint first_position, uint width, uint positions,
               uint sample) {
  global const struct ClusterRecord* cluster = clusters + piece.cluster;
  const size_t state = (size_t)sample * positions + cluster->position + piece.state;
  const uint length = lengths[sample];
  const uint end = min(last_step, length);
  if (first_step >= end) return;
  const int16 bias_i = extend16(vload16(0, biases + cluster->first_bias + piece.position), BIAS_BITS);
  int16 old_v = 0, old_i = 0;
  if (first_step != 0 || piece.later) {
    old_v = vload16(0, potentials + state);
    if (CURRENT) old_i = vload16(0, currents + state);
  }
  for (uint step = first_step; step < end; ++step) {
    const uint tick = step * samples + sample;
    const int16 sum = extend16(vload16(0, sums + (size_t)(tick - first_sum * samples) * width +
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
   the pieces that join it; where others follow it, each step of all of them before the next one. Size:
   (samples, pieces). Every value stays within 32 bits: state and bias_i have at most 24, and a scaled sum
   that is cut to +-2^30 saturates as the whole one does. */
kernel void lif(global const uint* updates, global const uint* sets, global const int* biases,
                global const struct ClusterRecord* clusters, global const struct PieceRecord* pieces,
                global const uint* lengths, global int* potentials, global int* currents,
                global const int* sums, global ushort* pages, uint first_piece, uint first_step,
                uint last_step, uint ticks, uint samples, uint first_position, uint width, uint positions) {
  const uint sample = get_global_id(0);
  if (sample >= samples) return;
  uint at = first_piece + get_global_id(1);
  if (pieces[at].joins || pieces[at].follows) return;
  if (pieces[at + 1].follows) {
    for (uint step = first_step; step < last_step; ++step) {
      uint pass = at;
      do {
        run_piece(pieces[pass], updates, sets, biases, clusters, lengths, potentials, currents, sums, pages,
                  first_step, step, step + 1, ticks, samples, first_position, width, positions, sample);
      } while (pieces[++pass].follows);
    }
    return;
  }
  do {
    run_piece(pieces[at], updates, sets, biases, clusters, lengths, potentials, currents, sums, pages,
              first_step, first_step, last_step, ticks, samples, first_position, width, positions, sample);
  } while (pieces[++at].joins);
}
