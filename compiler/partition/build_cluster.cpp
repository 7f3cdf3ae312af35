#include "compiler/partition/build_cluster.hpp"

#include <algorithm>
#include <bit>
#include <map>
#include <numeric>
#include <optional>
#include <unordered_map>
#include <utility>

#include "compiler/base/error.hpp"
#include "compiler/linear/sums.hpp"
#include "compiler/partition/feature_map.hpp"
#include "compiler/partition/network_limits.hpp"
#include "compiler/partition/or_pool.hpp"
#include "spikeloom_hw.hpp"

namespace spikeloom {
namespace {

/// An inbound entry and the layer whose weights its axons carry.
struct Feed {
  Inbound inbound;
  const Layer* layer = nullptr;
  std::vector<std::uint32_t> chunks{};  ///< of the host that are read, rising
};

/// Widens [low, high] by a chunk.
struct Range {
  std::uint32_t low = ~0U, high = 0;
  void add(std::uint32_t chunk) {
    low = std::min(low, chunk);
    high = std::max(high, chunk);
  }
};

/// The longest run of chunks between two that are read: its length, and the first that is read behind it.
/// A length of 0: there is none.
std::pair<std::uint32_t, std::size_t> longest_gap(const Feed& feed) {
  std::pair<std::uint32_t, std::size_t> longest{0, 0};
  for (std::size_t n = 1; n < feed.chunks.size(); ++n)
    if (const std::uint32_t gap = feed.chunks[n] - feed.chunks[n - 1] - 1; gap > longest.first)
      longest = {gap, n};
  return longest;
}

/// Tells the rows of a layer within a cluster apart: which of them are equal but for where they stand.
class RowKinds {
 public:
  /// Shape  positions are counted in whole `grain`s.
  RowKinds(const MapForm& form, const PartRows& rows, const RowPlaces& places, std::uint32_t grain)
      : form_(form), rows_(rows), places_(places), grain_(grain), at_(places.count()) {}

  /// `plane` of an element; `next`: the next number that is free.
  RowKind of(std::size_t element, std::uint32_t plane, const std::vector<std::uint32_t>& position_of,
             std::uint32_t& next) {
    Place& place = at_[places_.of(element)];
    if (!place.known) look(element, position_of, place);
    const Key key{place.layout, plane, form_.row(element).first_weight};
    const auto [found, fresh] = known_.try_emplace(key, next);
    if (fresh) ++next;
    return {found->second, place.first};
  }

 private:
  /// How the rows of a place lie in the cluster: entry by entry the weight after the row's first one and the
  /// position after `first`.
  struct Place {
    bool known = false;
    std::uint32_t layout = 0, first = 0;
  };
  struct Key {
    std::uint32_t layout = 0, plane = 0;
    std::size_t first_weight = 0;
    friend bool operator==(const Key&, const Key&) = default;
  };
  struct Hash {
    std::size_t operator()(const Key& key) const {
      std::uint64_t x =
          (std::uint64_t{key.layout} << 37U ^ std::uint64_t{key.plane} << 32U ^ key.first_weight);
      x = (x ^ (x >> 30U)) * 0xbf58476d1ce4e5b9ULL;
      return static_cast<std::size_t>(x ^ (x >> 31U));
    }
  };

  void look(std::size_t element, const std::vector<std::uint32_t>& position_of, Place& place) {
    place.known = true;
    // Of a sparse form no two places have equal weights.
    if (form_.as<SparseMap>() != nullptr) {
      place.layout = places_.of(element);
      return;
    }
    const std::size_t first_weight = form_.row(element).first_weight;
    std::uint32_t low = ~0U;
    std::vector<std::uint32_t> layout;
    rows_.each(element, [&](std::uint32_t target, std::size_t weight) {
      layout.push_back(static_cast<std::uint32_t>(weight - first_weight));
      layout.push_back(position_of[target]);
      low = std::min(low, position_of[target]);
    });
    place.first = layout.empty() ? 0 : low / grain_ * grain_;
    for (std::size_t n = 1; n < layout.size(); n += 2) layout[n] -= place.first;
    const auto number = static_cast<std::uint32_t>(layouts_.size());
    place.layout = layouts_.try_emplace(std::move(layout), number).first->second;
  }

