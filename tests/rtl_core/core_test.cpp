// The crossbar core against core_model: results, states and exact cycles.
#include <algorithm>
#include <cstdio>

#include "compiler/chip/pages.hpp"
#include "compiler/core/crossbar/crossbar.hpp"
#include "compiler/core/crossbar/tables.hpp"
#include "crossbar_shapes.hpp"
#include "tests/rtl_core/core_bench.hpp"

namespace spikeloom::rtl_core {
namespace {

std::int64_t two_complement(Rng& rng, unsigned bits) {
  const std::int64_t half = std::int64_t{1} << (bits - 1);
  switch (rng.below(8)) {
    case 0:
      return half - 1;
    case 1:
      return -half;
    case 2:
      return 0;
    case 3:
    case 4:
      return rng.between(-half, half - 1);
    default:
      return rng.between(-300, 300);
  }
}

std::uint32_t decay_factor(Rng& rng) {
  switch (rng.below(4)) {
    case 0:
      return 4096;
    case 1:
      return 0;
    default:
      return static_cast<std::uint32_t>(rng.below(4097));
  }
}

/// Random tables, weights, programs, parameters and states.
struct Case {
  Case(const Shape& s, Rng& random) : model(s), rng(random) {
    for (auto& word : model.weights)
      for (auto& part : word) part = static_cast<std::uint32_t>(rng.next());
    for (auto& axon : model.axons) axon = row(0);
    for (auto& chunk : model.chunks) {
      const bool per_axon = rng.chance(0.4);
      const auto stride =
          static_cast<std::uint32_t>(rng.chance(0.3) ? 0 : rng.below(rng.chance(0.2) ? s.group_room() : 4));
      const hw::MemAxonEntry r = row(15 * stride);
      chunk = {.first = r.first,
               .shift = r.shift,
               .negate = r.negate,
               .format = r.format,
               .per_axon = 0,
               .words = r.words,
               .offset = r.offset,
               .repeats = r.repeats,
               .jump = r.jump,
               .weight_jump = r.weight_jump,
               .stride = stride};
      if (per_axon) {
        chunk.per_axon = 1;
        chunk.first = static_cast<std::uint32_t>(rng.below(s.AxonEntries - 15));
      }
      if (s.Sums != 0 && rng.chance(0.25)) {
        chunk = {};
        chunk.first = static_cast<std::uint32_t>(rng.below(s.Lanes));
        chunk.words = rng.chance(0.9);
        chunk.offset =
            static_cast<std::uint32_t>(rng.chance(0.1) ? rng.below(s.group_room()) : rng.below(s.Groups));
        chunk.value = 1;
        chunk.half = rng.chance(0.5);
      }
    }
    for (auto& set : model.sets) {
      set.alpha = decay_factor(rng);
      set.beta = decay_factor(rng);
      set.scale = static_cast<std::uint32_t>(rng.below(s.MaxScale + 1));
      set.subtract = rng.chance(0.5);
      set.theta = static_cast<std::uint32_t>(two_complement(rng, s.StateBits));
      set.v_reset = static_cast<std::uint32_t>(two_complement(rng, s.StateBits));
      set.bias_v = static_cast<std::uint32_t>(two_complement(rng, s.StateBits));
    }
    for (auto& x : model.biases) x = static_cast<std::int32_t>(two_complement(rng, s.BiasBits));
    for (auto& x : model.potentials) x = static_cast<std::int32_t>(two_complement(rng, s.StateBits));
    if (s.Current != 0)
      for (auto& x : model.currents) x = static_cast<std::int32_t>(two_complement(rng, s.StateBits));
  }

