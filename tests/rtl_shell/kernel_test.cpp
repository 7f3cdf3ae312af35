// A mesh run through the card's kernel: whatever the cuts into runs, the capacities and the memory's moods,
// the words and stamps are those of the protocol's cycle model; and what happens when the memory fails.
#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>
#include <string>

#include "Vkernel22.h"
#include "tests/rtl_net/mesh_case.hpp"
#include "tests/rtl_net/mesh_shapes.hpp"
#include "tests/rtl_shell/kernel_bench.hpp"

namespace spikeloom::test {
namespace {

using Bench = KernelBench<Vkernel22>;
constexpr std::uint32_t kWatchdog = 4096;  // CMakeLists.txt

/// What a chip said, in each of the orders that a link keeps.
struct Said {
  std::vector<Word> sent, sink, answers;
  void add(Word word) {
    const std::uint32_t kind = hw::WordRing::unpack(word).kind;
    (kind == hw::kKindOutSent ? sent : kind == hw::kKindRingAnswer ? answers : sink).push_back(word);
  }
};

/// How the host cuts words into runs.
struct Cuts {
  std::uint64_t most_words = 100000, most_room = 100000;
  bool any_quiet = false;
};

/// Offers all words, over as many runs as it takes, until the chip is at rest and has nothing more to say.
Said exchange(Bench& bench, const std::vector<Word>& words, Rng& random, const Cuts& cuts, unsigned& runs) {
  Said said;
  std::size_t at = 0;
  for (unsigned run = 0; run < 4000; ++run) {
    const std::uint64_t count = std::min<std::uint64_t>(random.below(cuts.most_words + 1), words.size() - at);
    KernelArguments arguments;
    arguments.commands = 64 * random.below(4096);
    arguments.results = 0x4000000 + 64 * random.below(4096);
    arguments.capacity =
        static_cast<std::uint32_t>(std::min<std::uint64_t>(random.below(cuts.most_room + 1), 2000));
    const bool hasty = cuts.any_quiet && random.below(2) == 0;
    if (hasty) arguments.quiet = static_cast<std::uint32_t>(random.below(40));
    const KernelRun done = bench.run(std::span(words).subspan(at, count), arguments);
    if (testing::Test::HasFailure()) return said;
    for (const Word word : done.results) said.add(word);
    at += done.taken;
    ++runs;
    if (at == words.size() && !hasty && done.written < arguments.capacity) return said;
  }
  ADD_FAILURE() << "the words are not through after 4000 runs: " << at << " of " << words.size();
  return said;
}

MemoryMoods draw_moods(Rng& random) {
  const auto chance = [&] {
    return random.below(3) == 0 ? 100U : 5 + static_cast<unsigned>(random.below(95));
  };
  MemoryMoods moods{.ar = chance(), .r = chance(), .aw = chance(), .w = chance(), .b = chance()};
  moods.latency = random.below(2) == 0 ? 0 : static_cast<unsigned>(random.below(200));
  moods.address_after_data = random.below(2) == 0;
  return moods;
}

MeshCase next_case(std::uint64_t& seed) {
  for (;;) {
    MeshCase mesh = draw_case(kMesh22, seed++);
    if (mesh.valid) return mesh;
  }
}

TEST(Kernel, EveryWordAndStampIsTheProtocolsUnderAnyCutAndAnyMemory) {
  std::uint64_t seed = 1;
  unsigned runs = 0;
  std::size_t words = 0;
  for (int turn = 0; turn < 200; ++turn) {
    const MeshCase mesh = next_case(seed);
    const MeshResult want = simulate(mesh, 20000);
    ASSERT_TRUE(want.finished);
    Rng random(seed);
    Bench bench(seed, draw_moods(random));
    const Cuts cuts = turn % 4 == 0 ? Cuts{}
                                    : Cuts{.most_words = 1 + random.below(200),
                                           .most_room = random.below(60) + 1,
                                           .any_quiet = turn % 4 == 2};
    (void)exchange(bench, mesh.image, random, {}, runs);
    for (int round = 0; round < 2; ++round) {  // again without loading
      std::vector<Word> all = mesh.start;
      all.insert(all.end(), mesh.input.begin(), mesh.input.end());
      const Said said = exchange(bench, all, random, cuts, runs);
      ASSERT_EQ(said.sent, want.sent) << "seed " << seed << " round " << round;
      ASSERT_EQ(said.sink, want.sink) << "seed " << seed << " round " << round;
      ASSERT_TRUE(said.answers.empty());
      std::vector<Word> questions;
      for (unsigned t = 0; t < 4; ++t) questions.push_back(ring_read(t + 1, hw::kAddrNodeFirings));
      const Said answered = exchange(bench, questions, random, cuts, runs);
      ASSERT_EQ(answered.answers.size(), questions.size());
      for (unsigned t = 0; t < 4; ++t)
        ASSERT_EQ(hw::WordRing::unpack(answered.answers[t]).data, want.firings[t])
            << "seed " << seed << " tile " << t;
      words += said.sent.size() + said.sink.size();
    }
    ASSERT_FALSE(HasFailure()) << "seed " << seed;
  }
  EXPECT_GT(runs, 3000U);
  std::cout << runs << " runs, " << words << " result words\n";
}

/// Ring words whose answers differ: a memory written and read back.
std::vector<Word> memory_words(std::uint32_t count) {
  std::vector<Word> words = {ring_write(1, at(hw::kAddrBlockMemory, hw::kAddrMemoryAddress), 0)};
  for (std::uint32_t i = 0; i < 3 * count; ++i)
    words.push_back(ring_write(1, at(hw::kAddrBlockMemory, hw::kAddrMemoryData), 1000 + i));
  for (std::uint32_t i = 0; i < count; ++i) {
    words.push_back(ring_write(1, at(hw::kAddrBlockMemory, hw::kAddrMemoryAddress),
                               hw::RegMemoryAddress{.word = i}.pack()));
    for (std::uint32_t p = 0; p < 3; ++p)
      words.push_back(ring_read(1, hw::AddressMemory{.part = p, .read = 1}.pack()));
  }
  return words;
}
void expect_memory(const Said& said, std::uint32_t count) {
  ASSERT_EQ(said.answers.size(), 3 * count);
  for (std::uint32_t i = 0; i < 3 * count; ++i)
    ASSERT_EQ(hw::WordRing::unpack(said.answers[i]).data, 1000 + i);
}

TEST(Kernel, TakesAWordAClockInBurstsOf64) {
  Bench bench(3, {.latency = 60});
  const std::vector<Word> words(4000, ring_write(9, 0, 0));  // a node that is not there
  const KernelRun run = bench.run(words, {});
  EXPECT_EQ(run.taken, words.size());
  EXPECT_LT(run.cycles, words.size() + 300);
  EXPECT_EQ(bench.memory.longest_read(), 64U);
  EXPECT_EQ(bench.memory.most_reads(), 4U);
  std::cout << words.size() << " words in " << run.cycles << " clocks at up to 60 clocks of latency\n";
}

TEST(Kernel, ARunOfNoWordsEndsAndSaysNothing) {
  Bench bench(4);
  const KernelRun run = bench.run({}, {.capacity = 0});
  EXPECT_EQ(run.taken, 0U);
  EXPECT_EQ(run.written, 0U);
  EXPECT_EQ(bench.memory.requests(), 1U) << "the header alone";
}

TEST(Kernel, WithoutRoomItTakesWordsUntilTheChipHasSomethingToSay) {
  Bench bench(5);
  const std::vector<Word> words = memory_words(8);
  const KernelRun run = bench.run(words, {.capacity = 0});
  EXPECT_GT(run.taken, 25U) << "all writes";
  EXPECT_LE(run.taken, words.size());
  Rng random(5);
  unsigned runs = 0;
  expect_memory(exchange(bench, {words.begin() + run.taken, words.end()}, random, {.most_room = 5}, runs), 8);
}

TEST(Kernel, ARefusedWordEndsTheRunAndIsOfferedAgain) {
  Bench bench(6);  // data words before any start: the queue takes a few and no more
  const std::vector<Word> words(100, hw::WordChunk{.mask = 1, .kind = hw::kKindChunk}.pack());
  const KernelRun run = bench.run(words, {});
  EXPECT_GE(run.taken, 16U);
  EXPECT_LT(run.taken, 24U);
  EXPECT_EQ(bench.run(words, {}).taken, 0U);
  // With a word that is refused a run waits for the chip's rest, or for longer than a short quiet.
  Bench hasty(6), patient(6);
  const std::span<const Word> few = std::span(words).first(24);  // read long before the chip is at rest
  const KernelRun early = hasty.run(few, {.quiet = 0}), late = patient.run(few, {});
  EXPECT_EQ(late.taken, run.taken);
  EXPECT_EQ(early.taken, run.taken);
  EXPECT_EQ(early.cycles, late.cycles);
}

TEST(Kernel, QuietEndsARunEarlierAndLosesNothing) {
  Bench hasty(7), patient(7);
  const std::vector<Word> words = memory_words(4);
  const KernelRun early = hasty.run(words, {.quiet = 0}), late = patient.run(words, {});
  EXPECT_LT(early.cycles + 50, late.cycles);
  EXPECT_EQ(early.taken, words.size());
  Said said;
  for (const Word word : early.results) said.add(word);
  for (const Word word : hasty.run({}, {}).results) said.add(word);
  expect_memory(said, 4);
}

TEST(Kernel, AReadErrorEndsTheRunBeforeTheBadWord) {
  Rng random(8);
  for (int turn = 0; turn < 20; ++turn) {
    Bench bench(100 + static_cast<unsigned>(turn), draw_moods(random));
    const std::vector<Word> words = memory_words(20);
    const KernelArguments arguments;
    const std::uint64_t bad = random.below(words.size());
    bench.memory.bad_reads = {arguments.commands + 8 * bad};
    bench.start(words, arguments);
    const KernelRun run = bench.wait(arguments);
    ASSERT_TRUE(run.finished);
    ASSERT_EQ(run.error, hw::kKernelErrorRead);
    Bench::check_header(run);
    ASSERT_LE(run.taken, bad);
    bench.memory.bad_reads.clear();
    unsigned runs = 0;
    Said said = exchange(bench, {words.begin() + run.taken, words.end()}, random, {}, runs), all;
    for (const Word word : run.results) all.add(word);
    all.answers.insert(all.answers.end(), said.answers.begin(), said.answers.end());
    expect_memory(all, 20);
    ASSERT_FALSE(HasFailure()) << "turn " << turn;
  }
}

TEST(Kernel, AWriteErrorIsReportedAndTheNextRunIsWell) {
  const KernelArguments arguments;
  const std::uint64_t first = arguments.results + 8 * hw::kKernelHeaderWords;
  for (const std::uint64_t bad : {arguments.results, first}) {
    Bench bench(9, {.b = 20, .latency = 30});
    bench.memory.bad_writes = {bad};
    bench.start(memory_words(40), arguments);
    const KernelRun run = bench.wait(arguments);
    ASSERT_TRUE(run.finished);
    EXPECT_EQ(run.error, hw::kKernelErrorWrite);
    if (bad == first) Bench::check_header(run);
    bench.memory.bad_writes.clear();
    Rng random(9);
    unsigned runs = 0;
    if (bad == arguments.results)
      expect_memory(exchange(bench, memory_words(40), random, {}, runs), 40);
    else
      (void)exchange(bench, {}, random, {}, runs);
  }
}

TEST(Kernel, MisalignedAddressesAreRefused) {
  Bench bench(10);
  KernelArguments arguments;
  for (const std::uint64_t off : {8U, 32U, 63U}) {
    arguments = {.commands = 0x10000 + off};
    const std::uint64_t before = bench.memory.requests();
    bench.start({}, arguments);
    KernelRun run = bench.wait(arguments);
    EXPECT_TRUE(run.finished);
    EXPECT_EQ(run.error, hw::kKernelErrorMisaligned);
    EXPECT_EQ(bench.memory.requests(), before + 1) << "the header says so too";
    Bench::check_header(run);
    arguments = {.results = 0x800000 + off};
    bench.start({}, arguments);
    run = bench.wait(arguments);
    EXPECT_TRUE(run.finished);
    EXPECT_EQ(run.error, hw::kKernelErrorMisaligned);
    EXPECT_EQ(bench.memory.requests(), before + 1) << "nothing is written";
  }
  (void)bench.run({}, {});
}

TEST(Kernel, TheWatchdogEndsARunWhenAChannelDies) {
  const std::vector<Word> words = memory_words(40);
  unsigned MemoryMoods::*const channels[] = {&MemoryMoods::ar, &MemoryMoods::r, &MemoryMoods::aw,
                                             &MemoryMoods::w, &MemoryMoods::b};
  for (std::size_t c = 0; c < std::size(channels); ++c)
    for (const int after : {0, 300, 450}) {
      SCOPED_TRACE("channel " + std::to_string(c) + " after " + std::to_string(after));
      Bench bench(11 + c);
      const KernelArguments arguments;
      bench.start(words, arguments);
      for (int i = 0; i < after; ++i) bench.step();
      bench.memory.moods.*channels[c] = 0;
      KernelRun run = bench.wait(arguments);
      ASSERT_TRUE(run.finished);
      if (run.error == hw::kKernelErrorNone) {  // the channel was not needed any more
        EXPECT_GT(after, 0);
        EXPECT_EQ(run.taken, words.size());
        continue;
      }
      EXPECT_EQ(run.error, hw::kKernelErrorWatchdog);
      EXPECT_GT(bench.clocks(), kWatchdog);
      // It stays so while the memory owes answers, and a run does not wait for them again.
      bench.start({}, arguments);
      run = bench.wait(arguments, 200);
      EXPECT_TRUE(run.finished);
      EXPECT_EQ(run.error, hw::kKernelErrorWatchdog);
      // Once it has answered all is well, and nothing was written late but the bursts that were on the bus.
      bench.memory.moods = {};
      for (int i = 0; i < 1000; ++i) bench.step();
      EXPECT_TRUE(bench.memory.at_rest());
      Rng random(c);
      unsigned runs = 0;
      (void)exchange(bench, {}, random, {}, runs);  // what the chip still had to say
      expect_memory(exchange(bench, words, random, {}, runs), 40);
    }
}

TEST(Kernel, ASlowMemoryIsNotADeadOne) {
  Bench bench(12, {.ar = 20, .r = 20, .aw = 20, .w = 20, .b = 20, .latency = kWatchdog / 2});
  Rng random(12);
  unsigned runs = 0;
  expect_memory(exchange(bench, memory_words(40), random, {}, runs), 40);
}

}  // namespace
}  // namespace spikeloom::test
