// The file of a chip's state (JSON; its format is in README.md), and its lock.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "compiler/admit/chip_state.hpp"

namespace spikeloom {

/// The file that symbolic links at `path` lead to, there or not. One state has one name, however it is
/// called.
/// Throws  Error{kInput} where something other than a regular file is there, or links go in a circle.
[[nodiscard]] std::string state_path(const std::string& path);

/// The only holder of a state file's lock, until it goes: an exclusive flock on the file PATH.lock beside
/// state_path(PATH). The file goes with its holder; one that a killed process left is
/// nobody's, and goes with the next.
class StateLock {
 public:
  using OnWait = std::function<void(const std::string& lock_path)>;
  /// Waits for another holder at most `patience`; `on_wait` is called once if it has to.
  /// Throws  Error{kInput} naming the lock file where it cannot be made or is held for longer.
  StateLock(const std::string& path, std::chrono::milliseconds patience, const OnWait& on_wait = {});
  ~StateLock();
  StateLock(const StateLock&) = delete;
  StateLock& operator=(const StateLock&) = delete;

 private:
  std::string lock_;
  int file_ = -1;
};

[[nodiscard]] std::string encode_state(const ChipState& state);
/// Throws Error{kInput} that lists everything wrong with it; `name` stands in messages.
[[nodiscard]] ChipState decode_state(const std::string& text, const std::string& name);

/// None where there is no such file. Throws Error{kInput} for anything else than a state that `write_state`
/// wrote.
[[nodiscard]] std::optional<ChipState> read_state(const std::string& path);
/// A reader sees the old file or the new one. To be called under a StateLock. What is written has been read
/// back before.
/// Throws  Error{kInput} where the state could not be read again, or the file cannot be written; the old one
///         is as it was.
void write_state(const ChipState& state, const std::string& path);

}  // namespace spikeloom
