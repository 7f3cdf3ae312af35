#include "compiler/fit/needs.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <numeric>
#include <set>
#include <utility>

#include "compiler/chip/kinds.hpp"
#include "compiler/chip/pages.hpp"
#include "compiler/fit/chip_rams.hpp"
#include "compiler/golden/check.hpp"
#include "compiler/partition/network_limits.hpp"
#include "spikeloom_hw.hpp"

namespace spikeloom {
namespace {

/// Things of `by` each that hold so much.
std::uint64_t parts_of(std::uint64_t value, std::uint64_t by) { return (value + by - 1) / by; }

/// What a neuron's page has at least.
struct Page {
  std::uint64_t chunks = 0;
  std::uint64_t sources = 0;  ///< channels that bring them
  std::uint64_t synapses = 0;
};

/// The floors of a population on one kind of tile.
struct Floors {
  std::uint64_t most = 0;  ///< neurons of a cluster
  std::uint64_t clusters = 0;
  Page longest;                ///< of the neuron with the longest page
  std::size_t neuron = 0;      ///< which
  std::uint64_t shortest = 0;  ///< chunks of the shortest page
  std::uint64_t late = 0;      ///< steps of the latest projection
  std::uint64_t out_entries = 0;
  std::uint64_t host_readers = 0;       ///< ends of the host's channels
  std::uint64_t inbound = 0;            ///< ends of all channels
  std::vector<std::uint64_t> memories;  ///< of the core
};

class Estimate {
 public:
  Estimate(const Outline& outline, const Chip& chip, std::uint32_t tiles, Count count)
      : outline_(outline), chip_(chip), tiles_(tiles), count_(count), of_kind_(tiles_by_kind(chip, tiles)) {}

  std::uint64_t page_chunks() {
    std::uint64_t chunks = 0;
    for (std::size_t p = 0; p < outline_.shapes.populations.size(); ++p)
      most_.push_back(std::vector<std::uint64_t>(chip_.kinds(), find_most(p, 0)));
    for (std::size_t p = 0; p < outline_.shapes.populations.size(); ++p) {
      const Floors of = floors(p, 0);
      if (of.most != 0) chunks += of.clusters * of.longest.chunks;
    }
    return chunks;
  }

  std::vector<Shortfall> all() {
    for (const std::string& problem : input_problems()) add("noc.chunk_index_bits", 0, 0, problem);
    if (const auto text = too_many_neurons(surely_placed(), chip_, tiles_)) {
      const std::uint64_t contexts = chip_.tile.contexts;
      add("tile.contexts", contexts + 1, contexts, *text);
    }
    for (std::size_t p = 0; p < outline_.shapes.populations.size(); ++p) {
      std::vector<std::uint64_t>& of_kind = most_.emplace_back();
      for (std::uint32_t k = 0; k < chip_.kinds(); ++k) of_kind.push_back(find_most(p, k));
    }
    populations();
    read_out();
    from_host();
    if (std::count_if(of_kind_.begin(), of_kind_.end(), [](std::uint32_t n) { return n != 0; }) == 1)
      totals();
    return std::move(list_);
  }

 private:
  /// Neurons a word of state, at most: those that pass through another population's take none.
  [[nodiscard]] static std::uint64_t share_of(const IntPopulation& population) {
    return population.membranes_of ? population.size() + 1 : population.share;
  }
  [[nodiscard]] bool may_fold(std::size_t p) const { return outline_.may_fold.at(p).has_value(); }

  /// Without the pools that may fold.
  [[nodiscard]] IntNetwork surely_placed() const {
    IntNetwork network;
    network.name = outline_.shapes.name;
    for (std::size_t p = 0; p < outline_.shapes.populations.size(); ++p)
      if (!may_fold(p)) network.populations.push_back(outline_.shapes.populations[p]);
    return network;
  }

  /// Neurons whose spikes a population's clusters send, at least: a pool's, if one may be folded there.
  [[nodiscard]] std::uint64_t sent_by(std::size_t p) const {
    for (std::size_t pool = 0; pool < outline_.may_fold.size(); ++pool)
      if (outline_.may_fold[pool] == PopulationId(p)) return outline_.shapes.populations[pool].size();
    return outline_.shapes.populations[p].size();
  }

