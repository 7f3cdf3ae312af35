// The command on a chip with tiles of both cores, with its defaults.
#include <gmock/gmock.h>

#include "tests/cli/command.hpp"

namespace spikeloom::test {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

class TallyCli : public CommandTest {
 protected:
  void SetUp() override {
    std::ofstream(file("two.toml")) << R"(name = "two-cores"
[mesh]
width = 2
height = 2
[tile]
lanes = 8
lif_lanes = 4
page_rows = 24
page_chunks = 16
[[kind]]
name = "voters"
core = "tally"
[map]
voters = ["1,0", "0,1"]
)";
    std::ofstream(file("in.csv")) << events_csv(20, 12);
    std::ofstream(file("n.json")) << layers_json({20, 24, 16, 10});
  }
  [[nodiscard]] std::string what() const {
    return file("n.json") + " --chip " + file("two.toml") + " --kind l1=voters";
  }
};

TEST_F(TallyCli, ChecksCompilesExplainsAndRunsWithItsDefaults) {
  const char* const note = "note: no operating points: a firing takes up to 2 pages on tiles of kind voters";
  const Ended fits = spikeloom("check " + what());
  EXPECT_EQ(fits.code, 0) << fits.err;
  EXPECT_THAT(fits.out, HasSubstr("fits two-cores"));
  const Ended compiled = spikeloom("compile " + what() + " -o " + file("n.loom"));
  ASSERT_EQ(compiled.code, 0) << compiled.err;
  EXPECT_THAT(compiled.out, HasSubstr(note));
  const Ended pointless = spikeloom("compile " + what() + " --points 0 -o " + file("o.loom"));
  EXPECT_EQ(pointless.code, 0) << pointless.err;
  EXPECT_THAT(pointless.out, Not(HasSubstr("operating points")));
  const Ended explained = spikeloom("explain " + what());
  EXPECT_EQ(explained.code, 0) << explained.err;
  const Ended ran = spikeloom("run " + file("n.loom") + " --input " + file("in.csv"));
  EXPECT_EQ(ran.code, 0) << ran.err;
  // What of its core's memories a tile has in use.
  EXPECT_THAT(ran.out, ContainsRegex("of kind voters: .* votes [0-9]+/512 groups [0-9]+/32"));
  EXPECT_THAT(ran.out, ContainsRegex("of kind tile: .* weights [0-9]+/4096"));
}

TEST_F(TallyCli, IsNotAdmittedBesideOthersAndSaysWhy) {
  ASSERT_EQ(spikeloom("compile " + what() + " -o " + file("n.loom")).code, 0);
  const Ended admitted = spikeloom("admit " + file("chip.state") + " " + file("n.loom"));
  EXPECT_EQ(admitted.code, 2);
  EXPECT_THAT(admitted.err, HasSubstr("no operating points: a firing takes up to 2 pages"));
}

/// Three layers, the middle one on voters: sources and readers of a batch on tiles of their own. With one
/// tile for both the answer is that it does not fit.
TEST_F(TallyCli, LayersOfWhateverSizeEndInAnAnswer) {
  int fit = 0;
  for (std::size_t seed = 0; seed < 6; ++seed) {
    std::ofstream(file("n.json")) << layers_json({20, 8 + 13 * seed % 33, 8 + 19 * seed % 33, 8 + 7 * seed});
    const Ended compiled = spikeloom("compile " + what() + " -o " + file("n.loom"));
    EXPECT_TRUE(compiled.code == 0 || compiled.code == 2) << compiled.err;
    fit += compiled.code == 0 ? 1 : 0;
  }
  EXPECT_GE(fit, 5);
  const Ended one = spikeloom("check " + what() + " --tiles 2");
  EXPECT_EQ(one.code, 1) << one.out << one.err;
  EXPECT_THAT(one.out, HasSubstr("firings of several pages wait for themselves"));
}

}  // namespace
}  // namespace spikeloom::test
