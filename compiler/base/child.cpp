#include "compiler/base/child.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <fstream>
#include <vector>

#include "compiler/base/error.hpp"

namespace spikeloom {
namespace {

void limit(int what, rlim_t to) {
  const rlimit both{to, to};
  setrlimit(static_cast<__rlimit_resource>(what), &both);
}

void confine(const ChildLimits& limits) {
  limit(RLIMIT_CORE, 0);
  limit(RLIMIT_CPU, limits.seconds);
  alarm(10 * limits.seconds);
#ifndef __SANITIZE_ADDRESS__  // whose own maps are terabytes
  std::size_t pages = 0;
  if (std::ifstream("/proc/self/statm") >> pages)
    limit(RLIMIT_AS, pages * static_cast<std::size_t>(sysconf(_SC_PAGESIZE)) + limits.memory);
#endif
  if (const int null = open("/dev/null", O_RDWR); null >= 0) {
    dup2(null, STDOUT_FILENO);
    dup2(null, STDERR_FILENO);
  }
  for (const int number : {SIGALRM, SIGXCPU, SIGSEGV, SIGBUS, SIGFPE, SIGABRT, SIGILL, SIGPIPE})
    std::signal(number, SIG_DFL);
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

std::string receive(int from) {
  std::string text;
  std::vector<char> block(std::size_t{1} << 16U);
  for (;;) {
    const ssize_t n = read(from, block.data(), block.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return text;
    text.append(block.data(), static_cast<std::size_t>(n));
  }
}

/// True if the child ended by itself and well.
bool ended_well(pid_t child) {
  int status = 0;
  pid_t ended = 0;
  do {
    ended = waitpid(child, &status, 0);
  } while (ended < 0 && errno == EINTR);
  // Where the caller ignores SIGCHLD there is no status; what was sent is then all there is to judge by.
  return ended < 0 || (WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

}  // namespace

std::optional<std::string> in_child(const ChildLimits& limits, const std::function<std::string()>& work) {
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
    confine(limits);
    int code = 1;
    try {
      code = send(ends[1], work()) ? 0 : 1;
    } catch (...) {  // any end but 0 says so
    }
    _exit(code);
  }
  close(ends[1]);
  std::string text = receive(ends[0]);
  close(ends[0]);
  const bool good = ended_well(child);
  return good && !text.empty() ? std::optional(std::move(text)) : std::nullopt;
}

}  // namespace spikeloom
