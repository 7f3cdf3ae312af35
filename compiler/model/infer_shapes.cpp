#include <algorithm>
#include <deque>
#include <optional>
#include <set>

#include "compiler/model/nodes/node_type.hpp"

namespace spikeloom {
namespace {

/// Finds shapes from the nodes whose fields tell them, along the edges. Every node is settled once and then
/// looked at once from either side: the cost is that of the edges, whatever the nodes' names.
class ShapeInference {
 public:
  ShapeInference(FlatGraph& graph, Notes& notes, Problems& problems)
      : nodes_(graph.nodes), own_(graph.nodes.size()), notes_(notes), problems_(problems) {}

  void run() {
    for (std::size_t n = 0; n < nodes_.size(); ++n) take_own_shape(n);
    for (std::size_t n = 0; n < nodes_.size(); ++n) {
      if (nodes_[n].out) read_again(n);
    }
    for (std::size_t n = 0; n < nodes_.size(); ++n) {
      if (nodes_[n].in || nodes_[n].out) settled(n);
    }
    spread();
    // Extents of 1 that no neighbour stretches are meant as they stand.
    for (std::size_t n = 0; n < nodes_.size(); ++n) {
      if (nodes_[n].in || !own_[n]) continue;
      nodes_[n].in = nodes_[n].out = own_[n];
      settled(n);
      spread();
    }
    const bool all_known = std::none_of(nodes_.begin(), nodes_.end(),
                                        [](const FlatNode& node) { return node.role == Role::kUnknown; });
    for (const FlatNode& node : nodes_) {
      if (!node.out && all_known && !failed_.count(&node)) {
        problems_.add(node.what() + ": its shape is neither in the file nor to be had from a neighbour");
      }
      for (const std::size_t next : node.after) check_edge(node, nodes_[next]);
    }
    for (FlatNode& node : nodes_) {
      if (node.out) stretch_fields(node);
    }
  }

 private:
  /// Whether the node gives out what it takes in, element by element.
  static bool is_elementwise(const FlatNode& node) {
    return (node.role == Role::kNeuron || node.role == Role::kLinear) &&
           node.node->type->output_shape == nullptr;
  }

  void take_own_shape(std::size_t n) {
    FlatNode& node = nodes_[n];
    const NodeType* type = node.node->type;
    if (type != nullptr && type->shape != nullptr && !type->shape(node, problems_)) failed_.insert(&node);
    if (!node.in || node.in != node.out || !is_elementwise(node) || failed_.count(&node) != 0) return;
    if (std::find(node.in->begin(), node.in->end(), 1U) == node.in->end()) return;
    own_[n] = node.in;  // it may hold for more elements than it has
    node.in.reset();
    node.out.reset();
  }

  void settled(std::size_t n) {
    if (nodes_[n].out) forward_.push_back(n);
    if (nodes_[n].in) backward_.push_back(n);
  }

  /// From before as long as there is anything, then from behind.
  void spread() {
    while (!forward_.empty() || !backward_.empty()) {
      const bool ahead = !forward_.empty();
      std::deque<std::size_t>& queue = ahead ? forward_ : backward_;
      const std::size_t n = queue.front();
      queue.pop_front();
      for (const std::size_t next : ahead ? nodes_[n].after : nodes_[n].before) settle(next, ahead);
    }
  }

  /// Takes the shape of the first neighbour on that side that has one.
  void settle(std::size_t n, bool from_before) {
    FlatNode& node = nodes_[n];
    if (node.in || failed_.count(&node) != 0 || node.role == Role::kUnknown) return;
    const auto output_shape = node.node->type->output_shape;
    if (output_shape != nullptr && !from_before) return;  // many shapes give the same
    const std::vector<std::size_t>& neighbours = from_before ? node.before : node.after;
    const auto shape_of = [&](std::size_t other) -> const std::optional<Shape>& {
      return from_before ? nodes_[other].out : nodes_[other].in;
    };
    const auto other = std::find_if(neighbours.begin(), neighbours.end(),
                                    [&](std::size_t o) { return shape_of(o).has_value(); });
    if (other == neighbours.end()) return;
    const Shape theirs = *shape_of(*other);
    if (output_shape != nullptr) {
      node.in = theirs;
      if (output_shape(node, problems_))
        read_again(n);
      else
        failed_.insert(&node);
    } else if (own_[n] && (same_but_for_ones(*own_[n], theirs) || !stretches(*own_[n], theirs))) {
      node.in = node.out = own_[n];
    } else {
      node.in = node.out = theirs;
      notes_.add(node.what() + ": parameters " +
                 (own_[n] ? "have the shape " + to_string(*own_[n]) : "are scalars") +
                 "; they hold for the shape " + to_string(theirs) + " of " + quote(nodes_[*other].name));
    }
    settled(n);
  }

