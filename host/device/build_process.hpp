// A program that builds something, with everything that it starts.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace spikeloom {

/// A program in a process group of its own. No part of the group outlives this object, nor the thread that
/// made it: a compiler is not left behind by `make` that is stopped, or by us when we are killed.
///
/// Threads  the thread that made it waits for it; its end is the group's.
/// Throws   Error{kDevice} where no process can be made.
class BuildProcess {
 public:
  /// `command` begins with the program, looked for on PATH. What it prints is added to the file `log`; it
  /// reads nothing and runs in the folder `in`.
  BuildProcess(const std::vector<std::string>& command, const std::filesystem::path& log,
               const std::filesystem::path& in = "/");
  ~BuildProcess();
  BuildProcess(const BuildProcess&) = delete;
  BuildProcess& operator=(const BuildProcess&) = delete;

  /// Calls `meanwhile` now and then; true when the program ended well. Throws Error{kDevice} where it has not
  /// ended after `patience`.
  bool wait(const std::function<void()>& meanwhile, std::chrono::steady_clock::duration patience);

 private:
  std::string name_;
  pid_t leader_ = -1;  ///< of the group: it waits for the program; -1: ended and waited for
};

/// What the program prints, all of it; nothing where it does not end well.
[[nodiscard]] std::string printed_by(const std::vector<std::string>& command);

}  // namespace spikeloom
