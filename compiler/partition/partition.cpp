#include "compiler/partition/partition.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <optional>
#include <set>

#include "compiler/base/error.hpp"
#include "compiler/base/parallel.hpp"
#include "compiler/base/rng.hpp"
#include "compiler/chip/kinds.hpp"
#include "compiler/linear/sums.hpp"
#include "compiler/partition/block_cost.hpp"
#include "compiler/partition/build_cluster.hpp"
#include "compiler/partition/feature_map.hpp"
#include "compiler/partition/grouping.hpp"
#include "compiler/partition/input_order.hpp"
#include "compiler/partition/kinds.hpp"
#include "compiler/partition/multilevel.hpp"
#include "compiler/partition/network_limits.hpp"
#include "compiler/partition/or_pool.hpp"
#include "spikeloom_hw.hpp"

namespace spikeloom {
namespace {

/// Slots of the spike wheel that a channel has, about: of so many parts of the wheel a flit takes one.
constexpr double kSlotsOfAChannel = 4;

std::uint32_t round_up(std::uint32_t value, std::uint32_t unit) { return (value + unit - 1) / unit * unit; }
std::uint32_t quotient_up(std::uint32_t value, std::uint32_t by) { return (value + by - 1) / by; }

/// Most neurons of this population that the counted resources of a tile of this kind allow, whatever the
/// weights.
MostNeurons most_neurons(const IntPopulation& p, const Chip& chip, const TileKind& t,
                         const PartitionOptions& options) {
  MostNeurons most = core_of(t).most_neurons(p, t);
  const auto bound = [&](std::uint64_t count, std::string_view key) {
    if (count < most.count) most = {count, key};
  };
  const auto neurons = [&](std::uint64_t indices) {
    return p.is_readout() ? indices / 2 : indices * hw::kChunkBits;
  };
  bound(neurons(t.out_entries / core_of(t).pages_per_firing(t)), "tile.out_entries");
  bound(neurons(std::uint64_t{1} << chip.chunk_index_bits), "noc.chunk_index_bits");
  if (options.max_neurons != 0) bound(options.max_neurons, "--max-neurons");
  return most;
}

/// Size to fill clusters to, so that `k` of them hold n: even, and in whole grains and chunks where
/// that does not change their number.
std::uint32_t even_size(std::uint32_t n, std::uint32_t k, std::uint32_t cap, std::uint32_t grain) {
  const std::uint32_t least = quotient_up(n, k);
  for (const std::uint32_t unit :
       {round_up(hw::kChunkBits, grain), std::max(hw::kChunkBits, grain), hw::kChunkBits})
    if (const std::uint32_t size = round_up(least, unit); size <= cap && quotient_up(n, size) == k)
      return size;
  return least;
}

std::string subject(const IntNetwork& network, const Chip& chip) {
  return "network " + network.name + " on chip " + chip.name;
}

/// Cuts the populations for the kinds of tile that are given.
class Partitioner {
 public:
  Partitioner(const IntNetwork& network, const Chip& chip, const PartitionOptions& options,
              const Layers& layers, std::vector<std::uint32_t> kinds,
              std::vector<std::optional<Pooling>> pooled = {})
      : network_(network), chip_(chip), options_(options), layers_(layers), reasons_(kinds.size()) {
    clustering_.kind = std::move(kinds);
    pooled.resize(network.populations.size());
    is_folded_.assign(network.populations.size(), false);
    for (std::size_t p = 0; p < network.populations.size(); ++p) sender_.push_back(p);
    for (std::size_t p = 0; p < pooled.size(); ++p)
      if (pooled[p]) {
        is_folded_[pooled[p]->population.index()] = true;
        sender_[pooled[p]->population.index()] = p;
        clustering_.kind[pooled[p]->population.index()] = clustering_.kind[p];
      }
    clustering_.pooled = std::move(pooled);
    clustering_.inputs = input_orders(network, layers);
    clustering_.leaves_gaps.assign(network.populations.size(), 0);
    for (std::size_t p = 0; p < network.populations.size(); ++p) root_.push_back(p);
    for (std::size_t p = network.populations.size(); p-- > 0;)
      for (const Layer& layer : layers[p])
        if (layer.is_of_numbers && layer.delay == 0)
          root_[std::get<PopulationId>(layer.from).index()] = root_[p];
    alone_.assign(network.populations.size(), 0);
    is_streamed_.assign(network.populations.size(), false);
    for (const PopulationId p : options.streamed) is_streamed_[p.index()] = true;
    counted_.resize(network.populations.size());
  }

  /// Throws where a kind cannot hold its population. With `unpooled` populations it is to be done again
  /// without their pools.
  Clustering run() {
    unsuitable_ = Unsuitable::kThrow;
    cut();
    return std::move(clustering_);
  }

