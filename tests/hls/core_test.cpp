// The crossbar's HLS kernels against the model device's core, bit for bit, over random tiles, pages and
// steps.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>

#include "compiler/core/crossbar/step.hpp"
#include "hls/crossbar/crossbar.hpp"
#include "hls/crossbar/lif.hpp"
#include "hls/crossbar/spikeloom_crossbar.hpp"
#include "hls/crossbar/spikeloom_lif.hpp"
#include "hls_crossbar_shape.hpp"
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
  hls::UpdateProgram<S> updates;
  hls::ParameterSets<S> sets;
  hls::Biases<S> biases;
  hls::States<S> potentials, currents;
  hls::Sums<S> sums;
  bool touched[S::kGroups];
  std::uint16_t page[S::kPageChunks];
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

/// Chunks and states of eight steps, of two samples, on one random tile. Returns the chunks compared.
template <class S>
std::size_t same_as_model(std::uint64_t seed) {
  Rng rng(seed);
  const Chip chip = chip_of<S>();
  NodeMemory tile = random_tile(chip, rng);
  const auto tables = std::make_unique<Tables<S>>(tile);
  hls::ContextRegisters registers;
  hls::load(context_words(tile.contexts[0]).data(), registers);
  const hls::UpdateContext context(registers);
  crossbar::Model core(chip.tile, tile);
  std::size_t compared = 0;
  for (std::uint32_t step = 0; step < 8; ++step) {
    const std::uint32_t count = step % 5;
    const bool last = step == 4;
    const std::vector<std::uint16_t> page = random_page(chip, rng);
    const Firing expected = hls_test::fire(core, page, count, last);
    std::copy(page.begin(), page.end(), tables->page);
    hls::integrate<S>(tables->page, tile.contexts[0].limit[count],
                      device_model::core_context(tile.contexts[0]).tables.first_chunk, tables->chunks,
                      tables->axons, tables->weights, tables->sums, tables->touched);
    for (int g = 0; g < S::kGroups; ++g)
      if (!tables->touched[g]) std::fill(std::begin(tables->sums[g]), std::end(tables->sums[g]), 0);
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
void many_are_the_same(std::uint64_t cases) {
  std::size_t compared = 0;
  for (std::uint64_t seed = 1; seed <= cases && !::testing::Test::HasFailure(); ++seed)
    compared += same_as_model<S>(seed);
  EXPECT_GT(compared, cases);  // the cases are not silent
}

TEST(HlsCrossbar, IsTheModelCoreOnAFullTile) { many_are_the_same<FullShape>(300); }
TEST(HlsCrossbar, IsTheModelCoreOnALeanTile) { many_are_the_same<LeanShape>(300); }
TEST(HlsCrossbar, IsTheModelCoreOnAnOddTile) { many_are_the_same<OddShape>(300); }
TEST(HlsCrossbar, IsTheModelCoreOnAWideTile) { many_are_the_same<WideShape>(300); }
TEST(HlsCrossbar, IsTheModelCoreOnATileOfSharedStates) { many_are_the_same<SharedShape>(300); }

/// Buffers of a call of the top kernels, which have the shape of chips/tile1.toml.
struct Call {
  using S = hls::CrossbarShape;
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
  Call call(1 + static_cast<std::uint32_t>(rng.below(kMostSteps)));
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
  const std::vector<std::uint32_t> context = context_words(tile.contexts[0]);
  spikeloom_crossbar(context.data(), words(tile, hw::kMemChunks), words(tile, hw::kMemAxons),
                     words(tile, hw::kMemWeights), call.control.data(), call.pages.data(), call.sums.data(),
                     call.steps);
}

TEST(HlsKernels, AreTheModelCoreOverAWholeSample) {
  using S = hls::CrossbarShape;
  const Chip chip = chip_named("tile1");
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    Rng rng(seed);
    NodeMemory tile = random_tile(chip, rng);
    Call call = random_call(chip, rng);
    std::vector<std::uint32_t> potentials = tile.memories[hw::kMemPotentials].data();
    std::vector<std::uint32_t> currents = tile.memories[hw::kMemCurrents].data();
    run_crossbar(tile, call);
    const std::vector<std::uint32_t> context = context_words(tile.contexts[0]);
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
