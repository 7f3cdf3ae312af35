// The contract of a core: everything that the compiler, the exact replay and the reports ask about the
// circuit that turns a page of input spikes into a bitmap of output spikes. A core is a folder beside this
// file and one line in cores.cpp; no other file knows one by name. docs/adding-a-core.md walks through it,
// tests/core/core_contract.hpp is the suite that every core passes.
//
// Five questions:
//   what may a cluster hold?       memories, rams, amounts, needs, least_amounts, most_neurons, grain,
//                                  number, channels_together, limits, problems, splits_sums, pools
//   how is it written down?        build, windows, placed, registers; faults, mismatches, decode, row_kinds,
//                                  decode_row
//   how long does a firing take?   fixed, least, worst, time, expected, row_work, least_chunk, works_alike
//   what does it compute?          model, state_at
//   what did it do?                counter, describe, weight_words, wider
//
// What every core has in common is not asked: pages of 16-bit chunks come in and a list of (chunk, mask) goes
// out, a context counts leading chunks by its limit, and the arithmetic is the network's (state_bits too),
// else a neuron's place would change its spikes.
//
// Errors. Questions about tables that `faults` accepts never fail. `build` throws Error{kInput} for nothing
// that `problems` accepts; what does not fit is in `needs`, not an error.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/base/error.hpp"
#include "compiler/chip/chip.hpp"
#include "compiler/chip/ram.hpp"
#include "compiler/core/cluster.hpp"
#include "compiler/core/firing_time.hpp"
#include "compiler/core/layers.hpp"
#include "compiler/core/tile_memory.hpp"
#include "compiler/golden/int_network.hpp"
#include "compiler/golden/quantize_limits.hpp"