  /// A row that leaves `spare` logical words behind it: of no words, of one segment, of several, in any
  /// distance, over the last group and round.
  hw::MemAxonEntry row(std::uint32_t spare) {
    const Shape& s = model.shape;
    const std::uint32_t room = s.group_room();
    hw::MemAxonEntry r;
    do r.format = static_cast<std::uint32_t>(rng.below(4));
    while ((s.WeightFormats >> r.format & 1U) == 0);
    const std::uint32_t logical = s.WeightWords << r.format;
    switch (rng.below(16)) {
      case 0:
        r.words = 0;
        break;
      case 1:
        r.words = static_cast<std::uint32_t>(rng.below(room));
        break;
      default:
        r.words = static_cast<std::uint32_t>(rng.below(std::min(s.Groups + 2, 10U)));
        break;
    }
    r.words = std::min(r.words, logical - spare);
    std::uint32_t span = r.words;  // weight words from the first to the last
    if (rng.chance(0.5)) {
      r.repeats = static_cast<std::uint32_t>(rng.below(rng.chance(0.1) ? room : 4));
      r.jump = static_cast<std::uint32_t>(rng.below(rng.chance(0.2) ? room : s.Groups + 1));
      r.weight_jump = static_cast<std::uint32_t>(rng.chance(0.3) ? 1 : rng.below(room));
      const std::uint32_t pitch = r.words == 0 ? 0 : r.words - 1 + r.weight_jump;
      if (span + r.repeats * pitch > logical - spare)
        r.repeats = pitch == 0 ? 0 : (logical - spare - span) / pitch;
      span += r.repeats * pitch;
    }
    r.first = static_cast<std::uint32_t>(rng.below(logical - spare - span + 1));
    r.offset = static_cast<std::uint32_t>(rng.chance(0.2) ? rng.below(room) : rng.below(s.Groups + 1));
    r.shift = static_cast<std::uint32_t>(rng.below(s.MaxShift + 1));
    r.negate = rng.chance(0.4);
    return r;
  }

  /// A program and a page for it; the program's entries in the model change.
  Firing firing() {
    const Shape& s = model.shape;
    Firing f;
    f.first = rng.chance(0.3);
    f.last = rng.chance(0.3);
    f.readout = s.Readout != 0 && rng.chance(0.3);
    f.last_only = rng.chance(0.5);
    f.limit = static_cast<std::uint32_t>(rng.chance(0.3) ? rng.below(s.PageChunks + 1) : s.PageChunks);
    if (rng.chance(0.3)) f.delay = kSummaryCycles;
    f.chunk = static_cast<std::uint32_t>(rng.below(s.ChunkEntries - s.PageChunks + 1));
    const double chunk_density = rng.chance(0.2) ? 0 : rng.chance(0.1) ? 1 : rng.unit() * 0.4;
    const double bit_density = rng.unit() * rng.unit();
    for (std::uint32_t c = 0; c < s.PageChunks; ++c) {
      f.valid.push_back(rng.chance(chunk_density));
      std::uint16_t mask = 0;
      for (unsigned b = 0; b < 16; ++b)
        if (rng.chance(bit_density)) mask = static_cast<std::uint16_t>(mask | 1U << b);
      f.masks.push_back(mask);
    }

    const std::uint32_t all = std::min(s.Groups * (s.Lanes / s.LifLanes), s.StateWords);
    std::vector<std::uint32_t> groups(all);
    for (std::uint32_t g = 0; g < all; ++g) groups[g] = g;
    if (rng.chance(0.3)) rng.shuffle(groups);
    groups.resize(rng.below(all + 1));
    f.state = static_cast<std::uint32_t>(rng.below(s.StateWords - all + 1));
    const auto budget = static_cast<std::uint32_t>(rng.below(s.UpdateEntries + 1));
    f.update = static_cast<std::uint32_t>(rng.below(s.UpdateEntries - budget + 1));
    const double emits = rng.unit();
    for (const std::uint32_t g : groups) {
      const auto entries = static_cast<std::uint32_t>(rng.chance(0.5) ? 1 : 1 + rng.below(2 * s.LifLanes));
      for (std::uint32_t n = 0; n < entries && f.updates < budget; ++n) {
        hw::MemUpdateEntry& e = model.updates[f.update + f.updates++];
        e = {g,
             static_cast<std::uint32_t>(rng.below(s.ParamSets)),
             rng.chance(emits),
             rng.chance(0.5),
             static_cast<std::uint32_t>(rng.below(s.LifLanes)),
             static_cast<std::uint32_t>(rng.below(1U << s.LifLanes))};
      }
    }
    return f;
  }