  const MapForm& form_;
  const PartRows& rows_;
  const RowPlaces& places_;
  std::uint32_t grain_;
  std::vector<Place> at_;  ///< by place
  std::map<std::vector<std::uint32_t>, std::uint32_t> layouts_;
  std::unordered_map<Key, std::uint32_t, Hash> known_;
};

class ClusterBuilder final : public ClusterRows {
 public:
  ClusterBuilder(const IntNetwork& network, const Chip& chip, const Layers& layers, const Skeleton& skeleton,
                 const Reach& reach, std::size_t c)
      : network_(network),
        chip_(chip),
        layers_(layers),
        skeleton_(skeleton),
        reach_(reach),
        id_(c),
        cluster_(skeleton.clusters[c]),
        targets_(skeleton.members[c]) {
    const std::vector<Layer>& own = own_layers();
    const TileKind& kind = chip.kind(cluster_.kind);
    const std::uint32_t grain = core_of(kind).grain(kind);
    rows_.reserve(own.size());
    for (std::size_t l = 0; l < own.size(); ++l) {
      rows_.emplace_back(own[l].form, targets_, skeleton_.cluster_of[cluster_.population.index()],
                         static_cast<std::uint32_t>(id_));
      row_kinds_.emplace_back(own[l].form, rows_[l], reach.places(l), grain);
    }
  }

  /// All but its tables.
  Cluster pages() {
    find_inbound();
    write_limits();
    cluster_.tables.core = core_of(chip_.kind(cluster_.kind)).name();
    return std::move(cluster_);
  }

  Cluster build() {
    find_inbound();
    write_limits();
    const TileKind& kind = chip_.kind(cluster_.kind);
    cluster_.tables =
        core_of(kind).build(cluster_, network_.populations[cluster_.population.index()], *this, kind);
    return std::move(cluster_);
  }

  /// Of the rows that were written out.
  [[nodiscard]] std::uint64_t synapses() const { return synapses_; }

  [[nodiscard]] Pattern pattern() const override {
    return skeleton_.order[cluster_.population.index()] == NeuronOrder::kPosition ? Pattern::kByPosition
                                                                                  : Pattern::kAny;
  }

  [[nodiscard]] std::vector<std::vector<std::uint32_t>> windows() const override {
    if (!cluster_.pooled) return {};
    std::vector<std::vector<std::uint32_t>> chunks((cluster_.pooled->neurons.size() + hw::kChunkBits - 1) /
                                                   hw::kChunkBits);
    const std::size_t p = cluster_.population.index();
    const Shape& map = network_.populations[p].shape;
    const std::size_t pool = cluster_.pooled->population.index();
    for (std::uint32_t at = 0; at < cluster_.size(); ++at) {
      if (cluster_.neurons[at] == kNoNeuron) continue;
      const std::uint32_t to =
          pooled_neuron(map, network_.populations[pool].shape, *skeleton_.pooled[p], cluster_.neurons[at]);
      if (skeleton_.cluster_of[pool][to] != id_) continue;
      std::vector<std::uint32_t>& own = chunks[skeleton_.position_of[pool][to] / hw::kChunkBits];
      const std::uint32_t chunk = at / hw::kChunkBits;
      if (std::find(own.begin(), own.end(), chunk) == own.end()) own.push_back(chunk);
    }
    return chunks;
  }

  [[nodiscard]] std::optional<ValueChunk> value(std::size_t chunk) const override {
    const auto [f, source_chunk] = chunks_[chunk];
    if (!feeds_[f].layer->is_of_numbers) return std::nullopt;
    std::uint32_t neuron = 0, plane = 0;
    SPIKELOOM_CHECK(element_of(feeds_[f], source_chunk, 0, neuron, plane));
    const std::size_t p = cluster_.population.index();
    // A number for another cluster's neuron stands between those that are read.
    if (skeleton_.cluster_of[p][neuron] != id_)
      return ValueChunk{static_cast<std::uint32_t>(cluster_.size()), 0};
    return ValueChunk{skeleton_.position_of[p][neuron], plane / hw::kChunkBits};
  }

