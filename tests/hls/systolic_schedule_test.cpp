// The systolic core's stated schedule, run cycle by cycle on an array of registers that hold labels instead
// of numbers: every product must meet the right weight, and every partial sum must be the right one. Shares
// no code with the core.
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "hls/systolic/systolic.hpp"

namespace spikeloom::hls_test {
namespace {

constexpr int kRows = 16;

struct Label {
  int block = -1, page = -1;
  friend bool operator==(const Label&, const Label&) = default;
};

/// What stands in one cycle in the registers of all PEs.
struct Registers {
  std::vector<std::optional<Label>> activation, sum;  ///< rows × columns; a sum over rows 0 to its own
  std::vector<int> weight_block[2];                   ///< of the PE's two weights; -1: none yet
};

struct Outcome {
  std::string fault;    ///< the first one, empty if none
  int last_cycle = -1;  ///< in which a sum left
  int sums = 0;
};

/// Runs `blocks` blocks of `batch` pages with `period` cycles from block to block.
Outcome simulate(int blocks, int batch, int columns, int period) {
  const auto at = [&](int r, int c) { return static_cast<std::size_t>(r * columns + c); };
  const std::size_t size = static_cast<std::size_t>(kRows * columns);
  Registers now;
  now.activation.resize(size);
  now.sum.resize(size);
  for (auto& plane : now.weight_block) plane.assign(size, -1);
  Outcome outcome;
  const auto fault = [&](const std::string& what, int cycle, int r, int c) {
    if (outcome.fault.empty())
      outcome.fault = what + " in cycle " + std::to_string(cycle) + " at PE " + std::to_string(r) + ", " +
                      std::to_string(c);
  };
  const int end = (blocks + 2) * period + batch + kRows + columns + 10;
  for (int cycle = 0; cycle < end; ++cycle) {
    Registers next = now;
    int rows_loaded = 0;
    for (int k = 0; k < blocks; ++k) {
      const int r = cycle - k * period;
      if (r < 0 || r >= kRows) continue;
      if (++rows_loaded > 1) fault("two rows are loaded", cycle, r, 0);
      for (int c = 0; c < columns; ++c) next.weight_block[k % 2][at(r, c)] = k;
    }
    for (int r = 0; r < kRows; ++r)
      for (int c = 0; c < columns; ++c) {
        std::optional<Label> in;
        if (c > 0) {
          in = now.activation[at(r, c - 1)];
        } else {
          for (int k = 0; k < blocks; ++k) {
            const int page = cycle - (k * period + 1 + r);
            if (page < 0 || page >= batch) continue;
            if (in) fault("two pages enter", cycle, r, c);
            in = Label{k, page};
          }
        }
        next.activation[at(r, c)] = in;
        next.sum[at(r, c)] = in;
        if (!in) continue;
        if (now.weight_block[in->block % 2][at(r, c)] != in->block)
          fault("a product meets another block's weight", cycle, r, c);
        if (r > 0 && now.sum[at(r - 1, c)] != in) fault("a product meets another page's sum", cycle, r, c);
        if (r + 1 == kRows) {
          ++outcome.sums;
          outcome.last_cycle = cycle;
        }
      }
    now = next;
  }
  return outcome;
}

TEST(HlsSystolicSchedule, EveryProductMeetsItsWeightAndTheCyclesAreAsStated) {
  for (const int columns : {4, 8, 16, 32, 64})
    for (const int batch : {1, 2, 7, 15, 16, 17, 40})
      for (const int blocks : {1, 2, 3, 6}) {
        const Outcome outcome = simulate(blocks, batch, columns, hls::systolic_period(batch, columns));
        const std::string what = std::to_string(columns) + " columns, " + std::to_string(batch) + " pages, " +
                                 std::to_string(blocks) + " blocks";
        ASSERT_EQ(outcome.fault, "") << what;
        ASSERT_EQ(outcome.sums, blocks * batch * columns) << what;
        ASSERT_EQ(outcome.last_cycle + 1, hls::systolic_cycles(blocks, batch, columns)) << what;
      }
}

TEST(HlsSystolicSchedule, ThePeriodIsTheLeast) {
  for (const int columns : {4, 16, 32, 64})
    for (const int batch : {1, 15, 16, 17, 40})
      EXPECT_NE(simulate(4, batch, columns, hls::systolic_period(batch, columns) - 1).fault, "")
          << columns << " columns, " << batch << " pages";
}

TEST(HlsSystolicSchedule, NothingTakesNoCycles) {
  EXPECT_EQ(hls::systolic_cycles(0, 4, 16), 0);
  EXPECT_EQ(hls::systolic_cycles(4, 0, 16), 0);
}

}  // namespace
}  // namespace spikeloom::hls_test
