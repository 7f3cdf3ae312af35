// The tally core's constant latencies and its one formula, in cycles: the only copy outside the RTL, whose
// header (rtl/core/tally/tally_core.sv) states it; tests/core/tally measures it.
#pragma once

#include <cstdint>

#include "compiler/chip/pages.hpp"
#include "compiler/core/firing_time.hpp"

namespace spikeloom::tally {

/// Firing to the first page freed, without the work on it, on a tile with flat pages.
inline constexpr std::int64_t kLoad = 1;
/// A page freed to the end of its list of spikes. The next page's work begins after that.
inline constexpr std::int64_t kDrain = 4;

/// Each group of neurons meets every valid chunk, then takes its step.
[[nodiscard]] constexpr std::int64_t page_work(std::size_t groups, std::size_t valid_chunks) {
  return static_cast<std::int64_t>(groups) * (1 + static_cast<std::int64_t>(valid_chunks));
}
/// A firing of so many pages with so much work together. Only the first page's start is waited for: that of
/// the next one comes while the list of the one before ends.
[[nodiscard]] constexpr FiringTime firing_time(const TileConfig& tile, std::size_t pages, std::int64_t work) {
  static_assert(kSummaryCycles < kDrain);
  return {kLoad + page_delay(tile) + work + kDrain * (static_cast<std::int64_t>(pages) - 1), kDrain};
}

}  // namespace spikeloom::tally
