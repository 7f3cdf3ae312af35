// Static inputs: a sum that is held gives every bit that the sum of every step would have given.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <optional>

#include "compiler/base/error.hpp"
#include "compiler/flow/compile.hpp"
#include "compiler/flow/static_inputs.hpp"
#include "compiler/golden/check.hpp"
#include "compiler/replay/static_savings.hpp"
#include "compiler/replay/stimulus.hpp"
#include "compiler/verify/verify.hpp"
#include "host/device/verilator_device.hpp"
#include "tests/chips/chip_named.hpp"
#include "tests/flow/expect_golden.hpp"
#include "tests/flow/random_case.hpp"

namespace spikeloom::testing {
namespace {

using test::chip_named;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
/// By population of the network as written: where it is now.
std::vector<std::size_t> places(const IntNetwork& written, const IntNetwork& now) {
  std::vector<std::size_t> result;
  for (const IntPopulation& population : written.populations)
    for (std::size_t q = 0; q < now.populations.size(); ++q)
      if (now.populations[q].name == population.name) result.push_back(q);
  return result;
}

/// The network as written beside the one that holds its sums.
void expect_same_bits(const Case& made, const IntNetwork& now) {
  const GoldenRun written = run_golden(made.network, made.data), held = run_golden(now, made.data);
  const std::vector<std::size_t> at = places(made.network, now);
  ASSERT_EQ(at.size(), made.network.populations.size());
  for (std::size_t p = 0; p < at.size(); ++p) {
    EXPECT_EQ(held.spikes[at[p]], written.spikes[p]) << p;
    EXPECT_EQ(held.potentials[at[p]], written.potentials[p]) << p;
    EXPECT_EQ(held.final_v[at[p]], written.final_v[p]) << p;
  }
  EXPECT_LE(held.synaptic_operations, written.synaptic_operations);
}

bool has_readouts(const StaticNetwork& held) {
  return std::any_of(held.network.populations.begin(), held.network.populations.end(),
                     [](const IntPopulation& p) { return p.name.ends_with(" held"); });
}

/// Static inputs into networks of any kind, recurrent ones and such with currents among them.
Case any_case(std::uint64_t seed, const Chip& chip, const CaseOptions& options) {
  const auto has_static = [](const Case& made) {
    return std::any_of(made.network.inputs.begin(), made.network.inputs.end(),
                       [](const IntInput& input) { return input.is_static; });
  };
  Case made = random_case(seed, chip, options);
  while (has_static(made)) made = random_case(seed += 1000, chip, options);
  for (Sample& sample : made.data.samples)
    for (Train& train : sample.inputs) repeat_first_steps(train);
  return made;
}

TEST(StaticInputs, HeldSumsGiveTheBitsOfSumsInEveryStep) {
  const Chip chip = chip_named("row");
  std::size_t in_currents = 0, with_bias = 0, by_readouts = 0;
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE(seed);
    const bool is_easy = seed % 2 == 0;
    const Case made =
        is_easy ? static_case(seed, chip, {.max_steps = 8}) : any_case(seed, chip, {.max_steps = 8});
    const StaticNetwork held = with_static_inputs(made.network, {kEveryInput});
    ASSERT_THAT(check(held.network).list(), IsEmpty());
    EXPECT_FALSE(held.notes.empty());
    expect_same_bits(made, held.network);
    if (HasFatalFailure()) return;
    ++(has_readouts(held) ? by_readouts : in_currents);
    const auto& first = made.network.populations[0].bias_i;
    with_bias += std::any_of(first.begin(), first.end(), [](std::int32_t b) { return b != 0; }) ? 1 : 0;
  }
  EXPECT_GT(in_currents, 80U);
  EXPECT_GT(by_readouts, 80U);
  EXPECT_GT(with_bias, 50U);
}

TEST(StaticInputs, AgreeOnModelAndRtlAndSayWhatTheySave) {
  const Chip chip = chip_named("row");
  const std::unique_ptr<Link> rtl = open_verilator(chip, {}, {});
  int in_currents = 0, by_readouts = 0;
  std::int64_t saved = 0;
  for (std::uint64_t seed = 1; (in_currents < 8 || by_readouts < 8) && seed < 300; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const CaseOptions sizes{.max_populations = 3, .max_neurons = 20, .max_inputs = 24, .max_samples = 3};
    const Case made = seed % 2 == 0 ? static_case(seed, chip, sizes) : any_case(seed, chip, sizes);
    CompileOptions options;
    options.seed = seed;
    options.tune = seed % 4 == 0;
    options.static_inputs = {kEveryInput};
    std::optional<Compilation> compilation;
    try {
      auto result = compile(CompileInput{"static.json", made.network, {}, made.data}, chip, options, {});
      if (auto* fits = std::get_if<Compilation>(&result)) compilation = std::move(*fits);
    } catch (const Error& error) {
      ASSERT_EQ(error.kind(), ErrorKind::kInput) << error.what();
    }
    if (!compilation) continue;
    const Case held{compilation->integers, made.data};
    const bool has_more = held.network.populations.size() > made.network.populations.size();
    if (++(has_more ? by_readouts : in_currents) > 8) continue;
    expect_same_bits(made, held.network);
    expect_agreement(seed, held, compilation->image, rtl.get());
    EXPECT_THAT(verify(compilation->image, held.network).faults, IsEmpty());
    EXPECT_THAT(verify(compilation->image, made.network).faults, Not(IsEmpty()));
    const StaticSavings savings = static_savings(compilation->image, made.data);
    EXPECT_EQ(run_golden(held.network, made.data).synaptic_operations +
                  static_cast<std::uint64_t>(savings.synaptic_operations),
              run_golden(made.network, made.data).synaptic_operations);
    saved += savings.synaptic_operations;
    if (HasFailure()) return;
  }
  EXPECT_GE(in_currents, 8);
  EXPECT_GE(by_readouts, 8);
  EXPECT_GT(saved, 1000);
}

/// Two inputs into one population, and a second one behind it.
Case small() {
  Case made;
  made.network.name = "small";
  made.network.inputs = {{"picture", {3}, 2, false, 1}, {"clock", {1}, 1, false, 1}};
  IntPopulation layer;
  layer.shape = {2};
  for (const IntParameter& parameter : kIntParameters) (layer.*parameter.values).assign(2, 0);
  layer.beta.assign(2, 4096);
  layer.theta.assign(2, 20);
  for (const char* name : {"layer", "behind"}) {
    layer.name = name;
    made.network.populations.push_back(layer);
  }
  const auto connect = [&](const char* name, Source from, std::uint32_t sources, std::size_t to) {
    made.network.projections.push_back({name, from, PopulationId(to), 0, 8, 0, MapForm(DenseMap{sources, 2}),
                                        std::vector<std::int16_t>(std::size_t{sources} * 2, 3)});
  };
  connect("w", InputId(0), 3, 0);
  connect("v", PopulationId(0), 2, 1);
  made.network.outputs = {{"out", {2}, PopulationId(1)}};
  made.data.ports = {{"picture", {3}}, {"clock", {1}}};
  Sample sample{"first", std::nullopt, {}};
  sample.inputs.resize(2);
  for (int t = 0; t < 4; ++t) {
    sample.inputs[0].add(1, 3);
    if (t == 2) sample.inputs[1].add(0);
    for (Train& train : sample.inputs) train.end_step();
  }
  made.data.samples = {sample};
  return made;
}

std::string refused(const IntNetwork& network, const std::vector<std::string>& names,
                    const Chip& chip = chip_named("row")) {
  try {
    (void)with_static_inputs(network, names, chip);
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing refused";
}

/// What the first population that holds, or for which a readout does, is said to do.
std::string first_note(const IntNetwork& network, const Chip& chip = chip_named("row")) {
  return with_static_inputs(network, {"picture"}, chip).notes.at(0);
}

TEST(StaticInputs, SayWhoHoldsASumAndWhy) {
  EXPECT_THAT(first_note(small().network), HasSubstr("population 'layer' holds its sum in its current"));
  const auto by_readout = [](const std::string& why) {
    return AllOf(HasSubstr("the readout 'layer held' holds its sum for population 'layer'"),
                 HasSubstr("since " + why));
  };
  Case made = small();
  made.network.projections.push_back(
      {"tick", InputId(1), PopulationId(0), 0, 8, 0, MapForm(DenseMap{1, 2}), {1, 1}});
  EXPECT_THAT(first_note(made.network),
              by_readout("it also hears 'clock', which may change within a sample"));
  made = small();
  made.network.populations[0].alpha = {0, 7};
  EXPECT_THAT(first_note(made.network),
              by_readout("it keeps a current of its own (alpha of neuron 1 is 7 of 4096)"));
  Chip none = chip_named("row");
  none.tile.current = 0;
  EXPECT_THAT(first_note(small().network, none),
              by_readout("on chip row it keeps a synaptic current, but tile.current = 0"));
  none.tile.sums = 0;
  EXPECT_THAT(refused(small().network, {"picture"}, none),
              AllOf(HasSubstr("population 'layer' cannot hold its sum, since on chip row it keeps a synaptic "
                              "current, but tile.current = 0; nor can a readout on chip row: "),
                    HasSubstr("tile.sums")));
  EXPECT_THAT(refused(small().network, {"film"}),
              HasSubstr("no input is called 'film'; the network has 'picture', 'clock'"));
}

TEST(StaticInputs, ASumThatSaturatesOtherwiseWhenItIsHeldIsAReadouts) {
  Case made = small();
  made.network.populations[0].scale = 7;
  made.network.projections[0].shift = 4;
  made.network.projections[0].weight.assign(6, 127);
  made.network.state_bits = 20;
  EXPECT_THAT(with_static_inputs(made.network, {"picture"}).notes.at(0), HasSubstr("in its current"))
      << "it saturates alike in every step";
  made.network.populations[0].bias_i = {0, 5};
  EXPECT_THAT(
      with_static_inputs(made.network, {"picture"}).notes.at(0),
      HasSubstr("since its sum can reach 0 to 2340864, beyond the 20 bits of its state, and it has biases"));
  expect_same_bits(made, with_static_inputs(made.network, {"picture"}).network);
  made.network.populations[0].bias_i = {0, 0};
  made.network.projections.push_back(made.network.projections[0]);
  made.network.projections.back().delay = 1;
  EXPECT_THAT(with_static_inputs(made.network, {"picture"}).notes.at(0),
              HasSubstr("comes in several steps (delays differ)"));
  expect_same_bits(made, with_static_inputs(made.network, {"picture"}).network);
  made.network.populations[0].bias_i.assign(2, 5);
  made.network.populations[0].shape = {2};
  made.network.projections.pop_back();
  made.network.populations[0].scale = 0;
  EXPECT_THAT(with_static_inputs(made.network, {"picture"}).notes.at(0), HasSubstr("in its current"));
  expect_same_bits(made, with_static_inputs(made.network, {"picture"}).network);
}

TEST(StaticInputs, ThatChangeWithinASampleAreRefusedWithSampleStepAndElement) {
  Case made = small();
  Train changing;
  for (int t = 0; t < 4; ++t) {
    changing.add(1, 3);
    if (t == 2) changing.add(2, 1);
    changing.end_step();
  }
  CompileOptions options;
  options.static_inputs = {"picture"};
  auto result =
      compile(CompileInput{"small.json", made.network, {}, made.data}, chip_named("row"), options, {});
  ASSERT_TRUE(std::holds_alternative<Compilation>(result)) << std::get<DoesNotFit>(result).reason;
  const Image& image = std::get<Compilation>(result).image;
  EXPECT_NO_THROW(check_data(image, made.data));
  made.data.samples[0].inputs[0] = changing;
  const auto said = HasSubstr("sample first, step 2, picture[2] = 1: the input is static");
  try {
    check_data(image, made.data);
    ADD_FAILURE() << "taken";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), said);
  }
  try {
    (void)compile(CompileInput{"small.json", made.network, {}, made.data}, chip_named("row"), options, {});
    ADD_FAILURE() << "calibrated";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), said);
  }
}

}  // namespace
}  // namespace spikeloom::testing
