// End to end on meshes of systolic tiles and on mixed ones: golden = chip model = RTL in every output,
// membrane and count, every promise kept. Samples of every length, so that batches of every number of pages
// occur.
#include <set>

#include <gtest/gtest.h>

#include "compiler/chip_model/model_device.hpp"
#include "compiler/flow/compile.hpp"
#include "compiler/replay/session.hpp"
#include "compiler/schedule/schedule.hpp"
#include "host/device/verilator_device.hpp"
#include "host/run/report.hpp"
#include "tests/flow/expect_golden.hpp"
#include "tests/flow/random_case.hpp"

namespace spikeloom::test {
namespace {

using testing::Case;
using testing::CaseOptions;

/// Four small tiles with arrays of 8 columns that take so many pages a firing.
Chip chip_of_arrays(std::uint32_t pages) {
  Chip chip = read_chip(std::string(SPIKELOOM_SOURCE_DIR) + "/tests/chips/mixed.toml");
  chip.name = "arrays";
  chip.more_kinds.clear();
  chip.kind_of.clear();
  TileKind& tile = chip.tile;
  tile = TileKind{};
  tile.core = "systolic";
  tile.lif_lanes = 4;
  tile.contexts = 4;
  tile.page_rows = 32;
  tile.page_chunks = 24;
  tile.state_words = 64;
  tile.update_entries = 128;
  tile.param_sets = 64;
  tile.channels = 8;
  tile.deliveries = 16;
  tile.credit_counters = 16;
  tile.out_entries = 256;
  tile.order_entries = 8;
  tile.systolic_columns = 8;
  tile.systolic_pages = pages;
  tile.systolic_vectors = 32;
  tile.systolic_blocks = 32;
  tile.systolic_folds = 256;
  tile.systolic_words = 512;
  return parse_chip(print(chip), chip.name);
}

/// The same with two tiles of the first core.
Chip mixed_chip(std::uint32_t pages) {
  const Chip arrays = chip_of_arrays(pages);
  Chip chip = read_chip(std::string(SPIKELOOM_SOURCE_DIR) + "/tests/chips/mixed.toml");
  chip.name = "mixed-arrays";
  chip.tile.page_rows = 32;
  chip.tile.page_chunks = 24;
  chip.tile.param_sets = 64;
  TileKind& kind = chip.more_kinds.at(0);
  const TileKind first = chip.tile;
  kind = arrays.tile;
  kind.name = "array";
  kind.state_bits = first.state_bits;
  chip.kind_of = {0, 1, 1, 0};
  return parse_chip(print(chip), chip.name);
}

/// What comes back to neurons before in the network comes late enough for batches of so many pages.
void delay_cycles(IntNetwork& network, std::uint32_t pages) {
  for (IntProjection& projection : network.projections)
    if (const auto* from = std::get_if<PopulationId>(&projection.from);
        from != nullptr && from->index() >= projection.to.index())
      projection.delay = std::max(projection.delay, pages);
}

struct Counts {
  int done = 0, refused = 0, mixed = 0;
  std::set<std::size_t> batches;  ///< pages of a sample's last firing
};

/// Networks from seed 1 on until so many have run.
Counts run_cases(const Chip& chip, std::uint32_t pages, int wanted, Link* rtl) {
  Counts counts;
  const bool is_mixed = chip.kinds() > 1;
  for (std::uint64_t seed = 1; counts.done < wanted && seed < 1000; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed) + ", " + std::to_string(pages) + " pages");
    Rng rng(seed);
    CaseOptions size;
    size.max_steps = 3 * pages;
    Case made = testing::random_case(seed, chip, size);
    delay_cycles(made.network, pages);
    CompileOptions options;
    options.seed = seed;
    options.points = 0;
    options.tune = rng.chance(0.3);
    if (is_mixed)
      for (const IntPopulation& population : made.network.populations)
        if (rng.chance(0.7)) options.kinds[population.name] = rng.chance(0.6) ? "array" : "tile";
    const std::optional<Image> image = testing::fitting(made.network, chip, options);
    if (!image) {
      ++counts.refused;
      continue;
    }
    std::set<std::uint32_t> kinds;
    for (const Cluster& cluster : image->application.clusters) kinds.insert(cluster.kind);
    counts.mixed += kinds.size() > 1 ? 1 : 0;
    for (const Sample& sample : made.data.samples)
      if (const std::size_t steps = sample.inputs.front().steps(); steps != 0)
        counts.batches.insert((steps - 1) % pages + 1);
    EXPECT_TRUE(verify(*image, image->promises.front(), {}).empty());
    testing::expect_agreement(seed, made, *image, rtl);
    if (::testing::Test::HasFailure()) break;
    ++counts.done;
  }
  EXPECT_EQ(counts.done, wanted) << counts.refused << " refused";
  EXPECT_EQ(counts.batches.size(), pages);
  return counts;
}

