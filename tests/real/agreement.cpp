#include "tests/real/agreement.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>

#include "compiler/chip_model/model_device.hpp"
#include "host/device/verilator_device.hpp"
#include "spikeloom_hw.hpp"

namespace spikeloom::testing {
namespace {

/// All samples of a trace in a row.
template <class T>
std::vector<T> row(const Trace<T>& trace) {
  std::vector<T> all;
  for (const auto& sample : trace.samples) all.insert(all.end(), sample.begin(), sample.end());
  return all;
}

template <class T>
void expect_equal(const std::string& name, const std::vector<T>& found, const std::vector<T>& golden,
                  std::size_t neurons) {
  ASSERT_EQ(found.size(), golden.size()) << name;
  const auto [f, g] = std::mismatch(found.begin(), found.end(), golden.begin());
  const auto k = static_cast<std::size_t>(f - found.begin());
  EXPECT_TRUE(f == found.end()) << name << ": step " << k / neurons << ", neuron " << k % neurons
                                << " differs first";
}

void expect_golden_outputs(const Compilation& compilation, const DeviceRun& run, const GoldenRun& golden) {
  std::size_t spiking[2] = {}, analogue[2] = {};  // of the outputs and of the recorded
  for (const OutputStream& output : compilation.image.application.outputs) {
    const std::size_t p = output.population.index();
    const std::size_t r = output.recorded ? 1 : 0;
    const std::size_t n = compilation.integers.populations[p].size();
    if (output.kind == OutputKind::kSpikes) {
      const auto& list = output.recorded ? run.outputs.recorded_spikes : run.outputs.spikes;
      expect_equal(output.name, row(list.at(spiking[r]++)), golden.spikes[p], n);
    } else {
      const auto& list = output.recorded ? run.outputs.recorded_v : run.outputs.potentials;
      expect_equal(output.name, row(list.at(analogue[r]++)), golden.potentials[p], n);
    }
  }
}

void expect_golden_state(const Compilation& compilation, Session& session, const GoldenRun& golden) {
  const Image& image = compilation.image;
  const auto v = session.read_state(NeuronState::kPotential);
  const auto i = session.read_state(NeuronState::kCurrent);
  for (std::size_t c = 0; c < image.application.clusters.size(); ++c) {
    const Cluster& cluster = image.application.clusters[c];
    const std::size_t p = cluster.population.index();
    for (std::size_t n = 0; n < cluster.neurons.size(); ++n) {
      if (cluster.neurons[n] == kNoNeuron) continue;
      ASSERT_EQ(v[c][n], golden.final_v[p][cluster.neurons[n]]) << cluster.name << ": v of position " << n;
      if (image.chip.tile.current == 0 || !compilation.integers.populations[p].has_current()) continue;
      ASSERT_EQ(i[c][n], golden.final_i[p][cluster.neurons[n]]) << cluster.name << ": i of position " << n;
    }
  }
}

/// (U − e(0)) / (K − 1), the pipeline's fill, is all that a mean period may exceed the promised one by.
void expect_mean_within(const Promise& promise, const DeviceRun& run) {
  const Timing timing = timing_of(run);
  if (!timing.period) return;
  const auto steps = static_cast<std::int64_t>(run.ended.size());
  const Ratio fill(std::max<std::int64_t>(0, promise.offset + 1 - run.ended.front()), steps - 1);
  EXPECT_LE(*timing.period, promise.period + fill) << name_of(promise.kind);
}

void expect_promises(const Image& image, const DeviceRun& run, const Dataset& data) {
  for (const Promise& promise : image.promises) {
    const PromiseCheck check = check_promise(promise, run, void_from(image, promise, run, data));
    EXPECT_TRUE(check.kept) << name_of(promise.kind) << ": broken in step " << check.first_broken.value_or(-1)
                            << ", slack " << check.least_slack << " and " << check.least_latency_slack;
    if (!check.void_from) expect_mean_within(promise, run);
  }
  const Promise* guaranteed = promise_of(image, PromiseKind::kGuaranteed);
  const Promise* contracted = promise_of(image, PromiseKind::kContracted);
  ASSERT_NE(guaranteed, nullptr);
  if (contracted != nullptr) {
    EXPECT_LE(contracted->period, guaranteed->period);
  }
}

}  // namespace

DeviceRun expect_model_is_golden(const Compilation& compilation, const Dataset& data) {
  const GoldenRun golden = run_golden(compilation.integers, data);
  const std::unique_ptr<ModelLink> model = open_model(compilation.image.chip);
  Session session(*model, compilation.image, {});
  DeviceRun run = session.run(data);
  expect_golden_outputs(compilation, run, golden);
  expect_golden_state(compilation, session, golden);
  EXPECT_EQ(static_cast<std::uint64_t>(model->statistics().synaptic_operations), golden.synaptic_operations);
  expect_promises(compilation.image, run, data);
  return run;
}

void expect_rtl_is_model(const Compilation& compilation, const Dataset& data) {
  const DeviceRun replay = expect_model_is_golden(compilation, data);
  const GoldenRun golden = run_golden(compilation.integers, data);
  const std::unique_ptr<Link> rtl = open_verilator(compilation.image.chip, {}, {});
  Session session(*rtl, compilation.image, {});
  const DeviceRun run = session.run(data);
  expect_golden_outputs(compilation, run, golden);
  expect_golden_state(compilation, session, golden);
  EXPECT_EQ(mismatched_steps(run, replay), 0);
  EXPECT_EQ(run.tiles, replay.tiles);
  EXPECT_EQ(run.output_spikes, replay.output_spikes);
  expect_promises(compilation.image, run, data);
}

std::vector<std::uint8_t> spikes_of(const DeviceRun& run, const std::string& population) {
  for (const auto* list : {&run.outputs.spikes, &run.outputs.recorded_spikes})
    for (const SpikeTrace& trace : *list)
      if (trace.node == population) return row(trace);
  ADD_FAILURE() << "nothing was recorded of " << population;
  return {};
}

const Promise* promise_of(const Image& image, PromiseKind kind) {
  const auto found = std::find_if(image.promises.begin(), image.promises.end(),
                                  [&](const Promise& p) { return p.kind == kind; });
  return found == image.promises.end() ? nullptr : &*found;
}

std::size_t right(const DeviceRun& run, const Dataset& data) {
  const Decision decision = decide(run.outputs.spikes.at(0), Decide::kCount);
  std::size_t count = 0;
  for (std::size_t s = 0; s < data.samples.size(); ++s)
    if (decision.predictions[s] == data.samples[s].label) ++count;
  return count;
}

}  // namespace spikeloom::testing
