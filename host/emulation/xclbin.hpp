// The file that XRT loads, for emulation only: no bitstream, but memories, the kernel's place and its
// description.
#pragma once

#include <cstdint>
#include <string>

#include "host/emulation/kernel_interface.hpp"
#include "host/emulation/rpc.hpp"

namespace spikeloom::emulation {

constexpr std::uint64_t kKernelBase = 0x1800000;     ///< control port of the kernel
constexpr std::uint64_t kMemoryKilobytes = 1 << 22;  ///< one bank from address 0

/// `project/platform/device/core/kernel`, as a Vitis build embeds it. `project` names XRT's log files.
[[nodiscard]] std::string embedded_metadata(const KernelInterface& kernel, const std::string& project);

/// Same description and project, same bytes.
[[nodiscard]] Bytes emulation_xclbin(const KernelInterface& kernel, const std::string& project);

/// emconfig.json: two cards of this device name; read by XRT instead of looking for real cards.
[[nodiscard]] std::string emconfig(const std::string& device);

/// xrt.ini: `simulation` is the folder with simulate.sh, which starts the device server.
///
/// Its first entry makes the first message the largest: XRT 2.13 as Debian builds it loses the result of
/// realloc, so that a later, larger message would be written past the end of its buffer.
[[nodiscard]] std::string xrt_ini(const std::string& simulation);

}  // namespace spikeloom::emulation
