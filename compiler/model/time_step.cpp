#include "compiler/model/time_step.hpp"

#include <cmath>
#include <limits>
#include <sstream>

namespace spikeloom {
namespace {

constexpr double kSameDt = 1e-5;  // parameters are float32: 6e-8 each, several in a quotient
constexpr double kSnapDt = 1e-6;
constexpr double kSnapDecay = 1e-6;

/// A parameter by neuron, scalars and single numbers repeated; `otherwise` where the field is absent.
class Parameter {
 public:
  Parameter(const FlatNode& node, const std::string& field, double otherwise)
      : array_(node.node->field(field)), otherwise_(otherwise) {}
  [[nodiscard]] double operator[](std::size_t i) const {
    if (array_ == nullptr) return otherwise_;
    return array_->values.size() == 1 ? array_->values.front() : array_->values.at(i);
  }

 private:
  const NirArray* array_;
  double otherwise_;
};

const char* tau_field(const FlatNode& node) {
  const bool cuba = node.node->type == NirType::kCubaLif || node.node->type == NirType::kCubaLi;
  return cuba ? "tau_mem" : "tau";
}

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
  if (node.node->type == NirType::kThreshold) return;  // without memory
  evidences.any_neuron = true;
  const bool is_if = node.node->type == NirType::kIf || node.node->type == NirType::kI;
  if (node.node->field("r") == nullptr || (!is_if && node.node->field(tau_field(node)) == nullptr)) {
    evidences.incomplete = true;
    return;
  }
  const std::size_t count = node.out ? volume(*node.out) : 1;
  for (const char* name : {"r", "tau", "tau_mem", "tau_syn", "w_in"}) {
    const NirArray* array = node.node->field(name);
    if (array != nullptr && array->values.size() != 1 && array->values.size() != count)
      evidences.incomplete = true;
  }
  if (evidences.incomplete) return;
  const Parameter r(node, "r", 1);
  const Parameter tau(node, tau_field(node), 0);
  const Parameter tau_syn(node, "tau_syn", 0);
  const Parameter w_in(node, "w_in", 1);
  const bool has_current = node.node->field("tau_syn") != nullptr;
  for (std::size_t i = 0; i < count; ++i) {
    if (is_if) {
      add(evidences, 1 / r[i], "1/r of " + quote(node.name));
      continue;
    }
    if (near(r[i], 1, kSameDt)) {
      evidences.steps_as_unit = evidences.steps_as_unit || tau[i] >= 1;
      continue;
    }
    const double dt = tau[i] / r[i];
    if (has_current && !near(w_in[i] * dt, tau_syn[i], 1e-4)) {
      if (evidences.doubt.empty()) {
        evidences.doubt = std::string(tau_field(node)) + "/r of " + quote(node.name) + " gives " +
                          number(dt) + ", but w_in·dt/tau_syn is then " + number(w_in[i] * dt / tau_syn[i]) +
                          " and not 1";
      }
      continue;
    }
    add(evidences, dt, std::string(tau_field(node)) + "/r of " + quote(node.name));
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
  for (const char* field : {"tau", "tau_mem", "tau_syn"}) {
    const NirArray* array = node.node->field(field);
    if (array == nullptr) continue;
    for (const double value : array->values) {
      if (value > 0) continue;
      problems.add(node.what() + ": field '" + field + "' holds " + number(value) +
                   ", expected a time greater than 0");
      break;
    }
  }
}

Population normal_form(const FlatNode& node, double dt, const Semantics& semantics, Problems& problems) {
  Population population;
  population.name = node.name;
  population.shape = *node.out;
  population.reset = semantics.reset.value_or(Reset::kToValue);
  const NirType type = node.node->type;
  const bool cuba = type == NirType::kCubaLif || type == NirType::kCubaLi;
  if (type == NirType::kThreshold) population.reset = Reset::kToValue;
  switch (type) {
    case NirType::kLif:
      population.kind = NeuronKind::kLif;
      break;
    case NirType::kCubaLif:
      population.kind = NeuronKind::kCubaLif;
      break;
    case NirType::kIf:
      population.kind = NeuronKind::kIf;
      break;
    case NirType::kLi:
      population.kind = NeuronKind::kLi;
      break;
    case NirType::kI:
      population.kind = NeuronKind::kI;
      break;
    case NirType::kThreshold:
      population.kind = NeuronKind::kThreshold;
      break;
    default:
      population.kind = NeuronKind::kCubaLi;
      break;
  }
  check_time_constants(node, problems);
  bool coarse = false;
  const auto decay = [&](double tau) {
    if (!(tau > 0)) return 0.0;  // a problem already
    if (semantics.integrator == Integrator::kExponential) return std::exp(-dt / tau);
    const double value = 1 - dt / tau;
    if (std::abs(value) < kSnapDecay) return 0.0;
    coarse = coarse || value < 0;
    return value;
  };
  const Parameter tau(node, tau_field(node), 1);
  const Parameter tau_syn(node, "tau_syn", 1);
  const Parameter r(node, "r", 1);
  const Parameter w_in(node, "w_in", 1);
  const Parameter v_leak(node, "v_leak", 0);
  const Parameter v_threshold(node, type == NirType::kThreshold ? "threshold" : "v_threshold",
                              std::numeric_limits<double>::max());
  const Parameter v_reset(node, "v_reset", 0);
  const std::size_t count = volume(population.shape);
  population.bias.assign(count, 0);
  for (std::size_t i = 0; i < count; ++i) {
    population.alpha.push_back(cuba ? decay(tau_syn[i]) : 0);
    population.gain_i.push_back(cuba ? dt / tau_syn[i] * w_in[i] : 1);
    if (type == NirType::kThreshold) {
      population.beta.push_back(0);
      population.gain_v.push_back(1);
      population.drive.push_back(0);
    } else if (type == NirType::kIf || type == NirType::kI) {
      population.beta.push_back(1);
      population.gain_v.push_back(dt * r[i]);
      population.drive.push_back(0);
    } else {
      population.beta.push_back(decay(tau[i]));
      population.gain_v.push_back(dt / tau[i] * r[i]);
      const double pull =
          semantics.integrator == Integrator::kEuler ? dt / tau[i] : 1 - population.beta.back();
      population.drive.push_back(pull * v_leak[i]);
    }
    if (!population.is_readout()) {
      population.theta.push_back(v_threshold[i]);
      population.v_reset.push_back(v_reset[i]);
    }
  }
  if (coarse) {
    problems.add(node.what() + ": dt = " + number(dt) +
                 " is larger than a time constant, so forward Euler has no " +
                 "decay; give a smaller --dt or --integrator exponential");
  }
  return population;
}

}  // namespace spikeloom
