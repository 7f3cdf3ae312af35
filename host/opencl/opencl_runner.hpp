// An image on any OpenCL device: portable kernels that read the image's own memories and pages. No target
// cycles.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "compiler/core/core.hpp"
#include "compiler/image/image.hpp"
#include "host/run/runner.hpp"

namespace spikeloom {

/// Which kernel adds up the weights.
enum class OpenClKernels {
  kAuto,   ///< batch where all steps are known before (no recurrence) or samples are many, else walk
  kWalk,   ///< a work-item walks one tick's spikes, where the core has such a kernel
  kBatch,  ///< a work-item keeps a weight row still while several ticks pass it
};

struct OpenClOptions {
  std::string platform;      ///< part of the platform's name, in any case
  std::uint32_t device = 0;  ///< among the platform's
  OpenClKernels kernels = OpenClKernels::kAuto;
  std::size_t batch = 0;   ///< most samples at once; 0: what the memory holds
  std::size_t window = 0;  ///< most steps of a launch without recurrence; 0: what a cache holds
  std::function<void(std::int64_t)>
      on_steps{};  ///< called now and then with the number of steps that have ended
};

class OpenClRunner : public Runner {
 public:
  /// Results equal those of compiler/golden in every bit; they do not depend on options.
  [[nodiscard]] DeviceRun run(const Dataset& data) override = 0;
  /// After a run: state at the end of its last sample of one kind, by ClusterId and
  /// position.
  [[nodiscard]] virtual std::vector<std::vector<std::int32_t>> read_state(NeuronState state) = 0;
};

/// Builds the kernels for the image's chip and loads its memories. Keeps a reference to the image.
/// Throws Error{kInput} where no platform or several have the name (lists those there are) or the number is
/// no device's; Error{kDevice} without any OpenCL, and with the compiler's log when the kernels do not build.
[[nodiscard]] std::unique_ptr<OpenClRunner> open_opencl(const Image& image, const OpenClOptions& options);

}  // namespace spikeloom
