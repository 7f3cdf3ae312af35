// The portable kernels on PoCL: random networks and inputs equal to the golden model in every spike and
// potential, whichever kernel adds and however samples are batched; the command on the digits; what a user
// hears when it fails.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <ostream>
#include <set>

#include <nlohmann/json.hpp>

#include "compiler/base/error.hpp"
#include "compiler/core/crossbar/tables.hpp"
#include "compiler/core/systolic/tables.hpp"
#include "compiler/flow/compile.hpp"
#include "compiler/flow/parts.hpp"
#ifdef SPIKELOOM_TEST_OPENCL
#include "host/opencl/context.hpp"
#endif
#include "host/opencl/opencl_runner.hpp"
#include "host/opencl/plan.hpp"
#include "spikeloom_hw.hpp"
#include "tests/chips/chip_named.hpp"
#include "tests/cli/command.hpp"
#include "tests/flow/random_case.hpp"

namespace spikeloom::testing {
namespace {

using test::chip_named;
using ::testing::HasSubstr;

/// Built kernels are kept beside the chips', not in the user's home.
const bool kCacheIsSet = [] {
  const char* own = std::getenv("SPIKELOOM_CACHE");
  const std::string cache = (own != nullptr ? std::string(own) : std::string(SPIKELOOM_BINARY_DIR)) + "/pocl";
  std::filesystem::create_directories(cache);
  return setenv("POCL_CACHE_DIR", cache.c_str(), 1) == 0;
}();

constexpr const char* kPocl = "portable computing";
constexpr const char* kChips[] = {"one", "row", "column", "narrow", "square", "wide"};
constexpr int kBlocks = 4;  ///< tests per chip
constexpr int kCases = 20;  ///< networks that fit, per test
struct Compiled {
  std::uint64_t seed = 0;
  Case made;
  CompileOptions options;
  Image image;
};

/// A random image of a random network, with everything recorded in half of them, each population on one of
/// the kinds. Nothing when it does not fit.
std::optional<Compiled> compiled_case(std::uint64_t seed, const Chip& chip,
                                      const std::vector<std::string>& kinds = {}) {
  Rng rng(seed ^ 0x0c1U);
  CaseOptions sizes;
  sizes.max_neurons = chip.tiles() == 1 ? 20 : 32;
  sizes.max_inputs = 24;
  sizes.max_populations = std::min(4U, chip.tiles() * chip.tile.contexts);
  sizes.max_samples = 9;
  sizes.max_steps = rng.chance(0.2) ? 24 : 6;
  Compiled compiled{seed, random_case(seed, chip, sizes), {}, {}};
  CompileOptions& options = compiled.options;
  options.seed = rng.next();
  options.max_neurons = rng.chance(0.5) ? 0 : static_cast<std::uint32_t>(rng.between(4, 40));
  options.spread = rng.chance(0.5) ? Spread::kFastest : Spread::kFewest;
  options.readout_last_only = rng.chance(0.2);
  if (rng.chance(0.5))
    for (const IntPopulation& population : compiled.made.network.populations)
      options.record.push_back(population.name);
  for (const IntPopulation& population : compiled.made.network.populations)
    if (!kinds.empty()) options.kinds[population.name] = kinds[rng.below(kinds.size())];
  try {
    auto built = build_image(compiled.made.network, chip, options);
    if (auto* image = std::get_if<Image>(&built)) {
      compiled.image = std::move(*image);
      return compiled;
    }
  } catch (const Error&) {
    // Too large for the chip, in words that tests of the stages read.
  }
  return std::nullopt;
}

/// SPIKELOOM_CASE=SEED replays one case on every chip.
template <class Each>
void for_cases(const std::string& name, int block, Each&& each) {
  const Chip chip = chip_named(name);
  const char* replayed = std::getenv("SPIKELOOM_CASE");
  const int wanted = replayed != nullptr ? 1 : kCases;
  int done = 0;
  for (std::uint64_t n = 0; done < wanted && n < 20 * kCases; ++n) {
    const std::uint64_t seed = replayed != nullptr ? std::strtoull(replayed, nullptr, 10)
                                                   : static_cast<std::uint64_t>(block) * 1'000'000 + n;
    SCOPED_TRACE("replay with SPIKELOOM_CASE=" + std::to_string(seed));
    const std::optional<Compiled> compiled = compiled_case(seed, chip);
    if (!compiled) {
      if (replayed != nullptr) return;
      continue;
    }
    ++done;
    each(*compiled);
    if (::testing::Test::HasFailure()) return;
  }
  EXPECT_EQ(done, wanted) << "too few random networks fit " << name;
}

/// Golden potentials as a readout sends them that does so at the end of a sample only.
std::vector<std::int32_t> only_last_steps(std::vector<std::int32_t> values, std::size_t neurons,
                                          const Dataset& data) {
  std::size_t k = 0;
  for (const Sample& sample : data.samples)
    for (std::size_t t = 0; t < sample.steps(); ++t)
      for (std::size_t n = 0; n < neurons; ++n, ++k)
        if (t + 1 < sample.steps()) values[k] = 0;
  return values;
}

template <class T>
void expect_same(const Trace<T>& trace, const std::vector<T>& expected) {
  std::size_t k = 0;
  for (const auto& sample : trace.samples)
    for (std::size_t i = 0; i < sample.size(); ++i, ++k)
      ASSERT_EQ(sample[i], expected[k])
          << trace.node << " step " << k / trace.neurons << " neuron " << k % trace.neurons;
  ASSERT_EQ(k, expected.size());
}

void expect_golden(const Compiled& compiled, const DeviceRun& run, const GoldenRun& golden) {
  std::size_t spiking[2] = {0, 0}, analogue[2] = {0, 0};
  std::int64_t output_spikes = 0;
  for (const OutputStream& output : compiled.image.application.outputs) {
    const std::size_t p = output.population.index();
    if (output.kind == OutputKind::kSpikes) {
      const auto& traces = output.recorded ? run.outputs.recorded_spikes : run.outputs.spikes;
      expect_same(traces.at(spiking[output.recorded]++), golden.spikes[p]);
      if (!output.recorded)
        for (const std::uint8_t spike : golden.spikes[p]) output_spikes += spike;
    } else {
      const auto& traces = output.recorded ? run.outputs.recorded_v : run.outputs.potentials;
      const std::size_t neurons = compiled.made.network.populations[p].size();
      // One that others hear sends in every step.
      const auto& projections = compiled.made.network.projections;
      const bool is_heard = std::any_of(projections.begin(), projections.end(), [&](const IntProjection& w) {
        return w.from == Source(PopulationId(p));
      });
      expect_same(traces.at(analogue[output.recorded]++),
                  compiled.options.readout_last_only && !is_heard
                      ? only_last_steps(golden.potentials[p], neurons, compiled.made.data)
                      : golden.potentials[p]);
    }
    if (::testing::Test::HasFatalFailure()) return;
  }
  EXPECT_EQ(run.output_spikes, output_spikes);
}

void expect_states(const Compiled& compiled, const GoldenRun& golden, OpenClRunner& runner) {
  const Image& image = compiled.image;
  const auto v = runner.read_state(NeuronState::kPotential);
  const auto i = runner.read_state(NeuronState::kCurrent);
  for (std::size_t c = 0; c < image.application.clusters.size(); ++c) {
    const Cluster& cluster = image.application.clusters[c];
    const std::size_t p = cluster.population.index();
    for (std::size_t n = 0; n < cluster.neurons.size(); ++n) {
      if (cluster.neurons[n] == kNoNeuron) continue;
      ASSERT_EQ(v[c][n], golden.final_v[p][cluster.neurons[n]]) << cluster.name << " v of position " << n;
      if (image.chip.kind(cluster.kind).current == 0 || !compiled.made.network.populations[p].has_current())
        continue;
      ASSERT_EQ(i[c][n], golden.final_i[p][cluster.neurons[n]]) << cluster.name << " i of position " << n;
    }
  }
}

struct Param {
  std::string chip;
  int block = 0;
  friend std::ostream& operator<<(std::ostream& out, const Param& param) {
    return out << param.chip << " block " << param.block;
  }
};

class Pocl : public ::testing::TestWithParam<Param> {};

TEST_P(Pocl, IsGoldenInEverySpikeAndPotential) {
  for_cases(GetParam().chip, GetParam().block, [](const Compiled& compiled) {
    Rng rng(compiled.seed);
    constexpr OpenClKernels kKernels[] = {OpenClKernels::kAuto, OpenClKernels::kWalk, OpenClKernels::kBatch};
    const OpenClOptions options{
        .platform = kPocl, .kernels = kKernels[rng.below(3)], .batch = rng.below(5), .window = rng.below(4)};
    const GoldenRun golden = run_golden(compiled.made.network, compiled.made.data);
    const std::unique_ptr<OpenClRunner> runner = open_opencl(compiled.image, options);
    const DeviceRun run = runner->run(compiled.made.data);
    EXPECT_FALSE(run.timed);
    expect_golden(compiled, run, golden);
    if (!HasFailure()) expect_states(compiled, golden, *runner);
    // Nothing of a run is left for the next.
    if (!HasFailure()) expect_golden(compiled, runner->run(compiled.made.data), golden);
  });
}

std::vector<Param> params() {
  std::vector<Param> list;
  for (const char* chip : kChips)
    for (int block = 0; block < kBlocks; ++block) list.push_back({chip, block});
  return list;
}

INSTANTIATE_TEST_SUITE_P(, Pocl, ::testing::ValuesIn(params()),
                         [](const auto& p) { return p.param.chip + std::to_string(p.param.block); });

/// Clusters that send a pool's spikes: pieces of the update program whose OR is one chunk.
TEST(PoclPools, AreGoldenWhereTheyFold) {
  for (const char* name : {"row", "square", "wide"}) {
    SCOPED_TRACE(name);
    const Chip chip = chip_named(name);
    int folded = 0;
    for (std::uint64_t seed = 1; folded < 6; ++seed) {
      ASSERT_LT(seed, 400U) << "hardly any network fits";
      SCOPED_TRACE("seed " + std::to_string(seed));
      Compiled compiled{seed, pooled_case(seed, chip), {}, {}};
      compiled.options.seed = seed;
      compiled.options.spread = Spread::kFewest;
      try {
        auto built = build_image(compiled.made.network, chip, compiled.options);
        if (!std::holds_alternative<Image>(built)) continue;
        compiled.image = std::get<Image>(std::move(built));
      } catch (const Error&) {
        continue;  // too large for the chip
      }
      if (!compiled.image.application.clusters.front().pooled) continue;
      ++folded;
      const GoldenRun golden = run_golden(compiled.made.network, compiled.made.data);
      const std::unique_ptr<OpenClRunner> runner =
          open_opencl(compiled.image, {.platform = kPocl, .window = seed % 4});
      expect_golden(compiled, runner->run(compiled.made.data), golden);
      if (!HasFailure()) expect_states(compiled, golden, *runner);
      if (!HasFailure()) expect_golden(compiled, runner->run(compiled.made.data), golden);
      if (HasFailure()) return;
    }
  }
}

/// A random network in parts, or a wide convolution: in random ones, or (on `slim`) in those that the
/// compiler makes of up to eight times a tile's axons. Nothing where it has none, or does not fit.
enum class Shape : std::uint8_t { kAny, kConvolution };

std::optional<Compiled> case_in_parts(std::uint64_t seed, const Chip& chip, Shape shape) {
  Rng rng(seed);
  Compiled compiled{seed, {}, {}, {}};
  compiled.options.seed = seed;
  compiled.options.spread = Spread::kFewest;
  const std::uint32_t axons = 16 * chip.tile.page_chunks;
  const bool is_slim = chip.name == "slim";
  CaseOptions sizes{.max_populations = 3, .max_neurons = 20, .max_inputs = 60};
  if (is_slim) sizes = {.max_populations = 2, .max_neurons = 6, .max_inputs = 8 * axons};
  Case whole =
      shape == Shape::kConvolution ? wide_convolution_case(seed, chip) : random_case(seed, chip, sizes);
  try {
    if (is_slim) {
      auto made = compile(CompileInput{"many.json", whole.network, {}, {}}, chip, compiled.options, {});
      if (!std::holds_alternative<Compilation>(made)) return std::nullopt;
      auto& compilation = std::get<Compilation>(made);
      compiled.made = {std::move(compilation.integers), std::move(whole.data)};
      compiled.image = std::move(compilation.image);
    } else {
      std::vector<Shares> shares;
      for (std::size_t p = 0; p < whole.network.populations.size(); ++p)
        shares.push_back(
            {1 + static_cast<std::uint32_t>(rng.below(3)), static_cast<ShareOrder>(rng.below(kShareOrders))});
      compiled.made = {in_parts(whole.network, shares).network, std::move(whole.data)};
      auto built = build_image(compiled.made.network, chip, compiled.options);
      if (!std::holds_alternative<Image>(built)) return std::nullopt;
      compiled.image = std::get<Image>(std::move(built));
    }
  } catch (const Error&) {
    return std::nullopt;  // too large for the chip
  }
  if (compiled.made.network.populations.size() == whole.network.populations.size()) return std::nullopt;
  return compiled;
}

/// Sums that are taken in parts, on both kernels; what a part sends is a number.
TEST(PoclParts, SumsInPartsAreGolden) {
  const auto run = [](const char* name, Shape shape, int wanted) {
    const Chip chip = chip_named(name);
    int done = 0;
    for (std::uint64_t seed = 1; done < wanted && seed < 600; ++seed) {
      SCOPED_TRACE(std::string(name) + ", seed " + std::to_string(seed));
      const std::optional<Compiled> compiled = case_in_parts(seed, chip, shape);
      if (!compiled) continue;
      ++done;
      const GoldenRun golden = run_golden(compiled->made.network, compiled->made.data);
      const std::unique_ptr<OpenClRunner> runner = open_opencl(
          compiled->image, {.platform = kPocl,
                            .kernels = done % 2 == 0 ? OpenClKernels::kWalk : OpenClKernels::kBatch,
                            .batch = seed % 5});
      expect_golden(*compiled, runner->run(compiled->made.data), golden);
      if (!::testing::Test::HasFailure()) expect_states(*compiled, golden, *runner);
      if (::testing::Test::HasFailure()) return;
    }
    EXPECT_EQ(done, wanted) << name;
  };
  run("wide", Shape::kAny, 12);
  run("slim", Shape::kAny, 8);
  run("slim", Shape::kConvolution, 4);
}

/// What images on arrays are made of.
struct FoldFeatures {
  std::set<std::uint32_t> formats;
  int walks = 0;  ///< folds of several pairs
  int blocks = 0, readouts = 0,
      planes = 0;  ///< clusters of several blocks; of readouts; inputs of bit planes
  void add(const Application& application) {
    for (const StreamInput& input : application.inputs) planes += input.planes > 1 ? 1 : 0;
    for (const Cluster& cluster : application.clusters) {
      if (cluster.tables.core != systolic::kName) continue;
      const systolic::Tables tables(cluster);
      blocks += tables.blocks() > 1 ? 1 : 0;
      readouts += cluster.readout ? 1 : 0;
      for (std::size_t n = 0; n < tables.folds(); ++n) {
        const hw::MemFoldEntry fold = tables.fold(n);
        if (fold.rows != 0) formats.insert(fold.format);
        walks += systolic::pairs_of(fold) > 1 ? 1 : 0;
      }
    }
  }
};

/// Images whose clusters are for one of a chip's kinds, or for several: the kernels are built for each kind
/// that is used. Returns how many had clusters of several kinds.
int run_on_kinds(const Chip& chip, const std::vector<std::string>& kinds, int wanted,
                 FoldFeatures* features = nullptr) {
  int done = 0, mixed = 0;
  for (std::uint64_t seed = 1; done < wanted && seed < 600; ++seed) {
    SCOPED_TRACE(chip.name + ", " + kinds.front() + ", seed " + std::to_string(seed));
    const std::optional<Compiled> compiled = compiled_case(seed, chip, kinds);
    if (!compiled) continue;
    ++done;
    std::set<std::uint32_t> used;
    for (const Cluster& cluster : compiled->image.application.clusters) used.insert(cluster.kind);
    mixed += used.size() > 1 ? 1 : 0;
    if (features != nullptr) features->add(compiled->image.application);
    const GoldenRun golden = run_golden(compiled->made.network, compiled->made.data);
    const std::unique_ptr<OpenClRunner> runner =
        open_opencl(compiled->image, {.platform = kPocl, .batch = seed % 5, .window = seed % 4});
    expect_golden(*compiled, runner->run(compiled->made.data), golden);
    if (!::testing::Test::HasFailure()) expect_states(*compiled, golden, *runner);
    // Nothing of a run is left for the next.
    if (!::testing::Test::HasFailure()) expect_golden(*compiled, runner->run(compiled->made.data), golden);
    if (::testing::Test::HasFailure()) return mixed;
  }
  EXPECT_EQ(done, wanted);
  return mixed;
}

TEST(PoclKinds, AnImageOnOneOfTwoKindsIsGolden) {
  for (const char* kind : {"tile", "wide"}) EXPECT_EQ(run_on_kinds(chip_named("mixed"), {kind}, 10), 0);
}

TEST(PoclKinds, AnImageOnSeveralKindsIsGolden) {
  EXPECT_GE(run_on_kinds(chip_named("mixed"), {"tile", "wide"}, 10), 4);
}

/// Tiles of two cores, whose arrays take so many steps a firing. The kernels do not depend on it.
Chip cores_chip(std::uint32_t pages) {
  Chip chip = chip_named("cores");
  chip.more_kinds.at(0).systolic_pages = pages;
  return chip;
}

/// Tiles with arrays, alone and beside tiles of the other core: weights
/// of every format, bit planes, readouts, delays, recurrence, samples of any length.
TEST(PoclKinds, AnImageOnArraysIsGolden) {
  FoldFeatures features;
  for (const std::uint32_t pages : {1U, 4U, 8U})
    EXPECT_EQ(run_on_kinds(cores_chip(pages), {"array"}, 14, &features), 0);
  EXPECT_EQ(features.formats, (std::set<std::uint32_t>{0, 1, 2, 3}));
  EXPECT_GT(features.blocks, 10);
  EXPECT_GT(features.readouts, 5);
  EXPECT_GT(features.planes, 5);
}

/// Maps and their pools on tiles of two cores: folds that walk over positions, pools that either core sends.
TEST(PoclKinds, MapsAndPoolsOnTilesOfTwoCoresAreGolden) {
  const Chip chip = chip_named("cores");
  int done = 0, folded = 0;
  FoldFeatures features;
  for (std::uint64_t seed = 1; done < 15 && seed < 600; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng(seed);
    Compiled compiled{seed, pooled_case(seed, chip), {}, {}};
    compiled.options.seed = seed;
    compiled.options.spread = Spread::kFewest;
    for (const IntPopulation& population : compiled.made.network.populations)
      compiled.options.kinds[population.name] = rng.chance(0.6) ? "array" : "tile";
    if (rng.chance(0.7)) compiled.options.kinds.erase("pool");  // a kind of its own asks for tiles of its own
    try {
      auto built = build_image(compiled.made.network, chip, compiled.options);
      if (!std::holds_alternative<Image>(built)) continue;
      compiled.image = std::get<Image>(std::move(built));
    } catch (const Error&) {
      continue;  // too large for the chip, or what comes back comes too early for batches
    }
    ++done;
    features.add(compiled.image.application);
    for (const Cluster& cluster : compiled.image.application.clusters)
      folded += cluster.pooled && cluster.tables.core == systolic::kName ? 1 : 0;
    const GoldenRun golden = run_golden(compiled.made.network, compiled.made.data);
    const std::unique_ptr<OpenClRunner> runner =
        open_opencl(compiled.image, {.platform = kPocl, .window = seed % 4});
    expect_golden(compiled, runner->run(compiled.made.data), golden);
    if (!HasFailure()) expect_states(compiled, golden, *runner);
    if (HasFailure()) return;
  }
  EXPECT_EQ(done, 15);
  EXPECT_GE(folded, 3);
  EXPECT_GE(features.walks, 10);
}

TEST(PoclKinds, AnImageOnTilesOfTwoCoresIsGolden) {
  int mixed = 0;
  for (const std::uint32_t pages : {1U, 2U, 8U})
    mixed += run_on_kinds(cores_chip(pages), {"tile", "array"}, 12);
  EXPECT_GE(mixed, 15);
}

TEST(OpenClPlan, KindsThatItsKernelsCannotRunAreRefusedByName) {
  const Chip chip = chip_named("mixed");
  const auto error_of = [](const Image& image) {
    try {
      (void)opencl::kinds_with_kernels(image);
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string("no error");
  };
  std::optional<Compiled> compiled;
  for (std::uint64_t seed = 1; !compiled && seed < 400; ++seed) {
    compiled = compiled_case(seed, chip, {"tile"});
    if (compiled && compiled->image.application.clusters.size() < 2) compiled.reset();
  }
  ASSERT_TRUE(compiled);
  Image& image = compiled->image;
  EXPECT_EQ(opencl::kinds_with_kernels(image).size(), 1U);
  image.application.clusters[0].kind = 1;
  EXPECT_EQ(opencl::kinds_with_kernels(image).size(), 2U);
  image.chip.more_kinds[0].core = "round";
  EXPECT_THAT(error_of(image), HasSubstr("no kernel for kind wide of tile, whose core is round"));
}

/// Sixteen inputs onto four neurons, with sums that leave 32 bits once they are scaled, both ways.
Case overflowing_case() {
  Case made;
  IntNetwork& network = made.network;
  network.name = "far";
  IntInput input;
  input.name = "in";
  input.shape = {16};
  network.inputs.push_back(input);
  IntPopulation population;
  population.name = "out";
  population.shape = {4};
  population.scale = 15;
  for (auto* const list : {&population.alpha, &population.bias_i, &population.bias_v, &population.v_reset})
    list->assign(4, 0);
  population.beta.assign(4, 4000);
  population.theta = {0, 8'388'606, 8'388'607, 1000};
  network.populations.push_back(population);
  IntProjection projection;
  projection.name = "w";
  projection.from = InputId{0};
  projection.shift = 7;
  SparseMap map{4, {0}, {}};
  for (std::uint32_t source = 0; source < 16; ++source) {
    for (std::uint32_t target = 0; target < 4; ++target) {
      map.target.push_back(target);
      projection.weight.push_back(target % 2 == source / 8 ? 127 : -128);
    }
    map.end_row();
  }
  projection.form = MapForm(std::move(map));
  network.projections.push_back(projection);
  network.outputs.push_back({"out", {4}, PopulationId{0}});
  made.data.ports.push_back({"in", {16}});
  Sample sample;
  sample.id = "0";
  sample.inputs.resize(1);
  for (std::uint32_t step = 0; step < 16; ++step) {
    for (std::uint32_t source = 0; source < 8; ++source)
      if (source <= step % 8) sample.inputs[0].add(source + (step < 8 ? 0 : 8));
    sample.inputs[0].end_step();
  }
  made.data.samples.push_back(std::move(sample));
  return made;
}

TEST(PoclArithmetic, SumsThatLeave32BitsSaturate) {
  Chip chip = chip_named("square");
  chip.tile.acc_bits = chip.tile.state_bits = chip.tile.bias_bits = 24;
  chip.tile.max_scale = chip.tile.max_shift = 15;
  const Case made = overflowing_case();
  auto built = build_image(made.network, chip, {});
  ASSERT_TRUE(std::holds_alternative<Image>(built));
  Compiled compiled{0, made, {}, std::get<Image>(std::move(built))};
  for (const OpenClKernels kernels : {OpenClKernels::kWalk, OpenClKernels::kBatch}) {
    const std::unique_ptr<OpenClRunner> runner =
        open_opencl(compiled.image, {.platform = kPocl, .kernels = kernels});
    const GoldenRun golden = run_golden(made.network, made.data);
    expect_golden(compiled, runner->run(made.data), golden);
    expect_states(compiled, golden, *runner);
  }
}

/// What the random cases are made of.
class Features {
 public:
  void add(const Compiled& compiled) {
    const Image& image = compiled.image;
    std::set<std::size_t> tiles;
    for (const Placement& place : image.binding.placement) tiles.insert(place.tile.index());
    if (tiles.size() > 1) seen_.insert("several tiles");
    for (const IntPopulation& population : compiled.made.network.populations)
      seen_.insert("kind " + std::to_string(static_cast<int>(population.kind)));
    for (const StreamInput& input : image.application.inputs)
      if (input.planes > 1) seen_.insert(input.is_signed ? "signed planes" : "planes");
    for (const Cluster& cluster : image.application.clusters) {
      const crossbar::Tables tables(cluster);
      for (std::size_t c = 0; c < tables.chunks(); ++c) {
        const hw::MemChunkEntry chunk = tables.chunk(c);
        add_row(chunk.per_axon != 0 ? "per axon" : "uniform", chunk);
      }
      for (std::size_t a = 0; a < tables.axons(); ++a) add_row("axon", tables.axon(a));
      for (const Inbound& in : cluster.inbound)
        if (in.delay > 1) seen_.insert("delay");
      if (cluster.last_only) seen_.insert("last only");
    }
    for (const opencl::Stage& stage : opencl::plan(image).stages) {
      seen_.insert(stage.recurrent ? "recurrent stage" : "batched stage");
      if (stage.levels.size() > 1) seen_.insert("levels");
    }
  }
  [[nodiscard]] const std::set<std::string>& seen() const { return seen_; }

 private:
  template <class Entry>
  void add_row(const std::string& form, const Entry& row) {
    seen_.insert(form);
    if (row.words > 0) seen_.insert("format " + std::to_string(row.format));
    if (row.repeats > 0) seen_.insert("segments");
  }
  std::set<std::string> seen_;
};

TEST(OpenClCases, HoldEveryFeature) {
  Features features;
  for (const char* chip : kChips)
    for_cases(chip, 0, [&](const Compiled& compiled) { features.add(compiled); });
  EXPECT_THAT(features.seen(), ::testing::IsSupersetOf(
                                   {"several tiles", "planes", "signed planes", "per axon", "uniform", "axon",
                                    "delay", "last only", "recurrent stage", "batched stage", "levels",
                                    "segments", "format 0", "format 1", "format 2", "format 3"}));
  for (const NeuronKind kind : {NeuronKind::kLif, NeuronKind::kCubaLif, NeuronKind::kLi, NeuronKind::kCubaLi})
    EXPECT_TRUE(features.seen().contains("kind " + std::to_string(static_cast<int>(kind))));
}

/// Stage and level of every cluster, in the order of launches.
std::vector<std::pair<std::size_t, std::size_t>> turns(const opencl::Plan& plan) {
  std::vector<std::pair<std::size_t, std::size_t>> turn(plan.clusters.size(), {plan.stages.size(), 0});
  for (std::size_t s = 0; s < plan.stages.size(); ++s)
    for (std::size_t l = 0; l < plan.stages[s].levels.size(); ++l) {
      const opencl::Level& level = plan.stages[s].levels[l];
      for (const opencl::Launch& launch : level.launches)
        for (std::uint32_t n = 0; n < launch.slices; ++n)
          turn[plan.slices[launch.first_slice + n].cluster] = {s, l};
    }
  return turn;
}

TEST(OpenClPlan, EveryChunkIsMadeBeforeItIsRead) {
  for (const char* chip : kChips)
    for_cases(chip, 1, [](const Compiled& compiled) {
      const Application& app = compiled.image.application;
      const opencl::Plan plan = opencl::plan(compiled.image);
      const auto turn = turns(plan);
      for (std::size_t c = 0; c < app.clusters.size(); ++c) {
        ASSERT_LT(turn[c].first, plan.stages.size()) << "never launched";
        for (const Inbound& in : app.clusters[c].inbound) {
          if (!in.from) continue;
          const auto source = turn[in.from->index()];
          if (in.delay == 0)
            EXPECT_LT(source, turn[c]);
          else
            EXPECT_TRUE(source.first < turn[c].first ||
                        (source.first == turn[c].first && plan.stages[source.first].recurrent));
        }
      }
    });
}

TEST(OpenClPlan, LayersWithoutRecurrenceAreBatchedOverTime) {
  int loops = 0;
  for (const char* chip : kChips)
    for_cases(chip, 2, [&](const Compiled& compiled) {
      const Application& app = compiled.image.application;
      // Reach: which clusters' chunks come to a cluster in the end (all pairs, the slow way).
      const std::size_t n = app.clusters.size();
      std::vector<std::vector<bool>> reads(n, std::vector<bool>(n, false));
      for (std::size_t c = 0; c < n; ++c)
        for (const Inbound& in : app.clusters[c].inbound)
          if (in.from) reads[c][in.from->index()] = true;
      for (std::size_t k = 0; k < n; ++k)
        for (std::size_t a = 0; a < n; ++a)
          for (std::size_t b = 0; b < n; ++b)
            if (reads[a][k] && reads[k][b]) reads[a][b] = true;
      const opencl::Plan plan = opencl::plan(compiled.image);
      const auto turn = turns(plan);
      for (std::size_t c = 0; c < n; ++c) {
        EXPECT_EQ(plan.stages[turn[c].first].recurrent, reads[c][c]) << app.clusters[c].name;
        loops += reads[c][c] ? 1 : 0;
      }
    });
  EXPECT_GT(loops, 0);
}

class OpenClCommand : public test::CommandTest {
 protected:
  /// Compiles an example and says how to run it on its test data.
  [[nodiscard]] std::string run_of(const std::string& example) const {
    const test::Ended ended =
        spikeloom("compile " + source("examples/" + example + "/" + example + ".nir") + " --chip " +
                  source("chips/mesh2x2.toml") + " -o " + file(example + ".loom"));
    EXPECT_EQ(ended.code, 0) << ended.err;
    return "run " + file(example + ".loom") + " --input " + source("examples/" + example + "/test.npz");
  }
};

constexpr const char* kDevice = " --device 'opencl:?platform=Portable'";

/// Both examples: all of the model's results, and nothing measured.
class OpenClExamples : public OpenClCommand, public ::testing::WithParamInterface<const char*> {};

TEST_P(OpenClExamples, GiveTheModelsFilesAndNoCycles) {
  const std::string run = run_of(GetParam());
  ASSERT_EQ(spikeloom(run + " --output " + file("a.npz") + " --json " + file("a.json")).code, 0);
  const test::Ended ended =
      spikeloom(run + kDevice + " --output " + file("b.npz") + " --json " + file("b.json"));
  ASSERT_EQ(ended.code, 0) << ended.err;
  EXPECT_EQ(text(file("a.npz")), text(file("b.npz")));
  EXPECT_THAT(ended.out, HasSubstr("through opencl (Portable Computing Language"));
  EXPECT_THAT(ended.out, HasSubstr("replay: 0 output values differ from the device's"));
  EXPECT_THAT(ended.out, HasSubstr("the device has no target cycles"));
  const auto model = nlohmann::json::parse(text(file("a.json"))),
             opencl = nlohmann::json::parse(text(file("b.json")));
  EXPECT_TRUE(opencl["period"]["measured"].is_null());
  EXPECT_TRUE(opencl["latency"]["measured"].is_null());
  EXPECT_TRUE(opencl["replay"]["mismatched_steps"].is_null());
  EXPECT_EQ(opencl["replay"]["differing_values"], 0);
  EXPECT_EQ(opencl["promises_kept"], true);
  for (const char* key : {"accuracy", "correct", "ties", "spikes", "steps", "cycles", "promises", "tiles"})
    EXPECT_EQ(opencl[key], model[key]) << key;
  EXPECT_FALSE(opencl["accuracy"].is_null());
}

INSTANTIATE_TEST_SUITE_P(, OpenClExamples, ::testing::Values("digits", "melody"),
                         [](const auto& p) { return std::string(p.param); });

TEST_F(OpenClCommand, SaysWhichPlatformsThereAre) {
  const std::string run = run_of("digits") + " --limit 1 --device ";
  const test::Ended none = spikeloom(run + "opencl");
  EXPECT_EQ(none.code, 2);
  EXPECT_THAT(none.err, HasSubstr("say which platform"));
  EXPECT_THAT(none.err, HasSubstr("\"Portable Computing Language\""));
  const test::Ended other = spikeloom(run + "'opencl:?platform=Acme'");
  EXPECT_EQ(other.code, 2);
  EXPECT_THAT(other.err, HasSubstr("no platform has \"Acme\" in its name; there are"));
  EXPECT_THAT(other.err, HasSubstr("\"Portable Computing Language\""));
  const test::Ended far = spikeloom(run + "'opencl:?platform=Portable&device=7'");
  EXPECT_EQ(far.code, 2);
  EXPECT_THAT(far.err, HasSubstr("no device 7 on platform \"Portable Computing Language\""));
}

TEST_F(OpenClCommand, SaysWhenNoPlatformIsInstalled) {
  std::filesystem::create_directories(file("vendors"));
  const test::Ended ended =
      spikeloom(run_of("digits") + " --limit 1" + kDevice, "OCL_ICD_VENDORS=" + file("vendors"));
  EXPECT_EQ(ended.code, 3);
  EXPECT_THAT(ended.err, HasSubstr("no OpenCL platform is installed"));
}

TEST_F(OpenClCommand, RefusesOptionsThatItDoesNotKnow) {
  const std::string run = run_of("digits") + " --limit 1 --device ";
  for (const auto& [device, message] : std::map<std::string, std::string>{
           {"opencl:?colour=red", "no option \"colour\"; it has platform, device"},
           {"opencl:?platform=Portable&device=one", "device=one: expected a whole number"},
           {"opencl:?platform=Portable&kernels=fast", "expected auto, walk or batch"}}) {
    const test::Ended ended = spikeloom(run + "'" + device + "'");
    EXPECT_EQ(ended.code, 2) << device;
    EXPECT_THAT(ended.err, HasSubstr(message));
  }
  EXPECT_THAT(spikeloom("devices").out, HasSubstr("opencl"));
}

#ifdef SPIKELOOM_TEST_OPENCL
TEST(OpenClBuild, ShowsTheCompilersLog) {
  const cl::Device device = opencl::choose_device(kPocl, 0);
  try {
    (void)opencl::build(cl::Context(device), device, "kernel void broken() { nonsense; }", "");
    FAIL() << "built";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kDevice);
    EXPECT_THAT(error.what(), HasSubstr("the kernels do not build"));
    EXPECT_THAT(error.what(), HasSubstr("nonsense"));
  }
}
#endif

}  // namespace
}  // namespace spikeloom::testing
