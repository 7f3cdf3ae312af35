#include <algorithm>

#include "compiler/base/error.hpp"
#include "compiler/partition/grouping.hpp"

namespace spikeloom {
namespace {

double rate_of(const IntNetwork& network, const Source& from, std::size_t element,
               const std::optional<Traffic>& activity) {
  if (!activity) return 1;
  if (const auto* population = std::get_if<PopulationId>(&from))
    return activity->populations.at(population->index()).at(element);
  const std::size_t input = std::get<InputId>(from).index();
  const std::uint32_t planes = network.inputs[input].planes;
  double rate = 0;
  for (std::size_t b = 0; b < planes; ++b) rate += activity->inputs.at(input).at(element * planes + b);
  return rate;
}

}  // namespace

Edges edges_into(const IntNetwork& network, const std::vector<Layer>& layers, PopulationId to,
                 const std::optional<Traffic>& activity) {
  Edges edges;
  for (const Layer& layer : layers)
    for (std::size_t s = 0; !layer.is_of_numbers && s < layer.form.sources(); ++s) {
      layer.form.row(s).each([&](std::uint32_t target, std::size_t weight) {
        if (layer.weight[weight] != 0) edges.target.push_back(target);
      });
      if (edges.target.size() == edges.begin.back()) continue;
      edges.rate.push_back(rate_of(network, layer.from, s, activity));
      edges.own.push_back(layer.from == Source(to) ? static_cast<std::uint32_t>(s) : Edges::kOutside);
      edges.begin.push_back(edges.target.size());
    }
  return edges;
}

double cut(const Edges& edges, const std::vector<std::uint32_t>& of) {
  double total = 0;
  std::vector<std::uint32_t> reached;
  for (std::size_t e = 0; e < edges.count(); ++e) {
    reached.clear();
    for (std::size_t i = edges.begin[e]; i < edges.begin[e + 1]; ++i) reached.push_back(of[edges.target[i]]);
    std::sort(reached.begin(), reached.end());
    reached.erase(std::unique(reached.begin(), reached.end()), reached.end());
    std::size_t others = reached.size();
    if (edges.own[e] != Edges::kOutside &&
        std::binary_search(reached.begin(), reached.end(), of[edges.own[e]]))
      --others;
    total += edges.rate[e] * static_cast<double>(others);
  }
  return total;
}

double cut(const IntNetwork& network, const Clustering& clustering, const std::optional<Traffic>& activity) {
  const Layers layers = make_layers(network);
  double total = 0;
  for (std::size_t p = 0; p < layers.size(); ++p)
    if (clustering.count[p] != 0)
      total += cut(edges_into(network, layers[p], PopulationId(p), activity), clustering.of[p]);
  return total;
}

}  // namespace spikeloom
