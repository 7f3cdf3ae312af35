// Clocks a Verilated kernel (rtl/shell/spikeloom_kernel.sv): AXI4-Lite master on its control port, AXI4
// memory behind its memory port. Compiled by clang++ or g++ together with the model (verilator_build.cpp),
// never into Spikeloom itself.
//
// The memory answers bursts in order, each channel at its own pace, and stops the simulation where the kernel
// breaks a rule of AXI4 (ARM IHI 0022): valid and payload held until ready, INCR bursts of whole 8-byte words
// within 4 KiB, wlast on the last beat and no other.
#include "host/device/kernel_harness.h"

#include <deque>

#include "host/device/verilator_instance.h"

namespace {

constexpr int kResetClocks = 16;
constexpr int kLatency = 8;              // cycles from a request to its first answer
constexpr int kControlPatience = 10000;  // cycles for one access to the control port
constexpr std::size_t kOutstanding = 16;
constexpr std::uint64_t kPage = 4096;
constexpr unsigned kIncrement = 1, kEightBytes = 3;

struct Burst {
  std::uint64_t address;
  unsigned beats;
  std::uint64_t ready;  // cycle of the first answer
};

// The request channels' payload while valid stands without ready.
struct Held {
  bool standing = false;
  std::uint64_t address = 0, payload = 0;
};

struct Kernel : Instance {
  SpikeloomKernelMemory memory{};
  std::uint64_t random = 0;  // xorshift64 (Marsaglia 2003); 0: no pauses
  std::uint64_t cycle = 0;
  std::deque<Burst> reads, writes;    // accepted requests
  std::deque<std::uint64_t> answers;  // cycle from which each write's answer may come
  Held read_request, write_request, write_data;
  bool read_valid = false, write_answer = false;  // stand until taken
};

bool pausing(Kernel& kernel) {
  if (kernel.random == 0) return false;
  kernel.random ^= kernel.random << 13U;
  kernel.random ^= kernel.random >> 7U;
  kernel.random ^= kernel.random << 17U;
  return (kernel.random >> 60U) < 6;
}

void broken(const char* rule) { stop("AXI", __FILE__, __LINE__, rule); }

void check_held(Held& held, bool valid, bool ready, std::uint64_t address, std::uint64_t payload) {
  if (held.standing && (!valid || held.address != address || held.payload != payload))
    broken("a channel's valid or payload changed before it was taken");
  held = {valid && !ready, address, payload};
}

Burst request(Kernel& kernel, std::uint64_t address, unsigned length, unsigned size, unsigned burst) {
  const unsigned beats = length + 1;
  if (size != kEightBytes || burst != kIncrement || address % 8 != 0)
    broken("expected INCR bursts of whole 8-byte words");
  if (address / kPage != (address + 8ULL * beats - 1) / kPage) broken("a burst crosses a 4 KiB boundary");
  return {address, beats, kernel.cycle + kLatency};
}

// What the memory drives in this cycle.
void drive_memory(Kernel& kernel) {
  Vchip& top = *kernel.top;
  top.m_axi_gmem_arready = kernel.reads.size() < kOutstanding && !pausing(kernel);
  top.m_axi_gmem_awready = kernel.writes.size() < kOutstanding && !pausing(kernel);
  // Data may come before its address here; it is taken only when the address is known.
  top.m_axi_gmem_wready = !kernel.writes.empty() && !pausing(kernel);
  kernel.read_valid = kernel.read_valid || (!kernel.reads.empty() &&
                                            kernel.cycle >= kernel.reads.front().ready && !pausing(kernel));
  top.m_axi_gmem_rvalid = kernel.read_valid;
  top.m_axi_gmem_rresp = 0;
  top.m_axi_gmem_rdata =
      kernel.read_valid ? kernel.memory.read(kernel.memory.owner, kernel.reads.front().address) : 0;
  top.m_axi_gmem_rlast = kernel.read_valid && kernel.reads.front().beats == 1;
  kernel.write_answer = kernel.write_answer || (!kernel.answers.empty() &&
                                                kernel.cycle >= kernel.answers.front() && !pausing(kernel));
  top.m_axi_gmem_bvalid = kernel.write_answer;
  top.m_axi_gmem_bresp = 0;
}

// What is handed over at the end of this cycle.
void take_write_beat(Kernel& kernel) {
  const Vchip& top = *kernel.top;
  Burst& burst = kernel.writes.front();
  kernel.memory.write(kernel.memory.owner, burst.address, top.m_axi_gmem_wdata, top.m_axi_gmem_wstrb);
  if ((top.m_axi_gmem_wlast != 0) != (burst.beats == 1))
    broken("wlast is not on the last beat, or on another");
  burst.address += 8;
  if (--burst.beats != 0) return;
  kernel.answers.push_back(kernel.cycle + kLatency);
  kernel.writes.pop_front();
}

void take_memory(Kernel& kernel) {
  const Vchip& top = *kernel.top;
  check_held(kernel.read_request, top.m_axi_gmem_arvalid, top.m_axi_gmem_arready, top.m_axi_gmem_araddr,
             top.m_axi_gmem_arlen);
  check_held(kernel.write_request, top.m_axi_gmem_awvalid, top.m_axi_gmem_awready, top.m_axi_gmem_awaddr,
             top.m_axi_gmem_awlen);
  check_held(kernel.write_data, top.m_axi_gmem_wvalid, top.m_axi_gmem_wready, top.m_axi_gmem_wdata,
             top.m_axi_gmem_wstrb | static_cast<unsigned>(top.m_axi_gmem_wlast) << 8U);
  if (top.m_axi_gmem_rvalid && top.m_axi_gmem_rready) {
    kernel.read_valid = false;
    kernel.reads.front().address += 8;
    if (--kernel.reads.front().beats == 0) kernel.reads.pop_front();
  }
  if (top.m_axi_gmem_bvalid && top.m_axi_gmem_bready) {
    kernel.write_answer = false;
    kernel.answers.pop_front();
  }
  if (top.m_axi_gmem_wvalid && top.m_axi_gmem_wready) take_write_beat(kernel);
  if (top.m_axi_gmem_arvalid && top.m_axi_gmem_arready)
    kernel.reads.push_back(request(kernel, top.m_axi_gmem_araddr, top.m_axi_gmem_arlen, top.m_axi_gmem_arsize,
                                   top.m_axi_gmem_arburst));
  if (top.m_axi_gmem_awvalid && top.m_axi_gmem_awready)
    kernel.writes.push_back(request(kernel, top.m_axi_gmem_awaddr, top.m_axi_gmem_awlen,
                                    top.m_axi_gmem_awsize, top.m_axi_gmem_awburst));
}

// First half of a clock cycle: everybody's outputs settle, none is taken yet.
void settle(Kernel& kernel) {
  drive_memory(kernel);
  kernel.top->ap_clk = 0;
  evaluate(kernel);
}

void edge(Kernel& kernel) {
  take_memory(kernel);
  kernel.top->ap_clk = 1;
  evaluate(kernel);
  ++kernel.cycle;
}

}  // namespace

