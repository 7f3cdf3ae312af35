// Drives one verilated core and plays the node around it: page, freezes, configuration port.
#pragma once

#include <gtest/gtest.h>
#include <verilated.h>

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "compiler/base/rng.hpp"
#include "tests/core/page_walk.hpp"
#include "tests/rtl_core/core_model.hpp"

namespace spikeloom::rtl_core {

/// What the core did in one firing, in enabled cycles after f.
struct Measured {
  std::int64_t free = -1, done = -1, words = 0;
  std::int64_t last_push = -1;
  std::vector<Push> pushes;
};

template <class Core>
class CoreBench {
 public:
  static constexpr Shape kShape = Core::kShape;

  explicit CoreBench(std::uint64_t seed) : rng_(seed) {
    context_.randReset(2);
    context_.randSeed(static_cast<int>(seed % 1000000) + 1);
    core_.emplace(&context_);
    reset();
  }
  ~CoreBench() { core_->final(); }
  CoreBench(const CoreBench&) = delete;
  CoreBench& operator=(const CoreBench&) = delete;

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

  void write(std::uint32_t memory, std::uint32_t word, std::uint32_t part, std::uint32_t data) {
    core_->cfg_we_i = 1;
    address(memory, word, part);
    core_->cfg_data_i = data;
    clock();
    core_->cfg_we_i = 0;
  }
  template <class Parts>
  void write_word(std::uint32_t memory, std::uint32_t word, const Parts& parts) {
    for (std::uint32_t p = 0; p < parts.size(); ++p) write(memory, word, p, parts[p]);
  }

  std::uint32_t parts(std::uint32_t memory) {
    core_->cfg_memory_i = static_cast<std::uint8_t>(memory);
    core_->eval();
    return core_->cfg_parts_o;
  }

  /// Every lane of every word, one read a clock cycle.
  std::vector<std::int32_t> read_states(std::uint32_t memory) {
    const std::uint32_t count = kShape.StateWords * kShape.LifLanes;
    std::vector<std::int32_t> values;
    for (std::uint32_t n = 0; n < count + 2; ++n) {
      core_->cfg_re_i = n < count;
      if (n < count)
        address(memory, n / kShape.LifLanes, n % kShape.LifLanes);
      else
        address(15, 0, 0);
      enable();
      settle();
      if (n >= 2) values.push_back(static_cast<std::int32_t>(core_->cfg_data_o));
      edge();
    }
    core_->cfg_re_i = 0;
    return values;
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
        write(hw::kMemBiases, n, lane, static_cast<std::uint32_t>(model.biases[at]));
        write(hw::kMemPotentials, n, lane, static_cast<std::uint32_t>(model.potentials[at]));
        write(hw::kMemCurrents, n, lane, static_cast<std::uint32_t>(model.currents[at]));
      }
  }

  /// Fires and runs until done, or for `limit` enabled cycles.
  Measured fire(const Firing& f, std::int64_t limit) {
    Measured m;
    test::PageWalk walk;
    test::PageWalk::Chunks chunks;
    for (std::uint32_t c = 0; c < kShape.PageChunks && c < f.limit; ++c)
      if (f.valid[c]) chunks.emplace_back(c, f.masks[c]);
    walk.load(std::move(chunks), 1 + f.delay);
    core_->ctx_chunk_i = static_cast<std::uint16_t>(f.chunk);
    core_->ctx_update_i = static_cast<std::uint16_t>(f.update);
    core_->ctx_updates_i = static_cast<std::uint16_t>(f.updates);
    core_->ctx_state_i = static_cast<std::uint16_t>(f.state);
    core_->ctx_readout_i = f.readout;
    core_->ctx_last_only_i = f.last_only;
    for (std::int64_t cycle = 0; cycle <= limit && m.done < 0;) {
      const bool enabled = enable();
      // Where the contract says nothing about an input, it is noise.
      core_->fire_i = enabled ? cycle == 0 : rng_.chance(0.5);
      core_->fire_first_i = cycle == 0 && enabled ? f.first : rng_.chance(0.5);
      core_->fire_last_i = cycle == 0 && enabled ? f.last : rng_.chance(0.5);
      walk.present(*core_, cycle, enabled, rng_);
      settle();
      if (enabled) {
        walk.observe(*core_, cycle);
        if (core_->free_o) walk.free();
        if (core_->free_o) {
          EXPECT_EQ(m.free, -1) << "two pulses of free_o";
          m.free = cycle;
        }
        if (core_->done_o) m.done = cycle;
        if (core_->count_word_o) ++m.words;
        if (core_->out_push_o) {
          m.pushes.push_back({core_->out_index_o, core_->out_mask_o});
          m.last_push = cycle;
        }
        ++cycle;
      }
      edge();
    }
    core_->fire_i = 0;
    core_->page_start_i = 0;
    return m;
  }

  /// Enabled cycles without a firing: nothing may happen.
  void idle(int cycles) {
    for (int n = 0; n < cycles; ++n) {
      enable();
      settle();
      EXPECT_FALSE(core_->free_o || core_->done_o || core_->out_push_o || core_->count_word_o);
      edge();
    }
  }

 private:
  void address(std::uint32_t memory, std::uint32_t word, std::uint32_t part) {
    core_->cfg_memory_i = static_cast<std::uint8_t>(memory);
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
  VerilatedContext context_;
  std::optional<typename Core::Model> core_;
  double freeze_ = 0;
};

}  // namespace spikeloom::rtl_core
