// Sessions: every word that crossed a link, as a text file that replays at a desk.
#pragma once

#include <cstddef>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "compiler/chip_model/link.hpp"

namespace spikeloom {

/// Wraps a link: writes "spikeloom session 1", the device's description, then a line per word,
/// "> 16 hex digits" to the device, "< …" from it, in the order in which the host saw them.
/// Throws Error{kDevice} when the file cannot be written.
[[nodiscard]] std::unique_ptr<Link> record(std::unique_ptr<Link> inner, const std::string& path);

struct SessionEvent {
  enum class Way { kToDevice, kFromDevice } way;
  Word word;
  friend bool operator==(const SessionEvent&, const SessionEvent&) = default;
};

struct SessionRecord {
  std::string device;  ///< description of the device that was recorded
  std::vector<SessionEvent> events;
};

/// Throws Error{kInput} with the line that is not one of a session.
[[nodiscard]] SessionRecord read_recording(std::istream& file, const std::string& name);
[[nodiscard]] SessionRecord read_recording(const std::string& path);

/// The first word from the device that differs from the session.
struct SessionDifference {
  std::size_t index;                    ///< how many of its kind came before it
  std::optional<Word> expected, found;  ///< absent: there was none
};

/// Sends a session's words to a device and compares what comes back. A word is sent no earlier than in
/// the session: after as many words from the device. Ring answers, words of the run and SENT stamps are
/// each compared among themselves, since how the three interleave depends on the host's speed.
/// Returns the first difference, if any.
[[nodiscard]] std::optional<SessionDifference> replay(const SessionRecord& session, Link& link);

}  // namespace spikeloom
