#include "compiler/flow/static_inputs.hpp"

#include <algorithm>
#include <functional>
#include <optional>
#include <set>
#include <variant>

#include "compiler/base/error.hpp"
#include "compiler/core/core.hpp"
#include "compiler/golden/accumulator.hpp"
#include "compiler/golden/check.hpp"
#include "compiler/golden/neuron_step.hpp"
#include "compiler/partition/network_limits.hpp"
#include "compiler/schedule/samples.hpp"

namespace spikeloom {
namespace {

/// A parameter set costs an update entry a group of neurons, and tiles hold few of them.
constexpr std::size_t kMostBiases = 32;

constexpr const char* kWhere = "static inputs (--static-input)";

std::string in_quotes(const std::string& name) { return "'" + name + "'"; }

/// By input, whether it is one of the names. Inputs that are static already are not chosen.
std::vector<std::uint8_t> chosen(const IntNetwork& network, const std::vector<std::string>& names) {
  std::vector<std::uint8_t> result(network.inputs.size(), 0);
  Problems problems;
  for (const std::string& name : names) {
    bool known = false;
    std::string list;
    for (std::size_t i = 0; i < network.inputs.size(); ++i) {
      list += (i == 0 ? "" : ", ") + in_quotes(network.inputs[i].name);
      if (name != kEveryInput && name != network.inputs[i].name) continue;
      known = true;
      if (!network.inputs[i].is_static) result[i] = 1;
    }
    if (!known) problems.add("no input is called " + in_quotes(name) + "; the network has " + list);
  }
  problems.throw_if_any(kWhere);
  return result;
}

/// Says of a population whether its current may hold, beyond what the arithmetic asks.
using MayHold = std::function<std::optional<std::string>(const IntNetwork& held, PopulationId id)>;

/// Holds the sums of one network.
class Holder {
 public:
  Holder(const IntNetwork& network, const std::vector<std::string>& names)
      : old_(network), is_chosen_(chosen(network, names)) {}

  /// The readouts that hold, and for each why its population, the next one, does not. After `run`.
  [[nodiscard]] const std::vector<std::pair<PopulationId, std::string>>& readouts() const {
    return readouts_;
  }

  StaticNetwork run(const MayHold& may_hold) {
    IntNetwork& network = result_.network;
    network.name = old_.name;
    network.state_bits = old_.state_bits;
    network.inputs = old_.inputs;
    for (std::size_t i = 0; i < is_chosen_.size(); ++i)
      if (is_chosen_[i] != 0) network.inputs[i].is_static = true;
    std::vector<PopulationId> now;
    std::vector<std::optional<PopulationId>> holder;
    for (std::size_t p = 0; p < old_.populations.size(); ++p) {
      holder.push_back(hold(p, may_hold));
      now.emplace_back(network.populations.size() - 1);
    }
    for (const IntProjection& old : old_.projections) {
      IntProjection projection = old;
      projection.to = now[old.to.index()];
      if (const auto* from = std::get_if<PopulationId>(&old.from))
        projection.from = now[from->index()];
      else if (is_heard(old) && holder[old.to.index()])
        projection.to = *holder[old.to.index()];
      network.projections.push_back(std::move(projection));
    }
    for (const std::optional<PopulationId>& id : holder)
      if (id) hand_on(*id, PopulationId(id->index() + 1));
    for (IntPopulation& population : network.populations)
      if (population.membranes_of) population.membranes_of = now[population.membranes_of->index()];
    network.outputs = old_.outputs;
    for (Output& output : network.outputs) output.from = now[output.from.index()];
    return std::move(result_);
  }

 private:
  /// Whether a projection brings one of the chosen inputs.
  [[nodiscard]] bool is_heard(const IntProjection& projection) const {
    const auto* input = std::get_if<InputId>(&projection.from);
    return input != nullptr && is_chosen_[input->index()] != 0;
  }

