// What a type of NIR node means. node_types.cpp holds one row a type; the reader, the shape inference, the
// composition of linear nodes and the elaboration look here and know no type by name.
// docs/adding-a-node.md walks through a new row.
#pragma once

#include <array>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "compiler/base/error.hpp"
#include "compiler/model/flat_graph.hpp"
#include "compiler/model/linear_map.hpp"
#include "compiler/model/nodes/neuron_kind.hpp"

namespace spikeloom {

/// A field that a node of the type may have in its file. What is not listed is not read.
struct NodeField {
  enum class Need { kRequired, kOptional };
  enum class Rule {
    kOwn,     ///< checked by the row's own functions
    kNeuron,  ///< one number a neuron (of other nodes: an element), or fewer that stretch to the node's shape
    kTime,    ///< the same, and a time constant: greater than 0; infinite where nothing decays
    kGain,    ///< the same, and infinite where its time constant is: then a gain of 1 a step is meant
  };
  std::string_view name;
  Need need = Need::kRequired;
  Rule rule = Rule::kOwn;
  double otherwise = 0;  ///< what holds where the file has none
};

/// Time in steps, for the functions that turn time constants into decays.
struct StepLength {
  double dt = 0;
  Integrator integrator = Integrator::kEuler;
  double shortest = std::numeric_limits<double>::infinity();  ///< time constant seen so far
  bool endless = false;                                       ///< some time constant was infinite

  /// The factor by which a state decays in a step; 0 for a time constant that is not greater than 0.
  [[nodiscard]] double decay(double tau);
  /// By what an input is multiplied: `weight`, which is r or w_in, times dt/tau, or as the integrator has it.
  /// 1 where both are infinite.
  [[nodiscard]] double gain(double tau, double weight) const;
};

/// Fields from which the time step can be guessed: tau / r, or 1 / r where `tau` is empty. With a `tau_syn`,
/// the guess is believed only where w_in·dt/tau_syn = 1.
struct StepGuess {
  std::string_view r;
  std::string_view tau = {};
  std::string_view tau_syn = {};
  std::string_view w_in = {};
};

/// How a node becomes a population.
struct NeuronForm {
  NeuronKind kind;
  /// Fills every parameter of the population but its biases, neuron by neuron.
  void (*coefficients)(const FlatNode& node, StepLength& step, Population& population);
  std::optional<StepGuess> guess = {};  ///< nothing for a node without memory
};

/// A row of the table. A function that is null has nothing to do for the type.
struct NodeType {
  std::string_view name;     ///< as NIR files spell it
  std::string_view meaning;  ///< a sentence for people
  Role role = Role::kUnknown;
  std::array<NodeField, 8> field_list = {};  ///< ends at the first without a name
  std::optional<NeuronForm> neuron = {};     ///< of Role::kNeuron only

  /// Sets `in` and `out` as far as the node's own fields tell them. False where the shape cannot be known:
  /// the reason is in `problems`, here or from the reader.
  bool (*shape)(FlatNode& node, Problems& problems) = nullptr;
  /// Sets `out` from `in`. Null: the two are equal, so a neighbour on either side tells the shape.
  bool (*output_shape)(FlatNode& node, Problems& problems) = nullptr;
  /// Sets `out` as another reading of the fields has it, for where what follows does not take the first
  /// one's; returns why there is another. Null, or nothing returned: there is none.
  std::optional<std::string> (*second_reading)(FlatNode& node) = nullptr;
  /// Says what cannot be done in steps of `dt`.
  void (*check_steps)(const FlatNode& node, double dt, Problems& problems) = nullptr;
  /// Of Role::kLinear: what leads into the node becomes what it sends on. Null: it passes its values on.
  void (*apply)(const FlatNode& node, double dt, AffineMap& map) = nullptr;

  [[nodiscard]] std::span<const NodeField> fields() const;
  /// Null where the type has no such field.
  [[nodiscard]] const NodeField* find_field(std::string_view field) const;
};

/// All rows, each name once.
[[nodiscard]] std::span<const NodeType> node_types();

// ---- for the functions of the rows ----

/// A field as the file has it, or stretched to the node's shape; null where it has none. The row must list
/// it.
[[nodiscard]] const NirArray* field(const FlatNode& node, std::string_view name);
/// What holds where the file has no such field. The row must list it.
[[nodiscard]] double otherwise(const FlatNode& node, std::string_view name);
/// The extents in a numeric field; a problem and nothing where it holds no extents.
[[nodiscard]] std::optional<Shape> extents(const FlatNode& node, std::string_view name, Problems& problems);

/// A parameter by neuron: a single number is every neuron's.
class Parameter {
 public:
  Parameter(const FlatNode& node, std::string_view name)
      : array_(field(node, name)), otherwise_(spikeloom::otherwise(node, name)) {}
  [[nodiscard]] double operator[](std::size_t i) const {
    if (array_ == nullptr) return otherwise_;
    return array_->values.size() == 1 ? array_->values.front() : array_->values.at(i);
  }

 private:
  const NirArray* array_;
  double otherwise_;
};

}  // namespace spikeloom
