// Promises of chips whose cores fire batches of pages, against a model of its own of docs/protocol.md.
#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "compiler/map/map.hpp"
#include "compiler/partition/partition.hpp"
#include "compiler/schedule/phases.hpp"
#include "compiler/schedule/schedule.hpp"
#include "compiler/sdf/cycle_ratio.hpp"
#include "tests/partition/random_network.hpp"
#include "tests/schedule/roomy_chip.hpp"

namespace spikeloom {
namespace {

constexpr std::int64_t kBefore = -1;  // a page or credit that is there from the start

Chip batch_chip() {
  Chip chip = test::roomy_chip();
  chip.name = "batches";
  chip.width = 2;
  chip.height = 2;
  chip.spike_wheel = chip.credit_wheel = 16;
  chip.tile.contexts = 8;
  chip.tile.page_rows = 128;
  chip.tile.page_chunks = 64;
  chip.host.channels = 16;
  chip.host.credit_counters = 64;
  return chip;
}

/// A few populations, each reading one or two before it at once and now and then any of them late.
IntNetwork small_network(Rng& rng) {
  IntNetwork net;
  net.name = "small";
  net.inputs.push_back({});
  net.inputs.back().name = "in";
  net.inputs.back().shape = {16 * (1 + rng.below(4))};
  const std::size_t count = 1 + rng.below(5);
  std::vector<std::size_t> sizes;
  const auto project = [&](std::size_t from, std::size_t to, std::uint32_t delay) {  // from 0: the input
    const Source source = from == 0 ? Source(InputId{0}) : Source(PopulationId{from - 1});
    net.projections.push_back(
        test::random_projection(rng, source, from == 0 ? volume(net.inputs[0].shape) : sizes[from - 1],
                                PopulationId{to}, sizes[to], 8, 0.5));
    net.projections.back().delay = delay;
  };
  for (std::size_t p = 0; p < count; ++p) {
    sizes.push_back(8 * (1 + rng.below(8)));
    net.populations.push_back(
        test::random_population(rng, "p" + std::to_string(p), sizes[p], NeuronKind::kIf));
  }
  for (std::size_t p = 0; p < count; ++p) {
    const std::size_t from = rng.chance(0.2) ? 0 : p;
    project(from, p, 0);
    if (rng.chance(0.3)) {
      const std::size_t other = rng.below(p + 1);
      if (other != from) project(other, p, 0);
    }
    if (rng.chance(0.25)) project(1 + rng.below(count), p, static_cast<std::uint32_t>(rng.between(1, 6)));
  }
  const std::size_t last = count - 1;
  net.outputs.push_back({"out", {sizes[last]}, PopulationId{last}});
  if (count > 1 && rng.chance(0.3)) net.outputs.push_back({"first", {sizes[0]}, PopulationId{0}});
  return net;
}

struct Case {
  Image image;
  std::vector<BatchTimes> times;  ///< by ClusterId

