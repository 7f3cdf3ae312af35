// Speed of `model` on layers of VGG9's shapes beside a plain loop over the same rows and words: what
// integrating alone costs, without pages, flits, cycles, updates and outputs. In turns, processor time.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "compiler/base/error.hpp"
#include "compiler/base/rng.hpp"
#include "compiler/core/core.hpp"
#include "compiler/flow/compile.hpp"
#include "compiler/partition/application.hpp"
#include "tests/bench/measure.hpp"
#include "tests/bench/program.hpp"
#include "tests/bench/workloads.hpp"
#include "tests/chips/chip_named.hpp"

namespace spikeloom::bench {
namespace {

using test::chip_named;

constexpr std::size_t kSteps = 4;
constexpr std::int64_t kMostWeight = 127;
constexpr std::int32_t kTheta = 1000;

/// A layer that reads the host: a convolution of 3×3 with a border of 1 where `side` is above 1, else dense.
struct LayerShape {
  std::string name;
  std::uint32_t from, to, side;
  std::uint32_t spikes;  ///< a step, as recorded on average
};

IntNetwork layer(const LayerShape& shape) {
  Rng rng(1);
  IntNetwork network;
  network.name = shape.name;
  const bool is_map = shape.side > 1;
  IntInput input;
  input.name = "in";
  input.shape = is_map ? Shape{shape.from, shape.side, shape.side} : Shape{shape.from};
  network.inputs.push_back(input);
  IntPopulation population;
  population.name = "neurons";
  population.shape = is_map ? Shape{shape.to, shape.side, shape.side} : Shape{shape.to};
  const std::size_t size = volume(population.shape);
  population.beta.assign(size, 4096);  // keeps all: integrates and fires
  population.theta.assign(size, kTheta);
  for (auto* const values : {&population.alpha, &population.v_reset, &population.bias_i, &population.bias_v})
    values->assign(size, 0);
  network.outputs.push_back({"out", population.shape, PopulationId{0}});
  network.populations.push_back(std::move(population));
  IntProjection projection;
  projection.name = "map";
  projection.from = InputId{0};
  projection.to = PopulationId{0};
  WindowMap window{shape.from, shape.to, 1, {shape.side, shape.side}, {shape.side, shape.side}, {3, 3}};
  window.before = {1, 1};
  projection.form = is_map ? MapForm(window) : MapForm(DenseMap{shape.from, shape.to});
  for (std::size_t w = 0; w < projection.form.weights(); ++w) {
    const auto magnitude = static_cast<std::int16_t>(rng.between(1, kMostWeight));
    projection.weight.push_back(rng.chance(0.5) ? magnitude : static_cast<std::int16_t>(-magnitude));
  }
  network.projections.push_back(std::move(projection));
  return network;
}

/// What one would write by hand: by cluster the rows' runs of weights, each added to a run of sums.
class PlainLoop {
 public:
  PlainLoop(const Image& image, const Dataset& data) {
    for (const Cluster& cluster : image.application.clusters) {
      const TileKind& kind = image.chip.kind(cluster.kind);
      Part& part = parts_.emplace_back(rows_of(cluster, kind));
      for (std::size_t step = 0; step < data.samples[0].steps(); ++step)
        part.active.push_back(active(image.application, cluster, data.samples[0].inputs[0].at(step)));
    }
  }

  /// All steps; lanes that were added to.
  std::int64_t run() {
    std::int64_t added = 0;
    for (Part& part : parts_)
      for (const std::vector<std::uint32_t>& rows : part.active) {
        std::fill(part.sums.begin(), part.sums.end(), 0);
        for (const std::uint32_t row : rows)
          for (std::uint32_t r = part.begin[row]; r < part.begin[row + 1]; ++r) {
            const Run& run = part.runs[r];
            const std::int8_t* const from = part.weights.data() + run.weight;
            std::int32_t* const to = part.sums.data() + run.sum;
            for (std::uint32_t i = 0; i < run.lanes; ++i) to[i] += from[i];
            added += run.lanes;
          }
        benchmark::DoNotOptimize(part.sums.data());
        benchmark::ClobberMemory();
      }
    return added;
  }

 private:
  struct Run {
    std::uint32_t weight = 0, sum = 0, lanes = 0;
  };
  struct Part {
    std::vector<std::int8_t> weights;  ///< equal rows once, as on the chip
    std::vector<Run> runs;
    std::vector<std::uint32_t> begin;  ///< by axon of the page: its runs
    std::vector<std::int32_t> sums;
    std::vector<std::vector<std::uint32_t>> active;  ///< by step: axons with a spike
  };

