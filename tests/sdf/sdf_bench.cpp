// Period with certificate by size and family, beside Boost's maximum_cycle_ratio in the same run.
#include <benchmark/benchmark.h>

#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/howard_cycle_ratio.hpp>

#include "compiler/sdf/cycle_ratio.hpp"
#include "compiler/sdf/latency.hpp"
#include "compiler/sdf/period.hpp"
#include "tests/sdf/graphs.hpp"
#include "tests/sdf/phased_graphs.hpp"

namespace spikeloom::sdf {
namespace {

Graph family(std::int64_t which, std::int64_t actors) {
  switch (which) {
    case 0: return testing::random_strong(actors, 4 * actors, 1);
    case 1: return testing::layered(std::max<std::int64_t>(2, actors / 500), std::min<std::int64_t>(actors / 2, 500), 2, 2);
    case 2: return testing::ring(actors, 3);
    case 3: return testing::chain(actors, 2, 4);
    default: {
      std::int64_t side = 1;
      while (side * side < actors) ++side;
      return testing::mesh(side, 5);
    }
  }
}

const char* family_name(std::int64_t which) {
  constexpr const char* kNames[] = {"random", "layered", "ring", "chain", "mesh"};
  return kNames[which];
}

void label(benchmark::State& state, const Graph& graph) {
  state.SetLabel(std::string(family_name(state.range(0))) + ", " + std::to_string(graph.actor_count()) + " actors, " +
                 std::to_string(graph.channel_count()) + " channels");
}

void certified_period(benchmark::State& state) {
  const Graph graph = family(state.range(0), state.range(1));
  for (auto _ : state) benchmark::DoNotOptimize(max_cycle_ratio(graph));
  label(state, graph);
}
BENCHMARK(certified_period)
    ->ArgsProduct({{0, 1, 2, 3, 4}, {100, 1'000, 10'000, 250'000}})
    ->Unit(benchmark::kMillisecond);

void check(benchmark::State& state) {
  const Graph graph = family(state.range(0), state.range(1));
  const CycleRatio result = max_cycle_ratio(graph);
  for (auto _ : state) benchmark::DoNotOptimize(verify(graph, certificate_of(result, graph)));
  label(state, graph);
}
BENCHMARK(check)->ArgsProduct({{1}, {1'000, 10'000}})->Unit(benchmark::kMillisecond);

void latency_of_a_chain(benchmark::State& state) {
  const Graph graph = testing::chain(state.range(0), 4, 1);
  const ActorId sink(graph.actor_count() - 1);
  for (auto _ : state) benchmark::DoNotOptimize(latency_bound(graph, ActorId(std::size_t{0}), sink));
}
BENCHMARK(latency_of_a_chain)->Arg(10)->Arg(100)->Arg(1'000)->Unit(benchmark::kMillisecond);

void boost_maximum_cycle_ratio(benchmark::State& state) {
  using Edge = boost::property<boost::edge_weight_t, double, boost::property<boost::edge_weight2_t, double>>;
  using BoostGraph = boost::adjacency_list<boost::vecS, boost::vecS, boost::directedS,
                                           boost::property<boost::vertex_index_t, int>, Edge>;
  const Graph graph = family(state.range(0), state.range(1));
  BoostGraph other(graph.actor_count());
  for (const Channel& c : graph.channels())
    boost::add_edge(c.source.index(), c.target.index(),
                    Edge(static_cast<double>(graph.weight(c)), static_cast<double>(c.tokens)), other);
  for (auto _ : state)
    benchmark::DoNotOptimize(boost::maximum_cycle_ratio(other, boost::get(boost::vertex_index, other),
                                                        boost::get(boost::edge_weight, other),
                                                        boost::get(boost::edge_weight2, other)));
  label(state, graph);
}
BENCHMARK(boost_maximum_cycle_ratio)->ArgsProduct({{0, 1, 2, 3, 4}, {100, 1'000, 10'000}})->Unit(benchmark::kMillisecond);

/// The graphs with known answers, by each method that takes them.
void period_of_known_graph(benchmark::State& state, const PhasedGraph& graph, PeriodMethod method) {
  try {
    Period found = period_of(graph, method);
    for (auto _ : state) benchmark::DoNotOptimize(found = period_of(graph, method));
    state.SetLabel("period " + (found.period ? found.period->str() : std::string("none")));
  } catch (const Error& error) {
    state.SkipWithError(error.what());
  }
}

void register_known_graphs() {
  for (const auto& [name, graph] : testing::known_graphs())
    for (const PeriodMethod method : {PeriodMethod::kKPeriodic, PeriodMethod::kExpansion})
      benchmark::RegisterBenchmark(("period/" + name + "/" + name_of(method)).c_str(),
                                   [graph = graph, method](benchmark::State& state) { period_of_known_graph(state, graph, method); })
          ->Unit(benchmark::kMillisecond);
}

}  // namespace
}  // namespace spikeloom::sdf

int main(int argc, char** argv) {
  spikeloom::sdf::register_known_graphs();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
}
