#include "compiler/partition/partition.hpp"

#include <algorithm>

#include "compiler/base/error.hpp"
#include "compiler/base/rng.hpp"
#include "compiler/partition/build_cluster.hpp"
#include "compiler/partition/feature_map.hpp"
#include "compiler/partition/grouping.hpp"

namespace spikeloom {
namespace {

std::uint32_t round_up(std::uint32_t value, std::uint32_t unit) { return (value + unit - 1) / unit * unit; }
std::uint32_t quotient_up(std::uint32_t value, std::uint32_t by) { return (value + by - 1) / by; }

/// Most neurons of this population that a tile's counted resources allow, whatever the weights.
std::uint32_t most_neurons(const IntPopulation& p, const Chip& chip, const PartitionOptions& options) {
  const TileConfig& t = chip.tile;
  std::uint64_t most = std::min(std::uint64_t{std::min(t.groups, 255U)} * t.lanes, std::uint64_t{t.state_words} * t.lif_lanes);
  const std::uint64_t indices = std::min(std::uint64_t{t.out_entries}, std::uint64_t{1} << chip.chunk_index_bits);
  most = std::min(most, p.is_readout() ? indices / 2 : indices * 16);
  most = std::min(most, p.is_readout() ? std::uint64_t{t.update_entries} / 2 : std::uint64_t{t.update_entries} * t.lif_lanes);
  if (options.max_neurons != 0) most = std::min(most, std::uint64_t{options.max_neurons});
  return static_cast<std::uint32_t>(most);
}

/// Size to fill clusters to, so that `k` of them hold n: even, and in whole lane groups and chunks where
/// that does not change their number.
std::uint32_t even_size(std::uint32_t n, std::uint32_t k, std::uint32_t cap, std::uint32_t lanes) {
  const std::uint32_t least = quotient_up(n, k);
  for (const std::uint32_t unit : {round_up(16, lanes), std::max(16U, lanes), 16U})
    if (const std::uint32_t size = round_up(least, unit); size <= cap && quotient_up(n, size) == k) return size;
  return least;
}

class Partitioner {
 public:
  Partitioner(const IntNetwork& network, const Chip& chip, const PartitionOptions& options)
      : network_(network), chip_(chip), options_(options), layers_(make_layers(network)), rng_(options.seed) {}

  Clustering run() {
    chip_problems(network_, layers_, chip_).throw_if_any(subject());
    first_counts();
    std::vector<std::uint32_t> changed(network_.populations.size(), 1);
    do {
      for (std::size_t p = 0; p < changed.size(); ++p)
        if (changed[p] != 0) regroup(p);
      changed = raise_counts();
    } while (std::any_of(changed.begin(), changed.end(), [](std::uint32_t c) { return c != 0; }));
    return std::move(clustering_);
  }

 private:
  [[nodiscard]] std::string subject() const { return "network " + network_.name + " on chip " + chip_.name; }

  void first_counts() {
    Problems problems;
    for (const IntPopulation& population : network_.populations) {
      const std::uint32_t cap = most_neurons(population, chip_, options_);
      if (cap == 0)
        problems.add("population " + population.name + ": no tile holds one of its neurons: a readout needs 2 of "
                     "tile.out_entries and tile.update_entries a neuron");
      cap_.push_back(std::max(1U, cap));
      const auto neurons = static_cast<std::uint32_t>(population.size());
      const std::size_t p = clustering_.count.size();
      const std::uint32_t wanted = p < options_.least_clusters.size() ? std::min(options_.least_clusters[p], neurons) : 0;
      clustering_.count.push_back(std::max(quotient_up(neurons, cap_.back()), wanted));
    }
    problems.throw_if_any(subject());
    clustering_.of.resize(network_.populations.size());
    for (std::size_t p = 0; p < network_.populations.size(); ++p) {
      const IntPopulation& population = network_.populations[p];
      is_map_.push_back(is_feature_map(population, layers_[p]) && map_extent(population.shape).channels <= cap_[p]);
      clustering_.order.push_back(is_map_[p] ? NeuronOrder::kPosition : NeuronOrder::kNir);
      // Something to build tables with, until its turn comes.
      const auto n = static_cast<std::uint32_t>(population.size());
      const MapExtent map = map_extent(population.shape);
      if (is_map_[p]) clustering_.count[p] = next_map_count(p, std::min(clustering_.count[p], map.height * map.width));
      for (std::uint32_t j = 0; j < n; ++j)
        clustering_.of[p].push_back(std::min(j / quotient_up(n, clustering_.count[p]), clustering_.count[p] - 1));
    }
  }