  /// By PopulationId; those that their kind cannot hold are not cut further.
  std::vector<KindAnswer> ask() {
    unsuitable_ = Unsuitable::kSetAside;
    cut();
    std::vector<KindAnswer> answers;
    for (std::size_t p = 0; p < reasons_.size(); ++p)
      answers.push_back({reasons_[root_[p]].empty() ? clustering_.count[p] : 0, reasons_[root_[p]]});
    return answers;
  }

  /// Those that could not be cut into blocks of whole windows; `run` then stopped half-way.
  [[nodiscard]] const std::vector<std::size_t>& unpooled() const { return unpooled_; }

  /// By PopulationId, after `ask`: where one neuron alone exceeds the kind, by which factor; else 0.
  [[nodiscard]] const std::vector<double>& alone() const { return alone_; }

 private:
  struct CutOf {
    std::vector<std::uint32_t> of, rank;
    NeuronOrder order = NeuronOrder::kNir;
    std::uint8_t leaves_gaps = 0;
    std::optional<Pooling> pooled;
    friend bool operator==(const CutOf&, const CutOf&) = default;
  };
  /// What a population's clusters exceeded, and how it and its sources were cut then.
  struct Counted {
    std::vector<CutOf> cuts;
    std::vector<std::vector<Need>> excesses;
  };

  /// What is done about a population that its kind cannot hold.
  enum class Unsuitable : std::uint8_t { kThrow, kSetAside };

  void cut() {
    Problems problems = chip_problems(network_, chip_);
    for (std::size_t p = 0; p < reasons_.size(); ++p)
      if (!is_folded_[p]) reasons_[p] = kind_problems(network_, layers_, kind(p), PopulationId(p));
    settle(problems);
    first_counts();
    if (!unpooled_.empty()) return;
    // Those that hand their potentials on stand and fall with those that they are cut with.
    for (std::size_t p = 0; p < reasons_.size(); ++p)
      if (root_[p] != p)
        for (const std::string& reason : reasons_[p])
          reasons_[root_[p]].push_back("population " + network_.populations[p].name + ": " + reason);
    std::vector<Next> next(network_.populations.size(), Next::kRegroup);
    do {
      regroup_all(next);
      next = make_smaller();
    } while (unpooled_.empty() &&
             std::any_of(next.begin(), next.end(), [](Next n) { return n != Next::kNothing; }));
  }

  void settle(Problems problems = {}) const {
    if (unsuitable_ == Unsuitable::kSetAside) return;
    for (std::size_t p = 0; p < reasons_.size(); ++p)
      for (const std::string& reason : reasons_[p])
        problems.add("population " + network_.populations[p].name + on_kind(chip_, clustering_.kind[p]) +
                     ": " + reason);
    problems.throw_if_any(subject(network_, chip_));
  }

  // A population whose neurons share membranes is cut by its membranes: all neurons of one are in one
  // cluster. Its numbers, here and in cap_, are those of membranes, and its map has the channels of one
  // group.

  [[nodiscard]] std::uint32_t units(std::size_t p) const {
    return static_cast<std::uint32_t>(network_.populations[p].membranes());
  }
  [[nodiscard]] MapExtent map_of(std::size_t p) const {
    MapExtent map = map_extent(network_.populations[p].shape);
    map.channels /= network_.populations[p].share;
    return map;
  }
  /// Cluster by neuron from cluster by membrane.
  [[nodiscard]] std::vector<std::uint32_t> by_neuron(std::size_t p,
                                                     const std::vector<std::uint32_t>& of) const {
    std::vector<std::uint32_t> all;
    for (std::size_t j = 0; j < network_.populations[p].size(); ++j) all.push_back(of[j % of.size()]);
    return all;
  }
  /// The same where clusters are runs of so many.
  [[nodiscard]] std::vector<std::uint32_t> runs(std::size_t p, std::uint32_t size) const {
    std::vector<std::uint32_t> of;
    for (std::uint32_t unit = 0; unit < units(p); ++unit)
      of.push_back(std::min(unit / size, clustering_.count[p] - 1));
    return by_neuron(p, of);
  }

  [[nodiscard]] const TileKind& kind(std::size_t p) const { return chip_.kind(clustering_.kind[p]); }
  /// Neurons that the core works on at once.
  [[nodiscard]] std::uint32_t grain(std::size_t p) const { return core_of(kind(p)).grain(kind(p)); }
  /// Channels that a block has a multiple of, where it has not all: whole chunks too, where these are pooled.
  [[nodiscard]] std::uint32_t channel_unit(std::size_t p) const {
    const bool whole = clustering_.pooled[p] && map_of(p).channels % hw::kChunkBits == 0;
    return whole ? std::lcm(grain(p), hw::kChunkBits) : grain(p);
  }
  /// Positions of a block's channels at one place.
  [[nodiscard]] std::uint32_t least_positions(std::size_t p) const {
    const MapExtent map = map_of(p);
    const std::uint32_t channels = map.channels / most_channel_groups(map, channel_unit(p));
    return clustering_.pooled[p] ? round_up(channels, hw::kChunkBits) : channels;
  }
  [[nodiscard]] WholeWindows whole_windows(std::size_t p) const {
    const auto& pooling = clustering_.pooled[p];
    return pooling ? WholeWindows{pooling->rows, pooling->columns} : WholeWindows{};
  }

