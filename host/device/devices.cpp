#include <charconv>

#include "compiler/base/error.hpp"
#include "host/device/device_string.hpp"
#include "host/device/link.hpp"
#include "host/device/model_device.hpp"
#include "host/device/verilator_device.hpp"

namespace spikeloom {
namespace {

VerilatorOptions verilator_options(const DeviceString& parsed) {
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
#ifdef SPIKELOOM_WITH_OPENCL
  constexpr bool kOpenCl = true;
#else
  constexpr bool kOpenCl = false;
#endif
  return {
      {"model", "golden arithmetic and exact replay of cycles, in this process", "", true, ""},
      {"verilator", "the RTL, built for the image's chip on first use", "trace=FILE.fst, assertions=off, stall=SEED", true, ""},
      {"opencl", "portable kernels on an OpenCL device, bit-exact, without target cycles; for `run` only",
       "platform=NAME-PART, device=N, kernels=auto|crossbar|systolic, batch=SAMPLES", kOpenCl,
       kOpenCl ? "" : "install ocl-icd-opencl-dev, opencl-clhpp-headers, opencl-headers; configure with SPIKELOOM_WITH_OPENCL=ON"},
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
  if (parsed.kind == "opencl")
    throw input_error("device \"" + device + "\": an OpenCL device has no link: it takes images through `run`, not words");
  std::string kinds;
  for (const DeviceKind& kind : devices()) kinds += (kinds.empty() ? "" : ", ") + kind.name;
  throw input_error("device \"" + device + "\": unknown kind; there are " + kinds);
}

}  // namespace spikeloom
