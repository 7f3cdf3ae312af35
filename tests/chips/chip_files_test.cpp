#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "compiler/chip/chip.hpp"
#include "tests/chips/chip_named.hpp"

namespace spikeloom {
namespace {

using test::chip_named;

namespace fs = std::filesystem;

std::vector<fs::path> chip_files(const std::string& folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(fs::path(SPIKELOOM_SOURCE_DIR) / folder))
    if (entry.path().extension() == ".toml") files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

std::vector<fs::path> all_chip_files() {
  std::vector<fs::path> files = chip_files("chips");
  for (const fs::path& file : chip_files("tests/chips")) files.push_back(file);
  return files;
}

class ChipFile : public ::testing::TestWithParam<fs::path> {};

TEST_P(ChipFile, IsReadAndNamedAsItsFile) { EXPECT_EQ(read_chip(GetParam()).name, GetParam().stem()); }

TEST_P(ChipFile, SurvivesPrintingAndReading) {
  const Chip chip = read_chip(GetParam());
  EXPECT_EQ(parse_chip(print(chip), "printed"), chip);
}

INSTANTIATE_TEST_SUITE_P(All, ChipFile, ::testing::ValuesIn(all_chip_files()),
                         [](const auto& chip) { return chip.param.stem().string(); });

TEST(ChipFiles, RangeFromOneTileToTwoHundredAndFiftySix) {
  std::set<std::uint32_t> tiles;
  for (const fs::path& file : chip_files("chips")) tiles.insert(read_chip(file).tiles());
  EXPECT_EQ(*tiles.begin(), 1U);
  EXPECT_EQ(*tiles.rbegin(), 256U);
}

TEST(ChipFiles, Mesh4x4HoldsTheDefaultsOfEveryTileKey) {
  EXPECT_EQ(chip_named("mesh4x4").tile, TileConfig{});
}

TEST(ChipFiles, HashesDifferSoThatADeviceOfAnotherChipIsRefused) {
  std::set<std::uint32_t> hashes;
  for (const fs::path& file : all_chip_files()) hashes.insert(chip_hash(read_chip(file)));
  EXPECT_EQ(hashes.size(), all_chip_files().size());
}

}  // namespace
}  // namespace spikeloom
