#include "host/opencl/open_runner.hpp"
#include "host/device/devices.hpp"

#include <charconv>
#include <utility>

#include "compiler/base/error.hpp"
#include "host/device/device_string.hpp"
#include "host/opencl/opencl_runner.hpp"

namespace spikeloom {
namespace {

class LinkRunner final : public Runner {
 public:
  LinkRunner(std::unique_ptr<Link> link, const Image& image, const SessionOptions& options)
      : link_(std::move(link)), session_(*link_, image, options) {}
  [[nodiscard]] DeviceRun run(const Dataset& data) override { return session_.run(data); }
  [[nodiscard]] std::string describe() const override { return link_->describe(); }

 private:
  std::unique_ptr<Link> link_;
  Session session_;
};

std::uint32_t whole_number(const std::string& key, const std::string& value) {
  std::uint32_t number = 0;
  const auto [end, code] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (code != std::errc() || end != value.data() + value.size())
    throw input_error("device opencl: " + key + "=" + value + ": expected a whole number");
  return number;
}

OpenClKernels kernels_named(const std::string& name) {
  if (name == "auto") return OpenClKernels::kAuto;
  if (name == "walk") return OpenClKernels::kWalk;
  if (name == "batch") return OpenClKernels::kBatch;
  throw input_error("device opencl: kernels=" + name + ": expected auto, walk or batch");
}

OpenClOptions opencl_options(const DeviceString& device) {
  refuse_unknown(device, {"platform", "device", "kernels", "batch"});
  OpenClOptions options;
  for (const auto& [key, value] : device.options) {
    if (key == "platform")
      options.platform = value;
    else if (key == "device")
      options.device = whole_number(key, value);
    else if (key == "kernels")
      options.kernels = kernels_named(value);
    else
      options.batch = whole_number(key, value);
  }
  return options;
}

}  // namespace

std::unique_ptr<Runner> open_runner(const std::string& device, const Image& image,
                                    const SessionOptions& options, const Progress& progress) {
  const DeviceString parsed = parse_device(device);
  if (parsed.kind == "opencl" && !parsed.options.contains("xclbin")) {
    OpenClOptions own = opencl_options(parsed);
    if (options.window > 0)
      throw input_error("--window " + std::to_string(options.window) + ": " + device +
                        " has no target cycles, so nothing there waits for outputs; "
                        "leave the window out, or choose a device with cycles");
    if (options.on_steps)
      own.on_steps = [on_steps = options.on_steps](std::int64_t ended) { on_steps(ended, {}); };
    if (progress) progress(-1, "opencl: building kernels");
    return open_opencl(image, own);
  }
  return std::make_unique<LinkRunner>(open_device(device, image.chip, progress), image, options);
}

}  // namespace spikeloom
