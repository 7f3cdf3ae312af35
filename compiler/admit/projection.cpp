#include "compiler/admit/projection.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <limits>
#include <optional>
#include <utility>

#include "compiler/base/error.hpp"
#include "compiler/base/rng.hpp"
#include "compiler/chip/kinds.hpp"
#include "compiler/map/routes.hpp"
#include "compiler/schedule/timing_graph.hpp"

namespace spikeloom {
namespace {

constexpr std::uint32_t kNone = 0xFFFFFFFFU;
constexpr int kPasses = 2;            ///< of moving tiles after the first choice
constexpr std::uint32_t kStarts = 8;  ///< first slots that are tried for a channel of several

/// Traffic between the point's tiles, in slots: the wires that a way of h hops takes are slots × h.
struct Traffic {
  struct Edge {
    std::uint32_t to = 0, weight = 0;
  };
  std::vector<std::uint32_t> first;  ///< by tile, into edges
  std::vector<Edge> edges;
  std::vector<std::uint32_t> host;  ///< by tile
};

Traffic traffic_of(const OperatingPoint& point) {
  std::vector<std::uint32_t> between(point.tiles() * point.tiles(), 0);  // by two tiles, the lower first
  Traffic traffic;
  traffic.host.assign(point.tiles(), 0);
  const auto tile = [&](const ClusterOrHost& end) {
    return end ? point.binding.placement[end->index()].tile.value : kNone;
  };
  for (const Channel& channel : point.binding.channels)
    for (const Destination& end : channel.to) {
      const std::uint32_t a = tile(channel.from), b = tile(end.to);
      const auto weight = static_cast<std::uint32_t>(channel.slots.size() + end.credit_slots.size());
      if (a == b) continue;
      if (a == kNone || b == kNone) {
        traffic.host[a == kNone ? b : a] += weight;
        continue;
      }
      between[std::min(a, b) * point.tiles() + std::max(a, b)] += weight;
    }
  traffic.first.assign(1, 0);
  for (std::uint32_t t = 0; t < point.tiles(); ++t) {
    for (std::uint32_t other = 0; other < point.tiles(); ++other)
      if (const std::uint32_t weight = between[std::min(t, other) * point.tiles() + std::max(t, other)];
          weight != 0)
        traffic.edges.push_back({other, weight});
    traffic.first.push_back(static_cast<std::uint32_t>(traffic.edges.size()));
  }
  return traffic;
}

/// Kinds of the point's tiles: those of their clusters.
std::vector<std::uint32_t> kinds_of(const OperatingPoint& point, const Application& app) {
  std::vector<std::uint32_t> kinds(point.tiles(), 0);
  for (std::size_t t = 0; t < kinds.size(); ++t)
    kinds[t] = app.clusters[point.binding.orders[t].front().cluster.index()].kind;
  return kinds;
}

/// Free tiles for the point's, near to one another and to the host.
class Placer {
 public:
  Placer(const ChipState& state, const OperatingPoint& point, std::vector<std::uint32_t> kinds)
      : traffic_(traffic_of(point)), kinds_(std::move(kinds)) {
    const std::uint32_t width = state.chip().width;
    for (std::uint32_t t = 0; t < state.tile_taken().size(); ++t)
      if (state.tile_taken()[t] == 0)
        free_.push_back({t, static_cast<std::int32_t>(t % width), static_cast<std::int32_t>(t / width),
                         state.chip().kind_number(TileId{t})});
    at_.assign(point.tiles(), kNone);
  }

