#include "compiler/replay/output_traces.hpp"

#include <algorithm>

#include "compiler/base/error.hpp"
#include "spikeloom_hw.hpp"

namespace spikeloom {
namespace {

std::uint32_t neuron(const Cluster& cluster, std::uint32_t position) {
  const std::vector<std::uint32_t>& sent = cluster.sent_neurons();
  if (position >= sent.size() || sent[position] == kNoNeuron)
    throw device_error("a spike of neuron " + std::to_string(position) + " of " + cluster.name +
                       ", which sends none there (" + std::to_string(sent.size()) + " bits a step)");
  return sent[position];
}

}  // namespace

OutputTraces::OutputTraces(const ImageView& image) : app_(image.application), of_sink_(app_.sinks.size()) {
  for (const OutputStream& output : app_.outputs) add_stream(output);
}

OutputTraces::OutputTraces(const ImageView& image, const Dataset& data) : OutputTraces(image) {
  for (const Sample& sample : data.samples) {
    begin_sample(sample, sample.full_steps());
    for (std::size_t t = 0; t < sample.steps(); ++t) add_step(sample.place_of(t));
  }
}

void OutputTraces::add_stream(const OutputStream& output) {
  Stream stream{output.kind == OutputKind::kPotential, 0, output.recorded, output.origin};
  stream.last_only = std::any_of(output.sinks.begin(), output.sinks.end(), [&](std::uint32_t sink) {
    return app_.clusters[app_.sinks.at(sink).index()].last_only;
  });
  const auto make = [&]<class T>(std::vector<Trace<T>>& list) {
    stream.trace = list.size();
    list.push_back({output.name, volume(output.shape), {}});
  };
  if (stream.potential)
    make(output.recorded ? outputs_.recorded_v : outputs_.potentials);
  else
    make(output.recorded ? outputs_.recorded_spikes : outputs_.spikes);
  for (const std::uint32_t sink : output.sinks) of_sink_.at(sink).push_back(streams_.size());
  streams_.push_back(stream);
}

void OutputTraces::begin_sample(const Sample& sample, std::size_t steps) {
  const auto begin = [&](auto& traces) {
    for (auto& trace : traces) trace.samples.emplace_back().reserve(steps * trace.neurons);
  };
  begin(outputs_.spikes);
  begin(outputs_.recorded_spikes);
  begin(outputs_.potentials);
  begin(outputs_.recorded_v);
  outputs_.ids.push_back(sample.id);
  outputs_.labels.push_back(sample.label);
}

/// A half of 0 is never sent, so in the steps that are sent a potential of 0 shows as its origin.
void OutputTraces::add_step(StepPlace place) {
  if (place == StepPlace::kVoid) return;
  const auto grow = [](auto& traces) {
    for (auto& trace : traces) trace.samples.back().resize(trace.samples.back().size() + trace.neurons, 0);
  };
  grow(outputs_.spikes);
  grow(outputs_.recorded_spikes);
  grow(outputs_.potentials);
  grow(outputs_.recorded_v);
  for (const Stream& stream : streams_) {
    if (stream.origin.empty() || (stream.last_only && place != StepPlace::kLast)) continue;
    std::vector<std::int32_t>& sample =
        (stream.recorded ? outputs_.recorded_v : outputs_.potentials)[stream.trace].samples.back();
    std::copy(stream.origin.begin(), stream.origin.end(),
              sample.end() - static_cast<std::ptrdiff_t>(stream.origin.size()));
  }
}

void OutputTraces::chunk(std::uint32_t sink, std::size_t sample, std::size_t step, std::uint32_t index,
                         std::uint16_t mask) {
  const Cluster& cluster = app_.clusters[app_.sinks.at(sink).index()];
  for (const std::size_t s : of_sink_[sink]) {
    if (streams_[s].potential)
      potential(streams_[s], cluster, sample, step, index, mask);
    else
      spikes(streams_[s], cluster, sample, step, index, mask);
  }
}

void OutputTraces::spikes(const Stream& stream, const Cluster& cluster, std::size_t sample, std::size_t step,
                          std::uint32_t index, std::uint16_t mask) {
  SpikeTrace& trace = (stream.recorded ? outputs_.recorded_spikes : outputs_.spikes)[stream.trace];
  for (std::uint32_t b = 0; b < hw::kChunkBits; ++b) {
    if ((mask >> b & 1U) == 0) continue;
    trace.samples[sample][step * trace.neurons + neuron(cluster, index * hw::kChunkBits + b)] = 1;
    if (!stream.recorded) ++output_spikes_;
  }
}

void OutputTraces::potential(const Stream& stream, const Cluster& cluster, std::size_t sample,
                             std::size_t step, std::uint32_t index, std::uint16_t mask) {
  PotentialTrace& trace = (stream.recorded ? outputs_.recorded_v : outputs_.potentials)[stream.trace];
  const std::uint32_t n = neuron(cluster, index / 2);
  const auto origin = static_cast<std::uint32_t>(stream.origin.empty() ? 0 : stream.origin[n]);
  std::int32_t& value = trace.samples[sample][step * trace.neurons + n];
  // Low half as it is; the high half is sign-extended to 16 bits.
  const std::uint32_t half = mask, before = static_cast<std::uint32_t>(value) - origin;
  value = static_cast<std::int32_t>(origin + (index % 2 == 0 ? (before & 0xffff0000U) | half
                                                             : (before & 0xffffU) | half << hw::kChunkBits));
}

}  // namespace spikeloom
