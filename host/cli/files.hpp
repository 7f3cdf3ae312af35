// The files of a command: reports and graphs whole or not at all, and every path checked before the work
// begins.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace spikeloom::cli {

/// A reader sees the old file or the new one, never a part. Throws Error{kInput} naming the file.
void write_text(const std::string& path, const std::string& text);

/// A path and the option that it was given by, absent where the option was not.
struct FileOption {
  std::string option;
  std::optional<std::string> path;
};

/// Throws one Error{kInput} that lists every output that cannot be written, that is an input as well, or that
/// two options name. Changes nothing.
void check_files(const std::vector<FileOption>& inputs, const std::vector<FileOption>& outputs);

}  // namespace spikeloom::cli