  /// By tile of the point. There are enough free ones of every kind.
  std::vector<std::uint32_t> run(std::uint64_t attempt) {
    Rng rng(attempt);
    noise_.assign(free_.size(), 0);
    if (attempt > 0)
      for (std::uint32_t& noise : noise_) noise = static_cast<std::uint32_t>(rng.below(64));
    used_.assign(free_.size(), 0);
    pull_.assign(at_.size(), 0);
    for (std::size_t n = 0; n < at_.size(); ++n) {
      const std::uint32_t tile = strongest();
      put(tile, best_place(tile));
    }
    for (int pass = 0; pass < kPasses && improve(); ++pass) {
    }
    std::vector<std::uint32_t> tiles(at_.size());
    for (std::size_t t = 0; t < at_.size(); ++t) tiles[t] = free_[at_[t]].tile;
    return tiles;
  }

 private:
  struct Place {
    std::uint32_t tile = 0;
    std::int32_t x = 0, y = 0;
    std::uint32_t kind = 0;
  };
  static std::uint32_t distance(const Place& a, const Place& b) {
    return static_cast<std::uint32_t>(std::abs(a.x - b.x) + std::abs(a.y - b.y));
  }
  /// The one most drawn to those that have their place, else to the host.
  [[nodiscard]] std::uint32_t strongest() const {
    std::uint32_t best = kNone;
    for (std::uint32_t t = 0; t < at_.size(); ++t)
      if (at_[t] == kNone &&
          (best == kNone || pull_[t] + traffic_.host[t] > pull_[best] + traffic_.host[best]))
        best = t;
    return best;
  }
  void put(std::uint32_t tile, std::uint32_t place) {
    at_[tile] = place;
    used_[place] = 1;
    for (std::uint32_t e = traffic_.first[tile]; e < traffic_.first[tile + 1]; ++e)
      pull_[traffic_.edges[e].to] += traffic_.edges[e].weight;
  }
  /// Slots × hops of a tile's traffic from `place`; `other`, if any, is to stand at `instead`.
  [[nodiscard]] std::uint64_t cost(std::uint32_t tile, std::uint32_t place, std::uint32_t other = kNone,
                                   std::uint32_t instead = kNone) const {
    std::uint64_t sum = std::uint64_t{traffic_.host[tile]} * distance(free_[place], Place{});
    for (std::uint32_t e = traffic_.first[tile]; e < traffic_.first[tile + 1]; ++e) {
      const Traffic::Edge& edge = traffic_.edges[e];
      const std::uint32_t there = edge.to == other ? instead : at_[edge.to];
      if (there != kNone) sum += std::uint64_t{edge.weight} * distance(free_[place], free_[there]);
    }
    return sum;
  }
  [[nodiscard]] std::uint32_t best_place(std::uint32_t tile) const {
    std::uint32_t best = kNone;
    std::uint64_t least = 0;
    for (std::uint32_t p = 0; p < free_.size(); ++p) {
      if (used_[p] != 0 || free_[p].kind != kinds_[tile]) continue;
      const std::uint64_t here = cost(tile, p) * 16 + noise_[p];
      if (best == kNone || here < least) best = p, least = here;
    }
    return best;
  }
  /// One pass of moves to idle tiles and of exchanges.
  bool improve() {
    bool changed = false;
    std::vector<std::uint32_t> holder(free_.size(), kNone);
    for (std::uint32_t t = 0; t < at_.size(); ++t) holder[at_[t]] = t;
    std::vector<std::uint64_t> now(at_.size());  // by tile of the point: its cost where it stands
    for (std::uint32_t t = 0; t < at_.size(); ++t) now[t] = cost(t, at_[t]);
    // What the neighbours of a tile pay once it has gone; of two that change places, their own follows.
    const auto moved = [&](std::uint32_t tile, std::uint32_t from, std::uint32_t to) {
      for (std::uint32_t e = traffic_.first[tile]; e < traffic_.first[tile + 1]; ++e) {
        const auto [next, weight] = traffic_.edges[e];
        now[next] += std::uint64_t{weight} * distance(free_[to], free_[at_[next]]);
        now[next] -= std::uint64_t{weight} * distance(free_[from], free_[at_[next]]);
      }
    };
    for (std::uint32_t t = 0; t < at_.size(); ++t) {
      for (std::uint32_t p = 0; p < free_.size(); ++p) {
        const std::uint32_t from = at_[t], other = holder[p];
        if (p == from || free_[p].kind != kinds_[t]) continue;
        const std::uint64_t before = now[t] + (other == kNone ? 0 : now[other]);
        std::uint64_t after = cost(t, p, other, from);
        if (after < before && other != kNone) after += cost(other, from, t, p);
        if (after >= before) continue;
        at_[t] = p;
        if (other != kNone) at_[other] = from;
        moved(t, from, p);
        if (other != kNone) {
          moved(other, p, from);
          now[other] = cost(other, from);
        }
        now[t] = cost(t, p);
        holder[p] = t;
        holder[from] = other;
        changed = true;
      }
    }
    return changed;
  }

