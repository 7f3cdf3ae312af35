// The table of devices: opened by a string, listed for people.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "compiler/chip_model/link.hpp"

namespace spikeloom {

/// Opens a device by its string, "KIND" or "KIND:?key=value&key=value"; see devices() for the kinds.
/// Throws Error{kInput} for an unknown kind or key, Error{kDevice} when it cannot be opened.
[[nodiscard]] std::unique_ptr<Link> open_device(const std::string& device, const Chip& chip,
                                                const Progress& progress);

struct DeviceKind {
  std::string name;         ///< "model"
  std::string description;  ///< one line
  std::string options;      ///< "trace=FILE.fst", empty when there are none
  bool available = true;
  std::string reason;  ///< why not, and what would make it
};
[[nodiscard]] std::vector<DeviceKind> devices();

}  // namespace spikeloom
