// Follows flits through the tables as the routers do. Of the mapper's code it uses only `tables`, whose
// result it examines.
#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "compiler/chip/pages.hpp"
#include "compiler/core/core.hpp"
#include "compiler/map/map.hpp"
#include "compiler/map/routes.hpp"
#include "compiler/partition/streams.hpp"
#include "spikeloom_hw.hpp"

namespace spikeloom {
namespace {

/// Where a flit came out: ring node and slots since its injection.
using Arrival = std::pair<std::uint32_t, std::uint32_t>;

/// Whose tiles a binding's are.
enum class Tiles : std::uint8_t {
  kChip,    ///< the chip's, each of the kind that stands there
  kNobody,  ///< yet to be placed: each of the kind that its clusters are for
};

class BindingChecker {
 public:
  BindingChecker(const Application& app, const Binding& binding, const Chip& chip, Tiles tiles)
      : app_(app), binding_(binding), chip_(chip), tiles_(chip.tiles()), kinds_(chip.tiles()) {
    if (tiles == Tiles::kNobody) tiles_ = static_cast<std::uint32_t>(binding.orders.size());
    for (std::uint32_t t = 0; t < tiles_ && tiles == Tiles::kChip; ++t)
      kinds_[t] = chip.kind_number(TileId{t});
  }

  std::vector<std::string> run_without_ways() {
    check_placement();
    if (!faults_.empty()) return faults_;
    check_orders();
    if (faults_.empty()) check_membranes();
    check_channels();
    return faults_;
  }

  std::vector<std::string> run() {
    if (!run_without_ways().empty()) return faults_;
    std::vector<std::string> conflicts;
    const Binding* one[] = {&binding_};
    nodes_ = tables(one, chip_, conflicts);
    faults_.insert(faults_.end(), conflicts.begin(), conflicts.end());
    follow_all();
    return faults_;
  }

 private:
  void require(bool holds, const std::string& what) {
    if (!holds) faults_.push_back(what);
  }

  /// Of tile `tile`, once the placement is known to be sound.
  [[nodiscard]] const TileKind& kind_at(std::size_t tile) const {
    return chip_.kind(kinds_[tile].value_or(0));
  }

  /// Each owner's [first, first + count) within `size` and apart from the others'.
  struct Span {
    std::uint64_t first, count;
    std::string owner;
  };
  void check_apart(std::vector<Span> spans, std::uint64_t size, const std::string& what) {
    std::sort(spans.begin(), spans.end(), [](const Span& a, const Span& b) { return a.first < b.first; });
    std::uint64_t end = 0;
    for (const Span& span : spans) {
      if (span.count == 0) continue;
      require(span.first >= end, what + ": " + span.owner + " overlaps another");
      end = span.first + span.count;
      require(end <= size,
              what + ": " + span.owner + " ends at " + std::to_string(end) + " of " + std::to_string(size));
    }
  }

  void check_placement() {
    require(binding_.placement.size() == app_.clusters.size(), "placement: one entry a cluster expected");
    require(binding_.orders.size() == tiles_, "orders: one entry a tile expected");
    require(binding_.application < chip_.host.applications, "application: the host has no such number");
    require(std::uint64_t{binding_.first_sink} + app_.sinks.size() <= hw::kLimitHostSinks,
            "sinks: more than the host numbers");
    if (!faults_.empty()) return;
    for (std::size_t c = 0; c < app_.clusters.size(); ++c) {
      const Placement& p = binding_.placement[c];
      require(p.tile.index() < tiles_, app_.clusters[c].name + ": no such tile");
      if (!faults_.empty()) return;
      const TileKind& kind = chip_.kind(app_.clusters[c].kind);
      require(kinds_[p.tile.index()].value_or(app_.clusters[c].kind) == app_.clusters[c].kind,
              app_.clusters[c].name + ": on a tile of another kind than its own, " + kind.name);
      kinds_[p.tile.index()] = app_.clusters[c].kind;
      require(p.context < kind.contexts, app_.clusters[c].name + ": no such context");
      require(p.rows >= least_pages(app_.clusters[c], kind) && p.rows <= kMostPages,
              app_.clusters[c].name + ": number of pages");
      require(app_.clusters[c].page_chunks() <= kind.page_chunks,
              app_.clusters[c].name + ": more chunks than a page");
      const Core& core = core_of(app_.clusters[c]);
      for (const Need& need : core.needs(app_.clusters[c], kind))
        require(need.needed <= need.available, app_.clusters[c].name + ": more " + need.key + " than a tile");
      require(p.first.size() == core.memories(kind).size(),
              app_.clusters[c].name + ": first entries of other memories than its core has");
    }
    if (!faults_.empty()) return;
    for (std::uint32_t tile = 0; tile < tiles_; ++tile) check_tile(tile);
  }

