#include "compiler/partition/block_cost.hpp"

#include <algorithm>
#include <map>
#include <numeric>
#include <unordered_map>

#include "compiler/partition/or_pool.hpp"
#include "spikeloom_hw.hpp"

namespace spikeloom {
namespace {

constexpr std::uint64_t kUnknown = 1;  ///< a word whose content has not been looked at
constexpr std::int32_t kUncounted = -1;

/// A number whose bits all depend on all bits of x (splitmix64).
std::uint64_t mixed(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15ULL;
  x = (x ^ (x >> 30U)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27U)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31U);
}

}  // namespace

/// One cut and what has been counted of it.
struct BlockPricer::Blocks {
  /// Chunks low .. high of a source stand in the block's page; those of their axons that have words.
  struct Read {
    std::size_t low = ~std::size_t{0}, high = 0;
    Spikes with_words{};
  };

  std::vector<std::uint32_t> block, position;  ///< by neuron
  std::vector<double> worst;                   ///< cycles by block
  std::vector<Scenes> steady;                  ///< the same, by scene
  std::vector<std::vector<Read>> reads;        ///< by block and source, of the layer in hand
  std::vector<std::vector<double>> silence;    ///< by block and chunk: probability that no axon of it spikes
  std::vector<std::vector<std::uint64_t>> words;                ///< by block, once for every layer's word
  std::map<std::vector<std::uint32_t>, std::uint32_t> layouts;  ///< word forms of a row → number
  std::vector<const std::vector<std::uint32_t>*> layout;        ///< by number

  Blocks(const MapExtent& map, const Grid& grid, std::size_t chunks)
      : block(cut_map(map, grid)), position(block.size()) {
    const std::size_t count = *std::max_element(block.begin(), block.end()) + std::size_t{1};
    worst.assign(count, 0);
    steady.assign(count, {});
    silence.assign(count, std::vector<double>(chunks, 1.0));
    words.resize(count);
  }

  void number(const std::vector<std::uint32_t>& by_position) {
    std::vector<std::uint32_t> size(worst.size(), 0);
    for (const std::uint32_t j : by_position) position[j] = size[block[j]]++;
  }

  void number(const std::vector<std::uint32_t>& by_position, const Shape& map, const Shape& pool,
              const Pooling& pooling, std::uint32_t lanes) {
    std::vector<std::vector<std::uint32_t>> members(worst.size());
    for (const std::uint32_t j : by_position) members[block[j]].push_back(j);
    for (std::size_t b = 0; b < members.size(); ++b) {
      const std::size_t neurons = members[b].size();
      const PooledOrder order = pooled_order(map, pool, pooling, std::move(members[b]));
      double groups = 0;  // with a neuron
      std::size_t last = ~std::size_t{0};
      for (std::size_t at = 0; at < order.neurons.size(); ++at) {
        if (order.neurons[at] == kNoNeuron) continue;
        position[order.neurons[at]] = static_cast<std::uint32_t>(at);
        groups += at / lanes != last ? 1 : 0;
        last = at / lanes;
      }
      if (order.neurons.size() == neurons) continue;
      worst[b] += groups;
      for (double& cycles : steady[b]) cycles += groups;
    }
  }

  [[nodiscard]] BlockCost cost(bool measured) {
    BlockCost cost;
    for (std::vector<std::uint64_t>& list : words) {
      std::sort(list.begin(), list.end());
      cost.words_of.push_back(
          static_cast<std::uint64_t>(std::unique(list.begin(), list.end()) - list.begin()));
      cost.words += static_cast<double>(cost.words_of.back());
    }
    for (const std::vector<double>& probabilities : silence)
      for (const double probability : probabilities) cost.flits += 1 - probability;
    cost.cycles = *std::max_element(worst.begin(), worst.end());
    const std::size_t scenes = measured ? 1 : kScenes;
    for (std::size_t scene = 0; scene < scenes; ++scene) {
      double busiest = 0;
      for (const Scenes& cycles : steady) busiest = std::max(busiest, cycles[scene]);
      cost.steady += busiest / static_cast<double>(scenes);
    }
    return cost;
  }
};

