// The load on which other designs were measured: 256 axons × 256 neurons, dense, 26 input spikes a step,
// on one tile of 16 lanes. Ideal: a word for every 16 weights, and once more all neurons: (S + 1)·⌈N/lanes⌉.
#include <benchmark/benchmark.h>

#include "host/run/report.hpp"
#include "tests/bench/measure.hpp"
#include "tests/bench/program.hpp"
#include "tests/bench/workloads.hpp"

namespace spikeloom::bench {
namespace {

constexpr std::uint32_t kSpikes = 26;
constexpr std::uint32_t kWidth = 256;
constexpr std::size_t kSteps = 4000;

// Cycles a step of the same load, measured in simulation of the published RTL.
constexpr double kRanc = 66050, kOdin = 14758, kTinyOdin = 14337;

void common_load(benchmark::State& state) {
  const Chip chip = common_tile(static_cast<std::uint32_t>(state.range(0)));
  const IntNetwork network = chain({.layers = 1, .width = kWidth, .bits = 4, .spikes = kSpikes});
  const Image image = image_of(network, chip);
  const Dataset data = random_spikes(network, kSpikes, kSteps, 7);
  Programmed model(image, "model");
  const DeviceRun replay = model.run(data);
  Programmed rtl(image, "verilator:?assertions=off");
  require_equal(rtl.run(data), replay, chip.name);
  double busy = 0;
  for (auto _ : state) {
    const double begin = cpu_seconds();
    const DeviceRun run = rtl.run(data);
    const double taken = cpu_seconds() - begin;
    busy += taken;
    state.SetIterationTime(taken);
    benchmark::DoNotOptimize(run.ended.data());
  }
  const double period = timing_of(replay).period->approximate();
  const double ideal = (kSpikes + 1.0) * ((kWidth + chip.tile.lanes - 1) / chip.tile.lanes);
  const double operations = synaptic_operations(image, data) / kSteps;
  const double steps = static_cast<double>(state.iterations()) * kSteps;
  state.counters["cycles_per_step"] = period;
  state.counters["ideal_cycles"] = ideal;
  state.counters["times_ideal"] = period / ideal;
  state.counters["guaranteed_period"] = image.promises.front().period.approximate();
  state.counters["synops_per_step"] = operations;
  state.counters["synops_per_cycle"] = operations / period;
  state.counters["output_spikes_per_step"] = static_cast<double>(replay.output_spikes) / kSteps;
  state.counters["ranc_over_ours"] = kRanc / period;
  state.counters["odin_over_ours"] = kOdin / period;
  state.counters["tinyodin_over_ours"] = kTinyOdin / period;
  state.counters["steps_per_s"] = steps / busy;
  state.counters["cycles_per_s"] = cycles_of(replay) * static_cast<double>(state.iterations()) / busy;
}

void add_cases() {
  benchmark::RegisterBenchmark("common_load", common_load)
      ->ArgName("lif_lanes")
      ->Arg(16)
      ->Arg(4)
      ->UseManualTime()
      ->Unit(benchmark::kMillisecond);
}

}  // namespace
}  // namespace spikeloom::bench

int main(int argc, char** argv) {
  return spikeloom::bench::run_program(argc, argv, {.usual = spikeloom::bench::add_cases});
}
