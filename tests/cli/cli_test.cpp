// The command as a user runs it: what it prints, what it writes, how it ends.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include <nlohmann/json.hpp>

#include "compiler/data/npy.hpp"
#include "compiler/data/npz.hpp"
#include "compiler/image/image.hpp"
#include "tests/cli/command.hpp"
#include "tests/data/nirdata_file.hpp"

namespace spikeloom {
namespace {

using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

using test::Ended;

class Cli : public test::CommandTest {
 protected:
  [[nodiscard]] std::string digits(const std::string& options) const {
    const std::string image = file("digits.loom");
    const Ended ended = spikeloom("compile " + source("examples/digits/digits.nir") + " --chip " +
                                  source("chips/mesh2x2.toml") + " -o " + image + " " + options);
    EXPECT_EQ(ended.code, 0) << ended.err;
    return image;
  }
};

TEST_F(Cli, HelpEndsWithYesAndUnknownOptionsWithTwo) {
  EXPECT_EQ(spikeloom("--help").code, 0);
  EXPECT_EQ(spikeloom("run --help").code, 0);
  EXPECT_EQ(spikeloom("").code, 2);
  EXPECT_EQ(spikeloom("compile --nonsense").code, 2);
  EXPECT_EQ(spikeloom("frobnicate").code, 2);
}

TEST_F(Cli, SaysThatItsOutputIsLost) {
  const std::string check = "check " + source("examples/digits/digits.nir");
  for (const std::string& command : {check, std::string("devices"), std::string("--help")}) {
    for (const std::string to : {" > /dev/full", " >&-"}) {
      const Ended ended = spikeloom(command + to);
      EXPECT_EQ(ended.code, 2) << command << to;
      EXPECT_THAT(ended.err, HasSubstr("standard output cannot be written")) << command << to;
    }
  }
  EXPECT_EQ(spikeloom("compare a b > /dev/full").code, 2) << "another error stays";
}

/// A daemon starts programs so. The process that reads HDF5 then got a pipe in place of a stream.
TEST_F(Cli, WorksWithStandardStreamsClosed) {
  const std::string check = std::string(SPIKELOOM_COMMAND) + " check " +
                            source("examples/digits/digits.nir") + " --chip " + source("chips/tile1.toml");
  const auto code = [](const std::string& line) {
    const int status = std::system(line.c_str());
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
  };
  EXPECT_EQ(code(check + " >" + file("out") + " <&- 2>&-"), 0);
  EXPECT_THAT(text(file("out")), HasSubstr("fits tile1"));
  EXPECT_EQ(code(check + " <&- >&- 2>" + file("err")), 2);
  EXPECT_THAT(text(file("err")), HasSubstr("standard output cannot be written"));
  EXPECT_THAT(text(file("err")), Not(HasSubstr("damaged")));
}

TEST_F(Cli, RefusesEmptyFilesByName) {
  for (const char* name :
       {"empty.nir", "empty.json", "empty.toml", "empty.loom", "empty.npz", "empty.csv", "empty.state"})
    std::ofstream(file(name)).close();
  const std::string digits_net = source("examples/digits/digits.nir");
  const std::string chip = " --chip " + source("chips/tile1.toml");
  const std::string image = digits("");
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"check " + file("empty.nir"), "empty.nir: is empty"},
      {"check " + file("empty.json"), "empty.json: integer network: is empty"},
      {"check " + digits_net + " --chip " + file("empty.toml"), "empty.toml"},
      {"info " + file("empty.loom"), "empty.loom"},
      {"run " + image + " --input " + file("empty.npz"), "empty.npz"},
      {"run " + image + " --input " + file("empty.csv"), "empty.csv"},
      {"admit " + file("empty.state") + " " + image, "empty.state"}};
  for (const auto& [command, said] : cases) {
    const Ended ended = spikeloom(command);
    EXPECT_EQ(ended.code, 2) << command;
    EXPECT_THAT(ended.err, HasSubstr(said)) << command;
    EXPECT_THAT(ended.err, Not(HasSubstr("internal error"))) << command;
  }
}

TEST_F(Cli, ListsItsDevices) {
  const Ended ended = spikeloom("devices");
  EXPECT_EQ(ended.code, 0);
  EXPECT_THAT(ended.out, HasSubstr("model"));
  EXPECT_THAT(ended.out, HasSubstr("verilator"));
}

TEST_F(Cli, CheckSaysWhatItGuessedAndWhetherItFits) {
  const Ended ended =
      spikeloom("check " + source("examples/digits/digits.nir") + " --chip " + source("chips/tile1.toml"));
  EXPECT_EQ(ended.code, 0) << ended.err;
  EXPECT_THAT(ended.out, HasSubstr("note: dt = 0.001 guessed"));
  EXPECT_THAT(ended.out, HasSubstr("fits tile1"));
}

TEST_F(Cli, EveryShippedChipHoldsTheExamples) {
  for (const auto& entry : std::filesystem::directory_iterator(source("chips")))
    if (entry.path().extension() == ".toml") {
      const Ended ended =
          spikeloom("check " + source("examples/digits/digits.nir") + " --chip " + entry.path().string());
      EXPECT_EQ(ended.code, 0) << entry.path() << ended.out << ended.err;
    }
}

TEST_F(Cli, AutoTakesTheSmallestChipThatIsShipped) {
  const std::string network = source("examples/digits/digits.nir");
  const Ended ended = spikeloom("compile " + network + " --chip auto --no-tune -o " + file("a.loom"));
  EXPECT_EQ(ended.code, 0) << ended.err;
  EXPECT_THAT(ended.out, AllOf(HasSubstr("note: chip up5k ("), HasSubstr(") is the smallest of ")));
  EXPECT_EQ(read_image(file("a.loom")).chip.name, "up5k");
  const Ended checked = spikeloom("check " + network + " --chip auto --no-tune");
  EXPECT_EQ(checked.code, 0) << checked.err;
  EXPECT_THAT(checked.out, HasSubstr("fits up5k: "));
}

TEST_F(Cli, ChipListsMemoriesAndFpgas) {
  const Ended ended = spikeloom("chip " + source("chips/tile1.toml") + " --json " + file("chip.json"));
  EXPECT_EQ(ended.code, 0) << ended.err;
  EXPECT_THAT(ended.out,
              AllOf(HasSubstr("128     2048        1        256.0  weights"), HasSubstr("U55C  fit ")));
  const auto json = nlohmann::json::parse(std::ifstream(file("chip.json")));
  EXPECT_EQ(json.at("tiles"), 1);
  EXPECT_EQ(json.at("memories").front().at("width"), 128);
}

TEST_F(Cli, TheModelRunsDigitsAsWellAsPromised) {
  const std::string image = digits("--calibrate " + source("examples/digits/test.npz") + " --limit 60");
  const Ended ended = spikeloom("run " + image + " --input " + source("examples/digits/test.npz") +
                                " --json " + file("r.json"));
  ASSERT_EQ(ended.code, 0) << ended.out << ended.err;
  const auto json = nlohmann::json::parse(text(file("r.json")));
  EXPECT_EQ(json.at("schema"), 1);
  EXPECT_EQ(json.at("device"), "model");
  EXPECT_EQ(json.at("samples"), 360);
  EXPECT_EQ(json.at("steps"), 360 * 16);
  EXPECT_GE(json.at("accuracy").get<double>(), 0.95);
  EXPECT_TRUE(json.at("promises_kept").get<bool>());
  EXPECT_GT(json.at("spikes").at("out").get<int>(), 0);
  EXPECT_GT(json.at("synaptic_operations").get<int>(), 0);
  EXPECT_FALSE(json.at("critical_cycle").empty());
  const auto& period = json.at("period");
  EXPECT_TRUE(period.at("measured").is_null());
  EXPECT_TRUE(json.at("replay").at("mismatched_steps").is_null());
  EXPECT_LE(period.at("contracted").get<double>(), period.at("guaranteed").get<double>());
  EXPECT_LE(period.at("replayed").get<double>(), period.at("contracted").get<double>());
  EXPECT_TRUE(json.at("period_exact").at("guaranteed").is_string());
}

TEST_F(Cli, TheRtlsStampsAreTheReplays) {
  const std::string image = digits("");
  const Ended ended = spikeloom("run " + image + " --input " + source("examples/digits/test.npz") +
                                " --limit 5 --device verilator --json " + file("r.json"));
  ASSERT_EQ(ended.code, 0) << ended.out << ended.err;
  const auto json = nlohmann::json::parse(text(file("r.json")));
  EXPECT_EQ(json.at("replay").at("mismatched_steps"), 0);
  EXPECT_EQ(json.at("replay").at("differing_values"), 0);
  EXPECT_EQ(json.at("period_exact").at("measured"), json.at("period_exact").at("replayed"));
  EXPECT_EQ(json.at("latency").at("measured"), json.at("latency").at("replayed"));
}

