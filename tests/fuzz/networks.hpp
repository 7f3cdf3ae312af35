// What the targets of NIR files share.
#pragma once

#include "compiler/model/nir.hpp"
#include "tests/fuzz/target.hpp"

namespace spikeloom::fuzz {

/// The network that the graph means, under a few semantics: what comes without a problem keeps its promises.
void elaborate_all(const NirGraph& graph);

}  // namespace spikeloom::fuzz
