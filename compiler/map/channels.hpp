// Channels, their numbers and their slots.
#pragma once

#include <string>

#include "compiler/base/rng.hpp"
#include "compiler/map/map.hpp"

namespace spikeloom {

/// Fills binding.channels (without slots) from its placement. False with `reason`: a table is too small.
[[nodiscard]] bool form_channels(const Application&, const Chip&, Binding&, std::string& reason);

/// The longest tables that a binding uses, whatever the chip has.
struct TableNeeds {
  std::uint32_t tile_channels = 0, tile_counters = 0, deliveries = 0;  ///< of the tile that needs the most
  std::uint32_t host_channels = 0, host_counters = 0;
};
[[nodiscard]] TableNeeds needs_of(const Binding&, const Chip&);

/// Wheels with a slot for every channel of the busiest wire; shorter ones have not, longer ones may not
/// either.
struct Wheels {
  std::uint32_t spikes = 0, credits = 0;
};
[[nodiscard]] Wheels least_wheels(const Chip&, const Binding&);

/// Gives every channel spike slots and every destination credit slots. False with `reason`: one found none.
[[nodiscard]] bool allocate_slots(const Application&, const Chip&, const MapOptions&, Binding&,
                                  std::string& reason);

}  // namespace spikeloom
