// Promises against stamps where the bounds are met: applications in which everything fires, on bindings with
// as few pages and slots as there may be, on narrow chips and far from the host. Says of every kind of arc,
// and of all that may hold a period, whether a run ever kept a period that it holds to the cycle.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>
#include <limits>
#include <map>
#include <numeric>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "compiler/chip_model/model_device.hpp"
#include "compiler/map/map.hpp"
#include "compiler/partition/partition.hpp"
#include "compiler/replay/session.hpp"
#include "compiler/schedule/schedule.hpp"
#include "tests/partition/random_network.hpp"

namespace spikeloom {
namespace {

/// Everything fires in every step: no weight and no bias is below 0, every threshold is.
IntNetwork firing_network(Rng& rng, std::size_t inputs, const std::vector<std::size_t>& sizes) {
  IntNetwork net;
  net.name = "firing";
  net.inputs.push_back({});
  net.inputs[0].name = "in";
  net.inputs[0].shape = {inputs};
  const std::size_t count = sizes.size();
  for (std::size_t p = 0; p < count; ++p) {
    IntPopulation population =
        test::random_population(rng, "p" + std::to_string(p), sizes[p], NeuronKind::kIf);
    population.reset = Reset::kToValue;
    population.theta.assign(sizes[p], -1);
    population.v_reset.assign(sizes[p], 0);
    population.bias_i.assign(sizes[p], 0);
    population.bias_v.assign(sizes[p], 0);
    net.populations.push_back(population);
  }
  const auto project = [&](Source from, std::size_t size, std::size_t to, std::uint32_t delay) {
    IntProjection p = test::random_projection(rng, from, size, PopulationId{to}, sizes[to], 8, 1);
    p.delay = delay;
    std::fill(p.weight.begin(), p.weight.end(), std::int16_t{1});
    net.projections.push_back(std::move(p));
  };
  for (std::size_t p = 0; p < count; ++p) {
    if (p == 0 || rng.chance(0.2)) project(InputId{0}, net.inputs[0].size(), p, 0);
    if (p != 0) project(PopulationId{p - 1}, sizes[p - 1], p, 0);
    if (rng.chance(0.3)) project(PopulationId{p}, sizes[p], p, 1);
  }
  net.outputs.push_back({"out", {sizes.back()}, PopulationId{count - 1}});
  return net;
}

IntNetwork firing_network(Rng& rng) {
  const std::size_t inputs = 16 * (1 + rng.below(3)), most = rng.chance(0.5) ? 1 : 6;
  std::vector<std::size_t> sizes(1 + rng.below(3));
  for (std::size_t& size : sizes) size = 8 * (1 + rng.below(most));
  return firing_network(rng, inputs, sizes);
}

/// Who fires depends on the input.
IntNetwork listening_network(Rng& rng) {
  IntNetwork net = firing_network(rng);
  for (IntProjection& p : net.projections)
    for (std::int16_t& weight : p.weight) weight = static_cast<std::int16_t>(rng.between(-2, 3));
  for (IntPopulation& population : net.populations)
    for (std::int32_t& theta : population.theta) theta = static_cast<std::int32_t>(rng.between(0, 4));
  return net;
}

Chip narrow_chip(Rng& rng) {
  Chip chip = test::random_chip(rng);
  chip.width = 1 + static_cast<std::uint32_t>(rng.below(3));
  chip.height = 1;
  if (rng.chance(0.3)) chip.credit_wheel = 128;
  return chip;
}

std::vector<std::uint32_t> whole(std::uint32_t wheel) {
  std::vector<std::uint32_t> slots(wheel);
  std::iota(slots.begin(), slots.end(), 0U);
  return slots;
}

/// The whole wheel for every channel and credit that can have it.
void take_free_slots(Image& image, bool spikes_only) {
  const auto widen = [&](std::vector<std::uint32_t>& slots, std::uint32_t wheel) {
    const std::vector<std::uint32_t> before = std::exchange(slots, whole(wheel));
    if (!check(image).empty()) slots = before;
  };
  for (Channel& channel : image.binding.channels) {
    widen(channel.slots, image.chip.spike_wheel);
    for (Destination& to : channel.to)
      if (to.to && !spikes_only) widen(to.credit_slots, image.chip.credit_wheel);
  }
}

/// Its first cluster on the tile that is given, or wherever the mapper likes.
std::optional<Image> mapped_image(Rng& rng, const Chip& chip, const IntNetwork& net,
                                  std::optional<TileId> far = std::nullopt) {
  Image image;
  image.chip = chip;
  try {
    image.application = build_application(net, image.chip, partition(net, image.chip, {}), {});
  } catch (const Error&) {
    return std::nullopt;
  }
  MapOptions options;
  options.seed = rng.next();
  if (far)
    for (std::size_t c = 0; c < image.application.clusters.size(); ++c)
      options.places.emplace_back(far->value - static_cast<std::uint32_t>(c));
  MapResult mapped = try_map(image.application, image.chip, options);
  if (!mapped.binding) return std::nullopt;
  image.binding = *std::move(mapped.binding);
  return image;
}

void take_few_pages(Image& image) {
  for (std::size_t c = 0; c < image.binding.placement.size(); ++c) {
    const Cluster& cluster = image.application.clusters[c];
    image.binding.placement[c].rows = least_pages(cluster, image.chip.kind(cluster.kind));
  }
}

/// Little work far from the host: what its pages wait for is the way there and the credits' way back.
std::optional<Image> paged_image(Rng& rng) {
  Chip chip = test::random_chip(rng);
  chip.width = 8 + static_cast<std::uint32_t>(rng.below(25));
  chip.height = 1;
  chip.spike_wheel = 4U << rng.below(3);
  chip.credit_wheel = 4U << rng.below(3);
  std::vector<std::size_t> sizes(1 + rng.below(2));
  for (std::size_t& size : sizes) size = 1 + rng.below(8);
  const IntNetwork net = firing_network(rng, 1 + rng.below(4), sizes);
  std::optional<Image> image = mapped_image(rng, chip, net, TileId(chip.width - 1));
  if (!image) return std::nullopt;
  const bool all_slots = rng.chance(0.5);
  if (all_slots) take_free_slots(*image, rng.chance(0.3));
  for (Channel& channel : image->binding.channels) {
    if (!all_slots) channel.slots.resize(1);
    for (Destination& to : channel.to)
      if (to.to && !all_slots) to.credit_slots.resize(1);
  }
  take_few_pages(*image);
  EXPECT_TRUE(check(*image).empty());
  return image;
}

std::optional<Image> tight_image(Rng& rng, IntNetwork (*network)(Rng&) = firing_network) {
  const Chip chip = narrow_chip(rng);
  std::optional<Image> made = mapped_image(rng, chip, network(rng));
  if (!made) return std::nullopt;
  Image& image = *made;
  // Fewer of what there is: still a sound binding. Or every slot that is free: then no send waits for the
  // wheel, whose worst phase a steady run hardly ever meets.
  const bool all_slots = rng.chance(0.6);
  const bool one_slot = !all_slots && rng.chance(0.6), one_credit = rng.chance(0.6),
             few_pages = rng.chance(0.7);
  if (all_slots) take_free_slots(image, one_credit);
  for (Channel& channel : image.binding.channels) {
    if (one_slot) channel.slots.resize(1);
    for (Destination& to : channel.to)
      if (to.to && one_credit) to.credit_slots.resize(1);
  }
  if (few_pages) take_few_pages(image);
  EXPECT_TRUE(check(image).empty());
  return made;
}

constexpr std::size_t kSteps = 40, kWindow = 12;
constexpr int kPatterns = 4;

/// Which elements of the input spike, by step.
using Spikes = std::vector<std::vector<bool>>;

/// All ones; silence and then all ones; one element after the other; anything.
Spikes pattern_of(Rng& rng, std::size_t size, int pattern) {
  Spikes spikes(kSteps, std::vector<bool>(size));
  const double density = rng.unit();
  for (std::size_t k = 0; k < kSteps; ++k)
    for (std::size_t e = 0; e < size; ++e)
      spikes[k][e] = pattern == 0 || (pattern == 1 && k >= 5) || (pattern == 2 && e == k % size) ||
                     (pattern == 3 && rng.chance(density));
  return spikes;
}

Dataset data_of(const Application& app, const Spikes& spikes) {
  Dataset data;
  data.ports.push_back({app.inputs[0].name, app.inputs[0].shape});
  Sample sample;
  sample.id = "0";
  sample.inputs.resize(1);
  for (const std::vector<bool>& step : spikes) {
    for (std::uint32_t e = 0; e < step.size(); ++e)
      if (step[e]) sample.inputs[0].add(e, 1);
    sample.inputs[0].end_step();
  }
  data.samples.push_back(std::move(sample));
  return data;
}

Dataset inputs_of(Rng& rng, const Application& app, int pattern) {
  return data_of(app, pattern_of(rng, volume(app.inputs[0].shape), pattern));
}

/// Another input nearby: a step all ones, silent, as another one, or with some elements turned round.
Spikes neighbour(Rng& rng, Spikes spikes) {
  std::vector<bool>& step = spikes[rng.below(spikes.size())];
  switch (rng.below(4)) {
    case 0:
      step.assign(step.size(), true);
      break;
    case 1:
      step.assign(step.size(), false);
      break;
    case 2:
      step = spikes[rng.below(spikes.size())];
      break;
    default:
      for (std::size_t turned = 1 + rng.below(4); turned > 0; --turned) step[rng.below(step.size())].flip();
  }
  return spikes;
}

struct Slack {
  std::int64_t stamp = 0, latency = 0;  ///< least of all steps
  /// What the stamps fall back behind the bound in kWindow steps of the second half. At 0 they keep the
  /// promised period exactly, so every arc of the critical cycle is tight from then on.
  std::int64_t growth = 0;
};

Slack slack_of(const Image& image, const Promise& promise, const Dataset& data, std::uint32_t window) {
  const auto link = open_model(image.chip);
  const DeviceRun run = Session(*link, image, {.window = window}).run(data);
  EXPECT_EQ(run.ended.size(), kSteps);
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  Slack slack{kMost, kMost, 0};
  std::int64_t before = kMost, after = kMost;
  for (std::size_t k = 0; k < run.ended.size(); ++k) {
    const std::int64_t left =
        promise.offset + (promise.period * Ratio(static_cast<std::int64_t>(k))).ceil() - run.ended[k];
    slack.stamp = std::min(slack.stamp, left);
    slack.latency = std::min(slack.latency, promise.latency - (run.ended[k] - run.sent[k]));
    if (k >= kSteps - kWindow)
      after = std::min(after, left);
    else if (k >= kSteps - 2 * kWindow)
      before = std::min(before, left);
  }
  slack.growth = after - before;
  return slack;
}

/// Another slot for one channel or credit that has a single one, where that is still a sound binding.
bool move_a_slot(Rng& rng, Image& image) {
  Channel& channel = image.binding.channels[rng.below(image.binding.channels.size())];
  Destination& to = channel.to[rng.below(channel.to.size())];
  const bool credit = to.to && rng.chance(0.4);
  std::vector<std::uint32_t>& slots = credit ? to.credit_slots : channel.slots;
  if (slots.size() != 1) return false;
  const std::uint32_t wheel = credit ? image.chip.credit_wheel : image.chip.spike_wheel;
  const std::uint32_t before = std::exchange(slots[0], static_cast<std::uint32_t>(rng.below(wheel)));
  if (check(image).empty()) return true;
  slots[0] = before;
  return false;
}

/// "tile(0,0) send p0[0] -[pages]->": pages
std::string kind_of(const std::string& arc) {
  const std::size_t begin = arc.rfind("-["), end = arc.rfind("]->");
  return arc.substr(begin + 2, end - begin - 2);
}

/// As certificates name it.
std::string sender_name(const Image& image, const Channel& channel) {
  std::size_t number = channel.number;
  if (!channel.from) {
    number = 0;
    for (const Channel* c = image.binding.channels.data(); c != &channel; ++c) number += c->from ? 0 : 1;
  }
  std::string name = "host send";
  if (channel.from)
    name = tile_name(image.chip, image.binding.placement[channel.from->index()].tile) + " send " +
           image.application.clusters[channel.from->index()].name;
  return number == 0 ? name : name + "#" + std::to_string(number);
}

/// What holds the period, of what there may be too little; by the arcs and the channels of a critical cycle.
std::set<std::string> holders(const Image& image, const Promise& promise) {
  std::set<std::string> names;
  for (const std::string& arc : promise.critical_cycle) {
    const std::string kind = kind_of(arc);
    if (kind == "pages") names.insert("pages");
    if (kind == "credit slot") names.insert("credits");
    if (kind == "order") names.insert("orders");
    if (kind == "host queue") names.insert("the host");
    for (const Channel& channel : image.binding.channels) {
      if (arc.rfind(sender_name(image, channel) + " -[", 0) != 0) continue;
      if (channel.slots.size() == 1) names.insert("slots");
      if (channel.slots.size() > 1 && channel.slots.size() < image.chip.spike_wheel)
        names.insert("send windows");
    }
  }
  return names;
}

class Bounds : public ::testing::Test {
 protected:
  /// Nothing where it deadlocks.
  [[nodiscard]] std::optional<Promise> promise_of_image(const Image& image) const {
    auto result = guarantee(ImageView(image).with_window(window_));
    if (auto* promise = std::get_if<Promise>(&result)) return std::move(*promise);
    return std::nullopt;
  }
  /// No stamp is later than its bound, whatever the input; true: some input keeps the period to the cycle.
  bool expect_kept(const Image& image, const Promise& promise, Rng& rng, int patterns) {
    bool kept = false, at_bound = false;
    for (int pattern = 0; pattern < patterns; ++pattern) {
      const Slack slack = slack_of(image, promise, inputs_of(rng, image.application, pattern), window_);
      EXPECT_GE(slack.stamp, 0) << "pattern " << pattern;
      EXPECT_GE(slack.latency, 0) << "pattern " << pattern;
      kept = kept || slack.growth == 0;
      at_bound = at_bound || slack.stamp == 0;
      std::int64_t& nearest = window_ > 0 ? nearest_looped_latency_ : nearest_latency_;
      nearest = std::min(nearest, slack.latency);
    }
    at_bound_ += at_bound ? 1 : 0;
    return kept;
  }
  void count(const Image& image, const Promise& promise, bool is_met) {
    std::set<std::string> kinds = holders(image, promise);
    for (const std::string& arc : promise.critical_cycle) kinds.insert("[" + kind_of(arc) + "]");
    for (const std::string& kind : kinds) {
      ++held_[kind];
      met_[kind] += is_met ? 1 : 0;
    }
  }
  [[nodiscard]] bool has_unmet(const Image& image, const Promise& promise) const {
    const auto unmet = [&](const std::string& kind) {
      const auto met = met_.find(kind);
      return met == met_.end() || met->second < 2;
    };
    const std::set<std::string> names = holders(image, promise);
    return std::any_of(names.begin(), names.end(), unmet) ||
           std::any_of(promise.critical_cycle.begin(), promise.critical_cycle.end(),
                       [&](const auto& arc) { return unmet("[" + kind_of(arc) + "]"); });
  }