template <class Found>
void BlockPricer::each_axon(const Source& from, std::uint32_t element, const Found& found) const {
  if (const auto* population = std::get_if<PopulationId>(&from)) {
    const std::size_t p = population->index();
    found(first_chunk_[sources_.cluster_of[p][element]] * hw::kChunkBits + sources_.position_of[p][element],
          activity_ ? activity_->populations.at(p).at(element) : 1.0);
    return;
  }
  const std::size_t input = std::get<InputId>(from).index();
  const std::uint32_t planes = network_.inputs[input].planes;
  const std::uint32_t number =
      input_number(network_.inputs[input].shape, sources_.input_order[input], element);
  for (std::uint32_t b = 0; b < planes; ++b)
    found(first_chunk_.back() * hw::kChunkBits + sources_.first_axon[input] + number * planes + b,
          activity_ ? activity_->inputs.at(input).at(std::size_t{element} * planes + b) : 1.0);
}

BlockPricer::BlockPricer(const IntNetwork& network, const std::vector<Layer>& layers, PopulationId id,
                         const TileKind& kind, const Skeleton& sources,
                         const std::optional<Traffic>& activity)
    : network_(network),
      kind_(kind),
      core_(core_of(kind)),
      shape_(network.populations[id.index()].shape),
      map_(map_extent(shape_)),
      lanes_(core_.grain(kind)),
      sources_(sources),
      activity_(activity),
      by_position_(network.populations[id.index()].size()) {
  std::iota(by_position_.begin(), by_position_.end(), 0U);
  order_by_position(map_, by_position_);
  for (const Cluster& cluster : sources.clusters) {
    first_chunk_.push_back(chunks_);
    chunks_ += (cluster.sent_neurons().size() + hw::kChunkBits - 1) / hw::kChunkBits;
  }
  first_chunk_.push_back(chunks_);
  for (std::size_t i = 0; i < network.inputs.size(); ++i)
    chunks_ = std::max(chunks_, first_chunk_.back() +
                                    (sources.first_axon[i] + network.inputs[i].axons()) / hw::kChunkBits + 1);
  for (const Layer& layer : layers) rows_.push_back(rows_of(layer));
}

BlockPricer::Rows BlockPricer::rows_of(const Layer& layer) const {
  Rows rows{&layer, RowPlaces(layer.form), {}, {}, {}, {}, {}};
  rows.example.resize(rows.places.count());
  std::unordered_map<std::size_t, std::uint32_t> known;
  for (std::uint32_t e = 0; e < layer.form.sources(); ++e) {
    rows.example[rows.places.of(e)] = e;
    const std::size_t first = layer.form.as<SparseMap>() != nullptr ? 0 : layer.form.row(e).first_weight;
    const auto [at, fresh] = known.try_emplace(first, static_cast<std::uint32_t>(known.size()));
    if (fresh) rows.first_weight.push_back(first);
    rows.first_of.push_back(at->second);
  }
  rows.before.resize(chunks_ * hw::kChunkBits + 1);
  for (std::uint32_t e = 0; e < layer.form.sources(); ++e) {
    const Spikes all = spikes(layer.from, e);
    const double planes = all.axons;
    each_axon(layer.from, e, [&](std::size_t axon, double) { rows.before[axon + 1].add(all, 1 / planes); });
  }
  for (std::size_t axon = 1; axon < rows.before.size(); ++axon)
    rows.before[axon].add(rows.before[axon - 1], 1);
  return rows;
}

BlockCost BlockPricer::cost(const Grid& grid, const std::optional<Pooling>& pooling) {
  Blocks blocks(map_, grid, chunks_);
  if (pooling)
    blocks.number(by_position_, shape_, network_.populations[pooling->population.index()].shape, *pooling,
                  lanes_);
  else
    blocks.number(by_position_);
  for (Rows& rows : rows_) {
    blocks.reads.assign(blocks.worst.size(), std::vector<Blocks::Read>(first_chunk_.size()));
    add(rows, blocks);
    pay_for_silent_rows(rows, blocks);
  }
  return blocks.cost(activity_.has_value());
}

