#include "compiler/schedule/samples.hpp"

#include <algorithm>
#include <numeric>
#include <set>

#include "compiler/base/error.hpp"
#include "compiler/core/core.hpp"

namespace spikeloom {
namespace {

/// Bits of a chunk of the host's stream that are axons of static inputs, or of the others.
std::uint16_t host_bits(const Application& app, std::uint64_t chunk, bool is_static) {
  std::uint16_t bits = 0;
  for (const StreamInput& input : app.inputs) {
    if (input.is_static != is_static) continue;
    const std::uint64_t axons =
        std::accumulate(input.shape.begin(), input.shape.end(), std::uint64_t{input.planes},
                        [](std::uint64_t product, std::size_t extent) { return product * extent; });
    for (std::uint32_t bit = 0; bit < hw::kChunkBits; ++bit) {
      const std::uint64_t axon = chunk * hw::kChunkBits + bit;
      if (axon >= input.first_axon && axon < input.first_axon + axons)
        bits = static_cast<std::uint16_t>(bits | 1U << bit);
    }
  }
  return bits;
}

/// Most flits of a host channel in a step that is not a sample's first one.
std::int64_t later_flits(const Application& app, const Channel& channel) {
  std::int64_t flits = 1;
  if (const Inbound* weights = weights_of(app, channel)) return flits + weights->weights;
  for (const ChunkRange& range : host_ranges(app, channel))
    for (std::uint32_t c = 0; c < range.count; ++c) flits += host_bits(app, range.first + c, false) != 0;
  return flits;
}

class SampleBuilder {
 public:
  SampleBuilder(const ImageView& image, const TimingGraph& plain, std::uint32_t steps)
      : image_(image), plain_(plain), steps_(steps) {
    SPIKELOOM_CHECK(steps_ >= 1 && !plain_.batched && plain_.fee == 0);
  }

  SampleGraph build() {
    for (std::size_t a = 0; a < plain_.graph.actor_count(); ++a)
      for (std::uint32_t step = 0; step < steps_; ++step) {
        const sdf::ActorId plain{a};
        result_.graph.add_actor(plain_.graph.name(plain) + (step + 1 < steps_ ? ", step " : ", from step ") +
                                    std::to_string(step),
                                plain_.graph.execution(plain));
        result_.lower.push_back(step == 0 ? plain_.lower[a] : 0);
      }
    for (std::uint32_t step = 0; step < steps_; ++step) result_.sinks.push_back({at(plain_.sink, step)});
    take_what_can_arrive();
    for (std::size_t c = 0; c < plain_.graph.channel_count(); ++c)
      add(plain_.graph.channel(sdf::ChannelId(c)), plain_.graph.name(sdf::ChannelId(c)));
    return std::move(result_);
  }

 private:
  [[nodiscard]] sdf::ActorId at(sdf::ActorId plain, std::uint32_t step) const {
    return sdf::ActorId(plain.index() * steps_ + step);
  }

  void take_what_can_arrive() {
    const Application& app = image_.application;
    for (std::uint32_t step = 0; step < steps_; ++step) {
      const bool is_last = step + 1 == steps_;
      for (std::size_t c = 0; c < app.clusters.size(); ++c) {
        const Cluster& cluster = app.clusters[c];
        const FiringTime time = worst_in_step(app, cluster, image_.chip.kind(cluster.kind), step, is_last);
        result_.graph.set_execution(at(plain_.clusters[c].fire, step), time.integrate * kTimeScale);
        result_.graph.set_execution(at(plain_.clusters[c].done, step), time.update * kTimeScale);
      }
      for (std::size_t n = 0; n < image_.binding.channels.size() && step > 0; ++n) {
        const Channel& channel = image_.binding.channels[n];
        if (channel.from) continue;
        const std::int64_t send =
            worst_send(channel.slots, image_.chip.spike_wheel, later_flits(app, channel));
        result_.graph.set_execution(at(plain_.senders[n], step), send * kTimeScale);
      }
    }
  }

  /// From each step of the source to every step that the target may be in, so many steps of the run later: a
  /// step is followed by the next one, the last by itself or by the next sample's first.
  void add(const sdf::Channel& plain, const std::string& name) {
    for (std::uint32_t step = 0; step < steps_; ++step) {
      std::set<std::uint32_t> after{step};
      for (std::int64_t token = 0; token < plain.tokens; ++token) {
        std::set<std::uint32_t> next;
        for (const std::uint32_t now : after) {
          next.insert(std::min(now + 1, steps_ - 1));
          if (now + 1 == steps_) next.insert(0);
        }
        after = std::move(next);
      }
      for (const std::uint32_t target : after) {
        sdf::Channel channel = plain;
        channel.source = at(plain.source, step);
        channel.target = at(plain.target, target);
        result_.graph.add_channel(channel, name);
      }
    }
  }

  ImageView image_;
  const TimingGraph& plain_;
  std::uint32_t steps_;
  SampleGraph result_;
};

}  // namespace

bool fires_in_batches(const ImageView& image) {
  const std::vector<Cluster>& clusters = image.application.clusters;
  return std::any_of(clusters.begin(), clusters.end(), [&](const Cluster& cluster) {
    return core_of(cluster).pages_per_firing(image.chip.kind(cluster.kind)) > 1;
  });
}

bool fires_in_batches(const TimingArcs& timing) {
  return std::any_of(timing.batches.begin(), timing.batches.end(),
                     [](const BatchTimes& times) { return times.size() > 1; });
}

std::string why_no_samples(const ImageView& image) {
  if (fires_in_batches(image)) return {};
  const std::vector<StreamInput>& inputs = image.application.inputs;
  if (std::none_of(inputs.begin(), inputs.end(), [](const StreamInput& input) { return input.is_static; }))
    return "no input is static, so a sample's later steps may work as hard as its first one";
  return {};
}

std::uint32_t sample_steps_for(const TimingGraph& plain, std::uint32_t wanted) {
  const std::size_t most = kMostSampleActors / std::max<std::size_t>(1, plain.graph.actor_count());
  return static_cast<std::uint32_t>(std::min<std::size_t>(wanted, most));
}

SampleGraph sample_graph(const ImageView& image, const TimingGraph& plain, std::uint32_t steps) {
  return SampleBuilder(image, plain, steps).build();
}

FiringTime worst_in_step(const Application& app, const Cluster& cluster, const TileConfig& tile,
                         std::uint32_t step, bool and_later) {
  std::vector<std::uint16_t> masks = cluster.chunk_bits;
  for (const Inbound& inbound : cluster.inbound) {
    // What the host sends in a sample's first step lies in the page of as many steps later as the delay.
    if (inbound.from || inbound.delay == step || (and_later && inbound.delay > step)) continue;
    for (std::uint32_t c = 0; c < inbound.source_count; ++c)
      masks[inbound.first_chunk + c] = static_cast<std::uint16_t>(
          masks[inbound.first_chunk + c] & ~host_bits(app, std::uint64_t{inbound.source_first} + c, true));
  }
  const std::uint32_t last = static_cast<std::uint32_t>(cluster.limit.size()) - 1;
  masks.resize(cluster.limit[and_later ? last : std::min(step, last)]);
  return core_of(cluster).time(cluster, tile, masks, 1);
}

}  // namespace spikeloom