TEST_F(Cli, OutputsOfTwoDevicesCompareEqual) {
  const std::string image = digits("");
  const std::string run = "run " + image + " --input " + source("examples/digits/test.npz") +
                          " --limit 3 --record hidden:spikes --record hidden:v";
  EXPECT_EQ(spikeloom(run + " --output " + file("a.npz")).code, 0);
  EXPECT_EQ(spikeloom(run + " --device verilator --output " + file("b.npz")).code, 0);
  EXPECT_EQ(spikeloom("compare " + file("a.npz") + " " + file("b.npz")).code, 0);
  const std::string other = "run " + image + " --input " + source("examples/digits/test.npz") +
                            " --limit 4 --output " + file("c.npz");
  EXPECT_EQ(spikeloom(other).code, 0);
  EXPECT_EQ(spikeloom("compare " + file("a.npz") + " " + file("c.npz")).code, 1);
}

/// Pictures as they are, in every step: sent once and held, or sent in every step.
TEST_F(Cli, StaticInputsGiveTheSameOutputsForFewerOperations) {
  const std::string network = source("examples/digits/digits.nir");
  const std::string compile =
      "compile " + network + " --chip " + source("chips/mesh2x2.toml") + " --planes 5 --no-tune -o ";
  ASSERT_EQ(spikeloom(compile + file("every.loom")).code, 0);
  const Ended compiled = spikeloom(compile + file("held.loom") + " --static-input=input");
  ASSERT_EQ(compiled.code, 0) << compiled.err;
  EXPECT_THAT(compiled.out, HasSubstr("static: 'input' comes in a sample's first step alone"));
  EXPECT_EQ(spikeloom("verify " + file("held.loom") + " --network " + network).code, 0);
  std::int64_t operations = 0;
  for (const std::string name : {"every", "held"}) {
    const Ended ran =
        spikeloom("run " + file(name + ".loom") + " --input " + source("examples/digits/test.npz") +
                  " --encoder direct --steps 6 --limit 10" + " --output " + file(name + ".npz") + " --json " +
                  file(name + ".json"));
    ASSERT_EQ(ran.code, 0) << ran.out << ran.err;
    const auto json = nlohmann::json::parse(text(file(name + ".json")));
    const std::int64_t done = json.at("synaptic_operations");
    EXPECT_EQ(json.contains("static_inputs"), name == "held");
    if (name == "every") {
      operations = done;
      continue;
    }
    EXPECT_LT(done, operations);
    EXPECT_EQ(done + json.at("static_inputs").at("synaptic_operations_saved").get<std::int64_t>(),
              operations);
    EXPECT_THAT(ran.out, HasSubstr("static inputs: input; sent in a sample's first step"));
  }
  EXPECT_EQ(spikeloom("compare " + file("every.npz") + " " + file("held.npz")).code, 0);
  const Ended changing =
      spikeloom("run " + file("held.loom") + " --input " + source("examples/digits/test.npz") + " --limit 1");
  EXPECT_EQ(changing.code, 2);
  EXPECT_THAT(changing.err, HasSubstr("the input is static (--static-input), so expected"));
}

TEST_F(Cli, GroupsOfAPopulationShareMembranes) {
  const std::string network = source("examples/digits/digits.nir"), chip = source("chips/shared2x2.toml");
  const auto compile = [&](const std::string& options, const std::string& on) {
    return spikeloom("compile " + network + " --chip " + on + " --no-tune -o " + file("shared.loom") + " " +
                     options);
  };
  const Ended compiled = compile("--share hidden=4", chip);
  ASSERT_EQ(compiled.code, 0) << compiled.err;
  EXPECT_THAT(compiled.out, HasSubstr("shared: 4 groups of 'hidden' pass through 32 membranes, one after "
                                      "another, in place of 128"));
  // The image knows that they share, and the network alone would be another one.
  EXPECT_EQ(spikeloom("verify " + file("shared.loom") + " --network " + network).code, 0);
  const std::string run = "run " + file("shared.loom") + " --input " + source("examples/digits/test.npz") +
                          " --limit 5 --record hidden:spikes --record hidden:v --output ";
  const Ended ran = spikeloom(run + file("a.npz"));
  ASSERT_EQ(ran.code, 0) << ran.out << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("state 1/16 biases 4/64"));

  EXPECT_THAT(
      compile("--share hidden=3", chip).err,
      HasSubstr("population 'hidden': 3 groups pass through its membranes, which is no divisor of its "
                "first dimension, 128"));
  EXPECT_THAT(compile("--share nobody=4 --share hidden --share hidden=1", chip).err,
              AllOf(HasSubstr("--share nobody=4: no population is called 'nobody'"),
                    HasSubstr("--share hidden: expected POPULATION=N with N of at least 2"),
                    HasSubstr("--share hidden=1: expected POPULATION=N with N of at least 2")));
  EXPECT_THAT(compile("--share hidden+digit", chip).err, HasSubstr("one membrane has one unit"));
  EXPECT_THAT(compile("--share hidden=4", source("chips/mesh2x2.toml")).err,
              HasSubstr("its neurons share membranes, but tile.bias_words = 0"));
}

TEST_F(Cli, SameSeedSameBytes) {
  const std::string first = text(digits("--seed 3"));
  EXPECT_EQ(first, text(digits("--seed 3")));
  EXPECT_NE(first, text(digits("--seed 4")));
}

TEST_F(Cli, AWindowIsPromisedAndKept) {
  const std::string image = digits("--exit-readout digit");
  const std::string run = "run " + image + " --input " + source("examples/digits/test.npz") + " --limit 8 ";
  const auto report = [&](const std::string& options) {
    const Ended ended = spikeloom(run + options + " --json " + file("report.json"));
    EXPECT_EQ(ended.code, 0) << ended.err;
    return nlohmann::json::parse(text(file("report.json")));
  };
  const nlohmann::json stream = report(""), loop = report("--window 1");
  EXPECT_TRUE(stream.at("window").is_null());
  EXPECT_EQ(loop.at("window"), 1);
  EXPECT_TRUE(loop.at("promises_kept").get<bool>());
  EXPECT_GT(loop.at("period").at("replayed"), stream.at("period").at("replayed"));
  EXPECT_LE(loop.at("latency").at("guaranteed"), stream.at("latency").at("guaranteed"));
  EXPECT_EQ(loop.at("accuracy"), stream.at("accuracy"));
  const Ended exited = spikeloom(run + "--exit margin:30000");
  EXPECT_EQ(exited.code, 0) << exited.err;
  EXPECT_THAT(exited.out, AllOf(HasSubstr("window 1: step k waits for the outputs of step k - 1"),
                                HasSubstr("exit margin:30000 on digit sum"), HasSubstr("wasted"),
                                HasSubstr("(AET)"), HasSubstr("energy x delay")));
  EXPECT_EQ(spikeloom(run + "--window 0").code, 2);
  EXPECT_THAT(spikeloom(run + "--window 255").err, HasSubstr("expected 1 to 254 steps"));
  EXPECT_THAT(spikeloom(run + "--exit soon").err, HasSubstr("expected margin:UNITS, confidence:SHARE"));
}

TEST_F(Cli, MaxPeriodOutOfReachEndsWithOne) {
  const Ended ended = spikeloom("compile " + source("examples/digits/digits.nir") + " --chip " +
                                source("chips/mesh2x2.toml") + " -o " + file("x.loom") + " --max-period 10");
  EXPECT_EQ(ended.code, 1);
  EXPECT_THAT(ended.out, HasSubstr("above --max-period 10"));
}

TEST_F(Cli, AWantedPeriodIsKeptOrTheBestOneIsNamed) {
  const std::string command = "compile " + source("examples/melody/melody.nir") + " --chip " +
                              source("chips/mesh2x2.toml") + " --calibrate " +
                              source("examples/melody/calibration.npz") + " -o ";
  EXPECT_EQ(spikeloom(command + file("best.loom")).code, 0);
  EXPECT_EQ(spikeloom(command + file("enough.loom") + " --period 60").code, 0);
  EXPECT_EQ(spikeloom(command + file("rate.loom") + " --steps-per-second 1.6e6").code,
            0);  // 62.5 cycles at 100 MHz
  const Image best = read_image(file("best.loom")), enough = read_image(file("enough.loom"));
  EXPECT_LE(enough.promises.back().period, Ratio(60));
  EXPECT_LT(best.promises.back().period, enough.promises.back().period);
  EXPECT_LT(enough.promises.back().latency, best.promises.back().latency);
  EXPECT_LE(read_image(file("rate.loom")).promises.back().period, Ratio(125, 2));
  const Ended ended = spikeloom(command + file("none.loom") + " --period 5");
  EXPECT_EQ(ended.code, 2);
  EXPECT_THAT(ended.err, HasSubstr("best contracted one here is " + best.promises.back().period.str()));
  EXPECT_EQ(spikeloom(command + file("none.loom") + " --period five").code, 2);
}