  /// Every pattern of input; slots are moved while that brings the stamps nearer to their bound, or not
  /// further from it.
  void try_image(Image image, Rng& rng) {
    std::optional<Promise> promise = promise_of_image(image);
    ASSERT_TRUE(promise);
    ++images_;
    bool is_met = expect_kept(image, *promise, rng, kPatterns);
    std::int64_t nearest = std::numeric_limits<std::int64_t>::max();
    for (int move = 0; move < 60 && !is_met && has_unmet(image, *promise); ++move) {
      Image moved = image;
      if (!move_a_slot(rng, moved)) continue;
      const std::optional<Promise> other = promise_of_image(moved);
      ASSERT_TRUE(other);
      const Slack slack = slack_of(moved, *other, inputs_of(rng, moved.application, 0), window_);
      ASSERT_GE(slack.stamp, 0);
      ASSERT_GE(slack.latency, 0);
      if (slack.growth > nearest) continue;
      nearest = slack.growth;
      image = std::move(moved);
      promise = other;
      is_met = nearest == 0;
    }
    count(image, *promise, is_met);
  }

  /// What was never met is the list of arcs and holders that no stamp has shown to be needed.
  [[nodiscard]] std::vector<std::string> report() {
    std::cout << images_ << " images, " << at_bound_
              << " with a stamp at its bound; the latency's nearest bound was " << nearest_latency_
              << " cycles away, with a window " << nearest_looped_latency_ << "\n";
    // On no cycle; but every path to a stamp at its bound ends there.
    held_["[to host]"] = images_;
    met_["[to host]"] = at_bound_;
    std::vector<std::string> never;
    for (const char* kind :
         {"[integrated]", "[order]", "[host queue]", "[output buffer]", "[output buffer free]", "[spikes]",
          "[window]", "[to host]", "[page free]", "[credit slot]", "[pages]", "pages", "credits", "slots",
          "orders", "send windows", "the host"}) {
      std::cout << "  " << kind << ": held " << held_[kind] << ", met on " << met_[kind] << "\n";
      if (met_[kind] == 0) never.emplace_back(kind);
    }
    return never;
  }

