// From a clustering to the tables of one cluster.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "compiler/core/layers.hpp"
#include "compiler/linear/blocks.hpp"
#include "compiler/partition/partition.hpp"

namespace spikeloom {

/// Who is where, before any table is made.
struct Skeleton {
  std::vector<Cluster> clusters;                    ///< name, population, neurons by position, counts
  std::vector<std::vector<std::uint32_t>> members;  ///< by cluster: its neurons, rising
  /// By PopulationId, by neuron: who sends it, and at which of its bits.
  std::vector<std::vector<std::uint32_t>> cluster_of, position_of;
  std::vector<std::uint32_t> first_axon;       ///< by InputId
  std::vector<InputOrder> input_order;         ///< by InputId
  std::vector<std::uint8_t> leaves_gaps;       ///< by PopulationId
  std::vector<NeuronOrder> order;              ///< by PopulationId
  std::vector<std::optional<Pooling>> pooled;  ///< by PopulationId
};

[[nodiscard]] Skeleton make_skeleton(const IntNetwork&, const Chip&, const Clustering&);

/// Which source elements reach which cluster of a population, by layer.
class Reach {
 public:
  Reach(const std::vector<Layer>& layers, const Skeleton&, PopulationId);
  /// Of the population's layer, those that reach the skeleton's cluster; rising.
  [[nodiscard]] std::span<const std::uint32_t> elements(std::size_t layer, std::size_t cluster) const {
    return lists_[layer].of(cluster - first_);
  }
  [[nodiscard]] const RowPlaces& places(std::size_t layer) const { return places_[layer]; }

 private:
  std::size_t first_ = 0;  ///< of the population's clusters
  std::vector<PartLists> lists_;
  std::vector<RowPlaces> places_;
};

/// Inbound, limits and tables of cluster `c` of the skeleton, which is handed back whole. `synapses`, where
/// it is given, is raised by those that were written out for it: of rows of one kind (RowKind) one row's.
[[nodiscard]] Cluster build_cluster(const IntNetwork&, const Chip&, const Layers&, const Skeleton&,
                                    const Reach&, std::size_t c, std::uint64_t* synapses = nullptr);

/// The same cluster without its tables: what it reads, and how long its pages are.
///
/// Cost  in axons.
[[nodiscard]] Cluster pages_of_cluster(const IntNetwork&, const Chip&, const Layers&, const Skeleton&,
                                       const Reach&, std::size_t c);

}  // namespace spikeloom
