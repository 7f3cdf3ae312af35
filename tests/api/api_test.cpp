// The library as a program uses it: values in, values out, nothing printed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <limits>
#include <random>

#include <spikeloom/spikeloom.hpp>

#include "tests/base/scratch_folder.hpp"

namespace spikeloom {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

std::string source(const std::string& name) { return std::string(SPIKELOOM_SOURCE_DIR) + "/" + name; }

const CompiledImage& digits() {
  static const CompiledImage image = std::get<Compiled>(compile(source("examples/digits/digits.nir"),
                                                                ChipFile::read(source("chips/mesh2x2.toml"))))
                                         .image;
  return image;
}

/// An image's input at random, one step.
std::vector<std::vector<Event>> some_input(std::minstd_rand& random) {
  std::vector<std::vector<Event>> inputs;
  for (const Port& port : digits().inputs()) {
    inputs.emplace_back();
    for (std::uint32_t e = 0; e < port.size(); ++e)
      if (random() % 4 == 0) inputs.back().push_back({e, 1});
  }
  return inputs;
}

class Api : public ::testing::Test {
 protected:
  [[nodiscard]] std::string file(const std::string& name) const { return folder_.file(name); }

 private:
  test::ScratchFolder folder_;
};

std::string message_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing was thrown";
}

PromiseCheck check_of(PromiseKind kind) {
  PromiseCheck check;
  check.kind = kind;
  check.steps = 10;
  return check;
}

TEST(ClosedLoop, GivesWhatARunOfTheSameStepsGives) {
  for (const std::uint32_t window : {1U, 3U}) {
    ClosedLoop loop(digits(), {.window = window});
    std::minstd_rand random(window);
    std::vector<std::int64_t> ended;
    std::vector<std::uint8_t> spikes;
    for (int k = 0; k < 24; ++k) {
      loop.give(some_input(random), k % 8 == 7 ? StepPlace::kLast : StepPlace::kWithin);
      if (k + 1 < static_cast<int>(window)) continue;
      const StepOutputs outputs = loop.take();
      EXPECT_EQ(outputs.step, ended.size());
      EXPECT_EQ(outputs.predicted, outputs.ended);
      EXPECT_LE(outputs.ended - outputs.sent, loop.promises().front().latency);
      ended.push_back(outputs.ended);
      ASSERT_EQ(outputs.spikes.size(), 1U);
      spikes.insert(spikes.end(), outputs.spikes[0].begin(), outputs.spikes[0].end());
    }
    ASSERT_EQ(loop.given().samples.size(), 3U);
    const RunResult looped = loop.finish();
    EXPECT_EQ(looped.judgement.verdict, Verdict::kKept);
    EXPECT_EQ(looped.report.window, window);
    const RunResult again = run(digits(), loop.given(), {.window = window});
    EXPECT_EQ(to_json(looped.report, digits()), to_json(again.report, digits()));
    std::vector<std::uint8_t> all;
    for (const auto& sample : again.outputs.spikes.at(0).samples)
      all.insert(all.end(), sample.begin(), sample.end());
    all.resize(spikes.size());
    EXPECT_EQ(all, spikes);
  }
}

TEST(ClosedLoop, APromiseIsTheWindows) {
  const Promise& stream = digits().promises().front();
  const Promise loop = ClosedLoop(digits(), {.window = 1}).promises().front();
  const Promise wide = ClosedLoop(digits(), {.window = 200}).promises().front();
  EXPECT_GT(loop.period, stream.period);
  EXPECT_LE(loop.latency, stream.latency);
  EXPECT_EQ(wide.period, stream.period);
}

TEST(ClosedLoop, RefusesWhatCannotBe) {
  EXPECT_THAT(message_of([] { ClosedLoop(digits(), {.window = 0}); }), HasSubstr("at least 1 step"));
  EXPECT_THAT(message_of([] { ClosedLoop(digits(), {.window = 255}); }), HasSubstr("expected 1 to 254"));
  std::minstd_rand random(1);
  ClosedLoop loop(digits(), {.window = 2});
  loop.give(some_input(random));
  EXPECT_THAT(message_of([&] { (void)loop.take(); }),
              HasSubstr("step 0 were asked for when 1 steps had been given; with a window of 2"));
  EXPECT_THAT(message_of([&] { loop.give({}); }), HasSubstr("a step of 0 inputs, expected 1"));
  EXPECT_THAT(message_of([&] { loop.give({{{100000, 1}}}); }), HasSubstr("[100000]"));
  EXPECT_EQ(loop.given().samples.at(0).steps(), 1U);
  EXPECT_THAT(message_of([&] { (void)loop.finish(); }), HasSubstr("StepPlace::kLast"));
  loop.give(some_input(random), StepPlace::kLast);
  EXPECT_EQ(loop.take().step, 0U);
  EXPECT_EQ(loop.finish().report.steps, 2);
  EXPECT_THAT(message_of([&] { (void)loop.take(); }), HasSubstr("after the run was ended"));
}

