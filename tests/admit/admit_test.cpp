// Admission: random applications come and go on random chips; nobody else moves, promises hold, everything is
// given back.
#include "compiler/admit/admit.hpp"
#include "compiler/base/text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "compiler/admit/points.hpp"
#include "compiler/admit/retime.hpp"
#include "compiler/admit/state_file.hpp"
#include "compiler/base/error.hpp"
#include "compiler/base/rng.hpp"
#include "compiler/chip_model/model_device.hpp"
#include "compiler/flow/compile.hpp"
#include "compiler/map/routes.hpp"
#include "compiler/replay/session.hpp"
#include "compiler/schedule/schedule.hpp"
#include "host/run/report.hpp"
#include "tests/admit/networks.hpp"
#include "tests/chips/chip_named.hpp"
#include "tests/flow/random_case.hpp"

namespace spikeloom::testing {
namespace {

using test::chip_named;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// A mesh of random size, wheels and host.
Chip random_chip(Rng& rng) {
  Chip chip = chip_named("mesh4x4");
  chip.width = 2 + static_cast<std::uint32_t>(rng.below(4));
  chip.height = 1 + static_cast<std::uint32_t>(rng.below(4));
  constexpr std::uint32_t kWheels[] = {8, 16, 32, 64, 128, 256, 1024};
  chip.spike_wheel = kWheels[rng.below(7)];
  chip.credit_wheel = kWheels[rng.below(7)];
  chip.host.applications = 1 + static_cast<std::uint32_t>(rng.below(6));
  chip.host.channels = 2 + static_cast<std::uint32_t>(rng.below(8));
  chip.host.credit_counters = 4 + static_cast<std::uint32_t>(rng.below(30));
  return chip;
}

struct Compiled {
  Case made;
  Image image;
};

/// Random networks that fit the chip, with their points.
std::vector<Compiled> compiled(const Chip& chip, Rng& rng, std::size_t count) {
  std::vector<Compiled> list;
  for (int tries = 0; list.size() < count && tries < 200; ++tries) {
    CaseOptions sizes;
    sizes.max_neurons = 40;
    sizes.max_populations = 4;
    Case made = random_case(rng.next(), chip, sizes);
    CompileOptions options;
    options.seed = rng.next();
    options.spread = rng.chance(0.5) ? Spread::kFastest : Spread::kFewest;
    if (rng.chance(0.3)) options.max_neurons = 16;
    try {
      auto built = build_image(made.network, chip, options);
      auto* image = std::get_if<Image>(&built);
      if (image == nullptr) continue;
      image->points = operating_points(*image);
      list.push_back({std::move(made), std::move(*image)});
    } catch (const Error&) {
      // Too large for the chip, in words that other tests read.
    }
  }
  return list;
}

/// All that an admission says of itself, re-derived.
void expect_sound(const ChipState& before, const Image& image, const Admission& admission) {
  const Image alone = bound(image, admission);
  EXPECT_THAT(check(alone), IsEmpty());
  EXPECT_THAT(verify(alone, admission.promise, {}), IsEmpty());
  const auto exact = guarantee(alone);
  ASSERT_TRUE(std::holds_alternative<Promise>(exact));
  EXPECT_EQ(std::get<Promise>(exact), admission.promise) << "not the bound graph's own guarantee";
  const OperatingPoint& point = image.points.at(admission.point);
  if (admission.within_budgets) {
    EXPECT_LE(admission.promise.period, point.period);
    AdmitOptions loose;
    loose.tighten = false;
    const auto again = admit(before, image, loose);
    ASSERT_TRUE(std::holds_alternative<Admission>(again));
    const Admission& certified = std::get<Admission>(again);
    EXPECT_THAT(verify(bound(image, certified), certified.promise, {}), IsEmpty())
        << "the point's certificate does not carry over";
  }
}

/// Whether a point has tiles and numbers of the host, counted by hand.
bool fits_but_for_slots(const ChipState& state, const Image& image, const OperatingPoint& point) {
  const auto free = [](const std::vector<std::uint8_t>& taken) {
    return static_cast<std::size_t>(std::count(taken.begin(), taken.end(), 0));
  };
  std::size_t channels = 0, counters = 0;
  for (const Channel& channel : point.binding.channels)
    if (!channel.from) ++channels, counters += channel.to.size();
  bool sinks = image.application.sinks.empty();
  for (std::size_t first = 0; !sinks && first + image.application.sinks.size() <= state.sinks().size();
       ++first)
    sinks = std::count(
                state.sinks().begin() + static_cast<std::ptrdiff_t>(first),
                state.sinks().begin() + static_cast<std::ptrdiff_t>(first + image.application.sinks.size()),
                1) == 0;
  return point.tiles() <= free(state.tile_taken()) && free(state.applications()) > 0 &&
         channels <= free(state.host_channels()) && counters <= free(state.host_counters()) && sinks;
}

/// The bound image, alone on the model device.
void expect_promise_kept(const Compiled& app, const Admission& admission) {
  const Image alone = bound(app.image, admission);
  const std::unique_ptr<ModelLink> model = open_model(alone.chip);
  const DeviceRun run = Session(*model, alone, {}).run(app.made.data);
  const PromiseCheck kept = check_promise(admission.promise, run, std::nullopt);
  EXPECT_TRUE(kept.kept) << "broken in step " << kept.first_broken.value_or(-1);
  const std::unique_ptr<ModelLink> other = open_model(app.image.chip);
  const DeviceRun compiled_run = Session(*other, app.image, {}).run(app.made.data);
  ASSERT_EQ(run.outputs.spikes.size(), compiled_run.outputs.spikes.size());
  for (std::size_t i = 0; i < run.outputs.spikes.size(); ++i)
    EXPECT_EQ(run.outputs.spikes[i].samples, compiled_run.outputs.spikes[i].samples);
}

class Sequences : public ::testing::TestWithParam<int> {};

TEST_P(Sequences, OfAdmissionsAndReleasesLeaveTheOthersAlone) {
  Rng rng(static_cast<std::uint64_t>(GetParam()));
  const Chip chip = random_chip(rng);
  SCOPED_TRACE(print(chip));
  const std::vector<Compiled> apps = compiled(chip, rng, 6);
  ASSERT_FALSE(apps.empty());
  ChipState state(chip);
  std::size_t admitted = 0, refused = 0, number = 0;
  for (int step = 0; step < 150; ++step) {
    const ChipState before = state;
    if (!state.residents().empty() && rng.chance(0.4)) {
      const std::size_t leaves = rng.below(state.residents().size());
      const std::string name = state.residents()[leaves].name;
      state.release(name);
      std::vector<Resident> expected = before.residents();
      expected.erase(expected.begin() + static_cast<std::ptrdiff_t>(leaves));
      ASSERT_EQ(state.residents(), expected);
    } else {
      const Compiled& app = apps[rng.below(apps.size())];
      const auto answer = admit(state, app.image);
      ASSERT_EQ(state, before) << "asking changed the state";
      if (const auto* no = std::get_if<Refusal>(&answer)) {
        ++refused;
        const bool some = std::any_of(
            app.image.points.begin(), app.image.points.end(),
            [&](const OperatingPoint& point) { return fits_but_for_slots(state, app.image, point); });
        const bool modest =
            std::any_of(app.image.points.begin(), app.image.points.end(), [&](const OperatingPoint& point) {
              return host_share(point, chip) <= Ratio(1, chip.host.applications) &&
                     fits_but_for_slots(state, app.image, point);
            });
        const bool for_slots = no->reason.find(" slots, ") != std::string::npos;
        if (for_slots)
          EXPECT_TRUE(some) << no->reason;
        else
          EXPECT_FALSE(modest) << no->reason;
        EXPECT_FALSE(before.residents().empty() && no->remedy.find("releasing") != std::string::npos)
            << no->remedy;
        continue;
      }
      const Admission& admission = std::get<Admission>(answer);
      expect_sound(state, app.image, admission);
      if (admitted % 8 == 0) expect_promise_kept(app, admission);
      ++admitted;
      state.enter(resident_of("app" + std::to_string(number++), app.image, admission, ""));
      ASSERT_TRUE(
          std::equal(before.residents().begin(), before.residents().end(), state.residents().begin()));
    }
    ASSERT_THAT(check(state), IsEmpty());
    if (step % 8 == 0) {
      ASSERT_EQ(decode_state(encode_state(state), "state"), state);
    }
    if (HasFailure()) return;
  }
  EXPECT_GT(admitted, 0U);
  while (!state.residents().empty())
    state.release(std::string(state.residents()[rng.below(state.residents().size())].name));
  EXPECT_EQ(state, ChipState(chip)) << "not everything was given back";
  RecordProperty("admitted", static_cast<int>(admitted));
  RecordProperty("refused", static_cast<int>(refused));
}

INSTANTIATE_TEST_SUITE_P(Random, Sequences, ::testing::Range(1, 13));

TEST(Admit, IsRefusedForTilesExactlyWhereTheyAreTooFew) {
  Rng rng(77);
  Chip chip = chip_named("mesh4x4");
  chip.spike_wheel = chip.credit_wheel = 256;  // never short of slots
  chip.host.applications = 16;
  chip.host.channels = 64;
  chip.host.credit_counters = 256;
  const std::vector<Compiled> apps = compiled(chip, rng, 8);
  for (int round = 0; round < 60; ++round) {
    ChipState state(chip);
    for (int n = 0; n < 12; ++n) {
      const Compiled& app = apps[rng.below(apps.size())];
      std::size_t fewest = chip.tiles();
      for (const OperatingPoint& point : app.image.points) fewest = std::min(fewest, point.tiles());
      const auto answer = admit(state, app.image);
      const auto* no = std::get_if<Refusal>(&answer);
      ASSERT_EQ(no == nullptr, fewest <= state.free_tiles()) << (no ? no->reason : "admitted");
      if (no != nullptr) {
        EXPECT_EQ(no->reason, "needs " + counted(fewest, "tile") + ", " + std::to_string(state.free_tiles()) +
                                  " free of 16");
        // The remedy names exactly those whose leaving makes enough room.
        for (const Resident& resident : state.residents()) {
          ChipState without = state;
          without.release(resident.name);
          const bool named = no->remedy.find(resident.name + " ") != std::string::npos;
          EXPECT_EQ(named, fewest <= without.free_tiles()) << no->remedy << " for " << resident.name;
        }
        continue;
      }
      state.enter(resident_of("app" + std::to_string(n), app.image, std::get<Admission>(answer), ""));
    }
  }
}

TEST(Admit, TakesTilesOfEachKindAndNamesTheOneThatIsShort) {
  Chip chip = chip_named("mesh4x4");
  chip.spike_wheel = chip.credit_wheel = 256;  // never short of slots
  chip.host.applications = 16;
  chip.host.channels = 64;
  chip.host.credit_counters = 256;
  chip.more_kinds.assign(1, chip.tile);
  chip.more_kinds[0].name = "other";
  chip.more_kinds[0].lanes *= 2;
  for (std::uint32_t t = 0; t < chip.tiles(); ++t) chip.kind_of.push_back(t % 4 == 3 ? 1 : 0);
  const IntNetwork network = layered({.clusters = 5, .neurons = 16, .across = 2});
  CompileOptions options;
  options.spread = Spread::kFewest;
  options.kinds = {{network.populations[1].name, "other"}, {network.populations[4].name, "other"}};
  Image image = std::get<Image>(build_image(network, chip, options));
  image.points = operating_points(image);
  ASSERT_FALSE(image.points.empty());
  std::size_t fewest = chip.tiles();
  for (const OperatingPoint& point : image.points) fewest = std::min(fewest, point.tiles());
  EXPECT_EQ(fewest, 2U);  // one of each kind
  EXPECT_THAT(check(image), IsEmpty());
  ChipState state(chip);
  for (int n = 0;; ++n) {
    const auto answer = admit(state, image);
    if (const auto* no = std::get_if<Refusal>(&answer)) {
      EXPECT_GE(n, 2);
      EXPECT_EQ(state.free_tiles(1), 0U);
      EXPECT_EQ(no->reason, "needs 1 tile of kind other, 0 free of 4");
      break;
    }
    const auto& admission = std::get<Admission>(answer);
    expect_sound(state, image, admission);
    for (std::size_t c = 0; c < image.application.clusters.size(); ++c)
      EXPECT_EQ(chip.kind_number(admission.binding.placement[c].tile), image.application.clusters[c].kind);
    state.enter(resident_of("r" + std::to_string(n), image, admission, ""));
    EXPECT_THAT(check(state), IsEmpty());
  }
}

Image small_image(const Chip& chip, std::uint32_t clusters) {
  return layered_image({.clusters = clusters, .neurons = 16, .across = 2, .seed = clusters}, chip);
}

std::string refusal(const ChipState& state, const Image& image, const AdmitOptions& options = {}) {
  const auto answer = admit(state, image, options);
  const auto* no = std::get_if<Refusal>(&answer);
  return no == nullptr ? "admitted" : no->reason + "; " + no->remedy;
}

TEST(Admit, NamesWhatIsShortWithNumbersAndWhatWouldDo) {
  Chip chip = chip_named("mesh4x4");
  chip.host.applications = 2;
  const Image image = small_image(chip, 4);
  const auto fill = [&](ChipState& state) {
    for (int n = 0;; ++n) {
      const auto answer = admit(state, image);
      if (std::holds_alternative<Refusal>(answer)) return;
      state.enter(resident_of("r" + std::to_string(n), image, std::get<Admission>(answer), ""));
    }
  };
  ChipState state(chip);
  fill(state);
  EXPECT_EQ(state.residents().size(), 2U);
  EXPECT_THAT(refusal(state, image),
              HasSubstr("host.applications = 2, all taken; releasing r0 or r1 would do"));

  chip.host.applications = 8;
  chip.host.channels = 2;
  ChipState few_channels(chip);
  Image same = image;
  same.chip = chip;
  for (int n = 0; n < 2; ++n)
    few_channels.enter(
        resident_of("r" + std::to_string(n), same, std::get<Admission>(admit(few_channels, same)), ""));
  EXPECT_THAT(refusal(few_channels, same), HasSubstr("needs 1 host channel, 0 free of host.channels = 2"));

  Chip narrow = chip_named("mesh4x4");
  narrow.spike_wheel = 4;
  narrow.host.applications = 16;
  same.chip = narrow;
  same.points.clear();
  const Image compiled = small_image(narrow, 4);
  ChipState few_slots(narrow);
  int entered = 0;
  for (;; ++entered) {
    const auto answer = admit(few_slots, compiled);
    if (std::holds_alternative<Refusal>(answer)) break;
    few_slots.enter(resident_of("r" + std::to_string(entered), compiled, std::get<Admission>(answer), ""));
  }
  EXPECT_GT(entered, 0);
  EXPECT_THAT(refusal(few_slots, compiled),
              HasSubstr("spike slots, 0 are free on all its wires; the fullest is the host's input with"));

  const auto first_refusal = [&](const Chip& of) {
    const Image tight = small_image(of, 4);
    ChipState filling(of);
    for (int n = 0;; ++n) {
      const auto answer = admit(filling, tight);
      if (const auto* no = std::get_if<Refusal>(&answer)) return no->reason;
      filling.enter(resident_of("r" + std::to_string(n), tight, std::get<Admission>(answer), ""));
    }
  };
  Chip few_counters = chip_named("mesh4x4");
  few_counters.host.credit_counters = 3;
  EXPECT_THAT(first_refusal(few_counters), HasSubstr("free of host.credit_counters = 3"));
  Chip few_credits = chip_named("mesh8x8");
  few_credits.host.applications = 16;
  few_credits.spike_wheel = 1024;
  few_credits.credit_wheel = 8;
  EXPECT_THAT(first_refusal(few_credits),
              HasSubstr("credit slots, 0 are free on all its wires; the fullest is "));

  const Image other = small_image(chip_named("mesh8x8"), 4);
  EXPECT_THAT(refusal(state, other), HasSubstr("compiled for another chip: mesh8x8 with hash 0x"));
  EXPECT_THROW((void)admit(few_slots, same), Error) << "no points";
}

TEST(Admit, KeepsToTheWantedPeriod) {
  const Chip chip = chip_named("mesh4x4");
  const Image image = small_image(chip, 6);
  const ChipState empty(chip);
  const Admission best = std::get<Admission>(admit(empty, image));
  EXPECT_THAT(refusal(empty, image, {.max_period = Ratio(1)}), HasSubstr("guarantees a step every 1 cycles"));
  const auto answer = admit(empty, image, {.max_period = image.points.front().period, .greedy = true});
  ASSERT_TRUE(std::holds_alternative<Admission>(answer));
  EXPECT_LE(std::get<Admission>(answer).promise.period, image.points.front().period);
  EXPECT_GE(best.promise.period, std::get<Admission>(answer).promise.period)
      << "a fair share was faster than all that can be had";
}

/// The wanted period is held against what binding guarantees, not against what the point says of any place.
TEST(Admit, WhatCanBeHadIsNotRefusedForItsPeriod) {
  const Chip chip = chip_named("mesh4x4");
  for (const std::uint32_t clusters : {4U, 6U, 8U}) {
    const Image image = small_image(chip, clusters);
    ChipState state(chip);
    for (int n = 0; n < 3; ++n) {
      const auto free = admit(state, image);
      if (std::holds_alternative<Refusal>(free)) break;
      const Ratio period = std::get<Admission>(free).promise.period;
      ASSERT_EQ(refusal(state, image, {.max_period = period}), "admitted") << period.str();
      const std::string too_fast = refusal(state, image, {.max_period = period - Ratio(1, 2)});
      if (too_fast != "admitted") {
        const std::string begin = "; --max-period ";
        const std::size_t at = too_fast.find(begin);
        ASSERT_NE(at, std::string::npos) << too_fast;
        const std::string remedy = too_fast.substr(at + begin.size());
        EXPECT_EQ(refusal(state, image, {.max_period = Ratio::parse(remedy.substr(0, remedy.find(' ')))}),
                  "admitted")
            << too_fast;
      }
      state.enter(resident_of("r" + std::to_string(n), image, std::get<Admission>(free), ""));
    }
  }
}

TEST(Admit, AFullChipIsShortOfTilesWhateverThePeriod) {
  const Chip chip = chip_named("mesh2x2");
  const Image image = small_image(chip, 4);
  ChipState state(chip);
  for (int n = 0; state.free_tiles() > 0; ++n) {
    const auto answer = admit(state, image);
    ASSERT_TRUE(std::holds_alternative<Admission>(answer));
    state.enter(resident_of("r" + std::to_string(n), image, std::get<Admission>(answer), ""));
  }
  for (const int period : {1, 100000}) {
    const std::string answer = refusal(state, image, {.max_period = Ratio(period)});
    EXPECT_THAT(answer, HasSubstr("0 free of 4"));
    EXPECT_EQ(answer.find("--max-period") != std::string::npos, period == 1) << answer;
  }
}

TEST(Admit, ContractsGoAlongWhereClustersShareTilesAsBefore) {
  Rng rng(9);
  const Chip chip = chip_named("mesh4x4");
  int contracted = 0, dropped = 0;
  for (Compiled& app : compiled(chip, rng, 12)) {
    const Contracted measured =
        contract(app.image, app.image.promises.front(), rehearse(app.image, app.made.data).work, {});
    app.image.promises.push_back(measured.promise);
    app.image.contracts = measured.contracts;
    ChipState state(chip);
    for (int n = 0; n < 3; ++n) {
      const auto answer = admit(state, app.image);
      if (std::holds_alternative<Refusal>(answer)) break;
      const Admission& admission = std::get<Admission>(answer);
      const Image placed = bound(app.image, admission);
      EXPECT_THAT(check(placed), IsEmpty());
      EXPECT_EQ(placed.promises.size() > 1, !placed.contracts.empty());
      (placed.contracts.empty() ? dropped : contracted) += 1;
      const std::unique_ptr<ModelLink> model = open_model(chip);
      const DeviceRun run = Session(*model, placed, {}).run(app.made.data);
      EXPECT_EQ(contract_void_from(placed, run), std::nullopt)
          << "the data that it was measured on break the contract";
      for (const Promise& promise : placed.promises) {
        EXPECT_THAT(verify(placed, promise, placed.contracts), IsEmpty());
        EXPECT_TRUE(check_promise(promise, run, std::nullopt).kept) << name_of(promise.kind);
        EXPECT_LE(promise.period, admission.promise.period);
      }
      state.enter(resident_of("a" + std::to_string(n), app.image, admission, ""));
    }
  }
  EXPECT_GT(contracted, 0);
  EXPECT_GT(dropped, 0);
}

TEST(Admit, TheSameQuestionHasTheSameAnswer) {
  const Chip chip = chip_named("mesh4x4");
  const Image image = small_image(chip, 6);
  ChipState state(chip);
  const Admission first = std::get<Admission>(admit(state, image));
  EXPECT_EQ(first.binding, std::get<Admission>(admit(state, image)).binding);
  state.enter(resident_of("a", image, first, ""));
  const Admission second = std::get<Admission>(admit(state, image));
  state.release("a");
  EXPECT_EQ(first.binding, std::get<Admission>(admit(state, image)).binding) << "a release leaves traces";
  EXPECT_NE(first.binding, second.binding);
}

TEST(ChipState, TakesCompiledImagesAndRefusesWhatClashes) {
  const Chip chip = chip_named("mesh4x4");
  const Image image = small_image(chip, 4);
  ChipState state(chip);
  state.enter("a", image);
  EXPECT_EQ(state.residents().front().binding, image.binding);
  try {
    state.enter("b", image);
    FAIL() << "two on the same tiles";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("is taken"));
    EXPECT_THAT(error.what(), HasSubstr("application number 0 is taken"));
    EXPECT_THAT(error.what(), HasSubstr("tile(0,0) is taken"));
    EXPECT_THAT(error.what(), HasSubstr("spike slot"));
  }
  EXPECT_EQ(state.residents().size(), 1U);
  EXPECT_THROW(state.enter("a", image), Error);
  EXPECT_THROW(state.release("nobody"), Error);
  EXPECT_THROW(state.enter("c", small_image(chip_named("mesh8x8"), 4)), Error);
  Chip deeper = chip;  // nothing but the hash tells it from the other
  deeper.tile.page_rows *= 2;
  ChipState other(deeper);
  try {
    other.enter("d", image);
    FAIL() << "an image of another chip";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("which is built otherwise"));
  }
  EXPECT_TRUE(other.residents().empty());
  Image silent = image;
  silent.promises.clear();
  try {
    ChipState(chip).enter("a", silent);
    FAIL() << "an image without a promise";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(),
                HasSubstr("the image holds no promise; expected a guaranteed one; compile it again"));
  }
  state.release("a");
  EXPECT_EQ(state, ChipState(chip));
}

