#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

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

TEST(ChipFile, ATileTakesAllParametersButTheMeshsAndTheHosts) {
  const auto names = [](const std::vector<RtlParameter>& list) {
    std::vector<std::string> of;
    for (const RtlParameter& parameter : list) of.push_back(parameter.name);
    std::sort(of.begin(), of.end());
    return of;
  };
  std::vector<std::string> others = {"Width",      "Height",     "HostChannels", "HostCreditCounters",
                                     "QueueWords", "OutputWords"};
  const std::vector<std::string> of_node = names(node_parameters(Chip{}));
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
  EXPECT_EQ((hw::AddressDelivery{.field = hw::kAddrDeliveryRange, .delivery = 5}.pack()), 0x200bU);
  EXPECT_EQ((hw::AddressMemory{.part = 2, .read = 1}.pack()), 0xb802U);
  EXPECT_EQ(hw::AddressNode{.number = hw::kAddrNodeControl}.pack(), hw::kAddrNodeControl);
}

}  // namespace
}  // namespace spikeloom
