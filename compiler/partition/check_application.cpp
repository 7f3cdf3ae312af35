// Decodes an application's tables the slow way and compares with the network. Shares no code with the
// builders: what it knows of the tables is docs/protocol.md, section 7.
#include <algorithm>
#include <array>
#include <compare>

#include "compiler/partition/partition.hpp"
#include "compiler/partition/set_fields.hpp"
#include "spikeloom_hw.hpp"

namespace spikeloom {
namespace {

/// What one spike of an axon adds to one neuron's accumulator.
struct Synapse {
  std::uint32_t source = 0;  ///< inputs first, then populations
  std::uint32_t axon = 0;    ///< input: element·planes + plane; population: neuron
  std::uint32_t delay = 0;
  std::uint32_t target = 0;
  std::int64_t value = 0;
  friend auto operator<=>(const Synapse&, const Synapse&) = default;
};

/// Sorted, one per key, without zeros.
void normalise(std::vector<Synapse>& list) {
  const auto key = [](const Synapse& s) { return std::array{s.source, s.axon, s.delay, s.target}; };
  std::sort(list.begin(), list.end(), [&](const Synapse& a, const Synapse& b) { return key(a) < key(b); });
  std::size_t kept = 0;
  for (std::size_t i = 0; i < list.size();) {
    Synapse sum = list[i++];
    while (i < list.size() && key(list[i]) == key(sum)) sum.value += list[i++].value;
    if (sum.value != 0) list[kept++] = sum;
  }
  list.resize(kept);
}

class Checker {
 public:
  Checker(const Application& app, const IntNetwork& network, const Chip& chip)
      : app_(app), network_(network), chip_(chip) {}

  std::vector<std::string> run() {
    faults_ = faults(app_);
    if (!faults_.empty()) return faults_;
    require(app_.lanes == chip_.tile.lanes && app_.lif_lanes == chip_.tile.lif_lanes,
            "tables were made for other lanes");
    require(app_.populations.size() == network_.populations.size() &&
                app_.inputs.size() == network_.inputs.size(),
            "another number of populations or inputs");
    if (!faults_.empty()) return faults_;
    check_inputs();
    check_members();
    if (!faults_.empty()) return faults_;
    for (std::size_t p = 0; p < network_.populations.size(); ++p) check_synapses(p);
    for (const Cluster& cluster : app_.clusters) {
      for (const Excess& e : excesses(cluster, chip_)) require(false, cluster.name + " exceeds " + e.key);
      if (cluster.readout)
        check_readout(cluster);
      else
        check_updates(cluster);
    }
    check_outputs();
    return faults_;
  }

 private:
  void require(bool holds, const std::string& what) {
    if (!holds) faults_.push_back(what);
  }

  void check_inputs() {
    for (std::size_t i = 0; i < network_.inputs.size(); ++i) {
      const IntInput& input = network_.inputs[i];
      const StreamInput& stream = app_.inputs[i];
      require(stream.name == input.name && stream.shape == input.shape && stream.planes == input.planes &&
                  stream.is_signed == input.is_signed,
              "input " + input.name + " differs");
    }
  }

  void check_members() {
    for (std::size_t p = 0; p < network_.populations.size(); ++p) {
      std::size_t neurons = 0;
      for (const Cluster& cluster : app_.clusters) {
        if (cluster.population.index() != p) continue;
        neurons += cluster.size();
        require(cluster.readout == network_.populations[p].is_readout(), cluster.name + ": wrong kind");
      }
      require(
          app_.populations[p] == network_.populations[p].name && neurons == network_.populations[p].size(),
          "population " + network_.populations[p].name + ": wrong name or size");
    }
  }

  [[nodiscard]] std::int64_t weight(const Cluster& cluster, std::uint64_t word, std::uint32_t lane,
                                    std::uint32_t format) const {
    const std::uint32_t bits = 8U >> format;
    const std::uint64_t at =
        (word >> format) * app_.lanes * 8 + (word & ((1U << format) - 1)) * app_.lanes * bits + lane * bits;
    const std::int32_t raw = cluster.weights[at / 8] >> (at % 8) & ((1 << bits) - 1);
    if (bits == 1) return raw == 1 ? -1 : 1;
    return raw >= 1 << (bits - 1) ? raw - (1 << bits) : raw;
  }

