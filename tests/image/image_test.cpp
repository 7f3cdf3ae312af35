#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>

#include "compiler/base/error.hpp"
#include "compiler/image/container.hpp"
#include "compiler/image/image.hpp"
#include "compiler/map/map.hpp"
#include "compiler/map/routes.hpp"
#include "compiler/partition/partition.hpp"
#include "tests/base/scratch_folder.hpp"
#include "tests/partition/random_network.hpp"

namespace spikeloom {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

Image random_image(std::uint64_t seed) {
  for (Rng rng(seed);;) {
    const IntNetwork net = test::random_network(rng, {4, 50});
    Image image;
    image.chip = test::random_chip(rng);
    image.chip.name = "a \"quoted\" name";
    image.chip.clock_mhz = 100.0 / 3;
    PartitionOptions options;
    if (seed % 3 == 0) {
      test::mix_kinds(rng, image.chip);
      options.kinds = test::some_kinds(rng, image.chip, net);
    }
    if (rng.chance(0.6)) options.max_neurons = 12 + static_cast<std::uint32_t>(rng.below(40));
    const Clustering clustering = partition(net, image.chip, options);
    BuildOptions build;
    if (rng.chance(0.5)) {
      build.activity = Traffic{};
      for (const IntInput& input : net.inputs) build.activity->inputs.emplace_back(input.axons(), rng.unit());
      for (const IntPopulation& p : net.populations)
        build.activity->populations.emplace_back(p.size(), rng.unit());
    }
    image.application = build_application(net, image.chip, clustering, build);
    const MapResult result = map(image.application, image.chip, {.seed = seed});
    if (!result.binding) continue;
    image.binding = *result.binding;
    image.promises.push_back({PromiseKind::kGuaranteed,
                              Ratio(301, 7),
                              1000,
                              512,
                              {{"fire p0[0]", 17}},
                              {{{{5, 7}, 3, 4}}},
                              {"tile (0,0): fire p0[0]"},
                              "{}"});
    image.contracts.resize(image.chip.tiles());
    image.contracts[0] = {500, 1000};
    image.metadata = R"({"seed": 3})";
    return image;
  }
}

TEST(Image, IsReadAsItWasWritten) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    const Image image = random_image(seed);
    ASSERT_THAT(check(image), IsEmpty());
    EXPECT_EQ(decode(encode(image), "image"), image) << "seed " << seed;
  }
}

TEST(Image, AClusterForAnotherKindOfTileIsSeen) {
  Image image = random_image(3);
  ASSERT_EQ(image.chip.kinds(), 2U);
  const std::uint32_t kind = image.application.clusters[0].kind;
  image.application.clusters[0].kind = 1 - kind;
  EXPECT_THAT(check(image), testing::Not(IsEmpty()));
  image.application.clusters[0].kind = 2;
  EXPECT_THAT(check(image), testing::Contains(HasSubstr("is for kind 2 of tile, of which the chip has 2")));
  image.application.clusters[0].kind = kind;
  image.chip.more_kinds[0].core = image.chip.tile.core = "round";
  EXPECT_THAT(check(image), testing::Contains(HasSubstr("is for another core than the chip's")));
}

