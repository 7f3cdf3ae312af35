#include "compiler/core/crossbar/capacity.hpp"

#include <algorithm>
#include <iterator>

#include "compiler/core/crossbar/tables.hpp"
#include "compiler/golden/accumulator.hpp"
#include "compiler/golden/check.hpp"

namespace spikeloom::crossbar {
namespace {

/// A shift beyond the chip's must go into the mantissas.
void check_shifts(const IntNetwork& network, const std::vector<Layer>& layers, const TileConfig& tile,
                  std::vector<std::string>& problems) {
  for (const Layer& layer : layers) {
    std::uint32_t most = layer.shift;
    if (const auto* input = std::get_if<InputId>(&layer.from))
      most += network.inputs[input->index()].planes - 1;
    else if (layer.potential_planes != 0)
      most += layer.potential_planes - 1;
    if (most <= tile.max_shift) continue;
    const std::uint32_t extra = most - tile.max_shift;
    for (const std::int16_t w : layer.weight)
      if (const std::int64_t m = std::int64_t{w} * (std::int64_t{1} << extra); m < -128 || m > 127) {
        problems.push_back("its synapses from " + source_name(network, layer.from) +
                           " count up to weight << " + std::to_string(most) +
                           ", but tile.max_shift = " + std::to_string(tile.max_shift) +
                           "; tile.max_shift = " + std::to_string(most) + " would do");
        break;
      }
  }
}

void check_population(const IntPopulation& p, const TileConfig& t, std::vector<std::string>& problems) {
  if (p.has_current() && t.current == 0)
    problems.emplace_back("it keeps a synaptic current, but tile.current = 0");
  if (p.is_readout() && t.readout == 0) problems.emplace_back("it is a readout, but tile.readout = 0");
  if (p.scale > t.max_scale)
    problems.push_back("accumulator scale " + std::to_string(p.scale) +
                       ", but tile.max_scale = " + std::to_string(t.max_scale));
  const auto range = [&](const std::vector<std::int32_t>& values, std::uint32_t bits, const char* what,
                         const char* key) {
    const auto [low, high] = state_range(bits);
    for (std::size_t j = 0; j < values.size(); ++j)
      if (values[j] < low || values[j] > high) {
        problems.push_back(std::string(what) + " of neuron " + std::to_string(j) + " is " +
                           std::to_string(values[j]) + ", which needs more than " + key + " = " +
                           std::to_string(bits));
        return;
      }
  };
  for (const IntParameter& parameter : kIntParameters) {
    if (!has(p, parameter) || parameter.range == IntParameter::Range::kDecay) continue;
    const bool bias = parameter.range == IntParameter::Range::kBias;
    range(p.*parameter.values, bias ? t.bias_bits : t.state_bits, parameter.name,
          bias ? "tile.bias_bits" : "tile.state_bits");
  }
}

}  // namespace

std::vector<MemoryInfo> memories(const TileConfig& t) {
  return {{"chunks", "chunk", "tile.chunk_entries", t.chunk_entries},
          {"axons", "axon", "tile.axon_entries", t.axon_entries},
          {"weights", "weight", "tile.weight_words", t.weight_words, true},
          {"updates", "update", "tile.update_entries", t.update_entries},
          {"sets", "set", "tile.param_sets", t.param_sets, true},
          {"state", "state", "tile.state_words", t.state_words}};
}

std::vector<std::uint64_t> amounts(const Cluster& cluster) {
  const Tables tables(cluster);
  return {tables.chunks(),  tables.axons(), tables.weight_words(),
          tables.updates(), tables.sets(),  tables.lif_groups()};
}

std::vector<Need> needs(const Cluster& cluster, const TileConfig& t) {
  const std::uint64_t groups = (cluster.size() + t.lanes - 1) / t.lanes;
  std::vector<Need> list{{"tile.groups", groups, t.groups}};
  const std::vector<MemoryInfo> all = memories(t);
  const std::vector<std::uint64_t> taken = amounts(cluster);
  for (std::size_t m = 0; m < all.size(); ++m)
    list.push_back({std::string(all[m].key), taken[m], all[m].capacity,
                    m == kWeights || m == kUpdates ? Need::Growth::kWithNeurons : Need::Growth::kOther});
  return list;
}

MostNeurons most_neurons(const IntPopulation& p, const TileConfig& t) {
  const MostNeurons bounds[] = {
      {std::uint64_t{t.groups} * t.lanes, "tile.groups"},
      {std::uint64_t{t.state_words} * t.lif_lanes, "tile.state_words"},
      // A readout's neuron takes two.
      {p.is_readout() ? t.update_entries / 2 : std::uint64_t{t.update_entries} * t.lif_lanes,
       "tile.update_entries"}};
  return *std::min_element(std::begin(bounds), std::end(bounds),
                           [](const auto& a, const auto& b) { return a.count < b.count; });
}

std::vector<std::string> problems(const IntNetwork& network, PopulationId id,
                                  const std::vector<Layer>& layers, const TileConfig& tile) {
  std::vector<std::string> list;
  if (const auto overflow = accumulator_problem(network, id, tile.acc_bits)) list.push_back(*overflow);
  check_population(network.populations[id.index()], tile, list);
  check_shifts(network, layers, tile, list);
  for (const Layer& layer : layers)
    if (layer.is_of_numbers && tile.sums == 0)
      list.push_back("it takes numbers from " + source_name(network, layer.from) + ", but tile.sums = 0");
  return list;
}

}  // namespace spikeloom::crossbar
