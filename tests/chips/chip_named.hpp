// The chips that tests and benchmarks run on, by name.
#pragma once

#include <filesystem>
#include <string>

#include "compiler/chip/chip.hpp"

namespace spikeloom::test {

/// The test's own, tests/chips/NAME.toml, or else the shipped chips/NAME.toml. No name is in both folders.
inline Chip chip_named(const std::string& name) {
  const std::filesystem::path root = SPIKELOOM_SOURCE_DIR;
  const std::filesystem::path own = root / "tests/chips" / (name + ".toml");
  return read_chip(std::filesystem::exists(own) ? own : root / "chips" / (name + ".toml"));
}

}  // namespace spikeloom::test
