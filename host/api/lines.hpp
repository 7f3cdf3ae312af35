// Lines for people, by printf's formats.
#pragma once

#include <string>

namespace spikeloom {

/// What printf would print.
[[nodiscard]] __attribute__((format(printf, 1, 2))) std::string line(const char* format, ...);

}  // namespace spikeloom
