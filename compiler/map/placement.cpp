#include "compiler/map/placement.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <set>

#include "compiler/base/error.hpp"
#include "compiler/base/rng.hpp"
#include "compiler/chip/kinds.hpp"
#include "compiler/chip/pages.hpp"
#include "compiler/core/core.hpp"
#include "compiler/map/levels.hpp"
#include "compiler/map/load.hpp"
#include "compiler/map/routes.hpp"
#include "compiler/map/shared_entries.hpp"
#include "compiler/partition/hypergraph.hpp"
#include "compiler/partition/scenes.hpp"
#include "compiler/partition/streams.hpp"

namespace spikeloom {
std::vector<Resource> needs(const Application& app, const Chip& chip, std::size_t c, std::uint64_t readers) {
  const Cluster& cluster = app.clusters[c];
  const TileKind& tile = chip.kind(cluster.kind);
  const bool sends = readers > 0 || std::count(app.sinks.begin(), app.sinks.end(), ClusterId(c)) > 0;
  std::vector<Resource> list{{"tile.contexts", 1},
                             {"tile.order_entries", 1},
                             {"tile.page_rows", least_pages(cluster, tile)},
                             {"tile.page_blocks", least_page_blocks(cluster, tile)},
                             {"tile.out_entries", output_entries(cluster, tile)},
                             {"tile.deliveries", cluster.inbound.size()},
                             {"tile.credit_counters", readers},
                             {"tile.channels", sends ? 1U : 0U}};
  SPIKELOOM_CHECK(list.size() == kTablesOfTheTile);
  for (const std::uint64_t amount : amounts_on_tile(app, chip, c)) list.push_back({"", amount});
  return list;
}

std::vector<Resource> offers(const TileKind& t) {
  std::vector<Resource> list{{"tile.contexts", t.contexts},
                             {"tile.order_entries", t.order_entries},
                             {"tile.page_rows", t.page_rows},
                             {"tile.page_blocks", page_blocks(t)},
                             {"tile.out_entries", t.out_entries},
                             {"tile.deliveries", t.deliveries},
                             {"tile.credit_counters", t.credit_counters},
                             {"tile.channels", t.channels}};
  for (const MemoryInfo& memory : core_of(t).memories(t)) list.push_back({memory.key, memory.capacity});
  return list;
}

std::vector<std::vector<Consumer>> consumers(const Application& app) {
  std::vector<std::vector<Consumer>> readers(1 + app.clusters.size());
  for (std::size_t c = 0; c < app.clusters.size(); ++c)
    for (std::uint32_t i = 0; i < app.clusters[c].inbound.size(); ++i) {
      const ClusterOrHost& from = app.clusters[c].inbound[i].from;
      readers[from ? 1 + from->index() : 0].push_back({ClusterId(c), i});
    }
  return readers;
}

namespace {

constexpr std::uint32_t kNowhere = ~0U;
constexpr std::size_t kLarge = std::size_t{1} << 16U;  ///< clusters × tiles
constexpr double kLoadWeight = 4;        ///< a cycle of work on a tile against a flit over a link
constexpr std::size_t kPackedMoves = 4;  ///< a packing by level is a good start: fewer moves,
constexpr double kPackedCooler = 10;     ///< and none that spoil it

class Placer {
 public:
  Placer(const Application& app, const Chip& chip, std::uint32_t tiles, double crowding,
         OutOfStep out_of_step = OutOfStep::kTogether)
      : app_(app),
        chip_(chip),
        crowding_(crowding),
        readers_(consumers(app)),
        tile_(app.clusters.size(), kNowhere),
        readers_on_(tiles, 0),
        load_(tiles, 0),
        shared_(app, chip),
        standing_(tiles, std::vector<std::uint32_t>(shared_.count(), 0)),
        members_(tiles),
        sinks_(app.clusters.size(), 0) {
    for (std::uint32_t k = 0; k < chip.kinds(); ++k) offered_.push_back(offers(chip.kind(k)));
    for (std::uint32_t tile = 0; tile < tiles; ++tile)
      used_.emplace_back(offered_[chip.kind_number(TileId{tile})].size(), 0);
    double total = 0;
    for (std::size_t c = 0; c < app.clusters.size(); ++c) {
      const Cluster& cluster = app.clusters[c];
      needed_.push_back(needs(app, chip, c, readers_[1 + c].size()));
      work_.push_back(static_cast<double>(core_of(cluster).worst(cluster, chip.kind(cluster.kind)).total()));
      total += work_.back();
      flits_.push_back(expected_flits(cluster));
    }
    mean_load_ = std::max(1.0, total / tiles);
    if (tile_.size() > tiles) scene_ = scene_work(app);
    scene_load_.assign(scene_.empty() ? 0 : tiles, Scenes{});
    if (out_of_step == OutOfStep::kApart) lag_ = batch_steps(app, chip).lag;
    for (const ClusterId id : app.sinks) sinks_[id.index()] = 1;
    for (std::size_t c = 0; c < app.clusters.size(); ++c) together_.push_back({c});
    for (std::size_t c = 0; c < app.clusters.size(); ++c)
      if (app.clusters[c].membranes_of) together_[app.clusters[c].membranes_of->index()].push_back(c);
    for (std::size_t c = 0; c < app.clusters.size(); ++c)
      if (app.clusters[c].membranes_of) together_[c] = together_[app.clusters[c].membranes_of->index()];
  }

