// What is said of a run: predicted and seen, put into a report.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "compiler/data/dataset.hpp"
#include "compiler/image/image.hpp"
#include "compiler/replay/device_run.hpp"
#include "host/run/report.hpp"

namespace spikeloom {

/// One application's run: what was predicted and what a device gave.
struct RunFacts {
  const Image& image;
  const std::vector<Promise>& promises;  ///< of this run: the image's, or with a window its own
  std::uint32_t window;                  ///< 0: the host waits for no outputs
  const std::string& image_path;
  const Dataset& data;
  const DeviceRun& replay;
  const DeviceRun* device;  ///< null: the replay was all
  std::int64_t synaptic_operations = 0;
};

/// Fills in everything but the device's name and the decisions.
void describe_run(const RunFacts& facts, Report& report);

/// Decides the samples of the first output that is the network's own, by `rule` or by the one that suits it;
/// accuracy where the data has labels. Throws Error{kInput} for a rule that the output cannot have.
void decide_samples(const std::optional<std::string>& rule, const Image& image, const Dataset& data,
                    RunOutputs& outputs, Report& report);

/// The first output that is the network's own; null where there is none.
[[nodiscard]] const OutputStream* deciding_output(const Image& image);
/// The rule named, or the one that suits the output.
[[nodiscard]] Decide deciding_rule(const std::optional<std::string>& rule, const OutputStream& output);

}  // namespace spikeloom
