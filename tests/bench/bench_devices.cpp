// Speed of the devices: RTL without assertions, RTL with them, and `model`, in turns, so that all three
// see the same machine. A chip carries one dense layer of 256 neurons a tile, in a chain, 10 % of them active.
#include <benchmark/benchmark.h>

#include <chrono>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/base/error.hpp"
#include "tests/bench/measure.hpp"
#include "tests/bench/workloads.hpp"

namespace spikeloom::bench {
namespace {

struct Setting {
  std::string chip;
  std::size_t steps;  ///< of a run
};

double timed(Programmed& device, const Dataset& data) {
  const double begin = cpu_seconds();
  const DeviceRun run = device.run(data);
  benchmark::DoNotOptimize(run.ended.data());
  return cpu_seconds() - begin;
}

double wall_seconds() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

double wall_timed(Programmed& device, const Dataset& data) {
  const double begin = wall_seconds();
  const DeviceRun run = device.run(data);
  benchmark::DoNotOptimize(run.ended.data());
  return wall_seconds() - begin;
}

constexpr std::uint32_t kThreadedTiles = 16;  ///< from here on a second thread is tried

void devices(benchmark::State& state, const Setting& setting) {
  const Chip chip = setting.chip == "tile1_lif16" ? common_tile(16) : shipped_chip(setting.chip);
  const IntNetwork network = chain({.layers = chip.tiles()});
  const Image image = image_of(network, chip);
  const Dataset data = random_spikes(network, 26, setting.steps, 7);
  Programmed model(image, "model"), fast(image, "verilator:?assertions=off"), checked(image, "verilator");
  const DeviceRun replay = model.run(data);
  require_equal(fast.run(data), replay, chip.name);
  require_equal(checked.run(data), replay, chip.name);
  std::optional<Programmed> threaded;
  if (chip.tiles() >= kThreadedTiles) require_equal(threaded.emplace(image, "verilator:?assertions=off&threads=2").run(data), replay, chip.name);
  double on_model = 0, on_fast = 0, on_checked = 0, wall_one = 0, wall_two = 0;
  for (auto _ : state) {
    on_model += timed(model, data);
    const double taken = timed(fast, data);
    on_fast += taken;
    on_checked += timed(checked, data);
    state.SetIterationTime(taken);
    if (!threaded) continue;
    wall_one += wall_timed(fast, data);
    wall_two += wall_timed(*threaded, data);
  }
  const double runs = static_cast<double>(state.iterations());
  const double steps = runs * static_cast<double>(setting.steps), cycles = runs * cycles_of(replay);
  state.counters["tiles"] = chip.tiles();
  state.counters["cycles_per_step"] = cycles / steps;
  state.counters["verilator_cycles_per_s"] = cycles / on_fast;
  state.counters["verilator_steps_per_s"] = steps / on_fast;
  state.counters["verilator_checked_steps_per_s"] = steps / on_checked;
  state.counters["model_steps_per_s"] = steps / on_model;
  state.counters["model_synops_per_s"] = runs * synaptic_operations(image, data) / on_model;
  state.counters["model_over_verilator"] = on_fast / on_model;
  if (threaded) state.counters["second_thread_gain"] = wall_one / wall_two;
  state.counters["assertions_cost"] = on_checked / on_fast;
}

}  // namespace
}  // namespace spikeloom::bench

int main(int argc, char** argv) {
  using spikeloom::bench::Setting;
  std::vector<Setting> settings{{"tile1", 4000}, {"tile1_lif16", 4000}, {"mesh2x2", 1000}, {"mesh4x4", 250}};
  if (argc > 1 && std::string_view(argv[1]) == "--large") {  // its libraries take many minutes to build
    settings = {{"mesh8x8", 25}};
    argv[1] = argv[0];
    ++argv;
    --argc;
  }
  for (const Setting& setting : settings)
    benchmark::RegisterBenchmark(("devices/" + setting.chip).c_str(), spikeloom::bench::devices, setting)
        ->UseManualTime()
        ->Unit(benchmark::kMillisecond);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  try {
    benchmark::RunSpecifiedBenchmarks();
  } catch (const spikeloom::Error& error) {
    std::fprintf(stderr, "bench_devices: error: %s\n", error.what());
    return 3;
  }
  return 0;
}
