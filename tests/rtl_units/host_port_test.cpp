// The host port alone: words and answers while the host takes none.
#include <gtest/gtest.h>

#include <cstdint>
#include <deque>

#include "Vunit_host_port.h"
#include "compiler/base/rng.hpp"
#include "spikeloom_hw.hpp"
#include "tests/rtl_units/bench.hpp"

namespace spikeloom::test {
namespace {

constexpr unsigned kMask = 16, kFlitBits = kMask + 6 + 2;  // as in CMakeLists.txt
constexpr unsigned kSlots = 8;

std::uint32_t address(std::uint32_t block, std::uint32_t offset) {
  return hw::Address{.offset = offset, .block = block}.pack();
}

/// What the mesh sends has its number as its mask; the ring leads straight back.
class HostPortBench : public UnitBench<Vunit_host_port> {
 public:
  std::uint32_t flits = 0, flits_out = 0, answers = 0;
  std::deque<std::uint64_t> to_send;

  HostPortBench() {
    auto& h = *this;
    for (unsigned slot = 0; slot < kSlots; ++slot)
      write(address(hw::kAddrBlockSpikeSlot, slot), hw::RegSlot{.rx_valid = 1}.pack());
    write(address(hw::kAddrBlockNode, hw::kAddrNodeControl), hw::RegControl{.run = 1}.pack());
    h->active_i = 1;  // the run does not end
    h->works_i = 1;   // nor is it stuck
  }
  void write(std::uint32_t where, std::uint32_t data) {
    to_send.push_back(hw::WordRing{.data = data, .address = where, .kind = hw::kKindRingWrite}.pack());
  }
  void read() {
    const std::uint32_t where = address(hw::kAddrBlockNode, hw::kAddrNodeHardwareHash);
    to_send.push_back(hw::WordRing{.address = where, .kind = hw::kKindRingRead}.pack());
  }
  /// One clock: the mesh sends where target time goes on, the host takes a word that there is.
  void cycle(bool sends, bool takes) {
    auto& h = *this;
    h->in_valid_i = !to_send.empty();
    h->in_data_i = to_send.empty() ? 0 : to_send.front();
    h->out_ready_i = takes;
    h->ring_valid_i = h->ring_valid_o;
    h->ring_i = h->ring_o;
    h->spike_i = 0;
    settle();
    if (sends && h->en_o) h->spike_i = 1U << (kFlitBits - 1) | (flits++ & 0xffffU);
    settle();
    if (h->in_valid_i && h->in_ready_o) to_send.pop_front();
    if (h->out_valid_o && takes) out(h->out_data_o);
    clock();
  }

 private:
  void out(std::uint64_t word) {
    if (hw::WordRing::unpack(word).kind == hw::kKindRingAnswer) {
      ASSERT_EQ(hw::WordRing::unpack(word).data, hw::kHardwareHash);
      ++answers;
    } else {
      ASSERT_EQ(hw::WordOutChunk::unpack(word).kind, hw::kKindOutChunk);
      ASSERT_EQ(hw::WordOutChunk::unpack(word).mask, flits_out++ & 0xffffU);
    }
  }
};

TEST(HostPortUnit, TakesNoWordAndNoReadThatItHasNoRoomFor) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Rng random(seed);
    HostPortBench port;
    const double asks = random.unit() * 0.2, sends = random.unit(), takes = random.unit();
    std::uint32_t asked = 0;
    for (int clock = 0; clock < 3000; ++clock) {
      if (clock > 400 && clock < 2500 && random.chance(asks) && port.to_send.empty()) {
        port.read();
        ++asked;
      }
      port.cycle(clock <= 900 || random.chance(sends), clock > 1000 && random.chance(takes));
      if (clock == 900) {
        ASSERT_GE(port.flits, 16U) << "the output is not full";
        ASSERT_LE(port.flits, 20U) << "target time goes on where the output is full";
      }
    }
    for (int clock = 0; clock < 200; ++clock) port.cycle(false, true);
    EXPECT_EQ(port.answers, asked) << "seed " << seed;
    EXPECT_EQ(port.flits, port.flits_out) << "seed " << seed;
    EXPECT_GT(asked, 0U) << "seed " << seed;
    if (testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace spikeloom::test
