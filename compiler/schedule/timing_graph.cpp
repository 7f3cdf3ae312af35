#include "compiler/schedule/timing_graph.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "compiler/base/error.hpp"
#include "compiler/core/core.hpp"
#include "compiler/core/weight_stream.hpp"
#include "compiler/schedule/lags.hpp"
#include "compiler/schedule/pool.hpp"

namespace spikeloom {
namespace {

using sdf::ActorId;
using ActorKind = TimingActor::Kind;
using ArcKind = TimingArc::Kind;
using Role = ActorRole::Kind;

constexpr std::int64_t scaled(std::int64_t cycles) { return cycles * kTimeScale; }

/// What a firing of n pages takes at most: first + (n − 1)·more.
struct Batch {
  std::int64_t pages = 1;  ///< at most
  FiringTime first;
  std::int64_t more = 0, more_integrate = 0;
  /// A firing of n pages begins at most (n − 1)·ahead later than `fire` of the first of them says: so much
  /// more have the contexts before it in the order done by then, which one step after the other would not
  /// have.
  std::int64_t ahead = 0;
  [[nodiscard]] std::int64_t of(std::int64_t n) const { return first.total() + (n - 1) * more; }
};

/// The actors of one cluster: `fire` starts when the sequencer fires, `freed` ends when the page is free,
/// `done` ends when the output buffer is full.
struct ClusterActors {
  ActorId fire{}, freed{}, done{};
  bool bounded = false;        ///< on a tile under a bound
  std::optional<Batch> batch;  ///< on a tile whose firings take several pages
  std::int64_t position = 0;   ///< in its tile's order
  std::int64_t round = 1;      ///< firings of a round of its tile
};

Batch batch_of(const BatchTimes& times) {
  Batch batch;
  batch.pages = static_cast<std::int64_t>(times.size());
  batch.first = times.front();
  for (std::int64_t size = 2; size <= batch.pages; ++size) {
    const FiringTime& time = times[static_cast<std::size_t>(size - 1)];
    const auto each = [&](std::int64_t all, std::int64_t first) {
      return Ratio(all - first, size - 1).ceil();
    };
    batch.more = std::max(batch.more, each(time.total(), batch.first.total()));
    batch.more_integrate = std::max(batch.more_integrate, each(time.integrate, batch.first.integrate));
  }
  return batch;
}

/// A channel's step: `send` starts when its list and its credits are there. On a tile under a bound `late`
/// starts when the credits are there: what the list alone delays goes round the tile's own chain instead.
struct Sender {
  ActorId send{};
  std::optional<ActorId> late;
  std::int64_t saved = 0;   ///< of those, where the path goes on to the host's next step
  std::int64_t cycles = 0;  ///< worst, from decision to the end-of-step on the wire
};

/// The arcs of `timing_arcs` one for one where no tile is under a bound; under one, what contracts say of a
/// tile's firings takes the place of their worst case.
class Builder {
 public:
  Builder(const ImageView& image, const TileBounds& bounds, const BatchTimesOf& times)
      : image_(image),
        app_(image.application),
        binding_(image.binding),
        bounds_(bounds),
        timing_(timing_arcs(image, times)),
        names_(actor_names(image, timing_)) {
    find_batches();
    leave_out_streams();
    if (result_.batched) {
      // Batches are taken at their worst, and steps fall along arcs with tokens below 0: no pool.
      for (std::size_t t = 0; t < bounds_.size(); ++t) {
        if (bounds_[t]) bounds_[t]->pooled = false;
        if (!binding_.orders[t].empty() && batches_[binding_.orders[t].front().cluster.index()])
          bounds_[t].reset();
      }
      return;
    }
    if (std::none_of(bounds_.begin(), bounds_.end(),
                     [](const auto& bound) { return bound && bound->pooled; }))
      return;
    pool_ = pool_of(image, bounds_, timing_graph(image, {}));
    result_.fee = pool_.fee;
    for (const std::optional<TileBound>& bound : bounds_) pooled_.push_back(bound.value_or(TileBound{}));
    // A tile whose firings are all paid for needs no bound of its own.
    for (std::size_t t = 0; t < bounds_.size(); ++t)
      if (std::all_of(binding_.orders[t].begin(), binding_.orders[t].end(),
                      [&](const OrderEntry& entry) { return pool_.paid[entry.cluster.index()] != 0; }))
        bounds_[t].reset();
  }

