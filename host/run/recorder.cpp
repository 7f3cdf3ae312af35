#include "host/run/recorder.hpp"

#include <algorithm>

#include "compiler/base/error.hpp"

namespace spikeloom {

WantedRecords parse_record(const std::vector<std::string>& items, const Image& image) {
  WantedRecords recording;
  Problems problems;
  for (const std::string& item : items) {
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

Recorder::Recorder(const Image& image, const Dataset& data, const WantedRecords& wanted, ModelLink& model)
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

void Recorder::add_to(RunOutputs& outputs) {
  outputs.recorded_spikes.insert(outputs.recorded_spikes.end(), spikes_.begin(), spikes_.end());
  outputs.recorded_v.insert(outputs.recorded_v.end(), potentials_.begin(), potentials_.end());
}

std::size_t Recorder::size_of(const std::string& node) const {
  std::size_t size = 0;
  for (const Cluster& cluster : image_.application.clusters)
    if (image_.application.populations[cluster.population.index()] == node) size += cluster.size();
  return size;
}

void Recorder::record(const ModelFiring& firing) {
  for (std::size_t c = 0; c < next_.size(); ++c) {
    const Placement& place = image_.binding.placement[c];
    if (place.tile.value + 1 != firing.node || place.context != firing.context) continue;
    store(c, firing);
  }
}

void Recorder::store(std::size_t c, const ModelFiring& firing) {
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

}  // namespace spikeloom
