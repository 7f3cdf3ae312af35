#include "compiler/admit/points.hpp"

#include <algorithm>
#include <numeric>
#include <set>
#include <tuple>
#include <utility>

#include "compiler/admit/retime.hpp"
#include "compiler/base/error.hpp"
#include "compiler/map/levels.hpp"
#include "compiler/map/map.hpp"
#include "compiler/schedule/arcs.hpp"

namespace spikeloom {
namespace {

constexpr int kMostRounds = 256;            ///< of giving slots to the critical cycle
constexpr std::uint32_t kFewestShares = 2;  ///< of the host's wires: no point asks for more than a half
constexpr int kSingleRounds = 24;           ///< after which channels that are alike get slots together
constexpr std::size_t kFewerSlots =
    3;  ///< a point is worth keeping with a quarter fewer slots than the one before

/// Slots by channel and by destination; none to the host.
struct Counts {
  std::vector<std::uint32_t> send, credit;
};

/// Without idle tiles, the host's numbers from 0.
Binding packed(Binding binding) {
  std::vector<std::uint32_t> number(binding.orders.size(), 0);
  std::uint32_t next = 0;
  for (std::size_t t = 0; t < binding.orders.size(); ++t)
    if (!binding.orders[t].empty()) number[t] = next++;
  for (Placement& place : binding.placement) place.tile.value = number[place.tile.index()];
  std::erase_if(binding.orders, [](const auto& order) { return order.empty(); });
  binding.application = binding.first_sink = 0;
  std::uint32_t channel_number = 0, counter = 0;
  for (Channel& channel : binding.channels) {
    if (channel.from) continue;
    channel.number = channel_number++;
    for (Destination& end : channel.to)
      if (end.to) end.counter = counter++;
  }
  return binding;
}

std::vector<std::uint32_t> spread_evenly(std::uint32_t count, std::uint32_t wheel) {
  std::vector<std::uint32_t> slots(count);
  for (std::uint32_t i = 0; i < count; ++i) slots[i] = i * wheel / count;
  return slots;
}

/// One arrangement of clusters on tiles, with more and more slots.
class Front {
 public:
  Front(const ImageView& image, const Binding& binding)
      : image_(image), shares_(image.chip.host.applications) {
    point_.binding = packed(binding);
    point_.hop_budget = image.chip.width + image.chip.height - 1;
    counts_.send.assign(point_.binding.channels.size(), 1);
    for (const Channel& channel : point_.binding.channels)
      for (const Destination& end : channel.to) counts_.credit.push_back(end.to ? 1 : 0);
    give(counts_);
  }

  /// The fewest pages with which as many slots as the exploration gave still have the period that they have
  /// with many: every page more is a step more that may be on its way.
  std::vector<OperatingPoint> explore_with_few_pages(std::uint32_t most_pages) {
    std::vector<OperatingPoint> points = explore();
    const Ratio best = points.front().period;
    const Counts fastest = front_.back().second;
    for (std::uint32_t pages = 2; pages < most_pages; ++pages) {
      point_.binding = deal_pages(image_.application, image_.chip, pages, std::move(point_.binding));
      give(fastest);
      Retimed timing = prepare();
      timing.set(budgets(fastest));
      const sdf::CycleRatio ratio = sdf::max_cycle_ratio(timing.graph(), {.lower = timing.lower()});
      if (sdf::certificate_of(ratio, timing.graph()).period > best * Ratio(kTimeScale)) continue;
      return kept(timing);
    }
    return points;
  }

