#include "host/run/exit_run.hpp"

#include <algorithm>
#include <deque>
#include <utility>

#include "compiler/base/error.hpp"

namespace spikeloom {
namespace {

/// Adds step `step` to what a rule looks at.
template <class T>
void add_step(const Trace<T>& trace, std::size_t sample, std::size_t step, bool adds_up,
              std::vector<std::int64_t>& scores) {
  const std::vector<T>& values = trace.samples.at(sample);
  for (std::size_t n = 0; n < trace.neurons; ++n)
    scores[n] = values[step * trace.neurons + n] + (adds_up ? scores[n] : 0);
}

void add_step(const RunOutputs& outputs, const ExitOutput& of, std::size_t sample, std::size_t step,
              std::vector<std::int64_t>& scores) {
  if (of.is_readout)
    add_step(outputs.potentials.at(of.index), sample, step, false, scores);
  else
    add_step(outputs.spikes.at(of.index), sample, step, true, scores);
}

/// A step that was given and whose outputs have not been taken.
struct UnderWay {
  std::size_t sample = 0, step = 0;
  bool is_void = false;  ///< given to end the sample
};

class Exiting {
 public:
  Exiting(const Dataset& data, const ExitRule& rule, const ExitOutput& output, const ImageView& image,
          StepSession& model, StepSession* device)
      : data_(data), rule_(rule), output_(output), window_(image.window), model_(model), device_(device) {
    result_.given.ports = data.ports;
    result_.given.encoder = data.encoder;
    result_.given.notes = data.notes;
    result_.exits.used.assign(data.samples.size(), 0);
    result_.exits.classes.assign(data.samples.size(), 0);
    result_.wasted.assign(data.samples.size(), 0);
    result_.decided.assign(data.samples.size(), 0);
  }

  ExitRun run() {
    for (std::size_t s = 0; s < data_.samples.size(); ++s) give_sample(s);
    model_.end();
    if (device_ != nullptr) device_->end();
    while (!under_way_.empty()) take();
    result_.begun.push_back(0);
    for (const std::size_t last : last_of_) result_.begun.push_back(asked().sent_at(last));
    result_.replay = model_.finish();
    if (device_ != nullptr) result_.device = device_->finish();
    return std::move(result_);
  }

 private:
  [[nodiscard]] StepSession& asked() { return device_ != nullptr ? *device_ : model_; }

  void give_sample(std::size_t s) {
    const Sample& sample = data_.samples[s];
    result_.given.samples.push_back(
        {sample.id, sample.label, std::vector<Train>(sample.inputs.size()), sample.step_labels});
    for (std::size_t t = 0; t < sample.steps(); ++t) {
      while (under_way_.size() >= window_) take();
      if (result_.exits.used[s] > 0) {
        give_void(s);
        break;
      }
      give_step(s, t);
    }
    last_of_.push_back(asked().given() - 1);
  }

  void give_step(std::size_t s, std::size_t step) {
    const Sample& from = data_.samples[s];
    Sample& sample = result_.given.samples.back();
    for (std::size_t i = 0; i < sample.inputs.size(); ++i) {
      for (const Event& event : from.inputs[i].at(step)) sample.inputs[i].add(event.element, event.value);
      sample.inputs[i].end_step();
    }
    give(s, step, from.place_of(step));
  }

  void give_void(std::size_t s) {
    Sample& sample = result_.given.samples.back();
    for (Train& train : sample.inputs) train.end_step();
    sample.ends_void = true;
    give(s, sample.steps() - 1, StepPlace::kVoid);
  }

  void give(std::size_t s, std::size_t step, StepPlace place) {
    const Sample& sample = result_.given.samples.back();
    model_.give(sample, step, place);
    if (device_ != nullptr) device_->give(sample, step, place);
    under_way_.push_back({s, step, place == StepPlace::kVoid});
  }

