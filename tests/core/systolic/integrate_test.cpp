// Walk, array and accumulators of the systolic core against the tables' meaning, bit for bit, and against the
// formulas in their headers, cycle for cycle.
#include <gtest/gtest.h>
#include <verilated.h>

#include <optional>
#include <set>
#include <string>

#include "compiler/base/rng.hpp"
#include "systolic_array_shapes.hpp"
#include "tables.hpp"

namespace spikeloom::test {
namespace {

using Pages = std::vector<std::vector<std::uint16_t>>;

/// The RTL's parameters, in the order of the shapes.
struct Parameters {
  std::uint32_t SystolicColumns, SystolicPages, SystolicVectors, SystolicWeightBits, SystolicShift,
      SystolicBlocks, SystolicFolds, SystolicWords, PageChunks, AccBits, PageDelay;
};

/// What a shape's tables are made for.
constexpr ArrayShape array_of(const Parameters& p) {
  return {.columns = p.SystolicColumns,
          .pages = p.SystolicPages,
          .vectors = p.SystolicVectors,
          .weight_bits = p.SystolicWeightBits,
          .shift = p.SystolicShift,
          .blocks = p.SystolicBlocks,
          .folds = p.SystolicFolds,
          .words = p.SystolicWords,
          .chunks = p.PageChunks,
          .acc_bits = p.AccBits};
}

std::uint32_t below(Rng& rng, std::uint64_t bound) { return static_cast<std::uint32_t>(rng.below(bound)); }

/// Random tables of one context: `blocks` blocks from entry `first` on.
class RandomTables {
 public:
  RandomTables(Rng& rng, const ArrayShape& shape) : rng_(rng), shape_(shape) {
    memory.blocks.resize(shape.blocks);
    memory.folds.resize(shape.folds);
    for (std::uint32_t n = 0; n < shape.words * shape.columns / 4; ++n)
      memory.words.push_back(static_cast<std::uint32_t>(rng.next()));
    blocks = 1 + below(rng, std::min(7U, shape.blocks));
    first = below(rng, shape.blocks - blocks + 1);
    for (std::uint32_t b = 0; b < blocks; ++b) add_block_entry(memory.blocks[first + b]);
  }

  ArrayMemory memory;
  std::uint32_t first = 0, blocks = 0;

 private:
  void add_block_entry(hw::MemBlockEntry& block) {
    const std::uint32_t room = shape_.folds / blocks;
    block.folds = 1 + below(rng_, std::min(rng_.chance(0.4) ? 2U : 12U, room));
    block.fold = next_;
    next_ += block.folds;
    block.updates = below(rng_, 1U << 16U);
    block.first = below(rng_, 1U << 12U);
    block.chunk = below(rng_, 4096);
    block.weights = below(rng_, shape_.words / 2);
    vectors_ = 1 + below(rng_, std::min(shape_.vectors / shape_.pages, rng_.chance(0.3) ? 3U : 64U));
    for (std::uint32_t f = 0; f < block.folds; ++f) memory.folds[block.fold + f] = fold(block, f == 0);
  }

  hw::MemFoldEntry fold(const hw::MemBlockEntry& block, bool stores) {
    hw::MemFoldEntry fold;
    fold.format = shape_.weight_bits == 8 ? below(rng_, 4) : 1 + below(rng_, 3);
    fold.rows = rng_.chance(0.5) ? kArrayRows : below(rng_, kArrayRows + 1);
    fold.shift = below(rng_, shape_.shift + 1);
    fold.negate = rng_.chance(0.3);
    fold.weights = below(rng_, shape_.words / 2 - kArrayRows);
    fold.chunk = below(rng_, 4096);
    if (stores) {  // all vectors of the block, each once
      fold.store = 1;
      fold.columns = vectors_ - 1;
      fold.vector_step = 1;
      choose_chunks(block, fold);
      return fold;
    }
    do {
      fold.store = rng_.chance(0.1);
      fold.columns = rng_.chance(0.3) ? 0 : below(rng_, 6);
      fold.lines = rng_.chance(0.5) ? 0 : below(rng_, 4);
      fold.vector = below(rng_, vectors_);
      fold.vector_step = step();
      fold.vector_jump = step();
    } while (!inside(block, fold));
    choose_chunks(block, fold);
    return fold;
  }