  TimingGraph build() {
    const TimingArcs& timing = timing_;
    find_destinations();
    for (std::size_t c = 0; c < app_.clusters.size(); ++c)
      add_cluster(ClusterId{c}, timing.actors[TimingArcs::fire(ClusterId{c})].cycles,
                  timing.actors[TimingArcs::update(ClusterId{c})].cycles);
    for (std::size_t n = 0; n < timing.actors.size(); ++n) {
      const TimingActor& a = timing.actors[n];
      if (a.kind == ActorKind::kSink) add_sink(names_[n]);
      if (a.kind == ActorKind::kSend) add_sender(binding_.channels[a.of], a.cycles, names_[n]);
      if (a.kind == ActorKind::kCredit) add_credit(a, names_[n]);
    }
    auto arc = timing.arcs.begin();
    for (; arc != timing.arcs.end() && (arc->kind == ArcKind::kIntegrated || arc->kind == ArcKind::kOrder);
         ++arc)
      add_arc(timing, *arc);
    add_bursts();
    for (; arc != timing.arcs.end(); ++arc) add_arc(timing, *arc);
    for (const ClusterActors& actors : clusters_) result_.clusters.push_back({actors.fire, actors.done});
    for (const Sender& sender : senders_) result_.senders.push_back(sender.send);
    add_step();
    add_channels();
    result_.pages.resize(arcs_.size(), sdf::kNoGroup);
    return std::move(result_);
  }

 private:
  /// On the tile of the role's cluster, or at the host.
  ActorId actor(const ActorRole& role, const std::string& name, std::int64_t execution, std::int64_t lower) {
    const ClusterOrHost& at = role.of;
    const ActorId id = result_.graph.add_actor(name, execution);
    result_.tile.push_back(at ? binding_.placement[at->index()].tile.value : PointGraph::kNowhere);
    result_.lower.push_back(scaled(lower));
    result_.role.push_back(role);
    return id;
  }

  sdf::ChannelId arc(ActorId from, ActorId to, std::int64_t tokens, std::int64_t cycles,
                     const std::string& name) {
    return arc(from, to, tokens, tokens, cycles, name);
  }

  /// `after`: see TimingGraph.
  sdf::ChannelId arc(ActorId from, ActorId to, std::int64_t tokens, std::int64_t after, std::int64_t cycles,
                     const std::string& name) {
    sdf::Channel channel;
    channel.source = from;
    channel.target = to;
    channel.tokens = tokens;
    channel.latency = scaled(cycles);
    return add(channel, name, after);
  }

  sdf::ChannelId add(const sdf::Channel& channel, const std::string& name, std::int64_t after) {
    arcs_.push_back({channel, name, after});
    return sdf::ChannelId(arcs_.size() - 1);
  }

  void find_batches() {
    batches_.resize(app_.clusters.size());
    for (const std::vector<OrderEntry>& order : binding_.orders) {
      std::int64_t ahead = 1;
      for (const OrderEntry& entry : order) {
        const BatchTimes& times = timing_.batches[entry.cluster.index()];
        SPIKELOOM_CHECK(times.size() == timing_.batches[order.front().cluster.index()].size());
        if (times.size() == 1) continue;
        Batch batch = batch_of(times);
        batch.ahead = ahead;
        ahead += batch.more + 1;
        batches_[entry.cluster.index()] = batch;
        result_.batched = true;
      }
    }
  }

