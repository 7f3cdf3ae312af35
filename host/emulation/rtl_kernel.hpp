// The card's kernel as RTL: a Verilated library (kernel_design) with the server's memory behind its memory
// port.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "host/emulation/kernel_model.hpp"
#include "host/emulation/memory.hpp"

namespace spikeloom::emulation {

/// Loads the library and resets the kernel. `stall_seed` not 0: the memory pauses at random.
/// Throws Error{kDevice} when the library cannot be loaded.
[[nodiscard]] std::unique_ptr<KernelModel> load_rtl_kernel(const std::string& library, SparseMemory& memory,
                                                           std::uint64_t stall_seed);

}  // namespace spikeloom::emulation
