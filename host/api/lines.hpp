// Lines for people, by printf's formats.
#pragma once

#include <string>

namespace spikeloom {

/// What printf would print.
[[nodiscard]] __attribute__((format(printf, 1, 2))) std::string line(const char* format, ...);

/// A cycle of firings as compiler/sdf describes it, a -[x]-> b -[y]-> a (5 cycles, ...): a long one by its
/// ends and its totals, for a terminal; the report has the whole.
[[nodiscard]] std::string shortened(const std::string& cycle);

}  // namespace spikeloom