int spikeloom_kernel_abi(void) { return SPIKELOOM_KERNEL_HARNESS_ABI; }

void* spikeloom_kernel_create(const SpikeloomKernelOptions* options) {
  auto kernel = std::make_unique<Kernel>();
  const Current scope(kernel.get());
  kernel->memory = options->memory;
  kernel->random = options->stall_seed * 0x9e3779b97f4a7c15ULL;
  if (!make_top(*kernel, options->trace)) return nullptr;
  Vchip& top = *kernel->top;
  top.ap_rst_n = 0;
  top.s_axi_control_awvalid = 0;
  top.s_axi_control_wvalid = 0;
  top.s_axi_control_bready = 0;
  top.s_axi_control_arvalid = 0;
  top.s_axi_control_rready = 0;
  top.m_axi_gmem_arready = 0;
  top.m_axi_gmem_awready = 0;
  top.m_axi_gmem_wready = 0;
  top.m_axi_gmem_rvalid = 0;
  top.m_axi_gmem_bvalid = 0;
  for (int i = 0; i < 2 * kResetClocks; ++i) {
    top.ap_clk = static_cast<CData>(i % 2);
    evaluate(*kernel);
  }
  top.ap_rst_n = 1;
  return kernel.release();
}

void spikeloom_kernel_destroy(void* opaque) {
  auto* const kernel = static_cast<Kernel*>(opaque);
  const Current scope(kernel);
  finish(*kernel);
  delete kernel;
}

int spikeloom_kernel_write(void* opaque, uint32_t offset, uint32_t value) {
  Kernel& kernel = *static_cast<Kernel*>(opaque);
  const Current scope(&kernel);
  Vchip& top = *kernel.top;
  bool address_taken = false, data_taken = false, answered = false;
  top.s_axi_control_awaddr = static_cast<SData>(offset);
  top.s_axi_control_wdata = value;
  top.s_axi_control_wstrb = 0xf;
  for (int i = 0; i < kControlPatience && !kernel.stopped && !answered; ++i) {
    top.s_axi_control_awvalid = !address_taken;
    top.s_axi_control_wvalid = !data_taken;
    top.s_axi_control_bready = 1;
    settle(kernel);
    address_taken = address_taken || top.s_axi_control_awready;
    data_taken = data_taken || top.s_axi_control_wready;
    answered = top.s_axi_control_bvalid;
    if (answered && top.s_axi_control_bresp != 0) broken("a write of the control port is not OKAY");
    edge(kernel);
  }
  top.s_axi_control_awvalid = 0;
  top.s_axi_control_wvalid = 0;
  top.s_axi_control_bready = 0;
  if (!answered) broken("the control port does not answer a write");
  return kernel.stopped ? 1 : 0;
}

int spikeloom_kernel_read(void* opaque, uint32_t offset, uint32_t* value) {
  Kernel& kernel = *static_cast<Kernel*>(opaque);
  const Current scope(&kernel);
  Vchip& top = *kernel.top;
  bool address_taken = false, answered = false;
  top.s_axi_control_araddr = static_cast<SData>(offset);
  for (int i = 0; i < kControlPatience && !kernel.stopped && !answered; ++i) {
    top.s_axi_control_arvalid = !address_taken;
    top.s_axi_control_rready = 1;
    settle(kernel);
    address_taken = address_taken || top.s_axi_control_arready;
    answered = top.s_axi_control_rvalid;
    *value = top.s_axi_control_rdata;
    if (answered && top.s_axi_control_rresp != 0) broken("a read of the control port is not OKAY");
    edge(kernel);
  }
  top.s_axi_control_arvalid = 0;
  top.s_axi_control_rready = 0;
  if (!answered) broken("the control port does not answer a read");
  return kernel.stopped ? 1 : 0;
}

int spikeloom_kernel_clock(void* opaque, uint64_t cycles) {
  Kernel& kernel = *static_cast<Kernel*>(opaque);
  const Current scope(&kernel);
  for (; cycles > 0 && !kernel.stopped; --cycles) {
    settle(kernel);
    edge(kernel);
  }
  return kernel.stopped ? 1 : 0;
}

const char* spikeloom_kernel_error(const void* opaque) {
  return static_cast<const Kernel*>(opaque)->error.c_str();
}
