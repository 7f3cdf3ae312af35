#include "compiler/partition/feature_map.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include "compiler/chip/kinds.hpp"
#include "compiler/core/core.hpp"
#include "compiler/linear/sums.hpp"
#include "spikeloom_hw.hpp"

namespace spikeloom {
namespace {

/// Targets of every row that is not empty are all neurons.
bool is_dense(const Layer& layer, std::size_t neurons) {
  for (const std::int64_t entries : row_sizes(layer.form, layer.weight))
    if (entries != 0 && entries != static_cast<std::int64_t>(neurons)) return false;
  return true;
}

/// Every way to part an axis into `parts`, of at least one row each; `unit` rows stay together.
std::vector<Cut> cuts(std::uint32_t whole, std::uint32_t parts, std::uint32_t unit) {
  std::vector<Cut> result;
  const std::uint32_t extent = (whole + unit - 1) / unit;
  for (std::uint32_t turns = 1; turns <= parts; ++turns) {
    const std::uint32_t bands = parts / turns;
    if (bands * turns != parts || extent / bands < turns) continue;
    // In turns of one row each they are the same parts as in bands.
    if (turns > 1 && (extent + bands - 1) / bands <= turns) continue;
    result.push_back({bands, turns, unit});
  }
  return result;
}

}  // namespace

MapExtent map_extent(const Shape& shape) {
  MapExtent map;
  if (shape.size() < 2) {
    map.channels = shape.empty() ? 1 : static_cast<std::uint32_t>(shape.front());
    return map;
  }
  map.channels = static_cast<std::uint32_t>(shape.front());
  map.width = static_cast<std::uint32_t>(shape.back());
  for (std::size_t d = 1; d + 1 < shape.size(); ++d) map.height *= static_cast<std::uint32_t>(shape[d]);
  return map;
}

bool is_feature_map(const IntPopulation& population, const std::vector<Layer>& layers) {
  const MapExtent map = map_extent(population.shape);
  if (map.height * map.width < 2 || population.is_readout()) return false;
  return std::any_of(layers.begin(), layers.end(),
                     [&](const Layer& layer) { return !is_dense(layer, population.size()); });
}

bool fills_chunks(const IntPopulation& population, const std::vector<Layer>& layers, const Chip& chip) {
  const MapExtent map = map_extent(population.shape);
  std::uint64_t contexts = 0, widest = 1;
  const std::vector<std::uint32_t> tiles = tiles_by_kind(chip, 0);
  for (std::uint32_t k = 0; k < chip.kinds(); ++k) {
    const std::uint32_t grain = core_of(chip.kind(k)).grain(chip.kind(k));
    if (grain % hw::kChunkBits != 0 || map.channels % grain != 0) return false;
    widest = std::max<std::uint64_t>(widest, grain);
    contexts += std::uint64_t{tiles[k]} * chip.kind(k).contexts;
  }
  // A map is cut in another way only where not even a lane group of one position fits a tile.
  return population.size() / widest > contexts && is_feature_map(population, layers);
}

bool all_read_the_same(const std::vector<Layer>& layers, std::size_t neurons) {
  return std::all_of(layers.begin(), layers.end(),
                     [&](const Layer& layer) { return is_dense(layer, neurons); });
}

std::uint32_t most_channel_groups(const MapExtent& map, std::uint32_t lanes) {
  return map.channels % lanes == 0 ? map.channels / lanes : 1;
}

std::vector<Grid> grids(const MapExtent& map, std::uint32_t blocks, std::uint32_t most, std::uint32_t lanes,
                        const WholeWindows& whole) {
  std::vector<Grid> result;
  const std::uint32_t groups = most_channel_groups(map, lanes);
  for (std::uint32_t channels = 1; channels <= std::min(blocks, groups); ++channels) {
    if (blocks % channels != 0 || groups % channels != 0) continue;
    const std::uint32_t places = blocks / channels;
    for (std::uint32_t rows = 1; rows <= std::min(places, map.height); ++rows) {
      if (places % rows != 0) continue;
      for (const Cut& high : cuts(map.height, rows, whole.rows))
        for (const Cut& wide : cuts(map.width, places / rows, whole.columns))
          if (std::uint64_t{high.longest(map.height)} * wide.longest(map.width) * (map.channels / channels) <=
              most)
            result.push_back({high, wide, channels});
    }
  }
  return result;
}

std::vector<std::uint32_t> cut_map(const MapExtent& map, const Grid& grid) {
  std::vector<std::uint32_t> of;
  of.reserve(std::size_t{map.channels} * map.height * map.width);
  for (std::uint32_t c = 0; c < map.channels; ++c)
    for (std::uint32_t y = 0; y < map.height; ++y) {
      const std::uint32_t row = grid.rows.part(y, map.height) * grid.columns.parts();
      for (std::uint32_t x = 0; x < map.width; ++x)
        of.push_back((row + grid.columns.part(x, map.width)) * grid.channels +
                     c * grid.channels / map.channels);
    }
  return of;
}

void order_by_position(const MapExtent& map, std::vector<std::uint32_t>& neurons, std::uint32_t together) {
  const std::uint32_t area = map.height * map.width;
  const auto by_position = [&] {
    if (area > 4 * neurons.size() || !std::is_sorted(neurons.begin(), neurons.end())) {
      std::sort(neurons.begin(), neurons.end(), [&](std::uint32_t a, std::uint32_t b) {
        return a % area != b % area ? a % area < b % area : a < b;
      });
      return;
    }
    std::vector<std::uint32_t> next(area + std::size_t{1}, 0);  // by position: where its next neuron goes
    for (const std::uint32_t neuron : neurons) ++next[neuron % area + 1];
    std::partial_sum(next.begin(), next.end(), next.begin());
    std::vector<std::uint32_t> ordered(neurons.size());
    for (const std::uint32_t neuron : neurons) ordered[next[neuron % area]++] = neuron;
    neurons = std::move(ordered);
  };
  by_position();
  if (together == 0 || neurons.empty()) return;
  const std::uint32_t lowest = *std::min_element(neurons.begin(), neurons.end()) / area;
  std::stable_sort(neurons.begin(), neurons.end(), [&](std::uint32_t a, std::uint32_t b) {
    return (a / area - lowest) / together < (b / area - lowest) / together;
  });
}

}  // namespace spikeloom