TEST_F(Cli, AnImageThatLiesIsNotRun) {
  const std::string good = digits("");
  const Ended verified = spikeloom("verify " + good + " --json " + file("v.json"));
  EXPECT_EQ(verified.code, 0) << verified.err;
  EXPECT_THAT(verified.out, AllOf(HasSubstr("checked: promise guaranteed"), HasSubstr("assumed: "),
                                  HasSubstr("verified: all of it holds, in ")));
  EXPECT_EQ(nlohmann::json::parse(text(file("v.json")))["verified"], true);
  EXPECT_EQ(spikeloom("verify " + good + " --network " + source("examples/digits/digits.nir")).code, 0);
  const Ended other = spikeloom("verify " + good + " --network " + source("examples/melody/melody.nir"));
  EXPECT_EQ(other.code, 1);
  EXPECT_THAT(other.out, HasSubstr("WRONG: network: "));
  Image image = read_image(good);
  image.promises.front().period = Ratio(1);  // nothing keeps this
  image.promises.front().offset = 0;
  write_image(image, file("liar.loom"));
  const Ended lie = spikeloom("verify " + file("liar.loom"));
  EXPECT_EQ(lie.code, 1);
  EXPECT_THAT(lie.out,
              AllOf(HasSubstr("WRONG: promise guaranteed: "), HasSubstr("NOT what it claims to be")));
  for (const std::string& command :
       {"run " + file("liar.loom") + " --input " + source("examples/digits/test.npz") + " --limit 2",
        "admit " + file("chip.state") + " " + file("liar.loom")}) {
    const Ended ended = spikeloom(command);
    EXPECT_EQ(ended.code, 2);
    EXPECT_THAT(ended.err, HasSubstr("liar.loom: not what it claims to be"));
  }
}

TEST_F(Cli, BadInputNamesFileAndRemedyAndWritesNothing) {
  const Ended missing =
      spikeloom("compile /nonexistent.nir --chip " + source("chips/tile1.toml") + " -o " + file("x.loom"));
  EXPECT_EQ(missing.code, 2);
  EXPECT_THAT(missing.err, HasSubstr("spikeloom: error: network: /nonexistent.nir"));
  EXPECT_FALSE(std::filesystem::exists(file("x.loom")));
  std::ofstream(file("junk.nir")) << "junk";
  EXPECT_EQ(spikeloom("check " + file("junk.nir")).code, 2);
  std::ofstream(file("junk.toml")) << "mesh = 3";
  EXPECT_EQ(spikeloom("compile " + source("examples/digits/digits.nir") + " --chip " + file("junk.toml") +
                      " -o " + file("x.loom"))
                .code,
            2);
  std::ofstream(file("junk.loom")) << "junk";
  EXPECT_EQ(spikeloom("info " + file("junk.loom")).code, 2);
  EXPECT_EQ(spikeloom("run " + file("junk.loom") + " --input x.npz").code, 2);
  EXPECT_EQ(spikeloom("compare a.npz b.npz").code, 2);
}

TEST_F(Cli, AnImageInANetworksPlaceIsNamedAsOneAndTheReverse) {
  const std::string image = digits(""), network = source("examples/digits/digits.nir");
  const std::string chip = " --chip " + source("chips/tile1.toml"), out = chip + " -o " + file("x.loom");
  for (const std::string& command : {"explain " + image + chip, "check " + image, "compile " + image + out,
                                     "verify " + image + " --network " + image}) {
    const Ended ended = spikeloom(command);
    EXPECT_EQ(ended.code, 2) << command;
    EXPECT_THAT(ended.err,
                HasSubstr(image + ": is an image that Spikeloom compiled, expected a network (NIR); "
                                  "`spikeloom verify`, `info`, `run` and `admit` take images"))
        << command;
  }
  for (const std::string& command : {"verify " + network, "info " + network,
                                     "run " + network + " --input " + source("examples/digits/test.npz")}) {
    const Ended ended = spikeloom(command);
    EXPECT_EQ(ended.code, 2) << command;
    EXPECT_THAT(ended.err,
                HasSubstr(network + ": an HDF5 file, such as a network in NIR, not a compiled image; "
                                    "`spikeloom check`, `explain` and `compile` take networks"))
        << command;
  }
}

TEST_F(Cli, EveryOutputIsCheckedBeforeTheWork) {
  const std::string compile =
      "compile " + source("examples/digits/digits.nir") + " --chip " + source("chips/mesh2x2.toml");
  const Ended json = spikeloom(compile + " -o " + file("x.loom") + " --json " + file("none/a.json"));
  EXPECT_EQ(json.code, 2);
  EXPECT_THAT(json.err, HasSubstr("--json"));
  const Ended dump = spikeloom(compile + " -o " + file("x.loom") + " --dump " + file("stderr"));
  EXPECT_EQ(dump.code, 2);
  EXPECT_THAT(dump.err, HasSubstr("folder for --dump"));
  const Ended twice = spikeloom(compile + " -o " + file("x.loom") + " --json " + file("x.loom"));
  EXPECT_EQ(twice.code, 2);
  EXPECT_THAT(twice.err, HasSubstr("expected two paths"));
  EXPECT_FALSE(std::filesystem::exists(file("x.loom")));
  const std::string image = digits("");
  const std::string run = "run " + image + " --input " + source("examples/digits/test.npz") + " --limit 1";
  const Ended both = spikeloom(run + " --output " + file("none/o.npz") + " --json " + image);
  EXPECT_EQ(both.code, 2);
  EXPECT_THAT(both.err, HasSubstr("2 problems"));
  EXPECT_THAT(both.err, HasSubstr("the image as well"));
  EXPECT_EQ(spikeloom(run + " --output " + file("o.npz") + " --json " + file("none/a.json")).code, 2);
  EXPECT_FALSE(std::filesystem::exists(file("o.npz")));
  const Ended streamed = spikeloom(run + " --json /dev/stdout");
  EXPECT_EQ(streamed.code, 0) << streamed.err;
  EXPECT_THAT(streamed.out, HasSubstr("\"promises_kept\": true"));
}

TEST_F(Cli, NumbersThatMeanNothingAreRefused) {
  const std::string compile = "compile " + source("examples/digits/digits.nir") + " --chip " +
                              source("chips/tile1.toml") + " -o " + file("x.loom");
  for (const char* option :
       {"--limit 0", "--pages 0", "--max-neurons 0", "--bits 3", "--steps 0 --calibrate x.npz"})
    EXPECT_EQ(spikeloom(compile + " " + option).code, 2) << option;
}

TEST_F(Cli, NumbersThatAreNoneAreRefusedInPlainWords) {
  const std::string compile = "compile " + source("examples/digits/digits.nir") + " --chip " +
                              source("chips/mesh2x2.toml") + " -o " + file("x.loom") + " ";
  for (const char* option : {"--max-period nan", "--tiles 0", "--slots -1", "--max-period inf"}) {
    const Ended ended = spikeloom(compile + option);
    EXPECT_EQ(ended.code, 2) << option;
    EXPECT_THAT(ended.err, HasSubstr("expected a number above 0, found")) << option;
  }
  EXPECT_EQ(spikeloom(compile + "--frame 1e300").code, 2);
}

TEST_F(Cli, AnUnknownSubcommandIsNamed) {
  const Ended bogus = spikeloom("bogus");
  EXPECT_EQ(bogus.code, 2);
  EXPECT_THAT(bogus.err, HasSubstr("no subcommand is called \"bogus\"; expected one of check, compile"));
  const Ended emulated = spikeloom("emulate --chip " + source("chips/tile1.toml") + " -- nonexist");
  EXPECT_EQ(emulated.code, 2);
  EXPECT_THAT(emulated.err, HasSubstr("no subcommand is called \"nonexist\""));
  EXPECT_THAT(emulated.err, HasSubstr("or a program by a path with a slash"));
  const Ended path = spikeloom("emulate --chip " + source("chips/tile1.toml") + " -- /nowhere/host");
  EXPECT_EQ(path.code, 2);
  EXPECT_THAT(path.err, HasSubstr("/nowhere/host: cannot be started"));
}

