// Admission to a chip in use: chips/mesh8x8.toml with half of its tiles taken by four applications of eight
// clusters. The time is the library call's, from the parsed state and the decoded image to slots, promise and
// certificate: the median of single calls, by wall. Counters: the whole command's wall time (files, lock,
// independent checks), compiling the same network for the whole empty chip and for half of it (from integers
// on: partition, map, schedule, checkers), and the guaranteed periods of all three; greedy: with more than a
// fair share of the host's wires.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <stdexcept>
#include <vector>

#include "compiler/admit/admit.hpp"
#include "compiler/admit/state_file.hpp"
#include "compiler/flow/compile.hpp"
#include "tests/admit/networks.hpp"
#include "tests/base/scratch_folder.hpp"
#include "tests/bench/program.hpp"
#include "tests/bench/workloads.hpp"
#include "tests/chips/chip_named.hpp"

namespace spikeloom::bench {
namespace {

using test::chip_named;

using testing::LayeredOptions;

constexpr int kProcesses = 9;
constexpr int kCompiles = 3;

double wall_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

Admission admitted(const ChipState& state, const Image& image) {
  auto answer = admit(state, image);
  if (const auto* no = std::get_if<Refusal>(&answer))
    throw std::runtime_error("not admitted: " + no->reason + "; " + no->remedy);
  return std::get<Admission>(std::move(answer));
}

ChipState half_full(const Chip& chip) {
  ChipState state(chip);
  for (std::uint64_t n = 0; 2 * state.free_tiles() > chip.tiles(); ++n) {
    const Image image = testing::layered_image({.clusters = 8, .seed = 100 + n}, chip);
    state.enter(resident_of("filler" + std::to_string(n), image, admitted(state, image), ""));
  }
  return state;
}

LayeredOptions network_of(std::uint32_t clusters) {
  return {.clusters = clusters, .across = clusters < 16 ? 2U : 4U, .seed = clusters};
}

/// The command on files, the state put back before each.
double process_seconds(const ChipState& state, const Image& image) {
  const test::ScratchFolder folder;
  const std::string state_file = folder.file("chip.state"), image_file = folder.file("app.loom");
  write_image(image, image_file);
  const std::string command = std::string(SPIKELOOM_COMMAND) + " admit " + state_file + " " + image_file +
                              " --output " + image_file + ".bound >/dev/null";
  std::vector<double> times;
  for (int n = 0; n < kProcesses; ++n) {
    write_state(state, state_file);
    const double begin = wall_seconds();
    if (std::system(command.c_str()) != 0) throw std::runtime_error(command + " failed");
    times.push_back(wall_seconds() - begin);
  }
  return median(times);
}

/// Seconds and guaranteed period of a compilation onto so many tiles.
std::pair<double, double> compiled(const IntNetwork& network, const Chip& chip, std::uint32_t tiles) {
  CompileOptions options;
  options.spread = Spread::kFewest;
  options.tiles = tiles;
  std::vector<double> times;
  double period = 0;
  for (int n = 0; n < kCompiles; ++n) {
    const double begin = wall_seconds();
    const auto built = build_image(network, chip, options);
    times.push_back(wall_seconds() - begin);
    if (const auto* no = std::get_if<DoesNotFit>(&built))
      throw std::runtime_error("compiling: " + no->reason);
    period = std::get<Image>(built).promises.front().period.approximate();
  }
  return {median(times), period};
}

void admit_network(benchmark::State& bench, const ChipState& state, const LayeredOptions& options) {
  const Image image = testing::layered_image(options, state.chip());
  std::vector<double> times;
  for (auto _ : bench) {
    const double begin = wall_seconds();
    benchmark::DoNotOptimize(admit(state, image));
    times.push_back(wall_seconds() - begin);
  }
  bench.counters["admit_ms"] = 1e3 * median(times);
  const Admission admission = admitted(state, image);
  const IntNetwork network = testing::layered(options);
  const auto [whole_seconds, whole_period] = compiled(network, state.chip(), 0);
  const auto [half_seconds, half_period] = compiled(network, state.chip(), state.chip().tiles() / 2);
  bench.counters["process_ms"] = 1e3 * process_seconds(state, image);
  bench.counters["compile_ms"] = 1e3 * whole_seconds;
  bench.counters["half_compile_ms"] = 1e3 * half_seconds;
  bench.counters["period"] = admission.promise.period.approximate();
  const auto greedy = admit(state, image, {.greedy = true});
  bench.counters["greedy_period"] = std::get<Admission>(greedy).promise.period.approximate();
  bench.counters["compiled_period"] = whole_period;
  bench.counters["half_period"] = half_period;
  bench.counters["tiles"] = static_cast<double>(image.points[admission.point].tiles());
  bench.counters["points"] = static_cast<double>(image.points.size());
}

void add_cases() {
  static const ChipState state = half_full(chip_named("mesh8x8"));
  for (const std::uint32_t clusters : {4U, 16U, 32U, 64U})
    benchmark::RegisterBenchmark(
        ("admit/" + std::to_string(clusters) + "_clusters").c_str(),
        [clusters](benchmark::State& bench) { admit_network(bench, state, network_of(clusters)); })
        ->Unit(benchmark::kMillisecond);
  // Every cluster reads seven of the eight of the layer before: three and a half times as many ends of
  // channels.
  benchmark::RegisterBenchmark("admit/64_clusters_dense", [](benchmark::State& bench) {
    admit_network(bench, state,
                  {.clusters = 64, .neurons = 8, .across = 8, .reads = 7, .tiles = 32, .seed = 64});
  })->Unit(benchmark::kMillisecond);
}

}  // namespace
}  // namespace spikeloom::bench

int main(int argc, char** argv) {
  return spikeloom::bench::run_program(argc, argv, {.usual = spikeloom::bench::add_cases});
}
