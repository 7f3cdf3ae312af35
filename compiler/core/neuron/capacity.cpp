#include "compiler/core/neuron/capacity.hpp"

#include <algorithm>
#include <iterator>

#include "compiler/golden/check.hpp"

namespace spikeloom::neuron {
namespace {

/// Groups of LIF lanes that so many neurons take: words of state, and update entries of neurons with equal
/// parameters.
std::uint64_t lif_groups(std::uint64_t neurons, const TileConfig& t) {
  return (neurons + t.lif_lanes - 1) / t.lif_lanes;
}

}  // namespace

void add_memories(const TileConfig& t, std::vector<MemoryInfo>& list) {
  list.push_back({"updates", "update", "tile.update_entries", t.update_entries});
  list.push_back({"sets", "set", "tile.param_sets", t.param_sets, true});
  list.push_back({"state", "state", "tile.state_words", t.state_words, false, true});
  if (t.bias_words != 0) list.push_back({"biases", "bias", "tile.bias_words", t.bias_words});
}

void add_amounts(const Tables& tables, const TileConfig& t, std::vector<std::uint64_t>& list) {
  const bool shares = t.bias_words != 0;
  list.insert(list.end(),
              {tables.updates(), tables.sets(), shares ? tables.state_words() : tables.lif_groups()});
  if (shares) list.push_back(tables.lif_groups());
}

void add_least_amounts(const PopulationFloor& floor, const TileConfig& t, std::vector<std::uint64_t>& list) {
  const std::uint64_t groups = lif_groups(floor.neurons, t);
  list.insert(list.end(), {floor.readout ? 2 * floor.neurons : groups, 0, groups / floor.share});
  if (t.bias_words != 0) list.push_back(groups);
}

void add_rams(const TileConfig& t, std::uint64_t lif_groups, std::vector<Ram>& list) {
  const std::uint64_t group = std::min<std::uint64_t>(12, index_bits(lif_groups));
  const std::uint64_t order = group + index_bits(t.param_sets) + 2 + index_bits(t.lif_lanes);
  const auto add = [&](const char* name, std::uint64_t width, std::uint64_t depth, std::uint64_t part = 0) {
    list.push_back({name, width, depth, part == 0 ? width : part});
  };
  add("update entries", order, t.update_entries);
  add("update masks", t.lif_lanes, t.update_entries);
  if (t.bias_words != 0) add("update states", group + 1, t.update_entries);
  add("alpha", 13, t.param_sets);
  add("scale", index_bits(t.max_scale + 1), t.param_sets);
  add("beta", 13, t.param_sets);
  add("bias_v", t.state_bits, t.param_sets);
  add("theta", t.state_bits, t.param_sets);
  add("v_reset", t.state_bits, t.param_sets);
  add("subtract", 1, t.param_sets);
  add("biases", std::uint64_t{t.lif_lanes} * t.bias_bits, t.bias_words != 0 ? t.bias_words : t.state_words,
      t.bias_bits);
  add("potentials", std::uint64_t{t.lif_lanes} * t.state_bits, t.state_words, t.state_bits);
  if (t.current != 0) add("currents", std::uint64_t{t.lif_lanes} * t.state_bits, t.state_words, t.state_bits);
}

MostNeurons most_neurons(const IntPopulation& p, const TileConfig& t) {
  const MostNeurons bounds[] = {
      {std::uint64_t{t.state_words} * t.lif_lanes * p.share, "tile.state_words"},
      {std::uint64_t{t.bias_words != 0 ? t.bias_words : t.state_words} * t.lif_lanes,
       t.bias_words != 0 ? "tile.bias_words" : "tile.state_words"},
      // A readout's neuron takes two.
      {p.is_readout() ? t.update_entries / 2 : std::uint64_t{t.update_entries} * t.lif_lanes,
       "tile.update_entries"}};
  return *std::min_element(std::begin(bounds), std::end(bounds),
                           [](const auto& a, const auto& b) { return a.count < b.count; });
}

void add_problems(const IntPopulation& p, const TileConfig& t, std::vector<std::string>& problems) {
  if (p.has_current() && t.current == 0)
    problems.emplace_back("it keeps a synaptic current, but tile.current = 0");
  if (p.shares() && t.bias_words == 0)
    problems.emplace_back(
        "its neurons share membranes, but tile.bias_words = 0; tile.bias_words = tile.state_words would do");
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

WiderTile wider_lif(const TileConfig& tile) {
  WiderTile wider{"twice the LIF lanes", "tile.lif_lanes", 2 * tile.lif_lanes, tile};
  wider.tile.lif_lanes = wider.value;
  return wider;
}

}  // namespace spikeloom::neuron