TEST_F(Cli, RangesOfOptionsAreTheLibrarysAndAllProblemsAreListed) {
  const std::string compile = "compile " + source("examples/digits/digits.nir") + " --chip " +
                              source("chips/mesh2x2.toml") + " -o " + file("x.loom") + " ";
  const Ended many = spikeloom(compile + "--bits 3 --planes 0 --pages 17 --margin 9223372036854775807");
  EXPECT_EQ(many.code, 2);
  EXPECT_THAT(many.err, HasSubstr("options: 4 problems"));
  EXPECT_THAT(many.err, HasSubstr("--bits: expected 8, 4, 2 or 1, found 3"));
  EXPECT_THAT(many.err, HasSubstr("--pages: expected 2 to 16, found 17"));
  for (const std::string option :
       {"--steps-per-second nan", "--steps-per-second 1e-300", "--recurrent-delay 0", "--points 1001",
        "--period 0", "--period 9223372036854775807", "--period 100 --steps-per-second 1000",
        "--period 100 --no-tune", "--clusters hidden=0"}) {
    const Ended ended = spikeloom(compile + option);
    EXPECT_EQ(ended.code, 2) << option;
    EXPECT_THAT(ended.err, HasSubstr("spikeloom: error: options: --")) << option;
  }
  EXPECT_EQ(spikeloom(compile + "--period 36028797018963967").code, 0);
  EXPECT_EQ(spikeloom(compile + "--period=1/36028797018963967").code, 2);
  EXPECT_EQ(spikeloom(compile + "--period=1/-9223372036854775808").code, 2);
  EXPECT_THAT(spikeloom("check " + source("examples/digits/digits.nir") + " --recurrent-delay 0").err,
              HasSubstr("--recurrent-delay: expected at least 1 step"));
}

TEST_F(Cli, ExplainTriesWhatWasSetAsideForOthers) {
  const std::string explain =
      "explain " + source("examples/digits/digits.nir") + " --chip " + source("chips/mesh2x2.toml");
  EXPECT_THAT(spikeloom(explain + " --tiles 3").out, HasSubstr("4 tiles instead of 3"));
  EXPECT_THAT(spikeloom(explain + " --slots 2").out, HasSubstr("up to 4 slots for a channel instead of 2"));
}

TEST_F(Cli, AFileNamedInNoKnownLetteringStillHasAReport) {
  std::filesystem::rename(digits(""), file("\xff.loom"));
  const Ended ended = spikeloom("run " + file("\xff.loom") + " --input " +
                                source("examples/digits/test.npz") + " --limit 1 --json " + file("r.json"));
  EXPECT_EQ(ended.code, 0) << ended.err;
  EXPECT_FALSE(nlohmann::json::parse(text(file("r.json"))).at("image").get<std::string>().empty());
  EXPECT_THAT(spikeloom("info " + file("\xfe.loom")).err, HasSubstr("\\xfe.loom"));
}

TEST_F(Cli, LabelsThatAreNoClassAreNamed) {
  NpzReader test(source("examples/digits/test.npz"));
  NamedArrays arrays;
  for (const std::string& name : test.names()) {
    Array array = test.read(name);
    if (name == "labels") {
      std::vector<std::int64_t> labels;
      for (std::size_t s = 0; s < array.size(); ++s) labels.push_back(array.integer(s));
      labels[1] = 10;
      labels[3] = -1;
      array = Array::of_i8({labels.size()}, labels);
    }
    arrays.emplace_back(name, std::move(array));
  }
  write_npz(file("odd.npz"), arrays);
  const std::string image = digits("--calibrate " + file("odd.npz") + " --limit 5 --json " + file("c.json"));
  EXPECT_THAT(
      text(file("c.json")),
      HasSubstr("2 labels are no class of the first output, which has 0 to 9 (the first: 10 of sample 1)"));
  const Ended ended = spikeloom("run " + image + " --input " + file("odd.npz") + " --limit 5");
  EXPECT_EQ(ended.code, 0);
  EXPECT_THAT(ended.out, HasSubstr("note: 2 labels are no class of the first output"));
  EXPECT_THAT(ended.out, HasSubstr("accuracy 60.00 % (3 of 5)"));
}

/// The same events as an array by step and as NIRData by the second: in run and as calibration data.
TEST_F(Cli, EventTimesInSecondsFallIntoTheNetworksSteps) {
  constexpr std::size_t kSamples = 3, kSteps = 16, kPixels = 64, kMost = kSteps * kPixels;
  std::vector<std::uint8_t> spikes(kSamples * kSteps * kPixels, 0);
  std::vector<std::int64_t> idx(kSamples * kMost, -1);
  std::vector<double> time(kSamples * kMost, 0), slow = time;
  for (std::size_t s = 0; s < kSamples; ++s)
    for (std::size_t t = 0, e = s * kMost; t < kSteps; ++t)
      for (std::size_t p = 0; p < kPixels; ++p) {
        if ((p * 7 + t * 5 + s * 3) % 4 != 0) continue;
        spikes[(s * kSteps + t) * kPixels + p] = 1;
        idx[e] = static_cast<std::int64_t>(p);
        time[e] = 0.001 * static_cast<double>(t);
        slow[e++] = 0.004 * static_cast<double>(t);
      }
  const std::vector<std::uint8_t> npy = Array::of_bytes({kSamples, kSteps, kPixels}, spikes).to_npy();
  std::ofstream(file("steps.npy"), std::ios::binary)
      .write(reinterpret_cast<const char*>(npy.data()), static_cast<std::streamsize>(npy.size()));
  for (const auto& [name, times] : {std::pair{"events.h5", time}, std::pair{"slow.h5", slow}}) {
    NirDataFile data(file(name));
    data.observable("input", "spikes", "EventData");
    data.dataset<std::int64_t>("idx", {kSamples, kMost}, idx, H5T_NATIVE_INT64);
    data.dataset<double>("time", {kSamples, kMost}, times, H5T_NATIVE_DOUBLE);
  }
  const std::string image = digits("--calibrate " + file("events.h5"));
  const std::string first = text(image);
  EXPECT_EQ(first, text(digits("--calibrate " + file("steps.npy"))));
  for (const char* input : {"steps.npy", "events.h5", "slow.h5 --dt 0.004"}) {
    const Ended ended = spikeloom("run " + image + " --input " + file(input) + " --output " + file("o.npz"));
    EXPECT_EQ(ended.code, 0) << ended.err;
    if (std::filesystem::exists(file("first.npz")))
      EXPECT_EQ(spikeloom("compare " + file("first.npz") + " " + file("o.npz")).code, 0) << input;
    else
      std::filesystem::rename(file("o.npz"), file("first.npz"));
  }
}

TEST_F(Cli, UnknownDeviceAndRecordAreRefusedByName) {
  const std::string image = digits("");
  const std::string run = "run " + image + " --input " + source("examples/digits/test.npz") + " --limit 1 ";
  const Ended device = spikeloom(run + "--device warp");
  EXPECT_EQ(device.code, 2);
  EXPECT_THAT(device.err, HasSubstr("there are model, verilator"));
  const Ended option = spikeloom(run + "--device 'verilator:?speed=9'");
  EXPECT_EQ(option.code, 2);
  EXPECT_THAT(option.err, HasSubstr("no option \"speed\""));
  struct Wrong {
    const char *options, *said;
  };
  for (const Wrong& wrong : {
           Wrong{"--device 'verilator:?assertions=maybe'", "assertions=maybe: expected on or off"},
           Wrong{"--device 'verilator:?tiles=mine'", "tiles=mine: expected own or shared"},
           Wrong{"--device 'verilator:?threads'", "\"threads\" is not key=value"},
           Wrong{"--device verilator:trace", "device \"verilator:trace\": expected verilator or verilator:?"},
           Wrong{"--trace t.fst", "--trace: the model has no waveforms; use --device verilator"},
           Wrong{"--trace t.fst --exit margin:1",
                 "--trace: the model has no waveforms; use --device verilator"},
       }) {
    const Ended ended = spikeloom(run + wrong.options);
    EXPECT_EQ(ended.code, 2) << wrong.options;
    EXPECT_THAT(ended.err, HasSubstr(wrong.said)) << wrong.options;
  }
  const Ended record = spikeloom(run + "--record nobody:v");
  EXPECT_EQ(record.code, 2);
  EXPECT_THAT(record.err, HasSubstr("there are hidden, digit"));
}

TEST_F(Cli, WhatIsRecordedTwiceIsWrittenOnce) {
  const std::string run = " --input " + source("examples/digits/test.npz") + " --limit 2 --output ";
  const Ended once =
      spikeloom("run " + digits("") + " --record hidden:spikes --record hidden:v" + run + file("once.npz"));
  ASSERT_EQ(once.code, 0) << once.err;
  const Ended twice =
      spikeloom("run " + digits("--record hidden") + " --record hidden:spikes --record " +
                "hidden:spikes --record hidden:v --record hidden:v" + run + file("twice.npz"));
  ASSERT_EQ(twice.code, 0) << twice.err;
  EXPECT_EQ(spikeloom("compare " + file("once.npz") + " " + file("twice.npz")).code, 0);
}