  void add(std::string key, std::uint64_t needed, std::uint64_t available, std::string text) {
    list_.push_back({std::move(key), needed, available, std::move(text)});
  }

  [[nodiscard]] std::vector<std::string> input_problems() const {
    IntNetwork inputs;
    inputs.inputs = outline_.shapes.inputs;
    inputs.state_bits = chip_.tile.state_bits;
    return chip_problems(inputs, chip_).list();
  }

  /// Most neurons of a cluster: as the sizes allow, and as the core's memories hold of their weights.
  [[nodiscard]] std::uint64_t find_most(std::size_t p, std::uint32_t k) const {
    const TileKind& kind = chip_.kind(k);
    const IntPopulation& population = outline_.shapes.populations[p];
    const std::vector<MemoryInfo> memories = core_of(kind).memories(kind);
    const auto holds = [&](std::uint64_t neurons) {
      PopulationFloor floor{neurons, 1, 0, population.is_readout(), {}, share_of(population)};
      for (const OutlineLayer& layer : outline_.layers[p])
        floor.rows.push_back({1, neurons * layer.of_neuron, layer.bits});
      const std::vector<std::uint64_t> amounts = core_of(kind).least_amounts(floor, kind);
      for (std::size_t m = 0; m < memories.size(); ++m)
        if (amounts[m] > memories[m].capacity) return false;
      return true;
    };
    std::uint64_t least = 1,
                  most = std::min<std::uint64_t>(most_neurons(population, chip_, kind), population.size());
    if (most == 0) return 0;
    while (least < most) {
      const std::uint64_t middle = least + (most - least + 1) / 2;
      if (holds(middle))
        least = middle;
      else
        most = middle - 1;
    }
    return least;
  }

  /// Chunks and channels of the pages of a population's neurons.
  [[nodiscard]] Page page_of(std::size_t p, const FanIn& fan_in, std::uint64_t most_of_source) const {
    Page page;
    for (std::size_t l = 0; l < outline_.layers[p].size(); ++l) {
      const OutlineLayer& layer = outline_.layers[p][l];
      auto elements = static_cast<std::uint64_t>(fan_in.elements[l]);
      if (count_ == Count::kLikely) elements = std::max(elements, layer.sources);
      if (elements == 0) continue;
      page.synapses += elements;
      if (const auto* input = std::get_if<InputId>(&layer.from)) {
        elements *= outline_.shapes.inputs[input->index()].planes;
        page.sources += 1;
      } else {
        page.sources += parts_of(elements, std::max<std::uint64_t>(1, most_of_source));
      }
      page.chunks += parts_of(elements, hw::kChunkBits);
    }
    return page;
  }

  [[nodiscard]] Floors floors(std::size_t p, std::uint32_t k) const {
    const TileKind& kind = chip_.kind(k);
    const IntPopulation& population = outline_.shapes.populations[p];
    const Core& core = core_of(kind);
    Floors floors;
    floors.most = most_[p][k];
    if (floors.most == 0) return floors;
    floors.clusters = parts_of(population.size(), floors.most);
    std::uint64_t widest = 0;  // cluster of a source
    for (const OutlineLayer& layer : outline_.layers[p]) {
      floors.late = std::max<std::uint64_t>(floors.late, std::min(layer.delay, longest_delay(kind)));
      if (const auto* source = std::get_if<PopulationId>(&layer.from))
        for (std::uint32_t other = 0; other < chip_.kinds(); ++other)
          widest = std::max(widest, most_[source->index()][other]);
    }
    floors.shortest = ~std::uint64_t{0};
    for (const FanIn& fan_in : outline_.fan_in[p]) {
      const Page page = page_of(p, fan_in, widest);
      floors.shortest = std::min(floors.shortest, page.chunks);
      if (page.chunks <= floors.longest.chunks && page.sources <= floors.longest.sources) continue;
      floors.longest = page;
      floors.neuron = fan_in.neuron;
    }
    const bool likely = count_ == Count::kLikely;
    if (likely) floors.shortest = floors.longest.chunks;
    PopulationFloor floor{
        population.size(),   floors.clusters, floors.clusters * floors.shortest, population.is_readout(), {},
        share_of(population)};
    for (const OutlineLayer& layer : outline_.layers[p]) {
      const std::vector<RowFloor>& rows = likely ? layer.spans : layer.rows;
      floor.rows.insert(floor.rows.end(), rows.begin(), rows.end());
    }
    floors.memories = core.least_amounts(floor, kind);
    count_channels(p, k, floors);
    floors.out_entries =
        core.pages_per_firing(kind) *
        (population.is_readout() ? 2 * population.size() : parts_of(sent_by(p), hw::kChunkBits));
    return floors;
  }

