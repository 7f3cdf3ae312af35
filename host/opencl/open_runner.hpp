// Devices by their strings, whatever stands behind them.
#pragma once

#include <memory>
#include <string>

#include "compiler/chip_model/link.hpp"
#include "compiler/image/image.hpp"
#include "host/run/runner.hpp"

namespace spikeloom {

/// Opens any device of devices(). "opencl:?platform=..." without `xclbin` is an OpenClRunner, everything else
/// a Link with a Session above it. Keeps a reference to the image. Throws as open_device, Session and
/// open_opencl do.
[[nodiscard]] std::unique_ptr<Runner> open_runner(const std::string& device, const Image& image,
                                                  const SessionOptions& options, const Progress& progress);

}  // namespace spikeloom
