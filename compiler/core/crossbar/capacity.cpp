#include "compiler/core/crossbar/capacity.hpp"

#include <algorithm>
#include <bit>

#include "compiler/core/crossbar/tables.hpp"
#include "compiler/core/neuron/capacity.hpp"
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

}  // namespace

std::vector<MemoryInfo> memories(const TileConfig& t) {
  std::vector<MemoryInfo> list{{"chunks", "chunk", "tile.chunk_entries", t.chunk_entries},
                               {"axons", "axon", "tile.axon_entries", t.axon_entries},
                               {"weights", "weight", "tile.weight_words", t.weight_words, true}};
  neuron::add_memories(t, list);
  return list;
}

std::vector<Ram> rams(const TileConfig& t) {
  const std::uint64_t slices = t.lanes / t.lif_lanes;
  const std::uint32_t narrowest = *std::min_element(t.weight_bits.begin(), t.weight_bits.end());
  const std::uint64_t row_bits = index_bits(t.weight_words) + std::bit_width(8 / narrowest) - 1;
  const std::uint64_t how = index_bits(t.max_shift + 1) + 3;
  // Counts of words or lane groups: 0 to groups.
  const std::uint64_t count = static_cast<std::uint64_t>(std::bit_width(t.groups - 1)) + 1;
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
  neuron::add_rams(t, std::uint64_t{t.groups} * slices, list);
  return list;
}

std::vector<std::uint64_t> amounts(const Cluster& cluster, const TileConfig& tile) {
  const Tables tables(cluster);
  std::vector<std::uint64_t> list{tables.chunks(), tables.axons(), tables.weight_words()};
  neuron::add_amounts(tables, tile, list);
  return list;
}

std::vector<std::uint64_t> least_amounts(const PopulationFloor& floor, const TileConfig& t) {
  std::uint64_t eighths = 0;  // of weight words: a word holds 8 / bits logical words
  for (const RowFloor& row : floor.rows)
    eighths += row.count * ((row.synapses + t.lanes - 1) / t.lanes) * row.bits;
  std::vector<std::uint64_t> least(kOwnMemories, 0);
  least[kChunks] = floor.page_chunks;
  least[kWeights] = (eighths + 7) / 8;
  neuron::add_least_amounts(floor, t, least);
  return least;
}

std::vector<Need> needs(const Cluster& cluster, const TileConfig& t) {
  const std::uint64_t groups = (cluster.size() + t.lanes - 1) / t.lanes;
  std::vector<Need> list{{"tile.groups", groups, t.groups}};
  const std::vector<MemoryInfo> all = memories(t);
  const std::vector<std::uint64_t> taken = amounts(cluster, t);
  for (std::size_t m = 0; m < all.size(); ++m)
    list.push_back(
        {std::string(all[m].key), taken[m], all[m].capacity,
         m == kWeights || m == kNeuronMemories.updates ? Need::Growth::kWithNeurons : Need::Growth::kOther});
  return list;
}

MostNeurons most_neurons(const IntPopulation& p, const TileConfig& t) {
  const MostNeurons own{std::uint64_t{t.groups} * t.lanes, "tile.groups"};
  const MostNeurons updated = neuron::most_neurons(p, t);
  return updated.count < own.count ? updated : own;
}

std::vector<std::string> problems(const IntNetwork& network, PopulationId id,
                                  const std::vector<Layer>& layers, const TileConfig& tile) {
  std::vector<std::string> list;
  if (const auto overflow = accumulator_problem(network, id, tile.acc_bits)) list.push_back(*overflow);
  neuron::add_problems(network.populations[id.index()], tile, list);
  check_shifts(network, layers, tile, list);
  for (const Layer& layer : layers)
    if (layer.is_of_numbers && tile.sums == 0)
      list.push_back("it takes numbers from " + source_name(network, layer.from) + ", but tile.sums = 0");
  return list;
}

}  // namespace spikeloom::crossbar
