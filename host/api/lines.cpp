#include "host/api/lines.hpp"

#include <cstdarg>
#include <cstdio>

#include "compiler/base/error.hpp"

namespace spikeloom {

std::string line(const char* format, ...) {
  va_list arguments, again;
  va_start(arguments, format);
  va_copy(again, arguments);
  const int size = std::vsnprintf(nullptr, 0, format, arguments);
  va_end(arguments);
  SPIKELOOM_CHECK(size >= 0);
  std::string text(static_cast<std::size_t>(size) + 1, '\0');
  std::vsnprintf(text.data(), text.size(), format, again);
  va_end(again);
  text.pop_back();
  return text;
}

}  // namespace spikeloom