  /// Points by falling number of slots, each with a longer period than the one before.
  std::vector<OperatingPoint> explore() {
    Retimed timing = prepare();
    std::vector<sdf::ChannelId> policy;
    for (int round = 0; round < kMostRounds; ++round) {
      timing.set(budgets(counts_));
      const sdf::CycleRatio ratio =
          sdf::max_cycle_ratio(timing.graph(), {.lower = timing.lower(), .start_policy = policy});
      const sdf::Certificate& certificate = sdf::certificate_of(ratio, timing.graph());
      if (const auto* periodic = std::get_if<sdf::Periodic>(&ratio)) policy = periodic->policy;
      if (front_.empty() || certificate.period < front_.back().first)
        front_.emplace_back(certificate.period, counts_);
      const bool alike = round >= kSingleRounds;
      bool relieved = relieve(timing.graph(), certificate.critical_cycle, alike);
      if (!relieved && shares_ > kFewestShares) {
        fair_ = front_.size() - 1;
        shares_ = kFewestShares;
        relieved = relieve(timing.graph(), certificate.critical_cycle, alike);
      }
      if (!relieved) break;
    }
    return kept(timing);
  }

 private:
  /// The timing graph of the binding as it is.
  Retimed prepare() {
    const ImageView placed(image_.chip, image_.application, point_.binding);
    const TimingGraph timing = timing_graph(placed, {});
    SPIKELOOM_CHECK(!timing.batched);
    point_.graph = point_graph(timing, image_.chip);
    own_ = ways_of(image_.application, image_.chip, point_.binding);
    return Retimed(point_, own_);
  }

  void give(const Counts& counts) {
    std::size_t e = 0;
    for (std::size_t c = 0; c < point_.binding.channels.size(); ++c) {
      Channel& channel = point_.binding.channels[c];
      channel.slots = spread_evenly(counts.send[c], image_.chip.spike_wheel);
      for (Destination& end : channel.to)
        end.credit_slots = spread_evenly(counts.credit[e++], image_.chip.credit_wheel);
    }
  }

  /// Slots need not be spread evenly on a chip in use: one interval of them more, where there are several.
  [[nodiscard]] Ways budgets(const Counts& counts) const {
    OperatingPoint point = point_without_graph();
    std::size_t e = 0;
    for (std::size_t c = 0; c < point.binding.channels.size(); ++c) {
      const Channel& channel = point.binding.channels[c];
      point.send_budget.push_back(
          loose(counts.send[c], image_.chip.spike_wheel, worst_flits(image_.application, channel)));
      for (const Destination& end : channel.to) {
        point.wait_budget.push_back(end.to ? wait_of(loose(counts.credit[e], image_.chip.credit_wheel, 1))
                                           : 0);
        ++e;
      }
    }
    return budget_of(point);
  }
  static std::int64_t loose(std::uint32_t count, std::uint32_t wheel, std::int64_t flits) {
    const std::int64_t even = worst_send(spread_evenly(count, wheel), wheel, flits);
    return count == 1 ? even : even + wheel / count;
  }
  [[nodiscard]] OperatingPoint point_without_graph() const {
    OperatingPoint point;
    point.binding = point_.binding;
    point.hop_budget = point_.hop_budget;
    return point;
  }

  /// Slots in use on the wires that no placement can avoid: a tile's and the host's output and input.
  struct Load {
    std::vector<std::uint32_t> out, in;  ///< by tile; the host last
  };
  [[nodiscard]] std::size_t node(const ClusterOrHost& end) const {
    return end ? point_.binding.placement[end->index()].tile.index() : point_.binding.orders.size();
  }

