#include "compiler/model/nodes/neurons.hpp"

#include <algorithm>
#include <cmath>

namespace spikeloom {
namespace {

constexpr double kSnapDecay = 1e-6;

bool is_neuron_field(const NodeField& field) { return field.rule != NodeField::Rule::kOwn; }

/// The decay of the potential, and its gain and drive at that decay.
struct Leak {
  double beta = 0, gain_v = 0, drive = 0;
};

Leak leak(StepLength& step, double tau, double r, double v_leak) {
  const double beta = step.decay(tau);
  const double pull = step.integrator == Integrator::kEuler ? step.dt / tau : 1 - beta;
  return {beta, step.gain(tau, r), pull * v_leak};
}

void add_leak(Population& population, const Leak& leak) {
  population.beta.push_back(leak.beta);
  population.gain_v.push_back(leak.gain_v);
  population.drive.push_back(leak.drive);
}

void no_current(Population& population, std::size_t count) {
  population.alpha.assign(count, 0);
  population.gain_i.assign(count, 1);
}

/// Threshold and reset of the fields that NIR's spiking neurons share.
void add_threshold(const FlatNode& node, std::size_t count, Population& population) {
  if (population.is_readout()) return;
  const Parameter theta(node, "v_threshold");
  const Parameter v_reset(node, "v_reset");
  for (std::size_t i = 0; i < count; ++i) {
    population.theta.push_back(theta[i]);
    population.v_reset.push_back(v_reset[i]);
  }
}

}  // namespace

double StepLength::decay(double tau) {
  if (!(tau > 0)) return 0.0;  // a problem already
  shortest = std::min(shortest, tau);
  endless = endless || std::isinf(tau);
  if (integrator != Integrator::kEuler) return std::exp(-dt / tau);
  const double value = 1 - dt / tau;
  return std::abs(value) < kSnapDecay ? 0.0 : value;
}

double StepLength::gain(double tau, double weight) const {
  if (std::isinf(weight)) return std::isinf(tau) ? 1 : weight;  // the other is a problem
  return (integrator == Integrator::kExact ? -std::expm1(-dt / tau) : dt / tau) * weight;
}

bool neuron_shape(FlatNode& node, Problems& problems) {
  const std::span<const NodeField> fields = node.node->type->fields();
  std::string first;
  bool complete = true;
  for (const NodeField& listed : fields) {
    if (!is_neuron_field(listed)) continue;
    const NirArray* array = field(node, listed.name);
    if (array == nullptr && listed.need == NodeField::Need::kRequired) complete = false;
    if (array == nullptr || array->shape.empty()) continue;
    if (!node.out || (!stretches(array->shape, *node.out) && stretches(*node.out, array->shape))) {
      node.in = node.out = array->shape;
      first = listed.name;
    }
  }
  if (!node.out) return complete;  // what is missing is a problem already
  bool agreed = true;
  for (const NodeField& listed : fields) {
    if (!is_neuron_field(listed)) continue;
    const NirArray* array = field(node, listed.name);
    if (array == nullptr || stretches(array->shape, *node.out)) continue;
    problems.add(node.what() + ": its field '" + std::string(listed.name) + "' has shape " +
                 to_string(array->shape) + ", expected " + to_string(*node.out) + " as '" + first + "'");
    agreed = false;
  }
  return agreed;
}

void leaky(const FlatNode& node, StepLength& step, Population& population) {
  const std::size_t count = volume(population.shape);
  const Parameter tau(node, "tau"), r(node, "r"), v_leak(node, "v_leak");
  no_current(population, count);
  for (std::size_t i = 0; i < count; ++i) add_leak(population, leak(step, tau[i], r[i], v_leak[i]));
  add_threshold(node, count, population);
}

void leaky_with_current(const FlatNode& node, StepLength& step, Population& population) {
  const std::size_t count = volume(population.shape);
  const Parameter tau(node, "tau_mem"), r(node, "r"), v_leak(node, "v_leak");
  const Parameter tau_syn(node, "tau_syn"), w_in(node, "w_in");
  for (std::size_t i = 0; i < count; ++i) {
    population.alpha.push_back(step.decay(tau_syn[i]));
    population.gain_i.push_back(step.gain(tau_syn[i], w_in[i]));
    add_leak(population, leak(step, tau[i], r[i], v_leak[i]));
  }
  add_threshold(node, count, population);
}

void integrating(const FlatNode& node, StepLength& step, Population& population) {
  const std::size_t count = volume(population.shape);
  const Parameter r(node, "r");
  no_current(population, count);
  for (std::size_t i = 0; i < count; ++i) add_leak(population, {1, step.dt * r[i], 0});
  add_threshold(node, count, population);
}

void memoryless(const FlatNode& node, StepLength&, Population& population) {
  const std::size_t count = volume(population.shape);
  const Parameter theta(node, "threshold");
  no_current(population, count);
  for (std::size_t i = 0; i < count; ++i) {
    add_leak(population, {0, 1, 0});
    population.theta.push_back(theta[i]);
    population.v_reset.push_back(0);
  }
}

}  // namespace spikeloom