  // Clusters that share membranes are placed, moved and lifted together, whichever of them is named.

  [[nodiscard]] bool fits(std::size_t c, std::uint32_t tile) const {
    if (together_[c].size() == 1) return fits_alone(c, tile);
    // What all of them need: shared entries count once.
    std::vector<std::uint64_t> needed(offered_of(c).size(), 0);
    std::set<std::pair<std::size_t, std::uint32_t>> counted;
    for (const std::size_t one : together_[c]) {
      if (!fits_alone(one, tile)) return false;
      for (std::size_t r = 0; r < needed.size(); ++r) {
        const std::uint32_t content = content_of(one, r);
        if (stands(one, r, tile)) continue;
        if (content != SharedEntries::kOwn && !counted.emplace(r, content).second) continue;
        needed[r] += needed_[one][r].amount;
      }
    }
    for (std::size_t r = 0; r < needed.size(); ++r)
      if (used_[tile][r] + needed[r] > offered_of(c)[r].amount) return false;
    return true;
  }

  void put(std::size_t c, std::uint32_t tile) {
    for (const std::size_t one : together_[c]) put_alone(one, tile);
  }

  void lift(std::size_t c) {
    for (const std::size_t one : together_[c]) lift_alone(one);
  }

  [[nodiscard]] bool fits_alone(std::size_t c, std::uint32_t tile) const {
    if (chip_.kind_number(TileId{tile}) != app_.clusters[c].kind) return false;
    if (!lag_.empty() && !members_[tile].empty() && lag_[members_[tile].front()] != lag_[c]) return false;
    const std::vector<Resource>& offered = offered_of(c);
    for (std::size_t r = 0; r < offered.size(); ++r)
      if (used_[tile][r] + (stands(c, r, tile) ? 0 : needed_[c][r].amount) > offered[r].amount) return false;
    return true;
  }

  void put_alone(std::size_t c, std::uint32_t tile) {
    tile_[c] = tile;
    for (std::size_t r = 0; r < used_[tile].size(); ++r) {
      if (!stands(c, r, tile)) used_[tile][r] += needed_[c][r].amount;
      if (const std::uint32_t content = content_of(c, r); content != SharedEntries::kOwn)
        ++standing_[tile][content];
    }
    load_[tile] += work_[c];
    add_scenes(c, tile, 1);
    members_[tile].push_back(static_cast<std::uint32_t>(c));
  }