TEST_F(Cli, ValuesThatTheImageCannotCarryAreListed) {
  const std::string image = digits("");
  const Ended ended = spikeloom("run " + image + " --input " + source("examples/digits/test.npz") +
                                " --limit 1 --encoder direct");
  EXPECT_EQ(ended.code, 2);
  EXPECT_THAT(ended.err,
              HasSubstr("compile with --planes 5 for it, have it counted once (--clip), or scale"));
}

TEST_F(Cli, EveryStageCanBeDumped) {
  (void)digits("--dump " + file("stages"));
  for (const char* name : {"01-network.txt", "02-quantize.txt", "03-partition.txt", "04-map.txt",
                           "05-tune.txt", "06-promises.txt"})
    EXPECT_GT(text(file("stages") + "/" + name).size(), 100U) << name;
}

TEST_F(Cli, CalibrationLeavesTheWeightsAloneWhereAsked) {
  const auto weights = [&](const std::string& name, const std::string& options) {
    EXPECT_EQ(spikeloom("compile " + source("examples/digits/digits.nir") + " --bits 4 --chip " +
                        source("chips/mesh2x2.toml") + " -o " + file(name + ".loom") + " --dump " +
                        file(name) + " " + options)
                  .code,
              0);
    return text(file(name + "/02-quantize.txt"));
  };
  const std::string data = "--calibrate " + source("examples/digits/calibration.npz");
  const std::string without = weights("without", "");
  EXPECT_THAT(without, HasSubstr("4 bits"));
  EXPECT_EQ(weights("places", data + " --no-calibrate-weights"), without);
  EXPECT_NE(weights("all", data), without);
  EXPECT_THAT(spikeloom("info " + file("places.loom")).out, HasSubstr("contracted"));
}

TEST_F(Cli, WhatExplainSuggestsFirstTheRtlThenDoes) {
  const std::string network =
      source("examples/digits/digits.nir") + " --chip " + source("chips/mesh2x2.toml") + " ";
  // Every input in every step: the worst that the bottleneck can meet, so measured periods are near the
  // guaranteed ones.
  const std::vector<std::uint8_t> ones =
      Array::of_bytes({8, 16, 64}, std::vector<std::uint8_t>(8 * 16 * 64, 1)).to_npy();
  std::ofstream(file("ones.npy"), std::ios::binary)
      .write(reinterpret_cast<const char*>(ones.data()), static_cast<std::streamsize>(ones.size()));
  const auto measured = [&](const std::string& options) {
    const std::string image = file("image.loom");
    EXPECT_EQ(spikeloom("compile " + network + "-o " + image + " " + options).code, 0);
    const Ended ended = spikeloom("run " + image + " --input " + file("ones.npy") +
                                  " --device verilator --json " + file("run.json"));
    EXPECT_EQ(ended.code, 0) << ended.err;
    return nlohmann::json::parse(text(file("run.json"))).at("period");
  };
  const Ended ended = spikeloom("explain " + network + "--spread fewest --json " + file("explain.json"));
  ASSERT_EQ(ended.code, 0) << ended.err;
  const auto json = nlohmann::json::parse(text(file("explain.json")));
  const auto& first = json.at("reliefs").at(0);
  ASSERT_FALSE(first.at("needs_chip").get<bool>()) << first;
  const auto before = measured("--spread fewest");
  const auto after = measured(first.at("how").get<std::string>());
  EXPECT_EQ(before.at("guaranteed"), json.at("promise").at("period"));
  EXPECT_EQ(after.at("guaranteed"), first.at("period"));
  EXPECT_GT(before.at("measured").get<double>(), 0.97 * before.at("guaranteed").get<double>());
  EXPECT_GT(after.at("measured").get<double>(), 0.97 * after.at("guaranteed").get<double>());
  EXPECT_LT(1.5 * after.at("measured").get<double>(), before.at("measured").get<double>());
}

TEST_F(Cli, ApplicationsEnterAndLeaveWhileAnotherRuns) {
  const std::string chip = " --chip " + source("chips/mesh2x2.toml") + " --tiles 2 --slots 2 -o ";
  const std::string net = source("examples/digits/digits.nir"), melody = source("examples/melody/melody.nir");
  ASSERT_EQ(spikeloom("compile " + net + chip + file("a.loom")).code, 0);
  ASSERT_EQ(spikeloom("compile " + melody + chip + file("b.loom")).code, 0);
  const std::string alone =
      "run " + file("a.loom") + " --input " + source("examples/digits/test.npz") + " --limit 10 ";
  const std::string b = source("examples/melody/test.npz");
  const Ended before = spikeloom(alone + "--output " + file("alone.npz") + " --json " + file("alone.json"));
  ASSERT_EQ(before.code, 0) << before.err;
  const Ended ended =
      spikeloom(alone + "--device verilator --admit " + file("b.loom") + "@20 --input-of b=" + b +
                " --release b@90 --admit again=" + file("b.loom") + "@120 --input-of again=" + b +
                " --release again@155 --output " + file("a.npz") + " --output-of b=" + file("b.npz") +
                " --json " + file("r.json"));
  ASSERT_EQ(ended.code, 0) << ended.out << ended.err;
  EXPECT_THAT(ended.out, HasSubstr("again: enters before step 120"));
  // Of the first application and of both visitors.
  const std::string before_it = "before the run: reading the image [0-9.]+ ms, verifying it [0-9.]+ ms";
  EXPECT_THAT(ended.out, ContainsRegex("== a: (.*\n)+" + before_it + "\n(.*\n)*== b: "));
  for (const char* name : {"b", "again"})
    EXPECT_THAT(ended.out, ContainsRegex(std::string("== ") + name + ": (.*\n)+" + before_it +
                                         "; admitting it [0-9.]+ ms\n"));
  const auto json = nlohmann::json::parse(text(file("r.json"))).at("applications");
  ASSERT_EQ(json.size(), 3U);
  for (const auto& application : json) {
    EXPECT_EQ(application.at("report").at("replay").at("mismatched_steps"), 0) << application.at("name");
    EXPECT_EQ(application.at("report").at("replay").at("differing_values"), 0) << application.at("name");
    EXPECT_TRUE(application.at("report").at("promises_kept")) << application.at("name");
  }
  EXPECT_EQ(json.at(0).at("report").at("period_exact").at("measured"),
            nlohmann::json::parse(text(file("alone.json"))).at("period_exact").at("replayed"));
  EXPECT_GT(json.at(1).at("report").at("steps"), 0);
  EXPECT_EQ(json.at(1).at("origin_cycle").get<int>() % 16, 0);
  EXPECT_EQ(spikeloom("compare " + file("a.npz") + " " + file("alone.npz")).code, 0);
  EXPECT_TRUE(std::filesystem::exists(file("b.npz")));
  const Ended slow = spikeloom(alone + "--max-period 10 --admit " + file("b.loom") + "@20 --input-of b=" + b);
  EXPECT_EQ(slow.code, 1);
  EXPECT_THAT(slow.out, HasSubstr("is above --max-period 10"));
  // Its steps are short, so that the next one begins before whoever enters has had its first.
  const Ended gone = spikeloom("run " + file("b.loom") + " --input " + b + " --admit c=" + file("b.loom") +
                               "@2 --input-of c=" + b + " --release c@3");
  EXPECT_EQ(gone.code, 2);
  EXPECT_THAT(gone.err, HasSubstr("c is released before step 3, in cycle "));
  EXPECT_THAT(gone.err, HasSubstr(", before its first step is sent in cycle "));
}

