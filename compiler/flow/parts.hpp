// Fan-in beyond a tile: sums that are taken in parts, by populations of their own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <spikeloom/compile_options.hpp>

#include "compiler/chip/chip.hpp"
#include "compiler/golden/int_network.hpp"
#include "compiler/partition/partition.hpp"

namespace spikeloom {

/// In which order a population's sources are shared out.
enum class ShareOrder : std::uint8_t {
  kFile,      ///< as numbered
  kPosition,  ///< of a feature map, and of an input that is sent by position, some positions each; of windows
              ///< as kChannel, since a window lies at a few positions
  kChannel,   ///< of windows some channels of every group, or less than a channel: some taps of it; of others
              ///< as kFile
  kKernel,  ///< of windows some rows of the kernel, or less than a row, or less than a tap: some channels of
            ///< it; of others as kPosition
};
inline constexpr std::size_t kShareOrders = 4;

/// How a population's sum is taken; count 1: as a whole.
struct Shares {
  std::uint32_t count = 1;
  ShareOrder order = ShareOrder::kFile;
  friend bool operator==(const Shares&, const Shares&) = default;
};

struct Parted {
  IntNetwork network;
  std::vector<PopulationId> now;  ///< by PopulationId before: which one it is now
};

/// The same network with the sum of population p taken in shares[p].count parts, each over a share of its
/// sources.
///
/// A *part* is a readout whose potential is its sum and nothing else (alpha, beta, scale and biases 0, so it
/// is never clipped: acc_bits <= state_bits). It hands its sum on, neuron by neuron, to the next part, which
/// adds its own share; the last one is the population itself, the *owner*, which updates. "P+1" is the first.
///
/// Shape   one entry a population. More shares than there are sources become as many as these.
/// Order   parts stand right before their owner, inputs and outputs keep their ids.
/// Law     potentials, spikes and synaptic operations of all populations are as before, in every step; every
///         sum on the way lies within the bounds of the whole one (`accumulator_bound`).
[[nodiscard]] Parted in_parts(const IntNetwork& network, const std::vector<Shares>& shares);

/// Ways of sharing out that let every neuron fit a tile, of each population of which one neuron alone exceeds
/// every kind of tile that it may go to: in every order, with as few shares as fit and with more (fewer
/// numbers then stand beside a share in a page, and clusters are larger). Those first of which fewer clusters
/// have more readers than a tile counts credits for, then which have fewer clusters; both are counted on a
/// partition of the parted network, without tables. Those with more clusters than the chip has contexts are
/// left out, unless there are no others; then there is one. Empty: no parts are needed, or none help; then
/// the partition says what is missing.
///
/// `options`: those of the partition, as far as the user chose them (not how many clusters `spread` likes).
/// Cost    nothing where every neuron's inputs certainly fit a tile; else a partition for each attempt.
[[nodiscard]] std::vector<std::vector<Shares>> ways_of_sharing(const IntNetwork& network, const Chip& chip,
                                                               const CompileOptions& options);

/// By population's name, "kernel:5" where its sum is taken in five parts: as CompileOptions::parts has them.
[[nodiscard]] std::map<std::string, std::string> named(const IntNetwork& network,
                                                       const std::vector<Shares>& shares);
/// The same read. Throws Error{kInput} where it names no population, or is written otherwise.
[[nodiscard]] std::vector<Shares> shares_named(const IntNetwork& network,
                                               const std::map<std::string, std::string>& parts);

/// "; 'p' is summed in 4 parts, since …" for who is told that the network does not fit; empty: no parts.
[[nodiscard]] std::string parts_in(const IntNetwork& network);

/// What parts cost in an application of the network: for every owner its parts, their contexts, and the most
/// numbers and cycles a step.
[[nodiscard]] std::vector<std::string> notes_on_parts(const IntNetwork& network, const Application&,
                                                      const Chip& chip);

}  // namespace spikeloom
