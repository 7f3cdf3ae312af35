#include "compiler/model/elaborate.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <map>
#include <set>
#include <tuple>

#include "compiler/model/flat_graph.hpp"
#include "compiler/model/framework.hpp"
#include "compiler/model/linear_map.hpp"
#include "compiler/model/nodes/node_type.hpp"
#include "compiler/model/time_step.hpp"

namespace spikeloom {
namespace {

constexpr std::size_t kFar = std::numeric_limits<std::size_t>::max();

/// A population with everything that reaches it, before ids and delays are given.
struct Target {
  Population population;
  AffineMap map;                 ///< from flat nodes (Inputs and neurons)
  std::size_t distance = kFar;   ///< projections from the nearest Input
  std::size_t to_output = kFar;  ///< projections to the nearest Output
  std::size_t component = 0;     ///< strongly connected by projections without a delay of their own
};

/// Builds the network from a flat graph that has passed every check.
class Builder {
 public:
  Builder(const FlatGraph& flat, const Meaning& meaning, double dt, Notes& notes, Problems& problems)
      : nodes_(flat.nodes), meaning_(meaning), dt_(dt), notes_(notes), problems_(problems), maps_(flat, dt) {}

  Network run() {
    Network network;
    network.dt = dt_;
    add_inputs(network);
    for (std::size_t n = 0; n < nodes_.size(); ++n) {
      if (nodes_[n].role != Role::kNeuron || only_integrates(n)) continue;
      target_of_[n] = targets_.size();
      const auto integrator = integrator_of(nodes_, n);
      if (integrator)
        targets_.push_back({unreset(*integrator, n), maps_.into(*integrator)});
      else
        targets_.push_back({normal_form(nodes_[n], dt_, meaning_, notes_, problems_), maps_.into(n)});
      if (!integrator) note_pooling(n, targets_.back());
    }
    add_outputs(network);
    find_distances();
    find_components();
    place(network);
    return network;
  }

 private:
  void add_inputs(Network& network) {
    for (std::size_t n = 0; n < nodes_.size(); ++n) {
      if (nodes_[n].role != Role::kInput) continue;
      input_of_[n] = InputId(network.inputs.size());
      network.inputs.push_back({nodes_[n].name, *nodes_[n].out});
    }
  }

  /// A readout that nobody looks at but the Thresholds behind it.
  [[nodiscard]] bool only_integrates(std::size_t n) const {
    const std::vector<std::size_t>& after = nodes_[n].after;
    return nodes_[n].is_readout() && !after.empty() &&
           std::all_of(after.begin(), after.end(),
                       [&](std::size_t next) { return integrator_of(nodes_, next).has_value(); });
  }

  /// The neuron that a readout and the Threshold behind it are together: it spikes and is never reset.
  [[nodiscard]] Population unreset(std::size_t readout, std::size_t threshold) {
    Population population = normal_form(nodes_[readout], dt_, meaning_, notes_, problems_);
    const Population step = normal_form(nodes_[threshold], dt_, meaning_, notes_, problems_);
    population.name = step.name;
    population.shape = step.shape;
    population.kind = population.kind == NeuronKind::kLi       ? NeuronKind::kLif
                      : population.kind == NeuronKind::kCubaLi ? NeuronKind::kCubaLif
                                                               : NeuronKind::kIf;
    population.reset = Reset::kNone;
    population.theta = step.theta;
    population.v_reset = step.v_reset;
    notes_.add(nodes_[threshold].what() + ": together with " + nodes_[readout].what() +
               " in front of it, it is a neuron that no spike resets");
    return population;
  }

