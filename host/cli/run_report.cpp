#include "host/cli/run_report.hpp"

#include <algorithm>
#include <cstdio>
#include <optional>

#include <nlohmann/json.hpp>

#include "compiler/schedule/timing_graph.hpp"

namespace spikeloom::cli {
namespace {

template <class T>
std::int64_t differing(const std::vector<Trace<T>>& a, const std::vector<Trace<T>>& b) {
  std::int64_t count = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    for (std::size_t s = 0; s < a[i].samples.size(); ++s)
      for (std::size_t n = 0; n < a[i].samples[s].size(); ++n)
        count += a[i].samples[s][n] != b[i].samples[s][n] ? 1 : 0;
  return count;
}

void check_promises(const Image& image, const DeviceRun& run, Report& report) {
  const std::optional<std::int64_t> void_from = contract_void_from(image, run);
  for (const Promise& promise : image.promises) {
    const bool contracted = promise.name == "contracted";
    (contracted ? report.contracted : report.guaranteed) = promise;
    report.checks.push_back(check_promise(promise, run, contracted ? void_from : std::nullopt));
  }
  for (std::size_t t = 0; t < run.tiles.size(); ++t)
    if (run.tiles[t].contract_broken > 0)
      report.broken_contracts.push_back(
          tile_name(image.chip, TileId{t}) + ": " + std::to_string(run.tiles[t].contract_broken) +
          " firings over its contract, first firing " + std::to_string(run.tiles[t].contract_first));
}

}  // namespace

void describe_run(const RunFacts& facts, Report& report) {
  const auto& [command, image, data, replay, device, synaptic_operations] = facts;
  const bool is_measured = device != nullptr && device->timed;
  const DeviceRun& timed = is_measured ? *device : replay;
  report.network = image.application.name;
  report.chip = image.chip.name;
  report.image = command.image;
  report.seed = image.binding.seed;
  report.clock_mhz = image.chip.clock_mhz;
  report.samples = static_cast<std::int64_t>(data.samples.size());
  report.steps = static_cast<std::int64_t>(data.total_steps());
  report.output_spikes = (device != nullptr ? *device : replay).output_spikes;
  report.synaptic_operations = synaptic_operations;
  report.replayed = timing_of(replay);
  report.tiles = timed.tiles;
  report.cycles = timed.ended.empty() ? 0 : *std::max_element(timed.ended.begin(), timed.ended.end());
  if (is_measured) {
    report.measured = timing_of(*device);
    report.mismatched = mismatched_steps(*device, replay);
  }
  if (device != nullptr) {
    if (!is_measured)
      report.notes.push_back("the device has no target cycles: cycles, tiles and promises are the replay's");
    report.differing_values = differing(device->outputs.spikes, replay.outputs.spikes) +
                              differing(device->outputs.potentials, replay.outputs.potentials) +
                              differing(device->outputs.recorded_spikes, replay.outputs.recorded_spikes) +
                              differing(device->outputs.recorded_v, replay.outputs.recorded_v);
  }
  check_promises(image, timed, report);
}

void decide_samples(const RunCommand& command, const Image& image, const Dataset& data, DeviceRun& run,
                    Report& report) {
  RunOutputs& outputs = run.outputs;
  const auto first = std::find_if(image.application.outputs.begin(), image.application.outputs.end(),
                                  [](const OutputStream& o) { return !o.recorded; });
  if (first == image.application.outputs.end()) return;
  const bool spiking = first->kind == OutputKind::kSpikes;
  const Decide rule =
      command.decide ? decide_named(*command.decide) : (spiking ? Decide::kCount : Decide::kMax);
  outputs.decision =
      spiking ? decide(outputs.spikes.front(), rule) : decide(outputs.potentials.front(), rule);
  report.tied = outputs.decision->tied;
  if (!data.has_labels()) return;
  const std::size_t classes = spiking ? outputs.spikes.front().neurons : outputs.potentials.front().neurons;
  if (const auto foreign = data.foreign_labels(classes)) report.notes.push_back(*foreign);
  for (std::size_t s = 0; s < data.samples.size(); ++s)
    if (outputs.decision->predictions[s] == *data.samples[s].label) ++report.correct;
  report.labelled = static_cast<std::int64_t>(data.samples.size());
  report.accuracy = static_cast<double>(report.correct) / static_cast<double>(report.labelled);
}

bool is_period_short(const RunCommand& command, const Report& report) {
  const std::optional<Ratio> period = report.measured ? report.measured->period : report.replayed.period;
  if (!command.max_period || !period || period->approximate() <= *command.max_period) return true;
  std::printf("period %s is above --max-period %g\n", period->str().c_str(), *command.max_period);
  return false;
}

DatasetOptions reading_for(const Image& image, DatasetOptions options) {
  const auto made = nlohmann::json::parse(image.metadata, nullptr, false);
  if (!options.dt && made.is_object() && made.contains("dt") && made["dt"].is_number())
    options.dt = made["dt"].get<double>();
  return options;
}

std::string device_string(const RunCommand& command) {
  if (!command.trace) return command.device;
  const bool has_options = command.device.find(':') != std::string::npos;
  return command.device + (has_options ? "&" : ":?") + "trace=" + *command.trace;
}

}  // namespace spikeloom::cli
