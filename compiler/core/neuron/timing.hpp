// Cycles of the neurons' update: the only copy outside the RTL. rtl/neuron/lif_update.sv states them,
// tests/core/neuron measures them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "compiler/chip/chip.hpp"

namespace spikeloom::neuron {

/// Start of a run of no entries to its end; each entry is one cycle more.
inline constexpr std::int64_t kTail = 7;

/// From the start of a run of so many entries to that of the next one, at least, on a tile whose firings have
/// several pages: the next page's run reads the states that this one writes.
[[nodiscard]] constexpr std::int64_t pass_cycles(const TileConfig& tile, std::int64_t entries) {
  constexpr std::int64_t kStateWritten = 5;  ///< after the last entry of a group
  return std::max(entries, std::min(entries, std::int64_t{2} * tile.lif_lanes) + kStateWritten);
}

/// Entries from the last one that writes a word of state to the first one of a later pass that reads it, at
/// least: written behind stage 6, read in stage 1.
inline constexpr std::size_t kPassEntries = 6;

}  // namespace spikeloom::neuron