  /// The next number of blocks, from `wanted`, that a grid has.
  [[nodiscard]] std::uint32_t next_map_count(std::size_t p, std::uint32_t wanted) const {
    const MapExtent map = map_extent(network_.populations[p].shape);
    while (wanted < map.height * map.width && grids(map, wanted, cap_[p]).empty()) ++wanted;
    return wanted;
  }

  /// Cuts a feature map by the grid with the least product of weight words and work, of those that fit.
  void cut_into_blocks(std::size_t p) {
    const MapExtent map = map_extent(network_.populations[p].shape);
    std::vector<std::uint32_t> best;
    std::pair<std::size_t, double> least{~std::size_t{0}, 0};
    for (const Grid& grid : grids(map, clustering_.count[p], cap_[p])) {
      clustering_.of[p] = cut_map(map, grid);
      const std::pair<std::size_t, double> price = price_of(p);
      if (price < least) {
        least = price;
        best = clustering_.of[p];
      }
    }
    clustering_.of[p] = std::move(best);
  }

  /// Limits exceeded, and weight words × the words read when every source spikes once.
  [[nodiscard]] std::pair<std::size_t, double> price_of(std::size_t p) const {
    const Skeleton skeleton = make_skeleton(network_, chip_, clustering_);
    std::size_t exceeded = 0;
    double words = 0, work = 0;
    for (std::size_t c = 0; c < skeleton.clusters.size(); ++c) {
      if (skeleton.clusters[c].population.index() != p) continue;
      const Cluster cluster = build_cluster(network_, chip_, layers_, skeleton, c);
      exceeded += excesses(cluster, chip_).size();
      words += static_cast<double>(cluster.weights.size()) / chip_.tile.lanes;
      for (std::size_t chunk = 0; chunk < cluster.chunks.size(); ++chunk)
        for (std::uint32_t bit = 0; bit < 16; ++bit)
          if ((cluster.chunk_bits[chunk] >> bit & 1U) != 0) work += row_words(cluster, chunk, bit);
    }
    return {exceeded, words * work};
  }

  void regroup(std::size_t p) {
    if (is_map_[p]) return cut_into_blocks(p);
    const auto n = static_cast<std::uint32_t>(network_.populations[p].size());
    // A count that no even size gives exactly is taken down to the next that one does.
    const std::uint32_t size = even_size(n, clustering_.count[p], cap_[p], chip_.tile.lanes);
    clustering_.count[p] = quotient_up(n, size);
    const Edges edges = edges_into(network_, layers_[p], PopulationId(p), options_.activity);
    const GroupingOptions grouping{clustering_.count[p], size, std::min(cap_[p], size + size / 8), options_.method};
    clustering_.of[p] = group(edges, n, grouping, rng_);
  }

  /// The number of clusters that a population with this excess should try next.
  [[nodiscard]] std::uint32_t next_count(std::size_t p, const std::vector<Excess>& excess) const {
    const auto n = static_cast<std::uint32_t>(network_.populations[p].size());
    const std::uint32_t k = clustering_.count[p];
    double factor = 1;
    for (const Excess& e : excess)
      if (e.key == "tile.weight_words" || e.key == "tile.update_entries")
        factor = std::max(factor, static_cast<double>(e.needed) / static_cast<double>(e.available));
    const auto wanted = std::max(k + std::max(1U, k / 4), static_cast<std::uint32_t>(k * factor * 0.95));
    if (is_map_[p]) return next_map_count(p, std::min(wanted, n));
    // The next count that an even size attains.
    for (std::uint32_t next = std::min(wanted, n); next <= n; ++next)
      if (quotient_up(n, even_size(n, next, cap_[p], chip_.tile.lanes)) > k) return next;
    return n;
  }

