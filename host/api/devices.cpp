#include <spikeloom/devices.hpp>

#include "compiler/chip/chip.hpp"
#include "host/device/verilator_device.hpp"

namespace spikeloom {

std::string build_chip(const ChipFile& chip, const Progress& progress) {
  return open_verilator(chip.value(), {}, progress)->describe();
}

}  // namespace spikeloom
