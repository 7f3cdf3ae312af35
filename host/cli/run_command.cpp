#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <memory>

#include <unistd.h>

#include "compiler/base/error.hpp"
#include "compiler/base/parallel.hpp"
#include "compiler/chip_model/model_device.hpp"
#include "compiler/replay/parallel_values.hpp"
#include "compiler/replay/stimulus.hpp"
#include "host/cli/commands.hpp"
#include "host/cli/files.hpp"
#include "host/cli/progress_line.hpp"
#include "host/cli/run_report.hpp"
#include "host/opencl/open_runner.hpp"
#include "host/run/report.hpp"

namespace spikeloom::cli {
namespace {

struct Recording {
  std::vector<std::string> spikes, potentials;
};

Recording parse_record(const RunCommand& command, const Image& image) {
  Recording recording;
  Problems problems;
  for (const std::string& item : command.record) {
    const std::size_t colon = item.rfind(':');
    const std::string node = item.substr(0, colon);
    const std::string what = colon == std::string::npos ? "" : item.substr(colon + 1);
    const auto& names = image.application.populations;
    if (std::find(names.begin(), names.end(), node) == names.end()) {
      std::string list;
      for (const std::string& name : names) list += (list.empty() ? "" : ", ") + name;
      problems.add("--record " + item + ": no population \"" + node + "\"; there are " + list);
    } else if (what == "spikes") {
      recording.spikes.push_back(node);
    } else if (what == "v") {
      recording.potentials.push_back(node);
    } else {
      problems.add("--record " + item + ": expected NODE:spikes or NODE:v");
    }
  }
  problems.throw_if_any("run");
  return recording;
}

/// How a run is getting on: steps, accuracy of the samples that are through, time left.
class RunProgress {
 public:
  RunProgress(const RunCommand& command, const Image& image, const Dataset& data)
      : data_(data),
        steps_(static_cast<std::int64_t>(data.total_steps())),
        begin_(std::chrono::steady_clock::now()) {
    const auto first = std::find_if(image.application.outputs.begin(), image.application.outputs.end(),
                                    [](const OutputStream& o) { return !o.recorded; });
    if (first == image.application.outputs.end()) return;
    is_spiking_ = first->kind == OutputKind::kSpikes;
    rule_ = command.decide ? decide_named(*command.decide) : (is_spiking_ ? Decide::kCount : Decide::kMax);
  }

  /// Of a new run over the same data.
  void restart() {
    next_ = 0;
    through_ = right_ = 0;
    begin_ = std::chrono::steady_clock::now();
  }

  [[nodiscard]] std::string text(std::int64_t ended, const RunOutputs& so_far) {
    const bool is_known =
        rule_ && data_.has_labels() && (is_spiking_ ? !so_far.spikes.empty() : !so_far.potentials.empty());
    for (; is_known && next_ < data_.samples.size(); ++next_) {
      const auto steps = static_cast<std::int64_t>(data_.samples[next_].steps());
      if (through_ + steps > ended) break;
      through_ += steps;
      if (decided(so_far) == *data_.samples[next_].label) ++right_;
    }
    std::string text = "step " + std::to_string(ended) + " of " + std::to_string(steps_);
    if (next_ > 0) {
      char accuracy[32];
      std::snprintf(accuracy, sizeof accuracy, ", %.1f %% right",
                    100.0 * static_cast<double>(right_) / static_cast<double>(next_));
      text += accuracy;
    }
    const double spent = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
    if (ended > 0 && spent > 1)
      text += ", " +
              std::to_string(
                  std::llround(spent * static_cast<double>(steps_ - ended) / static_cast<double>(ended))) +
              " s left";
    return text;
  }

 private:
  /// Of sample `next_`.
  [[nodiscard]] std::int64_t decided(const RunOutputs& so_far) const {
    const auto one = [&]<class T>(const Trace<T>& all) {
      return decide(Trace<T>{all.node, all.neurons, {all.samples[next_]}}, *rule_).predictions.front();
    };
    return is_spiking_ ? one(so_far.spikes.front()) : one(so_far.potentials.front());
  }

  const Dataset& data_;
  std::int64_t steps_;
  std::chrono::steady_clock::time_point begin_;
  std::optional<Decide> rule_;
  bool is_spiking_ = false;
  std::size_t next_ = 0;      ///< sample
  std::int64_t through_ = 0;  ///< steps of the samples before it
  std::int64_t right_ = 0;
};

/// Spikes and membranes of populations after every step, from the replay.
class Recorder {
 public:
  Recorder(const Image& image, const Dataset& data, const Recording& wanted, ModelLink& model)
      : image_(image), data_(data), model_(model), next_(image.application.clusters.size(), {0, 0}) {
    const auto prepare = [&]<class T>(const std::vector<std::string>& nodes, std::vector<Trace<T>>& traces) {
      for (const std::string& node : nodes) {
        Trace<T> trace;
        trace.node = node;
        trace.neurons = size_of(node);
        for (const Sample& sample : data.samples)
          trace.samples.emplace_back(sample.steps() * trace.neurons, T{0});
        traces.push_back(std::move(trace));
      }
    };
    prepare(wanted.spikes, spikes_);
    prepare(wanted.potentials, potentials_);
    if (!spikes_.empty() || !potentials_.empty())
      model.observe([this](const ModelFiring& firing) { record(firing); });
  }
  void add_to(RunOutputs& outputs) {
    outputs.recorded_spikes.insert(outputs.recorded_spikes.end(), spikes_.begin(), spikes_.end());
    outputs.recorded_v.insert(outputs.recorded_v.end(), potentials_.begin(), potentials_.end());
  }

