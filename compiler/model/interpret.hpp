// What a network means, in double precision: the reference for everything that is integer later.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "compiler/model/network.hpp"

namespace spikeloom {

/// The arithmetic of every sum and product. kSingle rounds each result to a 32-bit float, as the
/// frameworks that recorded traces do: it decides spikes within their rounding error of the threshold.
enum class Precision { kDouble, kSingle };

/// Runs a network step by step. Work is proportional to what is not 0: an input of 0 and a neuron
/// that does not spike cost nothing but their own update.
///
/// Lifetime  the network must outlive the interpreter.
/// Order     sums are taken over projections in the network's order, then over sources, so results
///           are the same bits on every machine with IEEE doubles.
class Interpreter {
 public:
  /// Throws Error{kInput} when the network breaks a promise of `check`.
  explicit Interpreter(const Network& network, Precision precision = Precision::kDouble);

  /// Before a sample: potentials back to their start, currents and everything on its way back to 0.
  void reset();

  /// One step. `inputs` has one span per Input, in order, each of the Input's size.
  /// Throws Error{kInput} when a size is wrong.
  void step(std::span<const std::span<const double>> inputs);

  /// Spikes of the last step, 0 or 1 per neuron; all 0 for a readout.
  [[nodiscard]] std::span<const std::uint8_t> spikes(PopulationId id) const { return state(id).spikes; }
  /// Potential as each neuron left it in the last step, after its reset; of a readout the value that is read
  /// out.
  [[nodiscard]] std::span<const double> potential(PopulationId id) const { return state(id).v; }
  [[nodiscard]] std::span<const double> current(PopulationId id) const { return state(id).i; }
  [[nodiscard]] const Network& network() const { return *network_; }

 private:
  struct Event {
    std::uint32_t index;
    double value;
  };
  /// What a source sent in the last steps, newest at `now_ % depth`.
  struct History {
    std::vector<std::vector<Event>> ring;
  };
  struct State {
    std::vector<double> i, v, sum;
    std::vector<std::uint8_t> spikes;
    std::vector<std::size_t> inbound;  ///< projections, by index
    History history;
    bool is_source = false;  ///< some projection comes from it
  };

  [[nodiscard]] const State& state(PopulationId id) const { return states_.at(id.index()); }
  [[nodiscard]] History& history(const Source& source);
  void update(std::size_t population);
  template <class Real>
  void update_as(std::size_t population);

  const Network* network_;
  Precision precision_;
  std::vector<State> states_;
  std::vector<std::size_t> before_;  ///< by population: whose membranes it goes on with
  std::vector<History> inputs_;
  std::size_t now_ = 0;
};

/// Called after each step.
using Recorder = std::function<void(std::size_t step, const Interpreter& interpreter)>;

/// One sample from a fresh state. `inputs` has one vector per Input: steps × its size, time first.
/// Throws  Error{kInput} when a size is wrong.
void run(Interpreter& interpreter, std::span<const std::vector<double>> inputs, std::size_t steps,
         const Recorder& recorder);

/// Everything of one sample; element t·size + n.
struct Recording {
  std::vector<std::vector<std::uint8_t>> spikes;  ///< by population
  std::vector<std::vector<double>> potential;     ///< by population
};

[[nodiscard]] Recording record(const Network& network, std::span<const std::vector<double>> inputs,
                               std::size_t steps);

}  // namespace spikeloom
