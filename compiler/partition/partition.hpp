// From the integer network to clusters that fit a tile, and to every table a tile needs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <spikeloom/compile_options.hpp>

#include "compiler/chip/chip.hpp"
#include "compiler/golden/int_network.hpp"
#include "compiler/partition/application.hpp"

namespace spikeloom {

/// Measured on a calibration set: expected spikes a step.
struct Traffic {
  std::vector<std::vector<double>> inputs;       ///< by InputId, by axon (element·planes + plane)
  std::vector<std::vector<double>> populations;  ///< by PopulationId, by neuron in NIR order
};

/// How the neurons of a population's clusters are numbered.
enum class NeuronOrder : std::uint8_t {
  kNir,       ///< NIR order, or equal parameters side by side where that saves update cycles
  kPosition,  ///< of a feature map: by position, row by row, all channels of a position side by side
  kRank,      ///< by Clustering::rank, or equal parameters side by side, then rank, where that saves cycles
};

/// Max pooling of a map's spikes by the clusters that send them (compiler/partition/or_pool.hpp): windows of
/// `rows` × `columns` positions, from the map's corner on.
struct Pooling {
  PopulationId population;  ///< the pool, which then has no clusters
  std::uint32_t rows = 1, columns = 1;
  std::uint32_t run = 1;  ///< windows side by side that share chunks (`pooled_order`)
  friend bool operator==(const Pooling&, const Pooling&) = default;
};

/// Which cluster of its population a neuron belongs to.
struct Clustering {
  std::vector<std::uint32_t> count;                ///< clusters, by PopulationId
  std::vector<std::vector<std::uint32_t>> of;      ///< by PopulationId, by neuron: 0..count-1, all occurring
  std::vector<NeuronOrder> order{};                ///< by PopulationId; empty: all kNir
  std::vector<std::vector<std::uint32_t>> rank{};  ///< by PopulationId, by neuron; empty where not kRank
  std::vector<std::uint32_t> kind{};               ///< of tile, by PopulationId; empty: all kind 0
  std::vector<InputOrder> inputs{};                ///< by InputId; empty: all kFile
  /// By PopulationId: 1: where its clusters' pages would be too long, chunks of the host that they do not
  /// read are left out, at a channel for each run of those that they read. Empty: nowhere.
  std::vector<std::uint8_t> leaves_gaps{};
  /// By PopulationId: what its clusters send instead of their own spikes. Empty: nowhere. The pool's `of`
  /// says nothing, and its `count` is 0.
  std::vector<std::optional<Pooling>> pooled{};