  /// Loads stand between a streaming tile's firings, and a step of the host waits for them: no bound for such
  /// tiles, and no pool.
  void leave_out_streams() {
    for (std::size_t t = 0; t < bounds_.size(); ++t) {
      const std::vector<OrderEntry>& order = binding_.orders[t];
      if (std::any_of(order.begin(), order.end(), [&](const OrderEntry& entry) {
            return weight_inbound(app_.clusters[entry.cluster.index()]) != nullptr;
          }))
        bounds_[t].reset();
    }
    if (std::none_of(app_.clusters.begin(), app_.clusters.end(),
                     [](const Cluster& cluster) { return weight_inbound(cluster) != nullptr; }))
      return;
    for (std::optional<TileBound>& bound : bounds_)
      if (bound) bound->pooled = false;
  }

  /// The host's step counted as the sink's: what its latency is counted from.
  void add_step() {
    result_.step = result_.source;
    if (!result_.batched) return;
    result_.step = actor({Role::kHost}, "host step", 0, 0);
    arc(result_.source, result_.step, 0, 0, "step");
    arc(result_.step, result_.step, 1, 0, "step");
  }

  /// Gives every actor the least lag with which no arc has tokens below 0.
  void add_channels() {
    std::vector<std::int64_t>& lag = result_.lag;
    lag.assign(result_.graph.actor_count(), 0);
    if (result_.batched) {
      std::vector<sdf::Channel> channels;
      for (const Arc& a : arcs_) channels.push_back(a.channel);
      Lags found = least_lags(lag.size(), channels);
      lag = std::move(found.lag);
      if (!found.circle.empty())
        result_.waits = "too short are delays, or too few pages, on " + circle(found.circle);
    }
    if (result_.batched)
      lag[result_.step.index()] = std::max(lag[result_.step.index()], lag[result_.sink.index()]);
    for (const Arc& a : arcs_) {
      sdf::Channel c = a.channel;
      const std::int64_t more = lag[c.target.index()] - lag[c.source.index()];
      c.tokens = std::max<std::int64_t>(0, c.tokens + more);  // below 0 only if `waits` says so
      result_.graph.add_channel(c, a.name);
      if (result_.batched) result_.after.push_back(a.after + more);
    }
  }

  [[nodiscard]] std::string circle(const std::vector<std::size_t>& arcs) const {
    std::string names = result_.graph.name(arcs_[arcs.front()].channel.source);
    for (const std::size_t a : arcs) names += " -> " + result_.graph.name(arcs_[a].channel.target);
    return names;
  }

  const std::string& cluster_name(ClusterId c) const { return app_.clusters[c.index()].name; }
  std::string place(ClusterId c) const {
    return tile_name(image_.chip, binding_.placement[c.index()].tile) + " ";
  }
  const std::optional<TileBound>& bound(TileId tile) const {
    static const std::optional<TileBound> none;
    return bounds_.empty() ? none : bounds_[tile.index()];
  }

  [[nodiscard]] bool paid(ClusterId c) const { return !pool_.paid.empty() && pool_.paid[c.index()] != 0; }

  /// Before it what pooled contracts leave over: a step's fee and the bursts.
  void add_sink(const std::string& name) {
    for (const TileId tile : pool_.tiles) {
      std::int64_t over = pooled_[tile.index()].sigma;
      for (const OrderEntry& entry : binding_.orders[tile.index()])
        over += pooled_[tile.index()].rho - scaled(least(entry.cluster).total());
      const ActorId id =
          result_.graph.add_actor(tile_name(image_.chip, tile) + " pool", std::max<std::int64_t>(0, over));
      result_.tile.push_back(tile.value);
      result_.lower.push_back(0);
      result_.role.push_back({Role::kPool});
      pools_.push_back(id);
    }
    result_.sink = actor({Role::kHost}, name, 0, 0);
  }

  void add_bursts() {
    for (std::size_t p = 0; p < pools_.size(); ++p)
      arc(pools_[p], p + 1 < pools_.size() ? pools_[p + 1] : result_.sink, 0, 0, "burst");
  }

  [[nodiscard]] FiringTime least(ClusterId c) const {
    const Cluster& cluster = app_.clusters[c.index()];
    return core_of(cluster).least(cluster, image_.chip.kind(cluster.kind));
  }