  std::uint32_t step() { return static_cast<std::uint32_t>(rng_.between(-3, 3)) & 0xfffU; }
  bool inside(const hw::MemBlockEntry& block, const hw::MemFoldEntry& fold) {
    bool all = true;
    walk_pairs(block, fold, [&](std::uint32_t, std::uint32_t vector) { all = all && vector < vectors_; });
    return all;
  }
  /// Until the whole walk lies in the page.
  void choose_chunks(const hw::MemBlockEntry& block, hw::MemFoldEntry& fold) {
    for (;;) {
      fold.chunk = below(rng_, shape_.chunks) - block.chunk;
      fold.chunk_step = rng_.chance(0.3) ? 0 : step();
      fold.chunk_jump = step();
      bool all = true;
      walk_pairs(block, fold,
                 [&](std::uint32_t chunk, std::uint32_t) { all = all && chunk < shape_.chunks; });
      fold.chunk &= 0xfffU;
      if (all) return;
      if (rng_.chance(0.1)) fold.chunk_step = fold.chunk_jump = 0;
    }
  }

  Rng& rng_;
  const ArrayShape& shape_;
  std::uint32_t next_ = 0, vectors_ = 0;
};

template <class Shape>
class IntegrateBench {
 public:
  using Model = typename Shape::Model;
  static constexpr auto kParameters = Shape::template parameters<Parameters>();
  static constexpr ArrayShape kShape = array_of(kParameters);

  IntegrateBench(std::uint64_t seed, double freeze) : rng_(seed), freeze_(freeze) {
    verilated_.randReset(2);
    verilated_.randSeed(static_cast<int>(seed % 1000000) + 1);
    model_.emplace(&verilated_);
    auto& m = *model_;
    m.fire_i = m.bank_free_i = m.read_i = 0;
    m.cfg_block_we_i = m.cfg_fold_we_i = m.cfg_matrix_we_i = 0;
    m.en_i = 0;
    m.rst_i = 1;
    for (int n = 0; n < 2; ++n) clock();
    m.rst_i = 0;
  }
  ~IntegrateBench() { model_->final(); }
  IntegrateBench(const IntegrateBench&) = delete;
  IntegrateBench& operator=(const IntegrateBench&) = delete;

  Rng& rng() { return rng_; }

  void load(const ArrayMemory& memory) {
    auto& m = *model_;
    for (std::size_t n = 0; n < memory.blocks.size(); ++n)
      write(m.cfg_block_we_i, n, memory.blocks[n].pack());
    for (std::size_t n = 0; n < memory.folds.size(); ++n) write(m.cfg_fold_we_i, n, memory.folds[n].pack());
    const std::size_t parts = kShape.columns / 4;
    for (std::size_t n = 0; n < memory.words.size(); ++n) {
      m.cfg_part_i = static_cast<std::uint8_t>(n % parts);
      write_part(m.cfg_matrix_we_i, n / parts, memory.words[n]);
    }
  }

