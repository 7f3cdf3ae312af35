// Runs an unmodified host program against an emulated card: stock XRT libraries, a device server of ours.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include <spikeloom/export.hpp>
#include <spikeloom/progress.hpp>

namespace spikeloom {
namespace SPIKELOOM_API emulation {

/// What stands behind the kernel's registers: the Verilated rtl/shell, or the `model` device.
enum class KernelKind { kRtl, kModel };

/// What the card holds and how it behaves.
struct EmulationOptions {
  std::string chip_file;
  KernelKind kernel = KernelKind::kRtl;
  std::uint64_t stall_seed = 0;          ///< not 0: the card's memory pauses at random
  std::chrono::seconds time_limit{600};  ///< of the host program, start to end
};

/// Where the emulation xclbin will be: "{xclbin}" in a word of the command stands for the path.
///
/// Runs `command` (a program's path and its arguments) in a process group and a folder of its own and returns
/// its exit code. The folder, with everybody's sockets and XRT's files, is gone afterwards.
/// Throws Error{kInput} for a command whose program cannot be started, before anything is built;
/// Error{kDevice}: no XRT, a build that failed, a device server that died, a host that was killed or took too
/// long.
[[nodiscard]] int run_emulated(std::vector<std::string> command, const EmulationOptions& options,
                               const Progress& progress);

}  // namespace emulation
}  // namespace spikeloom
