// The state's file: what is written is read, what is damaged is named, and only one holds it.
#include "compiler/admit/state_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <nlohmann/json.hpp>

#include "compiler/admit/admit.hpp"
#include "compiler/base/error.hpp"
#include "compiler/base/rng.hpp"
#include "tests/admit/networks.hpp"
#include "tests/base/scratch_folder.hpp"
#include "tests/chips/chip_named.hpp"

namespace spikeloom::testing {
namespace {

using test::chip_named;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using namespace std::chrono_literals;

const Image& small_image() {
  static const Image image =
      layered_image({.clusters = 4, .neurons = 16, .across = 2, .seed = 4}, chip_named("mesh4x4"));
  return image;
}

ChipState two_residents() {
  Chip chip = chip_named("mesh4x4");
  chip.name = "a \"quoted\" name";
  chip.clock_mhz = 100.0 / 3;
  ChipState state(chip);
  for (const char* name : {"first", "second"})
    state.enter(resident_of(name, small_image(), std::get<Admission>(admit(state, small_image())),
                            "0123456789abcdef"));
  return state;
}

TEST(StateFile, IsReadAsItWasWritten) {
  const ChipState state = two_residents();
  EXPECT_EQ(decode_state(encode_state(state), "state"), state);
  EXPECT_EQ(encode_state(decode_state(encode_state(state), "state")), encode_state(state));
  const test::ScratchFolder folder;
  EXPECT_FALSE(read_state(folder.file("chip.state")).has_value());
  write_state(state, folder.file("chip.state"));
  EXPECT_EQ(read_state(folder.file("chip.state")), state);
  EXPECT_THROW((void)read_state(folder.file("")), Error) << "a folder";
}

std::string error_of(const std::string& text) {
  try {
    (void)decode_state(text, "chip.state");
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInput);
    return error.what();
  }
  return "no error";
}

TEST(StateFile, NamesWhatIsWrong) {
  using Json = nlohmann::ordered_json;
  const Json good = Json::parse(encode_state(two_residents()));
  const auto with = [&](auto&& change) {
    Json json = good;
    change(json);
    return error_of(json.dump());
  };
  EXPECT_EQ(with([](Json&) {}), "no error");
  EXPECT_THAT(error_of(""), HasSubstr("chip.state: not a chip state"));
  EXPECT_THAT(error_of("[1, 2]"), HasSubstr("not a chip state"));
  EXPECT_THAT(error_of(good.dump().substr(0, good.dump().size() / 2)), HasSubstr("not a chip state"));
  EXPECT_THAT(with([](Json& j) { j["version"] = 1; }),
              HasSubstr("a chip state of version 1; this program reads version 3"));
  EXPECT_THAT(with([](Json& j) { j.erase("residents"); }),
              HasSubstr("residents: expected an entry of that name"));
  EXPECT_THAT(with([](Json& j) { j["residents"][0]["binding"]["placement"][0][0] = 99; }),
              HasSubstr("a cluster on a tile that is not there"));
  EXPECT_THAT(with([](Json& j) { j["residents"][0]["binding"]["placement"][0].push_back(1); }),
              HasSubstr("placement: expected a list of 7"));
  EXPECT_THAT(with([](Json& j) { j["residents"][0]["promise"]["period"] = "fast"; }),
              HasSubstr("period: expected a ratio"));
  for (const char* period : {"0", "-5"})
    EXPECT_THAT(with([&](Json& j) { j["residents"][0]["promise"]["period"] = period; }),
                HasSubstr("period: expected more than 0 cycles"));
  EXPECT_THAT(with([](Json& j) { j["residents"][0]["promise"]["period"] = "1"; }),
              HasSubstr("a step every 1 cycles, which its slots cannot carry"));
  EXPECT_THAT(with([](Json& j) { j["residents"][0]["promise"]["offset"] = -1; }),
              HasSubstr("no negative cycles"));
  EXPECT_THAT(with([](Json& j) { j["residents"][0]["promise"]["name"] = "contracted"; }),
              HasSubstr("expected \"guaranteed\""));
  EXPECT_THAT(with([](Json& j) { j["residents"][0]["promise"]["potentials"][0][1] = -7; }),
              HasSubstr("potentials: expected no negative ones"));
  EXPECT_THAT(with([](Json& j) { j["residents"][0]["name"] = "red \x1b[31m"; }),
              HasSubstr("a name in UTF-8 without control characters"));
  EXPECT_THAT(with([](Json& j) { j["residents"][1]["name"] = "first"; }),
              HasSubstr("a name that another has"));
  EXPECT_THAT(with([](Json& j) { j["residents"][1]["binding"]["application"] = 0; }),
              HasSubstr("application number is another's"));
  EXPECT_THAT(with([](Json& j) { j["residents"][1]["binding"] = j["residents"][0]["binding"]; }),
              HasSubstr("is another's as well"));
  EXPECT_THAT(with([](Json& j) {
                j["residents"][0]["binding"]["channels"][0]["slots"] = {5, 4};
              }),
              HasSubstr("slots are none, not rising"));
  EXPECT_THAT(with([](Json& j) { j["residents"][0]["binding"]["channels"][0]["from"] = 77; }),
              HasSubstr("from or to nowhere"));
  EXPECT_THAT(with([](Json& j) { j["chip"]["text"] = "width = 2"; }), HasSubstr("chip.state: chip"));
  std::string twice = good.dump();
  twice.replace(twice.find("\"residents\":"), 0, "\"residents\":[],");
  EXPECT_THAT(error_of(twice), HasSubstr("residents: expected that key once in its object"));
}

TEST(StateFile, NamesThatItCouldNotHoldAreRefused) {
  const Chip chip = small_image().chip;
  for (const char* name : {"", "x\xffy", "a\nb", "\x1b[31m", "\xed\xa0\x80"}) {
    ChipState state(chip);
    EXPECT_THROW(
        state.enter(resident_of(name, small_image(), std::get<Admission>(admit(state, small_image())), "")),
        Error)
        << name;
  }
  ChipState state(chip);
  state.enter(resident_of("né 音", small_image(), std::get<Admission>(admit(state, small_image())), ""));
  EXPECT_EQ(decode_state(encode_state(state), "state"), state);
}

/// Of texts that a file cannot hold, nothing is written.
TEST(StateFile, IsWrittenOnlyIfItCanBeReadAgain) {
  const test::ScratchFolder folder;
  const std::string path = folder.file("chip.state");
  write_state(two_residents(), path);
  ChipState other(small_image().chip);
  Resident resident = resident_of("a", small_image(), std::get<Admission>(admit(other, small_image())), "");
  resident.promise.period = Ratio(1);
  EXPECT_THROW(
      {
        other.enter(resident);
        write_state(other, path);
      },
      Error);
  ChipState slow(small_image().chip);
  resident = resident_of("a", small_image(), std::get<Admission>(admit(slow, small_image())), "");
  resident.promise.latency = -1;
  slow.enter(resident);
  EXPECT_THROW(write_state(slow, path), Error);
  EXPECT_EQ(read_state(path), two_residents());
}

TEST(StateFile, IsARegularFile) {
  const test::ScratchFolder folder;
  const std::string pipe = folder.file("pipe");
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_THROW((void)read_state(pipe), Error);
  EXPECT_THROW(StateLock(pipe, 0ms), Error);
  EXPECT_FALSE(std::filesystem::exists(pipe + ".lock"));
  EXPECT_THROW((void)read_state("/dev/null"), Error);
  std::filesystem::create_symlink("circle", folder.file("circle"));
  EXPECT_THROW((void)read_state(folder.file("circle")), Error);
}

/// Whatever is changed in a file, it is read or refused in words, never more.
TEST(StateFile, AnyDamageIsAnErrorOrASoundState) {
  const std::string good = encode_state(two_residents());
  Rng rng(8);
  for (int round = 0; round < 1500; ++round) {
    std::string text = good;
    for (std::size_t n = 1 + rng.below(3); n-- > 0;) {
      const std::size_t at = rng.below(text.size());
      if (rng.chance(0.7) && text[at] >= '0' && text[at] <= '9')
        text[at] = static_cast<char>('0' + rng.below(10));
      else
        text[at] = static_cast<char>(rng.below(256));
    }
    try {
      EXPECT_THAT(check(decode_state(text, "state")), IsEmpty());
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kInput);
    }
  }
}

