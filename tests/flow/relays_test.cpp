// Delays beyond a chip's pages: the network with relays is the network without.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <tuple>

#include "compiler/chip_model/model_device.hpp"
#include "compiler/flow/compile.hpp"
#include "compiler/flow/relays.hpp"
#include "compiler/golden/check.hpp"
#include "compiler/replay/session.hpp"
#include "tests/chips/chip_named.hpp"
#include "tests/flow/expect_golden.hpp"
#include "tests/flow/random_case.hpp"

namespace spikeloom::testing {
namespace {

using test::chip_named;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
/// The populations of the first network, which the second has too, by their spikes and potentials.
void expect_same_populations(const GoldenRun& expected, const GoldenRun& found) {
  for (std::size_t p = 0; p < expected.spikes.size(); ++p) {
    EXPECT_EQ(found.spikes[p], expected.spikes[p]) << p;
    EXPECT_EQ(found.potentials[p], expected.potentials[p]) << p;
    EXPECT_EQ(found.final_v[p], expected.final_v[p]) << p;
  }
}

TEST(Relays, ChangeNoSpikeOfTheNetwork) {
  std::size_t relays = 0;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE(seed);
    Case made = random_case(seed, chip_named("mesh2x2"), {.max_steps = 20});
    Rng rng(seed);
    const auto longest = static_cast<std::uint32_t>(rng.between(1, 4));
    for (IntProjection& projection : made.network.projections)
      if (const auto* from = std::get_if<PopulationId>(&projection.from);
          rng.chance(0.6) && (from == nullptr || !made.network.populations[from->index()].is_readout()))
        projection.delay += static_cast<std::uint32_t>(rng.between(0, 3 * longest));
    const Relayed relayed = with_relays(made.network, longest, 2);
    ASSERT_THAT(check(relayed.network).list(), ::testing::IsEmpty());
    for (const IntProjection& projection : relayed.network.projections)
      EXPECT_LE(projection.delay, longest) << projection.name;
    relays += relayed.network.populations.size() - made.network.populations.size();
    EXPECT_EQ(relayed.notes.empty(), relayed.network.populations.size() == made.network.populations.size());
    expect_same_populations(run_golden(made.network, made.data), run_golden(relayed.network, made.data));
  }
  EXPECT_GT(relays, 60U) << "the delays are too short to say anything";
}

/// Two neurons that fire in turn, used at once and 3, 40 and 62 steps late.
Case late() {
  IntPopulation pair, sum;
  for (auto [population, name, size] : {std::tuple{&pair, "pair", 2U}, std::tuple{&sum, "sum", 1U}}) {
    population->name = name;
    population->kind = NeuronKind::kThreshold;
    population->shape = {size};
    for (const IntParameter& parameter : kIntParameters) (population->*parameter.values).assign(size, 0);
  }
  sum.theta = {1};
  Case made;
  made.network.name = "late";
  made.network.inputs = {{"in", {2}, 1, false, 1}};
  made.network.populations = {pair, sum};
  made.network.projections.push_back(
      {"one", InputId(0), PopulationId(0), 0, 8, 0, MapForm(DiagonalMap{2, 1}), {1, 1}});
  for (const std::uint32_t delay : {3U, 40U, 62U})  // of the first neuron only, but for the longest
    made.network.projections.push_back(
        {"by " + std::to_string(delay), PopulationId(0), PopulationId(1), delay, 8, 0,
         MapForm(SparseMap{1,
                           {0, 1, delay == 62 ? 2U : 1U},
                           delay == 62 ? std::vector<std::uint32_t>{0, 0} : std::vector<std::uint32_t>{0}}),
         delay == 62 ? std::vector<std::int16_t>{1, 1} : std::vector<std::int16_t>{1}});
  made.network.outputs = {{"out", {1}, PopulationId(1)}};
  made.data.ports = {{"in", {2}}};
  Rng rng(7);
  for (const char* id : {"first", "second"}) {
    Sample sample{id, std::nullopt, {}};
    sample.inputs.resize(1);
    for (int t = 0; t < 90; ++t) {
      for (std::uint32_t e = 0; e < 2; ++e)
        if (rng.chance(0.4)) sample.inputs[0].add(e);
      sample.inputs[0].end_step();
    }
    made.data.samples.push_back(std::move(sample));
  }
  return made;
}

TEST(Relays, LetAChipRunWhatItsPagesDoNotHold) {
  Case made = late();
  const GoldenRun wanted = run_golden(made.network, made.data);
  EXPECT_GT(std::count(wanted.spikes[1].begin(), wanted.spikes[1].end(), 1), 10);
  const Chip chip = chip_named("mesh2x2");
  auto result = compile(CompileInput{"late.json", made.network, {}, {}}, chip, {}, {});
  ASSERT_TRUE(std::holds_alternative<Compilation>(result)) << std::get<DoesNotFit>(result).reason;
  const Compilation& compilation = std::get<Compilation>(result);
  std::vector<std::string> names;
  for (const IntPopulation& population : compilation.integers.populations) names.push_back(population.name);
  EXPECT_THAT(names, ElementsAre("pair", "sum", "pair@15", "pair@30", "pair@45", "pair@60"));
  EXPECT_THAT(compilation.notes,
              ElementsAre(AllOf(HasSubstr("'pair' is used 40, 62 steps late, more than the 15 steps"),
                                HasSubstr("'pair@15' (2), 'pair@30' (2), 'pair@45' (2), 'pair@60' (2)"))));
  EXPECT_GE(compilation.image.application.clusters.size(), 6U);
  made.network = compilation.integers;
  const GoldenRun golden = run_golden(made.network, made.data);
  expect_same_populations(wanted, golden);
  const std::unique_ptr<ModelLink> model = open_model(chip);
  expect_golden(made, compilation.image, Session(*model, compilation.image, {}).run(made.data), golden);
}

/// Integers of four planes, with sign and without, used 40 and 17 steps late: weights of both signs, one the
/// lowest that eight bits hold, which has no opposite.
TEST(Relays, RepeatTheIntegersOfBitPlanes) {
  for (const bool is_signed : {false, true}) {
    Case made = late();
    made.network.inputs[0].planes = 4;
    made.network.inputs[0].is_signed = is_signed;
    IntPopulation& sum = made.network.populations[1];
    sum.kind = NeuronKind::kLi;  // its potential is what came in
    sum.beta = {0};
    made.network.projections = {
        {"now", InputId(0), PopulationId(0), 0, 8, 0, MapForm(DiagonalMap{2, 1}), {1, 1}},
        {"17", InputId(0), PopulationId(1), 17, 8, 1, MapForm(SparseMap{1, {0, 1, 2}, {0, 0}}), {-128, 77}},
        {"40", InputId(0), PopulationId(1), 40, 8, 0, MapForm(SparseMap{1, {0, 0, 1}, {0}}), {-5}}};
    made.network.outputs.front().from = PopulationId(1);
    Rng rng(8);
    for (Sample& sample : made.data.samples) {
      sample.inputs.assign(1, {});
      for (int t = 0; t < 90; ++t) {
        for (std::uint32_t e = 0; e < 2; ++e)
          sample.inputs[0].add(e, static_cast<double>(is_signed ? rng.between(-8, 7) : rng.between(0, 15)));
        sample.inputs[0].end_step();
      }
    }
    const GoldenRun wanted = run_golden(made.network, made.data);
    std::set<std::int32_t> reached(wanted.potentials[1].begin(), wanted.potentials[1].end());
    EXPECT_GT(reached.size(), 60U);
    const Chip chip = chip_named("mesh4x4");
    CompileOptions options;
    options.spread = Spread::kFewest;
    auto result = compile(CompileInput{"late.json", made.network, {}, {}}, chip, options, {});
    ASSERT_TRUE(std::holds_alternative<Compilation>(result)) << std::get<DoesNotFit>(result).reason;
    const Compilation& compilation = std::get<Compilation>(result);
    EXPECT_THAT(compilation.notes, ElementsAre(AllOf(HasSubstr("'in' is used 17, 40 steps late"),
                                                     HasSubstr("'in@15.3' (2), 'in@15.2' (2), 'in@15.1' (2), "
                                                               "'in@15.0' (2), 'in@30.3' (1)"))));
    made.network = compilation.integers;
    const GoldenRun golden = run_golden(made.network, made.data);
    expect_same_populations(wanted, golden);
    const std::unique_ptr<ModelLink> model = open_model(chip);
    expect_golden(made, compilation.image, Session(*model, compilation.image, {}).run(made.data), golden);
  }
}

TEST(Compile, RefusesAMillionNeuronsForOneTileFromTheirNumber) {
  IntPopulation many;
  many.name = "many";
  many.shape = {1000, 1000};
  for (const IntParameter& parameter : kIntParameters) (many.*parameter.values).assign(1'000'000, 0);
  IntNetwork network;
  network.name = "large";
  network.inputs = {{"in", {1}, 1, false, 1}};
  network.populations = {many};
  network.projections.push_back(
      {"one", InputId(0), PopulationId(0), 0, 8, 0, MapForm(SparseMap{1'000'000, {0, 1}, {0}}), {1}});
  network.outputs = {{"out", {1000, 1000}, PopulationId(0)}};
  const Chip chip = chip_named("tile1");
  std::vector<std::string> stages;
  const auto result = compile(CompileInput{"large.json", network, {}, {}}, chip, {},
                              [&](const std::string& stage) { stages.push_back(stage); });
  ASSERT_TRUE(std::holds_alternative<DoesNotFit>(result));
  EXPECT_THAT(
      std::get<DoesNotFit>(result).reason,
      AllOf(HasSubstr("1000000 neurons in 1 population need at least"), HasSubstr("such tiles is needed")));
  EXPECT_THAT(stages, ElementsAre("sizes")) << "work was done before";
}

}  // namespace
}  // namespace spikeloom::testing
