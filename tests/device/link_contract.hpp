// The laws of link.hpp, run over every kind of link, plain and throttled:
//   INSTANTIATE_TEST_SUITE_P(Model, LinkContract, testing::ValuesIn(link_cases(...)), link_case_name);
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <ostream>
#include <span>
#include <string>
#include <vector>

#include "compiler/base/rng.hpp"
#include "compiler/chip_model/link.hpp"
#include "host/device/link_throttle.hpp"
#include "spikeloom_hw.hpp"

namespace spikeloom::testing_links {

struct LinkCase {
  std::string name;                             ///< of letters and digits
  std::function<std::unique_ptr<Link>()> open;  ///< a fresh device after reset
  std::vector<Word> words;                      ///< sent in order without waiting; not empty, and answered
};

inline void PrintTo(const LinkCase& link, std::ostream* out) { *out << link.name; }
inline std::string link_case_name(const ::testing::TestParamInfo<LinkCase>& info) { return info.param.name; }

/// Words whose order among themselves is promised: ring answers, SENT stamps, words of the run.
struct Received {
  std::vector<Word> answers, sent, outputs;
  void add(Word word) {
    const auto kind = hw::WordRing::unpack(word).kind;
    (kind == hw::kKindRingAnswer ? answers : kind == hw::kKindOutSent ? sent : outputs).push_back(word);
  }
  [[nodiscard]] std::size_t size() const { return answers.size() + sent.size() + outputs.size(); }
  friend bool operator==(const Received&, const Received&) = default;
};

inline void PrintTo(const Received& received, std::ostream* out) {
  *out << received.answers.size() << " answers, " << received.sent.size() << " stamps, "
       << received.outputs.size() << " words of the run";
}

constexpr int kPatience = 10'000'000;  // calls; a link that does nothing for so long never will

/// Takes what there is, `piece` words a call, until nothing more comes without another word.
inline Received drain(Link& link, std::size_t piece) {
  Received received;
  std::vector<Word> room(piece);
  for (int calls = 0; calls < kPatience; ++calls) {
    const std::size_t count = link.receive(room);
    for (const Word word : std::span(room).first(count)) received.add(word);
    if (!link.progress() && count == 0) {
      const std::size_t last = link.receive(room);
      if (last == 0) return received;
      for (const Word word : std::span(room).first(last)) received.add(word);
    }
  }
  ADD_FAILURE() << "the link never comes to rest";
  return received;
}

/// Sends in pieces of random length with random receives between; the cuts come from the seed.
inline Received exchange(Link& link, std::span<const Word> words, std::uint64_t seed, std::size_t longest) {
  Rng rng(seed);
  Received received;
  std::vector<Word> room(longest);
  for (int calls = 0; !words.empty() && calls < kPatience; ++calls) {
    const std::size_t piece = std::min<std::size_t>(words.size(), 1 + rng.below(longest));
    const std::size_t taken = link.send(words.first(piece));
    EXPECT_LE(taken, piece);
    words = words.subspan(std::min(taken, piece));
    (void)link.progress();
    const auto part = std::span(room).first(rng.below(longest + 1));
    const std::size_t count = link.receive(part);
    EXPECT_LE(count, part.size());
    for (const Word word : part.first(std::min(count, part.size()))) received.add(word);
  }
  EXPECT_TRUE(words.empty()) << words.size() << " words were never taken";
  const Received rest = drain(link, longest);
  received.answers.insert(received.answers.end(), rest.answers.begin(), rest.answers.end());
  received.sent.insert(received.sent.end(), rest.sent.begin(), rest.sent.end());
  received.outputs.insert(received.outputs.end(), rest.outputs.begin(), rest.outputs.end());
  return received;
}

/// Each case plain and through throttles of some seeds.
inline std::vector<LinkCase> plain_and_throttled(const std::vector<LinkCase>& cases) {
  std::vector<LinkCase> all;
  for (const LinkCase& link : cases) {
    all.push_back(link);
    for (const std::uint64_t seed : {1U, 2U})
      all.push_back({link.name + "Throttled" + std::to_string(seed),
                     [open = link.open, seed] { return throttle(open(), seed); }, link.words});
  }
  return all;
}

class LinkContract : public ::testing::TestWithParam<LinkCase> {};

TEST_P(LinkContract, IsAtRestAfterReset) {
  const auto link = GetParam().open();
  EXPECT_EQ(drain(*link, 16).size(), 0U);
}

TEST_P(LinkContract, TakesAndGivesNothingInAnEmptySpan) {
  const auto link = GetParam().open();
  EXPECT_EQ(link->send({}), 0U);
  EXPECT_EQ(link->receive({}), 0U);
  const Received reference = exchange(*GetParam().open(), GetParam().words, 1, 256);
  EXPECT_EQ(exchange(*link, GetParam().words, 1, 256), reference);
}

TEST_P(LinkContract, AnswersTheSameHoweverTheCallsAreCut) {
  const LinkCase& link = GetParam();
  const Received whole = exchange(*link.open(), link.words, 1, 4096);
  ASSERT_GT(whole.size(), 0U);
  EXPECT_EQ(exchange(*link.open(), link.words, 2, 1), whole);
  for (std::uint64_t seed = 3; seed < 7; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    EXPECT_EQ(exchange(*link.open(), link.words, seed, 48), whole);
  }
}

TEST_P(LinkContract, LosesNothingWhenTheHostReadsLate) {
  const LinkCase& link = GetParam();
  const Received whole = exchange(*link.open(), link.words, 1, 4096);
  const auto late = link.open();
  Received received;
  std::span<const Word> words = link.words;
  while (!words.empty()) {
    // Send until the device takes no more, then read until it takes more.
    std::size_t taken = 0;
    for (int idle = 0; idle < 100 && !words.empty();) {
      const std::size_t count = late->send(words);
      words = words.subspan(count);
      taken += count;
      idle = count == 0 ? idle + 1 : 0;
      (void)late->progress();
    }
    const Received part = drain(*late, 7);
    for (const Word word : part.answers) received.add(word);
    for (const Word word : part.sent) received.add(word);
    for (const Word word : part.outputs) received.add(word);
    ASSERT_TRUE(taken > 0 || part.size() > 0) << "the link is stuck with " << words.size() << " words left";
  }
  EXPECT_EQ(received, whole);
}

TEST_P(LinkContract, KeepsLinksInOneProcessApart) {
  const LinkCase& link = GetParam();
  const Received whole = exchange(*link.open(), link.words, 1, 4096);
  const auto first = link.open();
  const auto second = link.open();
  const std::size_t half = link.words.size() / 2;
  // The second does everything while the first stands in the middle.
  Received received = exchange(*first, std::span(link.words).first(half), 5, 64);
  EXPECT_EQ(exchange(*second, link.words, 6, 64), whole);
  const Received rest = exchange(*first, std::span(link.words).subspan(half), 7, 64);
  for (const Word word : rest.answers) received.add(word);
  for (const Word word : rest.sent) received.add(word);
  for (const Word word : rest.outputs) received.add(word);
  EXPECT_EQ(received, whole);
}

TEST_P(LinkContract, DescribesItself) { EXPECT_FALSE(GetParam().open()->describe().empty()); }

}  // namespace spikeloom::testing_links