  std::map<std::string, int> held_, met_;  ///< critical cycles with the kind of arc, or held by it
  int images_ = 0, at_bound_ = 0;          ///< of these with a stamp at its bound
  std::uint32_t window_ = 0;               ///< of the image that is tried
  std::int64_t nearest_latency_ = std::numeric_limits<std::int64_t>::max();
  std::int64_t nearest_looped_latency_ = nearest_latency_;
};

TEST_F(Bounds, AreMetForEveryKindOfArcAndNeverPassed) {
  constexpr int kTight = 200, kPaged = 100, kLooped = 100;
  for (std::uint64_t seed = 1; images_ < kTight + kPaged + kLooped && !HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng(seed);
    window_ = images_ < kTight + kPaged ? 0 : 1 + static_cast<std::uint32_t>(rng.below(2));
    if (window_ > 0) {
      if (auto image = tight_image(rng)) try_image(*std::move(image), rng);
      continue;
    }
    if (auto image = images_ < kTight ? tight_image(rng) : paged_image(rng))
      try_image(*std::move(image), rng);
  }
  EXPECT_THAT(report(), ::testing::IsEmpty());
  EXPECT_GT(at_bound_, 50);
  // A step's bound lets the host's step before end together with this one; on the wire a list of two flits
  // lies between.
  EXPECT_EQ(nearest_latency_, 2);
  // With a window the step before has ended.
  EXPECT_EQ(nearest_looped_latency_, 0);
}

/// Inputs climb towards the bounds: what brings a stamp or a latency nearer to its own is kept.
TEST_F(Bounds, AreNotPassedByInputsThatClimbTowardsThem) {
  constexpr int kImages = 60, kMoves = 40;
  int nearer = 0;
  for (std::uint64_t seed = 1; images_ < kImages && !HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng(seed);
    const std::optional<Image> image = tight_image(rng, listening_network);
    const std::optional<Promise> promise = image ? promise_of_image(*image) : std::nullopt;
    if (!promise) continue;
    ++images_;
    Spikes spikes = pattern_of(rng, volume(image->application.inputs[0].shape), 3);
    std::int64_t first = 0, best = std::numeric_limits<std::int64_t>::max();
    for (int move = 0; move <= kMoves; ++move) {
      Spikes other = move == 0 ? spikes : neighbour(rng, spikes);
      const Slack slack = slack_of(*image, *promise, data_of(image->application, other), window_);
      ASSERT_GE(slack.stamp, 0) << "move " << move;
      ASSERT_GE(slack.latency, 0) << "move " << move;
      const std::int64_t left = slack.stamp + slack.latency + slack.growth;
      if (move == 0) first = left;
      if (left > best) continue;
      best = left;
      spikes = std::move(other);
    }
    nearer += best < first ? 1 : 0;
  }
  EXPECT_GT(2 * nearer, images_) << "climbing brings hardly any input nearer to its bounds";
}

}  // namespace
}  // namespace spikeloom
