#include "host/device/device_string.hpp"

#include <algorithm>

#include "compiler/base/error.hpp"

namespace spikeloom {

DeviceString parse_device(const std::string& device) {
  DeviceString parsed;
  const std::size_t colon = device.find(':');
  parsed.kind = device.substr(0, colon);
  if (colon == std::string::npos) return parsed;
  std::string rest = device.substr(colon + 1);
  if (rest.empty() || rest.front() != '?')
    throw input_error("device \"" + device + "\": expected " + parsed.kind + " or " + parsed.kind +
                      ":?key=value&key=value");
  rest.erase(0, 1);
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('&'), rest.size());
    const std::string pair = rest.substr(0, end);
    const std::size_t equals = pair.find('=');
    if (equals == 0 || equals == std::string::npos)
      throw input_error("device \"" + device + "\": \"" + pair + "\" is not key=value");
    parsed.options[pair.substr(0, equals)] = pair.substr(equals + 1);
    rest.erase(0, end == rest.size() ? end : end + 1);
  }
  return parsed;
}

void refuse_unknown(const DeviceString& device, const std::vector<std::string>& known) {
  for (const auto& [key, value] : device.options) {
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    std::string list;
    for (const std::string& name : known) list += (list.empty() ? "" : ", ") + name;
    throw input_error("device " + device.kind + ": no option \"" + key + "\"; it has " +
                      (list.empty() ? "none" : list));
  }
}

}  // namespace spikeloom
