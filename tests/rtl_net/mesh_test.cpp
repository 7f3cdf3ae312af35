// Random applications on random slots against the cycle model: every word and every stamp, under any link.
#include <gtest/gtest.h>

#include "Vmesh21b.h"
#include "Vmesh21l.h"
#include "Vmesh22.h"
#include "Vmesh22b.h"
#include "Vmesh22l.h"
#include "Vmesh31.h"
#include "tests/rtl_net/mesh_case.hpp"
#include "tests/rtl_net/mesh_shapes.hpp"

namespace spikeloom::test {
namespace {

template <typename Model>
void compare(const MeshShape& shape, std::uint64_t seed, const Link& link, unsigned& ran, std::size_t& words,
             std::vector<unsigned>& batches, unsigned& voids) {
  const MeshCase mesh = draw_case(shape, seed);
  if (!mesh.valid) return;
  const MeshResult want = simulate(mesh, 20000);
  ASSERT_TRUE(want.finished) << "seed " << seed << ": the drawn case never ends";
  ChipBench<Model> bench(seed, link);
  bench.send(mesh.image);
  for (int round = 0; round < 2; ++round) {  // the second run after the first, on the same image
    bench.send(mesh.start);
    bench.send(mesh.input);
    ASSERT_TRUE(bench.settle(400000)) << "seed " << seed;
    std::vector<Word> sent, sink;
    for (const Word w : bench.received())
      (hw::WordRing::unpack(w).kind == hw::kKindOutSent ? sent : sink).push_back(w);
    bench.received().clear();
    ASSERT_EQ(sent, want.sent) << "seed " << seed << " run " << round;
    ASSERT_EQ(sink, want.sink) << "seed " << seed << " run " << round;
    ASSERT_EQ(bench.read(0, hw::kAddrNodeStatus), 0U) << "seed " << seed << ": the run is not done";
    for (unsigned t = 0; t < shape.width * shape.height; ++t) {
      ASSERT_EQ(bench.read(t + 1, hw::kAddrNodeFirings), want.firings[t]) << "seed " << seed << " tile " << t;
      ASSERT_EQ(bench.read(t + 1, hw::kAddrNodeWaitInput), want.wait_input[t])
          << "seed " << seed << " tile " << t;
      ASSERT_EQ(bench.read(t + 1, hw::kAddrNodeWaitOutput), want.wait_output[t])
          << "seed " << seed << " tile " << t;
    }
  }
  ++ran;
  for (std::size_t pages = 0; pages < batches.size(); ++pages) batches[pages] += want.batches[pages];
  voids += want.voids;
  words += want.sent.size() + want.sink.size();
}

template <typename Model>
void many(const MeshShape& shape, std::uint64_t first, unsigned cases) {
  unsigned ran = 0;
  std::size_t words = 0;
  std::vector<unsigned> batches(shape.firing_pages + 1, 0);
  unsigned voids = 0;
  for (std::uint64_t seed = first; seed < first + cases && !testing::Test::HasFatalFailure(); ++seed)
    compare<Model>(shape, seed,
                   seed % 3 == 0 ? Link{}
                                 : Link{.offer = 1 + static_cast<unsigned>(seed * 7 % 100),
                                        .take = 3 + static_cast<unsigned>(seed * 11 % 97)},
                   ran, words, batches, voids);
  EXPECT_GT(ran, cases / 8);
  EXPECT_GT(voids, ran / 2) << "firings of void pages";
  EXPECT_GT(words, 20 * ran) << "the drawn cases are too small to say much";
  for (unsigned pages = 1; pages <= shape.firing_pages; ++pages)
    EXPECT_GT(batches[pages], ran / 2) << "firings of " << pages << " pages";
  std::cout << ran << " of " << cases << " drawn cases had room for their slots; " << words << " words\n";
}

TEST(Mesh2x2, EveryWordAndStampIsTheProtocolsUnderAnyLink) { many<Vmesh22>(kMesh22, 1, 1000); }
TEST(Mesh3x1, EveryWordAndStampIsTheProtocolsUnderAnyLink) { many<Vmesh31>(kMesh31, 100001, 1000); }
TEST(Mesh2x2Pairs, EveryWordAndStampIsTheProtocolsUnderAnyLink) { many<Vmesh22b>(kMesh22b, 200001, 500); }
TEST(Mesh2x1Fours, EveryWordAndStampIsTheProtocolsUnderAnyLink) { many<Vmesh21b>(kMesh21b, 300001, 500); }
TEST(Mesh2x2Looks, EveryWordAndStampIsTheProtocolsUnderAnyLink) { many<Vmesh22l>(kMesh22l, 400001, 500); }
TEST(Mesh2x1Looks, EveryWordAndStampIsTheProtocolsUnderAnyLink) { many<Vmesh21l>(kMesh21l, 500001, 500); }

TEST(Ring, WritesAndReadsKeepTheirOrder) {
  Rng r(7);
  ChipBench<Vmesh22> bench(7, {.offer = 90, .take = 40});
  std::vector<std::vector<std::uint32_t>> memory(5, std::vector<std::uint32_t>(192, 0));
  std::vector<std::uint32_t> place(5, 0);
  for (unsigned node = 1; node <= 4; ++node) {  // the window moves on by itself, three parts a word
    bench.send(ring_write(node, at(hw::kAddrBlockMemory, hw::kAddrMemoryAddress), 0));
    for (unsigned k = 0; k < 192; ++k) {
      memory[node][k] = static_cast<std::uint32_t>(r.next());
      bench.send(ring_write(node, at(hw::kAddrBlockMemory, hw::kAddrMemoryData), memory[node][k]));
    }
  }
  std::vector<Word> want;
  for (int i = 0; i < 3000; ++i) {
    const unsigned node = 1 + static_cast<unsigned>(r.below(4));
    switch (r.below(4)) {
      case 0: {
        place[node] = static_cast<std::uint32_t>(r.below(60)) * 3;
        bench.send(ring_write(node, at(hw::kAddrBlockMemory, hw::kAddrMemoryAddress),
                              hw::RegMemoryAddress{.word = place[node] / 3}.pack()));
        break;
      }
      case 1: {  // a write of a whole word, then the window stands on the next
        bench.send(ring_write(node, at(hw::kAddrBlockMemory, hw::kAddrMemoryAddress),
                              hw::RegMemoryAddress{.word = place[node] / 3}.pack()));
        for (unsigned k = 0; k < 3; ++k) {
          memory[node][place[node] + k] = static_cast<std::uint32_t>(r.next());
          bench.send(
              ring_write(node, at(hw::kAddrBlockMemory, hw::kAddrMemoryData), memory[node][place[node] + k]));
        }
        place[node] = (place[node] + 3) % 189;
        bench.send(ring_write(node, at(hw::kAddrBlockMemory, hw::kAddrMemoryAddress),
                              hw::RegMemoryAddress{.word = place[node] / 3}.pack()));
        break;
      }
      default: {
        if (i < 50)
          bench.send(ring_write(node, at(hw::kAddrBlockMemory, hw::kAddrMemoryAddress),
                                hw::RegMemoryAddress{.word = place[node] / 3}.pack()));
        const unsigned part = static_cast<unsigned>(r.below(3));
        const std::uint32_t address = hw::AddressMemory{.part = part, .read = 1}.pack();
        bench.send(ring_write(node, at(hw::kAddrBlockMemory, hw::kAddrMemoryAddress),
                              hw::RegMemoryAddress{.word = place[node] / 3}.pack()));
        bench.send(ring_read(node, address));
        want.push_back(hw::WordRing{.data = memory[node][place[node] + part],
                                    .address = address,
                                    .node = node,
                                    .kind = hw::kKindRingAnswer}
                           .pack());
      }
    }
  }
  ASSERT_TRUE(bench.settle(1000000));
  EXPECT_EQ(std::vector<Word>(bench.received().begin(), bench.received().end()), want);
}

TEST(Ring, NothingElseMovesWhileIdle) {
  ChipBench<Vmesh22> bench(3);
  ASSERT_TRUE(bench.settle(10000));
  for (int i = 0; i < 500; ++i) {
    bench.step();
    ASSERT_TRUE(bench.idle());
    ASSERT_FALSE(bench.model().out_valid_o);
  }
}

}  // namespace
}  // namespace spikeloom::test
