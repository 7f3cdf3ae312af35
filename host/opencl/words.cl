/* What kernels of every core share: vectors of neighbouring lanes, and weights as they stand in a memory
   word.

   Kernels are built for one kind of tile, with ACC_BITS, STATE_BITS, BIAS_BITS, LIF_LANES, CURRENT of it,
   TICKS (ticks of a work-item that passes several) and LANES: the weights of 8 bits in a memory word. Before
   this text stand spikeloom_hw.cl (field accessors) and records.h, behind it the core's kernels and
   neuron.cl.

   A tick is one step of one sample: tick = step * samples + sample. pages[PAD + stream * ticks + tick] is a
   stream's chunk; streams are the host's chunks, then every cluster's output chunks, then one that is always
   empty. sums holds the ticks of a launch only, each with `width` positions from `first_position` on.

   All kernels of a core that add up weights have the same arguments. */

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

uint lowest(uint mask) { return 31u - clz(mask & -mask); }