/// Digits on two of the chip's tiles, so that two of them have a place.
const CompiledImage& small_digits() {
  static const CompiledImage image = [] {
    CompileOptions options;
    options.tiles = 2;
    options.slots = 3;
    return std::get<Compiled>(compile(source("examples/digits/digits.nir"),
                                      ChipFile::read(source("chips/mesh2x2.toml")), options))
        .image;
  }();
  return image;
}

TEST(Loops, SeveralOnOneChipGiveWhatEachGivesAlone) {
  ClosedLoops loops({{"one", small_digits(), 1}, {"two", small_digits(), 2}});
  std::minstd_rand random(5);
  const std::size_t steps[] = {6, 5}, windows[] = {1, 2};
  std::size_t given[] = {0, 0}, taken[] = {0, 0};
  const auto give = [&](std::size_t a) {
    ++given[a];
    loops.give(a, some_input(random), given[a] == steps[a] ? StepPlace::kLast : StepPlace::kWithin);
    if (given[a] == steps[a]) loops.end(a);
  };
  EXPECT_THAT(message_of([&] { (void)loops.take(); }), HasSubstr("one had been given 0 steps"));
  give(0);
  EXPECT_THAT(message_of([&] { (void)loops.take(); }),
              AllOf(HasSubstr("two had been given 0 steps"), HasSubstr("until it is given 2, or ended"),
                    HasSubstr("Applications that feed one another")));
  give(1);
  give(1);
  std::int64_t before = -1;
  while (taken[0] + taken[1] < steps[0] + steps[1]) {
    const ClosedLoops::Taken step = loops.take();
    const std::size_t a = step.application;
    EXPECT_EQ(step.outputs.step, taken[a]);
    EXPECT_EQ(step.outputs.ended, step.outputs.predicted);
    EXPECT_GE(loops.origin(a) + step.outputs.ended, before) << "in the order of the chip's time";
    before = loops.origin(a) + step.outputs.ended;
    ++taken[a];
    if (given[a] < std::min(taken[a] + windows[a], steps[a])) give(a);
  }
  EXPECT_THAT(message_of([&] { (void)loops.take(); }), HasSubstr("all outputs have been taken"));
  EXPECT_THAT(message_of([&] { loops.give(2, some_input(random)); }),
              HasSubstr("application 2, there are 2"));
  const std::vector<RunResult> results = loops.finish();
  ASSERT_EQ(results.size(), 2U);
  for (std::size_t a = 0; a < 2; ++a) {
    EXPECT_EQ(results[a].judgement.verdict, Verdict::kKept);
    EXPECT_EQ(results[a].report.window, static_cast<std::int64_t>(windows[a]));
    EXPECT_EQ(results[a].report.steps, static_cast<std::int64_t>(steps[a]));
    // Alone, as it was compiled, the same spikes.
    const RunResult alone =
        run(small_digits(), loops.given(a), {.window = static_cast<std::uint32_t>(windows[a])});
    EXPECT_EQ(alone.outputs.spikes.at(0).samples, results[a].outputs.spikes.at(0).samples);
  }
}

/// With a readout that sums up the last layer's input.
const CompiledImage& summed_digits() {
  static const CompiledImage image = [] {
    CompileOptions options;
    options.exit_readout = "digit";
    return std::get<Compiled>(compile(source("examples/digits/digits.nir"),
                                      ChipFile::read(source("chips/mesh2x2.toml")), options))
        .image;
  }();
  return image;
}

TEST(Loops, NameWhoHasNoPlaceOrTheNameOfAnother) {
  EXPECT_THAT(message_of([] { ClosedLoops({}); }), HasSubstr("no application"));
  EXPECT_THAT(message_of([] {
                ClosedLoops({{"a", small_digits(), 1},
                             {"a", small_digits(), 1},
                             {"b", small_digits(), 1},
                             {"c", small_digits(), 1}});
              }),
              AllOf(HasSubstr("a: two applications of this name"), HasSubstr("c has no place: ")));
}