/// A word of a layer stands in the memory as it is, or with all its weights shifted left by one number; so of
/// the layer that has the most none is counted twice.
std::size_t BlockPricer::exceeded_by(std::uint64_t words) const {
  // Elsewhere the core numbers the block's neurons in another way than they were counted in.
  if (core_.channels_together(kind_) != 0 || rows_.empty()) return 0;
  std::uint32_t bits = 8;
  for (const Rows& rows : rows_) {
    if (rows.layer->is_of_numbers) return 0;
    bits = std::min(bits, rows.layer->bits);
  }
  const std::uint64_t of_a_layer = (words + rows_.size() - 1) / rows_.size();
  const std::vector<std::uint64_t> least =
      core_.least_amounts({1, 1, 0, false, {{of_a_layer, 1, bits}}}, kind_);
  const std::vector<MemoryInfo> memories = core_.memories(kind_);
  std::size_t exceeded = 0;
  for (std::size_t m = 0; m < memories.size(); ++m) exceeded += least[m] > memories[m].capacity ? 1 : 0;
  return exceeded;
}

/// A number for what the word holds; 0: zeros only.
std::uint64_t BlockPricer::content(Rows& rows, std::uint32_t form, std::uint32_t first) {
  if (form >= rows.word.size()) rows.word.resize(form + std::size_t{1});
  std::vector<std::uint64_t>& contents = rows.word[form];
  if (contents.empty()) contents.assign(rows.first_weight.size(), kUnknown);
  std::uint64_t& known = contents[first];
  if (known != kUnknown) return known;
  known = 0;
  const WordForm& lanes = *form_[form];
  looks_ += lanes.size() / 2;
  for (std::size_t n = 0; n < lanes.size(); n += 2) {
    const std::int16_t weight = rows.layer->weight[rows.first_weight[first] + lanes[n]];
    // A sum, so that the order of the lanes does not matter.
    if (weight != 0) known += mixed(std::uint64_t{lanes[n + 1]} << 16U | static_cast<std::uint16_t>(weight));
  }
  return known;
}

/// By place, what its rows are in the blocks that they reach.
std::vector<std::vector<BlockPricer::Part>> BlockPricer::parts_of_places(const Rows& rows, Blocks& blocks) {
  struct Entry {
    std::uint64_t place;  ///< block, then position
    std::uint32_t weight;
  };
  const auto block_at = [](const Entry& entry) { return static_cast<std::uint32_t>(entry.place >> 32U); };
  const auto position_at = [](const Entry& entry) { return static_cast<std::uint32_t>(entry.place); };
  std::vector<std::vector<Part>> parts(rows.example.size());
  std::vector<Entry> entries;
  std::vector<std::uint32_t> layout;
  WordForm form;
  for (std::size_t place = 0; place < parts.size(); ++place) {
    entries.clear();
    const std::uint32_t source = rows.example[place];
    const std::size_t first = rows.first_weight[rows.first_of[source]];
    rows.layer->form.row(source).each([&](std::uint32_t target, std::size_t weight) {
      entries.push_back({std::uint64_t{blocks.block[target]} << 32U | blocks.position[target],
                         static_cast<std::uint32_t>(weight - first)});
    });
    looks_ += entries.size();
    std::sort(entries.begin(), entries.end(),
              [](const Entry& a, const Entry& b) { return a.place < b.place; });
    for (std::size_t at = 0; at < entries.size();) {
      const std::uint32_t block = block_at(entries[at]);
      layout.clear();
      while (at < entries.size() && block_at(entries[at]) == block) {
        form.clear();
        for (const std::uint32_t group = position_at(entries[at]) / lanes_;
             at < entries.size() && block_at(entries[at]) == block &&
             position_at(entries[at]) / lanes_ == group;
             ++at) {
          form.push_back(entries[at].weight);
          form.push_back(position_at(entries[at]) % lanes_);
        }
        const auto [known, fresh] = number_.try_emplace(form, static_cast<std::uint32_t>(form_.size()));
        if (fresh) form_.push_back(&known->first);
        layout.push_back(known->second);
      }
      const auto [known, fresh] =
          blocks.layouts.try_emplace(layout, static_cast<std::uint32_t>(blocks.layout.size()));
      if (fresh) blocks.layout.push_back(&known->first);
      parts[place].push_back({block, known->second});
    }
  }
  return parts;
}

