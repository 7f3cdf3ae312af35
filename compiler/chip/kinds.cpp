#include "compiler/chip/kinds.hpp"

#include <algorithm>

namespace spikeloom {

std::vector<std::uint32_t> tiles_by_kind(const Chip& chip, std::uint32_t tiles) {
  std::vector<std::uint32_t> count(chip.kinds(), 0);
  const std::uint32_t used = tiles == 0 ? chip.tiles() : std::min(tiles, chip.tiles());
  for (std::uint32_t t = 0; t < used; ++t) ++count[chip.kind_number(TileId{t})];
  return count;
}

std::string who_has(const Chip& chip, std::uint32_t kind) {
  return chip.kinds() == 1 ? "the chip" : "kind " + chip.kind(kind).name;
}

std::string on_kind(const Chip& chip, std::uint32_t kind) {
  return chip.kinds() == 1 ? "" : " on kind " + chip.kind(kind).name;
}

std::string of_kind(const Chip& chip, std::uint32_t kind) {
  return chip.kinds() == 1 ? "" : " of kind " + chip.kind(kind).name;
}

}  // namespace spikeloom
