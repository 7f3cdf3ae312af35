// Reports and graphs as files: whole or not at all.
#pragma once

#include <string>

namespace spikeloom::cli {

/// Throws Error{kInput} naming the file.
[[nodiscard]] std::string read_text(const std::string& path);
/// A reader sees the old file or the new one, never a part. Throws Error{kInput} naming the file.
void write_text(const std::string& path, const std::string& text);

}  // namespace spikeloom::cli
