#include "compiler/partition/block_cost.hpp"

#include <algorithm>
#include <map>
#include <numeric>
#include <unordered_set>

#include "compiler/linear/sums.hpp"
#include "compiler/partition/scenes.hpp"
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

constexpr std::uint64_t kLooks = 500'000;  ///< synapses of a layer that are looked at, about
constexpr std::uint32_t kHost = ~0U;       ///< as a source; others are clusters

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
    steady_.assign(blocks, {});
    silence_.resize(blocks);
    reads_.resize(blocks);
  }

  void add(const Layer& layer) {
    every_ = sampled(layer);
    const std::uint32_t area = area_of(layer.from);
    for (std::uint32_t e = 0; e < layer.form.sources(); ++e) {
      if (e / area % every_ != 0) continue;
      touched_.clear();
      ++row_;
      layer.form.row(e).each([&](std::uint32_t target, std::size_t weight) {
        if (layer.weight[weight] != 0) touch(target, layer.weight[weight]);
      });
      if (touched_.empty()) continue;
      std::sort(touched_.begin(), touched_.end());
      end_row(layer, e);
    }
    pay_for_silent_rows(layer.from);
  }

  [[nodiscard]] BlockCost cost() const {
    BlockCost cost;
    cost.words = static_cast<double>(words_.size());
    for (const std::map<std::uint64_t, double>& silence : silence_)
      for (const auto& [chunk, probability] : silence) cost.flits += 1 - probability;
    cost.cycles = *std::max_element(worst_.begin(), worst_.end());
    for (std::size_t scene = 0; scene < scenes(); ++scene) {
      double busiest = 0;
      for (const Scenes& steady : steady_) busiest = std::max(busiest, steady[scene]);
      cost.steady += busiest / static_cast<double>(scenes());
    }
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
    const double axons = planes(layer.from);
    const Scenes rate = spikes(layer.from, element);
    for (auto from = touched_.begin(); from != touched_.end();) {
      const std::uint32_t block = from->first;
      const auto to =
          std::find_if(from, touched_.end(), [&](const auto& touched) { return touched.first != block; });
      const auto words = static_cast<double>(to - from);
      worst_[block] += every_ * axons * words;
      add(steady_[block], rate, every_ * words);
      read(layer.from, element, {~0U, 0, axons, rate}, reads_[block]);
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

  [[nodiscard]] const Shape& shape_of(const Source& from) const {
    const auto* input = std::get_if<InputId>(&from);
    return input ? network_.inputs[input->index()].shape
                 : network_.populations[std::get<PopulationId>(from).index()].shape;
  }
  [[nodiscard]] std::uint32_t area_of(const Source& from) const {
    const MapExtent map = map_extent(shape_of(from));
    return map.height * map.width;
  }

  /// Of a large layer every n-th channel of the source is looked at: channels reach alike.
  [[nodiscard]] std::uint32_t sampled(const Layer& layer) const {
    const std::uint64_t synapses = count_synapses(layer.form, layer.weight);
    const std::uint64_t channels = area_of(layer.from) > 1 ? map_extent(shape_of(layer.from)).channels : 1;
    return static_cast<std::uint32_t>(std::min(channels, synapses / kLooks + 1));
  }

  /// What a block's page has of a source: chunks low .. high, and how many axons of them have words, with
  /// their spikes a step.
  struct Read {
    std::uint32_t low = ~0U, high = 0;
    double axons = 0;
    Scenes rate{};
  };

  /// The first of the element's axons, in the source's numbering, and which source: a cluster, or the host.
  [[nodiscard]] std::pair<std::uint32_t, std::uint32_t> first_axon(const Source& from,
                                                                   std::uint32_t element) const {
    if (const auto* population = std::get_if<PopulationId>(&from))
      return {sources_.position_of[population->index()][element],
              sources_.cluster_of[population->index()][element]};
    const std::size_t input = std::get<InputId>(from).index();
    const IntInput& of = network_.inputs[input];
    return {
        sources_.first_axon[input] + input_number(of.shape, sources_.input_order[input], element) * of.planes,
        kHost};
  }

  void read(const Source& from, std::uint32_t element, Read more,
            std::map<std::uint32_t, Read>& reads) const {
    const auto [axon, source] = first_axon(from, element);
    Read& read = reads[source];
    read.low = std::min(read.low, axon / hw::kChunkBits);
    read.high = std::max(read.high, (axon + static_cast<std::uint32_t>(more.axons) - 1) / hw::kChunkBits);
    read.axons += more.axons;
    add(read.rate, more.rate, 1);
  }

  /// Axons that stand in a page's chunks and have no words there: each takes a cycle all the same.
  void pay_for_silent_rows(const Source& from) {
    struct Sum {
      double axons = 0;
      Scenes rate{};
    };
    std::map<std::uint32_t, std::vector<Sum>> sums;  // by source: of the axons before each axon
    const auto* input = std::get_if<InputId>(&from);
    const std::uint32_t offset = input ? sources_.first_axon[input->index()] : 0;
    const auto each = static_cast<std::uint32_t>(planes(from));
    const std::size_t elements = input ? network_.inputs[input->index()].size()
                                       : network_.populations[std::get<PopulationId>(from).index()].size();
    const std::uint32_t area = area_of(from);
    for (std::uint32_t e = 0; e < elements; ++e) {
      if (e / area % every_ != 0) continue;
      const auto [axon, source] = first_axon(from, e);
      const Scenes rate = spikes(from, e);
      std::vector<Sum>& sum = sums[source];
      const std::size_t at = axon - offset;
      if (sum.size() < at + each + 1) sum.resize(at + each + 1);
      for (std::size_t b = 1; b <= each; ++b) {
        sum[at + b].axons = 1;
        add(sum[at + b].rate, rate, 1.0 / each);
      }
    }
    for (auto& [source, sum] : sums)
      for (std::size_t i = 1; i < sum.size(); ++i) {
        sum[i].axons += sum[i - 1].axons;
        add(sum[i].rate, sum[i - 1].rate, 1);
      }
    for (std::size_t block = 0; block < reads_.size(); ++block) {
      for (const auto& [source, read] : reads_[block]) {
        const std::vector<Sum>& sum = sums.at(source);
        const auto before = [&](std::uint32_t chunk) -> const Sum& {
          const std::uint32_t axon = std::max(chunk * hw::kChunkBits, offset) - offset;
          return sum[std::min<std::size_t>(axon, sum.size() - 1)];
        };
        const Sum &low = before(read.low), &high = before(read.high + 1);
        const double times = every_;
        worst_[block] += times * (high.axons - low.axons - read.axons);
        add(steady_[block], high.rate, times);
        add(steady_[block], low.rate, -times);
        add(steady_[block], read.rate, -times);
      }
      reads_[block].clear();
    }
  }

  static void add(Scenes& sum, const Scenes& more, double times) {
    for (std::size_t scene = 0; scene < kScenes; ++scene) sum[scene] += times * more[scene];
  }

  /// Data are one scene, the first.
  [[nodiscard]] std::size_t scenes() const { return activity_ ? 1 : kScenes; }

  [[nodiscard]] double planes(const Source& from) const {
    const auto* input = std::get_if<InputId>(&from);
    return input ? network_.inputs[input->index()].planes : 1;
  }

  /// Expected spikes a step of all planes, by scene.
  [[nodiscard]] Scenes spikes(const Source& from, std::uint32_t element) const {
    const auto* input = std::get_if<InputId>(&from);
    if (!activity_) {
      Scenes rate = scenes_at(map_extent(shape_of(from)), element);
      for (double& spikes : rate) spikes *= planes(from);
      return rate;
    }
    if (!input) return {activity_->populations.at(std::get<PopulationId>(from).index()).at(element)};
    Scenes rate{};
    const std::size_t each = network_.inputs[input->index()].planes;
    for (std::size_t b = 0; b < each; ++b)
      rate.front() += activity_->inputs.at(input->index()).at(element * each + b);
    return rate;
  }

  void add_flits(const Source& from, std::uint32_t element, std::map<std::uint64_t, double>& silence) const {
    const auto add = [&](std::uint64_t chunk, double rate) {
      silence.try_emplace(chunk, 1.0).first->second *= 1 - std::clamp(rate, 0.0, 1.0);
    };
    if (const auto* population = std::get_if<PopulationId>(&from)) {
      const std::size_t p = population->index();
      add(std::uint64_t{sources_.cluster_of[p][element]} << 32U |
              sources_.position_of[p][element] / hw::kChunkBits,
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
  std::uint32_t every_ = 1;  ///< of the channels of the layer in hand, one is looked at
  std::vector<std::pair<std::uint32_t, std::uint32_t>> touched_;  ///< block and group, of the row in hand
  std::unordered_set<std::uint64_t> rows_, words_;                ///< contents, counted only
  std::vector<double> worst_;                                     ///< cycles by block
  std::vector<Scenes> steady_;                                    ///< the same, by scene
  std::vector<std::map<std::uint32_t, Read>> reads_;  ///< by block and source, of the layer in hand
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