  /// Says of a Threshold that spikes where any source of its window does, and nowhere else, what it is.
  void note_pooling(std::size_t n, const Target& target) {
    const Population& population = target.population;
    if (population.kind != NeuronKind::kThreshold || target.map.paths.size() != 1) return;
    if (nodes_[target.map.paths.begin()->first.source].is_readout()) return;  // it sends values
    const std::vector<Path>& beside = target.map.paths.begin()->second;
    const auto zero = [](double x) { return x == 0; };
    if (beside.size() != 1 || beside.front().through.empty() ||
        !std::all_of(target.map.bias.begin(), target.map.bias.end(), zero))
      return;
    double one = 0;  // what a spike counts, everywhere
    for (const double weight : beside.front().map.weight) {
      if (one == 0) one = weight;
      if (weight != 0 && weight != one) return;
    }
    const bool above = population.fire == Fire::kAbove;
    const auto any = [&](double theta) {
      return above ? theta >= 0 && theta < one : theta > 0 && theta <= one;
    };
    if (!std::all_of(population.theta.begin(), population.theta.end(), any)) return;
    const bool input = input_of_.count(target.map.paths.begin()->first.source) != 0;
    notes_.add(nodes_[n].what() + ": behind " + quote(maps_.name_of(beside.front().through)) +
               " it is max pooling of spikes" + (input ? ", where the input's values are 0 and 1" : "") +
               ": a spike where any source of the window spikes, in the same step");
  }

  /// The node whose values the Output shows: behind nested ports and Flatten; nothing where several add.
  [[nodiscard]] std::optional<std::size_t> shown_by(std::size_t output) const {
    std::size_t n = output;
    while (nodes_[n].before.size() == 1) {
      n = nodes_[n].before.front();
      if (!nodes_[n].is_reshape()) return n;
    }
    return std::nullopt;
  }

  void add_outputs(Network& network) {
    std::map<std::size_t, std::size_t> readout_of;  // by the node that it shows
    for (std::size_t n = 0; n < nodes_.size(); ++n) {
      if (nodes_[n].role != Role::kOutput) continue;
      const std::optional<std::size_t> shown = shown_by(n);
      std::size_t target = 0;
      if (shown && nodes_[*shown].role == Role::kNeuron) {
        target = target_of_.at(*shown);
      } else {
        const std::size_t owner = shown && nodes_[*shown].role == Role::kLinear ? *shown : n;
        const auto [found, fresh] = readout_of.try_emplace(owner, targets_.size());
        if (fresh) {
          targets_.push_back({memoryless(nodes_[owner]), maps_.into(n)});
          notes_.add(
              nodes_[owner].what() + ": no neuron stands between it and the Output " + quote(nodes_[n].name) +
              "; it is read out as values without memory, so that a decision takes the largest value of "
              "any step (max) and not most spikes (count); --decide sum adds the values up as spikes are");
        }
        target = found->second;
      }
      outputs_.push_back(target);
      network.outputs.push_back({nodes_[n].name, *nodes_[n].in, PopulationId(0)});
    }
  }

  [[nodiscard]] static Population memoryless(const FlatNode& node) {
    Population population;
    population.name = node.name;
    population.kind = NeuronKind::kLi;
    population.shape = *node.out;
    const std::size_t count = volume(population.shape);
    for (const RealParameter& parameter : kRealParameters)
      if (parameter.of_readouts) (population.*parameter.values).assign(count, parameter.neutral);
    return population;
  }

  using Edges = std::vector<std::vector<std::size_t>>;  ///< by target, the targets that it leads to

  [[nodiscard]] Edges successors(bool with_delayed) const {
    Edges after(targets_.size());
    for (std::size_t t = 0; t < targets_.size(); ++t) {
      for (const auto& [tap, beside] : targets_[t].map.paths) {
        if (tap.delay != 0 && !with_delayed) continue;
        if (const auto found = target_of_.find(tap.source); found != target_of_.end())
          after[found->second].push_back(t);
      }
    }
    return after;
  }

  [[nodiscard]] static Edges reversed(const Edges& after) {
    Edges before(after.size());
    for (std::size_t t = 0; t < after.size(); ++t) {
      for (const std::size_t next : after[t]) before[next].push_back(t);
    }
    return before;
  }