  /// Clusters on one tile may stand on the same entries of memory m where both write the same into it, and
  /// nothing else does.
  [[nodiscard]] bool may_share(std::size_t a, std::size_t b, std::size_t m) const {
    const Cluster &left = app_.clusters[a], &right = app_.clusters[b];
    const TileKind& kind = chip_.kind(left.kind);
    const Core& core = core_of(left);
    const bool in_region = region_memory(left, kind) == m;
    if (in_region != (region_memory(right, kind) == m)) return false;
    if (in_region) return true;
    if (core.memories(kind)[m].membranes) return owner_of(a) == owner_of(b);
    if (!core.memories(kind)[m].shared) return false;
    const std::vector<MemoryWindow> windows = core.windows(kind);
    for (std::size_t w = 0; w < windows.size(); ++w)
      if (windows[w].memory == m && (windows[w].content != MemoryWindow::Content::kTable ||
                                     left.tables.windows[w] != right.tables.windows[w]))
        return false;
    return true;
  }

  /// The cluster whose membranes it passes through: itself mostly.
  [[nodiscard]] std::size_t owner_of(std::size_t c) const {
    return app_.clusters[c].membranes_of ? app_.clusters[c].membranes_of->index() : c;
  }

  /// Clusters that share membranes stand on one tile, on the same entries, and fire in their order, each in
  /// the same steps.
  void check_membranes() {
    std::vector<std::pair<std::size_t, std::uint32_t>> turn(
        app_.clusters.size());  // in its tile's order; skip
    for (const std::vector<OrderEntry>& order : binding_.orders)
      for (std::size_t i = 0; i < order.size(); ++i)
        if (order[i].cluster.index() < turn.size()) turn[order[i].cluster.index()] = {i, order[i].skip};
    std::map<std::size_t, std::size_t> before;  // by owner
    for (std::size_t c = 0; c < app_.clusters.size(); ++c) {
      if (!app_.clusters[c].membranes_of) continue;
      const std::size_t owner = owner_of(c), last = before.try_emplace(owner, owner).first->second;
      const std::string& name = app_.clusters[c].name;
      require(binding_.placement[c].tile == binding_.placement[owner].tile,
              name + ": on another tile than its membranes");
      require(turn[last].first < turn[c].first, name + ": before a cluster whose membranes it goes on with");
      require(turn[last].second == turn[c].second, name + ": in other steps than who shares its membranes");
      const std::vector<MemoryInfo> memories =
          core_of(app_.clusters[c]).memories(chip_.kind(app_.clusters[c].kind));
      for (std::size_t m = 0; m < memories.size(); ++m)
        require(
            !memories[m].membranes || binding_.placement[c].first[m] == binding_.placement[owner].first[m],
            name + ": not on the entries of its membranes");
      before[owner] = c;
    }
  }

  void check_tile(std::uint32_t tile) {
    struct Memory {
      std::string name;
      std::uint64_t size = 0;
      std::vector<Span> spans;
    };
    const TileKind& t = kind_at(tile);
    std::vector<Memory> memories{{"contexts", t.contexts, {}},
                                 {"page rows", t.page_rows, {}},
                                 {"page blocks", page_blocks(t), {}},
                                 {"output lists", t.out_entries, {}}};
    for (const MemoryInfo& memory : core_of(t).memories(t))
      memories.push_back({std::string(memory.name), memory.capacity, {}});
    std::vector<std::size_t> here;  // clusters that were looked at
    for (std::size_t c = 0; c < app_.clusters.size(); ++c) {
      const Cluster& cluster = app_.clusters[c];
      const Placement& p = binding_.placement[c];
      if (p.tile.index() != tile) continue;
      auto memory = memories.begin();
      const auto take = [&](std::uint64_t first, std::uint64_t count) {
        (memory++)->spans.push_back({first, count, cluster.name});
      };
      take(p.context, 1);
      take(p.first_row, p.rows);
      take(p.first_block, std::uint64_t{p.rows} * blocks_of_page(t, cluster.page_chunks()));
      take(p.first_out, output_entries(cluster, t));
      const std::vector<std::uint64_t> amounts = amounts_on_tile(app_, chip_, c);
      for (std::size_t m = 0; m < amounts.size(); ++m) {
        const bool again = std::any_of(here.begin(), here.end(), [&](std::size_t other) {
          return binding_.placement[other].first[m] == p.first[m] && may_share(other, c, m);
        });
        take(p.first[m], again ? 0 : amounts[m]);
      }
      here.push_back(c);
    }
    for (Memory& memory : memories)
      check_apart(std::move(memory.spans), memory.size, "tile " + std::to_string(tile) + " " + memory.name);
  }

