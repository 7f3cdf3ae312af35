// What one run of a dataset gave.
#pragma once

#include <vector>

#include <spikeloom/report.hpp>

#include "compiler/data/outputs.hpp"

namespace spikeloom {

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