TEST(Exit, EndsSamplesWhereTheRuleDecidesOnTheWholeRun) {
  const std::string data = source("examples/digits/test.npz");
  const RunResult whole = run(summed_digits(), data, {.limit = 40});
  const PotentialTrace& sums = whole.outputs.potentials.at(0);
  constexpr int kMargin = 60000;
  for (const std::uint32_t window : {1U, 3U, 20U}) {
    RunOptions options;
    options.window = window;
    options.exit = "margin:" + std::to_string(kMargin);
    const RunResult result = run(summed_digits(), data, {.limit = 40}, options);
    std::vector<std::int64_t> histogram, predictions;
    std::int64_t wasted = 0, voids = 0;
    for (std::size_t s = 0; s < sums.samples.size(); ++s) {
      const std::size_t steps = sums.steps(s);
      histogram.resize(std::max(histogram.size(), steps), 0);
      std::vector<std::int32_t> at;
      std::size_t used = 0;
      do {
        const auto begin = sums.samples[s].begin() + static_cast<std::ptrdiff_t>(used * sums.neurons);
        at.assign(begin, begin + static_cast<std::ptrdiff_t>(sums.neurons));
        predictions.resize(s + 1);
        predictions[s] = std::max_element(at.begin(), at.end()) - at.begin();
        std::sort(at.rbegin(), at.rend());
      } while (++used < steps && at[0] - at[1] < kMargin);
      ++histogram[used - 1];
      // Under way when the sample was decided: what a window lets the host give before it knows.
      const std::size_t given = std::min<std::size_t>(used + window - 1, steps);
      wasted += static_cast<std::int64_t>(given - used);
      voids += given < steps ? 1 : 0;
    }
    const ExitReport& exit = result.report.exit.value();
    EXPECT_EQ(exit.histogram, histogram) << "window " << window;
    EXPECT_EQ(exit.wasted, wasted) << "window " << window;
    EXPECT_EQ(exit.voids, voids) << "window " << window;
    EXPECT_EQ(exit.output, "digit sum");
    EXPECT_EQ(result.outputs.decision.value().predictions, predictions);
    EXPECT_EQ(result.judgement.verdict, Verdict::kKept);
    EXPECT_GT(histogram.front() + histogram[1] + histogram[2], 0)
        << "the margin is too large to show anything";
    EXPECT_GT(histogram.back() + histogram[histogram.size() - 2], 0);
  }
}

TEST(Exit, RefusesWhatARuleCannotBe) {
  const std::string data = source("examples/digits/test.npz");
  const auto said = [&](RunOptions options) {
    return message_of([&] { (void)run(summed_digits(), data, {.limit = 1}, options); });
  };
  EXPECT_THAT(said({.exit = "margin"}), HasSubstr("expected margin:UNITS"));
  EXPECT_THAT(said({.exit = "margin:1", .exit_output = "nobody"}),
              HasSubstr("no such output; there are output, digit sum"));
  EXPECT_THAT(said({.record = {"hidden:spikes"}, .exit = "margin:1"}), HasSubstr("leave out --record"));
  CompileOptions options;
  options.exit_readout = "nobody";
  EXPECT_THAT(message_of([&] {
                (void)compile(source("examples/digits/digits.nir"),
                              ChipFile::read(source("chips/mesh2x2.toml")), options);
              }),
              HasSubstr("no such population; there are hidden, digit"));
}

TEST(Judge, TakesTheWorst) {
  Report report;
  report.steps = 10;
  report.checks = {check_of(PromiseKind::kGuaranteed), check_of(PromiseKind::kContracted)};
  EXPECT_EQ(judge(report).verdict, Verdict::kKept);
  EXPECT_THAT(judge(report).reasons, IsEmpty());
  report.checks[1].void_from = 4;
  EXPECT_EQ(judge(report).verdict, Verdict::kVoid);
  EXPECT_THAT(judge(report).reasons, ElementsAre(HasSubstr("contracted: void from step 4")));
  report.checks[0].first_broken = 7;
  report.checks[0].kept = false;
  report.checks[0].least_slack = -3;
  EXPECT_EQ(judge(report).verdict, Verdict::kBroken);
  EXPECT_THAT(judge(report).reasons, Contains(HasSubstr("broken in step 7; least slack -3")));
  report.mismatched = 2;
  EXPECT_EQ(judge(report).verdict, Verdict::kMismatched);
  report.mismatched = 0;
  report.differing_values = 1;
  EXPECT_EQ(judge(report).verdict, Verdict::kMismatched);
  EXPECT_EQ(name_of(judge(report).verdict), "mismatched");
}

TEST(Judge, AgreesWithPromisesKept) {
  for (int bits = 0; bits < 16; ++bits) {
    Report report;
    report.checks = {check_of(PromiseKind::kGuaranteed)};
    report.checks[0].kept = (bits & 1) == 0;
    if ((bits & 1) != 0) report.checks[0].first_broken = 0;
    if ((bits & 2) != 0) report.checks[0].void_from = 1;
    if ((bits & 4) != 0) report.mismatched = 1;
    if ((bits & 8) != 0) report.differing_values = 1;
    const Verdict verdict = judge(report).verdict;
    EXPECT_EQ(report.promises_kept(), verdict == Verdict::kKept || verdict == Verdict::kVoid) << bits;
  }
}

TEST(ChipFiles, OneKeyIsChanged) {
  const ChipFile chip = ChipFile::read(source("chips/mesh2x2.toml"));
  const ChipFile other = chip.with("noc.spike_wheel", "8");
  EXPECT_THAT(other.text(), HasSubstr("spike_wheel = 8\n"));
  EXPECT_NE(other.hash(), chip.hash());
  EXPECT_EQ(other.with("noc.spike_wheel", "16").hash(), chip.hash());
  EXPECT_EQ(ChipFile::parse(chip.text(), "again").text(), chip.text());
  EXPECT_EQ(chip.with("clock_mhz", "50").clock_mhz(), 50);
}

