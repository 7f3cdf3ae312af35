// The card's kernel as XRT sees it: names, registers and arguments, from rtl/hardware.toml.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace spikeloom::emulation {

struct KernelArgument {
  std::string name;
  std::uint32_t offset = 0;  ///< in the control port
  std::uint32_t bytes = 0;
  bool global = false;  ///< an address on the memory port; else a value
};

struct KernelInterface {
  std::string name, control_port, memory_port;
  std::uint32_t memory_bits = 64;         ///< data width of the memory port
  std::vector<KernelArgument> arguments;  ///< by number
};

/// The one that the RTL of this program's description has.
[[nodiscard]] KernelInterface kernel_interface();

}  // namespace spikeloom::emulation
