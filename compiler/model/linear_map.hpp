// Linear nodes in series and in parallel, composed into one map (compiler/linear) and one bias per pair of
// source and target. Used by elaborate only.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "compiler/linear/compose.hpp"
#include "compiler/model/flat_graph.hpp"

namespace spikeloom {

/// A source, an Input or a neuron by flat node, so many steps ago.
struct Tap {
  std::size_t source = 0;
  std::uint32_t delay = 0;
  friend auto operator<=>(const Tap&, const Tap&) = default;
};

/// A map on the way, and the linear nodes that it stands for: by their order, reshapes left out.
struct Path {
  RealMap map;
  std::set<std::size_t> through;
};

/// Σ over taps of maps of the source, plus bias. Maps of one tap stand side by side where no form holds their
/// sum.
struct AffineMap {
  std::map<Tap, std::vector<Path>> paths;
  std::vector<double> bias;

  /// Adds a map: to the first that can take it in, else beside them.
  void add(const Tap& tap, Path path);
};

/// The map behind a matrix: its maps and its bias multiplied.
void multiply(AffineMap& map, const RealMap& matrix);
/// Adds to the map's bias; fewer numbers than elements hold for equal runs (a convolution's, of a channel).
void add_bias(AffineMap& map, const NirArray& bias);

/// The maps of a checked flat graph.
class LinearMaps {
 public:
  /// Throws  Error{kInput} naming a node that unrolls to more than 2^26 weights, or a Delay behind a bias.
  LinearMaps(const FlatGraph& flat, double dt);
  /// Everything that the node receives, edges added in order of their sources' names.
  [[nodiscard]] AffineMap into(std::size_t node) const;
  /// The nodes' names joined by "+", in the order of the flow; "identity" for none.
  [[nodiscard]] std::string name_of(const std::set<std::size_t>& through) const;

 private:
  void apply(std::size_t node, AffineMap& map, std::size_t position) const;

  double dt_;
  const std::vector<FlatNode>& nodes_;
  std::vector<std::size_t> order_;            ///< linear nodes and ports, topologically
  std::map<std::size_t, AffineMap> outputs_;  ///< of each of them
};

}  // namespace spikeloom