constexpr const char* kTwoKinds =
    "name = \"m\"\n[mesh]\nwidth = 2\nheight = 2\n[[kind]]\nname = \"big\"\nlanes = 32\n"
    "[map]\nbig = [\"0,1\"]\n";

TEST(ChipFiles, EveryKeyIsChangedByItsName) {
  const ChipFile chip = ChipFile::parse(kTwoKinds, "m");
  EXPECT_EQ(chip.with("name", "other").name(), "other");
  EXPECT_EQ(chip.with("name", "\"an \\\"other\\\"\"").name(), "an \"other\"");
  EXPECT_EQ(chip.with("clock_mhz", "133.33333").with("name", "a\"b\\").clock_mhz(), 133.33333);
  EXPECT_EQ(chip.with("name", "other").hash(), chip.hash());
  const ChipFile wide = chip.with("big.lanes", "64");
  EXPECT_THAT(wide.text(), AllOf(HasSubstr("\nlanes = 64\n"), HasSubstr("\nlanes = 16\n")));
  EXPECT_EQ(wide.with("big.lanes", "32").text(), chip.text());
  EXPECT_THAT(chip.with("big.weight_bits", "[8, 2]").text(), HasSubstr("weight_bits = [8, 2]\n"));
  EXPECT_THAT(chip.with("map.big", "[\"0..1,0\"]").text(), HasSubstr("big = [\"0..1,0\"]\n"));
  EXPECT_THAT(chip.with("big.name", "vast").text(), HasSubstr("vast = [\"0,1\"]\n"));
}

TEST(ChipFiles, AKindOfAnotherCoreHasThatCoresKeys) {
  const ChipFile chip = ChipFile::parse(kTwoKinds, "m");
  const std::string refused = message_of([&] { (void)chip.with("big.core", "none"); });
  const std::size_t first = refused.find("one of ") + 7, last = refused.rfind(", ") + 2;
  const std::string default_core = refused.substr(first, refused.find(',') - first);
  const std::string other_core = refused.substr(last, refused.find("; found") - last);
  ASSERT_NE(other_core, default_core) << refused;
  const ChipFile other = chip.with("big.core", other_core);
  EXPECT_THAT(other.text(), HasSubstr("core = \"" + other_core + "\"\n"));
  EXPECT_THAT(message_of([&] { (void)other.with("big.lanes", "16"); }), HasSubstr("no key \"big.lanes\""));
  EXPECT_EQ(other.with("big.core", default_core).with("big.lanes", "32").text(), chip.text());
}

TEST(ChipFiles, OneValueIsOneValue) {
  const ChipFile chip = ChipFile::parse(kTwoKinds, "m");
  EXPECT_THAT(message_of([&] { (void)chip.with("tile.lanes", "8\nlif_lanes = 4"); }),
              HasSubstr("tile.lanes: expected a value of TOML"));
  EXPECT_THAT(message_of([&] { (void)chip.with("mesh.width", "wide"); }),
              HasSubstr("mesh.width: expected a"));
  EXPECT_THAT(message_of([&] { (void)chip.with("big.lanes", "7"); }), HasSubstr("kind big: lanes"));
  EXPECT_THAT(message_of([&] { (void)chip.with("big.wheels", "7"); }), HasSubstr("no key \"big.wheels\""));
  EXPECT_THAT(message_of([&] { (void)chip.with("kind", "7"); }), HasSubstr("no key \"kind\""));
  EXPECT_THAT(message_of([&] { (void)chip.with("name", ""); }), HasSubstr("name is missing"));
}

TEST(ChipFiles, AnUnknownKeyAndAnImpossibleValueAreRefused) {
  const ChipFile chip = ChipFile::read(source("chips/mesh2x2.toml"));
  EXPECT_THAT(message_of([&] { (void)chip.with("tile.wheels", "4"); }), HasSubstr("no key \"tile.wheels\""));
  EXPECT_THAT(message_of([&] { (void)chip.with("spike_wheel", "4"); }), HasSubstr("no key"));
  EXPECT_THAT(message_of([&] { (void)chip.with("noc.spike_wheel", "7"); }), HasSubstr("spike_wheel"));
}

TEST_F(Api, ANetworkIsCheckedAsAValue) {
  const NetworkCheck sound = check_network(source("examples/digits/digits.nir"));
  EXPECT_THAT(sound.graph, Not(IsEmpty()));
  EXPECT_THAT(sound.network, Not(IsEmpty()));
  EXPECT_FALSE(sound.refusal);
  EXPECT_THROW((void)check_network(file("absent.nir")), Error);
}

TEST_F(Api, WhatDoesNotFitIsAnAnswer) {
  const ChipFile small = ChipFile::read(source("chips/mesh2x2.toml")).with("tile.weight_words", "128");
  const auto answer = compile(source("examples/digits/digits.nir"), small);
  ASSERT_TRUE(std::holds_alternative<DoesNotFit>(answer));
  EXPECT_THAT(std::get<DoesNotFit>(answer).reason, Not(IsEmpty()));
}

