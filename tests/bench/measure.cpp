#include "tests/bench/measure.hpp"
#include "host/device/devices.hpp"

#include <ctime>

#include "compiler/base/error.hpp"
#include "compiler/chip_model/model_device.hpp"
#include "host/run/report.hpp"

namespace spikeloom::bench {
namespace {

bool same_outputs(const RunOutputs& a, const RunOutputs& b) {
  if (a.spikes.size() != b.spikes.size() || a.potentials.size() != b.potentials.size()) return false;
  for (std::size_t i = 0; i < a.spikes.size(); ++i)
    if (a.spikes[i].samples != b.spikes[i].samples) return false;
  for (std::size_t i = 0; i < a.potentials.size(); ++i)
    if (a.potentials[i].samples != b.potentials[i].samples) return false;
  return true;
}

}  // namespace

double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

Programmed::Programmed(const Image& image, const std::string& device)
    : link_(open_device(device, image.chip, {})),
      session_(std::make_unique<Session>(*link_, image, SessionOptions{})) {}

void require_equal(const DeviceRun& device, const DeviceRun& replay, const std::string& what) {
  if (const std::int64_t steps = mismatched_steps(device, replay); steps != 0)
    throw device_error(what + ": " + std::to_string(steps) + " steps with another stamp than the replay's");
  require_equal_outputs(device, replay, what);
}

void require_equal_outputs(const DeviceRun& device, const DeviceRun& replay, const std::string& what) {
  if (!same_outputs(device.outputs, replay.outputs))
    throw device_error(what + ": another output than the replay's");
}

double cycles_of(const DeviceRun& run) { return static_cast<double>(run.ended.back() + 1); }

double synaptic_operations(const Image& image, const Dataset& data) {
  const std::unique_ptr<ModelLink> model = open_model(image.chip);
  Session session(*model, image, {});
  (void)session.run(data);
  return static_cast<double>(model->statistics().synaptic_operations);
}

}  // namespace spikeloom::bench
