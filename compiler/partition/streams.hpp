// Which clusters get their weights from the host, and what of a tile they take: docs/streamed-weights.md.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "compiler/chip/chip.hpp"
#include "compiler/core/weight_stream.hpp"
#include "compiler/partition/application.hpp"

namespace spikeloom {

/// Entries that cluster c takes of each memory of its tile, as Core::amounts, but of the memory that a stream
/// writes as many as the largest of the application's streamed clusters for that kind of tile: all of them on
/// a tile stand in one *region*, one after the other.
[[nodiscard]] std::vector<std::uint64_t> amounts_on_tile(const Application&, const Chip&, std::size_t c);

/// From now on the weights of these populations' clusters are streamed. Throws Error{kInput} where their
/// tiles take no stream, by name.
void stream_weights(Application&, const Chip&, std::span<const PopulationId>);

}  // namespace spikeloom
