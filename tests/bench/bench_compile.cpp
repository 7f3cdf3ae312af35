// Time to compile by stage: chains of dense layers, written as NIR, from a thousand synapses to a million
// and from 1 tile to 64. Processor time; a stage's includes the checker that re-derives its result.
#include <benchmark/benchmark.h>

#include <cmath>
#include <filesystem>
#include <map>
#include <set>
#include <string>

#include "compiler/base/error.hpp"
#include "compiler/base/rng.hpp"
#include "compiler/flow/compile.hpp"
#include "tests/base/scratch_folder.hpp"
#include "tests/bench/measure.hpp"
#include "tests/bench/program.hpp"
#include "tests/bench/workloads.hpp"
#include "tests/chips/chip_named.hpp"
#include "tests/model/nir_file.hpp"

namespace spikeloom::bench {
namespace {

using test::chip_named;

struct Size {
  std::string chip;
  std::uint32_t layers, width;
  std::uint32_t max_neurons;  ///< of a cluster; 0: what fits
};

void write_chain(const std::string& path, const Size& size) {
  Rng rng(1);
  test::NirFile file(path, test::NirFile::Storage::kPlain);
  file.text("version", "1.0");
  file.text("node/type", "NIRGraph");
  const double width = size.width;
  std::vector<std::pair<std::string, std::string>> edges;
  const auto port = [&](const std::string& name, const std::string& type) {
    file.node(name, type);
    file.field(name, "shape", {1}, {width}, test::NirFile::Number::kI8);
  };
  port("input", "Input");
  std::string last = "input";
  for (std::uint32_t l = 0; l < size.layers; ++l) {
    const std::string number = (l < 10 ? "0" : "") + std::to_string(l), fc = "fc" + number,
                      lif = "lif" + number;
    std::vector<double> weights(std::size_t{size.width} * size.width);
    for (double& weight : weights) weight = (rng.unit() - 0.5) / std::sqrt(width);
    file.node(fc, "Linear");
    file.field(fc, "weight", {size.width, size.width}, weights);
    file.node(lif, "LIF");
    for (const auto& [field, value] :
         std::map<std::string, double>{{"tau", 16}, {"r", 16}, {"v_leak", 0}, {"v_threshold", 1}})
      file.field(lif, field, {size.width}, std::vector<double>(size.width, value));
    edges.insert(edges.end(), {{last, fc}, {fc, lif}});
    last = lif;
  }
  port("output", "Output");
  edges.emplace_back(last, "output");
  file.edges(edges);
  file.close();
}

/// Processor seconds of each stage, summed over compilations.
class StageClock {
 public:
  void begin(const std::string& stage) {
    end();
    stage_ = stage;
    begin_ = cpu_seconds();
  }
  void end() {
    if (!stage_.empty()) seconds_[stage_] += cpu_seconds() - begin_;
    stage_.clear();
  }
  [[nodiscard]] const std::map<std::string, double>& seconds() const { return seconds_; }

 private:
  std::string stage_;
  double begin_ = 0;
  std::map<std::string, double> seconds_;
};

void compile_chain(benchmark::State& state, const Size& size) {
  const test::ScratchFolder folder;
  const std::filesystem::path path = folder.path() / "chain.nir";
  write_chain(path.string(), size);
  const Chip chip = chip_named(size.chip);
  CompileOptions options;
  options.semantics.dt = 1;
  options.max_neurons = size.max_neurons;
  options.spread = Spread::kFewest;  // one trial: the stages themselves are timed
  StageClock clock;
  std::size_t clusters = 0, tiles = 0, bytes = 0;
  for (auto _ : state) {
    const double begin = cpu_seconds();
    auto compiled =
        compile(path.string(), chip, options, [&](const std::string& stage) { clock.begin(stage); });
    clock.end();
    state.SetIterationTime(cpu_seconds() - begin);
    if (const auto* no = std::get_if<DoesNotFit>(&compiled)) throw input_error(no->stage + ": " + no->reason);
    const Image& image = std::get<Compilation>(compiled).image;
    clusters = image.application.clusters.size();
    std::set<std::uint32_t> used;
    for (const Placement& placement : image.binding.placement) used.insert(placement.tile.value);
    tiles = used.size();
    bytes = encode(image).size();
  }
  const double runs = static_cast<double>(state.iterations());
  state.counters["synapses"] = static_cast<double>(size.layers) * size.width * size.width;
  state.counters["clusters"] = static_cast<double>(clusters);
  state.counters["tiles"] = static_cast<double>(tiles);
  state.counters["image_bytes"] = static_cast<double>(bytes);
  for (const auto& [stage, seconds] : clock.seconds()) state.counters["ms_" + stage] = 1e3 * seconds / runs;
}

std::string name_of(const Size& size) {
  return "compile/" + size.chip + "/" + std::to_string(size.layers) + "x" + std::to_string(size.width) +
         (size.max_neurons == 0 ? "" : "/clusters_of_" + std::to_string(size.max_neurons));
}

void add_cases() {
  for (const Size& size :
       {Size{"tile1", 1, 32, 0}, Size{"tile1", 1, 128, 0}, Size{"mesh2x2", 4, 128, 0},
        Size{"mesh4x4", 4, 256, 0}, Size{"mesh4x4", 4, 256, 64}, Size{"mesh4x4", 16, 256, 0},
        Size{"mesh8x8", 16, 256, 0}, Size{"mesh8x8", 16, 256, 64}})
    benchmark::RegisterBenchmark(name_of(size).c_str(), compile_chain, size)
        ->UseManualTime()
        ->Unit(benchmark::kMillisecond);
}

}  // namespace
}  // namespace spikeloom::bench

int main(int argc, char** argv) {
  return spikeloom::bench::run_program(argc, argv, {.usual = spikeloom::bench::add_cases});
}
