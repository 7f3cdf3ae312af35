// Whole files, read and written at once.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

namespace spikeloom {

/// Throws Error{kInput} naming the file when it is absent, a folder or unreadable.
[[nodiscard]] std::vector<std::uint8_t> read_file(const std::filesystem::path& path);

/// Writes beside `path` first and renames: a reader sees the old file or the new one, never a part.
/// Throws Error{kInput} naming the file.
void write_file(const std::filesystem::path& path, std::span<const std::uint8_t> bytes);

}  // namespace spikeloom
