// The event-driven core: docs/protocol.md, section 7; rtl/core/crossbar.
#pragma once

#include "compiler/core/core.hpp"

namespace spikeloom::crossbar {

[[nodiscard]] const Core& core();

}  // namespace spikeloom::crossbar
