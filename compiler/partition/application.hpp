// A network cut into clusters, with every table a tile needs, but without a place: the value between
// partition and map, and the half of an image that survives rebinding.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "compiler/base/ids.hpp"
#include "compiler/model/network.hpp"
#include "spikeloom_hw.hpp"

namespace spikeloom {

/// Where spikes come from: a cluster, or (none) the application's host stream.
using ClusterOrHost = std::optional<ClusterId>;

/// What one channel brings to a cluster's page: chunks source_first .. + source_count - 1 of the source
/// land in page chunks first_chunk .. A source_count of 0 is a control channel: end-of-steps only.
/// A cluster's output chunk c holds its positions 16c .. 16c+15; the host stream's chunk c its axons 16c .. .
struct Inbound {
  ClusterOrHost from;
  std::uint32_t delay = 0;  ///< steps, 0..15
  std::uint32_t first_chunk = 0;
  std::uint32_t source_first = 0;
  std::uint32_t source_count = 0;
  friend bool operator==(const Inbound&, const Inbound&) = default;
};

/// Neurons of one population that share a context. All addresses in the tables count from 0 at the
/// cluster's own first entry; weight addresses are in logical words of their format, from the cluster's
/// first memory word. docs/protocol.md, section 7, says how the tables are walked.
struct Cluster {
  std::string name;  ///< "hidden[0]"
  PopulationId population;
  std::vector<std::uint32_t> neurons;  ///< NIR index by position; position p is in lane group p / lanes
  bool readout = false;
  bool last_only = false;         ///< readout sent only on a sample's last step
  std::uint32_t lane_groups = 0;  ///< accumulators: ⌈neurons / lanes⌉
  std::uint32_t lif_groups = 0;   ///< state words: ⌈neurons / lif_lanes⌉
  std::uint32_t out_entries = 0;  ///< most chunks a step: ⌈neurons / 16⌉, or 2·neurons of a readout
  std::vector<Inbound> inbound;   ///< by rising delay; first_chunk rises with them
  std::vector<hw::MemChunkEntry> chunks;  ///< one per page chunk
  std::vector<std::uint16_t> chunk_bits;  ///< by page chunk: bits that can ever be set
  std::vector<hw::MemAxonEntry> axons;
  std::vector<std::uint8_t> weights;  ///< memory words of `lanes` bytes
  std::vector<hw::MemUpdateEntry> updates;
  std::vector<hw::MemSetEntry> sets;
  std::vector<std::int32_t> biases;  ///< bias_i by position
  std::array<std::uint32_t, hw::kLimitContextLimits>
      limit{};                   ///< by steps since the sample began (15: or more): leading chunks that count
  std::vector<double> activity;  ///< expected spikes a step, by position; empty: not calibrated
  friend bool operator==(const Cluster&, const Cluster&) = default;

  [[nodiscard]] std::size_t size() const { return neurons.size(); }
  [[nodiscard]] std::size_t page_chunks() const { return chunks.size(); }
};

/// One network input inside the host stream: element e's plane b is axon first_axon + e·planes + b.
struct StreamInput {
  std::string name;
  Shape shape;
  std::uint32_t planes = 1;
  bool is_signed = false;
  double unit = 1;               ///< real value of the integer 1
  std::uint32_t first_axon = 0;  ///< a multiple of 16
  std::vector<double> activity;  ///< expected spikes a step, by axon of this input; empty: not calibrated
  friend bool operator==(const StreamInput&, const StreamInput&) = default;
};

enum class OutputKind : std::uint8_t { kSpikes, kPotential };

/// What the user sees under one name: the spikes or potentials of one population, in NIR order. Its
/// clusters' chunks arrive at the host on sink channels `sinks`; Application::sinks says from which cluster.
struct OutputStream {
  std::string name;
  Shape shape;
  OutputKind kind = OutputKind::kSpikes;
  PopulationId population;
  bool recorded = false;             ///< asked for by the user, not an output of the network
  double unit = 1;                   ///< real potential of one integer unit
  std::vector<std::uint32_t> sinks;  ///< indices into Application::sinks
  friend bool operator==(const OutputStream&, const OutputStream&) = default;
};

struct Application {
  std::string name;
  std::uint32_t lanes = 16, lif_lanes = 16;  ///< of the chip that the tables were made for
  std::vector<std::string> populations;      ///< names by PopulationId
  std::vector<Cluster> clusters;             ///< by ClusterId
  std::vector<StreamInput> inputs;
  std::vector<ClusterId> sinks;  ///< clusters sent to the host; the index is the sink channel
  std::vector<OutputStream> outputs;
  std::vector<ClusterId> order;  ///< topological over delay-0 inbound
  std::string options = "{}";    ///< JSON object: semantics chosen before, for reports
  friend bool operator==(const Application&, const Application&) = default;

  /// Chunks of the host stream over all inputs.
  [[nodiscard]] std::uint32_t host_chunks() const;
};

/// Words of the row of bit `bit` in page chunk `chunk`; integration spends max(1, words) cycles on it.
[[nodiscard]] std::uint32_t row_words(const Cluster&, std::size_t chunk, std::uint32_t bit);
/// Cycles that integration spends on a page chunk with these bits set (valid, so at least one).
[[nodiscard]] std::int64_t chunk_cycles(const Cluster&, std::size_t chunk, std::uint16_t bits);
/// Cycles over all chunks with every possible bit set: timing::kIntegrate not included.
[[nodiscard]] std::int64_t worst_integration(const Cluster&);
/// Mean cycles under the calibrated activity of all sources; none when a source has no activity.
[[nodiscard]] std::optional<double> expected_integration(const Application&, ClusterId);
/// Memory words of weights, of `lanes` bytes each.
struct WeightWords {
  std::uint64_t stored = 0;
  std::uint64_t unrolled = 0;  ///< had every source element a row of its own; bit planes share theirs
};
[[nodiscard]] WeightWords weight_words(const Application&);
/// Most flits of a step with the end-of-step.
[[nodiscard]] std::int64_t worst_flits(const Cluster&);
/// The least number of pages: 2, and one more than the longest delay.
[[nodiscard]] std::uint32_t least_pages(const Cluster&);

/// What is wrong with the application by itself, without the network it came from: references, ranges,
/// addresses inside their tables, order, sizes. Empty: everything in it may be indexed blindly.
[[nodiscard]] std::vector<std::string> faults(const Application&);

/// Stable text for --dump.
[[nodiscard]] std::string print(const Application&);

}  // namespace spikeloom
