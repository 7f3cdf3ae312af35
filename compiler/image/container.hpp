// The file around the bytes: magic, format version, hash of the hardware description, length, checksum.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace spikeloom {

inline constexpr std::uint32_t kImageVersion = 10;
inline constexpr std::size_t kImageHeader = 32;
inline constexpr std::uint64_t kMostImageBytes = std::uint64_t{1} << 30U;

[[nodiscard]] std::vector<std::uint8_t> seal(const std::vector<std::uint8_t>& payload);
/// The payload. Throws Error{kInput}: not an image, another version, cut short, damaged.
[[nodiscard]] std::vector<std::uint8_t> unseal(const std::vector<std::uint8_t>& bytes,
                                               const std::string& name);

}  // namespace spikeloom
