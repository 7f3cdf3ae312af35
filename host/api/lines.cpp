#include "host/api/lines.hpp"

#include <cstdarg>
#include <cstdio>
#include <string_view>

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

std::string shortened(const std::string& cycle) {
  constexpr std::size_t kLong = 600, kBegin = 300, kEnd = 150;
  constexpr std::string_view kStep = "]-> ";
  if (cycle.size() < kLong) return cycle;
  const std::size_t begin = cycle.rfind(kStep, kBegin), totals = cycle.rfind(" (");
  if (begin == std::string::npos || totals == std::string::npos || totals < kBegin + kEnd) return cycle;
  const std::size_t end = cycle.find(kStep, totals - kEnd);
  if (end == std::string::npos || end > totals) return cycle;
  std::size_t left_out = 0;
  for (std::size_t at = begin; (at = cycle.find(kStep, at + 1)) <= end;) ++left_out;
  return cycle.substr(0, begin + kStep.size()) + "... " + std::to_string(left_out) +
         " more, all of them in --json ... -> " + cycle.substr(end + kStep.size());
}

}  // namespace spikeloom
