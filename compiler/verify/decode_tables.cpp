#include "compiler/verify/decode_tables.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <map>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

#include "compiler/core/core.hpp"
#include "compiler/golden/accumulator.hpp"
#include "compiler/golden/check.hpp"
#include "spikeloom_hw.hpp"

namespace spikeloom {
namespace {

std::size_t elements(const Shape& shape) {
  std::size_t count = 1;
  for (const std::size_t extent : shape) count *= extent;
  return count;
}

/// Bits of a chunk of the host's stream that are some input's axons.
std::uint32_t host_bits(const Application& app, std::uint64_t chunk) {
  std::uint32_t bits = 0;
  for (const StreamInput& input : app.inputs) {
    const std::uint64_t end = input.first_axon + std::uint64_t{elements(input.shape)} * input.planes;
    for (std::uint32_t bit = 0; bit < hw::kChunkBits; ++bit) {
      const std::uint64_t axon = chunk * hw::kChunkBits + bit;
      if (axon >= input.first_axon && axon < end) bits |= 1U << bit;
    }
  }
  return bits;
}

/// Bits of a cluster's output chunk that are neurons, or those of a readout's number.
std::uint32_t neuron_bits(const Cluster& cluster, std::uint64_t chunk) {
  if (cluster.readout) return chunk / 2 < cluster.size() ? (1U << hw::kChunkBits) - 1 : 0;
  const std::uint64_t first = chunk * hw::kChunkBits;
  const std::vector<std::uint32_t>& sent = cluster.sent_neurons();
  std::uint32_t bits = 0;
  for (std::uint32_t bit = 0; bit < hw::kChunkBits && first + bit < sent.size(); ++bit)
    if (sent[first + bit] != kNoNeuron) bits |= 1U << bit;
  return bits;
}

/// What the bits of one number add to one neuron.
using NumberBits = std::array<std::int64_t, 2 * hw::kChunkBits>;

/// Least and largest sum; 0 lies between.
struct Extremes {
  std::int64_t lowest = 0, highest = 0;
};

/// The number is taken times a weight: its lower bits count weight << bit, its last one that counts so
/// negatively, and those above nothing.
struct Scaled {
  std::int64_t weight = 0;
  std::uint32_t planes = 0;
};
std::optional<Scaled> scaled(const NumberBits& bits) {
  Scaled result;
  for (std::uint32_t b = 0; b < bits.size(); ++b)
    if (bits[b] != 0) result.planes = b + 1;
  if (result.planes == 0) return result;
  result.weight = result.planes == 1 ? -bits[0] : bits[0];
  for (std::uint32_t b = 0; b < result.planes; ++b) {
    const std::int64_t value = result.weight * (std::int64_t{1} << b);
    if (bits[b] != (b + 1 == result.planes ? -value : value)) return std::nullopt;
  }
  return result;
}

/// What the number can add, where it lies within `range`. Bits that are no product are taken one by one.
Extremes added_by(const NumberBits& bits, const Extremes& range) {
  Extremes sum;
  if (const auto product = scaled(bits)) {
    if (product->planes == 0) return sum;
    Extremes number = range;
    if (bits_for(range.lowest, range.highest) > product->planes) {
      number.lowest = -(std::int64_t{1} << (product->planes - 1));
      number.highest = -number.lowest - 1;
    }
    for (const std::int64_t x : {number.lowest * product->weight, number.highest * product->weight})
      sum = {std::min(sum.lowest, x), std::max(sum.highest, x)};
    return sum;
  }
  for (const std::int64_t bit : bits) (bit < 0 ? sum.lowest : sum.highest) += bit;
  return sum;
}

class TableChecker {
 public:
  TableChecker(const Application& app, const Chip& chip)
      : app_(app),
        chip_(chip),
        potentials_(app.clusters.size()),
        passes_once_(app.clusters.size(), 0),
        state_(app.clusters.size(), State::kNew) {}

  DecodedTables run() {
    for (std::size_t c = 0; c < app_.clusters.size(); ++c) visit(c);
    return std::move(result_);
  }

 private:
  enum class State : std::uint8_t { kNew, kOpen, kDone };

  /// Readouts whose numbers it takes come first: their potentials bound its sums.
  void visit(std::size_t c) {
    if (state_[c] != State::kNew) return;
    state_[c] = State::kOpen;
    const Cluster& cluster = app_.clusters[c];
    for (const Inbound& inbound : cluster.inbound)
      if (inbound.from && app_.clusters[inbound.from->index()].readout) visit(inbound.from->index());
    check_axons(cluster);
    check_rows(c);
    result_.neurons += cluster.neuron_count();
    state_[c] = State::kDone;
  }

