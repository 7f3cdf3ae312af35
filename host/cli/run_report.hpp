// What `run` says of a run: the same for one application and for several.
#pragma once

#include <cstdint>
#include <string>

#include "host/cli/commands.hpp"
#include "host/run/report.hpp"

namespace spikeloom::cli {

/// One application's run: what was predicted and what a device gave.
struct RunFacts {
  const RunCommand& command;
  const Image& image;
  const Dataset& data;
  const DeviceRun& replay;
  const DeviceRun* device;  ///< null: the replay was all
  std::int64_t synaptic_operations = 0;
};

/// Fills in everything but the decisions.
void describe_run(const RunFacts& facts, Report& report);
/// Decides the samples of the first output that is the network's own; accuracy where the data has labels.
void decide_samples(const RunCommand& command, const Image& image, const Dataset& data, DeviceRun& run,
                    Report& report);
/// False, and said, where the mean period is above --max-period.
[[nodiscard]] bool is_period_short(const RunCommand& command, const Report& report);
/// Options to read an image's data with: event times in seconds fall into the steps that the network was
/// compiled for.
[[nodiscard]] DatasetOptions reading_for(const Image& image, DatasetOptions options);
/// The device with --trace.
[[nodiscard]] std::string device_string(const RunCommand& command);
/// Several applications: --admit and --release.
int run_shared(const RunCommand& command);

}  // namespace spikeloom::cli
