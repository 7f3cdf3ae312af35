// Populations that are feature maps: how they are cut into blocks of positions.
#pragma once

#include <cstdint>
#include <vector>

#include "compiler/core/layers.hpp"

namespace spikeloom {

/// Blocks over the height and over the width.
struct Grid {
  std::uint32_t rows = 1, columns = 1;
};

/// A map: channels × height × width (height 1 for [channels,length]).
struct MapExtent {
  std::uint32_t channels = 1, height = 1, width = 1;
};

[[nodiscard]] MapExtent map_extent(const Shape& shape);

/// The shape has positions, and some neuron does not read what another reads.
[[nodiscard]] bool is_feature_map(const IntPopulation& population, const std::vector<Layer>& layers);

/// Every grid of `blocks` blocks of at most `most` neurons each, tall blocks first.
[[nodiscard]] std::vector<Grid> grids(const MapExtent& map, std::uint32_t blocks, std::uint32_t most);

/// Block by neuron in NIR order; blocks differ by at most one position in height and width.
[[nodiscard]] std::vector<std::uint32_t> cut_map(const MapExtent& map, const Grid& grid);

/// Neurons (NIR indices) by position, row by row, channels side by side.
void order_by_position(const MapExtent& map, std::vector<std::uint32_t>& neurons);

}  // namespace spikeloom
