// What holds a promise back, and what would relieve it, by trying.
#pragma once

#include <string>
#include <vector>

#include <spikeloom/explain.hpp>

#include "compiler/flow/compile.hpp"

namespace spikeloom {

/// Tries more clusters of every population, more pages, more slots for every source, more lanes (of the
/// default kind of tile) and shorter wheels.
///
/// Cost    some partitions and mappings for every population; `on_trial` is told of each.
[[nodiscard]] Explanation explain(const Compilation& compilation, const CompileOptions& options,
                                  const OnStage& on_trial);

}  // namespace spikeloom
