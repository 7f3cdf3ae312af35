// The trained network in real numbers, after dt and the other semantics were chosen: the value that
// the NIR reader hands on, the float interpreter runs and the quantiser reads.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <spikeloom/compile_options.hpp>

#include "compiler/base/ids.hpp"
#include "compiler/linear/map_form.hpp"
#include "compiler/model/nodes/neuron_kind.hpp"

namespace spikeloom {

using InputId = Id<struct InputTag>;
using Shape = std::vector<std::size_t>;  ///< without batch and time; row-major, C,H,W

/// Number of elements; 1 for a scalar's empty shape.
[[nodiscard]] std::size_t volume(const Shape& shape);

/// A population in normal form. Every vector has one entry per neuron, in NIR order. At every step
///   i' = alpha·i + gain_i·(Σ w·x + bias)        x: spikes, values, or the potential v of a readout
///   v' = beta·v + gain_v·i' + drive - late      the NEW current (facts: snnTorch, Norse, the chip)
///   spike = v' > theta | v' >= theta            by `fire`; never for a readout
///   v = spike ? (v_reset | v' - theta | v') : v'    by `reset`
/// where late = theta with kSubtractLater in the step after a spike, else 0; i = 0 and v = start before the
/// first step of a sample. All but CubaLIF and CubaLI: alpha = 0, gain_i = 1.
struct Population {
  std::string name;  ///< the NIR node's, with "/" between nested graphs' names
  NeuronKind kind = NeuronKind::kLif;
  Shape shape;
  Reset reset = Reset::kToValue;
  Fire fire = Fire::kAbove;
  std::vector<double> alpha, gain_i, bias;
  std::vector<double> beta, gain_v, drive, start;
  std::vector<double> theta, v_reset;  ///< unused by a readout
  /// Shared neurons, as in IntPopulation: groups that pass one after another through one set of membranes,
  /// and whose membranes these are.
  std::uint32_t share = 1;
  std::optional<PopulationId> membranes_of{};

  [[nodiscard]] std::size_t membranes() const { return size() / share; }
  [[nodiscard]] bool shares() const { return share > 1 || membranes_of.has_value(); }
  [[nodiscard]] std::size_t size() const { return beta.size(); }
  [[nodiscard]] bool is_readout() const { return spikeloom::is_readout(kind); }
};

/// A parameter of a population: one number a neuron.
struct RealParameter {
  const char* name;
  std::vector<double> Population::*values;
  bool of_readouts;  ///< a readout has it too
  double neutral;    ///< what it is in a neuron that shows each step's sum unchanged
};

/// All parameters. What reads, checks, prints or permutes them walks this list.
inline constexpr std::array<RealParameter, 9> kRealParameters{{
    {"alpha", &Population::alpha, true, 0},
    {"gain_i", &Population::gain_i, true, 1},
    {"bias", &Population::bias, true, 0},
    {"beta", &Population::beta, true, 0},
    {"gain_v", &Population::gain_v, true, 1},
    {"drive", &Population::drive, true, 0},
    {"start", &Population::start, true, 0},
    {"theta", &Population::theta, false, 0},
    {"v_reset", &Population::v_reset, false, 0},
}};

struct Input {
  std::string name;
  Shape shape;
  [[nodiscard]] std::size_t size() const { return volume(shape); }
};

/// Where spikes or values come from.
using Source = std::variant<InputId, PopulationId>;

/// Weights from a source to a population, every linear node between them composed into one.
struct Projection {
  std::string name;  ///< the linear nodes' names joined by "+"; "identity" where there was none
  Source from;
  PopulationId to;
  std::uint32_t delay = 0;     ///< steps; 0 only on edges that lie on no cycle of delays 0
  MapForm form;                ///< from source neurons to neurons
  std::vector<double> weight;  ///< by weight of the form; 0: no synapse
};

struct Output {
  std::string name;
  Shape shape;
  PopulationId from;
};

/// Populations stand in an order in which every delay-0 projection goes forward.
/// By population: whose membranes it goes on with. Those that share pass in a circle, the first one goes on
/// with what the last one left a step before; who shares with no other goes on with its own.
template <class AnyPopulation>
[[nodiscard]] std::vector<std::size_t> populations_before(const std::vector<AnyPopulation>& populations) {
  std::vector<std::size_t> before, last;
  for (std::size_t p = 0; p < populations.size(); ++p) {
    last.push_back(p);
    before.push_back(p);
    if (const auto& owner = populations[p].membranes_of) before[p] = std::exchange(last[owner->index()], p);
  }
  for (std::size_t p = 0; p < populations.size(); ++p)
    if (!populations[p].membranes_of) before[p] = last[p];
  return before;
}

struct Network {
  std::string name;
  double dt = 0;  ///< seconds (or the file's own unit of time)
  std::vector<Input> inputs;
  std::vector<Population> populations;
  std::vector<Projection> projections;
  std::vector<Output> outputs;
};

}  // namespace spikeloom
