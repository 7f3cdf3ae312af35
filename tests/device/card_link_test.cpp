// Words through a card's memory, batch by batch: the link contract with the kernel's contract in place of the
// kernel.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>

#include "compiler/base/error.hpp"
#include "compiler/chip/chip.hpp"
#include "compiler/chip_model/model_device.hpp"
#include "host/device/card_link.hpp"
#include "host/device/devices.hpp"
#include "host/device/opencl_card.hpp"
#include "host/device/xrt_device.hpp"
#include "tests/chips/chip_named.hpp"
#include "tests/device/link_contract.hpp"

namespace spikeloom::testing_links {
namespace {

using test::chip_named;
using ::testing::HasSubstr;

const Chip& test_chip() {
  static const Chip chip = chip_named("one");
  return chip;
}

struct CardFault {
  std::uint32_t error = 0;
  std::uint32_t chip = 0, hardware = 0;  ///< added to the true hashes
  bool never_ends = false;
  std::uint32_t stale_results = 0;
  std::uint32_t more_taken = 0, more_results = 0;  ///< added to what the header of a later run says
  bool refuses = false;                            ///< takes nothing after the first run
};

/// Keeps the kernel's promises over another link: takes some or all of what is offered, now and then ends for
/// silence.
class StandInCard final : public Card {
 public:
  StandInCard(std::unique_ptr<Link> inner, std::uint64_t seed, CardFault fault)
      : inner_(std::move(inner)), rng_(seed), fault_(fault), buffers_(kSlots) {}

  void write(std::size_t slot, std::span<const Word> words) override {
    EXPECT_NE(running_, slot) << "the command buffer of a run that has not ended";
    EXPECT_LE(words.size(), kCommandWords);
    buffers_[slot].commands.assign(words.begin(), words.end());
  }

  void start(std::size_t slot, std::uint32_t command_words, std::uint32_t result_words,
             std::uint32_t quiet_cycles) override {
    EXPECT_FALSE(running_.has_value()) << "two runs at once";
    running_ = slot;
    calls_left_ = rng_.below(3);
    Buffers& buffer = buffers_[slot];
    EXPECT_GE(buffer.commands.size(), command_words);
    std::span<const Word> offered = std::span(buffer.commands).first(command_words);
    std::vector<Word> results(result_words);
    std::size_t taken = 0, written = fault_.stale_results;
    bool silent = false;
    const bool full_early = rng_.below(4) == 0;  // as if the results had less room
    const std::size_t room = full_early ? std::min<std::size_t>(result_words, rng_.below(8)) : result_words;
    ++runs_;
    if (fault_.refuses && runs_ > 1) offered = offered.first(0);
    while (written < room) {
      taken += inner_->send(offered.subspan(taken));
      const std::size_t got = inner_->receive(std::span(results).subspan(written, room - written));
      written += got;
      if (!inner_->progress() && got == 0 && taken == offered.size()) break;
      silent = taken == command_words && rng_.below(20) == 0;
      if (silent) break;
    }
    results.resize(written);
    const bool ended_early = silent || (full_early && written == room);
    buffer.results.assign(hw::kKernelHeaderWords, 0);
    const bool later = runs_ > 1;
    buffer.results[0] = (written + (later ? fault_.more_results : 0)) | Word{fault_.error} << 32U;
    buffer.results[1] = taken + (later ? fault_.more_taken : 0);
    buffer.results[2] = ended_early ? quiet_cycles : 10;
    buffer.results[3] = Word{chip_hash_ + fault_.chip} | Word{hw::kHardwareHash + fault_.hardware} << 32U;
    buffer.results.insert(buffer.results.end(), results.begin(), results.end());
  }

  bool wait(std::size_t slot, std::chrono::milliseconds) override {
    EXPECT_EQ(running_.value_or(ended_), slot) << "neither under way nor the last that was";
    if (fault_.never_ends || calls_left_-- > 0) return false;
    calls_left_ = 0;
    ended_ = slot;
    running_.reset();
    return true;
  }

  void read(std::size_t slot, std::size_t first, std::span<Word> words) override {
    EXPECT_NE(running_, slot) << "results of a run that has not ended";
    ASSERT_LE(first + words.size(), buffers_[slot].results.size());
    std::copy_n(buffers_[slot].results.begin() + static_cast<std::ptrdiff_t>(first), words.size(),
                words.begin());
  }

  [[nodiscard]] std::string describe() const override { return "stand-in card"; }
  [[nodiscard]] std::size_t runs() const { return runs_; }

