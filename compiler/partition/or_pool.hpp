// Max pooling of spikes, where it costs nothing: done by the clusters whose spikes are pooled, which send a
// window's OR in place of its neurons.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "compiler/chip/chip.hpp"
#include "compiler/golden/int_network.hpp"
#include "compiler/partition/partition.hpp"

namespace spikeloom {

/// A population whose neurons spike, in the same step, where any neuron of their window does and nowhere
/// else.
struct OrPool {
  PopulationId population;
  std::optional<Pooling> pooling{};  ///< none: it stays a population, for this `reason`
  PopulationId source{};             ///< of `pooling`
  std::string reason{};
};

/// Every population of the network that is one, and whether its source's clusters do it (it *folds*).
///
/// It folds where the windows part the positions of one map, channel by channel, into equal blocks (those at
/// the far borders may be smaller), and nobody but the pool wants the map's own spikes: no other reader, no
/// output, no recording. The channels are whole chunks, so that a window's OR is one of chunks; the core
/// pools, and nobody asked for clusters or a kind of tile for the pool by name.
///
/// Cost  in sources of each, and in neurons.
[[nodiscard]] std::vector<OrPool> or_pools(const IntNetwork&, const Chip&, const PartitionOptions&);

/// The pooled neuron in whose window a neuron of the map is.
[[nodiscard]] std::uint32_t pooled_neuron(const Shape& map, const Shape& pool, const Pooling&,
                                          std::uint32_t neuron);

/// What the application made of the network's pools, for people: a line for each.
[[nodiscard]] std::vector<std::string> notes_on_pools(const IntNetwork&, const Chip&, const Application&,
                                                      const PartitionOptions&);

}  // namespace spikeloom
