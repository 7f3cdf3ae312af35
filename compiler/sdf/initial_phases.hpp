// Phases that an actor goes through once, before the others for ever.
#pragma once

#include <cstdint>
#include <vector>

#include "compiler/sdf/phased_graph.hpp"

namespace spikeloom::sdf {

/// Tokens that the initial phases of a channel's ends write and read; empty for an actor without.
struct InitialRates {
  std::vector<std::int64_t> produce, consume;
};

/// `graph` as it stands when every actor has just been through its initial phases (and others have fired as
/// often as these need): other tokens, and phases that begin where their actor then is. What repeats for ever
/// is the same: a cycle's tokens do not change when actors fire, so neither does the period, and as the order
/// of firings does not matter the graph is stuck in the end if and only if this one is.
///
/// Shape   count: initial phases, by actor. rates: by channel.
/// Throws  Error{kInput} naming the channel on which an initial phase waits for ever, and where they need
///         more than ten million firings.
[[nodiscard]] PhasedGraph after_initial_phases(const PhasedGraph& graph,
                                               const std::vector<std::int64_t>& count,
                                               const std::vector<InitialRates>& rates);

}  // namespace spikeloom::sdf