  /// Twice as many slots for the channels and credits on the critical cycle that can have them; `alike`: and
  /// for those that take as long as one of them, which would be next. False: none.
  bool relieve(const sdf::Graph& graph, const std::vector<sdf::ChannelId>& cycle, bool alike) {
    std::vector<std::uint8_t> critical(graph.actor_count(), 0);
    for (const sdf::ChannelId id : cycle) critical[graph.channel(id).source.index()] = 1;
    if (alike) {
      const auto spread = [&](const auto& actors) {
        std::set<std::int64_t> times;
        for (const std::uint32_t a : actors)
          if (critical[a] != 0) times.insert(graph.execution(sdf::ActorId{a}));
        for (const std::uint32_t a : actors)
          if (times.count(graph.execution(sdf::ActorId{a})) != 0) critical[a] = 1;
      };
      std::vector<std::uint32_t> credits_of;
      for (const PointGraph::End& end : point_.graph.ends)
        if (end.credit != PointGraph::kNowhere) credits_of.push_back(end.credit);
      spread(point_.graph.senders);
      spread(credits_of);
    }
    const std::size_t nodes = point_.binding.orders.size() + 1;
    Load spikes{std::vector<std::uint32_t>(nodes, 0), std::vector<std::uint32_t>(nodes, 0)}, credits = spikes;
    std::size_t e = 0;
    for (std::size_t c = 0; c < point_.binding.channels.size(); ++c) {
      const Channel& channel = point_.binding.channels[c];
      spikes.out[node(channel.from)] += counts_.send[c];
      for (const Destination& end : channel.to) {
        spikes.in[node(end.to)] += counts_.send[c];
        credits.out[node(end.to)] += counts_.credit[e];
        credits.in[node(channel.from)] += counts_.credit[e++];
      }
    }
    // All applications share the host's wires.
    const auto room = [&](std::size_t at, std::uint32_t used, std::uint32_t more, std::uint32_t wheel) {
      return used + more <= (at + 1 == nodes ? wheel / shares_ : wheel - wheel / 4);
    };
    bool changed = false;
    e = 0;
    for (std::size_t c = 0; c < point_.binding.channels.size(); ++c) {
      const Channel& channel = point_.binding.channels[c];
      const std::uint32_t more = counts_.send[c], wheel = image_.chip.spike_wheel;
      bool fits = critical[point_.graph.senders[c]] != 0 &&
                  room(node(channel.from), spikes.out[node(channel.from)], more, wheel);
      for (const Destination& end : channel.to)
        fits = fits && room(node(end.to), spikes.in[node(end.to)], more, wheel);
      if (fits) {
        counts_.send[c] += more;
        spikes.out[node(channel.from)] += more;
        for (const Destination& end : channel.to) spikes.in[node(end.to)] += more;
        changed = true;
      }
      for (const Destination& end : channel.to) {
        const std::size_t at = e++;
        if (!end.to || critical[point_.graph.ends[at].credit] == 0) continue;
        const std::uint32_t again = counts_.credit[at];
        if (!room(node(end.to), credits.out[node(end.to)], again, image_.chip.credit_wheel) ||
            !room(node(channel.from), credits.in[node(channel.from)], again, image_.chip.credit_wheel))
          continue;
        counts_.credit[at] += again;
        credits.out[node(end.to)] += again;
        credits.in[node(channel.from)] += again;
        changed = true;
      }
    }
    return changed;
  }

  /// The fastest, then each that needs clearly fewer slots, and the one with the fewest.
  std::vector<OperatingPoint> kept(Retimed& timing) {
    std::vector<OperatingPoint> points;
    for (std::size_t i = front_.size(); i-- > 0;) {
      give(front_[i].second);
      if (!points.empty() && i != 0 && i != fair_ &&
          point_.slots() * (kFewerSlots + 1) > points.back().slots() * kFewerSlots)
        continue;
      points.push_back(certified(front_[i].second, timing));
    }
    return points;
  }

  OperatingPoint certified(const Counts& counts, Retimed& timing) {
    const Ways budget = budgets(counts);
    timing.set(budget);
    OperatingPoint point = point_;
    // The point's graph is of its own slots, spread evenly.
    const Ways even = ways_of(image_.application, image_.chip, point.binding);
    for (std::size_t c = 0; c < even.send.size(); ++c)
      point.graph.actors[point.graph.senders[c]].execution += (even.send[c] - own_.send[c]) * kTimeScale;
    for (std::size_t e = 0; e < even.wait.size(); ++e)
      if (point.graph.ends[e].credit != PointGraph::kNowhere)
        point.graph.actors[point.graph.ends[e].credit].execution +=
            (even.wait[e] - own_.wait[e]) * kTimeScale;
    point.send_budget = budget.send;
    point.wait_budget = budget.wait;
    const sdf::CycleRatio ratio = sdf::max_cycle_ratio(timing.graph(), {.lower = timing.lower()});
    const sdf::Certificate& certificate = sdf::certificate_of(ratio, timing.graph());
    point.period = certificate.period / Ratio(kTimeScale);
    point.potentials = certificate.potential;
    point.offset = timing.offset(certificate.period, certificate.potential);
    sdf::LatencyProof latency = timing.latency();
    point.latency = Ratio(latency.latency, kTimeScale).ceil();
    point.latest_starts = std::move(latency.latest);
    return point;
  }

