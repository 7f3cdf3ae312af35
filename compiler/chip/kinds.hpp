// Kinds of tile, counted and in words.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "compiler/chip/chip.hpp"

namespace spikeloom {

/// Tiles of every kind among the first `tiles` of the mesh; 0: among all.
[[nodiscard]] std::vector<std::uint32_t> tiles_by_kind(const Chip&, std::uint32_t tiles = 0);

/// Whose limits a message is about: "the chip" where it has one kind of tile, else "kind fast".
[[nodiscard]] std::string who_has(const Chip&, std::uint32_t kind);
/// " on kind fast", " of kind fast"; nothing where the chip has one kind.
[[nodiscard]] std::string on_kind(const Chip&, std::uint32_t kind);
[[nodiscard]] std::string of_kind(const Chip&, std::uint32_t kind);

}  // namespace spikeloom
