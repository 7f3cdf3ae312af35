// "KIND" or "KIND:?key=value&key=value", taken apart.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace spikeloom {

struct DeviceString {
  std::string kind;
  std::map<std::string, std::string> options;
};

/// Throws Error{kInput} for any other form.
[[nodiscard]] DeviceString parse_device(const std::string& device);

/// Throws Error{kInput} for a key that is not in `known`, and lists those.
void refuse_unknown(const DeviceString& device, const std::vector<std::string>& known);

}  // namespace spikeloom
