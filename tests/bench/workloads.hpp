// Networks and inputs of known size and activity, made from a seed.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "compiler/chip/chip.hpp"
#include "compiler/data/dataset.hpp"
#include "compiler/golden/int_network.hpp"
#include "compiler/image/image.hpp"

namespace spikeloom::bench {

/// chips/tile1.toml with another number of LIF lanes; axons, neurons and 4-bit weights of a dense
/// 256×256 layer fill it.
[[nodiscard]] Chip common_tile(std::uint32_t lif_lanes);

struct ChainOptions {
  std::uint32_t layers = 1;
  std::uint32_t width = 256;  ///< of the input and of every layer
  std::uint32_t bits = 4;     ///< of the weights
  std::uint32_t spikes = 26;  ///< of the input in every step; every layer's own activity is tuned to the same
  std::uint64_t seed = 1;
};

/// Layers of LIF neurons, each fed by all of the one before; no weight is 0. The last one is the output.
/// Thresholds are found by running the golden model on one layer.
[[nodiscard]] IntNetwork chain(const ChainOptions& options);

/// One sample of `steps` steps with exactly `spikes` random elements in each.
[[nodiscard]] Dataset random_spikes(const IntNetwork& network, std::uint32_t spikes, std::size_t steps,
                                    std::uint64_t seed);

/// Compiles from the integers on. Throws Error{kInput} with the reason when the network does not fit.
[[nodiscard]] Image image_of(const IntNetwork& network, const Chip& chip);

}  // namespace spikeloom::bench