TEST_F(Api, AnImageIsVerifiedAndListsWhatWasChecked) {
  const Verification sound = verify(digits());
  EXPECT_THAT(sound.faults, IsEmpty());
  EXPECT_THAT(sound.checked, Contains(HasSubstr("promise guaranteed")));
  std::vector<Promise> promises = digits().promises();
  promises.front().period = promises.front().period - Ratio(1);
  EXPECT_THAT(verify(digits().with_promises(promises)).faults, Not(IsEmpty()));
}

TEST_F(Api, AnImageIsReadAsItWasWritten) {
  digits().write(file("digits.loom"));
  const CompiledImage again = CompiledImage::read(file("digits.loom"));
  EXPECT_EQ(again.text(), digits().text());
  EXPECT_EQ(again.promises(), digits().promises());
  EXPECT_EQ(again.path(), file("digits.loom"));
  ASSERT_EQ(again.inputs().size(), 1U);
  EXPECT_EQ(again.inputs().front().size(), 64U);
  ASSERT_EQ(again.outputs().size(), 1U);
  EXPECT_TRUE(again.outputs().front().spikes);
}

TEST_F(Api, DataMadeInMemoryRuns) {
  Dataset data;
  data.ports = digits().inputs();
  for (int s = 0; s < 2; ++s) {
    Train train;
    for (std::uint32_t step = 0; step < 5; ++step) {
      train.add(step + static_cast<std::uint32_t>(s));
      train.add(40 + step);
      train.end_step();
    }
    data.samples.push_back({.id = std::to_string(s), .label = {}, .inputs = {train}});
  }
  std::int64_t told = 0;
  RunOptions options;
  options.on_progress = [&](const RunProgress& progress) { told = std::max(told, progress.steps); };
  const std::string hidden = digits().populations().front();
  options.record = {hidden + ":spikes"};
  const RunResult result = run(digits(), data, options);
  EXPECT_EQ(result.judgement.verdict, Verdict::kKept);
  EXPECT_EQ(result.report.steps, 10);
  EXPECT_EQ(told, 10);
  ASSERT_EQ(result.outputs.spikes.size(), 1U);
  EXPECT_EQ(result.outputs.spikes.front().samples.size(), 2U);
  ASSERT_EQ(result.outputs.recorded_spikes.size(), 1U);
  EXPECT_EQ(result.outputs.recorded_spikes.front().node, hidden);

  // Whoever wrote the image chose the names.
  Report forged = result.report;
  forged.guaranteed->critical_cycle = {"fire \x1b[31m", "update \xff"};
  EXPECT_THAT(to_text(forged, digits()),
              AllOf(HasSubstr("fire \\x1b[31m"), HasSubstr("update \\xff"), Not(HasSubstr("\x1b"))));
}

/// One sample of five steps with a spike in each.
Dataset one_sample(std::uint32_t element) {
  Dataset data;
  data.ports = digits().inputs();
  Train train;
  for (int step = 0; step < 5; ++step) {
    train.add(element);
    train.end_step();
  }
  data.samples.push_back({.id = "0", .label = {}, .inputs = {train}});
  return data;
}

std::string refusal_of(const Dataset& data) {
  const std::string alone = message_of([&] { (void)run(digits(), data); });
  EXPECT_EQ(message_of([&] { (void)run_shared("one", digits(), data, {}); }), "one: " + alone);
  const std::string second = message_of([&] {
    (void)run_shared("one", digits(), one_sample(63), {{"two", digits(), data, 2, {}}});
  });
  EXPECT_EQ(second, "two: " + alone);
  return alone;
}

