// The driver: what it makes of a file it makes of the same values.
#include <gtest/gtest.h>

#include <algorithm>

#include "compiler/base/rng.hpp"
#include "compiler/data/dataset.hpp"
#include "compiler/flow/calibration.hpp"
#include "compiler/flow/compile.hpp"
#include "compiler/flow/numbers.hpp"
#include "compiler/flow/stage_options.hpp"
#include "compiler/golden/int_network_file.hpp"
#include "compiler/image/image.hpp"
#include "compiler/verify/verify.hpp"
#include "tests/chips/chip_named.hpp"

namespace spikeloom::testing {
namespace {

using test::chip_named;

TEST(Compile, MakesTheSameOfAFileAndOfItsValues) {
  const std::string folder = std::string(SPIKELOOM_SOURCE_DIR) + "/examples/digits/";
  const Chip chip = chip_named("mesh2x2");
  CompileOptions options;
  options.calibrate = folder + "calibration.npz";
  const auto from_file = compile(folder + "digits.nir", chip, options, {});
  ASSERT_TRUE(std::holds_alternative<Compilation>(from_file));

  CompileInput input;
  input.name = "digits.nir";
  Notes notes;
  const Network network = load_network(folder + "digits.nir", options.semantics, &notes);
  input.network = network;
  input.notes = notes.list;
  DatasetOptions reading;
  reading.dt = network.dt;
  input.data = read_dataset(*options.calibrate, ports_of(network), reading);
  options.calibrate = "no such file";
  std::vector<std::string> stages;
  const auto from_values =
      compile(input, chip, options, [&](const std::string& stage) { stages.push_back(stage); });
  ASSERT_TRUE(std::holds_alternative<Compilation>(from_values));
  EXPECT_EQ(encode(std::get<Compilation>(from_values).image), encode(std::get<Compilation>(from_file).image));
  EXPECT_EQ(std::get<Compilation>(from_values).times.size(), stages.size());

  input.data.reset();
  const auto without = compile(input, chip, options, {});
  ASSERT_TRUE(std::holds_alternative<Compilation>(without));
  EXPECT_EQ(std::get<Compilation>(without).image.promises.size(), 1U);

  input.network = std::get<Compilation>(without).integers;
  const auto from_integers = compile(input, chip, options, {});
  ASSERT_TRUE(std::holds_alternative<Compilation>(from_integers));
  EXPECT_EQ(std::get<Compilation>(from_integers).image.binding, std::get<Compilation>(without).image.binding);
}

/// Layers of one neuron behind one another.
IntNetwork chain(std::size_t layers) {
  std::string populations, projections;
  for (std::size_t n = 0; n < layers; ++n) {
    const std::string number = std::to_string(n), comma = n == 0 ? "" : ",";
    populations += comma + R"({"name":"n)" + number +
                   R"(","kind":"IF","shape":[1],"alpha":0,"beta":4096,"bias_i":0,"bias_v":0,)" +
                   R"("reset":"value","theta":50,"v_reset":0})";
    projections += comma + R"({"name":"w)" + number + R"(","from":)" +
                   (n == 0 ? R"({"input":"in"})" : R"({"population":"n)" + std::to_string(n - 1) + R"("})") +
                   R"(,"to":"n)" + number + R"(","rows":[[60]]})";
  }
  return parse_int_network(
      R"({"format":"spikeloom-integer-network","version":2,"name":"chain","inputs":[{"name":"in",)"
      R"("shape":[1]}],"populations":[)" +
      populations + R"(],"projections":[)" + projections +
      R"(],"outputs":[{"name":"out","shape":[1],"from":"n)" + std::to_string(layers - 1) + R"("}]})");
}

