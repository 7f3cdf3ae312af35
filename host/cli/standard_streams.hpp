// Standard input, output and error of a program, as it finds them and as it leaves them.
#pragma once

#include <optional>
#include <string>

namespace spikeloom::cli {

/// To be called first in a program. A stream that was closed at start leaves its number (0 to 2) to whatever
/// is opened next, which prints and child processes then write into. Such a number is taken here: reading
/// from it, or writing to it, goes on failing.
void hold_standard_streams();

/// To be called last: writes out what standard output still holds. The reason where some of what was printed
/// has not arrived; nothing where all has.
[[nodiscard]] std::optional<std::string> flush_standard_output();

}  // namespace spikeloom::cli