  /// Appends the population; before it a readout that holds for it, if it does not hold itself.
  std::optional<PopulationId> hold(std::size_t p, const MayHold& may_hold) {
    std::vector<IntPopulation>& populations = result_.network.populations;
    const IntPopulation& written = old_.populations[p];
    std::set<std::string> heard;
    for (const IntProjection& projection : old_.projections)
      if (projection.to.index() == p && is_heard(projection))
        heard.insert(in_quotes(source_name(old_, projection.from)));
    if (heard.empty()) {
      populations.push_back(written);
      return std::nullopt;
    }
    std::string list;
    for (const std::string& name : heard) list += (list.empty() ? "" : ", ") + name;
    const std::string note = "static: " + list + " comes in a sample's first step alone, and ";
    std::optional<std::string> why = why_not_itself(p);
    if (!why) {
      IntPopulation held = in_current(written);
      why = may_hold(as_if(p, held), PopulationId(p));
      if (!why) {
        result_.notes.push_back(note + "population " + in_quotes(written.name) +
                                " holds its sum in its current");
        populations.push_back(std::move(held));
        return std::nullopt;
      }
    }
    const PopulationId id(populations.size());
    populations.push_back(readout(written));
    result_.notes.push_back(note + "the readout " + in_quotes(populations.back().name) +
                            " holds its sum for population " + in_quotes(written.name) +
                            ", two chunks a neuron in every step, since " + *why);
    readouts_.emplace_back(id, *std::move(why));
    populations.push_back(written);
    return id;
  }

  [[nodiscard]] static IntPopulation in_current(IntPopulation population) {
    population.alpha.assign(population.size(), kDecayOne);
    for (std::size_t j = 0; j < population.size(); ++j) population.bias_v[j] += population.bias_i[j];
    population.bias_i.assign(population.size(), 0);
    return population;
  }

  /// The network as written but for this population.
  [[nodiscard]] IntNetwork as_if(std::size_t p, const IntPopulation& population) const {
    IntNetwork network = old_;
    network.populations[p] = population;
    return network;
  }

  [[nodiscard]] IntPopulation readout(const IntPopulation& written) const {
    IntPopulation population;
    population.name = written.name + " held";
    while (std::any_of(old_.populations.begin(), old_.populations.end(),
                       [&](const IntPopulation& p) { return p.name == population.name; }))
      population.name += "'";
    population.kind = NeuronKind::kI;
    population.shape = written.shape;
    for (const IntParameter& parameter : kIntParameters)
      if (has(population, parameter) || parameter.values == &IntPopulation::beta)
        (population.*parameter.values).assign(written.size(), 0);
    population.beta.assign(written.size(), kDecayOne);
    return population;
  }

  void hand_on(PopulationId from, PopulationId to) {
    IntNetwork& network = result_.network;
    const auto size = static_cast<std::uint32_t>(network.populations[from.index()].size());
    IntProjection projection;
    projection.name = network.populations[from.index()].name;
    projection.from = from;
    projection.to = to;
    projection.form = MapForm(DiagonalMap{size, size});
    projection.weight = {1};
    network.projections.push_back(std::move(projection));
  }

  /// Why the population cannot hold its sum in its own current.
  [[nodiscard]] std::optional<std::string> why_not_itself(std::size_t p) const {
    const IntPopulation& population = old_.populations[p];
    const auto goes_on = [&](const IntPopulation& other) { return other.membranes_of == PopulationId(p); };
    if (population.shares() || std::any_of(old_.populations.begin(), old_.populations.end(), goes_on))
      return "its neurons share the membrane and its current";
    std::set<std::uint32_t> delays;
    for (const IntProjection& projection : old_.projections) {
      if (projection.to.index() != p) continue;
      delays.insert(projection.delay);
      const auto* input = std::get_if<InputId>(&projection.from);
      if (input == nullptr || (is_chosen_[input->index()] == 0 && !old_.inputs[input->index()].is_static))
        return "it also hears " + in_quotes(source_name(old_, projection.from)) +
               ", which may change within a sample";
    }
    const auto kept = std::find_if(population.alpha.begin(), population.alpha.end(),
                                   [](std::int32_t alpha) { return alpha != 0; });
    if (kept != population.alpha.end())
      return "it keeps a current of its own (alpha of neuron " +
             std::to_string(kept - population.alpha.begin()) + " is " + std::to_string(*kept) + " of " +
             std::to_string(kDecayOne) + ")";
    const std::set<std::int32_t> biases(population.bias_i.begin(), population.bias_i.end());
    if (biases.size() > kMostBiases)
      return "its " + std::to_string(biases.size()) +
             " different biases would need as many parameter sets, which is more than " +
             std::to_string(kMostBiases);
    return saturates(p, delays.size() > 1);
  }