/// A sound image on a chip with one parameter changed, which its tables do not suit.
TEST(Image, WhatTheChipDoesNotReadIsSeen) {
  int shifts = 0, readouts = 0, wide = 0, lanes = 0;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const Image good = random_image(seed);
    if (good.chip.kinds() > 1) continue;
    ASSERT_THAT(check(good), IsEmpty());
    Image bad = good;
    bad.chip.tile.max_shift = 0;
    for (const std::string& fault : check(bad)) {
      EXPECT_THAT(fault, HasSubstr("has rows that the chip does not decode"));
      ++shifts;
    }
    bad = good;
    bad.chip.tile.readout = 0;
    const bool any = std::any_of(good.application.clusters.begin(), good.application.clusters.end(),
                                 [](const Cluster& c) { return c.readout; });
    EXPECT_EQ(check(bad).empty(), !any);
    for (const std::string& fault : check(bad)) {
      EXPECT_THAT(fault, HasSubstr("is a readout; the chip has none"));
      ++readouts;
    }
    bad = good;
    bad.chip.chunk_index_bits = 0;
    if (good.application.host_chunks() > 1) {
      EXPECT_THAT(check(bad), testing::Contains("more host chunks than the chip numbers"));
      ++wide;
    }
    bad = good;
    bad.chip.tile.lanes *= 2;
    EXPECT_THAT(check(bad), testing::Each(HasSubstr("built for tile.lanes")));
    EXPECT_THAT(check(bad), testing::Not(IsEmpty()));
    bad = good;
    bad.chip.tile.lif_lanes *= 2;
    EXPECT_THAT(check(bad), testing::Each(HasSubstr("built for tile.lanes")));
    lanes += check(bad).empty() ? 0 : 1;
  }
  EXPECT_GT(shifts, 5);
  EXPECT_GT(readouts, 2);
  EXPECT_GT(wide, 5);
  EXPECT_GT(lanes, 20);
}

TEST(Image, PromisesAreAGuaranteedOneThenAtMostASampledAndAContractedOne) {
  const auto faults = [](const std::vector<PromiseKind>& kinds) {
    std::vector<Promise> promises(kinds.size());
    for (std::size_t i = 0; i < kinds.size(); ++i) promises[i].kind = kinds[i];
    return promise_faults(promises);
  };
  const PromiseKind guaranteed = PromiseKind::kGuaranteed, sampled = PromiseKind::kSampled,
                    contracted = PromiseKind::kContracted;
  EXPECT_THAT(faults({guaranteed}), IsEmpty());
  EXPECT_THAT(faults({guaranteed, contracted}), IsEmpty());
  EXPECT_THAT(faults({guaranteed, sampled}), IsEmpty());
  EXPECT_THAT(faults({guaranteed, sampled, contracted}), IsEmpty());
  EXPECT_THAT(faults({sampled}), testing::ElementsAre(HasSubstr("the first promise is sampled")));
  EXPECT_THAT(faults({guaranteed, sampled, sampled}), testing::ElementsAre(HasSubstr("3 promises")));
  EXPECT_THAT(faults({guaranteed, contracted, sampled}), testing::ElementsAre(HasSubstr("3 promises")));
  EXPECT_THAT(faults({}), testing::ElementsAre(HasSubstr("holds no promise")));
  EXPECT_THAT(faults({contracted}), testing::ElementsAre(HasSubstr("the first promise is contracted")));
  EXPECT_THAT(faults({guaranteed, guaranteed}), testing::ElementsAre(HasSubstr("2 promises")));
  EXPECT_THAT(faults({guaranteed, contracted, contracted}), testing::ElementsAre(HasSubstr("3 promises")));
}

/// A graph of two actors, one of them on a tile, and an arc, to which all of the binding refers.
OperatingPoint small_point(const Binding& binding) {
  OperatingPoint point;
  point.binding = binding;
  point.graph.actors.resize(2);
  point.graph.actors[0].tile = 0;
  point.graph.arcs.push_back({.name = "arc", .target = 1});
  point.graph.sink = 1;
  for (const Channel& channel : binding.channels) {
    point.graph.senders.push_back(0);
    point.send_budget.push_back(1);
    for (const Destination& end : channel.to) {
      point.graph.ends.push_back(end.to ? PointGraph::End{0, 1, 0} : PointGraph::End{});
      point.wait_budget.push_back(1);
    }
  }
  point.potentials.resize(2);
  point.latest_starts.resize(2);
  return point;
}

