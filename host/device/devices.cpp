#include <charconv>
#include <map>

#include "compiler/base/error.hpp"
#include "host/device/link.hpp"
#include "host/device/model_device.hpp"
#include "host/device/verilator_device.hpp"

namespace spikeloom {
namespace {

struct Parsed {
  std::string kind;
  std::map<std::string, std::string> options;
};

Parsed parse(const std::string& device) {
  Parsed parsed;
  const std::size_t colon = device.find(':');
  parsed.kind = device.substr(0, colon);
  if (colon == std::string::npos) return parsed;
  std::string rest = device.substr(colon + 1);
  if (rest.empty() || rest.front() != '?')
    throw input_error("device \"" + device + "\": expected " + parsed.kind + " or " + parsed.kind + ":?key=value&key=value");
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

void refuse_unknown(const Parsed& parsed, const std::vector<std::string>& known) {
  for (const auto& [key, value] : parsed.options) {
    bool found = false;
    for (const std::string& name : known) found = found || name == key;
    if (found) continue;
    std::string list;
    for (const std::string& name : known) list += (list.empty() ? "" : ", ") + name;
    throw input_error("device " + parsed.kind + ": no option \"" + key + "\"; it has " + (list.empty() ? "none" : list));
  }
}

VerilatorOptions verilator_options(const Parsed& parsed) {
  refuse_unknown(parsed, {"trace", "assertions", "stall"});
  VerilatorOptions options;
  for (const auto& [key, value] : parsed.options) {
    if (key == "trace") {
      options.trace = value;
    } else if (key == "assertions") {
      if (value != "on" && value != "off")
        throw input_error("device verilator: assertions=" + value + ": expected on or off");
      options.assertions = value == "on" ? RtlAssertions::kOn : RtlAssertions::kOff;
    } else {
      std::uint64_t seed = 0;
      const auto [end, code] = std::from_chars(value.data(), value.data() + value.size(), seed);
      if (code != std::errc() || end != value.data() + value.size())
        throw input_error("device verilator: stall=" + value + ": expected a whole number");
      options.stall_seed = seed;
    }
  }
  return options;
}

}  // namespace

std::vector<DeviceKind> devices() {
  return {
      {"model", "golden arithmetic and exact replay of cycles, in this process", "", true, ""},
      {"verilator", "the RTL, built for the image's chip on first use", "trace=FILE.fst, assertions=off, stall=SEED", true, ""},
  };
}

std::unique_ptr<Link> open_device(const std::string& device, const Chip& chip, const Progress& progress) {
  const Parsed parsed = parse(device);
  if (parsed.kind == "model") {
    refuse_unknown(parsed, {});
    return open_model(chip);
  }
  if (parsed.kind == "verilator") {
    return open_verilator(chip, verilator_options(parsed), progress);
  }
  std::string kinds;
  for (const DeviceKind& kind : devices()) kinds += (kinds.empty() ? "" : ", ") + kind.name;
  throw input_error("device \"" + device + "\": unknown kind; there are " + kinds);
}

}  // namespace spikeloom
