// What the contract suite asks of a core: random networks that it accepts, and chips that have it.
#pragma once

#include <vector>

#include "compiler/base/rng.hpp"
#include "compiler/core/core.hpp"
#include "tests/partition/random_network.hpp"

namespace spikeloom::test {

struct CoreInputs {
  const Core* core = nullptr;
  IntNetwork (*network)(Rng&, NetworkSize) = nullptr;  ///< `problems` finds nothing in it
  Chip (*chip)(Rng&) = nullptr;  ///< every tile has the core; room for every such network
  bool readouts = false;         ///< the networks have readouts
};

/// Of every folder tests/core/KIND; each defines KIND_inputs() in inputs.cpp.
[[nodiscard]] std::vector<CoreInputs> all_core_inputs();

}  // namespace spikeloom::test
