// Parts of a node with cores that take batches of pages, look at chunks in any order and fill lists in turn;
// void steps. Each against the words of its module's header, under freezes.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <deque>
#include <utility>
#include <vector>

#include "Vunit_batch_sender.h"
#include "Vunit_batch_sequencer.h"
#include "Vunit_looks.h"
#include "Vunit_receiver.h"
#include "compiler/base/rng.hpp"
#include "tests/rtl_units/sequencer_tables.hpp"

namespace spikeloom::test::batches {
namespace {

// Shapes, as in CMakeLists.txt.
constexpr unsigned kFiringPages = 3, kChunks = 9, kIndexBits = 6, kFlitBits = 16 + kIndexBits + 2;
constexpr std::uint32_t kFlitValid = 1U << (kFlitBits - 1), kFlitEnd = 1U << (kFlitBits - 2);

std::uint32_t below(Rng& rng, std::uint64_t bound) { return static_cast<std::uint32_t>(rng.below(bound)); }

/// Steps of samples, as pages of a context hold them; the last step of a sample may be void.
class StepsOfAContext {
 public:
  struct Step {
    unsigned in_sample = 0;
    bool sample_end = false, is_void = false;
  };
  StepsOfAContext(Rng& rng, unsigned first, unsigned count) : first_row(first), rows(count) {
    while (steps.size() < 3000) {
      const unsigned length = rng.chance(0.1) ? 14 + below(rng, 8) : 1 + below(rng, 6);
      const bool ends_void = rng.chance(0.4);
      for (unsigned n = 0; n < length; ++n)
        steps.push_back({n, n + 1 == length, n + 1 == length && ends_void});
    }
  }
  [[nodiscard]] bool has(unsigned row) const { return row >= first_row && row < first_row + rows; }
  [[nodiscard]] unsigned row(std::size_t step) const {
    return first_row + static_cast<unsigned>(step % rows);
  }
  /// The step whose page is in a row: of those that are not freed, the earliest.
  [[nodiscard]] std::size_t step(unsigned row) const {
    std::size_t step = freed;
    while (this->row(step) != row) ++step;
    return step;
  }

  unsigned first_row, rows;
  std::vector<Step> steps;
  std::size_t freed = 0, complete = 0;
};

class BatchBench : public SequencerTables<Vunit_batch_sequencer> {
 public:
  explicit BatchBench(std::uint64_t seed) : rng_(seed) {
    contexts_ = {StepsOfAContext(rng_, 0, 5), StepsOfAContext(rng_, 5, 3)};
    for (const unsigned c : {0U, 1U}) {
      pages(c, contexts_[c].first_row, contexts_[c].rows);
      for (unsigned step = 0; step < hw::kLimitContextLimits; ++step)
        field(c, hw::kAddrContextLimit + step, limit(c, step));
      order(c, c, 0);
    }
    (*this)->run_i = 1;
  }

  void fire() {
    auto& s = *this;
    s->free_i = s->out_end_i = s->done_i = 0;
    for (int cycle = 0;; ++cycle) {
      ASSERT_LT(cycle, 2000) << "nothing fires";
      present(rng_.chance(0.7));
      if (s->start_o) break;
      clock();
    }
    const unsigned context = s->context_o;
    ASSERT_EQ(context, fired_++ % 2);
    StepsOfAContext& source = contexts_[context];
    const auto page = [&](std::size_t n) -> const StepsOfAContext::Step& { return source.steps[first_ + n]; };
    first_ = source.freed;
    std::size_t all = 1;
    while (all < kFiringPages && !page(all - 1).sample_end) ++all;
    ASSERT_LE(first_ + all, source.complete) << "fires before its pages are complete";
    const bool is_void = page(all - 1).is_void;
    const std::size_t full = all - (is_void ? 1 : 0);
    voids += is_void ? 1 : 0;
    alone += full == 0 ? 1 : 0;
    EXPECT_EQ(s->fire_o, full != 0);
    if (full != 0) {
      EXPECT_EQ(s->fire_pages_o, full);
      EXPECT_EQ(s->fire_first_o, page(0).in_sample == 0);
      EXPECT_EQ(s->fire_last_o, page(all - 1).sample_end && !is_void);
      EXPECT_EQ(s->fire_limit_o, limit(context, page(0).in_sample));
    }
    clock();
    // The core frees its pages and ends their lists, each when it likes.
    std::size_t freed = 0, ended = 0;
    std::int64_t may_free_void = full == 0 ? 1 : -1, may_end_void = full == 0 ? 2 : -1, last_free = -1;
    for (std::int64_t cycle = 1; ended < all; ++cycle) {
      ASSERT_LT(cycle, 2000);
      const std::size_t look = full == 0 ? 0 : rng_.below(full);
      s->look_page_i = look & 31U;
      s->free_i = freed < full && rng_.chance(0.4);
      const bool last = ended + 1 == full;
      s->out_end_i = ended < std::min(freed, full) && rng_.chance(0.4) &&
                     (!last || (freed >= full && cycle >= last_free + 2));
      s->done_i = s->out_end_i && last;
      const bool frees = s->free_i, ends = s->out_end_i;
      present(true);
      const bool void_free = cycle == may_free_void, void_end = cycle == may_end_void;
      ASSERT_EQ(s->free_o, frees || void_free) << "cycle " << cycle;
      ASSERT_EQ(s->out_end_o, ends || void_end) << "cycle " << cycle;
      ASSERT_EQ(s->done_o, ended + 1 == all && (ends || void_end)) << "cycle " << cycle;
      EXPECT_EQ(s->void_o, is_void);
      if (freed < all) {
        EXPECT_EQ(s->row_o, source.row(first_ + freed));
      }
      if (freed < full) {
        EXPECT_EQ(s->fire_limit_o, limit(context, page(freed).in_sample));
      }
      if (full != 0) {
        EXPECT_EQ(s->look_row_o, source.row(first_ + look)) << "page " << look;
        EXPECT_EQ(s->look_limit_o, limit(context, page(look).in_sample)) << "page " << look;
      }
      clock();
      if (is_void && full != 0 && frees && freed + 1 == full) may_free_void = cycle + 1;
      if (is_void && full != 0 && ends && ended + 1 == full) may_end_void = cycle + 1;
      if (frees) last_free = cycle;
      if (frees || void_free) {
        ++freed;
        ++source.freed;
      }
      if (ends || void_end) ++ended;
      s->free_i = s->out_end_i = s->done_i = 0;
      while (rng_.chance(0.3)) {  // time stands still
        present(false);
        clock();
      }
    }
    if (testing::Test::HasFailure()) return;
    EXPECT_EQ(freed, all);
  }

