#include "compiler/data/npz.hpp"

#include <gmock/gmock.h>

#include "compiler/base/file.hpp"
#include "compiler/base/rng.hpp"
#include "tests/data/files.hpp"

namespace spikeloom {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Npz : public FileTest {};

NamedArrays some_arrays() {
  return {{"spikes.left eye", Array::of_bytes({2, 3}, {0, 1, 0, 1, 1, 0})},
          {"encoder", Array::of_text("rate")}};
}

TEST_F(Npz, ReadsWhatItWrites) {
  const NpzReader file(put("a.npz", some_arrays()));
  EXPECT_THAT(file.names(), ElementsAre("spikes.left eye", "encoder"));
  EXPECT_EQ(file.read("encoder").text(0), "rate");
  EXPECT_EQ(file.read("spikes.left eye").describe(), "u1 (2, 3)");
}

TEST_F(Npz, EqualArraysGiveEqualBytes) {
  EXPECT_EQ(read_file(put("a.npz", some_arrays())), read_file(put("b.npz", some_arrays())));
}

TEST_F(Npz, ReplacesAFileWholeAndLeavesNothingBeside) {
  static_cast<void>(put("a.npz", "something else"));
  static_cast<void>(put("a.npz", some_arrays()));
  EXPECT_TRUE(NpzReader(path("a.npz")).contains("encoder"));
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(path(".")))
    files += entry.is_regular_file() ? 1U : 0U;
  EXPECT_EQ(files, 1U);
  EXPECT_THAT(message_of([&] {
                write_npz(path("no folder/a.npz"), some_arrays());
                return 0;
              }),
              HasSubstr("cannot be written"));
}

TEST_F(Npz, NamesTheFileAndTheArrayInErrors) {
  EXPECT_THAT(message_of([&] { return NpzReader(put("a.npz", "PK, but not quite")); }),
              HasSubstr("a.npz: not an .npz archive"));
  EXPECT_THAT(message_of([&] { return NpzReader(path("absent.npz")); }),
              HasSubstr("absent.npz: cannot be opened"));
  const NpzReader file(put("b.npz", some_arrays()));
  EXPECT_THAT(message_of([&] { return file.read("labels"); }),
              HasSubstr("has no array 'labels', it has spikes.left eye, encoder"));
}

TEST_F(Npz, SurvivesDamagedArchives) {
  const std::vector<std::uint8_t> whole = read_file(put("a.npz", some_arrays()));
  Rng rng(2);
  std::size_t refused = 0;
  for (int round = 0; round < 1500; ++round) {
    std::vector<std::uint8_t> bytes = whole;
    for (std::uint64_t edits = 1 + rng.below(3); edits > 0; --edits)
      bytes[rng.below(bytes.size())] = static_cast<std::uint8_t>(rng.below(256));
    if (rng.chance(0.2)) bytes.resize(rng.below(bytes.size()));
    const auto damaged = put("damaged.npz", bytes);
    try {
      const NpzReader file(damaged);
      for (const std::string& name : file.names()) static_cast<void>(file.read(name));
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), HasSubstr("damaged.npz"));
      ++refused;
    }
  }
  EXPECT_GT(refused, 500U);
}

}  // namespace
}  // namespace spikeloom
