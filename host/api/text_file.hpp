// A file as text.
#pragma once

#include <string>

#include "compiler/base/file.hpp"

namespace spikeloom {

/// Throws Error{kInput} naming the file.
[[nodiscard]] inline std::string read_text(const std::string& path) {
  const std::vector<std::uint8_t> bytes = read_file(path);
  return {bytes.begin(), bytes.end()};
}

}  // namespace spikeloom
