#include "compiler/core/systolic/capacity.hpp"

#include <algorithm>

#include "compiler/chip/ram.hpp"
#include "compiler/core/neuron/capacity.hpp"
#include "compiler/core/systolic/blocks.hpp"
#include "compiler/core/systolic/build.hpp"
#include "compiler/core/systolic/tables.hpp"
#include "compiler/golden/accumulator.hpp"
#include "compiler/golden/check.hpp"

namespace spikeloom::systolic {
namespace {

/// Weights and bit planes of a layer as the array would hold them.
void check_layer(const IntNetwork& network, const Layer& layer, const TileConfig& tile,
                 std::vector<std::string>& problems) {
  const std::string from = source_name(network, layer.from);
  if (layer.is_of_numbers) {
    problems.push_back("it takes numbers from " + from + "; the core systolic takes spikes only");
    return;
  }
  if (layer.bits > tile.systolic_weight_bits) {
    problems.push_back("its synapses from " + from + " have weights of " + std::to_string(layer.bits) +
                       " bits, but tile.systolic_weight_bits = " + std::to_string(tile.systolic_weight_bits));
    return;
  }
  std::uint32_t most = layer.shift;
  if (const auto* input = std::get_if<InputId>(&layer.from))
    most += network.inputs[input->index()].planes - 1;
  else if (layer.potential_planes != 0)
    most += layer.potential_planes - 1;
  if (most <= tile.systolic_shift) return;
  // What a shift cannot do the weight must.
  const std::int64_t top = std::int64_t{1} << (tile.systolic_weight_bits - 1);
  const std::uint32_t extra = most - tile.systolic_shift;
  if (std::any_of(layer.weight.begin(), layer.weight.end(), [&](std::int16_t w) {
        const std::int64_t mantissa = std::int64_t{w} * (std::int64_t{1} << extra);
        return mantissa < -top || mantissa >= top;
      }))
    problems.push_back("its synapses from " + from + " count up to weight << " + std::to_string(most) +
                       ", but tile.systolic_shift = " + std::to_string(tile.systolic_shift) +
                       "; tile.systolic_shift = " + std::to_string(most) + " would do");
}

}  // namespace

std::vector<MemoryInfo> memories(const TileConfig& t) {
  std::vector<MemoryInfo> list{{"blocks", "block", "tile.systolic_blocks", t.systolic_blocks},
                               {"folds", "fold", "tile.systolic_folds", t.systolic_folds, true},
                               {"weights", "weight", "tile.systolic_words", t.systolic_words, true}};
  neuron::add_memories(t, list);
  return list;
}

std::vector<Ram> rams(const TileConfig& t) {
  const std::uint64_t chunk = index_bits(t.page_chunks), word = index_bits(t.systolic_words);
  const std::uint64_t vector = index_bits(t.systolic_vectors / t.systolic_pages);
  std::vector<Ram> list;
  const auto add = [&](const char* name, std::uint64_t width, std::uint64_t depth, std::uint64_t part = 0) {
    list.push_back({name, width, depth, part == 0 ? width : part});
  };
  add("weights", std::uint64_t{t.systolic_columns} * 8, t.systolic_words, 32);
  for (const char* bank : {"sums, bank 0", "sums, bank 1"})
    add(bank, std::uint64_t{t.systolic_columns} * t.acc_bits, t.systolic_vectors);
  add("block entries, counts", 16 + 16, t.systolic_blocks);
  add("block entries, places", 12 + chunk, t.systolic_blocks);
  add("block entries, fold", index_bits(t.systolic_folds), t.systolic_blocks);
  add("block entries, weights", word, t.systolic_blocks);
  add("fold entries, matrix", word + index_bits(t.systolic_shift + 1) + 4, t.systolic_folds);
  add("fold entries, lengths", 5 + 2 * 10, t.systolic_folds);
  add("fold entries, places", chunk + vector, t.systolic_folds);
  add("fold entries, chunks", 2 * chunk, t.systolic_folds);
  add("fold entries, vectors", 2 * vector, t.systolic_folds);
  neuron::add_rams(t, t.bias_words != 0 ? t.bias_words : t.state_words, list);
  return list;
}

std::vector<std::uint64_t> amounts(const Cluster& cluster, const TileConfig& tile) {
  const Tables tables(cluster);
  std::vector<std::uint64_t> list{tables.blocks(), tables.folds(), tables.words()};
  neuron::add_amounts(tables, tile, list);
  return list;
}

std::vector<std::uint64_t> least_amounts(const PopulationFloor& floor, const TileConfig& t) {
  const std::uint64_t vectors = (floor.neurons + t.systolic_columns - 1) / t.systolic_columns;
  const std::uint64_t block = std::max(1U, most_vectors(shape_of(t)));
  // Small weights of a matrix may take a narrower format than the layer's.
  std::uint64_t sixteenths = 0;
  for (const RowFloor& row : floor.rows)
    sixteenths += row.count * ((row.synapses + t.systolic_columns - 1) / t.systolic_columns) * row.bits;
  std::vector<std::uint64_t> least(kOwnMemories, 0);
  least[kBlocks] = std::max(floor.clusters, (vectors + block - 1) / block);
  least[kFolds] = 1;  // clusters may share them
  least[kMatrices] = sixteenths / 16;
  neuron::add_least_amounts(floor, t, least);
  return least;
}

std::vector<Need> needs(const Cluster& cluster, const TileConfig& t) {
  const Tables tables(cluster);
  std::uint64_t longest = 0;  // vectors of a block
  for (std::size_t b = 0; b < tables.blocks(); ++b)
    longest = std::max<std::uint64_t>(longest, tables.end_vector(b, cluster.size()) - tables.first_vector(b));
  std::vector<Need> list{{"tile.systolic_vectors", longest * t.systolic_pages, t.systolic_vectors}};
  const std::vector<MemoryInfo> all = memories(t);
  const std::vector<std::uint64_t> taken = amounts(cluster, t);
  for (std::size_t m = 0; m < all.size(); ++m) {
    const bool other = m == kNeuronMemories.sets || m == kNeuronMemories.states;
    list.push_back({std::string(all[m].key), taken[m], all[m].capacity,
                    other ? Need::Growth::kOther : Need::Growth::kWithNeurons});
  }
  return list;
}

MostNeurons most_neurons(const IntPopulation& p, const TileConfig& t) {
  const MostNeurons updated = neuron::most_neurons(p, t);
  // Where a bank does not take the vectors of a chunk there is one block, of what it takes.
  if (most_vectors(shape_of(t)) != 0) {
    const MostNeurons blocks{
        std::uint64_t{t.systolic_blocks} * most_vectors(shape_of(t)) * t.systolic_columns,
        "tile.systolic_blocks"};
    return blocks.count < updated.count ? blocks : updated;
  }
  const MostNeurons bank{std::uint64_t{t.systolic_vectors / t.systolic_pages} * t.systolic_columns,
                         "tile.systolic_vectors"};
  return bank.count < updated.count ? bank : updated;
}

std::vector<std::string> problems(const IntNetwork& network, PopulationId id,
                                  const std::vector<Layer>& layers, const TileConfig& tile) {
  std::vector<std::string> list;
  if (const auto overflow = accumulator_problem(network, id, tile.acc_bits)) list.push_back(*overflow);
  neuron::add_problems(network.populations[id.index()], tile, list);
  if (network.populations[id.index()].shares() && tile.systolic_pages > 1)
    list.push_back(
        "its neurons share membranes, and tile.systolic_pages = " + std::to_string(tile.systolic_pages) +
        "; they pass through them step by step, so tile.systolic_pages = 1 would do");
  for (const Layer& layer : layers) check_layer(network, layer, tile, list);
  return list;
}

std::vector<std::uint32_t> weight_formats(const TileConfig& tile) {
  std::vector<std::uint32_t> formats;
  for (const std::uint32_t bits : {8U, 4U, 2U, 1U})
    if (bits <= tile.systolic_weight_bits) formats.push_back(bits);
  return formats;
}

}  // namespace spikeloom::systolic
