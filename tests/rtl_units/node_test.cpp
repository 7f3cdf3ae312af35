// Router and parts of a node, where numbers reach their ends: rounds, credits, levels and counts.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>

#include "Vunit_contract.h"
#include "Vunit_contract___024root.h"
#include "Vunit_credit_sender.h"
#include "Vunit_event_counters.h"
#include "Vunit_event_counters___024root.h"
#include "Vunit_router.h"
#include "Vunit_sequencer.h"
#include "compiler/base/rng.hpp"
#include "spikeloom_hw.hpp"
#include "tests/rtl_units/bench.hpp"
#include "tests/rtl_units/sequencer_tables.hpp"

namespace spikeloom::test {
namespace {

constexpr unsigned kFlit = 6;  // bits, as in CMakeLists.txt
constexpr std::uint32_t kValid = 1U << (kFlit - 1);

std::uint32_t valid_outputs(std::uint32_t out) {
  std::uint32_t count = 0;
  for (unsigned o = 0; o < 5; ++o) count += (out >> (kFlit * o) & kValid) != 0;
  return count;
}

TEST(RouterUnit, AClearForgetsTheFlitsOnItsWires) {
  UnitBench<Vunit_router> router;
  router->rewind_i = 1;
  for (unsigned slot = 0; slot < 8; ++slot) {
    router->write_enable_i = 1;
    router->write_slot_i = slot & 7U;
    router->write_route_i = 0b101'100'011'010'001;  // every output takes its own port
    router.clock();
  }
  router->write_enable_i = 0;
  router.clock();
  router->rewind_i = 0;
  router->tick_i = 1;
  for (int i = 0; i < 3; ++i) router.clock();
  for (const bool moves : {false, true}) {
    for (unsigned port = 0; port < 5; ++port) router->in_i |= kValid << (kFlit * port);
    router->en_i = 1;
    router.clock();
    ASSERT_EQ(valid_outputs(router->out_o), 5U);
    router->en_i = moves ? 1 : 0;
    router->clear_i = 1;
    router.clock();
    router->clear_i = 0;
    EXPECT_EQ(valid_outputs(router->out_o), 0U) << (moves ? "going" : "frozen");
  }
}

class SequencerBench : public SequencerTables<Vunit_sequencer> {
 public:
  SequencerBench() {
    for (const unsigned context : {0U, 1U}) pages(context, 4 * context, 2);
    (*this)->count_i = kInbound;
    (*this)->en_i = 1;
  }
  /// The next context that fires, and its firing to the end.
  unsigned next() {
    auto& s = *this;
    s->run_i = 1;
    for (int cycle = 0; cycle < 20; ++cycle) {
      settle();
      const bool fires = s->fire_o != 0;
      const unsigned context = s->context_o;
      clock();
      if (!fires) continue;
      s->free_i = 1;
      clock();
      s->free_i = 0;
      s->out_end_i = s->done_i = 1;
      clock();
      s->out_end_i = s->done_i = 0;
      return context;
    }
    ADD_FAILURE() << "nothing fires";
    return 99;
  }
};

TEST(SequencerUnit, AnEntryIsPassedOverInItsFirstRoundsAndNeverAgain) {
  SequencerBench sequencer;
  sequencer.order(0, 0, 0);
  sequencer.order(1, 1, 2);
  for (unsigned round = 0; round < 600; ++round) {
    ASSERT_EQ(sequencer.next(), 0U) << "round " << round;
    if (round < 2) continue;
    ASSERT_EQ(sequencer.next(), 1U) << "round " << round;
  }
}

TEST(CreditSenderUnit, SendsWhatIsOwedAndNoMoreUpToSixteenPages) {
  Rng random(1);
  UnitBench<Vunit_credit_sender> credits;
  credits->clear_i = 1;
  credits.clock();
  credits->clear_i = 0;
  const std::array<unsigned, 3> context_of{0, 1, 1};
  for (unsigned d = 0; d < 3; ++d) {
    credits->write_delivery_page_i = 1;
    credits->config_delivery_i = d & 3U;
    credits->config_context_i = context_of[d] & 1U;
    credits.clock();
  }
  credits->write_delivery_page_i = 0;
  std::array<unsigned, 3> owed{};
  unsigned full = 0;
  for (int clock = 0; clock < 20000; ++clock) {
    // Long times without a slot fill a context's pages.
    const bool starves = clock / 200 % 2 == 0;
    const unsigned context = random.below(2) & 1U, delivery = random.below(3) & 3U;
    bool may_free = true;
    for (unsigned d = 0; d < 3; ++d) may_free = may_free && (context_of[d] != context || owed[d] < 16);
    credits->en_i = random.chance(0.8);
    credits->free_i = may_free && random.chance(0.4);
    credits->context_i = context & 1U;
    credits->tx_valid_i = !starves && random.chance(0.8);
    credits->tx_delivery_i = delivery & 3U;
    const bool sends = credits->en_i && credits->tx_valid_i && owed[delivery] > 0;
    full += sends && owed[delivery] == 16 ? 1 : 0;
    const bool goes = credits->en_i != 0;
    if (sends) --owed[delivery];
    if (goes && credits->free_i)
      for (unsigned d = 0; d < 3; ++d) owed[d] += context_of[d] == context ? 1 : 0;
    credits.clock();
    if (!goes) continue;
    ASSERT_EQ(credits->credit_o != 0, sends) << "clock " << clock;
  }
  EXPECT_GT(full, 10U);
}

class ContractBench : public UnitBench<Vunit_contract> {
 public:
  ContractBench(std::uint32_t rho, std::uint32_t sigma) {
    auto& c = *this;
    c->write_rho_i = 1;
    c->config_data_i = rho;
    clock();
    c->write_rho_i = 0;
    c->write_sigma_i = 1;
    c->config_data_i = sigma;
    clock();
    c->write_sigma_i = 0;
    c->clear_i = 1;
    clock();
    c->clear_i = 0;
    c->en_i = 1;
  }
  /// Whether a firing of so many cycles breaks it.
  bool fires(std::uint32_t cycles) {
    auto& c = *this;
    c->firing_i = 1;
    for (std::uint32_t i = 0; i + 1 < cycles; ++i) clock();
    c->done_i = 1;
    clock();
    c->firing_i = c->done_i = 0;
    clock();
    settle();
    EXPECT_TRUE(c->checked_o);
    const bool broken = c->broken_o != 0;
    clock();
    return broken;
  }
};

TEST(ContractUnit, CountsAsItsFormulaSays) {
  Rng random(2);
  for (int trial = 0; trial < 200; ++trial) {
    const auto rho = static_cast<std::uint32_t>(random.below(4000));
    const auto sigma = static_cast<std::uint32_t>(random.below(20000));
    ContractBench contract(rho, sigma);
    std::int64_t level = 0;
    for (int n = 0; n < 20; ++n) {
      const auto cycles = 1 + static_cast<std::uint32_t>(random.below(30));
      level = std::max<std::int64_t>(0, level + 256 * std::int64_t{cycles} - rho);
      ASSERT_EQ(contract.fires(cycles), level > sigma) << "trial " << trial << " firing " << n;
    }
  }
}

TEST(ContractUnit, TheBoundItselfIsKept) {
  ContractBench contract(256, 256 * 9);
  EXPECT_FALSE(contract.fires(10));
  EXPECT_FALSE(contract.fires(1));
  EXPECT_TRUE(contract.fires(2));
}

TEST(ContractUnit, AFiringLongerThanItsLevelHoldsBreaksItAllTheSame) {
  ContractBench contract(0, 0xffff'fffe);                 // all ones: no contract
  contract->rootp->contract__DOT__level_q = 0xffff'fe80;  // as after 2^24 cycles of firing
  EXPECT_TRUE(contract.fires(7));
}

class CountersBench : public UnitBench<Vunit_event_counters> {
 public:
  CountersBench() {
    (*this)->clear_i = 1;
    clock();
    (*this)->clear_i = 0;
    rest();
  }
  void rest() {
    (*this)->steps_i = 0;
    (*this)->wide_i = 0;
    for (int i = 0; i < 48; ++i) clock();
  }
  std::uint64_t read(unsigned counter) {
    std::uint64_t value = 0;
    for (const unsigned high : {1U, 0U}) {
      (*this)->counter_i = counter & 7U;
      (*this)->high_i = high & 1U;
      for (int i = 0; i < 3; ++i) clock();
      value = value << 32U | (*this)->data_o;
    }
    return value;
  }
};

TEST(EventCountersUnit, CountEveryEventPastSixteenBits) {
  Rng random(3);
  CountersBench counters;
  std::array<std::uint64_t, 8> count{};
  for (int clock = 0; clock < 80000; ++clock) {
    counters->steps_i = static_cast<std::uint8_t>(random.below(256) | 1U);
    counters->wide_i = static_cast<std::uint8_t>(random.below(17));
    for (unsigned k = 0; k < 8; ++k) count[k] += counters->steps_i >> k & 1U;
    count[4] += counters->wide_i;
    counters.clock();
  }
  counters.rest();
  EXPECT_GT(count[0], 1U << 16);
  for (unsigned k = 0; k < 8; ++k) EXPECT_EQ(counters.read(k), count[k]) << "counter " << k;
}

TEST(EventCountersUnit, CarryIntoTheirHighBits) {
  CountersBench counters;
  // As after 2^32 - 1 events, for which no test has the time.
  for (const unsigned part : {0U, 1U}) counters->rootp->event_counters__DOT__memory[2 * 4 + part] = 0xffff;
  ASSERT_EQ(counters.read(2), 0xffff'ffffU);
  counters->steps_i = 1U << 2;
  counters.clock();
  counters.clock();
  counters.rest();
  EXPECT_EQ(counters.read(2), 0x1'0000'0001U);
}

}  // namespace
}  // namespace spikeloom::test
