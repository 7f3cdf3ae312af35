#include <optional>

#include <spikeloom/files.hpp>
#include <spikeloom/run.hpp>

#include "compiler/base/error.hpp"
#include "compiler/base/parallel.hpp"
#include "compiler/chip_model/model_device.hpp"
#include "compiler/replay/parallel_values.hpp"
#include "compiler/replay/session.hpp"
#include "compiler/replay/stimulus.hpp"
#include "compiler/verify/verify.hpp"
#include "host/api/run_progress.hpp"
#include "host/opencl/open_runner.hpp"
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
                    const SessionOptions& session) {
  // Potentials are kept up only where the model computes them itself.
  std::optional<ParallelValues> values;
  if (recording.potentials.empty() && thread_count() > 1 && data.samples.size() > 1) {
    values.emplace(image, data, thread_count());
    model.take_values_from(
        [&](std::uint32_t node, std::uint32_t context) { return values->next(node, context); });
  }
  return Session(model, image, session).run(data);
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
