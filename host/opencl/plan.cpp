#include "host/opencl/plan.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <utility>

#include "compiler/base/error.hpp"
#include "compiler/chip_model/model_memory.hpp"
#include "spikeloom_hw.hpp"

namespace spikeloom::opencl {
namespace {

using device_model::ContextRegisters;
using device_model::NodeMemory;

std::uint32_t round_up(std::uint32_t value, std::uint32_t to) { return (value + to - 1) / to * to; }
std::uint32_t size32(std::size_t size) { return static_cast<std::uint32_t>(size); }

/// Where a cluster stands in the order of launches.
struct Turn {
  std::uint32_t depth = 0;  ///< longest way over components that depend on each other
  bool recurrent = false;
  std::uint32_t level = 0;  ///< within a recurrent stage, over connections without delay
  friend auto operator<=>(const Turn&, const Turn&) = default;
};

/// Strongly connected components over inbound connections of any delay (Tarjan): every component's number is
/// above those that it reads from.
class Components {
 public:
  explicit Components(const Application& app)
      : app_(app),
        number_(app.clusters.size(), 0),
        low_(number_),
        seen_(number_.size(), 0),
        of(number_.size(), 0) {
    for (std::size_t c = 0; c < of.size(); ++c)
      if (seen_[c] == 0) visit(c);
  }

 private:
  void visit(std::size_t c) {
    seen_[c] = 1;
    number_[c] = low_[c] = next_++;
    open_.push_back(c);
    for (const Inbound& in : app_.clusters[c].inbound) {
      if (!in.from) continue;
      const std::size_t source = in.from->index();
      if (seen_[source] == 0) visit(source);
      if (seen_[source] == 1) low_[c] = std::min(low_[c], low_[source]);
    }
    if (low_[c] != number_[c]) return;
    for (std::size_t member = of.size(); member != c;) {
      member = open_.back();
      open_.pop_back();
      seen_[member] = 2;
      of[member] = count;
    }
    ++count;
  }

  const Application& app_;
  std::vector<std::size_t> number_, low_;
  std::vector<int> seen_;  ///< 0 not yet, 1 on the way, 2 in a component
  std::vector<std::size_t> open_;
  std::size_t next_ = 0;

 public:
  std::vector<std::size_t> of;  ///< by ClusterId
  std::size_t count = 0;
};

std::vector<Turn> turns(const Application& app) {
  const Components components(app);
  std::vector<std::vector<std::size_t>> members(components.count);
  for (std::size_t c = 0; c < app.clusters.size(); ++c) members[components.of[c]].push_back(c);
  std::vector<Turn> result(app.clusters.size());
  for (const std::vector<std::size_t>& component : members) {
    std::uint32_t depth = 0;
    bool recurrent = component.size() > 1;
    for (const std::size_t c : component)
      for (const Inbound& in : app.clusters[c].inbound) {
        if (!in.from) continue;
        if (components.of[in.from->index()] == components.of[c])
          recurrent = true;
        else
          depth = std::max(depth, result[in.from->index()].depth + 1);
      }
    for (const std::size_t c : component) result[c] = {depth, recurrent, 0};
  }
  for (const ClusterId id : app.order) {
    Turn& turn = result[id.index()];
    if (!turn.recurrent) continue;
    for (const Inbound& in : app.clusters[id.index()].inbound) {
      if (!in.from || in.delay != 0 || components.of[in.from->index()] != components.of[id.index()]) continue;
      turn.level = std::max(turn.level, result[in.from->index()].level + 1);
    }
  }
  return result;
}

class Planner {
 public:
  explicit Planner(const Image& image) : image_(image), app_(image.application), turns_(turns(app_)) {
    plan_.kinds = kinds_with_kernels(image);
  }

