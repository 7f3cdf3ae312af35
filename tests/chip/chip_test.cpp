#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "compiler/base/error.hpp"
#include "compiler/chip/chip.hpp"
#include "spikeloom_hw.hpp"

namespace spikeloom {
namespace {

using ::testing::HasSubstr;

std::string message_of(const std::string& toml) {
  try {
    (void)parse_chip(toml, "c.toml");
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInput);
    return error.what();
  }
  return "";
}

TEST(ChipFile, EveryShippedOneIsReadAndSurvivesPrinting) {
  int count = 0;
  for (const char* folder : {"/chips", "/tests/chips"})
    for (const auto& entry :
         std::filesystem::directory_iterator(std::string(SPIKELOOM_SOURCE_DIR) + folder)) {
      if (entry.path().extension() != ".toml") continue;
      const Chip chip = read_chip(entry.path());
      EXPECT_EQ(parse_chip(print(chip), "printed"), chip) << entry.path();
      ++count;
    }
  EXPECT_GE(count, 5);
}

TEST(ChipFile, TheHashFollowsTheHardwareAndNotTheName) {
  Chip a = parse_chip("name = \"a\"", "a");
  Chip b = parse_chip("name = \"b\"\nclock_mhz = 7", "b");
  EXPECT_EQ(chip_hash(a), chip_hash(b));
  b.tile.lanes = 32;
  EXPECT_NE(chip_hash(a), chip_hash(b));
  b = a;
  b.tile.weight_bits = {8};
  EXPECT_NE(chip_hash(a), chip_hash(b));
}

TEST(ChipFile, ReportsEverythingWrongAtOnce) {
  const std::string text = message_of(
      "[mesh]\nwidth = 0\nhight = 2\n[noc]\nspike_wheel = 12\n[tile]\nlanes = 6\nlif_lanes = 4\nweight_bits "
      "= [4, 3]\n");
  EXPECT_THAT(text, HasSubstr("c.toml: "));
  EXPECT_THAT(text, HasSubstr("name is missing"));
  EXPECT_THAT(text, HasSubstr("mesh.width: expected a whole number from 1 to 32, found 0"));
  EXPECT_THAT(text, HasSubstr("mesh.hight: no such key"));
  EXPECT_THAT(text, HasSubstr("noc.spike_wheel = 12: expected a power of two"));
  EXPECT_THAT(text, HasSubstr("tile.lanes = 6: expected a multiple of 4"));
  EXPECT_THAT(text, HasSubstr("tile.lif_lanes = 4: expected a divisor"));
  EXPECT_THAT(text, HasSubstr("tile.weight_bits: expected a list of 8, 4, 2, 1"));
  EXPECT_THAT(text, HasSubstr("tile.weight_bits: 8 is missing"));
}

TEST(ChipFile, RulesBetweenKeysAreChecked) {
  const std::string text = message_of(
      "name = \"a\"\n[noc]\nchunk_index_bits = 5\n[tile]\npage_chunks = 33\nacc_bits = 20\nstate_bits = "
      "18\nweight_bits = 8\n[host]\nqueue_words = 100\n");
  EXPECT_THAT(text, HasSubstr("tile.page_chunks = 33: noc.chunk_index_bits = 5 cannot number them"));
  EXPECT_THAT(text, HasSubstr("tile.acc_bits = 20: expected at most tile.state_bits = 18"));
  EXPECT_THAT(text, HasSubstr("tile.weight_bits: expected a list of 8, 4, 2, 1"));
  EXPECT_THAT(text, HasSubstr("host.queue_words = 100: expected a power of two"));
}

/// A small chip with two kinds more, of which `more` is the rest of the file.
std::string three_kinds(const std::string& more) {
  return "name = \"a\"\n[mesh]\nwidth = 3\nheight = 3\n[tile]\nlanes = 8\nlif_lanes = 4\ncontexts = 3\n"
         "state_bits = 20\n[[kind]]\nname = \"big\"\nlanes = 32\npage_rows = 64\nweight_bits = [8, 1]\n"
         "[[kind]]\nname = \"odd\"\ncontexts = 2\n" +
         more;
}

TEST(ChipFile, AKindHasItsOwnKeysAndTheNodesOfTheDefaultOne) {
  const Chip chip = parse_chip(three_kinds("[map]\nbig = [\"1..2,0..1\"]\nodd = [\"0,2\", \"2,2\"]\n"), "a");
  ASSERT_EQ(chip.kinds(), 3U);
  EXPECT_EQ(chip.kind_of, (std::vector<std::uint32_t>{0, 1, 1, 0, 1, 1, 2, 0, 2}));
  EXPECT_EQ(chip.kind_at(TileId(0)).name, "tile");
  const TileKind& big = chip.kind_at(TileId(4));
  EXPECT_EQ(big.name, "big");
  EXPECT_EQ(big.core, "crossbar");
  EXPECT_EQ(big.lanes, 32U);
  EXPECT_EQ(big.lif_lanes, TileConfig{}.lif_lanes);  // a core's key
  EXPECT_EQ(big.contexts, 3U);                       // a node's key
  EXPECT_EQ(big.state_bits, 20U);
  EXPECT_EQ(chip.kind_at(TileId(8)).contexts, 2U);
  EXPECT_EQ(chip.kind_at(TileId(8)).lanes, TileConfig{}.lanes);
  EXPECT_EQ(parse_chip(print(chip), "printed"), chip);
}

TEST(ChipFile, AMapIsPrintedInRectangles) {
  const std::string text = print(parse_chip(
      three_kinds("[map]\nodd = [\"0..2,2\"]\nbig = [\"0,0\", \"0..1,1\", \"1,0\"]\ntile = [\"2,0\"]\n"),
      "a"));
  EXPECT_THAT(text, HasSubstr("[map]\nbig = [\"0..1,0..1\"]\nodd = [\"0..2,2\"]\n"));
}

TEST(ChipFile, AnotherPlaceOrKeyOfAKindIsAnotherHash) {
  std::set<std::uint32_t> hashes;
  for (const char* more :
       {"[map]\nbig = [\"0,0\"]\nodd = [\"1,0\"]\n", "[map]\nbig = [\"1,0\"]\nodd = [\"0,0\"]\n",
        "groups = 3\n[map]\nbig = [\"0,0\"]\nodd = [\"1,0\"]\n"})
    hashes.insert(chip_hash(parse_chip(three_kinds(more), "a")));
  hashes.insert(chip_hash(parse_chip("name = \"a\"\n[mesh]\nwidth = 3\nheight = 3\n", "a")));
  EXPECT_EQ(hashes.size(), 4U);
}

TEST(ChipFile, ReportsEverythingWrongWithKindsAndMap) {
  const std::string text = message_of(
      three_kinds("lanes = 6\npage_chunks = 5000\nstate_bits = 24\nhight = 1\ncore = \"round\"\n"
                  "[[kind]]\nname = \"big\"\n[[kind]]\nlif_lanes = 3\n"
                  "[map]\nbig = [\"0,0\", \"0..3,1\", \"2..1,0\", \"x,0\", \"1\", 7]\nodd = [\"0..1,0\"]\n"
                  "none = [\"0,0\"]\ntile = 3\n"));
  for (const char* problem :
       {"kind odd: lanes = 6: expected a multiple of 4",
        "kind odd: lif_lanes = 16: expected a divisor of lanes = 6",
        "kind odd: page_chunks: expected a whole number from 1 to 4096, found 5000",
        "kind odd: state_bits = 24: tile.state_bits = 20 holds for every kind",
        "kind odd: hight: no such key", "kind odd: core: expected one of crossbar, ",
        "kind big: name: another kind has it", "kind 4: name is missing",
        "kind 4: lif_lanes = 3: expected a power of two",
        "map.big: expected a list of \"x,y\" or \"x0..x1,y0..y1\" in a mesh of 3 x 3, found \"0..3,1\"",
        "found \"2..1,0\"", "found \"x,0\"", "found \"1\"", "found \"\"",
        "map.odd: tile 0,0 is of kind big already", "map.none: no kind has this name",
        "map.tile: expected a list"})
    EXPECT_THAT(text, HasSubstr(problem));
  EXPECT_THAT(message_of(three_kinds("")), HasSubstr("kind big: [map] gives it no tile"));
  std::string many = "name = \"a\"\n";
  for (int i = 0; i < 16; ++i) many += "[[kind]]\nname = \"k" + std::to_string(i) + "\"\n";
  EXPECT_THAT(message_of(many), HasSubstr("at most 16 kinds, [tile] among them, found 17"));
}

TEST(ChipFile, TheDefaultKindMayHaveANameAndACore) {
  const Chip chip = parse_chip("name = \"a\"\n[tile]\nname = \"plain\"\ncore = \"crossbar\"\n", "a");
  EXPECT_EQ(chip.tile.name, "plain");
  EXPECT_EQ(parse_chip(print(chip), "printed"), chip);
  EXPECT_THAT(message_of("name = \"a\"\n[tile]\nname = \"a b\"\n"),
              HasSubstr("tile.name: expected a name of"));
}

TEST(ChipFile, TheChipHasAWordForEachKindAndANodeThatOfItsOwn) {
  const Chip chip = parse_chip(three_kinds("[map]\nbig = [\"1..2,0\"]\nodd = [\"0..1,2\"]\n"), "a");
  const auto words = [](const std::vector<RtlParameter>& list, const std::string& name) {
    for (const RtlParameter& parameter : list)
      if (parameter.name == name) return parameter.words;
    return std::vector<std::uint32_t>{};
  };
  using Words = std::vector<std::uint32_t>;
  EXPECT_EQ(words(rtl_parameters(chip), "Kinds"), Words{3});
  EXPECT_EQ(words(rtl_parameters(chip), "TileKinds"), (Words{0x00010100, 0x02020000, 0}));
  EXPECT_EQ(words(rtl_parameters(chip), "Core"), (Words{0, 0, 0}));
  EXPECT_EQ(words(rtl_parameters(chip), "Lanes"), (Words{8, 32, 16}));
  EXPECT_EQ(words(rtl_parameters(chip), "WeightFormats"), (Words{15, 9, 15}));
  EXPECT_EQ(words(rtl_parameters(chip), "StateBits"), Words{20});
  EXPECT_EQ(words(node_parameters(chip, 1), "Kind"), Words{1});
  EXPECT_EQ(words(node_parameters(chip, 1), "Lanes"), Words{32});
  EXPECT_EQ(words(node_parameters(chip, 2), "StateBits"), Words{20});
  EXPECT_EQ(words(node_parameters(chip, 2), "ChipHash"), Words{chip_hash(chip)});
}

TEST(ChipFile, ATileTakesAllParametersButTheMeshsAndTheHosts) {
  const auto names = [](const std::vector<RtlParameter>& list) {
    std::vector<std::string> of;
    for (const RtlParameter& parameter : list) of.push_back(parameter.name);
    std::sort(of.begin(), of.end());
    return of;
  };
  std::vector<std::string> others = {"Width",      "Height",      "HostChannels", "HostCreditCounters",
                                     "QueueWords", "OutputWords", "WindowSinks",  "ExitWindow",
                                     "ExitSinks",  "Kinds",       "TileKinds"};
  std::vector<std::string> of_node = names(node_parameters(Chip{}, 0));
  ASSERT_EQ(std::erase(of_node, "Kind"), 1U);
  others.insert(others.end(), of_node.begin(), of_node.end());
  std::sort(others.begin(), others.end());
  EXPECT_EQ(others, names(rtl_parameters(Chip{})));
  EXPECT_THAT(of_node, ::testing::IsSupersetOf({"Lanes", "WeightFormats", "Applications", "ChipHash"}));
}

TEST(ChipFile, NamesTheLineThatIsNotToml) {
  EXPECT_THAT(message_of("name = \"a\"\n[mesh\n"), HasSubstr("line 2"));
  EXPECT_THAT(message_of("name = \"a\"\n[mesh]\nwidth = \"two\"\n"),
              HasSubstr("mesh.width: expected a whole number"));
  EXPECT_THAT(message_of("name = \"a\"\nmash = 1\n"), HasSubstr("mash: expected name"));
}

TEST(ChipFile, MissingFileIsAClearError) { EXPECT_THROW((void)read_chip("/nonexistent/chip.toml"), Error); }

TEST(Hardware, FieldsSurvivePacking) {
  hw::WordOutEos word;
  word.kind = hw::kKindOutEos;
  word.channel = 0xab;
  word.stamp = 0x123456789abcULL;
  word.sample_end = 1;
  EXPECT_EQ(hw::WordOutEos::unpack(word.pack()), word);
  hw::MemChunkEntry entry;
  entry.first = 0xabcdef;
  entry.words = 0x12;
  entry.offset = 0x34;
  entry.stride = 0x56;
  entry.negate = 1;
  entry.format = 2;
  EXPECT_EQ(hw::MemChunkEntry::unpack(entry.pack()), entry);
}

TEST(Hardware, AddressesHaveTheirBlockAndSurvivePacking) {
  const hw::AddressContext context{.field = hw::kAddrContextMode, .context = 3};
  EXPECT_EQ(context.pack(), 0x1064U);
  EXPECT_EQ(hw::Address::unpack(context.pack()),
            (hw::Address{.offset = 0x064, .block = hw::kAddrBlockContext}));
  EXPECT_EQ(hw::AddressContext::unpack(context.pack()), context);
  EXPECT_EQ((hw::AddressDelivery{.field = hw::kAddrDeliveryRange, .delivery = 5}.pack()), 0x2015U);
  EXPECT_EQ((hw::AddressMemory{.part = 2, .read = 1}.pack()), 0xb802U);
  EXPECT_EQ(hw::AddressNode{.number = hw::kAddrNodeControl}.pack(), hw::kAddrNodeControl);
}

}  // namespace
}  // namespace spikeloom