  /// Orders hold each cluster once; orders and delay-0 channels together have no circle.
  void check_orders() {
    const std::size_t clusters = app_.clusters.size();
    std::vector<std::uint32_t> times(clusters, 0), waits(clusters, 0);
    std::vector<std::vector<std::size_t>> before(clusters);
    for (std::size_t t = 0; t < binding_.orders.size(); ++t) {
      require(binding_.orders[t].size() <= kind_at(t).order_entries,
              "order of tile " + std::to_string(t) + ": too long");
      for (std::size_t i = 0; i < binding_.orders[t].size(); ++i) {
        const OrderEntry& entry = binding_.orders[t][i];
        if (entry.cluster.index() >= clusters ||
            binding_.placement[entry.cluster.index()].tile.index() != t) {
          require(false, "order of tile " + std::to_string(t) + ": a cluster that is not there");
          return;
        }
        ++times[entry.cluster.index()];
        require(entry.skip <= 255, "order of tile " + std::to_string(t) + ": skip out of range");
        // A retimed order is judged by the dataflow analysis.
        const bool plain = i > 0 && binding_.orders[t][i - 1].skip == 0 && entry.skip == 0;
        if (plain) before[binding_.orders[t][i - 1].cluster.index()].push_back(entry.cluster.index());
      }
    }
    require(std::all_of(times.begin(), times.end(), [](std::uint32_t n) { return n == 1; }),
            "orders: not every cluster once");
    for (std::size_t c = 0; c < clusters; ++c)
      for (const Inbound& inbound : app_.clusters[c].inbound)
        if (inbound.from && inbound.delay == 0) before[inbound.from->index()].push_back(c);
    for (const auto& list : before)
      for (const std::size_t c : list) ++waits[c];
    std::vector<std::size_t> free;
    for (std::size_t c = 0; c < clusters; ++c)
      if (waits[c] == 0) free.push_back(c);
    for (std::size_t i = 0; i < free.size(); ++i)
      for (const std::size_t c : before[free[i]])
        if (--waits[c] == 0) free.push_back(c);
    require(free.size() == clusters, "orders: tiles wait for each other in a circle");
  }

  void check_destination(const Channel& channel, const Destination& end,
                         std::map<std::pair<ClusterId, std::uint32_t>, int>& fed) {
    if (!end.to) {
      require(channel.from && end.number < app_.sinks.size() && app_.sinks[end.number] == *channel.from,
              "a channel to a sink that is not its source's");
      require(end.credit_slots.empty(), "credits from the host's sink");
      return;
    }
    if (end.to->index() >= app_.clusters.size() ||
        end.inbound >= app_.clusters[end.to->index()].inbound.size()) {
      require(false, "a channel to an inbound that is not there");
      return;
    }
    require(app_.clusters[end.to->index()].inbound[end.inbound].from == channel.from,
            app_.clusters[end.to->index()].name + ": fed from another source");
    ++fed[{*end.to, end.inbound}];
    const std::uint32_t node = node_of(binding_, end.to);
    require(end.number < kind_at(node - 1).deliveries && deliveries_.insert({node, end.number}).second,
            "delivery number taken or too large");
    const std::uint32_t from = node_of(binding_, channel.from);
    const std::uint32_t counters = from == 0 ? chip_.host.credit_counters : kind_at(from - 1).credit_counters;
    require(end.counter < counters && counters_.insert({from, end.counter}).second,
            "credit counter taken or too large");
    require(!end.credit_slots.empty(), "a destination without credit slots");
    check_slots(end.credit_slots, chip_.credit_wheel);
  }

