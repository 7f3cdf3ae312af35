#include "host/device/link_record.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <map>
#include <span>
#include <utility>

#include "compiler/base/error.hpp"
#include "spikeloom_hw.hpp"

namespace spikeloom {
namespace {

constexpr const char* kHeader = "spikeloom session 1";
constexpr std::string_view kDevicePrefix = "device ";

std::string hex(Word word) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text(16, '0');
  for (std::size_t i = 16; i-- > 0; word >>= 4U) text[i] = kDigits[word & 15U];
  return text;
}

class RecordingLink final : public Link {
 public:
  RecordingLink(std::unique_ptr<Link> inner, const std::string& path)
      : inner_(std::move(inner)), path_(path), file_(path) {
    file_ << kHeader << "\n" << kDevicePrefix << inner_->describe() << "\n";
    check();
  }
  std::size_t send(std::span<const Word> words) override {
    const std::size_t count = inner_->send(words);
    write('>', words.first(count));
    return count;
  }
  std::size_t receive(std::span<Word> words) override {
    const std::size_t count = inner_->receive(words);
    write('<', words.first(count));
    return count;
  }
  bool progress() override {
    if (unwritten_ > 0) {  // so that a session survives a crash of what comes next
      file_.flush();
      check();
      unwritten_ = 0;
    }
    return inner_->progress();
  }
  [[nodiscard]] std::string describe() const override { return inner_->describe(); }

 private:
  void write(char way, std::span<const Word> words) {
    for (const Word word : words) file_ << way << ' ' << hex(word) << '\n';
    unwritten_ += words.size();
  }
  void check() const {
    if (!file_) throw device_error(path_ + ": the session cannot be written");
  }

  std::unique_ptr<Link> inner_;
  std::string path_;
  std::ofstream file_;
  std::size_t unwritten_ = 0;
};

std::optional<SessionEvent> parse_event(const std::string& line) {
  if (line.size() != 18 || (line[0] != '>' && line[0] != '<') || line[1] != ' ') return std::nullopt;
  Word word = 0;
  for (const char c : std::string_view(line).substr(2)) {
    if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) return std::nullopt;
    word = word << 4U | static_cast<Word>(c <= '9' ? c - '0' : c - 'a' + 10);
  }
  return SessionEvent{line[0] == '>' ? SessionEvent::Way::kToDevice : SessionEvent::Way::kFromDevice, word};
}

/// Words whose order among themselves does not depend on the host's speed.
enum class Group { kAnswer, kSent, kOutput };

Group group_of(Word word) {
  const auto kind = hw::WordRing::unpack(word).kind;
  return kind == hw::kKindRingAnswer ? Group::kAnswer
         : kind == hw::kKindOutSent  ? Group::kSent
                                     : Group::kOutput;
}

/// The count of frozen clock cycles is the host's speed itself; everything else must be equal.
bool same(Word expected, Word found) {
  if (expected == found) return true;
  const auto a = hw::WordRing::unpack(expected);
  const auto b = hw::WordRing::unpack(found);
  return a.kind == hw::kKindRingAnswer && b.kind == a.kind && a.node == 0 && b.node == 0 &&
         a.address == b.address && (a.address & ~hw::kAddrNodeHigh) == hw::kAddrNodeFrozen;
}

class Replay {
 public:
  Replay(const SessionRecord& session, Link& link) : link_(link) {
    std::size_t from_device = 0;
    for (const SessionEvent& event : session.events)
      if (event.way == SessionEvent::Way::kToDevice) {
        to_send_.push_back({event.word, from_device});
      } else {
        expected_[group_of(event.word)].push_back(event.word);
        ++from_device;
      }
  }

  std::optional<SessionDifference> run() {
    for (;;) {
      const bool sent = send();
      const bool received = receive();
      if (difference_) return difference_;
      if (!link_.progress() && !sent && !received && !receive() && !send()) break;
    }
    if (!difference_) find_missing();
    return difference_;
  }

 private:
  struct Sending {
    Word word;
    std::size_t after;  ///< words from the device that come first
  };

  bool send() {
    bool any = false;
    while (next_ < to_send_.size() && to_send_[next_].after <= received_ &&
           link_.send(std::span(&to_send_[next_].word, 1)) == 1) {
      ++next_;
      any = true;
    }
    return any;
  }

  bool receive() {
    std::array<Word, 256> words{};
    const std::size_t count = link_.receive(words);
    for (const Word word : std::span(words).first(count)) compare(word);
    received_ += count;
    return count != 0;
  }

  void compare(Word word) {
    const std::vector<Word>& list = expected_[group_of(word)];
    std::size_t& index = seen_[group_of(word)];
    if (!difference_ && index >= list.size()) difference_ = SessionDifference{index, std::nullopt, word};
    if (!difference_ && !same(list[index], word)) difference_ = SessionDifference{index, list[index], word};
    ++index;
  }

  void find_missing() {
    for (const auto& [group, list] : expected_)
      if (!difference_ && seen_[group] < list.size())
        difference_ = SessionDifference{seen_[group], list[seen_[group]], std::nullopt};
  }

  Link& link_;
  std::vector<Sending> to_send_;
  std::size_t next_ = 0, received_ = 0;
  std::map<Group, std::vector<Word>> expected_;
  std::map<Group, std::size_t> seen_;
  std::optional<SessionDifference> difference_;
};

}  // namespace

std::unique_ptr<Link> record(std::unique_ptr<Link> inner, const std::string& path) {
  return std::make_unique<RecordingLink>(std::move(inner), path);
}

SessionRecord read_recording(std::istream& file, const std::string& name) {
  std::string line;
  if (!std::getline(file, line) || line != kHeader)
    throw input_error(name + ": line 1: not a session; expected \"" + kHeader + "\"");
  SessionRecord session;
  if (!std::getline(file, line) || !line.starts_with(kDevicePrefix))
    throw input_error(name + ": line 2: expected \"device …\"");
  session.device = line.substr(kDevicePrefix.size());
  for (std::size_t number = 3; std::getline(file, line); ++number) {
    const auto event = parse_event(line);
    if (!event)
      throw input_error(name + ": line " + std::to_string(number) +
                        ": expected \"> \" or \"< \" and 16 hex digits");
    session.events.push_back(*event);
  }
  return session;
}

SessionRecord read_recording(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw input_error(path + ": cannot be read; expected a recorded session");
  return read_recording(file, path);
}

std::optional<SessionDifference> replay(const SessionRecord& session, Link& link) {
  return Replay(session, link).run();
}

}  // namespace spikeloom
