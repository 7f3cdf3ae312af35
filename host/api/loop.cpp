#include <spikeloom/loop.hpp>

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "compiler/base/error.hpp"
#include "compiler/chip_model/model_device.hpp"
#include "compiler/replay/shared_steps.hpp"
#include "compiler/replay/step_session.hpp"
#include "compiler/verify/verify.hpp"
#include "host/api/run_progress.hpp"
#include "host/device/devices.hpp"
#include "host/run/run_facts.hpp"
#include "host/run/shared_plan.hpp"
#include "host/run/window.hpp"

namespace spikeloom {
namespace {

ImageView view_of(const CompiledImage& image, std::uint32_t window) {
  return ImageView(image.value()).with_window(window);
}

template <class T>
std::vector<T> step_of(const Trace<T>& trace, std::size_t sample, std::size_t step) {
  const auto begin = trace.samples.at(sample).begin() + static_cast<std::ptrdiff_t>(step * trace.neurons);
  return {begin, begin + static_cast<std::ptrdiff_t>(trace.neurons)};
}

void add_step(Train& train, std::span<const Event> events) {
  for (const Event& event : events) train.add(event.element, event.value);
  train.end_step();
}

}  // namespace

/// What a program gives one application, and the model beside it.
struct LoopStream {
  std::string name;  ///< of one among several; empty: alone
  CompiledImage image;
  std::uint32_t window;
  double verifying_ms = 0;
  std::vector<Promise> promises;
  std::unique_ptr<ModelLink> model_link;
  std::optional<StepSession> model;
  Dataset given;
  bool is_in_sample = false, is_finished = false;
  std::vector<std::pair<std::size_t, std::size_t>> places;  ///< sample and step in it, by step

  LoopStream(std::string the_name, CompiledImage the_image, std::uint32_t steps, const LoopOptions& options)
      : name(std::move(the_name)), image(std::move(the_image)), window(steps) {
    const Image& value = image.value();
    const std::string file = image.path().empty() ? value.application.name : image.path();
    if (window == 0) throw input_error(loop_name() + "window 0: expected at least 1 step");
    require_guarantee(value, file);
    if (options.trust == ImageTrust::kNone) verifying_ms = require_verified(value, file) * 1e3;
    promises = promises_with_window(value, window);
    given.ports = image.inputs();
    model_link = open_model(value.chip);
    model.emplace(*model_link, view(), options.quiet_limit);
  }

  [[nodiscard]] ImageView view() const { return view_of(image, window); }
  /// Before a message.
  [[nodiscard]] std::string loop_name() const { return name.empty() ? "" : name + ": "; }

  void require_open(const char* what) const {
    if (is_finished) throw input_error(loop_name() + "loop: " + what + " after the run was ended");
  }

  /// With the sample's first step before it, which static inputs are held against.
  void check_step(const std::vector<std::vector<Event>>& inputs, StepPlace place) const {
    Dataset checked;
    checked.ports = given.ports;
    Sample sample{std::to_string(given.samples.size()), std::nullopt, std::vector<Train>(inputs.size())};
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      if (is_in_sample) add_step(sample.inputs[i], given.samples.back().inputs[i].at(0));
      add_step(sample.inputs[i], inputs[i]);
    }
    sample.ends_void = place == StepPlace::kVoid;
    checked.samples.push_back(std::move(sample));
    check_data(image.value(), checked);
  }

  /// The step in its sample, which the model has been given. Nothing is given if the step is refused.
  const Sample& give(const std::vector<std::vector<Event>>& inputs, StepPlace place) {
    require_open("a step");
    if (inputs.size() != given.ports.size())
      throw input_error(loop_name() + "loop: a step of " + std::to_string(inputs.size()) +
                        " inputs, expected " + std::to_string(given.ports.size()) +
                        ", the image's in their order");
    check_step(inputs, place);
    if (!is_in_sample)
      given.samples.push_back(
          {std::to_string(given.samples.size()), std::nullopt, std::vector<Train>(inputs.size())});
    Sample& sample = given.samples.back();
    for (std::size_t i = 0; i < inputs.size(); ++i) add_step(sample.inputs[i], inputs[i]);
    sample.ends_void = place == StepPlace::kVoid;
    places.emplace_back(given.samples.size() - 1, sample.steps() - 1);
    is_in_sample = place == StepPlace::kWithin;
    model->give(sample, sample.steps() - 1, place);
    return sample;
  }

  void end() {
    if (given.samples.empty())
      throw input_error(loop_name() + "loop: no step was given, so nothing could be held to a promise");
    if (is_in_sample)
      throw input_error(loop_name() +
                        "loop: the run is to end within a sample; give its last step with StepPlace::kLast, "
                        "or a void one (StepPlace::kVoid)");
    is_finished = true;
    model->end();
  }

