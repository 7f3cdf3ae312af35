// Speed of the portable kernels on PoCL beside `model`, in turns, so that both see the same machine. A chip
// carries one dense layer of 256 neurons a tile, in a chain, 10 % of them active; `recurrent` adds a layer's
// own spikes of the step before.
#include <benchmark/benchmark.h>

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "host/opencl/open_runner.hpp"
#include "tests/bench/measure.hpp"
#include "tests/bench/program.hpp"
#include "tests/bench/workloads.hpp"
#include "tests/chips/chip_named.hpp"

namespace spikeloom::bench {
namespace {

using test::chip_named;

constexpr std::size_t kSteps = 16;  ///< of a sample

struct Setting {
  std::string name, chip;
  bool recurrent;
  std::size_t samples;
};

struct Cost {
  double wall = 0, processor = 0;  ///< seconds
};

double wall_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

void timed(Runner& runner, const Dataset& data, Cost& cost) {
  const double wall = wall_seconds(), processor = cpu_seconds();
  const DeviceRun run = runner.run(data);
  benchmark::DoNotOptimize(run.output_spikes);
  cost.wall += wall_seconds() - wall;
  cost.processor += cpu_seconds() - processor;
}

Dataset samples_of(const IntNetwork& network, std::size_t samples) {
  Dataset data = random_spikes(network, 26, kSteps, 1);
  for (std::size_t s = 1; s < samples; ++s) {
    Dataset other = random_spikes(network, 26, kSteps, s + 1);
    other.samples.front().id = std::to_string(s);
    data.samples.push_back(std::move(other.samples.front()));
  }
  return data;
}

void opencl(benchmark::State& state, const Setting& setting) {
  const Chip chip = chip_named(setting.chip);
  IntNetwork network = chain({.layers = chip.tiles()});
  if (setting.recurrent) {
    IntProjection back = network.projections.back();
    back.name = "back";
    back.from = PopulationId{network.populations.size() - 1};
    back.delay = 1;
    network.projections.push_back(std::move(back));
  }
  const Image image = image_of(network, chip);
  const Dataset data = samples_of(network, setting.samples);
  const std::string pocl = "opencl:?platform=Portable";
  const std::unique_ptr<Runner> model = open_runner("model", image, {}, {});
  std::map<std::string, std::pair<std::unique_ptr<Runner>, Cost>> devices;
  for (const char* kernels : {"auto", "walk", "batch"})
    devices[kernels].first = open_runner(pocl + "&kernels=" + kernels, image, {}, {});
  const DeviceRun replay = model->run(data);
  for (auto& [kernels, device] : devices)
    require_equal_outputs(device.first->run(data), replay, setting.name + ", " + kernels);
  Cost on_model;
  for (auto _ : state) {
    timed(*model, data, on_model);
    const double before = devices["auto"].second.wall;
    for (auto& [kernels, device] : devices) timed(*device.first, data, device.second);
    state.SetIterationTime(devices["auto"].second.wall - before);
  }
  const double samples = static_cast<double>(state.iterations()) * static_cast<double>(setting.samples);
  state.counters["output_spikes"] = static_cast<double>(replay.output_spikes);
  state.counters["model_samples_per_s"] = samples / on_model.wall;
  for (const auto& [kernels, device] : devices)
    state.counters[kernels + "_samples_per_s"] = samples / device.second.wall;
  state.counters["opencl_over_model"] = on_model.wall / devices["auto"].second.wall;
  state.counters["opencl_over_model_processor"] = on_model.processor / devices["auto"].second.processor;
}

void add_cases() {
  for (const Setting& setting :
       {Setting{"tile1", "tile1", false, 256}, Setting{"mesh2x2", "mesh2x2", false, 128},
        Setting{"mesh4x4", "mesh4x4", false, 32}, Setting{"mesh2x2_recurrent", "mesh2x2", true, 128},
        Setting{"mesh2x2_one_sample", "mesh2x2", false, 1}})
    benchmark::RegisterBenchmark(("opencl/" + setting.name).c_str(), opencl, setting)
        ->UseManualTime()
        ->Unit(benchmark::kMillisecond);
}

}  // namespace
}  // namespace spikeloom::bench

int main(int argc, char** argv) {
  return spikeloom::bench::run_program(argc, argv, {.usual = spikeloom::bench::add_cases});
}
