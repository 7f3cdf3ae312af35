// The one way in which Spikeloom fails: an Error with a kind and a text for people.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <spikeloom/export.hpp>

namespace SPIKELOOM_API spikeloom {

/// Who can mend it; decides the exit code of the command.
enum class ErrorKind {
  kInput,   ///< a file, option or network that cannot be used: exit code 2
  kDevice,  ///< a device, its build or its link: exit code 3
};

/// Wrong input or a failing device. The text names the thing, what was expected, what was found
/// and what to do; each level that lets it through puts its own place before it with `within`.
class Error : public std::runtime_error {
 public:
  Error(ErrorKind kind, const std::string& text) : std::runtime_error(text), kind_(kind) {}
  [[nodiscard]] ErrorKind kind() const { return kind_; }
  /// The same error with `place: ` before its text.
  [[nodiscard]] Error within(std::string_view place) const {
    return {kind_, std::string(place) + ": " + what()};
  }

 private:
  ErrorKind kind_;
};

[[nodiscard]] inline Error input_error(const std::string& text) { return {ErrorKind::kInput, text}; }
[[nodiscard]] inline Error device_error(const std::string& text) { return {ErrorKind::kDevice, text}; }

/// Collects everything that is wrong with an input, so that the user hears of all of it at once.
class Problems {
 public:
  void add(std::string text) { list_.push_back(std::move(text)); }
  [[nodiscard]] bool empty() const { return list_.empty(); }
  [[nodiscard]] const std::vector<std::string>& list() const { return list_; }
  /// Throws one Error{kInput} that lists all of them, in the order they were added; nothing when empty.
  void throw_if_any(std::string_view subject) const;

 private:
  std::vector<std::string> list_;
};

}  // namespace spikeloom
