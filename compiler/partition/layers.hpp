// The projections of a population as the crossbar will read them: one layer per (source, delay) where the
// sum of parallel projections is representable, else one per projection.
#pragma once

#include <cstdint>
#include <vector>

#include "compiler/base/error.hpp"
#include "compiler/chip/chip.hpp"
#include "compiler/golden/int_network.hpp"

namespace spikeloom {

struct Layer {
  Source from;
  std::uint32_t delay = 0;
  std::uint32_t shift = 0;
  std::uint32_t bits = 8;  ///< narrowest of 8, 4, 2, 1 that holds every mantissa
  std::vector<std::size_t> row_begin;
  std::vector<std::uint32_t> target;  ///< rising in a row
  std::vector<std::int16_t> weight;
};

/// By PopulationId.
using Layers = std::vector<std::vector<Layer>>;

[[nodiscard]] Layers make_layers(const IntNetwork&);

/// What the network needs and no tile of the chip offers, whatever the partition.
[[nodiscard]] Problems chip_problems(const IntNetwork&, const Layers&, const Chip&);

/// First axon of every input in the host stream: each starts a chunk.
[[nodiscard]] std::vector<std::uint32_t> first_axons(const IntNetwork&);

/// Narrowest width of the chip's formats that holds `bits`-bit mantissas.
[[nodiscard]] std::uint32_t stored_bits(const Chip&, std::uint32_t bits);

}  // namespace spikeloom
