#include "compiler/schedule/arcs.hpp"

#include <algorithm>
#include <optional>

#include "compiler/base/error.hpp"
#include "compiler/core/core.hpp"

namespace spikeloom {
namespace {

using ActorKind = TimingActor::Kind;
using ArcKind = TimingArc::Kind;

class ArcBuilder {
 public:
  ArcBuilder(const ImageView& image, const BatchTimesOf& times)
      : app_(image.application),
        binding_(image.binding),
        chip_(image.chip),
        window_(image.window),
        times_(times) {}

  TimingArcs build() {
    for (std::size_t c = 0; c < app_.clusters.size(); ++c) add_cluster(ClusterId{c});
    for (const std::vector<OrderEntry>& order : binding_.orders) add_order(order);
    sink_ = actor(ActorKind::kSink, 0, 0);
    for (std::size_t n = 0; n < binding_.channels.size(); ++n) add_sender(n);
    add_credit_actors();
    add_host_queue();
    add_window();
    for (std::size_t n = 0; n < binding_.channels.size(); ++n) add_channel(n);
    return std::move(result_);
  }

 private:
  std::uint32_t actor(ActorKind kind, std::size_t of, std::int64_t cycles) {
    result_.actors.push_back({kind, static_cast<std::uint32_t>(of), cycles});
    return static_cast<std::uint32_t>(result_.actors.size() - 1);
  }
  void arc(ArcKind kind, std::uint32_t from, std::uint32_t to, std::int64_t tokens, std::int64_t cycles) {
    result_.arcs.push_back({kind, from, to, tokens, cycles});
  }

  void add_cluster(ClusterId id) {
    const Cluster& cluster = app_.clusters[id.index()];
    result_.batches.push_back(times_(cluster, chip_.kind(cluster.kind)));
    SPIKELOOM_CHECK(!result_.batches.back().empty());
    const FiringTime worst = result_.batches.back().front();
    const std::uint32_t fire = actor(ActorKind::kFire, id.index(), worst.integrate);
    arc(ArcKind::kIntegrated, fire, actor(ActorKind::kUpdate, id.index(), worst.update), 0, 0);
  }

  void add_order(const std::vector<OrderEntry>& order) {
    for (std::size_t i = 0; i < order.size(); ++i) {
      SPIKELOOM_CHECK(order[i].skip == 0);
      const bool wraps = i + 1 == order.size();
      arc(ArcKind::kOrder, TimingArcs::update(order[i].cluster),
          TimingArcs::fire(order[wraps ? 0 : i + 1].cluster), wraps ? 1 : 0, kTurnCycles);
    }
  }

  void add_sender(std::size_t n) {
    const Channel& channel = binding_.channels[n];
    senders_.push_back(
        actor(ActorKind::kSend, n, worst_send(channel.slots, chip_.spike_wheel, worst_flits(app_, channel))));
    if (!channel.from) host_.push_back(senders_.back());
  }

  /// A freed page waits for the channel's credit slot: the wait is in the credit actor's loop.
  void add_credit_actors() {
    std::uint32_t destination = 0;
    for (const Channel& channel : binding_.channels)
      for (const Destination& to : channel.to) {
        if (to.to)
          credits_.push_back(
              actor(ActorKind::kCredit, destination, worst_wait(to.credit_slots, chip_.credit_wheel)));
        ++destination;
      }
  }

  /// One queue: the channels' words of a step follow one another, then the next step's.
  void add_host_queue() {
    for (std::size_t i = 0; i < host_.size(); ++i) {
      const bool wraps = i + 1 == host_.size();
      arc(ArcKind::kHostQueue, host_[i], host_[wraps ? 0 : i + 1], wraps ? 1 : 0, wraps ? waits() : 0);
    }
  }

  /// WAIT words in front of a step, one a sink; one leaves a cycle.
  [[nodiscard]] std::int64_t waits() const {
    return window_ > 0 ? static_cast<std::int64_t>(app_.sinks.size()) : 0;
  }

  /// The last end-of-step is a token in the next cycle; then the WAITs leave.
  void add_window() {
    if (window_ > 0) arc(ArcKind::kWindow, sink_, host_.front(), window_, 1 + waits());
  }

  void add_channel(std::size_t n) {
    const Channel& channel = binding_.channels[n];
    const std::uint32_t send = senders_[n];
    if (channel.from) {
      arc(ArcKind::kOutputBuffer, TimingArcs::update(*channel.from), send, 0, kListVisible);
      arc(ArcKind::kOutputFree, send, TimingArcs::fire(*channel.from), 1, 0);
    }
    for (const Destination& to : channel.to) {
      if (!to.to) {
        arc(ArcKind::kToHost, send, sink_, 0, to.hops);
        continue;
      }
      const std::int64_t delay = app_.clusters[to.to->index()].inbound[to.inbound].delay;
      const std::int64_t pages = binding_.placement[to.to->index()].rows;
      const std::uint32_t credit = credits_[next_credit_++];
      arc(ArcKind::kSpikes, send, TimingArcs::fire(*to.to), delay, to.hops + 1);
      const bool weights = weights_of(app_, channel) != nullptr;
      const StreamTurn turn = weights ? stream_turn(app_, binding_, *to.to) : StreamTurn{*to.to};
      if (weights)
        arc(ArcKind::kRegionFree, TimingArcs::update(turn.after), credit, 0, 2);
      else
        arc(ArcKind::kPageFree, TimingArcs::fire(*to.to), credit, 0, 2);
      arc(ArcKind::kCreditSlot, credit, credit, 1, 1);
      if (weights)
        arc(ArcKind::kRegion, credit, send, turn.is_first ? 1 : 0, to.credit_hops + 1);
      else
        arc(ArcKind::kPages, credit, send, pages - delay, to.credit_hops + 1);
    }
  }