  enum class Next : std::uint8_t {
    kNothing,    ///< all clusters fit
    kRegroup,    ///< into the number of clusters that is set
    kLookAgain,  ///< some were split
  };

  void first_counts() {
    for (const IntPopulation& population : network_.populations) {
      const MostNeurons most = most_neurons(population, chip_, kind(cap_.size()), options_);
      if (most.count == 0)
        reasons_[cap_.size()].push_back("no tile holds one of its neurons; a larger " +
                                        std::string(most.key) + " would do");
      const std::size_t p = clustering_.count.size();
      auto cap = static_cast<std::uint32_t>(most.count);
      if (population.share > 1) {
        cap /= population.share;  // of which a pass takes whole chunks
        if (cap >= hw::kChunkBits) cap = cap / hw::kChunkBits * hw::kChunkBits;
      }
      cap_.push_back(std::max(1U, cap));
      const std::uint32_t neurons = units(p);
      const std::uint32_t wanted =
          p < options_.least_clusters.size() ? std::min(options_.least_clusters[p], neurons) : 0;
      clustering_.count.push_back(is_folded_[p] ? 0 : std::max(quotient_up(neurons, cap_.back()), wanted));
    }
    settle();
    for (std::size_t p = 0; p < root_.size(); ++p) {
      const IntPopulation& root = network_.populations[root_[p]];
      if (root_[p] != p) cap_[root_[p]] = std::min(cap_[root_[p]], std::max(1U, cap_[p] / root.share));
      clustering_.count[root_[p]] = std::max(clustering_.count[root_[p]], clustering_.count[p]);
    }
    clustering_.of.resize(network_.populations.size());
    clustering_.rank.resize(network_.populations.size());
    for (std::size_t p = 0; p < network_.populations.size(); ++p) {
      const IntPopulation& population = network_.populations[p];
      const WholeWindows whole = whole_windows(p);
      is_map_.push_back(!is_folded_[p] && is_feature_map(population, layers_[p]) &&
                        std::uint64_t{whole.rows} * whole.columns * least_positions(p) <= cap_[p]);
      if (clustering_.pooled[p] && !is_map_[p]) unpooled_.push_back(p);
      clustering_.order.push_back(is_map_[p] ? NeuronOrder::kPosition : NeuronOrder::kNir);
      // Something to build tables with, until its turn comes.
      if (is_map_[p])
        clustering_.count[p] = next_map_count(p, std::min(clustering_.count[p], most_blocks(p)));
      clustering_.of[p] = is_folded_[p] ? std::vector<std::uint32_t>(population.size(), 0)
                                        : runs(p, quotient_up(units(p), clustering_.count[p]));
    }
    follow();
  }

  /// Populations that are cut as another one are so again.
  void follow() {
    for (std::size_t p = 0; p < root_.size(); ++p) {
      const std::size_t root = root_[p];
      if (root == p) continue;
      clustering_.count[p] = clustering_.count[root];
      clustering_.of[p] = clustering_.of[root];
      clustering_.rank[p] = clustering_.rank[root];
      clustering_.order[p] = clustering_.order[root];
    }
  }

  /// The next number of blocks, from `wanted`, that a grid has.
  [[nodiscard]] std::uint32_t next_map_count(std::size_t p, std::uint32_t wanted) const {
    while (wanted < most_blocks(p) && grids_of(p, wanted).empty()) ++wanted;
    return wanted;
  }

  /// Blocks of one position and one group of channels.
  [[nodiscard]] std::uint32_t most_blocks(std::size_t p) const {
    const MapExtent map = map_of(p);
    const WholeWindows whole = whole_windows(p);
    return quotient_up(map.height, whole.rows) * quotient_up(map.width, whole.columns) *
           most_channel_groups(map, channel_unit(p));
  }

  [[nodiscard]] std::vector<Grid> grids_of(std::size_t p, std::uint32_t blocks) const {
    const MapExtent map = map_of(p);
    std::vector<Grid> list = grids(map, blocks, cap_[p], channel_unit(p), whole_windows(p));
    // Blocks of other positions repeat the weights of their channels.
    if (is_streamed_[p])
      std::erase_if(list, [&](const Grid& grid) {
        return grid.channels != std::min(blocks, most_channel_groups(map, channel_unit(p)));
      });
    return list;
  }

