// The systolic HLS core against the model's core and the predicted time, bit for bit and iteration by
// iteration, on random tables.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>

#include "hls/systolic/spikeloom_systolic.hpp"
#include "hls/systolic/systolic.hpp"
#include "hls_systolic_shape.hpp"
#include "tests/chips/chip_named.hpp"
#include "tests/core/systolic/random_tile.hpp"
#include "tests/hls/array_config.hpp"
#include "tests/hls/random_tile.hpp"

namespace spikeloom::hls_test {
namespace {

using device_model::Firing;
using device_model::Page;
using test::RandomSystolicTile;

/// The shapes of the core's RTL tests.
struct FullArray {
  static constexpr int kStateBits = 24, kPageChunks = 64, kLifLanes = 16, kAccBits = 20, kBiasBits = 20,
                       kMaxScale = 7, kCurrent = 1, kReadout = 1, kStateWords = 128, kBiasWords = 0,
                       kUpdateEntries = 512, kParamSets = 32, kSystolicColumns = 16, kSystolicPages = 8,
                       kSystolicVectors = 256, kSystolicWeightBits = 8, kSystolicShift = 7,
                       kSystolicBlocks = 20, kSystolicFolds = 120, kSystolicWords = 400;
};
struct LeanArray {
  static constexpr int kStateBits = 18, kPageChunks = 20, kLifLanes = 4, kAccBits = 14, kBiasBits = 12,
                       kMaxScale = 2, kCurrent = 0, kReadout = 0, kStateWords = 64, kBiasWords = 70,
                       kUpdateEntries = 300, kParamSets = 7, kSystolicColumns = 4, kSystolicPages = 1,
                       kSystolicVectors = 16, kSystolicWeightBits = 4, kSystolicShift = 0,
                       kSystolicBlocks = 7, kSystolicFolds = 60, kSystolicWords = 64;
};
struct OddArray {
  static constexpr int kStateBits = 24, kPageChunks = 200, kLifLanes = 8, kAccBits = 24, kBiasBits = 16,
                       kMaxScale = 15, kCurrent = 1, kReadout = 1, kStateWords = 200, kBiasWords = 0,
                       kUpdateEntries = 900, kParamSets = 20, kSystolicColumns = 32, kSystolicPages = 2,
                       kSystolicVectors = 64, kSystolicWeightBits = 4, kSystolicShift = 15,
                       kSystolicBlocks = 9, kSystolicFolds = 80, kSystolicWords = 100;
};

/// What a firing leaves: lists, states, and the iterations that it took.
struct Fired {
  std::vector<std::vector<std::uint32_t>> lists;  ///< by page: index << 16 | mask
  std::vector<std::uint32_t> potentials, currents;
  std::int64_t freed = 0, listed = 0;
};

/// A firing that all of them run.
struct Asked {
  std::vector<Page> pages;
  std::uint32_t count = 0;
  bool last = false;
};

Asked random_firing(RandomSystolicTile& tile) {
  Asked asked;
  const std::size_t number = 1 + tile.rng.below(tile.tile.systolic_pages);
  for (std::size_t p = 0; p < number; ++p) asked.pages.push_back(tile.page());
  asked.count = tile.rng.chance(0.3) ? 0 : tile.below(18);
  asked.last = tile.rng.chance(0.3);
  return asked;
}

Fired by_model(RandomSystolicTile& tile, const Asked& asked) {
  std::vector<const Page*> pages;
  for (const Page& page : asked.pages) pages.push_back(&page);
  const Firing firing = tile.model->fire(0, pages, asked.count, asked.last);
  Fired fired;
  fired.lists.resize(pages.size());
  for (const device_model::OutEntry& entry : firing.out)
    fired.lists.at(entry.page).push_back(entry.index << 16U | entry.mask);
  fired.potentials = tile.memory.memories[hw::kMemPotentials].data();
  fired.currents = tile.memory.memories[hw::kMemCurrents].data();
  fired.freed = firing.time.integrate;
  fired.listed = firing.time.total();
  return fired;
}

/// The core's template in any shape; memories as the tile has them before the firing.
template <class S>
Fired by_core(const RandomSystolicTile& tile, const Asked& asked) {
  struct Arrays {
    hls::BlockTable<S> blocks;
    hls::FoldTable<S> folds;
    hls::Matrices<S> matrices;
    hls::UpdateProgram<S> updates;
    hls::ParameterSets<S> sets;
    hls::Biases<S> biases;
    hls::States<S> potentials, currents;
    hls::Bank<S> banks[2];
    hls::FiringPages<S> pages;
    hls::FiringLists<S> out;
  };
  const auto a = std::make_unique<Arrays>();
  const auto words = [&](std::uint32_t number) { return tile.memory.memories[number].data().data(); };
  hls::load(words(hw::kMemBlocks), a->blocks);
  hls::load(words(hw::kMemFolds), a->folds);
  hls::load(words(hw::kMemMatrices), a->matrices);
  hls::load(words(hw::kMemUpdates), a->updates);
  hls::load(words(hw::kMemSets), a->sets);
  hls::load(words(hw::kMemBiases), a->biases);
  hls::load(words(hw::kMemPotentials), a->potentials);
  hls::load(words(hw::kMemCurrents), a->currents);
  for (auto& bank : a->banks)  // what a bank holds before it is stored to is anything
    for (auto& vector : bank) std::fill(std::begin(vector), std::end(vector), 77);
  hls::FiringControl<S> control{};
  control.pages = static_cast<int>(asked.pages.size());
  for (std::size_t p = 0; p < asked.pages.size(); ++p) {
    const std::uint32_t count = step_count(asked.count + static_cast<std::uint32_t>(p));
    control.limit[p] = tile.memory.contexts[0].limit[count];
    control.fresh[p] = count == 0;
    control.last[p] = asked.last && p + 1 == asked.pages.size();
    std::copy(asked.pages[p].begin(), asked.pages[p].end(), a->pages[p]);
  }
  hls::ContextRegisters registers;
  hls::load(context_words(tile.memory.contexts[0]).data(), registers);
  const hls::UpdateContext context(registers);
  std::uint32_t pushed[S::kSystolicPages];
  hls::FiringIterations iterations;
  hls::fire_context<S>(
      context,
      hls::field<hls::layout::RegContextTablesFirstChunk>(registers, hls::layout::kAddrContextTables),
      a->blocks, a->folds, a->matrices, a->pages, control, a->updates, a->sets, a->biases, a->potentials,
      a->currents, a->banks, a->out, pushed, iterations);
  Fired fired;
  for (std::size_t p = 0; p < asked.pages.size(); ++p) {
    fired.lists.emplace_back();
    for (std::uint32_t n = 0; n < pushed[p]; ++n)
      fired.lists[p].push_back(std::uint32_t{a->out[p][n].index} << 16U | a->out[p][n].mask);
  }
  fired.potentials.resize(tile.memory.memories[hw::kMemPotentials].data().size());
  fired.currents.resize(fired.potentials.size());
  hls::store(a->potentials, fired.potentials.data());
  hls::store(a->currents, fired.currents.data());
  fired.freed = iterations.freed;
  fired.listed = iterations.listed;
  return fired;
}

/// The top kernel, which has the shape of chips/arrays4x3.toml's tile.
Fired by_kernel(const RandomSystolicTile& tile, const Asked& asked) {
  using A = hls::SystolicShape;
  const auto steps = static_cast<std::uint32_t>(asked.pages.size());
  std::vector<std::uint32_t> control;
  std::vector<std::uint16_t> pages;
  for (std::uint32_t p = 0; p < steps; ++p) {
    control.push_back(hls_test::control(asked.count + p, asked.last && p + 1 == steps));
    pages.insert(pages.end(), asked.pages[p].begin(), asked.pages[p].end());
  }
  const auto words = [&](std::uint32_t number) { return tile.memory.memories[number].data().data(); };
  Fired fired;
  fired.potentials = tile.memory.memories[hw::kMemPotentials].data();
  fired.currents = tile.memory.memories[hw::kMemCurrents].data();
  std::vector<std::uint32_t> out(std::size_t{steps} * A::kUpdateEntries), counts(steps), cycles(2);
  spikeloom_systolic(context_words(tile.memory.contexts[0]).data(), words(hw::kMemBlocks),
                     words(hw::kMemFolds), words(hw::kMemMatrices), words(hw::kMemUpdates),
                     words(hw::kMemSets), words(hw::kMemBiases), control.data(), pages.data(),
                     fired.potentials.data(), fired.currents.data(), out.data(), counts.data(), cycles.data(),
                     steps);
  for (std::uint32_t p = 0; p < steps; ++p) {
    const auto first = out.begin() + static_cast<std::ptrdiff_t>(std::size_t{p} * A::kUpdateEntries);
    fired.lists.emplace_back(first, first + static_cast<std::ptrdiff_t>(counts[p]));
  }
  fired.freed = cycles[0];
  fired.listed = cycles[1];
  return fired;
}

/// Random firings on random tables: the kernel's lists and states are the model's, its iterations the
/// prediction's.
template <class Run>
void fires_as_the_model(const TileConfig& config, std::uint64_t tiles, Run&& run) {
  std::size_t pushed = 0, batches = 0;
  for (std::uint64_t seed = 1; seed <= tiles; ++seed) {
    RandomSystolicTile tile(config, seed);
    for (int k = 0; k < 24; ++k) {
      SCOPED_TRACE("seed " + std::to_string(seed) + ", firing " + std::to_string(k));
      if (k % 4 == 0) tile.place();
      const Asked asked = random_firing(tile);
      const Fired found = run(tile, asked);  // before the model: that changes the states
      const Fired expected = by_model(tile, asked);
      ASSERT_EQ(found.lists, expected.lists);
      ASSERT_EQ(found.potentials, expected.potentials);
      if (config.current != 0) {
        ASSERT_EQ(found.currents, expected.currents);
      }
      ASSERT_EQ(found.freed, expected.freed);
      ASSERT_EQ(found.listed, expected.listed);
      for (const auto& list : found.lists) pushed += list.size();
      batches += found.lists.size() > 1 ? 1 : 0;
    }
  }
  EXPECT_GT(pushed, 24 * tiles);
  EXPECT_TRUE(batches > 0 || config.systolic_pages == 1);
}

TEST(HlsSystolic, FiresAFullTileAsTheModelInThePredictedTime) {
  fires_as_the_model(config_of<FullArray>(), 12, by_core<FullArray>);
}
TEST(HlsSystolic, FiresALeanTileAsTheModelInThePredictedTime) {
  fires_as_the_model(config_of<LeanArray>(), 12, by_core<LeanArray>);
}
TEST(HlsSystolic, FiresAnOddTileAsTheModelInThePredictedTime) {
  fires_as_the_model(config_of<OddArray>(), 12, by_core<OddArray>);
}
TEST(HlsSystolic, ItsTopKernelFiresAsTheModelInThePredictedTime) {
  ASSERT_EQ(config_of<hls::SystolicShape>().systolic_folds,
            test::chip_named("arrays4x3").tile.systolic_folds);
  fires_as_the_model(config_of<hls::SystolicShape>(), 2, by_kernel);
}

}  // namespace
}  // namespace spikeloom::hls_test
