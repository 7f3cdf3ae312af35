// Neurons that share a context, and what their core reads of them: the value that partition makes and every
// later stage hands on.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "compiler/base/ids.hpp"
#include "spikeloom_hw.hpp"

namespace spikeloom {

/// Where spikes come from: a cluster, or (none) the application's host stream.
using ClusterOrHost = std::optional<ClusterId>;

/// What one channel brings to a cluster's page: chunks source_first .. + source_count - 1 of the source
/// land in page chunks first_chunk .. A source_count of 0 is a control channel: end-of-steps only.
/// A cluster's output chunk c holds its sent neurons 16c .. 16c+15; the host stream's chunk c its axons 16c
/// .. .
struct Inbound {
  ClusterOrHost from;
  std::uint32_t delay = 0;  ///< steps, 0..15
  std::uint32_t first_chunk = 0;
  std::uint32_t source_first = 0;
  std::uint32_t source_count = 0;
  /// Of an inbound from the host that brings no spikes: words of 16 bits of the cluster's weights that come
  /// in every step, before its end-of-step (docs/streamed-weights.md). 0: it brings none.
  std::uint32_t weights = 0;
  friend bool operator==(const Inbound&, const Inbound&) = default;
};

/// What a cluster puts into one window of its core's memories: entries of `parts` 32-bit words each.
struct MemoryTable {
  std::uint32_t parts = 1;
  std::vector<std::uint32_t> words;  ///< entry after entry
  friend bool operator==(const MemoryTable&, const MemoryTable&) = default;

  [[nodiscard]] std::size_t entries() const { return words.size() / parts; }
};

/// A cluster's tables as its core wrote them: addresses count from 0 at the cluster's own first entry of each
/// memory. Only the core knows what the words mean (compiler/core/core.hpp); everybody else hands them on.
struct CoreTables {
  std::string core;                  ///< Core::name() of the one that wrote them
  std::vector<MemoryTable> windows;  ///< by Core::windows(); without entries where the core itself fills it
  friend bool operator==(const CoreTables&, const CoreTables&) = default;
};

/// In place of a neuron: nobody stands there. Only where pooled spikes are sent, so that the neurons of a
/// window stand at the same bit of their chunks, and behind a pass of shared neurons, so that the next one
/// begins with a chunk.
inline constexpr std::uint32_t kNoNeuron = ~0U;

/// Max pooling of spikes, done where they are sent: what a cluster sends in place of its own spikes. A bit is
/// the OR of the neurons of one window.
struct Pooled {
  PopulationId population;  ///< the pooled one, which has no clusters
  /// Of it, by bit of what is sent: NIR index. In a chunk kNoNeuron stands behind all neurons.
  std::vector<std::uint32_t> neurons;
  friend bool operator==(const Pooled&, const Pooled&) = default;
};

/// Neurons of one population that share a context.
struct Cluster {
  std::string name;  ///< "hidden[0]"
  PopulationId population;
  std::uint32_t kind = 0;  ///< of tile, as the chip numbers them: its numbering and tables are for it
  std::vector<std::uint32_t> neurons;  ///< NIR index by position; kNoNeuron: see there
  /// Groups of its neurons that pass through one set of membranes, one after another
  /// (docs/shared-neurons.md): those of a group stand `pass_stride` positions behind the group's before, in
  /// the same order.
  std::uint32_t passes = 1;
  /// The cluster of another population whose membranes it goes on with, on its tile, behind it in the tile's
  /// order: its neuron at position p with that one's at p; none: it has its own.
  std::optional<ClusterId> membranes_of{};
  bool readout = false;
  bool last_only = false;          ///< readout sent only on a sample's last step
  std::optional<Pooled> pooled{};  ///< none: it sends its own spikes, or potentials
  std::uint32_t out_entries = 0;  ///< most chunks a step: ⌈sent neurons / 16⌉, or 2·neurons of a readout
  std::vector<Inbound> inbound;   ///< by rising delay; first_chunk rises with them
  std::vector<std::uint16_t> chunk_bits;  ///< by page chunk: bits that can ever be set
  std::array<std::uint32_t, hw::kLimitContextLimits>
      limit{};                   ///< by steps since the sample began (15: or more): leading chunks that count
  std::vector<double> activity;  ///< expected spikes a step, by sent neuron; empty: not calibrated
  CoreTables tables;
  friend bool operator==(const Cluster&, const Cluster&) = default;

  /// Positions, those without a neuron included.
  [[nodiscard]] std::size_t size() const { return neurons.size(); }
  [[nodiscard]] std::size_t neuron_count() const { return count_neurons(neurons); }
  /// Membranes that it keeps.
  [[nodiscard]] std::size_t membranes() const { return neuron_count() / passes; }
  /// Positions from a neuron of one pass to that of the next with the same membrane: whole chunks.
  [[nodiscard]] std::size_t pass_stride() const {
    return passes == 1 ? size() : (membranes() + hw::kChunkBits - 1) / hw::kChunkBits * hw::kChunkBits;
  }
  [[nodiscard]] std::size_t page_chunks() const { return chunk_bits.size(); }
  /// Whose spikes its chunks hold: bit b of chunk c is sent_neurons()[16c + b] of sent_population().
  [[nodiscard]] PopulationId sent_population() const { return pooled ? pooled->population : population; }
  [[nodiscard]] const std::vector<std::uint32_t>& sent_neurons() const {
    return pooled ? pooled->neurons : neurons;
  }
  [[nodiscard]] std::size_t sent_count() const { return count_neurons(sent_neurons()); }

 private:
  [[nodiscard]] static std::size_t count_neurons(const std::vector<std::uint32_t>& list) {
    return list.size() - static_cast<std::size_t>(std::count(list.begin(), list.end(), kNoNeuron));
  }
};

/// Whether two clusters pass through one set of membranes.
[[nodiscard]] inline bool share_membranes(const std::vector<Cluster>& clusters, std::size_t a,
                                          std::size_t b) {
  const auto owner = [&](std::size_t c) {
    return clusters[c].membranes_of ? clusters[c].membranes_of->index() : c;
  };
  return owner(a) == owner(b);
}

}  // namespace spikeloom