  /// A way of cutting a feature map, and of numbering what it pools.
  struct Way {
    double price = 0;
    Grid grid;
    std::uint32_t run = 1;
    std::size_t exceeded = 0;  ///< memories that its blocks certainly exceed
  };
  /// Every way of cutting the map into as many blocks as are set, the cheapest first.
  [[nodiscard]] std::vector<Way> ways_of(std::size_t p) const {
    const MapExtent map = map_of(p);
    const Skeleton sources = make_skeleton(network_, chip_, clustering_);
    BlockPricer pricer(network_, layers_[p], PopulationId(p), kind(p), sources, options_.activity);
    std::vector<Way> ways;
    const auto add = [&](const Grid& grid, const std::optional<Pooling>& pooling) {
      const BlockCost cost = pricer.cost(grid, pooling);
      Way way{cost.price(clustering_.count[p], chip_.spike_wheel / kSlotsOfAChannel), grid,
              pooling ? pooling->run : 1, 0};
      for (const std::uint64_t words : cost.words_of) way.exceeded += pricer.exceeded_by(words);
      ways.push_back(way);
    };
    for (const Grid& grid : grids_of(p, clustering_.count[p])) {
      std::optional<Pooling> pooling = clustering_.pooled[p];
      if (!pooling) add(grid, pooling);
      if (!pooling) continue;
      for (const std::uint32_t run :
           pooling_runs(map.channels / grid.channels, grid.columns.longest(map.width) / pooling->columns)) {
        pooling->run = run;
        add(grid, pooling);
      }
    }
    std::stable_sort(ways.begin(), ways.end(), [](const Way& a, const Way& b) { return a.price < b.price; });
    return ways;
  }

  /// Cuts a feature map in the way with the least price of those that fit; where none does, in the one that
  /// exceeds the fewest limits.
  void cut_into_blocks(std::size_t p) {
    const MapExtent map = map_of(p);
    std::vector<std::uint32_t> best;
    std::uint32_t best_run = 1;
    std::size_t least = ~std::size_t{0};
    for (const Way& way : ways_of(p)) {
      if (way.exceeded >= least) continue;
      clustering_.of[p] = by_neuron(p, cut_map(map, way.grid));
      if (clustering_.pooled[p]) clustering_.pooled[p]->run = way.run;
      if (const std::size_t exceeded = exceeded_by(p, least); exceeded < least) {
        least = exceeded;
        best = clustering_.of[p];
        best_run = way.run;
      }
      if (least == 0) break;
    }
    clustering_.of[p] = std::move(best);
    if (clustering_.pooled[p]) clustering_.pooled[p]->run = best_run;
  }

  /// Limits that the population's clusters exceed as they are cut now. They are not built where their pages
  /// alone exceed `enough` or more; then so many are said.
  [[nodiscard]] std::size_t exceeded_by(std::size_t p, std::size_t enough) {
    follow();
    const Skeleton skeleton = make_skeleton(network_, chip_, clustering_);
    const std::optional<Reach> reach(std::in_place, layers_[p], skeleton, PopulationId(p));
    std::size_t exceeded = 0;
    for (std::size_t c = 0; c < skeleton.clusters.size() && exceeded < enough; ++c)
      if (skeleton.clusters[c].population.index() == p)
        exceeded +=
            page_excesses(pages_of_cluster(network_, chip_, layers_, skeleton, *reach, c), chip_).size();
    if (exceeded >= enough) return exceeded;
    exceeded = 0;
    for (const std::vector<Need>& of_cluster : excesses_of(p, skeleton, reach)) exceeded += of_cluster.size();
    return exceeded;
  }

  /// Feature maps look at how their sources are cut; other populations at nobody, and may be cut side by
  /// side.
  void regroup_all(const std::vector<Next>& next) {
    std::vector<std::size_t> together;
    const auto flush = [&] {
      parallel_for(together.size(), [&](std::size_t i) { regroup(together[i]); });
      together.clear();
    };
    for (std::size_t p = 0; p < next.size(); ++p) {
      if (next[p] != Next::kRegroup || !reasons_[root_[p]].empty() || root_[p] != p || is_folded_[p])
        continue;
      if (!is_map_[p]) {
        together.push_back(p);
        continue;
      }
      flush();
      cut_into_blocks(p);
    }
    flush();
    follow();
  }