  /// Breadth first from the targets whose distance is set.
  void spread(std::size_t Target::*distance, const Edges& edges) {
    std::vector<std::size_t> wave;
    for (std::size_t t = 0; t < targets_.size(); ++t) {
      if (targets_[t].*distance != kFar) wave.push_back(t);
    }
    for (std::size_t at = 0; at < wave.size(); ++at) {
      for (const std::size_t next : edges[wave[at]]) {
        if (targets_[next].*distance != kFar) continue;
        targets_[next].*distance = targets_[wave[at]].*distance + 1;
        wave.push_back(next);
      }
    }
  }

  void find_distances() {
    for (Target& target : targets_) {
      for (const auto& [tap, beside] : target.map.paths) {
        if (input_of_.count(tap.source) != 0) target.distance = 1;
      }
    }
    for (const std::size_t t : outputs_) targets_[t].to_output = 0;
    const Edges after = successors(true);
    spread(&Target::distance, after);
    spread(&Target::to_output, reversed(after));
  }

  /// Kosaraju's two sweeps, without recursion.
  void find_components() {
    const Edges after = successors(false);
    const Edges before = reversed(after);
    std::vector<std::size_t> finished;
    std::vector<char> seen(after.size(), 0);
    for (std::size_t start = 0; start < after.size(); ++start) {
      if (seen[start] != 0) continue;
      std::vector<std::pair<std::size_t, std::size_t>> path{{start, 0}};
      seen[start] = 1;
      while (!path.empty()) {
        const std::size_t t = path.back().first;
        if (path.back().second == after[t].size()) {
          finished.push_back(t);
          path.pop_back();
          continue;
        }
        const std::size_t next = after[t][path.back().second++];
        if (seen[next] == 0) path.emplace_back(next, 0);
        seen[next] = 1;
      }
    }
    std::size_t count = 0;
    std::vector<char> placed(after.size(), 0);
    for (auto start = finished.rbegin(); start != finished.rend(); ++start) {
      if (placed[*start] != 0) continue;
      std::vector<std::size_t> open{*start};
      placed[*start] = 1;
      while (!open.empty()) {
        const std::size_t t = open.back();
        open.pop_back();
        targets_[t].component = count;
        for (const std::size_t previous : before[t]) {
          if (placed[previous] == 0) open.push_back(previous);
          placed[previous] = 1;
        }
      }
      ++count;
    }
  }

  /// Nearer to the Inputs first, then farther from the Outputs: the shape of the graph alone, so that no name
  /// ever moves a delay.
  [[nodiscard]] std::pair<std::size_t, std::size_t> rank(std::size_t t) const {
    return {targets_[t].distance, kFar - targets_[t].to_output};
  }

  /// Whether a projection without a delay of its own closes a circle. Of two populations of one rank neither
  /// goes first, so both directions are recurrent.
  [[nodiscard]] bool is_recurrent(std::size_t from, std::size_t to) const {
    return targets_[from].component == targets_[to].component && !(rank(from) < rank(to));
  }

  /// Orders the populations and gives ids and delays to everything.
  void place(Network& network) {
    const Edges after = successors(false);
    std::vector<std::size_t> waits(targets_.size(), 0);
    for (std::size_t t = 0; t < after.size(); ++t) {
      for (const std::size_t next : after[t]) {
        if (!is_recurrent(t, next)) ++waits[next];
      }
    }
    std::set<std::tuple<std::size_t, std::size_t, std::string, std::size_t>> ready;
    const auto add = [&](std::size_t t) {
      const auto [near, far] = rank(t);
      ready.emplace(near, far, targets_[t].population.name, t);
    };
    for (std::size_t t = 0; t < targets_.size(); ++t) {
      if (waits[t] == 0) add(t);
    }
    std::vector<std::size_t> order;
    while (!ready.empty()) {
      const std::size_t t = std::get<3>(*ready.begin());
      ready.erase(ready.begin());
      order.push_back(t);
      for (const std::size_t next : after[t]) {
        if (!is_recurrent(t, next) && --waits[next] == 0) add(next);
      }
    }
    SPIKELOOM_CHECK(order.size() == targets_.size());
    std::vector<PopulationId> id(targets_.size());
    for (std::size_t i = 0; i < order.size(); ++i) id[order[i]] = PopulationId(i);
    for (const std::size_t t : order) add_population(network, t, id);
    for (std::size_t o = 0; o < outputs_.size(); ++o) network.outputs[o].from = id[outputs_[o]];
  }