  [[nodiscard]] BatchTimesOf times_of() const {
    std::map<std::string, BatchTimes> by_name;
    for (std::size_t c = 0; c < times.size(); ++c) by_name[image.application.clusters[c].name] = times[c];
    return [by_name](const Cluster& cluster, const TileConfig&) { return by_name.at(cluster.name); };
  }
};

std::optional<Image> small_image(Rng& rng) {
  Image image;
  image.chip = batch_chip();
  const IntNetwork net = small_network(rng);
  image.application = build_application(net, image.chip, partition(net, image.chip, {}), {});
  MapOptions options;
  options.seed = rng.next();
  const std::size_t tiles = 1 + rng.below(4);
  for (std::size_t c = 0; c < image.application.clusters.size(); ++c)
    options.places.emplace_back(rng.below(tiles));
  MapResult mapped = try_map(image.application, image.chip, options);
  if (!mapped.binding) return std::nullopt;
  image.binding = *std::move(mapped.binding);
  return image;
}

/// Pages a firing, works and rows for an image's contexts.
Case random_case(Rng& rng, const Image& image) {
  Case made{image, std::vector<BatchTimes>(image.application.clusters.size())};
  const auto one_for_all = static_cast<std::size_t>(rng.below(4));  // 0: each tile its own
  const std::int64_t most_work = rng.chance(0.5) ? 12 : 120;
  for (const auto& order : image.binding.orders) {
    const std::size_t pages = one_for_all != 0 ? one_for_all : 1 + rng.below(3);
    for (const OrderEntry& entry : order) {
      FiringTime time{rng.between(1, most_work), rng.between(1, most_work)};
      const bool shared = rng.chance(0.3);  // the core does more pages in hardly more time
      for (std::size_t n = 0; n < pages; ++n) {
        made.times[entry.cluster.index()].push_back(time);
        time.integrate += rng.between(0, shared ? 3 : most_work);
        time.update += rng.between(0, shared ? 3 : most_work);
      }
      std::int64_t delay = 0;
      for (const Inbound& in : image.application.clusters[entry.cluster.index()].inbound)
        delay = std::max<std::int64_t>(delay, in.delay);
      made.image.binding.placement[entry.cluster.index()].rows = static_cast<std::uint32_t>(
          delay + static_cast<std::int64_t>(pages) +
          (rng.chance(0.3) ? 0 : rng.between(0, 2 * static_cast<std::int64_t>(pages) + 2)));
    }
  }
  return made;
}

struct Inputs {
  std::vector<std::size_t> lengths;  ///< of the samples
  double full = 0;                   ///< how many firings and lists are the worst
};

Inputs random_inputs(Rng& rng) {
  Inputs inputs;
  const std::size_t pattern = rng.below(3), length = 1 + rng.below(7);
  for (std::size_t steps = 0; steps < 40;) {
    inputs.lengths.push_back(pattern == 0 ? length : 1 + rng.below(pattern == 1 ? 3 : 8));
    steps += inputs.lengths.back();
  }
  const double shares[] = {1, 1, 0.9, 0.5, 0};
  inputs.full = shares[rng.below(5)];
  return inputs;
}

/// Samples of one length.
Inputs inputs_of(Rng& rng, std::size_t length) {
  Inputs inputs;
  for (std::size_t steps = 0; steps < 60; steps += length) inputs.lengths.push_back(length);
  inputs.full = rng.chance(0.6) ? 1 : 0.7;
  return inputs;
}

struct Stamps {
  std::vector<std::int64_t> sent, seen;  ///< b(k), e(k); short where all stand still
};

/// The chip as docs/protocol.md has it, by times of events instead of cycles: what can happen happens, until
/// nothing can. Works, lists' lengths and wheels' phases are random.
class Model {
 public:
  Model(const Case& made, const Inputs& inputs, Rng& rng) : case_(made), inputs_(inputs), rng_(rng) {
    for (const std::size_t length : inputs.lengths) {
      for (std::size_t k = 0; k < length; ++k) last_.push_back(k + 1 == length);
    }
    const Binding& binding = case_.image.binding;
    for (std::size_t n = 0; n < binding.channels.size(); ++n) {
      const Channel& channel = binding.channels[n];
      Sender sender;
      sender.phase = rng.between(0, case_.image.chip.spike_wheel - 1);
      if (!channel.from) host_.push_back(n);
      for (const Destination& to : channel.to) {
        if (!to.to) continue;
        sender.ends.push_back(ends_.size());
        End end;
        end.to = &to;
        end.channel = n;
        end.delay = case_.image.application.clusters[to.to->index()].inbound[to.inbound].delay;
        end.credits = binding.placement[to.to->index()].rows - end.delay;
        end.phase = rng.between(0, case_.image.chip.credit_wheel - 1);
        ends_.push_back(end);
      }
      senders_.push_back(std::move(sender));
    }
    listed_.resize(case_.times.size());
    for (const auto& order : binding.orders) tiles_.push_back({&order});
  }

  Stamps run() {
    for (bool more = true; more;) {
      more = feed();
      for (Tile& tile : tiles_) more = fire(tile) || more;
      for (std::size_t n = 0; n < senders_.size(); ++n)
        if (case_.image.binding.channels[n].from) more = send(n, listed_of(n)) || more;
    }
    Stamps stamps;
    const Binding& binding = case_.image.binding;
    for (std::size_t k = 0; k < last_.size(); ++k) {
      std::int64_t seen = 0;
      for (std::size_t n = 0; n < senders_.size(); ++n)
        for (const Destination& to : binding.channels[n].to) {
          if (to.to) continue;
          if (senders_[n].wire.size() <= k) return stamps;
          seen = std::max(seen, senders_[n].wire[k] + std::int64_t{to.hops});
        }
      stamps.sent.push_back(senders_[host_.back()].wire.at(k));
      stamps.seen.push_back(seen);
    }
    return stamps;
  }