void BlockPricer::add(Rows& rows, Blocks& blocks) {
  const std::vector<std::vector<Part>> parts = parts_of_places(rows, blocks);
  const std::size_t firsts = rows.first_weight.size();
  // By layout and first weight: words that are not all zeros.
  std::vector<std::vector<std::int32_t>> counted(blocks.layout.size());
  // By block: which rows, and which words of them, it has had.
  std::vector<std::vector<std::vector<bool>>> had(blocks.words.size()), has(blocks.words.size());
  for (auto& layouts : had) layouts.resize(blocks.layout.size());
  for (auto& forms : has) forms.resize(form_.size());
  for (std::uint32_t e = 0; e < rows.first_of.size(); ++e) {
    const std::uint32_t first = rows.first_of[e];
    const Spikes all = spikes(rows.layer->from, e);
    const std::size_t source = source_of(rows.layer->from, e);
    for (const Part& part : parts[rows.places.of(e)]) {
      ++looks_;
      std::vector<std::int32_t>& counts = counted[part.layout];
      if (counts.empty()) counts.assign(firsts, kUncounted);
      const std::vector<std::uint32_t>& layout = *blocks.layout[part.layout];
      if (counts[first] == kUncounted) {
        counts[first] = 0;
        for (const std::uint32_t form : layout) counts[first] += content(rows, form, first) != 0 ? 1 : 0;
      }
      if (counts[first] == 0) continue;
      work(all, counts[first], part.block, blocks);
      Blocks::Read& read = blocks.reads[part.block][source];
      read.with_words.add(all, 1);
      each_axon(rows.layer->from, e, [&](std::size_t axon, double spiking) {
        const std::size_t chunk = axon / hw::kChunkBits;
        read.low = std::min(read.low, chunk);
        read.high = std::max(read.high, chunk);
        blocks.silence[part.block][chunk] *= 1 - std::clamp(spiking, 0.0, 1.0);
      });
      std::vector<bool>& rows_had = had[part.block][part.layout];
      if (rows_had.empty()) rows_had.assign(firsts, false);
      if (rows_had[first]) continue;
      rows_had[first] = true;
      for (const std::uint32_t form : layout) {
        std::vector<bool>& words_had = has[part.block][form];
        if (words_had.empty()) words_had.assign(firsts, false);
        if (words_had[first]) continue;
        words_had[first] = true;
        if (const std::uint64_t word = content(rows, form, first); word != 0)
          blocks.words[part.block].push_back(word);
      }
    }
  }
}

void BlockPricer::work(const Spikes& axons, double groups, std::size_t block, Blocks& blocks) const {
  blocks.worst[block] += core_.row_work(axons.axons, groups, axons.axons);
  for (std::size_t scene = 0; scene < kScenes; ++scene)
    blocks.steady[block][scene] += core_.row_work(axons.axons, groups, axons.rate[scene]);
}

/// Axons that stand in a page's chunks and have no words there may take a cycle all the same.
void BlockPricer::pay_for_silent_rows(const Rows& rows, Blocks& blocks) const {
  for (std::size_t block = 0; block < blocks.worst.size(); ++block)
    for (const Blocks::Read& read : blocks.reads[block]) {
      if (read.low > read.high) continue;
      Spikes silent = rows.before[(read.high + 1) * hw::kChunkBits];
      silent.add(rows.before[read.low * hw::kChunkBits], -1);
      silent.add(read.with_words, -1);
      work(silent, 0, block, blocks);
    }
}

void BlockPricer::Spikes::add(const Spikes& more, double times) {
  axons += times * more.axons;
  for (std::size_t scene = 0; scene < kScenes; ++scene) rate[scene] += times * more.rate[scene];
}

BlockPricer::Spikes BlockPricer::spikes(const Source& from, std::uint32_t element) const {
  const auto* input = std::get_if<InputId>(&from);
  const std::size_t number = input ? input->index() : std::get<PopulationId>(from).index();
  const std::uint32_t planes = input ? network_.inputs[number].planes : 1;
  Spikes all{static_cast<double>(planes), {}};
  if (!activity_) {
    all.rate = scenes_at(
        map_extent(input ? network_.inputs[number].shape : network_.populations[number].shape), element);
    for (double& rate : all.rate) rate *= planes;
  } else if (input) {
    for (std::size_t b = 0; b < planes; ++b)
      all.rate.front() += activity_->inputs.at(number).at(std::size_t{element} * planes + b);
  } else {
    all.rate.front() = activity_->populations.at(number).at(element);
  }
  return all;
}

std::size_t BlockPricer::source_of(const Source& from, std::uint32_t element) const {
  const auto* population = std::get_if<PopulationId>(&from);
  return population ? sources_.cluster_of[population->index()][element] : first_chunk_.size() - 1;
}

}  // namespace spikeloom
