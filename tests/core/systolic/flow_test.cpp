// End to end on meshes of systolic tiles and on mixed ones: golden = chip model = RTL in every output,
// membrane and count, every promise kept. Samples of every length, so that batches of every number of pages
// occur.
#include <algorithm>
#include <functional>
#include <iostream>
#include <set>

#include <gtest/gtest.h>

#include "compiler/chip_model/model_device.hpp"
#include "compiler/core/weight_stream.hpp"
#include "compiler/flow/compile.hpp"
#include "compiler/replay/session.hpp"
#include "compiler/schedule/schedule.hpp"
#include "compiler/verify/verify.hpp"
#include "host/device/link_throttle.hpp"
#include "host/device/verilator_device.hpp"
#include "host/run/report.hpp"
#include "tests/chips/chip_named.hpp"
#include "tests/flow/expect_golden.hpp"
#include "tests/flow/random_case.hpp"

namespace spikeloom::test {
namespace {

using testing::Case;
using testing::CaseOptions;

/// Two tiles with arrays of 8 columns, which take so many pages a firing, and two of the first core.
Chip mixed_chip(std::uint32_t pages) {
  Chip chip = chip_named("cores");
  chip.more_kinds.at(0).systolic_pages = pages;
  return parse_chip(print(chip), chip.name);
}

/// Four such arrays.
Chip chip_of_arrays(std::uint32_t pages) {
  Chip chip = mixed_chip(pages);
  chip.name = "arrays";
  const std::uint32_t state_bits = chip.tile.state_bits;
  chip.tile = chip.more_kinds.at(0);
  chip.tile.name = TileKind{}.name;
  chip.tile.state_bits = state_bits;
  chip.more_kinds.clear();
  chip.kind_of.clear();
  return parse_chip(print(chip), chip.name);
}

/// Arrays of one page a firing that take weights from the host, alone or beside tiles of the first core.
Chip streaming_chip(bool is_mixed) {
  Chip chip = is_mixed ? mixed_chip(1) : chip_of_arrays(1);
  chip.name += "-streamed";
  (is_mixed ? chip.more_kinds.at(0) : chip.tile).systolic_stream = 1;
  for (TileKind* kind : {&chip.tile, is_mixed ? &chip.more_kinds.at(0) : nullptr}) {
    if (kind == nullptr) continue;
    kind->contexts = 12;
    kind->page_rows = 64;
    kind->deliveries = kind->channels = kind->credit_counters = 48;
    kind->out_entries = 1024;
    kind->order_entries = 12;
    kind->state_words = 256;
    kind->update_entries = 512;
    kind->param_sets = 256;
    kind->systolic_folds = 1024;
    kind->systolic_blocks = 128;
  }
  chip.host.channels = 32;
  chip.host.credit_counters = 128;
  chip.spike_wheel = 64;
  chip.credit_wheel = 64;
  return parse_chip(print(chip), chip.name);
}

/// What comes back to neurons before in the network comes late enough for batches of so many pages.
void delay_cycles(IntNetwork& network, std::uint32_t pages) {
  for (IntProjection& projection : network.projections)
    if (const auto* from = std::get_if<PopulationId>(&projection.from);
        from != nullptr && from->index() >= projection.to.index())
      projection.delay = std::max(projection.delay, pages);
}

/// Words of weights that a step brings to the tiles.
std::uint64_t streamed_words(const Image& image) {
  std::uint64_t words = 0;
  for (const Cluster& cluster : image.application.clusters)
    for (const Inbound& inbound : cluster.inbound) words += inbound.weights;
  return words;
}

bool has_shared_region(const Image& image) {
  for (const std::vector<OrderEntry>& order : image.binding.orders)
    if (std::count_if(order.begin(), order.end(), [&](const OrderEntry& entry) {
          return weight_inbound(image.application.clusters[entry.cluster.index()]) != nullptr;
        }) > 1)
      return true;
  return false;
}

struct Counts {
  int done = 0, refused = 0, mixed = 0;
  int streamed = 0,
      shared_regions = 0;         ///< images with streamed weights; some tile has several such clusters
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
    if (chip.name.ends_with("-streamed") && rng.chance(0.7)) {
      options.spread = Spread::kFewest;
      if (!is_mixed && rng.chance(0.7)) options.tiles = 1;
    }
    if (chip.name.ends_with("-streamed"))
      for (const IntPopulation& population : made.network.populations)
        if ((!is_mixed || options.kinds[population.name] == "array") && rng.chance(0.7))
          options.stream_weights.push_back(population.name);
    const std::optional<Image> image = testing::fitting(made.network, chip, options);
    if (!image) {
      ++counts.refused;
      continue;
    }
    counts.streamed += streamed_words(*image) > 0 ? 1 : 0;
    counts.shared_regions += has_shared_region(*image) ? 1 : 0;
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
  if (counts.streamed > 0)
    std::cout << counts.done << " images, " << counts.streamed << " with streamed weights, "
              << counts.shared_regions << " with regions that clusters share, " << counts.refused
              << " refused\n";
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

TEST(SystolicFlow, StreamedWeightsChangeNoBitAndNoPromise) {
  for (const bool is_mixed : {false, true}) {
    const Counts counts = run_cases(streaming_chip(is_mixed), 1, 60, nullptr);
    EXPECT_GE(counts.streamed, 30);
    EXPECT_GE(counts.shared_regions, is_mixed ? 0 : 10);
  }
}

TEST(SystolicFlow, StreamedWeightsAreTheSameOnTheRtl) {
  for (const bool is_mixed : {false, true}) {
    const Chip chip = streaming_chip(is_mixed);
    // A slow host, behind a transport that pauses.
    VerilatorOptions slow;
    slow.stall_seed = 7;
    const std::unique_ptr<Link> rtl = throttle(open_verilator(chip, slow, {}), 3);
    const Counts counts = run_cases(chip, 1, 25, rtl.get());
    EXPECT_GE(counts.streamed, 12);
    EXPECT_GE(counts.shared_regions, is_mixed ? 0 : 4);
  }
}

bool has_pool(const Cluster& cluster) { return cluster.pooled.has_value(); }

/// Blocks of the clusters that send pooled spikes: two or more of them in one cluster.
bool has_pool_in_blocks(const Image& image) {
  return std::any_of(image.application.clusters.begin(), image.application.clusters.end(),
                     [](const Cluster& cluster) {
                       return has_pool(cluster) && cluster.tables.core == "systolic" &&
                              cluster.tables.windows[0].entries() > 1;
                     });
}

struct Pooled {
  int folded = 0, on_arrays = 0, in_blocks = 0, own = 0;
};

/// Maps whose spikes are max pooled, until the pools of so many are folded onto arrays.
Pooled run_pools(const Chip& chip, std::uint32_t pages, int wanted, Link* rtl) {
  Pooled counts;
  for (std::uint64_t seed = 1; counts.on_arrays < wanted && seed < 400; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed) + ", " + std::to_string(pages) + " pages");
    Case made = testing::pooled_case(seed, chip);
    delay_cycles(made.network, pages);
    CompileOptions options;
    options.seed = seed;
    options.points = 0;
    options.tune = false;
    options.spread = seed % 4 == 0 ? Spread::kFastest : Spread::kFewest;
    if (chip.kinds() > 1 && seed % 3 != 0) options.kinds[made.network.populations[0].name] = "array";
    const std::optional<Image> image = testing::fitting(made.network, chip, options);
    if (!image) continue;
    const std::vector<Cluster>& clusters = image->application.clusters;
    const bool folds = std::any_of(clusters.begin(), clusters.end(), has_pool);
    if (!folds && ++counts.own > 4) continue;
    counts.folded += folds ? 1 : 0;
    counts.on_arrays += std::any_of(clusters.begin(), clusters.end(), [](const Cluster& cluster) {
      return has_pool(cluster) && cluster.tables.core == "systolic";
    });
    counts.in_blocks += has_pool_in_blocks(*image) ? 1 : 0;
    EXPECT_EQ(verify(*image, made.network).faults, std::vector<std::string>{});
    testing::expect_agreement(seed, made, *image, rtl);
    if (::testing::Test::HasFailure()) break;
  }
  EXPECT_EQ(counts.on_arrays, wanted);
  return counts;
}

TEST(SystolicFlow, MaxPoolsFoldOntoArrays) {
  for (const std::uint32_t pages : {1U, 8U}) {
    const Pooled counts = run_pools(chip_of_arrays(pages), pages, 6, nullptr);
    EXPECT_GE(counts.in_blocks, pages == 1 ? 0 : 2) << pages << " pages";
  }
  EXPECT_GE(run_pools(mixed_chip(2), 2, 6, nullptr).folded, 6);
}

/// The RTL too, in a slow host's hands.
TEST(SystolicFlow, MaxPoolsFoldOntoArraysOfTheRtl) {
  constexpr std::uint32_t kPages = 4;
  const Chip arrays = chip_of_arrays(kPages);
  VerilatorOptions slow;
  slow.stall_seed = 5;
  const std::unique_ptr<Link> rtl = throttle(open_verilator(arrays, slow, {}), 3);
  EXPECT_GE(run_pools(arrays, kPages, 8, rtl.get()).in_blocks, 2);
}

/// A dense layer on one tile, its weights streamed.
Image streamed_image() {
  const Chip chip = streaming_chip(false);
  for (std::uint64_t seed = 1; seed < 50; ++seed) {
    const Case made = testing::random_case(seed, chip, {});
    CompileOptions options;
    options.points = 0;
    for (const IntPopulation& population : made.network.populations)
      options.stream_weights.push_back(population.name);
    std::optional<Image> image = testing::fitting(made.network, chip, options);
    if (image && streamed_words(*image) > 0) return *std::move(image);
  }
  internal_error("no image with streamed weights", __FILE__, __LINE__);
}

TEST(StreamedWeights, AForgedImageIsRefused) {
  const Image image = streamed_image();
  ASSERT_TRUE(check(image).empty());
  std::size_t c = 0;
  while (weight_inbound(image.application.clusters[c]) == nullptr) ++c;
  const auto forged = [&](const std::function<void(Inbound&)>& change) {
    Image other = image;
    for (Inbound& inbound : other.application.clusters[c].inbound)
      if (inbound.weights > 0) change(inbound);
    return check(other);
  };
  EXPECT_FALSE(forged([](Inbound& weights) { weights.weights += 2; }).empty());
  EXPECT_FALSE(forged([](Inbound& weights) { weights.weights -= 2; }).empty());
  EXPECT_FALSE(forged([](Inbound& weights) { weights.delay = 1; }).empty());
  EXPECT_FALSE(forged([](Inbound& weights) { weights.source_count = 1; }).empty());
  Image twice = image;
  std::vector<Inbound>& inbound = twice.application.clusters[c].inbound;
  inbound.push_back(*weight_inbound(twice.application.clusters[c]));
  EXPECT_FALSE(check(twice).empty());
  Image beyond = image;
  beyond.binding.placement[c].first[2] = beyond.chip.tile.systolic_words;
  EXPECT_FALSE(check(beyond).empty());
  // The promise is one for loads of that length.
  Image kept = image;
  kept.application.clusters[c].inbound.erase(
      std::find_if(kept.application.clusters[c].inbound.begin(), kept.application.clusters[c].inbound.end(),
                   [](const Inbound& one) { return one.weights > 0; }));
  EXPECT_FALSE(check(kept).empty());
}

TEST(StreamedWeights, TilesThatTakeNoneAreNamed) {
  const auto reason = [](const Chip& chip) -> std::string {
    const Case made = testing::random_case(3, chip, {});
    CompileOptions options;
    options.points = 0;
    for (const IntPopulation& population : made.network.populations)
      options.stream_weights.push_back(population.name);
    try {
      (void)build_image(made.network, chip, options);
    } catch (const Error& error) {
      return error.what();
    }
    return {};
  };
  EXPECT_NE(reason(chip_of_arrays(1)).find("tile.systolic_stream = 0"), std::string::npos);
  Chip batches = streaming_chip(false);
  batches.tile.systolic_pages = 4;
  EXPECT_NE(reason(parse_chip(print(batches), "batches")).find("tile.systolic_pages = 4"), std::string::npos);
  const Chip other = read_chip(std::string(SPIKELOOM_SOURCE_DIR) + "/tests/chips/mixed.toml");
  EXPECT_NE(reason(other).find("keeps all weights in the tile"), std::string::npos) << reason(other);
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
