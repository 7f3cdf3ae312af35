// Layered networks whose populations are one cluster each: as many clusters as asked for.
#pragma once

#include <cstdint>
#include <string>

#include "compiler/chip/chip.hpp"
#include "compiler/golden/int_network.hpp"
#include "compiler/image/image.hpp"

namespace spikeloom::testing {

struct LayeredOptions {
  std::uint32_t clusters = 4;
  std::uint32_t neurons = 48;  ///< of a cluster
  std::uint32_t across = 4;    ///< clusters of a layer; the last may have fewer
  std::uint32_t reads = 2;     ///< clusters of the layer before that each reads
  std::uint32_t tiles = 0;     ///< to compile for, at most; 0: the chip's
  std::uint64_t seed = 1;
};

/// Every cluster reads `reads` of the layer before (the first layer: the input), a third of all synapses
/// there; one in eight has a recurrent projection with delay 1. The last layer is sent to the host.
[[nodiscard]] IntNetwork layered(const LayeredOptions& options);

/// Compiled with as few clusters as fit, and with operating points. Throws Error{kInput} where it does not
/// fit.
[[nodiscard]] Image layered_image(const LayeredOptions& options, const Chip& chip);

}  // namespace spikeloom::testing
