// Weights that no tile keeps: the host sends them over the spike network before every firing that reads them.
// docs/streamed-weights.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "compiler/chip/chip.hpp"
#include "compiler/core/cluster.hpp"

namespace spikeloom {

/// The inbound that brings a cluster's weights; null: they stay on the tile.
[[nodiscard]] const Inbound* weight_inbound(const Cluster&);
/// What it brings, 16 bits each, in the order in which it comes: all entries of the window that the core
/// streams. Empty where tiles of the kind take no stream.
[[nodiscard]] std::vector<std::uint16_t> streamed_words(const Cluster&, const TileConfig&);
/// The memory, of Core::memories, in which the streamed clusters of a tile take turns; none: the cluster's
/// weights stay.
[[nodiscard]] std::optional<std::size_t> region_memory(const Cluster&, const TileConfig&);

}  // namespace spikeloom
