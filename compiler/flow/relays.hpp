// Delays that are longer than a chip's pages hold: populations in between that repeat spikes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "compiler/chip/chip.hpp"
#include "compiler/golden/int_network.hpp"
#include "compiler/model/network.hpp"

namespace spikeloom {

struct Relayed {
  IntNetwork network;
  std::vector<std::string> notes;  ///< every relay population by name, for whom it is, and its size
};

/// The same network with no delay above `longest` steps, as far as relays can bring that about.
///
/// A relay repeats the spikes of a source `longest` steps later, neuron by neuron, or those of the relay
/// before it; "NAME@30" is what NAME sends 30 steps late. All projections from one source share its relays,
/// and only what some of them needs is repeated. An input with bit planes has a relay a plane, "NAME@30.0"
/// for the lowest: the first ones find the planes of the sum that they get by subtracting the planes above,
/// in the same step.
///
/// Order   populations, inputs and outputs keep their ids; relays stand behind them.
/// Law     every population of the network spikes as before, also where samples end between.
/// Left    as they are: delays from inputs whose planes are no thresholds in the network's state bits, and
///         from readouts.
[[nodiscard]] Relayed with_relays(IntNetwork network, std::uint32_t longest, std::uint32_t weight_bits);

/// The same for a chip: the longest delay that a kind of its tiles holds, a weight format of all kinds.
[[nodiscard]] Relayed with_relays(IntNetwork network, const Chip& chip);

/// For who asks without a chip: the delays that no chip's pages hold.
[[nodiscard]] std::vector<std::string> notes_on_delays(const Network& network);
[[nodiscard]] std::vector<std::string> notes_on_delays(const IntNetwork& network);

}  // namespace spikeloom
