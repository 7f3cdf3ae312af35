#include "compiler/core/crossbar/capacity.hpp"

#include <algorithm>
#include <bit>
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

std::vector<Ram> rams(const TileConfig& t) {
  const std::uint64_t slices = t.lanes / t.lif_lanes;
  const std::uint32_t narrowest = *std::min_element(t.weight_bits.begin(), t.weight_bits.end());
  const std::uint64_t row_bits = index_bits(t.weight_words) + std::bit_width(8 / narrowest) - 1;
  const std::uint64_t how = index_bits(t.max_shift + 1) + 3;
  // Counts of words or lane groups: 0 to groups.
  const std::uint64_t count = static_cast<std::uint64_t>(std::bit_width(t.groups - 1)) + 1;
  const std::uint64_t order = std::min<std::uint64_t>(12, index_bits(t.groups * slices)) +
                              index_bits(t.param_sets) + 2 + index_bits(t.lif_lanes);
  std::vector<Ram> list;
  const auto add = [&](const char* name, std::uint64_t width, std::uint64_t depth, std::uint64_t part = 0) {
    list.push_back({name, width, depth, part == 0 ? width : part});
  };
  add("weights", std::uint64_t{t.lanes} * 8, t.weight_words, 32);
  add("accumulators", std::uint64_t{t.lanes} * t.acc_bits, t.groups);
  // With sums an entry may name a lane instead of a row, and says so in two bits.
  const std::uint64_t first = std::max(row_bits, index_bits(t.axon_entries));
  const std::uint64_t lane = t.sums != 0 ? index_bits(t.lanes) : 0;
  add("chunk entries, low", how + 1 + std::max(first, lane), t.chunk_entries);
  add("chunk entries, middle", 3 * count + (t.sums != 0 ? 2 : 0), t.chunk_entries);
  add("chunk entries, high", 3 * count, t.chunk_entries);
  add("axon entries, low", how + row_bits, t.axon_entries);
  add("axon entries, middle", 3 * count, t.axon_entries);
  add("axon entries, high", 2 * count, t.axon_entries);
  add("update entries", order, t.update_entries);
  add("update masks", t.lif_lanes, t.update_entries);
  add("alpha", 13, t.param_sets);
  add("scale", index_bits(t.max_scale + 1), t.param_sets);
  add("beta", 13, t.param_sets);
  add("bias_v", t.state_bits, t.param_sets);
  add("theta", t.state_bits, t.param_sets);
  add("v_reset", t.state_bits, t.param_sets);
  add("subtract", 1, t.param_sets);
  add("biases", std::uint64_t{t.lif_lanes} * t.bias_bits, t.state_words, t.bias_bits);
  add("potentials", std::uint64_t{t.lif_lanes} * t.state_bits, t.state_words, t.state_bits);
  if (t.current != 0) add("currents", std::uint64_t{t.lif_lanes} * t.state_bits, t.state_words, t.state_bits);
  return list;
}

std::vector<std::uint64_t> amounts(const Cluster& cluster) {
  const Tables tables(cluster);
  return {tables.chunks(),  tables.axons(), tables.weight_words(),
          tables.updates(), tables.sets(),  tables.lif_groups()};
}

std::vector<std::uint64_t> least_amounts(const PopulationFloor& floor, const TileConfig& t) {
  const std::uint64_t lif_groups = (floor.neurons + t.lif_lanes - 1) / t.lif_lanes;
  std::uint64_t eighths = 0;  // of weight words: a word holds 8 / bits logical words
  for (const RowFloor& row : floor.rows)
    eighths += row.count * ((row.synapses + t.lanes - 1) / t.lanes) * row.bits;
  std::vector<std::uint64_t> least(kMemories, 0);
  least[kChunks] = floor.page_chunks;
  least[kWeights] = (eighths + 7) / 8;
  least[kUpdates] = floor.readout ? 2 * floor.neurons : lif_groups;
  least[kStates] = lif_groups;
  return least;
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
