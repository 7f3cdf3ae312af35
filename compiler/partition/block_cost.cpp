#include "compiler/partition/block_cost.hpp"

#include <algorithm>
#include <map>
#include <numeric>
#include <unordered_set>

#include "spikeloom_hw.hpp"

namespace spikeloom {
namespace {

/// A number whose bits all depend on all bits of x (splitmix64).
std::uint64_t mixed(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15ULL;
  x = (x ^ (x >> 30U)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27U)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31U);
}

class Counter {
 public:
  Counter(const IntNetwork& network, const IntPopulation& population, const Grid& grid, std::uint32_t lanes,
          const Skeleton& sources, const std::optional<Traffic>& activity)
      : network_(network), lanes_(lanes), sources_(sources), activity_(activity) {
    const MapExtent map = map_extent(population.shape);
    block_ = cut_map(map, grid);
    const std::size_t blocks = *std::max_element(block_.begin(), block_.end()) + std::size_t{1};
    std::vector<std::uint32_t> neurons(block_.size());
    std::iota(neurons.begin(), neurons.end(), 0U);
    order_by_position(map, neurons);
    std::vector<std::uint32_t> size(blocks, 0);
    position_.resize(block_.size());
    for (const std::uint32_t j : neurons) position_[j] = size[block_[j]]++;
    first_group_.push_back(0);
    for (const std::uint32_t n : size) first_group_.push_back(first_group_.back() + (n + lanes - 1) / lanes);
    word_.resize(first_group_.back());
    seen_.assign(first_group_.back(), 0);
    worst_.assign(blocks, 0);
    steady_.assign(blocks, 0);
    silence_.resize(blocks);
  }

  void add(const Layer& layer) {
    for (std::uint32_t e = 0; e < layer.form.sources(); ++e) {
      touched_.clear();
      ++row_;
      layer.form.row(e).each([&](std::uint32_t target, std::size_t weight) {
        if (layer.weight[weight] != 0) touch(target, layer.weight[weight]);
      });
      if (touched_.empty()) continue;
      std::sort(touched_.begin(), touched_.end());
      end_row(layer, e);
    }
  }

  [[nodiscard]] BlockCost cost() const {
    BlockCost cost;
    cost.words = static_cast<double>(words_.size());
    for (const std::map<std::uint64_t, double>& silence : silence_)
      for (const auto& [chunk, probability] : silence) cost.flits += 1 - probability;
    cost.cycles = *std::max_element(worst_.begin(), worst_.end());
    cost.steady = activity_ ? *std::max_element(steady_.begin(), steady_.end()) : cost.cycles;
    return cost;
  }

 private:
  void touch(std::uint32_t neuron, std::int16_t weight) {
    const std::uint32_t group = first_group_[block_[neuron]] + position_[neuron] / lanes_;
    if (seen_[group] != row_) {
      seen_[group] = row_;
      word_[group] = 0;
      touched_.emplace_back(block_[neuron], group);
    }
    // A sum, so that the order of the lanes does not matter.
    word_[group] +=
        mixed(std::uint64_t{position_[neuron] % lanes_} << 16U | static_cast<std::uint16_t>(weight));
  }

  /// The row's lane groups, block by block.
  void end_row(const Layer& layer, std::uint32_t element) {
    const auto [rate, axons] = spikes(layer.from, element);
    for (auto from = touched_.begin(); from != touched_.end();) {
      const std::uint32_t block = from->first;
      const auto to =
          std::find_if(from, touched_.end(), [&](const auto& touched) { return touched.first != block; });
      const auto words = static_cast<double>(to - from);
      worst_[block] += axons * words;
      steady_[block] += rate * words;
      add_flits(layer.from, element, silence_[block]);
      std::uint64_t content = block;
      for (auto at = from; at != to; ++at)
        content = mixed(content + word_[at->second] + (at->second - from->second));
      // A row that was seen before has no word that was not.
      if (rows_.insert(content).second)
        for (auto at = from; at != to; ++at) words_.insert(mixed(word_[at->second] + block));
      from = to;
    }
  }

  /// Expected spikes a step of all planes, and how many planes there are.
  [[nodiscard]] std::pair<double, double> spikes(const Source& from, std::uint32_t element) const {
    if (const auto* population = std::get_if<PopulationId>(&from))
      return {activity_ ? activity_->populations.at(population->index()).at(element) : 1.0, 1.0};
    const std::size_t input = std::get<InputId>(from).index();
    const std::uint32_t planes = network_.inputs[input].planes;
    double rate = 0;
    for (std::size_t b = 0; b < planes; ++b)
      rate += activity_ ? activity_->inputs.at(input).at(std::size_t{element} * planes + b) : 1.0;
    return {rate, planes};
  }

  void add_flits(const Source& from, std::uint32_t element, std::map<std::uint64_t, double>& silence) const {
    const auto add = [&](std::uint64_t chunk, double rate) {
      silence.try_emplace(chunk, 1.0).first->second *= 1 - std::clamp(rate, 0.0, 1.0);
    };
    if (const auto* population = std::get_if<PopulationId>(&from)) {
      const std::size_t p = population->index();
      add(std::uint64_t{sources_.cluster_of[p][element]} << 32U |
              (network_.populations[p].is_readout() ? 2 * sources_.position_of[p][element]
                                                    : sources_.position_of[p][element] / hw::kChunkBits),
          activity_ ? activity_->populations.at(p).at(element) : 1.0);
      return;
    }
    const std::size_t input = std::get<InputId>(from).index();
    const std::uint32_t planes = network_.inputs[input].planes;
    const std::uint32_t number =
        input_number(network_.inputs[input].shape, sources_.input_order[input], element);
    for (std::uint32_t b = 0; b < planes; ++b)
      add(~std::uint64_t{0} << 32U | (sources_.first_axon[input] + number * planes + b) / hw::kChunkBits,
          activity_ ? activity_->inputs.at(input).at(std::size_t{element} * planes + b) : 1.0);
  }

  const IntNetwork& network_;
  std::uint32_t lanes_;
  const Skeleton& sources_;
  const std::optional<Traffic>& activity_;
  std::vector<std::uint32_t> block_, position_;  ///< by neuron
  std::vector<std::uint32_t> first_group_;       ///< by block; groups of all blocks are numbered through
  std::vector<std::uint64_t> word_;              ///< by group, of the row in hand: its weights, mixed
  std::vector<std::uint64_t> seen_;              ///< by group: the last row that reached it
  std::uint64_t row_ = 0;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> touched_;  ///< block and group, of the row in hand
  std::unordered_set<std::uint64_t> rows_, words_;                ///< contents, counted only
  std::vector<double> worst_, steady_;                            ///< cycles by block
  std::vector<std::map<std::uint64_t, double>>
      silence_;  ///< by block and chunk that it reads: probability that no axon of the chunk spikes
};

}  // namespace

BlockCost block_cost(const IntNetwork& network, const std::vector<Layer>& layers, PopulationId id,
                     const Grid& grid, std::uint32_t lanes, const Skeleton& sources,
                     const std::optional<Traffic>& activity) {
  Counter counter(network, network.populations[id.index()], grid, lanes, sources, activity);
  for (const Layer& layer : layers) counter.add(layer);
  return counter.cost();
}

}  // namespace spikeloom
