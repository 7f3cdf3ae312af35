// A one-tile chip with a hand-made image: every word written by hand, every stamp known by hand.
#include <gtest/gtest.h>

#include "Vtile1.h"
#include "compiler/core/crossbar/timing.hpp"
#include "spikeloom_hw.hpp"
#include "tests/rtl_net/chip_bench.hpp"

namespace spikeloom::test {
namespace {

constexpr std::uint32_t kWheel = 16;
constexpr std::uint32_t kRows = 2;

/// Host channel 0 → context 0 (16 inputs, 16 neurons) → tile channel 0 → sink 3.
std::vector<Word> image() {
  std::vector<Word> w;
  const auto tile = [&](std::uint32_t block, std::uint32_t offset, std::uint32_t data) {
    w.push_back(ring_write(1, at(block, offset), data));
  };
  const auto host = [&](std::uint32_t block, std::uint32_t offset, std::uint32_t data) {
    w.push_back(ring_write(0, at(block, offset), data));
  };
  for (std::uint32_t s = 0; s < kWheel; ++s) {
    hw::RegSlot spike_host, spike_tile, credit_host, credit_tile;
    hw::RegRoute spike_route, credit_route;
    if (s == 2) spike_host = {.tx = 0, .tx_valid = 1};
    if (s == 2) spike_route.local = 1 + hw::kPortWest;
    if (s == 3) spike_tile = {.rx = 0, .rx_valid = 1};
    if (s == 5) spike_tile = {.tx = 0, .tx_valid = 1};
    if (s == 5) spike_route.west = 1 + hw::kPortLocal;
    if (s == 6) spike_host = {.rx = 3, .rx_valid = 1};
    if (s == 1) credit_tile = {.tx = 0, .tx_valid = 1};
    if (s == 1) credit_route.west = 1 + hw::kPortLocal;
    if (s == 2) credit_host = {.rx = 0, .rx_valid = 1};
    host(hw::kAddrBlockSpikeSlot, s, spike_host.pack());
    host(hw::kAddrBlockCreditSlot, s, credit_host.pack());
    tile(hw::kAddrBlockSpikeSlot, s, spike_tile.pack());
    tile(hw::kAddrBlockCreditSlot, s, credit_tile.pack());
    tile(hw::kAddrBlockSpikeRoute, s, spike_route.pack());
    tile(hw::kAddrBlockCreditRoute, s, credit_route.pack());
  }
  tile(hw::kAddrBlockContext, hw::kAddrContextPages,
       hw::RegContextPages{.first_row = 4, .rows = kRows, .inbound = 1}.pack());
  tile(hw::kAddrBlockContext, hw::kAddrContextTables,
       hw::RegContextTables{.first_chunk = 0, .first_out = 7}.pack());
  tile(hw::kAddrBlockContext, hw::kAddrContextUpdate, hw::RegContextUpdate{.first = 0, .count = 1}.pack());
  tile(hw::kAddrBlockContext, hw::kAddrContextState, 0);
  tile(hw::kAddrBlockContext, hw::kAddrContextMode, hw::RegContextMode{.valid = 1}.pack());
  for (std::uint32_t k = 0; k < 16; ++k) tile(hw::kAddrBlockContext, hw::kAddrContextLimit + k, 64);
  tile(hw::kAddrBlockDelivery, hw::kAddrDeliveryRange, hw::RegDeliveryRange{.first = 0, .count = 1}.pack());
  tile(hw::kAddrBlockChannel, 0, hw::RegChannel{.context = 0, .valid = 1}.pack());
  tile(hw::kAddrBlockOrder, 0, hw::RegOrder{.context = 0, .skip = 0}.pack());
  tile(hw::kAddrBlockNode, hw::kAddrNodeOrderLength, 1);

  const auto memory = [&](std::uint32_t number, std::uint32_t word, const std::vector<std::uint32_t>& parts) {
    tile(hw::kAddrBlockMemory, hw::kAddrMemoryAddress,
         hw::RegMemoryAddress{.word = word, .memory = number}.pack());
    for (const std::uint32_t part : parts) tile(hw::kAddrBlockMemory, hw::kAddrMemoryData, part);
  };
  const auto chunk = hw::MemChunkEntry{.words = 1, .stride = 1}.pack();
  memory(hw::kMemChunks, 0, {chunk.begin(), chunk.end()});
  std::vector<std::uint32_t> weights;  // axon i to neuron j: 11 if i = j, else 1; four weights a part
  for (std::uint32_t i = 0; i < 16; ++i)
    for (std::uint32_t p = 0; p < 4; ++p) {
      std::uint32_t part = 0x01010101U;
      if (i / 4 == p) part += 10U << (8U * (i % 4));
      weights.push_back(part);
    }
  memory(hw::kMemWeights, 0, weights);
  const auto update = hw::MemUpdateEntry{.emit = 1, .mask = 0xffff}.pack();
  memory(hw::kMemUpdates, 0, {update.begin(), update.end()});
  const auto set = hw::MemSetEntry{.beta = 4096, .theta = 10}.pack();
  memory(hw::kMemSets, 0, {set.begin(), set.end()});
  memory(hw::kMemBiases, 0, std::vector<std::uint32_t>(16, 0));
  return w;
}

std::vector<Word> start() {
  return {
      ring_write(0, hw::kAddrNodeControl, hw::RegControl{.clear = 1, .routers = 1}.pack()),
      ring_write(1, hw::kAddrNodeControl, hw::RegControl{.clear = 1, .routers = 1}.pack()),
      ring_write(0, at(hw::kAddrBlockCredit, 0),
                 hw::RegCredit{.channel = 0, .valid = 1, .count = kRows}.pack()),
      ring_write(1, at(hw::kAddrBlockDelivery, hw::kAddrDeliveryPage),
                 hw::RegDeliveryPage{.context = 0, .zero_delay = 1, .valid = 1}.pack()),
      ring_write(1, hw::kAddrNodeControl, hw::RegControl{.run = 1}.pack()),
      ring_write(0, hw::kAddrNodeStart, hw::RegStart{.apps = 1}.pack()),
      ring_write(0, hw::kAddrNodeControl, hw::RegControl{.run = 1}.pack()),
  };
}

Word chunk_word(std::uint32_t mask) {
  return hw::WordChunk{.mask = mask, .index = 0, .kind = hw::kKindChunk}.pack();
}
Word eos_word(std::uint32_t sample_end, std::uint32_t run_end) {
  return hw::WordEos{.sample_end = sample_end, .run_end = run_end, .final = run_end, .kind = hw::kKindEos}
      .pack();
}

/// Two steps of one sample: neuron 0's spike; then axon 1 twice over the threshold by integration.
std::vector<Word> input() {
  return {chunk_word(0x0001), eos_word(0, 0), chunk_word(0x00f0), eos_word(1, 0), eos_word(0, 1)};
}

/// The first cycle from `cycle` on whose slot is `slot`.
std::uint64_t next_slot(std::uint64_t cycle, std::uint32_t slot) {
  while (cycle % kWheel != slot) ++cycle;
  return cycle;
}

/// What docs/protocol.md says must come out, words in the order of their stamps.
std::vector<Word> expected() {
  std::vector<Word> out;
  const auto sent = [](std::uint64_t stamp, std::uint32_t sample_end) {
    return hw::WordOutEos{.stamp = stamp, .sample_end = sample_end, .kind = hw::kKindOutSent}.pack();
  };
  const auto eos = [](std::uint64_t stamp, std::uint32_t sample_end, std::uint32_t run_end) {
    return hw::WordOutEos{
        .stamp = stamp, .sample_end = sample_end, .run_end = run_end, .channel = 3, .kind = hw::kKindOutEos}
        .pack();
  };
  const auto chunk = [](std::uint32_t mask) {
    return hw::WordOutChunk{.mask = mask, .index = 0, .channel = 3, .kind = hw::kKindOutChunk}.pack();
  };
  // Source: chunk in slot 2, end-of-step one wheel later; on the local wire one cycle after.
  const std::uint64_t sent0 = 2 + kWheel, sent1 = sent0 + 2 * kWheel;
  const std::uint64_t fire0 = sent0 + 2, te0 = fire0 + crossbar::kIntegrate + 1 + crossbar::kUpdate + 1;
  const std::uint64_t chunk0 = next_slot(te0 + 2, 5), eos0 = chunk0 + kWheel;
  const std::uint64_t fire1 = sent1 + 2, te1 = fire1 + crossbar::kIntegrate + 4 + crossbar::kUpdate + 1;
  const std::uint64_t chunk1 = next_slot(std::max(te1 + 2, eos0 + 1), 5), eos1 = chunk1 + kWheel;
  // The run's end takes a credit as well: the first page was given back long ago.
  const std::uint64_t retire = sent1 + kWheel + 2;
  const std::uint64_t eos2 = next_slot(std::max(retire, eos1) + 2, 5);
  // Step 0: v = 11 at neuron 0 (spike, v = 0), 1 elsewhere. Step 1: + 14 at neurons 4..7, + 4 elsewhere.
  out = {sent(sent0, 0), chunk(0x0001),       sent(sent1, 1),     eos(eos0 + 1, 0, 0),
         chunk(0x00f0),  eos(eos1 + 1, 1, 0), eos(eos2 + 1, 0, 1)};
  return out;
}

std::vector<Word> run(ChipBench<Vtile1>& bench, std::size_t words) {
  bench.send(start());
  bench.send(input());
  for (int i = 0; i < 20000 && bench.received().size() < words; ++i) bench.step();
  EXPECT_TRUE(bench.settle(20000));
  std::vector<Word> out(bench.received().begin(), bench.received().end());
  bench.received().clear();
  return out;
}

/// Chunks carry no stamp; order among the words of one sink and of the source is what counts.
std::vector<Word> of_kind(const std::vector<Word>& words, bool sent) {
  std::vector<Word> out;
  for (const Word w : words)
    if ((hw::WordRing::unpack(w).kind == hw::kKindOutSent) == sent) out.push_back(w);
  return out;
}

TEST(OneTile, SpikesAndStampsAreThoseOfTheProtocol) {
  ChipBench<Vtile1> bench(1);
  bench.send(image());
  const std::vector<Word> want = expected(), got = run(bench, want.size());
  EXPECT_EQ(of_kind(got, true), of_kind(want, true));
  EXPECT_EQ(of_kind(got, false), of_kind(want, false));
}

TEST(OneTile, ASlowLinkChangesNoSpikeAndNoStamp) {
  const std::vector<Word> want = expected();
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    ChipBench<Vtile1> bench(
        seed, {.offer = 1 + static_cast<unsigned>(seed * 3), .take = 2 + static_cast<unsigned>(seed * 2)});
    bench.send(image());
    const std::vector<Word> got = run(bench, want.size());
    EXPECT_EQ(of_kind(got, true), of_kind(want, true)) << "seed " << seed;
    EXPECT_EQ(of_kind(got, false), of_kind(want, false)) << "seed " << seed;
  }
}

TEST(OneTile, ASecondRunIsAsTheFirst) {
  ChipBench<Vtile1> bench(1);
  bench.send(image());
  const std::vector<Word> want = expected();
  const std::vector<Word> first = run(bench, want.size()), second = run(bench, want.size());
  EXPECT_EQ(first, second);
}

TEST(OneTile, CountersTellWhatHappened) {
  ChipBench<Vtile1> bench(1);
  bench.send(image());
  bench.send(ring_write(1, hw::kAddrNodeContractRho, 16U << hw::kContractFractionBits));
  bench.send(ring_write(1, hw::kAddrNodeContractSigma, 1U << hw::kContractFractionBits));
  run(bench, expected().size());
  const std::uint32_t fixed = crossbar::kIntegrate + crossbar::kUpdate + 1;
  EXPECT_EQ(bench.read(1, hw::kAddrNodeHardwareHash), hw::kHardwareHash);
  EXPECT_EQ(bench.read(0, hw::kAddrNodeHardwareHash), hw::kHardwareHash);
  EXPECT_EQ(bench.read(0, hw::kAddrNodeStatus), 0U);
  EXPECT_EQ(bench.read(1, hw::kAddrNodeStatus), 0U);
  EXPECT_EQ(bench.read(1, hw::kAddrNodeFirings), 2U);
  EXPECT_EQ(bench.read(1, hw::kAddrNodeBusy), 2 * fixed + 5);
  EXPECT_EQ(bench.read(1, hw::kAddrNodeSpikes), 5U);
  EXPECT_EQ(bench.read(1, hw::kAddrNodeWords), 5U);
  EXPECT_EQ(bench.read(1, hw::kAddrNodeFirings + hw::kAddrNodeHigh), 0U);
  // Work: fixed + 1, then fixed + 4 cycles, 16 leak away a firing, 1 is allowed.
  const int level0 = std::max(0, static_cast<int>(fixed) + 1 - 16);
  const int level1 = std::max(0, level0 + static_cast<int>(fixed) + 4 - 16);
  EXPECT_EQ(bench.read(1, hw::kAddrNodeContractBroken), (level0 > 1 ? 1U : 0U) + (level1 > 1 ? 1U : 0U));
  EXPECT_EQ(bench.read(1, hw::kAddrNodeContractFirst), level0 > 1 ? 0U : level1 > 1 ? 1U : 2U);
  EXPECT_GT(bench.read(0, hw::kAddrNodeCycle), 0U);
}

TEST(OneTile, MembranesAreReadOverTheRing) {
  ChipBench<Vtile1> bench(1);
  bench.send(image());
  run(bench, expected().size());
  bench.send(ring_write(1, at(hw::kAddrBlockMemory, hw::kAddrMemoryAddress),
                        hw::RegMemoryAddress{.word = 0, .memory = hw::kMemPotentials}.pack()));
  for (std::uint32_t n = 0; n < 16; ++n)
    EXPECT_EQ(bench.read(1, hw::AddressMemory{.part = n, .read = 1}.pack()), n == 0            ? 4U
                                                                             : n >= 4 && n < 8 ? 0U
                                                                                               : 5U)
        << n;
}

TEST(OneTile, AReadOfANodeThatIsNotThereAnswersZero) {
  ChipBench<Vtile1> bench(1);
  EXPECT_EQ(bench.read(7, hw::kAddrNodeHardwareHash), 0U);
}

}  // namespace
}  // namespace spikeloom::test