  void lift_alone(std::size_t c) {
    const std::uint32_t tile = tile_[c];
    for (std::size_t r = 0; r < used_[tile].size(); ++r) {
      if (const std::uint32_t content = content_of(c, r); content != SharedEntries::kOwn)
        --standing_[tile][content];
      if (!stands(c, r, tile)) used_[tile][r] -= needed_[c][r].amount;
    }
    load_[tile] -= work_[c];
    add_scenes(c, tile, -1);
    tile_[c] = kNowhere;
    std::erase(members_[tile], static_cast<std::uint32_t>(c));
  }

  void clear() {
    for (std::size_t c = 0; c < tile_.size(); ++c)
      if (tile_[c] != kNowhere) lift(c);
  }

  /// Clusters in topological order, each where it costs least now.
  [[nodiscard]] bool place_greedily() {
    for (const ClusterId id : app_.order) {
      if (tile_[id.index()] != kNowhere) continue;
      std::uint32_t best = kNowhere;
      double least = 0;
      for (std::uint32_t tile = 0; tile < used_.size(); ++tile) {
        if (!fits(id.index(), tile)) continue;
        put(id.index(), tile);
        const double cost = cost_around(id.index());
        lift(id.index());
        if (best == kNowhere || cost < least) {
          best = tile;
          least = cost;
        }
      }
      if (best == kNowhere) return false;
      put(id.index(), best);
    }
    return true;
  }

  /// As `places` say; from now on a tile's turn counts, from its first cluster's start to its last one's end
  /// within a step, where that is longer than its work.
  void place_by_level(const std::vector<TileId>& places) {
    for (std::size_t c = 0; c < places.size(); ++c)
      if (tile_[c] == kNowhere) put(c, places[c].value);
    start_.assign(tile_.size(), 0);
    std::vector<double> free(used_.size(), 0);
    const std::vector<std::uint32_t> level = levels(app_);
    std::vector<ClusterId> order = app_.order;
    std::stable_sort(order.begin(), order.end(),
                     [&](ClusterId a, ClusterId b) { return level[a.index()] < level[b.index()]; });
    for (const ClusterId id : order) {
      double& start = start_[id.index()];
      start = free[tile_[id.index()]];
      for (const Inbound& inbound : app_.clusters[id.index()].inbound)
        if (inbound.from && inbound.delay == 0)
          start = std::max(start, start_[inbound.from->index()] + work_[inbound.from->index()] +
                                      sending(inbound.from->index()));
      free[tile_[id.index()]] = start + work_[id.index()];
    }
  }

  /// The largest first, each into the first tile with room. `failed`: the cluster that found none. `only`:
  /// the clusters of that kind, and no others.
  [[nodiscard]] bool place_first_fit(std::size_t& failed, std::optional<std::uint32_t> only = std::nullopt) {
    std::vector<std::size_t> order(tile_.size());
    std::vector<double> size(tile_.size(), 0);
    for (std::size_t c = 0; c < order.size(); ++c) {
      order[c] = c;
      const std::vector<Resource>& offered = offered_of(c);
      for (std::size_t r = 0; r < offered.size(); ++r)
        size[c] = std::max(
            size[c], static_cast<double>(needed_[c][r].amount) / static_cast<double>(offered[r].amount));
    }
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return size[a] > size[b]; });
    for (const std::size_t c : order) {
      if (tile_[c] != kNowhere || (only && app_.clusters[c].kind != *only)) continue;
      std::uint32_t tile = 0;
      while (tile < used_.size() && !fits(c, tile)) ++tile;
      if (tile == used_.size()) {
        failed = c;
        return false;
      }
      put(c, tile);
    }
    return true;
  }

  /// Where trying every tile for every cluster would take long.
  [[nodiscard]] bool is_large() const { return tile_.size() * used_.size() > kLarge; }