  Traffic traffic_;
  std::vector<std::uint32_t> kinds_;  ///< by tile of the point
  std::vector<Place> free_;
  std::vector<std::uint32_t> at_;     ///< by tile of the point: index into free_
  std::vector<std::uint32_t> noise_;  ///< by place
  std::vector<std::uint32_t> pull_;   ///< by tile of the point: traffic to those placed
  std::vector<std::uint8_t> used_;
};

/// `count` free slots far apart: the best of some starts; false: there are not that many.
bool pick(const SlotSet& free, std::uint32_t count, std::uint32_t wheel, std::int64_t flits,
          std::vector<std::uint32_t>& result) {
  if (free.count() < count) return false;
  if (count == 1) {
    result.assign(1, free.next(0));
    return true;
  }
  std::vector<std::uint32_t> tried(count);
  std::int64_t least = std::numeric_limits<std::int64_t>::max();
  const std::uint32_t starts = std::min(kStarts, std::max(1U, wheel / count));
  for (std::uint32_t s = 0; s < starts; ++s) {
    const std::uint32_t begin = free.next(s * std::max(1U, wheel / count / starts));
    std::uint32_t last = begin;  // may run over the wheel's end, up to begin + wheel
    tried[0] = begin;
    bool all = true;
    for (std::uint32_t i = 1; i < count && all; ++i) {
      const std::uint32_t wanted = std::max(begin + i * wheel / count, last + 1);
      const std::uint32_t found = free.next(wanted);
      last = wanted + (found + wheel - wanted % wheel) % wheel;
      all = last < begin + wheel;
      tried[i] = last % wheel;
    }
    if (!all) continue;
    std::sort(tried.begin(), tried.end());
    const std::int64_t worst = worst_send(tried, wheel, flits);
    if (worst >= least) continue;
    least = worst;
    result = tried;
  }
  if (least != std::numeric_limits<std::int64_t>::max()) return true;
  result.clear();  // every start ran over its own beginning: the first free ones
  for (std::uint32_t slot = 0; slot < wheel && result.size() < count; ++slot)
    if (free.has(slot)) result.push_back(slot);
  return true;
}

struct Request {
  std::size_t channel = 0, end = 0;  ///< end: of the channel, for credits
  Tree tree;
  std::uint32_t count = 0;
  std::int64_t flits = 1;
};

class Slots {
 public:
  Slots(Wires wires, Shortage::Kind kind) : wires_(std::move(wires)), kind_(kind) {}

  [[nodiscard]] const Wires& wires() const { return wires_; }
  std::vector<Request>& requests() { return requests_; }

  /// The hardest first: many wires, then many slots.
  template <class Give>
  std::optional<Shortage> deal(Give&& give) {
    std::stable_sort(requests_.begin(), requests_.end(), [](const Request& a, const Request& b) {
      return std::pair(a.tree.wires.size(), a.count) > std::pair(b.tree.wires.size(), b.count);
    });
    std::vector<std::uint32_t> slots;
    for (const Request& request : requests_) {
      const SlotSet free = wires_.free(request.tree);
      if (!pick(free, request.count, wires_.wheel(), request.flits, slots)) return shortage(request, free);
      for (const std::uint32_t slot : slots) wires_.set(request.tree, slot, true);
      give(request, slots);
    }
    return std::nullopt;
  }

