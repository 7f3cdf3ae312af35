// How long work is getting on, for a person who watches.
#pragma once

#include <cstdio>
#include <string>

#include <unistd.h>

namespace spikeloom::cli {

/// One line on stderr that rewrites itself, on a terminal only.
class ProgressLine {
 public:
  void show(const std::string& text) {
    if (isatty(STDERR_FILENO) == 0) return;
    std::fprintf(stderr, "\r\033[K%s", text.c_str());
    std::fflush(stderr);
    shown_ = true;
  }
  ~ProgressLine() {
    if (shown_) std::fprintf(stderr, "\r\033[K");
  }

 private:
  bool shown_ = false;
};

}  // namespace spikeloom::cli
