// Several applications on one chip: random networks that enter and leave at random steps of another.
// Each is golden, each has the stamps that it has alone from its own first cycle on, in the model and in the
// RTL, however the host feeds them: B loading, starved, saturated, leaving moves A by no cycle.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <ostream>
#include <utility>

#include "compiler/base/error.hpp"
#include "compiler/chip_model/model_device.hpp"
#include "compiler/flow/compile.hpp"
#include "compiler/replay/shared_steps.hpp"
#include "host/device/link_throttle.hpp"
#include "host/device/verilator_device.hpp"
#include "host/run/report.hpp"
#include "host/run/shared_plan.hpp"
#include "host/run/window.hpp"
#include "tests/chips/chip_named.hpp"
#include "tests/flow/expect_golden.hpp"
#include "tests/flow/random_case.hpp"

namespace spikeloom::testing {
namespace {

using test::chip_named;

constexpr const char* kChips[] = {"square", "wide"};
constexpr int kBlocks = 6;
constexpr int kCases = 12;  ///< scripts that can be, per test
struct Script {
  std::vector<std::string> names;  ///< by case
  std::vector<Case> cases;
  SharedPlan plan;
};

std::optional<Image> small_image(const Case& made, const Chip& chip, std::uint32_t tiles, Rng& rng) {
  CompileOptions options;
  options.seed = rng.next();
  options.tiles = tiles;
  options.slots = static_cast<std::uint32_t>(rng.between(1, 3));
  try {
    auto built = build_image(made.network, chip, options);
    if (auto* image = std::get_if<Image>(&built)) return std::move(*image);
  } catch (const Error&) {
    // Too large, in words that tests of the stages read.
  }
  return std::nullopt;
}

/// Nothing where something does not fit.
std::optional<Script> random_script(const Chip& chip, std::uint64_t seed) {
  Rng rng(seed);
  Script script;
  const std::uint32_t applications = static_cast<std::uint32_t>(rng.between(2, chip.tiles() > 4 ? 4 : 3));
  std::vector<Image> images;
  for (std::uint32_t a = 0; a < applications; ++a) {
    CaseOptions sizes;
    sizes.max_neurons = 24;
    sizes.max_inputs = 20;
    sizes.max_populations = 3;
    sizes.max_samples = a == 0 ? 8 : 5;
    sizes.max_steps = a == 0 ? 10 : 6;
    script.cases.push_back(random_case(rng.next(), chip, sizes));
    script.names.push_back(std::string(1, static_cast<char>('a' + a)));
    std::optional<Image> image =
        small_image(script.cases.back(), chip, static_cast<std::uint32_t>(rng.between(1, 2)), rng);
    if (!image) return std::nullopt;
    images.push_back(std::move(*image));
  }
  const auto steps = static_cast<std::int64_t>(script.cases.front().data.total_steps());
  std::vector<Entering> lines;
  for (std::uint32_t a = 1; a < applications; ++a) {
    Entering line{script.names[a],
                  images[a],
                  script.cases[a].data,
                  rng.chance(0.2) ? 0 : rng.between(0, steps / 2),
                  {},
                  rng.chance(0.4) ? 1 + static_cast<std::uint32_t>(rng.below(3)) : 0};
    if (rng.chance(0.7) && line.step + 2 <= steps) line.release = rng.between(line.step + 2, steps);
    lines.push_back(std::move(line));
  }
  try {
    script.plan = plan_shared(script.names.front(), images.front(), script.cases.front().data, lines,
                              rng.chance(0.4) ? 1 + static_cast<std::uint32_t>(rng.below(3)) : 0);
  } catch (const Error&) {
    return std::nullopt;
  }
  return script;
}

void expect_as_alone(const Script& script, const std::vector<DeviceRun>& runs) {
  ASSERT_EQ(runs.size(), script.plan.stays.size());
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const PlannedStay& stay = script.plan.stays[i];
    SCOPED_TRACE(stay.name + " from step " + std::to_string(stay.enters) + ", cycle " +
                 std::to_string(stay.origin));
    EXPECT_EQ(runs[i].sent, stay.replay.sent);
    EXPECT_EQ(runs[i].ended, stay.replay.ended);
    EXPECT_EQ(runs[i].tiles, stay.replay.tiles);
    const Case& made = script.cases[static_cast<std::size_t>(stay.name[0] - 'a')];
    const Case part{made.network, stay.data};
    expect_golden(part, stay.image, runs[i], run_golden(made.network, stay.data));
    const Promise guaranteed = promises_with_window(stay.image, stay.window).front();
    EXPECT_TRUE(check_promise(guaranteed, runs[i], std::nullopt).kept) << "window " << stay.window;
  }
}

struct Param {
  std::string chip;
  int block = 0;
  friend std::ostream& operator<<(std::ostream& out, const Param& param) {
    return out << param.chip << " block " << param.block;
  }
};

class Shared : public ::testing::TestWithParam<Param> {
 protected:
  template <class F>
  static void for_scripts(F&& each) {
    const Chip chip = chip_named(GetParam().chip);
    if (const char* text = std::getenv("SPIKELOOM_CASE")) {
      const std::uint64_t seed = std::strtoull(text, nullptr, 10);
      const auto script = GetParam().block == 0 ? random_script(chip, seed) : std::nullopt;
      if (script) each(*script, seed);
      return;
    }
    int done = 0, left = 0;
    for (std::uint64_t n = 0; done < kCases && n < 60 * kCases; ++n) {
      const std::uint64_t seed = static_cast<std::uint64_t>(GetParam().block) * 1'000'000 + n;
      const auto script = random_script(chip, seed);
      if (!script) continue;
      SCOPED_TRACE("replay with SPIKELOOM_CASE=" + std::to_string(seed));
      each(*script, seed);
      if (HasFailure()) return;
      ++done;
      for (const PlannedStay& stay : script->plan.stays) left += stay.gives_back ? 1 : 0;
    }
    EXPECT_EQ(done, kCases) << "too few random scripts fit";
    EXPECT_GT(left, 0) << "nobody ever left";
  }
};

TEST_P(Shared, ModelGivesEachItsOwnRun) {
  for_scripts([](const Script& script, std::uint64_t seed) {
    const std::unique_ptr<ModelLink> model = open_model(script.plan.stays.front().image.chip);
    SharedOptions options;
    options.feed_seed = seed % 3 == 0 ? 0 : 1 + seed;
    expect_as_alone(script, run_shared(*model, script.plan.script(), options));
    // A script of one stay gives the same as a session.
    const PlannedStay& first = script.plan.stays.front();
    const std::vector<DeviceRun> alone = run_shared(*model, {script.plan.script().front()}, options);
    ASSERT_EQ(alone.size(), 1U);
    EXPECT_EQ(alone.front().sent, first.replay.sent);
    EXPECT_EQ(alone.front().ended, first.replay.ended);
    EXPECT_EQ(alone.front().tiles, first.replay.tiles);
  });
}

TEST_P(Shared, RtlGivesEachItsOwnRun) {
  const auto block = static_cast<std::uint64_t>(GetParam().block);
  VerilatorOptions rtl_options;
  if (block % 3 == 1) rtl_options.stall_seed = block;
  std::unique_ptr<Link> rtl = open_verilator(chip_named(GetParam().chip), rtl_options, {});
  if (block % 3 == 2) rtl = throttle(std::move(rtl), block);
  for_scripts([&](const Script& script, std::uint64_t seed) {
    SharedOptions options;
    options.feed_seed = seed % 3 == 0 ? 0 : 1 + seed;
    expect_as_alone(script, run_shared(*rtl, script.plan.script(), options));
    if (HasFailure()) return;
    // The first alone on the same device.
    const PlannedStay& first = script.plan.stays.front();
    const DeviceRun alone = Session(*rtl, first.image, {.window = first.window}).run(first.data);
    EXPECT_EQ(alone.ended, first.replay.ended);
  });
}

/// An application in a loop of its own: its data, what it gives alone, and how far it is.
struct Looping {
  Case made;
  Image image;
  std::uint32_t window = 1;
  std::int64_t origin = 0;
  DeviceRun alone{};
  std::vector<std::pair<std::size_t, std::size_t>> places{};  ///< sample and step, by step of the run
  std::size_t given = 0, taken = 0;
  bool has_ended = false;
};

/// Nothing where something does not fit.
std::vector<Looping> random_loops(const Chip& chip, Rng& rng) {
  std::vector<Looping> loops;
  std::vector<std::string> names;
  std::vector<Image> images;
  const std::uint32_t wanted = chip.host.applications > 2 ? 3 : 2;
  for (std::uint32_t a = 0; a < wanted; ++a) {
    const CaseOptions sizes{.max_populations = 2, .max_neurons = 20, .max_inputs = 20};
    Case made = random_case(rng.next(), chip, sizes);
    std::optional<Image> image = small_image(made, chip, 1, rng);
    if (!image) return {};
    names.push_back(std::string(1, static_cast<char>('a' + a)));
    images.push_back(std::move(*image));
    loops.push_back(
        {.made = std::move(made), .image = {}, .window = 1 + static_cast<std::uint32_t>(rng.below(3))});
  }
  try {
    images = bound_together(names, std::move(images));
    for (std::size_t a = 0; a < loops.size(); ++a) check_window(images[a], loops[a].window);
  } catch (const Error&) {
    return {};
  }
  for (std::size_t a = 0; a < loops.size(); ++a) {
    Looping& loop = loops[a];
    loop.image = std::move(images[a]);
    loop.origin = a == 0 ? 0 : first_origin(chip, 0);
    const std::unique_ptr<ModelLink> model = open_model(chip);
    loop.alone = Session(*model, loop.image, {.window = loop.window}).run(loop.made.data);
    for (std::size_t s = 0; s < loop.made.data.samples.size(); ++s)
      for (std::size_t t = 0; t < loop.made.data.samples[s].steps(); ++t) loop.places.emplace_back(s, t);
  }
  return loops;
}

/// Everybody is given as much as its window lets it be, then whoever's outputs come first is looked at.
void expect_loops_as_alone(std::vector<Looping>& loops, Link& link) {
  std::vector<StepGuest> guests;
  for (std::size_t a = 0; a < loops.size(); ++a)
    guests.push_back({std::string(1, static_cast<char>('a' + a)),
                      ImageView(loops[a].image).with_window(loops[a].window), loops[a].origin});
  SharedSteps steps(link, std::move(guests), std::chrono::seconds(120));
  for (;;) {
    std::optional<std::size_t> first;
    for (std::size_t a = 0; a < loops.size(); ++a) {
      Looping& loop = loops[a];
      for (; loop.given < std::min(loop.taken + loop.window, loop.places.size()); ++loop.given) {
        const auto [s, t] = loop.places[loop.given];
        const Sample& sample = loop.made.data.samples[s];
        steps.give(a, sample, t, sample.place_of(t));
      }
      if (loop.given == loop.places.size() && !std::exchange(loop.has_ended, true)) steps.end(a);
      if (loop.taken == loop.places.size()) continue;
      const auto at = [&](std::size_t b) { return loops[b].origin + loops[b].alone.ended[loops[b].taken]; };
      if (!first || at(a) < at(*first)) first = a;
    }
    if (!first) break;
    Looping& loop = loops[*first];
    steps.take(*first);
    ASSERT_EQ(steps.collector(*first).ended_at(loop.taken), loop.alone.ended[loop.taken]);
    ++loop.taken;
  }
  const std::vector<DeviceRun> runs = steps.finish();
  for (std::size_t a = 0; a < loops.size(); ++a) {
    EXPECT_EQ(runs[a].sent, loops[a].alone.sent);
    EXPECT_EQ(runs[a].ended, loops[a].alone.ended);
    EXPECT_EQ(stalled_by_others(runs[a], loops[a].alone), 0);
    expect_golden(loops[a].made, loops[a].image, runs[a],
                  run_golden(loops[a].made.network, loops[a].made.data));
    expect_promises(loops[a].image, runs[a], loops[a].made.data, loops[a].window);
  }
}

/// Several loops on one chip, on the model and on an RTL whose link stalls and cuts words up: each has the
/// stamps that it has alone.
TEST(SharedLoops, GiveEachItsOwnRunHoweverSlowTheHost) {
  for (const char* name : kChips) {
    const Chip chip = chip_named(name);
    VerilatorOptions stalls;
    stalls.stall_seed = 11;
    const std::unique_ptr<Link> slow = throttle(open_verilator(chip, stalls, {}), 3);
    int done = 0;
    for (std::uint64_t seed = 1; done < 12 && seed < 2000; ++seed) {
      SCOPED_TRACE(std::string(name) + ", seed " + std::to_string(seed));
      Rng rng(seed);
      std::vector<Looping> loops = random_loops(chip, rng);
      if (loops.empty()) continue;
      std::vector<Looping> again = loops;
      const std::unique_ptr<ModelLink> model = open_model(chip);
      expect_loops_as_alone(loops, *model);
      expect_loops_as_alone(again, *slow);
      if (HasFailure()) return;
      ++done;
    }
    EXPECT_EQ(done, 12) << "too few of them fit";
  }
}

TEST(Stalls, AreCountedByTileAndCounter) {
  DeviceRun alone, beside;
  alone.tiles = {{.firings = 3, .busy = 20, .wait_input = 5, .wait_output = 1}, {.busy = 7}};
  beside.tiles = alone.tiles;
  EXPECT_EQ(stalled_by_others(beside, alone), 0);
  beside.tiles[0].wait_output += 4;
  beside.tiles[1].busy += 2;
  beside.tiles[0].wait_input -= 3;  // not made good by what another counter has too much
  EXPECT_EQ(stalled_by_others(beside, alone), 9);
}

std::vector<Param> params() {
  std::vector<Param> list;
  for (const char* chip : kChips)
    for (int block = 0; block < kBlocks; ++block) list.push_back({chip, block});
  return list;
}

INSTANTIATE_TEST_SUITE_P(Chips, Shared, ::testing::ValuesIn(params()),
                         [](const auto& p) { return p.param.chip + std::to_string(p.param.block); });

}  // namespace
}  // namespace spikeloom::testing
