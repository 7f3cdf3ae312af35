#include "compiler/core/tally/build.hpp"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <optional>
#include <utility>

#include "compiler/core/tally/tables.hpp"
#include "compiler/core/tally/tally.hpp"
#include "compiler/golden/check.hpp"
#include "compiler/golden/neuron_step.hpp"

namespace spikeloom::tally {
namespace {

/// What a vote counts: 1 << shift. Nothing: the size is no power of two.
std::optional<std::uint32_t> shift_of(std::int64_t value) {
  const auto size = static_cast<std::uint64_t>(std::abs(value));
  if (!std::has_single_bit(size)) return std::nullopt;
  return static_cast<std::uint32_t>(std::countr_zero(size));
}

class PopulationProblems {
 public:
  PopulationProblems(const IntNetwork& network, const IntPopulation& population, const TileConfig& tile)
      : network_(network), population_(population), tile_(tile) {}

  std::vector<std::string> find(const std::vector<Layer>& layers) {
    if (population_.is_readout()) return {"it is a readout; the core tally has none"};
    for (const IntParameter& parameter : kIntParameters) {
      if (!has(population_, parameter)) continue;
      const bool own = parameter.use == IntParameter::Use::kSpiking;
      if (own)
        check_range(parameter);
      else
        check_fixed(parameter, parameter.values == &IntPopulation::beta ? kDecayOne : 0);
    }
    check_weights(layers);
    return std::move(list_);
  }

 private:
  /// `what` ends the sentence "theta of neuron 3 is 70000...".
  void neuron_problem(const IntParameter& parameter, std::size_t neuron, const std::string& what) {
    list_.push_back(std::string(parameter.name) + " of neuron " + std::to_string(neuron) + " is " +
                    std::to_string((population_.*parameter.values)[neuron]) + what);
  }

  void check_fixed(const IntParameter& parameter, std::int32_t wanted) {
    const std::vector<std::int32_t>& values = population_.*parameter.values;
    const auto other =
        std::find_if(values.begin(), values.end(), [&](std::int32_t value) { return value != wanted; });
    if (other != values.end())
      neuron_problem(parameter, static_cast<std::size_t>(other - values.begin()),
                     "; the core tally has " + std::to_string(wanted) + " for every neuron");
  }

  void check_range(const IntParameter& parameter) {
    const std::vector<std::int32_t>& values = population_.*parameter.values;
    const auto [low, high] = state_range(tile_.state_bits);
    const auto other = std::find_if(values.begin(), values.end(), [&, low = low, high = high](auto value) {
      return value < low || value > high;
    });
    if (other != values.end())
      neuron_problem(parameter, static_cast<std::size_t>(other - values.begin()),
                     ", which needs more than tile.state_bits = " + std::to_string(tile_.state_bits));
  }

  /// Every weight counts +m or -m, m a power of two.
  void check_weights(const std::vector<Layer>& layers) {
    std::optional<std::uint32_t> common;
    for (const Layer& layer : layers) {
      const std::string from = source_name(network_, layer.from);
      if (const auto* sender = std::get_if<PopulationId>(&layer.from);
          sender != nullptr && network_.populations[sender->index()].is_readout()) {
        list_.push_back("it reads potentials of " + from + "; the core tally takes spikes only");
        return;
      }
      const auto* input = std::get_if<InputId>(&layer.from);
      if (input != nullptr && network_.inputs[input->index()].planes != 1) {
        list_.push_back("its input " + from + " has " +
                        std::to_string(network_.inputs[input->index()].planes) +
                        " bit planes, which count differently; the core tally counts single bits");
        return;
      }
      for (const std::int16_t weight : layer.weight) {
        if (weight == 0) continue;
        const std::int64_t value = std::int64_t{weight} * (std::int64_t{1} << layer.shift);
        const std::optional<std::uint32_t> shift = shift_of(value);
        if (!common) common = shift;
        if (shift && shift == common) continue;
        const std::string wanted = common ? std::to_string(std::int64_t{1} << *common) : "a power of two";
        list_.push_back("its synapses from " + from + " have a weight of " + std::to_string(value) +
                        "; the core tally needs one size for all, here +" + wanted + " or -" + wanted);
        return;
      }
    }
    if (const std::uint32_t most = common.value_or(0) + population_.scale; most > tile_.tally_shift)
      list_.push_back("a vote counts 1 << " + std::to_string(most) +
                      ", the chip has tile.tally_shift = " + std::to_string(tile_.tally_shift));
  }

  const IntNetwork& network_;
  const IntPopulation& population_;
  const TileConfig& tile_;
  std::vector<std::string> list_;
};

}  // namespace

std::vector<std::string> problems(const IntNetwork& network, PopulationId population,
                                  const std::vector<Layer>& layers, const TileConfig& tile) {
  std::vector<std::string> list =
      PopulationProblems(network, network.populations[population.index()], tile).find(layers);
  if (network.populations[population.index()].shares())
    list.emplace_back("its neurons share membranes; the core tally keeps one for each");
  return list;
}

CoreTables build(const Cluster& cluster, const IntPopulation& population, const ClusterRows& rows,
                 const TileConfig& tile) {
  const std::size_t lanes = tile.tally_lanes, chunks = cluster.page_chunks();
  const std::size_t groups = (cluster.size() + lanes - 1) / lanes;
  std::vector<hw::MemVoteEntry> votes(groups * chunks * lanes);
  std::optional<std::uint32_t> common;
  std::vector<RowKind> kinds;
  AxonRow axon;
  for (std::size_t chunk = 0; chunk < chunks; ++chunk) {
    rows.kinds(chunk, kinds);
    for (std::uint32_t bit = 0; bit < kinds.size(); ++bit) {
      rows.read(chunk, bit, axon);
      for (const AxonRow::Synapse& synapse : axon.synapses) {
        const std::optional<std::uint32_t> shift = shift_of(synapse.mantissa);
        const std::uint32_t more = axon.shift + axon.plane;
        if (!common && shift) common = *shift + more;
        if (!shift || *shift + more != common)
          throw input_error(cluster.name + ": its weights are of several sizes; the core tally needs one");
        const std::size_t word = synapse.position / lanes * chunks + chunk;
        hw::MemVoteEntry& vote = votes[word * lanes + synapse.position % lanes];
        ((synapse.mantissa > 0) == (axon.negative == 0) ? vote.plus : vote.minus) |= 1U << bit;
      }
    }
  }
  CoreTables tables{std::string(kName), {}};
  for (const MemoryWindow& window : core().windows(tile)) tables.windows.push_back({window.parts, {}});
  for (const hw::MemVoteEntry& vote : votes) tables.windows[kVoteWords].words.push_back(vote.pack().front());
  for (std::size_t at = 0; at < groups * lanes; ++at) {
    hw::MemNeuronEntry entry;
    if (at < cluster.size()) {
      const std::uint32_t neuron = cluster.neurons[at];
      entry.theta = static_cast<std::uint32_t>(population.theta[neuron]);
      entry.v_reset = static_cast<std::uint32_t>(population.v_reset[neuron]);
      entry.subtract = population.reset == Reset::kSubtract;
      entry.shift = common.value_or(0);
      entry.scale = population.scale;
    }
    for (const std::uint32_t part : entry.pack()) tables.windows[kNeuronWords].words.push_back(part);
  }
  return tables;
}

}  // namespace spikeloom::tally
