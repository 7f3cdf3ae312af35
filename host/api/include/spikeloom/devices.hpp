// The devices of this build, and building one ahead of its use.
#pragma once

#include <string>
#include <vector>

#include <spikeloom/chip.hpp>
#include <spikeloom/export.hpp>
#include <spikeloom/progress.hpp>

namespace SPIKELOOM_API spikeloom {

/// A device is named "KIND" or "KIND:?key=value&key=value".
struct DeviceKind {
  std::string name;         ///< "model"
  std::string description;  ///< one line
  std::string options;      ///< "trace=FILE.fst", empty when there are none
  bool available = true;
  std::string reason;  ///< why not, and what would make it
};

[[nodiscard]] std::vector<DeviceKind> devices();

/// Verilates a chip before it is needed; returns what it is: "verilator (tile1, Verilator 5.006, ...)".
/// Throws Error{kDevice}: tools missing, or the build failed (the message names its log).
[[nodiscard]] std::string build_chip(const ChipFile& chip, const Progress& progress = {});

}  // namespace spikeloom
