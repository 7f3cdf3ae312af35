#include "host/device/devices.hpp"

#include <charconv>

#include "compiler/base/error.hpp"
#include "compiler/chip_model/model_device.hpp"
#include "host/device/device_string.hpp"
#include "host/device/opencl_card.hpp"
#include "host/device/verilator_device.hpp"
#include "host/device/xrt_device.hpp"

namespace spikeloom {
namespace {

std::uint64_t whole_number(const std::string& kind, const std::string& key, const std::string& value,
                           std::uint64_t least, std::uint64_t most) {
  std::uint64_t number = 0;
  const auto [end, code] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (code != std::errc() || end != value.data() + value.size() || number < least || number > most)
    throw input_error(
        "device " + kind + ": " + key + "=" + value + ": expected a whole number" +
        (most == ~std::uint64_t{0} ? "" : " from " + std::to_string(least) + " to " + std::to_string(most)));
  return number;
}

constexpr std::uint64_t kMostThreads = 64;

VerilatorOptions verilator_options(const DeviceString& parsed) {
  refuse_unknown(parsed, {"trace", "assertions", "threads", "tiles", "stall"});
  VerilatorOptions options;
  for (const auto& [key, value] : parsed.options) {
    if (key == "trace") {
      options.trace = value;
    } else if (key == "assertions") {
      if (value != "on" && value != "off")
        throw input_error("device verilator: assertions=" + value + ": expected on or off");
      options.assertions = value == "on" ? RtlAssertions::kOn : RtlAssertions::kOff;
    } else if (key == "threads") {
      options.threads = static_cast<unsigned>(whole_number("verilator", key, value, 1, kMostThreads));
    } else if (key == "tiles") {
      if (value != "own" && value != "shared")
        throw input_error("device verilator: tiles=" + value + ": expected own or shared");
      options.tile_code = value == "own" ? TileCode::kOwn : TileCode::kShared;
    } else {
      options.stall_seed = whole_number("verilator", key, value, 0, ~std::uint64_t{0});
    }
  }
  return options;
}

constexpr std::uint64_t kLongestRun = 24 * 3600;  // seconds
constexpr std::uint64_t kMostQuiet = 1 << 30;     // cycles

/// What every way to a card has; true when `key` is one of them.
bool card_option(const std::string& kind, const std::string& key, const std::string& value,
                 CardOptions& options) {
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

XrtOptions xrt_options(const DeviceString& parsed) {
  refuse_unknown(parsed, {"xclbin", "device", "timeout", "quiet"});
  XrtOptions options;
  for (const auto& [key, value] : parsed.options) {
    if (card_option("xrt", key, value, options.card)) continue;
    (key == "xclbin" ? options.xclbin : options.device) = value;
  }
  need_xclbin("xrt", options.xclbin);
  return options;
}

OpenClCardOptions opencl_card_options(const DeviceString& parsed) {
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
#ifdef SPIKELOOM_WITH_OPENCL
  constexpr bool kOpenCl = true;
#else
  constexpr bool kOpenCl = false;
#endif
  return {
      {"model", "golden arithmetic and exact replay of cycles, in this process", "", true, ""},
      {"verilator", "the RTL, built for the image's chip on first use",
       "trace=FILE.fst, assertions=off, tiles=own or shared, threads=N, stall=SEED", true, ""},
      {"xrt", "a card with the kernel, through XRT", "xclbin=FILE, device=0, timeout=SECONDS, quiet=CYCLES",
       xrt_built_in(), "built without XRT; install libxrt-dev and uuid-dev, or AMD's XRT, and build again"},
      {"opencl",
       "portable kernels on any OpenCL device, bit-exact, without target cycles; with xclbin a card with the "
       "kernel",
       "platform=NAME-PART, device=N, kernels=auto|walk|batch, batch=SAMPLES; or xclbin=FILE, "
       "platform=Xilinx, device=0, "
       "timeout=SECONDS, quiet=CYCLES",
       kOpenCl,
       kOpenCl ? ""
               : "install ocl-icd-opencl-dev, opencl-clhpp-headers, opencl-headers; configure with "
                 "SPIKELOOM_WITH_OPENCL=ON"},
  };
}

std::unique_ptr<Link> open_device(const std::string& device, const Chip& chip, const Progress& progress) {
  const DeviceString parsed = parse_device(device);
  if (parsed.kind == "model") {
    refuse_unknown(parsed, {});
    return open_model(chip);
  }
  if (parsed.kind == "verilator") {
    return open_verilator(chip, verilator_options(parsed), progress);
  }
  if (parsed.kind == "xrt") return open_xrt(chip, xrt_options(parsed));
  if (parsed.kind == "opencl" && !parsed.options.contains("xclbin"))
    throw input_error("device \"" + device +
                      "\": without the xclbin of a card (opencl:?xclbin=FILE) an OpenCL device has no link "
                      "and no target cycles: `run` gives it one image, without --admit");
  if (parsed.kind == "opencl") return open_opencl_card(chip, opencl_card_options(parsed));
  std::string kinds;
  for (const DeviceKind& kind : devices()) kinds += (kinds.empty() ? "" : ", ") + kind.name;
  throw input_error("device \"" + device + "\": unknown kind; there are " + kinds);
}

}  // namespace spikeloom
