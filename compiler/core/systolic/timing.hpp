// The systolic core's constant latencies and its one formula, in cycles: the only copy outside the RTL, whose
// header (rtl/core/systolic/systolic_core.sv) states it. Nothing in it depends on what spikes.
#pragma once

#include <algorithm>
#include <cstdint>

#include "compiler/chip/pages.hpp"
#include "compiler/core/firing_time.hpp"
#include "spikeloom_hw.hpp"

namespace spikeloom::systolic {

/// Rows of the array: axons that a pass looks at, a page chunk.
inline constexpr std::uint32_t kRows = 16;

/// Firing to where the first fold's weights begin to be read.
inline constexpr std::int64_t kStart = 5;
/// The last look of a block to the start of its first update, without the page delay.
inline constexpr std::int64_t kDrain = 8;
/// The start of an update to the last of its accumulators read, and to the end of its list, without its
/// entries.
inline constexpr std::int64_t kRead = 1, kEnd = 7;
/// The last accumulator of a block read to the first look for the next but one, whose sums go into its bank.
inline constexpr std::int64_t kBankFree = 2;
/// The last look to the cycle in which the first page is freed, without the page delay.
inline constexpr std::int64_t kFree = 3;

/// From the start of an update of so many entries to the next one's: a neuron's state of one page is written
/// before the next page's update reads it.
[[nodiscard]] constexpr std::int64_t pass_cycles(std::uint32_t lif_lanes, std::int64_t entries) {
  return std::max(entries, std::min(entries, 2 * std::int64_t{lif_lanes}) + 5);
}

/// Memory words that are read for a fold of so many rows: one a cycle, with one row of 8-bit weights or two
/// rows of narrower ones.
[[nodiscard]] constexpr std::uint32_t words_read(std::uint32_t rows, std::uint32_t format) {
  return format == hw::kFormatW8 ? rows : (rows + 1) / 2;
}

/// How long a firing takes. The array looks at a fold's pairs while the next one's weights are read; it
/// integrates one block while another's neurons are updated, for there are two banks of accumulators. A
/// block's pages are updated one after the other. All cycles count from the firing.
class FiringClock {
 public:
  FiringClock(std::int64_t pages, std::int64_t page_delay, std::uint32_t lif_lanes)
      : pages_(pages), page_delay_(page_delay), lif_lanes_(lif_lanes) {}

  /// The next fold: pairs of its walk, and words that are read for it.
  void fold(std::int64_t pairs, std::int64_t words) {
    first_look_ = std::max({end_of_looks_, first_look_ + words, bank_free_});
    end_of_looks_ = first_look_ + pairs * pages_;
  }
  /// The block ends, which has so many update entries.
  void end_block(std::int64_t entries) {
    const std::int64_t start = std::max(end_of_looks_ - 1 + kDrain + page_delay_, next_start_);
    const std::int64_t last = start + (pages_ - 1) * pass_cycles(lif_lanes_, entries);
    bank_free_ = other_bank_free_;
    other_bank_free_ = last + entries + kRead + kBankFree;
    next_start_ = last + pass_cycles(lif_lanes_, entries);
    listed_ = last + entries + kEnd;
  }
  [[nodiscard]] FiringTime firing() const {
    const std::int64_t freed = end_of_looks_ - 1 + kFree + page_delay_ + pages_ - 1;
    return {freed, listed_ - freed};
  }

 private:
  std::int64_t pages_, page_delay_;
  std::uint32_t lif_lanes_;
  std::int64_t first_look_ = kStart;                  ///< of the fold
  std::int64_t end_of_looks_ = kStart + 1;            ///< the cycle behind the fold's last one
  std::int64_t bank_free_ = 0, other_bank_free_ = 0;  ///< for the block, and for the next one
  std::int64_t next_start_ = 0;                       ///< of an update
  std::int64_t listed_ = 0;                           ///< the last list ends
};

}  // namespace spikeloom::systolic