  ImageView image_;
  OperatingPoint point_;
  Ways own_;  ///< of point_.graph
  Counts counts_;
  std::vector<std::pair<Ratio, Counts>> front_;  ///< by falling period
  std::uint32_t shares_;  ///< of the host's wires, of which the application may take one
  std::size_t fair_ = static_cast<std::size_t>(-1);  ///< the fastest that takes no more than its fair share
};

/// Tiles by kind.
using KindCounts = std::vector<std::uint32_t>;

/// Clusters on at most so many tiles of each kind, on a small chip of such tiles; nothing where they do not
/// fit.
std::optional<Binding> on_fewer_tiles(const ImageView& image, const KindCounts& counts,
                                      const PointOptions& options) {
  const std::uint32_t tiles = std::accumulate(counts.begin(), counts.end(), 0U);
  Chip chip = image.chip;
  while (chip.width > 1 && (chip.width - 1) * chip.height >= tiles && chip.width >= chip.height) --chip.width;
  while (chip.height > 1 && chip.width * (chip.height - 1) >= tiles) --chip.height;
  while (chip.width > 1 && (chip.width - 1) * chip.height >= tiles) --chip.width;
  if (chip.kinds() > 1) {
    chip.kind_of.clear();
    for (std::uint32_t kind = 0; kind < counts.size(); ++kind)
      chip.kind_of.insert(chip.kind_of.end(), counts[kind], kind);
    chip.kind_of.resize(chip.tiles(), 0);  // the last ones are not used
  }
  MapOptions mapping;
  mapping.seed = options.seed;
  mapping.most_pages = options.most_pages;
  mapping.most_slots = 1;
  mapping.tiles = tiles;
  mapping.places = pack_by_level(image.application, chip, tiles);
  if (!mapping.places.empty())
    if (auto result = try_map(image.application, chip, mapping); result.binding) return result.binding;
  mapping.places.clear();
  // Side by side in rows there may be no way through; the mapper lays them out compactly.
  for (const Sharing sharing : {Sharing::kLevels, Sharing::kTraffic}) {
    mapping.sharing = sharing;
    if (auto result = try_map(image.application, chip, mapping); result.binding) return result.binding;
  }
  return std::nullopt;
}

bool dominates(const OperatingPoint& a, const OperatingPoint& b) {
  return a.tiles() <= b.tiles() && a.slots() <= b.slots() && a.period <= b.period;
}

/// Without the dominated, and at most `most`: the fastest, the fastest with a fair share of the host's wires,
/// the one on the fewest tiles, and others between.
std::vector<OperatingPoint> chosen(std::vector<OperatingPoint> all, const Chip& chip, std::size_t most) {
  std::stable_sort(all.begin(), all.end(), [](const OperatingPoint& a, const OperatingPoint& b) {
    return std::tuple(a.period, a.tiles(), a.slots()) < std::tuple(b.period, b.tiles(), b.slots());
  });
  std::vector<OperatingPoint> front;
  for (OperatingPoint& point : all)
    if (std::none_of(front.begin(), front.end(),
                     [&](const OperatingPoint& better) { return dominates(better, point); }))
      front.push_back(std::move(point));
  if (front.size() <= most) return front;
  if (most == 1) front.resize(1);
  if (most == 1) return front;
  const auto smallest = static_cast<std::size_t>(
      std::min_element(front.begin(), front.end(),
                       [](const OperatingPoint& a, const OperatingPoint& b) {
                         return std::tuple(a.tiles(), a.slots()) < std::tuple(b.tiles(), b.slots());
                       }) -
      front.begin());
  std::vector<std::uint8_t> keep(front.size(), 0);
  const auto fair =
      static_cast<std::size_t>(std::find_if(front.begin(), front.end(),
                                            [&](const OperatingPoint& p) {
                                              return host_share(p, chip) <= Ratio(1, chip.host.applications);
                                            }) -
                               front.begin());
  keep[smallest] = keep[0] = 1;
  if (fair < front.size() && most > 2) keep[fair] = 1;
  const auto kept = [&] { return static_cast<std::size_t>(std::count(keep.begin(), keep.end(), 1)); };
  for (std::size_t parts = 2; kept() < most; parts *= 2)
    for (std::size_t i = 1; i < parts && kept() < most; ++i) keep[i * (front.size() - 1) / parts] = 1;
  std::vector<OperatingPoint> result;
  for (std::size_t i = 0; i < front.size(); ++i)
    if (keep[i] != 0) result.push_back(std::move(front[i]));
  return result;
}

}  // namespace

Ratio host_share(const OperatingPoint& point, const Chip& chip) {
  std::size_t spikes_out = 0, spikes_in = 0, credits_in = 0;  // of the host
  for (const Channel& channel : point.binding.channels) {
    if (!channel.from) spikes_out += channel.slots.size();
    for (const Destination& end : channel.to) {
      if (!end.to)
        spikes_in += channel.slots.size();
      else if (!channel.from)
        credits_in += end.credit_slots.size();
    }
  }
  return std::max(Ratio(static_cast<std::int64_t>(std::max(spikes_out, spikes_in)), chip.spike_wheel),
                  Ratio(static_cast<std::int64_t>(credits_in), chip.credit_wheel));
}

std::vector<std::string> faults(const ImageView& image, const OperatingPoint& point) {
  const ImageView placed(image.chip, image.application, point.binding);
  const TimingGraph timing = timing_graph(placed, {});
  if (timing.batched) return {"a firing takes several pages, and points exist only where it takes one"};
  if (point_graph(timing, image.chip) != point.graph) return {"its timing graph is not that of its binding"};
  Retimed budgeted(point, ways_of(image.application, image.chip, point.binding));
  budgeted.set(budget_of(point));
  return budgeted.faults(point);
}

std::optional<std::string> why_no_points(const ImageView& image) {
  for (const Cluster& cluster : image.application.clusters) {
    const TileKind& kind = image.chip.kind(cluster.kind);
    if (const std::size_t pages = batch_times(cluster, kind).size(); pages > 1)
      return "a firing takes up to " + std::to_string(pages) + " pages on tiles of kind " + kind.name +
             ", where cluster " + cluster.name +
             " is, and points exist only where it takes one; other kinds "
             "(--kind) would do";
  }
  for (const Channel& channel : image.binding.channels)
    if (weights_of(image.application, channel) != nullptr)
      return "the host streams the weights of cluster " +
             image.application.clusters[channel.to.front().to->index()].name +
             ", and points exist only where all weights stay in the tiles";
  return std::nullopt;
}

std::vector<OperatingPoint> operating_points(const ImageView& image, const PointOptions& options) {
  if (options.most == 0) return {};
  if (const auto reason = why_no_points(image)) throw input_error("no operating points: " + *reason);
  std::vector<OperatingPoint> all;
  for (OperatingPoint& point : Front(image, image.binding).explore()) all.push_back(std::move(point));
  KindCounts tiles(image.chip.kinds(), 0);  // in use
  for (const std::vector<OrderEntry>& order : image.binding.orders)
    if (!order.empty()) ++tiles[image.application.clusters[order.front().cluster.index()].kind];
  const auto several = [](std::uint32_t count) { return count > 1; };
  while (options.most > 1 && std::any_of(tiles.begin(), tiles.end(), several)) {
    for (std::uint32_t& count : tiles) count = (count + 1) / 2;
    const std::optional<Binding> fewer = on_fewer_tiles(image, tiles, options);
    if (!fewer) break;
    for (OperatingPoint& point : Front(image, *fewer).explore_with_few_pages(options.most_pages))
      all.push_back(std::move(point));
  }
  return chosen(std::move(all), image.chip, options.most);
}

}  // namespace spikeloom
