// A network cut into clusters, with every table a tile needs, but without a place: the value between
// partition and map, and the half of an image that survives rebinding.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "compiler/base/ids.hpp"
#include "compiler/core/cluster.hpp"
#include "compiler/core/core.hpp"
#include "compiler/model/network.hpp"
#include "spikeloom_hw.hpp"

namespace spikeloom {

/// How an input's elements are numbered.
enum class InputOrder : std::uint8_t {
  kFile,      ///< as its data has them: by rising index, the last one fastest
  kPosition,  ///< of a shape with its channels first: by position, all channels of a position side by side
};

/// One network input inside the host stream: plane b of the element with number n is axon first_axon +
/// n·planes + b.
struct StreamInput {
  std::string name;
  Shape shape;
  std::uint32_t planes = 1;
  bool is_signed = false;
  double unit = 1;               ///< real value of the integer 1
  std::uint32_t first_axon = 0;  ///< a multiple of 16
  InputOrder order = InputOrder::kFile;
  bool is_static = false;        ///< equal in every step of a sample, of which the first alone is sent
  std::vector<double> activity;  ///< expected spikes a step, by axon of this input; empty: not calibrated
  friend bool operator==(const StreamInput&, const StreamInput&) = default;
};

enum class OutputKind : std::uint8_t { kSpikes, kPotential };

/// The number of an element, which data name by its index; and the other way round.
[[nodiscard]] std::uint32_t input_number(const Shape&, InputOrder, std::uint32_t element);
[[nodiscard]] std::uint32_t input_element(const Shape&, InputOrder, std::uint32_t number);

/// What the user sees under one name: the spikes or potentials of one population, in NIR order. Its
/// clusters' chunks arrive at the host on sink channels `sinks`; Application::sinks says from which cluster.
struct OutputStream {
  std::string name;
  Shape shape;
  OutputKind kind = OutputKind::kSpikes;
  PopulationId population;
  bool recorded = false;             ///< asked for by the user, not an output of the network
  double unit = 1;                   ///< real potential of one integer unit
  std::vector<std::int32_t> origin;  ///< by neuron, added to its potential; empty: all 0
  std::vector<std::uint32_t> sinks;  ///< indices into Application::sinks
  friend bool operator==(const OutputStream&, const OutputStream&) = default;
};

struct Application {
  std::string name;
  std::vector<std::string> populations;  ///< names by PopulationId
  std::vector<Cluster> clusters;         ///< by ClusterId
  std::vector<StreamInput> inputs;
  std::vector<ClusterId> sinks;  ///< clusters sent to the host; the index is the sink channel
  std::vector<OutputStream> outputs;
  std::vector<ClusterId> order;  ///< topological over delay-0 inbound
  std::string options = "{}";    ///< JSON object: semantics chosen before, for reports
  friend bool operator==(const Application&, const Application&) = default;

  /// Chunks of the host stream over all inputs.
  [[nodiscard]] std::uint32_t host_chunks() const;
};

/// Mean cycles that a cluster's firings take longer than the least, under the calibrated activity of all
/// sources; none when a source has no activity.
[[nodiscard]] std::optional<double> expected_work(const Application&, ClusterId);
[[nodiscard]] WeightWords weight_words(const Application&);
/// Most flits of a step with the end-of-step.
[[nodiscard]] std::int64_t worst_flits(const Cluster&);
/// The least number of pages on such a tile, whose core fires P at once: 2·P, and P more than the longest
/// delay.
[[nodiscard]] std::uint32_t least_pages(const Cluster&, const TileConfig&);
/// Blocks that these take there; 0 where pages are flat.
[[nodiscard]] std::uint64_t least_page_blocks(const Cluster&, const TileConfig&);
/// Entries of the output buffer on such a tile: of a step for each page of a firing.
[[nodiscard]] std::uint32_t output_entries(const Cluster&, const TileConfig&);

/// What is wrong with the application by itself, without the network it came from: references, ranges,
/// addresses inside their tables, order, sizes. Empty: everything in it may be indexed blindly.
[[nodiscard]] std::vector<std::string> faults(const Application&);

/// Stable text for --dump.
[[nodiscard]] std::string print(const Application&);

}  // namespace spikeloom