  Plan run() {
    load_memories();
    plan_.host_streams = plan_.streams = app_.host_chunks();
    for (std::size_t c = 0; c < app_.clusters.size(); ++c) add_cluster(c);
    const std::uint32_t empty = plan_.streams++;
    for (std::size_t c = 0; c < app_.clusters.size(); ++c) add_pages(c, empty);
    std::vector<std::size_t> order(app_.clusters.size());
    for (std::size_t c = 0; c < order.size(); ++c) order[c] = c;
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      return std::pair(turns_[a], kind_of(a)) < std::pair(turns_[b], kind_of(b));
    });
    for (std::size_t n = 0; n < order.size(); ++n) place(order[n], n == 0 ? nullptr : &turns_[order[n - 1]]);
    plan_.pieces.emplace_back();  // joins none: behind the last one
    return std::move(plan_);
  }

 private:
  /// The load's words, applied as a device would.
  void load_memories() {
    std::vector<NodeMemory> nodes{NodeMemory::host(image_.chip)};
    for (std::uint32_t t = 0; t < image_.chip.tiles(); ++t)
      nodes.push_back(image_.binding.orders[t].empty()
                          ? NodeMemory()
                          : NodeMemory::tile(image_.chip, image_.chip.kind_number(TileId{t})));
    for (const std::uint64_t word : program(image_).load) {
      const auto ring = hw::WordRing::unpack(word);
      const bool used = ring.node != 0 && !image_.binding.orders[ring.node - 1].empty();
      const bool control = ring.address == hw::kAddrNodeControl;
      if (used && !control)
        nodes[ring.node].write(static_cast<std::uint32_t>(ring.address),
                               static_cast<std::uint32_t>(ring.data));
    }
    for (PlannedKind& kind : plan_.kinds) {
      std::uint32_t used = 0;
      for (std::uint32_t t = 0; t < image_.chip.tiles(); ++t) {
        if (image_.binding.orders[t].empty() || image_.chip.kind_number(TileId{t}) != kind.number) continue;
        for (const std::uint32_t m : memories_of(*kind.kernels)) {
          const std::vector<std::uint32_t>& data = nodes[t + 1].memories[m].data();
          kind.memories[m].insert(kind.memories[m].end(), data.begin(), data.end());
        }
        tiles_.emplace(t, UsedTile{used++, std::move(nodes[t + 1])});
      }
      // A piece reads a chunk's biases, whatever the last cluster has.
      kind.memories[hw::kMemBiases].resize(kind.memories[hw::kMemBiases].size() + hw::kChunkBits, 0);
    }
  }

  /// What kernels of the core and of the neurons' update read, by hw::kMem number.
  static std::vector<std::uint32_t> memories_of(const CoreKernels& kernels) {
    std::vector<std::uint32_t> all(kernels.memories.begin(), kernels.memories.end());
    all.insert(all.end(), {hw::kMemUpdates, hw::kMemSets, hw::kMemBiases});
    return all;
  }

  /// A tile that holds clusters.
  struct UsedTile {
    std::uint32_t number = 0;  ///< among those of its kind
    NodeMemory memory;
    /// Its first word of a memory in PlannedKind::memories.
    [[nodiscard]] std::uint32_t first(std::uint32_t of) const {
      return number * size32(memory.memories[of].words());
    }
  };

  [[nodiscard]] const UsedTile& tile_of(std::size_t c) const {
    return tiles_.at(image_.binding.placement[c].tile.value);
  }
  [[nodiscard]] const ContextRegisters& context_of(std::size_t c) const {
    return tile_of(c).memory.contexts.at(image_.binding.placement[c].context);
  }
  /// In Plan::kinds.
  [[nodiscard]] std::uint32_t kind_of(std::size_t c) const {
    const auto found = std::find_if(plan_.kinds.begin(), plan_.kinds.end(), [&](const PlannedKind& kind) {
      return kind.number == app_.clusters[c].kind;
    });
    return size32(static_cast<std::size_t>(found - plan_.kinds.begin()));
  }
  [[nodiscard]] ContextTables tables_of(std::size_t c) const {
    const PlannedKind& kind = plan_.kinds[kind_of(c)];
    return kind.kernels->tables(*kind.tile, context_of(c), tile_of(c).memory,
                                size32(app_.clusters[c].size()));
  }

