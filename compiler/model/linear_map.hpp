// Linear nodes in series and in parallel, composed into one sparse matrix and one bias per pair of
// source and target. Used by elaborate only.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "compiler/model/flat_graph.hpp"

namespace spikeloom {

/// Compressed rows by source element; targets ascend within a row, no zeros.
struct SparseRows {
  std::vector<std::size_t> begin;
  std::vector<std::uint32_t> target;
  std::vector<double> weight;
};

[[nodiscard]] SparseRows identity_rows(std::size_t size);
/// A single number is every element's.
[[nodiscard]] SparseRows diagonal_rows(const NirArray& scale, std::size_t size);
/// a + b, both with the same number of rows.
[[nodiscard]] SparseRows add(const SparseRows& a, const SparseRows& b);
/// First a, then b: rows of a, targets of b.  Throws Error{kInput} beyond 2^26 entries.
[[nodiscard]] SparseRows compose(const SparseRows& a, const SparseRows& b, std::size_t width);

/// A source, an Input or a neuron by flat node, so many steps ago.
struct Tap {
  std::size_t source = 0;
  std::uint32_t delay = 0;
  friend auto operator<=>(const Tap&, const Tap&) = default;
};

/// Σ over taps of matrix·source, plus bias.
struct AffineMap {
  std::map<Tap, SparseRows> rows;
  std::map<Tap, std::set<std::size_t>>
      through;  ///< linear nodes on the way, reshapes left out, by their order
  std::vector<double> bias;
};

/// The map behind a matrix: its rows and its bias multiplied.
void multiply(AffineMap& map, const SparseRows& matrix, std::size_t width);
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
