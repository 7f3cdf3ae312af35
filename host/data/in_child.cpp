#include "host/data/in_child.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <vector>

#include "compiler/base/error.hpp"

namespace spikeloom::readers {
namespace {

constexpr std::size_t kBytesPerSecond = std::size_t{1} << 22U;  // slower than any disk and inflate
constexpr rlim_t kLeastSeconds = 2;
constexpr rlim_t kMemory = rlim_t{16} << 30U;

void limit(int what, rlim_t to) {
  const rlimit both{to, to};
  setrlimit(static_cast<__rlimit_resource>(what), &both);
}

void confine(std::size_t file_bytes) {
  limit(RLIMIT_CORE, 0);
  limit(RLIMIT_CPU, kLeastSeconds + file_bytes / kBytesPerSecond);
#ifndef __SANITIZE_ADDRESS__  // whose own maps are terabytes
  limit(RLIMIT_AS, kMemory);
#endif
  if (const int null = open("/dev/null", O_RDWR); null >= 0) {
    dup2(null, STDOUT_FILENO);
    dup2(null, STDERR_FILENO);
  }
  for (const int number : {SIGXCPU, SIGSEGV, SIGBUS, SIGFPE, SIGABRT, SIGILL, SIGPIPE}) std::signal(number, SIG_DFL);
}

bool send(int to, const std::string& text) {
  for (std::size_t sent = 0; sent < text.size();) {
    const ssize_t n = write(to, text.data() + sent, text.size() - sent);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    sent += static_cast<std::size_t>(n);
  }
  return true;
}

}  // namespace

std::optional<std::string> in_child(std::size_t file_bytes, const std::function<std::string()>& work) {
  std::array<int, 2> ends{};
  if (pipe(ends.data()) != 0) throw input_error("cannot be read: no pipe to a reading process");
  const pid_t child = fork();
  if (child < 0) {
    close(ends[0]);
    close(ends[1]);
    throw input_error("cannot be read: no process to read it in");
  }
  if (child == 0) {
    close(ends[0]);
    confine(file_bytes);
    int code = 1;
    try {
      code = send(ends[1], work()) ? 0 : 1;
    } catch (...) {  // any end but 0 says so
    }
    _exit(code);
  }
  close(ends[1]);
  std::string text;
  std::vector<char> block(std::size_t{1} << 16U);
  while (true) {
    const ssize_t n = read(ends[0], block.data(), block.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    text.append(block.data(), static_cast<std::size_t>(n));
  }
  close(ends[0]);
  int status = 0;
  pid_t ended = 0;
  do {
    ended = waitpid(child, &status, 0);
  } while (ended < 0 && errno == EINTR);
  if (ended != child || !WIFEXITED(status) || WEXITSTATUS(status) != 0) return std::nullopt;
  return text;
}

}  // namespace spikeloom::readers
