// Building, caching and running of Verilated designs, on a top of sixty lines (rtl/loopback_chip.sv).
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "compiler/base/error.hpp"
#include "compiler/base/resources.hpp"
#include "host/device/build_process.hpp"
#include "host/device/verilator_build.hpp"
#include "host/device/verilator_link.hpp"
#include "spikeloom_hw.hpp"
#include "tests/base/scratch_folder.hpp"
#include "tests/chips/chip_named.hpp"
#include "tests/device/link_contract.hpp"

namespace spikeloom::testing_links {
namespace {

namespace fs = std::filesystem;
using test::chip_named;
using ::testing::HasSubstr;

constexpr Word kPoison = 0xdeaddeaddeaddeadULL;

VerilatedDesign loopback(std::uint32_t delay = 3) {
  return {.name = "loopback",
          .top = "loopback_chip",
          .packages = {},
          .directories = {fs::path(SPIKELOOM_SOURCE_DIR) / "tests/device/rtl"},
          .parameters = {{"Depth", {8}}, {"Delay", {delay}}}};
}

VerilatedLibrary shared_loopback() { return build_verilated(loopback(), {.cache = default_cache()}, {}); }

std::vector<Word> numbered(std::size_t count) {
  std::vector<Word> words(count);
  for (std::size_t i = 0; i < count; ++i) words[i] = i * 0x0101010101010101ULL + 1;
  return words;
}

std::string failure(const std::function<void()>& action, ErrorKind kind = ErrorKind::kDevice) {
  try {
    action();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), kind);
    return error.what();
  }
  ADD_FAILURE() << "nothing failed";
  return "";
}

INSTANTIATE_TEST_SUITE_P(
    Loopback, LinkContract,
    ::testing::ValuesIn(plain_and_throttled(
        {{"Loopback", [] { return open_verilated(shared_loopback(), "loopback", {}); }, numbered(3000)},
         {"Stalled",
          [] { return open_verilated(shared_loopback(), "loopback", {.trace = {}, .stall_seed = 5}); },
          numbered(3000)}})),
    link_case_name);

TEST(VerilatorLink, GivesWordsBackUnchanged) {
  const auto link = open_verilated(shared_loopback(), "loopback", {});
  Received expected;
  for (const Word word : numbered(1000)) expected.add(word);
  EXPECT_EQ(exchange(*link, numbered(1000), 1, 100), expected);
}

TEST(VerilatorLink, NamesTheDesignAndTheTools) {
  EXPECT_THAT(
      open_verilated(shared_loopback(), "loopback", {})->describe(),
      ::testing::MatchesRegex("verilator \\(loopback, Verilator [0-9.]+, (clang|g\\+\\+) [0-9.-]+\\)"));
}

TEST(VerilatorLink, TurnsAFailedAssertionIntoAnError) {
  const auto link = open_verilated(shared_loopback(), "loopback", {});
  const std::array words = {Word{1}, kPoison};
  ASSERT_EQ(link->send(words), 2U);
  const std::string message = failure([&] { (void)link->progress(); });
  EXPECT_THAT(message, HasSubstr("not_poisoned"));
  EXPECT_THAT(message, HasSubstr("loopback_chip.sv"));
  // It stays failed.
  EXPECT_THAT(failure([&] { (void)link->progress(); }), HasSubstr("not_poisoned"));
}

TEST(VerilatorLink, WritesWaves) {
  const test::ScratchFolder scratch;
  const std::string trace = scratch.path() / "waves.fst";
  const VerilatedLibrary library =
      build_verilated(loopback(), {.waves = Waves::kOn, .cache = default_cache()}, {});
  (void)exchange(*open_verilated(library, "loopback", {.trace = trace, .stall_seed = {}}), numbered(20), 1,
                 20);
  EXPECT_GT(fs::file_size(trace), 100U);
  EXPECT_THAT(failure([&] {
                (void)open_verilated(library, "loopback", {.trace = "/nowhere/waves.fst", .stall_seed = {}});
              }),
              HasSubstr("/nowhere/waves.fst"));
}

