// A link to a Verilated design in this process; verilator_device.hpp opens chips with it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "compiler/chip_model/link.hpp"
#include "host/device/verilator_build.hpp"

namespace spikeloom {

struct VerilatedLinkOptions {
  std::optional<std::string> trace;         ///< FST file; the library needs Waves::kOn
  std::optional<std::uint64_t> stall_seed;  ///< both streams pause at random inside the simulation
};

/// Loads the library, resets the design and returns a link to it.
/// Throws Error{kDevice} when the library cannot be loaded or the trace not written.
[[nodiscard]] std::unique_ptr<Link> open_verilated(const VerilatedLibrary& library, const std::string& name,
                                                   const VerilatedLinkOptions& options);

}  // namespace spikeloom
