#include "host/emulation/kernel_interface.hpp"

#include "spikeloom_hw.hpp"

namespace spikeloom::emulation {

KernelInterface kernel_interface() {
  KernelInterface kernel{.name = std::string(hw::kKernelName),
                         .control_port = std::string(hw::kKernelControlPort),
                         .memory_port = std::string(hw::kKernelMemoryPort),
                         .memory_bits = hw::kKernelMemoryBits,
                         .arguments = {}};
  for (const hw::KernelArgument& argument : hw::kKernelArguments)
    kernel.arguments.push_back(
        {std::string(argument.name), argument.offset, argument.bytes, argument.is_global});
  return kernel;
}

}  // namespace spikeloom::emulation
