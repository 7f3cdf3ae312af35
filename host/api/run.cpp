#include <algorithm>
#include <optional>

#include <spikeloom/files.hpp>
#include <spikeloom/run.hpp>

#include "compiler/base/error.hpp"
#include "compiler/base/parallel.hpp"
#include "compiler/chip_model/model_device.hpp"
#include "compiler/replay/parallel_values.hpp"
#include "compiler/replay/session.hpp"
#include "compiler/replay/step_session.hpp"
#include "compiler/replay/stimulus.hpp"
#include "compiler/verify/verify.hpp"
#include "host/api/run_progress.hpp"
#include "host/device/devices.hpp"
#include "host/opencl/open_runner.hpp"
#include "host/run/exit_run.hpp"
#include "host/run/recorder.hpp"
#include "host/run/run_facts.hpp"
#include "host/run/window.hpp"

namespace spikeloom {
namespace {

/// Session options whose progress goes to the user, if he wants any.
SessionOptions session_options(const RunOptions& options, ProgressTeller& teller) {
  SessionOptions session;
  session.quiet_limit = options.quiet_limit;
  session.window = options.window;
  if (options.on_progress)
    session.on_steps = [&](std::int64_t ended, const RunOutputs& outputs) { teller.tell(ended, outputs); };
  return session;
}

/// The replay: it gets the image and the input, and nothing that a device sent.
DeviceRun replay_of(const Image& image, const Dataset& data, const WantedRecords& recording, ModelLink& model,
                    const SessionOptions& session, const Dataset* comes_out = nullptr) {
  // Potentials are kept up only where the model computes them itself.
  std::optional<ParallelValues> values;
  if (recording.potentials.empty() && thread_count() > 1 && data.samples.size() > 1) {
    values.emplace(image, comes_out != nullptr ? *comes_out : data, thread_count());
    model.take_values_from(
        [&](std::uint32_t node, std::uint32_t context) { return values->next(node, context); });
  }
  return Session(model, image, session).run(data, comes_out);
}

/// How many samples are right after 1, 2, … steps; one that has ended stays as it is.
std::vector<std::int64_t> right_after(const std::vector<std::vector<std::int64_t>>& scores,
                                      std::size_t classes, const Dataset& data) {
  std::vector<std::int64_t> right;
  for (std::size_t s = 0; s < scores.size(); ++s)
    right.resize(std::max(right.size(), scores[s].size() / classes), 0);
  for (std::size_t s = 0; s < scores.size(); ++s)
    for (std::size_t t = 0; t < right.size(); ++t) {
      const auto at = scores[s].begin() +
                      static_cast<std::ptrdiff_t>(std::min(t, scores[s].size() / classes - 1) * classes);
      const std::int64_t best = std::max_element(at, at + static_cast<std::ptrdiff_t>(classes)) - at;
      right[t] += data.samples[s].label == best ? 1 : 0;
    }
  return right;
}

ExitReport exit_report(const ExitRule& rule, const ExitOutput& output, const ExitRun& run,
                       const DeviceRun& to_end, const Dataset& data) {
  ExitReport report;
  report.rule = rule.text();
  report.output = output.name;
  report.unit = output.unit;
  std::int64_t steps = 0, squared = 0, squared_to_end = 0;
  double product = 0, product_to_end = 0;
  std::size_t last = 0;  // the step behind the sample's, of the run to the end
  std::int64_t begun = 0;
  for (std::size_t s = 0; s < data.samples.size(); ++s) {
    const auto used = static_cast<std::int64_t>(run.exits.used[s]);
    const auto all = static_cast<std::int64_t>(data.samples[s].full_steps());
    report.histogram.resize(std::max<std::size_t>(report.histogram.size(), data.samples[s].full_steps()), 0);
    ++report.histogram[static_cast<std::size_t>(used) - 1];
    report.wasted += static_cast<std::int64_t>(run.wasted[s]);
    report.voids += run.given.samples[s].ends_void ? 1 : 0;
    steps += used;
    squared += used * used;
    squared_to_end += all * all;
    product += static_cast<double>(run.begun[s + 1] - run.begun[s]) *
               static_cast<double>(run.decided[s] - run.begun[s]);
    last += data.samples[s].steps();
    product_to_end += static_cast<double>(to_end.sent[last - 1] - begun) *
                      static_cast<double>(to_end.ended[last - 1] - begun);
    begun = to_end.sent[last - 1];
  }
  const auto samples = static_cast<double>(data.samples.size());
  report.mean_steps = static_cast<double>(steps) / samples;
  report.squared_steps = static_cast<double>(squared) / samples;
  report.squared_steps_to_end = static_cast<double>(squared_to_end) / samples;
  report.energy_delay = product / samples;
  report.energy_delay_to_end = product_to_end / samples;
  if (data.has_labels()) {
    const std::vector<std::int64_t> right =
        right_after(scores_of(to_end.outputs, output), output.classes, data);
    report.correct_to_end = right.back();
    report.least_mean_steps = least_mean_steps(right, static_cast<std::int64_t>(data.samples.size()));
  }
  return report;
}

void decide_by_exits(const Exits& exits, const Dataset& data, RunOutputs& outputs, Report& report) {
  outputs.decision = Decision{exits.classes, {}};
  if (!data.has_labels()) return;
  for (std::size_t s = 0; s < data.samples.size(); ++s)
    if (exits.classes[s] == *data.samples[s].label) ++report.correct;
  report.labelled = static_cast<std::int64_t>(data.samples.size());
  report.accuracy = static_cast<double>(report.correct) / static_cast<double>(report.labelled);
}

/// What samples are run with where a rule ends them.
struct Exiting {
  const Image& image;
  const Dataset& data;
  const ExitRule& rule;
  const ExitOutput& output;
  std::uint32_t window;
  std::chrono::seconds quiet_limit;
};

/// In a loop with the host; `link`: null where the model is the device.
ExitRun exited_by_host(const Exiting& exiting, ModelLink& model, Link* link) {
  const ImageView view = ImageView(exiting.image).with_window(exiting.window);
  StepSession on_model(model, view, exiting.quiet_limit);
  std::optional<StepSession> on_device;
  if (link != nullptr) on_device.emplace(*link, view, exiting.quiet_limit);
  return run_with_exits(exiting.data, exiting.rule, exiting.output, view, on_model,
                        on_device ? &*on_device : nullptr);
}

/// By the chip's exit unit, on all the words. Where it ends samples is foretold from the run to their ends.
ExitRun exited_by_unit(const Exiting& exiting, const DeviceRun& to_end, ModelLink& model, Link* link) {
  SessionOptions session;
  session.quiet_limit = exiting.quiet_limit;
  session.window = exiting.window;
  session.exit =
      exit_setup(ImageView(exiting.image).with_window(exiting.window), exiting.rule, exiting.output);
  const Exits foretold = exits_of(exiting.rule, scores_of(to_end.outputs, exiting.output),
                                  exiting.output.classes, exiting.output.unit);
  Dataset given = cut_short(exiting.data, foretold.used, exiting.window);
  DeviceRun replay = replay_of(exiting.image, exiting.data, {}, model, session, &given);
  std::optional<DeviceRun> device;
  if (link != nullptr) device = Session(*link, exiting.image, session).run(exiting.data, &given);
  return run_with_unit(exiting.data, exiting.rule, exiting.output, std::move(given), std::move(replay),
                       std::move(device));
}

/// The same samples to their ends on the model first, then with exits.
RunResult run_exiting(const CompiledImage& handle, const Dataset& data, const RunOptions& options) {
  const Image& image = handle.value();
  const ExitRule rule = exit_rule_named(*options.exit);
  const ExitOutput output = exit_output(image, options.exit_output);
  if (!options.record.empty() || options.decide)
    throw input_error("--exit: the rule decides; leave out --record and --decide");
  const std::uint32_t window = std::max(1U, options.window);
  if (options.exit_on == ExitOn::kDevice)
    (void)exit_setup(ImageView(image).with_window(window), rule, output);
  const std::vector<Promise> promises = promises_with_window(image, window);
  ProgressTeller teller(options, image, data);
  teller.begin("replay");
  SessionOptions whole = session_options(options, teller);
  whole.window = 0;
  const std::unique_ptr<ModelLink> model = open_model(image.chip);
  const DeviceRun to_end = replay_of(image, data, {}, *model, whole);
  model->take_values_from({});

  const std::unique_ptr<ModelLink> looped_model = open_model(image.chip);
  std::unique_ptr<Link> link;
  if (options.device != "model") {
    teller.begin(options.device);
    link = open_device(device_string(options), image.chip, options.on_build);
  } else if (options.trace) {
    throw input_error("--trace: the model has no waveforms; use --device verilator");
  }
  const Exiting exiting{image, data, rule, output, window, options.quiet_limit};
  ExitRun run = options.exit_on == ExitOn::kDevice
                    ? exited_by_unit(exiting, to_end, *looped_model, link.get())
                    : exited_by_host(exiting, *looped_model, link.get());

  RunResult result;
  Report& report = result.report;
  report.device = link ? link->describe() : looped_model->describe();
  describe_run({image, promises, window, handle.path(), run.given, run.replay,
                run.device ? &*run.device : nullptr, looped_model->statistics().synaptic_operations},
               report);
  report.exit = exit_report(rule, output, run, to_end, data);
  if (options.exit_on == ExitOn::kDevice) report.exit->by = "device";
  result.outputs = std::move((run.device ? *run.device : run.replay).outputs);
  report.notes.insert(report.notes.end(), data.notes.begin(), data.notes.end());
  decide_by_exits(run.exits, data, result.outputs, report);
  result.judgement = judge(report);
  return result;
}

RunResult run_recorded(const CompiledImage& handle, const Dataset& data, const WantedRecords& recording,
                       const RunOptions& options) {
  const Image& image = handle.value();
  const std::string name = handle.path().empty() ? image.application.name : handle.path();
  require_guarantee(image, name);
  const std::vector<Promise> promises = promises_with_window(image, options.window);
  const double verifying_ms = options.trust == ImageTrust::kNone ? require_verified(image, name) * 1e3 : 0.0;
  check_data(image, data);
  if (data.samples.empty()) throw input_error("input data: no sample, so nothing could be held to a promise");
  if (options.exit) {
    RunResult result = run_exiting(handle, data, options);
    result.verifying_ms = verifying_ms;
    return result;
  }
  ProgressTeller teller(options, image, data);
  const SessionOptions session = session_options(options, teller);
  const std::unique_ptr<ModelLink> model = open_model(image.chip);
  Recorder recorder(image, data, recording, *model);
  teller.begin("replay");
  DeviceRun replay = replay_of(image, data, recording, *model, session);
  std::optional<DeviceRun> device_run;
  RunResult result;
  result.verifying_ms = verifying_ms;
  Report& report = result.report;
  report.device = model->describe();
  if (options.device != "model") {
    teller.begin(options.device);
    const std::unique_ptr<Runner> runner =
        open_runner(device_string(options), image, session, options.on_build);
    report.device = runner->describe();
    device_run = runner->run(data);
  } else if (options.trace) {
    throw input_error("--trace: the model has no waveforms; use --device verilator");
  }
  describe_run({image, promises, options.window, handle.path(), data, replay,
                device_run ? &*device_run : nullptr, model->statistics().synaptic_operations},
               report);
  result.outputs = std::move((device_run ? *device_run : replay).outputs);
  report.notes.insert(report.notes.end(), data.notes.begin(), data.notes.end());
  decide_samples(options.decide, image, data, result.outputs, report);
  recorder.add_to(result.outputs);
  if (!options.record.empty())
    report.notes.push_back(
        "recorded populations come from the replay, which the device's outputs are compared with");
  result.judgement = judge(report);
  return result;
}

}  // namespace

std::string device_string(const RunOptions& options) {
  if (!options.trace) return options.device;
  const bool has_options = options.device.find(':') != std::string::npos;
  return options.device + (has_options ? "&" : ":?") + "trace=" + *options.trace;
}

RunResult run(const CompiledImage& image, const Dataset& data, const RunOptions& options) {
  return run_recorded(image, data, parse_record(options.record, image.value()), options);
}

RunResult run(const CompiledImage& image, const std::string& input, const DatasetOptions& reading,
              const RunOptions& options) {
  const WantedRecords recording = parse_record(options.record, image.value());
  return run_recorded(image, read_data(image, input, reading), recording, options);
}

std::string to_text(const Report& report, const CompiledImage& image) {
  return printable(to_text(report, image.value()));
}
std::string to_json(const Report& report, const CompiledImage& image) {
  return to_json(report, image.value());
}

}  // namespace spikeloom
