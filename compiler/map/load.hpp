// What a binding asks of the spike network, in expected spikes.
#pragma once

#include "compiler/map/binding.hpp"

namespace spikeloom {

/// Spikes a step, from the calibrated activity; where there is none every neuron and axon counts one. A spike
/// counts once for every destination of its channels.
struct NetworkLoad {
  double from_host = 0;      ///< into tiles
  double between_tiles = 0;  ///< to another tile than its own
  double hops = 0;           ///< routers passed by all of them, those to the host included
};
[[nodiscard]] NetworkLoad network_load(const Application&, const Binding&);

/// Expected flits that a cluster sends in a step: its chunks with a spike, and the end-of-step.
[[nodiscard]] double expected_flits(const Cluster&);

}  // namespace spikeloom
