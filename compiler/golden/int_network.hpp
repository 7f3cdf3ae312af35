// The network in integers: what the chip computes, exactly. design: docs/architecture.md.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "compiler/linear/map_form.hpp"
#include "compiler/model/network.hpp"

namespace spikeloom {

/// A population in integers. Every vector has one entry per neuron, in NIR order. At every step
///   a  = Σ (w << shift) over the spikes that reach the neuron            exact, within acc_bits
///   i' = sat(decay(i, alpha) + (a << scale) + bias_i)
///   v' = sat(decay(v, beta) + i' + bias_v)
///   spike = v' > theta ; v = spike ? (sat(v' - v_reset) | v_reset) : v'  i = i'
///   decay(x, k) = trunc0(x·k / 4096)                                     towards zero
/// sat clips to state_bits (two's complement). i = v = 0 before a sample's first step. Firing at a threshold,
/// other ways to reset and other starts are these equations with other numbers (compiler/quantize/README.md).
///
/// Shared neurons (docs/shared-neurons.md): with `share` = n the neurons fall into n groups in NIR order, of
/// a map n groups of channels, which pass one after another through one set of membranes: neuron j has the
/// state (i, v) that the neuron j − membranes() of the same step left, those of the first group the state
/// that the last group of the step before left. A population with `membranes_of` goes on with that one's
/// membranes instead of its own; the populations that share them pass in their order.
struct IntPopulation {
  std::string name;
  NeuronKind kind = NeuronKind::kLif;
  Shape shape;
  Reset reset = Reset::kToValue;          ///< or kSubtract; no other
  std::uint32_t scale = 0;                ///< 0..15
  std::vector<std::int32_t> alpha, beta;  ///< 0..4096
  std::vector<std::int32_t> theta;        ///< unused by a readout
  std::vector<std::int32_t> v_reset;      ///< what v becomes, or what is taken from it; not of a readout
  std::vector<std::int32_t> bias_i, bias_v;
  double unit = 1;  ///< real potential of one integer unit of v; for reports and readouts only
  /// Neuron j's unit is unit·relative_unit[j]; empty: all 1, always so for a readout. For reports.
  std::vector<double> relative_unit;
  /// Of a readout, in units: what is added to neuron j's v before anyone looks at it. Empty: all 0.
  std::vector<std::int32_t> origin;
  std::uint32_t share = 1;                     ///< groups that pass through one set of membranes
  std::optional<PopulationId> membranes_of{};  ///< an earlier population; none: it has its own

  /// States (i, v) that its neurons pass through.
  [[nodiscard]] std::size_t membranes() const { return size() / share; }
  [[nodiscard]] bool shares() const { return share > 1 || membranes_of.has_value(); }
  [[nodiscard]] std::size_t size() const { return beta.size(); }
  [[nodiscard]] bool is_readout() const { return spikeloom::is_readout(kind); }
  /// Some alpha is not 0: the tile needs a synaptic state.
  [[nodiscard]] bool has_current() const;
};

/// A parameter of a population in integers: one number a neuron.
struct IntParameter {
  enum class Range {
    kDecay,  ///< 0..4096
    kState,  ///< within the state's bits
    kBias,   ///< the same; a chip may hold fewer bits of it (tile.bias_bits)
  };
  enum class Use { kAlways, kSpiking };  ///< of which populations the step reads it
  enum class Place {
    kSet,   ///< in a parameter set, which neurons share
    kWord,  ///< in a word of its own for each neuron
  };
  const char* name;  ///< in integer network files and messages
  std::vector<std::int32_t> IntPopulation::*values;
  Range range;
  Use use;
  Place place;
};

/// All parameters that differ by neuron. What reads, writes, checks or permutes them walks this list.
inline constexpr std::array<IntParameter, 6> kIntParameters{{
    {"alpha", &IntPopulation::alpha, IntParameter::Range::kDecay, IntParameter::Use::kAlways,
     IntParameter::Place::kSet},
    {"beta", &IntPopulation::beta, IntParameter::Range::kDecay, IntParameter::Use::kAlways,
     IntParameter::Place::kSet},
    {"bias_i", &IntPopulation::bias_i, IntParameter::Range::kBias, IntParameter::Use::kAlways,
     IntParameter::Place::kWord},
    {"bias_v", &IntPopulation::bias_v, IntParameter::Range::kState, IntParameter::Use::kAlways,
     IntParameter::Place::kSet},
    {"theta", &IntPopulation::theta, IntParameter::Range::kState, IntParameter::Use::kSpiking,
     IntParameter::Place::kSet},
    {"v_reset", &IntPopulation::v_reset, IntParameter::Range::kState, IntParameter::Use::kSpiking,
     IntParameter::Place::kSet},
}};

/// Whether the population has the parameter and its step reads it: a readout has no threshold and no reset.
[[nodiscard]] inline bool has(const IntPopulation& population, const IntParameter& parameter) {
  return parameter.use == IntParameter::Use::kAlways || !population.is_readout();
}

/// An input whose elements are bits (planes = 1, not signed) or integers as bit planes.
/// Element e's plane b is axon e·planes + b; it carries the weight w << b, and the top plane of a
/// signed input carries -(w << b). A value outside is an error, never clipped.
///
/// A *static* input is equal in every step of a sample. It comes in the first step alone, and whoever hears
/// it holds what it adds up to (compiler/flow/static_inputs.hpp): later steps of the data are not looked at.
struct IntInput {
  std::string name;
  Shape shape;
  std::uint32_t planes = 1;  ///< 1..16
  bool is_signed = false;
  double unit = 1;  ///< real value of the integer 1
  bool is_static = false;
  [[nodiscard]] std::size_t size() const { return volume(shape); }
  [[nodiscard]] std::size_t axons() const { return size() * planes; }
};

/// From source elements (not planes: planes share the row) to neurons. What a neuron of a spiking population
/// sends is 1 where it spiked; what one of a readout sends is its new potential, without its origin:
/// a += (w << shift)·v'.
struct IntProjection {
  std::string name;
  Source from;
  PopulationId to;
  std::uint32_t delay = 0;
  std::uint32_t bits = 8;   ///< 8, 4, 2 or 1; 1 means {-1,+1} only
  std::uint32_t shift = 0;  ///< every weight counts w << shift
  MapForm form;
  std::vector<std::int16_t> weight;  ///< by weight of the form, mantissas within `bits`; 0: no synapse
};

/// A readout's potentials go on as they are, neuron by neuron: one to one, each with the weight 1. So a sum
/// that was taken in parts goes on (compiler/flow/parts.hpp). Such weights are no synaptic operations.
[[nodiscard]] bool hands_on(const MapForm& form, const std::vector<std::int16_t>& weight,
                            std::uint32_t shift);

/// Synapses, those of weight 0 left out.
[[nodiscard]] std::uint64_t count_synapses(const IntProjection&);

struct IntNetwork {
  std::string name;
  std::uint32_t state_bits = 24;
  std::vector<IntInput> inputs;
  std::vector<IntPopulation> populations;  ///< delay-0 projections go forward
  std::vector<IntProjection> projections;
  std::vector<Output> outputs;
};

}  // namespace spikeloom
