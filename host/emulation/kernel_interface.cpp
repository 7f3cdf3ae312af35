#include "host/emulation/kernel_interface.hpp"

namespace spikeloom::emulation {

KernelInterface kernel_interface() {
  return {.name = "spikeloom_kernel",
          .control_port = "s_axi_control",
          .memory_port = "m_axi_gmem",
          .memory_bits = 64,
          .arguments = {{"commands", 0x10, 8, true},
                        {"results", 0x1c, 8, true},
                        {"command_words", 0x28, 4, false},
                        {"result_words", 0x30, 4, false},
                        {"quiet_cycles", 0x38, 4, false}}};
}

}  // namespace spikeloom::emulation
