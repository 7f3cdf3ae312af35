// An image as the kernels read it: its memories, where every cluster's tables stand in them, and the order of
// launches.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "compiler/image/image.hpp"
#include "host/opencl/records.h"

namespace spikeloom::opencl {

/// Clusters that do not need each other's chunks of the same step: one launch.
struct Level {
  std::uint32_t first_slice = 0, slices = 0;
  std::uint32_t first_piece = 0, pieces = 0;
  std::uint32_t first_position = 0, width = 0;  ///< positions of its clusters: a range
};

/// Levels that are run together. Without recurrence there is one level, and all steps are run at once
/// (tick-batched); with recurrence the levels are run in order, step by step.
struct Stage {
  bool recurrent = false;
  std::vector<Level> levels;
};

struct Plan {
  /// Memories of the tiles that hold clusters, one after another, as a load leaves them; by hw::kMem number,
  /// CHUNKS to BIASES.
  std::array<std::vector<std::uint32_t>, 6> memories;
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

/// Cores that kernels.cl has kernels for.
inline constexpr std::array<std::string_view, 1> kCoresWithKernels = {"crossbar"};

/// The kind of tile that all of the image's clusters are for. Throws Error{kInput} naming the kinds where
/// there are several, for the kernels' lanes are fixed when they are built, or one without a kernel.
[[nodiscard]] const TileKind& kind_with_kernels(const Image&);

/// `slice_lanes`: lanes of one lane group that a work-item has; divides the chip's lanes.
[[nodiscard]] Plan plan(const Image& image, std::uint32_t slice_lanes);

}  // namespace spikeloom::opencl
