#include "compiler/model/interpret.hpp"

#include <algorithm>

#include "compiler/base/error.hpp"
#include "compiler/model/network_check.hpp"

namespace spikeloom {

Interpreter::Interpreter(const Network& network, Precision precision)
    : network_(&network), precision_(precision) {
  Problems problems;
  for (const std::string& broken : check(network)) problems.add(broken);
  problems.throw_if_any("network");
  inputs_.resize(network.inputs.size());
  states_.resize(network.populations.size());
  std::vector<std::size_t> input_depth(inputs_.size(), 1);
  std::vector<std::size_t> depth(states_.size(), 1);
  for (std::size_t p = 0; p < network.projections.size(); ++p) {
    const Projection& projection = network.projections[p];
    states_[projection.to.index()].inbound.push_back(p);
    const auto* input = std::get_if<InputId>(&projection.from);
    if (input == nullptr) states_[std::get<PopulationId>(projection.from).index()].is_source = true;
    std::size_t& needed = input != nullptr ? input_depth[input->index()]
                                           : depth[std::get<PopulationId>(projection.from).index()];
    needed = std::max(needed, std::size_t{projection.delay} + 1);
  }
  before_ = populations_before(network.populations);
  for (std::size_t i = 0; i < inputs_.size(); ++i) inputs_[i].ring.resize(input_depth[i]);
  for (std::size_t p = 0; p < states_.size(); ++p) {
    const std::size_t size = network.populations[p].size();
    states_[p].history.ring.resize(depth[p]);
    states_[p].i.resize(size);
    states_[p].v.resize(size);
    states_[p].sum.resize(size);
    states_[p].spikes.resize(size);
  }
  reset();
}

void Interpreter::reset() {
  now_ = 0;
  for (History& input : inputs_) {
    for (auto& events : input.ring) events.clear();
  }
  for (std::size_t p = 0; p < states_.size(); ++p) {
    State& state = states_[p];
    for (auto& events : state.history.ring) events.clear();
    std::fill(state.i.begin(), state.i.end(), 0.0);
    state.v = network_->populations[p].start;
    std::fill(state.spikes.begin(), state.spikes.end(), std::uint8_t{0});
  }
}

Interpreter::History& Interpreter::history(const Source& source) {
  if (const auto* input = std::get_if<InputId>(&source)) return inputs_[input->index()];
  return states_[std::get<PopulationId>(source).index()].history;
}

void Interpreter::step(std::span<const std::span<const double>> inputs) {
  if (inputs.size() != inputs_.size()) {
    throw input_error("the network has " + std::to_string(inputs_.size()) + " inputs, found " +
                      std::to_string(inputs.size()));
  }
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (inputs[i].size() != network_->inputs[i].size()) {
      throw input_error("input '" + network_->inputs[i].name + "' has " +
                        std::to_string(network_->inputs[i].size()) + " elements, found " +
                        std::to_string(inputs[i].size()));
    }
    auto& events = inputs_[i].ring[now_ % inputs_[i].ring.size()];
    events.clear();
    for (std::size_t n = 0; n < inputs[i].size(); ++n) {
      if (inputs[i][n] != 0) events.push_back({static_cast<std::uint32_t>(n), inputs[i][n]});
    }
  }
  for (std::size_t p = 0; p < states_.size(); ++p) update(p);
  ++now_;
}

void Interpreter::update(std::size_t p) {
  if (precision_ == Precision::kSingle) {
    update_as<float>(p);
  } else {
    update_as<double>(p);
  }
}

/// State is kept in doubles, which hold every float.
template <class Real>
void Interpreter::update_as(std::size_t p) {
  const auto real = [](double x) { return static_cast<Real>(x); };
  const Population& population = network_->populations[p];
  State& state = states_[p];
  std::transform(population.bias.begin(), population.bias.end(), state.sum.begin(), real);
  for (const std::size_t index : state.inbound) {
    const Projection& projection = network_->projections[index];
    if (now_ < projection.delay) continue;
    const auto& ring = history(projection.from).ring;
    for (const Event& event : ring[(now_ - projection.delay) % ring.size()]) {
      projection.form.row(event.index).each([&](std::uint32_t target, std::size_t weight) {
        double& sum = state.sum[target];
        sum = real(sum) + real(projection.weight[weight]) * real(event.value);
      });
    }
  }
  auto& sent = state.history.ring[now_ % state.history.ring.size()];
  sent.clear();
  // What a neuron goes on with: what the one before it in its membrane left.
  const State& before = states_[before_[p]];
  const std::size_t membranes = population.membranes(), last = before.v.size() - membranes;
  for (std::size_t n = 0; n < population.size(); ++n) {
    const double old_i = n < membranes ? before.i[last + n] : state.i[n - membranes];
    const double old_v = n < membranes ? before.v[last + n] : state.v[n - membranes];
    const Real i = real(population.alpha[n]) * real(old_i) + real(population.gain_i[n]) * real(state.sum[n]);
    Real v =
        real(population.beta[n]) * real(old_v) + real(population.gain_v[n]) * i + real(population.drive[n]);
    state.i[n] = i;
    state.v[n] = v;
    if (population.is_readout()) {
      if (state.is_source && v != 0) sent.push_back({static_cast<std::uint32_t>(n), v});
      continue;
    }
    const Real theta = real(population.theta[n]);
    if (population.reset == Reset::kSubtractLater && state.spikes[n] != 0) state.v[n] = v = Real(v - theta);
    const bool spike = population.fire == Fire::kAbove ? v > theta : v >= theta;
    state.spikes[n] = spike ? 1 : 0;
    if (!spike) continue;
    if (population.reset == Reset::kSubtract) state.v[n] = Real(v - theta);
    if (population.reset == Reset::kToValue) state.v[n] = real(population.v_reset[n]);
    sent.push_back({static_cast<std::uint32_t>(n), 1.0});
  }
}

void run(Interpreter& interpreter, std::span<const std::vector<double>> inputs, std::size_t steps,
         const Recorder& recorder) {
  const Network& network = interpreter.network();
  if (inputs.size() != network.inputs.size()) {
    throw input_error("the network has " + std::to_string(network.inputs.size()) + " inputs, found " +
                      std::to_string(inputs.size()));
  }
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (inputs[i].size() != steps * network.inputs[i].size()) {
      throw input_error("input '" + network.inputs[i].name + "': expected " + std::to_string(steps) +
                        " steps of " + std::to_string(network.inputs[i].size()) + " elements, found " +
                        std::to_string(inputs[i].size()) + " values");
    }
  }
  interpreter.reset();
  std::vector<std::span<const double>> now(inputs.size());
  for (std::size_t t = 0; t < steps; ++t) {
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      const std::size_t size = network.inputs[i].size();
      now[i] = std::span(inputs[i]).subspan(t * size, size);
    }
    interpreter.step(now);
    recorder(t, interpreter);
  }
}

Recording record(const Network& network, std::span<const std::vector<double>> inputs, std::size_t steps) {
  Interpreter interpreter(network);
  Recording recording;
  recording.spikes.resize(network.populations.size());
  recording.potential.resize(network.populations.size());
  run(interpreter, inputs, steps, [&](std::size_t, const Interpreter& now) {
    for (std::size_t p = 0; p < network.populations.size(); ++p) {
      const auto spikes = now.spikes(PopulationId(p));
      const auto potential = now.potential(PopulationId(p));
      recording.spikes[p].insert(recording.spikes[p].end(), spikes.begin(), spikes.end());
      recording.potential[p].insert(recording.potential[p].end(), potential.begin(), potential.end());
    }
  });
  return recording;
}

}  // namespace spikeloom
