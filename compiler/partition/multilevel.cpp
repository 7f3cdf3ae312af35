#include "compiler/partition/multilevel.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "compiler/base/error.hpp"
#include "compiler/linear/blocks.hpp"
#include "compiler/linear/sums.hpp"
#include "spikeloom_hw.hpp"

namespace spikeloom {
namespace {

constexpr double kUnit = 65536;  ///< of costs, a spike
constexpr Effort kOrdering{
    .tries = 2, .passes = 1, .pins = 16, .polish = 0};    ///< inside a cluster, where less is at stake
constexpr std::int64_t kReader = 65536 / hw::kChunkBits;  ///< cost of a reader's net: a flit carries a chunk
constexpr std::uint32_t kChunk = hw::kChunkBits;          ///< neurons that are sent and read together

class Recursion {
 public:
  Recursion(std::uint32_t cap, Rng& rng, Grouping& result) : cap_(cap), rng_(rng), result_(result) {}

  /// Clusters first .. first + clusters - 1 and the next ranks for the neurons that the graph's vertices are.
  void run(const Hypergraph& graph, const std::vector<std::uint32_t>& neurons, std::uint32_t first,
           std::uint32_t clusters) {
    if (clusters == 1)
      for (const std::uint32_t neuron : neurons) result_.of[neuron] = first;
    if (clusters == 1 && neurons.size() <= kChunk) {
      for (const std::uint32_t neuron : neurons) result_.rank[neuron] = next_rank_++;
      return;
    }
    const Balance share = balance(neurons.size(), clusters);
    const auto chunks = [](std::uint64_t n) {
      return static_cast<std::uint32_t>(std::max<std::uint64_t>(1, n / kChunk));
    };
    const std::vector<std::uint8_t> side =
        clusters == 1 ? bisect(graph, share, rng_, kOrdering,
                               {chunks(share.least), chunks(neurons.size() - share.least)})
                      : bisect(graph, share, rng_, {}, {clusters / 2, clusters - clusters / 2});
    for (const std::uint8_t half : {std::uint8_t{0}, std::uint8_t{1}}) {
      std::vector<std::uint32_t> vertices, inner;
      for (std::uint32_t v = 0; v < side.size(); ++v) {
        if (side[v] != half) continue;
        vertices.push_back(v);
        inner.push_back(neurons[v]);
      }
      const std::uint32_t left = clusters / 2;
      if (clusters == 1)
        run(part_of(graph, vertices), inner, first, 1);
      else
        run(part_of(graph, vertices), inner, half == 0 ? first : first + left,
            half == 0 ? left : clusters - left);
    }
  }

 private:
  /// Neurons of the first half: whole chunks inside a cluster; else nearly its share of the clusters.
  [[nodiscard]] Balance balance(std::size_t neurons, std::uint32_t clusters) const {
    if (clusters == 1) {
      const std::uint64_t half = (neurons / 2 + kChunk - 1) / kChunk * kChunk;
      return {half, half};
    }
    const std::uint64_t left = clusters / 2, right = clusters - left;
    const std::uint64_t share = neurons * left / clusters;
    const std::uint64_t slack = (std::uint64_t{clusters} * cap_ - neurons) * left / clusters;
    const std::uint64_t least = std::max(
        {left, neurons > right * cap_ ? neurons - right * cap_ : 0, share > slack ? share - slack : 0});
    const std::uint64_t most = std::min({left * cap_, neurons - right, share + slack});
    return {std::min(least, most), std::max(least, most)};
  }

  std::uint32_t cap_;
  Rng& rng_;
  Grouping& result_;
  std::uint32_t next_rank_ = 0;
};

}  // namespace

Hypergraph hypergraph_of(const Edges& edges, std::size_t neurons) {
  Hypergraph graph;
  graph.weight.assign(neurons, 1);
  graph.pin.reserve(edges.target.size());
  for (std::size_t e = 0; e < edges.count(); ++e) {
    const std::size_t first = graph.pin.size();
    bool own = edges.own[e] == Edges::kOutside;
    for (std::size_t i = edges.begin[e]; i < edges.begin[e + 1]; ++i) {
      graph.pin.push_back(edges.target[i]);
      own = own || edges.target[i] == edges.own[e];
    }
    if (!own) graph.pin.push_back(edges.own[e]);
    if (graph.pin.size() - first < 2) {
      graph.pin.resize(first);
      continue;
    }
    graph.cost.push_back(static_cast<std::int64_t>(std::llround(edges.rate[e] * kUnit)) + 1);
    graph.begin.push_back(graph.pin.size());
  }
  return graph;
}

void add_readers(Hypergraph& graph, const Layer& layer) {
  const std::size_t sources = layer.form.sources();
  SPIKELOOM_CHECK(sources == graph.vertices());
  const std::vector<std::int64_t> fan_in = sum_by_target(layer.form, ones(layer.weight));
  const MapColumns columns(layer.form);
  std::vector<std::uint32_t> readers;
  for (std::uint32_t target = 0; target < fan_in.size(); ++target) {
    if (fan_in[target] < 2 || 2 * static_cast<std::size_t>(fan_in[target]) > sources) continue;
    readers.clear();
    columns.each(target, [&](std::uint32_t source, std::size_t weight) {
      if (layer.weight[weight] != 0) readers.push_back(source);
    });
    std::sort(readers.begin(), readers.end());
    graph.pin.insert(graph.pin.end(), readers.begin(), readers.end());
    graph.begin.push_back(graph.pin.size());
    graph.cost.push_back(kReader);
  }
}

Grouping group_by_bisection(const Hypergraph& graph, std::uint32_t clusters, std::uint32_t cap, Rng& rng) {
  SPIKELOOM_CHECK(clusters <= graph.vertices() && graph.vertices() <= std::uint64_t{clusters} * cap);
  Grouping result;
  result.of.assign(graph.vertices(), 0);
  result.rank.assign(graph.vertices(), 0);
  std::vector<std::uint32_t> neurons(graph.vertices());
  std::iota(neurons.begin(), neurons.end(), 0U);
  Recursion(cap, rng, result).run(graph, neurons, 0, clusters);
  return result;
}

}  // namespace spikeloom
