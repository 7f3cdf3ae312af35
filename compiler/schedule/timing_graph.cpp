#include "compiler/schedule/timing_graph.hpp"

#include <algorithm>

#include "compiler/base/error.hpp"
#include "compiler/chip/timing.hpp"
#include "compiler/schedule/pool.hpp"

namespace spikeloom {
namespace {

using sdf::ActorId;

constexpr std::int64_t scaled(std::int64_t cycles) { return cycles * kTimeScale; }

/// The actors of one cluster: `fire` starts when the sequencer fires, `freed` ends when the page is free,
/// `done` ends when the output buffer is full.
struct ClusterActors {
  ActorId fire{}, freed{}, done{};
  std::int64_t position = 0;  ///< in its tile's order
  std::int64_t round = 1;     ///< firings of a round of its tile
};

/// A channel's step: `send` starts when its list and its credits are there. On a tile under a bound `late`
/// starts when the credits are there: what the list alone delays goes round the tile's own chain instead.
struct Sender {
  ActorId send{};
  std::optional<ActorId> late;
  std::int64_t saved = 0;   ///< of those, where the path goes on to the host's next step
  std::int64_t cycles = 0;  ///< worst, from decision to the end-of-step on the wire
};

class Builder {
 public:
  Builder(const ImageView& image, const TileBounds& bounds)
      : image_(image), app_(image.application), binding_(image.binding), bounds_(bounds) {
    if (std::none_of(bounds.begin(), bounds.end(), [](const auto& bound) { return bound && bound->pooled; }))
      return;
    pool_ = pool_of(image, bounds, timing_graph(image, {}));
    result_.fee = pool_.fee;
    for (const std::optional<TileBound>& bound : bounds) pooled_.push_back(bound.value_or(TileBound{}));
    // A tile whose firings are all paid for needs no bound of its own.
    for (std::size_t t = 0; t < bounds_.size(); ++t)
      if (std::all_of(binding_.orders[t].begin(), binding_.orders[t].end(),
                      [&](const OrderEntry& entry) { return pool_.paid[entry.cluster.index()] != 0; }))
        bounds_[t].reset();
  }

  TimingGraph build() {
    for (std::size_t c = 0; c < app_.clusters.size(); ++c) add_cluster(ClusterId{c});
    for (std::size_t t = 0; t < binding_.orders.size(); ++t) add_order(TileId{t});
    add_sink();
    for (const Channel& channel : binding_.channels) add_sender(channel);
    add_host_order();
    for (std::size_t n = 0; n < binding_.channels.size(); ++n) add_channel(binding_.channels[n], senders_[n]);
    for (const ClusterActors& actors : clusters_) result_.clusters.push_back({actors.fire, actors.done});
    for (const Sender& sender : senders_) result_.senders.push_back(sender.send);
    result_.pages.resize(result_.graph.channel_count(), sdf::kNoGroup);
    return std::move(result_);
  }

 private:
  /// On the tile of cluster `at`, or at the host.
  ActorId actor(const ClusterOrHost& at, const std::string& name, std::int64_t execution,
                std::int64_t lower) {
    const ActorId id = result_.graph.add_actor((at ? place(*at) : "") + name, execution);
    result_.tile.push_back(at ? binding_.placement[at->index()].tile.value : PointGraph::kNowhere);
    result_.lower.push_back(scaled(lower));
    return id;
  }