TEST(Points, AreAFrontOfWhatTheyCostAndTheirCertificatesHold) {
  const Chip chip = chip_named("mesh8x8");
  for (const std::uint32_t clusters : {1U, 5U, 16U}) {
    const Image image = small_image(chip, clusters);
    ASSERT_FALSE(image.points.empty());
    EXPECT_THAT(check(image), IsEmpty());
    EXPECT_EQ(decode(encode(image), "image"), image);
    for (std::size_t p = 0; p < image.points.size(); ++p) {
      const OperatingPoint& point = image.points[p];
      for (std::size_t q = 0; q < image.points.size(); ++q)
        EXPECT_FALSE(p != q && image.points[q].tiles() <= point.tiles() &&
                     image.points[q].slots() <= point.slots() && image.points[q].period <= point.period);
      EXPECT_LE(image.points[p == 0 ? 0 : p - 1].period, point.period);
      Retimed timing(point, ways_of(image.application, chip, point.binding));
      timing.set(budget_of(point));
      EXPECT_THAT(sdf::verify_bound(timing.graph(), point.period * Ratio(kTimeScale), point.potentials,
                                    timing.lower()),
                  IsEmpty());
    }
    EXPECT_EQ(operating_points(image, {.most = 1}).size(), 1U);
    EXPECT_THAT(operating_points(image, {.most = 0}), IsEmpty());
  }
}

