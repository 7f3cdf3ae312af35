// What a file is by its first bytes, for the messages to those who gave the wrong one.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace spikeloom {

/// What every compiled image begins with.
inline constexpr std::array<std::uint8_t, 8> kImageMagic = {'S', 'P', 'K', 'L', 'O', 'O', 'M', '\n'};

enum class FileKind : std::uint8_t { kOther, kImage, kHdf5 };

[[nodiscard]] FileKind kind_of_file(std::string_view bytes);

}  // namespace spikeloom