  void check_slots(const std::vector<std::uint32_t>& slots, std::uint32_t wheel) {
    for (std::size_t i = 0; i < slots.size(); ++i)
      require(slots[i] < wheel && (i == 0 || slots[i - 1] < slots[i]),
              "slots not rising or outside the wheel");
  }

  void check_channels() {
    std::map<std::pair<ClusterId, std::uint32_t>, int> fed;
    std::map<ClusterId, int> sunk;
    std::set<std::pair<std::uint32_t, std::uint32_t>> numbers;
    for (const Channel& channel : binding_.channels) {
      if (channel.from && channel.from->index() >= app_.clusters.size()) {
        require(false, "a channel from a cluster that is not there");
        continue;
      }
      const std::uint32_t from = node_of(binding_, channel.from);
      const std::uint32_t channels = from == 0 ? chip_.host.channels : kind_at(from - 1).channels;
      require(channel.number < channels && numbers.insert({from, channel.number}).second,
              "channel number taken or too large");
      require(!channel.slots.empty() && !channel.to.empty(), "a channel without slots or destinations");
      check_slots(channel.slots, chip_.spike_wheel);
      std::set<std::uint32_t> nodes;
      for (const Destination& end : channel.to) {
        check_destination(channel, end, fed);
        if (!faults_.empty()) return;
        require(nodes.insert(node_of(binding_, end.to)).second, "two ends of a channel on one tile");
        require(channel.to.size() == 1 || !end.to ||
                    app_.clusters[end.to->index()].inbound[end.inbound].weights == 0,
                "a channel that brings weights and something else");
        if (!end.to) ++sunk[*channel.from];
      }
    }
    for (std::size_t c = 0; c < app_.clusters.size(); ++c)
      for (std::uint32_t i = 0; i < app_.clusters[c].inbound.size(); ++i)
        require(fed[{ClusterId(c), i}] == 1,
                app_.clusters[c].name + ": inbound " + std::to_string(i) + " not fed by exactly one channel");
    for (const ClusterId id : app_.sinks)
      require(sunk[id] == 1, app_.clusters[id.index()].name + ": not sent to the host exactly once");
  }

  [[nodiscard]] static std::uint32_t selector(const hw::RegRoute& route, std::uint32_t port) {
    const std::uint32_t all[] = {route.north, route.east, route.south, route.west, route.local};
    return all[port];
  }

  /// Steps one flit that is on node `from`'s wire in slot `slot` through the routers until it is gone.
  [[nodiscard]] std::vector<Arrival> follow(std::uint32_t from, std::uint32_t slot, std::uint32_t wheel,
                                            std::vector<hw::RegRoute> NodeTables::*routes) const {
    std::vector<Arrival> arrivals;
    std::set<std::pair<std::uint32_t, std::uint32_t>>
        inputs;  // (tile, port) that carry the flit in this cycle
    inputs.insert(from == 0 ? std::pair{0U, hw::kPortWest + 0U} : std::pair{from - 1, hw::kPortLocal + 0U});
    const std::uint32_t most = chip_.width + chip_.height + 2;
    for (std::uint32_t cycle = 0; cycle < 4 * most && !inputs.empty(); ++cycle) {
      std::set<std::pair<std::uint32_t, std::uint32_t>> next;
      for (const auto& [tile, in] : inputs) {
        const hw::RegRoute& route = (nodes_[tile + 1].*routes)[(slot + cycle) % wheel];
        const std::uint32_t x = tile % chip_.width, y = tile / chip_.width;
        for (std::uint32_t out = 0; out < 5; ++out) {
          if (selector(route, out) != in + 1) continue;
          if (out == hw::kPortLocal)
            arrivals.emplace_back(tile + 1, cycle + 1);
          else if (out == hw::kPortWest && tile == 0)
            arrivals.emplace_back(0U, cycle + 1);
          else if (out == hw::kPortNorth && y > 0)
            next.insert({tile - chip_.width, hw::kPortSouth});
          else if (out == hw::kPortSouth && y + 1 < chip_.height)
            next.insert({tile + chip_.width, hw::kPortNorth});
          else if (out == hw::kPortEast && x + 1 < chip_.width)
            next.insert({tile + 1, hw::kPortWest});
          else if (out == hw::kPortWest && x > 0)
            next.insert({tile - 1, hw::kPortEast});
          else
            arrivals.emplace_back(~0U, cycle + 1);  // off the mesh
        }
      }
      inputs = std::move(next);
    }
    if (!inputs.empty()) arrivals.emplace_back(~0U, 0U);  // still on its way: a circle
    std::sort(arrivals.begin(), arrivals.end());
    return arrivals;
  }

