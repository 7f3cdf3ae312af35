// Populations that are feature maps: how they are cut into blocks of positions.
#pragma once

#include <cstdint>
#include <vector>

#include "compiler/chip/chip.hpp"
#include "compiler/core/layers.hpp"

namespace spikeloom {

/// How the rows, or the columns, of a map part: into bands of neighbours, and those of a band in turns.
struct Cut {
  std::uint32_t bands = 1;
  std::uint32_t turns =
      1;  ///< row y goes to part y mod turns of its band: what is busy keeps all of them busy
  std::uint32_t unit = 1;  ///< so many rows stay together, counted from the first: they are cut as one is

  [[nodiscard]] std::uint32_t parts() const { return bands * turns; }
  /// The part of number `at` of `extent`.
  [[nodiscard]] std::uint32_t part(std::uint32_t at, std::uint32_t extent) const {
    return at / unit * bands / units(extent) * turns + at / unit % turns;
  }
  /// The largest part's size.
  [[nodiscard]] std::uint32_t longest(std::uint32_t extent) const {
    return unit * (((units(extent) + bands - 1) / bands + turns - 1) / turns);
  }
  [[nodiscard]] std::uint32_t units(std::uint32_t extent) const { return (extent + unit - 1) / unit; }
  friend bool operator==(const Cut&, const Cut&) = default;
};

/// Blocks over the height, over the width and over the channels.
struct Grid {
  Cut rows{}, columns{};
  std::uint32_t channels = 1;
};

/// Positions that stay in one block, for a pool's sake: windows of so many rows and columns.
struct WholeWindows {
  std::uint32_t rows = 1, columns = 1;
};

/// A map: channels × height × width (height 1 for [channels,length]).
struct MapExtent {
  std::uint32_t channels = 1, height = 1, width = 1;
};

[[nodiscard]] MapExtent map_extent(const Shape& shape);

/// The shape has positions, and some neuron does not read what another reads.
[[nodiscard]] bool is_feature_map(const IntPopulation& population, const std::vector<Layer>& layers);

/// Every cluster of the population ends with a whole chunk of 16, on whatever kind of the chip's tiles, or
/// there are more clusters than contexts: a feature map whose channels fill lane groups of whole chunks.
/// `layers`: those into it.
[[nodiscard]] bool fills_chunks(const IntPopulation&, const std::vector<Layer>& layers, const Chip&);

/// Every source of these layers reaches all neurons or none: then nothing is to be gained by choosing which
/// share a cluster.
///
/// Cost  in weights and neurons.
[[nodiscard]] bool all_read_the_same(const std::vector<Layer>& layers, std::size_t neurons);

/// Groups that the channels may part into, each of whole lane groups; 1 where they do not fill lane groups.
[[nodiscard]] std::uint32_t most_channel_groups(const MapExtent& map, std::uint32_t lanes);

/// Every grid of `blocks` blocks of at most `most` neurons each: whole channels first, tall blocks first,
/// bands first.
[[nodiscard]] std::vector<Grid> grids(const MapExtent& map, std::uint32_t blocks, std::uint32_t most,
                                      std::uint32_t lanes, const WholeWindows& whole = {});

/// Block by neuron in NIR order; blocks have equal numbers of channels and differ by at most one position in
/// height and width.
[[nodiscard]] std::vector<std::uint32_t> cut_map(const MapExtent& map, const Grid& grid);

/// Neurons (NIR indices) by position, row by row, channels side by side; `together`: so many of them, counted
/// from the lowest, then the next ones at all positions. 0: all.
void order_by_position(const MapExtent& map, std::vector<std::uint32_t>& neurons, std::uint32_t together = 0);

}  // namespace spikeloom