  /// Halves the clusters with little traffic between the halves, and the mesh with them, again and again.
  [[nodiscard]] bool place_by_bisection(Rng& rng) {
    Hypergraph graph;
    const double unit = std::max(1.0, *std::max_element(work_.begin(), work_.end()) / 1000);
    for (const double work : work_) graph.weight.push_back(static_cast<std::uint32_t>(1 + work / unit));
    for (std::size_t source = 1; source < readers_.size(); ++source) {
      std::vector<std::uint32_t> pins{static_cast<std::uint32_t>(source - 1)};
      for (const Consumer& reader : readers_[source])
        pins.push_back(static_cast<std::uint32_t>(reader.cluster.index()));
      std::sort(pins.begin(), pins.end());
      pins.erase(std::unique(pins.begin(), pins.end()), pins.end());
      if (pins.size() < 2) continue;
      graph.pin.insert(graph.pin.end(), pins.begin(), pins.end());
      graph.begin.push_back(graph.pin.size());
      graph.cost.push_back(static_cast<std::int64_t>(flits_[source - 1]) + 1);
    }
    std::vector<std::uint32_t> all(tile_.size());
    std::iota(all.begin(), all.end(), 0U);
    center_.assign(tile_.size(), {chip_.width / 2.0, chip_.height / 2.0});
    halve(graph, all, {0, 0, chip_.width, chip_.height}, rng);
    std::vector<std::uint32_t> order = all;
    std::stable_sort(order.begin(), order.end(),
                     [&](std::uint32_t a, std::uint32_t b) { return work_[a] > work_[b]; });
    for (const std::uint32_t c : order) {
      if (tile_[c] != kNowhere) continue;
      const std::uint32_t tile = nearest_with_room(c);
      if (tile == kNowhere) return false;
      put(c, tile);
    }
    return true;
  }

