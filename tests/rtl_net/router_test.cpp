// A router alone: one cycle a hop, any table, any multicast, frozen at random.
#include <gtest/gtest.h>

#include <array>
#include <memory>

#include "Vrouter6.h"
#include "compiler/base/rng.hpp"

namespace spikeloom::test {
namespace {

constexpr unsigned kWidth = 6, kRouterWheel = 8;  // as in CMakeLists.txt

class RouterBench {
 public:
  RouterBench() {
    model_->rst_i = 1;
    model_->rewind_i = 1;
    clock();
    model_->rst_i = 0;
  }
  ~RouterBench() { model_->final(); }
  void write(unsigned slot, unsigned route) {
    model_->write_enable_i = 1;
    model_->write_slot_i = slot & 7U;
    model_->write_route_i = route & 0x7fffU;
    clock();
    model_->write_enable_i = 0;
  }
  void prime() {
    clock();
    model_->rewind_i = 0;
    model_->tick_i = 1;
    for (int i = 0; i < 3; ++i) clock();
    model_->tick_i = 0;
  }
  std::uint32_t cycle(std::uint32_t in, unsigned enabled) {
    model_->in_i = in;
    model_->en_i = enabled & 1U;
    model_->tick_i = enabled & 1U;
    clock();
    return model_->out_o;
  }

 private:
  void clock() {
    model_->clk_i = 0;
    model_->eval();
    model_->clk_i = 1;
    model_->eval();
  }
  std::unique_ptr<Vrouter6> model_ = std::make_unique<Vrouter6>();
};

TEST(Router, EveryOutputTakesItsInputOneCycleLaterInEverySlotUnderFreezes) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    Rng r(seed);
    RouterBench bench;
    std::array<unsigned, kRouterWheel> table{};
    for (unsigned s = 0; s < kRouterWheel; ++s) {
      for (unsigned o = 0; o < 5; ++o) table[s] |= static_cast<unsigned>(r.below(6)) << (3 * o);
      bench.write(s, table[s]);
    }
    bench.prime();
    std::uint32_t last = 0;
    for (unsigned t = 0, c = 0; c < 300; ++c) {
      const auto in = static_cast<std::uint32_t>(r.below(1U << (5 * kWidth)));
      const unsigned enabled = r.below(3) != 0;
      const std::uint32_t out = bench.cycle(in, enabled);
      if (!enabled) {
        if (t > 0) {
          ASSERT_EQ(out, last) << "seed " << seed << ": moved while frozen";
        }
        continue;
      }
      for (unsigned o = 0; o < 5; ++o) {
        const unsigned select = table[t % kRouterWheel] >> (3 * o) & 7U;
        const unsigned want = select == 0 ? 0 : in >> (kWidth * (select - 1)) & 0x3fU;
        ASSERT_EQ(out >> (kWidth * o) & 0x3fU, want) << "seed " << seed << " cycle " << t << " output " << o;
      }
      last = out;
      ++t;
    }
  }
}

}  // namespace
}  // namespace spikeloom::test
