// Fan-in beyond a tile: the network in parts is the network, and chips run it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <optional>

#include "compiler/chip_model/model_device.hpp"
#include "compiler/flow/compile.hpp"
#include "compiler/flow/parts.hpp"
#include "compiler/flow/stage_options.hpp"
#include "compiler/golden/accumulator.hpp"
#include "compiler/golden/check.hpp"
#include "compiler/verify/verify.hpp"
#include "host/device/verilator_device.hpp"
#include "spikeloom_hw.hpp"
#include "tests/chips/chip_named.hpp"
#include "tests/flow/expect_golden.hpp"
#include "tests/flow/random_case.hpp"
#include "tests/quantize/networks.hpp"

namespace spikeloom::testing {
namespace {

using test::chip_named;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
/// The populations of the network in its parts, by their spikes and potentials.
void expect_same_populations(const GoldenRun& expected, const GoldenRun& found,
                             const std::vector<PopulationId>& now) {
  for (std::size_t p = 0; p < expected.spikes.size(); ++p) {
    const std::size_t q = now[p].index();
    EXPECT_EQ(found.spikes[q], expected.spikes[p]) << p;
    EXPECT_EQ(found.potentials[q], expected.potentials[p]) << p;
    EXPECT_EQ(found.final_v[q], expected.final_v[p]) << p;
    EXPECT_EQ(found.final_i[q], expected.final_i[p]) << p;
  }
  EXPECT_EQ(found.synaptic_operations, expected.synaptic_operations);
}

TEST(Parts, ChangeNothingButWhereSumsAreTaken) {
  const Chip chip = chip_named("mesh2x2");
  std::size_t parts = 0;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    SCOPED_TRACE(seed);
    const Case made = random_case(seed, chip, {.max_inputs = 100, .max_steps = 8});
    Rng rng(seed);
    std::vector<Shares> shares;
    for (std::size_t p = 0; p < made.network.populations.size(); ++p)
      shares.push_back(
          {1 + static_cast<std::uint32_t>(rng.below(6)), static_cast<ShareOrder>(rng.below(kShareOrders))});
    EXPECT_EQ(named(made.network, shares_named(made.network, named(made.network, shares))),
              named(made.network, shares));
    const Parted parted = in_parts(made.network, shares);
    ASSERT_THAT(check(parted.network).list(), IsEmpty());
    parts += parted.network.populations.size() - made.network.populations.size();
    expect_same_populations(run_golden(made.network, made.data), run_golden(parted.network, made.data),
                            parted.now);
    // Of the whole sum's bounds: a part's are within them, the owner's are the same.
    const std::vector<AccumulatorBound> whole = accumulator_bounds(made.network),
                                        of_parts = accumulator_bounds(parted.network);
    for (std::size_t p = 0, q = 0; p < whole.size(); ++p)
      for (; q <= parted.now[p].index(); ++q) {
        EXPECT_GE(of_parts[q].lowest, whole[p].lowest);
        EXPECT_LE(of_parts[q].highest, whole[p].highest);
        if (q != parted.now[p].index()) continue;
        EXPECT_EQ(of_parts[q].lowest, whole[p].lowest);
        EXPECT_EQ(of_parts[q].highest, whole[p].highest);
      }
  }
  EXPECT_GT(parts, 100U) << "the networks have too few sources to say anything";
}

/// A dense layer of so many inputs and neurons, and data for it.
Case dense(std::uint32_t inputs, std::uint32_t neurons, const Chip& chip) {
  Rng rng(inputs);
  Case made;
  made.network.name = "dense";
  made.network.state_bits = chip.tile.state_bits;
  made.network.inputs = {{"in", {inputs}, 1, false, 1}};
  IntPopulation layer;
  layer.name = "layer";
  layer.shape = {neurons};
  for (const IntParameter& parameter : kIntParameters) (layer.*parameter.values).assign(neurons, 0);
  layer.beta.assign(neurons, 3000);
  layer.theta.assign(neurons, 200);
  made.network.populations = {layer};
  IntProjection projection{"w", InputId(0), PopulationId(0), 0, 8, 0, MapForm(DenseMap{inputs, neurons}), {}};
  for (std::size_t k = 0; k < std::size_t{inputs} * neurons; ++k)
    projection.weight.push_back(static_cast<std::int16_t>(rng.between(-128, 127)));
  made.network.projections = {projection};
  made.network.outputs = {{"out", {neurons}, PopulationId(0)}};
  made.data.ports = {{"in", {inputs}}};
  for (const char* id : {"first", "second"}) {
    Sample sample{id, std::nullopt, {}};
    sample.inputs.resize(1);
    for (int t = 0; t < 6; ++t) {
      for (std::uint32_t e = 0; e < inputs; ++e)
        if (rng.chance(0.2)) sample.inputs[0].add(e);
      sample.inputs[0].end_step();
    }
    made.data.samples.push_back(std::move(sample));
  }
  return made;
}

TEST(Parts, LetAChipRunADenseLayerOfTwiceATilesAxons) {
  const Chip chip = chip_named("mesh2x2");
  const std::uint32_t axons = 16 * chip.tile.page_chunks;
  const Case made = dense(2 * axons, 20, chip);
  auto result = compile(CompileInput{"dense.json", made.network, {}, {}}, chip, {}, {});
  ASSERT_TRUE(std::holds_alternative<Compilation>(result)) << std::get<DoesNotFit>(result).reason;
  const Compilation& compilation = std::get<Compilation>(result);
  EXPECT_GT(compilation.integers.populations.size(), 1U);
  EXPECT_THAT(compilation.notes,
              ElementsAre(AllOf(HasSubstr("of taking sums in parts were placed"), HasSubstr("layer=file:")),
                          HasSubstr("'layer' are beyond a tile")));
  const Case parted{compilation.integers, made.data};
  const GoldenRun wanted = run_golden(made.network, made.data);
  EXPECT_GT(std::count(wanted.spikes[0].begin(), wanted.spikes[0].end(), 1), 10);
  expect_same_populations(wanted, run_golden(parted.network, made.data),
                          {PopulationId(compilation.integers.populations.size() - 1)});
  const std::unique_ptr<Link> rtl = open_verilator(chip, {}, {});
  expect_agreement(0, parted, compilation.image, rtl.get());
}

/// Nothing where the chip has not room for it.
std::optional<Compilation> compiled(const IntNetwork& network, const Chip& chip,
                                    const CompileOptions& options) {
  try {
    auto result = compile(CompileInput{network.name + ".json", network, {}, {}}, chip, options, {});
    if (auto* fits = std::get_if<Compilation>(&result)) return std::move(*fits);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kInput) throw;
  }
  return std::nullopt;
}