  void kinds(std::size_t chunk, std::vector<RowKind>& rows) const override {
    const auto [f, source_chunk] = chunks_[chunk];
    rows.clear();
    std::uint32_t element = 0, plane = 0;
    const auto bits = static_cast<std::uint32_t>(std::popcount(cluster_.chunk_bits[chunk]));
    for (std::uint32_t bit = 0; bit < bits; ++bit) {
      SPIKELOOM_CHECK(element_of(feeds_[f], source_chunk, bit, element, plane));
      rows.push_back(row_kinds_[number_of(*feeds_[f].layer)].of(element, plane, position_of(), next_kind_));
    }
  }

  void read(std::size_t chunk, std::uint32_t bit, AxonRow& row) const override {
    const auto [f, source_chunk] = chunks_[chunk];
    std::uint32_t element = 0, plane = 0;
    SPIKELOOM_CHECK(element_of(feeds_[f], source_chunk, bit, element, plane));
    read_row(*feeds_[f].layer, element, plane, row);
  }

 private:
  [[nodiscard]] const std::vector<Layer>& own_layers() const { return layers_[cluster_.population.index()]; }
  [[nodiscard]] std::size_t number_of(const Layer& layer) const {
    return static_cast<std::size_t>(&layer - own_layers().data());
  }
  [[nodiscard]] const std::vector<std::uint32_t>& position_of() const {
    return skeleton_.position_of[cluster_.population.index()];
  }

  void add_feeds(const Layer& layer, std::span<const std::uint32_t> elements) {
    std::map<std::uint32_t, Range> ranges;  // by source cluster; the host stream as ~0
    std::vector<std::uint32_t> host;        // its chunks
    for (const std::uint32_t e : elements) {
      if (const auto* input = std::get_if<InputId>(&layer.from)) {
        const IntInput& from = network_.inputs[input->index()];
        const std::uint32_t planes = from.planes;
        const std::uint32_t number = input_number(from.shape, skeleton_.input_order[input->index()], e);
        const std::uint32_t axon = skeleton_.first_axon[input->index()] + number * planes;
        const std::uint32_t last = (axon + planes - 1) / hw::kChunkBits;
        for (std::uint32_t chunk = axon / hw::kChunkBits; chunk <= last; ++chunk) {
          ranges[~0U].add(chunk);
          host.push_back(chunk);
        }
      } else {
        const std::size_t p = std::get<PopulationId>(layer.from).index();
        const std::uint32_t position = skeleton_.position_of[p][e];
        Range& range = ranges[skeleton_.cluster_of[p][e]];
        if (network_.populations[p].is_readout()) {
          range.add(2 * position);
          range.add(2 * position + 1);
        } else {
          range.add(position / hw::kChunkBits);
        }
      }
    }
    for (const auto& [source, range] : ranges)
      feeds_.push_back({{source == ~0U ? ClusterOrHost{} : ClusterId(source), layer.delay, 0, range.low,
                         range.high - range.low + 1},
                        &layer});
    if (host.empty()) return;
    std::sort(host.begin(), host.end());
    host.erase(std::unique(host.begin(), host.end()), host.end());
    feeds_.back().chunks = std::move(host);
  }

  /// Cuts the host's ranges at their longest gaps, as few of them as it takes for the page to fit.
  void leave_gaps() {
    const TileKind& kind = chip_.kind(cluster_.kind);
    std::uint64_t chunks = 0;
    for (const Feed& feed : feeds_) chunks += feed.inbound.source_count;
    while (chunks > kind.page_chunks && feeds_.size() < kind.deliveries) {
      const auto widest = std::max_element(feeds_.begin(), feeds_.end(), [](const Feed& a, const Feed& b) {
        return longest_gap(a).first < longest_gap(b).first;
      });
      if (widest == feeds_.end()) return;
      const auto [length, at] = longest_gap(*widest);
      if (length == 0) return;
      Feed rest = *widest;
      rest.chunks.erase(rest.chunks.begin(), rest.chunks.begin() + static_cast<std::ptrdiff_t>(at));
      widest->chunks.resize(at);
      for (Feed* part : {&*widest, &rest}) {
        part->inbound.source_first = part->chunks.front();
        part->inbound.source_count = part->chunks.back() - part->chunks.front() + 1;
      }
      feeds_.insert(widest + 1, std::move(rest));
      chunks -= length;
    }
  }

