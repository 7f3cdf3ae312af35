// The tally core's RTL against its model and its formula: bit for bit, to the cycle.
#include <algorithm>

#include "compiler/chip/pages.hpp"
#include "compiler/core/core.hpp"
#include "tally_shapes.hpp"
#include "tests/core/rtl_bench.hpp"

namespace spikeloom::test {
namespace {

/// A tile of a Verilated shape with anything in its memories, beside the RTL with the same.
template <class Shape>
struct Tile {
  explicit Tile(std::uint64_t seed) : core(*find_core("tally")), rng(seed), tile(Shape::tile()), bench(seed) {
    memory.contexts.resize(1);
    const std::vector<MemoryInfo> memories = core.memories(tile);
    for (const MemoryWindow& window : core.windows(tile))
      memory.memories[window.number] = device_model::Memory(memories[window.memory].capacity, window.parts);
    fill();
    if (rng.chance(0.4)) tile.page_blocks = 8;
    model = core.model(tile, memory);
    for (const MemoryWindow& window : core.windows(tile))
      bench.load(window.number, memory.memories[window.number]);
  }

  /// Small values, extremes and anything of state_bits.
  std::uint32_t value() {
    const std::int64_t half = std::int64_t{1} << (tile.state_bits - 1);
    switch (rng.below(6)) {
      case 0:
        return static_cast<std::uint32_t>(half - 1);
      case 1:
        return static_cast<std::uint32_t>(-half);
      case 2:
        return static_cast<std::uint32_t>(rng.between(-half, half - 1));
      default:
        return static_cast<std::uint32_t>(rng.between(-300, 300));
    }
  }

  void fill() {
    device_model::Memory& votes = memory.memories[hw::kMemVotes];
    for (std::size_t word = 0; word < votes.words(); ++word)
      for (std::size_t lane = 0; lane < votes.parts(); ++lane)
        votes.set(word, lane, static_cast<std::uint32_t>(rng.next()));
    device_model::Memory& levels = memory.memories[hw::kMemLevels];
    device_model::Memory& neurons = memory.memories[hw::kMemNeurons];
    for (std::size_t group = 0; group < levels.words(); ++group)
      for (std::size_t lane = 0; lane < levels.parts(); ++lane) {
        levels.set(group, lane, value());
        hw::MemNeuronEntry neuron;
        neuron.shift = static_cast<std::uint32_t>(rng.below(tile.tally_shift + 1));
        neuron.scale = static_cast<std::uint32_t>(rng.below(tile.tally_shift - neuron.shift + 1));
        neuron.subtract = rng.chance(0.5);
        neuron.theta = value();
        neuron.v_reset = value();
        const auto parts = neuron.pack();
        for (std::size_t p = 0; p < parts.size(); ++p) neurons.set(group, parts.size() * lane + p, parts[p]);
      }
  }

  /// Registers of a context somewhere in the memories.
  void place() {
    const auto chunks = static_cast<std::uint32_t>(rng.below(tile.page_chunks + 1));
    std::uint32_t groups = 1 + static_cast<std::uint32_t>(rng.below(tile.tally_groups));
    if (chunks != 0) groups = std::min(groups, tile.tally_votes / chunks);
    const std::uint32_t neurons =
        groups * tile.tally_lanes - static_cast<std::uint32_t>(rng.below(tile.tally_lanes));
    cluster = Cluster{};
    cluster.neurons.resize(neurons);
    cluster.chunk_bits.assign(chunks, 0xffff);
    for (const MemoryWindow& window : core.windows(tile))
      cluster.tables.windows.push_back({window.parts, {}});
    cluster.tables.windows[0].words.resize(std::size_t{groups} * chunks * tile.tally_lanes);
    cluster.tables.windows[1].words.resize(std::size_t{groups} * tile.tally_lanes *
                                           hw::MemNeuronEntry::kParts);
    const std::vector<std::uint32_t> first = {
        static_cast<std::uint32_t>(rng.below(tile.tally_votes - groups * chunks + 1)),
        static_cast<std::uint32_t>(rng.below(tile.tally_groups - groups + 1))};
    set_context(memory.contexts[0], core.registers(cluster, first, 0));
    for (std::uint32_t& limit : memory.contexts[0].limit)
      limit = rng.chance(0.6) ? chunks : static_cast<std::uint32_t>(rng.below(chunks + 1));
  }