  CoreModel model;
  Rng& rng;
};

/// The contract's formula on the tables that the core reads. Of valid chunks without a bit, which no sender
/// sends, the contract says nothing: the scan takes a cycle for each.
FiringTime time_of(const CoreModel& model, const Firing& f) {
  TileConfig tile;
  tile.lanes = model.shape.Lanes;
  tile.lif_lanes = model.shape.LifLanes;
  if (f.delay != 0) tile.page_blocks = 1;
  Cluster cluster;
  for (const MemoryWindow& window : crossbar::core().windows(tile))
    cluster.tables.windows.push_back({window.parts, {}});
  for (const hw::MemAxonEntry& axon : model.axons) neuron::append(cluster.tables, crossbar::kAxonTable, axon);
  for (std::uint32_t n = 0; n < f.updates; ++n)
    neuron::append(cluster.tables, crossbar::kNeuronWindows.updates, model.updates[f.update + n]);
  std::vector<std::uint16_t> page;
  std::int64_t empty = 0;
  for (std::uint32_t c = 0; c < model.shape.PageChunks && c < f.limit; ++c) {
    neuron::append(cluster.tables, crossbar::kChunkTable, model.chunks[f.chunk + c]);
    page.push_back(f.valid[c] ? f.masks[c] : std::uint16_t{0});
    empty += f.valid[c] && f.masks[c] == 0 ? 1 : 0;
  }
  FiringTime time = crossbar::core().time(cluster, tile, page, 1);
  time.integrate += empty;
  return time;
}

/// Returns the pushes.
template <class Core>
std::size_t check_firing(CoreBench<Core>& bench, CoreModel& model, const Firing& f) {
  const Result expected = model.fire(f);
  const FiringTime time = time_of(model, f);
  const std::int64_t free = time.integrate, done = time.total();
  const Measured m = bench.fire(f, done + 10);
  EXPECT_EQ(m.free, free);
  EXPECT_EQ(m.done, done);
  EXPECT_LE(m.last_push, done);
  EXPECT_EQ(m.words, expected.words);
  EXPECT_EQ(m.pushes, expected.pushes);
  return m.pushes.size();
}

template <class Core>
void check_states(CoreBench<Core>& bench, const CoreModel& model) {
  EXPECT_EQ(bench.read_states(hw::kMemPotentials), model.potentials);
  if (kShapeOf<Core>.Current != 0) {
    EXPECT_EQ(bench.read_states(hw::kMemCurrents), model.currents);
  } else {
    for (const std::int32_t x : bench.read_states(hw::kMemCurrents)) EXPECT_EQ(x, 0);
  }
}

template <class Core>
class CrossbarCore : public testing::Test {};
TYPED_TEST_SUITE(CrossbarCore, Shapes);

/// A shape with random words in its memories, beside its model, as the loop of all cores takes it.
template <class Core>
struct Tile {
  explicit Tile(std::uint64_t seed) : rng(seed), words(kShapeOf<Core>, rng), bench(seed) {
    bench.load(words.model);
  }
  void place() {}  // every firing chooses where it reads
  void fire() {
    const Firing f = words.firing();
    for (std::uint32_t u = f.update; u < f.update + f.updates; ++u)
      bench.write_word(hw::kMemUpdates, u, words.model.updates[u].pack());
    pushes += check_firing(bench, words.model, f);
  }
  void check_states() { rtl_core::check_states(bench, words.model); }