/// Points in a file are read as they were or refused, and what is read can be admitted blindly.
TEST(Points, DamagedOnesAreAnErrorOrHarmless) {
  const Chip chip = chip_named("mesh4x4");
  const Image image = small_image(chip, 3);
  const ChipState empty(chip);
  Rng rng(12);
  int read = 0;
  for (int round = 0; round < 400; ++round) {
    Image other = image;
    OperatingPoint& point = other.points[rng.below(other.points.size())];
    const auto any = [&](auto& list) -> auto& { return list[rng.below(list.size())]; };
    const std::uint64_t value = rng.chance(0.5) ? rng.below(40) : rng.next();
    const auto narrow = static_cast<std::uint32_t>(value);
    switch (rng.below(12)) {
      case 0:
        any(point.binding.placement).tile.value = narrow;
        break;
      case 1:
        any(point.binding.placement).rows = narrow;
        break;
      case 2:
        any(point.binding.channels).number = narrow;
        break;
      case 3:
        any(point.binding.channels).slots.push_back(narrow);
        break;
      case 4:
        any(point.binding.channels).to.pop_back();
        break;
      case 5:
        any(point.graph.actors).tile = narrow;
        break;
      case 6:
        any(point.graph.actors).execution = static_cast<std::int64_t>(value);
        break;
      case 7:
        any(point.graph.arcs).target = narrow;
        break;
      case 8:
        any(point.graph.arcs).tokens = static_cast<std::int64_t>(value);
        break;
      case 9:
        any(point.graph.ends).pages = narrow;
        break;
      case 10:
        any(point.graph.senders) = narrow;
        break;
      default:
        point.potentials.pop_back();
        break;
    }
    try {
      const Image again = decode(encode(other), "image");
      ++read;
      const auto answer = admit(empty, again);
      if (const auto* admission = std::get_if<Admission>(&answer)) {
        EXPECT_THAT(check(bound(again, *admission)), IsEmpty());
      }
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kInput);
    }
  }
  EXPECT_GT(read, 10);
  EXPECT_LT(read, 390);
}