  [[nodiscard]] NeuronOrder order_of(std::size_t population) const {
    return order.empty() ? NeuronOrder::kNir : order[population];
  }
  [[nodiscard]] InputOrder input_order_of(std::size_t input) const {
    return inputs.empty() ? InputOrder::kFile : inputs[input];
  }
  [[nodiscard]] const std::optional<Pooling>& pooling_of(std::size_t population) const {
    static const std::optional<Pooling> kNone;
    return pooled.empty() ? kNone : pooled[population];
  }
  [[nodiscard]] std::uint32_t kind_of(std::size_t population) const {
    return kind.empty() ? 0 : kind[population];
  }
  friend bool operator==(const Clustering&, const Clustering&) = default;
};

struct PartitionOptions {
  std::uint64_t seed = 1;
  PartitionMethod method = PartitionMethod::kMultilevel;
  std::uint32_t max_neurons = 0;                ///< of a cluster; 0: what fits
  std::vector<std::uint32_t> least_clusters{};  ///< wanted, by PopulationId; empty: as few as fit
  std::optional<Traffic> activity{};            ///< none: every source counts as one spike a step
  std::vector<std::optional<std::uint32_t>>
      kinds{};              ///< of tile, wanted by PopulationId; empty, or none: the partitioner chooses
  std::uint32_t tiles = 0;  ///< that may be used, the first of the mesh; 0: all
  OrPools pools = OrPools::kFolded;
  std::vector<PopulationId> own_pools{};  ///< not folded, whatever `pools` says
  std::vector<PopulationId> shown{};      ///< that the host wants to see, although they are no output
  /// Whose weights the host is to send in every step (docs/streamed-weights.md): their clusters are cut so
  /// that few words travel.
  std::vector<PopulationId> streamed{};
};

/// Groups neurons into clusters that fit a tile each, with few spikes crossing between them. A cluster
/// holds neurons of one population (they share its arithmetic); what fits is not split
/// unless more clusters are wanted: then so many, or the next number below that even sizes give. A feature
/// map, [channels,height,width] or [channels,length] that not only dense projections reach, is cut into
/// blocks of whole positions, so that the rows of a convolution repeat but for their offset and are stored
/// once. A map whose spikes are only pooled sends them pooled where it can (compiler/partition/or_pool.hpp):
/// its blocks then hold whole windows, and the pool has no clusters. Inputs with positions are numbered
/// likewise, whatever the order of their data (compiler/partition/input_order.hpp). A population that hands
/// its potentials on (`hands_on`) to one of the same size is cut as that one is, so that every cluster takes
/// its numbers from one other.
///
/// Clusters of a streamed population repeat no weights and are few: a map is cut by channels, and by
/// positions only where channels can be cut no further; any other population into runs of whole grains.
///
/// Where the chip has several kinds of tile, all clusters of a population are for one of them, and its
/// neurons are numbered for it. Every kind is asked how many clusters it would need for every population;
/// `prefer` (compiler/partition/kinds.hpp) says which is taken.
///
/// Cost    once for every kind and once more, where the chip has several; kMultilevel: about the synapses
/// times the logarithm of the neurons of their population; the
///         others: the synapses times its clusters, and the square of its neurons.
/// Throws  Error{kInput} listing what no partition can mend: a chip that lacks what the network needs,
///         a neuron that alone exceeds a tile, each with the numbers and the chip keys that would do; of
///         several kinds of tile what each of them says.
/// Source  greedy packing after Song et al., LCTES 2020; refinement after Fiduccia and Mattheyses, DAC 1982;
///         multilevel bisection after Karypis et al., IEEE TVLSI 1999.
[[nodiscard]] Clustering partition(const IntNetwork&, const Chip&, const PartitionOptions& = {});

/// A population that no kind of tile can hold because of what it reads: one neuron alone exceeds a tile.
struct TooWide {
  PopulationId population;
  double factor = 1;  ///< what the neuron needs of a tile, as a multiple of what the best kind has
};

/// The populations that `partition` would refuse for that reason alone, on a kind of tile that splits sums.
[[nodiscard]] std::vector<TooWide> too_wide(const IntNetwork&, const Chip&, const PartitionOptions& = {});

/// Expected spikes a step that enter a cluster from outside it: the sum over sources and the
/// projections' delays of activity × clusters reached, the source's own excepted.
[[nodiscard]] double cut(const IntNetwork&, const Clustering&, const std::optional<Traffic>& = std::nullopt);

enum class ReadoutTime : std::uint8_t { kEveryStep, kLastStep };

struct BuildOptions {
  std::vector<PopulationId> record;  ///< populations sent to the host although they are no output
  ReadoutTime readout = ReadoutTime::kEveryStep;
  std::optional<Traffic> activity;
  std::string options = "{}";  ///< kept in Application::options
};

/// Makes all tables. Throws Error{kInput} as `partition` does, and when a cluster exceeds a tile.
[[nodiscard]] Application build_application(const IntNetwork&, const Chip&, const Clustering&,
                                            const BuildOptions& = {});

/// Why tiles of the cluster's kind do not read its tables as they are meant; empty: they do, and every
/// question about the cluster and its kind may be asked.
[[nodiscard]] std::vector<std::string> kind_mismatches(const Cluster&, const Chip&);

/// What is wrong with the weights that the host is to stream to the cluster; empty: nothing. Assumed: its
/// kind reads its tables.
[[nodiscard]] std::vector<std::string> stream_faults(const Cluster&, const Chip&);

/// What of the cluster does not fit an otherwise empty tile of its kind; empty: it fits.
[[nodiscard]] std::vector<Need> excesses(const Cluster&, const Chip&);

/// Those of the limits that its pages and outputs exceed, of which its tables say nothing.
[[nodiscard]] std::vector<Need> page_excesses(const Cluster&, const Chip&);

/// Everything wrong with the application as an implementation of the network; empty: sound.
///
/// Checked  every neuron in exactly one cluster and position; the dense matrix of every (source,
///          target, delay), decoded from the tables bit by bit by Core::decode, equals the network's
///          sum; parameters and biases likewise, each neuron updated once; limits by count; order
///          topological; inbound by delay; control channels; outputs; every cluster within a tile.
/// Assumed  the network passed its own check.
[[nodiscard]] std::vector<std::string> check(const Application&, const IntNetwork&, const Chip&);

}  // namespace spikeloom
