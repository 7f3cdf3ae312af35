// The search inside one population: which neurons share a cluster.
#pragma once

#include <cstdint>
#include <vector>

#include "compiler/base/rng.hpp"
#include "compiler/core/layers.hpp"
#include "compiler/partition/partition.hpp"

namespace spikeloom {

/// Every source element that reaches a population, in each layer, as a hyperedge over its neurons.
struct Edges {
  static constexpr std::uint32_t kOutside = ~0U;
  std::vector<double> rate;           ///< expected spikes a step
  std::vector<std::uint32_t> own;     ///< the source's number when it is of this population, else kOutside
  std::vector<std::size_t> begin{0};  ///< targets of edge e: begin[e] .. begin[e+1]-1
  std::vector<std::uint32_t> target;
  [[nodiscard]] std::size_t count() const { return rate.size(); }
};

[[nodiscard]] Edges edges_into(const IntNetwork&, const std::vector<Layer>&, PopulationId,
                               const std::optional<Traffic>&);

/// Sum over edges of rate × clusters reached, the source's own excepted.
[[nodiscard]] double cut(const Edges&, const std::vector<std::uint32_t>& of);

struct GroupingOptions {
  std::uint32_t clusters = 1;
  std::uint32_t size = 0;  ///< packed into each before the next is opened
  std::uint32_t cap = 0;   ///< never exceeded; >= size
  PartitionMethod method = PartitionMethod::kRefined;
};

/// Moves neurons between clusters while the cut falls; none above `cap`, none empty. Does nothing where the
/// tables of the search would be larger than the network.
void refine(const Edges&, const GroupingOptions&, std::vector<std::uint32_t>& of, Rng&);

/// Cluster by neuron, 0 .. clusters-1. Greedy: a cluster grows by the neuron that shares most of the spikes
/// it already receives, ties to the lowest number; so where all neurons read the same sources the
/// clusters are consecutive blocks.
[[nodiscard]] std::vector<std::uint32_t> group(const Edges&, std::size_t neurons, const GroupingOptions&,
                                               Rng&);

}  // namespace spikeloom