TEST(Compile, PromisesADeepChainAndProvesItShortly) {
  // With the pages of the tiles 10 million firings may be under way at once, in 1,600 actors.
  constexpr std::size_t kLayers = 400;
  Chip chip = read_chip(std::string(SPIKELOOM_SOURCE_DIR) + "/chips/mesh16x16.toml");
  CompileInput input;
  input.name = "chain";
  input.network = chain(kLayers);
  for (const bool tune : {false, true}) {  // without, clusters keep all pages that they can have
    CompileOptions options;
    options.tune = tune;
    const auto made = compile(input, chip, options, {});
    ASSERT_TRUE(std::holds_alternative<Compilation>(made));
    const Image& image = std::get<Compilation>(made).image;
    EXPECT_TRUE(verify(image).faults.empty());
    std::int64_t starts = 0;
    std::size_t numbers = 0;
    for (const StartRuns& runs : image.promises.front().latest_starts)
      for (const StartRun& run : runs) starts += run.count, numbers += run.first.size();
    EXPECT_GT(starts, tune ? 300'000 : 1'000'000);
    EXPECT_LT(numbers, 40 * kLayers);
    EXPECT_LT(encode(image).size(), 12'000 * kLayers);
  }
}

/// Thirty neurons that excite and inhibit each other, where a spike that differs brings others with it; and
/// inputs for them.
CompileInput recurrent(std::uint64_t seed) {
  constexpr std::size_t kInputs = 12, kNeurons = 30;
  Rng rng(seed);
  Network network;
  network.name = "recurrent";
  network.dt = 1;
  network.inputs = {{"in", {kInputs}}};
  Population population;
  population.name = "n";
  population.shape = {kNeurons};
  for (const RealParameter& parameter : kRealParameters)
    (population.*parameter.values).assign(kNeurons, parameter.neutral);
  population.beta.assign(kNeurons, 0.9);
  population.theta.assign(kNeurons, 1);
  network.populations = {population};
  const auto add = [&](const char* name, Source from, std::size_t sources, std::uint32_t delay, double size) {
    Projection projection{name, from, PopulationId(0), delay, {}, {}};
    SparseMap map{kNeurons, {0}, {}};
    for (std::size_t s = 0; s < sources; ++s) {
      for (std::uint32_t t = 0; t < kNeurons; ++t) {
        map.target.push_back(t);
        projection.weight.push_back(size * (rng.unit() + rng.unit() + rng.unit() - 1.5));
      }
      map.end_row();
    }
    projection.form = MapForm(std::move(map));
    network.projections.push_back(std::move(projection));
  };
  add("fc", InputId(0), kInputs, 0, 0.5);
  add("rec", PopulationId(0), kNeurons, 1, 0.3);
  network.outputs = {{"out", {kNeurons}, PopulationId(0)}};
  Dataset data;
  data.ports = ports_of(network);
  for (const char* id : {"a", "b", "c"}) {
    Sample sample{id, std::nullopt, {Train()}};
    for (int t = 0; t < 60; ++t) {
      for (std::uint32_t e = 0; e < kInputs; ++e)
        if (rng.chance(0.3)) sample.inputs[0].add(e);
      sample.inputs[0].end_step();
    }
    data.samples.push_back(std::move(sample));
  }
  return {"recurrent", std::move(network), {}, std::move(data)};
}

std::uint64_t differing(const Calibration& calibration) {
  std::uint64_t sum = 0;
  for (const PopulationCalibration& p : calibration.populations) sum += p.differing;
  return sum;
}

TEST(Calibration, NeverMakesItsOwnResultWorse) {
  const Chip chip = chip_named("mesh2x2");
  const CompileOptions options;
  std::size_t without = 0, with = 0;
  for (std::uint64_t seed = 0; seed < 12; ++seed) {
    SCOPED_TRACE(seed);
    const CompileInput input = recurrent(seed);
    const Network& network = std::get<Network>(input.network);
    const QuantizeOptions plain = quantize_options(network, chip, options);
    const std::uint64_t uncalibrated =
        differing(calibrate(network, quantize(network, plain).network,
                            calibration_samples(*input.data, plain.inputs, network), {}));
    StageRunner runner;
    const Compilation compilation = numbers_of(runner, input, chip, options);
    const std::uint64_t calibrated = differing(compilation.calibration.value());
    const auto says = [&](const char* text) {
      return std::any_of(compilation.notes.begin(), compilation.notes.end(),
                         [&](const std::string& note) { return note.find(text) != std::string::npos; });
    };
    EXPECT_EQ(calibrated > uncalibrated, says("do not make the weights and units better"));
    const bool set_aside = says("the result is worse on these very data");
    EXPECT_LE(calibrated, set_aside ? uncalibrated : calibrated);
    ++(set_aside ? without : with);
  }
  EXPECT_GT(without, 0U) << "no case in which calibration would have made it worse";
  EXPECT_GT(with, 0U);
}

}  // namespace
}  // namespace spikeloom::testing
