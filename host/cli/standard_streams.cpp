#include "host/cli/standard_streams.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace spikeloom::cli {

void hold_standard_streams() {
  for (int number = STDIN_FILENO; number <= STDERR_FILENO; ++number) {
    if (fcntl(number, F_GETFD) >= 0 || errno != EBADF) continue;
    // Opened the wrong way round, so that its use is an error as before. The lowest free number is taken,
    // which is this one.
    if (open("/dev/null", number == STDIN_FILENO ? O_WRONLY : O_RDONLY) < 0) return;
  }
}

std::optional<std::string> flush_standard_output() {
  errno = 0;
  const bool flushed = std::fflush(stdout) == 0;
  const int code = errno;
  if (flushed && std::ferror(stdout) == 0) return std::nullopt;
  // An error of an earlier write has left no number.
  return std::string(flushed || code == 0 ? "not all that was printed could be written"
                                          : std::strerror(code));
}

}  // namespace spikeloom::cli
