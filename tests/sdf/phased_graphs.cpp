#include "tests/sdf/phased_graphs.hpp"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <numeric>
#include <sstream>

#include "compiler/sdf/sdf3.hpp"

namespace spikeloom::sdf::testing {

PhasedGraph random_phased(Rng& rng, bool alive, std::int64_t most_rounds) {
  PhasedGraph graph("random");
  const auto n = static_cast<std::size_t>(rng.between(1, 4));
  std::vector<std::int64_t> rounds;
  for (std::size_t a = 0; a < n; ++a) {
    std::vector<std::int64_t> times(static_cast<std::size_t>(rng.between(1, 3)));
    for (std::int64_t& time : times) time = rng.between(0, 9);
    if (n == 1 || a == 0) times.front() = rng.between(1, 9);
    const ActorId id = graph.add_actor("a" + std::to_string(a), times);
    rounds.push_back(rng.between(1, most_rounds));
    graph.add_channel({id, id, std::vector<std::int64_t>(times.size(), 1),
                       std::vector<std::int64_t>(times.size(), 1), rng.between(1, 2), 0},
                      "self");
  }
  const auto split = [&](std::int64_t total, std::size_t phases) {
    std::vector<std::int64_t> rates(phases, 0);
    for (std::int64_t left = total; left > 0; --left) ++rates[rng.below(phases)];
    return rates;
  };
  const auto join = [&](std::size_t from, std::size_t to, bool back) {
    const std::int64_t total =
        rounds[from] / std::gcd(rounds[from], rounds[to]) * rounds[to] * rng.between(1, 2);
    const ActorId a(from), b(to);
    // Enough for an iteration keeps it alive; less may.
    const std::int64_t tokens =
        back ? (alive ? total + rng.between(0, total) : rng.between(0, total)) : rng.between(0, 2);
    graph.add_channel({a, b, split(total / rounds[from], graph.phases(a)),
                       split(total / rounds[to], graph.phases(b)), tokens, rng.between(0, 3)},
                      "c" + std::to_string(graph.channel_count()));
  };
  for (std::size_t a = 0; a + 1 < n; ++a) join(a, a + 1, false);
  if (n > 1) join(n - 1, 0, true);
  for (std::int64_t more = rng.between(0, 2); more > 0 && n > 1; --more) {
    const std::size_t a = rng.below(n), b = rng.below(n);
    if (a != b) join(a, b, a > b);
  }
  return graph;
}

namespace {

std::vector<std::int64_t> split_by_chance(Rng& rng, std::int64_t total, std::size_t phases) {
  std::vector<std::int64_t> ends{0, total};
  for (std::size_t i = 1; i < phases; ++i) ends.push_back(rng.between(0, total));
  std::sort(ends.begin(), ends.end());
  std::vector<std::int64_t> rates;
  for (std::size_t i = 0; i + 1 < ends.size(); ++i) rates.push_back(ends[i + 1] - ends[i]);
  return rates;
}

}  // namespace

PhasedGraph random_with_many_phases(Rng& rng, bool alive) {
  PhasedGraph graph("phases");
  const auto n = static_cast<std::size_t>(rng.between(2, 3));
  std::vector<std::int64_t> rounds;
  for (std::size_t a = 0; a < n; ++a) {
    std::vector<std::int64_t> times(static_cast<std::size_t>(rng.between(8, 24)));
    for (std::int64_t& time : times) time = rng.between(0, 9);
    graph.add_actor("a" + std::to_string(a), times);
    rounds.push_back(rng.between(10, 25));
  }
  for (std::size_t a = 0; a < n; ++a) {
    const std::size_t b = (a + 1) % n;
    const std::int64_t total = rounds[a] / std::gcd(rounds[a], rounds[b]) * rounds[b] * rng.between(1, 2);
    const std::int64_t few = rng.between(0, alive ? 5 : 1), tokens = b != 0 || !alive ? few : total;
    graph.add_channel(
        {ActorId(a), ActorId(b), split_by_chance(rng, total / rounds[a], graph.phases(ActorId(a))),
         split_by_chance(rng, total / rounds[b], graph.phases(ActorId(b))), tokens, rng.between(0, 3)},
        "c" + std::to_string(a));
  }
  return graph;
}

PhasedGraph large_phased(Rng& rng, const LargeShape& shape) {
  PhasedGraph graph("large");
  std::vector<std::int64_t> counts, rounds;  // those without prime factors above 5
  for (std::int64_t count = 1; count <= shape.most_rounds; ++count) {
    std::int64_t rest = count;
    for (const std::int64_t prime : {2, 3, 5})
      while (rest % prime == 0) rest /= prime;
    if (rest == 1) counts.push_back(count);
  }
  for (std::size_t a = 0; a < shape.actors; ++a) {
    rounds.push_back(counts[rng.below(counts.size())]);
    std::vector<std::int64_t> times(static_cast<std::size_t>(rng.between(1, shape.most_phases)));
    const std::int64_t fair = 1'000'000 / (rounds.back() * static_cast<std::int64_t>(times.size()));
    for (std::int64_t& time : times) time = 1 + rng.between(fair / 10, fair / 2);
    const ActorId id = graph.add_actor("a" + std::to_string(a), times);
    const std::vector<std::int64_t> ones(times.size(), 1);
    graph.add_channel({id, id, ones, ones, 1, 0}, "self");
  }
  const auto join = [&](std::size_t a, std::size_t b) {
    const std::int64_t total = rounds[a] / std::gcd(rounds[a], rounds[b]) * rounds[b] * rng.between(1, 3);
    graph.add_channel(
        {ActorId(a), ActorId(b), split_by_chance(rng, total / rounds[a], graph.phases(ActorId(a))),
         split_by_chance(rng, total / rounds[b], graph.phases(ActorId(b))), a < b ? 0 : total, 0},
        "c" + std::to_string(graph.channel_count()));
  };
  for (std::size_t a = 1; a < shape.actors; ++a) join(rng.below(a), a);
  join(shape.actors - 1, 0);
  while (graph.channel_count() < shape.channels) {
    const std::size_t a = rng.below(shape.actors), b = rng.below(shape.actors);
    if (a != b) join(a, b);
  }
  return graph;
}

std::filesystem::path known_answers() {
  const char* data = std::getenv("SPIKELOOM_DATA");
  return std::filesystem::path(data != nullptr ? data
                                               : std::string(SPIKELOOM_SOURCE_DIR) + "/../shared/data") /
         "sdf";
}

std::string text_of(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::vector<std::pair<std::string, PhasedGraph>> known_graphs() {
  std::vector<std::pair<std::string, PhasedGraph>> graphs;
  if (!std::filesystem::exists(known_answers())) return graphs;
  for (const auto& entry : std::filesystem::directory_iterator(known_answers()))
    if (entry.path().extension() == ".xml")
      graphs.emplace_back(entry.path().stem(), parse_sdf3(text_of(entry.path()), entry.path()));
  std::sort(graphs.begin(), graphs.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  return graphs;
}

}  // namespace spikeloom::sdf::testing
