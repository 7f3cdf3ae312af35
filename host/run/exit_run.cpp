#include "host/run/exit_run.hpp"

#include <algorithm>
#include <cmath>
#include <deque>
#include <limits>
#include <utility>

#include "compiler/base/error.hpp"
#include "spikeloom_hw.hpp"

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
    sample.ends_void = from.place_of(step) == StepPlace::kVoid;
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

ExitSetup exit_setup(const ImageView& image, const ExitRule& rule, const ExitOutput& output) {
  Problems problems;
  const HostConfig& host = image.chip.host;
  const std::string chip = image.chip.name;
  const auto number = [](std::uint64_t value) { return std::to_string(value); };
  if (rule.kind != ExitRule::Kind::kMargin)
    problems.add("rule " + rule.text() +
                 ": the chip's exit unit compares the best two scores and keeps no others, so it decides "
                 "margins only; leave out --exit-on for this rule, or take margin:UNITS");
  else if (std::ceil(rule.threshold) > std::numeric_limits<std::int32_t>::max())
    problems.add("rule " + rule.text() + ": the exit unit takes margins up to " +
                 number(std::numeric_limits<std::int32_t>::max()));
  if (host.exit_window == 0)
    problems.add("chip " + chip + " has no exit unit; set host.exit_window in the chip file to " +
                 number(std::max(1U, image.window)) + " and compile again, or leave out --exit-on");
  else if (image.window > host.exit_window)
    problems.add("--window " + number(image.window) + ": the exit unit of " + chip +
                 " follows windows up to " + number(host.exit_window) +
                 " steps; give a shorter one, or raise host.exit_window");
  const auto stream =
      std::find_if(image.application.outputs.begin(), image.application.outputs.end(),
                   [&](const OutputStream& s) { return !s.recorded && s.name == output.name; });
  SPIKELOOM_CHECK(stream != image.application.outputs.end());
  const std::string of = "output " + output.name;
  if (!output.is_readout)
    problems.add(of + " is of spikes, and the exit unit does not count them; compile with --exit-readout");
  if (!stream->origin.empty())
    problems.add(of + " is sent as distances from origins, a neuron each, which the exit unit does not know");
  if (host.exit_window > 0 && stream->sinks.size() > host.exit_sinks)
    problems.add(of + " has " + number(stream->sinks.size()) + " clusters, the exit unit of " + chip +
                 " gathers " + number(host.exit_sinks) + "; raise host.exit_sinks, or spread it less");
  for (std::size_t s = 0; s < stream->sinks.size(); ++s)
    if (stream->sinks[s] != stream->sinks.front() + s) {
      problems.add(of + " shares a cluster with an output before it; give the rule that one (--exit-output)");
      break;
    }
  const std::size_t most_neurons = hw::RegExitNeurons::unpack(~0U).count;
  if (output.classes > most_neurons)
    problems.add(of + " has " + number(output.classes) + " neurons, the exit unit counts " +
                 number(most_neurons));
  problems.throw_if_any("--exit-on device");
  return {.first_sink = stream->sinks.front(),
          .sinks = static_cast<std::uint32_t>(stream->sinks.size()),
          .neurons = static_cast<std::uint32_t>(output.classes),
          .margin = static_cast<std::uint32_t>(std::ceil(rule.threshold))};
}

Dataset cut_short(const Dataset& data, const std::vector<std::size_t>& used, std::uint32_t window) {
  Dataset given;
  given.ports = data.ports;
  given.encoder = data.encoder;
  given.notes = data.notes;
  for (std::size_t s = 0; s < data.samples.size(); ++s) {
    const Sample& from = data.samples[s];
    Sample sample = from;
    // Step t is begun when the outputs up to step t - window have been seen.
    const std::size_t seen = used[s] - 1 + window;
    if (seen < from.steps()) {
      sample.ends_void = true;
      for (std::size_t i = 0; i < sample.inputs.size(); ++i) {
        sample.inputs[i] = Train();
        for (std::size_t t = 0; t < seen; ++t) {
          for (const Event& event : from.inputs[i].at(t)) sample.inputs[i].add(event.element, event.value);
          sample.inputs[i].end_step();
        }
        sample.inputs[i].end_step();
      }
    }
    given.samples.push_back(std::move(sample));
  }
  return given;
}

ExitRun run_with_unit(const Dataset& data, const ExitRule& rule, const ExitOutput& output, Dataset given,
                      DeviceRun replay, std::optional<DeviceRun> device) {
  ExitRun result;
  const DeviceRun& run = device ? *device : replay;
  result.exits = exits_of(rule, scores_of(run.outputs, output), output.classes, output.unit);
  result.begun.push_back(0);
  std::size_t first = 0;  // the sample's first step
  for (std::size_t s = 0; s < data.samples.size(); ++s) {
    const std::size_t used = result.exits.used[s];
    result.wasted.push_back(given.samples[s].full_steps() - used);
    result.decided.push_back(run.ended.at(first + used - 1));
    first += given.samples[s].steps();
    result.begun.push_back(run.sent.at(first - 1));
  }
  result.given = std::move(given);
  result.replay = std::move(replay);
  result.device = std::move(device);
  return result;
}

ExitRun run_with_exits(const Dataset& data, const ExitRule& rule, const ExitOutput& output,
                       const ImageView& image, StepSession& model, StepSession* device) {
  return Exiting(data, rule, output, image, model, device).run();
}

}  // namespace spikeloom