/// A dense layer behind a feature map of 16 channels, which its clusters number by position.
Case dense_behind_map(std::uint32_t height, std::uint32_t width, std::uint32_t neurons, const Chip& chip) {
  constexpr std::uint32_t kChannels = 16;
  const std::uint32_t area = height * width;
  Case made = dense(kChannels * area, neurons, chip);
  IntNetwork& network = made.network;
  network.inputs = {{"in", {1, height, width}, 1, false, 1}};
  network.projections[0].from = PopulationId(0);
  network.projections[0].to = PopulationId(1);
  network.outputs[0].from = PopulationId(1);
  IntPopulation map = network.populations[0];
  map.name = "map";
  map.shape = {kChannels, height, width};
  for (const IntParameter& parameter : kIntParameters)
    (map.*parameter.values).assign(kChannels * area, std::int32_t{(map.*parameter.values)[0]});
  network.populations.insert(network.populations.begin(), map);
  WindowMap window;
  window.inputs = 1;
  window.outputs = kChannels;
  window.in = window.out = {height, width};
  window.kernel = {3, 3};
  window.before = {1, 1};
  IntProjection moved{"conv", InputId(0), PopulationId(0), 0, 8, 0, MapForm(window), {}};
  Rng rng(area);
  for (std::size_t k = 0; k < moved.form.weights(); ++k)
    moved.weight.push_back(static_cast<std::int16_t>(rng.between(-60, 100)));
  network.projections.insert(network.projections.begin(), std::move(moved));
  made.data.ports = {{"in", {1, height, width}}};
  for (Sample& sample : made.data.samples) {
    Train train;
    for (std::size_t t = 0; t < sample.steps(); ++t) {
      for (std::uint32_t e = 0; e < area; ++e)
        if (rng.chance(0.4)) train.add(e);
      train.end_step();
    }
    sample.inputs[0] = std::move(train);
  }
  return made;
}

