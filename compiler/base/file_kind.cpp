#include "compiler/base/file_kind.hpp"

#include <algorithm>

namespace spikeloom {

FileKind kind_of_file(std::string_view bytes) {
  const auto begins_with = [&](const std::array<std::uint8_t, 8>& magic) {
    return bytes.size() >= magic.size() &&
           std::equal(magic.begin(), magic.end(), bytes.begin(),
                      [](std::uint8_t a, char b) { return a == static_cast<std::uint8_t>(b); });
  };
  constexpr std::array<std::uint8_t, 8> kHdf5Magic = {0x89, 'H', 'D', 'F', '\r', '\n', 0x1a, '\n'};
  if (begins_with(kImageMagic)) return FileKind::kImage;
  return begins_with(kHdf5Magic) ? FileKind::kHdf5 : FileKind::kOther;
}

}  // namespace spikeloom
