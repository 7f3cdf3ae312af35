#include "compiler/golden/golden_interpreter.hpp"

#include <algorithm>
#include <bit>
#include <string>

#include "compiler/base/error.hpp"
#include "compiler/golden/accumulator.hpp"
#include "compiler/golden/check.hpp"
#include "compiler/golden/neuron_step.hpp"
#include "compiler/linear/sums.hpp"

namespace spikeloom {

namespace {

/// Number of planes that are set in a value: its axons' spikes.
std::uint64_t planes_set(std::int32_t value, std::uint32_t planes) {
  const std::uint64_t mask = (std::uint64_t{1} << planes) - 1;
  return static_cast<std::uint64_t>(std::popcount(static_cast<std::uint32_t>(value) & mask));
}

/// Output channels of a group from which on they are worth a loop of their own.
constexpr std::uint32_t kWideChannels = 4;

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
  is_source_.resize(network_.populations.size(), 0);
  std::vector<std::size_t> input_depth(network_.inputs.size(), 1);
  std::vector<std::size_t> spike_depth(network_.populations.size(), 1);
  for (std::size_t p = 0; p < network_.projections.size(); ++p) {
    const IntProjection& projection = network_.projections[p];
    inbound_[projection.to.index()].push_back(p);
    rows_.push_back(rows_of(network_, projection));
    const auto* input = std::get_if<InputId>(&projection.from);
    if (input == nullptr) is_source_[std::get<PopulationId>(projection.from).index()] = 1;
    std::size_t& depth = input != nullptr ? input_depth[input->index()]
                                          : spike_depth[std::get<PopulationId>(projection.from).index()];
    depth = std::max<std::size_t>(depth, projection.delay + 1);
  }
  for (const std::size_t depth : input_depth) input_history_.emplace_back(depth);
  for (const std::size_t depth : spike_depth) spike_history_.emplace_back(depth);
  for (std::size_t p = 0; p < states_.size(); ++p) states_[p].a.assign(network_.populations[p].size(), 0);
  before_ = populations_before(network_.populations);
  reset();
}

void GoldenInterpreter::reset() {
  step_ = 0;
  for (std::size_t p = 0; p < states_.size(); ++p) {
    State& state = states_[p];
    std::fill(state.a.begin(), state.a.end(), 0);
    state.i.assign(network_.populations[p].membranes(), 0);
    state.v.assign(network_.populations[p].membranes(), 0);
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
  Rows& rows = rows_[index];
  std::size_t operations = 0;  // without regard to planes
  for (const auto& [element, value] : arrived) {
    statistics.synaptic_operations += planes_set(value, rows.planes) * rows.synapses[element];
    operations += rows.synapses[element];
  }
  std::vector<std::int32_t>& sums = states_[projection.to.index()].a;
  if (!rows.by_tap.empty() && operations > sums.size()) return accumulate_wide(projection, rows, arrived);
  std::int32_t* const sum = sums.data();
  const std::int16_t* const weights = projection.weight.data();
  for (const auto& [element, value] : arrived) {
    if (rows.synapses[element] == 0 || value == 0) continue;
    const MapRow row = projection.form.row(element);
    // check() has shown that every sum, in any order, fits into 32 bits.
    const std::int32_t factor = value * (1 << projection.shift);
    if (rows.are_ranges) {
      std::int32_t* const first = sum + row.target_at(0);
      const std::int16_t* const weight = weights + row.first_weight;
      if (value == 1) {
        // Spikes into a dense layer, nearly all of the work: a shift is quicker than a product.
        const std::uint32_t shift = projection.shift;
        for (std::size_t k = 0; k < row.count; ++k) first[k] += std::int32_t{weight[k]} << shift;
      } else {
        for (std::size_t k = 0; k < row.count; ++k) first[k] += weight[k] * factor;
      }
    } else {
      row.each([&](std::uint32_t target, std::size_t weight) { sum[target] += weights[weight] * factor; });
    }
  }
}

GoldenInterpreter::Rows GoldenInterpreter::rows_of(const IntNetwork& network,
                                                   const IntProjection& projection) {
  const MapForm& form = projection.form;
  Rows rows;
  const auto* input = std::get_if<InputId>(&projection.from);
  if (input != nullptr)
    rows.planes = network.inputs[input->index()].planes;
  else if (const auto from = std::get<PopulationId>(projection.from);
           network.populations[from.index()].is_readout())
    rows.planes = hands_on(form, projection.weight, projection.shift) ? 0 : potential_planes(network, from);
  rows.are_ranges = true;
  for (std::size_t s = 0; s < form.sources() && rows.are_ranges; ++s)
    rows.are_ranges = form.row(s).is_range();
  for (const std::int64_t size : row_sizes(form, projection.weight))
    rows.synapses.push_back(static_cast<std::uint32_t>(size));
  const auto* window = form.as<WindowMap>();
  if (window == nullptr || window->outer() < kWideChannels) return rows;
  const std::size_t inner = window->inner(), outer = window->outer(), taps = window->taps();
  for (std::size_t i = 0; i < window->inputs; ++i)
    for (std::size_t tap = 0; tap < taps; ++tap)
      for (std::size_t o = i / inner * outer; o < (i / inner + 1) * outer; ++o)
        rows.by_tap.push_back(projection.weight[(o * inner + i % inner) * taps + tap]);
  rows.wide.assign(form.targets(), 0);
  return rows;
}

void GoldenInterpreter::accumulate_wide(const IntProjection& projection, Rows& rows,
                                        const InputStep& arrived) {
  const MapForm& form = projection.form;
  const WindowMap& window = *form.as<WindowMap>();
  const std::size_t inner = window.inner(), outer = window.outer(), taps = window.taps();
  const std::size_t area = window.out_area(), outputs = window.outputs;
  for (const auto& [element, value] : arrived) {
    if (rows.synapses[element] == 0 || value == 0) continue;
    const std::int32_t factor = value * (1 << projection.shift);
    const std::size_t i = form.leaf_source(element) / window.in_area();
    const std::size_t first_output = i / inner * outer;
    const MapRow row = form.row(element);
    for (std::size_t k = 0; k < row.count / outer; ++k) {  // the entries of the group's first channel
      const std::size_t at = row.target_at(k) - first_output * area;
      const std::int16_t* const weight = rows.by_tap.data() + (i * taps + row.weight[k]) * outer;
      std::int32_t* const sum = rows.wide.data() + at * outputs + first_output;
      for (std::size_t o = 0; o < outer; ++o) sum[o] += weight[o] * factor;
    }
  }
  std::int32_t* const sums = states_[projection.to.index()].a.data();
  for (std::size_t at = 0; at < area; ++at)
    for (std::size_t o = 0; o < outputs; ++o) sums[o * area + at] += rows.wide[at * outputs + o];
  std::fill(rows.wide.begin(), rows.wide.end(), 0);
}

void GoldenInterpreter::update(std::size_t index, StepStatistics& statistics) {
  const IntPopulation& population = network_.populations[index];
  State& state = states_[index];
  const auto [low, high] = state_range(network_.state_bits);
  IntegerArithmetic arithmetic{low, high};
  const bool fires = !population.is_readout();
  state.spikes.clear();
  if (before_[index] != index) {
    state.i = states_[before_[index]].i;
    state.v = states_[before_[index]].v;
  }
  // Neurons of one membrane come by rising index, group by group.
  std::size_t at = 0;
  for (std::size_t j = 0; j < state.a.size(); ++j) {
    const std::int64_t input = std::int64_t{state.a[j]} * (std::int64_t{1} << population.scale);
    StepState<std::int64_t> now =
        next_state(arithmetic, StepState<std::int64_t>{state.i[at], state.v[at]}, population.alpha[j],
                   population.beta[j], input + population.bias_i[j], std::int64_t{population.bias_v[j]});
    if (fires && spike_and_reset(arithmetic, now.v, std::int64_t{population.theta[j]},
                                 std::int64_t{population.v_reset[j]}, population.reset == Reset::kSubtract))
      state.spikes.push_back(static_cast<std::uint32_t>(j));
    state.i[at] = static_cast<std::int32_t>(now.i);
    state.v[at] = static_cast<std::int32_t>(now.v);
    if (++at == state.v.size()) at = 0;
  }
  statistics.spikes += state.spikes.size();
  statistics.saturations += arithmetic.clipped;
}

StepStatistics GoldenInterpreter::step(std::span<const InputStep> inputs) {
  validate(inputs);
  StepStatistics statistics;
  for (std::size_t n = 0; n < inputs.size(); ++n) {
    InputStep& now = input_history_[n][step_ % input_history_[n].size()];
    now.clear();
    if (network_.inputs[n].is_static && step_ > 0) continue;
    now = inputs[n];
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
    if (network_.populations[p].is_readout() && is_source_[p] != 0)
      for (std::uint32_t neuron = 0; neuron < states_[p].v.size(); ++neuron)
        if (states_[p].v[neuron] != 0) now.push_back({neuron, states_[p].v[neuron]});
  }
  ++step_;
  totals_ += statistics;
  return statistics;
}

}  // namespace spikeloom
