// The file of a chip's state (JSON; its format is in README.md), and its lock.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "compiler/admit/chip_state.hpp"

namespace spikeloom {

/// The only holder of a state file's lock, until it goes: an exclusive flock on the file PATH.lock, which stays.
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
  int file_ = -1;
};

[[nodiscard]] std::string encode_state(const ChipState& state);
/// Throws Error{kInput} that lists everything wrong with it; `name` stands in messages.
[[nodiscard]] ChipState decode_state(const std::string& text, const std::string& name);

/// None where there is no such file. Throws Error{kInput} for anything else than a state that `write_state` wrote.
[[nodiscard]] std::optional<ChipState> read_state(const std::string& path);
/// A reader sees the old file or the new one. To be called under a StateLock.
void write_state(const ChipState& state, const std::string& path);

}  // namespace spikeloom