  /// The sequencer sees its first order entry in cycle 0, so nothing fires before cycle 1.
  void add_cluster(ClusterId id, std::int64_t integrate, std::int64_t update) {
    const std::string &fire = names_[TimingArcs::fire(id)], &updates = names_[TimingArcs::update(id)];
    const auto named = [&](const char* what) { return place(id) + what + cluster_name(id); };
    const std::vector<OrderEntry>& order = binding_.orders[binding_.placement[id.index()].tile.index()];
    const std::optional<TileBound>& limit = bound(binding_.placement[id.index()].tile);
    ClusterActors actors;
    actors.round = static_cast<std::int64_t>(order.size());
    while (order[static_cast<std::size_t>(actors.position)].cluster != id) ++actors.position;
    actors.bounded = limit.has_value();
    actors.batch = batches_[id.index()];
    if (actors.batch) {
      // All time is on arcs, so that a firing is over once it has begun: docs/architecture.md, "Time".
      actors.fire = actor({Role::kFire, id}, fire, 0, 1);
      actors.freed = actor({Role::kAfter, id}, named("free "), 0, 0);
      actors.done = actor({Role::kAfter, id}, named("done "), 0, 0);
    } else if (!limit) {
      const FiringTime time = paid(id) ? least(id) : FiringTime{integrate, update};
      actors.fire = actors.freed = actor({Role::kFire, id}, fire, scaled(time.integrate), 1);
      actors.done = actor({Role::kAfter, id}, updates, scaled(time.update), 0);
    } else {
      // The page is free at least `update` before the firing ends.
      const std::int64_t before = scaled(least(id).update);
      actors.fire = actor({Role::kFire, id}, fire, limit->rho, 1);
      actors.freed =
          actor({Role::kAfter, id}, named("free "), std::max<std::int64_t>(0, limit->sigma - before), 0);
      actors.done = actor({Role::kAfter, id}, named("done "), limit->sigma, 0);
    }
    clusters_.push_back(actors);
  }

  void add_sender(const Channel& channel, std::int64_t cycles, const std::string& name) {
    Sender sender;
    sender.cycles = cycles;
    sender.saved = channel.from ? 0 : saved(channel, sender.cycles);
    sender.send = actor({Role::kSend, channel.from}, name, scaled(sender.cycles - sender.saved), 0);
    if (!channel.from)
      result_.source = sender.send;
    else if (bound(binding_.placement[channel.from->index()].tile) || batches_[channel.from->index()])
      sender.late = actor({Role::kSend, channel.from}, name + " late", scaled(sender.cycles), 0);
    if (channel.from && batches_[channel.from->index()]) {
      arc(sender.send, sender.send, 1, 0, "list after list");
      arc(*sender.late, *sender.late, 1, 0, "list after list");
    }
    senders_.push_back(sender);
  }

  void find_destinations() {
    for (const Channel& channel : binding_.channels)
      for (const Destination& to : channel.to) destinations_.emplace_back(&channel, &to);
  }

  void add_credit(const TimingActor& credit, const std::string& name) {
    const auto& [channel, to] = destinations_[credit.of];
    credits_.push_back(actor({Role::kCredit, to->to, channel->from}, name, scaled(credit.cycles), 0));
  }

  /// A path that goes on from a step of the host to the next passes by the firings that get what it sent.
  /// Those that the pool pays for work more than the least then, a row for every chunk: so much is paid
  /// already. Worst over the numbers of chunks.
  [[nodiscard]] std::int64_t saved(const Channel& channel, std::int64_t cycles) const {
    std::int64_t most = 0;
    for (const Destination& to : channel.to) {
      if (!to.to || !paid(*to.to)) continue;
      const Inbound& inbound = app_.clusters[to.to->index()].inbound[to.inbound];
      if (inbound.delay != 0) continue;
      const std::int64_t flits = worst_flits(app_, channel), others = flits - 1 - inbound.source_count;
      std::int64_t net = 0;
      for (std::int64_t n = 1; n <= flits; ++n)
        net =
            std::max(net, worst_send(channel.slots, image_.chip.spike_wheel, n) -
                              pool_.least_chunk[to.to->index()] * std::max<std::int64_t>(0, n - 1 - others));
      most = std::max(most, cycles - net);
    }
    return most;
  }

