#include "compiler/base/error.hpp"

#include <cstdio>
#include <cstdlib>

namespace spikeloom {

void Problems::throw_if_any(std::string_view subject) const {
  if (list_.empty()) return;
  std::string text(subject);
  if (list_.size() == 1) {
    text += ": " + list_.front();
  } else {
    text += ": " + std::to_string(list_.size()) + " problems:";
    for (const std::string& problem : list_) text += "\n  - " + problem;
  }
  throw input_error(text);
}

void internal_error(std::string_view what, const char* file, int line) {
  std::fprintf(stderr, "spikeloom: internal error: %.*s does not hold (%s:%d); please report this\n",
               static_cast<int>(what.size()), what.data(), file, line);
  std::abort();
}

}  // namespace spikeloom
