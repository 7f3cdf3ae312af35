// Slot sets and wires against the slow, obvious way.
#include "compiler/admit/wires.hpp"

#include <gtest/gtest.h>

#include <set>

#include "compiler/base/rng.hpp"
#include "compiler/map/routes.hpp"

namespace spikeloom {
namespace {

TEST(SlotSet, TurnsCountsAndSearchesAsAListDoes) {
  Rng rng(3);
  for (const std::uint32_t wheel : {4U, 8U, 16U, 32U, 64U, 128U, 256U, 512U, 1024U})
    for (int round = 0; round < 20; ++round) {
      std::vector<std::uint64_t> taken(std::max(1U, wheel / 64), 0);
      std::vector<bool> slots(wheel);
      for (std::uint32_t s = 0; s < wheel; ++s) {
        slots[s] = rng.chance(0.7);
        for (std::uint32_t at = s; slots[s] && at < std::max(64U, wheel); at += wheel)
          taken[at / 64] |= std::uint64_t{1} << (at % 64);
      }
      const auto depth = static_cast<std::uint32_t>(rng.below(200));
      SlotSet set(wheel, true);
      set.remove_turned(taken.data(), depth);
      const auto lost = static_cast<std::uint32_t>(rng.below(wheel));
      set.remove(lost);
      std::set<std::uint32_t> expected;
      for (std::uint32_t s = 0; s < wheel; ++s)
        if (!slots[(s + depth) % wheel] && s != lost) expected.insert(s);
      EXPECT_EQ(set.count(), expected.size());
      for (std::uint32_t s = 0; s < wheel; ++s) {
        EXPECT_EQ(set.has(s), expected.count(s) == 1);
        const auto after = expected.lower_bound(s);
        EXPECT_EQ(set.next(s), expected.empty()          ? wheel
                               : after != expected.end() ? *after
                                                         : *expected.begin());
      }
    }
}

TEST(Wires, WaysAreTheRoutersOwnAndASlotIsFreeUntilItIsTaken) {
  Chip chip;
  chip.width = 4;
  chip.height = 3;
  chip.spike_wheel = 32;
  Rng rng(5);
  for (std::uint32_t from = 0; from <= chip.tiles(); ++from)
    for (std::uint32_t to = 0; to <= chip.tiles(); ++to) {
      if (from == 0 && to == 0) continue;
      Wires wires(chip, chip.spike_wheel);
      Tree tree{from, {}};
      EXPECT_EQ(wires.add_way(tree, to), hops(chip, from, to));
      EXPECT_EQ(tree.wires.size(), 1 + path(chip, from, to).size());
      const auto slot = static_cast<std::uint32_t>(rng.below(chip.spike_wheel));
      EXPECT_FALSE(wires.taken(tree, slot));
      wires.set(tree, slot, true);
      EXPECT_TRUE(wires.taken(tree, slot));
      EXPECT_EQ(wires.free(tree).count(), chip.spike_wheel - 1);
      wires.set(tree, slot, false);
      EXPECT_EQ(wires, Wires(chip, chip.spike_wheel));
    }
}

TEST(Wires, AreNamed) {
  Chip chip;
  chip.width = chip.height = 2;
  const Wires wires(chip, 16);
  Tree tree{0, {}};
  wires.add_way(tree, 4);
  ASSERT_EQ(tree.wires.size(), 4U);
  EXPECT_EQ(wires.name(tree.wires[0].first), "the host's output");
  EXPECT_EQ(wires.name(tree.wires[1].first), "tile(0,0) east");
  EXPECT_EQ(wires.name(tree.wires[2].first), "tile(1,0) south");
  EXPECT_EQ(wires.name(tree.wires[3].first), "tile(1,1) input");
  Tree back{4, {}};
  wires.add_way(back, 0);
  EXPECT_EQ(wires.name(back.wires.front().first), "tile(1,1) output");
  EXPECT_EQ(wires.name(back.wires.back().first), "the host's input");
}

}  // namespace
}  // namespace spikeloom