  /// The shapes that what follows the node takes, seen through nodes that take any.
  [[nodiscard]] std::vector<Shape> wanted_after(std::size_t start) const {
    std::vector<Shape> wanted;
    std::set<std::size_t> seen;
    std::vector<std::size_t> open = nodes_[start].after;
    while (!open.empty()) {
      const std::size_t n = open.back();
      open.pop_back();
      if (!seen.insert(n).second) continue;
      const FlatNode& node = nodes_[n];
      if (node.in && node.role != Role::kOutput)
        wanted.push_back(*node.in);
      else if (is_elementwise(node))
        open.insert(open.end(), node.after.begin(), node.after.end());
    }
    return wanted;
  }

  void read_again(std::size_t n) {
    FlatNode& node = nodes_[n];
    const auto second_reading = node.node->type->second_reading;
    if (second_reading == nullptr) return;
    const std::vector<Shape> wanted = wanted_after(n);
    const auto suits = [&] {
      return std::all_of(wanted.begin(), wanted.end(),
                         [&](const Shape& shape) { return same_but_for_ones(*node.out, shape); });
    };
    if (suits()) return;
    const std::optional<Shape> first = node.out;
    const std::optional<std::string> why = second_reading(node);
    if (why && suits())
      notes_.add(node.what() + ": " + *why);
    else
      node.out = first;
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

  /// Numbers that hold for more elements than they are, one for each.
  static void stretch_fields(FlatNode& node) {
    if (!is_elementwise(node)) return;
    const std::size_t count = volume(*node.out);
    for (const NodeField& listed : node.node->type->fields()) {
      const NirArray* array = listed.rule == NodeField::Rule::kOwn ? nullptr : field(node, listed.name);
      if (array == nullptr || array->values.size() == 1 || array->values.size() == count ||
          !stretches(array->shape, *node.out))
        continue;
      node.stretched.emplace(listed.name, stretched(*array, *node.out));
    }
  }

  static NirArray stretched(const NirArray& array, const Shape& to) {
    const std::size_t rank = to.size();
    // Strides of the array along the dimensions of `to`; 0 where its extent is 1.
    std::vector<std::size_t> stride(rank, 0);
    std::size_t step = 1;
    for (std::size_t d = 0; d < rank && d < array.shape.size(); ++d) {
      const std::size_t extent = array.shape[array.shape.size() - 1 - d];
      stride[rank - 1 - d] = extent == 1 ? 0 : step;
      step *= extent;
    }
    NirArray result{to, {}};
    result.values.reserve(volume(to));
    std::vector<std::size_t> at(rank, 0);
    for (std::size_t left = volume(to), from = 0; left > 0; --left) {
      result.values.push_back(array.values[from]);
      for (std::size_t d = rank; d-- > 0;) {  // the next element, row-major
        from += stride[d];
        if (++at[d] < to[d]) break;
        from -= stride[d] * to[d];
        at[d] = 0;
      }
    }
    return result;
  }

  std::vector<FlatNode>& nodes_;
  std::vector<std::optional<Shape>> own_;  ///< with extents of 1 that may stretch to a neighbour's
  std::deque<std::size_t> forward_, backward_;
  Notes& notes_;
  Problems& problems_;
  std::set<const FlatNode*> failed_;
};

Shape without_leading_ones(const Shape& shape, std::size_t rank) {
  auto first = shape.begin();
  while (static_cast<std::size_t>(shape.end() - first) > rank && *first == 1) ++first;
  return {first, shape.end()};
}

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

bool stretches(const Shape& from, const Shape& to) {
  if (volume(from) == 1 || same_but_for_ones(from, to)) return true;
  const std::size_t rank = std::min(from.size(), to.size());
  const Shape short_from = without_leading_ones(from, rank), short_to = without_leading_ones(to, rank);
  return std::equal(short_from.begin(), short_from.end(), short_to.begin(), short_to.end(),
                    [](std::size_t a, std::size_t b) { return a == b || a == 1; });
}

void infer_shapes(FlatGraph& graph, Notes& notes, Problems& problems) {
  ShapeInference(graph, notes, problems).run();
}

}  // namespace spikeloom