  /// Where the potential of a readout's neuron lies. Of one that hears itself nothing is known.
  [[nodiscard]] Extremes potential(std::size_t cluster, std::size_t position) const {
    if (state_[cluster] == State::kDone && !potentials_[cluster].empty())
      return potentials_[cluster][position];
    const auto [low, high] = state_range(chip_.tile.state_bits);
    return {low, high};
  }

  void require(bool holds, const Cluster& cluster, const std::string& what) {
    if (!holds) result_.faults.push_back("cluster " + cluster.name + ": " + what);
  }

  void check_axons(const Cluster& cluster) {
    for (const Inbound& inbound : cluster.inbound)
      for (std::uint32_t c = 0; c < inbound.source_count; ++c) {
        const std::uint64_t chunk = std::uint64_t{inbound.source_first} + c;
        const std::uint32_t there =
            inbound.from ? neuron_bits(app_.clusters[inbound.from->index()], chunk) : host_bits(app_, chunk);
        const std::uint32_t said = cluster.chunk_bits[inbound.first_chunk + c];
        require(said == there, cluster,
                "chunk " + std::to_string(inbound.first_chunk + c) +
                    " of its page is timed for other axons than its source has");
      }
  }

  void check_rows(std::size_t c) {
    const Cluster& cluster = app_.clusters[c];
    std::vector<std::int64_t> low(cluster.size(), 0), high(cluster.size(), 0);
    const TileKind& kind = chip_.kind(cluster.kind);
    const Core& core = core_of(cluster);
    const Decoded decoded = core.decode(cluster, kind, {});
    for (const std::string& fault : decoded.faults) require(false, cluster, fault);
    add_rows(cluster, core, low, high);
    add_numbers(cluster, core, low, high);
    if (cluster.readout && decoded.faults.empty()) keep_potentials(c, decoded, low, high);
    const auto limits = core.limits(kind);
    const std::uint32_t bits = limits ? limits->acc_bits : kMaxAccumulatorBits;
    const std::uint32_t needed =
        bits_for(*std::min_element(low.begin(), low.end()), *std::max_element(high.begin(), high.end()));
    require(needed <= bits, cluster,
            "the sum of a neuron's input can overflow: it needs " + std::to_string(needed) +
                " bits, the accumulator has " + std::to_string(bits));
  }

  /// Whether all that the cluster hears comes once a sample: from static inputs, and from readouts that hand
  /// such sums on without keeping them.
  [[nodiscard]] bool comes_once(const Cluster& cluster) const {
    return std::all_of(cluster.inbound.begin(), cluster.inbound.end(), [&](const Inbound& inbound) {
      if (inbound.source_count == 0) return true;
      return inbound.from ? passes_once_[inbound.from->index()] != 0 : is_static(inbound);
    });
  }

  /// Whether a run of the host's chunks holds static inputs alone.
  [[nodiscard]] bool is_static(const Inbound& inbound) const {
    const std::uint64_t first = std::uint64_t{inbound.source_first} * hw::kChunkBits,
                        last = first + std::uint64_t{inbound.source_count} * hw::kChunkBits;
    return std::all_of(app_.inputs.begin(), app_.inputs.end(), [&](const StreamInput& input) {
      std::uint64_t axons = input.planes;
      for (const std::size_t extent : input.shape) axons *= extent;
      const bool is_there = input.first_axon < last && first < input.first_axon + axons;
      return input.is_static || !is_there;
    });
  }

  void keep_potentials(std::size_t c, const Decoded& decoded, const std::vector<std::int64_t>& low,
                       const std::vector<std::int64_t>& high) {
    const bool once = comes_once(app_.clusters[c]);
    bool passes = true;
    for (std::size_t at = 0; at < decoded.neurons.size(); ++at) {
      LeakyNeuron neuron;
      neuron.scale = decoded.neurons[at].scale;
      for (std::size_t n = 0; n < kIntParameters.size(); ++n) {
        const auto values = kIntParameters[n].values;
        const std::int32_t value = decoded.neurons[at].parameters[n];
        if (values == &IntPopulation::alpha) neuron.alpha = value;
        if (values == &IntPopulation::beta) neuron.beta = value;
        if (values == &IntPopulation::bias_i) neuron.bias_i = value;
        if (values == &IntPopulation::bias_v) neuron.bias_v = value;
      }
      neuron.comes_once = once;
      passes = passes && neuron.passes_once();
      const auto [lowest, highest] = potential_range(neuron, chip_.tile.state_bits, low[at], high[at]);
      potentials_[c].push_back({lowest, highest});
    }
    passes_once_[c] = passes ? 1 : 0;
  }

