// The core that counts votes: rtl/core/tally. The example of docs/adding-a-core.md.
#pragma once

#include "compiler/core/core.hpp"

namespace spikeloom::tally {

[[nodiscard]] const Core& core();

}  // namespace spikeloom::tally