  /// What a cluster of one neuron of cluster `c` alone exceeds: the one with the most synapses.
  [[nodiscard]] std::vector<Excess> excess_of_one(const Skeleton& skeleton, std::size_t c, std::uint32_t& neuron) const {
    const std::size_t p = skeleton.clusters[c].population.index();
    std::vector<std::uint32_t> fan_in(network_.populations[p].size(), 0);
    for (const Layer& layer : layers_[p])
      for (const std::uint32_t target : layer.target) ++fan_in[target];
    const std::vector<std::uint32_t>& neurons = skeleton.clusters[c].neurons;
    neuron = *std::max_element(neurons.begin(), neurons.end(),
                               [&](std::uint32_t a, std::uint32_t b) { return fan_in[a] < fan_in[b]; });
    fan_in_ = fan_in[neuron];
    Clustering alone = clustering_;
    alone.count[p] += 1;
    if (neurons.size() == 1) alone.count[p] -= 1;
    else alone.of[p][neuron] = alone.count[p] - 1;
    const Skeleton other = make_skeleton(network_, chip_, alone);
    const Cluster cluster = build_cluster(network_, chip_, layers_, other, other.cluster_of[p][neuron]);
    sources_ = static_cast<std::uint32_t>(cluster.inbound.size());
    return excesses(cluster, chip_);
  }

  /// Builds all tables; by population 1 where the clusters must become smaller and did.
  std::vector<std::uint32_t> raise_counts() {
    const Skeleton skeleton = make_skeleton(network_, chip_, clustering_);
    std::vector<std::uint32_t> changed(network_.populations.size(), 0);
    Problems problems;
    for (std::size_t c = 0; c < skeleton.clusters.size(); ++c) {
      const std::size_t p = skeleton.clusters[c].population.index();
      if (changed[p] != 0) continue;
      const std::vector<Excess> excess = excesses(build_cluster(network_, chip_, layers_, skeleton, c), chip_);
      if (excess.empty()) continue;
      changed[p] = 1;
      std::uint32_t neuron = 0;
      for (const Excess& e : excess_of_one(skeleton, c, neuron))
        problems.add("population " + network_.populations[p].name + ": neuron " + std::to_string(neuron) + " (" +
                     std::to_string(fan_in_) + " synapses over " + std::to_string(sources_) + " channels) alone needs " + e.key + " = " + std::to_string(e.needed) +
                     ", the chip has " + std::to_string(e.available) + "; a chip with " + e.key + " = " +
                     std::to_string(e.needed) + " would do");
      wanted_.resize(network_.populations.size());
      wanted_[p] = next_count(p, excess);
      if (is_map_[p] && grids(map_extent(network_.populations[p].shape), wanted_[p], cap_[p]).empty()) {
        // Not even one position fits: its channels must part.
        is_map_[p] = false;
        clustering_.order[p] = NeuronOrder::kNir;
        wanted_[p] = next_count(p, excess);
      }
    }
    problems.throw_if_any(subject());
    for (std::size_t p = 0; p < changed.size(); ++p) {
      if (changed[p] == 0) continue;
      SPIKELOOM_CHECK(wanted_[p] > clustering_.count[p]);
      clustering_.count[p] = wanted_[p];
    }
    return changed;
  }

  const IntNetwork& network_;
  const Chip& chip_;
  const PartitionOptions& options_;
  Layers layers_;
  Rng rng_;
  std::vector<std::uint32_t> cap_;
  std::vector<bool> is_map_;  ///< by PopulationId
  std::vector<std::uint32_t> wanted_;
  Clustering clustering_;
  mutable std::uint32_t fan_in_ = 0, sources_ = 0;  ///< of the neuron looked at last
};

}  // namespace

Clustering partition(const IntNetwork& network, const Chip& chip, const PartitionOptions& options) {
  return Partitioner(network, chip, options).run();
}

}  // namespace spikeloom