/// One that uses every tile of its chip, which is what a point asks of its own tiles.
Image image_without_idle_tiles() {
  for (std::uint64_t seed = 1;; ++seed) {
    Image image = random_image(seed);
    if (std::none_of(image.binding.orders.begin(), image.binding.orders.end(),
                     [](const auto& order) { return order.empty(); }))
      return image;
  }
}

TEST(Image, AnOperatingPointsGraphIsThatOfItsBinding) {
  Image image = image_without_idle_tiles();
  image.points.push_back(small_point(image.binding));
  ASSERT_THAT(check(image), IsEmpty());
  const OperatingPoint good = image.points[0];
  const auto faults = [&](const auto& change) {
    image.points[0] = good;
    change(image.points[0]);
    return check(image);
  };
  const auto end_to = [&](bool host) {
    std::size_t e = 0;
    for (const Channel& channel : good.binding.channels)
      for (const Destination& end : channel.to) {
        if (end.to.has_value() != host) return e;
        ++e;
      }
    return e;
  };
  const std::size_t to_host = end_to(true), to_tile = end_to(false);
  ASSERT_LT(std::max(to_host, to_tile), good.graph.ends.size());
  constexpr std::int64_t kTooLong = std::int64_t{1} << 50;
  // References to actors and arcs that there are not, and lists of another length.
  using Change = void (*)(OperatingPoint&);
  const std::vector<Change> lists = {
      [](OperatingPoint& p) { p.graph.source = 2; },
      [](OperatingPoint& p) { p.graph.sink = 2; },
      [](OperatingPoint& p) { p.graph.senders.pop_back(); },
      [](OperatingPoint& p) { p.graph.senders.back() = 2; },
      [](OperatingPoint& p) { p.graph.ends.pop_back(); },
      [](OperatingPoint& p) { p.graph.ends.push_back(p.graph.ends.back()), p.wait_budget.push_back(1); },
      [](OperatingPoint& p) { p.graph.ends.back().arrival = 1; },
      [](OperatingPoint& p) { p.graph.actors[0].tile = static_cast<std::uint32_t>(p.tiles()); },
      [](OperatingPoint& p) { p.graph.arcs[0].source = 2; },
      [](OperatingPoint& p) { p.graph.arcs[0].target = 2; },
      [](OperatingPoint& p) { p.send_budget.pop_back(); },
      [](OperatingPoint& p) { p.wait_budget.push_back(1); },
      [](OperatingPoint& p) { p.potentials.pop_back(); },
      [](OperatingPoint& p) { p.latest_starts.emplace_back(); }};
  for (std::size_t i = 0; i < lists.size(); ++i)
    EXPECT_THAT(faults(lists[i]), testing::ElementsAre(HasSubstr("does not belong to its binding"))) << i;
  // The way back of credits: from a tile, and none from the host.
  const std::uint32_t nowhere = PointGraph::kNowhere;
  const std::vector<std::pair<std::size_t, PointGraph::End>> ends = {
      {to_tile, {0, nowhere, 0}}, {to_tile, {0, 2, 0}},       {to_tile, {0, 1, nowhere}},
      {to_tile, {0, 1, 1}},       {to_host, {0, 1, nowhere}}, {to_host, {0, nowhere, 0}}};
  for (const auto& [at, end] : ends)
    EXPECT_THAT(faults([&, e = at, other = end](OperatingPoint& p) { p.graph.ends[e] = other; }),
                testing::ElementsAre(HasSubstr("does not belong to its binding")));
  // Times that are none.
  using Time = std::int64_t& (*)(OperatingPoint&);
  const std::vector<Time> times = {[](OperatingPoint & p) -> auto& {return p.graph.actors[1].execution;
}
, [](OperatingPoint& p) -> auto& { return p.graph.actors[1].lower; }
, [](OperatingPoint& p) -> auto& { return p.graph.arcs[0].tokens; }
, [](OperatingPoint& p) -> auto& { return p.graph.arcs[0].latency; }
, [](OperatingPoint& p) -> auto& { return p.send_budget.back(); }
, [](OperatingPoint& p) -> auto& { return p.wait_budget.back(); }
, [](OperatingPoint& p) -> auto& { return p.offset; }
, [](OperatingPoint& p) -> auto& { return p.latency; }
};  // namespace
for (std::size_t i = 0; i < times.size(); ++i)
  for (const std::int64_t value : {std::int64_t{-1}, std::int64_t{0}, kTooLong - 1, kTooLong})
    EXPECT_EQ(faults([&](OperatingPoint& p) { times[i](p) = value; }).empty(), value >= 0 && value < kTooLong)
        << i << ": " << value;
for (const Change number : {Change([](OperatingPoint& p) { p.binding.application = 1; }),
                            Change([](OperatingPoint& p) { p.binding.first_sink = 1; }),
                            Change([](OperatingPoint& p) { p.binding.orders.emplace_back(); })})
  EXPECT_THAT(faults(number), testing::Contains(HasSubstr("idle tiles, or numbers that do not begin")));
}  // namespace spikeloom