  /// Why what is held may not be what was summed in every step: the two saturate otherwise.
  [[nodiscard]] std::optional<std::string> saturates(std::size_t p, bool in_several_steps) const {
    const IntPopulation& population = old_.populations[p];
    const bool has_bias = std::any_of(population.bias_i.begin(), population.bias_i.end(),
                                      [](std::int32_t bias) { return bias != 0; });
    if (!has_bias && !in_several_steps) return std::nullopt;
    const auto [low, high] = state_range(old_.state_bits);
    const AccumulatorBound sums = accumulator_bound(old_, PopulationId(p));
    const std::int64_t one = std::int64_t{1} << population.scale;
    const std::int64_t least = sums.lowest * one, most = sums.highest * one;
    if (least < low || most > high)
      return "its sum can reach " + std::to_string(least) + " to " + std::to_string(most) + ", beyond the " +
             std::to_string(old_.state_bits) + " bits of its state, and " +
             (in_several_steps ? "comes in several steps (delays differ)" : "it has biases");
    for (std::size_t j = 0; j < population.size(); ++j) {
      const std::int64_t bias = population.bias_i[j], both = bias + population.bias_v[j];
      if (least + bias >= low && most + bias <= high && both >= low && both <= high) continue;
      return "its sum and the biases of neuron " + std::to_string(j) + " (" + std::to_string(bias) + " and " +
             std::to_string(population.bias_v[j]) + ") are together beyond the " +
             std::to_string(old_.state_bits) + " bits of its state";
    }
    return std::nullopt;
  }