  /// Ends of channels at the population's clusters. Where sums may go in parts, which may have more neurons
  /// than their owner's clusters, nothing is sure but that somebody reads each source.
  void count_channels(std::size_t p, std::uint32_t k, Floors& floors) const {
    const bool in_parts = core_of(chip_.kind(k)).splits_sums(chip_.kind(k)) && count_ == Count::kFloors;
    std::set<Source> inputs;
    std::uint64_t others = 0;
    for (std::size_t l = 0; l < outline_.layers[p].size(); ++l) {
      const OutlineLayer& layer = outline_.layers[p][l];
      // Each neuron reads an element of it.
      const bool by_all = std::all_of(outline_.fan_in[p].begin(), outline_.fan_in[p].end(),
                                      [&](const FanIn& fan_in) { return fan_in.elements[l] > 0; });
      if (std::holds_alternative<InputId>(layer.from)) {
        // A relay stands between where the delay is longer.
        if (by_all && layer.delay <= longest_delay(chip_.kind(k))) inputs.insert(layer.from);
        continue;
      }
      if (count_ != Count::kLikely) {
        others += by_all && !in_parts ? 1 : 0;
        continue;
      }
      const std::size_t from = std::get<PopulationId>(layer.from).index();
      const std::uint64_t of_source =
          parts_of(outline_.shapes.populations[from].size(), std::max<std::uint64_t>(1, most_[from][k]));
      others += layer.sources != 0 ? of_source : std::min<std::uint64_t>(of_source, 4);
    }
    // All of a tile's inputs that the host sends with one delay come by one channel.
    const std::uint64_t from_host = inputs.empty() ? 0 : 1;
    floors.host_readers = in_parts ? from_host : floors.clusters * from_host;
    floors.inbound = in_parts ? from_host : floors.clusters * (from_host + others);
  }

  /// What no tile of any kind offers a population.
  void populations() {
    for (std::size_t p = 0; p < outline_.shapes.populations.size(); ++p) {
      std::vector<Floors> by_kind;
      std::vector<Shortfall> best;
      bool any = false;
      for (std::uint32_t k = 0; k < chip_.kinds(); ++k) {
        by_kind.push_back(floors(p, k));
        if (of_kind_[k] == 0) continue;
        std::vector<Shortfall> own = of_population(p, by_kind.back(), k);
        if (!any || own.size() < best.size()) best = std::move(own);
        any = true;
      }
      if (may_fold(p)) best.clear();
      for (Shortfall& one : best) list_.push_back(std::move(one));
      floors_.push_back(std::move(by_kind));
    }
  }

  [[nodiscard]] std::vector<Shortfall> of_population(std::size_t p, const Floors& floors,
                                                     std::uint32_t k) const {
    std::vector<Shortfall> own;
    const TileKind& kind = chip_.kind(k);
    const auto limit = [&](const char* key, std::uint64_t needed, std::uint64_t available) {
      if (needed <= available) return;
      own.push_back({key, needed, available,
                     "population " + outline_.shapes.populations[p].name + on_kind(chip_, k) + ": neuron " +
                         std::to_string(floors.neuron) + " (at least " +
                         std::to_string(floors.longest.synapses) + " synapses over " +
                         std::to_string(floors.longest.sources) + " channels) alone needs " + key + " = " +
                         std::to_string(needed) + ", " + who_has(chip_, k) + " has " +
                         std::to_string(available) +
                         (needed > largest(key) ? "; no chip has more than " + std::to_string(largest(key)) +
                                                      ": fewer or nearer sources are needed"
                                                : "")});
    };
    if (floors.most == 0) return own;  // the partition says why
    // One neuron's inputs may go in parts (docs/fan-in.md). A chip that is to do has them whole, if one can.
    const bool splits = core_of(kind).splits_sums(kind);
    const auto alone = [&](const char* key, std::uint64_t needed, std::uint64_t available) {
      if (!splits || (count_ == Count::kLikely && needed <= largest(key))) limit(key, needed, available);
    };
    alone("tile.page_chunks", floors.longest.chunks, kind.page_chunks);
    alone("tile.deliveries", floors.longest.sources, kind.deliveries);
    return own;
  }

