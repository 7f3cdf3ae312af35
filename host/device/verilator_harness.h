/* The seam between this process and a Verilated chip in a shared library: plain C, no neurons.
 * Both sides include it: verilator_link.cpp calls it, verilator_harness.cpp in the library implements it. */
#ifndef SPIKELOOM_HOST_DEVICE_VERILATOR_HARNESS_H_
#define SPIKELOOM_HOST_DEVICE_VERILATOR_HARNESS_H_

#include <stddef.h>
#include <stdint.h>

#define SPIKELOOM_HARNESS_ABI 1

#ifdef __cplusplus
extern "C" {
#endif

/* One call's work. The harness clocks the chip until max_clocks are done, or the chip is idle with
 * no word left to offer, or a word leaves and there is no room for it and nothing else moves. */
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

typedef int SpikeloomHarnessAbi(void);
/* trace: an FST file to write, or null; a library built without tracing returns null for a file. */
typedef void* SpikeloomHarnessCreate(const char* trace);
typedef void SpikeloomHarnessDestroy(void* chip);
/* 0, or 1 when the RTL stopped itself: see error; the chip is then of no further use. */
typedef int SpikeloomHarnessRunFunction(void* chip, struct SpikeloomHarnessRun* run);
typedef const char* SpikeloomHarnessError(const void* chip);

SpikeloomHarnessAbi spikeloom_harness_abi;
SpikeloomHarnessCreate spikeloom_harness_create;
SpikeloomHarnessDestroy spikeloom_harness_destroy;
SpikeloomHarnessRunFunction spikeloom_harness_run;
SpikeloomHarnessError spikeloom_harness_error;

#ifdef __cplusplus
}
#endif
#endif
