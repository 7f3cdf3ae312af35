// What the tests of this folder share: a folder for files, and the messages of errors.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/base/error.hpp"
#include "compiler/data/dataset.hpp"
#include "compiler/data/npz.hpp"
#include "tests/base/scratch_folder.hpp"

namespace spikeloom {

/// A folder of the running test's own, removed at its end.
class FileTest : public ::testing::Test {
 protected:
  [[nodiscard]] std::filesystem::path path(const std::string& name) const { return folder_.path() / name; }
  [[nodiscard]] std::filesystem::path put(const std::string& name, std::string_view content) const {
    std::ofstream(path(name), std::ios::binary) << content;
    return path(name);
  }
  [[nodiscard]] std::filesystem::path put(const std::string& name,
                                          const std::vector<std::uint8_t>& content) const {
    return put(name, std::string_view(reinterpret_cast<const char*>(content.data()), content.size()));
  }
  [[nodiscard]] std::filesystem::path put(const std::string& name, const NamedArrays& arrays) const {
    write_npz(path(name), arrays);
    return path(name);
  }

 private:
  test::ScratchFolder folder_;
};

/// The message of the Error{kInput} that `action` throws; "" when it throws none.
template <class Action>
std::string message_of(Action action) {
  try {
    static_cast<void>(action());
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInput);
    return error.what();
  }
  return "";
}

/// Dense values of one input of one sample, (steps, size).
inline std::vector<double> values_of(const Dataset& data, std::size_t sample, std::size_t port = 0) {
  const Train& train = data.samples.at(sample).inputs.at(port);
  const std::size_t size = data.ports.at(port).size();
  std::vector<double> values(train.steps() * size, 0.0);
  for (std::size_t t = 0; t < train.steps(); ++t) {
    for (const Event& event : train.at(t)) values.at(t * size + event.element) = event.value;
  }
  return values;
}

/// A file of the folder with others' data, or nothing where that folder is absent.
inline std::optional<std::filesystem::path> real_data(const std::string& name) {
  const char* set = std::getenv("SPIKELOOM_DATA");
  const std::filesystem::path root = set != nullptr
                                         ? std::filesystem::path(set)
                                         : std::filesystem::path(SPIKELOOM_SOURCE_DIR) / "../shared/data";
  if (!std::filesystem::exists(root / name)) return std::nullopt;
  return root / name;
}

}  // namespace spikeloom