  void anneal(Rng& rng) {
    const std::size_t clusters = tile_.size();
    const auto tiles = static_cast<std::uint32_t>(used_.size());
    if (tiles == 1) return;
    std::size_t moves = is_large() ? std::min<std::size_t>(2'000'000, 500 * clusters)
                                   : std::min<std::size_t>(200'000, 3000 * clusters);
    double temperature = 0;
    if (!start_.empty()) moves /= kPackedMoves;
    for (const double w : work_) temperature = std::max(temperature, w * kLoadWeight / (is_large() ? 64 : 4));
    if (!start_.empty()) temperature /= kPackedCooler;
    const double cooling = std::pow(1e-4, 1.0 / static_cast<double>(moves));
    double now = 0, best = 0;
    std::vector<std::uint32_t> best_tile = tile_;
    for (std::size_t i = 0; i < moves; ++i, temperature *= cooling) {
      const std::size_t a = rng.below(clusters);
      const std::uint32_t to =
          is_large() ? tile_near_partner(a, rng) : static_cast<std::uint32_t>(rng.below(tiles));
      const std::size_t b = rng.chance(0.3) ? rng.below(clusters) : clusters;
      const double delta = b == clusters ? try_move(a, to) : try_swap(a, b);
      if (undo_.empty()) continue;
      if (delta > 0 && rng.unit() >= std::exp(-delta / temperature)) {
        revert();
        continue;
      }
      now += delta;
      if (now < best - 1e-9) {
        best = now;
        best_tile = tile_;
      }
    }
    clear();
    for (std::size_t c = 0; c < clusters; ++c)
      if (tile_[c] == kNowhere) put(c, best_tile[c]);
  }

  /// Up to the last one with a cluster.
  [[nodiscard]] std::uint32_t tiles_used() const {
    std::uint32_t used = 0;
    for (const std::uint32_t tile : tile_)
      if (tile != kNowhere) used = std::max(used, tile + 1);
    return used;
  }

  [[nodiscard]] std::vector<TileId> result() const {
    std::vector<TileId> tiles;
    for (const std::uint32_t tile : tile_) tiles.emplace_back(tile);
    return tiles;
  }

 private:
  /// What the cluster writes into resource r, where others may share it.
  [[nodiscard]] std::uint32_t content_of(std::size_t c, std::size_t r) const {
    return r < kTablesOfTheTile ? SharedEntries::kOwn : shared_.content(c, r - kTablesOfTheTile);
  }
  /// Whether another cluster's entries on the tile are the cluster's too.
  [[nodiscard]] bool stands(std::size_t c, std::size_t r, std::uint32_t tile) const {
    const std::uint32_t content = content_of(c, r);
    return content != SharedEntries::kOwn && standing_[tile][content] != 0;
  }

  /// By the tiles of the cluster's kind.
  [[nodiscard]] const std::vector<Resource>& offered_of(std::size_t c) const {
    return offered_[app_.clusters[c].kind];
  }

  struct Region {
    std::uint32_t x, y, width, height;
    [[nodiscard]] std::pair<double, double> center() const { return {x + width / 2.0, y + height / 2.0}; }
  };

  void halve(const Hypergraph& graph, const std::vector<std::uint32_t>& clusters, const Region& region,
             Rng& rng) {
    for (const std::uint32_t c : clusters) center_[c] = region.center();
    if (region.width * region.height == 1 || clusters.empty()) return;
    Region low = region, high = region;
    if (region.width >= region.height) {
      low.width = region.width / 2;
      high.x += low.width;
      high.width -= low.width;
    } else {
      low.height = region.height / 2;
      high.y += low.height;
      high.height -= low.height;
    }
    const std::uint64_t total = std::accumulate(graph.weight.begin(), graph.weight.end(), std::uint64_t{0});
    const std::uint64_t share =
        total * low.width * low.height / (std::uint64_t{region.width} * region.height);
    std::vector<std::uint8_t> side =
        bisect(graph, {share - share / 50, std::min(total, share + share / 50)}, rng);
    const auto with = [&](bool flipped) {
      for (std::size_t v = 0; v < side.size(); ++v)
        center_[clusters[v]] = (side[v] == 0) != flipped ? low.center() : high.center();
      double cost = 0;
      for (const std::uint32_t c : clusters)
        for (const Inbound& inbound : app_.clusters[c].inbound)
          cost += inbound.from ? distance(c, inbound.from->index()) : center_[c].first + center_[c].second;
      return cost;
    };
    // Halves of equal size may change places: which lies nearer to its partners outside?
    if (2 * share == total && with(true) < with(false))
      for (std::uint8_t& s : side) s = 1 - s;
    for (const std::uint8_t half : {std::uint8_t{0}, std::uint8_t{1}}) {
      std::vector<std::uint32_t> vertices, inner;
      for (std::uint32_t v = 0; v < side.size(); ++v) {
        if (side[v] != half) continue;
        vertices.push_back(v);
        inner.push_back(clusters[v]);
      }
      halve(part_of(graph, vertices), inner, half == 0 ? low : high, rng);
    }
  }

  [[nodiscard]] double distance(std::size_t a, std::size_t b) const {
    return std::abs(center_[a].first - center_[b].first) + std::abs(center_[a].second - center_[b].second);
  }

  /// Of the tiles nearest to the place that bisection found, the least loaded one.
  [[nodiscard]] std::uint32_t nearest_with_room(std::uint32_t c) const {
    std::uint32_t best = kNowhere;
    std::pair<double, double> least;
    for (std::uint32_t tile = 0; tile < used_.size(); ++tile) {
      const std::pair<double, double> price{std::abs(tile % chip_.width + 0.5 - center_[c].first) +
                                                std::abs(tile / chip_.width + 0.5 - center_[c].second),
                                            load_[tile]};
      if ((best == kNowhere || price < least) && fits(c, tile)) {
        best = tile;
        least = price;
      }
    }
    return best;
  }

  /// A tile at most two away from one that the cluster sends to or hears from.
  [[nodiscard]] std::uint32_t tile_near_partner(std::size_t c, Rng& rng) const {
    const std::vector<Inbound>& inbound = app_.clusters[c].inbound;
    const std::vector<Consumer>& readers = readers_[1 + c];
    const std::size_t partners = inbound.size() + readers.size();
    std::uint32_t tile = tile_[c];
    if (partners != 0) {
      const std::size_t i = rng.below(partners);
      if (i >= inbound.size())
        tile = tile_[readers[i - inbound.size()].cluster.index()];
      else if (inbound[i].from)
        tile = tile_[inbound[i].from->index()];
    }
    const auto near = [&](std::uint32_t at, std::uint32_t size) {
      return static_cast<std::uint32_t>(
          std::clamp<std::int64_t>(std::int64_t{at} + rng.between(-2, 2), 0, std::int64_t{size} - 1));
    };
    const std::uint32_t x = near(tile % chip_.width, chip_.width), y = near(tile / chip_.width, chip_.height);
    const std::uint32_t found = y * chip_.width + x;
    return found < used_.size() ? found : tile;
  }

  [[nodiscard]] double flits_to(std::size_t source, const Consumer& reader) const {
    if (source > 0) return flits_[source - 1];
    return 1.0 + app_.clusters[reader.cluster.index()].inbound[reader.inbound].source_count;
  }

  /// Traffic × hops of one source, and what its crowded readers cost.
  [[nodiscard]] double source_cost(std::size_t source) const {
    if (source > 0 && tile_[source - 1] == kNowhere) return 0;
    const std::uint32_t from = source == 0 ? 0 : tile_[source - 1] + 1;
    double cost = source > 0 && sinks_[source - 1] != 0 ? flits_[source - 1] * hops(chip_, from, 0) : 0;
    for (const Consumer& reader : readers_[source]) {
      const std::uint32_t tile = tile_[reader.cluster.index()];
      if (tile == kNowhere) continue;
      const double flits = flits_to(source, reader);
      cost += flits * hops(chip_, from, tile + 1);
      for (std::uint32_t n = 0; n < readers_on_[tile]; ++n) cost += crowding_ * flits;
      ++readers_on_[tile];
    }
    for (const Consumer& reader : readers_[source])
      if (const std::uint32_t tile = tile_[reader.cluster.index()]; tile != kNowhere) readers_on_[tile] = 0;
    return cost;
  }

  void add_scenes(std::size_t c, std::uint32_t tile, double times) {
    if (scene_.empty()) return;
    for (std::size_t s = 0; s < kScenes; ++s) scene_load_[tile][s] += times * scene_[c][s];
  }

  /// Of the tile's clusters together, squared: in the worst step, and where the host's inputs have positions,
  /// the mean of that and of some pictures.
  [[nodiscard]] double squared_load(std::uint32_t tile) const {
    double sum = load_[tile] * load_[tile];
    if (scene_.empty()) return sum;
    for (const double load : scene_load_[tile]) sum += load * load;
    return sum / (1 + kScenes);
  }

  [[nodiscard]] double load_cost(std::uint32_t tile) const {
    if (start_.empty()) return kLoadWeight * squared_load(tile) / mean_load_;
    const double turn = turn_of(tile) / mean_load_, square = turn * turn;
    return kLoadWeight * mean_load_ * square * square;
  }

  /// Cycles until the last cluster's flits have arrived, about.
  [[nodiscard]] double sending(std::size_t c) const {
    return 2 * static_cast<double>(worst_flits(app_.clusters[c])) + chip_.spike_wheel / 2.0;
  }

  [[nodiscard]] double turn_of(std::uint32_t tile) const {
    double first = 0, last = 0;
    bool any = false;
    for (const std::uint32_t c : members_[tile]) {
      first = any ? std::min(first, start_[c]) : start_[c];
      last = std::max(last, start_[c] + work_[c]);
      any = true;
    }
    return std::max(load_[tile], last - first);
  }

  /// All terms that the place of cluster c takes part in.
  [[nodiscard]] double cost_around(std::size_t c) const {
    return cost_of(touched(c, c)) + load_cost(tile_[c]);
  }

  [[nodiscard]] std::vector<std::size_t> touched(std::size_t a, std::size_t b) const {
    std::vector<std::size_t> sources;
    for (const std::size_t named : {a, b})
      for (const std::size_t c : together_[named]) {
        sources.push_back(1 + c);
        for (const Inbound& inbound : app_.clusters[c].inbound)
          sources.push_back(inbound.from ? 1 + inbound.from->index() : 0);
      }
    std::sort(sources.begin(), sources.end());
    sources.erase(std::unique(sources.begin(), sources.end()), sources.end());
    return sources;
  }

  [[nodiscard]] double cost_of(const std::vector<std::size_t>& sources) const {
    double cost = 0;
    for (const std::size_t source : sources) cost += source_cost(source);
    return cost;
  }

  /// Moves and returns what it costs more; `undo_` stays empty when it is not possible.
  double try_move(std::size_t a, std::uint32_t to) {
    undo_.clear();
    const std::uint32_t from = tile_[a];
    if (from == to || !fits(a, to)) return 0;
    const std::vector<std::size_t> sources = touched(a, a);
    const double before = cost_of(sources) + load_cost(from) + load_cost(to);
    undo_ = {{a, from}};
    lift(a);
    put(a, to);
    return cost_of(sources) + load_cost(from) + load_cost(to) - before;
  }

  double try_swap(std::size_t a, std::size_t b) {
    undo_.clear();
    const std::uint32_t tile_a = tile_[a], tile_b = tile_[b];
    if (tile_a == tile_b) return 0;
    const std::vector<std::size_t> sources = touched(a, b);
    const double before = cost_of(sources) + load_cost(tile_a) + load_cost(tile_b);
    lift(a);
    lift(b);
    const bool possible = fits(a, tile_b) && fits(b, tile_a);
    put(a, possible ? tile_b : tile_a);
    put(b, possible ? tile_a : tile_b);
    if (!possible) return 0;
    undo_ = {{a, tile_a}, {b, tile_b}};
    return cost_of(sources) + load_cost(tile_a) + load_cost(tile_b) - before;
  }

  void revert() {
    for (const auto& [c, tile] : undo_) lift(c);
    for (const auto& [c, tile] : undo_) put(c, tile);
  }

  const Application& app_;
  const Chip& chip_;
  double crowding_;
  std::vector<std::vector<Consumer>> readers_;
  std::vector<std::uint32_t> tile_;
  std::vector<std::vector<Resource>> needed_;
  std::vector<std::vector<Resource>> offered_;  ///< by kind of tile
  std::vector<std::vector<std::uint64_t>> used_;
  mutable std::vector<std::uint32_t> readers_on_;  ///< by tile, of the source that is looked at; else 0
  /// By cluster: those that share membranes with it, itself among them, rising.
  std::vector<std::vector<std::size_t>> together_;
  std::vector<double> load_, work_, flits_;
  std::vector<Scenes> scene_, scene_load_;  ///< work by cluster, and by tile; empty: not looked at
  SharedEntries shared_;
  std::vector<std::vector<std::uint32_t>> standing_;  ///< clusters, by tile and content
  std::vector<std::vector<std::uint32_t>> members_;   ///< by tile
  std::vector<double> start_;  ///< by cluster, in cycles since a step's first; empty: turns do not count
  std::vector<std::uint8_t> sinks_;
  std::vector<std::int64_t> lag_;  ///< by cluster: a tile's have one; empty: they need not
  double mean_load_ = 1;
  std::vector<std::pair<std::size_t, std::uint32_t>> undo_;
  std::vector<std::pair<double, double>> center_;  ///< by cluster, of the region that bisection gave it
};

/// Why first fit found no room for cluster `failed`.
std::string no_room(const Application& app, const Chip& chip, std::uint32_t tiles, std::size_t failed) {
  const std::uint32_t kind = app.clusters[failed].kind;
  if (chip.kinds() == 1)
    return std::to_string(app.clusters.size()) + " clusters do not fit " + std::to_string(tiles) +
           " tiles of chip " + chip.name + ": no room left for " + app.clusters[failed].name;
  const std::vector<std::uint32_t> have = tiles_by_kind(chip, tiles);
  const auto clusters = std::count_if(app.clusters.begin(), app.clusters.end(),
                                      [&](const Cluster& cluster) { return cluster.kind == kind; });
  return std::to_string(clusters) + " clusters do not fit " + std::to_string(have[kind]) + " tiles of kind " +
         chip.kind(kind).name + " of chip " + chip.name + ": no room left for " + app.clusters[failed].name;
}

}  // namespace