  const IntNetwork& old_;
  std::vector<std::uint8_t> is_chosen_;
  StaticNetwork result_;
  std::vector<std::pair<PopulationId, std::string>> readouts_;
};

/// Why no kind of tile takes a population of the network; empty: some kind does.
std::string why_no_tile(const IntNetwork& network, const Layers& layers, PopulationId id, const Chip& chip) {
  std::string why;
  for (std::uint32_t k = 0; k < chip.kinds(); ++k) {
    const std::vector<std::string> own = kind_problems(network, layers, chip.kind(k), id);
    if (own.empty()) return {};
    why += (why.empty() ? "" : "; ") + own.front();
  }
  return why;
}

}  // namespace

StaticNetwork with_static_inputs(const IntNetwork& network, const std::vector<std::string>& names) {
  return Holder(network, names).run([](const IntNetwork&, PopulationId) { return std::nullopt; });
}

StaticNetwork with_static_inputs(const IntNetwork& network, const std::vector<std::string>& names,
                                 const Chip& chip) {
  Holder holder(network, names);
  StaticNetwork held =
      holder.run([&](const IntNetwork& as_if, PopulationId id) -> std::optional<std::string> {
        const std::string why = why_no_tile(as_if, make_layers(as_if), id, chip);
        return why.empty() ? std::nullopt : std::optional("on chip " + chip.name + " " + why);
      });
  if (holder.readouts().empty()) return held;
  // What they, and the populations that they hand their sums on to, ask of the chip.
  const Layers layers = make_layers(held.network);
  Problems problems;
  for (const auto& [id, reason] : holder.readouts()) {
    const PopulationId population(id.index() + 1);
    std::string why = why_no_tile(held.network, layers, id, chip);
    if (why.empty()) why = why_no_tile(held.network, layers, population, chip);
    if (!why.empty())
      problems.add("population " + in_quotes(held.network.populations[population.index()].name) +
                   " cannot hold its sum, since " + reason + "; nor can a readout on chip " + chip.name +
                   ": " + why);
  }
  problems.throw_if_any(kWhere);
  return held;
}

namespace {

/// Cycles that all clusters of a population together take for a static input, in the worst case.
struct Worth {
  std::int64_t once = 0;  ///< its rows, in a sample's first step alone
  std::int64_t each =
      0;  ///< in every step, for a readout that holds: its firings, and its numbers at readers
  std::int64_t flits = 0;  ///< that it sends in every step
};

FiringTime without_chunks_of(const Cluster& cluster, const TileConfig& tile, const Inbound& inbound) {
  std::vector<std::uint16_t> masks = cluster.chunk_bits;
  std::fill_n(masks.begin() + inbound.first_chunk, inbound.source_count, std::uint16_t{0});
  return core_of(cluster).time(cluster, tile, masks, 1);
}

Worth worth_of(const Application& app, const Chip& chip, PopulationId population) {
  Worth worth;
  for (std::size_t c = 0; c < app.clusters.size(); ++c) {
    const Cluster& cluster = app.clusters[c];
    const TileKind& tile = chip.kind(cluster.kind);
    if (cluster.population != population || core_of(cluster).pages_per_firing(tile) != 1) continue;
    const std::int64_t all = core_of(cluster).time(cluster, tile, cluster.chunk_bits, 1).total();
    const FiringTime later = worst_in_step(app, cluster, tile, hw::kLimitContextLimits, true);
    worth.once += all - later.total();
    if (!cluster.readout || all == later.total()) continue;
    std::int64_t read = 0;
    for (const Cluster& reader : app.clusters)
      for (const Inbound& inbound : reader.inbound)
        if (inbound.from == ClusterId(c) && core_of(reader).pages_per_firing(chip.kind(reader.kind)) == 1)
          read += core_of(reader).time(reader, chip.kind(reader.kind), reader.chunk_bits, 1).total() -
                  without_chunks_of(reader, chip.kind(reader.kind), inbound).total();
    if (read == 0) continue;  // an output of the network, there anyway
    worth.each += later.total() + read;
    worth.flits += worst_flits(cluster);
  }
  return worth;
}

}  // namespace

std::vector<std::string> notes_on_static(const Application& app, const Chip& chip) {
  std::vector<std::string> notes;
  for (std::size_t p = 0; p < app.populations.size(); ++p) {
    const Worth worth = worth_of(app, chip, PopulationId(p));
    if (worth.once == 0) continue;
    std::string note = "static: all clusters of " + in_quotes(app.populations[p]) +
                       " together take at most " + std::to_string(worth.once) +
                       " cycles less in each step of a sample behind its first one; ";
    if (worth.each == 0) {
      note += "holding costs none, so it pays from 2 steps a sample on";
    } else {
      note += "holding costs at most " + std::to_string(worth.each) + " cycles and " +
              std::to_string(worth.flits) + " flits in every step, so it ";
      // Of a sample of n steps: (n − 1)·once saved, n·each paid.
      note += worth.each >= worth.once
                  ? std::string(
                        "never pays in the worst case: compile without --static-input, unless data show "
                        "otherwise (`spikeloom run`)")
                  : "pays from " + std::to_string(worth.once / (worth.once - worth.each) + 1) +
                        " steps a sample on, in the worst case";
    }
    notes.push_back(std::move(note));
  }
  return notes;
}

void check_static(const IntNetwork& network, const Dataset& data) {
  Problems problems;
  constexpr std::size_t kShown = 10;
  for (const Sample& sample : data.samples)
    for (std::size_t i = 0; i < network.inputs.size() && i < sample.inputs.size(); ++i) {
      if (!network.inputs[i].is_static || problems.list().size() >= kShown) continue;
      if (const auto change = first_change(sample.inputs[i], sample.full_steps()))
        problems.add("sample " + sample.id + ", " + change_text(*change, network.inputs[i].name));
    }
  problems.throw_if_any("calibration data");
}

}  // namespace spikeloom