  std::size_t voids = 0, alone = 0;  ///< firings with a void page, and with no other

 private:
  static unsigned limit(unsigned context, unsigned step) {
    return (3 * std::min(step, hw::kLimitContextLimits - 1) + context) % 5;
  }

  /// Inputs that follow the row that is looked at.
  void present(bool enable) {
    auto& s = *this;
    for (StepsOfAContext& c : contexts_)
      if (c.complete < c.freed + c.rows && rng_.chance(0.3)) ++c.complete;
    s->en_i = enable;
    settle();
    const auto owner = std::find_if(contexts_.begin(), contexts_.end(),
                                    [&](const StepsOfAContext& c) { return c.has(s->row_o); });
    // Before the first LOAD it looks anywhere.
    const StepsOfAContext::Step* step = nullptr;
    if (owner != contexts_.end() && owner->step(s->row_o) < owner->complete)
      step = &owner->steps[owner->step(s->row_o)];
    s->count_i = (step != nullptr ? kInbound : below(rng_, kInbound)) & 63U;
    s->sample_end_i = step != nullptr && step->sample_end;
    s->void_i = step != nullptr && step->is_void;
    settle();
  }

  Rng rng_;
  std::vector<StepsOfAContext> contexts_;
  std::size_t first_ = 0, fired_ = 0;
};

TEST(SequencerUnit, FiresBatchesOfWhichTheCoreSeesNoVoidPage) {
  BatchBench sequencer(1);
  for (int firing = 0; firing < 1000; ++firing) {
    SCOPED_TRACE("firing " + std::to_string(firing));
    sequencer.fire();
    if (testing::Test::HasFailure()) return;
  }
  EXPECT_GT(sequencer.voids, 100U);
  EXPECT_GT(sequencer.alone, 20U);
}

/// Fills the lists of firings in any order; what leaves for a channel are the lists, one after the other.
class SenderBench : public UnitBench<Vunit_batch_sender> {
 public:
  explicit SenderBench(std::uint64_t seed) : rng_(seed) {
    auto& s = *this;
    s->clear_i = 1;
    clock();
    s->clear_i = 0;
    for (const unsigned c : {0U, 1U}) {
      s->config_context_i = s->config_channel_i = s->config_counter_i = c & 1U;
      write(s->write_tables_i, hw::RegContextTables{.first_out = 12 * c}.pack());
      write(s->write_mode_i, hw::RegContextMode{.valid = 1, .list_entries = kEntries}.pack());
      write(s->write_channel_i, hw::RegChannel{.context = c, .valid = 1}.pack());
      write(s->write_credit_i, hw::RegCredit{.channel = c, .valid = 1, .count = kCredits}.pack());
    }
  }

