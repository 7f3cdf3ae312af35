// What the two ways of `spikeloom run` share.
#pragma once

#include "host/cli/commands.hpp"
#include "host/cli/progress_line.hpp"
#include "host/cli/run_progress_line.hpp"

namespace spikeloom::cli {

/// The command's options for the library. Progress is told on a terminal only; keeps both references.
[[nodiscard]] RunOptions run_options(const RunCommand& command, ProgressLine& line,
                                     RunProgressLine& progress);
/// False, and said, where the mean period is above --max-period.
[[nodiscard]] bool is_period_short(const RunCommand& command, const Report& report);
/// Several applications: --admit and --release.
int run_shared(const RunCommand& command);

}  // namespace spikeloom::cli
