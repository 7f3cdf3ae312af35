// What counting refuses, beside mapping that does not ask it; and the chips that advice names, mapped.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "compiler/map/advice.hpp"
#include "compiler/map/attempts.hpp"
#include "compiler/map/map.hpp"
#include "compiler/map/placement.hpp"
#include "compiler/map/shortages.hpp"
#include "compiler/partition/partition.hpp"
#include "tests/partition/random_network.hpp"

namespace spikeloom {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

/// What channels need at their ends, and tiles for their clusters.
constexpr std::array kKeys = {"host.channels",    "host.credit_counters", "tile.credit_counters",
                              "tile.deliveries",  "tile.order_entries",   "tile.channels",
                              "noc.spike_wheel",  "noc.credit_wheel",     "tile.contexts",
                              "tile.out_entries", "tile.page_rows"};

bool is_wheel(const std::string& key) { return key.starts_with("noc."); }

/// An application that its chip's tiles hold one cluster at a time; then some of the chip's tables are made
/// shorter.
struct Tight {
  Chip chip;
  Application app;
};

Tight tight_application(Rng& rng) {
  Tight made;
  IntNetwork network = test::random_network(rng, {5, 40});
  made.chip = test::random_chip(rng);
  made.chip.width = 1 + static_cast<std::uint32_t>(rng.below(3));
  made.chip.height = 1;
  network.state_bits = made.chip.tile.state_bits;
  PartitionOptions options;
  options.seed = rng.next();
  if (rng.chance(0.6)) options.max_neurons = 12 + static_cast<std::uint32_t>(rng.below(20));
  BuildOptions build;
  for (std::size_t p = 0; p < network.populations.size(); ++p)
    if (rng.chance(0.4)) build.record.emplace_back(p);
  made.app = build_application(network, made.chip, partition(network, made.chip, options), build);
  for (const char* key : kKeys)
    if (rng.chance(0.2))
      made.chip = with_key(made.chip, key,
                           std::to_string(is_wheel(key)                          ? 4U << rng.below(2)
                                          : std::string(key) == "tile.page_rows" ? 2 + rng.below(12)
                                                                                 : 1 + rng.below(12)));
  return made;
}

/// The first way that has room and slots, whatever counting says.
std::optional<Binding> mapped_uncounted(const Application& app, const Chip& chip) {
  std::string reason;
  for (const Way& way : ways(app, chip, OutOfStep::kApart))
    if (std::optional<Binding> binding = on_tiles(app, chip, {}, way, reason))
      if (auto with_slots = deal_slots(app, chip, {}, *std::move(binding))) return with_slots;
  return std::nullopt;
}

TEST(Shortages, AreNoneWhereTheApplicationIsMapped) {
  int mapped = 0, counted = 0, left = 0;
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng(seed);
    const Tight made = tight_application(rng);
    const std::vector<Shortage> list = shortages(made.app, made.chip, {});
    const std::optional<Binding> binding = mapped_uncounted(made.app, made.chip);
    mapped += binding ? 1 : 0;
    counted += list.empty() ? 0 : 1;
    left += !binding && list.empty() ? 1 : 0;
    if (!binding) continue;
    EXPECT_THAT(check(made.app, *binding, made.chip), IsEmpty());
    EXPECT_THAT(in_words(list), IsEmpty());
  }
  EXPECT_GT(mapped, 60);
  EXPECT_GT(counted, 60);
  EXPECT_LT(left, counted) << "most of what cannot be mapped is seen by counting";
}

/// A tile with all that the neediest cluster takes is short of nothing for one cluster; with one less of
/// something it is, by that name and with both numbers.
TEST(Shortages, NameWhatOneClusterLacks) {
  std::map<std::string, int> seen;
  for (std::uint64_t seed = 1; seed <= 120; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng(seed);
    const Tight made = tight_application(rng);
    const std::vector<std::vector<Consumer>> readers = consumers(made.app);
    std::map<std::string, std::uint64_t> most;
    for (std::size_t c = 0; c < made.app.clusters.size(); ++c)
      for (const Resource& one : needs(made.app, made.chip, c, readers[1 + c].size()))
        if (!one.key.empty()) most[std::string(one.key)] = std::max(most[std::string(one.key)], one.amount);
    for (const char* key : {"tile.deliveries", "tile.credit_counters", "tile.out_entries"}) {
      const std::uint64_t needed = most.at(key);
      if (needed < 2 || needed > largest(key)) continue;
      const auto of_one = [&](std::uint64_t value) {
        std::string text;
        for (const Shortage& one : shortages(made.app, with_key(made.chip, key, std::to_string(value)), {}))
          if (one.of_one) text += one.text + "\n";
        return text;
      };
      const std::string found = std::to_string(needed) + " of " + key + " = ";
      EXPECT_THAT(of_one(needed), testing::Not(HasSubstr(key)));
      EXPECT_THAT(of_one(needed - 1), HasSubstr(" alone needs " + found + std::to_string(needed - 1)));
      ++seen[key];
    }
  }
  EXPECT_GT(seen["tile.deliveries"], 20);
  EXPECT_GT(seen["tile.credit_counters"], 20);
  EXPECT_GT(seen["tile.out_entries"], 20);
}

/// The chip that an advice describes; nothing where it describes none.
std::optional<Chip> advised(Chip chip, const std::string& advice) {
  if (!advice.ends_with(" would do") || !advice.starts_with("; ")) return std::nullopt;
  std::istringstream text(advice.substr(2));
  std::string word, key;
  while (text >> word) {
    if (word == "mesh") {
      std::string of, by;
      text >> of >> chip.width >> by >> chip.height;
    } else if (word.find('.') != std::string::npos) {
      key = word;
    } else if (std::isdigit(static_cast<unsigned char>(word.front())) != 0 && !key.empty()) {
      if (word.back() == ',') word.pop_back();
      chip = with_key(chip, key, word);
      key.clear();
    }
  }
  return chip;
}

TEST(Advice, NamesAChipThatTheApplicationIsMappedOn) {
  int named = 0, larger_mesh = 0, longer = 0, none = 0;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng(seed);
    const Tight made = tight_application(rng);
    if (try_map(made.app, made.chip).binding) continue;
    const std::string advice = what_would_do(made.app, made.chip, {});
    SCOPED_TRACE(advice);
    const std::optional<Chip> chip = advised(made.chip, advice);
    if (!chip) {
      EXPECT_THAT(advice, HasSubstr("clusters are needed"));
      ++none;
      continue;
    }
    EXPECT_FALSE(*chip == made.chip);
    const MapResult result = try_map(made.app, *chip);
    ASSERT_TRUE(result.binding) << result.reason;
    EXPECT_THAT(check(made.app, *result.binding, *chip), IsEmpty());
    ++named;
    larger_mesh += chip->width * chip->height > made.chip.width * made.chip.height ? 1 : 0;
    longer += advice.find(" = ") != std::string::npos ? 1 : 0;
  }
  EXPECT_GT(named, 40);
  EXPECT_GT(larger_mesh, 10);
  EXPECT_GT(longer, 10);
  EXPECT_LT(none, named);
}

}  // namespace
}  // namespace spikeloom
