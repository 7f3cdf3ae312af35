// The command on an emulated card: stock XRT and OpenCL libraries, RTL of the kernel, results of the
// `verilator` device.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>

#include <nlohmann/json.hpp>

#include "tests/cli/command.hpp"

namespace spikeloom::emulation {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

constexpr const char* kXrt = "'xrt:?xclbin={xclbin}'";
constexpr const char* kOpenCl = "'opencl:?xclbin={xclbin}&platform=Xilinx'";

class Emulation : public test::CommandTest {
 protected:
  /// In the test's folder, so that what is left behind shows.
  [[nodiscard]] test::Ended spikeloom(const std::string& arguments) const {
    const fs::path place = folder_.path() / "cwd";
    fs::create_directories(place);
    test::Ended ended = CommandTest::spikeloom(arguments, "cd " + place.string() + " &&");
    EXPECT_TRUE(fs::is_empty(place)) << "left behind: " << fs::directory_iterator(place)->path();
    return ended;
  }

  [[nodiscard]] std::string emulate(const std::string& options, const std::string& command) const {
    return "emulate --chip " + source(chip_) + " --time-limit 240 " + options + " -- " + command;
  }

  [[nodiscard]] std::string compile(const std::string& network, const std::string& options) const {
    const std::string image = file("network.loom");
    const test::Ended ended =
        spikeloom("compile " + network + " --chip " + source(chip_) + " -o " + image + " " + options);
    EXPECT_EQ(ended.code, 0) << ended.err;
    return image;
  }
  [[nodiscard]] std::string digits() const { return compile(source("examples/digits/digits.nir"), ""); }

  [[nodiscard]] nlohmann::json report(const std::string& name) const {
    return nlohmann::json::parse(text(file(name)), nullptr, false);
  }

  /// The same input on `verilator` and on the emulated card: every spike, and by way of the replay every
  /// stamp.
  void expect_same(const std::string& image, const std::string& data, const std::string& device,
                   const std::string& options) const {
    const std::string run = "run " + image + " --input " + data;
    const test::Ended reference =
        spikeloom(run + " --device verilator --output " + file("v.npz") + " --json " + file("v.json"));
    ASSERT_EQ(reference.code, 0) << reference.err;
    const test::Ended card = spikeloom(emulate(
        options, run + " --device " + device + " --output " + file("c.npz") + " --json " + file("c.json")));
    ASSERT_EQ(card.code, 0) << card.err << card.out;
    const test::Ended same = spikeloom("compare " + file("v.npz") + " " + file("c.npz"));
    EXPECT_EQ(same.code, 0) << same.out;
    const nlohmann::json v = report("v.json"), c = report("c.json");
    EXPECT_EQ(c.at("replay").at("mismatched_steps"), 0);
    EXPECT_EQ(c.at("replay").at("differing_values"), 0);
    EXPECT_FALSE(c.at("period_exact").at("measured").is_null());
    for (const char* key :
         {"steps", "correct", "spikes", "period_exact", "latency", "cycles", "tiles", "promises"})
      EXPECT_EQ(c.at(key), v.at(key)) << key;
  }

