// The `model` device: the RTL's every bit and every cycle, computed firing by firing.
//
// Time needs no clock: nothing in the chip arbitrates at run time, so every process (sequencer,
// channel, credit slot, host source) is a function from the time stamps of its inputs to those of its
// outputs. Each runs as soon as its inputs are known (a Kahn network with time stamps), in any order.
#pragma once

#include <memory>

#include "compiler/chip/chip.hpp"
#include "host/device/link.hpp"

namespace spikeloom {

/// What the model can tell beyond what a chip can: for reports, not for promises.
struct ModelStatistics {
  std::int64_t synaptic_operations = 0;  ///< spikes × weights other than 0 that they met
  std::int64_t firings = 0;
  std::int64_t busy = 0;  ///< cycles in firings, all tiles
};

class ModelLink : public Link {
 public:
  [[nodiscard]] virtual const ModelStatistics& statistics() const = 0;
};

[[nodiscard]] std::unique_ptr<ModelLink> open_model(const Chip& chip);

}  // namespace spikeloom
