#include "host/run/run_facts.hpp"

#include <algorithm>

#include "compiler/replay/static_savings.hpp"
#include "compiler/schedule/sample_steps.hpp"
#include "compiler/schedule/timing_graph.hpp"

namespace spikeloom {
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

/// Decisions after every step beside the steps' labels.
void judge_steps(const Dataset& data, const Decision& decision, std::size_t classes, Report& report) {
  std::int64_t foreign = 0;
  for (std::size_t s = 0; s < data.samples.size(); ++s) {
    const std::vector<std::int64_t>& labels = data.samples[s].step_labels;
    const std::size_t steps = std::min(labels.size(), decision.by_step[s].size());
    report.by_step.resize(std::max(report.by_step.size(), steps));
    for (std::size_t t = 0; t < steps; ++t) {
      if (labels[t] < 0) continue;
      ++report.by_step[t].labelled;
      report.by_step[t].correct += labels[t] == decision.by_step[s][t] ? 1 : 0;
      foreign += static_cast<std::uint64_t>(labels[t]) >= classes ? 1 : 0;
    }
  }
  if (foreign > 0)
    report.notes.push_back(std::to_string(foreign) +
                           " labels of steps are no class of the first output, which has 0 to " +
                           std::to_string(classes - 1) + "; they count as wrong");
}

std::optional<SavedByStatic> saved_by_static(const Image& image, const Dataset& data) {
  SavedByStatic saved;
  for (const StreamInput& input : image.application.inputs)
    if (input.is_static) saved.inputs.push_back(input.name);
  if (saved.inputs.empty()) return std::nullopt;
  const StaticSavings savings = static_savings(image, data);
  saved.spikes = savings.spikes;
  saved.synaptic_operations = savings.synaptic_operations;
  return saved;
}

/// The first step of a sample of another length than the promises are for; none: there is no such sample.
std::optional<std::int64_t> other_length_from(const Image& image, const Dataset& data) {
  const std::optional<std::int64_t> wanted = sample_steps(image.application);
  std::int64_t first = 0;
  for (const Sample& sample : data.samples) {
    const auto steps = static_cast<std::int64_t>(sample.inputs.empty() ? 0 : sample.inputs.front().steps());
    if (wanted && steps != *wanted) return first;
    first += steps;
  }
  return std::nullopt;
}

void check_promises(const Image& image, const Dataset& data, const DeviceRun& run, Report& report) {
  const std::optional<std::int64_t> other = other_length_from(image, data);
  std::optional<std::int64_t> void_from = contract_void_from(image, run);
  if (other) {
    report.notes.push_back("what is promised holds for samples of " +
                           std::to_string(*sample_steps(image.application)) +
                           " steps each; the sample that begins in step " + std::to_string(*other) +
                           " has another length, and the promises are void from there on");
    void_from = std::min(void_from.value_or(*other), *other);
  }
  for (const Promise& promise : image.promises) {
    const bool contracted = promise.kind == PromiseKind::kContracted;
    (contracted ? report.contracted : report.guaranteed) = promise;
    report.checks.push_back(check_promise(promise, run, contracted ? void_from : other));
  }
  for (std::size_t t = 0; t < run.tiles.size(); ++t)
    if (run.tiles[t].contract_broken > 0)
      report.broken_contracts.push_back(
          tile_name(image.chip, TileId{t}) + ": " + std::to_string(run.tiles[t].contract_broken) +
          " firings over its contract, first firing " + std::to_string(run.tiles[t].contract_first));
}

}  // namespace

void describe_run(const RunFacts& facts, Report& report) {
  const auto& [image, image_path, data, replay, device, synaptic_operations] = facts;
  const bool is_measured = device != nullptr && device->timed;
  const DeviceRun& timed = is_measured ? *device : replay;
  report.network = image.application.name;
  report.chip = image.chip.name;
  report.image = image_path;
  report.seed = image.binding.seed;
  report.clock_mhz = image.chip.clock_mhz;
  report.samples = static_cast<std::int64_t>(data.samples.size());
  report.steps = static_cast<std::int64_t>(data.total_steps());
  report.output_spikes = (device != nullptr ? *device : replay).output_spikes;
  report.synaptic_operations = synaptic_operations;
  report.saved = saved_by_static(image, data);
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
  check_promises(image, data, timed, report);
}

const OutputStream* deciding_output(const Image& image) {
  const auto first = std::find_if(image.application.outputs.begin(), image.application.outputs.end(),
                                  [](const OutputStream& o) { return !o.recorded; });
  return first == image.application.outputs.end() ? nullptr : &*first;
}

Decide deciding_rule(const std::optional<std::string>& rule, const OutputStream& output) {
  if (rule) return decide_named(*rule);
  return output.kind == OutputKind::kSpikes ? Decide::kCount : Decide::kMax;
}

void decide_samples(const std::optional<std::string>& rule, const Image& image, const Dataset& data,
                    RunOutputs& outputs, Report& report) {
  const OutputStream* first = deciding_output(image);
  if (first == nullptr) return;
  const bool spiking = first->kind == OutputKind::kSpikes;
  const Decide decision = deciding_rule(rule, *first);
  outputs.decision =
      spiking ? decide(outputs.spikes.front(), decision) : decide(outputs.potentials.front(), decision);
  report.tied = outputs.decision->tied;
  const std::size_t classes = spiking ? outputs.spikes.front().neurons : outputs.potentials.front().neurons;
  if (data.has_step_labels()) {
    outputs.decision->by_step = spiking ? decide_steps(outputs.spikes.front(), decision)
                                        : decide_steps(outputs.potentials.front(), decision);
    judge_steps(data, *outputs.decision, classes, report);
  }
  if (!data.has_labels()) return;
  if (const auto foreign = data.foreign_labels(classes)) report.notes.push_back(*foreign);
  for (std::size_t s = 0; s < data.samples.size(); ++s)
    if (outputs.decision->predictions[s] == *data.samples[s].label) ++report.correct;
  report.labelled = static_cast<std::int64_t>(data.samples.size());
  report.accuracy = static_cast<double>(report.correct) / static_cast<double>(report.labelled);
}

}  // namespace spikeloom
