// The tiles' counters, read over the ring.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "compiler/replay/device_run.hpp"
#include "compiler/replay/exchange.hpp"

namespace spikeloom {

/// Of these nodes, in their order. Exact once the tiles have stood still for 48 clocks.
[[nodiscard]] std::vector<TileCounters> read_counters(Exchange& exchange,
                                                      std::span<const std::uint32_t> nodes);

}  // namespace spikeloom