  Rng rng;
  Case words;
  CoreBench<Core> bench;
  std::size_t pushes = 0;
};

TYPED_TEST(CrossbarCore, FiresAsTheModelInExactlyItsCycles) {
  test::random_firings<Tile<TypeParam>>(1, 0, 10, 100, 5);
}

TYPED_TEST(CrossbarCore, IsNotChangedByFreezes) {
  test::random_firings<Tile<TypeParam>>(1000, 0.5, 6, 60, 5);
}

TYPED_TEST(CrossbarCore, StatesTheLengthOfEveryMemoryWord) {
  CoreBench<TypeParam> bench(1);
  const Shape& s = kShapeOf<TypeParam>;
  EXPECT_EQ(bench.parts(hw::kMemChunks), 3U);
  EXPECT_EQ(bench.parts(hw::kMemAxons), 3U);
  EXPECT_EQ(bench.parts(hw::kMemWeights), s.Lanes / 4);
  EXPECT_EQ(bench.parts(hw::kMemUpdates), 2U);
  EXPECT_EQ(bench.parts(hw::kMemSets), 5U);
  EXPECT_EQ(bench.parts(hw::kMemBiases), s.LifLanes);
  EXPECT_EQ(bench.parts(hw::kMemPotentials), s.LifLanes);
  EXPECT_EQ(bench.parts(hw::kMemCurrents), s.LifLanes);
}

TYPED_TEST(CrossbarCore, EndsAFiringOnReset) {
  Rng rng(5);
  Case c(kShapeOf<TypeParam>, rng);
  CoreBench<TypeParam> bench(5);
  bench.load(c.model);
  for (int stop = 0; stop < 60; ++stop) {
    Firing f = c.firing();
    f.updates = 0;
    bench.fire(f, stop);  // integration changes no memory
    bench.reset();
    bench.idle(20);
    check_firing(bench, c.model, f);
  }
  check_states(bench, c.model);
}

/// All neurons, one set each group, emitting.
template <class Core>
void plain_program(CoreModel& model, Firing& f, std::uint32_t neurons) {
  const Shape& s = kShapeOf<Core>;
  f.updates = (neurons + s.LifLanes - 1) / s.LifLanes;
  for (std::uint32_t g = 0; g < f.updates; ++g) {
    const bool emit = (g + 1) * s.LifLanes % 16 == 0 || g + 1 == f.updates;
    model.updates[g] = {g, 0, emit, 0, 0, (1U << s.LifLanes) - 1};
  }
}

TYPED_TEST(CrossbarCore, AccumulatesEveryRowOnOneGroup) {
  const Shape& s = kShapeOf<TypeParam>;
  Rng rng(7);
  Case c(s, rng);
  Firing f;
  for (std::uint32_t n = 0; n < s.PageChunks; ++n) {
    c.model.chunks[n] = {.first = n,
                         .negate = n % 3 == 0,
                         .format = hw::kFormatW8,
                         .words = 1,
                         .offset = s.Groups - 1,
                         .stride = 1};
    f.valid.push_back(true);
    f.masks.push_back(static_cast<std::uint16_t>(rng.next()));
  }
  f.first = true;
  plain_program<TypeParam>(c.model, f, std::min(s.Groups * s.Lanes, s.StateWords * s.LifLanes));
  c.model.sets[0] = {0, 4096, 1000, 0, 0, 0, 0};
  CoreBench<TypeParam> bench(7);
  bench.load(c.model);
  check_firing(bench, c.model, f);
  check_states(bench, c.model);
}

TYPED_TEST(CrossbarCore, SaturatesRoundsTowardsZeroAndHolds) {
  const Shape& s = kShapeOf<TypeParam>;
  Rng rng(9);
  const std::int32_t top = static_cast<std::int32_t>((1 << (s.StateBits - 1)) - 1);
  for (const std::uint32_t k : {0U, 1U, 2047U, 2048U, 4095U, 4096U})
    for (const std::int32_t x : {0, 1, -1, 2, -2, 4095, -4095, 4096, -4096, 12345, -12345, top, -top - 1})
      for (const std::int32_t bias : {0, 1, -1, top, -top - 1}) {
        Case c(s, rng);
        Firing f;
        f.valid.resize(s.PageChunks);
        f.masks.resize(s.PageChunks);
        plain_program<TypeParam>(c.model, f, s.LifLanes);
        c.model.sets[0] = {k, k, static_cast<std::uint32_t>(top), 0, static_cast<std::uint32_t>(bias), 0, 0};
        std::fill(c.model.biases.begin(), c.model.biases.end(), 0);
        std::fill(c.model.potentials.begin(), c.model.potentials.end(), x);
        if (s.Current != 0) std::fill(c.model.currents.begin(), c.model.currents.end(), x);
        CoreBench<TypeParam> bench(9);
        bench.write_word(hw::kMemSets, 0, c.model.sets[0].pack());
        bench.write_word(hw::kMemUpdates, 0, c.model.updates[0].pack());
        for (std::uint32_t lane = 0; lane < s.LifLanes; ++lane) {
          bench.write(hw::kMemBiases, 0, lane, 0);
          bench.write(hw::kMemPotentials, 0, lane, static_cast<std::uint32_t>(x));
          bench.write(hw::kMemCurrents, 0, lane, static_cast<std::uint32_t>(x));
        }
        check_firing(bench, c.model, f);
        const std::int64_t low = -std::int64_t{top} - 1;
        const std::int64_t d = std::int64_t{x} * k / 4096;
        const std::int64_t i = s.Current != 0 ? d : 0;
        const auto v = static_cast<std::int32_t>(std::clamp<std::int64_t>(d + i + bias, low, top));
        EXPECT_EQ(c.model.potentials[0], v);
        const auto read = bench.read_states(hw::kMemPotentials);
        EXPECT_EQ(read[0], v) << "x " << x << ", k " << k << ", bias " << bias;
        EXPECT_EQ(read[s.LifLanes - 1], v);
      }
}

// 256 axons, 256 neurons, 26 spikes: the load on which peers were measured.
TEST(CommonLoad, IsWithinATenthOfTheIdeal) {
  using Core = Shape_full;
  const Shape& s = kShapeOf<Core>;
  Rng rng(11);
  Case c(s, rng);
  Firing f;
  f.valid.resize(s.PageChunks);
  f.masks.resize(s.PageChunks);
  constexpr std::uint32_t kWords = 256 / s.Lanes;
  for (std::uint32_t n = 0; n < 16; ++n)
    c.model.chunks[n] = {
        .first = n * 16 * kWords, .format = hw::kFormatW8, .words = kWords, .stride = kWords};
  for (int spikes = 0; spikes < 26;) {
    const auto axon = rng.below(256);
    const auto bit = static_cast<std::uint16_t>(1U << axon % 16);
    if ((f.masks[axon / 16] & bit) != 0) continue;
    f.masks[axon / 16] |= bit;
    f.valid[axon / 16] = true;
    ++spikes;
  }
  plain_program<Core>(c.model, f, 256);
  CoreBench<Core> bench(11);
  bench.load(c.model);
  check_firing(bench, c.model, f);
  check_states(bench, c.model);
  const Measured m = bench.fire(f, 10000);
  const std::int64_t ideal = 27 * kWords;
  std::printf("256 x 256, 26 spikes, %u lanes: %lld cycles, ideal %lld, ratio %.3f\n", s.Lanes,
              static_cast<long long>(m.done + 1), static_cast<long long>(ideal),
              static_cast<double>(m.done + 1) / static_cast<double>(ideal));
  EXPECT_LE(static_cast<double>(m.done + 1), 1.1 * static_cast<double>(ideal));
}

}  // namespace
}  // namespace spikeloom::rtl_core
