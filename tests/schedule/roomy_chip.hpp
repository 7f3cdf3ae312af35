// One chip for tests of the schedule whose networks must never be short of memory.
#pragma once

#include "compiler/chip/chip.hpp"

namespace spikeloom::test {

inline Chip roomy_chip() {
  Chip chip;
  chip.name = "roomy";
  chip.spike_wheel = chip.credit_wheel = 64;
  chip.tile.lanes = 16;
  chip.tile.lif_lanes = 4;
  chip.tile.contexts = 16;
  chip.tile.page_rows = 64;
  chip.tile.page_chunks = 128;
  chip.tile.state_words = 1024;
  chip.tile.param_sets = 256;
  chip.tile.weight_words = 16384;
  chip.tile.axon_entries = 4096;
  chip.tile.chunk_entries = 1024;
  chip.tile.update_entries = 1024;
  chip.tile.out_entries = 256;
  chip.tile.deliveries = 63;
  chip.tile.credit_counters = 64;
  chip.tile.channels = 32;
  chip.tile.order_entries = 64;
  chip.host.channels = 64;
  chip.host.credit_counters = 256;
  return chip;
}

}  // namespace spikeloom::test
