// An image as the kernels read it: its memories, where every cluster's tables stand in them, and the order of
// launches.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "compiler/image/image.hpp"
#include "host/opencl/core_kernels.hpp"
#include "host/opencl/records.h"

namespace spikeloom::opencl {

/// Clusters of a level that are for one kind of tile: each kernel runs once for them.
struct Launch {
  std::uint32_t kind = 0;  ///< in Plan::kinds
  std::uint32_t first_slice = 0, slices = 0;
  std::uint32_t first_piece = 0, pieces = 0;
};

/// Clusters that do not need each other's chunks of the same step.
struct Level {
  std::vector<Launch> launches;
  std::uint32_t first_position = 0, width = 0;  ///< positions of its clusters: a range
};

/// Levels that are run together. Without recurrence there is one level, and all steps are run at once
/// (tick-batched); with recurrence the levels are run in order, step by step.
struct Stage {
  bool recurrent = false;
  std::vector<Level> levels;
};

/// A kind of tile that holds clusters.
struct PlannedKind {
  std::uint32_t number = 0;  ///< of the chip
  const TileKind* tile = nullptr;
  const CoreKernels* kernels = nullptr;
  /// Memories of the tiles of this kind that hold clusters, one after another, as a load leaves them; by
  /// hw::kMem number. Those that kernels read: the others are empty.
  std::array<std::vector<std::uint32_t>, hw::kMemoryWindows> memories;
};

struct Plan {
  std::vector<PlannedKind> kinds;
  std::vector<ClusterRecord> clusters;  ///< by ClusterId
  std::vector<PageRecord> pages;
  std::vector<SliceRecord> slices;
  std::vector<PieceRecord> pieces;  ///< and one behind the last
  std::vector<Stage> stages;
  std::uint32_t host_streams = 0;  ///< chunks of the host: streams 0 ..
  std::uint32_t streams = 0;       ///< of the host, of all clusters, and one empty one
  std::uint32_t positions = 0;     ///< of all clusters' states
  std::uint32_t max_delay = 0;     ///< steps
};

/// The kinds of tile that clusters are for, without memories. Throws Error{kInput} naming those whose core
/// has no kernels.
[[nodiscard]] std::vector<PlannedKind> kinds_with_kernels(const Image&);

[[nodiscard]] Plan plan(const Image& image);

}  // namespace spikeloom::opencl
