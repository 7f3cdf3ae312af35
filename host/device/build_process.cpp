#include "host/device/build_process.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <thread>

#include "compiler/base/error.hpp"

namespace spikeloom {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kPoll = std::chrono::milliseconds(50);  // longest pause between two looks
constexpr int kNotFound = 127;                         // as a shell ends

// Between fork and exec of a process with threads only what POSIX calls async-signal-safe may be called.

extern "C" void kill_own_group(int) { kill(0, SIGKILL); }

[[noreturn]] void be_program(char* const* arguments, const char* log, const char* folder, pid_t leader) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != leader) _exit(kNotFound);
  std::signal(SIGTERM, SIG_DFL);
  const int in = ::open("/dev/null", O_RDONLY);
  const int out = ::open(log, O_WRONLY | O_CREAT | O_APPEND, 0644);
  if (in < 0 || out < 0 || chdir(folder) != 0) _exit(kNotFound);
  dup2(in, STDIN_FILENO);
  dup2(out, STDOUT_FILENO);
  dup2(out, STDERR_FILENO);
  execvp(arguments[0], arguments);
  _exit(kNotFound);
}

/// Waits for the program and ends as it does. The death of the thread that made the group, or a SIGTERM, is
/// the death of all in it.
[[noreturn]] void be_leader(char* const* arguments, const char* log, const char* folder, pid_t parent) {
  setpgid(0, 0);
  std::signal(SIGTERM, kill_own_group);
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (getppid() != parent) _exit(kNotFound);
  const pid_t self = getpid();
  const pid_t program = fork();
  if (program == 0) be_program(arguments, log, folder, self);
  int status = 0;
  while (program > 0 && waitpid(program, &status, 0) < 0 && errno == EINTR) {
  }
  _exit(program > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : 1);
}

}  // namespace

BuildProcess::BuildProcess(const std::vector<std::string>& command, const std::filesystem::path& log,
                           const std::filesystem::path& in)
    : name_(command.front()) {
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  const pid_t parent = getpid();
  leader_ = fork();
  if (leader_ < 0) throw device_error(name_ + ": cannot be started: " + std::strerror(errno));
  if (leader_ == 0) be_leader(arguments.data(), log.c_str(), in.c_str(), parent);
  setpgid(leader_, leader_);  // whichever of the two is first
}

BuildProcess::~BuildProcess() {
  if (leader_ <= 0) return;
  kill(-leader_, SIGKILL);
  while (waitpid(leader_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

bool BuildProcess::wait(const std::function<void()>& meanwhile, Clock::duration patience) {
  const auto deadline = Clock::now() + patience;
  int status = 0;
  for (Clock::duration pause = std::chrono::milliseconds(1);;
       pause = std::min<Clock::duration>(2 * pause, kPoll)) {
    const pid_t ended = waitpid(leader_, &status, WNOHANG);
    if (ended == leader_) break;
    if (ended < 0 && errno != EINTR) throw device_error(name_ + ": " + std::strerror(errno));
    if (Clock::now() > deadline)
      throw device_error(name_ + ": not done after " +
                         std::to_string(std::chrono::duration_cast<std::chrono::minutes>(patience).count()) +
                         " minutes; stopped");
    meanwhile();
    std::this_thread::sleep_for(pause);
  }
  leader_ = -1;
  if (WIFEXITED(status) && WEXITSTATUS(status) == kNotFound)
    throw device_error(name_ + ": cannot be started; is it installed, and may it be run?");
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

std::string printed_by(const std::vector<std::string>& command) {
  // A file without a name: nobody has to remove it. The program opens it by its number, which it inherits.
  const int file = memfd_create("printed", 0);
  if (file < 0) throw device_error(command.front() + ": no room for what it prints: " + std::strerror(errno));
  std::string text;
  bool good = false;
  try {
    BuildProcess process(command, "/proc/self/fd/" + std::to_string(file));
    good = process.wait([] {}, std::chrono::minutes(10));
    std::array<char, 4096> block{};
    for (ssize_t n = 0; (n = pread(file, block.data(), block.size(), static_cast<off_t>(text.size()))) > 0;)
      text.append(block.data(), static_cast<std::size_t>(n));
  } catch (...) {
    close(file);
    throw;
  }
  close(file);
  return good ? text : "";
}

}  // namespace spikeloom