  void add_cluster(std::size_t c) {
    const PlannedKind& kind = plan_.kinds[kind_of(c)];
    const UsedTile& tile = tile_of(c);
    const ContextRegisters& context = context_of(c);
    const ContextTables tables = tables_of(c);
    ClusterRecord record{};
    record.first_entry = tile.first(kind.kernels->memories[0]) + tables.first_entry;
    record.row_base = tile.first(kind.kernels->memories[1]);
    record.weight_base = tile.first(kind.kernels->memories[2]);
    record.set_base = tile.first(hw::kMemSets);
    record.first_bias =
        (tile.first(hw::kMemBiases) + (kind.tile->bias_words != 0 ? tables.first_bias : tables.first_word)) *
        kind.tile->lif_lanes;
    record.readout = context.mode.readout;
    record.last_only = context.mode.last_only;
    std::copy(context.limit.begin(), context.limit.end(), record.limit);
    record.out = plan_.streams;
    plan_.streams += app_.clusters[c].out_entries;
    plan_.clusters.push_back(record);
  }

  void add_pages(std::size_t c, std::uint32_t empty) {
    const Cluster& cluster = app_.clusters[c];
    plan_.clusters[c].first_page = size32(plan_.pages.size());
    std::vector<PageRecord> pages(cluster.page_chunks(), PageRecord{empty, 0});
    for (const Inbound& in : cluster.inbound) {
      plan_.max_delay = std::max(plan_.max_delay, in.delay);
      const std::uint32_t first = (in.from ? plan_.clusters[in.from->index()].out : 0) + in.source_first;
      for (std::uint32_t n = 0; n < in.source_count; ++n)
        pages.at(in.first_chunk + n) = {first + n, in.delay};
    }
    // The kernels rely on it: no counted chunk reaches behind the sample's first step.
    for (std::uint32_t count = 0; count < hw::kLimitContextLimits; ++count)
      for (std::uint32_t n = 0; n < plan_.clusters[c].limit[count]; ++n)
        SPIKELOOM_CHECK(pages.at(n).delay <= count);
    plan_.pages.insert(plan_.pages.end(), pages.begin(), pages.end());
  }

  /// Appends the cluster to the launch of the one before, or begins a new launch, level or stage.
  void place(std::size_t c, const Turn* before) {
    const Turn& turn = turns_[c];
    const bool same_stage =
        before != nullptr && before->depth == turn.depth && before->recurrent == turn.recurrent;
    if (!same_stage) plan_.stages.push_back({turn.recurrent, {}});
    if (!same_stage || before->level != turn.level)
      plan_.stages.back().levels.push_back({{}, plan_.positions, 0});
    Level& level = plan_.stages.back().levels.back();
    const PlannedKind& kind = plan_.kinds[kind_of(c)];
    if (level.launches.empty() || level.launches.back().kind != kind_of(c))
      level.launches.push_back({kind_of(c), size32(plan_.slices.size()), 0, size32(plan_.pieces.size()), 0});
    Launch& launch = level.launches.back();
    const Cluster& cluster = app_.clusters[c];
    plan_.clusters[c].position = plan_.positions;
    const std::uint32_t neurons = size32(cluster.size());
    const std::uint32_t lanes = kind.kernels->lanes(*kind.tile), groups = tables_of(c).groups;
    plan_.positions +=
        round_up(std::max(round_up(neurons, lanes), round_up(neurons, kind.tile->lif_lanes)), hw::kChunkBits);
    for (std::uint32_t group = 0; group < groups; ++group)
      for (std::uint32_t lane = 0; lane < lanes; lane += slice_lanes(*kind.kernels, *kind.tile))
        plan_.slices.push_back({size32(c), group, lane});
    add_pieces(c);
    launch.slices = size32(plan_.slices.size()) - launch.first_slice;
    launch.pieces = size32(plan_.pieces.size()) - launch.first_piece;
    level.width = plan_.positions - level.first_position;
  }