  void regroup(std::size_t p) {
    Rng rng(options_.seed ^ (p * 0x9e3779b97f4a7c15ULL));
    const std::uint32_t n = units(p);
    // A count that no even size gives exactly is taken down to the next that one does.
    const std::uint32_t size = even_size(n, clustering_.count[p], cap_[p], grain(p));
    clustering_.count[p] = quotient_up(n, size);
    if (clustering_.count[p] == 1 || is_streamed_[p] || network_.populations[p].share > 1 ||
        all_read_the_same(layers_[p], n)) {
      clustering_.of[p] = runs(p, size);
      return;
    }
    const Edges edges = edges_into(network_, layers_[p], PopulationId(p), options_.activity);
    // Room for moves as far as no grain more is needed: each makes all work longer.
    const GroupingOptions grouping{clustering_.count[p], size, std::min(cap_[p], round_up(size, grain(p))),
                                   options_.method};
    if (options_.method != PartitionMethod::kMultilevel) {
      clustering_.of[p] = group(edges, n, grouping, rng);
      return;
    }
    Hypergraph graph = hypergraph_of(edges, n);
    for (const std::vector<Layer>& readers : layers_)
      for (const Layer& layer : readers)
        if (layer.from == Source(PopulationId(p))) add_readers(graph, layer);
    Grouping found = group_by_bisection(graph, grouping.clusters, grouping.cap, rng);
    clustering_.of[p] = std::move(found.of);
    clustering_.rank[p] = std::move(found.rank);
    clustering_.order[p] = NeuronOrder::kRank;
    refine(edges, grouping, clustering_.of[p], rng);
  }

  /// Cuts a cluster of a ranked population into parts of near ranks and whole chunks, as many as its excess
  /// asks for.
  void split(std::size_t p, std::uint32_t cluster, const std::vector<Need>& excess) {
    std::vector<std::uint32_t> neurons;
    for (std::uint32_t j = 0; j < clustering_.of[p].size(); ++j)
      if (clustering_.of[p][j] == cluster) neurons.push_back(j);
    std::sort(neurons.begin(), neurons.end(), [&](std::uint32_t a, std::uint32_t b) {
      return clustering_.rank[p][a] < clustering_.rank[p][b];
    });
    double factor = 2;
    for (const Need& e : excess)
      if (e.growth == Need::Growth::kWithNeurons)
        factor = std::max(factor, static_cast<double>(e.needed) / static_cast<double>(e.available));
    const auto n = static_cast<std::uint32_t>(neurons.size());
    std::uint32_t size = quotient_up(n, std::min(n, static_cast<std::uint32_t>(std::ceil(factor))));
    if (size > hw::kChunkBits) size = std::min(round_up(size, hw::kChunkBits), n - 1);
    for (std::uint32_t i = size; i < n; ++i)
      clustering_.of[p][neurons[i]] = clustering_.count[p] + i / size - 1;
    clustering_.count[p] += quotient_up(n, size) - 1;
  }

  /// The number of clusters that a population with this excess should try next.
  [[nodiscard]] std::uint32_t next_count(std::size_t p, const std::vector<Need>& excess) const {
    const std::uint32_t n = units(p);
    const std::uint32_t k = clustering_.count[p];
    double factor = 1;
    for (const Need& e : excess)
      if (e.growth == Need::Growth::kWithNeurons)
        factor = std::max(factor, static_cast<double>(e.needed) / static_cast<double>(e.available));
    const auto wanted = std::max(k + std::max(1U, k / 4), static_cast<std::uint32_t>(k * factor * 0.95));
    if (is_map_[p]) return next_map_count(p, std::min(wanted, n));
    if (is_streamed_[p]) {
      // As many whole grains as fit, if what is exceeded grows with them.
      const double most = even_size(n, k, cap_[p], grain(p)) / factor / grain(p);
      const auto size = std::max(1U, static_cast<std::uint32_t>(most)) * grain(p);
      if (quotient_up(n, size) > k) return quotient_up(n, size);
    }
    // The next count that an even size attains.
    for (std::uint32_t next = std::min(wanted, n); next <= n; ++next)
      if (quotient_up(n, even_size(n, next, cap_[p], grain(p))) > k) return next;
    return n;
  }

  /// What a cluster of one neuron of cluster `c` alone exceeds: the one with the most synapses.
  [[nodiscard]] std::vector<Need> excess_of_one(const Skeleton& skeleton, std::size_t c,
                                                std::uint32_t& neuron) const {
    const std::size_t p = skeleton.clusters[c].population.index();
    std::vector<std::uint32_t> fan_in(network_.populations[p].size(), 0);
    for (const Layer& layer : layers_[p]) {
      const std::vector<std::int64_t> more = sum_by_target(layer.form, ones(layer.weight));
      for (std::size_t j = 0; j < fan_in.size(); ++j) fan_in[j] += static_cast<std::uint32_t>(more[j]);
    }
    const std::vector<std::uint32_t>& neurons = skeleton.members[c];
    neuron = *std::max_element(neurons.begin(), neurons.end(),
                               [&](std::uint32_t a, std::uint32_t b) { return fan_in[a] < fan_in[b]; });
    fan_in_ = fan_in[neuron];
    Clustering alone = clustering_;
    alone.count[p] += 1;
    const std::uint32_t membranes = units(root_[p]);
    if (neurons.size() == network_.populations[root_[p]].share)
      alone.count[p] -= 1;
    else
      for (std::uint32_t at = neuron % membranes; at < alone.of[p].size(); at += membranes)
        alone.of[p][at] = alone.count[p] - 1;
    const Skeleton other = make_skeleton(network_, chip_, alone);
    const Cluster cluster =
        build_cluster(network_, chip_, layers_, other, Reach(layers_[p], other, PopulationId(p)),
                      other.cluster_of[p][neuron]);
    sources_ = static_cast<std::uint32_t>(cluster.inbound.size());
    return excesses(cluster, chip_);
  }