namespace {

/// Tiles of a region, halved again and again: any run of them lies close together, and many links lead from
/// one run to the next.
void append_compactly(const Chip& chip, std::uint32_t x, std::uint32_t y, std::uint32_t width,
                      std::uint32_t height, std::vector<TileId>& tiles) {
  if (width == 0 || height == 0) return;
  if (width == 1 && height == 1) return tiles.push_back(TileId{y * chip.width + x});
  if (width >= height) {
    append_compactly(chip, x, y, width / 2, height, tiles);
    append_compactly(chip, x + width / 2, y, width - width / 2, height, tiles);
  } else {
    append_compactly(chip, x, y, width, height / 2, tiles);
    append_compactly(chip, x, y + height / 2, width, height - height / 2, tiles);
  }
}

/// pack_by_level, and the runs of clusters in compact parts of the mesh.
std::vector<TileId> place_runs(const Application& app, const Chip& chip, std::uint32_t tiles) {
  std::vector<TileId> places = pack_by_level(app, chip, tiles), compact;
  append_compactly(chip, 0, 0, chip.width, (tiles + chip.width - 1) / chip.width, compact);
  std::erase_if(compact, [&](TileId tile) { return tile.value >= tiles; });
  // The n-th tile of a kind by number becomes the n-th of it in the compact order.
  std::vector<TileId> to(tiles);
  for (std::uint32_t k = 0; k < chip.kinds(); ++k) {
    auto next = compact.begin();
    for (std::uint32_t tile = 0; tile < tiles; ++tile) {
      if (chip.kind_number(TileId{tile}) != k) continue;
      while (chip.kind_number(*next) != k) ++next;
      to[tile] = *next++;
    }
  }
  for (TileId& place : places) place = to[place.index()];
  return places;
}

}  // namespace