 private:
  struct Sender {
    std::vector<std::size_t> ends;   ///< with credits
    std::vector<std::int64_t> wire;  ///< of the end-of-step, by step
    std::int64_t phase = 0;
  };
  struct End {
    const Destination* to = nullptr;
    std::size_t channel = 0;
    std::int64_t delay = 0, credits = 0, phase = 0;
    std::vector<std::int64_t> credit_wire;  ///< by page
  };
  struct Tile {
    const std::vector<OrderEntry>* order = nullptr;
    std::size_t position = 0, page = 0;  ///< of the turn's first page
    std::int64_t wait = 1;
  };

  /// The first cycle from `at` on that has one of the slots.
  static std::int64_t slot_from(std::int64_t at, const std::vector<std::uint32_t>& slots, std::int64_t wheel,
                                std::int64_t phase) {
    while (std::find(slots.begin(), slots.end(), static_cast<std::uint32_t>((at + phase) % wheel)) ==
           slots.end())
      ++at;
    return at;
  }

  [[nodiscard]] std::int64_t some(std::int64_t worst) {
    return rng_.chance(inputs_.full) ? worst : rng_.between(std::min<std::int64_t>(1, worst), worst);
  }

  const std::vector<std::int64_t>& listed_of(std::size_t n) const {
    return listed_[case_.image.binding.channels[n].from->index()];
  }

  /// One step of a channel: from the first cycle in which it may decide. False: not yet.
  bool send_one(std::size_t n, std::int64_t from) {
    Sender& sender = senders_[n];
    const auto k = static_cast<std::int64_t>(sender.wire.size());
    for (const std::size_t e : sender.ends) {
      const std::int64_t credit = k - ends_[e].credits;
      if (credit < 0) continue;
      if (std::cmp_less_equal(ends_[e].credit_wire.size(), credit)) return false;
      from = std::max(from,
                      ends_[e].credit_wire[static_cast<std::size_t>(credit)] + ends_[e].to->credit_hops + 1);
    }
    const Channel& channel = case_.image.binding.channels[n];
    std::int64_t wire = from;
    for (std::int64_t flits = some(worst_flits(case_.image.application, channel)); flits > 0; --flits)
      wire = slot_from(wire + 1, channel.slots, case_.image.chip.spike_wheel, sender.phase);
    sender.wire.push_back(wire);
    return true;
  }

  bool send(std::size_t n, const std::vector<std::int64_t>& listed) {
    bool any = false;
    for (Sender& sender = senders_[n]; sender.wire.size() < listed.size(); any = true) {
      const std::int64_t before = sender.wire.empty() ? 0 : sender.wire.back();
      if (!send_one(n, std::max(before, listed[sender.wire.size()] + 1))) break;
    }
    return any;
  }

  /// The host's queue.
  bool feed() {
    bool any = false;
    while (fed_ < last_.size() * host_.size() && send_one(host_[fed_ % host_.size()], queue_)) {
      queue_ = senders_[host_[fed_ % host_.size()]].wire.back();
      ++fed_;
      any = true;
    }
    return any;
  }

  /// The cycle in which the context's row for step k is complete; nothing: nobody knows yet.
  std::optional<std::int64_t> complete(ClusterId c, std::size_t k) {
    std::int64_t at = kBefore;
    for (const End& end : ends_) {
      if (*end.to->to != c || std::cmp_less(k, end.delay)) continue;
      const std::size_t step = k - static_cast<std::size_t>(end.delay);
      if (senders_[end.channel].wire.size() <= step) return std::nullopt;
      at = std::max(at, senders_[end.channel].wire[step] + end.to->hops + 1);
    }
    return at;
  }

  bool fire(Tile& tile) {
    bool any = false;
    while (!tile.order->empty() && tile.page < last_.size() && fire_one(tile)) any = true;
    return any;
  }