  /// Clusters that the host reads each take a sink, and a slot of the wheel that ends at the host.
  void read_out() {
    std::uint64_t clusters = 0;
    std::vector<bool> counted(floors_.size(), false);
    for (const Output& output : outline_.shapes.outputs) {
      const std::size_t p = output.from.index();
      if (counted[p]) continue;
      counted[p] = true;
      std::uint64_t least = ~std::uint64_t{0};
      for (const Floors& floors : floors_[p])
        if (floors.most != 0) least = std::min(least, floors.clusters);
      if (least != ~std::uint64_t{0}) clusters += least;
    }
    const auto limit = [&](const char* key, const char* what, std::uint64_t available) {
      if (clusters > available)
        add(key, clusters, available,
            "at least " + std::to_string(clusters) + " clusters are read out by the host; " + what + " " +
                std::to_string(available));
    };
    limit("noc.spike_wheel", "each takes a slot of its link, noc.spike_wheel =", chip_.spike_wheel);
    limit("", "no chip has more sinks than", hw::kLimitHostSinks);
  }

  /// Clusters that read the host: each is counted there, sends it credits over one wire, and of those on one
  /// tile each has a channel of its own.
  void from_host() {
    std::uint64_t readers = 0;
    for (std::size_t p = 0; p < floors_.size(); ++p) {
      if (may_fold(p)) continue;
      std::uint64_t least = ~std::uint64_t{0};
      for (std::uint32_t k = 0; k < chip_.kinds(); ++k)
        if (of_kind_[k] != 0)
          least = std::min(least, floors_[p][k].most == 0 ? 0 : floors_[p][k].host_readers);
      if (least != ~std::uint64_t{0}) readers += least;
    }
    const auto limit = [&](const char* key, std::uint64_t needed, std::uint64_t available,
                           const std::string& what) {
      if (needed > available)
        add(key, needed, available,
            "at least " + std::to_string(readers) + " clusters read the host's inputs; " + what + key +
                " = " + std::to_string(available));
    };
    const std::uint64_t tiles = std::accumulate(of_kind_.begin(), of_kind_.end(), std::uint64_t{0});
    limit("host.credit_counters", readers, chip_.host.credit_counters, "each is counted there, ");
    limit("host.channels", parts_of(readers, tiles), chip_.host.channels,
          "of those on one tile each has a channel, at least " + std::to_string(parts_of(readers, tiles)) +
              ", ");
    limit("noc.credit_wheel", readers, chip_.credit_wheel, "each takes a slot of the credits' wire, ");
  }

  /// Of all clusters: a channel for each reader of theirs on one tile, where readers are spread evenly.
  [[nodiscard]] std::uint64_t likely_channels(std::uint32_t k) const {
    std::vector<std::uint64_t> readers(floors_.size(), 0);
    for (std::size_t p = 0; p < floors_.size(); ++p)
      for (const OutlineLayer& layer : outline_.layers[p])
        if (const auto* from = std::get_if<PopulationId>(&layer.from))
          readers[from->index()] += floors_[p][k].clusters;
    std::uint64_t channels = 0;
    for (std::size_t p = 0; p < floors_.size(); ++p)
      channels += floors_[p][k].clusters * std::max<std::uint64_t>(1, parts_of(readers[p], of_kind_[k]));
    return channels;
  }

