// The table of devices: opened by a string, listed for people.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <spikeloom/devices.hpp>

#include "compiler/chip_model/link.hpp"

namespace spikeloom {

/// Opens a device by its string, "KIND" or "KIND:?key=value&key=value"; see devices() for the kinds.
/// Throws Error{kInput} for an unknown kind or key, Error{kDevice} when it cannot be opened.
[[nodiscard]] std::unique_ptr<Link> open_device(const std::string& device, const Chip& chip,
                                                const Progress& progress);

}  // namespace spikeloom