/// Some channels of a map lie in all of its chunks, some positions in some of them.
TEST(Parts, OfAMapThatIsReadAsAWholeArePositions) {
  const Chip chip = chip_named("slim");
  std::unique_ptr<Link> rtl;
  constexpr std::uint32_t kSizes[][3] = {{4, 8, 2}, {4, 4, 4}};
  for (const auto& [height, width, neurons] : kSizes) {
    SCOPED_TRACE(width);
    const Case made = dense_behind_map(height, width, neurons, chip);
    ASSERT_THAT(check(made.network).list(), IsEmpty());
    CompileOptions options;
    options.spread = Spread::kFewest;
    options.tune = false;
    const auto compilation = compiled(made.network, chip, options);
    ASSERT_TRUE(compilation) << "the chip has not room for it";
    // As many as the page has room for: 4 of 8 chunks are the map's.
    EXPECT_EQ(compilation->integers.populations.size(), 1 + height * width / 4);
    const GoldenRun wanted = run_golden(made.network, made.data);
    EXPECT_GT(std::count(wanted.spikes[1].begin(), wanted.spikes[1].end(), 1), 3);
    expect_same_populations(wanted, run_golden(compilation->integers, made.data),
                            {PopulationId(0), PopulationId(compilation->integers.populations.size() - 1)});
    if (!rtl) rtl = open_verilator(chip, {}, {});
    expect_agreement(0, {compilation->integers, made.data}, compilation->image, rtl.get());
    EXPECT_THAT(verify(compilation->image, compilation->integers).faults, IsEmpty());
  }
}

/// The dense layer is a convolution over the map, its geometry drawn.
Case convolution_behind_map(std::uint64_t seed, std::uint32_t height, std::uint32_t width, const Chip& chip) {
  Rng rng(seed);
  Case made = dense_behind_map(height, width, 1, chip);
  IntProjection& projection = made.network.projections.back();
  WindowMap window;
  window.inputs = 16;
  window.groups = rng.chance(0.3) ? 2 : 1;
  window.outputs = window.groups * static_cast<std::uint32_t>(1 + rng.below(2));
  window.in = {height, width};
  for (std::size_t axis = 0; axis < 2; ++axis) {
    window.kernel[axis] = static_cast<std::uint32_t>(2 + rng.below(3));
    window.stride[axis] = static_cast<std::uint32_t>(1 + rng.below(2));
    window.dilation[axis] = rng.chance(0.2) ? 2 : 1;
    window.before[axis] = static_cast<std::uint32_t>(rng.below(3));
    window.out[axis] = static_cast<std::uint32_t>(1 + rng.below(2));
  }
  projection.form = MapForm(window);
  projection.weight.clear();
  for (std::size_t k = 0; k < projection.form.weights(); ++k)
    projection.weight.push_back(static_cast<std::int16_t>(rng.between(-128, 127)));
  IntPopulation& layer = made.network.populations.back();
  layer.shape = {window.outputs, window.out[0], window.out[1]};
  for (const IntParameter& parameter : kIntParameters)
    (layer.*parameter.values)
        .assign(volume(layer.shape),
                (layer.*parameter.values).empty() ? 0 : std::int32_t{(layer.*parameter.values)[0]});
  made.network.outputs[0].shape = layer.shape;
  return made;
}

