// From a clustering to the tables of one cluster.
#pragma once

#include <cstdint>
#include <vector>

#include "compiler/partition/layers.hpp"
#include "compiler/partition/partition.hpp"

namespace spikeloom {

/// Who is where, before any table is made.
struct Skeleton {
  std::vector<Cluster> clusters;  ///< name, population, neurons by position, update program and counts
  std::vector<std::vector<std::uint32_t>> cluster_of, position_of;  ///< by PopulationId, by neuron
  std::vector<std::uint32_t> first_axon;                            ///< by InputId
  std::vector<NeuronOrder> order;                                   ///< by PopulationId
};

[[nodiscard]] Skeleton make_skeleton(const IntNetwork&, const Chip&, const Clustering&);

/// Inbound, limits, rows and weights of cluster `c` of the skeleton, which is handed back whole.
[[nodiscard]] Cluster build_cluster(const IntNetwork&, const Chip&, const Layers&, const Skeleton&, std::size_t c);

}  // namespace spikeloom
