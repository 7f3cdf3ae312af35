// From rows and parameters to words.
#pragma once

#include "compiler/core/core.hpp"

namespace spikeloom::tally {

/// What the population needs and no such tile offers. The population is not named.
[[nodiscard]] std::vector<std::string> problems(const IntNetwork&, PopulationId,
                                                const std::vector<Layer>& layers_into_it, const TileConfig&);
[[nodiscard]] CoreTables build(const Cluster&, const IntPopulation&, const ClusterRows&, const TileConfig&);

}  // namespace spikeloom::tally