TEST(VerilatorBuild, BuildsOnceAndReportsProgress) {
  const test::ScratchFolder scratch;
  const VerilatedBuild build{.assertions = RtlAssertions::kOff, .cache = scratch.path() / "cache"};
  double last = -1;
  int reports = 0;
  const Progress progress = [&](double fraction, const std::string& what) {
    EXPECT_THAT(what, HasSubstr("loopback"));
    EXPECT_GE(fraction, last);
    last = fraction;
    ++reports;
  };
  const VerilatedLibrary first = build_verilated(loopback(), build, progress);
  EXPECT_GT(reports, 1);
  EXPECT_EQ(last, 1);
  const auto written = fs::last_write_time(first.path);
  reports = 0;
  EXPECT_EQ(build_verilated(loopback(), build, progress).path, first.path);
  EXPECT_EQ(reports, 0);
  EXPECT_EQ(fs::last_write_time(first.path), written);
}

TEST(VerilatorBuild, TellsContentsApart) {
  const test::ScratchFolder scratch;
  fs::copy(fs::path(SPIKELOOM_SOURCE_DIR) / "tests/device/rtl", scratch.path() / "rtl");
  const VerilatedBuild build{.assertions = RtlAssertions::kOff, .cache = scratch.path() / "cache"};
  VerilatedDesign design = loopback();
  design.directories = {scratch.path() / "rtl"};
  const fs::path first = build_verilated(design, build, {}).path;
  design.parameters[1].words = {9};
  const fs::path second = build_verilated(design, build, {}).path;
  EXPECT_NE(first, second);
  std::ofstream(scratch.path() / "rtl/loopback_chip.sv", std::ios::app) << "// another text\n";
  EXPECT_NE(build_verilated(design, build, {}).path, second);
}

TEST(VerilatorBuild, SourcesMayLieUnderAPathWithSpaces) {
  const test::ScratchFolder scratch;
  const fs::path odd = scratch.path() / "a $(path) with 'signs'";
  fs::create_directories(odd);
  fs::copy(fs::path(SPIKELOOM_SOURCE_DIR) / "tests/device/rtl", odd / "rtl");
  VerilatedDesign design = loopback();
  design.name = "loop / back";
  design.directories = {odd / "rtl"};
  const fs::path library =
      build_verilated(design, {.assertions = RtlAssertions::kOff, .cache = scratch.path() / "cache"}, {})
          .path;
  EXPECT_TRUE(fs::exists(library));
  EXPECT_THAT(library.parent_path().filename().string(), ::testing::StartsWith("loop___back-"));
  for (const auto& entry : fs::directory_iterator(library.parent_path()))
    EXPECT_FALSE(entry.is_symlink()) << entry.path();
}

TEST(VerilatorBuild, ACacheThatMakeCannotTakeIsRefusedByName) {
  const test::ScratchFolder scratch;
  const std::string message =
      failure([&] { (void)build_verilated(loopback(), {.cache = scratch.path() / "a cache"}, {}); });
  EXPECT_THAT(message, HasSubstr("/a cache: make takes no path with spaces"));
  EXPECT_THAT(message, HasSubstr("set SPIKELOOM_CACHE"));
}

TEST(VerilatorBuild, IsSafeWhenTwoProcessesWantItAtOnce) {
  const test::ScratchFolder scratch;
  const VerilatedBuild build{.assertions = RtlAssertions::kOff, .cache = scratch.path() / "cache"};
  std::array<pid_t, 3> children{};
  for (pid_t& child : children) {
    child = fork();
    if (child == 0) {
      try {
        const VerilatedLibrary library = build_verilated(loopback(), build, {});
        const auto link = open_verilated(library, "loopback", {});
        const std::array words = {Word{42}};
        std::array<Word, 4> back{};
        (void)link->send(words);
        while (link->progress()) {
        }
        _exit(link->receive(back) == 1 && back[0] == 42 ? 0 : 1);
      } catch (...) {
        _exit(2);
      }
    }
  }
  for (const pid_t child : children) {
    int status = -1;
    waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
  }
  const auto entries = std::count_if(fs::directory_iterator(build.cache), fs::directory_iterator(),
                                     [](const auto& entry) { return entry.is_directory(); });
  EXPECT_EQ(entries, 1);
}

TEST(VerilatorBuild, KeepsTheLogOfAFailure) {
  const test::ScratchFolder scratch;
  fs::create_directories(scratch.path() / "rtl");
  std::ofstream(scratch.path() / "rtl/broken.sv")
      << "module broken (input logic clk_i);\n  assign y = ;\nendmodule\n";
  VerilatedDesign design = loopback();
  design.name = "broken";
  design.top = "broken";
  design.directories = {scratch.path() / "rtl"};
  const std::string message =
      failure([&] { (void)build_verilated(design, {.cache = scratch.path() / "cache"}, {}); });
  EXPECT_THAT(message, HasSubstr("building broken failed in verilator"));
  EXPECT_THAT(message, HasSubstr("syntax error"));
  const std::string log = message.substr(message.rfind(' ') + 1);
  EXPECT_TRUE(fs::exists(log)) << log;
}

