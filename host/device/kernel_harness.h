/* Interface of a Verilated kernel (rtl/shell): its control port, its clock, and memory behind its memory
 * port. C, so that it crosses dlopen whatever compiler built it. */
#ifndef SPIKELOOM_HOST_DEVICE_KERNEL_HARNESS_H_
#define SPIKELOOM_HOST_DEVICE_KERNEL_HARNESS_H_

#include <stddef.h>
#include <stdint.h>

#define SPIKELOOM_KERNEL_HARNESS_ABI 1

/* The library is built with hidden symbols; only these show. */
#define SPIKELOOM_HARNESS_EXPORT __attribute__((visibility("default")))

#ifdef __cplusplus
extern "C" {
#endif

/* Words of 8 bytes, lowest first, at multiples of 8. */
struct SpikeloomKernelMemory {
  void* owner;
  uint64_t (*read)(void* owner, uint64_t address);
  void (*write)(void* owner, uint64_t address, uint64_t word, uint8_t strobe);
};

struct SpikeloomKernelOptions {
  const char* trace;   /* an FST file to write, or null */
  uint64_t stall_seed; /* not 0: every channel of the memory port pauses at random, as a busy memory does */
  struct SpikeloomKernelMemory memory;
};

typedef int SpikeloomKernelAbi(void);
/* Null when the trace cannot be written or the library was built without tracing. */
typedef void* SpikeloomKernelCreate(const struct SpikeloomKernelOptions* options);
typedef void SpikeloomKernelDestroy(void* kernel);
/* These three return 0, or 1 when the kernel broke a rule of AXI or the RTL stopped itself: see error; the
 * kernel is then of no further use. */
typedef int SpikeloomKernelWrite(void* kernel, uint32_t offset, uint32_t value);
typedef int SpikeloomKernelRead(void* kernel, uint32_t offset, uint32_t* value);
typedef int SpikeloomKernelClock(void* kernel, uint64_t cycles);
typedef const char* SpikeloomKernelError(const void* kernel);

SPIKELOOM_HARNESS_EXPORT SpikeloomKernelAbi spikeloom_kernel_abi;
SPIKELOOM_HARNESS_EXPORT SpikeloomKernelCreate spikeloom_kernel_create;
SPIKELOOM_HARNESS_EXPORT SpikeloomKernelDestroy spikeloom_kernel_destroy;
SPIKELOOM_HARNESS_EXPORT SpikeloomKernelWrite spikeloom_kernel_write;
SPIKELOOM_HARNESS_EXPORT SpikeloomKernelRead spikeloom_kernel_read;
SPIKELOOM_HARNESS_EXPORT SpikeloomKernelClock spikeloom_kernel_clock;
SPIKELOOM_HARNESS_EXPORT SpikeloomKernelError spikeloom_kernel_error;

/* Takes the place of printf in the Verilated model (VL_PRINTF). */
int spikeloom_harness_print(const char* format, ...);

#ifdef __cplusplus
}
#endif
#endif
