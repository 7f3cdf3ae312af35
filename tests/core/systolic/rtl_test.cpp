// The systolic core's RTL against its model and its formula, bit for bit and to the cycle, on tables that no
// compiler wrote.
#include <algorithm>
#include <utility>

#include "compiler/chip/pages.hpp"
#include "compiler/core/core.hpp"
#include "compiler/core/systolic/tables.hpp"
#include "random_tile.hpp"
#include "systolic_shapes.hpp"
#include "tests/core/rtl_bench.hpp"

namespace spikeloom::test {
namespace {

using systolic::Tables;

/// Times of a firing as rtl/core/systolic/systolic_core.sv states them.
struct Stated {
  std::vector<std::int64_t> freed, ended;
};
Stated stated(const Tables& tables, std::int64_t pages, std::int64_t delay, std::int64_t lanes) {
  std::vector<std::int64_t> vectors, reads;  // of all folds
  std::vector<std::size_t> first_of_block;
  for (std::size_t b = 0; b < tables.blocks(); ++b) {
    first_of_block.push_back(vectors.size());
    for (std::uint32_t f = 0; f < tables.block(b).folds; ++f) {
      const hw::MemFoldEntry fold = tables.fold(tables.block(b).fold + f);
      vectors.push_back(pages * (fold.columns + 1) * (fold.lines + 1));
      reads.push_back(fold.format == hw::kFormatW8 ? fold.rows : (fold.rows + 1) / 2);
    }
  }
  first_of_block.push_back(vectors.size());
  std::int64_t x = 5 + std::max<std::int64_t>(1, reads[0]), started = 0, pass = 0;
  std::vector<std::int64_t> u;
  Stated result;
  std::int64_t e = 0;
  for (std::size_t b = 0; b < tables.blocks(); ++b) {
    if (b >= 2) x = std::max(x, u[b - 2] + 2);
    for (std::size_t j = first_of_block[b]; j < first_of_block[b + 1]; ++j) {
      e = x + vectors[j] - 1;
      if (j + 1 < vectors.size()) x += std::max(vectors[j], reads[j + 1]);
    }
    const std::int64_t m = tables.block(b).updates;
    result.ended.clear();
    std::int64_t s = std::max(e + 8 + delay, started + pass);
    pass = std::max(m, std::min(m, 2 * lanes) + 5);
    for (std::int64_t t = 0; t < pages; ++t, s += pass) {
      started = s;
      result.ended.push_back(s + m + 7);
    }
    u.push_back(started + m + 1);
  }
  for (std::int64_t t = 0; t < pages; ++t) result.freed.push_back(e + 3 + delay + t);
  return result;
}

/// A random tile of a Verilated shape, beside the RTL with the same in its memories.
template <class Shape>
struct Tile : RandomSystolicTile {
  explicit Tile(std::uint64_t seed) : RandomSystolicTile(config(), seed), bench(seed) {}
  struct Parameters {
    std::uint32_t SystolicColumns, SystolicPages, SystolicVectors, SystolicWeightBits, SystolicShift,
        SystolicBlocks, SystolicFolds, SystolicWords, LifLanes, AccBits, StateBits, BiasBits, MaxScale,
        Current, Readout, PageChunks, StateWords, UpdateEntries, ParamSets, PageDelay, ChunkIndexBits;
  };
  static TileConfig config() {
    TileConfig tile = Shape::tile();
    if (Shape::template parameters<Parameters>().PageDelay != 0) tile.page_blocks = 8;
    return tile;
  }

  void place() {
    RandomSystolicTile::place();
    for (const MemoryWindow& window : core.windows(tile))
      bench.load(window.number, memory.memories[window.number]);
  }

  void fire() {
    RtlPages f;
    f.delay = page_delay(tile);
    const std::uint32_t count = rng.chance(0.3) ? 0 : below(18);
    const std::size_t number = 1 + rng.below(tile.systolic_pages);
    std::vector<device_model::Page> contents;
    for (std::size_t p = 0; p < number; ++p) {
      contents.push_back(page());
      const std::uint32_t limit = memory.contexts[0].limit[std::min<std::size_t>(count + p, 15)];
      f.pages.push_back(chunks_of(contents[p], limit));
    }
    std::vector<const device_model::Page*> pages;
    for (const device_model::Page& page : contents) pages.push_back(&page);
    f.first = count == 0;
    f.last = rng.chance(0.3);
    const device_model::Firing expected = model->fire(0, pages, count, f.last);
    const std::vector<std::uint16_t> masks(number * cluster.chunk_bits.size(), 0xffff);
    EXPECT_EQ(core.time(cluster, tile, masks, number), expected.time);
    const RtlFiring m = bench.fire(memory.contexts[0], f, expected.time.total() + 10);
    const Stated times = stated(Tables(cluster), static_cast<std::int64_t>(number), f.delay, tile.lif_lanes);
    EXPECT_EQ(m.freed, times.freed);
    EXPECT_EQ(m.ended, times.ended);
    EXPECT_EQ(m.freed.back(), expected.time.integrate);
    EXPECT_EQ(m.done, expected.time.total());
    EXPECT_EQ(m.done, times.ended.back());
    EXPECT_EQ(m.counted, expected.counted);
    ASSERT_EQ(m.out.size(), expected.out.size());
    for (std::size_t n = 0; n < m.out.size(); ++n) {
      EXPECT_EQ(m.out[n].index, expected.out[n].index);
      EXPECT_EQ(m.out[n].mask, expected.out[n].mask);
      EXPECT_EQ(m.out[n].page, expected.out[n].page);
    }
    pushes += m.out.size();
  }

  void check_states() {
    EXPECT_EQ(bench.read(hw::kMemPotentials, tile.state_words), memory.memories[hw::kMemPotentials].data());
    if (tile.current != 0) {
      EXPECT_EQ(bench.read(hw::kMemCurrents, tile.state_words), memory.memories[hw::kMemCurrents].data());
    }
    for (const std::uint32_t other : bench.read(hw::kMemFolds, 2)) EXPECT_EQ(other, 0U);
  }

  RtlBench<typename Shape::Model> bench;
  std::size_t pushes = 0;
};

template <class Shape>
class SystolicCore : public testing::Test {};
TYPED_TEST_SUITE(SystolicCore, Shapes);

TYPED_TEST(SystolicCore, FiresAsTheModelInExactlyItsCycles) {
  random_firings<Tile<TypeParam>>(1, 0, 8, 24, 4);
}

TYPED_TEST(SystolicCore, IsNotChangedByFreezes) { random_firings<Tile<TypeParam>>(1000, 0.4, 3, 16, 4); }

TYPED_TEST(SystolicCore, EndsAFiringOnReset) {
  Tile<TypeParam> tile(5);
  tile.place();
  for (int stop = 0; stop < 120; stop += 3) {
    RtlPages f;
    f.pages.resize(tile.tile.systolic_pages);
    f.delay = page_delay(tile.tile);
    tile.bench.fire(tile.memory.contexts[0], f, stop);
    tile.bench.reset();
    tile.bench.idle(20);
    for (const std::uint32_t number : {hw::kMemPotentials, hw::kMemCurrents})
      tile.bench.load(number, tile.memory.memories[number]);
    tile.fire();
    tile.check_states();
    if (testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace spikeloom::test
