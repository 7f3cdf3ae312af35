// Static inputs: a sum that is held gives every bit that the sum of every step would have given.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>
#include <memory>
#include <optional>

#include "compiler/base/error.hpp"
#include "compiler/base/rng.hpp"
#include "compiler/chip_model/model_device.hpp"
#include "compiler/flow/compile.hpp"
#include "compiler/flow/static_inputs.hpp"
#include "compiler/golden/check.hpp"
#include "compiler/replay/session.hpp"
#include "compiler/replay/static_savings.hpp"
#include "compiler/replay/stimulus.hpp"
#include "compiler/schedule/schedule.hpp"
#include "compiler/verify/verify.hpp"
#include "host/device/verilator_device.hpp"
#include "host/run/report.hpp"
#include "tests/chips/chip_named.hpp"
#include "tests/flow/expect_golden.hpp"
#include "tests/flow/random_case.hpp"

namespace spikeloom::testing {
namespace {

using test::chip_named;
using ::testing::AllOf;
using ::testing::Contains;
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

Train first_steps(const Train& train, std::size_t steps) {
  Train cut;
  for (std::size_t step = 0; step < steps; ++step) {
    for (const Event& event : train.at(step)) cut.add(event.element, event.value);
    cut.end_step();
  }
  return cut;
}

/// A sample that is shorter than the promise's voids it from the next sample on, and only there.
void expect_shorter_samples_to_void(const Image& image, const Dataset& data) {
  const Promise& promise = image.promises.at(1);
  EXPECT_EQ(void_from(image, promise, {}, data), std::nullopt);
  Dataset more = data;
  Sample shorter = data.samples.front();
  for (Train& train : shorter.inputs) train = first_steps(train, promise.sample_steps - 1);
  more.samples.push_back(shorter);
  EXPECT_EQ(void_from(image, promise, {}, more), std::nullopt) << "the last sample";
  more.samples.push_back(shorter);
  EXPECT_EQ(void_from(image, promise, {}, more),
            static_cast<std::int64_t>(data.total_steps() + promise.sample_steps - 1));
}

TEST(StaticInputs, AgreeOnModelAndRtlAndSayWhatTheySave) {
  const Chip chip = chip_named("row");
  const std::unique_ptr<Link> rtl = open_verilator(chip, {}, {});
  int in_currents = 0, by_readouts = 0, of_samples = 0;
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
    const std::vector<Promise>& promises = compilation->image.promises;
    if (promises[1].kind == PromiseKind::kSampled) {
      ++of_samples;
      EXPECT_LT(promises[1].period, promises[0].period);
      expect_shorter_samples_to_void(compilation->image, made.data);
    }
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
  EXPECT_GT(of_samples, 6);
}

/// Samples of at least so many steps: everything that an input can be in some, little in others.
Dataset long_samples(const Case& made, std::uint32_t least, Rng& rng) {
  Dataset data{made.data.ports, {}, made.data.encoder};
  for (int s = 0; s < 6; ++s) {
    Sample sample{std::to_string(s), std::nullopt, {}};
    const auto steps = least + rng.below(3);
    const double share = s % 3 == 0 ? 1 : s % 3 == 1 ? 0.3 : 0.05;
    for (const IntInput& input : made.network.inputs) {
      const double most = input.is_signed ? -1 : (1U << input.planes) - 1.0;  // every plane
      Train train;
      for (std::size_t step = 0; step < steps; ++step) {
        for (std::uint32_t e = 0; e < input.size(); ++e)
          if (rng.chance(share)) train.add(e, most);
        train.end_step();
      }
      if (input.is_static) repeat_first_steps(train);
      sample.inputs.push_back(std::move(train));
    }
    data.samples.push_back(std::move(sample));
  }
  return data;
}

/// Whatever the network, the slots and the samples' lengths: no stamp is later than promised, and the promise
/// is no guess far above.
TEST(StaticInputs, SamplesOfALeastLengthKeepTheirPromise) {
  const Chip chip = chip_named("row");
  std::size_t shorter = 0, mixed = 0, met = 0;
  for (std::uint64_t seed = 1; seed <= 2000 && (shorter < 100 || mixed < 10); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng(seed ^ 0x5A3CU);
    Case made = any_case(seed, chip, {.max_populations = 4, .max_neurons = 40, .max_inputs = 60});
    std::vector<std::string> names;
    for (const IntInput& input : made.network.inputs) names.push_back(input.name);
    if (names.size() > 1 && rng.chance(0.8))
      names.erase(names.begin() + static_cast<std::ptrdiff_t>(rng.below(names.size())));
    if (shorter >= 100 && names.size() == made.network.inputs.size()) continue;
    const bool all = names.size() == made.network.inputs.size();
    made.network = with_static_inputs(made.network, names).network;
    CompileOptions options;
    options.seed = seed;
    options.sample_steps = static_cast<std::uint32_t>(rng.between(2, 6));
    if (rng.chance(0.5)) options.slots = static_cast<std::uint32_t>(rng.between(1, 4));
    options.spread = rng.chance(0.5) ? Spread::kFastest : Spread::kFewest;
    std::optional<Image> image = fitting(made.network, chip, options);
    if (!image) continue;
    const auto promise = sampled(*image, image->promises.front(), options.sample_steps);
    if (!promise) continue;
    ++shorter;
    mixed += all ? 0 : 1;
    image->promises.push_back(*promise);
    ASSERT_THAT(verify(*image).faults, IsEmpty());
    made.data = long_samples(made, options.sample_steps, rng);
    const std::unique_ptr<ModelLink> model = open_model(chip);
    const DeviceRun run = Session(*model, *image, {}).run(made.data);
    expect_promises(*image, run, made.data);
    if (HasFailure()) return;
    // Everything, back to back, in the shortest samples: the promise is near what comes of it.
    Dataset full = long_samples(made, options.sample_steps, rng);
    full.samples.assign(12, full.samples.front());
    for (Sample& sample : full.samples)
      for (Train& train : sample.inputs) train = first_steps(train, options.sample_steps);
    const DeviceRun busy = Session(*model, *image, {}).run(full);
    expect_promises(*image, busy, full);
    const auto steps = static_cast<std::int64_t>(busy.ended.size());
    const Ratio period(busy.ended.back() - busy.ended.front(), steps - 1);
    met += period * Ratio(100, 90) >= promise->period ? 1 : 0;
    if (HasFailure()) return;
  }
  std::cout << shorter << " promises for samples below the guarantee, " << mixed
            << " of them with other inputs too; " << met
            << " within 10 % of a run in which everything fires\n";
  EXPECT_GE(shorter, 100U);
  EXPECT_GE(mixed, 10U);
  EXPECT_GT(met, shorter / 3);
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

/// What the compiler says of the saving: six rows of a word each, in a current or by a readout.
TEST(StaticInputs, ReportWhatTheySaveAndWhetherThatPays) {
  const auto notes = [](const IntNetwork& network, std::uint32_t sample_steps = 0) {
    CompileOptions options;
    options.static_inputs = {"picture"};
    options.sample_steps = sample_steps;
    options.spread = Spread::kFewest;
    auto result = compile(CompileInput{"small.json", network, {}, {}}, chip_named("row"), options, {});
    EXPECT_TRUE(std::holds_alternative<Compilation>(result));
    return std::get<Compilation>(result).notes;
  };
  Case made = small();
  EXPECT_THAT(
      notes(made.network),
      AllOf(Contains("static: all clusters of 'layer' together take at most 6 cycles less in each step of "
                     "a sample behind its first one; holding costs none, so it pays from 2 steps a sample "
                     "on"),
            Contains(HasSubstr("--sample-steps N"))));
  EXPECT_THAT(notes(made.network, 1), Contains(HasSubstr("one of a single step has no later ones")));
  EXPECT_THAT(notes(made.network, 4), Not(Contains(HasSubstr("no promise for samples"))));
  // A sum of many rows in every step beside the picture's few.
  Case other = small();
  other.network.inputs[1].shape = {40};
  other.network.populations[1].bias_i = {0, 0};
  other.network.projections.push_back({"many", InputId(1), PopulationId(1), 0, 8, 0, MapForm(DenseMap{40, 2}),
                                       std::vector<std::int16_t>(80, 1)});
  EXPECT_THAT(notes(other.network, 4),
              Contains(HasSubstr("no promise for samples of 4 steps, since other work")));
  made.network.populations[0].alpha = {0, 7};
  EXPECT_THAT(notes(made.network),
              Contains(AllOf(HasSubstr("'layer held' together take at most 6 cycles less"),
                             HasSubstr("5 flits in every step, so it never pays in the worst case"))));
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
