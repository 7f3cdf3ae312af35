#include "compiler/partition/build_cluster.hpp"

#include <algorithm>
#include <bit>
#include <map>
#include <numeric>

#include "compiler/base/error.hpp"
#include "compiler/partition/feature_map.hpp"
#include "compiler/partition/row_packer.hpp"
#include "compiler/partition/set_fields.hpp"
#include "spikeloom_hw.hpp"

namespace spikeloom {
namespace {

/// Update entries that this order of neurons costs: (LIF group, distinct set) pairs.
std::size_t update_entries(const IntPopulation& p, const std::vector<std::uint32_t>& neurons,
                           std::uint32_t lif_lanes) {
  std::size_t entries = 0;
  for (std::size_t begin = 0; begin < neurons.size(); begin += lif_lanes) {
    std::vector<SetKey> keys;
    for (std::size_t i = begin; i < std::min(neurons.size(), begin + lif_lanes); ++i)
      keys.push_back(set_key(p, neurons[i]));
    std::sort(keys.begin(), keys.end());
    entries += static_cast<std::size_t>(std::unique(keys.begin(), keys.end()) - keys.begin());
  }
  return entries;
}

/// NIR order, or neurons with equal parameters side by side where that saves update cycles.
void order_neurons(const IntPopulation& p, std::vector<std::uint32_t>& neurons, std::uint32_t lif_lanes) {
  if (p.is_readout()) return;
  std::vector<std::uint32_t> sorted = neurons;
  std::stable_sort(sorted.begin(), sorted.end(),
                   [&](std::uint32_t a, std::uint32_t b) { return set_key(p, a) < set_key(p, b); });
  if (update_entries(p, sorted, lif_lanes) < update_entries(p, neurons, lif_lanes))
    neurons = std::move(sorted);
}

void write_update_program(const IntPopulation& p, std::uint32_t lif_lanes, Cluster& cluster) {
  std::map<SetKey, std::uint32_t> known;
  std::vector<std::uint32_t> set_of;  // by position
  for (const std::uint32_t neuron : cluster.neurons) {
    const SetKey key = set_key(p, neuron);
    const auto [at, fresh] = known.try_emplace(key, static_cast<std::uint32_t>(cluster.sets.size()));
    if (fresh) cluster.sets.push_back(set_entry(p, key));
    set_of.push_back(at->second);
    cluster.biases.push_back(p.bias_i[neuron]);
  }
  const auto neurons = static_cast<std::uint32_t>(cluster.size());
  for (std::uint32_t group = 0; group < cluster.lif_groups; ++group) {
    const std::uint32_t begin = group * lif_lanes, end = std::min(neurons, begin + lif_lanes);
    hw::MemUpdateEntry entry;
    entry.group = group;
    if (cluster.readout) {
      entry.emit = 1;
      for (std::uint32_t at = begin; at < end; ++at) {
        entry.set = set_of[at];
        entry.lane = at - begin;
        for (entry.half = 0; entry.half < 2; ++entry.half) {
          entry.mask = entry.half == 0 ? 0U : 1U << entry.lane;
          cluster.updates.push_back(entry);
        }
      }
      continue;
    }
    std::map<std::uint32_t, std::uint32_t> masks;  // by set
    for (std::uint32_t at = begin; at < end; ++at) masks[set_of[at]] |= 1U << (at - begin);
    for (const auto& [set, mask] : masks) {
      entry.set = set;
      entry.mask = mask;
      cluster.updates.push_back(entry);
    }
    // The last entry of 16 neurons sends them.
    if (end == neurons || end % hw::kChunkBits == 0) cluster.updates.back().emit = 1;
  }
}

/// An inbound entry and the layer whose weights its axons carry.
struct Feed {
  Inbound inbound;
  const Layer* layer = nullptr;
};

/// Widens [low, high] by a chunk.
struct Range {
  std::uint32_t low = ~0U, high = 0;
  void add(std::uint32_t chunk) {
    low = std::min(low, chunk);
    high = std::max(high, chunk);
  }
};

class TableBuilder {
 public:
  TableBuilder(const IntNetwork& network, const Chip& chip, const Layers& layers, const Skeleton& skeleton,
               const Reach& reach, std::size_t c)
      : network_(network),
        chip_(chip),
        layers_(layers),
        skeleton_(skeleton),
        reach_(reach),
        id_(c),
        cluster_(skeleton.clusters[c]) {}