  /// What no smaller cluster mends: the excess of one neuron alone.
  void report_hopeless(std::size_t p, std::uint32_t neuron, const std::vector<Need>& alone) {
    for (const Need& e : alone)
      alone_[p] = std::max(alone_[p], static_cast<double>(e.needed) / static_cast<double>(e.available));
    for (const Need& e : alone)
      reasons_[root_[p]].push_back(
          (root_[p] == p ? std::string() : "population " + network_.populations[p].name + ": ") + "neuron " +
          std::to_string(neuron) + " (" + std::to_string(fan_in_) + " synapses over " +
          std::to_string(sources_) + " channels) alone needs " + e.key + " = " + std::to_string(e.needed) +
          ", " + who_has(chip_, clustering_.kind[p]) + " has " + std::to_string(e.available) +
          (e.needed > largest(e.key)
               ? "; no chip has more than " + std::to_string(largest(e.key)) +
                     ": fewer or nearer sources are needed"
               : "; a chip with " + e.key + " = " + std::to_string(e.needed) + " would do"));
  }

  /// How a population is cut and numbered.
  [[nodiscard]] CutOf cut_of(std::size_t p) const {
    return {clustering_.of[p], clustering_.rank[p], clustering_.order[p], clustering_.leaves_gaps[p],
            clustering_.pooled[p]};
  }

  /// By cluster of the population: builds its tables and counts. What the tables hold depends on how the
  /// population and its sources are cut, so while these are as they were the answer is too.
  const std::vector<std::vector<Need>>& excesses_of(std::size_t p, const Skeleton& skeleton,
                                                    const std::optional<Reach>& known = std::nullopt) {
    Counted& counted = counted_[p];
    std::vector<CutOf> cuts{cut_of(p)};
    for (const Layer& layer : layers_[p])
      if (const auto* from = std::get_if<PopulationId>(&layer.from))
        cuts.push_back(cut_of(sender_[from->index()]));
    if (counted.cuts == cuts) return counted.excesses;
    counted.cuts = std::move(cuts);
    counted.excesses.clear();
    std::optional<Reach> own;
    const Reach& reach = known ? *known : own.emplace(layers_[p], skeleton, PopulationId(p));
    for (std::size_t c = 0; c < skeleton.clusters.size(); ++c)
      if (skeleton.clusters[c].population.index() == p)
        counted.excesses.push_back(
            excesses(build_cluster(network_, chip_, layers_, skeleton, reach, c), chip_));
    return counted.excesses;
  }

  /// By cluster of the skeleton; of populations that are refused none.
  [[nodiscard]] std::vector<std::vector<Need>> all_excesses(const Skeleton& skeleton) {
    parallel_for(clustering_.count.size(), [&](std::size_t p) {
      if (reasons_[root_[p]].empty() && !is_folded_[p]) (void)excesses_of(p, skeleton);
    });
    std::vector<std::vector<Need>> result;
    for (std::size_t p = 0; p < clustering_.count.size(); ++p) {
      if (reasons_[root_[p]].empty())
        result.insert(result.end(), counted_[p].excesses.begin(), counted_[p].excesses.end());
      else
        result.resize(result.size() + clustering_.count[p]);
    }
    return result;
  }

  /// Builds all tables and makes clusters smaller that do not fit. By population what is to be done next.
  std::vector<Next> make_smaller() {
    const Skeleton skeleton = make_skeleton(network_, chip_, clustering_);
    std::vector<Next> next(network_.populations.size(), Next::kNothing);
    std::map<std::size_t, std::set<std::size_t>> cluster_of_root;  // those that were split
    const std::vector<std::uint32_t> counts = clustering_.count;
    const std::vector<std::uint8_t> gaps = clustering_.leaves_gaps;
    const std::vector<std::vector<Need>> excess_of = all_excesses(skeleton);
    for (std::size_t c = 0, first = 0; c < skeleton.clusters.size(); ++c) {
      const std::size_t p = skeleton.clusters[c].population.index();
      if (c == 0 || skeleton.clusters[c - 1].population.index() != p) first = c;
      const std::vector<Need>& excess = excess_of[c];
      const std::size_t root = root_[p];  // is cut, and this population with it
      if (excess.empty() || next[root] == Next::kRegroup) continue;
      if (next[root] == Next::kNothing || skeleton.members[c].size() == network_.populations[root].share) {
        std::uint32_t neuron = 0;
        const std::vector<Need> alone = excess_of_one(skeleton, c, neuron);
        if (!alone.empty() && may_leave_gaps(p)) {
          clustering_.leaves_gaps[p] = 1;
          next[root] = Next::kRegroup;
          continue;
        }
        report_hopeless(p, neuron, alone);
      }
      if (clustering_.order[root] == NeuronOrder::kRank) {
        next[root] = Next::kLookAgain;
        // The cluster may have been split already, for another that is cut with it.
        if (skeleton.clusters[c].size() > 1 && cluster_of_root[root].insert(c - first).second)
          split(root, static_cast<std::uint32_t>(c - first), excess);
      } else {
        next[root] = Next::kRegroup;
        raise_count(root, excess);
      }
    }
    settle();
    std::vector<bool> gains(next.size(), false);
    for (std::size_t p = 0; p < next.size(); ++p)
      if (clustering_.count[p] > counts[p] || clustering_.leaves_gaps[p] > gaps[p]) gains[root_[p]] = true;
    for (std::size_t p = 0; p < next.size(); ++p) {
      if (!reasons_[p].empty()) next[p] = Next::kNothing;
      SPIKELOOM_CHECK(next[p] == Next::kNothing || gains[p] || !unpooled_.empty());
    }
    follow();
    return next;
  }

