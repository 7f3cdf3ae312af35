#include "host/device/verilator_device.hpp"

#include "host/device/verilator_build.hpp"
#include "host/device/verilator_link.hpp"

namespace spikeloom {

std::unique_ptr<Link> open_verilator(const Chip& chip, const VerilatorOptions& options,
                                     const Progress& progress) {
  VerilatedBuild build;
  build.assertions = options.assertions;
  build.threads = options.threads;
  build.tile_code = options.tile_code;
  build.waves = options.trace ? Waves::kOn : Waves::kOff;
  build.cache = default_cache();
  const VerilatedLibrary library = build_verilated(chip_design(chip), build, progress);
  return open_verilated(library, chip.name, {.trace = options.trace, .stall_seed = options.stall_seed});
}

}  // namespace spikeloom
