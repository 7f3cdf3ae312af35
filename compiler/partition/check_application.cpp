// Lets the cores decode an application's tables the slow way, and compares with the network. Shares no code
// with the builders.
#include <algorithm>
#include <array>
#include <compare>

#include "compiler/golden/accumulator.hpp"
#include "compiler/linear/blocks.hpp"
#include "compiler/partition/partition.hpp"
#include "spikeloom_hw.hpp"

namespace spikeloom {
namespace {

/// Bits of a number that a readout sends, two's complement: 16 in each of two chunks.
constexpr std::uint32_t kNumberPlanes = 2 * hw::kChunkBits;

/// What one spike of an axon adds to one neuron's accumulator.
struct Synapse {
  std::uint32_t source = 0;  ///< inputs first, then populations
  std::uint32_t axon = 0;  ///< input: element·planes + plane; population: neuron; readout: neuron·32 + plane
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
    for (const Cluster& cluster : app_.clusters)
      for (const std::string& mismatch : kind_mismatches(cluster, chip_))
        require(false, cluster.name + ": " + mismatch);
    require(app_.populations.size() == network_.populations.size() &&
                app_.inputs.size() == network_.inputs.size(),
            "another number of populations or inputs");
    if (!faults_.empty()) return faults_;
    check_inputs();
    check_members();
    if (!faults_.empty()) return faults_;
    for (std::size_t p = 0; p < network_.populations.size(); ++p) check_population(p);
    for (const Cluster& cluster : app_.clusters)
      for (const Need& e : excesses(cluster, chip_)) require(false, cluster.name + " exceeds " + e.key);
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
                  stream.is_signed == input.is_signed && stream.unit == input.unit,
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

  /// By position: number = position · channels + channel, element = channel · positions + position.
  [[nodiscard]] static std::uint32_t element_of(const StreamInput& input, std::uint32_t number) {
    if (input.order == InputOrder::kFile) return number;
    std::uint32_t positions = 1;
    for (std::size_t d = 1; d < input.shape.size(); ++d)
      positions *= static_cast<std::uint32_t>(input.shape[d]);
    const auto channels = static_cast<std::uint32_t>(input.shape[0]);
    const std::uint32_t position = number / channels, channel = number - position * channels;
    return channel * positions + position;
  }

  /// Axon of a source's chunk bit; `exists` is 0 where there is none.
  [[nodiscard]] Synapse axon_of(const Inbound& inbound, std::uint32_t at, std::uint32_t& exists) const {
    Synapse s;
    s.delay = inbound.delay;
    exists = 0;
    if (inbound.from) {
      const Cluster& source = app_.clusters[inbound.from->index()];
      const std::uint32_t planes = source.readout ? kNumberPlanes : 1;
      if (at / planes >= source.size()) return s;
      exists = 1;
      s.source = static_cast<std::uint32_t>(network_.inputs.size() + source.population.index());
      s.axon = source.neurons[at / planes] * planes + at % planes;
      return s;
    }
    for (std::size_t i = 0; i < app_.inputs.size(); ++i) {
      const StreamInput& input = app_.inputs[i];
      if (at < input.first_axon || at - input.first_axon >= network_.inputs[i].axons()) continue;
      exists = 1;
      s.source = static_cast<std::uint32_t>(i);
      const std::uint32_t number = (at - input.first_axon) / input.planes;
      s.axon = element_of(input, number) * input.planes + (at - input.first_axon) % input.planes;
    }
    return s;
  }

  /// Axons by page chunk and bit.
  [[nodiscard]] std::vector<std::array<Synapse, hw::kChunkBits>> axons_of(const Cluster& cluster) {
    std::vector<std::array<Synapse, hw::kChunkBits>> axons(cluster.page_chunks());
    for (const Inbound& inbound : cluster.inbound)
      for (std::uint32_t c = 0; c < inbound.source_count; ++c)
        for (std::uint32_t bit = 0; bit < hw::kChunkBits; ++bit) {
          std::uint32_t exists = 0;
          axons[inbound.first_chunk + c][bit] =
              axon_of(inbound, (inbound.source_first + c) * hw::kChunkBits + bit, exists);
          require((cluster.chunk_bits[inbound.first_chunk + c] >> bit & 1U) == exists,
                  cluster.name + ": chunk bits differ");
        }
    return axons;
  }

