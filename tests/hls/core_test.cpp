// The HLS cores against the model device's core, bit for bit, over random tiles, pages and steps.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>

#include "compiler/core/crossbar/step.hpp"
#include "hls/crossbar/crossbar.hpp"
#include "hls/crossbar/lif.hpp"
#include "hls/crossbar/spikeloom_crossbar.hpp"
#include "hls/crossbar/spikeloom_lif.hpp"
#include "hls/systolic/spikeloom_systolic.hpp"
#include "hls/systolic/systolic.hpp"
#include "tests/chips/chip_named.hpp"
#include "tests/hls/random_tile.hpp"

namespace spikeloom::hls_test {
namespace {

using test::chip_named;

using device_model::Firing;
using device_model::NodeMemory;

template <class S>
struct Tables {
  std::uint32_t chunks[S::kChunkEntries][hls::layout::kMemChunkEntryParts];
  std::uint32_t axons[S::kAxonEntries][hls::layout::kMemAxonEntryParts];
  hls::Weights<S> weights;
  std::uint32_t updates[S::kUpdateEntries][hls::layout::kMemUpdateEntryParts];
  std::uint32_t sets[S::kParamSets][hls::layout::kMemSetEntryParts];
  hls::States<S> biases, potentials, currents;
  hls::Sums<S> sums;
  bool touched[S::kGroups];
  hls::BatchPages<S> pages;
  hls::BatchSums<S> batch;
  hls::OutChunk out[S::kUpdateEntries];