  /// Where the arc comes from and goes to are actors of `timing`: the nth send and the nth credit are those
  /// of the same number here.
  void add_arc(const TimingArcs& timing, const TimingArc& a) {
    const TimingActor &from = timing.actors[a.from], &to = timing.actors[a.to];
    const std::string name = name_of(a.kind);
    switch (a.kind) {
      case ArcKind::kIntegrated: {
        const ClusterActors& c = clusters_[from.of];
        if (c.batch) {
          const Batch& b = *c.batch;
          const std::int64_t others = b.pages - 1;
          arc(c.fire, c.freed, 0, b.first.integrate + others * (b.ahead + b.more_integrate), name);
          arc(c.fire, c.done, 0, b.of(b.pages) + others * b.ahead, name);
        } else if (!c.bounded) {
          arc(c.fire, c.done, a.tokens, a.cycles, name);
        } else {
          arc(c.fire, c.freed, 0, 0, "burst");
          arc(c.fire, c.done, 0, 0, "burst");
        }
        return;
      }
      case ArcKind::kOrder: {
        const ClusterActors& here = clusters_[from.of];
        if (!here.batch)
          arc(here.bounded ? here.fire : here.done, clusters_[to.of].fire, a.tokens, a.cycles, name);
        else if (a.tokens == 0)
          arc(here.fire, clusters_[to.of].fire, 0, 0, here.batch->first.total() + a.cycles, name);
        else
          add_next_turn(here, clusters_[to.of].fire, a.cycles, 0, name);
        return;
      }
      case ArcKind::kHostQueue: {
        const bool wraps = a.tokens != 0;
        arc(senders_[from.of].send, senders_[to.of].send, a.tokens,
            a.cycles + (wraps ? 0 : senders_[from.of].saved), name);
        return;
      }
      case ArcKind::kWindow:
        arc(result_.sink, senders_[to.of].send, a.tokens, a.cycles, name);
        return;
      case ArcKind::kOutputBuffer:
        arc(clusters_[from.of].done, senders_[to.of].send, a.tokens, a.cycles, name);
        return;
      case ArcKind::kOutputFree:
        add_after_send(from.of, clusters_[to.of], a.tokens, a.cycles, name);
        return;
      case ArcKind::kToHost:
        result_.ends.push_back({arc(senders_[from.of].send, pools_.empty() ? result_.sink : pools_.front(),
                                    a.tokens, a.cycles, name)
                                    .value});
        return;
      case ArcKind::kSpikes:
        add_spikes(from.of, ClusterId{to.of}, a, name);
        return;
      case ArcKind::kPageFree:
        arc(clusters_[from.of].freed, credits_[next_credit_], a.tokens, a.cycles, name);
        return;
      case ArcKind::kCreditSlot:
        arc(credits_[next_credit_], credits_[next_credit_], a.tokens, a.cycles, name);
        return;
      case ArcKind::kPages:
        add_pages(from.of, senders_[to.of], a, name);
        return;
      case ArcKind::kRegionFree:
        arc(clusters_[from.of].done, credits_[next_credit_], a.tokens, a.cycles, name);
        return;
      case ArcKind::kRegion: {
        PointGraph::End& end = result_.ends.back();
        end.credit = credits_[next_credit_].value;
        end.pages = arc(credits_[next_credit_++], senders_[to.of].send, a.tokens, a.cycles, name).value;
        return;
      }
    }
  }