  void find_inbound() {
    const std::vector<Layer>& layers = own_layers();
    for (std::size_t l = 0; l < layers.size(); ++l) add_feeds(layers[l], reach_.elements(l, id_));
    if (skeleton_.leaves_gaps[cluster_.population.index()] != 0) leave_gaps();
    const bool timed =
        std::any_of(feeds_.begin(), feeds_.end(), [](const Feed& f) { return f.inbound.delay == 0; });
    if (!timed) feeds_.insert(feeds_.begin(), Feed{});
    std::stable_sort(feeds_.begin(), feeds_.end(),
                     [](const Feed& a, const Feed& b) { return a.inbound.delay < b.inbound.delay; });
    std::uint32_t next = 0;
    for (std::size_t f = 0; f < feeds_.size(); ++f) {
      Inbound& inbound = feeds_[f].inbound;
      inbound.first_chunk = next;
      next += inbound.source_count;
      cluster_.inbound.push_back(inbound);
      for (std::uint32_t c = 0; c < inbound.source_count; ++c) add_chunk(f, inbound.source_first + c);
    }
  }

  void add_chunk(std::size_t f, std::uint32_t source_chunk) {
    std::uint32_t count = 0, element = 0, plane = 0;
    while (count < hw::kChunkBits && element_of(feeds_[f], source_chunk, count, element, plane)) ++count;
    chunks_.emplace_back(f, source_chunk);
    cluster_.chunk_bits.push_back(static_cast<std::uint16_t>((1U << count) - 1));
  }

  void write_limits() {
    for (std::uint32_t count = 0; count < hw::kLimitContextLimits; ++count)
      for (const Inbound& inbound : cluster_.inbound)
        if (inbound.delay <= count) cluster_.limit[count] = inbound.first_chunk + inbound.source_count;
  }

  /// Source element and plane of bit `bit` of source chunk `chunk`; false: no such axon. A readout's number
  /// has 32 planes, 16 a chunk.
  [[nodiscard]] bool element_of(const Feed& feed, std::uint32_t chunk, std::uint32_t bit,
                                std::uint32_t& element, std::uint32_t& plane) const {
    const std::uint32_t at = chunk * hw::kChunkBits + bit;
    plane = 0;
    if (feed.inbound.from) {
      const Cluster& source = skeleton_.clusters[feed.inbound.from->index()];
      if (source.readout) {
        if (chunk / 2 >= source.size()) return false;
        element = source.neurons[chunk / 2];
        plane = chunk % 2 * hw::kChunkBits + bit;
        return true;
      }
      if (at >= source.sent_neurons().size() || source.sent_neurons()[at] == kNoNeuron) return false;
      element = source.sent_neurons()[at];
      return true;
    }
    const std::size_t input = std::get<InputId>(feed.layer->from).index();
    const std::uint32_t first = skeleton_.first_axon[input];
    if (at < first || at >= first + network_.inputs[input].axons()) return false;
    element = input_element(network_.inputs[input].shape, skeleton_.input_order[input],
                            (at - first) / network_.inputs[input].planes);
    plane = (at - first) % network_.inputs[input].planes;
    return true;
  }

  void read_row(const Layer& layer, std::uint32_t element, std::uint32_t plane, AxonRow& row) const {
    row.synapses.clear();
    rows_[number_of(layer)].each(element, [&](std::uint32_t target, std::size_t weight) {
      if (layer.weight[weight] != 0) row.synapses.push_back({position_of()[target], layer.weight[weight]});
    });
    synapses_ += row.synapses.size();
    row.shift = layer.shift;
    row.plane = plane;
    row.bits = layer.bits;
    const auto* input = std::get_if<InputId>(&layer.from);
    if (std::uint32_t planes = layer.potential_planes; planes != 0 || layer.is_of_numbers) {
      // Above the planes stand copies of the sign.
      if (plane >= planes) row = AxonRow{};
      row.negative = plane + 1 == planes;
      return;
    }
    row.negative = input != nullptr && network_.inputs[input->index()].is_signed &&
                   plane + 1 == network_.inputs[input->index()].planes;
  }

