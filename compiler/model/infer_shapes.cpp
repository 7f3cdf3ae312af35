#include <algorithm>
#include <set>

#include "compiler/model/nodes/node_type.hpp"

namespace spikeloom {
namespace {

class ShapeInference {
 public:
  ShapeInference(FlatGraph& graph, Notes& notes, Problems& problems)
      : nodes_(graph.nodes), notes_(notes), problems_(problems) {}

  void run() {
    for (FlatNode& node : nodes_) {
      const NodeType* type = node.node->type;
      if (type != nullptr && type->shape != nullptr && !type->shape(node, problems_)) failed_.insert(&node);
    }
    // What has no shape of its own takes its neighbour's, first from before, then from behind.
    while (spread(&FlatNode::before, &FlatNode::out) || spread(&FlatNode::after, &FlatNode::in)) {
    }
    const bool all_known = std::none_of(nodes_.begin(), nodes_.end(),
                                        [](const FlatNode& node) { return node.role == Role::kUnknown; });
    for (const FlatNode& node : nodes_) {
      if (!node.out && all_known && !failed_.count(&node)) {
        problems_.add(node.what() + ": its shape is neither in the file nor to be had from a neighbour");
      }
      for (const std::size_t next : node.after) check_edge(node, nodes_[next]);
    }
  }

 private:
  /// One sweep over the nodes without a shape; true when something was found.
  bool spread(std::vector<std::size_t> FlatNode::*neighbours, std::optional<Shape> FlatNode::*their) {
    bool found = false;
    for (FlatNode& node : nodes_) {
      if (node.in || failed_.count(&node) != 0 || node.role == Role::kUnknown) continue;
      const auto output_shape = node.node->type->output_shape;
      if (output_shape != nullptr && neighbours == &FlatNode::after) continue;  // many shapes give the same
      for (const std::size_t other : node.*neighbours) {
        if (!(nodes_[other].*their)) continue;
        node.in = nodes_[other].*their;
        if (output_shape != nullptr) {
          if (!output_shape(node, problems_)) failed_.insert(&node);
        } else {
          node.out = node.in;
          notes_.add(node.what() + ": parameters are scalars; they hold for the shape " +
                     to_string(*node.in) + " of " + quote(nodes_[other].name));
        }
        found = true;
        break;
      }
    }
    return found;
  }

  void check_edge(const FlatNode& from, const FlatNode& to) {
    if (!from.out || !to.in || *from.out == *to.in) return;
    const bool tolerated = same_but_for_ones(*from.out, *to.in) ||
                           (to.role == Role::kOutput && volume(*from.out) == volume(*to.in));
    const std::string text = quote(from.name) + " gives the shape " + to_string(*from.out) + ", " +
                             quote(to.name) + " takes " + to_string(*to.in);
    if (tolerated) {
      notes_.add("edge: " + text + "; the same number of elements, taken as the same");
    } else {
      problems_.add("edge " + quote(from.name) + " -> " + quote(to.name) + ": " + text);
    }
  }

  std::vector<FlatNode>& nodes_;
  Notes& notes_;
  Problems& problems_;
  std::set<const FlatNode*> failed_;
};

}  // namespace

bool same_but_for_ones(const Shape& a, const Shape& b) {
  const auto squeezed = [](const Shape& shape) {
    Shape result;
    std::copy_if(shape.begin(), shape.end(), std::back_inserter(result),
                 [](std::size_t n) { return n != 1; });
    return result;
  };
  return squeezed(a) == squeezed(b);
}

void infer_shapes(FlatGraph& graph, Notes& notes, Problems& problems) {
  ShapeInference(graph, notes, problems).run();
}

}  // namespace spikeloom