TEST_F(Cli, AScriptThatCannotBeIsRefusedByLine) {
  const std::string chip = " --chip " + source("chips/mesh2x2.toml") + " --tiles 2 -o ";
  ASSERT_EQ(spikeloom("compile " + source("examples/digits/digits.nir") + chip + file("a.loom")).code, 0);
  const std::string data = source("examples/digits/test.npz");
  const std::string run = "run " + file("a.loom") + " --input " + data + " --limit 2 ";
  const Ended lines = spikeloom(run +
                                "--admit b.loom --admit c.loom@x --release d@3 --input-of e=f --admit "
                                "g.loom@1 --admit =h.loom@2 --admit i.loom@3 --input-of i=a --input-of i=b "
                                "--input-of i --window-of g=0 --window-of j=1 --window-of i=2 "
                                "--window-of i=3 --admit i=k.loom@4 --release i --record digit:v");
  EXPECT_EQ(lines.code, 2);
  for (const char* part :
       {"--admit b.loom: expected [NAME=]APP.loom@STEP", "--admit c.loom@x", "no application \"d\"",
        "no application \"e\"", "--input-of g=FILE", "--admit =h.loom@2: expected",
        "--input-of i=b: i has a already", "--input-of i: expected NAME=FILE",
        "--window-of g=0: expected NAME=STEPS, of 1 step or more", "no application \"j\"",
        "--window-of i=3: i has a window already",
        "--admit i=k.loom@4: two applications are called i; name one", "--release i: expected NAME@STEP",
        "--record: only where one application runs"})
    EXPECT_THAT(lines.err, HasSubstr(part));
  ASSERT_EQ(spikeloom("compile " + source("examples/digits/digits.nir") + " --chip " +
                      source("chips/tile1.toml") + " -o " + file("t.loom"))
                .code,
            0);
  EXPECT_THAT(
      spikeloom(run + "--admit " + file("t.loom") + "@1 --input-of t=" + data).err,
      HasSubstr("t.loom: compiled for the chip tile1; the first application runs on mesh2x2; compile one "
                "of them again"));
  const std::string self = "--admit b=" + file("a.loom") + "@";
  const Ended late = spikeloom(run + self + "1000 --input-of b=" + data);
  EXPECT_EQ(late.code, 2);
  EXPECT_THAT(late.err, HasSubstr("b enters before step 1000: a has"));
  const Ended early = spikeloom(run + self + "5 --input-of b=" + data + " --release b@5");
  EXPECT_EQ(early.code, 2);
  EXPECT_THAT(early.err, HasSubstr("expected a step after 5"));
  // The first application left no slots.
  const Ended full = spikeloom(run + self + "5 --input-of b=" + data);
  EXPECT_EQ(full.code, 2);
  EXPECT_THAT(full.err, HasSubstr("b has no place before step 5"));
  EXPECT_THAT(full.err,
              HasSubstr("a runs first and keeps what it was compiled with: --tiles and --slots leave more"));
  EXPECT_THAT(full.err, Not(HasSubstr("releasing")));
}

TEST_F(Cli, NamesThatNoPopulationHasAreAllReportedAtOnce) {
  const Ended ended = spikeloom("compile " + source("examples/digits/digits.nir") + " --chip " +
                                source("chips/mesh2x2.toml") + " -o " + file("x.loom") +
                                " --clusters q=2 --favour r --record s --kind t=tile --kind hidden=u");
  EXPECT_EQ(ended.code, 2);
  for (const char* name : {"--clusters q", "--favour r", "--record s", "--kind t=tile: no such population",
                           "--kind hidden=u: chip mesh2x2 has no such kind of tile, but tile"})
    EXPECT_THAT(ended.err, HasSubstr(name));
  EXPECT_EQ(spikeloom("compile a.nir --chip b.toml -o c --clusters hidden=none").code, 2);
  EXPECT_EQ(spikeloom("compile a.nir --chip b.toml -o c --kind hidden=").code, 2);
}

TEST_F(Cli, AChipOfTwoKindsIsCheckedCompiledExplainedAndRun) {
  std::ofstream(file("n.json")) << test::layers_json({20, 24, 16, 10});
  std::ofstream(file("in.csv")) << test::events_csv(20, 12);
  const std::string chip = " --chip " + source("tests/chips/mixed.toml");
  const Ended fits = spikeloom("check " + file("n.json") + chip + " --kind l1=wide");
  EXPECT_EQ(fits.code, 0) << fits.err;
  EXPECT_THAT(fits.out, HasSubstr("fits mixed"));
  const Ended unknown = spikeloom("check " + file("n.json") + chip + " --kind l1=tall");
  EXPECT_EQ(unknown.code, 2);
  EXPECT_THAT(unknown.err, HasSubstr("--kind l1=tall: chip mixed has no such kind of tile, but tile, wide"));
  const Ended alone = spikeloom("check " + file("n.json") + " --kind l1=wide");
  EXPECT_EQ(alone.code, 2);
  EXPECT_THAT(alone.err, HasSubstr("--kind requires --chip"));
  const Ended compiled =
      spikeloom("compile " + file("n.json") + chip + " --kind l1=wide -o " + file("n.loom"));
  ASSERT_EQ(compiled.code, 0) << compiled.err;
  const Image image = read_image(file("n.loom"));
  for (const Cluster& cluster : image.application.clusters)
    EXPECT_EQ(cluster.kind, cluster.population.index() == 1 ? 1U : 0U) << cluster.name;
  EXPECT_FALSE(image.points.empty());
  const Ended explained = spikeloom("explain " + file("n.json") + chip + " --kind l1=wide");
  EXPECT_EQ(explained.code, 0) << explained.err;
  const Ended ran = spikeloom("run " + file("n.loom") + " --input " + file("in.csv"));
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("tile(1,0) of kind wide: busy"));
}

TEST_F(Cli, DataflowGraphsAreAnalysedConvertedAndTheirCertificatesChecked) {
  std::ofstream(file("codec.json")) << R"({"format": "spikeloom-dataflow", "version": 1, "name": "codec",
    "actors": [{"name": "read", "execution": 5}, {"name": "code", "execution": [3, 4]}],
    "channels": [{"name": "x", "from": "read", "to": "code", "produce": 4, "consume": [1, 1]},
                 {"name": "room", "from": "code", "to": "read", "produce": [1, 1], "consume": 4,
                  "tokens": 4}]})";
  const Ended ended = spikeloom("dataflow analyze " + file("codec.json") + " --json " + file("r.json") +
                                " --certificate " + file("c.json"));
  EXPECT_EQ(ended.code, 0) << ended.err;
  const auto json = nlohmann::json::parse(text(file("r.json")));
  EXPECT_EQ(json.at("period"), "19");  // 5 for reading, then 3 + 4 + 3 + 4
  EXPECT_EQ(json.at("repetition_vector").at("code"), 4);
  EXPECT_EQ(spikeloom("dataflow verify " + file("codec.json") + " " + file("c.json")).code, 0);
  std::string certificate = text(file("c.json"));
  certificate.replace(certificate.find("\"19\""), 4, "\"18\"");
  std::ofstream(file("c.json")) << certificate;
  EXPECT_EQ(spikeloom("dataflow verify " + file("codec.json") + " " + file("c.json")).code, 1);
  EXPECT_THAT(spikeloom("dataflow convert " + file("codec.json") + " " + file("g.txt")).err,
              HasSubstr("g.txt: expected .xml (SDF3), .json, .sdf or .dot, found \".txt\""));
  EXPECT_THAT(spikeloom("dataflow convert " + file("codec.json") + " " + file("codec.json")).err,
              HasSubstr("is the graph as well, which it would replace"));
  for (const char* form : {"g.xml", "g.dot"})
    EXPECT_EQ(spikeloom("dataflow convert " + file("codec.json") + " " + file(form)).code, 0);
  const Ended again = spikeloom("dataflow analyze " + file("g.xml"));
  EXPECT_THAT(again.out, HasSubstr("period 19 cycles"));
  std::ofstream(file("dead.json"))
      << R"({"format": "spikeloom-dataflow", "version": 1, "actors": [{"name": "a"}, {"name": "b"}],
    "channels": [{"name": "x", "from": "a", "to": "b"}, {"name": "y", "from": "b", "to": "a"}]})";
  const Ended dead = spikeloom("dataflow analyze " + file("dead.json"));
  EXPECT_EQ(dead.code, 1);
  EXPECT_THAT(dead.out, HasSubstr("deadlock: "));
  EXPECT_EQ(spikeloom("dataflow analyze " + file("none.json")).code, 2);
}

