// What a way of cutting a feature map into blocks costs, counted from the rows without building a table.
#pragma once

#include <algorithm>
#include <optional>

#include "compiler/partition/build_cluster.hpp"
#include "compiler/partition/feature_map.hpp"

namespace spikeloom {

/// What is estimated of a cut of one population; lower is better in each.
struct BlockCost {
  double words = 0;   ///< of weights, all blocks together: different ones of each
  double flits = 0;   ///< expected a step, to every block that reads some of a chunk; without activity all
  double cycles = 0;  ///< of the busiest block in the worst step
  double steady = 0;  ///< of the busiest block in the expected step; without activity the mean of some scenes

  /// To compare cuts into `blocks` blocks: weight words × cycles of all blocks if each were the busiest.
  /// Flits, of which each takes `flit_cycles`, come for the next step meanwhile; the shorter of the two
  /// counts a little.
  [[nodiscard]] double price(std::uint32_t blocks, double flit_cycles) const {
    constexpr double kHidden = 1.0 / 8;
    const auto [less, more] = std::minmax({blocks * steady, flit_cycles * flits});
    return words * (more + kHidden * less);
  }
};

/// Of a population that is a feature map, cut by the grid, on tiles of `lanes` neurons a lane group.
/// `sources`: how the other populations are cut.
///
/// Cost  the synapses into the population.
[[nodiscard]] BlockCost block_cost(const IntNetwork&, const std::vector<Layer>& layers, PopulationId,
                                   const Grid&, std::uint32_t lanes, const Skeleton& sources,
                                   const std::optional<Traffic>& activity);

}  // namespace spikeloom
