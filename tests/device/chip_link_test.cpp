// The link contract on real chips, `verilator` and `model`: the ring answers for every node.
#include <gtest/gtest.h>

#include <array>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "compiler/chip/chip.hpp"
#include "compiler/chip_model/model_device.hpp"
#include "host/device/verilator_device.hpp"
#include "tests/chips/chip_named.hpp"
#include "tests/device/link_contract.hpp"

namespace spikeloom::testing_links {
namespace {

using test::chip_named;

Word ring(std::uint32_t kind, std::uint32_t node, std::uint32_t address, std::uint32_t data) {
  return hw::WordRing{.data = data, .address = address, .node = node, .kind = kind}.pack();
}

bool reads_memory(std::uint32_t address) {
  return hw::Address::unpack(address).block == hw::kAddrBlockMemory &&
         hw::AddressMemory::unpack(address).read != 0;
}
std::uint32_t memory_address(std::uint32_t offset) {
  return hw::Address{.offset = offset, .block = hw::kAddrBlockMemory}.pack();
}

/// Hashes of every node; then potentials written and read back on every tile, forwards and backwards.
std::vector<Word> ring_words(const Chip& chip) {
  std::vector<Word> words;
  for (std::uint32_t node = 0; node <= chip.tiles(); ++node)
    for (const std::uint32_t offset : {hw::kAddrNodeHardwareHash, hw::kAddrNodeChipHash})
      words.push_back(ring(hw::kKindRingRead, node, offset, 0));
  const auto parts = [&](std::uint32_t node) { return chip.kind_at(TileId(node - 1)).lif_lanes; };
  const auto point = [&](std::uint32_t node, std::uint32_t word) {
    words.push_back(ring(hw::kKindRingWrite, node, memory_address(hw::kAddrMemoryAddress),
                         hw::RegMemoryAddress{.word = word, .memory = hw::kMemPotentials}.pack()));
  };
  Rng rng(11);
  constexpr std::uint32_t kWords = 20;  // at most state_words of every test chip
  for (std::uint32_t node = 1; node <= chip.tiles(); ++node) {
    point(node, 0);
    for (std::uint32_t i = 0; i < kWords * parts(node); ++i)
      words.push_back(ring(hw::kKindRingWrite, node, memory_address(hw::kAddrMemoryData),
                           static_cast<std::uint32_t>(
                               rng.between(-30000, 30000))));  // fits every width, comes back sign-extended
  }
  for (std::uint32_t node = chip.tiles(); node > 0; --node)
    for (std::uint32_t word = kWords; word-- > 0;) {
      point(node, word);
      for (std::uint32_t part = 0; part < parts(node); ++part)
        words.push_back(ring(hw::kKindRingRead, node, hw::AddressMemory{.part = part, .read = 1}.pack(), 0));
    }
  return words;
}

LinkCase on_verilator(const std::string& name, std::uint64_t stall_seed,
                      TileCode tile_code = TileCode::kAuto) {
  return {
      "Verilator" + name + (stall_seed == 0 ? "" : "Stalled") + (tile_code == TileCode::kOwn ? "Own" : ""),
      [name, stall_seed, tile_code] {
        VerilatorOptions options;
        options.tile_code = tile_code;
        if (stall_seed != 0) options.stall_seed = stall_seed;
        return open_verilator(chip_named(name), options, {});
      },
      ring_words(chip_named(name))};
}

/// The chip of a case, whose name has the chip's in it.
Chip chip_of(const LinkCase& link) {
  for (const char* name : {"one", "wide", "mixed"})
    if (link.name.find(name) != std::string::npos) return chip_named(name);
  throw std::logic_error(link.name);
}

LinkCase on_model(const std::string& name) {
  return {"Model" + name, [name] { return open_model(chip_named(name)); }, ring_words(chip_named(name))};
}

std::vector<LinkCase> chip_cases() {
  return {on_verilator("one", 0),
          on_verilator("wide", 0),
          on_verilator("wide", 3),
          on_verilator("mixed", 0, TileCode::kShared),
          on_verilator("mixed", 0, TileCode::kOwn),
          on_model("one"),
          on_model("wide")};
}

INSTANTIATE_TEST_SUITE_P(Chip, LinkContract, ::testing::ValuesIn(plain_and_throttled(chip_cases())),
                         link_case_name);

class ChipLink : public ::testing::TestWithParam<LinkCase> {};

TEST_P(ChipLink, AnswersEveryReadInOrder) {
  const LinkCase& link = GetParam();
  std::vector<Word> asked;
  for (const Word word : link.words)
    if (hw::WordRing::unpack(word).kind == hw::kKindRingRead) asked.push_back(word);
  const Received received = exchange(*link.open(), link.words, 1, 64);
  ASSERT_EQ(received.answers.size(), asked.size());
  EXPECT_TRUE(received.outputs.empty() && received.sent.empty());
  for (std::size_t i = 0; i < asked.size(); ++i) {
    const auto question = hw::WordRing::unpack(asked[i]);
    const auto answer = hw::WordRing::unpack(received.answers[i]);
    EXPECT_EQ(answer.node, question.node) << "answer " << i;
    EXPECT_EQ(answer.address, question.address) << "answer " << i;
  }
}

TEST_P(ChipLink, KnowsItsHashes) {
  const LinkCase& link = GetParam();
  const Chip chip = chip_of(link);
  const Received received = exchange(*link.open(), link.words, 1, 64);
  std::size_t seen = 0;
  for (const Word word : received.answers) {
    const auto answer = hw::WordRing::unpack(word);
    if (answer.address == hw::kAddrNodeHardwareHash) {
      EXPECT_EQ(answer.data, hw::kHardwareHash) << "node " << answer.node;
      ++seen;
    }
    if (answer.address == hw::kAddrNodeChipHash) {
      EXPECT_EQ(answer.data, chip_hash(chip)) << "node " << answer.node;
      ++seen;
    }
  }
  EXPECT_EQ(seen, 2 * (std::size_t{1} + chip.tiles()));
}

TEST_P(ChipLink, ReadsBackWhatWasWritten) {
  const LinkCase& link = GetParam();
  // What each (node, word, part) was written with, from the words alone.
  std::map<std::array<std::uint32_t, 3>, std::uint32_t> memory;
  std::map<std::uint32_t, std::array<std::uint32_t, 2>> at;  // node → word, part
  const Chip chip = chip_of(link);
  std::vector<std::uint32_t> expected;
  for (const Word word : link.words) {
    const auto ring = hw::WordRing::unpack(word);
    auto& [index, part] = at[ring.node];
    if (ring.kind == hw::kKindRingRead && reads_memory(ring.address)) {
      expected.push_back(memory.at({ring.node, index, hw::AddressMemory::unpack(ring.address).part}));
    } else if (ring.address == memory_address(hw::kAddrMemoryAddress)) {
      index = hw::RegMemoryAddress::unpack(ring.data).word;
      part = 0;
    } else if (ring.address == memory_address(hw::kAddrMemoryData)) {
      memory[{ring.node, index, part}] = ring.data;
      if (++part == chip.kind_at(TileId(ring.node - 1)).lif_lanes) {
        part = 0;
        ++index;
      }
    }
  }
  std::vector<std::uint32_t> found;
  for (const Word word : exchange(*link.open(), link.words, 1, 64).answers)
    if (const auto answer = hw::WordRing::unpack(word); reads_memory(answer.address))
      found.push_back(answer.data);
  EXPECT_EQ(found, expected);
}

TEST(ChipLinks, ModelAndVerilatorAnswerAlike) {
  for (const std::string name : {"one", "wide"})
    EXPECT_EQ(exchange(*on_verilator(name, 0).open(), ring_words(chip_named(name)), 1, 64),
              exchange(*on_model(name).open(), ring_words(chip_named(name)), 2, 64))
        << name;
  EXPECT_EQ(
      exchange(*on_verilator("mixed", 0, TileCode::kShared).open(), ring_words(chip_named("mixed")), 1, 64),
      exchange(*on_verilator("mixed", 0, TileCode::kOwn).open(), ring_words(chip_named("mixed")), 1, 64));
}

INSTANTIATE_TEST_SUITE_P(Chip, ChipLink,
                         ::testing::Values(on_verilator("one", 0), on_verilator("wide", 0),
                                           on_verilator("mixed", 0, TileCode::kShared),
                                           on_verilator("mixed", 0, TileCode::kOwn), on_model("one"),
                                           on_model("wide")),
                         link_case_name);

}  // namespace
}  // namespace spikeloom::testing_links
