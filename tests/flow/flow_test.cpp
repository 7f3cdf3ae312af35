// Everything against everything: random networks, inputs, partitions and placements on the test chips.
// golden = model = verilator in every spike, potential, final membrane and stamp; every stamp within
// every promise; a throttled link changes nothing.
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <memory>
#include <ostream>
#include <set>

#include "compiler/base/error.hpp"
#include "compiler/chip_model/model_device.hpp"
#include "compiler/flow/compile.hpp"
#include "compiler/flow/tune.hpp"
#include "compiler/map/map.hpp"
#include "compiler/replay/exchange.hpp"
#include "compiler/replay/session.hpp"
#include "compiler/replay/stimulus.hpp"
#include "compiler/schedule/orders.hpp"
#include "compiler/schedule/schedule.hpp"
#include "compiler/sdf/regulation.hpp"
#include "host/device/link_throttle.hpp"
#include "host/device/verilator_device.hpp"
#include "host/run/report.hpp"
#include "spikeloom_hw.hpp"
#include "tests/chips/chip_named.hpp"
#include "tests/flow/expect_golden.hpp"
#include "tests/flow/random_case.hpp"
#include "tests/schedule/candidates.hpp"

namespace spikeloom::testing {
namespace {

using test::chip_named;

/// Networks that fit, per test. On the RTL, mesh8x8 takes a second for one, mesh16x16 ten.
int cases(const Chip& chip) { return chip.tiles() < 64 ? 15 : 3; }

/// SPIKELOOM_CASE=SEED replays one case on every chip.
std::optional<std::uint64_t> replayed_seed() {
  const char* text = std::getenv("SPIKELOOM_CASE");
  return text == nullptr ? std::nullopt : std::optional<std::uint64_t>(std::strtoull(text, nullptr, 10));
}

/// Contracts from the first samples only: the others may break them, and then the promise is void from there
/// on.
void add_contract(Image& image, const Dataset& data, std::size_t samples, SampleOrder order) {
  Dataset calibration = data;
  calibration.samples.resize(samples);
  const Promise& guaranteed = image.promises.front();
  const MeasuredWork work = rehearse(image, calibration).work;
  const Contracted contracted = contract(image, guaranteed, work, {.order = order, .margin_percent = 0});
  if (order == SampleOrder::kGiven) {
    EXPECT_LE(contracted.promise.period,
              contract(image, guaranteed, work, {.margin_percent = 0}).promise.period);
  }
  EXPECT_LE(contracted.promise.period, guaranteed.period);
  EXPECT_TRUE(verify(image, contracted.promise, contracted.contracts).empty());
  image.promises.push_back(contracted.promise);
  image.contracts = contracted.contracts;
}

/// The data that the contracts were measured on never break them.
void expect_unbroken(const Case& made, const Image& image) {
  const std::unique_ptr<ModelLink> model = open_model(image.chip);
  EXPECT_EQ(contract_void_from(image, Session(*model, image, {}).run(made.data)), std::nullopt);
}

struct Param {
  std::string chip;
  int block = 0;
  friend std::ostream& operator<<(std::ostream& out, const Param& param) {
    return out << param.chip << " block " << param.block;
  }
};

class Flow : public ::testing::TestWithParam<Param> {
 protected:
  static CaseOptions sizes(const Chip& chip) {
    CaseOptions options;
    options.max_neurons = chip.tiles() == 1 ? 20 : 32;
    options.max_inputs = 24;
    options.max_populations = std::min(4U, chip.tiles() * chip.tile.contexts);
    return options;
  }

