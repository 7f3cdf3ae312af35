// Drives one Verilated core and plays the node around it: pages, freezes, configuration port. Knows only the
// ports that all cores share (rtl/core/README.md), so any core can be measured with it.
#pragma once

#include <gtest/gtest.h>
#include <verilated.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "compiler/base/rng.hpp"
#include "compiler/core/core.hpp"
#include "tests/core/page_walk.hpp"

namespace spikeloom::test {

/// What the core did in one firing; times in enabled cycles after the firing.
struct RtlFiring {
  std::vector<std::int64_t> freed;  ///< by page
  std::vector<std::int64_t> ended;  ///< by page: the end of its list
  std::int64_t done = -1;
  std::int64_t last_push = -1;
  std::int64_t counted = 0;
  std::vector<device_model::OutEntry> out;
};

/// A page's valid chunks below its limit.
inline PageWalk::Chunks chunks_of(const device_model::Page& page, std::uint32_t limit) {
  PageWalk::Chunks chunks;
  for (std::uint32_t c = 0; c < page.size() && c < limit; ++c)
    if (page[c] != 0) chunks.emplace_back(c, page[c]);
  return chunks;
}

/// One firing of a context.
struct RtlPages {
  std::vector<PageWalk::Chunks> pages;  ///< those below the page's limit
  bool first = false, last = false;
  std::int64_t delay = 0;  ///< of every page's start: page_delay of the tile
};

/// Verilated: a core, top module KIND_core.
template <class Verilated>
class RtlBench {
 public:
  explicit RtlBench(std::uint64_t seed) : rng_(seed) {
    verilated_.randReset(2);
    verilated_.randSeed(static_cast<int>(seed % 1000000) + 1);
    core_.emplace(&verilated_);
    reset();
  }
  ~RtlBench() { core_->final(); }
  RtlBench(const RtlBench&) = delete;
  RtlBench& operator=(const RtlBench&) = delete;

  /// Share of clock cycles in which target time stands still.
  void freeze(double share) { freeze_ = share; }

  void reset() {
    core_->fire_i = 0;
    core_->page_start_i = 0;
    core_->cfg_we_i = 0;
    core_->cfg_re_i = 0;
    core_->rst_i = 1;
    for (int n = 0; n < 2; ++n) clock();
    core_->rst_i = 0;
  }

  /// Parts of a word, as the core states them.
  std::uint32_t parts(std::uint32_t window) {
    core_->cfg_memory_i = static_cast<std::uint8_t>(window);
    core_->eval();
    return core_->cfg_parts_o;
  }
  void write(std::uint32_t window, std::uint32_t word, std::uint32_t part, std::uint32_t data) {
    core_->cfg_we_i = 1;
    address(window, word, part);
    core_->cfg_data_i = data;
    clock();
    core_->cfg_we_i = 0;
  }
  void load(std::uint32_t window, const device_model::Memory& memory) {
    ASSERT_EQ(parts(window), memory.parts());
    for (std::uint32_t word = 0; word < memory.words(); ++word)
      for (std::uint32_t part = 0; part < memory.parts(); ++part)
        write(window, word, part, memory.part(word, part));
  }
  /// All parts of a window's words, one read a clock cycle.
  std::vector<std::uint32_t> read(std::uint32_t window, std::uint32_t words) {
    const std::uint32_t each = parts(window), count = words * each;
    std::vector<std::uint32_t> values;
    for (std::uint32_t n = 0; n < count + 2; ++n) {
      core_->cfg_re_i = n < count;
      address(window, n / each, n % each);
      enable();
      settle();
      if (n >= 2) values.push_back(core_->cfg_data_o);
      edge();
    }
    core_->cfg_re_i = 0;
    return values;
  }

  /// Fires and runs until done, or for `limit` enabled cycles. Where the contract says nothing about an
  /// input, it is noise.
  RtlFiring fire(const device_model::ContextRegisters& registers, const RtlPages& f, std::int64_t limit) {
    set_context(registers);
    RtlFiring result;
    PageLook look(f.pages, f.delay);
    PageWalk walk;
    walk.load(f.pages.front(), 1 + f.delay);
    for (std::int64_t cycle = 0; cycle <= limit && result.done < 0;) {
      const bool enabled = enable(), now = cycle == 0 && enabled;
      core_->fire_i = enabled ? cycle == 0 : rng_.chance(0.5);
      core_->fire_pages_i = static_cast<std::uint8_t>(now ? f.pages.size() : 1 + rng_.below(16));
      core_->fire_first_i = now ? f.first : rng_.chance(0.5);
      core_->fire_last_i = now ? f.last : rng_.chance(0.5);
      walk.present(*core_, cycle, enabled, rng_);
      look.present(*core_, cycle, enabled, rng_);
      settle();
      if (enabled) {
        walk.observe(*core_, cycle);
        const std::size_t freed = result.freed.size();
        look.observe(*core_, cycle, freed);
        observe(result, cycle);
        if (result.freed.size() > freed) walk.free();
        if (result.freed.size() > freed && freed + 1 < f.pages.size())
          walk.load(f.pages[freed + 1], cycle + 1 + f.delay);
        ++cycle;
      }
      edge();
    }
    core_->fire_i = 0;
    core_->page_start_i = 0;
    // Lists may be filled in any order; each keeps its own.
    std::stable_sort(result.out.begin(), result.out.end(),
                     [](const auto& a, const auto& b) { return a.page < b.page; });
    return result;
  }