  /// One firing from `blocks` blocks on; each block is read, and freed after `waits` of its own.
  void fire(const RandomTables& tables, const Pages& pages) {
    const std::size_t n = pages.size();
    plan(tables, n);
    auto& m = *model_;
    std::array<Bank, 2> banks;
    std::size_t looks = 0, ready = 0, freed = 0, counted = 0;
    std::vector<std::int64_t> read_from(tables.blocks);
    std::optional<std::pair<std::size_t, std::size_t>> reading;  // block, address
    std::vector<std::uint16_t> answers(3 + kParameters.PageDelay);
    bool was_looked = false;
    for (std::int64_t cycle = 0; freed < tables.blocks; ++cycle) {
      ASSERT_LT(cycle, 1000000) << "does not end";
      while (rng_.chance(freeze_)) {
        m.en_i = 0;
        m.look_mask_i = static_cast<std::uint16_t>(rng_.next());
        m.fire_i = m.read_i = 0;
        m.bank_free_i = rng_.chance(0.5);
        clock();
      }
      m.en_i = 1;
      m.fire_i = cycle == 0;
      m.fire_pages_i = static_cast<std::uint8_t>(cycle == 0 ? n : rng_.below(32));
      m.ctx_block_i = static_cast<std::uint16_t>(tables.first);
      m.ctx_blocks_i = static_cast<std::uint16_t>(tables.blocks);
      // A block that is ready is read after a while, and its bank is free in the cycle of the last read.
      m.bank_free_i = 0;
      m.read_i = 0;
      if (ready > freed && cycle >= read_from[freed] + 3) {
        const std::size_t bank = freed % 2;
        const auto at = static_cast<std::size_t>(cycle - read_from[freed] - 3);
        m.read_i = 1;
        m.read_bank_i = static_cast<std::uint8_t>(bank);
        m.read_address_i = static_cast<std::uint8_t>(at);
        reading = {freed, at};
        if (at + 1 == kShape.vectors) m.bank_free_i = 1;
      }
      m.look_mask_i = answers[1 + kParameters.PageDelay];
      settle();
      std::copy_backward(answers.begin(), answers.end() - 1, answers.end());
      answers[0] = static_cast<std::uint16_t>(rng_.next());
      if (m.look_o) {
        ASSERT_LT(looks, looks_.size());
        EXPECT_EQ(cycle, looks_[looks].cycle) << "look " << looks;
        EXPECT_EQ(m.look_page_o, looks_[looks].page);
        EXPECT_EQ(m.look_chunk_o, looks_[looks].chunk);
        answers[0] = pages.at(m.look_page_o).at(m.look_chunk_o);
        ++looks;
      }
      counted += m.count_word_o;
      if (m.ready_o) {
        ASSERT_LT(ready, tables.blocks);
        EXPECT_EQ(cycle, ends_[ready] + 7 + kParameters.PageDelay);
        const hw::MemBlockEntry& block = tables.memory.blocks[tables.first + ready];
        const std::size_t bank = ready % 2;
        EXPECT_EQ(m.block_updates_o >> (16 * bank) & 0xffffU, block.updates);
        EXPECT_EQ(m.block_first_o >> (12 * bank) & 0xfffU, block.first);
        EXPECT_EQ((m.block_last_o >> bank & 1U) != 0, ready + 1 == tables.blocks);
        add_block(banks[bank], tables.memory, kShape, block, pages);
        read_from[ready] = std::max(cycle, ready == 0 ? 0 : frees_[ready - 1] + 1) + waits_[ready];
        frees_[ready] = read_from[ready] + 2 + kShape.vectors;
        if (ready + 2 < tables.blocks) bank_is_free(tables, n, ready + 2, frees_[ready] + 2);
        ++ready;
      }
      if (m.looked_o) {
        EXPECT_EQ(cycle, ends_.back() + 3 + kParameters.PageDelay);
        EXPECT_FALSE(was_looked);
        was_looked = true;
      }
      edge();
      if (m.bank_free_i) ++freed;
      if (reading) {  // the data of this cycle's read
        const auto [block, at] = *reading;
        const Bank& bank = banks[block % 2];
        m.clk_i = 0;
        m.eval();
        if (bank.known.at(at) && at % kShape.pages < n) check(bank, block, at);
        reading.reset();
      }
    }
    EXPECT_EQ(looks, looks_.size());
    EXPECT_EQ(counted, words_);
    EXPECT_TRUE(was_looked);
    m.bank_free_i = m.read_i = 0;
  }

 private:
  struct Look {
    std::int64_t cycle;
    std::uint32_t page, chunk;
  };

  /// All looks up to the third block, by the formulas of systolic_walk.sv.
  void plan(const RandomTables& tables, std::size_t n) {
    looks_.clear();
    ends_.assign(tables.blocks, 0);
    frees_.assign(tables.blocks, 0);
    waits_.clear();
    words_ = 0;
    for (std::uint32_t b = 0; b < tables.blocks; ++b)
      waits_.push_back(static_cast<std::int64_t>(rng_.chance(0.5) ? 0 : rng_.below(300)));
    const hw::MemBlockEntry& first = tables.memory.blocks[tables.first];
    next_ = 5 + std::max<std::int64_t>(1, fold_reads(tables.memory.folds[first.fold]));
    for (std::uint32_t b = 0; b < std::min(2U, tables.blocks); ++b) plan_block(tables, n, b);
  }
  void bank_is_free(const RandomTables& tables, std::size_t n, std::size_t block, std::int64_t from) {
    next_ = std::max(next_, from);
    plan_block(tables, n, static_cast<std::uint32_t>(block));
  }
  void plan_block(const RandomTables& tables, std::size_t n, std::uint32_t b) {
    const hw::MemBlockEntry& block = tables.memory.blocks[tables.first + b];
    for (std::uint32_t f = 0; f < block.folds; ++f) {
      const hw::MemFoldEntry& fold = tables.memory.folds[block.fold + f];
      std::int64_t x = next_;
      walk_pairs(block, fold, [&](std::uint32_t chunk, std::uint32_t) {
        for (std::uint32_t p = 0; p < n; ++p) looks_.push_back({x++, p, chunk});
      });
      ends_[b] = x - 1;
      words_ += static_cast<std::size_t>(fold_reads(fold));
      std::int64_t reads = 0;  // of the fold after this one
      if (f + 1 < block.folds)
        reads = fold_reads(tables.memory.folds[block.fold + f + 1]);
      else if (b + 1 < tables.blocks)
        reads = fold_reads(tables.memory.folds[tables.memory.blocks[tables.first + b + 1].fold]);
      next_ += std::max(static_cast<std::int64_t>(n) * fold_pairs(fold), reads);
    }
  }