namespace spikeloom {

/// One of a core's memories that the clusters of a tile share: each gets a run of entries.
struct MemoryInfo {
  std::string_view name;   ///< "weights": for reports and messages
  std::string_view entry;  ///< "weight": one of it
  std::string_view key;    ///< of the chip file: "tile.weight_words"
  std::uint64_t capacity = 0;
  /// Clusters of a tile that write the same into it may stand on the same entries: the core only reads them,
  /// and `placed` leaves them as they are.
  bool shared = false;
  /// Its entries are membranes: a cluster that goes on with another one's (Cluster::membranes_of) stands on
  /// that one's entries.
  bool membranes = false;
};

/// A window of the ring into the core's memories. Several windows may share one memory's addresses (a
/// neuron's bias, its membrane and its current).
struct MemoryWindow {
  enum class Content : std::uint8_t {
    kTable,  ///< written by the host before a run: CoreTables holds it
    kState,  ///< written by the core
  };
  std::uint32_t number = 0;  ///< hw::kMem…, as the ring names it
  std::uint32_t parts = 1;   ///< 32-bit words an entry
  std::uint32_t memory = 0;  ///< index into Core::memories(): whose entries it shows
  Content content = Content::kTable;
};

/// A limit of a tile and what a cluster needs of it.
struct Need {
  enum class Growth : std::uint8_t {
    kOther,
    kWithNeurons,  ///< in proportion: a cluster of a half needs about a half
  };
  std::string key;  ///< of the chip file
  std::uint64_t needed = 0, available = 0;
  Growth growth = Growth::kOther;
};

/// What one axon's spike adds to the neurons of a cluster.
struct AxonRow {
  struct Synapse {
    std::uint32_t position = 0;
    std::int32_t mantissa = 0;  ///< within `bits`, counts mantissa << (shift + plane)
  };
  std::vector<Synapse> synapses;  ///< no position twice
  std::uint32_t shift = 0;
  std::uint32_t plane = 0;     ///< bit plane of the axon's input
  std::uint32_t bits = 8;      ///< 8, 4, 2 or 1; 1: every mantissa is -1 or +1
  std::uint32_t negative = 0;  ///< 1: the plane counts negatively
};

/// What a page chunk is that holds no spikes but half a number, as readouts send them: 16 bits that one
/// neuron's sum is raised by, bits 15:0 of the number or (`half` 1) the rest with its sign.
struct ValueChunk {
  std::uint32_t position = 0, half = 0;  ///< a position that no neuron has: nobody here takes it
  friend bool operator==(const ValueChunk&, const ValueChunk&) = default;
};

/// Which row an axon has. Rows of one kind are equal in all but their positions, and those differ as `first`
/// does.
struct RowKind {
  std::uint32_t kind = 0;   ///< numbered from 0 as they come up
  std::uint32_t first = 0;  ///< in whole grains of the core
};

/// The rows of a cluster that is to be written down, chunk by chunk. A core that asks for `kinds` and reads
/// one row of each does work in weights and axons, not in synapses.
class ClusterRows {
 public:
  /// Whether rows repeat.
  enum class Pattern : std::uint8_t {
    kAny,
    kByPosition,  ///< of a feature map numbered by position: a kernel's rows recur at other offsets
  };
  virtual ~ClusterRows() = default;
  [[nodiscard]] virtual Pattern pattern() const = 0;
  /// The page chunk holds half a number, and has no rows; none: it holds spikes.
  [[nodiscard]] virtual std::optional<ValueChunk> value(std::size_t chunk) const {
    (void)chunk;
    return std::nullopt;
  }
  /// Where the cluster sends pooled spikes: by chunk that it sends, the chunks of its own neurons (16
  /// positions each) whose OR it is. Empty: each is sent as it is.
  [[nodiscard]] virtual std::vector<std::vector<std::uint32_t>> windows() const { return {}; }
  /// Of the bits of page chunk `chunk` that can ever be set: bits 0 .. rows.size() - 1.
  virtual void kinds(std::size_t chunk, std::vector<RowKind>& rows) const = 0;
  /// The row of one of these bits.
  virtual void read(std::size_t chunk, std::uint32_t bit, AxonRow& row) const = 0;
};

/// A neuron as a core's tables have it.
struct DecodedNeuron {
  std::array<std::int32_t, kIntParameters.size()>
      parameters{};  ///< those that its step does not read say nothing
  std::uint32_t scale = 0, subtract = 0;
};

/// A cluster's tables read back the slow way.
struct Decoded {
  std::vector<DecodedNeuron> neurons;  ///< by position
  std::vector<std::string> faults;  ///< not each neuron updated once, not each chunk sent, ...; empty: sound
  /// Of a cluster that sends pooled spikes: by bit that is sent, the positions whose OR it is, rising.
  std::vector<std::vector<std::uint32_t>> windows;
};
/// Receives what one axon's spike adds: page chunk, bit, and (position, value) of every neuron; a value may
/// be 0 and a position may come twice. A chunk of half a number has 16 such bits, that of the sign negative.
using RowSink = std::function<void(std::size_t chunk, std::uint32_t bit,
                                   std::span<const std::pair<std::uint32_t, std::int64_t>>)>;

/// One tile's core in action, on the memories that ring writes left.
class CoreModel {
 public:
  virtual ~CoreModel() = default;
  /// Memories or registers were written: decode anew before the next firing.
  virtual void invalidate() = 0;
  /// Fires context `context` on its oldest pages: 1 to Core::pages_per_firing, all of one sample.
  /// `count`: steps since the sample began, of the first page (0: old state reads as 0). `last`: the last
  /// page ends its sample. Throws Error{kDevice} where the tables do not fit this tile.
  [[nodiscard]] virtual device_model::Firing fire(std::uint32_t context,
                                                  std::span<const device_model::Page* const> pages,
                                                  std::uint32_t count, bool last) = 0;
  /// Membrane of neuron `position` of a context, as the last firing left it; of neurons that share one, as
  /// the last of them did.
  [[nodiscard]] virtual std::int32_t potential(std::uint32_t context, std::uint32_t position) const = 0;
};

/// Whether the host may send a cluster's weights over the spike network, before every firing that reads them
/// (docs/streamed-weights.md).
struct WeightStream {
  /// Index into Core::windows. It shows the whole of a memory that may be shared, `placed` leaves its entries
  /// as they are, and an entry is whole pairs of 16 bits.
  std::optional<std::size_t> window{};
  std::string why_not{};  ///< where there is none
};

/// What a neuron keeps from step to step.
enum class NeuronState : std::uint8_t { kPotential, kCurrent };

/// What bounds a population's neurons on one tile.
struct MostNeurons {
  std::uint64_t count = 0;
  std::string_view key;  ///< of the chip file: a larger value would allow more
};

/// A tile of the same core with one parameter changed, which may shorten firings.
struct WiderTile {
  std::string_view what;  ///< "twice the lanes"
  std::string_view key;   ///< of the chip file: "tile.lanes"
  std::uint32_t value = 0;
  TileConfig tile;
};

/// Rows of a population's weights that differ from one another, told from shapes.
struct RowFloor {
  std::uint64_t count = 0;     ///< different rows
  std::uint64_t synapses = 0;  ///< of each, at least
  std::uint32_t bits = 8;      ///< of a weight
};

/// What is known of a population before there are integers: every number is a floor, whatever the partition.
struct PopulationFloor {
  std::uint64_t neurons = 0;
  std::uint64_t clusters = 1;
  std::uint64_t page_chunks = 0;  ///< of all its clusters together
  bool readout = false;
  std::vector<RowFloor> rows{};
  std::uint64_t share = 1;  ///< neurons a membrane
};

/// Where a neuron's state can be read over the ring.
struct StateAddress {
  std::uint32_t window = 0, word = 0, part = 0;
};

/// Weights that a cluster stores, in words of the core's weight memory.
struct WeightWords {
  std::uint64_t stored = 0;
  std::uint64_t unrolled = 0;  ///< had every source element a row of its own; bit planes share theirs
  std::uint64_t per_word = 1;  ///< 8-bit weights that a word holds
};

class Core {
 public:
  virtual ~Core() = default;
  /// Of the kind, as chip files and images have it.
  [[nodiscard]] virtual std::string_view name() const = 0;