  void fire() {
    auto& s = *this;
    const unsigned context = below(rng_, 2);
    s->context_i = context & 1U;
    settle();
    for (int n = 0; s->busy_o != 0; ++n) {
      ASSERT_LT(n, 5000) << "a channel does not end";
      cycle(context);
    }
    s->start_i = 1;
    cycle(context);
    for (int n = 0; n < 4; ++n) cycle(context);
    const std::size_t lists = 1 + rng_.below(kFiringPages);
    const bool sample_end = rng_.chance(0.5), is_void = sample_end && rng_.chance(0.5);
    std::vector<std::vector<std::uint32_t>> entries(lists);
    std::vector<std::size_t> left;  // pushes to come, by list
    for (std::size_t i = 0; i < lists; ++i)
      left.push_back(is_void && i + 1 == lists ? 0 : rng_.below(kEntries + 1));
    for (std::size_t ended = 0; ended < lists;) {
      const std::size_t list = ended + rng_.below(lists - ended);
      if (left[list] != 0 && rng_.chance(0.7)) {
        const std::uint32_t entry = below(rng_, 1U << (16 + kIndexBits));
        entries[list].push_back(entry);
        --left[list];
        s->push_i = 1;
        s->push_page_i = list & 31U;
        s->push_index_i = (entry >> 16U) & 63U;
        s->push_mask_i = static_cast<std::uint16_t>(entry);
      }
      if (left[ended] == 0 && rng_.chance(0.5)) {
        s->out_end_i = 1;
        s->fill_i = ++ended == lists;
        s->fill_sample_end_i = sample_end;
        s->fill_void_i = is_void;
      }
      cycle(context);
    }
    for (std::size_t i = 0; i < lists; ++i) {
      const bool last = i + 1 == lists;
      for (const std::uint32_t entry : entries[i]) expected_[context].push_back({false, entry});
      expected_[context].push_back({true, (last && is_void ? 4U : 0U) | (last && sample_end ? 1U : 0U)});
    }
    voids += is_void && lists > 1 ? 1 : 0;
  }

  /// Until all that was filled has left.
  void drain() {
    for (int n = 0; n < 5000 && !(expected_[0].empty() && expected_[1].empty()); ++n) cycle(0);
    EXPECT_TRUE(expected_[0].empty() && expected_[1].empty());
  }

  std::size_t voids = 0;

 private:
  static constexpr unsigned kEntries = 4, kCredits = 3;

  template <class Enable>
  void write(Enable& enable, std::uint32_t data) {
    enable = 1;
    (*this)->config_data_i = data;
    clock();
    enable = 0;
  }

  /// One cycle of target time, with the inputs that were set; they hold for this cycle only.
  void cycle(unsigned context) {
    auto& s = *this;
    const bool start = s->start_i, push = s->push_i, end = s->out_end_i, fill = s->fill_i;
    while (rng_.chance(0.3)) {  // time stands still
      s->en_i = s->tick_i = 0;
      s->start_i = s->push_i = s->out_end_i = s->fill_i = s->credit_i = 0;
      clock();
    }
    s->en_i = s->tick_i = 1;
    s->start_i = start;
    s->push_i = push;
    s->out_end_i = end;
    s->fill_i = fill;
    s->context_i = context & 1U;
    const unsigned channel = below(rng_, 2);
    s->ahead_valid_i = rng_.chance(0.6);
    s->ahead_channel_i = channel & 1U;
    const unsigned counter = below(rng_, 2);
    s->credit_i = used_[counter] != 0 && rng_.chance(0.3);
    s->rx_counter_i = counter & 1U;
    if (s->credit_i) --used_[counter];
    settle();
    take(slots_[1]);
    slots_[1] = slots_[0];
    slots_[0] = channel;
    clock();
    s->start_i = s->push_i = s->out_end_i = s->fill_i = s->credit_i = 0;
  }

  /// The flit of this slot, which is a channel's.
  void take(unsigned channel) {
    const std::uint32_t flit = (*this)->flit_o;
    if ((flit & kFlitValid) == 0) return;
    ASSERT_FALSE(expected_[channel].empty()) << "channel " << channel;
    const auto [end, content] = expected_[channel].front();
    if (begins_[channel]) ++used_[channel];
    begins_[channel] = end;
    expected_[channel].pop_front();
    ASSERT_EQ((flit & kFlitEnd) != 0, end) << "channel " << channel;
    EXPECT_EQ(flit & (end ? 7U : (1U << (16 + kIndexBits)) - 1), content) << "channel " << channel;
  }

