// From a cluster's rows and parameters to the crossbar's tables, and what such tables cost.
#pragma once

#include <vector>

#include "compiler/core/crossbar/crossbar.hpp"

namespace spikeloom::crossbar {

[[nodiscard]] CoreTables build(const Cluster&, const IntPopulation&, const ClusterRows&, const TileConfig&);

/// Narrowest width of the tile's formats that holds `bits`-bit mantissas.
[[nodiscard]] std::uint32_t stored_bits(const TileConfig&, std::uint32_t bits);

}  // namespace spikeloom::crossbar
