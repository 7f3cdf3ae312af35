#include "compiler/base/child.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <fstream>
#include <new>
#include <vector>

#include "compiler/base/error.hpp"

// Whose own maps are terabytes.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SPIKELOOM_SANITIZED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SPIKELOOM_SANITIZED
#endif
#endif
#ifdef SPIKELOOM_COVERAGE
extern "C" void __gcov_dump();
#endif

namespace spikeloom {
namespace {

constexpr int kWell = 0, kThrew = 1, kOutOfMemory = 2;  ///< exit codes of the child

void limit(int what, rlim_t soft, rlim_t hard) {
  const rlimit both{soft, hard};
  setrlimit(static_cast<__rlimit_resource>(what), &both);
}

void confine(const ChildLimits& limits, pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(kThrew);  // the parent died before it could be asked for
  limit(RLIMIT_CORE, 0, 0);
  limit(RLIMIT_CPU, limits.seconds, limits.seconds + 1);  // the soft limit's signal tells what happened
#ifndef SPIKELOOM_SANITIZED
  std::size_t pages = 0;
  if (std::ifstream("/proc/self/statm") >> pages) {
    const rlim_t most = pages * static_cast<std::size_t>(sysconf(_SC_PAGESIZE)) + limits.memory;
    limit(RLIMIT_AS, most, most);
  }
#endif
  if (const int null = open("/dev/null", O_RDWR); null >= 0) {
    dup2(null, STDOUT_FILENO);
    dup2(null, STDERR_FILENO);
  }
  for (const int number : {SIGXCPU, SIGSEGV, SIGBUS, SIGFPE, SIGABRT, SIGILL, SIGPIPE})
    std::signal(number, SIG_DFL);
}

/// The same file under a number from 3 on: 0 to 2 may be free, and the child points them elsewhere.
int above_standard(int descriptor) {
  if (descriptor > STDERR_FILENO) return descriptor;
  const int moved = fcntl(descriptor, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  close(descriptor);
  return moved;
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

ChildAnswer::End end_of(pid_t child) {
  int status = 0;
  pid_t ended = 0;
  do {
    ended = waitpid(child, &status, 0);
  } while (ended < 0 && errno == EINTR);
  // Where the caller ignores SIGCHLD there is no status; what was sent is then all there is to judge by.
  if (ended < 0 || (WIFEXITED(status) && WEXITSTATUS(status) == kWell)) return ChildAnswer::End::kWell;
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU) return ChildAnswer::End::kTimeLimit;
  if (WIFEXITED(status) && WEXITSTATUS(status) == kOutOfMemory) return ChildAnswer::End::kMemoryLimit;
  return ChildAnswer::End::kDied;
}

}  // namespace

ChildAnswer in_child(const ChildLimits& limits, const std::function<std::string()>& work) {
  std::array<int, 2> ends{};
  if (pipe(ends.data()) != 0) throw input_error("cannot be read: no pipe to a reading process");
  for (int& end : ends) end = above_standard(end);
  if (ends[0] < 0 || ends[1] < 0) throw input_error("cannot be read: too many files are open");
  const pid_t parent = getpid();
  const pid_t child = fork();
  if (child < 0) {
    close(ends[0]);
    close(ends[1]);
    throw input_error("cannot be read: no process to read it in");
  }
  if (child == 0) {
    close(ends[0]);
    confine(limits, parent);
    int code = kThrew;
    try {
      code = send(ends[1], work()) ? kWell : kThrew;
    } catch (const std::bad_alloc&) {
      code = kOutOfMemory;
    } catch (...) {  // its code says so
    }
#ifdef SPIKELOOM_COVERAGE
    __gcov_dump();  // which _exit does not do
#endif
    _exit(code);
  }
  close(ends[1]);
  std::string text = receive(ends[0]);
  close(ends[0]);
  const ChildAnswer::End end = end_of(child);
  if (end != ChildAnswer::End::kWell) return {end};
  if (text.empty()) return {ChildAnswer::End::kDied};
  return {end, std::move(text)};
}

}  // namespace spikeloom