  /// Axon of a source's chunk bit; `exists` is 0 where there is none.
  [[nodiscard]] Synapse axon_of(const Inbound& inbound, std::uint32_t at, std::uint32_t& exists) const {
    Synapse s;
    s.delay = inbound.delay;
    exists = 0;
    if (inbound.from) {
      const Cluster& source = app_.clusters[inbound.from->index()];
      if (at >= source.size()) return s;
      exists = 1;
      s.source = static_cast<std::uint32_t>(network_.inputs.size() + source.population.index());
      s.axon = source.neurons[at];
      return s;
    }
    for (std::size_t i = 0; i < app_.inputs.size(); ++i) {
      const StreamInput& input = app_.inputs[i];
      if (at < input.first_axon || at - input.first_axon >= network_.inputs[i].axons()) continue;
      exists = 1;
      s.source = static_cast<std::uint32_t>(i);
      s.axon = at - input.first_axon;
    }
    return s;
  }

  void decode(const Cluster& cluster, std::vector<Synapse>& found) {
    for (const Inbound& inbound : cluster.inbound)
      for (std::uint32_t c = 0; c < inbound.source_count; ++c) {
        const hw::MemChunkEntry& chunk = cluster.chunks[inbound.first_chunk + c];
        for (std::uint32_t bit = 0; bit < hw::kChunkBits; ++bit) {
          std::uint32_t exists = 0;
          Synapse synapse = axon_of(inbound, (inbound.source_first + c) * hw::kChunkBits + bit, exists);
          require((cluster.chunk_bits[inbound.first_chunk + c] >> bit & 1U) == exists,
                  cluster.name + ": chunk bits differ");
          if (exists == 0) continue;
          hw::MemAxonEntry row;
          if (chunk.per_axon != 0) {
            row = cluster.axons[chunk.first + bit];
          } else {
            row.first = chunk.first + bit * chunk.stride;
            row.words = chunk.words;
            row.offset = chunk.offset;
            row.shift = chunk.shift;
            row.negate = chunk.negate;
            row.format = chunk.format;
          }
          require(row.shift <= chip_.tile.max_shift, cluster.name + ": a shift beyond the chip's");
          require(
              std::count(chip_.tile.weight_bits.begin(), chip_.tile.weight_bits.end(), 8U >> row.format) == 1,
              cluster.name + ": a format that the chip has not");
          for (std::uint32_t w = 0; w < row.words; ++w)
            for (std::uint32_t lane = 0; lane < app_.lanes; ++lane) {
              const std::size_t position = std::size_t{row.offset + w} * app_.lanes + lane;
              if (position >= cluster.size()) continue;
              synapse.target = cluster.neurons[position];
              synapse.value = weight(cluster, row.first + w, lane, row.format) *
                              (std::int64_t{1} << row.shift) * (row.negate != 0 ? -1 : 1);
              if (synapse.value != 0) found.push_back(synapse);
            }
        }
      }
  }

  void check_synapses(std::size_t p) {
    std::vector<Synapse> found, expected;
    for (const Cluster& cluster : app_.clusters)
      if (cluster.population.index() == p) decode(cluster, found);
    for (const IntProjection& projection : network_.projections) {
      if (projection.to.index() != p) continue;
      std::uint32_t planes = 1, negative = ~0U, source = 0;
      if (const auto* input = std::get_if<InputId>(&projection.from)) {
        source = input->value;
        planes = network_.inputs[source].planes;
        if (network_.inputs[source].is_signed) negative = planes - 1;
      } else {
        source = static_cast<std::uint32_t>(network_.inputs.size()) +
                 std::get<PopulationId>(projection.from).value;
      }
      for (std::uint32_t e = 0; e + 1 < projection.row_begin.size(); ++e)
        for (std::size_t i = projection.row_begin[e]; i < projection.row_begin[e + 1]; ++i)
          for (std::uint32_t b = 0; b < planes; ++b)
            expected.push_back({source, e * planes + b, projection.delay, projection.target[i],
                                std::int64_t{projection.weight[i]} *
                                    (std::int64_t{1} << (projection.shift + b)) * (b == negative ? -1 : 1)});
    }
    normalise(found);
    normalise(expected);
    require(found == expected,
            "population " + network_.populations[p].name + ": the decoded weights differ from the network's");
  }