  Cluster build() {
    find_inbound();
    write_limits();
    if (skeleton_.order[cluster_.population.index()] == NeuronOrder::kPosition) {
      write_rows(RowStyle::kShared);
    } else {
      write_rows(RowStyle::kTight);
    }
    if (cluster_.axons.size() > chip_.tile.axon_entries) write_rows(RowStyle::kUniform);
    return std::move(cluster_);
  }

 private:
  void add_feeds(const Layer& layer, std::span<const std::uint32_t> elements) {
    std::map<std::uint32_t, Range> ranges;  // by source cluster; the host stream as ~0
    for (const std::uint32_t e : elements) {
      if (const auto* input = std::get_if<InputId>(&layer.from)) {
        const std::uint32_t planes = network_.inputs[input->index()].planes;
        const std::uint32_t axon = skeleton_.first_axon[input->index()] + e * planes;
        ranges[~0U].add(axon / hw::kChunkBits);
        ranges[~0U].add((axon + planes - 1) / hw::kChunkBits);
      } else {
        const std::size_t p = std::get<PopulationId>(layer.from).index();
        ranges[skeleton_.cluster_of[p][e]].add(skeleton_.position_of[p][e] / hw::kChunkBits);
      }
    }
    for (const auto& [source, range] : ranges)
      feeds_.push_back({{source == ~0U ? ClusterOrHost{} : ClusterId(source), layer.delay, 0, range.low,
                         range.high - range.low + 1},
                        &layer});
  }

  void find_inbound() {
    const std::vector<Layer>& layers = layers_[cluster_.population.index()];
    for (std::size_t l = 0; l < layers.size(); ++l) add_feeds(layers[l], reach_.elements(l, id_));
    const bool timed =
        std::any_of(feeds_.begin(), feeds_.end(), [](const Feed& f) { return f.inbound.delay == 0; });
    if (!timed) feeds_.insert(feeds_.begin(), Feed{});
    std::stable_sort(feeds_.begin(), feeds_.end(),
                     [](const Feed& a, const Feed& b) { return a.inbound.delay < b.inbound.delay; });
    std::uint32_t next = 0;
    for (Feed& feed : feeds_) {
      feed.inbound.first_chunk = next;
      next += feed.inbound.source_count;
      cluster_.inbound.push_back(feed.inbound);
    }
  }

  void write_limits() {
    for (std::uint32_t count = 0; count < hw::kLimitContextLimits; ++count)
      for (const Inbound& inbound : cluster_.inbound)
        if (inbound.delay <= count) cluster_.limit[count] = inbound.first_chunk + inbound.source_count;
  }

  /// Source element and plane of bit `bit` of source chunk `chunk`; false: no such axon.
  [[nodiscard]] bool element_of(const Feed& feed, std::uint32_t chunk, std::uint32_t bit,
                                std::uint32_t& element, std::uint32_t& plane) const {
    const std::uint32_t at = chunk * hw::kChunkBits + bit;
    plane = 0;
    if (feed.inbound.from) {
      const Cluster& source = skeleton_.clusters[feed.inbound.from->index()];
      if (at >= source.size()) return false;
      element = source.neurons[at];
      return true;
    }
    const std::size_t input = std::get<InputId>(feed.layer->from).index();
    const std::uint32_t first = skeleton_.first_axon[input];
    if (at < first || at >= first + network_.inputs[input].axons()) return false;
    element = (at - first) / network_.inputs[input].planes;
    plane = (at - first) % network_.inputs[input].planes;
    return true;
  }