  /// Cuts the context's update program where its entries leave a range of 16 positions. Pieces whose OR is
  /// one chunk follow one another.
  void add_pieces(std::size_t c) {
    const ContextTables tables = tables_of(c);
    const PlannedKind& kind = plan_.kinds[kind_of(c)];
    const std::uint32_t base = tile_of(c).first(hw::kMemUpdates);
    const std::vector<std::uint32_t>& program = kind.memories[hw::kMemUpdates];
    const std::size_t first_piece = plan_.pieces.size();
    std::vector<bool> cut(plan_.positions / hw::kChunkBits + 1, false);
    const bool readout = app_.clusters[c].readout;
    std::uint32_t last = 0, chunk = 0;
    bool gathers = false;  // entries of the chunk that is sent next came before
    for (std::uint32_t n = 0; n < tables.updates; ++n) {
      const std::size_t at = base + tables.first_update + n;
      const auto entry = hw::MemUpdateEntry::unpack({program.at(2 * at), program.at(2 * at + 1)});
      const std::uint32_t range = entry.group * kind.tile->lif_lanes / hw::kChunkBits;
      if (n == 0 || range != last) {
        SPIKELOOM_CHECK(!cut.at(range));  // entries of one chunk stand together
        cut[range] = true;
        const std::uint32_t state = kind.tile->bias_words != 0 ? entry.state : entry.group;
        plan_.pieces.push_back({size32(c), hw::kChunkBits * range, size32(at), 0, readout ? n : chunk,
                                gathers ? 1U : 0U,
                                state * kind.tile->lif_lanes / hw::kChunkBits * hw::kChunkBits,
                                kind.tile->bias_words != 0 ? entry.later : 0, 0});
      }
      ++plan_.pieces.back().updates;
      last = range;
      // One that does nothing only keeps others apart.
      if (entry.mask != 0 || entry.emit != 0) gathers = !readout && entry.emit == 0;
      if (entry.emit != 0) ++chunk;
    }
    SPIKELOOM_CHECK(!gathers);  // all are sent
    if (app_.clusters[c].passes > 1) put_in_passes(first_piece);
  }

  /// Those that pass through the same states follow one another, in the order of their passes.
  void put_in_passes(std::size_t first_piece) {
    const auto begin = plan_.pieces.begin() + static_cast<std::ptrdiff_t>(first_piece);
    std::stable_sort(begin, plan_.pieces.end(),
                     [](const PieceRecord& a, const PieceRecord& b) { return a.state < b.state; });
    for (auto piece = begin; piece != plan_.pieces.end(); ++piece)
      piece->follows = piece != begin && std::prev(piece)->state == piece->state ? 1 : 0;
  }

  const Image& image_;
  const Application& app_;
  std::vector<Turn> turns_;
  std::map<std::size_t, UsedTile> tiles_;  ///< by TileId
  Plan plan_;
};

}  // namespace

std::vector<PlannedKind> kinds_with_kernels(const Image& image) {
  Problems problems;
  std::vector<PlannedKind> used;
  for (std::uint32_t k = 0; k < image.chip.kinds(); ++k) {
    const TileKind& kind = image.chip.kind(k);
    const std::vector<Cluster>& clusters = image.application.clusters;
    if (std::none_of(clusters.begin(), clusters.end(), [&](const Cluster& c) { return c.kind == k; }))
      continue;
    const CoreKernels* const kernels = kernels_of(kind.core);
    if (kernels == nullptr)
      problems.add("there is no kernel for kind " + kind.name + " of tile, whose core is " + kind.core);
    used.push_back({k, &kind, kernels, {}});
  }
  for (const Cluster& cluster : image.application.clusters)
    if (cluster.membranes_of)
      problems.add("cluster " + cluster.name + " goes on with the membranes of " +
                   image.application.clusters[cluster.membranes_of->index()].name +
                   ", and the kernels run all steps of one before those of the next; --device model does it");
  problems.throw_if_any("opencl: " + image.application.name + " on chip " + image.chip.name);
  return used;
}

Plan plan(const Image& image) { return Planner(image).run(); }

}  // namespace spikeloom::opencl