  void check_set(const Cluster& cluster, std::size_t position, const hw::MemSetEntry& set) {
    const IntPopulation& p = network_.populations[cluster.population.index()];
    const std::uint32_t j = cluster.neurons[position];
    bool same = set.scale == p.scale && cluster.biases[position] == p.bias_i[j] &&
                (p.is_readout() || (set.subtract != 0) == (p.reset == Reset::kSubtract));
    for (const auto& [parameter, field] : kSetFields)
      same =
          same && (!uses(p, parameter) || static_cast<std::int32_t>(set.*field) == (p.*parameter.values)[j]);
    require(same, cluster.name + ": parameters of neuron " + std::to_string(j) + " differ");
  }

  void check_updates(const Cluster& cluster) {
    std::vector<std::uint32_t> times(cluster.size(), 0);
    std::vector<std::uint32_t> sent;  // chunks in order
    std::size_t pending = 0;          // neurons updated since the last emit
    for (const hw::MemUpdateEntry& entry : cluster.updates) {
      const std::size_t chunk = std::size_t{entry.group} * app_.lif_lanes / hw::kChunkBits;
      for (std::uint32_t lane = 0; lane < app_.lif_lanes; ++lane) {
        if ((entry.mask >> lane & 1U) == 0) continue;
        const std::size_t position = std::size_t{entry.group} * app_.lif_lanes + lane;
        if (position >= cluster.size()) {
          require(false, cluster.name + ": an update of a lane without a neuron");
          return;
        }
        ++times[position];
        ++pending;
        require(chunk == sent.size(), cluster.name + ": a neuron's spike in another chunk than its own");
        check_set(cluster, position, cluster.sets[entry.set]);
      }
      if (entry.emit == 0) continue;
      require(
          pending == std::min<std::size_t>(hw::kChunkBits,
                                           cluster.size() - std::min(cluster.size(), chunk * hw::kChunkBits)),
          cluster.name + ": a chunk sent before all of its neurons were updated");
      sent.push_back(static_cast<std::uint32_t>(chunk));
      pending = 0;
    }
    require(std::all_of(times.begin(), times.end(), [](std::uint32_t t) { return t == 1; }),
            cluster.name + ": a neuron not updated exactly once");
    require(sent.size() == (cluster.size() + hw::kChunkBits - 1) / hw::kChunkBits,
            cluster.name + ": not every chunk is sent");
  }

  void check_readout(const Cluster& cluster) {
    require(cluster.updates.size() == 2 * cluster.size(),
            cluster.name + ": expected two update entries a neuron");
    if (cluster.updates.size() != 2 * cluster.size()) return;
    for (std::size_t i = 0; i < cluster.updates.size(); ++i) {
      const hw::MemUpdateEntry& entry = cluster.updates[i];
      const std::size_t position = i / 2;
      require(entry.group * app_.lif_lanes + entry.lane == position && entry.half == i % 2 &&
                  entry.mask == (i % 2 == 0 ? 0 : 1U << entry.lane),
              cluster.name + ": update entry " + std::to_string(i) + " out of order");
      check_set(cluster, position, cluster.sets[entry.set]);
    }
  }

  void check_outputs() {
    for (const Output& output : network_.outputs)
      require(std::any_of(app_.outputs.begin(), app_.outputs.end(),
                          [&](const OutputStream& s) {
                            return s.name == output.name && s.population == output.from &&
                                   s.shape == output.shape && !s.recorded;
                          }),
              "output " + output.name + " is missing");
  }

  const Application& app_;
  const IntNetwork& network_;
  const Chip& chip_;
  std::vector<std::string> faults_;
};

}  // namespace

std::vector<std::string> check(const Application& app, const IntNetwork& network, const Chip& chip) {
  return Checker(app, network, chip).run();
}

}  // namespace spikeloom
