// flat_pages and block_pages: chunks that were delivered come out of the walk, each once, in rising order, or
// where a core looks at them, in exactly the cycles that the headers state, while other pages are filled and
// target time freezes.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "compiler/base/rng.hpp"
#include "compiler/chip/pages.hpp"
#include "tests/rtl_net/pages_shapes.hpp"

namespace spikeloom::test {
namespace {

template <class Port>
void set(Port& port, std::uint64_t value) {
  port = static_cast<Port>(value);
}

template <class Shape>
class Pages {
 public:
  using Model = typename Shape::Model;
  static constexpr std::int64_t kDelay =
      page_delay(NodeTileConfig{.page_chunks = Shape::kChunks, .page_blocks = Shape::kBlocks});

  explicit Pages(std::uint64_t seed) : rng_(seed) {
    context_.randReset(2);
    context_.randSeed(static_cast<int>(seed) + 1);
    model_ = std::make_unique<Model>(&context_);
    for (Row& row : rows_) row.length = Shape::kChunks;
    model_->clear_i = 0;
    model_->en_i = 0;
    model_->chunk_i = 0;
    model_->rst_i = 1;
    for (int n = 0; n < 2; ++n) clock();
    model_->rst_i = 0;
    if constexpr (requires(Model & m) { m.write_first_block_i; }) lay_out();
  }
  ~Pages() {
    model_->final();
    model_.reset();
    Verilated::threadContextp(Verilated::defaultContextp());  // for tests that name none
  }
  Pages(const Pages&) = delete;
  Pages& operator=(const Pages&) = delete;

  /// Each row is walked so often; `freeze`: share of clock cycles in which target time stands still.
  void run(unsigned walks, double freeze) {
    freeze_ = freeze;
    for (unsigned n = 0; n < walks; ++n) {
      const auto row = static_cast<unsigned>(rng_.below(Shape::kRows));
      dense_ = rng_.chance(0.3) ? 1 : rng_.unit();
      near_ = rng_.chance(0.5);
      for (std::uint64_t k = rng_.below(2 * rows_[row].length + 4); k > 0; --k) step();
      walk(row);
      if (testing::Test::HasFailure()) return;
    }
    EXPECT_GT(taken_, walks);
    EXPECT_GT(repeated_, 0U);
  }

  /// A few enabled cycles in which nobody does anything.
  void rest() {
    model_->en_i = 1;
    for (auto* idle : {&model_->free_i, &model_->scan_i, &model_->load_i, &model_->look_i}) *idle = 0;
    for (int n = 0; n < 4; ++n) clock();
  }

  /// So many batches of pages are looked at.
  void run_looks(unsigned batches, double freeze) {
    freeze_ = freeze;
    for (unsigned n = 0; n < batches; ++n) {
      dense_ = rng_.chance(0.3) ? 1 : rng_.unit();
      near_ = rng_.chance(0.5);
      for (std::uint64_t k = rng_.below(2 * Shape::kChunks + 4); k > 0; --k) step();
      look_at(1 + static_cast<unsigned>(rng_.below(Shape::kRows - 1)));
      if (testing::Test::HasFailure()) return;
    }
    EXPECT_GT(seen_, batches);
    EXPECT_GT(unseen_, batches);
  }

 private:
  struct Row {
    std::map<unsigned, std::uint16_t> chunks;
    unsigned length = 0;          ///< of its page
    std::int64_t stored_in = -9;  ///< cycle of the last delivery
    bool held = false;            ///< somebody reads it
    std::int64_t open_from = 0;   ///< cycle from which credits let chunks come
    unsigned limit = 0;
  };

  /// Pages of random lengths, one behind the other from the last row to the first.
  void lay_out() {
    constexpr unsigned longest = (Shape::kChunks + hw::kPageBlockChunks - 1) / hw::kPageBlockChunks;
    unsigned left = Shape::kBlocks, next = 0;
    for (unsigned r = Shape::kRows; r-- > 0;) {
      const unsigned most = std::min(longest, left - r);
      const unsigned blocks = rng_.chance(0.3) ? most : 1 + static_cast<unsigned>(rng_.below(most));
      rows_[r].length = std::min(Shape::kChunks, blocks * hw::kPageBlockChunks);
      set(model_->write_first_block_i, 1);
      set(model_->config_row_i, r);
      set(model_->config_first_block_i, next);
      clock();
      next += blocks;
      left -= blocks;
    }
    model_->write_first_block_i = 0;
  }

  /// A clock cycle whose inputs are set but for deliveries.
  void clock() {
    model_->clk_i = 0;
    model_->eval();
    model_->clk_i = 1;
    model_->eval();
  }