  void take() {
    const UnderWay taken = under_way_.front();
    under_way_.pop_front();
    model_.take();
    if (device_ != nullptr) device_->take();
    std::size_t& used = result_.exits.used[taken.sample];
    if (used > 0) {
      if (!taken.is_void) ++result_.wasted[taken.sample];
      return;
    }
    if (taken.step == 0) scores_.assign(output_.classes, 0);
    add_step(asked().so_far(), output_, taken.sample, taken.step, scores_);
    const bool is_last = taken.step + 1 == data_.samples[taken.sample].full_steps();
    if (!is_last && !rule_.decides(scores_, output_.unit)) return;
    used = taken.step + 1;
    result_.exits.classes[taken.sample] = std::max_element(scores_.begin(), scores_.end()) - scores_.begin();
    result_.decided[taken.sample] = asked().ended_at(asked().taken() - 1);
  }

  const Dataset& data_;
  const ExitRule& rule_;
  const ExitOutput& output_;
  std::size_t window_;
  StepSession& model_;
  StepSession* device_;
  std::deque<UnderWay> under_way_;
  std::vector<std::int64_t> scores_;
  std::vector<std::size_t> last_of_;  ///< by sample: the last step given, of all
  ExitRun result_;
};

}  // namespace

ExitOutput exit_output(const Image& image, const std::optional<std::string>& name) {
  std::vector<ExitOutput> outputs;
  std::vector<bool> last_only;
  std::size_t potentials = 0, spikes = 0;
  std::string names;
  for (const OutputStream& stream : image.application.outputs) {
    if (stream.recorded) continue;
    ExitOutput output{stream.name, stream.kind == OutputKind::kPotential, 0, volume(stream.shape),
                      stream.unit};
    output.index = output.is_readout ? potentials++ : spikes++;
    if (!output.is_readout) output.unit = 1;
    names += (outputs.empty() ? "" : ", ") + stream.name;
    outputs.push_back(output);
    last_only.push_back(std::any_of(stream.sinks.begin(), stream.sinks.end(), [&](std::uint32_t sink) {
      return image.application.clusters[image.application.sinks.at(sink).index()].last_only;
    }));
  }
  std::size_t chosen = 0;
  if (name) {
    while (chosen < outputs.size() && outputs[chosen].name != *name) ++chosen;
    if (chosen == outputs.size())
      throw input_error("--exit-output " + *name + ": no such output; there are " + names);
  } else {
    for (std::size_t o = 0; o < outputs.size(); ++o)
      if (outputs[o].is_readout) chosen = o;
  }
  if (outputs.empty()) throw input_error("--exit: the image has no output that a rule could look at");
  const ExitOutput& output = outputs[chosen];
  if (output.classes < 2)
    throw input_error("--exit: output " + output.name + " has a single neuron; a rule compares at least two");
  if (last_only[chosen])
    throw input_error("--exit: output " + output.name +
                      " was compiled with --readout-last, so it says nothing before a sample's last step");
  return output;
}

std::vector<std::vector<std::int64_t>> scores_of(const RunOutputs& outputs, const ExitOutput& of) {
  std::vector<std::vector<std::int64_t>> all;
  const auto add = [&](const auto& trace) {
    for (std::size_t s = 0; s < trace.samples.size(); ++s) {
      std::vector<std::int64_t> scores(of.classes, 0);
      all.emplace_back();
      for (std::size_t t = 0; t < trace.steps(s); ++t) {
        add_step(outputs, of, s, t, scores);
        all.back().insert(all.back().end(), scores.begin(), scores.end());
      }
    }
  };
  if (of.is_readout)
    add(outputs.potentials.at(of.index));
  else
    add(outputs.spikes.at(of.index));
  return all;
}

ExitRun run_with_exits(const Dataset& data, const ExitRule& rule, const ExitOutput& output,
                       const ImageView& image, StepSession& model, StepSession* device) {
  return Exiting(data, rule, output, image, model, device).run();
}

}  // namespace spikeloom
