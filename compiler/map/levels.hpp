// Clusters by level: how far from the inputs they are within a step.
#pragma once

#include <cstdint>
#include <vector>

#include "compiler/chip/chip.hpp"
#include "compiler/partition/application.hpp"

namespace spikeloom {

/// Spike connections without delay on the longest way from an input, by ClusterId.
[[nodiscard]] std::vector<std::uint32_t> levels(const Application&);

/// What firings of several pages do to an application's steps. `lag` (by ClusterId) says how many steps later
/// than its sources a cluster works on a step: a batch waits for the last of its pages, so it lags as many
/// steps behind a source without delay as it has pages after its first. In one tile's order clusters of
/// different lags may wait for each other: in tile(0,0) with the order h, o, where o hears of h through a
/// batch of two pages, o's step 0 waits for h's step 1, and that for o's step 0. `order` is one that all
/// firing orders may agree with: whose spikes are needed in the same step, lags counted, comes before those
/// that need them. Without batches all lags are 0 and `order` is the application's.
struct BatchSteps {
  std::vector<std::int64_t> lag;
  std::vector<ClusterId> order;
};
[[nodiscard]] BatchSteps batch_steps(const Application&, const Chip&);

/// Clusters by level, and before that by batch_steps' lag, no two of which share a tile; each kind's cut into
/// as many runs as it has tiles among the first `tiles`, the busiest as little busy as can be: tile by
/// ClusterId. Those of one level do not wait for one another, so their turns on a tile cost no more than
/// their work. Empty: so cut, some tile's tables are too small.
[[nodiscard]] std::vector<TileId> pack_by_level(const Application&, const Chip&, std::uint32_t tiles);

}  // namespace spikeloom
