#include <algorithm>

#include "compiler/base/error.hpp"
#include "compiler/base/parallel.hpp"
#include "compiler/chip/kinds.hpp"
#include "compiler/partition/build_cluster.hpp"
#include "compiler/partition/network_limits.hpp"
#include "compiler/partition/partition.hpp"

namespace spikeloom {
namespace {

void add_output(Application& app, const IntNetwork& network, const std::string& name, const Shape& shape,
                PopulationId from, std::uint32_t recorded) {
  const IntPopulation& population = network.populations[from.index()];
  for (const Cluster& cluster : app.clusters)
    if (cluster.population == from && cluster.pooled)
      throw input_error("network " + network.name + ": the spikes of " + population.name +
                        " leave its tiles pooled only, and cannot be shown; partition it with them `shown`");
  OutputStream stream;
  stream.name = name;
  stream.shape = shape;
  stream.kind = population.is_readout() ? OutputKind::kPotential : OutputKind::kSpikes;
  stream.population = from;
  stream.recorded = recorded != 0;
  stream.unit = population.unit;
  stream.origin = population.origin;
  for (std::size_t c = 0; c < app.clusters.size(); ++c) {
    if (app.clusters[c].sent_population() != from) continue;
    const auto at = std::find(app.sinks.begin(), app.sinks.end(), ClusterId(c));
    stream.sinks.push_back(static_cast<std::uint32_t>(at - app.sinks.begin()));
    if (at == app.sinks.end()) app.sinks.emplace_back(c);
  }
  app.outputs.push_back(std::move(stream));
}

void add_inputs(Application& app, const IntNetwork& network, const Skeleton& skeleton,
                const std::optional<Traffic>& activity) {
  for (std::size_t i = 0; i < network.inputs.size(); ++i) {
    const IntInput& input = network.inputs[i];
    StreamInput stream{input.name,
                       input.shape,
                       input.planes,
                       input.is_signed,
                       input.unit,
                       skeleton.first_axon[i],
                       skeleton.input_order[i],
                       input.is_static,
                       {}};
    for (std::uint32_t n = 0; activity && n < input.size(); ++n) {
      const std::uint32_t element = input_element(input.shape, stream.order, n);
      for (std::uint32_t b = 0; b < input.planes; ++b)
        stream.activity.push_back(activity->inputs.at(i).at(element * input.planes + b));
    }
    app.inputs.push_back(std::move(stream));
  }
}

}  // namespace

Application build_application(const IntNetwork& network, const Chip& chip, const Clustering& clustering,
                              const BuildOptions& options) {
  const Layers layers = make_layers(network);
  Problems unsuitable = chip_problems(network, chip);
  for (std::size_t p = 0; p < network.populations.size(); ++p)
    for (const std::string& problem :
         kind_problems(network, layers, chip.kind(clustering.kind_of(p)), PopulationId(p)))
      unsuitable.add("population " + network.populations[p].name + on_kind(chip, clustering.kind_of(p)) +
                     ": " + problem);
  unsuitable.throw_if_any("network " + network.name + " on chip " + chip.name);
  const Skeleton skeleton = make_skeleton(network, chip, clustering);
  Application app;
  app.name = network.name;
  app.options = options.options;
  for (const IntPopulation& population : network.populations) app.populations.push_back(population.name);
  Problems problems;
  std::vector<std::size_t> first{0};  // cluster, by PopulationId
  for (const std::uint32_t count : clustering.count) first.push_back(first.back() + count);
  app.clusters.resize(skeleton.clusters.size());
  parallel_for(network.populations.size(), [&](std::size_t p) {
    if (clustering.count[p] == 0) return;
    const Reach reach(layers[p], skeleton, PopulationId(p));
    for (std::size_t c = first[p]; c < first[p + 1]; ++c)
      app.clusters[c] = build_cluster(network, chip, layers, skeleton, reach, c);
  });
  // Whoever reads a readout's potentials reads them every step.
  std::vector<std::uint8_t> is_source(network.populations.size(), 0);
  for (const IntProjection& projection : network.projections)
    if (const auto* from = std::get_if<PopulationId>(&projection.from)) is_source[from->index()] = 1;
  for (std::size_t c = 0; c < app.clusters.size(); ++c) {
    Cluster& cluster = app.clusters[c];
    cluster.last_only = cluster.readout && options.readout == ReadoutTime::kLastStep &&
                        is_source[cluster.population.index()] == 0;
    for (const Need& e : excesses(cluster, chip))
      problems.add("cluster " + cluster.name + ": needs " + e.key + " = " + std::to_string(e.needed) + ", " +
                   who_has(chip, cluster.kind) + " has " + std::to_string(e.available));
    if (options.activity)
      for (const std::uint32_t neuron : cluster.sent_neurons())
        cluster.activity.push_back(
            neuron == kNoNeuron
                ? 0
                : options.activity->populations.at(cluster.sent_population().index()).at(neuron));
    // Populations stand in an order in which every delay-0 projection goes forward, and clusters with them.
    app.order.emplace_back(c);
  }
  problems.throw_if_any("network " + network.name + " on chip " + chip.name);
  add_inputs(app, network, skeleton, options.activity);
  for (const Output& output : network.outputs)
    add_output(app, network, output.name, output.shape, output.from, 0);
  for (const PopulationId id : options.record)
    add_output(app, network, network.populations.at(id.index()).name,
               network.populations.at(id.index()).shape, id, 1);
  return app;
}

}  // namespace spikeloom
