// What a network needs by its shapes and a chip does not have: all of it at once, before quantising and
// before any partition; and the smallest chip of the same make that has it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "compiler/chip/chip.hpp"
#include "compiler/fit/outline.hpp"

namespace spikeloom {

/// One thing that is short.
struct Shortfall {
  std::string key;  ///< of the chip file that would have to be larger: "tile.weight_words", "mesh"
  std::uint64_t needed = 0, available = 0;  ///< of a tile, where the key is a tile's
  std::string text;                         ///< for people, with the numbers
};

/// What is counted: floors that nothing goes below, or what is likely, for a chip that is to do.
enum class Count : std::uint8_t { kFloors, kLikely };

/// All that is short on the first `tiles` tiles (0: all). Empty: the shapes do not refuse the network; the
/// partition still may.
///
/// Sound   no network that can be compiled for the chip has a shortfall.
/// Assumed of chips with several kinds of tile only what each population needs, and the contexts of all.
/// Cost    as the outline's: nothing grows with synapses.
[[nodiscard]] std::vector<Shortfall> shortfalls(const Outline&, const Chip&, std::uint32_t tiles,
                                                Count = Count::kFloors);

/// Chunks of the pages of all clusters together on tiles of kind 0, the longest page of a population for each
/// of its clusters.
[[nodiscard]] std::uint64_t longest_pages(const Outline&, const Chip&);

/// The chip with the fewest memory bits, then the fewest tiles, that has what the shapes ask for, with a
/// quarter to spare; tables and widths besides are `like`'s. Nothing: no chip of one kind of tile does.
[[nodiscard]] std::optional<Chip> smallest_chip(const Outline&, const Chip& like);

enum class Advice : std::uint8_t { kNone, kSmallestChip };

/// The shortfalls in words, one a line, and the chip that would do; nothing where none is short.
[[nodiscard]] std::optional<std::string> refusal(const Outline&, const Chip&, std::uint32_t tiles, Advice);

}  // namespace spikeloom