  void add_population(Network& network, std::size_t t, const std::vector<PopulationId>& id) {
    Target& target = targets_[t];
    target.population.bias = target.map.bias;
    std::vector<Projection> found;
    for (auto& [tap, beside] : target.map.paths)
      for (Path& path : beside) {
        const std::size_t source = tap.source;
        Projection projection;
        projection.name = maps_.name_of(path.through);
        projection.to = id[t];
        if (const auto input = input_of_.find(source); input != input_of_.end()) {
          projection.from = input->second;
          projection.delay = meaning_.input_delay + tap.delay;
        } else {
          const std::size_t from = target_of_.at(source);
          projection.from = id[from];
          projection.delay = tap.delay;
          if (is_recurrent(from, t) && tap.delay == 0) {
            projection.delay = meaning_.recurrent_delay;
            notes_.add(
                "projection " + quote(projection.name) + " from " + quote(nodes_[source].name) + " to " +
                quote(target.population.name) + " is recurrent: delay " + std::to_string(projection.delay) +
                (from != t && rank(from) == rank(t) ? " (neither population is nearer to an Input or to "
                                                      "an Output, so both directions have it; "
                                                      "a Delay node in one of them decides otherwise)"
                                                    : ""));
            if (projection.delay == 0) {
              problems_.add("projection " + quote(projection.name) + " from " + quote(nodes_[source].name) +
                            " to " + quote(target.population.name) +
                            " is recurrent; a recurrent delay of 0 is impossible, " + "expected at least 1");
            }
          }
        }
        RealMap map = tidy(std::move(path.map));
        projection.form = std::move(map.form);
        projection.weight = std::move(map.weight);
        found.push_back(std::move(projection));
      }
    std::stable_sort(found.begin(), found.end(), [](const Projection& a, const Projection& b) {
      return std::tie(a.from, a.delay) < std::tie(b.from, b.delay);
    });
    for (Projection& projection : found) network.projections.push_back(std::move(projection));
    network.populations.push_back(std::move(target.population));
  }

