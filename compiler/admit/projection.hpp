// An operating point onto free tiles, numbers and slots.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "compiler/admit/chip_state.hpp"
#include "compiler/image/image.hpp"

namespace spikeloom {

/// Something of which there is too little. `where` and numbers as far as the kind has them.
struct Shortage {
  enum class Kind : std::uint8_t {
    kApplications,
    kTiles,
    kHostChannels,
    kHostCounters,
    kSinks,
    kSpikeSlots,
    kCreditSlots
  };
  Kind kind = Kind::kTiles;
  std::uint32_t needed = 0, free = 0;
  std::uint32_t wire = 0, wire_free = 0;  ///< of slots: the fullest wire on the way
  std::size_t channel = 0;                ///< of slots: of the binding
  std::uint32_t tile_kind = 0;            ///< of tiles
  [[nodiscard]] bool is_slots() const { return kind == Kind::kSpikeSlots || kind == Kind::kCreditSlots; }
};
[[nodiscard]] std::string describe(const Shortage&, const ChipState&, const Image&, const OperatingPoint&);

/// The point's binding on free resources. `attempt` > 0: other tiles than before, as far as there is a
/// choice.
/// Cost  traffic: O(tiles of the point × free tiles × neighbours); slots: O(channels × hops × words of a
///       wheel).
[[nodiscard]] std::variant<Binding, Shortage> project(const ChipState&, const OperatingPoint&,
                                                      const Application&, std::uint64_t attempt);

}  // namespace spikeloom