  template <class F>
  static void for_cases(F&& each) {
    const Param& param = GetParam();
    const Chip chip = chip_named(param.chip);
    if (const auto seed = replayed_seed()) {
      if (param.block == 0) each(chip, *seed);
      return;
    }
    const int wanted = cases(chip);
    int done = 0;
    for (std::uint64_t n = 0; done < wanted && n < 20 * static_cast<std::uint64_t>(wanted); ++n) {
      const std::uint64_t seed = static_cast<std::uint64_t>(param.block) * 1'000'000 + n;
      if (each(chip, seed)) ++done;
      if (HasFailure()) return;
    }
    EXPECT_EQ(done, wanted) << "too few random networks fit " << param.chip;
  }
};

TEST_P(Flow, ModelIsGoldenAndKeepsItsPromises) {
  for_cases([](const Chip& chip, std::uint64_t seed) {
    const Case made = random_case(seed, chip, sizes(chip));
    Rng rng(seed ^ 0x5eedU);
    std::optional<Image> image = random_image(made, chip, rng);
    if (!image) return false;
    const std::size_t samples = made.data.samples.size();
    const std::size_t measured = 1 + rng.below(samples);
    add_contract(*image, made.data, measured, rng.chance(0.5) ? SampleOrder::kAny : SampleOrder::kGiven);
    expect_agreement(seed, made, *image, nullptr, random_window(rng, *image));
    if (measured == samples) expect_unbroken(made, *image);
    return true;
  });
}

/// Adds contracts that the data just keep, now and then with more rho, `pooled` as often as said, and their
/// promise.
void add_just_kept_contracts(Image& image, const Dataset& data, Rng& rng, double some, double pooled) {
  const MeasuredWork work = rehearse(image, data).work;
  TileBounds bounds(work.size());
  image.contracts.assign(work.size(), {});
  for (std::size_t t = 0; t < work.size(); ++t) {
    std::vector<std::int64_t> all;
    std::int64_t sum = 0;
    for (const auto& sample : work[t])
      for (const std::int64_t w : sample) {
        all.push_back(w * kTimeScale);
        sum += w * kTimeScale;
      }
    if (all.empty() || !rng.chance(some)) continue;
    const auto firings = static_cast<std::int64_t>(all.size());
    const std::int64_t rho = (sum + firings - 1) / firings +
                             (rng.chance(0.5) ? 0 : static_cast<std::int64_t>(rng.below(4 * kTimeScale)));
    bounds[t] = TileBound{rho, std::get<std::int64_t>(sdf::least_sigma({all}, rho)), rng.chance(pooled)};
    image.contracts[t] = {static_cast<std::uint32_t>(bounds[t]->rho),
                          static_cast<std::uint32_t>(bounds[t]->sigma)};
  }
  image.promises.push_back(promise_under(image, image.promises.front(), bounds));
  EXPECT_EQ(verify(image, image.promises.back(), image.contracts), std::vector<std::string>{});
}

/// Contracts that the data just keep, pooled at random, useful or not: every stamp within the promise.
TEST_P(Flow, PooledContractsKeepTheirPromises) {
  for_cases([](const Chip& chip, std::uint64_t seed) {
    SCOPED_TRACE("replay with SPIKELOOM_CASE=" + std::to_string(seed));
    const Case made = random_case(seed, chip, sizes(chip));
    Rng rng(seed ^ 0x9001U);
    std::optional<Image> image = random_image(made, chip, rng);
    if (!image) return false;
    add_just_kept_contracts(*image, made.data, rng, 0.8, 0.7);
    expect_unbroken(made, *image);
    const std::unique_ptr<ModelLink> model = open_model(image->chip);
    expect_promises(*image, Session(*model, *image, {}).run(made.data), made.data);
    if (const std::uint32_t window = random_window(rng, *image); window > 0)
      expect_promises(*image, Session(*model, *image, {.window = window}).run(made.data), made.data, window);
    return true;
  });
}

/// Two hundred steps of one spike for every 16 elements, past one slot: a step lasts as long as the host
/// sends, and each flit costs its reader one row, which is what pooled contracts count less of a send.
TEST_P(Flow, PooledContractsCountWhatTheHostSends) {
  for_cases([](const Chip& chip, std::uint64_t seed) {
    SCOPED_TRACE("replay with SPIKELOOM_CASE=" + std::to_string(seed));
    Case made = random_case(
        seed, chip,
        {.max_populations = 2, .max_neurons = 12, .max_inputs = 120, .max_samples = 1, .max_steps = 1});
    Sample& sample = made.data.samples.at(0);
    for (std::size_t i = 0; i < sample.inputs.size(); ++i) {
      sample.inputs[i] = {};
      for (int step = 0; step < 200; ++step) {
        for (std::uint32_t e = 0; e < made.network.inputs[i].size(); e += 16) sample.inputs[i].add(e, 1);
        sample.inputs[i].end_step();
      }
    }
    Rng rng(seed ^ 0x4057U);
    CompileOptions options;
    options.seed = rng.next();
    options.slots = 1;
    std::optional<Image> image = fitting(made.network, chip, options);
    if (!image) return false;
    add_just_kept_contracts(*image, made.data, rng, 1, 1);
    const std::unique_ptr<ModelLink> model = open_model(image->chip);
    expect_promises(*image, Session(*model, *image, {}).run(made.data), made.data);
    return true;
  });
}

/// Orders by list scheduling are sound for every binding, and what is kept is never slower.
TEST_P(Flow, OrdersFromListSchedulingAreSound) {
  for_cases([](const Chip& chip, std::uint64_t seed) {
    SCOPED_TRACE("replay with SPIKELOOM_CASE=" + std::to_string(seed));
    const Case made = random_case(seed, chip, sizes(chip));
    Rng rng(seed ^ 0x0d3aU);
    std::optional<Image> image = random_image(made, chip, rng);
    if (!image) return false;
    for (const FiringTimes times : {FiringTimes::kWorst, FiringTimes::kExpected}) {
      Image listed = *image;
      listed.binding.orders = listed_orders(listed, times);
      EXPECT_EQ(check(listed), std::vector<std::string>{});
      EXPECT_TRUE(std::holds_alternative<Promise>(guarantee(listed)));
    }
    const auto better = better_orders(test::candidate_of(*image), chip);
    if (!better) return true;
    EXPECT_EQ(check(better->on(chip)), std::vector<std::string>{});
    EXPECT_EQ(verify(better->on(chip), better->promise, {}), std::vector<std::string>{});
    EXPECT_LE(better->promise.period, image->promises.front().period);
    EXPECT_LE(better->promise.latency, image->promises.front().latency);
    return true;
  });
}

/// Slots and pages by analysis, for the best period and for one that will do.
TEST_P(Flow, TunedPagesKeepTheirPeriods) {
  for_cases([](const Chip& chip, std::uint64_t seed) {
    SCOPED_TRACE("replay with SPIKELOOM_CASE=" + std::to_string(seed));
    const Case made = random_case(seed, chip, sizes(chip));
    Rng rng(seed ^ 0x9a6eU);
    const std::optional<Image> first = random_image(made, chip, rng);
    if (!first) return false;
    const Candidate candidate = test::candidate_of(*first);
    std::optional<MeasuredWork> work;
    TuneOptions options;
    options.contract.margin_percent = 0;
    if (rng.chance(0.5)) work = rehearse(*first, made.data).work;
    const Image best = test::image_of(tune(candidate, chip, work, options), chip);
    EXPECT_EQ(candidate.binding, first->binding);
    EXPECT_EQ(check(best), std::vector<std::string>{});
    EXPECT_EQ(verify(best, best.promises.front(), {}), std::vector<std::string>{});
    if (!work) {
      EXPECT_LE(best.promises.front().period, first->promises.front().period);
    }
    const auto period_of = [&](const Image& image) {
      return work ? contract(image, image.promises.front(), *work, options.contract).promise.period
                  : image.promises.front().period;
    };
    const auto pages_of =
        [](const Image& image) {  // what tune() makes least: the most of a context, then all
          std::uint32_t most = 0, sum = 0;
          for (const Placement& p : image.binding.placement) {
            most = std::max(most, p.rows);
            sum += p.rows;
          }
          return std::pair(most, sum);
        };
    EXPECT_LE(period_of(best), period_of(*first));

    options.period = period_of(best) * Ratio(rng.between(10, 30), 10);
    const Image enough = test::image_of(tune(candidate, chip, work, options), chip);
    EXPECT_EQ(check(enough), std::vector<std::string>{});
    EXPECT_LE(period_of(enough), *options.period);
    EXPECT_LE(pages_of(enough), pages_of(best));

    options.period = period_of(best) * Ratio(1, 2);
    EXPECT_THROW((void)tune(candidate, chip, work, options), Error);
    const std::unique_ptr<ModelLink> model = open_model(enough.chip);
    expect_promises(enough, Session(*model, enough, {}).run(made.data), made.data);
    return true;
  });
}

/// Not only do they agree: networks go to each kind alone and to both, chosen by the compiler and by the
/// user.
TEST(Kinds, NetworksAreSpreadOverBoth) {
  const Chip chip = chip_named("mixed");
  int first = 0, second = 0, both = 0;
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    const Case made = random_case(seed, chip, {.max_neurons = 32, .max_inputs = 24});
    CompileOptions options;
    options.tune = false;
    const std::optional<Image> image = fitting(made.network, chip, options);
    if (!image) continue;
    std::set<std::uint32_t> kinds;
    for (std::size_t c = 0; c < image->application.clusters.size(); ++c) {
      const std::uint32_t kind = image->application.clusters[c].kind;
      kinds.insert(kind);
      EXPECT_EQ(chip.kind_number(image->binding.placement[c].tile), kind);
    }
    ++(kinds.size() == 2 ? both : kinds.contains(0) ? first : second);
  }
  RecordProperty("default_kind", first);
  RecordProperty("other_kind", second);
  RecordProperty("both_kinds", both);
  EXPECT_GE(first, 5);
  EXPECT_GE(both, 5);
}

/// What it gains, so that it is seen when it no longer does: 180 random networks on a row of tiles.
TEST(Orders, ListSchedulingShortensSomePeriods) {
  const Chip chip = chip_named("row");
  int networks = 0, period = 0, latency = 0;
  for (std::uint64_t seed = 1; networks < 180; ++seed) {
    const Case made = random_case(seed, chip, {});
    CompileOptions options;
    options.tune = false;
    options.spread = Spread::kFewest;
    const std::optional<Image> image = fitting(made.network, chip, options);
    if (!image) continue;
    ++networks;
    const auto better = better_orders(test::candidate_of(*image), chip);
    if (better) ++(better->promise.period < image->promises.front().period ? period : latency);
  }
  RecordProperty("shorter_period", period);
  RecordProperty("shorter_latency_only", latency);
  EXPECT_GE(period, 1);
  EXPECT_GE(latency, 3);
}
/// Small clusters, several of them on every tile: bindings by traffic and by level, both taken now and then.
TEST(Crowded, NetworksOnFewTilesAreGoldenAndKeepTheirPromises) {
  const Chip chip = chip_named("row");
  int networks = 0, by_level = 0;
  for (std::uint64_t seed = 1; networks < 40 && seed < 2000; ++seed) {
    const Case made = random_case(seed, chip, {.max_populations = 12, .max_neurons = 24, .max_samples = 2});
    CompileOptions options;
    options.seed = seed;
    options.max_neurons = 8;
    std::optional<Image> image = fitting(made.network, chip, options);
    if (!image || image->application.clusters.size() <= chip.tiles()) continue;
    ++networks;
    const MapResult by_traffic = try_map(image->application, chip, {.seed = seed});
    ASSERT_TRUE(by_traffic.binding);
    for (std::size_t c = 0; c < image->application.clusters.size(); ++c)
      if (by_traffic.binding->placement[c].tile != image->binding.placement[c].tile) {
        ++by_level;
        break;
      }
    expect_agreement(seed, made, *image, nullptr);
    if (::testing::Test::HasFailure()) return;
  }
  EXPECT_EQ(networks, 40);
  EXPECT_GE(by_level, 3);
  EXPECT_LE(by_level, 37);
}

TEST_P(Flow, RelabellingNeuronsOnlyRelabelsTheSpikes) {
  for_cases([](const Chip& chip, std::uint64_t seed) {
    SCOPED_TRACE("replay with SPIKELOOM_CASE=" + std::to_string(seed));
    const Case made = random_case(seed, chip, sizes(chip));
    Rng rng(seed ^ 0xabcdU);
    const Relabelled other = relabel(made, rng);
    const std::optional<Image> image = random_image(other.made, chip, rng);
    if (!image) return false;
    const GoldenRun golden = run_golden(made.network, made.data);
    const std::unique_ptr<ModelLink> model = open_model(image->chip);
    const DeviceRun run = Session(*model, *image, {}).run(other.made.data);
    std::size_t spiking = 0;
    for (const OutputStream& output : image->application.outputs) {
      if (output.kind != OutputKind::kSpikes) continue;
      const std::size_t p = output.population.index();
      const std::size_t n = other.neurons[p].size();
      std::size_t k = 0;
      for (const auto& sample : run.outputs.spikes.at(spiking++).samples)
        for (std::size_t step = 0; step < sample.size() / n; ++step)
          for (std::size_t i = 0; i < n; ++i, ++k)
            EXPECT_EQ(sample[step * n + other.neurons[p][i]], golden.spikes[p][k])
                << output.name << " neuron " << i;
    }
    return true;
  });
}

TEST_P(Flow, RtlIsGoldenAndItsStampsAreTheReplays) {
  // Every third block behind a chip that stalls its streams at random, every third behind a link that cuts
  // them up; every fourth of the smallest chips with the other code for its tiles than usual.
  const auto block = static_cast<std::uint64_t>(GetParam().block);
  const Chip opened = chip_named(GetParam().chip);
  VerilatorOptions options;
  if (block % 3 == 1) options.stall_seed = block;
  if (block % 4 == 3 && opened.tiles() <= 2)
    options.tile_code = opened.tiles() == 1 ? TileCode::kShared : TileCode::kOwn;
  std::unique_ptr<Link> rtl = open_verilator(opened, options, {});
  if (block % 3 == 2) rtl = throttle(std::move(rtl), block);
  for_cases([&](const Chip& chip, std::uint64_t seed) {
    const Case made = random_case(seed, chip, sizes(chip));
    Rng rng(seed ^ 0x5eedU);
    std::optional<Image> image = random_image(made, chip, rng);
    if (!image) return false;
    if (rng.chance(0.5))
      add_contract(*image, made.data, 1 + rng.below(made.data.samples.size()),
                   rng.chance(0.5) ? SampleOrder::kAny : SampleOrder::kGiven);
    expect_agreement(seed, made, *image, rtl.get(), random_window(rng, *image));
    return true;
  });
}

/// A step, and behind it two WAITs for each sink where one is fulfilled: said as such, and not waited for.
void expect_standstill(const Image& image, const Case& made, Link& link) {
  const ImageView view = ImageView(image).with_window(1);
  Exchange exchange(link, std::chrono::seconds(600));
  exchange.check_chip(image.chip);
  Program program = spikeloom::program(view);
  exchange.write(std::move(program.load));
  exchange.write(std::move(program.start));
  StepWords step_words(view);
  std::vector<Word> words;
  step_words.step(made.data.samples.front(), 0, StepPlace::kLast, words);
  step_words.waits(words);
  step_words.waits(words);
  step_words.end(words);
  std::string said = "nothing";
  std::size_t sent = 0;
  try {
    for (;;)
      if (!exchange.move(words, sent)) exchange.check_alive(false, "the step after");
  } catch (const Error& error) {
    said = error.what();
  }
  EXPECT_NE(said.find("stands still; waiting for the step after"), std::string::npos) << said;
  std::size_t ended = 0;
  for (const Word word : exchange.received()) ended += word >> 60U == hw::kKindOutEos ? 1 : 0;
  EXPECT_EQ(ended, image.application.sinks.size());
}

TEST(Window, AWaitThatNothingFulfilsIsSaidToStandStill) {
  for (const char* name : {"one", "row"}) {
    const Chip chip = chip_named(name);
    const std::unique_ptr<Link> rtl = open_verilator(chip, {}, {});
    int done = 0;
    for (std::uint64_t seed = 1; done < 5; ++seed) {
      SCOPED_TRACE(std::string(name) + ", seed " + std::to_string(seed));
      const Case made = random_case(seed, chip, {.max_populations = 2, .max_neurons = 20});
      Rng rng(seed ^ 0x5eedU);
      const std::optional<Image> image = random_image(made, chip, rng);
      if (!image || image->application.sinks.size() > chip.host.window_sinks) continue;
      ++done;
      const std::unique_ptr<ModelLink> model = open_model(chip);
      expect_standstill(*image, made, *model);
      expect_standstill(*image, made, *rtl);
      if (HasFailure()) return;
      expect_agreement(seed, made, *image, rtl.get(), 1);  // both are as good as new
    }
  }
}

/// `blocks` tests of each chip.
std::vector<Param> params(std::initializer_list<const char*> chips, int blocks) {
  std::vector<Param> list;
  for (const char* chip : chips)
    for (int block = 0; block < blocks; ++block) list.push_back({chip, block});
  return list;
}

std::string name_of(const ::testing::TestParamInfo<Param>& info) {
  return info.param.chip + std::to_string(info.param.block);
}

INSTANTIATE_TEST_SUITE_P(
    Chips, Flow,
    ::testing::ValuesIn(params({"one", "row", "column", "narrow", "square", "wide", "mixed"}, 12)), name_of);
INSTANTIATE_TEST_SUITE_P(Shipped, Flow,
                         ::testing::ValuesIn(params({"tile1", "mesh2x2", "mesh4x4", "mesh8x8"}, 3)), name_of);
INSTANTIATE_TEST_SUITE_P(Large, Flow, ::testing::ValuesIn(params({"mesh8x8", "mesh16x16"}, 6)), name_of);

}  // namespace
}  // namespace spikeloom::testing
