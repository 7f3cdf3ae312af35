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
/// output, no recording. The core pools, and nobody asked for clusters or a kind of tile for the pool by
/// name.
///
/// Cost  in sources of each, and in neurons.
[[nodiscard]] std::vector<OrPool> or_pools(const IntNetwork&, const Chip&, const PartitionOptions&);

/// The pooled neuron in whose window a neuron of the map is.
[[nodiscard]] std::uint32_t pooled_neuron(const Shape& map, const Shape& pool, const Pooling&,
                                          std::uint32_t neuron);

/// Who stands where in a cluster that sends its windows' ORs; kNoNeuron: nobody.
struct PooledOrder {
  std::vector<std::uint32_t> neurons;  ///< of the map, by position
  std::vector<std::uint32_t> sent;     ///< of the pool, by bit
};

/// Numbers a cluster's neurons so that those of a window stand at the bit of their chunk at which the window
/// is sent: then a chunk that is sent is the OR of chunks.
///
/// Windows side by side stand in *runs* of `pooling.run`, all their channels one behind the other. A run
/// begins with a chunk and takes as many as it needs, in what is sent once, and in the map once for every row
/// and column within the windows:
///
///     sent       by row of windows, run, window, channel
///     neurons    by row, run, column within the window, window, channel
///
/// So channels that are whole chunks (run 1) stand by position, side by side, as in every map, and nobody is
/// missing. Others have gaps behind each run, of less than a chunk; long runs have few, short ones keep the
/// rows of a convolution's kernel together.
///
/// `neurons`: any of the map's, best of whole windows.
[[nodiscard]] PooledOrder pooled_order(const Shape& map, const Shape& pool, const Pooling&,
                                       std::vector<std::uint32_t> neurons);

/// Runs that are worth a try for blocks of so many channels: windows alone, as many as fill whole chunks,
/// all of a row.
[[nodiscard]] std::vector<std::uint32_t> pooling_runs(std::uint32_t channels, std::uint32_t windows);

/// What the application made of the network's pools, for people: a line for each. `own`: those that were
/// kept from folding, for the reason `why`.
[[nodiscard]] std::vector<std::string> notes_on_pools(const IntNetwork&, const std::vector<OrPool>&,
                                                      const Application&,
                                                      const std::vector<PopulationId>& own,
                                                      const std::string& why);

}  // namespace spikeloom