TEST_F(Api, DataThatTheImageHasNoPlaceForIsRefused) {
  EXPECT_EQ(run(digits(), one_sample(63)).judgement.verdict, Verdict::kKept);
  for (const std::uint32_t element : {64U, 100'000U, 400'000'000U})
    EXPECT_THAT(refusal_of(one_sample(element)),
                AllOf(HasSubstr("input data: 5 problems"),
                      HasSubstr("sample 0, step 4, input[" + std::to_string(element) +
                                "]: the input has elements 0 to 63")));

  Dataset data = one_sample(3);
  data.samples.front().inputs.push_back(data.samples.front().inputs.front());
  EXPECT_THAT(refusal_of(data), HasSubstr("sample 0 has trains for 2 inputs, expected 1"));
  data.samples.front().inputs.clear();
  EXPECT_THAT(refusal_of(data), HasSubstr("sample 0 has trains for 0 inputs, expected 1"));

  Dataset many = one_sample(64);
  for (int copy = 0; copy < 3; ++copy) many.samples.push_back(many.samples.front());
  EXPECT_THAT(refusal_of(many), HasSubstr("and 10 more problems"));

  data = one_sample(3);
  data.ports.front().shape = {65};
  EXPECT_THAT(refusal_of(data), HasSubstr("port 0 is input with 65 elements, expected input with 64"));
  data.ports.front() = {"other", {64}};
  data.ports.push_back(data.ports.front());
  EXPECT_THAT(refusal_of(data), AllOf(HasSubstr("2 problems"), HasSubstr("the data has 2 ports"),
                                      HasSubstr("port 0 is other with 64 elements")));
}

TEST_F(Api, AnApplicationOfAnotherChipDoesNotEnter) {
  const std::string network = source("examples/digits/digits.nir");
  const CompiledImage other =
      std::get<Compiled>(compile(network, ChipFile::read(source("chips/tile1.toml")))).image;
  const Dataset data = read_data(other, source("examples/digits/test.npz"), {.limit = 1});
  EXPECT_THAT(message_of([&] {
                (void)run_shared("digits", digits(), data, {{.name = "b", .image = other, .data = data}});
              }),
              HasSubstr("b: compiled for the chip tile1; the first application runs on mesh2x2"));
}

TEST_F(Api, NothingIsKeptWithoutASampleOrAGuarantee) {
  Dataset none = one_sample(3);
  none.samples.clear();
  EXPECT_THAT(refusal_of(none), HasSubstr("no sample, so nothing could be held to a promise"));

  std::vector<Promise> contracted = digits().promises(), twice = digits().promises();
  contracted.front().kind = PromiseKind::kContracted;
  twice.push_back(twice.front());
  for (const auto& [promises, fault] : std::vector<std::pair<std::vector<Promise>, std::string>>{
           {{}, "the image holds no promise"},
           {contracted, "the first promise is contracted"},
           {twice, "2 promises; expected a guaranteed one, then at most one sampled one"}}) {
    const CompiledImage image = digits().with_promises(promises);
    EXPECT_THAT(verify(image).faults, Contains(HasSubstr(fault)));
    EXPECT_THAT(message_of([&] { (void)run(image, one_sample(3)); }), HasSubstr(fault));
    EXPECT_THAT(message_of([&] { (void)run_shared("one", image, one_sample(3), {}); }), HasSubstr(fault));
  }
  EXPECT_THAT(message_of([] { (void)judge(Report{}); }), HasSubstr("nothing to judge"));
  EXPECT_FALSE(Report{}.promises_kept());
}

TEST_F(Api, AllInputsOfASampleHaveEqualSteps) {
  std::ofstream(file("pair.json")) << R"({"format":"spikeloom-integer-network","version":1,"name":"pair",
"inputs":[{"name":"left","shape":[2]},{"name":"right","shape":[2]}],"state_bits":24,
"populations":[{"name":"n","kind":"LIF","shape":[2],"scale":2,"alpha":0,"beta":1,"bias_i":0,"bias_v":0,
  "reset":"value","theta":5,"v_reset":0}],
"projections":[{"name":"l","from":{"input":"left"},"to":"n","rows":[[1,0],[0,1]]},
  {"name":"r","from":{"input":"right"},"to":"n","rows":[[1,0],[0,1]]}],
"outputs":[{"name":"out","shape":[2],"from":"n"}]})";
  const CompiledImage image =
      std::get<Compiled>(compile(file("pair.json"), ChipFile::read(source("chips/mesh2x2.toml")))).image;
  Train two, three;
  two.resize(2);
  three.resize(3);
  Dataset data;
  data.ports = image.inputs();
  data.samples.push_back({.id = "a", .label = {}, .inputs = {three, three}});
  EXPECT_EQ(run(image, data).judgement.verdict, Verdict::kKept);
  data.samples.push_back({.id = "b", .label = {}, .inputs = {three, two}});
  EXPECT_EQ(message_of([&] { (void)run(image, data); }),
            "input data: sample b, right: 2 steps, expected as many as left has, 3");
  data.samples.back().inputs = {two, three};
  EXPECT_THAT(message_of([&] { (void)run(image, data); }),
              HasSubstr("sample b, right: 3 steps, expected as many as left has, 2"));
}

TEST_F(Api, ATrainsElementsAscendAndItsStepsEnd) {
  Train train;
  train.add(5);
  EXPECT_THAT(message_of([&] { train.add(5); }), HasSubstr("element 5 after element 5; expected ascending"));
  EXPECT_THAT(message_of([&] { train.add(3); }), HasSubstr("step 0: element 3 after element 5"));
  EXPECT_THAT(message_of([&] { train.resize(1); }), HasSubstr("step 0 has not ended"));
  train.end_step();
  train.add(3);
}

TEST_F(Api, AnAdmissionThatIsGivenUpLeavesTheStateAsItWas) {
  digits().write(file("digits.loom"));
  AdmitRequest request{.state = file("chip.state"), .image = file("digits.loom")};
  request.before_commit = [](const Admitted& admitted) {
    EXPECT_EQ(admitted.resident.name, "digits");
    throw Error(ErrorKind::kInput, "given up");
  };
  EXPECT_EQ(message_of([&] { (void)admit(request); }), "given up");
  EXPECT_THROW((void)residents(file("chip.state")), Error);

  request.before_commit = {};
  const auto answer = admit(request);
  ASSERT_TRUE(std::holds_alternative<Admitted>(answer));
  EXPECT_EQ(residents(file("chip.state")).list.size(), 1U);
  EXPECT_THAT(verify(std::get<Admitted>(answer).image).faults, IsEmpty());
  EXPECT_THAT(release(file("chip.state"), "digits").list, IsEmpty());
}

