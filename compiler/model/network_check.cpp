#include "compiler/model/network_check.hpp"

#include <algorithm>
#include <cmath>
#include <sstream>

#include "compiler/linear/sums.hpp"
#include "compiler/model/framework.hpp"
#include "compiler/model/nir.hpp"

namespace spikeloom {
namespace {

class Checker {
 public:
  explicit Checker(const Network& network) : network_(network) {}

  std::vector<std::string> run() {
    for (const Population& population : network_.populations) check(population);
    if (!broken_.empty()) return broken_;
    for (std::size_t p = 0; p < network_.populations.size(); ++p) check_membranes(p);
    for (const Projection& projection : network_.projections) check(projection);
    for (const Output& output : network_.outputs) {
      if (output.from.index() >= network_.populations.size()) {
        broken_.push_back("output " + quote(output.name) + ": its population does not exist");
      } else if (volume(output.shape) != network_.populations[output.from.index()].size()) {
        broken_.push_back("output " + quote(output.name) + ": shape " + to_string(output.shape) +
                          " against " + std::to_string(network_.populations[output.from.index()].size()) +
                          " neurons");
      }
    }
    return broken_;
  }

 private:
  void check(const Population& population) {
    const std::string what = "population " + quote(population.name) + ": ";
    const std::size_t size = population.size();
    if (volume(population.shape) != size) broken_.push_back(what + "its shape is not its size");
    const auto vector = [&](const char* name, const std::vector<double>& values, std::size_t expected) {
      if (values.size() != expected) {
        broken_.push_back(what + name + " has " + std::to_string(values.size()) + " values, expected " +
                          std::to_string(expected));
      }
      if (std::any_of(values.begin(), values.end(), [](double x) { return !std::isfinite(x); })) {
        broken_.push_back(what + name + " is not finite");
      }
    };
    for (const RealParameter& parameter : kRealParameters) {
      if (parameter.of_readouts || !population.is_readout())
        vector(parameter.name, population.*parameter.values, size);
    }
  }

  /// Who passes through whose membranes.
  void check_membranes(std::size_t p) {
    const Population& population = network_.populations[p];
    const std::string what = "population " + quote(population.name) + ": ";
    if (population.share == 0 || population.shape.empty() ||
        population.shape.front() % population.share != 0) {
      broken_.push_back(what + std::to_string(population.share) +
                        " groups pass through its membranes, which is no divisor of its first dimension, " +
                        std::to_string(population.shape.empty() ? 1 : population.shape.front()));
      return;
    }
    if (!population.shares()) return;
    if (population.is_readout()) {
      broken_.push_back(what + "a readout's potentials are its result, so its neurons share no membranes");
      return;
    }
    if (population.reset == Reset::kSubtractLater)
      broken_.push_back(what + "its neurons share membranes, so a threshold that is taken a step after the " +
                        "spike would be another neuron's; --reset subtract takes it at once");
    std::size_t own = p;
    if (population.membranes_of) {
      own = population.membranes_of->index();
      if (own >= p || network_.populations[own].membranes_of || network_.populations[own].is_readout()) {
        broken_.push_back(what + "it shares membranes with a population that has none of its own before it");
        return;
      }
      const Population& owner = network_.populations[own];
      if (owner.membranes() != population.membranes()) {
        broken_.push_back(what + "it passes through " + std::to_string(population.membranes()) +
                          " membranes, but " + quote(owner.name) + " has " +
                          std::to_string(owner.membranes()));
        return;
      }
    }
    const std::vector<double>& start = network_.populations[own].start;
    for (std::size_t j = 0; j < population.size(); ++j)
      if (population.start[j] != start[j % population.membranes()]) {
        broken_.push_back(what + "neurons that share a membrane start at different potentials");
        return;
      }
  }

  void check(const Projection& projection) {
    const std::string what = "projection " + quote(projection.name) + ": ";
    const auto* input = std::get_if<InputId>(&projection.from);
    const auto* population = std::get_if<PopulationId>(&projection.from);
    if (projection.to.index() >= network_.populations.size() ||
        (input != nullptr && input->index() >= network_.inputs.size()) ||
        (population != nullptr && population->index() >= network_.populations.size())) {
      broken_.push_back(what + "an end does not exist");
      return;
    }
    if (population != nullptr && projection.delay == 0 && !(*population < projection.to)) {
      broken_.push_back(what + "has no delay and does not go forward");
    }
    const std::size_t sources = input != nullptr ? network_.inputs[input->index()].size()
                                                 : network_.populations[population->index()].size();
    const std::size_t targets = network_.populations[projection.to.index()].size();
    if (projection.form.sources() != sources || projection.form.targets() != targets ||
        projection.weight.size() != projection.form.weights()) {
      broken_.push_back(what + "its rows do not fit its " + std::to_string(sources) + " sources and " +
                        std::to_string(targets) + " targets");
      return;
    }
    if (const auto problem = row_problem(projection.form)) broken_.push_back(what + *problem);
    if (std::any_of(projection.weight.begin(), projection.weight.end(),
                    [](double w) { return !std::isfinite(w); }))
      broken_.push_back(what + "a weight is not finite");
  }

  const Network& network_;
  std::vector<std::string> broken_;
};

std::string name_of(const Network& network, const Source& source) {
  if (const auto* input = std::get_if<InputId>(&source)) return network.inputs[input->index()].name;
  return network.populations[std::get<PopulationId>(source).index()].name;
}

/// " beta=0.9375", or its range where neurons differ.
void put_range(std::ostringstream& out, const char* name, const std::vector<double>& values) {
  if (values.empty()) return;
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  out << " " << name << "=" << *low;
  if (*low != *high) out << ".." << *high;
}

/// Those of synapses that exist.
std::vector<double> present_weights(const Projection& projection) {
  const std::vector<std::uint64_t> times = multiplicity(projection.form);
  std::vector<double> present;
  for (std::size_t k = 0; k < times.size(); ++k)
    if (times[k] != 0 && projection.weight[k] != 0) present.push_back(projection.weight[k]);
  return present;
}

}  // namespace

std::vector<std::string> check(const Network& network) { return Checker(network).run(); }

std::string describe(const Network& network) {
  std::ostringstream out;
  out << "network " << (network.name.empty() ? "unnamed" : network.name) << " dt=" << network.dt << "\n";
  for (const Input& input : network.inputs)
    out << "input " << input.name << " " << to_string(input.shape) << "\n";
  for (const Population& population : network.populations) {
    out << "population " << population.name << " " << to_string(population.kind) << " "
        << to_string(population.shape);
    if (!population.is_readout()) {
      out << " reset " << to_string(population.reset);
      if (population.fire == Fire::kAtLeast) out << " " << to_string(population.fire);
    }
    for (const RealParameter& parameter : kRealParameters)
      put_range(out, parameter.name, population.*parameter.values);
    out << "\n";
  }
  for (const Projection& projection : network.projections) {
    out << "projection " << projection.name << " " << name_of(network, projection.from) << " -> "
        << network.populations[projection.to.index()].name
        << " synapses=" << count_synapses(projection.form, projection.weight)
        << " delay=" << projection.delay;
    put_range(out, "weight", present_weights(projection));
    out << "\n";
  }
  for (const Output& output : network.outputs) {
    out << "output " << output.name << " " << to_string(output.shape) << " from "
        << network.populations[output.from.index()].name << "\n";
  }
  return out.str();
}

}  // namespace spikeloom