TEST(SystolicFlow, GoldenIsModelOnAMeshOfArrays) {
  for (const std::uint32_t pages : {1U, 2U, 4U, 8U})
    (void)run_cases(chip_of_arrays(pages), pages, 40, nullptr);
}

TEST(SystolicFlow, GoldenIsModelBesideTilesOfAnotherCore) {
  for (const std::uint32_t pages : {1U, 2U, 4U})
    EXPECT_GE(run_cases(mixed_chip(pages), pages, 40, nullptr).mixed, 10);
}

/// The RTL too: every bit, membrane and count is the golden model's, every stamp the replay's.
TEST(SystolicFlow, GoldenIsModelIsRtl) {
  constexpr std::uint32_t kPages = 4;
  for (const Chip& chip : {chip_of_arrays(kPages), mixed_chip(kPages)}) {
    const std::unique_ptr<Link> rtl = open_verilator(chip, {}, {});
    (void)run_cases(chip, kPages, 25, rtl.get());
  }
}

/// Where the length of samples is known batches have known sizes, and steps that are shorter are promised.
TEST(SystolicFlow, KnownLengthsOfSamplesHaveAPromiseOfTheirOwn) {
  constexpr std::uint32_t kPages = 4;
  const Chip chip = chip_of_arrays(kPages);
  int done = 0, better = 0;
  for (std::uint64_t seed = 1; done < 40 && seed < 400; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    CaseOptions size;
    size.max_steps = 3 * kPages;
    Case made = testing::random_case(seed, chip, size);
    delay_cycles(made.network, kPages);
    std::size_t steps = size.max_steps;  // of the shortest sample: the others are cut
    for (const Sample& sample : made.data.samples) steps = std::min(steps, sample.inputs.front().steps());
    for (Sample& sample : made.data.samples)
      for (Train& train : sample.inputs) train.resize(steps);
    CompileOptions options;
    options.seed = seed;
    options.points = 0;
    std::optional<Image> image = testing::fitting(made.network, chip, options);
    if (!image) continue;
    const std::optional<Promise> promise =
        sampled(*image, image->promises.front(), static_cast<std::uint32_t>(steps));
    if (promise) {
      EXPECT_TRUE(promise->exact_steps && promise->sample_steps == steps);
      EXPECT_TRUE(verify(*image, *promise, {}).empty());
      EXPECT_LT(promise->period, image->promises.front().period);
      Promise of_more = *promise;
      of_more.exact_steps = false;
      EXPECT_FALSE(verify(*image, of_more, {}).empty());
      Dataset shorter = made.data;
      for (Train& train : shorter.samples.back().inputs) train.resize(steps - 1);
      const auto first = static_cast<std::int64_t>(shorter.total_steps() - (steps - 1));
      EXPECT_EQ(void_from(*image, *promise, {}, shorter), first);
      EXPECT_EQ(void_from(*image, *promise, {}, made.data), std::nullopt);
      image->promises.push_back(*promise);
      ++better;
    }
    testing::expect_agreement(seed, made, *image, nullptr);
    if (::testing::Test::HasFailure()) break;
    ++done;
  }
  EXPECT_EQ(done, 40);
  EXPECT_GE(better, 10);
}

}  // namespace
}  // namespace spikeloom::test