TEST(Image, FileIsReplacedWholeAndReadBack) {
  const test::ScratchFolder folder;
  const std::filesystem::path path = folder.path() / "a.loom";
  const Image image = random_image(1);
  write_image(image, path.string());
  write_image(image, path.string());
  EXPECT_EQ(read_image(path.string()), image);
  std::filesystem::remove(path);
  const auto refusal = [&] {
    try {
      (void)read_image(path.string());
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string("read");
  };
  EXPECT_THAT(refusal(), HasSubstr("a.loom: cannot be read; expected an image"));
  std::ofstream(path) << "x";
  std::filesystem::resize_file(path, kMostImageBytes + 1);  // a hole: no disk is filled
  EXPECT_THAT(refusal(), HasSubstr("bytes; an image has at most " + std::to_string(kMostImageBytes)));
  EXPECT_THROW(write_image(image, folder.file("no/such/folder/a.loom")), Error);
}

std::string error_of(const std::vector<std::uint8_t>& bytes) {
  try {
    (void)decode(bytes, "file.loom");
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInput);
    return error.what();
  }
  return "no error";
}

TEST(Image, NamesWhatIsWrongWithAFile) {
  const std::vector<std::uint8_t> good = encode(random_image(2));
  EXPECT_THAT(error_of({}), HasSubstr("file.loom: not a compiled image"));
  std::vector<std::uint8_t> bad = good;
  bad[8] = 99;
  EXPECT_THAT(error_of(bad), HasSubstr("image format 99"));
  bad = good;
  bad[12] ^= 1;
  EXPECT_THAT(error_of(bad), HasSubstr("another hardware description"));
  bad = good;
  bad.pop_back();
  EXPECT_THAT(error_of(bad), HasSubstr("cut or grown"));
  bad = good;
  bad.back() ^= 1;
  EXPECT_THAT(error_of(bad), HasSubstr("damaged"));
  EXPECT_THAT(error_of(seal({})), HasSubstr("malformed image, byte 0: ends too early"));
  std::vector<std::uint8_t> payload = unseal(good, "good");
  payload.push_back(0);
  EXPECT_THAT(error_of(seal(payload)), HasSubstr("more than an image"));
  const std::vector<std::uint8_t> whole = unseal(good, "good");
  std::string said;  // of a length that no file has, wherever one stands first
  for (std::size_t at = 0; at + 8 <= whole.size() && said.find("a list longer") == std::string::npos; ++at) {
    payload = whole;
    std::fill_n(payload.begin() + static_cast<std::ptrdiff_t>(at), 8, std::uint8_t{0xff});
    said = error_of(seal(payload));
  }
  EXPECT_THAT(said, HasSubstr("a list longer than the file"));
  Image image = random_image(2);
  image.metadata = "[";
  EXPECT_THAT(error_of(encode(image)), HasSubstr("metadata is not a JSON object"));
  image = random_image(2);
  image.binding.placement[0].rows = 1;
  EXPECT_THAT(error_of(encode(image)), HasSubstr("number of pages"));
}