  // ---- What may a cluster hold? Asked by partition and map. ----

  /// The memories of such a tile, in the order of Placement::first.
  [[nodiscard]] virtual std::vector<MemoryInfo> memories(const TileConfig&) const = 0;
  /// The memories that the RTL of such a core instantiates; tests/chips compares them with Yosys's.
  [[nodiscard]] virtual std::vector<Ram> rams(const TileConfig&) const = 0;
  /// Entries that a cluster takes of each.
  [[nodiscard]] virtual std::vector<std::uint64_t> amounts(const Cluster&, const TileConfig&) const = 0;
  /// Every limit of the core, the memories' capacities among them, whether or not it is exceeded.
  [[nodiscard]] virtual std::vector<Need> needs(const Cluster&, const TileConfig&) const = 0;
  /// Most neurons of the population that a tile can hold, whatever their weights.
  [[nodiscard]] virtual MostNeurons most_neurons(const IntPopulation&, const TileConfig&) const = 0;
  /// Entries of each of `memories` that all clusters of such a population take together, at least.
  [[nodiscard]] virtual std::vector<std::uint64_t> least_amounts(const PopulationFloor&,
                                                                 const TileConfig&) const = 0;
  /// Neurons that are worked on at once: a cluster of fewer is no faster.
  [[nodiscard]] virtual std::uint32_t grain(const TileConfig&) const = 0;
  /// Puts neurons in another order where that makes the tables better.
  virtual void number(const IntPopulation&, const TileConfig&, std::vector<std::uint32_t>& neurons) const = 0;
  /// Of a cluster that is a block of a feature map: so many channels of a position are numbered side by side,
  /// then those of the next position; then come the next channels. 0: all.
  [[nodiscard]] virtual std::uint32_t channels_together(const TileConfig&) const { return 0; }
  /// Numbers that such a tile holds, for the quantiser to keep to. Nothing: the core takes what some networks
  /// have by nature and `problems` refuses all others, so that the quantiser need not aim at it.
  [[nodiscard]] virtual std::optional<QuantizeLimits> limits(const TileConfig&) const = 0;
  /// What the population needs and no such tile offers, whatever the partition. The population is not named.
  [[nodiscard]] virtual std::vector<std::string> problems(const IntNetwork&, PopulationId,
                                                          const std::vector<Layer>& layers_into_it,
                                                          const TileConfig&) const = 0;

