#include "tests/flow/expect_golden.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <utility>
#include <variant>

#include "compiler/base/error.hpp"
#include "compiler/chip_model/model_device.hpp"
#include "compiler/replay/parallel_values.hpp"
#include "compiler/replay/session.hpp"
#include "compiler/replay/step_session.hpp"
#include "host/run/report.hpp"
#include "host/run/window.hpp"

namespace spikeloom::testing {
namespace {

void expect_membranes(const Case& made, const Image& image, const GoldenRun& golden, Session& session) {
  const auto v = session.read_state(NeuronState::kPotential);
  const auto i = session.read_state(NeuronState::kCurrent);
  for (std::size_t c = 0; c < image.application.clusters.size(); ++c) {
    const Cluster& cluster = image.application.clusters[c];
    const std::size_t p = cluster.population.index();
    for (std::size_t n = 0; n < cluster.neurons.size(); ++n) {
      if (cluster.neurons[n] == kNoNeuron) continue;
      ASSERT_EQ(v[c][n], golden.final_v[p][cluster.neurons[n]]) << cluster.name << " v of position " << n;
      if (image.chip.kind(cluster.kind).current == 0 || !made.network.populations[p].has_current()) continue;
      ASSERT_EQ(i[c][n], golden.final_i[p][cluster.neurons[n]]) << cluster.name << " i of position " << n;
    }
  }
}

/// Synaptic operations of the golden model that the image has none for: spikes that its pools fold count once
/// each there, and here nothing adds them up.
std::uint64_t folded_operations(const Image& image, const GoldenRun& golden) {
  std::uint64_t operations = 0;
  std::vector<bool> seen(golden.spikes.size(), false);
  for (const Cluster& cluster : image.application.clusters) {
    const std::size_t p = cluster.population.index();
    if (!cluster.pooled || seen[p]) continue;
    seen[p] = true;
    operations += static_cast<std::uint64_t>(std::count(golden.spikes[p].begin(), golden.spikes[p].end(), 1));
  }
  return operations;
}

/// The same steps given one by one, each as late as the window lets it: not a bit, stamp or counter may tell.
void expect_same_in_a_loop(const Case& made, const Image& image, const DeviceRun& replay, Link& link,
                           std::uint32_t window) {
  StepSession loop(link, ImageView(image).with_window(window), std::chrono::seconds(120));
  for (const Sample& sample : made.data.samples)
    for (std::size_t t = 0; t < sample.steps(); ++t) {
      loop.give(sample, t, sample.place_of(t));
      if (loop.given() < window) continue;
      loop.take();
      const std::size_t step = loop.taken() - 1;
      ASSERT_EQ(loop.ended_at(step), replay.ended[step]) << "step " << step;
      ASSERT_EQ(loop.sent_at(step), replay.sent[step]) << "step " << step;
    }
  loop.end();
  const DeviceRun run = loop.finish();
  EXPECT_EQ(run.sent, replay.sent);
  EXPECT_EQ(run.ended, replay.ended);
  EXPECT_EQ(run.tiles, replay.tiles);
  expect_golden(made, image, run, run_golden(made.network, made.data));
}

/// Values computed on three threads, a sample a block: not a bit, stamp or counter may tell.
void expect_same_on_threads(const Case& made, const Image& image, const DeviceRun& replay,
                            std::int64_t synaptic_operations, std::uint32_t window) {
  ParallelValues values(image, made.data, 3, 1);
  const std::unique_ptr<ModelLink> model = open_model(image.chip);
  model->take_values_from(
      [&](std::uint32_t node, std::uint32_t context) { return values.next(node, context); });
  const DeviceRun run = Session(*model, image, {.window = window}).run(made.data);
  EXPECT_EQ(run.sent, replay.sent);
  EXPECT_EQ(run.ended, replay.ended);
  EXPECT_EQ(run.tiles, replay.tiles);
  const auto same = [](const auto& a, const auto& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](const auto& x, const auto& y) { return x.samples == y.samples; });
  };
  EXPECT_TRUE(same(run.outputs.spikes, replay.outputs.spikes) &&
              same(run.outputs.potentials, replay.outputs.potentials) &&
              same(run.outputs.recorded_spikes, replay.outputs.recorded_spikes));
  EXPECT_EQ(model->statistics().synaptic_operations, synaptic_operations);
}

}  // namespace

std::uint32_t random_window(Rng& rng, const Image& image) {
  const std::size_t sinks = image.binding.first_sink + image.application.sinks.size();
  if (rng.chance(0.5) || sinks > image.chip.host.window_sinks) return 0;
  return 1 + static_cast<std::uint32_t>(rng.below(rng.chance(0.8) ? 3 : 12));
}

void expect_promises(const Image& image, const DeviceRun& run, const Dataset& data, std::uint32_t window) {
  for (const Promise& promise : promises_with_window(image, window)) {
    const PromiseCheck check = check_promise(promise, run, void_from(image, promise, run, data));
    if (const auto last = static_cast<std::int64_t>(run.ended.size()) - 1; last > 0 && !check.void_from) {
      // The mean may exceed the period by the fill, shared by the steps: (U - e(0)) / (K - 1).
      const Ratio fill(promise.offset - run.ended.front(), last);
      EXPECT_LE(*timing_of(run).period, check.mean_at_most.value()) << name_of(promise.kind);
      EXPECT_GE(*check.mean_at_most, promise.period + fill) << name_of(promise.kind);
      EXPECT_LT(*check.mean_at_most, promise.period + fill + Ratio(1, last)) << name_of(promise.kind);
    }
    EXPECT_TRUE(check.kept) << name_of(promise.kind) << " broken in step " << check.first_broken.value_or(-1)
                            << ", slack " << check.least_slack << " and " << check.least_latency_slack;
  }
}

