// The throttle and the recorder, over a link of ten lines.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <deque>
#include <fstream>
#include <sstream>

#include "compiler/base/error.hpp"
#include "host/device/link_record.hpp"
#include "host/device/link_throttle.hpp"
#include "spikeloom_hw.hpp"
#include "tests/base/scratch_folder.hpp"
#include "tests/device/link_contract.hpp"

namespace spikeloom::testing_links {
namespace {

/// Gives every word back, `change`d, a few at each progress.
class EchoLink final : public Link {
 public:
  explicit EchoLink(Word change = 0) : change_(change) {}
  std::size_t send(std::span<const Word> words) override {
    const std::size_t count =
        std::min<std::size_t>(words.size(), 100 - std::min<std::size_t>(100, in_.size()));
    in_.insert(in_.end(), words.begin(), words.begin() + static_cast<std::ptrdiff_t>(count));
    return count;
  }
  std::size_t receive(std::span<Word> words) override {
    const std::size_t count = std::min(words.size(), out_.size());
    std::copy_n(out_.begin(), count, words.begin());
    out_.erase(out_.begin(), out_.begin() + static_cast<std::ptrdiff_t>(count));
    return count;
  }
  bool progress() override {
    bool moved = false;
    for (int i = 0; i < 10 && !in_.empty() && out_.size() < 200; ++i, moved = true) {
      out_.push_back(in_.front() ^ change_);
      in_.pop_front();
    }
    return moved;
  }
  std::string describe() const override { return "echo"; }

 private:
  Word change_;
  std::deque<Word> in_, out_;
};

std::vector<Word> random_words(std::size_t count) {
  Rng rng(7);
  std::vector<Word> words(count);
  for (Word& word : words) word = rng.next();
  return words;
}

std::string session_path(const std::string& name) {
  static const test::ScratchFolder folder;
  return folder.file(name + ".session");
}

SessionRecord recorded(const std::string& name, const std::vector<Word>& words) {
  const std::string path = session_path(name);
  (void)exchange(*record(std::make_unique<EchoLink>(), path), words, 3, 20);
  const SessionRecord session = read_recording(path);
  std::remove(path.c_str());
  return session;
}

INSTANTIATE_TEST_SUITE_P(Echo, LinkContract,
                         ::testing::ValuesIn(plain_and_throttled(
                             {{"Echo", [] { return std::make_unique<EchoLink>(); }, random_words(2000)},
                              {"Recorded",
                               [] { return record(std::make_unique<EchoLink>(), session_path("contract")); },
                               random_words(500)}})),
                         link_case_name);

TEST(Throttle, CutsSendsAndReceives) {
  const auto link = throttle(std::make_unique<EchoLink>(), 1);
  const std::vector<Word> words = random_words(50);
  bool part = false;
  for (int i = 0; i < 20; ++i) part = part || link->send(words) < words.size();
  EXPECT_TRUE(part);
}

TEST(Recording, HoldsEveryWordInOrder) {
  const std::vector<Word> words = random_words(300);
  const SessionRecord session = recorded("order", words);
  EXPECT_EQ(session.device, "echo");
  std::vector<Word> to, from;
  for (const SessionEvent& event : session.events)
    (event.way == SessionEvent::Way::kToDevice ? to : from).push_back(event.word);
  EXPECT_EQ(to, words);
  EXPECT_EQ(from, words);
}

TEST(Recording, ReplaysOnTheSameDevice) {
  const SessionRecord session = recorded("same", random_words(300));
  EchoLink echo;
  EXPECT_FALSE(replay(session, echo));
  EXPECT_FALSE(replay(session, *throttle(std::make_unique<EchoLink>(), 9)));
}

TEST(Recording, ReplayNamesTheFirstDifference) {
  const SessionRecord session = recorded("other", random_words(300));
  EchoLink echo(1);  // flips bit 0 of every word
  const auto difference = replay(session, echo);
  ASSERT_TRUE(difference);
  EXPECT_EQ(difference->index, 0U);
  ASSERT_TRUE(difference->expected && difference->found);
  EXPECT_EQ(*difference->expected ^ 1U, *difference->found);
}

TEST(Recording, ReplayNamesMissingAndSurplusWords) {
  const Word word = hw::WordRing{.data = 1, .address = 2, .node = 3, .kind = hw::kKindOutChunk}.pack();
  const auto event = [&](SessionEvent::Way way) { return SessionEvent{way, word}; };
  EchoLink echo;
  const auto missing = replay({"echo", {event(SessionEvent::Way::kFromDevice)}}, echo);
  ASSERT_TRUE(missing);
  EXPECT_TRUE(missing->expected && !missing->found);
  const auto surplus = replay({"echo", {event(SessionEvent::Way::kToDevice)}}, echo);
  ASSERT_TRUE(surplus);
  EXPECT_TRUE(!surplus->expected && surplus->found);
}

TEST(Recording, ReplayIgnoresTheCountOfFrozenCycles) {
  const auto answer = [](std::uint32_t address, std::uint32_t data) {
    return hw::WordRing{.data = data, .address = address, .node = 0, .kind = hw::kKindRingAnswer}.pack();
  };
  for (const auto& [address, differs] :
       {std::pair{hw::kAddrNodeFrozen, false}, std::pair{hw::kAddrNodeCycle, true}}) {
    EchoLink echo;
    const SessionRecord session{"echo",
                                {{SessionEvent::Way::kToDevice, answer(address, 5)},
                                 {SessionEvent::Way::kFromDevice, answer(address, 6)}}};
    EXPECT_EQ(replay(session, echo).has_value(), differs);
  }
}

TEST(Recording, RefusesWhatIsNoSession) {
  const auto message = [](const std::string& text) -> std::string {
    std::istringstream file(text);
    try {
      (void)read_recording(file, "a.session");
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_THAT(message("hello\n"), ::testing::HasSubstr("a.session: line 1: not a session"));
  EXPECT_THAT(message("spikeloom session 1\nx\n"), ::testing::HasSubstr("line 2"));
  EXPECT_THAT(message("spikeloom session 1\ndevice d\n> 00\n"), ::testing::HasSubstr("line 3"));
  EXPECT_THAT(message("spikeloom session 1\ndevice d\n> 00112233445566XX\n"), ::testing::HasSubstr("line 3"));
  EXPECT_EQ(message("spikeloom session 1\ndevice d\n> 0011223344556677\n"), "");
}

}  // namespace
}  // namespace spikeloom::testing_links
