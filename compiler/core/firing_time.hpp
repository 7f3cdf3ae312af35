// How long a firing takes.
#pragma once

#include <cstdint>

namespace spikeloom {

/// Cycles of one firing.
struct FiringTime {
  std::int64_t integrate = 0;  ///< from the sequencer's firing to the cycle in which the page is freed
  std::int64_t update = 0;     ///< from there to the full output buffer
  friend bool operator==(const FiringTime&, const FiringTime&) = default;

  [[nodiscard]] std::int64_t total() const { return integrate + update; }
};

}  // namespace spikeloom