/// The tiles have counted as many words of weights as the image says that they get in every step but void
/// ones.
void expect_streamed(const Case& made, const Image& image, const DeviceRun& run) {
  std::int64_t steps = 0;
  for (const Sample& sample : made.data.samples) steps += static_cast<std::int64_t>(sample.full_steps());
  std::vector<std::int64_t> words(run.tiles.size(), 0);
  for (std::size_t c = 0; c < image.application.clusters.size(); ++c)
    for (const Inbound& inbound : image.application.clusters[c].inbound)
      words.at(image.binding.placement[c].tile.index()) += std::int64_t{inbound.weights} * steps;
  for (std::size_t t = 0; t < words.size(); ++t) EXPECT_EQ(run.tiles[t].streamed, words[t]) << "tile " << t;
}

void expect_golden(const Case& made, const Image& image, const DeviceRun& run, const GoldenRun& golden) {
  expect_streamed(made, image, run);
  std::size_t spiking = 0, analogue = 0;
  for (const OutputStream& output : image.application.outputs) {
    const std::size_t p = output.population.index();
    const std::size_t n = made.network.populations[p].size();
    std::size_t k = 0;
    if (output.kind == OutputKind::kSpikes) {
      const SpikeTrace& trace = run.outputs.spikes.at(spiking++);
      for (const auto& sample : trace.samples)
        for (std::size_t i = 0; i < sample.size(); ++i, ++k)
          ASSERT_EQ(sample[i], golden.spikes[p][k])
              << output.name << " step " << k / n << " neuron " << k % n;
    } else {
      const PotentialTrace& trace = run.outputs.potentials.at(analogue++);
      for (const auto& sample : trace.samples)
        for (std::size_t i = 0; i < sample.size(); ++i, ++k)
          ASSERT_EQ(sample[i], golden.potentials[p][k])
              << output.name << " step " << k / n << " neuron " << k % n;
    }
  }
}

void expect_agreement(std::uint64_t seed, const Case& case_made, const Image& image, Link* rtl,
                      std::uint32_t window) {
  // A third of the cases has void steps, where no readout waits for a sample's last step.
  Case made = case_made;
  const bool waits = std::any_of(image.application.clusters.begin(), image.application.clusters.end(),
                                 [](const Cluster& cluster) { return cluster.last_only; });
  if (seed % 3 == 0 && !waits) {
    Rng rng(seed);
    give_void_ends(rng, made.data);
  }
  SCOPED_TRACE("replay with SPIKELOOM_CASE=" + std::to_string(seed) + "; window " + std::to_string(window));
  const GoldenRun golden = run_golden(made.network, made.data);
  const std::unique_ptr<ModelLink> model = open_model(image.chip);
  Session on_model(*model, image, {.window = window});
  const DeviceRun replay = on_model.run(made.data);
  expect_golden(made, image, replay, golden);
  expect_membranes(made, image, golden, on_model);
  expect_promises(image, replay, made.data, window);
  EXPECT_EQ(static_cast<std::uint64_t>(model->statistics().synaptic_operations),
            golden.synaptic_operations - folded_operations(image, golden));
  expect_same_on_threads(made, image, replay, model->statistics().synaptic_operations, window);
  if (window > 0) expect_same_in_a_loop(made, image, replay, *model, window);
  if (rtl == nullptr || ::testing::Test::HasFatalFailure()) return;
  Session on_rtl(*rtl, image, {.window = window});
  const DeviceRun run = on_rtl.run(made.data);
  expect_golden(made, image, run, golden);
  expect_membranes(made, image, golden, on_rtl);
  EXPECT_EQ(run.sent, replay.sent);
  EXPECT_EQ(run.ended, replay.ended);
  EXPECT_EQ(run.tiles, replay.tiles);
  expect_promises(image, run, made.data, window);
  if (window > 0) expect_same_in_a_loop(made, image, replay, *rtl, window);
}

std::optional<Image> fitting(const IntNetwork& network, const Chip& chip, const CompileOptions& options) {
  try {
    auto built = build_image(network, chip, options);
    if (auto* image = std::get_if<Image>(&built)) return std::move(*image);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kInput) throw;
  }
  return std::nullopt;
}

std::optional<Image> random_image(const Case& made, const Chip& chip, Rng& rng) {
  CompileOptions options;
  options.seed = rng.next();
  options.max_neurons = rng.chance(0.5) ? 0 : static_cast<std::uint32_t>(rng.between(4, 40));
  options.spread = rng.chance(0.5) ? Spread::kFastest : Spread::kFewest;
  if (rng.chance(0.4)) options.pages = static_cast<std::uint32_t>(rng.between(2, 8));
  options.tune = rng.chance(0.5);
  if (chip.kinds() > 1)
    for (const IntPopulation& population : made.network.populations)
      if (rng.chance(0.4))
        options.kinds[population.name] = chip.kind(static_cast<std::uint32_t>(rng.below(chip.kinds()))).name;
  return fitting(made.network, chip, options);
}

}  // namespace spikeloom::testing
