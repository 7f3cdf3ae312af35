// An application's tables read back by their cores.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "compiler/chip/chip.hpp"
#include "compiler/partition/application.hpp"

namespace spikeloom {

struct DecodedTables {
  std::vector<std::string> faults;  ///< empty: the tables are a network's
  std::size_t neurons = 0;
  std::uint64_t synapses = 0;  ///< of all axons, a bit plane each, without zeros
  std::uint64_t looks = 0;     ///< at axons, weights and sums: what the work was
};

/// Checked  by each cluster's core, that its tables say each neuron and each row once; that chunk_bits are
///          the axons that there are, since firings are timed with them; that no sum of a neuron's input
///          leaves its accumulator, whatever spikes, and whatever numbers come of readouts within what their
///          own tables allow.
/// Assumed  `check` of the image finds no fault.
/// Cost     in axons and weights: a row is read once for each kind (Core::row_kinds), not for each axon.
[[nodiscard]] DecodedTables decode_tables(const Application&, const Chip&);

}  // namespace spikeloom