TEST(Parts, OfAConvolutionMayBeRowsOfItsKernel) {
  const Chip chip = chip_named("mesh2x2");
  std::size_t parts = 0, uneven = 0;
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    SCOPED_TRACE(seed);
    const Case made = convolution_behind_map(seed, 5, 4, chip);
    ASSERT_THAT(check(made.network).list(), IsEmpty());
    const auto* window = made.network.projections.back().form.as<WindowMap>();
    const std::uint32_t shares = 2 + static_cast<std::uint32_t>(seed) % (window->taps() + 1);
    const Parted parted = in_parts(made.network, {{}, {shares, ShareOrder::kKernel}});
    ASSERT_THAT(check(parted.network).list(), IsEmpty());
    parts += parted.network.populations.size() - 2;
    uneven += window->taps() % window->kernel[1] != 0 || shares > window->kernel[0] ? 1 : 0;
    std::size_t weights = 0;
    for (const IntProjection& p : parted.network.projections)
      if (p.form.as<WindowMap>() != nullptr) weights += p.weight.size();
    EXPECT_LE(weights, made.network.projections[0].weight.size() + made.network.projections[1].weight.size());
    expect_same_populations(run_golden(made.network, made.data), run_golden(parted.network, made.data),
                            parted.now);
    const auto whole = accumulator_bounds(made.network).back(),
               of_owner = accumulator_bounds(parted.network).back();
    EXPECT_EQ(of_owner.lowest, whole.lowest);
    EXPECT_EQ(of_owner.highest, whole.highest);
  }
  EXPECT_GT(parts, 300U);
  EXPECT_GT(uneven, 50U);
}

/// Channels of a position share a chunk, so shares of channels would read as many chunks as the whole.
TEST(Parts, OfAConvolutionBeyondATileAgreeOnModelAndRtl) {
  const Chip chip = chip_named("slim");
  const std::unique_ptr<Link> rtl = open_verilator(chip, {}, {});
  int split = 0, by_kernel = 0;
  std::size_t spikes = 0;
  for (std::uint64_t seed = 1; split < 8; ++seed) {
    ASSERT_LT(seed, 200U) << "hardly any network fits";
    SCOPED_TRACE("seed " + std::to_string(seed));
    const Case made = convolution_behind_map(seed, 4, 4, chip);
    CompileOptions options;
    options.seed = seed;
    options.spread = seed % 2 == 0 ? Spread::kFewest : Spread::kPaired;
    options.tune = seed % 3 == 0;
    const auto compilation = compiled(made.network, chip, options);
    if (!compilation || compilation->integers.populations.size() == 2) continue;
    ++split;
    for (const IntProjection& p : compilation->integers.projections)
      if (const auto* window = p.form.as<WindowMap>();
          window != nullptr && p.to != PopulationId(0) &&
          window->taps() < made.network.projections[1].form.as<WindowMap>()->taps()) {
        ++by_kernel;
        break;
      }
    const GoldenRun wanted = run_golden(made.network, made.data);
    spikes += static_cast<std::size_t>(std::count(wanted.spikes[1].begin(), wanted.spikes[1].end(), 1));
    expect_same_populations(wanted, run_golden(compilation->integers, made.data),
                            {PopulationId(0), PopulationId(compilation->integers.populations.size() - 1)});
    expect_agreement(seed, {compilation->integers, made.data}, compilation->image, rtl.get());
    EXPECT_THAT(verify(compilation->image, compilation->integers).faults, IsEmpty());
    if (HasFatalFailure()) return;
  }
  EXPECT_GT(by_kernel, 3);
  EXPECT_GT(spikes, 10U);
}

/// Of wide convolutions that were compiled and run: how many in parts, and of which kind.
struct WideRuns {
  int split = 0, by_kernel = 0, by_other = 0;
  std::size_t spikes = 0;
};

/// Runs `wanted` wide convolutions that fit, from this seed on.
WideRuns run_wide_convolutions(const Chip& chip, std::uint64_t first_seed, int wanted, std::uint64_t most,
                               Link* rtl) {
  WideRuns runs;
  for (std::uint64_t seed = first_seed; runs.split < wanted && seed < first_seed + most; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const Case made = wide_convolution_case(seed, chip);
    CompileOptions options;
    options.seed = seed;
    options.spread = Spread::kFewest;
    options.tune = seed % 3 == 0;
    const auto compilation = compiled(made.network, chip, options);
    if (!compilation || compilation->parts.empty()) continue;
    ++runs.split;
    const std::string& way = compilation->parts.at("layer");
    ++(way.starts_with("kernel:") ? runs.by_kernel : runs.by_other);
    const GoldenRun wanted_run = run_golden(made.network, made.data),
                    found = run_golden(compilation->integers, made.data);
    EXPECT_EQ(found.spikes.back(), wanted_run.spikes.back());
    EXPECT_EQ(found.final_v.back(), wanted_run.final_v.back());
    EXPECT_EQ(found.synaptic_operations, wanted_run.synaptic_operations);
    runs.spikes += static_cast<std::size_t>(
        std::count(wanted_run.spikes.back().begin(), wanted_run.spikes.back().end(), 1));
    expect_agreement(seed, {compilation->integers, made.data}, compilation->image, rtl);
    EXPECT_THAT(verify(compilation->image, compilation->integers).faults, IsEmpty());
    if (::testing::Test::HasFailure()) break;
  }
  return runs;
}