  static Part rows_of(const Cluster& cluster, const TileKind& kind) {
    Part part;
    const std::uint32_t lanes = kind.lanes;
    part.sums.assign((cluster.size() + lanes - 1) / lanes * lanes, 0);
    std::vector<std::vector<Run>> rows(cluster.page_chunks() * hw::kChunkBits);
    std::unordered_map<std::string, std::uint32_t> known;
    (void)core_of(cluster).decode(
        cluster, kind,
        [&](std::size_t chunk, std::uint32_t bit,
            std::span<const std::pair<std::uint32_t, std::int64_t>> values) {
          std::vector<std::pair<std::uint32_t, std::int64_t>> sorted(values.begin(), values.end());
          std::erase_if(sorted, [](const auto& value) { return value.second == 0; });
          std::sort(sorted.begin(), sorted.end());
          std::string content;
          std::vector<Run> runs;
          for (const auto& [position, value] : sorted) {
            const std::uint32_t word = position / lanes * lanes;
            if (runs.empty() || word >= runs.back().sum + runs.back().lanes) {
              if (!runs.empty() && word == runs.back().sum + runs.back().lanes)
                runs.back().lanes += lanes;
              else
                runs.push_back({static_cast<std::uint32_t>(content.size()), word, lanes});
              content.resize(content.size() + lanes, '\0');
            }
            content[runs.back().weight + position - runs.back().sum] = static_cast<char>(value);
          }
          const auto [at, fresh] =
              known.try_emplace(content, static_cast<std::uint32_t>(part.weights.size()));
          if (fresh) part.weights.insert(part.weights.end(), content.begin(), content.end());
          for (Run& run : runs) run.weight += at->second;
          rows[chunk * hw::kChunkBits + bit] = std::move(runs);
        });
    part.begin.push_back(0);
    for (const std::vector<Run>& runs : rows) {
      part.runs.insert(part.runs.end(), runs.begin(), runs.end());
      part.begin.push_back(static_cast<std::uint32_t>(part.runs.size()));
    }
    return part;
  }

  static std::vector<std::uint32_t> active(const Application& app, const Cluster& cluster,
                                           std::span<const Event> events) {
    std::vector<std::uint32_t> axons;
    for (const Event& event : events) {
      const StreamInput& input = app.inputs.front();
      const std::uint32_t axon = input.first_axon + input_number(input.shape, input.order, event.element);
      for (const Inbound& inbound : cluster.inbound) {
        const std::uint32_t chunk = axon / hw::kChunkBits - inbound.source_first;
        if (axon / hw::kChunkBits >= inbound.source_first && chunk < inbound.source_count)
          axons.push_back((inbound.first_chunk + chunk) * hw::kChunkBits + axon % hw::kChunkBits);
      }
    }
    std::sort(axons.begin(), axons.end());
    return axons;
  }

  std::vector<Part> parts_;
};

Image paired_image(const IntNetwork& network) {
  CompileOptions options;
  options.spread = Spread::kPaired;
  auto built = build_image(network, chip_named("lanes128"), options);
  if (const auto* no = std::get_if<DoesNotFit>(&built)) throw input_error(no->stage + ": " + no->reason);
  return std::get<Image>(std::move(built));
}

void on_model(benchmark::State& state, const LayerShape& shape) {
  const IntNetwork network = layer(shape);
  const Image image = paired_image(network);
  const Dataset data = random_spikes(network, shape.spikes, kSteps, 7);
  Programmed model(image, "model");
  PlainLoop loop(image, data);
  const DeviceRun run = model.run(data);
  std::int64_t words = 0;
  for (const TileCounters& tile : run.tiles) words += tile.core;
  if (words * image.chip.tile.lanes != loop.run())
    throw device_error("the plain loop does not add the words that the model adds");
  double with_model = 0, with_loop = 0;
  std::size_t runs = 0;
  for (auto _ : state) {
    const double begin = cpu_seconds();
    benchmark::DoNotOptimize(model.run(data).ended.data());
    const double between = cpu_seconds();
    benchmark::DoNotOptimize(loop.run());
    const double end = cpu_seconds();
    with_model += between - begin;
    with_loop += end - between;
    state.SetIterationTime(between - begin);
    ++runs;
  }
  const double synapses = static_cast<double>(runs) * synaptic_operations(image, data);
  state.counters["model_synops_per_s"] = synapses / with_model;
  state.counters["loop_synops_per_s"] = synapses / with_loop;
  state.counters["model_over_loop"] = with_loop / with_model;
}

void add_cases() {
  const LayerShape layers[] = {{"conv2d_0", 3, 64, 32, 3072},   {"conv2d_2", 64, 128, 16, 3041},
                               {"conv2d_4", 128, 256, 8, 1756}, {"conv2d_5", 256, 256, 8, 1368},
                               {"fc_0", 4096, 1024, 1, 779},    {"fc_1", 1024, 1024, 1, 94}};
  for (const LayerShape& layer : layers)
    benchmark::RegisterBenchmark(("model/" + layer.name).c_str(), on_model, layer)
        ->UseManualTime()
        ->Unit(benchmark::kMillisecond);
}

}  // namespace
}  // namespace spikeloom::bench

int main(int argc, char** argv) {
  return spikeloom::bench::run_program(argc, argv, {.usual = spikeloom::bench::add_cases});
}
