// What a device is told that says what it must not: one word of a run is changed on its way to the host.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "compiler/chip_model/model_device.hpp"
#include "compiler/replay/session.hpp"
#include "spikeloom_hw.hpp"
#include "tests/fuzz/wire.hpp"

namespace spikeloom::fuzz {
namespace {

using ::testing::HasSubstr;

std::uint32_t kind_of(Word word) { return static_cast<std::uint32_t>(word >> 60U); }

/// The model behind a change of the first word that `wrong` gives something else for.
class ChangedLink final : public Link {
 public:
  using Change = std::function<std::optional<std::vector<Word>>(Word)>;
  explicit ChangedLink(Change wrong) : wrong_(std::move(wrong)), inner_(open_model(wire_image().chip)) {}
  std::size_t send(std::span<const Word> words) override { return inner_->send(words); }
  std::size_t receive(std::span<Word> words) override {
    std::vector<Word> fresh(words.size());
    fresh.resize(inner_->receive(fresh));
    for (const Word word : fresh) {
      const auto instead = changed_ ? std::nullopt : wrong_(word);
      changed_ = changed_ || instead.has_value();
      const std::vector<Word> on = instead.value_or(std::vector<Word>{word});
      waiting_.insert(waiting_.end(), on.begin(), on.end());
    }
    const std::size_t given = std::min(words.size(), waiting_.size());
    std::copy_n(waiting_.begin(), given, words.begin());
    waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(given));
    return given;
  }
  bool progress() override { return inner_->progress(); }
  std::string describe() const override { return "changed"; }

 private:
  Change wrong_;
  std::unique_ptr<Link> inner_;
  std::vector<Word> waiting_;
  bool changed_ = false;
};

std::string said(ChangedLink::Change wrong) {
  ChangedLink link(std::move(wrong));
  try {
    Session session(link, wire_image(), {.quiet_limit = std::chrono::seconds(0)});
    (void)session.run(wire_data());
    return "nothing";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kDevice);
    return error.what();
  }
}

/// In front of the first word of a kind.
ChangedLink::Change before_first(std::uint32_t kind, Word more) {
  return [=](Word word) -> std::optional<std::vector<Word>> {
    if (kind_of(word) != kind) return std::nullopt;
    return std::vector<Word>{more, word};
  };
}

TEST(DeviceWords, OfNoKindOrOfAnotherApplicationAreNamed) {
  EXPECT_THAT(said(before_first(hw::kKindOutEos, Word{14} << 60U)),
              HasSubstr("a word of kind 14 during a run"));
  const Word elsewhere = hw::WordOutEos{.channel = 999, .kind = hw::kKindOutEos}.pack();
  EXPECT_THAT(said(before_first(hw::kKindOutEos, elsewhere)),
              HasSubstr("a flit on sink channel 999, which the image does not have"));
}

TEST(DeviceWords, ThatEndARunTooSoonOrTooLateAreNamed) {
  EXPECT_THAT(said([](Word word) -> std::optional<std::vector<Word>> {
                auto end = hw::WordOutEos::unpack(word);
                if (end.kind != hw::kKindOutEos) return std::nullopt;
                end.run_end = 1;
                return std::vector<Word>{end.pack()};
              }),
              HasSubstr("ended the run after 0 of 5 steps"));
  EXPECT_THAT(said([](Word word) -> std::optional<std::vector<Word>> {
                auto end = hw::WordOutEos::unpack(word);
                if (end.kind != hw::kKindOutEos || end.run_end == 0) return std::nullopt;
                end.run_end = 0;
                return std::vector<Word>{end.pack(), word};
              }),
              HasSubstr("an end-of-step after the end of the run"));
  EXPECT_THAT(said([](Word word) -> std::optional<std::vector<Word>> {
                auto end = hw::WordOutEos::unpack(word);
                if (end.kind != hw::kKindOutEos || end.run_end == 0) return std::nullopt;
                const Word chunk =
                    hw::WordOutChunk{.mask = 1, .channel = end.channel, .kind = hw::kKindOutChunk}.pack();
                return std::vector<Word>{chunk, word};
              }),
              HasSubstr("spikes after the end of the run"));
}

TEST(DeviceWords, ThatAnswerAnotherQuestionAreNamed) {
  EXPECT_THAT(said([](Word word) -> std::optional<std::vector<Word>> {
                if (kind_of(word) != hw::kKindRingAnswer) return std::nullopt;
                auto answer = hw::WordRing::unpack(word);
                answer.address ^= 1U;
                return std::vector<Word>{answer.pack()};
              }),
              HasSubstr("changed: an answer for another question on the ring"));
}

TEST(DeviceWords, ThatNeverComeAreMissedByName) {
  const auto without = [](std::uint32_t run_end) {
    return said([=](Word word) -> std::optional<std::vector<Word>> {
      const auto end = hw::WordOutEos::unpack(word);
      if (end.kind != hw::kKindOutEos || end.run_end != run_end) return std::nullopt;
      return std::vector<Word>{};
    });
  };
  EXPECT_THAT(without(0), HasSubstr("ended the run after 4 of 5 steps"));
  EXPECT_THAT(without(1), HasSubstr("waiting for end of step"));
}

}  // namespace
}  // namespace spikeloom::fuzz