  void follow_all() {
    std::size_t spike_tx = 0, spike_rx = 0, credit_tx = 0, credit_rx = 0;
    for (const Channel& channel : binding_.channels) {
      const std::uint32_t from = node_of(binding_, channel.from);
      for (const std::uint32_t slot : channel.slots) {
        const hw::RegSlot& tx = nodes_[from].spike_slots[slot];
        require(tx.tx_valid == 1 && tx.tx == channel.number,
                "spike slot " + std::to_string(slot) + ": not the channel's");
        ++spike_tx;
        std::vector<Arrival> expected;
        for (const Destination& end : channel.to) {
          const std::uint32_t to = node_of(binding_, end.to);
          expected.emplace_back(to, end.hops);
          const hw::RegSlot& rx = nodes_[to].spike_slots[(slot + end.hops) % chip_.spike_wheel];
          require(rx.rx_valid == 1 && rx.rx == end.number + (end.to ? 0 : binding_.first_sink),
                  "spike slot " + std::to_string(slot) + ": not received as the channel's");
          ++spike_rx;
        }
        std::sort(expected.begin(), expected.end());
        require(follow(from, slot, chip_.spike_wheel, &NodeTables::spike_routes) == expected,
                "spike slot " + std::to_string(slot) + " of node " + std::to_string(from) +
                    ": does not arrive where it should");
      }
      for (const Destination& end : channel.to)
        for (const std::uint32_t slot : end.credit_slots) {
          const std::uint32_t to = node_of(binding_, end.to);
          const hw::RegSlot& tx = nodes_[to].credit_slots[slot];
          const hw::RegSlot& rx = nodes_[from].credit_slots[(slot + end.credit_hops) % chip_.credit_wheel];
          require(tx.tx_valid == 1 && tx.tx == end.number && rx.rx_valid == 1 && rx.rx == end.counter,
                  "credit slot " + std::to_string(slot) + ": not the destination's");
          ++credit_tx;
          ++credit_rx;
          const std::vector<Arrival> expected{{from, end.credit_hops}};
          require(follow(to, slot, chip_.credit_wheel, &NodeTables::credit_routes) == expected,
                  "credit slot " + std::to_string(slot) + " of node " + std::to_string(to) +
                      ": does not arrive where it should");
        }
    }
    for (const NodeTables& node : nodes_) {
      for (const hw::RegSlot& slot : node.spike_slots) {
        spike_tx -= slot.tx_valid;
        spike_rx -= slot.rx_valid;
      }
      for (const hw::RegSlot& slot : node.credit_slots) {
        credit_tx -= slot.tx_valid;
        credit_rx -= slot.rx_valid;
      }
    }
    require(spike_tx == 0 && spike_rx == 0 && credit_tx == 0 && credit_rx == 0,
            "slot entries without an owner, or with two");
  }

  const Application& app_;
  const Binding& binding_;
  const Chip& chip_;
  std::uint32_t tiles_;
  std::vector<std::optional<std::uint32_t>> kinds_;  ///< by TileId; none: not known yet
  std::vector<NodeTables> nodes_;
  std::set<std::pair<std::uint32_t, std::uint32_t>> deliveries_, counters_;
  std::vector<std::string> faults_;
};

}  // namespace

std::vector<std::string> check(const Application& app, const Binding& binding, const Chip& chip) {
  return BindingChecker(app, binding, chip, Tiles::kChip).run();
}

std::vector<std::string> check_without_ways(const Application& app, const Binding& binding,
                                            const Chip& chip) {
  if (binding.orders.size() > chip.tiles()) return {"orders: more tiles than the chip has"};
  return BindingChecker(app, binding, chip, Tiles::kNobody).run_without_ways();
}

}  // namespace spikeloom
