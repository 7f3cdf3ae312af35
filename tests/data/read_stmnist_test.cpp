#include <gmock/gmock.h>

#include "compiler/base/file.hpp"
#include "compiler/base/rng.hpp"
#include "tests/data/event_files.hpp"
#include "tests/data/files.hpp"

namespace spikeloom {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class ReadStmnist : public FileTest {
 protected:
  static std::vector<double> columns(const std::vector<std::vector<double>>& list) {
    std::vector<double> all;
    for (const auto& column : list) all.insert(all.end(), column.begin(), column.end());
    return all;
  }
  const std::vector<Port> ports_{{"in", {2, 10, 10}}};
};

TEST_F(ReadStmnist, TaxelsThatArePressedAndLetGo) {
  // Taxel 47: row 4, column 7. The second column holds two events.
  std::vector<double> both = taxel_column(99, 1, 0.2009);
  both[0] = -1;
  const auto train = columns({taxel_column(47, -1, 0.2), both, taxel_column(1, 1, 0.201)});
  for (const MatForm form : {MatForm::kPlain, MatForm::kCompressed}) {
    const Dataset data = read_dataset(put("a.mat", mat_bytes("spiketrain", 101, train, form)), ports_);
    ASSERT_EQ(data.samples[0].steps(), 2U);
    EXPECT_THAT(data.samples[0].inputs[0].at(0), ElementsAre(Event{0, 1}, Event{47, 1}, Event{199, 1}));
    EXPECT_THAT(data.samples[0].inputs[0].at(1), ElementsAre(Event{101, 1}));
    EXPECT_EQ(read_dataset(path("a.mat"), {{"in", {200}}}).samples[0].inputs[0], data.samples[0].inputs[0]);
  }
}

TEST_F(ReadStmnist, DamagedFilesAreNamed) {
  const auto said = [&](const std::vector<std::uint8_t>& bytes) {
    return message_of([&] { return read_dataset(put("a.mat", bytes), ports_); });
  };
  const auto train = columns({taxel_column(47, -1, 0.2)});
  const std::vector<std::uint8_t> whole = mat_bytes("spiketrain", 101, train, MatForm::kPlain);
  EXPECT_THAT(said({whole.begin(), whole.begin() + 100}),
              HasSubstr("a.mat: the file ends within its heading"));
  EXPECT_THAT(said({whole.begin(), whole.begin() + 300}), HasSubstr("are left; the file is cut off"));
  std::vector<std::uint8_t> other = mat_bytes("spiketrain", 101, train, MatForm::kCompressed);
  other[other.size() / 2 + 60] ^= 0x55U;
  EXPECT_THAT(said(other), HasSubstr("a compressed variable cannot be unpacked"));
  EXPECT_THAT(said(mat_bytes("x", 101, train, MatForm::kPlain)),
              HasSubstr("(100 taxels and a time), found x"));
  EXPECT_THAT(said(mat_bytes("spiketrain", 1, train, MatForm::kPlain)), HasSubstr("with other extents"));
  EXPECT_THAT(said(mat_bytes("spiketrain", 101, taxel_column(3, 2, 0), MatForm::kPlain)),
              HasSubstr("taxel 3 of column 0 is 2.000000, expected -1, 0 or 1"));
  EXPECT_THAT(said(mat_bytes("spiketrain", 101, taxel_column(3, 1, 0.0 / 0.0), MatForm::kPlain)),
              HasSubstr("the time of column 0 is not finite"));
  std::vector<std::uint8_t> foreign = whole;
  foreign[126] = 'M';
  EXPECT_THAT(said(foreign), HasSubstr("no MAT file of level 5 in little-endian order"));
}

TEST_F(ReadStmnist, AFileOfVersion73IsReadAsTheSameMatrixInVersion5) {
  std::vector<double> both = taxel_column(99, 1, 0.2009);
  both[0] = -1;
  const auto train = columns({taxel_column(47, -1, 0.2), both, taxel_column(1, 1, 0.201)});
  write_mat73(path("new.mat"), "spiketrain", 101, train);
  const Dataset data = read_dataset(path("new.mat"), ports_);
  const Dataset old =
      read_dataset(put("old.mat", mat_bytes("spiketrain", 101, train, MatForm::kPlain)), ports_);
  EXPECT_EQ(data.samples[0].inputs[0], old.samples[0].inputs[0]);
  EXPECT_EQ(data.samples[0].inputs[0].events().size(), 4U);
}

TEST_F(ReadStmnist, WhatIsWrongInAFileOfVersion73IsNamed) {
  const auto train = columns({taxel_column(47, -1, 0.2), taxel_column(3, 1, 0.3)});
  const auto said = [&](const std::string& name, hsize_t rows, const std::vector<double>& values) {
    write_mat73(path("new.mat"), name, rows, values);
    return message_of([&] { return read_dataset(path("new.mat"), ports_); });
  };
  EXPECT_THAT(said("x", 101, train), HasSubstr("new.mat: expected the variable spiketrain of 101 rows "
                                               "(100 taxels and a time), found x"));
  EXPECT_THAT(said("spiketrain", 2, train), HasSubstr("found it with other extents"));
  EXPECT_THAT(said("spiketrain", 101, taxel_column(3, 2, 0)),
              HasSubstr("taxel 3 of column 0 is 2.000000, expected -1, 0 or 1"));
  EXPECT_EQ(said("spiketrain", 101, train), "");
  const std::vector<std::uint8_t> whole = read_file(path("new.mat"));
  for (const std::size_t size : {std::size_t{200}, std::size_t{600}, whole.size() / 2, whole.size() - 1}) {
    const std::vector<std::uint8_t> cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_THAT(message_of([&] { return read_dataset(put("cut.mat", cut), ports_); }),
                HasSubstr("cut.mat: no readable HDF5 file"))
        << size;
  }
}

TEST_F(ReadStmnist, NeverTrustsASize) {
  Rng rng(6);
  const auto train = columns({taxel_column(47, -1, 0.2), taxel_column(1, 1, 0.3)});
  std::size_t refused = 0;
  for (int round = 0; round < 800; ++round) {
    std::vector<std::uint8_t> bytes =
        mat_bytes("spiketrain", 101, train, rng.chance(0.5) ? MatForm::kPlain : MatForm::kCompressed);
    for (std::uint64_t edits = 1 + rng.below(3); edits > 0; --edits)
      bytes[124 + rng.below(72)] = static_cast<std::uint8_t>(rng.below(256));
    if (rng.chance(0.2)) bytes.resize(rng.below(bytes.size()));
    const std::string message = message_of([&] { return read_dataset(put("a.mat", bytes), ports_); });
    if (message.empty()) continue;
    ASSERT_THAT(message, HasSubstr("a.mat: "));
    ++refused;
  }
  EXPECT_GT(refused, 300U);
}

}  // namespace
}  // namespace spikeloom