  /// What all populations together need, where all tiles are of one kind.
  void totals() {
    const auto k = static_cast<std::uint32_t>(
        std::find_if(of_kind_.begin(), of_kind_.end(), [](std::uint32_t n) { return n != 0; }) -
        of_kind_.begin());
    const TileKind& kind = chip_.kind(k);
    const Core& core = core_of(kind);
    const std::uint64_t batch = core.pages_per_firing(kind);
    std::uint64_t pages = 0, blocks = 0, out = 0, clusters = 0, inbound = 0, from_host = 0;
    const std::vector<MemoryInfo> memories = core.memories(kind);
    std::vector<std::uint64_t> amounts(memories.size(), 0);
    std::set<std::vector<std::uint64_t>> known;  // weights
    for (std::size_t p = 0; p < floors_.size(); ++p) {
      if (may_fold(p)) continue;
      const Floors& floors = floors_[p][k];
      std::vector<std::uint64_t> weights;
      for (const OutlineLayer& layer : outline_.layers[p]) weights.push_back(layer.weights);
      const bool is_new = known.insert(std::move(weights)).second;
      const std::uint64_t least = batch + std::max(batch, floors.late);
      clusters += floors.clusters;
      pages += floors.clusters * least;
      blocks += floors.clusters * least * blocks_of_page(kind, floors.shortest);
      out += floors.out_entries;
      inbound += floors.inbound;
      from_host += floors.host_readers;
      for (std::size_t m = 0; m < floors.memories.size(); ++m)
        if (is_new || !memories[m].shared) amounts[m] += floors.memories[m];
    }
    const std::uint64_t tiles = of_kind_[k];
    const auto limit = [&](std::string_view key, std::string_view what, std::uint64_t needed,
                           std::uint64_t available) {
      if (needed <= tiles * available) return;
      add(std::string(key), parts_of(needed, tiles), available,
          "all populations together need at least " + std::to_string(needed) + " " + std::string(what) +
              ", " + std::to_string(tiles) + (tiles == 1 ? " tile" : " tiles") + " with " + std::string(key) +
              " = " + std::to_string(available) + " hold " + std::to_string(tiles * available));
    };
    for (std::size_t m = 0; m < memories.size(); ++m)
      limit(memories[m].key, std::string(memories[m].entry) + " entries", amounts[m], memories[m].capacity);
    if (list_.empty() || list_.front().key != "tile.contexts")
      limit("tile.contexts", "clusters, as the memories hold their weights", clusters, kind.contexts);
    limit("tile.page_rows", "pages", pages, kind.page_rows);
    if (pages_in_blocks(kind)) limit("tile.page_blocks", "blocks of pages", blocks, page_blocks(kind));
    limit("tile.out_entries", "output entries", out, kind.out_entries);
    limit("tile.order_entries", "places in the tiles' orders", clusters, kind.order_entries);
    limit("tile.deliveries", "ends of channels", inbound, kind.deliveries);
    limit("noc.spike_wheel", "slots of the wires to tiles", inbound, chip_.spike_wheel);
    limit("noc.credit_wheel", "slots of the wires from tiles", inbound, chip_.credit_wheel);
    limit("tile.credit_counters", "pairs of a cluster and a reader", inbound - from_host,
          kind.credit_counters);
    if (count_ == Count::kLikely) limit("tile.channels", "channels", likely_channels(k), kind.channels);
  }

  const Outline& outline_;
  const Chip& chip_;
  std::uint32_t tiles_;
  Count count_;
  std::vector<std::uint32_t> of_kind_;
  std::vector<std::vector<std::uint64_t>> most_;  ///< neurons of a cluster, by PopulationId, by kind
  std::vector<std::vector<Floors>> floors_;       ///< by PopulationId, by kind
  std::vector<Shortfall> list_;
};

}  // namespace

std::uint64_t longest_pages(const Outline& outline, const Chip& chip) {
  return Estimate(outline, chip, 0, Count::kLikely).page_chunks();
}

std::vector<Shortfall> shortfalls(const Outline& outline, const Chip& chip, std::uint32_t tiles,
                                  Count count) {
  return Estimate(outline, chip, tiles, count).all();
}

}  // namespace spikeloom
