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
/// a + b, both with the same number of rows.
[[nodiscard]] SparseRows add(const SparseRows& a, const SparseRows& b);
/// First a, then b: rows of a, targets of b.  Throws Error{kInput} beyond 2^26 entries.
[[nodiscard]] SparseRows compose(const SparseRows& a, const SparseRows& b, std::size_t width);

/// Σ over sources of matrix·source, plus bias.
struct AffineMap {
  std::map<std::size_t, SparseRows> rows;              ///< by flat node: an Input or a neuron
  std::map<std::size_t, std::set<std::size_t>> through;  ///< Linear, Affine and Scale nodes on the way, by their order
  std::vector<double> bias;
};

/// The maps of a checked flat graph.
class LinearMaps {
 public:
  explicit LinearMaps(const FlatGraph& flat);
  /// Everything that the node receives, edges added in order of their sources' names.
  [[nodiscard]] AffineMap into(std::size_t node) const;
  /// The nodes' names joined by "+", in the order of the flow; "identity" for none.
  [[nodiscard]] std::string name_of(const std::set<std::size_t>& through) const;

 private:
  void apply(std::size_t node, AffineMap& map, std::size_t position) const;

  const std::vector<FlatNode>& nodes_;
  std::vector<std::size_t> order_;            ///< linear nodes and ports, topologically
  std::map<std::size_t, AffineMap> outputs_;  ///< of each of them
};

}  // namespace spikeloom