/// Stride, padding, dilation, groups, several sources, residual adds: golden = model, and RTL.
TEST(Parts, RandomWideConvolutionsAgreeOnModelAndRtl) {
  const Chip chip = chip_named("slim");
  const std::unique_ptr<Link> rtl = open_verilator(chip, {}, {});
  const WideRuns runs = run_wide_convolutions(chip, 1, 5, 40, rtl.get());
  EXPECT_EQ(runs.split, 5) << "hardly any network fits";
  EXPECT_GT(runs.spikes, 10U);
}

TEST(LargeParts, RandomWideConvolutionsAgreeOnModelAndRtl) {
  const Chip chip = chip_named("slim");
  const std::unique_ptr<Link> rtl = open_verilator(chip, {}, {});
  const WideRuns on_rtl = run_wide_convolutions(chip, 1000, 30, 300, rtl.get());
  EXPECT_EQ(on_rtl.split, 30) << "hardly any network fits";
  const WideRuns runs = run_wide_convolutions(chip, 2000, 150, 1000, nullptr);
  EXPECT_EQ(runs.split, 150) << "hardly any network fits";
  EXPECT_GT(runs.by_kernel, 20);
  EXPECT_GT(runs.by_other, 20);
  EXPECT_GT(runs.spikes, 1000U);
}

/// Where smaller clusters are asked for, their last chunks are not full, and a page holds fewer of them.
TEST(Parts, AreDecidedWithTheOptionsInForce) {
  const Chip chip = chip_named("slim");
  int other = 0;
  for (std::uint32_t neurons = 2; neurons <= 6; ++neurons) {
    SCOPED_TRACE(neurons);
    const Case made = dense_behind_map(4, 4, neurons, chip);
    CompileOptions options;
    options.clusters = {{"map", 16}};
    const auto any_wide = [&](const std::vector<std::vector<Shares>>& ways) {
      return std::any_of(ways.begin(), ways.end(), [&](const std::vector<Shares>& shares) {
        const IntNetwork network = in_parts(made.network, shares).network;
        return !too_wide(network, chip, {.least_clusters = wanted_clusters(network, options)}).empty();
      });
    };
    const auto ways = ways_of_sharing(made.network, chip, options);
    EXPECT_FALSE(ways.empty());
    EXPECT_FALSE(any_wide(ways));
    other += any_wide(ways_of_sharing(made.network, chip, {})) ? 1 : 0;
  }
  EXPECT_GT(other, 2);
}

/// Two clusters a tile have half-full chunks and many channels: fewer are taken where they do not fit.
TEST(Spreads, InPairsFitWhereverTheFewestDo) {
  const Chip chip = chip_named("slim");
  int fewer = 0, compared = 0;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE(seed);
    const Case made = seed % 2 == 0 ? convolution_behind_map(seed, 4, 4, chip)
                                    : dense_behind_map(4, 4, 1 + static_cast<std::uint32_t>(seed) % 6, chip);
    CompileOptions options;
    options.spread = Spread::kFewest;
    options.tune = false;
    if (!compiled(made.network, chip, options)) continue;
    ++compared;
    options.spread = Spread::kPaired;
    const auto paired = compiled(made.network, chip, options);
    ASSERT_TRUE(paired);
    fewer += std::any_of(paired->notes.begin(), paired->notes.end(),
                         [](const std::string& note) {
                           return note.find("(--spread paired) do not fit") != std::string::npos;
                         })
                 ? 1
                 : 0;
    EXPECT_THAT(verify(paired->image, paired->integers).faults, IsEmpty());
  }
  EXPECT_GT(compared, 10);
  EXPECT_GT(fewer, 1);
  EXPECT_LT(fewer, compared);
}

