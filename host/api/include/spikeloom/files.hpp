// Files whole or not at all, as the command writes them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <spikeloom/export.hpp>

namespace SPIKELOOM_API spikeloom {

/// Throws Error{kInput} naming the file when it is absent, a folder or unreadable.
[[nodiscard]] std::vector<std::uint8_t> read_file(const std::filesystem::path& path);

/// A regular file is written beside first and renamed: a reader sees the old file or the new one, never a
/// part. Symbolic links are followed; devices and pipes are written to, never replaced. Throws Error{kInput}
/// naming the file.
void write_file(const std::filesystem::path& path, std::span<const std::uint8_t> bytes);

/// To be asked before long work: throws Error{kInput} naming the path where write_file would have to fail
/// now, that is where its folder is missing or not writable, or the path is a folder. Changes nothing.
void expect_writable(const std::filesystem::path& path);

/// Bytes that are not UTF-8 and control characters other than the line's end as \xNN; all else unchanged.
/// Names from files are shown so.
[[nodiscard]] std::string printable(std::string_view text);

}  // namespace spikeloom