  const std::vector<FlatNode>& nodes_;
  const Meaning& meaning_;
  double dt_;
  Notes& notes_;
  Problems& problems_;
  LinearMaps maps_;
  std::map<std::size_t, InputId> input_of_;
  std::map<std::size_t, std::size_t> target_of_;  ///< flat neuron to target
  std::vector<Target> targets_;
  std::vector<std::size_t> outputs_;  ///< target of each Output
};

/// Every number of a file is finite; products of them, and quotients, may be beyond a double.
void check_finite(const Network& network, Problems& problems) {
  const auto finite = [](const std::vector<double>& values) {
    return std::all_of(values.begin(), values.end(), [](double x) { return std::isfinite(x); });
  };
  for (const Population& population : network.populations)
    for (const RealParameter& parameter : kRealParameters)
      if (!finite(population.*parameter.values))
        problems.add("population " + quote(population.name) + ": its " + parameter.name +
                     ", which follows from its parameters and dt, is beyond a double");
  for (const Projection& projection : network.projections)
    if (!finite(projection.weight))
      problems.add("projection " + quote(projection.name) +
                   ": the product of its weights is beyond a double");
}

/// Says where a potential can be exactly the threshold, so that the choice of when a neuron fires decides
/// spikes: nothing decays, and all numbers are multiples of 1/65536, as on hardware's grids and never in
/// trained reals.
void note_equality(const Network& network, Notes& notes) {
  const auto on_grid = [](double x) { return std::abs(x) < 0x1p30 && x * 0x1p16 == std::trunc(x * 0x1p16); };
  const auto all = [](const std::vector<double>& values, const auto& condition) {
    return std::all_of(values.begin(), values.end(), condition);
  };
  std::vector<bool> can_equal;
  for (const Population& p : network.populations)
    can_equal.push_back(
        !p.is_readout() && all(p.beta, [](double x) { return x == 1; }) &&
        all(p.alpha, [](double x) { return x == 0; }) && all(p.gain_i, [](double x) { return x == 1; }) &&
        all(p.gain_v, [](double x) { return x == 1; }) && all(p.theta, on_grid) && all(p.v_reset, on_grid) &&
        all(p.start, on_grid) && all(p.bias, on_grid) && all(p.drive, on_grid));
  for (const Projection& projection : network.projections)
    if (!all(projection.weight, on_grid)) can_equal[projection.to.index()] = false;
  constexpr std::size_t kNamed = 3;
  std::string names;
  std::size_t count = 0;
  for (std::size_t p = 0; p < can_equal.size(); ++p)
    if (can_equal[p] && ++count <= kNamed)
      names += (names.empty() ? "" : ", ") + quote(network.populations[p].name);
  if (count > kNamed) names += " and " + std::to_string(count - kNamed) + " more";
  if (names.empty()) return;
  notes.add(names +
            ": nothing decays and all numbers are on one grid, so that a potential can be exactly the "
            "threshold; there a neuron does not fire (--fire ge: it does, as in Sinabs, Rockpool and "
            "SpikingJelly)");
}

}  // namespace

Network elaborate(const NirGraph& graph, const Semantics& semantics, Notes* notes, Problems& problems) {
  Notes unused;
  Notes& remarks = notes == nullptr ? unused : *notes;
  const Meaning meaning = meaning_of(semantics);
  remarks.add("semantics: " + describe(meaning));
  note_version(graph, meaning, remarks);
  const bool is_read_well = problems.empty();  // else the reader has named the fields that it lacks
  FlatGraph flat = flatten(graph, remarks, problems);
  if (is_read_well && !check_fields(flat, problems)) return {};
  infer_shapes(flat, remarks, problems);
  const double dt = choose_dt(graph, flat, meaning, remarks, problems);
  for (const FlatNode& node : flat.nodes) {
    const NodeType* type = node.node->type;
    if (type != nullptr && type->check_steps != nullptr) type->check_steps(node, dt, problems);
  }
  if (!problems.empty()) {
    // Parameters may be wrong as well; say so now, not after the next try.
    for (const FlatNode& node : flat.nodes) {
      if (node.role == Role::kNeuron && node.out) check_time_constants(node, problems);
    }
    return {};
  }
  try {
    Network network = Builder(flat, meaning, dt, remarks, problems).run();
    check_finite(network, problems);
    if (problems.empty() && !semantics.fire && !semantics.framework) note_equality(network, remarks);
    return problems.empty() ? network : Network{};
  } catch (const Error& error) {
    problems.add(error.what());
    return {};
  }
}

Network elaborate(const NirGraph& graph, const Semantics& semantics, Notes* notes) {
  Problems problems;
  Network network = elaborate(graph, semantics, notes, problems);
  problems.throw_if_any("network");
  return network;
}

Network load_network(const std::string& path, const Semantics& semantics, Notes* notes) {
  Problems problems;
  const NirGraph graph = read_nir(path, problems);
  Network network = elaborate(graph, semantics, notes, problems);
  problems.throw_if_any(path);
  network.name = std::filesystem::path(path).stem().string();
  return network;
}

}  // namespace spikeloom
