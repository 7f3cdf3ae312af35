// Partitioning and mapping of sparse networks from a thousand neurons to a million: sheets of neurons that
// read what lies near them in the sheet before, all in shuffled order, so that nothing but the synapses tells
// who lies near whom. Counters: clusters, cut (expected spikes a step between clusters), seconds of each
// stage, peak memory of the process (rising from case to case: the largest comes last).
#include <benchmark/benchmark.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>
#include <stdexcept>
#include <string>

#include "compiler/base/error.hpp"
#include "compiler/base/rng.hpp"
#include "compiler/map/map.hpp"
#include "compiler/partition/partition.hpp"
#include "tests/bench/program.hpp"

namespace spikeloom::bench {
namespace {

struct Sheets {
  std::uint32_t layers = 2;  ///< between a first and a last sheet that is small enough for the host
  std::uint32_t side = 32;   ///< neurons a side
  std::uint32_t fan_in = 100;
  double spread = 3;  ///< standard deviation of the distance to a source, in neurons
};

std::vector<std::uint32_t> shuffled(std::uint32_t n, Rng& rng) {
  std::vector<std::uint32_t> order(n);
  std::iota(order.begin(), order.end(), 0U);
  rng.shuffle(order);
  return order;
}

double normal(Rng& rng) {
  return std::sqrt(-2 * std::log(1 - rng.unit())) * std::cos(2 * 3.14159265358979 * rng.unit());
}

/// Every neuron of a sheet with `fan_in` different sources around the same place of the sheet before.
IntProjection near(std::uint32_t from_side, const std::vector<std::uint32_t>& from_id, Source from,
                   std::uint32_t side, const std::vector<std::uint32_t>& id, PopulationId to,
                   const Sheets& sheets, Rng& rng) {
  std::vector<std::vector<std::pair<std::uint32_t, std::int16_t>>> rows(from_id.size());
  const double scale = static_cast<double>(from_side) / side;
  const std::uint32_t fan_in = std::min(sheets.fan_in, from_side * from_side / 2);
  std::vector<std::uint32_t> last(from_id.size(), ~0U);
  for (std::uint32_t y = 0; y < side; ++y)
    for (std::uint32_t x = 0; x < side; ++x) {
      const std::uint32_t target = id[y * side + x];
      for (std::uint32_t k = 0; k < fan_in;) {
        const auto place = [&](std::uint32_t at) {
          const double wanted = (at + 0.5) * scale + normal(rng) * sheets.spread;
          return static_cast<std::uint32_t>(std::clamp(wanted, 0.0, from_side - 1.0));
        };
        const std::uint32_t sx = place(x), source = from_id[place(y) * from_side + sx];
        if (last[source] == target) continue;
        last[source] = target;
        rows[source].emplace_back(target, static_cast<std::int16_t>(1 + rng.below(100)));
        ++k;
      }
    }
  IntProjection p;
  p.name = "near";
  p.from = from;
  p.to = to;
  SparseMap map{side * side, {0}, {}};
  for (auto& row : rows) {
    std::sort(row.begin(), row.end());
    for (const auto& [target, weight] : row) {
      map.target.push_back(target);
      p.weight.push_back(weight);
    }
    map.end_row();
    row = {};
  }
  p.form = MapForm(std::move(map));
  return p;
}

/// A network and where its neurons lie, by PopulationId, by neuron: y · side + x.
struct Made {
  IntNetwork net;
  std::vector<std::vector<std::uint32_t>> place;
};

Made make_sheets(const Sheets& sheets) {
  Rng rng(1);
  Made made;
  IntNetwork& net = made.net;
  net.name = "sheets";
  const std::uint32_t small = std::min(sheets.side, 128U);
  net.inputs.push_back({"in", {32 * 32}, 1, false, 1});
  std::uint32_t from_side = 32;
  std::vector<std::uint32_t> from_id(32 * 32);
  std::iota(from_id.begin(), from_id.end(), 0U);
  Source from = InputId(0);
  for (std::uint32_t l = 0; l < sheets.layers + 2; ++l) {
    const std::uint32_t side = l == 0 || l == sheets.layers + 1 ? small : sheets.side, n = side * side;
    IntPopulation p;
    p.name = "sheet" + std::to_string(l);
    p.kind = NeuronKind::kLif;
    p.shape = {n};
    p.alpha.assign(n, 0);
    p.beta.assign(n, 3840);
    p.theta.assign(n, 4000);
    p.v_reset.assign(n, 0);
    p.bias_i.assign(n, 0);
    p.bias_v.assign(n, 0);
    const std::vector<std::uint32_t> id = shuffled(n, rng);
    net.projections.push_back(near(from_side, from_id, from, side, id, PopulationId(l), sheets, rng));
    net.populations.push_back(std::move(p));
    from = PopulationId(l);
    from_side = side;
    from_id = id;
    std::vector<std::uint32_t>& place = made.place.emplace_back(n);
    for (std::uint32_t at = 0; at < n; ++at) place[id[at]] = at;
  }
  net.outputs.push_back({"out", net.populations.back().shape, PopulationId(sheets.layers + 1)});
  return made;
}

/// The yardstick: as many clusters as `found` has, cut as a grid by who knows the places.
Clustering by_place(const Made& made, const Clustering& found) {
  Clustering result;
  for (std::size_t p = 0; p < made.place.size(); ++p) {
    const auto side = static_cast<std::uint32_t>(std::lround(std::sqrt(made.place[p].size())));
    const auto rows = static_cast<std::uint32_t>(std::max(1L, std::lround(std::sqrt(found.count[p]))));
    const std::uint32_t columns = (found.count[p] + rows - 1) / rows;
    result.count.push_back(rows * columns);
    result.of.emplace_back();
    for (const std::uint32_t at : made.place[p])
      result.of.back().push_back(at / side * rows / side * columns + at % side * columns / side);
  }
  return result;
}

/// Tiles of 64 lanes with all that a chip file allows where it is needed, as many as `side` a side.
Chip chip_of(std::uint32_t side) {
  Chip chip;
  chip.name = "sheets" + std::to_string(side);
  chip.width = chip.height = side;
  chip.spike_wheel = chip.credit_wheel = 1024;
  chip.chunk_index_bits = 12;
  chip.tile.lanes = 64;
  chip.tile.lif_lanes = 16;
  chip.tile.acc_bits = 24;
  chip.tile.contexts = 16;
  chip.tile.page_rows = 64;
  chip.tile.page_chunks = 256;
  chip.tile.chunk_entries = 4096;
  chip.tile.axon_entries = 65536;
  chip.tile.weight_words = 1U << 18U;
  chip.tile.state_words = 1024;
  chip.tile.update_entries = 1024;
  chip.tile.param_sets = 64;
  chip.tile.out_entries = 1024;
  chip.tile.channels = chip.tile.deliveries = chip.tile.credit_counters = 64;
  chip.tile.order_entries = 64;
  chip.host.channels = 64;
  chip.host.credit_counters = 256;
  return chip;
}

double wall_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double peak_megabytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

void partition_sheets(benchmark::State& state, const Sheets& sheets, std::uint32_t mesh,
                      PartitionMethod method) {
  const Made made = make_sheets(sheets);
  const IntNetwork& net = made.net;
  const Chip chip = chip_of(mesh);
  const double before = peak_megabytes();
  for (auto _ : state) {
    double clock = wall_seconds();
    const auto lap = [&](const char* stage) {
      const double now = wall_seconds();
      state.counters[stage] = now - clock;
      clock = now;
    };
    const Clustering clustering = partition(net, chip, {.method = method, .max_neurons = 512});
    lap("partition_s");
    const double crossing = cut(net, clustering);
    state.counters["cut"] = crossing;
    state.counters["cut_by_place"] = cut(net, by_place(made, clustering));
    clock = wall_seconds();
    const Application app = build_application(net, chip, clustering);
    lap("build_s");
    const MapResult mapped = map(app, chip);
    lap("map_s");
    if (!mapped.binding) {
      std::fprintf(stderr, "cut %g, by place %g\n", crossing, double(state.counters["cut_by_place"]));
      state.SkipWithError(mapped.reason.c_str());
      break;
    }
    lap("");
    // Not timed with the rest: tables decoded and compared with the network, the binding with its rules.
    for (const std::string& fault : check(app, net, chip)) internal_error(fault, __FILE__, __LINE__);
    for (const std::string& fault : check(app, *mapped.binding, chip))
      internal_error(fault, __FILE__, __LINE__);
    lap("check_s");
    state.counters.erase("");
    state.counters["clusters"] = static_cast<double>(app.clusters.size());
  }
  double neurons = 0, synapses = 0;
  for (const IntPopulation& p : net.populations) neurons += static_cast<double>(p.size());
  for (const IntProjection& p : net.projections) synapses += static_cast<double>(count_synapses(p));
  state.counters["neurons"] = neurons;
  state.counters["synapses"] = synapses;
  state.counters["network_MB"] = before;
  state.counters["peak_MB"] = peak_megabytes();
}

void add(const std::string& name, const Sheets& sheets, std::uint32_t mesh, PartitionMethod method) {
  benchmark::RegisterBenchmark(
      ("partition/" + name).c_str(),
      [=](benchmark::State& state) { partition_sheets(state, sheets, mesh, method); })
      ->Iterations(1)
      ->Unit(benchmark::kSecond);
}

void add_cases() {
  for (const auto& [name, method] :
       {std::pair{"greedy", PartitionMethod::kGreedy}, std::pair{"refined", PartitionMethod::kRefined},
        std::pair{"multilevel", PartitionMethod::kMultilevel}})
    add(std::string("10k_neurons/") + name, {2, 64, 50, 3}, 8, method);
  add("100k_neurons/multilevel", {2, 216, 100, 3}, 16, PartitionMethod::kMultilevel);
  add("1M_neurons/multilevel", {15, 256, 100, 3}, 32, PartitionMethod::kMultilevel);
}

}  // namespace
}  // namespace spikeloom::bench

int main(int argc, char** argv) {
  return spikeloom::bench::run_program(argc, argv, {.usual = spikeloom::bench::add_cases});
}
