// The systolic core's answers to the contract: compiler/core/systolic/README.md.
#pragma once

#include "compiler/core/core.hpp"

namespace spikeloom::systolic {

[[nodiscard]] const Core& core();

}  // namespace spikeloom::systolic