TEST(StateLock, IsHeldByOne) {
  const test::ScratchFolder folder;
  const std::string path = folder.file("chip.state");
  int waits = 0;
  {
    const StateLock lock(path, 0ms);
    try {
      const StateLock second(path, 20ms, [&](const std::string& file) {
        EXPECT_EQ(file, path + ".lock");
        ++waits;
      });
      FAIL() << "two hold it";
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), HasSubstr("chip.state.lock: held by another admission or release"));
    }
    EXPECT_EQ(waits, 1);
  }
  EXPECT_NO_THROW(StateLock(path, 0ms));
  EXPECT_FALSE(std::filesystem::exists(path + ".lock")) << "left beside no state";
  write_state(two_residents(), path);
  std::ofstream(path + ".lock").close();  // as a killed process leaves it
  EXPECT_NO_THROW(StateLock(path, 0ms));
  EXPECT_FALSE(std::filesystem::exists(path + ".lock"));
  EXPECT_THROW(StateLock(folder.file("no/such/chip.state"), 0ms), Error);
}

TEST(StateLock, IsOfTheFileHoweverItIsCalled) {
  const test::ScratchFolder folder;
  const std::string path = folder.file("chip.state"), link = folder.file("link"),
                    folder_link = folder.file("folder");
  std::filesystem::create_symlink(folder.file("there"), folder.file("back"));
  std::filesystem::create_symlink(folder.file("back"), folder.file("there"));
  try {
    (void)state_path(folder.file("back"));
    ADD_FAILURE() << "a way without an end";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("its symbolic links go in a circle"));
  }
  std::filesystem::create_symlink("chip.state", link);  // leads to nothing as yet
  std::filesystem::create_symlink(folder.file(""), folder_link);
  for (const bool there : {false, true}) {
    if (there) write_state(two_residents(), link);
    EXPECT_EQ(std::filesystem::is_regular_file(path), there);
    const StateLock lock(path, 0ms);
    EXPECT_THROW(StateLock(link, 0ms), Error);
    EXPECT_THROW(StateLock(folder_link + "/link", 0ms), Error);
  }
}