  /// Enabled cycles without a firing: nothing may happen.
  void idle(int cycles) {
    for (int n = 0; n < cycles; ++n) {
      enable();
      settle();
      EXPECT_FALSE(core_->free_o || core_->out_end_o || core_->done_o || core_->out_push_o ||
                   core_->count_word_o);
      edge();
    }
  }

 private:
  void set_context(const device_model::ContextRegisters& registers) {
    const auto update = hw::RegContextUpdate::unpack(registers.core[hw::kAddrContextUpdate]);
    core_->ctx_chunk_i = static_cast<std::uint16_t>(
        hw::RegContextTables::unpack(registers.core[hw::kAddrContextTables]).first_chunk);
    core_->ctx_update_i = static_cast<std::uint16_t>(update.first);
    core_->ctx_updates_i = static_cast<std::uint16_t>(update.count);
    const auto state = hw::RegContextState::unpack(registers.core[hw::kAddrContextState]);
    core_->ctx_state_i = static_cast<std::uint16_t>(state.first_word);
    core_->ctx_bias_i = static_cast<std::uint16_t>(state.first_bias);
    core_->ctx_readout_i = registers.mode.readout != 0;
    core_->ctx_last_only_i = registers.mode.last_only != 0;
  }

  void observe(RtlFiring& result, std::int64_t cycle) {
    if (core_->out_push_o) {
      EXPECT_GE(core_->out_page_o, result.ended.size()) << "a push onto a list that has ended";
      result.out.push_back({core_->out_index_o, core_->out_mask_o, core_->out_page_o});
      result.last_push = cycle;
    }
    if (core_->out_end_o) {
      EXPECT_GT(result.freed.size(), result.ended.size()) << "a list ends before its page is free";
      result.ended.push_back(cycle);
    }
    if (core_->free_o) result.freed.push_back(cycle);
    if (core_->count_word_o) ++result.counted;
    if (core_->done_o) result.done = cycle;
  }

  void address(std::uint32_t window, std::uint32_t word, std::uint32_t part) {
    core_->cfg_memory_i = static_cast<std::uint8_t>(window);
    core_->cfg_word_i = word;
    core_->cfg_part_i = static_cast<std::uint8_t>(part);
  }
  bool enable() {
    const bool enabled = !rng_.chance(freeze_);
    core_->en_i = enabled;
    return enabled;
  }
  void settle() {
    core_->clk_i = 0;
    core_->eval();
  }
  void edge() {
    core_->clk_i = 1;
    core_->eval();
  }
  void clock() {
    enable();
    settle();
    edge();
  }

  Rng rng_;
  VerilatedContext verilated_;
  std::optional<Verilated> core_;
  double freeze_ = 0;
};

/// Fires a core's RTL and its model side by side: `loads` benches of `firings` random firings, other tables
/// every fourth, states compared behind each `states`-th. A Tile has rng, bench, place, fire, check_states
/// and pushes.
template <class Tile>
void random_firings(std::uint64_t seed, double freeze, int loads, int firings, int states) {
  std::size_t pushes = 0;
  for (int n = 0; n < loads; ++n, ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Tile tile(seed);
    tile.bench.freeze(freeze);
    for (int k = 0; k < firings; ++k) {
      SCOPED_TRACE("firing " + std::to_string(k));
      if (k % 4 == 0) tile.place();
      tile.fire();
      if (tile.rng.chance(0.3)) tile.bench.idle(static_cast<int>(tile.rng.below(4)));
      if (k % states == states - 1) tile.check_states();
      if (testing::Test::HasFailure()) return;
    }
    pushes += tile.pushes;
  }
  EXPECT_GT(pushes, static_cast<std::size_t>(loads * firings));
}

}  // namespace spikeloom::test