TEST(VerilatorBuild, NamesAnUnknownParameter) {
  const test::ScratchFolder scratch;
  VerilatedDesign design = loopback();
  design.parameters.push_back({"Absent", {1}});
  EXPECT_THAT(failure([&] { (void)build_verilated(design, {.cache = scratch.path() / "cache"}, {}); }),
              HasSubstr("Absent"));
}

TEST(VerilatorBuild, CleansUpAfterAKilledBuild) {
  const test::ScratchFolder scratch;
  const VerilatedBuild build{.assertions = RtlAssertions::kOff, .cache = scratch.path() / "cache"};
  const fs::path entry = build_verilated(loopback(), build, {}).path.parent_path();
  // As a kill between two steps leaves it: the work folder there, the entry without its library.
  fs::remove(entry / "libchip.so");
  fs::create_directories(entry.string() + ".building/model");
  EXPECT_TRUE(fs::exists(build_verilated(loopback(), build, {}).path));
  EXPECT_FALSE(fs::exists(entry.string() + ".building"));
}

std::string bytes_of(const fs::path& file) {
  std::ostringstream out;
  out << std::ifstream(file, std::ios::binary).rdbuf();
  return out.str();
}

/// Such a library would end the process that loads it, and every later one.
TEST(VerilatorBuild, BuildsAnewWhatWasCutShortOrDamaged) {
  const test::ScratchFolder scratch;
  const VerilatedBuild build{.assertions = RtlAssertions::kOff, .cache = scratch.path() / "cache"};
  const fs::path library = build_verilated(loopback(), build, {}).path;
  const std::string good = bytes_of(library);
  const auto heals = [&] {
    EXPECT_EQ(build_verilated(loopback(), build, {}).path, library);
    EXPECT_NO_THROW((void)open_verilated({library, ""}, "loopback", {}));
    return bytes_of(library).size() == good.size();
  };
  fs::resize_file(library, good.size() / 2);
  EXPECT_TRUE(heals());
  std::string flipped = bytes_of(library);
  flipped[flipped.size() / 2] = static_cast<char>(flipped[flipped.size() / 2] ^ 1);
  std::ofstream(library, std::ios::binary | std::ios::trunc) << flipped;
  EXPECT_TRUE(heals());
  EXPECT_NE(bytes_of(library), flipped);
}

TEST(VerilatorBuild, RemovesWhatKilledBuildsOfOtherChipsLeft) {
  const test::ScratchFolder scratch;
  const VerilatedBuild build{.assertions = RtlAssertions::kOff, .cache = scratch.path() / "cache"};
  fs::create_directories(build.cache / "dead-0123.building/Vchip");
  for (const char* name : {"dead-0123.lock", "dead-0123.log", "living-4567.lock", "failed-89ab.log"})
    std::ofstream(build.cache / name) << "";
  fs::create_directories(build.cache / "living-4567.building");
  const int living = ::open((build.cache / "living-4567.lock").c_str(), O_RDWR);
  ASSERT_EQ(::flock(living, LOCK_EX), 0);  // as the process has that builds it
  const fs::path entry = build_verilated(loopback(), build, {}).path.parent_path();
  std::set<std::string> left;
  for (const auto& item : fs::directory_iterator(build.cache)) left.insert(item.path().filename());
  EXPECT_EQ(left, (std::set<std::string>{entry.filename(), "living-4567.building", "living-4567.lock",
                                         "failed-89ab.log"}));
  ::close(living);
}

/// Processes whose command line holds the text.
std::size_t running(const std::string& text) {
  std::size_t count = 0;
  std::error_code gone;
  for (const auto& process : fs::directory_iterator("/proc", gone)) {
    const std::string line = bytes_of(process.path() / "cmdline");
    if (line.find(text) != std::string::npos) ++count;
  }
  return count;
}