  const Application& app_;
  const Binding& binding_;
  const Chip& chip_;
  std::int64_t window_;
  const BatchTimesOf& times_;
  TimingArcs result_;
  std::uint32_t sink_ = 0;
  std::vector<std::uint32_t> senders_, host_, credits_;
  std::size_t next_credit_ = 0;
};

}  // namespace

BatchTimes batch_times(const Cluster& cluster, const TileConfig& tile) {
  const Core& core = core_of(cluster);
  const std::uint32_t pages = core.pages_per_firing(tile);
  if (pages == 1) return {core.worst(cluster, tile)};
  BatchTimes times;
  std::vector<std::uint16_t> full;
  for (std::uint32_t n = 0; n < pages; ++n) {
    full.insert(full.end(), cluster.chunk_bits.begin(), cluster.chunk_bits.end());
    times.push_back(core.time(cluster, tile, full, n + 1));
  }
  return times;
}

TimingArcs timing_arcs(const ImageView& image, const BatchTimesOf& times) {
  return ArcBuilder(image, times).build();
}

std::string name_of(TimingArc::Kind kind) {
  switch (kind) {
    case ArcKind::kIntegrated:
      return "integrated";
    case ArcKind::kOrder:
      return "order";
    case ArcKind::kHostQueue:
      return "host queue";
    case ArcKind::kWindow:
      return "window";
    case ArcKind::kOutputBuffer:
      return "output buffer";
    case ArcKind::kOutputFree:
      return "output buffer free";
    case ArcKind::kSpikes:
      return "spikes";
    case ArcKind::kToHost:
      return "to host";
    case ArcKind::kPageFree:
      return "page free";
    case ArcKind::kCreditSlot:
      return "credit slot";
    case ArcKind::kPages:
      return "pages";
    case ArcKind::kRegionFree:
      return "region free";
    case ArcKind::kRegion:
      return "region";
  }
  SPIKELOOM_CHECK(false);
}

std::vector<std::string> actor_names(const ImageView& image, const TimingArcs& timing) {
  const Application& app = image.application;
  const auto name = [&](ClusterId c) { return app.clusters[c.index()].name; };
  const auto at = [&](ClusterId c) {
    return tile_name(image.chip, image.binding.placement[c.index()].tile) + " ";
  };
  std::vector<std::pair<const Channel*, const Destination*>> destinations;
  for (const Channel& channel : image.binding.channels)
    for (const Destination& to : channel.to) destinations.emplace_back(&channel, &to);
  std::vector<std::string> names;
  std::size_t host_channels = 0;
  for (const TimingActor& actor : timing.actors) switch (actor.kind) {
      case ActorKind::kFire:
        names.push_back(at(ClusterId{actor.of}) + "fire " + name(ClusterId{actor.of}));
        break;
      case ActorKind::kUpdate:
        names.push_back(at(ClusterId{actor.of}) + "update " + name(ClusterId{actor.of}));
        break;
      case ActorKind::kSend: {
        const Channel& channel = image.binding.channels[actor.of];
        // The host's numbers are the chip's; an application counts its own from 0.
        const std::size_t number = channel.from ? channel.number : host_channels++;
        names.push_back((channel.from ? at(*channel.from) + "send " + name(*channel.from) : "host send") +
                        (number != 0 ? "#" + std::to_string(number) : ""));
        break;
      }
      case ActorKind::kCredit: {
        const auto& [channel, to] = destinations[actor.of];
        names.push_back(at(*to->to) + "credit " + name(*to->to) + " from " +
                        (channel->from ? name(*channel->from) : "host"));
        break;
      }
      case ActorKind::kSink:
        names.emplace_back("host sink");
        break;
    }
  return names;
}

std::vector<FiringArc> firing_arcs(const TimingArcs& timing, const Binding& binding) {
  std::vector<FiringArc> result;
  const auto cluster = [&](std::uint32_t actor) { return ClusterId{timing.actors[actor].of}; };
  for (const TimingArc& arc : timing.arcs) {
    if (arc.kind == ArcKind::kOrder)
      result.push_back({arc.kind, cluster(arc.from), cluster(arc.to), arc.tokens, arc.cycles});
    if (arc.kind != ArcKind::kOutputFree && arc.kind != ArcKind::kSpikes) continue;
    const TimingActor& send = timing.actors[arc.from];
    const ClusterOrHost from = binding.channels[send.of].from;
    result.push_back(
        {arc.kind, from, cluster(arc.to), arc.tokens, (from ? kListVisible : 0) + send.cycles + arc.cycles});
  }
  return result;
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

std::int64_t worst_wait(const std::vector<std::uint32_t>& credit_slots, std::uint32_t wheel) {
  return wait_of(worst_send(credit_slots, wheel, 1));
}

}  // namespace spikeloom
