#include "compiler/model/network_check.hpp"

#include <algorithm>
#include <cmath>
#include <sstream>

#include "compiler/model/framework.hpp"
#include "compiler/model/nir.hpp"

namespace spikeloom {
namespace {

class Checker {
 public:
  explicit Checker(const Network& network) : network_(network) {}

  std::vector<std::string> run() {
    for (const Population& population : network_.populations) check(population);
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
    if (population != nullptr && network_.populations[population->index()].is_readout()) {
      broken_.push_back(what + "comes from a readout");
    }
    const std::size_t sources = input != nullptr ? network_.inputs[input->index()].size()
                                                 : network_.populations[population->index()].size();
    const std::size_t targets = network_.populations[projection.to.index()].size();
    if (projection.row_begin.size() != sources + 1 || projection.row_begin.front() != 0 ||
        projection.row_begin.back() != projection.target.size() ||
        projection.weight.size() != projection.target.size() ||
        !std::is_sorted(projection.row_begin.begin(), projection.row_begin.end())) {
      broken_.push_back(what + "its rows do not fit its " + std::to_string(sources) + " sources");
      return;
    }
    for (std::size_t row = 0; row < sources; ++row) {
      for (std::size_t e = projection.row_begin[row]; e < projection.row_begin[row + 1]; ++e) {
        const bool ascends =
            e == projection.row_begin[row] || projection.target[e - 1] < projection.target[e];
        if (projection.target[e] >= targets || !ascends || !std::isfinite(projection.weight[e])) {
          broken_.push_back(what + "row " + std::to_string(row) + " has a bad entry");
          return;
        }
      }
    }
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
        << network.populations[projection.to.index()].name << " synapses=" << projection.weight.size()
        << " delay=" << projection.delay;
    put_range(out, "weight", projection.weight);
    out << "\n";
  }
  for (const Output& output : network.outputs) {
    out << "output " << output.name << " " << to_string(output.shape) << " from "
        << network.populations[output.from.index()].name << "\n";
  }
  return out.str();
}

}  // namespace spikeloom
