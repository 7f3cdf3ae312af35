// Speed of the devices: RTL without assertions and with them, tiles with code of their own and sharing it,
// and `model`, in turns, so that all see the same machine. A chip carries one dense layer of 256 neurons a
// tile, in a chain, 10 % of them active.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/bench/measure.hpp"
#include "tests/bench/program.hpp"
#include "tests/bench/workloads.hpp"
#include "tests/chips/chip_named.hpp"

namespace spikeloom::bench {
namespace {

using test::chip_named;

/// Variants in which every tile has code of its own: libraries that take long to build for many tiles.
enum class OwnCode { kAll, kFast, kNone };

struct Setting {
  std::string chip;
  std::size_t steps;  ///< of a run
  OwnCode own_code = OwnCode::kAll;
};

double timed(Programmed& device, const Dataset& data) {
  const double begin = cpu_seconds();
  const DeviceRun run = device.run(data);
  benchmark::DoNotOptimize(run.ended.data());
  return cpu_seconds() - begin;
}

double wall_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double wall_timed(Programmed& device, const Dataset& data) {
  const double begin = wall_seconds();
  const DeviceRun run = device.run(data);
  benchmark::DoNotOptimize(run.ended.data());
  return wall_seconds() - begin;
}

constexpr std::uint32_t kThreadedTiles = 16;  ///< from here on a second thread is tried

constexpr std::uint32_t kMostLayers = 64;  ///< loading weights goes past every tile

/// A way to run the RTL.
struct Variant {
  const char* name;  ///< of the counter
  const char* device;
  double seconds = 0;
};

const Variant& fastest(const std::vector<Variant>& variants) {
  return *std::min_element(variants.begin(), variants.end(),
                           [](const Variant& a, const Variant& b) { return a.seconds < b.seconds; });
}

void devices(benchmark::State& state, const Setting& setting) {
  const Chip chip = setting.chip == "tile1_lif16" ? common_tile(16) : chip_named(setting.chip);
  const IntNetwork network = chain({.layers = std::min(chip.tiles(), kMostLayers)});
  const Image image = image_of(network, chip);
  const Dataset data = random_spikes(network, 26, setting.steps, 7);
  std::vector<Variant> variants{{"own", "verilator:?assertions=off&tiles=own"},
                                {"shared", "verilator:?assertions=off&tiles=shared"},
                                {"checked_own", "verilator:?tiles=own"},
                                {"checked_shared", "verilator:?tiles=shared"}};
  if (setting.own_code != OwnCode::kAll)
    std::erase_if(variants, [](const Variant& v) { return v.name == std::string_view("checked_own"); });
  if (setting.own_code == OwnCode::kNone)
    std::erase_if(variants, [](const Variant& v) { return v.name == std::string_view("own"); });
  Programmed model(image, "model");
  std::vector<std::unique_ptr<Programmed>> devices;
  const DeviceRun replay = model.run(data);
  for (const Variant& variant : variants)
    require_equal(devices.emplace_back(std::make_unique<Programmed>(image, variant.device))->run(data),
                  replay, chip.name);
  std::optional<Programmed> threaded;
  if (chip.tiles() >= kThreadedTiles && setting.own_code == OwnCode::kAll)
    require_equal(threaded.emplace(image, "verilator:?assertions=off&tiles=own&threads=2").run(data), replay,
                  chip.name);
  double on_model = 0, wall_one = 0, wall_two = 0;
  std::size_t runs = 0;
  for (auto _ : state) {
    on_model += timed(model, data);
    for (std::size_t v = 0; v < variants.size(); ++v) variants[v].seconds += timed(*devices[v], data);
    state.SetIterationTime(fastest(variants).seconds / static_cast<double>(++runs));
    if (!threaded) continue;
    wall_one += wall_timed(*devices.front(), data);
    wall_two += wall_timed(*threaded, data);
  }
  const double steps = static_cast<double>(runs * setting.steps),
               cycles = static_cast<double>(runs) * cycles_of(replay);
  state.counters["tiles"] = chip.tiles();
  state.counters["cycles_per_step"] = cycles / steps;
  for (const Variant& variant : variants) {
    state.counters[std::string(variant.name) + "_cycles_per_s"] = cycles / variant.seconds;
    state.counters[std::string(variant.name) + "_steps_per_s"] = steps / variant.seconds;
  }
  state.counters["model_over_verilator"] = fastest(variants).seconds / on_model;
  state.counters["model_steps_per_s"] = steps / on_model;
  state.counters["model_synops_per_s"] =
      static_cast<double>(runs) * synaptic_operations(image, data) / on_model;
  if (threaded) state.counters["second_thread_gain"] = wall_one / wall_two;
}

void add(const Setting& setting) {
  benchmark::RegisterBenchmark(("devices/" + setting.chip).c_str(), devices, setting)
      ->UseManualTime()
      ->Unit(benchmark::kMillisecond);
}

void add_cases() {
  for (const Setting& setting :
       {Setting{"tile1", 4000}, Setting{"tile1_lif16", 4000}, Setting{"mesh2x2", 1000},
        Setting{"mesh4x4", 250}, Setting{"mesh8x8", 25, OwnCode::kNone}})
    add(setting);
}

void add_large_cases() {
  add({"mesh8x8", 25, OwnCode::kFast});
  add({"mesh16x16", 4, OwnCode::kNone});
}

}  // namespace
}  // namespace spikeloom::bench

int main(int argc, char** argv) {
  return spikeloom::bench::run_program(
      argc, argv, {.usual = spikeloom::bench::add_cases, .large = spikeloom::bench::add_large_cases});
}
