// End to end on a mesh that mixes tally tiles with those of the first core: golden = chip model = RTL in
// every spike, every stamp is the replay's and within the guarantee. Samples of every length, so that batches
// of one page and of two alternate.
#include <set>

#include <gtest/gtest.h>

#include "compiler/chip_model/model_device.hpp"
#include "compiler/flow/compile.hpp"
#include "compiler/flow/stage_options.hpp"
#include "compiler/replay/session.hpp"
#include "compiler/schedule/schedule.hpp"
#include "host/device/verilator_device.hpp"
#include "host/opencl/plan.hpp"
#include "host/run/report.hpp"
#include "tests/core/tally/two_cores.hpp"
#include "tests/flow/expect_golden.hpp"
#include "tests/flow/random_case.hpp"

namespace spikeloom::test {
namespace {

/// A chain whose layers hear one another within the step: no delay, nothing recurrent.
void drop_delays(IntNetwork& network) {
  std::erase_if(network.projections, [](const IntProjection& p) {
    const auto* from = std::get_if<PopulationId>(&p.from);
    return from != nullptr && *from == p.to;
  });
  for (IntProjection& projection : network.projections) projection.delay = 0;
}

/// Whether a way within a step leads from tiles of the first core through a tally tile to tiles of the first.
bool passes_between_cores(const Image& image) {
  const auto& clusters = image.application.clusters;
  const auto reads = [&](const Cluster& reader, std::uint32_t kind, auto&& also) {
    return std::any_of(reader.inbound.begin(), reader.inbound.end(), [&](const Inbound& inbound) {
      return inbound.from && inbound.delay == 0 && clusters[inbound.from->index()].kind == kind &&
             also(clusters[inbound.from->index()]);
    });
  };
  return std::any_of(clusters.begin(), clusters.end(), [&](const Cluster& last) {
    return last.kind == 0 && reads(last, 1, [&](const Cluster& voters) {
             return reads(voters, 0, [](const Cluster&) { return true; });
           });
  });
}

TEST(TallyFlow, GoldenIsModelIsRtlBesideTilesOfAnotherCore) {
  const Chip chip = two_core_chip();
  const std::unique_ptr<Link> rtl = open_verilator(chip, {}, {});
  int done = 0, with_both = 0, refused = 0, chains = 0, wide = 0;
  for (std::uint64_t seed = 1; done < 60 && seed < 1000; ++seed) {
    Rng rng(seed);
    const bool chain = seed % 2 == 0;
    testing::Case made;
    made.network = tally_inputs().network(rng, {.populations = 4, .neurons = chain ? 60U : 24U});
    made.network.state_bits = chip.tile.state_bits;
    if (chain) drop_delays(made.network);
    for (IntInput& input : made.network.inputs) input.is_signed = false;
    made.data = random_samples(rng, made.network);
    CompileOptions options;
    options.seed = seed;
    options.points = 0;
    options.tune = rng.chance(0.5);
    for (std::size_t p = 0; p < made.network.populations.size(); ++p)
      options.kinds[made.network.populations[p].name] =
          (chain ? p % 2 == 1 : rng.chance(0.6)) ? "voters" : "tile";
    std::optional<Image> image;
    try {
      auto built = build_image(made.network, chip, options);
      if (auto* fits = std::get_if<Image>(&built)) image = std::move(*fits);
    } catch (const Error& error) {
      ASSERT_EQ(error.kind(), ErrorKind::kInput) << error.what();
    }
    if (!image) {
      ++refused;
      continue;
    }
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::set<std::uint32_t> kinds;
    for (const Cluster& cluster : image->application.clusters) kinds.insert(cluster.kind);
    with_both += kinds.size() == 2 ? 1 : 0;
    if (chain && passes_between_cores(*image)) {
      ++chains;
      wide += image->application.clusters.size() > made.network.populations.size() ? 1 : 0;
    }
    EXPECT_TRUE(verify(*image, image->promises.front(), {}).empty());
    const testing::GoldenRun golden = testing::run_golden(made.network, made.data);
    const std::unique_ptr<ModelLink> model = open_model(chip);
    const DeviceRun replay = Session(*model, *image, {}).run(made.data);
    testing::expect_golden(made, *image, replay, golden);
    const DeviceRun run = Session(*rtl, *image, {}).run(made.data);
    testing::expect_golden(made, *image, run, golden);
    EXPECT_EQ(mismatched_steps(run, replay), 0);
    EXPECT_EQ(run.tiles, replay.tiles);
    const PromiseCheck check = check_promise(image->promises.front(), run, std::nullopt);
    EXPECT_TRUE(check.kept) << "step " << check.first_broken.value_or(-1) << ", slack " << check.least_slack
                            << " and " << check.least_latency_slack;
    if (::testing::Test::HasFailure()) return;
    ++done;
  }
  EXPECT_EQ(done, 60) << refused << " refused";
  EXPECT_GE(with_both, 15);
  EXPECT_GE(chains, 5);
  EXPECT_GE(wide, 3);
}

/// Three layers that hear one another within the step, the middle one for tally tiles.
IntNetwork sandwich() {
  Rng rng(3);
  IntNetwork network;
  do {
    network = tally_inputs().network(rng, {.populations = 3, .neurons = 16});
  } while (network.populations.size() != 3);
  drop_delays(network);
  std::erase_if(network.projections, [](const IntProjection& p) {
    return std::holds_alternative<InputId>(p.from) && p.to.index() != 0;
  });
  return network;
}

CompileOptions sandwich_options() {
  CompileOptions options;
  options.points = 0;
  options.kinds = {{"p0", "tile"}, {"p1", "voters"}, {"p2", "tile"}};
  return options;
}

TEST(TallyFlow, SourcesAndReadersOfABatchGoToDifferentTiles) {
  const Chip chip = two_core_chip();
  IntNetwork network = sandwich();
  network.state_bits = chip.tile.state_bits;
  for (const Spread spread : {Spread::kFewest, Spread::kFastest}) {
    CompileOptions options = sandwich_options();
    options.spread = spread;
    const auto built = build_image(network, chip, options);
    ASSERT_TRUE(std::holds_alternative<Image>(built)) << std::get<DoesNotFit>(built).reason;
    const Image& image = std::get<Image>(built);
    std::set<TileId> first, last;
    for (std::size_t c = 0; c < image.application.clusters.size(); ++c) {
      if (image.application.clusters[c].population.index() == 0)
        first.insert(image.binding.placement[c].tile);
      if (image.application.clusters[c].population.index() == 2) last.insert(image.binding.placement[c].tile);
    }
    for (const TileId tile : first) EXPECT_FALSE(last.contains(tile)) << tile.value;
  }
}

/// With one tile of each kind the last layer's turn waits for a batch that waits for the first layer's next.
TEST(TallyFlow, ATileThatWouldWaitForABatchOfItsOwnNextTurnDoesNotFit) {
  Chip chip = two_core_chip();
  chip.width = 2;
  chip.height = 1;
  chip.kind_of = {0, 1};
  chip.tile.param_sets = 64;  // for both of its clusters
  IntNetwork network = sandwich();
  network.state_bits = chip.tile.state_bits;
  const auto built = build_image(network, chip, sandwich_options());
  ASSERT_TRUE(std::holds_alternative<DoesNotFit>(built));
  EXPECT_EQ(std::get<DoesNotFit>(built).stage, "schedule");
  EXPECT_NE(
      std::get<DoesNotFit>(built).reason.find("firings of several pages wait for themselves: tile(0,0)"),
      std::string::npos)
      << std::get<DoesNotFit>(built).reason;
}

/// Tiles of this core ask nothing of the quantiser, whatever the chip's others are.
TEST(TallyFlow, TheKindChangesNoNumberOfTheQuantiser) {
  Chip chip;
  chip.tile.max_scale = 9;
  chip.tile.max_shift = 3;
  chip.tile.acc_bits = 22;
  chip.tile.bias_bits = 24;
  const QuantizeLimits alone = quantize_options({}, chip, {}).limits;
  EXPECT_EQ(alone.max_scale, 9U);
  chip.more_kinds = two_core_chip().more_kinds;
  chip.kind_of = {0, 1};
  EXPECT_EQ(quantize_options({}, chip, {}).limits, alone);
  chip.tile = chip.more_kinds.front();
  chip.tile.state_bits = 16;
  EXPECT_EQ(quantize_options({}, chip, {}).limits.acc_bits, 16U);
}

/// The core has no OpenCL kernels, and whoever asks is told which kind of tile is the reason.
TEST(TallyFlow, OpenClRefusesTheKindByName) {
  const Chip chip = two_core_chip();
  Rng rng(2);
  IntNetwork network = tally_inputs().network(rng, {.populations = 1, .neurons = 8});
  network.state_bits = chip.tile.state_bits;
  std::erase_if(network.projections, [](const IntProjection& p) { return p.delay != 0; });
  CompileOptions options;
  options.points = 0;
  options.kinds[network.populations.front().name] = "voters";
  const auto built = build_image(network, chip, options);
  ASSERT_TRUE(std::holds_alternative<Image>(built)) << std::get<DoesNotFit>(built).reason;
  try {
    (void)opencl::kinds_with_kernels(std::get<Image>(built));
    FAIL() << "not refused";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("no kernel for kind voters of tile, whose core is tally"),
              std::string::npos)
        << error.what();
  }
}

}  // namespace
}  // namespace spikeloom::test