 private:
  struct Place {
    std::size_t sample, step;
  };
  std::size_t size_of(const std::string& node) const {
    std::size_t size = 0;
    for (const Cluster& cluster : image_.application.clusters)
      if (image_.application.populations[cluster.population.index()] == node) size += cluster.size();
    return size;
  }
  void record(const ModelFiring& firing) {
    for (std::size_t c = 0; c < next_.size(); ++c) {
      const Placement& place = image_.binding.placement[c];
      if (place.tile.value + 1 != firing.node || place.context != firing.context) continue;
      store(c, firing);
    }
  }
  void store(std::size_t c, const ModelFiring& firing) {
    const Cluster& cluster = image_.application.clusters[c];
    const std::string& node = image_.application.populations[cluster.population.index()];
    Place& at = next_[c];
    const auto neurons = static_cast<std::uint32_t>(cluster.size());
    for (PotentialTrace& trace : potentials_)
      if (trace.node == node)
        for (std::uint32_t p = 0; p < neurons; ++p)
          trace.samples[at.sample][at.step * trace.neurons + cluster.neurons[p]] =
              model_.potential(firing.node, firing.context, p);
    for (SpikeTrace& trace : spikes_) {
      if (trace.node != node) continue;
      const std::vector<bool> bits = model_.spikes(firing.node, firing.context, neurons);
      for (std::uint32_t p = 0; p < bits.size(); ++p)
        trace.samples[at.sample][at.step * trace.neurons + cluster.neurons[p]] = bits[p] ? 1 : 0;
    }
    if (++at.step == data_.samples[at.sample].steps()) {
      at.step = 0;
      ++at.sample;
    }
  }

  const Image& image_;
  const Dataset& data_;
  ModelLink& model_;
  std::vector<Place> next_;  ///< by cluster: its next firing's step
  std::vector<SpikeTrace> spikes_;
  std::vector<PotentialTrace> potentials_;
};

}  // namespace

int run(const RunCommand& command) {
  check_files(
      {{"the image", command.image},
       {"--input", command.input},
       {"--labels", command.data.labels ? std::optional<std::string>(*command.data.labels) : std::nullopt}},
      {{"--output", command.output}, {"--json", command.json}, {"--trace", command.trace}});
  if (!command.admit.empty() || !command.release.empty() || !command.input_of.empty() ||
      !command.output_of.empty())
    return run_shared(command);
  const Image image = read_image(command.image);
  const Recording recording = parse_record(command, image);
  const Dataset data = read_dataset(command.input, input_ports(image), reading_for(image, command.data));
  const bool is_model = command.device == "model";
  ProgressLine progress;
  Report report;
  SessionOptions options;
  options.quiet_limit = std::chrono::seconds(command.quiet_seconds);
  std::string doing = "replay";
  RunProgress so_far(command, image, data);
  if (isatty(STDERR_FILENO) != 0)
    options.on_steps = [&](std::int64_t ended, const RunOutputs& outputs) {
      progress.show(doing + ": " + so_far.text(ended, outputs));
    };

  // The replay first: it gets the image and the input, and nothing that a device sent.
  const std::unique_ptr<ModelLink> model = open_model(image.chip);
  Recorder recorder(image, data, recording, *model);
  // Potentials are kept up only where the model computes them itself.
  std::optional<ParallelValues> values;
  if (recording.potentials.empty() && thread_count() > 1 && data.samples.size() > 1) {
    values.emplace(image, data, thread_count());
    model->take_values_from(
        [&](std::uint32_t node, std::uint32_t context) { return values->next(node, context); });
  }
  DeviceRun replay = Session(*model, image, options).run(data);
  values.reset();
  std::optional<DeviceRun> device_run;
  report.device = model->describe();
  if (!is_model) {
    doing = command.device;
    so_far.restart();
    const std::unique_ptr<Runner> runner =
        open_runner(device_string(command), image, options, [&](double done, const std::string& what) {
          progress.show(done < 0 ? what : what + " (" + std::to_string(static_cast<int>(done * 100)) + " %)");
        });
    report.device = runner->describe();
    device_run = runner->run(data);
  } else if (command.trace) {
    throw input_error("--trace: the model has no waveforms; use --device verilator");
  }
  DeviceRun& shown = device_run ? *device_run : replay;
  describe_run({command, image, data, replay, device_run ? &*device_run : nullptr,
                model->statistics().synaptic_operations},
               report);
  decide_samples(command, image, data, shown, report);
  recorder.add_to(shown.outputs);
  if (!command.record.empty())
    report.notes.push_back(
        "recorded populations come from the replay, which the device's outputs are compared with");

  progress.show("");
  std::fputs(to_text(report, image).c_str(), stdout);
  if (command.output) write_outputs(*command.output, shown.outputs);
  if (command.json) write_text(*command.json, to_json(report, image));
  return report.promises_kept() && is_period_short(command, report) ? kYes : kNo;
}

}  // namespace spikeloom::cli
