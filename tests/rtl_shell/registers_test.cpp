// The kernel's registers, one by one: ap_ctrl_hs as a host sees it.
#include <gtest/gtest.h>

#include "Vkernel22.h"
#include "tests/rtl_shell/kernel_bench.hpp"

namespace spikeloom::test {
namespace {

using Bench = KernelBench<Vkernel22>;
constexpr std::uint32_t kStart = 1U << hw::kKernelControlStart, kDone = 1U << hw::kKernelControlDone,
                        kIdle = 1U << hw::kKernelControlIdle, kReady = 1U << hw::kKernelControlReady,
                        kAuto = 1U << hw::kKernelControlAutoRestart;

void until_done(Bench& bench) {
  for (int i = 0; i < 3000; ++i) bench.step();
}

TEST(Registers, ArgumentsAreReadBackAndBytesWithoutStrobeStay) {
  Bench bench(1);
  std::uint32_t value = 0x01020304;
  for (const hw::KernelArgument& argument : hw::kKernelArguments)
    for (std::uint32_t byte = 0; byte < argument.bytes; byte += 4) {
      value += 0x10101010;
      EXPECT_EQ(bench.read(argument.offset + byte), 0U) << argument.name;
      bench.write(argument.offset + byte, value);
      EXPECT_EQ(bench.read(argument.offset + byte), value) << argument.name;
      bench.write(argument.offset + byte, 0xffffffff, 0b0100);
      EXPECT_EQ(bench.read(argument.offset + byte), value | 0x00ff0000U) << argument.name;
      bench.write(argument.offset + byte, value);
    }
  value = 0x01020304;  // no register lies on another
  for (const hw::KernelArgument& argument : hw::kKernelArguments)
    for (std::uint32_t byte = 0; byte < argument.bytes; byte += 4)
      EXPECT_EQ(bench.read(argument.offset + byte), value += 0x10101010) << argument.name;
}

TEST(Registers, GapsReadZeroAndWritesOfReadOnlyRegistersChangeNothing) {
  Bench bench(2);
  for (const std::uint32_t offset : {0x18U, 0x24U, 0x2CU, 0x34U, 0x3CU, 0x98U, 0xFFCU}) {
    bench.write(offset, 0xffffffff);
    EXPECT_EQ(bench.read(offset), 0U) << offset;
  }
  for (std::uint32_t offset = hw::kKernelRegisterResultsWritten; offset <= hw::kKernelRegisterChipHash;
       offset += 4) {
    const std::uint32_t before = bench.read(offset);
    bench.write(offset, ~before);
    EXPECT_EQ(bench.read(offset), before) << offset;
  }
  EXPECT_EQ(bench.read(hw::kKernelRegisterHardwareHash), hw::kHardwareHash);
  EXPECT_EQ(bench.read(hw::kKernelRegisterChipHash), Bench::kChipHash);
}

TEST(Registers, IdleFallsWithTheStartAndDoneIsClearedByItsRead) {
  Bench bench(3, {.b = 2});
  EXPECT_EQ(bench.read(hw::kKernelRegisterControl), kIdle);
  bench.start({}, {});
  EXPECT_EQ(bench.read(hw::kKernelRegisterControl), kStart) << "neither idle nor done right after the start";
  until_done(bench);
  EXPECT_EQ(bench.read(hw::kKernelRegisterControl), kDone | kIdle | kReady);
  EXPECT_EQ(bench.read(hw::kKernelRegisterControl), kIdle);
}

TEST(Registers, AStartWithoutItsStrobeOrBitIsNone) {
  Bench bench(4);
  bench.write(hw::kKernelRegisterControl, kStart, 0b1110);
  bench.write(hw::kKernelRegisterControl, kDone | kIdle | kReady);
  until_done(bench);
  EXPECT_EQ(bench.read(hw::kKernelRegisterControl), kIdle);
  EXPECT_EQ(bench.memory.requests(), 0U);
}

TEST(Registers, InterruptsFollowTheirEnablesAndToggleAway) {
  Bench bench(5);
  bench.start({}, {});
  until_done(bench);
  EXPECT_EQ(bench.read(hw::kKernelRegisterInterruptStatus), 0U) << "not enabled, not noted";
  bench.write(hw::kKernelRegisterInterruptEnable, 1);
  bench.start({}, {});
  until_done(bench);
  EXPECT_EQ(bench.read(hw::kKernelRegisterInterruptStatus), 1U);
  EXPECT_FALSE(bench.interrupt());
  bench.write(hw::kKernelRegisterGlobalInterruptEnable, 1);
  EXPECT_EQ(bench.read(hw::kKernelRegisterGlobalInterruptEnable), 1U);
  EXPECT_TRUE(bench.interrupt());
  bench.write(hw::kKernelRegisterInterruptStatus, 1);
  EXPECT_EQ(bench.read(hw::kKernelRegisterInterruptStatus), 0U);
  EXPECT_FALSE(bench.interrupt());
  bench.write(hw::kKernelRegisterInterruptStatus, 2);  // toggles: sets it too
  EXPECT_TRUE(bench.interrupt());
  bench.write(hw::kKernelRegisterInterruptStatus, 2);
  bench.write(hw::kKernelRegisterInterruptEnable, 3);
  bench.start({}, {});
  until_done(bench);
  EXPECT_EQ(bench.read(hw::kKernelRegisterInterruptStatus), 3U);
}

TEST(Registers, AutoRestartRunsAgainUntilItIsTakenAway) {
  Bench bench(6);
  bench.start({}, {});
  until_done(bench);
  const std::uint64_t one = bench.memory.requests();
  bench.write(hw::kKernelRegisterControl, kStart | kAuto);
  until_done(bench);
  EXPECT_EQ(bench.read(hw::kKernelRegisterControl) & (kStart | kAuto), kStart | kAuto);
  bench.write(hw::kKernelRegisterControl, 0);
  until_done(bench);
  EXPECT_GT(bench.memory.requests(), one + 3);
  const std::uint64_t after = bench.memory.requests();
  EXPECT_EQ(bench.read(hw::kKernelRegisterControl) & (kStart | kIdle), kIdle);
  until_done(bench);
  EXPECT_EQ(bench.memory.requests(), after);
}

TEST(Registers, ArgumentsAreTakenAtTheStart) {
  Bench bench(7, {.ar = 3});
  const std::vector<Word> words(50, Word{hw::kKindRingWrite} << 60U | Word{9} << 48U);
  const KernelArguments arguments;
  bench.start(words, arguments);
  bench.write64(hw::kKernelOffsetCommands, 4);
  bench.write64(hw::kKernelOffsetResults, 4);
  bench.write(hw::kKernelOffsetCommandWords, 7);
  const KernelRun run = bench.wait(arguments);
  EXPECT_TRUE(run.finished);
  EXPECT_EQ(run.error, hw::kKernelErrorNone);
  EXPECT_EQ(run.taken, words.size());
  Bench::check_header(run);
}

}  // namespace
}  // namespace spikeloom::test