  bool fire_one(Tile& tile) {
    const ClusterId c = (*tile.order)[tile.position].cluster;
    const BatchTimes& times = case_.times[c.index()];
    std::int64_t at = tile.wait;
    std::size_t n = 0;
    for (bool closed = false; !closed; ++n) {
      const auto row = complete(c, tile.page + n);
      if (!row) return false;
      at = std::max(at + (n == 0 ? 0 : 1), *row);
      closed = n + 1 == times.size() || last_[tile.page + n];
    }
    for (std::size_t s = 0; s < senders_.size(); ++s) {
      if (case_.image.binding.channels[s].from != ClusterOrHost(c)) continue;
      if (senders_[s].wire.size() < tile.page) return false;
      if (tile.page != 0) at = std::max(at, senders_[s].wire[tile.page - 1]);
    }
    const FiringTime worst = times[n - 1];
    const std::int64_t integrate = some(worst.integrate), done = at + integrate + some(worst.update);
    std::vector<std::int64_t> freed(n, at + integrate);
    for (std::size_t i = 0; i + 1 < n; ++i) freed[i] = at + rng_.between(1, integrate);
    std::sort(freed.begin(), freed.end());
    for (End& end : ends_) {
      if (*end.to->to != c) continue;
      for (const std::int64_t free : freed) {
        const std::int64_t before = end.credit_wire.empty() ? 0 : end.credit_wire.back();
        end.credit_wire.push_back(slot_from(std::max(before + 1, free + 2), end.to->credit_slots,
                                            case_.image.chip.credit_wheel, end.phase));
      }
    }
    listed_[c.index()].insert(listed_[c.index()].end(), n, done);
    tile.wait = done + 2;
    if (++tile.position == tile.order->size()) tile.position = 0, tile.page += n;
    return true;
  }