TEST_F(Cli, DataflowRefusesByNameWhatItCannotTake) {
  std::ofstream(file("g.json")) << R"({"format": "spikeloom-dataflow", "version": 1, "name": "g",
    "actors": [{"name": "a", "execution": 2}], "channels": []})";
  std::ofstream(file("twice.json")) << R"({"a": 0, "a": 1})";
  std::ofstream(file("far.json")) << R"({"a": -1})";
  std::ofstream(file("g.txt")) << "a graph";
  std::ofstream(file("bad.sdf")) << "sdf 1\nactress \"a\" execution 1\n";
  const std::string graph = file("g.json");
  struct Refused {
    std::string arguments, said;
  };
  for (const Refused& refused : {
           Refused{"analyze " + graph + " --certificate c.json --method k-periodic",
                   "--certificate: the proof is about the expansion; leave out --method k-periodic"},
           Refused{"analyze " + graph + " --latency a z", "--latency: the graph has no actor \"z\""},
           Refused{"analyze " + graph + " --graph g",
                   "g.json: only SDF3 files (.xml) hold several graphs and processor types to choose from"},
           Refused{"analyze " + file("g.txt"),
                   "g.txt: a dataflow graph is .xml (SDF3), .json or .sdf (text); found \".txt\""},
           Refused{"analyze " + file("bad.sdf"), file("bad.sdf") + ": sdf graph: line 2: expected "},
           Refused{"schedule " + graph + " --processors 0",
                   "--processors 0: expected a number of processors, at least 1"},
           Refused{"schedule " + graph + " --processors " + file("twice.json"),
                   "twice.json: has the key \"a\" twice"},
           Refused{"schedule " + graph + " --processors " + file("far.json"),
                   "actor \"a\": expected a processor from 0 to "},
       }) {
    const Ended ended = spikeloom("dataflow " + refused.arguments);
    EXPECT_EQ(ended.code, 2) << refused.arguments;
    EXPECT_THAT(ended.err, HasSubstr(refused.said)) << refused.arguments;
  }
}

TEST_F(Cli, DataflowBuffersAndSchedulesAreExact) {
  std::ofstream(file("codec.json")) << R"({"format": "spikeloom-dataflow", "version": 1, "name": "codec",
    "actors": [{"name": "read", "execution": 5}, {"name": "code", "execution": [3, 4]}],
    "channels": [{"name": "own", "from": "read", "to": "read", "tokens": 1},
                 {"name": "x", "from": "read", "to": "code", "produce": 4, "consume": [1, 1]}]})";
  const Ended front = spikeloom("dataflow buffers " + file("codec.json") + " --json " + file("b.json"));
  EXPECT_EQ(front.code, 0) << front.err;
  const auto points = nlohmann::json::parse(text(file("b.json"))).at("points");
  EXPECT_EQ(points.front().at("size"), 4);
  EXPECT_EQ(points.front().at("period"), "19");  // reading and coding take turns
  EXPECT_EQ(points.back().at("period"), "14");   // coding never waits
  EXPECT_EQ(spikeloom("dataflow buffers " + file("codec.json") + " --period 14").code, 0);
  EXPECT_EQ(spikeloom("dataflow buffers " + file("codec.json") + " --period 27/2").code, 1);
  const Ended one = spikeloom("dataflow schedule " + file("codec.json") + " --processors 1 --svg " +
                              file("s.svg") + " --json " + file("s.json"));
  EXPECT_EQ(one.code, 0) << one.err;
  EXPECT_EQ(nlohmann::json::parse(text(file("s.json"))).at("period"), "19");
  EXPECT_THAT(text(file("s.svg")), HasSubstr("<title>read: 0 to 5</title>"));
  std::ofstream(file("p.json")) << R"({"read": 0, "write": 1})";
  EXPECT_THAT(spikeloom("dataflow schedule " + file("codec.json") + " --processors " + file("p.json")).err,
              HasSubstr("no actor \"write\""));
  for (const char* method : {"expansion", "k-periodic"}) {
    const Ended ended = spikeloom("dataflow analyze " + file("codec.json") +
                                  " --sensitivity --latency read code --method " + method);
    EXPECT_THAT(ended.out, HasSubstr("period 14 cycles"));
    EXPECT_THAT(ended.out, HasSubstr("time of code phase 1: 16, 12; slack 0"));
    EXPECT_THAT(ended.out, HasSubstr("latency from read to code: 37 cycles in 3 iterations, not settled"));
  }
}

TEST_F(Cli, DataflowSaysWhichMethodAnswersAndWhatAFileSaysInVain) {
  const auto application = [](const std::string& name, int time) {
    return "<applicationGraph name=\"" + name + R"("><csdf name="g">
      <actor name="A"><port name="o" type="out" rate="1,1"/><port name="i" type="in" rate="1"/></actor>
      <actor name="B"><port name="o" type="out" rate="1"/><port name="i" type="in" rate="1"/></actor>
      <channel name="x" srcActor="A" srcPort="o" dstActor="B" dstPort="i"/>
      <channel name="y" srcActor="B" srcPort="o" dstActor="A" dstPort="i" initialTokens="2"/></csdf>
      <csdfProperties>
        <actorProperties actor="A"><processor type="p"><executionTime time=")" +
           std::to_string(time) + R"("/>
          </processor><processor type="q"><executionTime time="9"/></processor></actorProperties>
        <actorProperties actor="B"><processor type="p"><executionTime time="1"/></processor></actorProperties>
        <channelProperties channel="x"><bufferSize sz="1"/></channelProperties>
      </csdfProperties></applicationGraph>)";
  };
  std::ofstream(file("two.xml")) << "<sdf3 type=\"csdf\">" << application("one", 5) << application("two", 7)
                                 << "</sdf3>";
  const Ended first = spikeloom("dataflow analyze " + file("two.xml") + " --json " + file("r.json"));
  EXPECT_EQ(first.code, 0) << first.err;
  EXPECT_THAT(first.out, HasSubstr("period 10 cycles"));
  for (const char* note : {"2 application graphs", "several processor types", "channelProperties/bufferSize",
                           "\"A\" has phases and no channel to itself"})
    EXPECT_THAT(first.out, HasSubstr(note));
  EXPECT_EQ(nlohmann::json::parse(text(file("r.json"))).at("notes").size(), 5U);
  EXPECT_THAT(spikeloom("dataflow analyze " + file("two.xml") + " --graph two").out,
              HasSubstr("period 14 cycles"));
  // Two tokens go round, each through a phase of A and then through B.
  EXPECT_THAT(spikeloom("dataflow analyze " + file("two.xml") + " --graph two --phases-overlap").out,
              HasSubstr("period 8 cycles"));
  EXPECT_EQ(spikeloom("dataflow analyze " + file("two.xml") + " --processor-type q").code, 2);
  EXPECT_THAT(spikeloom("dataflow buffers " + file("two.xml") + " --graph three").err,
              HasSubstr("no application graph is named \"three\""));
  std::ofstream(file("pair.json")) << R"({"format": "spikeloom-dataflow", "version": 1, "name": "pair",
    "actors": [{"name": "a", "execution": 2}, {"name": "b", "execution": 3}],
    "channels": [{"name": "x", "from": "a", "to": "b"}]})";
  EXPECT_THAT(spikeloom("dataflow buffers " + file("pair.json")).err, HasSubstr("ask for one period"));
  EXPECT_EQ(spikeloom("dataflow buffers " + file("pair.json") + " --period 5").code, 0);
  std::ofstream(file("ring.json")) << R"({"format": "spikeloom-dataflow", "version": 1, "name": "ring",
    "actors": [{"name": "a", "execution": 2}, {"name": "b", "execution": 3}],
    "channels": [{"name": "x", "from": "a", "to": "b", "produce": 99991, "consume": 99989},
      {"name": "y", "from": "b", "to": "a", "produce": 99989, "consume": 99991, "tokens": 9998000099}]})";
  const Ended ring = spikeloom("dataflow analyze " + file("ring.json"));
  EXPECT_THAT(ring.out, HasSubstr("period 5 cycles"));
  EXPECT_THAT(ring.out,
              HasSubstr("note: the period is by the method expansion, because others refuse: k-periodic"));
}