/// A graph that was made faster promises too much: found out before anybody relies on it.
TEST(Points, WhoseTimesAreDamagedAreRefusedInWords) {
  const Chip chip = chip_named("mesh4x4");
  Image image = small_image(chip, 3);
  const ChipState empty(chip);
  EXPECT_NO_THROW(spikeloom::expect_sound(bound(image, std::get<Admission>(admit(empty, image))), "a.loom"));
  for (OperatingPoint& point : image.points)
    for (PointGraph::Actor& actor : point.graph.actors) actor.execution /= 2;
  try {
    spikeloom::expect_sound(bound(image, std::get<Admission>(admit(empty, image))), "a.loom");
    FAIL() << "a promise that does not hold";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInput);
    EXPECT_THAT(error.what(), HasSubstr("a.loom: damaged operating points"));
  }
}

TEST(Points, OfAnAdmittedImageBeginAnewFromItsPlace) {
  const Chip chip = chip_named("mesh4x4");
  const Image image = small_image(chip, 4);
  ChipState state(chip);
  state.enter(resident_of("a", image, std::get<Admission>(admit(state, image)), ""));
  Image second = bound(image, std::get<Admission>(admit(state, image)));
  second.points = operating_points(second);
  EXPECT_THAT(check(second), IsEmpty());
  EXPECT_TRUE(std::holds_alternative<Admission>(admit(state, second)));
}

}  // namespace
}  // namespace spikeloom::testing
