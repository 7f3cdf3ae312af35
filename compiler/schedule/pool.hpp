// Pooled contracts: a tile's work over its least, paid by every step instead of by every burst.
#pragma once

#include <cstdint>
#include <vector>

#include "compiler/schedule/timing_graph.hpp"

namespace spikeloom {

/// Two clusters whose firings of one step take the same time for every input: they listen to the same sources
/// with the same delays, and every row costs both the same.
[[nodiscard]] bool works_alike(const Cluster& a, const Cluster& b);

/// What contracts that are pooled pay for.
struct Pool {
  std::vector<char> paid;     ///< by ClusterId: its work over the least is in the fee
  std::vector<TileId> tiles;  ///< whose contracts pay
  std::int64_t fee = 0;       ///< every step pays so much, cycles / kTimeScale
  /// By ClusterId: cycles by which a valid chunk makes a firing longer at least; 0 where it is not paid.
  std::vector<std::int64_t> least_chunk;
};

/// Of the bounds that are marked `pooled`.
///
/// Paid    the clusters of those tiles, and those that work alike with one of them. Not a cluster from which
///         a path without tokens leads to or from one that it works alike with: a path could then meet the
///         same work twice in one step.
/// fee     round · rho less the least work of every firing of the round, summed over the tiles.
[[nodiscard]] Pool pool_of(const ImageView& image, const TileBounds& bounds, const TimingGraph& plain);

}  // namespace spikeloom
