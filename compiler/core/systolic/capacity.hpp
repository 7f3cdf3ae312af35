// What of a tile a cluster of the systolic core takes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "compiler/core/core.hpp"

namespace spikeloom::systolic {

[[nodiscard]] std::vector<MemoryInfo> memories(const TileConfig&);
[[nodiscard]] std::vector<Ram> rams(const TileConfig&);
[[nodiscard]] std::vector<std::uint64_t> amounts(const Cluster&, const TileConfig&);
[[nodiscard]] std::vector<std::uint64_t> least_amounts(const PopulationFloor&, const TileConfig&);
[[nodiscard]] std::vector<Need> needs(const Cluster&, const TileConfig&);
[[nodiscard]] MostNeurons most_neurons(const IntPopulation&, const TileConfig&);
[[nodiscard]] std::vector<std::string> problems(const IntNetwork&, PopulationId, const std::vector<Layer>&,
                                                const TileConfig&);
/// Weight formats that the array takes.
[[nodiscard]] std::vector<std::uint32_t> weight_formats(const TileConfig&);

}  // namespace spikeloom::systolic
