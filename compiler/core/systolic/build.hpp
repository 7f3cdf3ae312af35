// From a cluster's rows and parameters to the systolic core's tables.
#pragma once

#include "compiler/core/core.hpp"
#include "compiler/core/systolic/matrix.hpp"

namespace spikeloom::systolic {

[[nodiscard]] ArrayShape shape_of(const TileConfig&);
[[nodiscard]] CoreTables build(const Cluster&, const IntPopulation&, const ClusterRows&, const TileConfig&);

}  // namespace spikeloom::systolic