  [[nodiscard]] Row row_of(const Layer& layer, std::uint32_t element, std::uint32_t plane) const {
    const std::size_t p = cluster_.population.index();
    std::vector<std::pair<std::uint32_t, std::int32_t>> entries;  // position, mantissa
    std::uint32_t low = ~0U, high = 0;
    for (std::size_t i = layer.row_begin[element]; i < layer.row_begin[element + 1]; ++i) {
      if (skeleton_.cluster_of[p][layer.target[i]] != id_) continue;
      const std::uint32_t at = skeleton_.position_of[p][layer.target[i]];
      entries.emplace_back(at, layer.weight[i]);
      low = std::min(low, at / chip_.tile.lanes);
      high = std::max(high, at / chip_.tile.lanes);
    }
    if (entries.empty()) return {};
    const std::uint32_t lanes = chip_.tile.lanes;
    std::uint32_t bits = layer.bits;
    const std::uint32_t wanted = layer.shift + plane;
    const std::uint32_t shift = std::min(wanted, chip_.tile.max_shift);
    if (wanted > shift) bits = 8;
    Row row{low, high - low + 1, shift, 0, 0, {}};
    row.mantissas.assign(std::size_t{row.words} * lanes, '\0');
    for (const auto& [at, mantissa] : entries)
      row.mantissas[at - std::size_t{low} * lanes] = static_cast<char>(mantissa * (1 << (wanted - shift)));
    // One bit has no 0: every neuron of the words must be there. Lanes past the last neuron copy their
    // word's first, so that no unused accumulator grows beyond a used one.
    if (bits == 1) {
      const std::size_t end =
          std::min(cluster_.size(), std::size_t{high + 1} * lanes) - std::size_t{low} * lanes;
      if (entries.size() != end || stored_bits(chip_, 1) != 1)
        bits = 2;
      else
        for (std::size_t i = end; i < row.mantissas.size(); ++i)
          row.mantissas[i] = row.mantissas[i / lanes * lanes];
    }
    row.format = static_cast<std::uint32_t>(std::countr_zero(8U / stored_bits(chip_, bits)));
    if (const auto* input = std::get_if<InputId>(&layer.from))
      row.negate =
          network_.inputs[input->index()].is_signed && plane + 1 == network_.inputs[input->index()].planes;
    return row;
  }

  void write_rows(RowStyle style) {
    cluster_.chunk_bits.clear();
    cluster_.weights.clear();
    RowPacker packer(chip_.tile.lanes, style);
    for (const Feed& feed : feeds_)
      for (std::uint32_t c = 0; c < feed.inbound.source_count; ++c) {
        std::vector<Row> rows;
        std::uint32_t bits = 0, element = 0, plane = 0;
        for (std::uint32_t bit = 0; bit < hw::kChunkBits; ++bit)
          if (element_of(feed, feed.inbound.source_first + c, bit, element, plane)) {
            bits |= 1U << bit;
            rows.push_back(row_of(*feed.layer, element, plane));
          }
        SPIKELOOM_CHECK(bits == (1U << rows.size()) - 1);
        packer.add_chunk(std::move(rows));
        cluster_.chunk_bits.push_back(static_cast<std::uint16_t>(bits));
      }
    packer.finish(cluster_);
  }

