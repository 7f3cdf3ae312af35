#include <spikeloom/loop.hpp>

#include <span>
#include <utility>

#include "compiler/base/error.hpp"
#include "compiler/chip_model/model_device.hpp"
#include "compiler/replay/step_session.hpp"
#include "compiler/verify/verify.hpp"
#include "host/api/run_progress.hpp"
#include "host/device/devices.hpp"
#include "host/run/run_facts.hpp"
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

struct LoopState {
  CompiledImage image;
  LoopOptions options;
  double verifying_ms = 0;
  std::vector<Promise> promises;
  std::unique_ptr<ModelLink> model_link;
  std::unique_ptr<Link> device_link;  ///< null: the model is the device
  std::optional<StepSession> model, device;
  Dataset given;
  bool is_in_sample = false, is_finished = false;
  std::vector<std::pair<std::size_t, std::size_t>> places;  ///< sample and step in it, by step

  LoopState(const CompiledImage& the_image, const LoopOptions& the_options)
      : image(the_image), options(the_options) {
    const Image& value = image.value();
    const std::string name = image.path().empty() ? value.application.name : image.path();
    if (options.window == 0) throw input_error("window 0: expected at least 1 step");
    require_guarantee(value, name);
    if (options.trust == ImageTrust::kNone) verifying_ms = require_verified(value, name) * 1e3;
    promises = promises_with_window(value, options.window);
    given.ports = image.inputs();
    model_link = open_model(value.chip);
    model.emplace(*model_link, view_of(image, options.window), options.quiet_limit);
    RunOptions opening;
    opening.device = options.device;
    opening.trace = options.trace;
    if (options.device == "model") {
      if (options.trace) throw input_error("trace: the model has no waveforms; use the device verilator");
      return;
    }
    device_link = open_device(device_string(opening), value.chip, options.on_build);
    device.emplace(*device_link, view_of(image, options.window), options.quiet_limit);
  }

  [[nodiscard]] StepSession& asked() { return device ? *device : *model; }

  void require_open(const char* what) const {
    if (is_finished) throw input_error(std::string("loop: ") + what + " after the run was ended");
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

  /// Nothing is given if the step is refused.
  void give(const std::vector<std::vector<Event>>& inputs, StepPlace place) {
    require_open("a step");
    if (inputs.size() != given.ports.size())
      throw input_error("loop: a step of " + std::to_string(inputs.size()) + " inputs, expected " +
                        std::to_string(given.ports.size()) + ", the image's in their order");
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
    if (device) device->give(sample, sample.steps() - 1, place);
  }

  StepOutputs take() {
    require_open("outputs");
    const std::size_t step = model->taken();
    if (model->given() < step + options.window)
      throw input_error("loop: the outputs of step " + std::to_string(step) + " were asked for when " +
                        std::to_string(model->given()) + " steps had been given; with a window of " +
                        std::to_string(options.window) + " the chip's time goes on to them when " +
                        std::to_string(step + options.window) + " have");
    StepOutputs outputs;
    outputs.step = step;
    model->take();
    outputs.predicted = model->ended_at(step);
    if (device) device->take();
    outputs.sent = asked().sent_at(step);
    outputs.ended = asked().ended_at(step);
    const auto [sample, within] = places[step];
    const bool is_void = given.samples[sample].place_of(within) == StepPlace::kVoid;
    for (const SpikeTrace& trace : asked().so_far().spikes)
      outputs.spikes.push_back(is_void ? std::vector<std::uint8_t>(trace.neurons)
                                       : step_of(trace, sample, within));
    for (const PotentialTrace& trace : asked().so_far().potentials)
      outputs.potentials.push_back(is_void ? std::vector<std::int32_t>(trace.neurons)
                                           : step_of(trace, sample, within));
    return outputs;
  }

  RunResult finish() {
    require_open("the end");
    if (given.samples.empty())
      throw input_error("loop: no step was given, so nothing could be held to a promise");
    if (is_in_sample)
      throw input_error(
          "loop: the run is to end within a sample; give its last step with StepPlace::kLast, or a void one "
          "(StepPlace::kVoid)");
    is_finished = true;
    model->end();
    DeviceRun replay = model->finish();
    std::optional<DeviceRun> run;
    if (device) {
      device->end();
      run = device->finish();
    }
    RunResult result;
    result.verifying_ms = verifying_ms;
    result.report.device = (device ? device_link->describe() : model_link->describe());
    describe_run({image.value(), promises, options.window, image.path(), given, replay, run ? &*run : nullptr,
                  model_link->statistics().synaptic_operations},
                 result.report);
    result.outputs = std::move((run ? *run : replay).outputs);
    decide_samples(options.decide, image.value(), given, result.outputs, result.report);
    result.judgement = judge(result.report);
    return result;
  }
};

ClosedLoop::ClosedLoop(const CompiledImage& image, const LoopOptions& options)
    : state_(std::make_unique<LoopState>(image, options)) {}
ClosedLoop::~ClosedLoop() = default;
ClosedLoop::ClosedLoop(ClosedLoop&&) noexcept = default;
ClosedLoop& ClosedLoop::operator=(ClosedLoop&&) noexcept = default;

const std::vector<Promise>& ClosedLoop::promises() const { return state_->promises; }
void ClosedLoop::give(const std::vector<std::vector<Event>>& inputs, StepPlace place) {
  state_->give(inputs, place);
}
StepOutputs ClosedLoop::take() { return state_->take(); }
RunResult ClosedLoop::finish() { return state_->finish(); }
const Dataset& ClosedLoop::given() const { return state_->given; }

}  // namespace spikeloom