/// Most sources of a neuron, in axons.
std::size_t fan_in(const IntNetwork& network) {
  std::size_t most = 0;
  for (std::size_t p = 0; p < network.populations.size(); ++p) {
    std::size_t axons = 0;
    for (const IntProjection& projection : network.projections) {
      if (projection.to.index() != p) continue;
      const auto* input = std::get_if<InputId>(&projection.from);
      axons += input != nullptr ? network.inputs[input->index()].axons() : projection.form.sources();
    }
    most = std::max(most, axons);
  }
  return most;
}

/// Up to eight times what a page of the chip holds comes into a neuron; several populations, recurrence, bit
/// planes and delays as in every random case.
TEST(Parts, RandomNetworksOfManyInputsAgreeOnModelAndRtl) {
  const Chip chip = chip_named("slim");
  const std::size_t axons = std::size_t{16} * chip.tile.page_chunks;
  const std::unique_ptr<Link> rtl = open_verilator(chip, {}, {});
  int split = 0, far = 0;
  for (std::uint64_t seed = 1; split < 12; ++seed) {
    ASSERT_LT(seed, 400U) << "hardly any network fits";
    const Case made = random_case(seed, chip,
                                  {.max_populations = 2,
                                   .max_neurons = 6,
                                   .max_inputs = static_cast<std::uint32_t>(8 * axons),
                                   .max_samples = 2,
                                   .max_steps = 5});
    if (fan_in(made.network) <= axons || fan_in(made.network) > 8 * axons) continue;
    CompileOptions options;
    options.seed = seed;
    options.spread = Spread::kFewest;
    options.tune = seed % 3 == 0;
    const auto compilation = compiled(made.network, chip, options);
    if (!compilation || compilation->integers.populations.size() == made.network.populations.size()) continue;
    ++split;
    far += fan_in(made.network) > 4 * axons ? 1 : 0;
    SCOPED_TRACE("seed " + std::to_string(seed));
    const Case parted{compilation->integers, made.data};
    const GoldenRun wanted = run_golden(made.network, made.data),
                    found = run_golden(parted.network, made.data);
    EXPECT_EQ(found.synaptic_operations, wanted.synaptic_operations);
    for (std::size_t p = 0; p < made.network.populations.size(); ++p)
      for (std::size_t q = 0; q < parted.network.populations.size(); ++q)
        if (parted.network.populations[q].name == made.network.populations[p].name) {
          EXPECT_EQ(found.spikes[q], wanted.spikes[p]);
          EXPECT_EQ(found.potentials[q], wanted.potentials[p]);
        }
    expect_agreement(seed, parted, compilation->image, rtl.get());
    EXPECT_THAT(verify(compilation->image, compilation->integers).faults, IsEmpty());
    if (HasFatalFailure()) return;
  }
  EXPECT_GT(far, 2) << "few networks are beyond four tiles";
}