  /// Of a step that the model and the device have taken.
  [[nodiscard]] StepOutputs outputs(std::size_t step, const RunOutputs& so_far, std::int64_t sent,
                                    std::int64_t ended) const {
    StepOutputs outputs;
    outputs.step = step;
    outputs.predicted = model->ended_at(step);
    outputs.sent = sent;
    outputs.ended = ended;
    const auto [sample, within] = places[step];
    const bool is_void = given.samples[sample].place_of(within) == StepPlace::kVoid;
    for (const SpikeTrace& trace : so_far.spikes)
      outputs.spikes.push_back(is_void ? std::vector<std::uint8_t>(trace.neurons)
                                       : step_of(trace, sample, within));
    for (const PotentialTrace& trace : so_far.potentials)
      outputs.potentials.push_back(is_void ? std::vector<std::int32_t>(trace.neurons)
                                           : step_of(trace, sample, within));
    return outputs;
  }

  RunResult result(DeviceRun replay, std::optional<DeviceRun> run, const std::string& device,
                   const LoopOptions& options) const {
    RunResult result;
    result.verifying_ms = verifying_ms;
    result.report.device = device;
    describe_run({image.value(), promises, window, image.path(), given, replay, run ? &*run : nullptr,
                  model_link->statistics().synaptic_operations},
                 result.report);
    result.outputs = std::move((run ? *run : replay).outputs);
    decide_samples(options.decide, image.value(), given, result.outputs, result.report);
    result.judgement = judge(result.report);
    return result;
  }
};

namespace {

/// Null where the model is the device.
std::unique_ptr<Link> opened(const LoopOptions& options, const Chip& chip) {
  RunOptions opening;
  opening.device = options.device;
  opening.trace = options.trace;
  if (options.device != "model") return open_device(device_string(opening), chip, options.on_build);
  if (options.trace) throw input_error("trace: the model has no waveforms; use the device verilator");
  return nullptr;
}

}  // namespace

struct LoopState {
  LoopOptions options;
  LoopStream stream;
  std::unique_ptr<Link> device_link;  ///< null: the model is the device
  std::optional<StepSession> device;

  LoopState(const CompiledImage& image, const LoopOptions& the_options)
      : options(the_options),
        stream("", image, the_options.window, the_options),
        device_link(opened(options, image.value().chip)) {
    if (device_link) device.emplace(*device_link, stream.view(), options.quiet_limit);
  }

  [[nodiscard]] StepSession& asked() { return device ? *device : *stream.model; }

  void give(const std::vector<std::vector<Event>>& inputs, StepPlace place) {
    const Sample& sample = stream.give(inputs, place);
    if (device) device->give(sample, sample.steps() - 1, place);
  }

  StepOutputs take() {
    stream.require_open("outputs");
    const std::size_t step = stream.model->taken();
    if (stream.model->given() < step + stream.window)
      throw input_error("loop: the outputs of step " + std::to_string(step) + " were asked for when " +
                        std::to_string(stream.model->given()) + " steps had been given; with a window of " +
                        std::to_string(stream.window) + " the chip's time goes on to them when " +
                        std::to_string(step + stream.window) + " have");
    stream.model->take();
    if (device) device->take();
    return stream.outputs(step, asked().so_far(), asked().sent_at(step), asked().ended_at(step));
  }

  RunResult finish() {
    stream.require_open("the end");
    stream.end();
    DeviceRun replay = stream.model->finish();
    std::optional<DeviceRun> run;
    if (device) {
      device->end();
      run = device->finish();
    }
    return stream.result(std::move(replay), std::move(run),
                         device ? device_link->describe() : stream.model_link->describe(), options);
  }
};

struct LoopsState {
  LoopOptions options;
  std::vector<std::unique_ptr<LoopStream>> streams;
  std::vector<std::int64_t> origins;
  std::unique_ptr<Link> link;  ///< of the device; the model's where that is the device
  std::optional<SharedSteps> device;

  LoopsState(const std::vector<LoopApplication>& applications, const LoopOptions& the_options)
      : options(the_options) {
    if (applications.empty()) throw input_error("loops: no application");
    std::vector<std::string> names;
    std::vector<Image> images;
    for (const LoopApplication& application : applications) {
      names.push_back(application.name);
      images.push_back(application.image.value());
    }
    std::vector<Image> bound = bound_together(names, std::move(images));
    const Chip& chip = applications.front().image.value().chip;
    std::vector<StepGuest> guests;
    for (std::size_t a = 0; a < applications.size(); ++a) {
      CompiledImage image(std::make_shared<const Image>(std::move(bound[a])), applications[a].image.path());
      streams.push_back(
          std::make_unique<LoopStream>(names[a], std::move(image), applications[a].window, options));
      origins.push_back(a == 0 ? 0 : first_origin(chip, 0));
      guests.push_back({names[a], streams[a]->view(), origins[a]});
    }
    link = opened(options, chip);
    if (!link) link = open_model(chip);
    device.emplace(*link, std::move(guests), options.quiet_limit);
  }

