// The kernel's contract (rtl/hardware.toml, [kernel]) over any link: a card whose chip is the `model` device,
// without RTL.
#pragma once

#include <memory>

#include "compiler/chip/chip.hpp"
#include "compiler/chip_model/link.hpp"
#include "host/emulation/kernel_model.hpp"
#include "host/emulation/memory.hpp"

namespace spikeloom::emulation {

/// A clock cycle is one look at the link; `cycles` of a run count those, not the chip's.
[[nodiscard]] std::unique_ptr<KernelModel> kernel_over(std::unique_ptr<Link> link, const Chip& chip,
                                                       SparseMemory& memory);

}  // namespace spikeloom::emulation
