// The stages up to the numbers that a chip computes: quantised, and calibrated where there are data.
#pragma once

#include "compiler/flow/compile.hpp"
#include "compiler/flow/stage_runner.hpp"

namespace spikeloom {

/// A compilation without its image.
[[nodiscard]] Compilation numbers_of(StageRunner& runner, CompileInput input, const Chip& chip,
                                     const CompileOptions& options);

}  // namespace spikeloom