/// Reads, decides and writes under the lock until nothing fits any more; the number of those it brought in.
int fill(const std::string& path, const std::string& who) {
  for (int n = 0;; ++n) {
    const StateLock lock(path, 60s);
    ChipState state = read_state(path).value();
    const auto answer = admit(state, small_image());
    if (std::holds_alternative<Refusal>(answer)) return n;
    state.enter(resident_of(who + std::to_string(n), small_image(), std::get<Admission>(answer), ""));
    write_state(state, path);
  }
}

TEST(StateLock, ProcessesThatAdmitAtOnceNeverWinTheSame) {
  const test::ScratchFolder folder;
  const std::string path = folder.file("chip.state");
  (void)small_image();
  for (int round = 0; round < 5; ++round) {
    write_state(ChipState(small_image().chip), path);
    std::vector<pid_t> children;
    if (round == 0) std::filesystem::create_symlink(path, path + ".link");
    for (int c = 0; c < 4; ++c) {
      const pid_t child = ::fork();
      ASSERT_GE(child, 0);
      if (child == 0) {
        int won = 0;
        try {
          won = fill(c % 2 == 0 ? path : path + ".link", std::string(1, static_cast<char>('a' + c)));
        } catch (...) {
          won = 100;
        }
        ::_exit(won);
      }
      children.push_back(child);
    }
    int won = 0;
    for (const pid_t child : children) {
      int status = 0;
      ASSERT_EQ(::waitpid(child, &status, 0), child);
      ASSERT_TRUE(WIFEXITED(status));
      ASSERT_LT(WEXITSTATUS(status), 100);
      won += WEXITSTATUS(status);
    }
    const ChipState state = read_state(path).value();
    EXPECT_EQ(state.residents().size(), static_cast<std::size_t>(won)) << "an admission was lost";
    EXPECT_EQ(state.residents().size(), 4U);
    EXPECT_THAT(check(state), IsEmpty());
  }
}

TEST(StateLock, ThreadsThatAdmitAtOnceNeverWinTheSame) {
  const test::ScratchFolder folder;
  const std::string path = folder.file("chip.state");
  write_state(ChipState(small_image().chip), path);
  std::atomic<int> won{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] { won += fill(path, std::string(1, static_cast<char>('a' + t))); });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(read_state(path).value().residents().size(), static_cast<std::size_t>(won.load()));
  EXPECT_THAT(check(read_state(path).value()), IsEmpty());
}

}  // namespace
}  // namespace spikeloom::testing