TEST_F(Api, AGraphIsKeptInEveryForm) {
  const DataflowGraph graph = DataflowGraph::parse(
      "sdf 1\nactor \"a\" execution 2\nactor \"b\" execution 3\nchannel \"x\" 0 -> 1 tokens 0 latency 0\n"
      "channel \"y\" 1 -> 0 tokens 1 latency 0\n",
      "sdf", "small");
  EXPECT_EQ(graph.name(), "small");
  EXPECT_THAT(graph.actors(), ElementsAre("a", "b"));
  for (const std::string form : {"xml", "json"}) {
    const DataflowGraph again = DataflowGraph::parse(graph.text(form), form, "again");
    EXPECT_EQ(analyze(again).period, Ratio(5)) << form;
  }
  EXPECT_THAT(graph.text("dot"), HasSubstr("digraph"));
  EXPECT_THAT(message_of([&] { (void)graph.text("pdf"); }), HasSubstr("expected xml, json, sdf or dot"));
  EXPECT_EQ(sensitivity(graph).executions.at(0).longer, Ratio(6));
  EXPECT_EQ(latency(graph, "a", "b", 3).longest, 5);
  EXPECT_EQ(std::get<DataflowSchedule>(schedule(graph, {.binding = {{"a", 0}, {"b", 0}}})).orders.size(), 1U);
}

DataflowGraph small_graph() {
  return DataflowGraph::parse(
      "sdf 1\nactor \"a\" execution 2\nactor \"b\" execution 3\nchannel \"x\" 0 -> 1 tokens 0 latency 0\n"
      "channel \"y\" 1 -> 0 tokens 1 latency 0\n",
      "sdf", "small");
}

TEST(Dataflow, ALongCriticalCycleIsShownByItsEndsAndIsWholeInTheReport) {
  std::string text = "sdf 1\n";
  constexpr int kActors = 400;
  for (int a = 0; a < kActors; ++a) text += "actor \"a" + std::to_string(a) + "\" execution 2\n";
  for (int a = 0; a < kActors; ++a)
    text += "channel \"x" + std::to_string(a) + "\" " + std::to_string(a) + " -> " +
            std::to_string((a + 1) % kActors) + " tokens " + (a == 0 ? "1" : "0") + " latency 0\n";
  const DataflowAnalysis found = analyze(DataflowGraph::parse(text, "sdf", "ring"));
  const std::string shown = to_text(found);
  const std::string line = shown.substr(shown.find("critical cycle"));
  EXPECT_LT(line.size(), 600U);
  EXPECT_THAT(line, HasSubstr("]-> ... "));
  EXPECT_THAT(line, HasSubstr(" more, all of them in --json ... -> a"));
  EXPECT_THAT(line, HasSubstr(" (800 cycles, 1 iteration back)"));
  EXPECT_THAT(to_json(found, nullptr, nullptr), HasSubstr("a199 -[x199]-> a200 -[x200]-> a201"));
}

TEST(Options, AreCheckedInTheLibraryAndListedAtOnce) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const auto refusal = [&](const std::function<void(CompileOptions&)>& choose) {
    CompileOptions options;
    choose(options);
    const std::string network = source("examples/digits/digits.nir");
    const ChipFile chip = ChipFile::read(source("chips/mesh2x2.toml"));
    const std::string compiled = message_of([&] { (void)compile(network, chip, options); });
    EXPECT_EQ(message_of([&] { (void)explain(network, chip, options); }), compiled);
    EXPECT_EQ(message_of([&] { (void)check_network(network, options); }), compiled);
    return compiled;
  };
  EXPECT_THAT(
      refusal([&](CompileOptions& o) {
        o.semantics.dt = nan;
        o.semantics.recurrent_delay = 0;
        o.weight_bits = 3;
        o.planes = 17;
        o.pages = 1;
        o.clusters["hidden"] = 0;
        o.points = 100'000;
        o.contract.margin_percent = -200;
        o.steps_per_second = nan;
        o.period = Ratio(std::numeric_limits<std::int64_t>::max(), 2);
        o.tune = false;
      }),
      AllOf(HasSubstr("options: 12 problems"), HasSubstr("--dt: expected a number above 0, found nan"),
            HasSubstr("--recurrent-delay: expected at least 1 step, found 0"),
            HasSubstr("--bits: expected 8, 4, 2 or 1, found 3"),
            HasSubstr("--planes: expected 1 to 16, found 17"),
            HasSubstr("--pages: expected 2 to 16, found 1"),
            HasSubstr("--clusters hidden=0: expected at least 1"),
            HasSubstr("--points: expected 0 to 1000, found 100000"),
            HasSubstr("--margin: expected 0 to 1000000, found -200"),
            HasSubstr("--steps-per-second: expected 0.001 to 1000000000, found nan"),
            HasSubstr("--period: expected numerator and denominator up to 36028797018963967"),
            HasSubstr("--steps-per-second and --period: expected one of them"), HasSubstr("--no-tune")));
  for (const std::uint32_t pages : {0U, 1U, 17U, 1000U})
    EXPECT_THAT(refusal([&](CompileOptions& o) { o.pages = pages; }), HasSubstr("--pages")) << pages;
  for (const double rate : {0.0, -1.0, 1e-300, 1e300})
    EXPECT_THAT(refusal([&](CompileOptions& o) { o.steps_per_second = rate; }),
                HasSubstr("steps-per-second"));
  EXPECT_THAT(refusal([&](CompileOptions& o) { o.period = Ratio(-5); }), HasSubstr("more than 0 cycles"));
  EXPECT_THAT(refusal([&](CompileOptions& o) {
                o.contract.margin_percent = std::numeric_limits<std::int64_t>::max();
              }),
              HasSubstr("--margin"));
  EXPECT_THAT(message_of([] { (void)ChipFile::parse("name = \"c\"\nclock_mhz = 1e300", "c"); }),
              HasSubstr("clock_mhz (above 0, at most 1000000)"));
}

