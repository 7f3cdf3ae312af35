/* The seam between this process and a Verilated chip in a shared library: plain C, no neurons.
 * Both sides include it: verilator_link.cpp calls it, verilator_harness.cpp in the library implements it. */
#ifndef SPIKELOOM_HOST_DEVICE_VERILATOR_HARNESS_H_
#define SPIKELOOM_HOST_DEVICE_VERILATOR_HARNESS_H_

#include <stddef.h>
#include <stdint.h>

#define SPIKELOOM_HARNESS_ABI 1

/* The library is built with hidden symbols; only these show. */
#define SPIKELOOM_HARNESS_EXPORT __attribute__((visibility("default")))

#ifdef __cplusplus
extern "C" {
#endif

/* One call's work. The harness clocks the chip until max_clocks are done, or the chip is idle and
 * no word is left to offer, or the chip offers a word for which there is no room. */
struct SpikeloomHarnessRun {
  const uint64_t* in; /* words offered */
  size_t in_count;
  size_t in_taken; /* out: how many the chip took, from the front */
  uint64_t* out;   /* room for words from the chip */
  size_t out_room;
  size_t out_filled;   /* out */
  uint64_t max_clocks; /* at most this many clock cycles */
  uint64_t clocks;     /* out: clock cycles evaluated */
  int idle;            /* out: 1 when nothing changes without another word from the host */
};

struct SpikeloomHarnessOptions {
  const char* trace;   /* an FST file to write, or null */
  uint64_t stall_seed; /* not 0: in_valid_i and out_ready_i pause at random, as a slow transport's do */
};

typedef int SpikeloomHarnessAbi(void);
/* Null when the trace cannot be written or the library was built without tracing. */
typedef void* SpikeloomHarnessCreate(const struct SpikeloomHarnessOptions* options);
typedef void SpikeloomHarnessDestroy(void* chip);
/* 0, or 1 when the RTL stopped itself: see error; the chip is then of no further use. */
typedef int SpikeloomHarnessRunFunction(void* chip, struct SpikeloomHarnessRun* run);
typedef const char* SpikeloomHarnessError(const void* chip);

SPIKELOOM_HARNESS_EXPORT SpikeloomHarnessAbi spikeloom_harness_abi;
SPIKELOOM_HARNESS_EXPORT SpikeloomHarnessCreate spikeloom_harness_create;
SPIKELOOM_HARNESS_EXPORT SpikeloomHarnessDestroy spikeloom_harness_destroy;
SPIKELOOM_HARNESS_EXPORT SpikeloomHarnessRunFunction spikeloom_harness_run;
SPIKELOOM_HARNESS_EXPORT SpikeloomHarnessError spikeloom_harness_error;

/* Takes the place of printf in the Verilated model (VL_PRINTF). */
int spikeloom_harness_print(const char* format, ...);

#ifdef __cplusplus
}
#endif
#endif
