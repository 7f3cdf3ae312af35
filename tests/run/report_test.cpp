// A run's stamps against a promise, as a unit; and who is asked before a run whether it is the right chip.
#include "host/run/report.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

#include <nlohmann/json.hpp>

#include "compiler/base/error.hpp"
#include "compiler/chip_model/model_device.hpp"
#include "compiler/map/map.hpp"
#include "compiler/partition/partition.hpp"
#include "compiler/replay/exchange.hpp"
#include "spikeloom_hw.hpp"
#include "tests/chips/chip_named.hpp"
#include "tests/partition/random_network.hpp"

namespace spikeloom {
namespace {

using test::chip_named;
using ::testing::HasSubstr;

/// Stamp k is at most 100 + ⌈7·k/2⌉, latency at most 50.
Promise a_promise() {
  Promise promise;
  promise.kind = PromiseKind::kGuaranteed;
  promise.period = Ratio(7, 2);
  promise.offset = 100;
  promise.latency = 50;
  return promise;
}

/// Every stamp and every latency at its bound.
DeviceRun at_the_bound() {
  DeviceRun run;
  run.ended = {100, 104, 107, 111};
  run.sent = {50, 54, 57, 61};
  return run;
}

TEST(CheckPromise, IsKeptWithoutSlackAndBrokenByOneCycleInAnyStep) {
  const PromiseCheck kept = check_promise(a_promise(), at_the_bound(), std::nullopt);
  EXPECT_TRUE(kept.kept);
  EXPECT_EQ(kept.steps, 4);
  EXPECT_EQ(kept.least_slack, 0);
  EXPECT_EQ(kept.least_latency_slack, 0);
  for (std::size_t k = 0; k < 4; ++k) {
    DeviceRun late = at_the_bound();
    ++late.ended[k];
    ++late.sent[k];  // the latency stays
    PromiseCheck check = check_promise(a_promise(), late, std::nullopt);
    EXPECT_FALSE(check.kept) << k;
    EXPECT_EQ(check.first_broken, static_cast<std::int64_t>(k));
    EXPECT_EQ(check.least_slack, -1);
    DeviceRun slow = at_the_bound();
    --slow.sent[k];  // the stamp stays
    check = check_promise(a_promise(), slow, std::nullopt);
    EXPECT_FALSE(check.kept) << k;
    EXPECT_EQ(check.first_broken, static_cast<std::int64_t>(k));
    EXPECT_EQ(check.least_slack, 0);
    EXPECT_EQ(check.least_latency_slack, -1);
  }
}

TEST(CheckPromise, SaysNothingFromTheStepInWhichItIsVoid) {
  DeviceRun late = at_the_bound();
  ++late.ended[2];
  ++late.sent[2];
  EXPECT_TRUE(check_promise(a_promise(), late, 2).kept);
  EXPECT_EQ(check_promise(a_promise(), late, 2).steps, 2);
  EXPECT_FALSE(check_promise(a_promise(), late, 3).kept);
}

/// (Bound of the last stamp − first stamp) / (steps − 1).
TEST(CheckPromise, BoundsTheMeanOfThisRun) {
  DeviceRun run = at_the_bound();
  run.ended[0] = 90;
  EXPECT_EQ(check_promise(a_promise(), run, std::nullopt).mean_at_most, Ratio(111 - 90, 3));
  EXPECT_EQ(check_promise(a_promise(), run, 2).mean_at_most, std::nullopt) << "void";
  run.ended.resize(1);
  run.sent.resize(1);
  EXPECT_EQ(check_promise(a_promise(), run, std::nullopt).mean_at_most, std::nullopt) << "one step";
}

TEST(MismatchedSteps, CountsEveryStepWithAnotherStamp) {
  const DeviceRun replay = at_the_bound();
  EXPECT_EQ(mismatched_steps(replay, replay), 0);
  for (std::size_t k = 0; k < 4; ++k)
    for (const auto stamps : {&DeviceRun::ended, &DeviceRun::sent}) {
      DeviceRun device = replay;
      --(device.*stamps)[k];
      EXPECT_EQ(mismatched_steps(device, replay), 1) << k;
      ++(device.*stamps)[(k + 1) % 4];
      EXPECT_EQ(mismatched_steps(device, replay), 2) << k;
    }
}

/// Each of the four by itself.
TEST(PromisesKept, NeedsPromisesStampsAndValues) {
  Report report;
  report.steps = 4;
  report.mismatched = 0;
  report.differing_values = 0;
  EXPECT_FALSE(report.promises_kept()) << "nothing was checked";
  report.checks = {check_promise(a_promise(), at_the_bound(), std::nullopt)};
  EXPECT_TRUE(report.promises_kept());
  Report other = report;
  other.mismatched = 1;
  EXPECT_FALSE(other.promises_kept());
  other = report;
  other.differing_values = 1;
  EXPECT_FALSE(other.promises_kept());
  other = report;
  other.checks[0].kept = false;
  EXPECT_FALSE(other.promises_kept());
  other = report;
  other.checks[0].steps = 0;
  EXPECT_FALSE(other.promises_kept());
}

TEST(ContractVoidFrom, IsTheEarliestTilesStep) {
  Image image;
  image.binding.orders = {{{ClusterId{0}}, {ClusterId{1}}}, {{ClusterId{2}}}};
  DeviceRun run;
  run.tiles.resize(2);
  EXPECT_EQ(contract_void_from(image, run), std::nullopt);
  run.tiles[0].contract_broken = 1;
  run.tiles[0].contract_first = 7;  // of two firings a step
  EXPECT_EQ(contract_void_from(image, run), 3);
  run.tiles[1].contract_broken = 2;
  run.tiles[1].contract_first = 2;
  EXPECT_EQ(contract_void_from(image, run), 2);
}
/// A random network on the chip, with clusters for every kind of tile.
Image image_on(const Chip& chip) {
  for (Rng rng(1);;) {
    IntNetwork network = test::random_network(rng, {2, 20});
    network.state_bits = chip.tile.state_bits;
    PartitionOptions options;
    options.kinds = test::some_kinds(rng, chip, network);
    options.max_neurons = 12;
    try {
      Image image;
      image.chip = chip;
      image.application = build_application(network, chip, partition(network, chip, options), {});
      const MapResult result = map(image.application, chip, {});
      std::set<std::uint32_t> kinds;
      for (const Cluster& cluster : image.application.clusters) kinds.insert(cluster.kind);
      if (!result.binding || kinds.size() != chip.kinds()) continue;
      image.binding = *result.binding;
      return image;
    } catch (const Error& error) {  // too much for a tile of this chip
      EXPECT_EQ(error.kind(), ErrorKind::kInput);
    }
  }
}

Report report_of(const Image& image) {
  Report report;
  report.tiles.resize(image.chip.tiles());
  return report;
}

TEST(ReportText, SaysOfEachTileItsKindAndWhatItHolds) {
  for (const char* name : {"mixed", "one"}) {
    SCOPED_TRACE(name);
    const Image image = image_on(chip_named(name));
    const auto json = nlohmann::json::parse(to_json(report_of(image), image));
    const std::string text = to_text(report_of(image), image);
    const bool one_kind = image.chip.kinds() == 1;
    for (std::size_t t = 0; t < image.chip.tiles(); ++t) {
      const auto& tile = json.at("tiles").at(t);
      const TileKind& kind = image.chip.kind_at(TileId{t});
      std::size_t contexts = 0, pages = 0;
      for (const Placement& place : image.binding.placement)
        if (place.tile.index() == t) ++contexts, pages += place.rows;
      EXPECT_EQ(tile.at("memory").at("contexts"), nlohmann::json({contexts, kind.contexts})) << t;
      EXPECT_EQ(tile.at("memory").at("pages"), nlohmann::json({pages, kind.page_rows})) << t;
      EXPECT_EQ(tile.value("kind", ""), one_kind ? "" : kind.name) << t;
      if (contexts == 0) continue;
      const std::string place =
          "tile(" + std::to_string(t % image.chip.width) + "," + std::to_string(t / image.chip.width) + ")";
      EXPECT_THAT(text, HasSubstr(place + (one_kind ? "" : " of kind " + kind.name) + ": busy"));
      EXPECT_THAT(text, HasSubstr("; contexts " + std::to_string(contexts) + "/"));
    }
  }
}

/// On a single tile no route has to be followed: the links are the host's wire to the tile, the tile's to its
/// router, the router's to the tile and the router's to the host.
TEST(ReportText, NamesTheShareOfTheBusiestLinksSlots) {
  const Image image = image_on(chip_named("one"));
  std::size_t from_host = 0, from_tile = 0, to_tile = 0, to_host = 0;
  for (const Channel& channel : image.binding.channels) {
    (channel.from ? from_tile : from_host) += channel.slots.size();
    const auto goes = [&](bool host) {
      return std::any_of(channel.to.begin(), channel.to.end(),
                         [&](const Destination& end) { return end.to.has_value() != host; });
    };
    if (goes(false)) to_tile += channel.slots.size();
    if (goes(true)) to_host += channel.slots.size();
  }
  const std::size_t busiest = std::max({from_host, from_tile, to_tile, to_host});
  ASSERT_GT(busiest, 0U);
  const double share = static_cast<double>(busiest) / image.chip.spike_wheel;
  const auto json = nlohmann::json::parse(to_json(report_of(image), image));
  EXPECT_EQ(json.at("utilisation").at("busiest_link_slots"), share);
  EXPECT_THAT(
      to_text(report_of(image), image),
      HasSubstr("(busiest link: " + std::to_string(static_cast<int>(share * 100)) + " % of its slots"));
}

TEST(Exchange, RefusesAnotherChipByItsHash) {
  const Chip chip = chip_named("one");
  Chip other = chip;
  other.tile.page_rows *= 2;
  const auto link = open_model(chip);
  Exchange exchange(*link, std::chrono::seconds(10));
  exchange.check_chip(chip);
  try {
    exchange.check_chip(other);
    FAIL() << "an image of another chip";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kDevice);
    EXPECT_THAT(error.what(), HasSubstr("the image was compiled for"));
  }
}

/// A device that answers a question with a word of another kind, once, and then says no more.
class WordInstead final : public Link {
 public:
  std::size_t send(std::span<const Word> words) override { return words.size(); }
  std::size_t receive(std::span<Word> words) override {
    if (said_) return 0;
    said_ = true;
    words[0] = Word{hw::kKindOutEos} << 60U;
    return 1;
  }
  bool progress() override { return false; }
  [[nodiscard]] std::string describe() const override { return "odd"; }

 private:
  bool said_ = false;
};

/// It went on for ever: the word that nobody had asked for counted as news again and again.
TEST(Exchange, GivesUpOnAnAnswerThatDoesNotComeThoughAnotherWordDid) {
  WordInstead link;
  Exchange exchange(link, std::chrono::seconds(10));
  try {
    (void)exchange.read(0, hw::kAddrNodeStatus);
    FAIL() << "an answer out of nothing";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kDevice);
    EXPECT_THAT(error.what(), HasSubstr("odd: stands still; waiting for the answer of register"));
  }
  EXPECT_EQ(exchange.received().size(), 1U);
}

}  // namespace
}  // namespace spikeloom
