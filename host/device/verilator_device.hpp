// The RTL as a device: one shared library per chip, built on demand by Verilator and cached.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "compiler/chip/chip.hpp"
#include "host/device/link.hpp"

namespace spikeloom {

struct VerilatorOptions {
  std::optional<std::string> trace;  ///< FST file to write; needs a library built with tracing
};

/// Builds the chip's library unless the cache has it, loads it and resets the chip.
/// Throws Error{kDevice} with the log's place when Verilator or the compiler fails.
[[nodiscard]] std::unique_ptr<Link> open_verilator(const Chip& chip, const VerilatorOptions& options,
                                                   const Progress& progress);

}  // namespace spikeloom