  std::string chip_ = "chips/tile1.toml";
};

/// $SPIKELOOM_DATA, else ../shared/data.
std::string real_data(const std::string& name) {
  const char* const own = std::getenv("SPIKELOOM_DATA");
  return (own != nullptr ? fs::path(own) : fs::path(SPIKELOOM_SOURCE_DIR).parent_path() / "shared/data") /
         name;
}

using HwEmu = Emulation;
using Xrt = Emulation;
using OpenCl = Emulation;

TEST_F(Xrt, DigitsAreTheVerilatorDevicesInEverySpikeAndStamp) {
  expect_same(digits(), source("examples/digits/test.npz") + " --limit 60", kXrt, "");
}

TEST_F(OpenCl, DigitsAreTheVerilatorDevicesInEverySpikeAndStamp) {
  expect_same(digits(), source("examples/digits/test.npz") + " --limit 60", kOpenCl, "");
}

/// A layer on arrays that take four steps a firing, the other on tiles of the first core: the card's kernel
/// is the mesh of both.
TEST_F(Xrt, TilesOfTwoCoresAreTheVerilatorDevicesInEverySpikeAndStamp) {
  chip_ = "tests/chips/cores.toml";
  const std::string image = compile(source("examples/digits/digits.nir"), "--kind hidden=array");
  expect_same(image, source("examples/digits/test.npz") + " --limit 20", kXrt, "--stall 3");
  const nlohmann::json tiles = report("c.json").at("tiles");
  std::set<std::string> kinds;
  for (const nlohmann::json& tile : tiles) kinds.insert(tile.at("kind").get<std::string>());
  EXPECT_EQ(kinds, (std::set<std::string>{"array", "tile"})) << tiles.dump();
}

TEST_F(HwEmu, DigitsAreTheSameBehindAMemoryThatPauses) {
  const std::string image = digits();
  for (const std::string seed : {"1", "2"})
    expect_same(image, source("examples/digits/test.npz") + " --limit 10", kXrt, "--stall " + seed);
}

TEST_F(HwEmu, DigitsAreTheSameWithoutRtl) {
  expect_same(digits(), source("examples/digits/test.npz") + " --limit 10", kXrt, "--kernel model");
}

TEST_F(HwEmu, MelodyIsTheSameInEveryPotential) {
  expect_same(compile(source("examples/melody/melody.nir"), ""),
              source("examples/melody/test.npz") + " --limit 10", kXrt, "");
}

TEST_F(HwEmu, AnApplicationEntersAndLeavesWhileAnotherRuns) {
  const std::string chip = " --chip " + source("chips/mesh2x2.toml"), room = " --tiles 2 --slots 2 -o ";
  ASSERT_EQ(spikeloom("compile " + source("examples/digits/digits.nir") + chip + room + file("a.loom")).code,
            0);
  ASSERT_EQ(spikeloom("compile " + source("examples/melody/melody.nir") + chip + room + file("b.loom")).code,
            0);
  const test::Ended card =
      spikeloom("emulate" + chip + " --time-limit 240 --stall 5 -- run " + file("a.loom") + " --input " +
                source("examples/digits/test.npz") + " --limit 4 --admit " + file("b.loom") +
                "@20 --input-of b=" + source("examples/melody/test.npz") + " --release b@50 --device " +
                kXrt + " --json " + file("c.json"));
  ASSERT_EQ(card.code, 0) << card.err << card.out;
  const nlohmann::json applications = report("c.json").at("applications");
  ASSERT_EQ(applications.size(), 2U);
  for (const nlohmann::json& application : applications) {
    EXPECT_EQ(application.at("report").at("replay").at("mismatched_steps"), 0) << application.at("name");
    EXPECT_EQ(application.at("report").at("replay").at("differing_values"), 0) << application.at("name");
    EXPECT_GT(application.at("report").at("steps"), 0) << application.at("name");
  }
}

void braille(const std::function<void(const std::string&, const std::string&)>& run) {
  const std::string network = real_data("braille-th10/braille7_th10_srnn_w8.nir");
  if (!fs::exists(network))
    GTEST_SKIP() << network << " is not there; SPIKELOOM_DATA names the folder with the real data";
  run(network, real_data("braille-th10/braille7_test_inputs.npz") + " --array x --limit 20");
}

TEST_F(Xrt, BrailleIsTheVerilatorDevicesInEverySpikeAndStamp) {
  braille([&](const std::string& network, const std::string& data) {
    expect_same(compile(network, "--record lif1"), data, kXrt, "");
  });
}

TEST_F(OpenCl, BrailleIsTheVerilatorDevicesInEverySpikeAndStamp) {
  braille([&](const std::string& network, const std::string& data) {
    expect_same(compile(network, "--record lif1"), data, kOpenCl, "");
  });
}

TEST_F(Xrt, KeepsTheContractOfLinks) {
  const test::Ended ended = spikeloom(emulate(
      "", std::string(SPIKELOOM_EMULATED_HOST) + " contract " + kXrt + " " + source("chips/tile1.toml")));
  EXPECT_EQ(ended.code, 0) << ended.out << ended.err;
  EXPECT_THAT(ended.out, HasSubstr("[  PASSED  ] 19 tests"));
}

TEST_F(OpenCl, KeepsTheContractOfLinks) {
  const test::Ended ended = spikeloom(emulate(
      "", std::string(SPIKELOOM_EMULATED_HOST) + " contract " + kOpenCl + " " + source("chips/tile1.toml")));
  EXPECT_EQ(ended.code, 0) << ended.out << ended.err;
  EXPECT_THAT(ended.out, HasSubstr("[  PASSED  ] 19 tests"));
}

TEST_F(HwEmu, ADeadServerIsAnErrorInSeconds) {
  const auto start = std::chrono::steady_clock::now();
  const test::Ended ended =
      spikeloom(emulate("--kernel model", std::string(SPIKELOOM_EMULATED_HOST) + " kill-server " + kXrt +
                                              " " + source("chips/tile1.toml")));
  EXPECT_EQ(ended.code, 3) << ended.out;
  EXPECT_THAT(ended.out, HasSubstr("killed"));
  EXPECT_THAT(ended.err, HasSubstr("device server failed: it died"));
  EXPECT_LT(std::chrono::steady_clock::now() - start,
            std::chrono::seconds(60));  // XRT alone would wait for ever
}

TEST_F(HwEmu, ACommandThatHangsIsStoppedWithAllItStarted) {
  const test::Ended ended =
      spikeloom("emulate --chip " + source("chips/tile1.toml") + " --kernel model --time-limit 1 -- " +
                std::string(SPIKELOOM_EMULATED_HOST) + " hang no-device no-chip");
  EXPECT_EQ(ended.code, 3);
  EXPECT_THAT(ended.err, HasSubstr("time-out"));
}

TEST_F(HwEmu, HandsOnTheCommandsCode) {
  EXPECT_EQ(spikeloom(emulate("--kernel model", "/bin/sh -c 'exit 5'")).code, 5);
  EXPECT_THAT(spikeloom(emulate("--kernel model", "/bin/sh -c 'kill -9 $$'")).err,
              HasSubstr("ended by signal 9"));
  EXPECT_THAT(spikeloom(emulate("--kernel model", "/nowhere/host")).err,
              HasSubstr("/nowhere/host: cannot be started"));
  EXPECT_EQ(spikeloom(emulate("--kernel model", "/bin/sh -c 'test -d /tmp/$USER && test -f {xclbin}'")).code,
            0);
  const test::Ended place = spikeloom(emulate("--kernel model", "/bin/sh -c 'echo /tmp/$USER'"));
  EXPECT_THAT(place.out, HasSubstr("/tmp/spikeloom-emu-"));
  EXPECT_FALSE(fs::exists(place.out.substr(0, place.out.find('\n'))));
}

TEST_F(Xrt, RefusesACardWithAnotherChip) {
  const std::string image = digits();
  const std::string run =
      "run " + image + " --input " + source("examples/digits/test.npz") + " --limit 1 --device " + kXrt;
  const test::Ended ended = spikeloom("emulate --chip " + source("chips/mesh2x2.toml") +
                                      " --kernel model --time-limit 60 -- " + run);
  EXPECT_EQ(ended.code, 3);
  EXPECT_THAT(ended.err, HasSubstr("(tile1); load that chip's xclbin or compile for this one"));
}

TEST_F(Xrt, NamesACardThatIsNotThere) {
  const std::string run =
      "run " + digits() + " --input " + source("examples/digits/test.npz") + " --limit 1 --device ";
  // The emulation's files, but without its mode: XRT looks for real cards.
  const test::Ended ended = spikeloom(
      emulate("--kernel model", std::string("/usr/bin/env -u XCL_EMULATION_MODE ") + SPIKELOOM_COMMAND + " " +
                                    run + "'xrt:?xclbin={xclbin}&device=7'"));
  EXPECT_EQ(ended.code, 3);
  EXPECT_THAT(ended.err, HasSubstr("xrt: card 7 is not there; XRT finds 0"));
}

TEST_F(OpenCl, NamesAPlatformThatIsNotThere) {
  const std::string run =
      "run " + digits() + " --input " + source("examples/digits/test.npz") + " --limit 1 --device ";
  const test::Ended ended =
      spikeloom(emulate("--kernel model", run + "'opencl:?xclbin={xclbin}&platform=Absent'"));
  EXPECT_EQ(ended.code, 3);
  EXPECT_THAT(ended.err, HasSubstr("no platform \"Absent\", found "));
  EXPECT_THAT(ended.err, HasSubstr("Xilinx"));
}

}  // namespace
}  // namespace spikeloom::emulation
