// End to end on a mesh that mixes tally tiles with those of the first core: golden = chip model = RTL in
// every spike, every stamp is the replay's and within the guarantee. Samples of every length, so that batches
// of one page and of two alternate.
#include <set>

#include <gtest/gtest.h>

#include "compiler/chip_model/model_device.hpp"
#include "compiler/flow/compile.hpp"
#include "compiler/replay/session.hpp"
#include "compiler/schedule/schedule.hpp"
#include "host/device/verilator_device.hpp"
#include "host/opencl/plan.hpp"
#include "host/run/report.hpp"
#include "tests/core/core_inputs.hpp"
#include "tests/flow/expect_golden.hpp"
#include "tests/flow/random_case.hpp"

namespace spikeloom::test {

CoreInputs tally_inputs();

namespace {

/// Two tiles of the first core and two tally tiles.
Chip mixed_chip() {
  Chip chip = read_chip(std::string(SPIKELOOM_SOURCE_DIR) + "/tests/chips/mixed.toml");
  chip.name = "two-cores";
  TileKind& kind = chip.more_kinds.at(0);
  kind = chip.tile;
  kind.name = "voters";
  kind.core = "tally";
  kind.page_rows = 24;
  kind.page_chunks = 10;
  kind.page_blocks = 22;
  kind.out_entries = 128;
  kind.contexts = 3;
  kind.tally_lanes = 4;
  kind.tally_votes = 512;
  kind.tally_groups = 64;
  chip.kind_of = {0, 1, 1, 0};
  return parse_chip(print(chip), chip.name);
}

Dataset random_data(Rng& rng, const IntNetwork& network) {
  Dataset data;
  for (const IntInput& input : network.inputs) data.ports.push_back({input.name, input.shape});
  for (std::size_t s = 0; s < 1 + rng.below(4); ++s) {
    Sample sample;
    sample.id = std::to_string(s);
    const std::size_t steps = 1 + rng.below(7);
    const double density = rng.chance(0.2) ? 1.0 : rng.unit();
    for (const IntInput& input : network.inputs) {
      Train train;
      for (std::size_t t = 0; t < steps; ++t) {
        for (std::size_t e = 0; e < input.size(); ++e)
          if (rng.chance(density)) train.add(static_cast<std::uint32_t>(e));
        train.end_step();
      }
      sample.inputs.push_back(train);
    }
    data.samples.push_back(std::move(sample));
  }
  return data;
}

TEST(TallyFlow, GoldenIsModelIsRtlBesideTilesOfAnotherCore) {
  const Chip chip = mixed_chip();
  const std::unique_ptr<Link> rtl = open_verilator(chip, {}, {});
  int done = 0, with_both = 0, refused = 0;
  for (std::uint64_t seed = 1; done < 60 && seed < 1000; ++seed) {
    Rng rng(seed);
    testing::Case made;
    made.network = tally_inputs().network(rng, {.populations = 4, .neurons = 24});
    made.network.state_bits = chip.tile.state_bits;
    for (IntInput& input : made.network.inputs) input.is_signed = false;
    made.data = random_data(rng, made.network);
    CompileOptions options;
    options.seed = seed;
    options.points = 0;
    options.tune = rng.chance(0.5);
    for (const IntPopulation& population : made.network.populations)
      options.kinds[population.name] = rng.chance(0.6) ? "voters" : "tile";
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
}

/// The core has no OpenCL kernels, and whoever asks is told which kind of tile is the reason.
TEST(TallyFlow, OpenClRefusesTheKindByName) {
  const Chip chip = mixed_chip();
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
    (void)opencl::kind_with_kernels(std::get<Image>(built));
    FAIL() << "not refused";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("no kernel for kind voters of tile, whose core is tally"),
              std::string::npos)
        << error.what();
  }
}

}  // namespace
}  // namespace spikeloom::test
