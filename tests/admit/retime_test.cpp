// A point's graph with other ways beside the graph that compiler/schedule makes of them anew.
#include "compiler/admit/retime.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <utility>

#include "compiler/admit/points.hpp"
#include "compiler/base/rng.hpp"
#include "compiler/schedule/schedule.hpp"
#include "tests/admit/networks.hpp"
#include "tests/chips/chip_named.hpp"

namespace spikeloom::testing {
namespace {

using test::chip_named;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

std::vector<std::uint32_t> drawn_slots(Rng& rng, std::uint32_t wheel) {
  std::vector<std::uint32_t> slots;
  for (std::uint32_t s = 0; s < wheel; ++s)
    if (rng.chance(0.2)) slots.push_back(s);
  if (slots.empty()) slots.push_back(static_cast<std::uint32_t>(rng.below(wheel)));
  return slots;
}

TEST(Retimed, IsTheGraphOfTheOtherWays) {
  const Chip chip = chip_named("mesh4x4");
  const Image image = layered_image({.clusters = 6}, chip);
  ASSERT_FALSE(image.points.empty());
  Rng rng(1);
  for (const OperatingPoint& point : image.points)
    for (int trial = 0; trial < 20; ++trial) {
      Chip small = chip;  // the point's tiles, whichever way they lie
      small.width = static_cast<std::uint32_t>(point.tiles());
      small.height = 1;
      Binding other = point.binding;
      for (Channel& channel : other.channels) {
        if (rng.chance(0.7)) channel.slots = drawn_slots(rng, chip.spike_wheel);
        for (Destination& to : channel.to) {
          if (rng.chance(0.7)) to.hops = 1 + static_cast<std::uint32_t>(rng.below(7));
          if (!to.to) continue;
          if (rng.chance(0.7)) to.credit_hops = 1 + static_cast<std::uint32_t>(rng.below(7));
          if (rng.chance(0.7)) to.credit_slots = drawn_slots(rng, chip.credit_wheel);
        }
      }
      Retimed retimed(point, ways_of(image.application, chip, point.binding));
      retimed.set(ways_of(image.application, chip, other));
      const TimingGraph anew = timing_graph(ImageView(small, image.application, other), {});
      ASSERT_EQ(retimed.graph().actor_count(), anew.graph.actor_count());
      for (std::size_t a = 0; a < anew.graph.actor_count(); ++a)
        EXPECT_EQ(retimed.graph().execution(sdf::ActorId{a}), anew.graph.execution(sdf::ActorId{a}))
            << anew.graph.name(sdf::ActorId{a});
      EXPECT_EQ(retimed.graph().channels(), anew.graph.channels());
      const auto promise = guarantee(ImageView(small, image.application, other));
      EXPECT_EQ(Ratio(retimed.latency().latency, kTimeScale).ceil(), std::get<Promise>(promise).latency);
    }
}

/// Every number of its certificates that says less than the truth is seen, and named.
TEST(Points, ClaimNothingThatTheirCertificatesDoNotSay) {
  const Image image = layered_image({.clusters = 6}, chip_named("mesh4x4"));
  ASSERT_FALSE(image.points.empty());
  for (const OperatingPoint& point : image.points) {
    ASSERT_THAT(faults(image, point), IsEmpty());
    OperatingPoint early = point;
    --early.offset;
    EXPECT_THAT(faults(image, early), ElementsAre(HasSubstr("offset")));
    OperatingPoint near = point;
    --near.latency;
    EXPECT_THAT(faults(image, near), Contains(HasSubstr("latency")));
    OperatingPoint fast = point;
    fast.period = point.period * Ratio(99, 100);
    EXPECT_THAT(faults(image, fast), Not(IsEmpty()));
    for (std::size_t a = 0; a < point.potentials.size(); ++a) {
      OperatingPoint low = point;
      --low.potentials[a];
      EXPECT_THAT(faults(image, low), Not(IsEmpty())) << point.graph.actors[a].name;
    }
  }
}

/// Every way by itself: one more than the budget is too much, and so is a way without a budget.
TEST(Ways, AreWithinABudgetThatNoneExceeds) {
  const Ways budget{{5, 6}, {3, 0}, {2, 4}, {1, 0}};
  EXPECT_TRUE(within(budget, budget));
  const auto one_more = [&](auto field) {
    for (std::size_t n = 0; n < 2; ++n) {
      Ways ways = budget;
      ++(ways.*field)[n];
      EXPECT_FALSE(within(ways, budget)) << n;
      EXPECT_TRUE(within(budget, ways)) << n;
    }
    Ways ways = budget;
    (ways.*field).pop_back();
    EXPECT_FALSE(within(budget, ways));
  };
  one_more(&Ways::send);
  one_more(&Ways::wait);
  one_more(&Ways::hops);
  one_more(&Ways::credit_hops);
}

/// A way within a tile stays as it is wherever the tile lies; every other, and none else, has the point's
/// budget. A credit of the host's has no way.
TEST(Ways, BetweenTilesHaveTheHopBudget) {
  const ClusterOrHost host{}, a = ClusterId{0}, b = ClusterId{1}, c = ClusterId{2};
  OperatingPoint point;
  point.binding.placement.resize(3);
  point.binding.placement[0].tile = point.binding.placement[1].tile = TileId{0};  // a and b
  point.binding.placement[2].tile = TileId{1};
  const auto add = [&](ClusterOrHost from, ClusterOrHost to) {
    Destination end;
    end.to = to;
    end.hops = 2;
    end.credit_hops = 3;
    Channel channel;
    channel.from = from;
    channel.to = {end};
    point.binding.channels.push_back(channel);
  };
  add(host, a);
  add(a, b);
  add(a, c);
  add(c, host);
  point.send_budget = {11, 12, 13, 14};
  point.wait_budget = {21, 22, 23, 0};
  point.hop_budget = 9;
  const Ways budget = budget_of(point);
  EXPECT_EQ(budget.send, point.send_budget);
  EXPECT_EQ(budget.wait, point.wait_budget);
  EXPECT_EQ(budget.hops, (std::vector<std::uint32_t>{9, 2, 9, 9}));
  EXPECT_EQ(budget.credit_hops, (std::vector<std::uint32_t>{9, 3, 9, 0}));
}

}  // namespace
}  // namespace spikeloom::testing
