// The crossbar core's constant latencies and its one formula, in cycles: the only copy outside the RTL.
// docs/protocol.md, section 4; tests/rtl_core measures them, rtl/core/crossbar/crossbar_core.sv states them.
#pragma once

#include <algorithm>
#include <cstdint>

#include "compiler/chip/pages.hpp"
#include "compiler/core/firing_time.hpp"

namespace spikeloom::crossbar {

/// Firing to page freed, without the words, on a tile with flat pages.
inline constexpr std::int64_t kIntegrate = 6;
/// Page freed to output buffer filled, without the update entries.
inline constexpr std::int64_t kUpdate = 7;

/// A set bit's row that walks `words` words, all its segments' together: a word a cycle, none between
/// segments.
[[nodiscard]] constexpr std::int64_t row_cycles(std::uint32_t words) {
  return std::max<std::int64_t>(1, words);
}
/// A valid chunk whose set bits' rows take so many cycles together.
[[nodiscard]] constexpr std::int64_t chunk_cycles(std::int64_t rows) {
  return std::max<std::int64_t>(1, rows);
}
/// A firing whose valid chunks take `walk` cycles together, of a context with so many update entries.
[[nodiscard]] constexpr FiringTime firing_time(const TileConfig& tile, std::int64_t walk,
                                               std::size_t updates) {
  return {kIntegrate + page_delay(tile) + walk, kUpdate + static_cast<std::int64_t>(updates)};
}

}  // namespace spikeloom::crossbar
