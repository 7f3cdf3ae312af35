#include "compiler/model/time_step.hpp"

#include <cmath>
#include <sstream>

#include "compiler/model/nodes/node_type.hpp"

namespace spikeloom {
namespace {

constexpr double kSameDt = 1e-5;  // parameters are float32: 6e-8 each, several in a quotient
constexpr double kSnapDt = 1e-6;

bool near(double a, double b, double tolerance) { return std::abs(a - b) <= tolerance * std::abs(b); }

std::string number(double value) {
  std::ostringstream out;
  out.precision(6);
  out << value;
  return out.str();
}

struct Evidence {
  double dt = 0;
  std::string from;  ///< "tau/r of 'lif1'"
};

struct Evidences {
  std::vector<Evidence> list;  ///< every different value, first the first found
  bool any_neuron = false;
  bool incomplete = false;     ///< a node's r or time constants are not all there: a problem already
  bool steps_as_unit = false;  ///< r = 1 and tau >= 1: Sinabs counts time in steps
  std::string doubt;           ///< why a quotient found was not believed
};

void add(Evidences& evidences, double dt, const std::string& from) {
  if (!std::isfinite(dt) || dt <= 0) return;
  for (const Evidence& known : evidences.list) {
    if (near(dt, known.dt, kSameDt)) return;
  }
  evidences.list.push_back({dt, from});
}

void look_at(const FlatNode& node, Evidences& evidences) {
  if (!node.node->type->neuron->guess) return;  // without memory
  const StepGuess& guess = *node.node->type->neuron->guess;
  evidences.any_neuron = true;
  if (field(node, guess.r) == nullptr || (!guess.tau.empty() && field(node, guess.tau) == nullptr)) {
    evidences.incomplete = true;
    return;
  }
  const std::size_t count = node.out ? volume(*node.out) : 1;
  for (const std::string_view name : {guess.r, guess.tau, guess.tau_syn, guess.w_in}) {
    const NirArray* array = name.empty() ? nullptr : field(node, name);
    if (array != nullptr && array->values.size() != 1 && array->values.size() != count)
      evidences.incomplete = true;
  }
  if (evidences.incomplete) return;
  const Parameter r(node, guess.r);
  if (guess.tau.empty()) {
    for (std::size_t i = 0; i < count; ++i)
      add(evidences, 1 / r[i], "1/" + std::string(guess.r) + " of " + quote(node.name));
    return;
  }
  const std::string quotient =
      std::string(guess.tau) + "/" + std::string(guess.r) + " of " + quote(node.name);
  const Parameter tau(node, guess.tau);
  std::optional<Parameter> tau_syn, w_in;
  if (!guess.tau_syn.empty() && field(node, guess.tau_syn) != nullptr) {
    tau_syn.emplace(node, guess.tau_syn);
    w_in.emplace(node, guess.w_in);
  }
  for (std::size_t i = 0; i < count; ++i) {
    if (near(r[i], 1, kSameDt)) {
      evidences.steps_as_unit = evidences.steps_as_unit || tau[i] >= 1;
      continue;
    }
    const double dt = tau[i] / r[i];
    if (tau_syn && !near((*w_in)[i] * dt, (*tau_syn)[i], 1e-4)) {
      if (evidences.doubt.empty()) {
        evidences.doubt = quotient + " gives " + number(dt) + ", but w_in·dt/tau_syn is then " +
                          number((*w_in)[i] * dt / (*tau_syn)[i]) + " and not 1";
      }
      continue;
    }
    add(evidences, dt, quotient);
  }
}

std::string metadata_dt(const NirGraph& graph, double* value) {
  const auto found = graph.metadata.find("dt");
  if (found == graph.metadata.end()) return {};
  const auto* array = std::get_if<NirArray>(&found->second);
  if (array == nullptr || array->values.size() != 1) return {};
  *value = array->values.front();
  return "the file's metadata say dt = " + number(*value);
}

}  // namespace

double choose_dt(const NirGraph& graph, const FlatGraph& flat, const Semantics& semantics, Notes& notes,
                 Problems& problems) {
  Evidences evidences;
  for (const FlatNode& node : flat.nodes) {
    if (node.role == Role::kNeuron) look_at(node, evidences);
  }
  double stated = 0;
  const std::string metadata = metadata_dt(graph, &stated);
  const bool one = evidences.list.size() == 1;
  if (semantics.dt) {
    const double given = *semantics.dt;
    if (!std::isfinite(given) || given <= 0) {
      problems.add("dt: expected a positive number, found " + number(given));
      return 1;
    }
    if (!one) return given;
    const Evidence& guess = evidences.list.front();
    if (near(given, guess.dt, kSnapDt)) return guess.dt;
    notes.add("dt = " + number(given) + " is given; the parameters suggest " + number(guess.dt) + " (" +
              guess.from + ")");
    return given;
  }
  if (!evidences.any_neuron) {
    notes.add("dt = 1: no neuron depends on it");
    return 1;
  }
  if (one) {
    const Evidence& guess = evidences.list.front();
    notes.add("dt = " + number(guess.dt) + " guessed from " + guess.from + "; --dt overrides it");
    if (!metadata.empty() && !near(guess.dt, stated, 1e-3)) {
      notes.add("dt: " + metadata + ", the parameters " + number(guess.dt) +
                "; the parameters are used, --dt overrides them");
    }
    return guess.dt;
  }
  if (evidences.incomplete) return 1;
  std::string why;
  if (evidences.list.size() > 1) {
    why = evidences.list[0].from + " gives " + number(evidences.list[0].dt) + ", " + evidences.list[1].from +
          " gives " + number(evidences.list[1].dt);
  } else if (!evidences.doubt.empty()) {
    why = evidences.doubt;
  } else {
    why = "r = 1 says nothing about it";
    if (evidences.steps_as_unit)
      why += " (tau of 1 and more looks like time counted in steps, as Sinabs does: dt = 1)";
  }
  problems.add("dt is not in a NIR file and cannot be guessed: " + why + "; give --dt" +
               (metadata.empty() ? std::string() : "; " + metadata));
  return 1;
}

void check_time_constants(const FlatNode& node, Problems& problems) {
  for (const NodeField& listed : node.node->type->fields()) {
    if (listed.rule != NodeField::Rule::kTime) continue;
    const NirArray* array = field(node, listed.name);
    if (array == nullptr) continue;
    for (const double value : array->values) {
      if (value > 0) continue;
      problems.add(node.what() + ": field '" + std::string(listed.name) + "' holds " + number(value) +
                   ", expected a time greater than 0");
      break;
    }
  }
}

Population normal_form(const FlatNode& node, double dt, const Semantics& semantics, Problems& problems) {
  const NeuronForm& neuron = *node.node->type->neuron;
  Population population;
  population.name = node.name;
  population.kind = neuron.kind;
  population.shape = *node.out;
  population.reset =
      row_of(neuron.kind).is_memoryless ? Reset::kToValue : semantics.reset.value_or(Reset::kToValue);
  check_time_constants(node, problems);
  StepLength step{dt, semantics.integrator};
  neuron.coefficients(node, step, population);
  population.bias.assign(volume(population.shape), 0);
  if (step.coarse) {
    problems.add(node.what() + ": dt = " + number(dt) +
                 " is larger than a time constant, so forward Euler has no " +
                 "decay; give a smaller --dt or --integrator exponential");
  }
  return population;
}

}  // namespace spikeloom
