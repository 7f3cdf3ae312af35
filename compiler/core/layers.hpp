// The projections of a population as a core will read them: one layer per (source, delay) where the sum of
// parallel projections is representable, else one per projection.
#pragma once

#include <cstdint>
#include <vector>

#include "compiler/golden/int_network.hpp"
#include "compiler/linear/map_form.hpp"

namespace spikeloom {

struct Layer {
  Source from;
  std::uint32_t delay = 0;
  std::uint32_t shift = 0;
  std::uint32_t bits = 8;  ///< narrowest of 8, 4, 2, 1 that holds every mantissa
  MapForm form;
  std::vector<std::int16_t> weight;  ///< by weight of the form; 0: no synapse
  /// Of a readout that does more than hand its potentials on: bit planes that hold every one of them, the
  /// last one of the sign. Else 0.
  std::uint32_t potential_planes = 0;
  bool is_of_numbers = false;  ///< a readout hands its potentials on (`hands_on`)
};

/// By PopulationId.
using Layers = std::vector<std::vector<Layer>>;

[[nodiscard]] Layers make_layers(const IntNetwork&);

}  // namespace spikeloom