  /// Adds every row of the page to the sums of its positions. Rows of one kind differ in where they stand;
  /// and of kinds that stand at the same places, as all channels of a convolution do, the sum is moved at
  /// once.
  void add_rows(const Cluster& cluster, const Core& core, std::vector<std::int64_t>& low,
                std::vector<std::int64_t>& high) {
    struct Kind {
      std::size_t at = 0;                ///< 16·chunk + bit of one of its rows
      std::vector<std::uint32_t> first;  ///< of all of them
    };
    const std::vector<RowKind> kinds = core.row_kinds(cluster);
    std::map<std::uint32_t, Kind> known;
    for (const Inbound& inbound : cluster.inbound)
      for (std::size_t chunk = inbound.first_chunk;
           chunk < inbound.first_chunk + std::size_t{inbound.source_count}; ++chunk)
        for (std::uint32_t left = is_of_numbers(inbound) ? 0 : cluster.chunk_bits[chunk]; left != 0;
             left &= left - 1) {
          const std::size_t at = chunk * hw::kChunkBits + static_cast<std::size_t>(std::countr_zero(left));
          ++result_.looks;
          Kind& kind = known[kinds[at].kind];
          kind.at = at;
          kind.first.push_back(kinds[at].first);
        }
    std::map<std::vector<std::uint32_t>, std::vector<std::size_t>> alike;  // places → rows, one a kind
    for (auto& [number, kind] : known) {
      std::sort(kind.first.begin(), kind.first.end());
      alike[kind.first].push_back(kind.at);
    }
    std::vector<std::pair<std::uint32_t, std::int64_t>> row;
    std::vector<std::int64_t> below(cluster.size(), 0), above(cluster.size(), 0);  // after `first`
    std::vector<std::size_t> touched;
    for (const auto& [places, rows] : alike) {
      for (const std::size_t at : rows) {
        core.decode_row(cluster, at / hw::kChunkBits, static_cast<std::uint32_t>(at % hw::kChunkBits), row);
        result_.looks += row.size();
        for (const auto& [position, value] : row) {
          if (value == 0) continue;
          const std::size_t after = position - kinds[at].first;
          if (below[after] == 0 && above[after] == 0) touched.push_back(after);
          result_.synapses += places.size();
          (value < 0 ? below : above)[after] += value;
        }
      }
      result_.looks += places.size() * touched.size();
      for (const std::uint32_t first : places)
        for (const std::size_t after : touched) {
          low[first + after] += below[after];
          high[first + after] += above[after];
        }
      for (const std::size_t after : touched) below[after] = above[after] = 0;
      touched.clear();
    }
  }

  [[nodiscard]] bool is_of_numbers(const Inbound& inbound) const {
    return inbound.from && app_.clusters[inbound.from->index()].readout;
  }

  /// Adds what numbers from readouts can reach, each of which is two chunks.
  void add_numbers(const Cluster& cluster, const Core& core, std::vector<std::int64_t>& low,
                   std::vector<std::int64_t>& high) {
    std::vector<std::pair<std::uint32_t, std::int64_t>> row;
    for (const Inbound& inbound : cluster.inbound) {
      if (!is_of_numbers(inbound)) continue;
      // By neuron of the readout, and position here.
      std::map<std::pair<std::uint32_t, std::uint32_t>, NumberBits> numbers;
      for (std::uint32_t c = 0; c < inbound.source_count; ++c)
        for (std::uint32_t bit = 0; bit < hw::kChunkBits; ++bit) {
          const std::uint32_t source = inbound.source_first + c;
          core.decode_row(cluster, inbound.first_chunk + c, bit, row);
          result_.looks += 1 + row.size();
          for (const auto& [position, value] : row)
            numbers[{source / 2, position}][source % 2 * hw::kChunkBits + bit] += value;
        }
      for (const auto& [of, bits] : numbers) {
        const auto product = scaled(bits);
        // A sum that goes on as it is has no synapse.
        const bool goes_on = product && product->weight == 1 && product->planes == bits.size();
        if (!goes_on)
          result_.synapses += static_cast<std::uint64_t>(
              std::count_if(bits.begin(), bits.end(), [](std::int64_t bit) { return bit != 0; }));
        const Extremes sum = added_by(bits, potential(inbound.from->index(), of.first));
        low[of.second] += sum.lowest;
        high[of.second] += sum.highest;
      }
    }
  }

  const Application& app_;
  const Chip& chip_;
  std::vector<std::vector<Extremes>> potentials_;  ///< by cluster, by position; of readouts
  std::vector<std::uint8_t> passes_once_;  ///< by cluster: a readout whose sums come once and are not kept
  std::vector<State> state_;
  DecodedTables result_;
};

}  // namespace

DecodedTables decode_tables(const Application& app, const Chip& chip) {
  return TableChecker(app, chip).run();
}

}  // namespace spikeloom