  void add_spikes(std::uint32_t channel, ClusterId target, const TimingArc& a, const std::string& name) {
    const Sender& sender = senders_[channel];
    const ClusterOrHost& source = binding_.channels[channel].from;
    const bool local =
        source && binding_.placement[source->index()].tile == binding_.placement[target.index()].tile;
    const ActorId fire = clusters_[target.index()].fire;
    PointGraph::End end;
    if (const std::optional<Batch>& batch = clusters_[target.index()].batch) {
      result_.ends.push_back(end);
      if (local)
        add_own_spikes(channel, target, a, name);
      else if (source && a.tokens == 0 && clusters_[source->index()].batch &&
               clusters_[source->index()].batch->pages == batch->pages)
        add_same_batch(channel, clusters_[target.index()], a, name);
      else
        add_batch_arrival(sender.send, fire, a, batch->pages, name);
      return;
    }
    end.arrival = local ? add_after_send(channel, clusters_[target.index()], a.tokens, a.cycles, name).value
                        : arc(sender.send, fire, a.tokens, a.cycles + sender.saved, name).value;
    result_.ends.push_back(end);
  }

  void add_pages(std::uint32_t destination, const Sender& sender, const TimingArc& a,
                 const std::string& name) {
    const ActorId credit = credits_[next_credit_++];
    const auto pages_arc = [&](ActorId sends) {
      result_.pages.resize(arcs_.size(), sdf::kNoGroup);
      result_.pages.push_back(destinations_[destination].second->to->index());
      return arc(credit, sends, a.tokens, a.cycles, name);
    };
    PointGraph::End& end = result_.ends.back();
    end.credit = credit.value;
    end.pages = pages_arc(sender.send).value;
    if (sender.late) pages_arc(*sender.late);
  }

  /// A firing of the source's own tile waits for the channel's end-of-step and `cycles` more. Without a
  /// bound: an arc from `send`. Under (rho, sigma): the end-of-step is at max(end of the source's firing + 1,
  /// credits) + send. The first term is E(n) >= E(n - d) + c + w(n) within the tile's sequence of firings, d
  /// firings back; since works are not negative, the contract covers any part of a run, and d·rho + c on the
  /// chain is enough, without sigma. The second is an arc from `late`.
  sdf::ChannelId add_after_send(std::uint32_t channel, const ClusterActors& target, std::int64_t tokens,
                                std::int64_t cycles, const std::string& name) {
    const Sender& sender = senders_[channel];
    if (!sender.late) return arc(sender.send, target.fire, tokens, cycles, name);
    if (target.batch) {  // the buffer of a batch's lists
      SPIKELOOM_CHECK(tokens == 1 && cycles == 0);
      const ClusterActors& source = clusters_[binding_.channels[channel].from->index()];
      add_next_turn(source, target.fire, kListVisible, sender.cycles, name);
      // No firing waits longer for it; it tells a latency that lists do not run behind for ever.
      sdf::Channel sent;
      sent.source = sender.send;
      sent.target = target.fire;
      sent.tokens = 2 * target.batch->pages;
      add(sent, name, target.batch->pages);
      return arc(*sender.late, target.fire, 1, target.batch->pages, 0, name);
    }
    const sdf::ChannelId arrival = arc(*sender.late, target.fire, tokens, cycles, name);
    const ClusterId from = *binding_.channels[channel].from;
    const ClusterActors& source = clusters_[from.index()];
    const std::int64_t back = target.position - source.position + tokens * source.round;
    SPIKELOOM_CHECK(back >= 1);
    const std::int64_t rho = bound(binding_.placement[from.index()].tile)->rho;
    sdf::Channel own;
    own.source = source.fire;
    own.target = target.fire;
    own.tokens = tokens;
    // The source's execution is one rho.
    own.latency = (back - 1) * rho + scaled(kListVisible + sender.cycles + cycles);
    add(own, name, tokens);
    return arrival;
  }

  /// A firing in the next turn follows the firing of n pages, whichever n may be, by `cycles` and `each` a
  /// page: n steps on.
  void add_next_turn(const ClusterActors& from, ActorId to, std::int64_t cycles, std::int64_t each,
                     const std::string& name) {
    const Batch& batch = *from.batch;
    for (std::int64_t n = 1; n <= batch.pages; ++n)
      arc(from.fire, to, n, batch.pages, batch.of(n) + (n - 1) * batch.ahead + cycles + n * each, name);
  }

