// What one run of a dataset gave.
#pragma once

#include <cstdint>
#include <vector>

#include "compiler/data/outputs.hpp"

namespace spikeloom {

/// A tile's counters over a run, in cycles where they are times.
struct TileCounters {
  std::int64_t firings = 0, busy = 0, wait_input = 0, wait_output = 0, spikes = 0;
  std::int64_t core = 0;  ///< what Core::counter counts
  std::int64_t contract_broken = 0, contract_first = 0;
  friend bool operator==(const TileCounters&, const TileCounters&) = default;
};

/// Cycles are the device's own stamps, counted from the application's first cycle.
struct DeviceRun {
  /// False: the device has no target cycles; sent, ended and tiles are empty.
  bool timed = true;
  std::vector<std::int64_t> sent;   ///< b(k): the host's last end-of-step of step k was on the wire
  std::vector<std::int64_t> ended;  ///< e(k): the last end-of-step of step k was at the host sink
  RunOutputs outputs;               ///< in NIR order; no decision yet
  std::int64_t output_spikes = 0;
  std::vector<TileCounters> tiles;  ///< by TileId; of other applications' tiles zeros
};

}  // namespace spikeloom