 private:
  struct Buffers {
    std::vector<Word> commands, results;
  };
  std::unique_ptr<Link> inner_;
  Rng rng_;
  CardFault fault_;
  std::uint32_t chip_hash_ = chip_hash(test_chip());
  std::vector<Buffers> buffers_;
  std::optional<std::size_t> running_;
  std::size_t ended_ = kSlots;
  std::uint64_t calls_left_ = 0;
  std::size_t runs_ = 0;
};

std::unique_ptr<Link> stand_in(std::uint64_t seed, CardFault fault = {}, CardOptions options = {}) {
  return open_card(std::make_unique<StandInCard>(open_model(test_chip()), seed, fault), test_chip(), options);
}

/// Reads of every register that a node always has, with writes between; more than one batch.
std::vector<Word> ring_words(std::uint32_t count = 6000) {
  std::vector<Word> words;
  for (std::uint32_t i = 0; i < count; ++i)
    words.push_back(hw::WordRing{.data = 0,
                                 .address = i % 3 == 0 ? hw::kAddrNodeHardwareHash : hw::kAddrNodeChipHash,
                                 .node = i % 2,
                                 .kind = hw::kKindRingRead}
                        .pack());
  return words;
}

INSTANTIATE_TEST_SUITE_P(
    Card, LinkContract,
    ::testing::ValuesIn(plain_and_throttled({{"StandIn", [] { return stand_in(1); }, ring_words()},
                                             {"OtherCuts", [] { return stand_in(2); }, ring_words()}})),
    link_case_name);

TEST(XrtCardLink, AnswersAsTheDeviceBehindTheCard) {
  const std::vector<Word> words = ring_words();
  const Received direct = exchange(*open_model(test_chip()), words, 1, 512);
  for (std::uint64_t seed = 1; seed < 20; ++seed)
    EXPECT_EQ(exchange(*stand_in(seed), words, seed, 512), direct) << seed;
}

TEST(XrtCardLink, FetchesWhatEarlierRunsHadNoRoomFor) {
  const std::vector<Word> words = ring_words(17'000);  // a little more than a link holds
  const Received direct = exchange(*open_model(test_chip()), words, 1, 512);
  for (std::uint64_t seed = 1; seed < 10; ++seed) {
    const auto link = stand_in(seed);
    Received received;
    for (std::span<const Word> left = words; !left.empty();) {
      // Until neither side has room: answers wait in the card and in the chip.
      for (int idle = 0; idle < 10;) {
        const std::size_t taken = link->send(left);
        left = left.subspan(taken);
        const bool worked = link->progress();
        idle = taken == 0 && !worked ? idle + 1 : 0;
      }
      for (const Word word : drain(*link, 4096).answers) received.add(word);
    }
    EXPECT_EQ(received, direct) << "seed " << seed;
  }
}

std::string failure(const std::function<void()>& action, ErrorKind kind = ErrorKind::kDevice) {
  try {
    action();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), kind);
    return error.what();
  }
  ADD_FAILURE() << "nothing failed";
  return "";
}

TEST(XrtCardLink, RefusesOtherHardwareAndOtherChips) {
  EXPECT_THAT(failure([] { (void)stand_in(1, {.hardware = 1}); }), HasSubstr("hardware description"));
  EXPECT_THAT(failure([] { (void)stand_in(1, {.chip = 1}); }), HasSubstr("(one)"));
  EXPECT_THAT(failure([] { (void)stand_in(1, {.stale_results = 1}); }), HasSubstr("earlier run"));
}

TEST(XrtCardLink, RefusesAHeaderThatCannotBe) {
  const std::vector<Word> words = ring_words(10);
  for (const CardFault& fault : {CardFault{.more_taken = 11},
                                 CardFault{.more_results = static_cast<std::uint32_t>(Card::kResultWords)}})
    EXPECT_THAT(failure([&] { (void)exchange(*stand_in(1, fault), words, 1, 512); }),
                HasSubstr("where there was room for"));
}

/// A chip at rest that has refused a word takes it in no later run either.
TEST(XrtCardLink, OffersRefusedWordsOnce) {
  auto made = std::make_unique<StandInCard>(open_model(test_chip()), 1, CardFault{.refuses = true});
  const StandInCard& card = *made;
  const auto link = open_card(std::move(made), test_chip(), {});
  const std::vector<Word> words = ring_words(10);
  ASSERT_EQ(link->send(words), words.size());
  for (int n = 0; n < 100; ++n) (void)link->progress();
  const std::size_t runs = card.runs();
  for (int n = 0; n < 1000; ++n) EXPECT_FALSE(link->progress());
  EXPECT_EQ(card.runs(), runs);
}

TEST(XrtCardLink, NamesTheKernelsErrors) {
  EXPECT_THAT(failure([] { (void)stand_in(1, {.error = hw::kKernelErrorRead}); }),
              HasSubstr(": kernel: reading the card's memory failed"));
  EXPECT_THAT(failure([] { (void)stand_in(1, {.error = hw::kKernelErrorWatchdog}); }),
              HasSubstr("stopped answering"));
}

TEST(XrtCardLink, GivesUpOnARunThatNeverEnds) {
  EXPECT_THAT(
      failure([] { (void)stand_in(1, {.never_ends = true}, {.run_limit = std::chrono::seconds(0)}); }),
      HasSubstr("time-out"));
}

TEST(Devices, OfNoKnownKindAreRefusedWithThoseThatThereAre) {
  EXPECT_THAT(failure([] { (void)open_device("abacus:?beads=10", test_chip(), {}); }, ErrorKind::kInput),
              HasSubstr("device \"abacus:?beads=10\": unknown kind; there are "));
}

TEST(XrtDevice, NamesAWrongXclbin) {
  const std::string text = std::string(SPIKELOOM_SOURCE_DIR) + "/README.md";
  for (const std::string kind : {"xrt", "opencl"}) {
    const auto open = [&](const std::string& options) {
      return failure([&] { (void)open_device(kind + options, test_chip(), {}); }, ErrorKind::kInput);
    };
    EXPECT_THAT(open(""), HasSubstr(kind + ":?xclbin=FILE"));
    EXPECT_THAT(open(":?xclbin=FILE&colour=red"), HasSubstr("no option \"colour\""));
    EXPECT_THAT(open(":?xclbin=FILE&timeout=0"), HasSubstr("timeout=0: expected a whole number from 1"));
    if (kind == "xrt" ? !xrt_built_in() : !opencl_built_in()) continue;
    EXPECT_THAT(open(":?xclbin=/nowhere/a.xclbin"), HasSubstr("there is no such file"));
    EXPECT_THAT(open(":?xclbin=" + text), HasSubstr("is no xclbin"));
  }
}

}  // namespace
}  // namespace spikeloom::testing_links