/// Spikes into a readout, its potentials by small weights into neurons and, late, into itself.
Case read_out_between(std::uint64_t seed, const Chip& chip) {
  Rng rng(seed);
  const auto number = [&](std::int64_t low, std::int64_t high) {
    return static_cast<std::int32_t>(rng.between(low, high));
  };
  Case made;
  made.network.name = "between";
  made.network.state_bits = chip.tile.state_bits;
  const auto inputs = static_cast<std::uint32_t>(number(2, 30));
  made.network.inputs = {{"in", {inputs}, 1, false, 1}};
  const auto population = [&](const char* name, NeuronKind kind, std::uint32_t size) {
    IntPopulation p;
    p.name = name;
    p.kind = kind;
    p.shape = {size};
    for (const IntParameter& parameter : kIntParameters) (p.*parameter.values).assign(size, 0);
    for (std::uint32_t j = 0; j < size; ++j) {
      p.beta[j] = number(0, 2500);
      p.bias_i[j] = number(-3, 3);
      p.theta[j] = number(0, 60);
    }
    made.network.populations.push_back(p);
    return size;
  };
  const auto sums = population("sums", NeuronKind::kLi, static_cast<std::uint32_t>(number(1, 12)));
  const auto spikes = population("spikes", NeuronKind::kLif, static_cast<std::uint32_t>(number(1, 20)));
  const auto connect = [&](Source from, std::uint32_t sources, PopulationId to, std::uint32_t targets,
                           std::uint32_t delay) {
    IntProjection projection{"w" + std::to_string(made.network.projections.size()),
                             from,
                             to,
                             delay,
                             2,
                             0,
                             MapForm(DenseMap{sources, targets}),
                             {}};
    for (std::uint32_t k = 0; k < sources * targets; ++k)
      projection.weight.push_back(static_cast<std::int16_t>(number(-2, 1)));
    made.network.projections.push_back(std::move(projection));
  };
  connect(InputId(0), inputs, PopulationId(0), sums, 0);
  connect(PopulationId(0), sums, PopulationId(1), spikes, static_cast<std::uint32_t>(rng.below(3)));
  if (rng.chance(0.5)) connect(PopulationId(1), spikes, PopulationId(0), sums, 1);
  made.network.outputs = {{"o", {spikes}, PopulationId(1)}};
  if (rng.chance(0.5)) made.network.outputs.push_back({"v", {sums}, PopulationId(0)});
  made.data.ports = {{"in", {inputs}}};
  for (int n = 0; n < 2; ++n) {
    Sample sample{std::to_string(n), std::nullopt, {}};
    sample.inputs.resize(1);
    for (int t = 0; t < 8; ++t) {
      for (std::uint32_t e = 0; e < inputs; ++e)
        if (rng.chance(0.5)) sample.inputs[0].add(e);
      sample.inputs[0].end_step();
    }
    made.data.samples.push_back(std::move(sample));
  }
  return made;
}

TEST(Readouts, ThatFeedOthersAgreeOnModelAndRtl) {
  const Chip chip = chip_named("slim");
  const std::unique_ptr<Link> rtl = open_verilator(chip, {}, {});
  int done = 0;
  std::size_t spikes = 0;
  for (std::uint64_t seed = 1; done < 12; ++seed) {
    ASSERT_LT(seed, 100U) << "hardly any network fits";
    SCOPED_TRACE("seed " + std::to_string(seed));
    const Case made = read_out_between(seed, chip);
    CompileOptions options;
    options.seed = seed;
    options.tune = false;
    const auto compilation = compiled(made.network, chip, options);
    if (!compilation) continue;
    ++done;
    const GoldenRun golden = run_golden(made.network, made.data);
    spikes += static_cast<std::size_t>(std::count(golden.spikes[1].begin(), golden.spikes[1].end(), 1));
    expect_agreement(seed, made, compilation->image, rtl.get());
    EXPECT_THAT(verify(compilation->image, made.network).faults, IsEmpty());
    if (HasFatalFailure()) return;
  }
  EXPECT_GT(spikes, 50U);
}

/// The same from real numbers, as NIR has them: the quantiser chooses how many bits of a potential go on.
Network real_readout_between(Rng& rng, std::uint32_t inputs, std::uint32_t sums, std::uint32_t spikes) {
  Network net = test::one_layer(inputs, sums, [&](std::size_t, std::size_t) { return rng.unit() - 0.4; });
  net.populations[0].name = "sums";
  net.populations[0].kind = NeuronKind::kLi;
  for (double& beta : net.populations[0].beta) beta = 0.2 + 0.5 * rng.unit();
  net.populations.push_back(test::real_population("spikes", spikes));
  net.projections.push_back(
      test::real_projection("w", PopulationId(0), sums, PopulationId(1), spikes,
                            [&](std::size_t, std::size_t) { return rng.unit() - 0.4; }));
  net.projections.back().delay = static_cast<std::uint32_t>(rng.below(3));
  net.outputs = {{"o", {spikes}, PopulationId(1)}, {"v", {sums}, PopulationId(0)}};
  return net;
}