TEST_F(Cli, ApplicationsAreAdmittedListedAndReleased) {
  const std::string state = file("chip.state"), chip = source("chips/mesh4x4.toml");
  ASSERT_EQ(spikeloom("compile " + source("examples/digits/digits.nir") + " --chip " + chip + " --output " +
                      file("digits.loom"))
                .code,
            0);
  Ended ended = spikeloom("admit " + state + " " + file("digits.loom") + " --output " + file("a.loom") +
                          " --json " + file("a.json"));
  ASSERT_EQ(ended.code, 0) << ended.err;
  EXPECT_THAT(ended.out, HasSubstr("digits: application 0, a step every "));
  EXPECT_THAT(ended.out, ContainsRegex("admitted in [0-9.]+ ms; reading the image [0-9.]+ ms, verifying it "
                                       "[0-9.]+ ms, with all files and checks [0-9.]+ ms"));
  for (const char* part : {"admission", "reading", "verifying", "all"})
    EXPECT_GT(nlohmann::json::parse(text(file("a.json")))["milliseconds"].at(part), 0) << part;
  ended = spikeloom("admit " + state + " " + file("digits.loom") + " --chip " + chip +
                    " --name second --output " + file("b.loom") + " --json " + file("b.json"));
  ASSERT_EQ(ended.code, 0) << ended.err;
  const auto a = nlohmann::json::parse(text(file("a.json"))), b = nlohmann::json::parse(text(file("b.json")));
  EXPECT_EQ(a["admitted"], true);
  EXPECT_EQ(b["application"], 1);
  for (const auto& tile : a["tiles"])
    EXPECT_EQ(std::count(b["tiles"].begin(), b["tiles"].end(), tile), 0) << "a tile that both have";

  // Each runs alone at once, as promised, with the same outputs.
  const std::string data = " --input " + source("examples/digits/test.npz") + " --limit 4 --output ";
  ended = spikeloom("run " + file("b.loom") + data + file("b.npz"));
  EXPECT_EQ(ended.code, 0) << ended.err;
  EXPECT_THAT(ended.out, HasSubstr("promise guaranteed: kept in "));
  EXPECT_THAT(ended.out,
              ContainsRegex("before the run: reading the image [0-9.]+ ms, verifying it [0-9.]+ ms"));
  ASSERT_EQ(spikeloom("run " + file("digits.loom") + data + file("compiled.npz")).code, 0);
  EXPECT_EQ(spikeloom("info " + file("b.loom")).code, 0);
  EXPECT_EQ(spikeloom("compare " + file("b.npz") + " " + file("compiled.npz")).code, 0);

  ended = spikeloom("residents " + state + " --json " + file("r.json"));
  ASSERT_EQ(ended.code, 0) << ended.err;
  EXPECT_THAT(ended.out, HasSubstr("second: application 1"));
  EXPECT_EQ(nlohmann::json::parse(text(file("r.json")))["residents"].size(), 2U);

  const std::string before = text(state);
  ended = spikeloom("admit " + state + " " + file("digits.loom"));
  EXPECT_EQ(ended.code, 2);
  EXPECT_THAT(ended.err, HasSubstr("a resident is already called digits; choose another name (--name)"));
  ended = spikeloom("admit " + state + " " + file("digits.loom") + " --name third --max-period 10 --json " +
                    file("no.json"));
  EXPECT_EQ(ended.code, 1);
  EXPECT_THAT(ended.err, AllOf(HasSubstr("third is not admitted to "), HasSubstr("\n  refused in "),
                               HasSubstr(" ms; reading the image ")));
  EXPECT_EQ(nlohmann::json::parse(text(file("no.json")))["admitted"], false);
  ended = spikeloom("release " + state + " nobody");
  EXPECT_EQ(ended.code, 2);
  EXPECT_THAT(ended.err, HasSubstr("no resident is called nobody; residents: digits, second"));
  EXPECT_EQ(text(state), before) << "a command that failed changed the state";

  EXPECT_EQ(spikeloom("release " + state + " digits").code, 0);
  EXPECT_EQ(spikeloom("release " + state + " second").code, 0);
  ended = spikeloom("residents " + state);
  EXPECT_THAT(ended.out, HasSubstr("in use 0 of 16 tiles, 0 of 4 applications"));
}

TEST_F(Cli, CommandsAtOnceAdmitOneAfterTheOther) {
  const std::string state = file("chip.state");
  ASSERT_EQ(spikeloom("compile " + source("examples/digits/digits.nir") + " --chip " +
                      source("chips/mesh4x4.toml") + " -o " + file("digits.loom"))
                .code,
            0);
  std::string line;
  for (const char* name : {"a", "b", "c", "d", "e", "f"})
    line += std::string(SPIKELOOM_COMMAND) + " admit " + state + " " + file("digits.loom") + " --name " +
            name + " --json " + file(name) + " >/dev/null 2>&1 & ";
  ASSERT_EQ(std::system((line + "wait").c_str()), 0);
  std::set<std::string> admitted, listed;
  std::size_t tiles = 0;
  for (const char* name : {"a", "b", "c", "d", "e", "f"})
    if (nlohmann::json::parse(text(file(name)))["admitted"] == true) admitted.insert(name);
  ASSERT_EQ(spikeloom("residents " + state + " --json " + file("r.json")).code, 0);
  const auto report = nlohmann::json::parse(text(file("r.json")));
  for (const auto& resident : report["residents"]) {
    listed.insert(resident["name"]);
    tiles += resident["tiles"].size();
  }
  EXPECT_EQ(listed, admitted);
  EXPECT_GE(listed.size(), 2U);
  EXPECT_LT(listed.size(), 6U) << "more than the chip holds";
  EXPECT_EQ(tiles + report["free_tiles"].get<std::size_t>(), 16U) << "a tile that two have";
}

TEST_F(Cli, AdmissionRefusesByNameAndChecksItsFilesFirst) {
  const std::string state = file("chip.state"), chip = source("chips/mesh2x2.toml");
  ASSERT_EQ(spikeloom("compile " + source("examples/digits/digits.nir") + " --chip " + chip + " --output " +
                      file("digits.loom") + " --points 0")
                .code,
            0);
  Ended ended =
      spikeloom("admit " + state + " " + file("digits.loom") + " --chip " + source("chips/mesh4x4.toml"));
  EXPECT_EQ(ended.code, 1);
  EXPECT_THAT(ended.out, HasSubstr("holds no operating points"));
  EXPECT_THAT(ended.err, HasSubstr("compiled for another chip: mesh2x2 with hash 0x"));
  EXPECT_FALSE(std::filesystem::exists(state));
  EXPECT_EQ(spikeloom("admit " + state + " " + file("digits.loom") + " --output " + file("digits.loom")).code,
            2);
  EXPECT_EQ(spikeloom("admit " + file("digits.loom") + " " + file("digits.loom")).code, 2);
  EXPECT_EQ(spikeloom("admit " + state + " " + file("digits.loom") + " --max-period 0").code, 2);
  EXPECT_EQ(spikeloom("release " + state + " digits").code, 2);
  EXPECT_EQ(spikeloom("residents " + state).code, 2);
  std::ofstream(state) << "{}";
  ended = spikeloom("residents " + state);
  EXPECT_EQ(ended.code, 2);
  EXPECT_THAT(ended.err, HasSubstr("not a chip state"));
}

TEST_F(Cli, AnAdmissionThatFailsLeavesNothingBehind) {
  const std::string state = file("chip.state"), image = digits("");
  EXPECT_EQ(spikeloom("compile " + source("examples/digits/digits.nir") + " --chip " +
                      source("chips/mesh2x2.toml") + " -o " + file("n.loom") + " --points -1")
                .code,
            2);
  EXPECT_EQ(spikeloom("compile " + source("examples/digits/digits.nir") + " --chip " +
                      source("chips/mesh2x2.toml") + " -o " + file("n.loom") + " --points 4294967296")
                .code,
            2);
  const auto fails = [&](const std::string& arguments, int code, const std::string& why) {
    const Ended ended = spikeloom(arguments);
    EXPECT_EQ(ended.code, code) << arguments;
    EXPECT_THAT(ended.err, HasSubstr(why));
    EXPECT_FALSE(std::filesystem::exists(state)) << arguments;
    EXPECT_FALSE(std::filesystem::exists(state + ".lock")) << arguments;
  };
  fails("admit " + state + " " + image + " --name ''", 2, "expected a name in UTF-8");
  fails("admit " + state + " " + image + " --name \"$(printf 'x\\377y')\"", 2, "expected a name in UTF-8");
  fails("admit " + state + " " + image + " --max-period 5 --json " + file("no.json"), 1, "--max-period ");
  EXPECT_GT(nlohmann::json::parse(text(file("no.json")))["milliseconds"]["admission"], 0.0);
  fails("admit " + state + " " + image + " --json /dev/full", 2, "/dev/full: cannot be written");
  fails("release " + state + " digits", 2, "there is no such chip state");
  const std::string odd = file("x\xffy.loom");
  std::filesystem::copy_file(image, odd);
  fails("admit " + state + " " + odd, 2, "choose one with --name");
  const Ended ended = spikeloom("admit /dev/stdout " + image);
  EXPECT_THAT(ended.err, HasSubstr("/dev/stdout: not a regular file"));
  EXPECT_FALSE(std::filesystem::exists("/dev/stdout.lock"));

  ASSERT_EQ(spikeloom("admit " + state + " " + image).code, 0);
  auto json = nlohmann::json::parse(text(state));
  json["residents"][0]["point"] = "\x1b[31mred";
  std::ofstream(state) << json.dump();
  EXPECT_THAT(spikeloom("residents " + state).out, HasSubstr("; \\x1b[31mred"));
}

TEST_F(Cli, InfoDescribesAnImage) {
  const Ended ended = spikeloom("info " + digits(""));
  EXPECT_EQ(ended.code, 0);
  EXPECT_THAT(ended.out, HasSubstr("hidden[0]"));
  EXPECT_THAT(ended.out, HasSubstr("guaranteed"));
}

}  // namespace
}  // namespace spikeloom
