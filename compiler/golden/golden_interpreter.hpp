// The integer network, run: the definition that every device must match bit for bit.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "compiler/golden/int_network.hpp"

namespace spikeloom {

/// One element of an input at one step.
struct InputValue {
  std::uint32_t element = 0;
  std::int32_t value = 1;
  friend bool operator==(const InputValue&, const InputValue&) = default;
};

/// One input's elements at one step: elements ascend, those left out are 0.
using InputStep = std::vector<InputValue>;

/// What one step did, or many.
struct StepStatistics {
  std::uint64_t input_spikes = 0;         ///< set planes of all input elements
  std::uint64_t spikes = 0;               ///< of the populations
  std::uint64_t synaptic_operations = 0;  ///< (spike, weight) pairs; every set plane counts
  std::uint64_t saturations = 0;          ///< values of i or v that were clipped to state_bits
  StepStatistics& operator+=(const StepStatistics& other);
  friend bool operator==(const StepStatistics&, const StepStatistics&) = default;
};

/// Runs an IntNetwork step by step, with the arithmetic that int_network.hpp states: sums are exact,
/// the update is in 64 bits, saturation is applied once to i and once to v.
///
/// Cost   a step: the rows of the spikes, and every neuron once.
/// Law    a projection of delay d carries nothing in a sample's first d steps.
class GoldenInterpreter {
 public:
  /// Keeps its own copy. Throws Error{kInput} when `check(network)` finds something.
  explicit GoldenInterpreter(const IntNetwork& network);

  /// Begins a sample: i = v = 0, nothing on its way. The statistics are kept.
  void reset();

  /// One time step of all populations, in order. Of a static input only a sample's first step counts.
  ///
  /// Shape   one entry per input of the network.
  /// Throws  Error{kInput} on an element that does not exist or stands out of order, or a value
  ///         outside the input's planes; nothing has changed then.
  StepStatistics step(std::span<const InputStep> inputs);

  /// Ascending neurons that spiked in the last step; empty for a readout.
  [[nodiscard]] std::span<const std::uint32_t> spikes(PopulationId id) const {
    return states_[id.index()].spikes;
  }
  /// Membranes as the population's own neurons left them in the last step (after reset by a spike); a
  /// readout's output. One a neuron; of shared neurons one a membrane, as the last group left it.
  [[nodiscard]] std::span<const std::int32_t> v(PopulationId id) const { return states_[id.index()].v; }
  /// Synaptic currents, likewise.
  [[nodiscard]] std::span<const std::int32_t> i(PopulationId id) const { return states_[id.index()].i; }
  /// Accumulated input `a` of the last step.
  [[nodiscard]] std::span<const std::int32_t> accumulated(PopulationId id) const {
    return states_[id.index()].a;
  }
  /// Of all steps since construction.
  [[nodiscard]] const StepStatistics& totals() const { return totals_; }
  [[nodiscard]] const IntNetwork& network() const { return network_; }

 private:
  struct State {
    std::vector<std::int32_t> a, i, v;
    std::vector<std::uint32_t> spikes;
  };
  /// The last steps of a source, a ring indexed by step modulo its length.
  using History = std::vector<InputStep>;

  void validate(std::span<const InputStep> inputs) const;
  void accumulate(std::size_t projection, StepStatistics& statistics);
  void update(std::size_t population, StepStatistics& statistics);
  [[nodiscard]] History& history(const Source& source);

  /// How a projection's rows are added.
  struct Rows {
    bool are_ranges = false;              ///< every row is one range of targets and of weights
    std::uint32_t planes = 1;             ///< of the source; 0: it hands on numbers, which is no operation
    std::vector<std::uint32_t> synapses;  ///< by source element
    /// Of a window of several output channels a group: its weights by input channel, tap and output channel
    /// within the group, and sums by position and output channel, all 0 between steps. Then the inner loop
    /// runs over channels that stand side by side.
    std::vector<std::int16_t> by_tap;
    std::vector<std::int32_t> wide;
  };
  [[nodiscard]] static Rows rows_of(const IntNetwork&, const IntProjection& projection);
  void accumulate_wide(const IntProjection& projection, Rows& rows, const InputStep& arrived);

  IntNetwork network_;
  std::vector<std::vector<std::size_t>> inbound_;  ///< projections by target population
  std::vector<Rows> rows_;                         ///< by projection
  std::vector<State> states_;
  /// By population: whose membranes it goes on with; itself where it shares them with no other.
  std::vector<std::size_t> before_;
  std::vector<std::uint8_t> is_source_;  ///< by population: some projection comes from it
  std::vector<History> input_history_, spike_history_;
  std::uint64_t step_ = 0;  ///< of the current sample
  StepStatistics totals_;
};

}  // namespace spikeloom