TEST(Readouts, OfRealNetworksThatFeedOthersAgreeOnModelAndRtl) {
  const Chip chip = chip_named("slim");
  const std::unique_ptr<Link> rtl = open_verilator(chip, {}, {});
  int done = 0;
  std::size_t fired = 0;
  for (std::uint64_t seed = 1; done < 8; ++seed) {
    ASSERT_LT(seed, 60U) << "hardly any network fits";
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng(seed);
    const auto inputs = static_cast<std::uint32_t>(rng.between(2, 16));
    const auto sums = static_cast<std::uint32_t>(rng.between(1, 8));
    const auto spikes = static_cast<std::uint32_t>(rng.between(1, 20));
    CompileOptions options;
    options.seed = seed;
    options.tune = false;
    std::optional<Compilation> compilation;
    try {
      auto result = compile(CompileInput{"real.nir", real_readout_between(rng, inputs, sums, spikes), {}, {}},
                            chip, options, {});
      if (auto* fits = std::get_if<Compilation>(&result)) compilation = std::move(*fits);
    } catch (const Error& error) {
      ASSERT_EQ(error.kind(), ErrorKind::kInput) << error.what();
    }
    if (!compilation) continue;
    ++done;
    Case made{compilation->integers, {}};
    made.data.ports = {{"in", {inputs}}};
    Sample sample{"0", std::nullopt, {}};
    sample.inputs.resize(1);
    for (int t = 0; t < 10; ++t) {
      for (std::uint32_t e = 0; e < inputs; ++e)
        if (rng.chance(0.5)) sample.inputs[0].add(e);
      sample.inputs[0].end_step();
    }
    made.data.samples = {sample};
    const GoldenRun golden = run_golden(made.network, made.data);
    fired += static_cast<std::size_t>(std::count(golden.spikes[1].begin(), golden.spikes[1].end(), 1));
    expect_agreement(seed, made, compilation->image, rtl.get());
    EXPECT_THAT(verify(compilation->image, made.network).faults, IsEmpty());
    if (HasFatalFailure()) return;
  }
  EXPECT_GT(fired, 30U);
}

TEST(Readouts, WhosePotentialsNoAccumulatorHoldsAreRefusedByName) {
  const Chip chip = chip_named("slim");
  Case made = read_out_between(1, chip);
  made.network.populations[0].beta.assign(made.network.populations[0].size(), 4096);
  try {
    (void)compile(CompileInput{"far.json", made.network, {}, {}}, chip, {}, {});
    FAIL() << "compiled";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("the potentials of readout 'sums' need 24 bits"));
  }
}

/// A bit that tells the halves of a number apart is changed: the tables are another network's.
TEST(Parts, ASumThatIsTakenForAnotherIsFound) {
  const Chip chip = chip_named("mesh2x2");
  const Case made = dense(2 * 16 * chip.tile.page_chunks, 6, chip);
  CompileOptions options;
  options.tune = false;
  auto compilation = compiled(made.network, chip, options);
  ASSERT_TRUE(compilation);
  ASSERT_THAT(verify(compilation->image, compilation->integers).faults, IsEmpty());
  std::size_t found = 0, numbers = 0;
  for (Cluster& cluster : compilation->image.application.clusters) {
    std::vector<std::uint32_t>& words = cluster.tables.windows[0].words;  // the chunk table
    for (std::size_t chunk = 0; chunk < cluster.page_chunks(); ++chunk) {
      std::uint32_t& part = words[chunk * hw::MemChunkEntry::kParts + 1];
      auto entry = hw::MemChunkEntry::unpack(
          {words[chunk * hw::MemChunkEntry::kParts], part, words[chunk * hw::MemChunkEntry::kParts + 2]});
      if (entry.value == 0) continue;
      ++numbers;
      const std::uint32_t was = part;
      entry.half = 1 - entry.half;
      part = entry.pack()[1];
      if (!verify(compilation->image, compilation->integers).faults.empty()) ++found;
      part = was;
    }
  }
  EXPECT_GT(numbers, 20U);
  EXPECT_EQ(found, numbers);
}

}  // namespace
}  // namespace spikeloom::testing