  device_model::Page page() {
    device_model::Page page;
    const double chunks = rng.chance(0.2) ? 0 : rng.chance(0.1) ? 1 : rng.unit(), bits = rng.unit();
    for (std::uint32_t c = 0; c < tile.page_chunks; ++c) {
      std::uint16_t mask = 0;
      for (unsigned b = 0; b < 16 && page.size() < tile.page_chunks; ++b)
        if (rng.chance(bits)) mask = static_cast<std::uint16_t>(mask | 1U << b);
      page.push_back(rng.chance(chunks) ? mask : std::uint16_t{0});
    }
    return page;
  }

  void fire() {
    RtlPages f;
    f.delay = page_delay(tile);
    const auto count = static_cast<std::uint32_t>(rng.chance(0.3) ? 0 : rng.below(18));
    std::vector<std::uint16_t> counts_of_formula;
    const std::size_t number = 1 + rng.below(core.pages_per_firing(tile));
    std::vector<device_model::Page> contents;
    for (std::size_t p = 0; p < number; ++p) {
      contents.push_back(page());
      const std::uint32_t limit = memory.contexts[0].limit[std::min<std::size_t>(count + p, 15)];
      f.pages.push_back(chunks_of(contents[p], limit));
      for (std::uint32_t c = 0; c < cluster.page_chunks(); ++c)
        counts_of_formula.push_back(c < limit ? contents[p][c] : std::uint16_t{0});
    }
    std::vector<const device_model::Page*> pages;
    for (const device_model::Page& page : contents) pages.push_back(&page);
    f.first = count == 0;
    f.last = rng.chance(0.3);
    const device_model::Firing expected = model->fire(0, pages, count, f.last);
    EXPECT_EQ(core.time(cluster, tile, counts_of_formula, number), expected.time);
    const RtlFiring m = bench.fire(memory.contexts[0], f, expected.time.total() + 10);
    std::vector<std::int64_t> freed = expected.freed;
    freed.push_back(expected.time.integrate);
    EXPECT_EQ(m.freed, freed);
    EXPECT_EQ(m.done, expected.time.total());
    ASSERT_EQ(m.ended.size(), number);
    for (std::size_t p = 0; p < number; ++p) EXPECT_EQ(m.ended[p], freed[p] + 4) << "page " << p;
    EXPECT_EQ(m.ended.back(), m.done);
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
    const device_model::Memory& levels = memory.memories[hw::kMemLevels];
    EXPECT_EQ(bench.read(hw::kMemLevels, tile.tally_groups), levels.data());
    for (const std::uint32_t other : bench.read(hw::kMemNeurons, 2)) EXPECT_EQ(other, 0U);
  }

  const Core& core;
  Rng rng;
  TileConfig tile;
  device_model::TileMemory memory;
  std::unique_ptr<CoreModel> model;
  RtlBench<typename Shape::Model> bench;
  Cluster cluster;  ///< of the sizes of context 0
  std::size_t pushes = 0;
};

template <class Shape>
class TallyCore : public testing::Test {};
TYPED_TEST_SUITE(TallyCore, Shapes);

TYPED_TEST(TallyCore, FiresAsTheModelInExactlyItsCycles) { random_firings<Tile<TypeParam>>(1, 0, 5, 80, 8); }

TYPED_TEST(TallyCore, IsNotChangedByFreezes) { random_firings<Tile<TypeParam>>(1000, 0.5, 3, 40, 8); }

TYPED_TEST(TallyCore, EndsAFiringOnReset) {
  Tile<TypeParam> tile(5);
  tile.place();
  for (int stop = 0; stop < 30; ++stop) {
    // A firing that writes what the model writes is repeated in full; its part before changes only levels.
    RtlPages f;
    f.pages = {{}, {}};  // no chunk below the limit
    f.first = true;
    tile.bench.fire(tile.memory.contexts[0], f, stop);
    tile.bench.reset();
    tile.bench.idle(10);
    tile.bench.load(hw::kMemLevels, tile.memory.memories[hw::kMemLevels]);
    tile.fire();
    tile.check_states();
  }
}

}  // namespace
}  // namespace spikeloom::test