  const IntNetwork& network_;
  const Chip& chip_;
  const Layers& layers_;
  const Skeleton& skeleton_;
  const Reach& reach_;
  std::size_t id_;
  Cluster cluster_;
  std::span<const std::uint32_t> targets_;   ///< the cluster's neurons, ascending
  std::vector<PartRows> rows_;               ///< by layer, those of the cluster
  mutable std::vector<RowKinds> row_kinds_;  ///< by layer; they learn while they are asked
  mutable std::uint32_t next_kind_ = 0;
  mutable std::uint64_t synapses_ = 0;
  std::vector<Feed> feeds_;
  std::vector<std::pair<std::size_t, std::uint32_t>> chunks_;  ///< by page chunk: feed and its source's chunk
};

/// The pool of population p is sent by its clusters: each sends the windows whose first neuron it has.
void send_pooled(const IntNetwork& network, const Pooling& pooling, std::size_t p, std::size_t first,
                 Skeleton& skeleton) {
  const IntPopulation& pool = network.populations[pooling.population.index()];
  const Shape& map = network.populations[p].shape;
  std::vector<std::uint32_t>& cluster_of = skeleton.cluster_of[pooling.population.index()];
  std::vector<std::uint32_t>& position_of = skeleton.position_of[pooling.population.index()];
  constexpr std::uint32_t kNobody = ~0U;
  cluster_of.assign(pool.size(), kNobody);
  position_of.assign(pool.size(), 0);
  for (std::uint32_t j = 0; j < network.populations[p].size(); ++j)
    if (std::uint32_t& of = cluster_of[pooled_neuron(map, pool.shape, pooling, j)]; of == kNobody)
      of = skeleton.cluster_of[p][j];
  for (std::size_t c = first; c < skeleton.clusters.size(); ++c) {
    Cluster& cluster = skeleton.clusters[c];
    std::vector<std::uint32_t>& sent = cluster.pooled->neurons;
    for (std::uint32_t at = 0; at < sent.size(); ++at) {
      if (sent[at] == kNoNeuron) continue;
      if (cluster_of[sent[at]] == c)
        position_of[sent[at]] = at;
      else
        sent[at] = kNoNeuron;  // another one's: the map is not cut between windows yet
    }
    while (!sent.empty() && sent.back() == kNoNeuron) sent.pop_back();
    cluster.out_entries = static_cast<std::uint32_t>((sent.size() + hw::kChunkBits - 1) / hw::kChunkBits);
  }
}

/// The neurons of a cluster in NIR order, as they stand: pass by pass, each of them in the order of the
/// membranes' owner.
std::vector<std::uint32_t> in_passes(const IntPopulation& population, const IntPopulation& owner,
                                     NeuronOrder order, const TileKind& kind,
                                     const std::vector<std::uint32_t>& members) {
  const auto membranes = static_cast<std::uint32_t>(population.membranes());
  std::vector<std::uint32_t> first;
  for (const std::uint32_t neuron : members)
    if (neuron < membranes) first.push_back(neuron);
  if (order == NeuronOrder::kPosition)
    order_by_position(map_extent(owner.shape), first, core_of(kind).channels_together(kind));
  else
    core_of(kind).number(owner, kind, first);
  std::vector<std::uint32_t> all;
  for (std::uint32_t pass = 0; pass < population.share; ++pass) {
    all.resize((all.size() + hw::kChunkBits - 1) / hw::kChunkBits * hw::kChunkBits, kNoNeuron);
    for (const std::uint32_t neuron : first) all.push_back(neuron + pass * membranes);
  }
  return all;
}

}  // namespace

Skeleton make_skeleton(const IntNetwork& network, const Chip& chip, const Clustering& clustering) {
  Skeleton skeleton;
  skeleton.first_axon = first_axons(network);
  for (std::size_t i = 0; i < network.inputs.size(); ++i)
    skeleton.input_order.push_back(clustering.input_order_of(i));
  skeleton.leaves_gaps = clustering.leaves_gaps;
  skeleton.leaves_gaps.resize(network.populations.size(), 0);
  skeleton.pooled = clustering.pooled;
  skeleton.pooled.resize(network.populations.size());
  std::vector<std::size_t> first_of(network.populations.size(), 0);  // cluster
  skeleton.cluster_of.resize(network.populations.size());
  skeleton.position_of.resize(network.populations.size());
  for (std::size_t p = 0; p < network.populations.size(); ++p) {
    const IntPopulation& population = network.populations[p];
    skeleton.order.push_back(clustering.order_of(p));
    if (clustering.count[p] == 0) continue;  // a pool that others send
    const TileKind& kind = chip.kind(clustering.kind_of(p));
    const std::size_t first = skeleton.clusters.size();
    first_of[p] = first;
    for (std::uint32_t k = 0; k < clustering.count[p]; ++k) {
      Cluster cluster;
      cluster.name = population.name + "[" + std::to_string(k) + "]";
      cluster.population = PopulationId(p);
      cluster.kind = clustering.kind_of(p);
      cluster.readout = population.is_readout();
      skeleton.clusters.push_back(std::move(cluster));
    }
    for (std::uint32_t j = 0; j < population.size(); ++j)
      skeleton.clusters[first + clustering.of[p][j]].neurons.push_back(j);
    std::vector<std::uint32_t> cluster_of(population.size()), position_of(population.size());
    for (std::size_t c = first; c < skeleton.clusters.size(); ++c) {
      Cluster& cluster = skeleton.clusters[c];
      skeleton.members.push_back(cluster.neurons);
      if (clustering.order_of(p) == NeuronOrder::kRank)
        std::sort(cluster.neurons.begin(), cluster.neurons.end(), [&](std::uint32_t a, std::uint32_t b) {
          return clustering.rank[p][a] < clustering.rank[p][b];
        });
      if (const auto& pooling = skeleton.pooled[p]) {
        const Shape& pool = network.populations[pooling->population.index()].shape;
        PooledOrder order = pooled_order(population.shape, pool, *pooling, std::move(cluster.neurons));
        cluster.neurons = std::move(order.neurons);
        cluster.pooled = Pooled{pooling->population, std::move(order.sent)};
      } else if (population.shares()) {
        const std::size_t owner = population.membranes_of ? population.membranes_of->index() : p;
        cluster.passes = population.share;
        cluster.neurons =
            in_passes(population, network.populations[owner], clustering.order_of(p), kind, cluster.neurons);
        if (owner != p) cluster.membranes_of = ClusterId(first_of[owner] + (c - first));
      } else if (clustering.order_of(p) == NeuronOrder::kPosition) {
        order_by_position(map_extent(population.shape), cluster.neurons,
                          core_of(kind).channels_together(kind));
      } else {
        core_of(kind).number(population, kind, cluster.neurons);
      }
      const auto n = static_cast<std::uint32_t>(cluster.size());
      for (std::uint32_t at = 0; at < n; ++at) {
        if (cluster.neurons[at] == kNoNeuron) continue;
        cluster_of[cluster.neurons[at]] = static_cast<std::uint32_t>(c);
        position_of[cluster.neurons[at]] = at;
      }
      cluster.out_entries = cluster.readout ? 2 * n : (n + hw::kChunkBits - 1) / hw::kChunkBits;
    }
    skeleton.cluster_of[p] = std::move(cluster_of);
    skeleton.position_of[p] = std::move(position_of);
    if (const auto& pooling = skeleton.pooled[p]) send_pooled(network, *pooling, p, first, skeleton);
  }
  return skeleton;
}

Reach::Reach(const std::vector<Layer>& layers, const Skeleton& skeleton, PopulationId population) {
  const std::vector<std::uint32_t>& cluster_of = skeleton.cluster_of[population.index()];
  const auto [low, high] = std::minmax_element(cluster_of.begin(), cluster_of.end());
  first_ = *low;
  const std::size_t clusters = *high - *low + 1;
  std::vector<std::uint32_t> part(cluster_of.size());
  for (std::size_t j = 0; j < part.size(); ++j) part[j] = static_cast<std::uint32_t>(cluster_of[j] - first_);
  for (const Layer& layer : layers)
    lists_.push_back(sources_of_parts(layer.form, part, clusters, ones(layer.weight)));
  for (const Layer& layer : layers) places_.emplace_back(layer.form);
}

Cluster build_cluster(const IntNetwork& network, const Chip& chip, const Layers& layers,
                      const Skeleton& skeleton, const Reach& reach, std::size_t c, std::uint64_t* synapses) {
  ClusterBuilder builder(network, chip, layers, skeleton, reach, c);
  Cluster cluster = builder.build();
  if (synapses != nullptr) *synapses += builder.synapses();
  return cluster;
}

Cluster pages_of_cluster(const IntNetwork& network, const Chip& chip, const Layers& layers,
                         const Skeleton& skeleton, const Reach& reach, std::size_t c) {
  return ClusterBuilder(network, chip, layers, skeleton, reach, c).pages();
}

}  // namespace spikeloom
