// The seam between `run` and whatever runs an image: a device behind a Link, or one that has no target
// cycles.
#pragma once

#include <string>

#include "compiler/data/dataset.hpp"
#include "compiler/replay/session.hpp"

namespace spikeloom {

class Runner {
 public:
  virtual ~Runner() = default;
  /// Runs the samples one after another, each from rest. DeviceRun::timed says whether there are stamps.
  /// Throws Error{kInput} for data that the image cannot take, Error{kDevice} for trouble with the device.
  [[nodiscard]] virtual DeviceRun run(const Dataset& data) = 0;
  /// For reports.
  [[nodiscard]] virtual std::string describe() const = 0;
};

}  // namespace spikeloom
