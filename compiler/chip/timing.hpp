// The hardware's constant latencies, in cycles: the only copy outside the RTL. docs/protocol.md, section 4.
#pragma once

#include <cstdint>

#include "compiler/chip/chip.hpp"

namespace spikeloom::timing {

/// Firing to page freed, without the words. Measured by tests/rtl_core, stated in
/// rtl/core/crossbar/crossbar_core.sv.
inline constexpr std::int64_t kIntegrate = 6;
/// Page freed to output buffer filled, without the update entries.
inline constexpr std::int64_t kUpdate = 7;

}  // namespace spikeloom::timing