  void decode(const Cluster& cluster, std::vector<Synapse>& found) {
    const std::vector<std::array<Synapse, hw::kChunkBits>> axons = axons_of(cluster);
    const Decoded decoded =
        core_of(cluster).decode(cluster, chip_.kind(cluster.kind),
                                [&](std::size_t chunk, std::uint32_t bit,
                                    std::span<const std::pair<std::uint32_t, std::int64_t>> row) {
                                  Synapse synapse = axons[chunk][bit];
                                  for (const auto& [position, value] : row) {
                                    if (value == 0) continue;
                                    synapse.target = cluster.neurons[position];
                                    synapse.value = value;
                                    found.push_back(synapse);
                                  }
                                });
    for (const std::string& fault : decoded.faults) require(false, cluster.name + ": " + fault);
    for (std::size_t at = 0; at < cluster.size() && decoded.faults.empty(); ++at)
      check_neuron(cluster, at, decoded.neurons[at]);
  }

  /// A projection from the side of its neurons: the tables were built from the side of its sources.
  struct Incoming {
    const IntProjection* projection;
    MapColumns columns;
    std::uint32_t source = 0, planes = 1, negative = ~0U;
    std::uint32_t axons = 1;  ///< of an element
  };

  [[nodiscard]] std::vector<Incoming> incoming(std::size_t p) const {
    std::vector<Incoming> result;
    for (const IntProjection& projection : network_.projections) {
      if (projection.to.index() != p) continue;
      Incoming in{&projection, MapColumns(projection.form)};
      if (const auto* input = std::get_if<InputId>(&projection.from)) {
        in.source = input->value;
        in.planes = network_.inputs[in.source].planes;
        if (network_.inputs[in.source].is_signed) in.negative = in.planes - 1;
        in.axons = in.planes;
      } else {
        const PopulationId from = std::get<PopulationId>(projection.from);
        in.source = static_cast<std::uint32_t>(network_.inputs.size()) + from.value;
        if (network_.populations[from.index()].is_readout()) {
          // All bits of a sum that goes on as it is, else as few as hold every potential.
          in.planes = hands_on(projection.form, projection.weight, projection.shift)
                          ? kNumberPlanes
                          : potential_planes(network_, from);
          in.negative = in.planes - 1;
          in.axons = kNumberPlanes;
        }
      }
      result.push_back(std::move(in));
    }
    return result;
  }

  static void expect(const Incoming& in, std::uint32_t target, std::vector<Synapse>& expected) {
    const IntProjection& projection = *in.projection;
    in.columns.each(target, [&](std::uint32_t element, std::size_t weight) {
      if (projection.weight[weight] == 0) return;
      for (std::uint32_t b = 0; b < in.planes; ++b)
        expected.push_back({in.source, element * in.axons + b, projection.delay, target,
                            std::int64_t{projection.weight[weight]} *
                                (std::int64_t{1} << (projection.shift + b)) * (b == in.negative ? -1 : 1)});
    });
  }

  /// Cluster by cluster, so that no more than one cluster's synapses are held at once.
  void check_population(std::size_t p) {
    const std::vector<Incoming> all = incoming(p);
    bool same = true;
    std::vector<Synapse> found, expected;
    for (const Cluster& cluster : app_.clusters) {
      if (cluster.population.index() != p) continue;
      found.clear();
      expected.clear();
      decode(cluster, found);
      for (const Incoming& in : all)
        for (const std::uint32_t neuron : cluster.neurons) expect(in, neuron, expected);
      normalise(found);
      normalise(expected);
      same = same && found == expected;
    }
    require(same,
            "population " + network_.populations[p].name + ": the decoded weights differ from the network's");
  }

  void check_neuron(const Cluster& cluster, std::size_t position, const DecodedNeuron& neuron) {
    const IntPopulation& p = network_.populations[cluster.population.index()];
    const std::uint32_t j = cluster.neurons[position];
    bool same = neuron.scale == p.scale &&
                (p.is_readout() || (neuron.subtract != 0) == (p.reset == Reset::kSubtract));
    for (std::size_t n = 0; n < kIntParameters.size(); ++n) {
      const IntParameter& parameter = kIntParameters[n];
      same = same && (!has(p, parameter) || neuron.parameters[n] == (p.*parameter.values)[j]);
    }
    require(same, cluster.name + ": parameters of neuron " + std::to_string(j) + " differ");
  }

  void check_outputs() {
    const auto own = static_cast<std::size_t>(std::count_if(
        app_.outputs.begin(), app_.outputs.end(), [](const OutputStream& s) { return !s.recorded; }));
    require(own == network_.outputs.size(), "another number of outputs");
    for (const Output& output : network_.outputs)
      require(std::any_of(app_.outputs.begin(), app_.outputs.end(),
                          [&](const OutputStream& s) {
                            return s.name == output.name && s.population == output.from &&
                                   s.shape == output.shape && !s.recorded;
                          }),
              "output " + output.name + " is missing");
    for (const OutputStream& s : app_.outputs) {
      const IntPopulation& population = network_.populations[s.population.index()];
      require(s.origin == population.origin && s.unit == population.unit,
              "output " + s.name + ": its origin or unit differs from the network's");
    }
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