  LoopStream& stream(std::size_t application) {
    if (application >= streams.size())
      throw input_error("loops: application " + std::to_string(application) + ", there are " +
                        std::to_string(streams.size()));
    return *streams[application];
  }

  void give(std::size_t application, const std::vector<std::vector<Event>>& inputs, StepPlace place) {
    const Sample& sample = stream(application).give(inputs, place);
    device->give(application, sample, sample.steps() - 1, place);
  }

  void end(std::size_t application) {
    stream(application).require_open("the end");
    stream(application).end();
    device->end(application);
  }

  /// When an application's next outputs come, in the chip's cycles; none where it has no more. The model
  /// has taken them.
  std::optional<std::int64_t> next_of(std::size_t application) {
    LoopStream& of = *streams[application];
    const std::size_t step = device->taken(application);
    if (step == of.places.size() && of.is_finished) return std::nullopt;
    if (!of.is_finished && of.places.size() < step + of.window)
      throw input_error("loops: outputs were asked for when " + of.name + " had been given " +
                        std::to_string(of.places.size()) + " steps and " + std::to_string(step) +
                        " of them had been taken; with its window of " + std::to_string(of.window) +
                        " the chip's time stands still for all until it is given " +
                        std::to_string(step + of.window) + ", or ended. Applications that feed one another " +
                        "across that have to be one network");
    while (of.model->taken() <= step) of.model->take();
    return origins[application] + of.model->ended_at(step);
  }

  ClosedLoops::Taken take() {
    std::optional<std::pair<std::int64_t, std::size_t>> first;
    for (std::size_t a = 0; a < streams.size(); ++a)
      if (const auto at = next_of(a); at && (!first || *at < first->first)) first.emplace(*at, a);
    if (!first) throw input_error("loops: every application has ended, and all outputs have been taken");
    const std::size_t a = first->second, step = device->taken(a);
    device->take(a);
    const Collector& seen = device->collector(a);
    return {a, streams[a]->outputs(step, seen.so_far(), seen.sent_at(step), seen.ended_at(step))};
  }

  std::vector<RunResult> finish() {
    for (std::size_t a = 0; a < streams.size(); ++a)
      if (!streams[a]->is_finished) end(a);
    std::vector<DeviceRun> runs = device->finish();
    std::vector<RunResult> results;
    for (std::size_t a = 0; a < streams.size(); ++a)
      results.push_back(
          streams[a]->result(streams[a]->model->finish(), std::move(runs[a]), link->describe(), options));
    return results;
  }
};

ClosedLoop::ClosedLoop(const CompiledImage& image, const LoopOptions& options)
    : state_(std::make_unique<LoopState>(image, options)) {}
ClosedLoop::~ClosedLoop() = default;
ClosedLoop::ClosedLoop(ClosedLoop&&) noexcept = default;
ClosedLoop& ClosedLoop::operator=(ClosedLoop&&) noexcept = default;

const std::vector<Promise>& ClosedLoop::promises() const { return state_->stream.promises; }
void ClosedLoop::give(const std::vector<std::vector<Event>>& inputs, StepPlace place) {
  state_->give(inputs, place);
}
StepOutputs ClosedLoop::take() { return state_->take(); }
RunResult ClosedLoop::finish() { return state_->finish(); }
const Dataset& ClosedLoop::given() const { return state_->stream.given; }

ClosedLoops::ClosedLoops(const std::vector<LoopApplication>& applications, const LoopOptions& options)
    : state_(std::make_unique<LoopsState>(applications, options)) {}
ClosedLoops::~ClosedLoops() = default;
ClosedLoops::ClosedLoops(ClosedLoops&&) noexcept = default;
ClosedLoops& ClosedLoops::operator=(ClosedLoops&&) noexcept = default;

const std::vector<Promise>& ClosedLoops::promises(std::size_t application) const {
  return state_->stream(application).promises;
}
const Dataset& ClosedLoops::given(std::size_t application) const { return state_->stream(application).given; }
std::int64_t ClosedLoops::origin(std::size_t application) const { return state_->origins.at(application); }
void ClosedLoops::give(std::size_t application, const std::vector<std::vector<Event>>& inputs,
                       StepPlace place) {
  state_->give(application, inputs, place);
}
void ClosedLoops::end(std::size_t application) { state_->end(application); }
ClosedLoops::Taken ClosedLoops::take() { return state_->take(); }
std::vector<RunResult> ClosedLoops::finish() { return state_->finish(); }

}  // namespace spikeloom
