// Everything against everything where tiles take several steps a firing: random networks on random meshes of
// arrays of any shape, alone and beside tiles of another core, for samples of any length. Golden = model in
// every bit and membrane, every stamp as replayed and within every promise; a share of it on the RTL, whose
// host stalls and whose link is cut up at random.
#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <set>

#include <gtest/gtest.h>

#include "compiler/base/error.hpp"
#include "compiler/chip_model/model_device.hpp"
#include "compiler/flow/compile.hpp"
#include "compiler/golden/check.hpp"
#include "compiler/replay/session.hpp"
#include "compiler/schedule/schedule.hpp"
#include "compiler/verify/verify.hpp"
#include "host/device/link_throttle.hpp"
#include "host/device/verilator_device.hpp"
#include "host/run/report.hpp"
#include "host/run/shared_plan.hpp"
#include "host/run/window.hpp"
#include "tests/chips/chip_named.hpp"
#include "tests/flow/expect_golden.hpp"
#include "tests/flow/random_case.hpp"

namespace spikeloom::test {
namespace {

using testing::Case;
using testing::CaseOptions;

std::uint32_t power(Rng& rng, std::uint32_t least, std::uint32_t most) {
  std::uint32_t value = least;
  while (value < most && rng.chance(0.6)) value *= 2;
  return value;
}

/// An array of any shape, with memories that a small network sometimes exceeds.
TileKind random_array(Rng& rng, const TileKind& like, std::uint32_t pages) {
  TileKind kind = like;
  kind.systolic_columns = power(rng, 4, 32);
  kind.lif_lanes = std::min(kind.systolic_columns, power(rng, 1, 16));
  kind.systolic_pages = pages;
  kind.systolic_vectors = std::max(pages, 16U) * power(rng, 1, 8);
  kind.systolic_weight_bits = rng.chance(0.7) ? 8 : 4;
  kind.systolic_shift = static_cast<std::uint32_t>(rng.between(3, 15));
  kind.systolic_blocks = static_cast<std::uint32_t>(rng.between(8, 64));
  kind.systolic_folds = static_cast<std::uint32_t>(rng.between(60, 500));
  kind.systolic_words = static_cast<std::uint32_t>(rng.between(200, 2000));
  kind.contexts = static_cast<std::uint32_t>(rng.between(2, 5));
  kind.page_rows = 2 * pages * kind.contexts + static_cast<std::uint32_t>(rng.below(24));
  kind.page_chunks = static_cast<std::uint32_t>(rng.between(6, 40));
  kind.state_words = static_cast<std::uint32_t>(rng.between(20, 200));
  kind.update_entries = static_cast<std::uint32_t>(rng.between(60, 400));
  kind.out_entries = pages * static_cast<std::uint32_t>(rng.between(16, 64));
  kind.readout = rng.chance(0.8) ? 1 : 0;
  kind.current = rng.chance(0.8) ? 1 : 0;
  return kind;
}

/// A mesh of up to nine tiles: arrays, arrays of two shapes, or arrays beside tiles of the first core.
Chip random_chip(Rng& rng, std::uint32_t pages) {
  for (;;) {
    Chip chip = chip_named("cores");
    chip.name = "random";
    chip.width = static_cast<std::uint32_t>(rng.between(1, 3));
    chip.height = static_cast<std::uint32_t>(rng.between(chip.width == 1 ? 2 : 1, 3));
    chip.spike_wheel = power(rng, 8, 64);
    chip.credit_wheel = power(rng, 8, 64);
    chip.host.queue_words = power(rng, 32, 256);
    chip.host.output_words = power(rng, 32, 256);
    const TileKind array = chip.more_kinds.at(0);
    TileKind other = chip.tile;
    chip.more_kinds = {random_array(rng, array, pages)};
    chip.more_kinds.back().name = "array";
    switch (rng.below(3)) {
      case 0:
        other = random_array(rng, array, pages);
        break;
      case 1:
        other.page_rows = 64;
        break;
      default:
        other = chip.more_kinds.back();
        break;
    }
    other.name = "tile";
    other.state_bits = chip.tile.state_bits;
    chip.tile = other;
    chip.kind_of.clear();
    for (std::uint32_t t = 0; t < chip.tiles(); ++t)
      chip.kind_of.push_back(t == 0 ? 0 : t == 1 ? 1 : rng.chance(0.5) ? 1 : 0);
    try {
      return parse_chip(print(chip), chip.name);
    } catch (const Error&) {
      continue;  // a shape that no chip may have
    }
  }
}

/// What comes back to neurons before in the network comes late enough for batches of so many pages, or just
/// now and then a step too early.
void delay_cycles(IntNetwork& network, std::uint32_t pages) {
  for (IntProjection& projection : network.projections)
    if (const auto* from = std::get_if<PopulationId>(&projection.from);
        from != nullptr && from->index() >= projection.to.index())
      projection.delay = std::max(projection.delay, pages);
}

/// Now and then a residual add: a population hears neuron by neuron what another one behind its source hears,
/// or what it heard some steps ago. (Of one source and delay there is one projection, for operations are
/// counted, and the compiler makes one of two.)
void add_residuals(Rng& rng, std::uint32_t pages, IntNetwork& network) {
  const std::size_t before = network.projections.size();
  for (std::size_t n = 0; n < before; ++n) {
    if (!rng.chance(0.4)) continue;
    const IntProjection of = network.projections[n];
    const PopulationId to(of.to.index() + rng.below(network.populations.size() - of.to.index()));
    if (network.populations[to.index()].name == "pool") continue;
    std::uint32_t delay = of.delay + static_cast<std::uint32_t>(rng.below(3));
    const auto* population = std::get_if<PopulationId>(&of.from);
    if (population != nullptr && population->index() >= to.index()) delay = std::max(delay, pages);
    if (std::any_of(network.projections.begin(), network.projections.end(), [&](const IntProjection& other) {
          return other.from == of.from && other.to == to && other.delay == delay;
        }))
      continue;
    const auto targets = static_cast<std::uint32_t>(network.populations[to.index()].size());
    IntProjection add{"add" + std::to_string(n), of.from, to, delay, 8, of.shift, of.form, {}};
    SparseMap map{targets, {0}, {}};
    for (std::uint32_t s = 0; s < of.form.sources(); ++s) {
      if (s < targets) {
        map.target.push_back(s);
        add.weight.push_back(static_cast<std::int16_t>(rng.between(1, 3)));
      }
      map.end_row();
    }
    add.form = MapForm(std::move(map));
    network.projections.push_back(std::move(add));
  }
}

struct Made {
  Case made;
  Image image;
};

/// A network, its data and its image, all random; nothing where it does not fit.
std::optional<Made> random_image(std::uint64_t seed, const Chip& chip, std::uint32_t pages, Rng& rng) {
  CaseOptions size;
  size.max_neurons = rng.chance(0.3) ? 90 : 30;
  size.max_steps = rng.chance(0.2) ? 1 : 3 * pages + 1;
  const bool pools = rng.chance(0.25);
  Case made = pools ? testing::pooled_case(seed, chip) : testing::random_case(seed, chip, size);
  if (!rng.chance(0.05)) delay_cycles(made.network, pages);
  if (!pools) add_residuals(rng, pages, made.network);
  if (!check(made.network).empty()) return std::nullopt;
  CompileOptions options;
  options.seed = rng.next();
  options.points = 0;
  options.tune = rng.chance(0.3);
  options.spread = rng.chance(0.5) ? Spread::kFastest : Spread::kFewest;
  options.max_neurons = rng.chance(0.6) ? 0 : static_cast<std::uint32_t>(rng.between(8, 40));
  if (rng.chance(0.3)) options.pages = static_cast<std::uint32_t>(rng.between(pages, 3 * pages));
  if (rng.chance(0.3)) options.slots = static_cast<std::uint32_t>(rng.between(1, 3));
  for (const IntPopulation& population : made.network.populations)
    if (!pools && rng.chance(0.3)) options.kinds[population.name] = rng.chance(0.5) ? "array" : "tile";
  std::optional<Image> image = testing::fitting(made.network, chip, options);
  if (!image) return std::nullopt;
  return Made{std::move(made), std::move(*image)};
}

/// Firings of one sample that take so many pages; with kinds of tile, a promise for samples of a known length
/// where they all have it.
void add_promise_of_length(Case& made, Image& image, Rng& rng) {
  std::size_t steps = ~std::size_t{0};
  for (const Sample& sample : made.data.samples) steps = std::min(steps, sample.inputs.front().steps());
  if (!rng.chance(0.4)) return;
  for (Sample& sample : made.data.samples)
    for (Train& train : sample.inputs) train.resize(steps);
  const auto promise = sampled(image, image.promises.front(), static_cast<std::uint32_t>(steps));
  if (promise) image.promises.push_back(*promise);
}

/// The window, or the next longer one with which no batch waits for a step that waits for it.
std::uint32_t window_that_does(const Image& image, std::uint32_t window) {
  for (; window > 0 && window < 200; ++window) {
    try {
      (void)promises_with_window(image, window);
      return window;
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find("give a window of at least so many steps"), std::string::npos)
          << error.what();
    }
  }
  EXPECT_EQ(window, 0U) << "no window does";
  return 0;
}

struct Counts {
  int done = 0, refused = 0, batched = 0, mixed = 0, recurrent = 0, folded = 0, of_length = 0, windows = 0;
};

/// Random chips from seed on until so many networks have run. `fixed`: one chip and its RTL.
Counts run_random(std::uint64_t first, int wanted, const Chip* fixed, Link* rtl) {
  Counts counts;
  for (std::uint64_t seed = first;
       counts.done < wanted && seed < first + 40 * static_cast<std::uint64_t>(wanted); ++seed) {
    Rng rng(seed * 7919);
    const std::uint32_t pages = fixed != nullptr ? fixed->more_kinds.at(0).systolic_pages : power(rng, 1, 16);
    const Chip chip = fixed != nullptr ? *fixed : random_chip(rng, pages);
    SCOPED_TRACE("SPIKELOOM_CASE=" + std::to_string(seed) + ", " + std::to_string(pages) + " pages");
    std::optional<Made> of = random_image(seed, chip, pages, rng);
    if (!of) {
      ++counts.refused;
      continue;
    }
    auto& [made, image] = *of;
    EXPECT_TRUE(verify(image, image.promises.front(), {}).empty());
    EXPECT_EQ(verify(image, made.network).faults, std::vector<std::string>{});
    add_promise_of_length(made, image, rng);
    const std::uint32_t window = window_that_does(image, testing::random_window(rng, image));
    testing::expect_agreement(seed, made, image, rtl, window);
    if (::testing::Test::HasFailure()) break;
    ++counts.done;
    std::set<std::uint32_t> kinds;
    bool batched = false, folded = false;
    for (const Cluster& cluster : image.application.clusters) {
      kinds.insert(cluster.kind);
      batched = batched || chip.kind(cluster.kind).systolic_pages > 1;
      folded = folded || cluster.pooled.has_value();
    }
    counts.mixed += kinds.size() > 1 ? 1 : 0;
    counts.batched += batched ? 1 : 0;
    counts.folded += folded ? 1 : 0;
    counts.windows += window > 0 ? 1 : 0;
    counts.of_length += image.promises.size() > 1 ? 1 : 0;
    counts.recurrent += std::any_of(made.network.projections.begin(), made.network.projections.end(),
                                    [](const IntProjection& projection) {
                                      const auto* from = std::get_if<PopulationId>(&projection.from);
                                      return from != nullptr && from->index() >= projection.to.index();
                                    });
  }
  std::cout << counts.done << " networks, " << counts.refused << " refused; " << counts.mixed
            << " on two kinds, " << counts.recurrent << " recurrent, " << counts.folded
            << " with folded pools, " << counts.of_length << " with a promise for their length, "
            << counts.windows << " with windows\n";
  EXPECT_EQ(counts.done, wanted);
  return counts;
}

void expect_variety(const Counts& counts) {
  EXPECT_GE(counts.mixed * 6, counts.done);
  EXPECT_GE(counts.batched * 2, counts.done);
  EXPECT_GE(counts.recurrent * 6, counts.done);
  EXPECT_GE(counts.folded * 40, counts.done);
  EXPECT_GE(counts.of_length * 12, counts.done);
  EXPECT_GE(counts.windows * 6, counts.done);
}

/// SPIKELOOM_CASE=SEED begins with another seed.
std::uint64_t first_seed() {
  const char* text = std::getenv("SPIKELOOM_CASE");
  return text == nullptr ? 1 : std::strtoull(text, nullptr, 10);
}

TEST(SystolicProperties, RandomNetworksOnRandomMeshesAreGoldenAndKeepTheirPromises) {
  expect_variety(run_random(first_seed(), 100, nullptr, nullptr));
}

/// On the chip's RTL, behind a link that is cut up, of a chip whose streams stall.
void run_on_rtl(int wanted) {
  const Chip chip = chip_named("cores");
  VerilatorOptions slow;
  slow.stall_seed = 11;
  const std::unique_ptr<Link> rtl = throttle(open_verilator(chip, slow, {}), 4);
  const Counts counts = run_random(first_seed(), wanted, &chip, rtl.get());
  EXPECT_GE(counts.mixed * 6, counts.done);
  EXPECT_GE(counts.batched * 3, counts.done);
  EXPECT_GE(counts.windows * 6, counts.done);
}

TEST(SystolicProperties, RandomNetworksOnTheRtlHaveEveryBitAndStampOfTheReplay) { run_on_rtl(25); }

/// A few networks that enter a running one's chip and leave it again.
std::optional<SharedPlan> random_plan(Rng& rng, const Chip& chip, std::uint32_t pages,
                                      std::vector<Case>& cases, std::string& refusal) {
  std::vector<Image> images;
  for (std::uint32_t a = 0, n = 2 + static_cast<std::uint32_t>(rng.below(2)); a < n; ++a) {
    CaseOptions size{
        .max_populations = 3, .max_neurons = 24, .max_inputs = 20, .max_samples = 5, .max_steps = 8};
    cases.push_back(testing::random_case(rng.next(), chip, size));
    delay_cycles(cases.back().network, pages);
    CompileOptions options;
    options.seed = rng.next();
    options.tiles = static_cast<std::uint32_t>(rng.between(1, 2));
    options.slots = static_cast<std::uint32_t>(rng.between(1, 3));
    std::optional<Image> image = testing::fitting(cases.back().network, chip, options);
    if (!image) return std::nullopt;
    images.push_back(std::move(*image));
  }
  const auto steps = static_cast<std::int64_t>(cases.front().data.total_steps());
  std::vector<Entering> lines;
  for (std::size_t a = 1; a < images.size(); ++a) {
    Entering line{std::string(1, static_cast<char>('a' + a)),      images[a], cases[a].data,
                  rng.chance(0.2) ? 0 : rng.between(0, steps / 2), {},        0};
    if (rng.chance(0.6) && line.step + 2 <= steps) line.release = rng.between(line.step + 2, steps);
    lines.push_back(std::move(line));
  }
  try {
    return plan_shared("a", images.front(), cases.front().data, lines, 0);
  } catch (const Error& error) {
    refusal = error.what();
    return std::nullopt;
  }
}

int run_shared_plans(int wanted, std::uint32_t pages, std::set<std::string>* refusals) {
  int done = 0, shared = 0;
  for (std::uint64_t seed = 1; done < wanted && seed < 400; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng(seed * 104729);
    Chip chip = random_chip(rng, pages);
    chip.host.applications = 4;
    std::vector<Case> cases;
    std::string refusal;
    const std::optional<SharedPlan> plan = random_plan(rng, chip, pages, cases, refusal);
    if (refusals != nullptr && !refusal.empty()) refusals->insert(refusal);
    if (!plan) continue;
    ++done;
    const std::unique_ptr<ModelLink> model = open_model(chip);
    SharedOptions options;
    options.feed_seed = seed % 3 == 0 ? 0 : 1 + seed;
    const std::vector<DeviceRun> runs = run_shared(*model, plan->script(), options);
    EXPECT_EQ(runs.size(), plan->stays.size());
    for (std::size_t i = 0; i < runs.size() && i < plan->stays.size(); ++i) {
      const PlannedStay& stay = plan->stays[i];
      EXPECT_EQ(runs[i].sent, stay.replay.sent);
      EXPECT_EQ(runs[i].ended, stay.replay.ended);
      EXPECT_EQ(runs[i].tiles, stay.replay.tiles);
      const Case& of = cases[static_cast<std::size_t>(stay.name[0] - 'a')];
      const Case part{of.network, stay.data};
      testing::expect_golden(part, stay.image, runs[i], testing::run_golden(of.network, stay.data));
      EXPECT_TRUE(check_promise(stay.image.promises.front(), runs[i], std::nullopt).kept);
      shared += i > 0 ? 1 : 0;
    }
    if (::testing::Test::HasFailure()) break;
  }
  std::cout << done << " plans, " << shared << " applications beside the first\n";
  return done;
}

/// Each of several applications on arrays is golden and moves no other's stamp; where a firing takes several
/// steps none may enter, and the reason is said.
TEST(SystolicProperties, ApplicationsThatComeAndGoMoveNobodysStamps) {
  EXPECT_EQ(run_shared_plans(15, 1, nullptr), 15);
  std::set<std::string> refusals;
  (void)run_shared_plans(3, 4, &refusals);
  EXPECT_TRUE(std::any_of(refusals.begin(), refusals.end(), [](const std::string& text) {
    return text.find("points exist only where it takes one") != std::string::npos;
  }));
}

/// A context has 16 pages, and a firing of T steps needs 2·T of them.
TEST(SystolicProperties, FiringsOfMoreStepsThanPagesAllowAreRefusedByName) {
  Chip chip = chip_named("arrays4x3");
  chip.tile.systolic_pages = 16;
  chip = parse_chip(print(chip), "long");
  try {
    (void)build_image(testing::random_case(3, chip, {}).network, chip, {});
    FAIL() << "compiled";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what())
                  .find("a firing takes up to 16 steps, for which a context needs 32 pages; "
                        "it has at most 16, so that firings of 8 steps would do"),
              std::string::npos)
        << error.what();
  }
}

/// Many more, with ctest -L long.
TEST(LargeSystolicProperties, RandomNetworksOnRandomMeshesAreGoldenAndKeepTheirPromises) {
  expect_variety(run_random(1'000'000, 3000, nullptr, nullptr));
}
TEST(LargeSystolicProperties, RandomNetworksOnTheRtlHaveEveryBitAndStampOfTheReplay) { run_on_rtl(300); }

}  // namespace
}  // namespace spikeloom::test