  /// It reads the host, and its pages have all of the host's chunks between the first and the last so far.
  [[nodiscard]] bool may_leave_gaps(std::size_t p) const {
    return clustering_.leaves_gaps[p] == 0 &&
           std::any_of(layers_[p].begin(), layers_[p].end(),
                       [](const Layer& layer) { return std::holds_alternative<InputId>(layer.from); });
  }

  void raise_count(std::size_t p, const std::vector<Need>& excess) {
    std::uint32_t wanted = next_count(p, excess);
    if (is_map_[p] && grids_of(p, wanted).empty()) {
      if (clustering_.pooled[p]) unpooled_.push_back(p);
      // Not even one position's channels of a lane group fit.
      is_map_[p] = false;
      clustering_.order[p] = NeuronOrder::kNir;
      wanted = next_count(p, excess);
    }
    clustering_.count[p] = wanted;
  }

  const IntNetwork& network_;
  const Chip& chip_;
  const PartitionOptions& options_;
  const Layers& layers_;
  std::vector<std::vector<std::string>> reasons_;  ///< why the kind cannot hold it, by PopulationId
  Unsuitable unsuitable_ = Unsuitable::kThrow;
  std::vector<std::uint32_t> cap_;
  std::vector<bool> is_map_;         ///< by PopulationId
  std::vector<bool> is_streamed_;    ///< by PopulationId
  std::vector<bool> is_folded_;      ///< by PopulationId: a pool that others send
  std::vector<std::size_t> sender_;  ///< by PopulationId: whose clusters send it, itself mostly
  std::vector<std::size_t> unpooled_;
  std::vector<std::size_t> root_;  ///< by PopulationId: the one that it is cut as, itself mostly
  std::vector<double> alone_;      ///< by PopulationId
  std::vector<Counted> counted_;   ///< by PopulationId
  Clustering clustering_;
  mutable std::uint32_t fan_in_ = 0, sources_ = 0;  ///< of the neuron looked at last
};

/// Asks every kind about every population that may go there.
std::vector<std::vector<KindAnswer>> ask_kinds(const IntNetwork& network, const Chip& chip,
                                               const PartitionOptions& options, const Layers& layers,
                                               const std::vector<std::uint32_t>& tiles) {
  std::vector<std::vector<KindAnswer>> answers(network.populations.size());
  for (std::uint32_t k = 0; k < chip.kinds(); ++k) {
    std::vector<KindAnswer> of_kind =
        Partitioner(network, chip, options, layers, std::vector<std::uint32_t>(network.populations.size(), k))
            .ask();
    for (std::size_t p = 0; p < answers.size(); ++p) {
      if (tiles[k] == 0)
        of_kind[p] = {0, {"none of the first " + std::to_string(options.tiles) + " tiles is of this kind"}};
      answers[p].push_back(std::move(of_kind[p]));
    }
  }
  return answers;
}

/// "no kind of tile of chip X can hold population p: tile: ...; fast: ..."
std::string refusal(const Chip& chip, const std::string& population, const std::vector<KindAnswer>& answers,
                    const std::optional<std::uint32_t>& wanted) {
  std::string text = wanted ? "kind " + chip.kind(*wanted).name + " of chip " + chip.name +
                                  " cannot hold population " + population
                            : "no kind of tile of chip " + chip.name + " can hold population " + population;
  for (std::uint32_t k = 0; k < answers.size(); ++k) {
    if (wanted && k != *wanted) continue;
    if (!wanted) text += (k == 0 ? ": " : "; ") + chip.kind(k).name;
    for (std::size_t r = 0; r < answers[k].reasons.size(); ++r)
      text += (r == 0 ? ": " : ", ") + answers[k].reasons[r];
  }
  return text;
}

/// What is cut as another population goes to the same kind.
void follow_kinds(const Layers& layers, std::vector<std::uint32_t>& kinds) {
  for (std::size_t p = kinds.size(); p-- > 0;)
    for (const Layer& layer : layers[p])
      if (layer.is_of_numbers && layer.delay == 0)
        kinds[std::get<PopulationId>(layer.from).index()] = kinds[p];
}

/// A kind of tile for every population. Throws Error{kInput} where there is none for one of them.
std::vector<std::uint32_t> kinds_for(const IntNetwork& network, const Chip& chip,
                                     const PartitionOptions& options, const Layers& layers) {
  std::vector<std::uint32_t> kinds(network.populations.size(), 0);
  if (chip.kinds() == 1) return kinds;
  Problems problems = chip_problems(network, chip);
  problems.throw_if_any(subject(network, chip));
  const std::vector<std::uint32_t> tiles = tiles_by_kind(chip, options.tiles);
  const std::vector<std::vector<KindAnswer>> answers = ask_kinds(network, chip, options, layers, tiles);
  const std::vector<std::optional<std::uint32_t>> chosen = prefer(answers, tiles, options.kinds);
  for (std::size_t p = 0; p < kinds.size(); ++p) {
    const std::optional<std::uint32_t> wanted = options.kinds.empty() ? std::nullopt : options.kinds[p];
    if (!chosen[p]) problems.add(refusal(chip, network.populations[p].name, answers[p], wanted));
    kinds[p] = chosen[p].value_or(0);
  }
  problems.throw_if_any(subject(network, chip));
  follow_kinds(layers, kinds);
  return kinds;
}

/// The kinds that the user names, if every population has one.
std::optional<std::vector<std::uint32_t>> named_kinds(const Chip& chip, const PartitionOptions& options,
                                                      const Layers& layers) {
  const std::vector<std::uint32_t> tiles = tiles_by_kind(chip, options.tiles);
  std::vector<std::uint32_t> kinds;
  for (const std::optional<std::uint32_t>& kind : options.kinds) {
    if (!kind || tiles[*kind] == 0) return std::nullopt;
    kinds.push_back(*kind);
  }
  if (kinds.empty()) return std::nullopt;
  follow_kinds(layers, kinds);
  return kinds;
}

Clustering cut_on(const IntNetwork& network, const Chip& chip, const PartitionOptions& options,
                  const Layers& layers, const std::vector<std::uint32_t>& kinds) {
  std::vector<std::optional<Pooling>> pooled(network.populations.size());
  for (const OrPool& pool : or_pools(network, chip, options))
    if (pool.pooling) pooled[pool.source.index()] = pool.pooling;
  for (;;) {
    Partitioner partitioner(network, chip, options, layers, kinds, pooled);
    Clustering clustering = partitioner.run();
    if (partitioner.unpooled().empty()) return clustering;
    for (const std::size_t p : partitioner.unpooled()) pooled[p].reset();
  }
}

}  // namespace

std::vector<TooWide> too_wide(const IntNetwork& network, const Chip& chip, const PartitionOptions& options) {
  const Layers layers = make_layers(network);
  if (!chip_problems(network, chip).empty()) return {};
  const std::size_t populations = network.populations.size();
  std::vector<bool> fits(populations, false);
  std::vector<double> least(populations, 0);
  const std::vector<std::uint32_t> tiles = tiles_by_kind(chip, options.tiles);
  for (std::uint32_t k = 0; k < chip.kinds(); ++k) {
    if (tiles[k] == 0) continue;
    Partitioner partitioner(network, chip, options, layers, std::vector<std::uint32_t>(populations, k));
    const std::vector<KindAnswer> answers = partitioner.ask();
    const bool splits = core_of(chip.kind(k)).splits_sums(chip.kind(k));
    for (std::size_t p = 0; p < populations; ++p) {
      if (!options.kinds.empty() && options.kinds[p].value_or(k) != k) continue;
      if (answers[p].clusters != 0) fits[p] = true;
      const double factor = partitioner.alone()[p];
      if (splits && factor > 0 && (least[p] == 0 || factor < least[p])) least[p] = factor;
    }
  }
  std::vector<TooWide> result;
  for (std::size_t p = 0; p < populations; ++p)
    if (!fits[p] && least[p] > 0) result.push_back({PopulationId(p), least[p]});
  return result;
}

Clustering partition(const IntNetwork& network, const Chip& chip, const PartitionOptions& options) {
  const Layers layers = make_layers(network);
  // Asking every kind about every population takes long; where all are named it is needed for refusals only.
  if (const auto kinds = named_kinds(chip, options, layers)) {
    try {
      return cut_on(network, chip, options, layers, *kinds);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::kInput) throw;
    }
  }
  return cut_on(network, chip, options, layers, kinds_for(network, chip, options, layers));
}

}  // namespace spikeloom
