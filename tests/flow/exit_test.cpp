// Early exits by the chip's exit unit beside those of a host that looks: random networks with readouts on
// chips with a unit, on `model` and RTL.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "compiler/base/error.hpp"
#include "compiler/chip_model/model_device.hpp"
#include "compiler/data/exit_rule.hpp"
#include "compiler/replay/session.hpp"
#include "compiler/replay/step_session.hpp"
#include "host/device/link_throttle.hpp"
#include "host/device/verilator_device.hpp"
#include "host/run/exit_run.hpp"
#include "host/run/window.hpp"
#include "tests/chips/chip_named.hpp"
#include "tests/flow/expect_golden.hpp"
#include "tests/flow/random_case.hpp"

namespace spikeloom::testing {
namespace {

using test::chip_named;
using ::testing::AllOf;
using ::testing::HasSubstr;

/// A random margin: mostly about what the best two are apart in some step.
ExitRule some_rule(Rng& rng, const std::vector<std::vector<std::int64_t>>& scores, std::size_t classes) {
  const auto& sample = scores[rng.below(scores.size())];
  const std::size_t step = rng.below(sample.size() / classes);
  std::vector<std::int64_t> at(sample.begin() + static_cast<std::ptrdiff_t>(step * classes),
                               sample.begin() + static_cast<std::ptrdiff_t>((step + 1) * classes));
  std::sort(at.rbegin(), at.rend());
  const std::int64_t margin = at[0] - at[1] + rng.between(-1, 1);
  return {ExitRule::Kind::kMargin, static_cast<double>(std::max<std::int64_t>(margin, 0))};
}

bool has_readout(const Image& image) {
  for (const OutputStream& output : image.application.outputs)
    if (output.kind == OutputKind::kPotential && !output.recorded && volume(output.shape) > 1) return true;
  return false;
}

/// What the unit can follow of an image; nothing where it is refused.
std::optional<ExitOutput> followed(const ImageView& view, const Image& image) {
  if (!has_readout(image)) return std::nullopt;
  try {
    ExitOutput output = exit_output(image, {});
    (void)exit_setup(view, {ExitRule::Kind::kMargin, 1}, output);
    (void)promises_with_window(image, view.window);  // batches may need a longer one
    return output;
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kInput) throw;
    return std::nullopt;
  }
}

struct Seen {
  int cases = 0, cut = 0, wasted = 0, several_sinks = 0;
};

void expect_same_run(const DeviceRun& unit, const DeviceRun& host) {
  EXPECT_EQ(unit.sent, host.sent);
  EXPECT_EQ(unit.ended, host.ended);
  EXPECT_EQ(unit.tiles, host.tiles);
  ASSERT_EQ(unit.outputs.potentials.size(), host.outputs.potentials.size());
  for (std::size_t o = 0; o < unit.outputs.potentials.size(); ++o)
    EXPECT_EQ(unit.outputs.potentials[o].samples, host.outputs.potentials[o].samples);
  for (std::size_t o = 0; o < unit.outputs.spikes.size(); ++o)
    EXPECT_EQ(unit.outputs.spikes[o].samples, host.outputs.spikes[o].samples);
}

/// The host's run on the model, the unit's on the model and on the device: one and the same, stamp by stamp.
void expect_same_exits(const Case& made, const Image& image, std::uint32_t window, Rng& rng, Link* rtl,
                       Seen& seen) {
  const ImageView view = ImageView(image).with_window(window);
  const std::optional<ExitOutput> output = followed(view, image);
  if (!output) return;
  const std::unique_ptr<ModelLink> model = open_model(image.chip);
  const DeviceRun to_end = Session(*model, image, {}).run(made.data);
  const auto scores = scores_of(to_end.outputs, *output);
  const ExitRule rule = some_rule(rng, scores, output->classes);
  StepSession loop(*model, view, std::chrono::seconds(120));
  const ExitRun host = run_with_exits(made.data, rule, *output, view, loop, nullptr);

  SessionOptions session;
  session.window = window;
  session.exit = exit_setup(view, rule, *output);
  const Exits foretold = exits_of(rule, scores, output->classes, output->unit);
  EXPECT_EQ(foretold.used, host.exits.used);
  const Dataset given = cut_short(made.data, foretold.used, window);
  for (std::size_t s = 0; s < given.samples.size(); ++s) {
    ASSERT_EQ(given.samples[s].steps(), host.given.samples[s].steps()) << "sample " << s;
    ASSERT_EQ(given.samples[s].ends_void, host.given.samples[s].ends_void) << "sample " << s;
    seen.cut += given.samples[s].steps() < made.data.samples[s].steps() ? 1 : 0;
    seen.wasted += static_cast<int>(host.wasted[s]);
  }
  ++seen.cases;
  seen.several_sinks += session.exit->sinks > 1 ? 1 : 0;
  expect_same_run(Session(*model, image, session).run(made.data, &given), host.replay);
  if (rtl == nullptr || ::testing::Test::HasFailure()) return;
  DeviceRun run = Session(*rtl, image, session).run(made.data, &given);
  expect_same_run(run, host.replay);
  expect_promises(image, run, given, window);
  const ExitRun unit = run_with_unit(made.data, rule, *output, given, std::move(run), {});
  EXPECT_EQ(unit.exits.used, host.exits.used);
  EXPECT_EQ(unit.exits.classes, host.exits.classes);
  EXPECT_EQ(unit.wasted, host.wasted);
  EXPECT_EQ(unit.decided, host.decided);
  EXPECT_EQ(unit.begun, host.begun);
}

class ExitUnit : public ::testing::TestWithParam<const char*> {};

TEST_P(ExitUnit, DecidesAsAHostThatLooksWithTheSameStamps) {
  const Chip chip = chip_named(GetParam());
  ASSERT_GT(chip.host.exit_window, 0U);
  const std::unique_ptr<Link> plain = open_verilator(chip, {}, {});
  VerilatorOptions stalls;
  stalls.stall_seed = 7;
  const std::unique_ptr<Link> slow = throttle(open_verilator(chip, stalls, {}), 5);
  Seen seen;
  for (std::uint64_t seed = 1; seen.cases < 60 && seed < 4000; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Case made = random_case(seed, chip, {});
    Rng rng(seed ^ 0xe817U);
    const std::optional<Image> image = random_image(made, chip, rng);
    if (!image) continue;
    if (rng.chance(0.3)) give_void_ends(rng, made.data);
    const auto window = 1 + static_cast<std::uint32_t>(rng.below(chip.host.exit_window));
    expect_same_exits(made, *image, window, rng, seed % 2 == 0 ? plain.get() : slow.get(), seen);
    if (HasFailure()) return;
  }
  RecordProperty("cut", seen.cut);
  RecordProperty("several_sinks", seen.several_sinks);
  EXPECT_EQ(seen.cases, 60);
  EXPECT_GE(seen.cut, 20);
  EXPECT_GE(seen.wasted, chip.host.exit_window > 1 ? 10 : 0);
  EXPECT_GE(seen.several_sinks, chip.tiles() > 1 ? 3 : 0);
}

std::string refusal(const ImageView& view, const char* rule, const ExitOutput& output) {
  try {
    (void)exit_setup(view, exit_rule_named(rule), output);
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing";
}

TEST(ExitSetup, NamesEverythingThatStandsAgainstTheUnit) {
  Chip chip = chip_named("square");
  std::optional<Image> image;
  std::optional<ExitOutput> output;
  for (std::uint64_t seed = 1; !output; ++seed) {
    Rng rng(seed);
    image = random_image(random_case(seed, chip, {}), chip, rng);
    if (image) output = followed(ImageView(*image).with_window(1), *image);
  }
  const auto view = [&](std::uint32_t window) {
    return ImageView(chip, image->application, image->binding).with_window(window);
  };
  EXPECT_EQ(refusal(view(3), "margin:12", *output), "nothing");
  EXPECT_THAT(refusal(view(4), "margin:12", *output),
              HasSubstr("--window 4: the exit unit of square follows windows up to 3 steps"));
  EXPECT_THAT(refusal(view(4), "entropy:0.5", *output),
              AllOf(HasSubstr("rule entropy:0.5: the chip's exit unit compares the best two scores"),
                    HasSubstr("--window 4: ")));
  EXPECT_THAT(refusal(view(1), "confidence:0.9", *output), HasSubstr("take margin:UNITS"));
  EXPECT_THAT(refusal(view(1), "margin:3e9", *output), HasSubstr("takes margins up to 2147483647"));
  chip.host.exit_sinks = 0;
  EXPECT_THAT(refusal(view(1), "margin:1", *output), HasSubstr("gathers 0; raise host.exit_sinks"));
  chip.host.exit_window = 0;
  EXPECT_THAT(refusal(view(2), "margin:1", *output),
              HasSubstr("chip square has no exit unit; set host.exit_window in the chip file to 2"));
  ExitOutput spikes = *output;
  spikes.is_readout = false;
  EXPECT_THAT(refusal(view(1), "margin:1", spikes), HasSubstr("is of spikes"));
}

INSTANTIATE_TEST_SUITE_P(Chips, ExitUnit, ::testing::Values("square", "row", "cores", "wide"),
                         [](const auto& of) { return std::string(of.param); });

}  // namespace
}  // namespace spikeloom::testing