  Rng rng_;
  std::array<std::deque<std::pair<bool, std::uint32_t>>, 2> expected_;  // by channel: end, entry or flags
  std::array<unsigned, 2> slots_{}, used_{};                            // channels of the next slots; credits
  std::array<bool, 2> begins_{true, true};
};

TEST(SenderUnit, SendsTheListsOfAFiringInOrderHoweverTheyAreFilled) {
  SenderBench sender(2);
  for (int firing = 0; firing < 1000; ++firing) {
    SCOPED_TRACE("firing " + std::to_string(firing));
    sender.fire();
    if (testing::Test::HasFailure()) return;
  }
  sender.drain();
  EXPECT_GT(sender.voids, 100U);
}

TEST(ReceiverUnit, TakesFlagsFromChannelsWithoutDelayOnly) {
  Rng rng(3);
  UnitBench<Vunit_receiver> receiver;
  auto& r = receiver;
  r->clear_i = 1;
  r.clock();
  r->clear_i = 0;
  r->write_pages_i = 1;
  r->config_data_i = hw::RegContextPages{.first_row = 1, .rows = 3, .inbound = 2}.pack();
  r.clock();
  r->write_pages_i = 0;
  for (const unsigned d : {0U, 1U}) {
    r->config_delivery_i = d & 1U;
    r->write_delivery_page_i = 1;
    r->config_data_i = hw::RegDeliveryPage{.zero_delay = d == 0, .valid = 1, .first_chunk = 4 * d}.pack();
    r.clock();
    r->write_delivery_page_i = 0;
    r->write_delivery_range_i = 1;
    r->config_data_i = hw::RegDeliveryRange{.first = 0, .count = 4}.pack();
    r.clock();
    r->write_delivery_range_i = 0;
  }
  r->en_i = r->tick_i = 1;
  for (unsigned step = 0; step < 500; ++step) {
    SCOPED_TRACE("step " + std::to_string(step));
    r->row_i = (1 + step % 3) & 3U;
    const unsigned first = below(rng, 2), flags = below(rng, 8);
    for (const unsigned d : {first, 1 - first}) {
      r->ahead_valid_i = 1;
      r->ahead_delivery_i = d & 1U;
      r.clock();
      r->ahead_valid_i = 0;
      r.clock();
      r->flit_i = kFlitValid | kFlitEnd | (d == 0 ? flags : below(rng, 8));
      r.clock();
      r->flit_i = 0;
    }
    r.settle();
    EXPECT_EQ(r->count_o, 2U);
    EXPECT_EQ(r->void_o, flags >> 2U);
    EXPECT_EQ(r->run_end_o, flags >> 1U & 1U);
    EXPECT_EQ(r->sample_end_o, flags & 1U);
    r->free_i = 1;
    r.clock();
    r->free_i = 0;
  }
}

TEST(FlatPagesUnit, ALookSeesChunksBelowTheLimitOnly) {
  Rng rng(4);
  UnitBench<Vunit_looks> bench;
  auto& p = bench;
  p->clear_i = 1;
  p.clock();
  p->clear_i = 0;
  p->en_i = 1;
  std::array<std::array<std::uint16_t, kChunks>, 3> masks{};
  const auto fill = [&](unsigned row) {
    for (unsigned c = 0; c < kChunks; ++c) {
      if (rng.chance(0.4)) continue;
      masks[row][c] = static_cast<std::uint16_t>(1U + below(rng, 0xffff));
      p->chunk_i = 1;
      p->chunk_row_i = row & 3U;
      p->chunk_number_i = c & 15U;
      p->chunk_mask_i = masks[row][c];
      p.clock();
      p->chunk_i = 0;
    }
    p.clock();
    p.clock();
  };
  for (const unsigned row : {0U, 1U, 2U}) fill(row);
  std::array<std::pair<bool, std::uint16_t>, 3> asked{};  // of this cycle and the two before
  for (int cycle = 0; cycle < 20000; ++cycle) {
    SCOPED_TRACE("cycle " + std::to_string(cycle));
    p->en_i = rng.chance(0.8);
    const unsigned row = below(rng, 3), chunk = rng.chance(0.9) ? below(rng, kChunks) : below(rng, 4096);
    const unsigned limit = below(rng, kChunks + 1);
    p->look_i = rng.chance(0.7);
    p->look_row_i = row & 3U;
    p->look_chunk_i = chunk & 4095U;
    p->look_limit_i = limit & 15U;
    if (p->en_i) asked[0] = {p->look_i != 0, chunk < limit ? masks[row][chunk] : std::uint16_t{0}};
    p.settle();
    EXPECT_EQ(p->look_valid_o, asked[2].first);
    if (asked[2].first) {
      EXPECT_EQ(p->look_mask_o, asked[2].second);
    }
    p.clock();
    if (!p->en_i) continue;
    std::copy_backward(asked.begin(), asked.end() - 1, asked.end());
    if (testing::Test::HasFailure()) return;
    if (cycle % 200 != 0) continue;
    p->look_i = 0;
    for (int n = 0; n < 3; ++n) p.clock();
    asked = {};
    p->row_i = row & 3U;
    p->free_i = 1;
    p.clock();
    p->free_i = 0;
    masks[row] = {};
    fill(row);
  }
}

}  // namespace
}  // namespace spikeloom::test::batches