  /// Whether a population on such tiles may be summed in parts: they send sums and take them
  /// (compiler/flow/parts.hpp).
  [[nodiscard]] virtual bool splits_sums(const TileConfig&) const { return false; }
  /// Whether its clusters may send pooled spikes (Cluster::pooled).
  [[nodiscard]] virtual bool pools() const { return false; }

  // ---- How is it written down? Asked by partition and image. ----

  /// Windows of such a tile, in the order in which they are loaded.
  [[nodiscard]] virtual std::vector<MemoryWindow> windows(const TileConfig&) const = 0;
  /// Which of them the host may stream.
  [[nodiscard]] virtual WeightStream streams(const TileConfig&) const {
    return {std::nullopt, "the core " + std::string(name()) + " keeps all weights in the tile"};
  }
  /// The tables of a cluster that has its neurons, inbound, chunk_bits and limits. They may exceed the tile.
  [[nodiscard]] virtual CoreTables build(const Cluster&, const IntPopulation&, const ClusterRows&,
                                         const TileConfig&) const = 0;
  /// The tables as a tile's memories hold them, where the cluster's entries begin at first[m] of memory m.
  [[nodiscard]] virtual CoreTables placed(const Cluster&, std::span<const std::uint32_t> first) const = 0;
  /// The context's registers that the core reads; `first_out`: where the context's output list begins.
  [[nodiscard]] virtual device_model::CoreContext registers(const Cluster&,
                                                            std::span<const std::uint32_t> first,
                                                            std::uint32_t first_out) const = 0;
  /// What is wrong with the tables by themselves: sizes, addresses outside them, bits that nothing reads.
  /// Empty: every other question may be asked. Assumed: the rest of the cluster is sound.
  [[nodiscard]] virtual std::vector<std::string> faults(const Cluster&) const = 0;
  /// Why such a tile does not read these tables as they are meant; empty: it does.
  [[nodiscard]] virtual std::vector<std::string> mismatches(const Cluster&, const TileConfig&) const = 0;
  /// Reads all tables back, sharing no code with `build`. With an empty sink rows are looked at, not written
  /// out: work in axons.
  [[nodiscard]] virtual Decoded decode(const Cluster&, const TileConfig&, const RowSink&) const = 0;
  /// By 16 times the page chunk plus the bit, of bits that can ever be set: rows of one kind add the same, at
  /// positions that differ as `first` does; none of them is below `first`.
  [[nodiscard]] virtual std::vector<RowKind> row_kinds(const Cluster&) const = 0;
  /// Reads back the row of one such bit, as a sink gets it from `decode`.
  virtual void decode_row(const Cluster&, std::size_t chunk, std::uint32_t bit,
                          std::vector<std::pair<std::uint32_t, std::int64_t>>& row) const = 0;

  // ---- How long does a firing take? Asked by schedule, map, admit, flow and the exact replay. ----

  /// Most pages that a firing consumes, one output bitmap for each. It consumes fewer only where a sample
  /// ends.
  [[nodiscard]] virtual std::uint32_t pages_per_firing(const TileConfig&) const = 0;
  // Of the tile only page_delay (compiler/chip/pages.hpp), which adds the same to all of these, and what
  // pages_per_firing reads may count.

