// The bench of every core (tests/core/rtl_bench.hpp) with what the crossbar's tests speak of: its model's
// tables, its firings of one page.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <utility>
#include <vector>

#include "tests/core/rtl_bench.hpp"
#include "tests/rtl_core/core_model.hpp"

namespace spikeloom::rtl_core {

/// What the core did in one firing, in enabled cycles after f.
struct Measured {
  std::int64_t free = -1, done = -1, words = 0;
  std::int64_t last_push = -1;
  std::vector<Push> pushes;
};

/// Core: a shape of crossbar_shapes.hpp.
template <class Core>
class CoreBench : public test::RtlBench<typename Core::Model> {
 public:
  static constexpr Shape kShape = kShapeOf<Core>;
  using Bench = test::RtlBench<typename Core::Model>;
  using Bench::Bench;

  template <class Parts>
  void write_word(std::uint32_t memory, std::uint32_t word, const Parts& parts) {
    for (std::uint32_t p = 0; p < parts.size(); ++p) this->write(memory, word, p, parts[p]);
  }

  /// Every lane of every word.
  std::vector<std::int32_t> read_states(std::uint32_t memory) {
    const std::vector<std::uint32_t> parts = this->read(memory, kShape.StateWords);
    return {parts.begin(), parts.end()};
  }

  void load(const CoreModel& model) {
    for (std::uint32_t n = 0; n < kShape.ChunkEntries; ++n)
      write_word(hw::kMemChunks, n, model.chunks[n].pack());
    for (std::uint32_t n = 0; n < kShape.AxonEntries; ++n)
      write_word(hw::kMemAxons, n, model.axons[n].pack());
    for (std::uint32_t n = 0; n < kShape.WeightWords; ++n) write_word(hw::kMemWeights, n, model.weights[n]);
    for (std::uint32_t n = 0; n < kShape.UpdateEntries; ++n)
      write_word(hw::kMemUpdates, n, model.updates[n].pack());
    for (std::uint32_t n = 0; n < kShape.ParamSets; ++n) write_word(hw::kMemSets, n, model.sets[n].pack());
    for (std::uint32_t n = 0; n < kShape.StateWords; ++n)
      for (std::uint32_t lane = 0; lane < kShape.LifLanes; ++lane) {
        const std::size_t at = n * kShape.LifLanes + lane;
        this->write(hw::kMemBiases, n, lane, static_cast<std::uint32_t>(model.biases[at]));
        this->write(hw::kMemPotentials, n, lane, static_cast<std::uint32_t>(model.potentials[at]));
        this->write(hw::kMemCurrents, n, lane, static_cast<std::uint32_t>(model.currents[at]));
      }
  }

  /// Fires and runs until done, or for `limit` enabled cycles.
  Measured fire(const Firing& f, std::int64_t limit) {
    test::PageWalk::Chunks chunks;
    for (std::uint32_t c = 0; c < kShape.PageChunks && c < f.limit; ++c)
      if (f.valid[c]) chunks.emplace_back(c, f.masks[c]);
    const test::RtlPages pages{
        .pages = {std::move(chunks)}, .first = f.first, .last = f.last, .delay = f.delay};
    const test::RtlFiring fired = Bench::fire(registers(f), pages, limit);
    Measured m{.done = fired.done, .words = fired.counted, .last_push = fired.last_push, .pushes = {}};
    EXPECT_LE(fired.freed.size(), 1U) << "two pulses of free_o";
    if (!fired.freed.empty()) m.free = fired.freed.front();
    EXPECT_EQ(fired.ended, fired.done < 0 ? std::vector<std::int64_t>{} : std::vector{fired.done});
    for (const device_model::OutEntry& entry : fired.out) m.pushes.push_back({entry.index, entry.mask});
    return m;
  }

 private:
  static device_model::ContextRegisters registers(const Firing& f) {
    device_model::ContextRegisters context;
    context.core[hw::kAddrContextTables] = hw::RegContextTables{.first_chunk = f.chunk}.pack();
    context.core[hw::kAddrContextUpdate] = hw::RegContextUpdate{.first = f.update, .count = f.updates}.pack();
    context.core[hw::kAddrContextState] = hw::RegContextState{.first_word = f.state}.pack();
    context.mode = {.valid = 1, .readout = f.readout, .last_only = f.last_only};
    return context;
  }
};

}  // namespace spikeloom::rtl_core
