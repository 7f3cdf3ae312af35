// The `model` device: the RTL's every bit and every cycle, computed firing by firing.
//
// Time needs no clock: nothing in the chip arbitrates at run time, so every process (sequencer,
// channel, credit slot, host source) is a function from the time stamps of its inputs to those of its
// outputs. Each runs as soon as its inputs are known (a Kahn network with time stamps), in any order.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "compiler/chip/chip.hpp"
#include "compiler/chip_model/link.hpp"
#include "compiler/core/core.hpp"
#include "compiler/core/tile_memory.hpp"

namespace spikeloom {

/// What the model can tell beyond what a chip can: for reports, not for promises.
struct ModelStatistics {
  std::int64_t synaptic_operations = 0;  ///< spikes × weights other than 0 that they met
  std::int64_t firings = 0;
  std::int64_t busy = 0;  ///< cycles in firings, all tiles
};

/// A firing as it is computed; firings of one tile come in order, those of different tiles in any.
struct ModelFiring {
  std::uint32_t node = 0;  ///< ring node of the tile
  std::uint32_t context = 0;
  std::int64_t start = 0;  ///< cycle
  std::int64_t work = 0;   ///< cycles to the full output buffer
  std::uint32_t pages = 0;
  bool sample_end = false;
  bool is_void = false;  ///< its last page is void: the core has no part in it
};

/// What a firing of a tile's context computes.
using FiringSource = std::function<device_model::Firing(std::uint32_t node, std::uint32_t context)>;
using FiringSink =
    std::function<void(std::uint32_t node, std::uint32_t context, const device_model::Firing&)>;

class ModelLink : public Link {
 public:
  /// Firings take their values from there instead of computing them, context by context in order; potentials
  /// are not kept up then. Null: computes them.
  virtual void take_values_from(FiringSource source) = 0;
  /// Called with what every firing has computed. Null: nobody.
  virtual void give_values_to(FiringSink sink) = 0;
  [[nodiscard]] virtual const ModelStatistics& statistics() const = 0;
  /// The first cycle from which nothing of what was sent so far moves any more.
  [[nodiscard]] virtual std::int64_t quiet_from() const = 0;
  /// Called after every firing, when its state is in place.
  virtual void observe(std::function<void(const ModelFiring&)> observer) = 0;
  /// Potential of neuron `position` of a context, as the last firing left it.
  [[nodiscard]] virtual std::int32_t potential(std::uint32_t node, std::uint32_t context,
                                               std::uint32_t position) const = 0;
  /// Bit p: neuron p spiked on the last page of the context's last firing. Empty of a readout.
  [[nodiscard]] virtual std::vector<bool> spikes(std::uint32_t node, std::uint32_t context,
                                                 std::uint32_t neurons) const = 0;
};

[[nodiscard]] std::unique_ptr<ModelLink> open_model(const Chip& chip);

/// The core of one tile.
struct TileCore {
  std::unique_ptr<CoreModel> model;
  std::uint32_t pages = 1;  ///< at most, a firing
};
/// The same with cores that stand in no table, for tests: asked for every tile by its ring node.
[[nodiscard]] std::unique_ptr<ModelLink> open_model(
    const Chip& chip, const std::function<TileCore(std::uint32_t node, device_model::TileMemory&)>& core);

}  // namespace spikeloom
