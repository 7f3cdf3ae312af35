#include "host/run/recorder.hpp"

#include <algorithm>

#include "compiler/base/error.hpp"

namespace spikeloom {

namespace {

/// A cluster of the population that sends a pool's spikes instead of its own; null: there is none.
const Cluster* sends_pooled(const Image& image, const std::string& node) {
  for (const Cluster& cluster : image.application.clusters)
    if (cluster.pooled && image.application.populations[cluster.population.index()] == node) return &cluster;
  return nullptr;
}

bool is_pooled_by_others(const Image& image, const std::string& node) {
  const auto& clusters = image.application.clusters;
  return std::any_of(clusters.begin(), clusters.end(), [&](const Cluster& cluster) {
    return cluster.pooled && image.application.populations[cluster.pooled->population.index()] == node;
  });
}

}  // namespace

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
      if (const Cluster* own = sends_pooled(image, node))
        problems.add("--record " + item + ": the spikes of " + node +
                     " leave its tiles pooled only, as those of " + names[own->pooled->population.index()] +
                     "; compile with --record " + node + " or --pools own");
      recording.spikes.push_back(node);
    } else if (what == "v") {
      if (is_pooled_by_others(image, node))
        problems.add("--record " + item + ": " + node +
                     " is folded into the population that it pools and has no potentials; compile with " +
                     "--pools own");
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
        trace.samples.emplace_back(sample.full_steps() * trace.neurons, T{0});
      traces.push_back(std::move(trace));
    }
  };
  prepare(wanted.spikes, spikes_);
  prepare(wanted.potentials, potentials_);
  if (!spikes_.empty() || !potentials_.empty())
    model.observe([this](const ModelFiring& firing) { record(firing); });
}

void Recorder::add_to(RunOutputs& outputs) {
  // A population may be asked for twice, or be an output since `compile --record` already: it is there once.
  const auto add = []<class T>(const std::vector<Trace<T>>& traces, std::vector<Trace<T>>& to) {
    for (const Trace<T>& trace : traces)
      if (std::none_of(to.begin(), to.end(), [&](const Trace<T>& other) { return other.node == trace.node; }))
        to.push_back(trace);
  };
  add(spikes_, outputs.recorded_spikes);
  add(potentials_, outputs.recorded_v);
}

std::size_t Recorder::size_of(const std::string& node) const {
  std::size_t size = 0;
  for (const Cluster& cluster : image_.application.clusters)
    if (image_.application.populations[cluster.population.index()] == node)
      size += cluster.neuron_count();
    else if (image_.application.populations[cluster.sent_population().index()] == node)
      size += cluster.sent_count();
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
  if (firing.is_void) {
    at = {at.sample + 1, 0};
    return;
  }
  const auto neurons = static_cast<std::uint32_t>(cluster.size());
  for (PotentialTrace& trace : potentials_)
    if (trace.node == node)
      for (std::uint32_t p = 0; p < neurons; ++p)
        if (cluster.neurons[p] != kNoNeuron)
          trace.samples[at.sample][at.step * trace.neurons + cluster.neurons[p]] =
              model_.potential(firing.node, firing.context, p);
  const std::vector<std::uint32_t>& sent = cluster.sent_neurons();
  for (SpikeTrace& trace : spikes_) {
    if (trace.node != image_.application.populations[cluster.sent_population().index()]) continue;
    const std::vector<bool> bits =
        model_.spikes(firing.node, firing.context, static_cast<std::uint32_t>(sent.size()));
    for (std::uint32_t p = 0; p < bits.size(); ++p)
      if (sent[p] != kNoNeuron) trace.samples[at.sample][at.step * trace.neurons + sent[p]] = bits[p] ? 1 : 0;
  }
  if (++at.step == data_.samples[at.sample].steps()) {
    at.step = 0;
    ++at.sample;
  }
}

}  // namespace spikeloom