std::vector<TileId> place(const Application& app, const Chip& chip, const MapOptions& options,
                          double crowding, std::string& reason) {
  const std::uint32_t tiles = options.tiles == 0 ? chip.tiles() : std::min(options.tiles, chip.tiles());
  Placer placer(app, chip, tiles, crowding, options.out_of_step);
  Rng rng(options.seed);
  if (options.sharing == Sharing::kLevels) {
    const std::vector<TileId> places = place_runs(app, chip, tiles);
    if (places.empty()) {
      reason = "packed by level, clusters do not fit " + std::to_string(tiles) + " tiles";
      return {};
    }
    placer.place_by_level(places);
    placer.anneal(rng);
    return placer.result();
  }
  if (placer.is_large() ? !placer.place_by_bisection(rng) : !placer.place_greedily()) {
    placer.clear();
    std::size_t failed = 0;
    if (!placer.place_first_fit(failed)) {
      reason = no_room(app, chip, tiles, failed);
      return {};
    }
  }
  placer.anneal(rng);
  return placer.result();
}

std::optional<std::uint32_t> tiles_needed(const Application& app, const Chip& chip, std::uint32_t kind) {
  Chip row = chip;  // as many tiles as could be needed; first fit begins with the first
  row.height = 1;
  row.width = std::min(static_cast<std::uint32_t>(app.clusters.size()),
                       static_cast<std::uint32_t>(largest("mesh.width") * largest("mesh.height")));
  row.kind_of.assign(row.tiles(), kind);
  std::size_t failed = 0;
  Placer placer(app, row, row.tiles(), 0);
  if (!placer.place_first_fit(failed, kind)) return std::nullopt;
  return placer.tiles_used();
}

}  // namespace spikeloom