  const Case& case_;
  const Inputs& inputs_;
  Rng& rng_;
  std::vector<char> last_;  ///< by step: a sample ends
  std::vector<Sender> senders_;
  std::vector<End> ends_;
  std::vector<std::size_t> host_;  ///< channels
  std::vector<Tile> tiles_;
  std::vector<std::vector<std::int64_t>> listed_;  ///< by ClusterId and step, the end of the step's firing
  std::size_t fed_ = 0;
  std::int64_t queue_ = 0;
};

TEST(Batches, NoStampIsAbovePromisesOfRandomGraphs) {
  std::size_t graphs = 0, refused = 0, batched = 0, recurrent = 0;
  double nearest = 0, nearest_latency = 0;
  for (std::uint64_t seed = 1; graphs < 3000; ++seed) {
    Rng rng(seed);
    const std::optional<Image> image = small_image(rng);
    if (!image) continue;
    for (int variant = 0; variant < 12; ++variant) {
      SCOPED_TRACE("seed " + std::to_string(seed) + ", variant " + std::to_string(variant));
      const Case made = random_case(rng, *image);
      const auto result = guarantee(made.image, made.times_of());
      ++graphs;
      const auto* promise = std::get_if<Promise>(&result);
      if (promise == nullptr) {
        ++refused;
        continue;
      }
      const bool batches =
          std::any_of(made.times.begin(), made.times.end(), [](const BatchTimes& t) { return t.size() > 1; });
      batched += batches ? 1 : 0;
      recurrent +=
          batches && std::any_of(image->application.clusters.begin(), image->application.clusters.end(),
                                 [](const Cluster& c) {
                                   return std::any_of(c.inbound.begin(), c.inbound.end(),
                                                      [](const Inbound& in) { return in.delay != 0; });
                                 })
              ? 1
              : 0;
      EXPECT_TRUE(verify(made.image, *promise, {}, made.times_of()).empty());
      for (int n = 0; n < 4; ++n) {
        const Inputs inputs = random_inputs(rng);
        const Stamps stamps = Model(made, inputs, rng).run();
        std::size_t steps = 0;
        for (const std::size_t length : inputs.lengths) steps += length;
        ASSERT_EQ(stamps.seen.size(), steps) << "stands still";
        for (std::size_t k = 0; k < steps; ++k) {
          const std::int64_t latest =
              promise->offset + (promise->period * Ratio(static_cast<std::int64_t>(k))).ceil();
          ASSERT_LE(stamps.seen[k], latest) << "step " << k;
          ASSERT_LE(stamps.seen[k] - stamps.sent[k], promise->latency) << "step " << k;
          if (batches)
            nearest_latency = std::max(nearest_latency, static_cast<double>(stamps.seen[k] - stamps.sent[k]) /
                                                            static_cast<double>(promise->latency));
        }
        if (batches)
          nearest = std::max(nearest, static_cast<double>(stamps.seen.back() - stamps.seen.front()) /
                                          static_cast<double>(steps - 1) / promise->period.approximate());
      }
    }
  }
  std::cout << graphs << " graphs, " << refused << " refused, " << batched << " with batches, " << recurrent
            << " of those with delays; nearest period " << nearest << ", nearest latency " << nearest_latency
            << "\n";
  EXPECT_GT(batched, graphs / 3);
  EXPECT_GT(recurrent, 100U);
  EXPECT_GT(nearest, 0.95);
}

/// Samples that all have one length, mostly no multiple of the pages that a firing takes.
TEST(Batches, NoStampIsAboveWhatSamplesOfOneLengthArePromised) {
  std::size_t graphs = 0, shorter = 0, left_over = 0;
  double nearest = 0;
  for (std::uint64_t seed = 1; graphs < 1500; ++seed) {
    Rng rng(seed);
    const std::optional<Image> image = small_image(rng);
    if (!image) continue;
    for (int variant = 0; variant < 6; ++variant) {
      SCOPED_TRACE("seed " + std::to_string(seed) + ", variant " + std::to_string(variant));
      const Case made = random_case(rng, *image);
      const auto result = guarantee(made.image, made.times_of());
      const auto* whole = std::get_if<Promise>(&result);
      const TimingArcs timing = timing_arcs(made.image, made.times_of());
      if (whole == nullptr || !fires_in_batches(timing)) continue;
      ++graphs;
      const std::size_t length = 1 + rng.below(11);
      const auto steps = static_cast<std::uint32_t>(length);
      const Inputs inputs = inputs_of(rng, length);
      const Stamps stamps = Model(made, inputs, rng).run();
      ASSERT_EQ(stamps.seen.size(), inputs.lengths.size() * length) << "stands still";
      const auto expect_kept = [&](const SampleGraph& samples) {
        const sdf::CycleRatio ratio = sdf::max_cycle_ratio(samples.graph, {.lower = samples.lower});
        const sdf::Certificate& certificate = sdf::certificate_of(ratio, samples.graph);
        const Ratio period = certificate.period / Ratio(kTimeScale);
        Ratio offset(0);
        for (const SampleGraph::Sink& sink : samples.sinks) {
          const Ratio at =
              Ratio(certificate.potential[sink.actor.index()], certificate.period.den() * kTimeScale) +
              period * Ratio(sink.lag);
          if (offset < at) offset = at;
        }
        for (std::size_t k = 0; k < stamps.seen.size(); ++k)
          ASSERT_LE(Ratio(stamps.seen[k]), offset + period * Ratio(static_cast<std::int64_t>(k)))
              << "step " << k;
      };
      expect_kept(phase_graph(made.image, timing, steps));
      expect_kept(phase_graph(made.image, timing, steps, timing.actors.size() * (1 + rng.below(6))));
      if (::testing::Test::HasFatalFailure()) return;
      const std::optional<Promise> promise = sampled(made.image, *whole, steps, made.times_of());
      if (!promise) continue;
      ++shorter;
      left_over += steps_of_a_block(timing) > 1 && length % steps_of_a_block(timing) != 0 ? 1 : 0;
      EXPECT_EQ(verify(made.image, *promise, {}, made.times_of()), std::vector<std::string>{});
      nearest =
          std::max(nearest, static_cast<double>(stamps.seen.back() - stamps.seen.front()) /
                                static_cast<double>(stamps.seen.size() - 1) / promise->period.approximate());
    }
  }
  std::cout << graphs << " graphs, " << shorter << " with a shorter period than the guarantee's, of which in "
            << left_over << " batches leave steps over; nearest period " << nearest << "\n";
  EXPECT_GT(shorter, graphs / 2);
  EXPECT_GT(left_over, graphs / 4);
  EXPECT_GT(nearest, 0.97);
}

}  // namespace
}  // namespace spikeloom