  sdf::ChannelId arc(ActorId from, ActorId to, std::int64_t tokens, std::int64_t cycles,
                     const std::string& name) {
    sdf::Channel channel;
    channel.source = from;
    channel.target = to;
    channel.tokens = tokens;
    channel.latency = scaled(cycles);
    return result_.graph.add_channel(channel, name);
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
  void add_sink() {
    for (const TileId tile : pool_.tiles) {
      std::int64_t over = pooled_[tile.index()].sigma;
      for (const OrderEntry& entry : binding_.orders[tile.index()])
        over += pooled_[tile.index()].rho - scaled(least_work(app_.clusters[entry.cluster.index()]));
      const ActorId id =
          result_.graph.add_actor(tile_name(image_.chip, tile) + " pool", std::max<std::int64_t>(0, over));
      result_.tile.push_back(tile.value);
      result_.lower.push_back(0);
      if (!pools_.empty()) arc(pools_.back(), id, 0, 0, "burst");
      pools_.push_back(id);
    }
    result_.sink = actor(std::nullopt, "host sink", 0, 0);
    if (!pools_.empty()) arc(pools_.back(), result_.sink, 0, 0, "burst");
  }

  /// The sequencer sees its first order entry in cycle 0, so nothing fires before cycle 1.
  void add_cluster(ClusterId id) {
    const Cluster& cluster = app_.clusters[id.index()];
    const std::vector<OrderEntry>& order = binding_.orders[binding_.placement[id.index()].tile.index()];
    const std::int64_t walk = timing::kIntegrate + (paid(id) ? 0 : worst_integration(cluster));
    const std::int64_t update = timing::kUpdate + static_cast<std::int64_t>(cluster.updates.size());
    const std::optional<TileBound>& limit = bound(binding_.placement[id.index()].tile);
    ClusterActors actors;
    actors.round = static_cast<std::int64_t>(order.size());
    while (order[static_cast<std::size_t>(actors.position)].cluster != id) ++actors.position;
    if (!limit) {
      actors.fire = actors.freed = actor(id, "fire " + cluster.name, scaled(walk), 1);
      actors.done = actor(id, "update " + cluster.name, scaled(update), 0);
      arc(actors.fire, actors.done, 0, 0, "integrated");
    } else {
      // The page is free `update` before the firing ends, exactly.
      actors.fire = actor(id, "fire " + cluster.name, limit->rho, 1);
      actors.freed =
          actor(id, "free " + cluster.name, std::max<std::int64_t>(0, limit->sigma - scaled(update)), 0);
      actors.done = actor(id, "done " + cluster.name, limit->sigma, 0);
      arc(actors.fire, actors.freed, 0, 0, "burst");
      arc(actors.fire, actors.done, 0, 0, "burst");
    }
    clusters_.push_back(actors);
  }

  /// After a firing ends: LOAD, then WAIT may fire.
  void add_order(TileId tile) {
    const std::vector<OrderEntry>& order = binding_.orders[tile.index()];
    for (std::size_t i = 0; i < order.size(); ++i) {
      SPIKELOOM_CHECK(order[i].skip == 0);
      const bool wraps = i + 1 == order.size();
      const ClusterActors& here = clusters_[order[i].cluster.index()];
      const ClusterActors& next = clusters_[order[wraps ? 0 : i + 1].cluster.index()];
      arc(bound(tile) ? here.fire : here.done, next.fire, wraps ? 1 : 0, 2, "order");
    }
  }

  void add_sender(const Channel& channel) {
    const std::int64_t flits = worst_flits(app_, channel);
    Sender sender;
    sender.cycles = worst_send(channel.slots, image_.chip.spike_wheel, flits);
    std::string name = channel.from ? "send " + cluster_name(*channel.from) : "host send";
    // The host's numbers are the chip's; an application counts its own from 0.
    const std::size_t number = channel.from ? channel.number : host_.size();
    if (number != 0) name += "#" + std::to_string(number);
    sender.saved = channel.from ? 0 : saved(channel, sender.cycles);
    sender.send = actor(channel.from, name, scaled(sender.cycles - sender.saved), 0);
    if (!channel.from) {
      host_.push_back(sender.send);
      host_saved_.push_back(sender.saved);
      result_.source = sender.send;
    } else if (bound(binding_.placement[channel.from->index()].tile)) {
      sender.late = actor(channel.from, name + " late", scaled(sender.cycles), 0);
    }
    senders_.push_back(sender);
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
        net = std::max(net, worst_send(channel.slots, image_.chip.spike_wheel, n) -
                                pool_.least_row[to.to->index()] * std::max<std::int64_t>(0, n - 1 - others));
      most = std::max(most, cycles - net);
    }
    return most;
  }

  /// One queue: the channels' words of a step follow one another, then the next step's.
  void add_host_order() {
    for (std::size_t i = 0; i < host_.size(); ++i) {
      const bool wraps = i + 1 == host_.size();
      arc(host_[i], host_[wraps ? 0 : i + 1], wraps ? 1 : 0, wraps ? 0 : host_saved_[i], "host queue");
    }
  }

  void add_channel(const Channel& channel, const Sender& sender) {
    if (channel.from) {
      const ClusterActors& source = clusters_[channel.from->index()];
      arc(source.done, sender.send, 0, 1, "output buffer");
      add_after_send(channel, sender, source, 1, 0, "output buffer free");
    }
    for (const Destination& to : channel.to) {
      PointGraph::End end;
      if (!to.to) {
        end.arrival =
            arc(sender.send, pools_.empty() ? result_.sink : pools_.front(), 0, to.hops, "to host").value;
        result_.ends.push_back(end);
        continue;
      }
      const std::int64_t delay = app_.clusters[to.to->index()].inbound[to.inbound].delay;
      const ClusterActors& target = clusters_[to.to->index()];
      const bool local = channel.from && binding_.placement[channel.from->index()].tile ==
                                             binding_.placement[to.to->index()].tile;
      end.arrival = local ? add_after_send(channel, sender, target, delay, to.hops + 1, "spikes").value
                          : arc(sender.send, target.fire, delay, to.hops + 1 + sender.saved, "spikes").value;
      add_credits(channel, to, delay, target, sender, end);
      result_.ends.push_back(end);
    }
  }