  /// The part of every firing that neither the cluster nor the page changes.
  [[nodiscard]] virtual FiringTime fixed(const TileConfig&) const = 0;
  /// Without a spike. No page takes less, in either part.
  [[nodiscard]] virtual FiringTime least(const Cluster&, const TileConfig&) const = 0;
  /// With every bit set that can be. No page takes more, in either part.
  [[nodiscard]] virtual FiringTime worst(const Cluster&, const TileConfig&) const = 0;
  /// On so many pages, exactly; rises with the bits. `masks` by chunk, page after page; each page has as many
  /// as the context's limit counts, which may be none.
  [[nodiscard]] virtual FiringTime time(const Cluster&, const TileConfig&,
                                        std::span<const std::uint16_t> masks, std::size_t pages) const = 0;
  /// Mean cycles more than the least, where bit b of chunk c of each page is set with expectation
  /// spikes[16·c + b]; exact where all of these are 0 or 1.
  [[nodiscard]] virtual double expected(const Cluster&, std::span<const double> spikes) const = 0;
  /// For choices among cuts: cycles that so many axons cost in a step, each with weights to `grains` grains
  /// of a cluster, which spike `spikes` times together.
  [[nodiscard]] virtual double row_work(double axons, double grains, double spikes) const {
    (void)axons;
    return spikes * std::max(1.0, grains);
  }
  /// Cycles that every chunk with a spike adds at least; 0 without axons.
  [[nodiscard]] virtual std::int64_t least_chunk(const Cluster&) const = 0;
  /// Equal time on every page, of two clusters with the same chunk_bits.
  [[nodiscard]] virtual bool works_alike(const Cluster&, const Cluster&) const = 0;

  // ---- What does it compute? Asked by the exact replay and the golden tests. ----

  /// The core of such a tile on these memories, which outlive it.
  [[nodiscard]] virtual std::unique_ptr<CoreModel> model(const TileConfig&,
                                                         device_model::TileMemory&) const = 0;
  /// Where the ring finds it; neurons that share a membrane have one address.
  [[nodiscard]] virtual StateAddress state_at(const Cluster&, const TileConfig&, NeuronState,
                                              std::span<const std::uint32_t> first,
                                              std::uint32_t position) const = 0;

  // ---- What did it do? Asked by reports. ----

  struct Counter {
    std::string_view name;    ///< key in reports: "words"
    std::string_view counts;  ///< "weight words"
  };
  /// The counter that a node keeps for its core (NODE_WORDS).
  [[nodiscard]] virtual Counter counter() const = 0;
  /// Two lines for people, "tables: …" and "work: …".
  [[nodiscard]] virtual std::vector<std::string> describe(const Cluster&) const = 0;
  /// What `explain` tries in place of such a tile. A chip file may refuse it.
  [[nodiscard]] virtual std::vector<WiderTile> wider(const TileConfig&) const = 0;
  /// `elements`: by page chunk, bits that are the first plane of a source element.
  [[nodiscard]] virtual WeightWords weight_words(const Cluster&,
                                                 std::span<const std::uint16_t> elements) const = 0;
};

/// The table: one line a core.
[[nodiscard]] std::span<const Core* const> cores();
/// By name; null: there is none.
[[nodiscard]] const Core* find_core(std::string_view name);
/// The core of a kind of tile. Throws Error{kInput} where this program has none of that name.
[[nodiscard]] const Core& core_of(const TileKind&);
/// The core that wrote the cluster's tables. Its name is in the table: `faults` of an application says if
/// not.
[[nodiscard]] const Core& core_of(const Cluster&);

/// Cycles beyond `fixed` that the worst firing of a cluster takes: what its work can grow to.
[[nodiscard]] std::int64_t worst_work(const Cluster&, const TileConfig&);
/// What of a memory a cluster takes, by the chip file's key: "tile.weight_words".
[[nodiscard]] std::uint64_t amount_of(const Cluster&, const TileConfig&, std::string_view key);

}  // namespace spikeloom
