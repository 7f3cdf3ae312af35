#include "host/emulation/rtl_kernel.hpp"

#include "compiler/base/error.hpp"
#include "host/device/kernel_harness.h"
#include "host/device/loaded_library.hpp"
#include "spikeloom_hw.hpp"

namespace spikeloom::emulation {
namespace {

std::uint64_t read_memory(void* owner, std::uint64_t address) {
  return static_cast<SparseMemory*>(owner)->read_word(address);
}
void write_memory(void* owner, std::uint64_t address, std::uint64_t word, std::uint8_t strobe) {
  static_cast<SparseMemory*>(owner)->write_word(address, word, strobe);
}

class RtlKernel final : public KernelModel {
 public:
  RtlKernel(const std::string& library, SparseMemory& memory, std::uint64_t stall_seed)
      : library_(library, "spikeloom_kernel_abi", SPIKELOOM_KERNEL_HARNESS_ABI),
        write_(library_.symbol<SpikeloomKernelWrite>("spikeloom_kernel_write")),
        read_(library_.symbol<SpikeloomKernelRead>("spikeloom_kernel_read")),
        clock_(library_.symbol<SpikeloomKernelClock>("spikeloom_kernel_clock")),
        error_(library_.symbol<SpikeloomKernelError>("spikeloom_kernel_error")),
        destroy_(library_.symbol<SpikeloomKernelDestroy>("spikeloom_kernel_destroy")) {
    const SpikeloomKernelOptions options{nullptr, stall_seed, {&memory, read_memory, write_memory}};
    kernel_ = library_.symbol<SpikeloomKernelCreate>("spikeloom_kernel_create")(&options);
    if (kernel_ == nullptr) throw device_error(library + ": the kernel cannot be made");
  }
  ~RtlKernel() override { destroy_(kernel_); }
  RtlKernel(const RtlKernel&) = delete;
  RtlKernel& operator=(const RtlKernel&) = delete;

  void write_register(std::uint32_t offset, std::uint32_t value) override {
    require(write_(kernel_, offset, value));
    if (offset == hw::kKernelRegisterControl && (value >> hw::kKernelControlStart & 1U) != 0) running_ = true;
  }
  std::uint32_t read_register(std::uint32_t offset) override {
    std::uint32_t value = 0;
    require(read_(kernel_, offset, &value));
    if (offset == hw::kKernelRegisterControl && (value >> hw::kKernelControlIdle & 1U) != 0) running_ = false;
    return value;
  }
  /// The kernel is taken to work from a start until a host reads that it is idle.
  bool clock(std::uint64_t cycles) override {
    if (running_) require(clock_(kernel_, cycles));
    return running_;
  }

 private:
  void require(int failed) const {
    if (failed != 0) throw device_error(std::string("emulated kernel: ") + error_(kernel_));
  }

  LoadedLibrary library_;
  SpikeloomKernelWrite* write_;
  SpikeloomKernelRead* read_;
  SpikeloomKernelClock* clock_;
  SpikeloomKernelError* error_;
  SpikeloomKernelDestroy* destroy_;
  void* kernel_ = nullptr;
  bool running_ = false;
};

}  // namespace

std::unique_ptr<KernelModel> load_rtl_kernel(const std::string& library, SparseMemory& memory,
                                             std::uint64_t stall_seed) {
  return std::make_unique<RtlKernel>(library, memory, stall_seed);
}

}  // namespace spikeloom::emulation