  explicit Tables(const NodeMemory& tile) {
    hls::load(tile.memories[hw::kMemChunks].data().data(), chunks);
    hls::load(tile.memories[hw::kMemAxons].data().data(), axons);
    hls::load(tile.memories[hw::kMemWeights].data().data(), weights);
    hls::load(tile.memories[hw::kMemUpdates].data().data(), updates);
    hls::load(tile.memories[hw::kMemSets].data().data(), sets);
    hls::load(tile.memories[hw::kMemBiases].data().data(), biases);
    hls::load(tile.memories[hw::kMemPotentials].data().data(), potentials);
    hls::load(tile.memories[hw::kMemCurrents].data().data(), currents);
  }
};

enum class Integrator { kCrossbar, kSystolic };

template <class S>
void integrate_page(Tables<S>& t, const NodeMemory& tile, const std::vector<std::uint16_t>& page,
                    std::uint32_t limit, Integrator by) {
  std::copy(page.begin(), page.end(), t.pages[0]);
  const std::uint32_t first = device_model::core_context(tile.contexts[0]).tables.first_chunk;
  if (by == Integrator::kCrossbar) {
    hls::integrate<S>(t.pages[0], limit, first, t.chunks, t.axons, t.weights, t.sums, t.touched);
    for (int g = 0; g < S::kGroups; ++g)
      if (!t.touched[g]) std::fill(std::begin(t.sums[g]), std::end(t.sums[g]), 0);
    return;
  }
  const std::uint32_t limits[hls::kMaxBatch] = {limit};
  hls::systolic<S>(t.pages, limits, 1, static_cast<int>(limit), S::kGroups, first, t.chunks, t.axons,
                   t.weights, t.batch);
  for (int g = 0; g < S::kGroups; ++g)
    for (int lane = 0; lane < S::kLanes; ++lane)
      t.sums[g][lane] = limit == 0 ? hls::Signed<S::kAccBits>(0) : t.batch[0][g][lane];
}

/// Chunks and states of eight steps, of two samples, on one random tile. Returns the chunks compared.
template <class S>
std::size_t same_as_model(std::uint64_t seed, Integrator by) {
  Rng rng(seed);
  const Chip chip = chip_of<S>();
  NodeMemory tile = random_tile(chip, rng);
  const auto tables = std::make_unique<Tables<S>>(tile);
  hls::ContextRegisters registers;
  hls::load(context_words(tile).data(), registers);
  const hls::UpdateContext context(registers);
  crossbar::Model core(chip.tile, tile);
  std::size_t compared = 0;
  for (std::uint32_t step = 0; step < 8; ++step) {
    const std::uint32_t count = step % 5;
    const bool last = step == 4;
    const std::vector<std::uint16_t> page = random_page(chip, rng);
    const Firing expected = hls_test::fire(core, page, count, last);
    integrate_page<S>(*tables, tile, page, tile.contexts[0].limit[count], by);
    const int pushed = hls::update<S>(tables->updates, tables->sets, tables->biases, tables->potentials,
                                      tables->currents, tables->sums, context, count == 0, last, tables->out);
    EXPECT_EQ(static_cast<std::size_t>(pushed), expected.out.size()) << "seed " << seed << ", step " << step;
    for (std::size_t n = 0; n < expected.out.size() && n < static_cast<std::size_t>(pushed); ++n) {
      EXPECT_EQ(tables->out[n].index, expected.out[n].index)
          << "seed " << seed << ", step " << step << ", chunk " << n;
      EXPECT_EQ(tables->out[n].mask, expected.out[n].mask)
          << "seed " << seed << ", step " << step << ", chunk " << n;
    }
    for (std::uint32_t w = 0; w < chip.tile.state_words; ++w)
      for (std::uint32_t lane = 0; lane < chip.tile.lif_lanes; ++lane) {
        EXPECT_EQ(tables->potentials[w][lane], tile.memories[hw::kMemPotentials].part(w, lane))
            << "seed " << seed << ", step " << step;
        EXPECT_EQ(tables->currents[w][lane], tile.memories[hw::kMemCurrents].part(w, lane))
            << "seed " << seed << ", step " << step;
      }
    compared += expected.out.size();
    if (::testing::Test::HasFailure()) break;
  }
  return compared;
}

template <class S>
void many_are_the_same(Integrator by, std::uint64_t cases) {
  std::size_t compared = 0;
  for (std::uint64_t seed = 1; seed <= cases && !::testing::Test::HasFailure(); ++seed)
    compared += same_as_model<S>(seed, by);
  EXPECT_GT(compared, cases);  // the cases are not silent
}

TEST(HlsCrossbar, IsTheModelCoreOnAFullTile) { many_are_the_same<FullShape>(Integrator::kCrossbar, 300); }
TEST(HlsCrossbar, IsTheModelCoreOnALeanTile) { many_are_the_same<LeanShape>(Integrator::kCrossbar, 300); }
TEST(HlsCrossbar, IsTheModelCoreOnAnOddTile) { many_are_the_same<OddShape>(Integrator::kCrossbar, 300); }
TEST(HlsCrossbar, IsTheModelCoreOnAWideTile) { many_are_the_same<WideShape>(Integrator::kCrossbar, 300); }
TEST(HlsSystolic, IsTheModelCoreOnAFullTile) { many_are_the_same<FullShape>(Integrator::kSystolic, 60); }
TEST(HlsSystolic, IsTheModelCoreOnALeanTile) { many_are_the_same<LeanShape>(Integrator::kSystolic, 60); }
TEST(HlsSystolic, IsTheModelCoreOnAnOddTile) { many_are_the_same<OddShape>(Integrator::kSystolic, 60); }
TEST(HlsSystolic, IsTheModelCoreOnAWideTile) { many_are_the_same<WideShape>(Integrator::kSystolic, 60); }

/// Buffers of a call of the top kernels, which have the shape of chips/tile1.toml.
struct Call {
  using S = hls::KernelShape;
  explicit Call(std::uint32_t n)
      : steps(n),
        control(n),
        pages(n * S::kPageChunks),
        sums(std::size_t{n} * S::kGroups * S::kLanes, -1),
        out(std::size_t{n} * S::kUpdateEntries, 0),
        out_count(n, 0) {}
  std::uint32_t steps;
  std::vector<std::uint32_t> control;
  std::vector<std::uint16_t> pages;
  std::vector<std::int32_t> sums;
  std::vector<std::uint32_t> out, out_count;
};

Call random_call(const Chip& chip, Rng& rng) {
  Call call(1 + static_cast<std::uint32_t>(rng.below(hls::kMaxBatch)));
  for (std::uint32_t t = 0; t < call.steps; ++t) {
    call.control[t] = hls_test::control(t, t + 1 == call.steps);
    const std::vector<std::uint16_t> page = random_page(chip, rng);
    std::copy(page.begin(), page.end(),
              call.pages.begin() + static_cast<std::ptrdiff_t>(t * chip.tile.page_chunks));
  }
  return call;
}

const std::uint32_t* words(const NodeMemory& tile, std::uint32_t memory) {
  return tile.memories[memory].data().data();
}

void run_crossbar(const NodeMemory& tile, Call& call) {
  const std::vector<std::uint32_t> context = context_words(tile);
  spikeloom_crossbar(context.data(), words(tile, hw::kMemChunks), words(tile, hw::kMemAxons),
                     words(tile, hw::kMemWeights), call.control.data(), call.pages.data(), call.sums.data(),
                     call.steps);
}

std::uint32_t run_systolic(const NodeMemory& tile, Call& call, std::uint32_t groups) {
  const std::vector<std::uint32_t> context = context_words(tile);
  std::uint32_t cycles = 0;
  spikeloom_systolic(context.data(), words(tile, hw::kMemChunks), words(tile, hw::kMemAxons),
                     words(tile, hw::kMemWeights), call.control.data(), call.pages.data(), call.sums.data(),
                     &cycles, call.steps, groups);
  return cycles;
}

TEST(HlsKernels, AreTheModelCoreOverAWholeSample) {
  using S = hls::KernelShape;
  const Chip chip = chip_named("tile1");
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    Rng rng(seed);
    NodeMemory tile = random_tile(chip, rng);
    Call call = random_call(chip, rng);
    std::vector<std::uint32_t> potentials = tile.memories[hw::kMemPotentials].data();
    std::vector<std::uint32_t> currents = tile.memories[hw::kMemCurrents].data();
    run_crossbar(tile, call);
    const std::vector<std::uint32_t> context = context_words(tile);
    spikeloom_lif(context.data(), words(tile, hw::kMemUpdates), words(tile, hw::kMemSets),
                  words(tile, hw::kMemBiases), call.control.data(), call.sums.data(), potentials.data(),
                  currents.data(), call.out.data(), call.out_count.data(), call.steps);
    crossbar::Model core(chip.tile, tile);
    for (std::uint32_t t = 0; t < call.steps; ++t) {
      const auto page = call.pages.begin() + static_cast<std::ptrdiff_t>(t * S::kPageChunks);
      const Firing expected =
          hls_test::fire(core, {page, page + S::kPageChunks}, hls_test::step_count(t), t + 1 == call.steps);
      ASSERT_EQ(call.out_count[t], expected.out.size()) << "seed " << seed << ", step " << t;
      for (std::size_t n = 0; n < expected.out.size(); ++n)
        ASSERT_EQ(call.out[t * S::kUpdateEntries + n], expected.out[n].index << 16 | expected.out[n].mask)
            << "seed " << seed << ", step " << t;
    }
    ASSERT_EQ(potentials, tile.memories[hw::kMemPotentials].data()) << "seed " << seed;
    ASSERT_EQ(currents, tile.memories[hw::kMemCurrents].data()) << "seed " << seed;
  }
}

TEST(HlsKernels, CrossbarAndSystolicGiveTheSameSums) {
  using S = hls::KernelShape;
  const Chip chip = chip_named("tile1");
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    Rng rng(seed);
    const NodeMemory tile = random_tile(chip, rng);
    Call crossbar = random_call(chip, rng);
    Call systolic = crossbar;
    run_crossbar(tile, crossbar);
    const std::uint32_t groups = static_cast<std::uint32_t>(rng.below(S::kGroups + 1));
    const std::uint32_t cycles = run_systolic(tile, systolic, groups);
    std::uint32_t deepest = 0;
    for (std::uint32_t t = 0; t < crossbar.steps; ++t)
      deepest = std::max(deepest, tile.contexts[0].limit[hls_test::step_count(t)]);
    EXPECT_EQ(cycles, static_cast<std::uint32_t>(hls::systolic_cycles(
                          static_cast<int>(deepest * groups), static_cast<int>(crossbar.steps), S::kLanes)));
    for (std::size_t n = 0; n < crossbar.sums.size(); ++n) {
      const bool held = n / S::kLanes % S::kGroups < groups;
      ASSERT_EQ(systolic.sums[n], held ? crossbar.sums[n] : 0) << "seed " << seed << ", sum " << n;
    }
  }
}

TEST(HlsIntegers, WrapAndDecayAsTheVendorsDo) {
  EXPECT_EQ(hls::Signed<8>(130), -126);
  EXPECT_EQ(hls::Signed<20>(-(1 << 19) - 1), (1 << 19) - 1);
  EXPECT_EQ(hls::saturate<16>(40000), 32767);
  EXPECT_EQ(hls::saturate<16>(-40000), -32768);
  for (const std::int64_t x : {-8388608LL, -4097LL, -4096LL, -1LL, 0LL, 1LL, 4095LL, 8388607LL})
    for (const std::uint32_t k : {0U, 1U, 2048U, 4095U, 4096U})
      EXPECT_EQ(hls::decay(x, k), x * k / 4096) << x << " · " << k;
}

}  // namespace
}  // namespace spikeloom::hls_test