/// A tree of processes as a build has it: a shell, its child and its child's, all waiting.
TEST(BuildProcess, TakesItsWholeTreeWithItWhenItsOwnerIsKilled) {
  const test::ScratchFolder scratch;
  const std::string sleeps = "98765." + std::to_string(getpid());
  const std::vector<std::string> command = {"sh", "-c",
                                            "sh -c 'sleep " + sleeps + " & sleep " + sleeps + "' & wait"};
  const fs::path log = scratch.path() / "log";
  const auto up = [&] { return running("sleep" + std::string(1, '\0') + sleeps) == 2; };
  const auto gone = [&] { return running(sleeps) == 0; };
  const auto soon = [](const auto& condition) {  // the kernel's time to start or end a few processes
    for (int i = 0; i < 2000 && !condition(); ++i) usleep(5000);
    return condition();
  };
  const pid_t owner = fork();
  if (owner == 0) {
    BuildProcess process(command, log);
    process.wait([] {}, std::chrono::hours(1));
    _exit(0);
  }
  EXPECT_TRUE(soon(up));
  kill(owner, SIGKILL);
  waitpid(owner, nullptr, 0);
  EXPECT_TRUE(soon(gone));
  {
    const BuildProcess process(command, log);
    EXPECT_TRUE(soon(up));
  }
  EXPECT_TRUE(soon(gone)) << "it outlives the object";
}

TEST(BuildProcess, SaysWhetherItsProgramEndedWell) {
  const test::ScratchFolder scratch;
  const auto ends_well = [&](const char* program) {
    return BuildProcess({program}, scratch.path() / "log").wait([] {}, std::chrono::minutes(1));
  };
  EXPECT_TRUE(ends_well("true"));
  EXPECT_FALSE(ends_well("false"));
  EXPECT_THAT(failure([&] { (void)ends_well("/no/such/program"); }),
              HasSubstr("/no/such/program: cannot be started"));
  EXPECT_EQ(printed_by({"echo", "words"}), "words\n");
}

TEST(VerilatorBuild, SharesTilesOnlyOnOneThreadWithoutWaves) {
  const Chip chip = chip_named("row");
  const VerilatedBuild threaded{.threads = 2, .tile_code = TileCode::kShared, .cache = default_cache()};
  const VerilatedBuild traced{.tile_code = TileCode::kShared, .waves = Waves::kOn, .cache = default_cache()};
  for (const VerilatedBuild& build : {threaded, traced})
    EXPECT_THAT(failure([&] { (void)build_verilated(chip_design(chip), build, {}); }, ErrorKind::kInput),
                HasSubstr("leave out threads, trace or tiles=shared"));
}

/// What a row of two tiles that share their code says to a word on the ring, with another text in
/// rtl/node/ring_stop.sv.
std::string complaint_with(const std::string& before, const std::string& after) {
  const test::ScratchFolder scratch;
  const fs::path rtl = resource_folder() / "rtl";
  fs::copy(rtl, scratch.path() / "rtl", fs::copy_options::recursive);
  const fs::path changed = scratch.path() / "rtl/node/ring_stop.sv";
  std::ostringstream read;
  read << std::ifstream(changed).rdbuf();
  std::string text = read.str();
  if (text.find(before) == std::string::npos) return "ring_stop.sv has no " + before;
  std::ofstream(changed) << text.replace(text.find(before), before.size(), after);
  VerilatedDesign design = chip_design(chip_named("row"));
  design.name = "row-mutant";
  for (fs::path& directory : design.directories)
    if (const fs::path inside = directory.lexically_relative(rtl); *inside.begin() != "..")
      directory = scratch.path() / "rtl" / inside;
  const auto link =
      open_verilated(build_verilated(design, {.tile_code = TileCode::kShared, .cache = default_cache()}, {}),
                     design.name, {});
  hw::WordRing word;
  word.kind = hw::kKindRingWrite;
  word.node = 2;
  (void)link->send(std::array{word.pack()});
  return failure([&] {
    while (link->progress()) {
    }
  });
}

/// A tile that hands a word on within the clock: exact with code of its own, not behind verilator_tile.sv,
/// which says so.
TEST(VerilatorBuild, NoticesATileWhoseOutputFollowsAnInput) {
  EXPECT_THAT(complaint_with("ring_valid_o = valid2_q;", "ring_valid_o = valid2_q || ring_valid_i;"),
              HasSubstr("follows an input within the clock"));
}

TEST(VerilatorBuild, NamesTheTileWhoseCheckFails) {
  EXPECT_THAT(complaint_with("answer_is_valid, !read2_q || valid2_q", "answer_is_valid, !mine"),
              ::testing::AllOf(HasSubstr("answer_is_valid"), HasSubstr("gen_row[0].gen_tile[1].u_node")));
}

}  // namespace
}  // namespace spikeloom::testing_links
