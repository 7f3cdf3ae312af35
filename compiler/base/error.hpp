// The one way in which Spikeloom fails. See docs/architecture.md, "Failing".
#pragma once

#include <string_view>

#include <spikeloom/error.hpp>

namespace spikeloom {

/// A bug in Spikeloom itself. No input may reach it.
[[noreturn]] void internal_error(std::string_view what, const char* file, int line);

}  // namespace spikeloom

/// Always on, in every build type.
#define SPIKELOOM_CHECK(condition)                                                 \
  do {                                                                             \
    if (!(condition)) ::spikeloom::internal_error(#condition, __FILE__, __LINE__); \
  } while (false)