  const IntNetwork& network_;
  const Chip& chip_;
  const Layers& layers_;
  const Skeleton& skeleton_;
  const Reach& reach_;
  std::size_t id_;
  Cluster cluster_;
  std::vector<Feed> feeds_;
};

}  // namespace

Skeleton make_skeleton(const IntNetwork& network, const Chip& chip, const Clustering& clustering) {
  Skeleton skeleton;
  skeleton.first_axon = first_axons(network);
  for (std::size_t p = 0; p < network.populations.size(); ++p) {
    const IntPopulation& population = network.populations[p];
    skeleton.order.push_back(clustering.order_of(p));
    const std::size_t first = skeleton.clusters.size();
    for (std::uint32_t k = 0; k < clustering.count[p]; ++k) {
      Cluster cluster;
      cluster.name = population.name + "[" + std::to_string(k) + "]";
      cluster.population = PopulationId(p);
      cluster.readout = population.is_readout();
      skeleton.clusters.push_back(std::move(cluster));
    }
    for (std::uint32_t j = 0; j < population.size(); ++j)
      skeleton.clusters[first + clustering.of[p][j]].neurons.push_back(j);
    std::vector<std::uint32_t> cluster_of(population.size()), position_of(population.size());
    for (std::size_t c = first; c < skeleton.clusters.size(); ++c) {
      Cluster& cluster = skeleton.clusters[c];
      if (clustering.order_of(p) == NeuronOrder::kRank)
        std::sort(cluster.neurons.begin(), cluster.neurons.end(), [&](std::uint32_t a, std::uint32_t b) {
          return clustering.rank[p][a] < clustering.rank[p][b];
        });
      if (clustering.order_of(p) == NeuronOrder::kPosition)
        order_by_position(map_extent(population.shape), cluster.neurons);
      else
        order_neurons(population, cluster.neurons, chip.tile.lif_lanes);
      const auto n = static_cast<std::uint32_t>(cluster.size());
      for (std::uint32_t at = 0; at < n; ++at) {
        cluster_of[cluster.neurons[at]] = static_cast<std::uint32_t>(c);
        position_of[cluster.neurons[at]] = at;
      }
      cluster.lane_groups = (n + chip.tile.lanes - 1) / chip.tile.lanes;
      cluster.lif_groups = (n + chip.tile.lif_lanes - 1) / chip.tile.lif_lanes;
      cluster.out_entries = cluster.readout ? 2 * n : (n + hw::kChunkBits - 1) / hw::kChunkBits;
      write_update_program(population, chip.tile.lif_lanes, cluster);
    }
    skeleton.cluster_of.push_back(std::move(cluster_of));
    skeleton.position_of.push_back(std::move(position_of));
  }
  return skeleton;
}

Reach::Reach(const std::vector<Layer>& layers, const Skeleton& skeleton, PopulationId population) {
  const std::vector<std::uint32_t>& cluster_of = skeleton.cluster_of[population.index()];
  const auto [low, high] = std::minmax_element(cluster_of.begin(), cluster_of.end());
  first_ = *low;
  const std::size_t clusters = *high - *low + 1;
  std::vector<std::uint32_t> last(clusters);  // element that was last seen to reach a cluster, plus one
  for (const Layer& layer : layers) {
    Lists lists;
    lists.begin.assign(clusters + 1, 0);
    const auto visit = [&](const auto& found) {
      std::fill(last.begin(), last.end(), 0);
      for (std::uint32_t e = 0; e + 1 < layer.row_begin.size(); ++e)
        for (std::size_t i = layer.row_begin[e]; i < layer.row_begin[e + 1]; ++i)
          if (const std::size_t c = cluster_of[layer.target[i]] - first_; last[c] != e + 1) {
            last[c] = e + 1;
            found(c, e);
          }
    };
    visit([&](std::size_t c, std::uint32_t) { ++lists.begin[c + 1]; });
    std::partial_sum(lists.begin.begin(), lists.begin.end(), lists.begin.begin());
    lists.element.resize(lists.begin.back());
    std::vector<std::size_t> next(lists.begin.begin(), lists.begin.end() - 1);
    visit([&](std::size_t c, std::uint32_t e) { lists.element[next[c]++] = e; });
    lists_.push_back(std::move(lists));
  }
}

Cluster build_cluster(const IntNetwork& network, const Chip& chip, const Layers& layers,
                      const Skeleton& skeleton, const Reach& reach, std::size_t c) {
  return TableBuilder(network, chip, layers, skeleton, reach, c).build();
}

}  // namespace spikeloom