  /// One enabled cycle, frozen ones before it. Looks at the outputs by `look` before the edge.
  template <class Look>
  void step(Look&& look) {
    const auto take = model_->take_i, again = model_->again_i, scan = model_->scan_i, load = model_->load_i,
               look_now = model_->look_i;
    const auto limit = model_->limit_i;
    while (rng_.chance(freeze_)) {
      model_->en_i = 0;
      model_->chunk_i = 0;
      model_->take_i = rng_.chance(0.5);
      model_->again_i = rng_.chance(0.5);
      model_->scan_i = rng_.chance(0.5);
      model_->load_i = rng_.chance(0.5);
      model_->look_i = rng_.chance(0.5);
      set(model_->limit_i, rng_.below(Shape::kChunks + 1));
      clock();
    }
    model_->take_i = take;
    model_->again_i = again;
    model_->scan_i = scan;
    model_->load_i = load;
    model_->look_i = look_now;
    model_->limit_i = limit;
    model_->en_i = 1;
    deliver();
    look();
    clock();
    model_->chunk_i = 0;
    ++cycle_;
  }
  /// One in which nobody walks: the sequencer may look at any row, and nothing comes of it.
  void step() {
    model_->take_i = 0;
    model_->again_i = 0;
    model_->load_i = 0;
    model_->free_i = 0;
    model_->reading_i = 0;
    model_->scan_i = rng_.chance(0.5);
    model_->look_i = 0;
    set(model_->scan_row_i, rng_.below(Shape::kRows));
    set(model_->limit_i, rng_.below(Shape::kChunks + 1));
    step([] {});
  }

  /// Perhaps a chunk for some row that is not walked.
  void deliver() {
    model_->chunk_i = 0;
    const auto r = near_ ? last_row_ : static_cast<unsigned>(rng_.below(Shape::kRows));
    if (!rng_.chance(dense_) || rows_[r].held || cycle_ < rows_[r].open_from) return;
    last_row_ = static_cast<unsigned>(rng_.below(Shape::kRows));
    if (rng_.chance(0.7)) last_row_ = r;
    Row& row = rows_[r];
    auto chunk = static_cast<unsigned>(rng_.below(row.length));
    if (rng_.chance(0.6) && last_chunk_ + 1 < row.length) chunk = last_chunk_ + 1;
    if (row.chunks.contains(chunk)) return;
    last_chunk_ = chunk;
    const auto mask = static_cast<std::uint16_t>(rng_.below(65536));
    row.chunks[chunk] = mask;
    row.stored_in = cycle_;
    model_->chunk_i = 1;
    set(model_->chunk_row_i, r);
    set(model_->chunk_number_i, chunk);
    set(model_->chunk_mask_i, mask);
  }

  void walk(unsigned r) {
    Row& row = rows_[r];
    row.held = true;
    // A chunk and its end-of-step are a cycle apart at least; the sequencer sees that in the next one.
    while (cycle_ < row.stored_in + 2) step();
    const auto limit = static_cast<unsigned>(rng_.chance(0.4) ? rng_.below(row.length + 1) : row.length);
    std::vector<std::pair<unsigned, std::uint16_t>> expected;
    for (const auto& [chunk, mask] : row.chunks)
      if (chunk < limit) expected.emplace_back(chunk, mask);
    set(model_->row_i, r);
    set(model_->scan_row_i, r);
    model_->scan_i = 1;
    model_->load_i = 1;
    step([] {});
    model_->scan_i = 0;
    model_->load_i = 0;
    model_->reading_i = 1;
    set(model_->limit_i, limit);
    for (std::int64_t n = 0; n <= kDelay; ++n) {
      step([&] { EXPECT_EQ(model_->start_o, n == kDelay); });
      set(model_->limit_i, rng_.below(Shape::kChunks + 1));
    }
    const double hurry = rng_.chance(0.5) ? 1 : rng_.unit();
    std::size_t next = 0;
    std::optional<std::uint16_t> mask;
    for (std::uint64_t again = rng_.below(3);;) {
      const bool ends = next == expected.size();
      const bool takes = !ends && rng_.chance(hurry),
                 repeats = !takes && again > 0 && (ends || rng_.chance(0.1));
      model_->take_i = takes;
      model_->again_i = repeats;
      model_->free_i = ends && !repeats;
      step([&] {
        model_->eval();
        EXPECT_EQ(model_->any_o, !ends);
        if (!ends) {
          EXPECT_EQ(model_->chunk_o, expected[next].first);
        }
        if (mask) {
          EXPECT_EQ(model_->mask_o, *mask);
        }
      });
      if (testing::Test::HasFailure()) return;
      if (ends && !repeats) break;
      if (takes) mask = expected[next++].second;
      if (repeats) {
        next = 0;
        --again;
        ++repeated_;
      }
      taken_ += takes;
    }
    model_->free_i = 0;
    model_->reading_i = 0;
    row.chunks.clear();
    row.held = false;
  }

