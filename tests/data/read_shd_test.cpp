#include <gmock/gmock.h>

#include <cmath>

#include "compiler/base/file.hpp"
#include "tests/data/event_files.hpp"
#include "tests/data/files.hpp"

namespace spikeloom {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class ReadShd : public FileTest {
 protected:
  const std::vector<Port> ports_{{"in", {700}}};
};

TEST_F(ReadShd, ListsOfSpikesBecomeStepsFromTimeZero) {
  // Times in half precision: 0.25 and 0.5 s are exact.
  write_shd(path("a.h5"), {{0.25F, 0.25F, 0.5F}, {}, {0.0F}}, {{699, 0, 7}, {}, {3}}, {4, 19, 0});
  DatasetOptions options{.steps = 600};
  const Dataset data = read_dataset(path("a.h5"), ports_, options);
  ASSERT_EQ(data.samples.size(), 3U);
  EXPECT_EQ(data.samples[1].label, 19);
  EXPECT_TRUE(data.has_labels());
  EXPECT_THAT(data.samples[0].inputs[0].at(250), ElementsAre(Event{0, 1}, Event{699, 1}));
  EXPECT_THAT(data.samples[0].inputs[0].at(500), ElementsAre(Event{7, 1}));
  EXPECT_EQ(data.samples[0].inputs[0].events().size(), 3U);
  EXPECT_TRUE(data.samples[1].inputs[0].events().empty());
  EXPECT_THAT(data.samples[2].inputs[0].at(0), ElementsAre(Event{3, 1}));
  EXPECT_TRUE(data.notes.empty());
  options = {.frame = std::chrono::milliseconds(125), .limit = 1};
  const Dataset coarse = read_dataset(path("a.h5"), ports_, options);
  ASSERT_EQ(coarse.samples.size(), 1U);
  EXPECT_EQ(coarse.samples[0].steps(), 5U);
  EXPECT_THAT(coarse.samples[0].inputs[0].at(4), ElementsAre(Event{7, 1}));
}

TEST_F(ReadShd, NotesTimesThatGoBack) {
  write_shd(path("a.h5"), {{0.5F, 0.25F}}, {{1, 2}}, {});
  const Dataset data = read_dataset(path("a.h5"), ports_);
  EXPECT_FALSE(data.has_labels());
  EXPECT_THAT(data.notes,
              ElementsAre(HasSubstr("times go back: 1 event in 1 recording (the first: event 1 of "
                                    "sample 0)")));
}

TEST_F(ReadShd, SaysWhatDoesNotFit) {
  const auto said = [&](std::vector<Port> ports) {
    return message_of([&] { return read_dataset(path("a.h5"), std::move(ports), {.steps = 9}); });
  };
  write_shd(path("a.h5"), {{0.25F}}, {{699}}, {4, 5});
  EXPECT_THAT(said({{"in", {700}}}), HasSubstr("a.h5: labels: expected one a sample, (1,), found (2,)"));
  for (const double label : {0.5, std::nan(""), 1e300}) {
    write_shd(path("a.h5"), {{0.25F}}, {{699}}, {});
    add_labels(path("a.h5"), {label});
    EXPECT_THAT(said({{"in", {700}}}),
                AllOf(HasSubstr("a.h5: sample 0: its label is "), HasSubstr("expected an integer")));
  }
  write_shd(path("a.h5"), {{0.25F}}, {{699}}, {});
  add_empty_label_lists(path("a.h5"), 1);
  EXPECT_THAT(said({{"in", {700}}}), HasSubstr("a.h5: labels: expected one a sample, (1,), found lists"));
  write_shd(path("a.h5"), {{0.25F, 0.5F}}, {{699}}, {4});
  EXPECT_THAT(said({{"in", {700}}}), HasSubstr("a.h5: sample 0: 2 times and 1 units"));
  write_shd(path("a.h5"), {{0.25F}, {0.5F}}, {{699}}, {4});
  EXPECT_THAT(said({{"in", {700}}}), HasSubstr("found times (2,) and units (1,)"));
  write_shd(path("a.h5"), {{0.25F, 0.5F}}, {{3, 3}}, {4});
  for (const double unit : {-1.0, 2.5, 1e300, std::nan("")}) {
    replace_units(path("a.h5"), {3, unit});
    EXPECT_THAT(said({{"in", {700}}}), HasSubstr("a.h5: sample 0: spike 1 is of unit " +
                                                 std::to_string(unit) + "; expected a whole number from 0"));
  }
  write_shd(path("a.h5"), {{0.25F}}, {{699}}, {4});
  EXPECT_THAT(said({{"in", {140}}}),
              AllOf(HasSubstr("a.h5: sample 0: "), HasSubstr("element 699, input 'in' has 140")));
  EXPECT_THAT(said({{"a", {700}}, {"b", {700}}}),
              HasSubstr("holds the data of one input, this network has 2"));
  write_shd(path("a.h5"), {{-0.25F}}, {{1}}, {4});
  EXPECT_THAT(said({{"in", {700}}}), HasSubstr("spike 0 is at -0.250000 s, which is no step"));
}

}  // namespace
}  // namespace spikeloom
