#include <charconv>
#include <map>

#include "compiler/base/error.hpp"
#include "host/device/link.hpp"
#include "host/device/model_device.hpp"
#include "host/device/opencl_card.hpp"
#include "host/device/verilator_device.hpp"
#include "host/device/xrt_device.hpp"

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

std::uint64_t whole_number(const std::string& kind, const std::string& key, const std::string& value, std::uint64_t least,
                           std::uint64_t most) {
  std::uint64_t number = 0;
  const auto [end, code] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (code != std::errc() || end != value.data() + value.size() || number < least || number > most)
    throw input_error("device " + kind + ": " + key + "=" + value + ": expected a whole number" +
                      (most == ~std::uint64_t{0} ? "" : " from " + std::to_string(least) + " to " + std::to_string(most)));
  return number;
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
      options.stall_seed = whole_number("verilator", key, value, 0, ~std::uint64_t{0});
    }
  }
  return options;
}

constexpr std::uint64_t kLongestRun = 24 * 3600;  // seconds
constexpr std::uint64_t kMostQuiet = 1 << 30;     // cycles

/// What every way to a card has; true when `key` is one of them.
bool card_option(const std::string& kind, const std::string& key, const std::string& value, CardOptions& options) {
  if (key == "timeout")
    options.run_limit = std::chrono::seconds(whole_number(kind, key, value, 1, kLongestRun));
  else if (key == "quiet")
    options.quiet_cycles = static_cast<std::uint32_t>(whole_number(kind, key, value, 16, kMostQuiet));
  else
    return false;
  return true;
}

void need_xclbin(const std::string& kind, const std::string& xclbin) {
  if (xclbin.empty())
    throw input_error("device " + kind + ": needs the file with the kernel: " + kind + ":?xclbin=FILE");
}

XrtOptions xrt_options(const Parsed& parsed) {
  refuse_unknown(parsed, {"xclbin", "device", "timeout", "quiet"});
  XrtOptions options;
  for (const auto& [key, value] : parsed.options) {
    if (card_option("xrt", key, value, options.card)) continue;
    (key == "xclbin" ? options.xclbin : options.device) = value;
  }
  need_xclbin("xrt", options.xclbin);
  return options;
}

OpenClCardOptions opencl_card_options(const Parsed& parsed) {
  refuse_unknown(parsed, {"xclbin", "platform", "device", "timeout", "quiet"});
  OpenClCardOptions options;
  for (const auto& [key, value] : parsed.options) {
    if (card_option("opencl", key, value, options.card)) continue;
    if (key == "device")
      options.device = whole_number("opencl", key, value, 0, 255);
    else
      (key == "xclbin" ? options.xclbin : options.platform) = value;
  }
  need_xclbin("opencl", options.xclbin);
  return options;
}

}  // namespace

std::vector<DeviceKind> devices() {
  return {
      {"model", "golden arithmetic and exact replay of cycles, in this process", "", true, ""},
      {"verilator", "the RTL, built for the image's chip on first use", "trace=FILE.fst, assertions=off, stall=SEED", true, ""},
      {"xrt", "a card with the kernel, through XRT", "xclbin=FILE, device=0, timeout=SECONDS, quiet=CYCLES", xrt_built_in(),
       "built without XRT; install libxrt-dev and uuid-dev, or AMD's XRT, and build again"},
      {"opencl", "a card with the kernel, through OpenCL", "xclbin=FILE, platform=Xilinx, device=0, timeout=SECONDS, quiet=CYCLES",
       opencl_built_in(), "built without OpenCL; install opencl-clhpp-headers and ocl-icd-opencl-dev, and build again"},
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
  if (parsed.kind == "xrt") return open_xrt(chip, xrt_options(parsed));
  if (parsed.kind == "opencl") return open_opencl_card(chip, opencl_card_options(parsed));
  std::string kinds;
  for (const DeviceKind& kind : devices()) kinds += (kinds.empty() ? "" : ", ") + kind.name;
  throw input_error("device \"" + device + "\": unknown kind; there are " + kinds);
}

}  // namespace spikeloom