TEST(Image, APromiseOfNoKnownKindIsRefused) {
  std::vector<std::uint8_t> payload = unseal(encode(random_image(2)), "good");
  const std::string kind = "guaranteed";
  const auto at = std::search(payload.begin(), payload.end(), kind.begin(), kind.end());
  ASSERT_NE(at, payload.end());
  *at = 'G';
  EXPECT_THAT(error_of(seal(payload)), HasSubstr("a promise named guaranteed, sampled or contracted"));
}

TEST(Image, EveryMutatedFileIsRefusedOrSound) {
  Rng rng(77);
  int accepted = 0;
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    const std::vector<std::uint8_t> good = unseal(encode(random_image(seed)), "good");
    for (int trial = 0; trial < 700; ++trial) {
      std::vector<std::uint8_t> bad = good;
      const std::size_t changes = 1 + rng.below(3);
      for (std::size_t i = 0; i < changes; ++i) {
        const std::size_t at = rng.below(bad.size());
        constexpr std::uint8_t kNasty[] = {0, 1, 0x7f, 0x80, 0xff};
        switch (rng.below(4)) {
          case 0:
            bad[at] = kNasty[rng.below(5)];
            break;
          case 1:
            bad[at] = static_cast<std::uint8_t>(bad[at] ^ (1U << rng.below(8)));
            break;
          case 2:
            bad.resize(at + 1);
            break;
          default:
            bad.insert(bad.begin() + static_cast<std::ptrdiff_t>(at), static_cast<std::uint8_t>(rng.next()));
            break;
        }
      }
      try {
        const Image image = decode(seal(bad), "fuzz");
        ++accepted;
        ASSERT_THAT(check(image), IsEmpty());
        (void)program(image);
        (void)print(image);
        for (std::size_t c = 0; c < image.application.clusters.size(); ++c)
          (void)expected_work(image.application, ClusterId(c));
      } catch (const Error& error) {
        ASSERT_EQ(error.kind(), ErrorKind::kInput) << error.what();
      }
    }
  }
  std::cout << accepted << " of 4200 mutated images are sound\n";
}

TEST(Program, LoadsEveryTableAndStartsTheHostLast) {
  const Image image = random_image(5);
  const Program words = program(image);
  EXPECT_EQ(words.load, program(image).load);
  std::map<std::uint32_t, std::map<std::uint32_t, std::uint32_t>> registers;
  for (const std::uint64_t bits : words.load) {
    const hw::WordRing word = hw::WordRing::unpack(bits);
    ASSERT_EQ(word.kind, hw::kKindRingWrite);
    ASSERT_LE(word.node, image.chip.tiles());
    registers[word.node][word.address] = word.data;
  }
  const std::vector<NodeTables> expected = tables(image.binding, image.chip);
  for (std::uint32_t node = 0; node < expected.size(); ++node)
    for (std::uint32_t slot = 0; slot < image.chip.spike_wheel; ++slot) {
      EXPECT_EQ(registers[node].at(hw::AddressSpikeSlot{.slot = slot}.pack()),
                expected[node].spike_slots[slot].pack());
      if (node > 0) {
        EXPECT_EQ(registers[node].at(hw::AddressSpikeRoute{.slot = slot}.pack()),
                  expected[node].spike_routes[slot].pack());
      }
    }
  const hw::WordRing last = hw::WordRing::unpack(words.start.back());
  EXPECT_EQ(last.node, 0U);
  EXPECT_EQ(last.address, hw::kAddrNodeControl);
  EXPECT_EQ(hw::RegControl::unpack(last.data).run, 1U);
  EXPECT_EQ(hw::RegControl::unpack(hw::WordRing::unpack(words.start.front()).data).clear, 1U);
}

}  // namespace
}  // namespace spikeloom
