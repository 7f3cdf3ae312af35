// Dataflow analyses by size and family, beside Boost's maximum_cycle_ratio in the same run. Processor times.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <ctime>
#include <functional>
#include <memory>
#include <string>

#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/howard_cycle_ratio.hpp>

#include "compiler/sdf/buffers.hpp"
#include "compiler/sdf/cycle_ratio.hpp"
#include "compiler/sdf/latency.hpp"
#include "compiler/sdf/period.hpp"
#include "tests/bench/program.hpp"
#include "tests/sdf/graphs.hpp"
#include "tests/sdf/phased_graphs.hpp"

namespace spikeloom::sdf {
namespace {

using testing::known_graphs;

/// One case: `work` again and again, its processor time as the time, `counters` beside it.
void add_case(const std::string& name, std::function<void()> work,
              const std::vector<std::pair<std::string, double>>& counters) {
  benchmark::RegisterBenchmark(
      ("dataflow/" + name).c_str(),
      [work = std::move(work), counters](benchmark::State& state) {
        for (auto _ : state) {
          const std::clock_t begin = std::clock();
          work();
          state.SetIterationTime(static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC);
        }
        for (const auto& [key, value] : counters) state.counters[key] = value;
      })
      ->Unit(benchmark::kMillisecond)
      ->UseManualTime();
}

/// Short work many times over, so that the clock's steps do not show.
std::function<void()> repeated(int times, std::function<void()> work) {
  return [times, work = std::move(work)] {
    for (int i = 0; i < times; ++i) work();
  };
}

struct Family {
  std::string name;
  std::function<Graph(std::int64_t)> make;
};

std::vector<Family> families() {
  return {{"random", [](std::int64_t n) { return testing::random_strong(n, 4 * n, 1); }},
          {"layered",
           [](std::int64_t n) {
             return testing::layered(std::max<std::int64_t>(2, n / 500), std::min<std::int64_t>(n / 2, 500),
                                     2, 2);
           }},
          {"ring", [](std::int64_t n) { return testing::ring(n, 3); }},
          {"chain", [](std::int64_t n) { return testing::chain(n, 2, 4); }},
          {"mesh", [](std::int64_t n) {
             std::int64_t side = 1;
             while (side * side < n) ++side;
             return testing::mesh(side, 5);
           }}};
}

std::function<void()> by_boost(const Graph& graph) {
  using Edge = boost::property<boost::edge_weight_t, double, boost::property<boost::edge_weight2_t, double>>;
  using BoostGraph = boost::adjacency_list<boost::vecS, boost::vecS, boost::directedS,
                                           boost::property<boost::vertex_index_t, int>, Edge>;
  const auto made = std::make_shared<BoostGraph>(graph.actor_count());
  BoostGraph& other = *made;
  for (const Channel& c : graph.channels())
    boost::add_edge(c.source.index(), c.target.index(),
                    Edge(static_cast<double>(graph.weight(c)), static_cast<double>(c.tokens)), other);
  return [made] {
    BoostGraph& g = *made;
    benchmark::DoNotOptimize(boost::maximum_cycle_ratio(g, boost::get(boost::vertex_index, g),
                                                        boost::get(boost::edge_weight, g),
                                                        boost::get(boost::edge_weight2, g)));
  };
}

void add_single_rate(const Family& family, std::int64_t actors, bool with_boost) {
  const Graph graph = family.make(actors);
  const std::vector<std::pair<std::string, double>> size{
      {"actors", static_cast<double>(graph.actor_count())},
      {"channels", static_cast<double>(graph.channel_count())}};
  add_case(
      "certified/" + family.name + "/" + std::to_string(actors),
      [graph] { benchmark::DoNotOptimize(max_cycle_ratio(graph)); }, size);
  if (with_boost) add_case("boost/" + family.name + "/" + std::to_string(actors), by_boost(graph), size);
}

/// Made when its turn comes, and gone after it: nine million channels take a gigabyte.
void add_large(const std::string& name, std::function<Graph()> make) {
  benchmark::RegisterBenchmark(
      ("dataflow/certified/" + name).c_str(),
      [make = std::move(make)](benchmark::State& state) {
        const Graph graph = make();
        for (auto _ : state) {
          const std::clock_t begin = std::clock();
          benchmark::DoNotOptimize(max_cycle_ratio(graph));
          state.SetIterationTime(static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC);
        }
        state.counters["actors"] = static_cast<double>(graph.actor_count());
        state.counters["channels"] = static_cast<double>(graph.channel_count());
      })
      ->Unit(benchmark::kMillisecond)
      ->UseManualTime()
      ->Iterations(1);
}

std::vector<std::pair<std::string, double>> size_of(const PhasedGraph& graph) {
  return {{"actors", static_cast<double>(graph.actor_count())},
          {"channels", static_cast<double>(graph.channel_count())}};
}

/// Seven actors in a chain with a way back, as a small network's clusters are: every channel wants room.
PhasedGraph seven_actors() {
  PhasedGraph graph("seven");
  const std::int64_t times[] = {16, 11, 7, 13, 5, 9, 3};
  for (std::size_t a = 0; a < 7; ++a) {
    graph.add_actor("a" + std::to_string(a), {times[a]});
    graph.add_channel({ActorId(a), ActorId(a), {1}, {1}, 1, 0}, "self" + std::to_string(a));
  }
  const std::pair<std::size_t, std::size_t> joined[] = {{0, 1}, {0, 2}, {1, 3}, {2, 3}, {3, 4},
                                                        {3, 5}, {4, 6}, {5, 6}, {0, 6}};
  for (const auto& [from, to] : joined)
    graph.add_channel({ActorId(from), ActorId(to)}, "c" + std::to_string(from) + std::to_string(to));
  return graph;
}

/// Hundreds of points, seconds.
bool long_front(const std::string& name) {
  return name == "mp3playback" || name == "mp3decoder_block_parallelism";
}

void add_multi_rate() {
  for (const auto& [name, graph] : known_graphs())
    for (const PeriodMethod method : {PeriodMethod::kKPeriodic, PeriodMethod::kExpansion})
      add_case("100 x " + name_of(method) + "/" + name,
               repeated(100, [graph = graph, method] { benchmark::DoNotOptimize(period_of(graph, method)); }),
               size_of(graph));
  auto graphs = known_graphs();
  graphs.emplace_back("seven-actors", seven_actors());
  for (const auto& [name, graph] : graphs) {
    if (long_front(name)) continue;
    const auto front = buffer_front(graph);
    auto counters = size_of(graph);
    counters.emplace_back("points", static_cast<double>(std::get<BufferFront>(front).points.size()));
    add_case(
        "front/" + name, [graph = graph] { benchmark::DoNotOptimize(buffer_front(graph)); }, counters);
  }
}

void add_long_fronts() {
  for (const auto& [name, graph] : known_graphs())
    if (long_front(name))
      add_case(
          "front/" + name, [graph = graph] { benchmark::DoNotOptimize(buffer_front(graph)); },
          size_of(graph));
}

void add_latency(std::int64_t actors) {
  const Graph graph = testing::chain(actors, 4, 1);
  add_case("latency/chain/" + std::to_string(actors),
           [graph] {
             benchmark::DoNotOptimize(
                 latency_bound(graph, ActorId(std::size_t{0}), ActorId(graph.actor_count() - 1)));
           },
           {{"actors", static_cast<double>(graph.actor_count())},
            {"channels", static_cast<double>(graph.channel_count())}});
}

}  // namespace

void add_cases() {
  for (const Family& family : families())
    for (const std::int64_t actors : {100, 1'000, 10'000}) add_single_rate(family, actors, true);
  for (const Family& family : families()) add_single_rate(family, 250'000, false);
  add_multi_rate();
  for (const std::int64_t actors : {10, 100, 1'000}) add_latency(actors);
}

/// Actors and channels as autogen1 to 3 of Kiter's collection have them, with many phases and firings an
/// iteration: generated graphs, since those files are not at hand.
void add_large_phased() {
  for (const auto& [actors, channels] : {std::pair{90U, 617U}, std::pair{70U, 473U}, std::pair{154U, 671U}}) {
    for (const std::int64_t rounds : {2'000, 10'000}) {
      for (std::uint64_t seed = 1; seed <= 3; ++seed) {
        Rng rng(seed);
        const PhasedGraph graph = testing::large_phased(
            rng, {.actors = actors, .channels = channels, .most_rounds = rounds, .most_phases = 12});
        auto counters = size_of(graph);
        double firings = 0;
        for (const std::int64_t count : require_repetition(graph).firings)
          firings += static_cast<double>(count);
        counters.emplace_back("firings", firings);
        add_case(
            "period/large-phased/" + std::to_string(actors) + "/" + std::to_string(rounds) + "/" +
                std::to_string(seed),
            [graph] { benchmark::DoNotOptimize(period_of(graph)); }, counters);
      }
    }
  }
}

/// A million channels of the families with few, nine million of the others, and long fronts.
void add_large_cases() {
  add_large("ring/500000", [] { return testing::ring(500'000, 3); });
  add_large("chain/333333", [] { return testing::chain(333'333, 2, 4); });
  add_large("random/2250000", [] { return testing::random_strong(2'250'000, 9'000'000, 1); });
  add_large("mesh/2250000", [] { return testing::mesh(1'500, 5); });
  add_large("layered/1000000", [] { return testing::layered(2'000, 500, 2, 2); });
  add_long_fronts();
  add_large_phased();
}

}  // namespace spikeloom::sdf

int main(int argc, char** argv) {
  return spikeloom::bench::run_program(
      argc, argv, {.usual = spikeloom::sdf::add_cases, .large = spikeloom::sdf::add_large_cases});
}
