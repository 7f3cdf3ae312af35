#include "compiler/golden/golden_interpreter.hpp"

#include <algorithm>
#include <bit>
#include <string>

#include "compiler/base/error.hpp"
#include "compiler/golden/check.hpp"
#include "compiler/golden/neuron_step.hpp"

namespace spikeloom {

namespace {

/// Number of planes that are set in a value: its axons' spikes.
std::uint64_t planes_set(std::int32_t value, std::uint32_t planes) {
  const std::uint32_t mask = (std::uint32_t{1} << planes) - 1;
  return static_cast<std::uint64_t>(std::popcount(static_cast<std::uint32_t>(value) & mask));
}

/// Every row is one unbroken range of targets (dense layers, and rows with one entry or none).
bool rows_are_ranges(const IntProjection& projection) {
  for (std::size_t s = 0; s + 1 < projection.row_begin.size(); ++s) {
    const std::size_t begin = projection.row_begin[s];
    const std::size_t end = projection.row_begin[s + 1];
    if (end > begin && projection.target[end - 1] - projection.target[begin] != end - begin - 1) return false;
  }
  return true;
}

}  // namespace

StepStatistics& StepStatistics::operator+=(const StepStatistics& other) {
  input_spikes += other.input_spikes;
  spikes += other.spikes;
  synaptic_operations += other.synaptic_operations;
  saturations += other.saturations;
  return *this;
}

GoldenInterpreter::GoldenInterpreter(const IntNetwork& network) : network_(network) {
  check(network_).throw_if_any("integer network '" + network_.name + "'");
  inbound_.resize(network_.populations.size());
  states_.resize(network_.populations.size());
  std::vector<std::size_t> input_depth(network_.inputs.size(), 1);
  std::vector<std::size_t> spike_depth(network_.populations.size(), 1);
  for (std::size_t p = 0; p < network_.projections.size(); ++p) {
    const IntProjection& projection = network_.projections[p];
    inbound_[projection.to.index()].push_back(p);
    contiguous_.push_back(rows_are_ranges(projection));
    const auto* input = std::get_if<InputId>(&projection.from);
    std::size_t& depth = input != nullptr ? input_depth[input->index()]
                                          : spike_depth[std::get<PopulationId>(projection.from).index()];
    depth = std::max<std::size_t>(depth, projection.delay + 1);
  }
  for (const std::size_t depth : input_depth) input_history_.emplace_back(depth);
  for (const std::size_t depth : spike_depth) spike_history_.emplace_back(depth);
  for (std::size_t p = 0; p < states_.size(); ++p) states_[p].a.assign(network_.populations[p].size(), 0);
  reset();
}

void GoldenInterpreter::reset() {
  step_ = 0;
  for (State& state : states_) {
    std::fill(state.a.begin(), state.a.end(), 0);
    state.i.assign(state.a.size(), 0);
    state.v.assign(state.a.size(), 0);
    state.spikes.clear();
  }
}

GoldenInterpreter::History& GoldenInterpreter::history(const Source& source) {
  if (const auto* input = std::get_if<InputId>(&source)) return input_history_[input->index()];
  return spike_history_[std::get<PopulationId>(source).index()];
}

void GoldenInterpreter::validate(std::span<const InputStep> inputs) const {
  if (inputs.size() != network_.inputs.size()) {
    throw input_error("a step: expected values for " + std::to_string(network_.inputs.size()) +
                      " inputs, found " + std::to_string(inputs.size()));
  }
  for (std::size_t n = 0; n < inputs.size(); ++n) {
    const IntInput& input = network_.inputs[n];
    const auto [low, high] = value_range(input);
    const std::size_t size = input.size();
    const auto refuse = [&](const std::string& text) {
      throw input_error("input '" + input.name + "', step " + std::to_string(step_) + ": " + text);
    };
    std::int64_t previous = -1;
    for (const auto& [element, value] : inputs[n]) {
      const std::string name = "element " + std::to_string(element);
      if (element >= size) refuse(name + ": the input has " + std::to_string(size) + " elements");
      if (element <= previous)
        refuse(name + ": elements must ascend; add up what falls on one element first");
      if (value < low || value > high) {
        refuse(name + ": expected a value of " + std::to_string(low) + " to " + std::to_string(high) + " (" +
               std::to_string(input.planes) + (input.is_signed ? " signed" : "") + " bit planes), found " +
               std::to_string(value) +
               (value < 0 && !input.is_signed
                    ? "; planes that hold negative values would do (--signed, --planes)"
                    : "; more planes would hold it (--planes)"));
      }
      previous = element;
    }
  }
}

void GoldenInterpreter::accumulate(std::size_t index, StepStatistics& statistics) {
  const IntProjection& projection = network_.projections[index];
  if (step_ < projection.delay) return;
  const History& past = history(projection.from);
  const InputStep& arrived = past[(step_ - projection.delay) % past.size()];
  const auto* input = std::get_if<InputId>(&projection.from);
  const std::uint32_t planes = input != nullptr ? network_.inputs[input->index()].planes : 1;
  std::int32_t* const sum = states_[projection.to.index()].a.data();
  const std::uint32_t* const targets = projection.target.data();
  const std::int16_t* const weights = projection.weight.data();
  for (const auto& [element, value] : arrived) {
    const std::size_t begin = projection.row_begin[element];
    const std::size_t count = projection.row_begin[element + 1] - begin;
    if (count == 0 || value == 0) continue;
    // check() has shown that every sum, in any order, fits into 32 bits.
    const std::int32_t factor = value * (1 << projection.shift);
    const std::int16_t* const row = weights + begin;
    if (contiguous_[index] && value == 1) {
      // Spikes into a dense layer, nearly all of the work: a shift is quicker than a product.
      std::int32_t* const first = sum + targets[begin];
      const std::uint32_t shift = projection.shift;
      for (std::size_t k = 0; k < count; ++k) first[k] += std::int32_t{row[k]} << shift;
    } else if (contiguous_[index]) {
      std::int32_t* const first = sum + targets[begin];
      for (std::size_t k = 0; k < count; ++k) first[k] += row[k] * factor;
    } else {
      for (std::size_t k = 0; k < count; ++k) sum[targets[begin + k]] += row[k] * factor;
    }
    statistics.synaptic_operations += planes_set(value, planes) * count;
  }
}

void GoldenInterpreter::update(std::size_t index, StepStatistics& statistics) {
  const IntPopulation& population = network_.populations[index];
  State& state = states_[index];
  const auto [low, high] = state_range(network_.state_bits);
  IntegerArithmetic arithmetic{low, high};
  const bool fires = !population.is_readout();
  state.spikes.clear();
  for (std::size_t j = 0; j < state.v.size(); ++j) {
    const std::int64_t input = std::int64_t{state.a[j]} * (std::int64_t{1} << population.scale);
    StepState<std::int64_t> now =
        next_state(arithmetic, StepState<std::int64_t>{state.i[j], state.v[j]}, population.alpha[j],
                   population.beta[j], input + population.bias_i[j], std::int64_t{population.bias_v[j]});
    if (fires && spike_and_reset(arithmetic, now.v, std::int64_t{population.theta[j]},
                                 std::int64_t{population.v_reset[j]}, population.reset == Reset::kSubtract))
      state.spikes.push_back(static_cast<std::uint32_t>(j));
    state.i[j] = static_cast<std::int32_t>(now.i);
    state.v[j] = static_cast<std::int32_t>(now.v);
  }
  statistics.spikes += state.spikes.size();
  statistics.saturations += arithmetic.clipped;
}

StepStatistics GoldenInterpreter::step(std::span<const InputStep> inputs) {
  validate(inputs);
  StepStatistics statistics;
  for (std::size_t n = 0; n < inputs.size(); ++n) {
    input_history_[n][step_ % input_history_[n].size()] = inputs[n];
    for (const InputValue& value : inputs[n]) {
      statistics.input_spikes += planes_set(value.value, network_.inputs[n].planes);
    }
  }
  for (std::size_t p = 0; p < states_.size(); ++p) {
    std::fill(states_[p].a.begin(), states_[p].a.end(), 0);
    for (const std::size_t projection : inbound_[p]) accumulate(projection, statistics);
    update(p, statistics);
    InputStep& now = spike_history_[p][step_ % spike_history_[p].size()];
    now.clear();
    for (const std::uint32_t neuron : states_[p].spikes) now.push_back({neuron, 1});
  }
  ++step_;
  totals_ += statistics;
  return statistics;
}

}  // namespace spikeloom
