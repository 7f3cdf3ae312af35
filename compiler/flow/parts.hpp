// Fan-in beyond a tile: sums that are taken in parts, by populations of their own.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <spikeloom/compile_options.hpp>

#include "compiler/chip/chip.hpp"
#include "compiler/golden/int_network.hpp"
#include "compiler/partition/partition.hpp"

namespace spikeloom {

/// In which order a population's sources are shared out.
enum class ShareOrder : std::uint8_t {
  kFile,      ///< as numbered: of a map some channels each
  kPosition,  ///< of a feature map, and of an input that is sent by position, some positions each; of windows
              ///< some channels, since a window lies at a few positions
  kKernel,    ///< of windows some rows of the kernel, or less than a row; of others as kPosition
};

struct Parted {
  IntNetwork network;
  std::vector<PopulationId> now;  ///< by PopulationId before: which one it is now
};

/// The same network with the sum of population p taken in shares[p] parts, each over a share of its sources.
///
/// A *part* is a readout whose potential is its sum and nothing else (alpha, beta, scale and biases 0, so it
/// is never clipped: acc_bits <= state_bits). It hands its sum on, neuron by neuron, to the next part, which
/// adds its own share; the last one is the population itself, the *owner*, which updates. "P+1" is the first.
///
/// Shape   one entry a population, 1: as it was. More shares than there are sources become as many as these.
/// Order   parts stand right before their owner, inputs and outputs keep their ids.
/// Law     potentials, spikes and synaptic operations of all populations are as before, in every step; every
///         sum on the way lies within the bounds of the whole one (`accumulator_bound`).
[[nodiscard]] Parted in_parts(const IntNetwork& network, const std::vector<std::uint32_t>& shares,
                              ShareOrder order = ShareOrder::kFile);

/// In parts as far as the chip asks for it: each population of which one neuron alone exceeds every kind of
/// tile that it may go to. In the order of positions or the file's, whichever takes fewer parts, the file's
/// if both take as many; a convolution by its kernel where that leaves fewer clusters with more readers than
/// a tile counts credits for, then where all clusters are fewer. Where parts do not help either the network
/// is as before, and the partition says what is missing.
///
/// `options`: those of the partition, as far as the user chose them (not how many clusters `spread` likes).
/// Cost    nothing where every neuron's inputs certainly fit a tile; else a partition for each attempt.
/// Law     depends on network, chip and options alone, so `verify` finds the same parts again.
[[nodiscard]] Parted with_parts(const IntNetwork& network, const Chip& chip, const CompileOptions& options);

/// "; 'p' is summed in 4 parts, since …" for who is told that the network does not fit; empty: no parts.
[[nodiscard]] std::string parts_in(const IntNetwork& network);

/// What parts cost in an application of the network: for every owner its parts, their contexts, and the most
/// numbers and cycles a step.
[[nodiscard]] std::vector<std::string> notes_on_parts(const IntNetwork& network, const Application&,
                                                      const Chip& chip);

}  // namespace spikeloom