  void check(const Bank& bank, std::size_t block, std::size_t at) {
    for (std::uint32_t i = 0; i < kShape.columns; ++i) {
      const std::size_t low = kShape.acc_bits * (kShape.columns * (block % 2) + i);
      std::uint64_t found = 0;
      for (std::uint32_t bit = 0; bit < kShape.acc_bits; ++bit)
        found |= std::uint64_t{model_->data_o[(low + bit) / 32] >> ((low + bit) % 32) & 1U} << bit;
      const std::uint64_t expected = static_cast<std::uint64_t>(bank.sums.at(at * kShape.columns + i)) &
                                     ((std::uint64_t{1} << kShape.acc_bits) - 1);
      ASSERT_EQ(found, expected) << "block " << std::to_string(block) << ", vector " << at << ", column "
                                 << i;
      ++checked;
    }
  }

  template <class Enable, std::size_t Parts>
  void write(Enable& enable, std::size_t word, const std::array<std::uint32_t, Parts>& parts) {
    for (std::size_t p = 0; p < Parts; ++p) {
      model_->cfg_part_i = static_cast<std::uint8_t>(p);
      write_part(enable, word, parts[p]);
    }
  }
  template <class Enable>
  void write_part(Enable& enable, std::size_t word, std::uint32_t data) {
    enable = 1;
    model_->cfg_word_i = static_cast<std::uint32_t>(word);
    model_->cfg_data_i = data;
    clock();
    enable = 0;
  }
  void settle() {
    model_->clk_i = 0;
    model_->eval();
  }
  void edge() {
    model_->clk_i = 1;
    model_->eval();
  }
  void clock() {
    settle();
    edge();
  }

  Rng rng_;
  double freeze_;
  VerilatedContext verilated_;
  std::optional<Model> model_;
  std::vector<Look> looks_;
  std::vector<std::int64_t> ends_, frees_, waits_;
  std::size_t words_ = 0;
  std::int64_t next_ = 0;

 public:
  std::size_t checked = 0;
};

template <class Shape>
class SystolicIntegrate : public testing::Test {};
TYPED_TEST_SUITE(SystolicIntegrate, Shapes);

template <class Shape>
void random_firings(std::uint64_t seed, double freeze, int loads, int firings) {
  std::size_t checked = 0;
  for (int k = 0; k < loads; ++k, ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    using Bench = IntegrateBench<Shape>;
    Bench bench(seed, freeze);
    for (int f = 0; f < firings; ++f) {
      SCOPED_TRACE("firing " + std::to_string(f));
      const RandomTables tables(bench.rng(), Bench::kShape);
      bench.load(tables.memory);
      Pages pages(1 + bench.rng().below(Bench::kShape.pages));
      for (auto& page : pages)
        for (std::uint32_t c = 0; c < Bench::kShape.chunks; ++c)
          page.push_back(static_cast<std::uint16_t>(bench.rng().next()));
      bench.fire(tables, pages);
      if (testing::Test::HasFailure()) return;
    }
    checked += bench.checked;
  }
  EXPECT_GT(checked, static_cast<std::size_t>(loads * firings) * 50);
}

TYPED_TEST(SystolicIntegrate, AddsWhatTheTablesSayInExactlyItsCycles) {
  random_firings<TypeParam>(1, 0, 6, 8);
}

TYPED_TEST(SystolicIntegrate, IsNotChangedByFreezes) { random_firings<TypeParam>(1000, 0.3, 3, 5); }

}  // namespace
}  // namespace spikeloom::test