  /// A firing of the source's own tile waits for the channel's end-of-step and `cycles` more. Without a
  /// bound: an arc from `send`. Under (rho, sigma): the end-of-step is at max(end of the source's firing + 1,
  /// credits) + send. The first term is E(n) >= E(n - d) + c + w(n) within the tile's sequence of firings, d
  /// firings back; since works are not negative, the contract covers any part of a run, and d·rho + c on the
  /// chain is enough, without sigma. The second is an arc from `late`.
  sdf::ChannelId add_after_send(const Channel& channel, const Sender& sender, const ClusterActors& target,
                                std::int64_t tokens, std::int64_t cycles, const std::string& name) {
    if (!sender.late) return arc(sender.send, target.fire, tokens, cycles, name);
    const sdf::ChannelId arrival = arc(*sender.late, target.fire, tokens, cycles, name);
    const ClusterActors& source = clusters_[channel.from->index()];
    const std::int64_t back = target.position - source.position + tokens * source.round;
    SPIKELOOM_CHECK(back >= 1);
    const std::int64_t rho = bound(binding_.placement[channel.from->index()].tile)->rho;
    sdf::Channel own;
    own.source = source.fire;
    own.target = target.fire;
    own.tokens = tokens;
    own.latency = (back - 1) * rho + scaled(1 + sender.cycles + cycles);  // the source's execution is one rho
    result_.graph.add_channel(own, name);
    return arrival;
  }

  /// A freed page waits for the channel's credit slot: the wait is in the credit actor's loop.
  void add_credits(const Channel& channel, const Destination& to, std::int64_t delay,
                   const ClusterActors& target, const Sender& sender, PointGraph::End& end) {
    const std::int64_t wait = worst_send(to.credit_slots, image_.chip.credit_wheel, 1) - 1;
    const std::string from = channel.from ? cluster_name(*channel.from) : "host";
    const ActorId credit = actor(*to.to, "credit " + cluster_name(*to.to) + " from " + from, scaled(wait), 0);
    arc(target.freed, credit, 0, 2, "page free");
    arc(credit, credit, 1, 1, "credit slot");
    const std::int64_t pages = binding_.placement[to.to->index()].rows;
    const auto pages_arc = [&](ActorId sends) {
      result_.pages.resize(result_.graph.channel_count(), sdf::kNoGroup);
      result_.pages.push_back(to.to->index());
      return arc(credit, sends, pages - delay, to.credit_hops + 1, "pages");
    };
    end.credit = credit.value;
    end.pages = pages_arc(sender.send).value;
    if (sender.late) pages_arc(*sender.late);
  }

  ImageView image_;
  const Application& app_;
  const Binding& binding_;
  TileBounds bounds_;
  std::vector<TileBound> pooled_;  ///< by TileId
  Pool pool_;
  TimingGraph result_;
  std::vector<ActorId> pools_;
  std::vector<ClusterActors> clusters_;
  std::vector<Sender> senders_;  ///< by channel of the binding
  std::vector<ActorId> host_;    ///< by host channel
  std::vector<std::int64_t> host_saved_;
};

}  // namespace

TimingGraph timing_graph(const ImageView& image, const TileBounds& bounds) {
  return Builder(image, bounds).build();
}

std::int64_t worst_send(const std::vector<std::uint32_t>& slots, std::uint32_t wheel, std::int64_t flits) {
  SPIKELOOM_CHECK(!slots.empty() && flits > 0);
  const auto count = static_cast<std::int64_t>(slots.size());
  std::int64_t worst = 0;
  // The longest wait begins when a slot has just been missed: decided in its own wire cycle.
  for (std::size_t missed = 0; missed < slots.size(); ++missed) {
    const std::int64_t last = static_cast<std::int64_t>(missed) + flits;
    const std::int64_t at = last / count * wheel + slots[static_cast<std::size_t>(last % count)];
    worst = std::max(worst, at - slots[missed]);
  }
  return worst;
}

std::int64_t least_work(const Cluster& cluster) {
  return timing::kIntegrate + timing::kUpdate + static_cast<std::int64_t>(cluster.updates.size());
}

std::string tile_name(const Chip& chip, TileId tile) {
  return "tile(" + std::to_string(tile.value % chip.width) + "," + std::to_string(tile.value / chip.width) +
         ")";
}

}  // namespace spikeloom
