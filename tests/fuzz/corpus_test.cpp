// Every input of the corpora through its target: without clang too, and where coverage is counted.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "tests/fuzz/target.hpp"

namespace spikeloom::fuzz {
namespace {

class Corpus : public ::testing::TestWithParam<Target> {};

/// What a target finds wrong ends the program; the name of the input is the last line before.
TEST_P(Corpus, EveryInputIsReadOrRefused) {
  const std::filesystem::path folder =
      std::filesystem::path(SPIKELOOM_SOURCE_DIR) / "tests/fuzz/corpus" / GetParam().name;
  ASSERT_TRUE(std::filesystem::is_directory(folder)) << folder << ": every target has a corpus";
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    names.push_back(entry.path().filename().string());
  ASSERT_FALSE(names.empty()) << folder << ": holds no input";
  std::sort(names.begin(), names.end());
  for (const std::string& name : names) {
    std::printf("%s/%s\n", GetParam().name, name.c_str());
    std::fflush(stdout);
    GetParam().run(from_corpus(std::string(GetParam().name) + "/" + name));
  }
  GetParam().run({});
}

INSTANTIATE_TEST_SUITE_P(Fuzz, Corpus, ::testing::ValuesIn(targets().begin(), targets().end()),
                         [](const auto& chosen) { return std::string(chosen.param.name); });

}  // namespace
}  // namespace spikeloom::fuzz
