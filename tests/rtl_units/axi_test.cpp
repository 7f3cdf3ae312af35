// Reader and writer of a card's memory: what is outstanding, and the room for it.
#include <gtest/gtest.h>

#include <cstdint>
#include <deque>
#include <map>
#include <vector>

#include "Vunit_axi_reader.h"
#include "Vunit_axi_writer.h"
#include "compiler/base/rng.hpp"
#include "tests/rtl_units/bench.hpp"

namespace spikeloom::test {
namespace {

constexpr std::uint64_t kAddress = 0xff0;  // a burst ends at the page's edge

/// A memory that always takes requests and beats, and answers while `answers` is set.
class WriterBench : public UnitBench<Vunit_axi_writer> {
 public:
  bool answers = false;
  unsigned bursts = 0, unanswered = 0;
  std::map<std::uint64_t, std::uint64_t> memory;

  WriterBench() {
    auto& w = *this;
    w->awready_i = w->wready_i = w->flush_i = 1;
    w->address_i = kAddress;
    w->start_i = 1;
    clock();
    w->start_i = 0;
  }
  /// One clock; whether the word was taken.
  bool cycle(bool offers, std::uint64_t word) {
    auto& w = *this;
    w->in_valid_i = offers;
    w->in_data_i = word;
    w->bvalid_i = answers && unanswered > 0;
    settle();
    const bool taken = offers && w->in_ready_o;
    if (w->awvalid_o) {
      next_ = w->awaddr_o;
      ++bursts;
    }
    if (w->wvalid_o) {
      memory[next_] = w->wdata_o;
      next_ += 8;
      if (w->wlast_o) ended_ = true;
    }
    if (w->bvalid_i && w->bready_o) --unanswered;
    if (ended_) ++unanswered;
    ended_ = false;
    clock();
    return taken;
  }

 private:
  std::uint64_t next_ = 0;
  bool ended_ = false;
};

TEST(WriterUnit, BeginsNoBurstMoreThanItCountsAnswersOf) {
  WriterBench writer;
  constexpr std::uint64_t kWords = 200;
  std::uint64_t given = 0;
  for (int clock = 0; clock < 1000; ++clock) given += writer.cycle(given < kWords, given);
  EXPECT_EQ(writer.bursts, 15U) << "outstanding without an answer";
  EXPECT_TRUE(writer->busy_o);
  writer.answers = true;
  for (int clock = 0; clock < 2000; ++clock) given += writer.cycle(given < kWords, given);
  EXPECT_EQ(given, kWords);
  EXPECT_FALSE(writer->busy_o);
  EXPECT_EQ(writer.unanswered, 0U);
  EXPECT_FALSE(writer->error_o);
  ASSERT_EQ(writer.memory.size(), kWords);
  for (std::uint64_t i = 0; i < kWords; ++i) ASSERT_EQ(writer.memory[kAddress + 8 * i], i);
}

TEST(ReaderUnit, AsksForNoMoreWordsThanItHasRoomFor) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Rng random(seed);
    UnitBench<Vunit_axi_reader> reader;
    reader->stop_i = 1;
    reader.clock();
    reader->stop_i = 0;
    const auto words = static_cast<std::uint32_t>(100 + random.below(100));
    reader->address_i = kAddress;
    reader->words_i = words;
    reader->start_i = 1;
    reader.clock();
    reader->start_i = 0;
    std::deque<std::uint64_t> asked;  // addresses of the beats to come
    std::vector<std::uint64_t> taken;
    std::uint64_t held = 0;  // asked for and not taken
    const double eager = random.unit();
    for (int clock = 0; clock < 4000 && taken.size() < words; ++clock) {
      reader->arready_i = random.chance(0.7);
      reader->rvalid_i = !asked.empty() && random.chance(0.8);
      reader->rdata_i = asked.empty() ? 0 : asked.front();
      reader->out_ready_i = random.chance(0.1 + 0.9 * eager);
      reader.settle();
      if (reader->rvalid_i && reader->rready_o) asked.pop_front();
      if (reader->out_valid_o && reader->out_ready_i) {
        taken.push_back(reader->out_data_o);
        --held;
      }
      if (reader->arvalid_o && reader->arready_i)
        for (std::uint64_t beat = 0; beat <= reader->arlen_o; ++beat, ++held)
          asked.push_back(reader->araddr_o + 8 * beat);
      ASSERT_LE(held, 8U) << "seed " << seed << ": words for which there is no room";
      reader.clock();
    }
    ASSERT_EQ(taken.size(), words) << "seed " << seed;
    for (std::uint64_t i = 0; i < words; ++i) ASSERT_EQ(taken[i], kAddress + 8 * i) << "seed " << seed;
    EXPECT_FALSE(reader->busy_o);
  }
}

}  // namespace
}  // namespace spikeloom::test