  /// Random looks at a batch of so many pages, an answer a cycle; then the pages become free, one a cycle.
  void look_at(unsigned pages) {
    std::vector<unsigned> batch(Shape::kRows);
    for (unsigned r = 0; r < Shape::kRows; ++r) batch[r] = r;
    for (unsigned r = Shape::kRows; r > 1; --r) std::swap(batch[r - 1], batch[rng_.below(r)]);
    batch.resize(pages);
    for (const unsigned r : batch) {
      rows_[r].held = true;
      rows_[r].limit =
          static_cast<unsigned>(rng_.chance(0.4) ? rng_.below(rows_[r].length + 1) : rows_[r].length);
    }
    for (const unsigned r : batch)
      while (cycle_ < rows_[r].stored_in + 2) step();
    std::map<std::int64_t, std::uint16_t> answers;  // by cycle
    const auto one = [&] {
      const auto answer = answers.find(cycle_);
      step([&] {
        model_->eval();
        EXPECT_EQ(model_->look_valid_o, answer != answers.end());
        if (answer != answers.end()) {
          EXPECT_EQ(model_->look_mask_o, answer->second);
          (answer->second != 0 ? seen_ : unseen_) += 1;
        }
      });
    };
    const double hurry = rng_.chance(0.5) ? 1 : rng_.unit();
    for (std::uint64_t left = 20 + rng_.below(400); left > 0 && !testing::Test::HasFailure(); --left) {
      const Row& row = rows_[batch[rng_.below(pages)]];
      const auto number = static_cast<unsigned>(&row - rows_);
      // Often one that is there, seldom one that no page has.
      auto chunk = static_cast<unsigned>(rng_.below(rng_.chance(0.1) ? 4096 : Shape::kChunks));
      if (rng_.chance(0.6))
        if (const auto there = row.chunks.lower_bound(chunk); there != row.chunks.end()) chunk = there->first;
      model_->look_i = rng_.chance(hurry);
      set(model_->look_row_i, number);
      set(model_->look_chunk_i, chunk);
      set(model_->look_limit_i, row.limit);
      const auto there = row.chunks.find(chunk);
      if (model_->look_i)
        answers[cycle_ + 2 + kDelay] =
            there == row.chunks.end() || chunk >= row.limit ? std::uint16_t{0} : there->second;
      one();
    }
    model_->look_i = 0;
    for (const unsigned r : batch) {
      set(model_->row_i, r);
      model_->free_i = 1;
      rows_[r].chunks.clear();
      rows_[r].open_from = cycle_ + 4;
      rows_[r].held = false;
      one();
    }
    model_->free_i = 0;
    for (std::int64_t n = 0; n < 2 + kDelay; ++n) one();
  }

  Rng rng_;
  VerilatedContext context_;
  std::unique_ptr<Model> model_;
  Row rows_[Shape::kRows];
  double freeze_ = 0, dense_ = 0.5;
  bool near_ = false;
  unsigned last_row_ = 0, last_chunk_ = 0;
  std::int64_t cycle_ = 0;
  std::size_t taken_ = 0, repeated_ = 0, seen_ = 0, unseen_ = 0;
};

template <class Shape>
class PagesTest : public testing::Test {};
using Shapes = testing::Types<pages_flat, pages_short, pages_blocks, pages_long>;
TYPED_TEST_SUITE(PagesTest, Shapes);

TYPED_TEST(PagesTest, GiveWhatWasDeliveredInTheirCycles) {
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Pages<TypeParam>(seed).run(TypeParam::kChunks > 1000 ? 12 : 150, 0);
  }
}

TYPED_TEST(PagesTest, AreNotChangedByFreezes) {
  for (std::uint64_t seed = 100; seed <= 102; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Pages<TypeParam>(seed).run(TypeParam::kChunks > 1000 ? 8 : 100, 0.5);
  }
}

template <class Shape>
class LooksTest : public testing::Test {};
using LookShapes = testing::Types<looks_flat, looks_blocks, looks_long>;
TYPED_TEST_SUITE(LooksTest, LookShapes);

TYPED_TEST(LooksTest, AnswerAnyLookWithItsMaskInItsCycle) {
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Pages<TypeParam>(seed).run_looks(TypeParam::kChunks > 1000 ? 12 : 100, 0);
  }
}

/// What power-up leaves in registers that nothing resets must read no memory, not even beyond its end.
TYPED_TEST(LooksTest, ReadNothingBeforeTheFirstLook) {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Pages<TypeParam>(seed).rest();
    if (testing::Test::HasFailure()) return;
  }
}

TYPED_TEST(LooksTest, AreNotChangedByFreezes) {
  for (std::uint64_t seed = 100; seed <= 102; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Pages<TypeParam>(seed).run_looks(TypeParam::kChunks > 1000 ? 8 : 60, 0.5);
  }
}

}  // namespace
}  // namespace spikeloom::test