  /// The last of a batch's pages is at most pages − 1 steps behind its first.
  void add_batch_arrival(ActorId send, ActorId fire, const TimingArc& a, std::int64_t pages,
                         const std::string& name) {
    sdf::Channel channel;
    channel.source = send;
    channel.target = fire;
    channel.tokens = a.tokens - (pages - 1);
    channel.latency = scaled(a.cycles);
    add(channel, name, a.tokens);
  }

  /// Batches of as many pages cover the same steps everywhere: the lists of one are the pages of the other.
  void add_same_batch(std::uint32_t channel, const ClusterActors& target, const TimingArc& a,
                      const std::string& name) {
    const Sender& sender = senders_[channel];
    const std::int64_t pages = target.batch->pages;
    arc(clusters_[binding_.channels[channel].from->index()].done, target.fire, 0,
        kListVisible + pages * sender.cycles + a.cycles, name);
    arc(*sender.late, target.fire, 1 - pages, 0, a.cycles, name);
  }

  /// Spikes from one context of a tile to another: turns of both cover the same steps.
  void add_own_spikes(std::uint32_t channel, ClusterId to, const TimingArc& a, const std::string& name) {
    const Sender& sender = senders_[channel];
    const ClusterId from = *binding_.channels[channel].from;
    const ClusterActors &source = clusters_[from.index()], &target = clusters_[to.index()];
    const Batch &b = *source.batch, &after = *target.batch;
    const std::int64_t pages = b.pages, list_to_page = kListVisible + a.cycles;
    const bool precedes = source.position < target.position;
    if (precedes && a.tokens >= pages) {
      // All of it was sent before the source fired in this turn.
      arc(source.fire, target.fire, 0, 0, a.cycles, name);
    } else if (precedes) {
      const std::int64_t more =
          std::max<std::int64_t>(0, b.more + sender.cycles + b.ahead - after.ahead) * (pages - 1);
      arc(source.fire, target.fire, 0, 0, b.first.total() + sender.cycles + list_to_page + more, name);
      arc(*sender.late, target.fire, a.tokens - (pages - 1), a.tokens, a.cycles, name);
    } else if (a.tokens < pages) {
      result_.waits = cluster_name(to) + " reads " + cluster_name(from) + " on " + place(from) +
                      "with a delay of " + std::to_string(a.tokens) + ", whose batches of " +
                      std::to_string(pages) + " pages then wait for themselves";
    } else if (a.tokens < 2 * pages) {
      add_next_turn(source, target.fire, list_to_page, sender.cycles, name);
      arc(*sender.late, target.fire, a.tokens - (pages - 1), a.tokens, a.cycles, name);
    } else {
      add_batch_arrival(sender.send, target.fire, a, pages, name);
    }
  }

  struct Arc {
    sdf::Channel channel;
    std::string name;
    std::int64_t after = 0;
  };

  ImageView image_;
  const Application& app_;
  const Binding& binding_;
  TileBounds bounds_;
  const TimingArcs timing_;
  const std::vector<std::string> names_;  ///< of its actors
  std::vector<TileBound> pooled_;         ///< by TileId
  Pool pool_;
  TimingGraph result_;
  std::vector<Arc> arcs_;                      ///< by ChannelId, tokens as steps count them
  std::vector<std::optional<Batch>> batches_;  ///< by ClusterId; nothing where a firing takes one page
  std::vector<ActorId> pools_;
  std::vector<ClusterActors> clusters_;
  std::vector<Sender> senders_;                                              ///< by channel of the binding
  std::vector<std::pair<const Channel*, const Destination*>> destinations_;  ///< channel after channel
  std::vector<ActorId> credits_;                                             ///< of those to clusters
  std::size_t next_credit_ = 0;
};

}  // namespace

TimingGraph timing_graph(const ImageView& image, const TileBounds& bounds, const BatchTimesOf& times) {
  return Builder(image, bounds, times).build();
}

}  // namespace spikeloom
