// A NIR graph without nested graphs and with the shape of every signal: the step between NirGraph
// and Network. Used by elaborate only.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "compiler/model/elaborate.hpp"
#include "compiler/model/nir.hpp"

namespace spikeloom {

struct FlatNode {
  std::string name;  ///< "outer/inner"
  const NirNode* node = nullptr;
  Role role = Role::kUnknown;
  std::optional<Shape> in, out;            ///< empty where they could not be found
  std::vector<std::size_t> before, after;  ///< neighbours, ascending
  /// Fields whose numbers hold for more elements than they are, repeated to the shape of the node.
  std::map<std::string, NirArray> stretched;

  /// "node 'x' (LIF)", the start of every message.
  [[nodiscard]] std::string what() const { return "node " + quote(name) + " (" + node->type_name + ")"; }
  /// A neuron without a threshold.
  [[nodiscard]] bool is_readout() const;
  /// Passes its values on unchanged.
  [[nodiscard]] bool is_reshape() const;
};

/// The readout that alone leads into a Threshold, without anything between: the two are one neuron, which is
/// never reset. Nothing for any other node.
[[nodiscard]] std::optional<std::size_t> integrator_of(const std::vector<FlatNode>& nodes, std::size_t n);

/// Nodes in order of their names, so that indices do not depend on the order of edges.
struct FlatGraph {
  std::vector<FlatNode> nodes;
};

/// Flattens and checks the structure: unknown names and types, edges into Inputs, cycles
/// of linear nodes, LI nodes that feed something else than a Threshold of their own.
[[nodiscard]] FlatGraph flatten(const NirGraph& graph, Notes& notes, Problems& problems);

/// Whether every node has the fields that its type cannot do without, and numbers in all that it has: shapes
/// and maps are made of them. The reader says the same of a file, with more about why.
[[nodiscard]] bool check_fields(const FlatGraph& graph, Problems& problems);

/// Fills in `in` and `out` of every node and checks that both ends of every edge agree.
void infer_shapes(FlatGraph& graph, Notes& notes, Problems& problems);

/// Equal when extents of 1 are left out.
[[nodiscard]] bool same_but_for_ones(const Shape& a, const Shape& b);

/// Whether numbers of the shape `from` hold for all elements of the shape `to`: the two are the same but for
/// ones, or `from` is a single number, or it has an extent of 1 where `to` has more, leading ones left out.
[[nodiscard]] bool stretches(const Shape& from, const Shape& to);

}  // namespace spikeloom