 private:
  [[nodiscard]] Shortage shortage(const Request& request, const SlotSet& free) const {
    Shortage shortage{kind_, request.count, free.count(), 0, wires_.wheel() + 1, request.channel};
    for (const auto& [wire, depth] : request.tree.wires)
      if (const std::uint32_t left = wires_.free_slots(wire); left < shortage.wire_free)
        shortage.wire = wire, shortage.wire_free = left;
    return shortage;
  }

  Wires wires_;
  Shortage::Kind kind_;
  std::vector<Request> requests_;
};

std::optional<Shortage> give_slots(const ChipState& state, const Application& app, Binding& binding) {
  Slots spikes(state.spikes(), Shortage::Kind::kSpikeSlots),
      credits(state.credits(), Shortage::Kind::kCreditSlots);
  for (std::size_t c = 0; c < binding.channels.size(); ++c) {
    Channel& channel = binding.channels[c];
    const std::uint32_t from = node_of(binding, channel.from);
    Request spike{
        c, 0, {from, {}}, static_cast<std::uint32_t>(channel.slots.size()), worst_flits(app, channel)};
    for (std::size_t e = 0; e < channel.to.size(); ++e) {
      Destination& end = channel.to[e];
      const std::uint32_t to = node_of(binding, end.to);
      end.hops = spikes.wires().add_way(spike.tree, to);
      if (!end.to) continue;
      Request credit{c, e, {to, {}}, static_cast<std::uint32_t>(end.credit_slots.size()), 1};
      end.credit_hops = credits.wires().add_way(credit.tree, from);
      credits.requests().push_back(std::move(credit));
    }
    spikes.requests().push_back(std::move(spike));
  }
  if (auto none = spikes.deal([&](const Request& r, const std::vector<std::uint32_t>& slots) {
        binding.channels[r.channel].slots = slots;
      }))
    return none;
  return credits.deal([&](const Request& r, const std::vector<std::uint32_t>& slots) {
    binding.channels[r.channel].to[r.end].credit_slots = slots;
  });
}

/// The lowest free numbers of a list; false: too few.
bool lowest_free(const std::vector<std::uint8_t>& taken, std::size_t count,
                 std::vector<std::uint32_t>& numbers) {
  numbers.clear();
  for (std::uint32_t n = 0; n < taken.size() && numbers.size() < count; ++n)
    if (taken[n] == 0) numbers.push_back(n);
  return numbers.size() == count;
}

std::uint32_t free_of(const std::vector<std::uint8_t>& taken) {
  return static_cast<std::uint32_t>(std::count(taken.begin(), taken.end(), 0));
}

std::optional<Shortage> give_host_numbers(const ChipState& state, const Application& app, Binding& binding) {
  using Kind = Shortage::Kind;
  std::size_t channels = 0, counters = 0;
  for (const Channel& channel : binding.channels) {
    if (channel.from) continue;
    ++channels;
    counters += channel.to.size();
  }
  const auto too_few = [](Kind kind, std::size_t needed, std::uint32_t free) {
    return Shortage{kind, static_cast<std::uint32_t>(needed), free, 0, 0, 0};
  };
  std::vector<std::uint32_t> numbers, counter_numbers;
  if (!lowest_free(state.applications(), 1, numbers)) return too_few(Kind::kApplications, 1, 0);
  binding.application = numbers[0];
  if (!lowest_free(state.host_channels(), channels, numbers))
    return too_few(Kind::kHostChannels, channels, free_of(state.host_channels()));
  if (!lowest_free(state.host_counters(), counters, counter_numbers))
    return too_few(Kind::kHostCounters, counters, free_of(state.host_counters()));
  std::size_t channel_at = 0, counter_at = 0;
  for (Channel& channel : binding.channels) {
    if (channel.from) continue;
    channel.number = numbers[channel_at++];
    for (Destination& end : channel.to) end.counter = counter_numbers[counter_at++];
  }
  std::uint32_t run = 0, longest = 0;
  for (std::uint32_t n = 0; n < state.sinks().size(); ++n) {
    run = state.sinks()[n] == 0 ? run + 1 : 0;
    longest = std::max(longest, run);
    if (run < app.sinks.size()) continue;
    binding.first_sink = app.sinks.empty() ? 0 : n + 1 - run;
    return std::nullopt;
  }
  return too_few(Kind::kSinks, app.sinks.size(), longest);
}

std::string end_name(const Application& app, const ClusterOrHost& end) {
  return end ? app.clusters[end->index()].name : "the host";
}

}  // namespace

std::string describe(const Shortage& shortage, const ChipState& state, const Image& image,
                     const OperatingPoint& point) {
  using Kind = Shortage::Kind;
  const std::string needed = std::to_string(shortage.needed), free = std::to_string(shortage.free);
  switch (shortage.kind) {
    case Kind::kApplications:
      return "no application number is free: host.applications = " +
             std::to_string(state.applications().size()) + ", all taken";
    case Kind::kTiles:
      return "needs " + needed + (shortage.needed == 1 ? " tile" : " tiles") +
             of_kind(state.chip(), shortage.tile_kind) + ", " + free + " free of " +
             std::to_string(tiles_by_kind(state.chip(), 0)[shortage.tile_kind]);
    case Kind::kHostChannels:
      return "needs " + needed + (shortage.needed == 1 ? " host channel, " : " host channels, ") + free +
             " free of host.channels = " + std::to_string(state.host_channels().size());
    case Kind::kHostCounters:
      return "needs " + needed +
             (shortage.needed == 1 ? " host credit counter, " : " host credit counters, ") + free +
             " free of host.credit_counters = " + std::to_string(state.host_counters().size());
    case Kind::kSinks:
      return "needs " + needed + " host sinks in a row, the longest free row of " +
             std::to_string(state.sinks().size()) + " has " + free;
    default:
      break;
  }
  const bool spikes = shortage.kind == Kind::kSpikeSlots;
  const Wires& wires = spikes ? state.spikes() : state.credits();
  const Channel& channel = point.binding.channels[shortage.channel];
  return std::string(spikes ? "channel of " : "a credit path to ") +
         end_name(image.application, channel.from) + " needs " + needed + (spikes ? " spike" : " credit") +
         " slots, " + free + " are free on all its wires; the fullest is " + wires.name(shortage.wire) +
         " with " + std::to_string(shortage.wire_free) + " of " + std::to_string(wires.wheel()) + " free";
}

std::variant<Binding, Shortage> project(const ChipState& state, const OperatingPoint& point,
                                        const Application& app, std::uint64_t attempt) {
  const std::vector<std::uint32_t> kinds = kinds_of(point, app);
  for (std::uint32_t kind = 0; kind < state.chip().kinds(); ++kind) {
    const auto needed = static_cast<std::uint32_t>(std::count(kinds.begin(), kinds.end(), kind));
    if (const std::uint32_t free = state.free_tiles(kind); needed > free)
      return Shortage{Shortage::Kind::kTiles, needed, free, 0, 0, 0, kind};
  }
  Binding binding = point.binding;
  if (const auto none = give_host_numbers(state, app, binding)) return *none;
  const std::vector<std::uint32_t> tiles = Placer(state, point, kinds).run(attempt);
  for (Placement& place : binding.placement) place.tile.value = tiles[place.tile.index()];
  binding.orders.assign(state.chip().tiles(), {});
  for (std::size_t t = 0; t < tiles.size(); ++t) binding.orders[tiles[t]] = point.binding.orders[t];
  if (const auto none = give_slots(state, app, binding)) return *none;
  return binding;
}

}  // namespace spikeloom
