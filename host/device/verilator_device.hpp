// The RTL as a device: one shared library per chip, built on demand by Verilator and cached.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "compiler/chip/chip.hpp"
#include "compiler/chip_model/link.hpp"
#include "host/device/verilator_build.hpp"

namespace spikeloom {

struct VerilatorOptions {
  std::optional<std::string> trace;               ///< FST file to write; needs a library built with tracing
  RtlAssertions assertions = RtlAssertions::kOn;  ///< off only to measure speed
  unsigned threads = 1;                           ///< that evaluate the chip
  TileCode tile_code = TileCode::kAuto;
  std::optional<std::uint64_t>
      stall_seed;  ///< the chip's streams pause at random, as behind a slow transport
};

/// Builds the chip's library unless the cache has it, loads it and resets the chip.
/// Throws Error{kDevice} with the log's place when Verilator or the compiler fails.
[[nodiscard]] std::unique_ptr<Link> open_verilator(const Chip& chip, const VerilatorOptions& options,
                                                   const Progress& progress);

}  // namespace spikeloom
