// What of a tile a cluster of the crossbar takes.
#pragma once

#include <cstdint>
#include <vector>

#include "compiler/core/crossbar/crossbar.hpp"

namespace spikeloom::crossbar {

[[nodiscard]] std::vector<MemoryInfo> memories(const TileConfig&);
[[nodiscard]] std::vector<std::uint64_t> amounts(const Cluster&);
[[nodiscard]] std::vector<Need> needs(const Cluster&, const TileConfig&);
[[nodiscard]] std::uint64_t most_neurons(const IntPopulation&, const TileConfig&);
void problems(const IntNetwork&, const Layers&, const TileConfig&, Problems&);

}  // namespace spikeloom::crossbar
