// What the benchmarks share: a clock, devices that are opened and programmed once, runs compared.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "compiler/replay/session.hpp"

namespace spikeloom::bench {

/// Processor time of this process. What other processes do shows in it far less than in wall time.
[[nodiscard]] double cpu_seconds();

/// A device programmed with an image.
class Programmed {
 public:
  /// Keeps a reference to the image. `device` as for --device.
  Programmed(const Image& image, const std::string& device);
  [[nodiscard]] DeviceRun run(const Dataset& data) { return session_->run(data); }

 private:
  std::unique_ptr<Link> link_;
  std::unique_ptr<Session> session_;
};

/// Steps whose stamps differ, or outputs that do, end the program: no figure of a device that is wrong.
void require_equal(const DeviceRun& device, const DeviceRun& replay, const std::string& what);

/// The same for a device without stamps: outputs only.
void require_equal_outputs(const DeviceRun& device, const DeviceRun& replay, const std::string& what);

/// Target cycles of a run, to its last stamp.
[[nodiscard]] double cycles_of(const DeviceRun& run);

/// Spikes × weights of the run on `model`.
[[nodiscard]] double synaptic_operations(const Image& image, const Dataset& data);

}  // namespace spikeloom::bench