TEST(Dataflow, OptionsOutOfTheirRangesAreListed) {
  const DataflowGraph graph = small_graph();
  ScheduleOptions options{.processors = 1'000'000'000'000, .binding = {{"zz", 0}}, .iterations = -1};
  EXPECT_THAT(message_of([&] { (void)schedule(graph, options); }),
              AllOf(HasSubstr("3 problems"), HasSubstr("iterations: expected 1 to 1000, found -1"),
                    HasSubstr("processors: expected 1 to 999999"), HasSubstr("no actor \"zz\"")));
  options = {.binding = {{"a", std::size_t{1} << 60}}};
  EXPECT_THAT(message_of([&] { (void)schedule(graph, options); }),
              HasSubstr("actor \"a\": expected a processor from 0 to 999999"));
  EXPECT_THAT(message_of([&] { (void)latency(graph, "a", "b", 0); }), HasSubstr("expected 1 to 100000"));
  EXPECT_THAT(message_of([&] { (void)latency(graph, "a", "b", 1'000'000); }), HasSubstr("found 1000000"));
  EXPECT_THAT(message_of([&] { (void)latency(graph, "a", "zz"); }),
              HasSubstr("the graph has no actor \"zz\""));
  EXPECT_THAT(message_of([&] { (void)DataflowGraph::parse("", "yaml", "g"); }),
              HasSubstr("g: a dataflow graph is xml (SDF3), json or sdf (text); found \"yaml\""));
}

TEST(Dataflow, APeriodAtTheEndOf64BitsIsAnAnswer) {
  const std::int64_t most = std::numeric_limits<std::int64_t>::max();
  EXPECT_EQ(buffers(small_graph(), Ratio(most)).choices.size(), 1U);
  EXPECT_EQ(buffers(small_graph(), Ratio(1, most)).choices.size(), 0U);
}

TEST_F(Api, TracesThatAreNotOfOneRunAreRefused) {
  RunOutputs outputs;
  outputs.spikes = {SpikeTrace{"o", 3, {{1, 0, 1, 1}}}};
  EXPECT_THAT(message_of([&] { write_outputs(file("o.npz"), outputs); }),
              HasSubstr("output 'o': sample 0 has 4 values, expected a multiple of its 3 neurons"));
  outputs.spikes = {SpikeTrace{"o", 2, {{1, 0, 1, 1}}}, SpikeTrace{"p", 2, {{1, 0}}}};
  EXPECT_THAT(message_of([&] { write_outputs(file("o.npz"), outputs); }), HasSubstr("output 'p'"));
}

TEST(Emulation, WantsACommand) {
  EXPECT_THAT(
      message_of([] { (void)emulation::run_emulated({}, {.chip_file = source("chips/mesh2x2.toml")}, {}); }),
      HasSubstr("emulate: no command was given"));
}

TEST(Reports, OfNothingAreWritten) {
  EXPECT_THAT(to_json(CompileReport{}), HasSubstr("\"critical_cycle\": []"));
}

TEST(Resources, AreFoundBesideTheCodeOrWhereHomeSays) {
  ASSERT_EQ(unsetenv("SPIKELOOM_HOME"), 0);
  EXPECT_TRUE(std::filesystem::exists(resource_folder() / "rtl" / "hardware.toml"));
  EXPECT_EQ(program_folder().filename(), "spikeloom");
  ASSERT_EQ(setenv("SPIKELOOM_HOME", "/nonexistent", 1), 0);
  EXPECT_THAT(message_of([] { (void)resource_folder(); }), HasSubstr("SPIKELOOM_HOME=/nonexistent"));
  ASSERT_EQ(unsetenv("SPIKELOOM_HOME"), 0);
}

}  // namespace
}  // namespace spikeloom
