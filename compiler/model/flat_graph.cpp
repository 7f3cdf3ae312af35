#include "compiler/model/flat_graph.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <set>

#include "compiler/model/window.hpp"

namespace spikeloom {
namespace {

Role role_of(NirType type) {
  switch (type) {
    case NirType::kInput:
      return Role::kInput;
    case NirType::kOutput:
      return Role::kOutput;
    case NirType::kLinear:
    case NirType::kAffine:
    case NirType::kScale:
    case NirType::kFlatten:
    case NirType::kDelay:
    case NirType::kConv1d:
    case NirType::kConv2d:
    case NirType::kSumPool2d:
    case NirType::kAvgPool2d:
      return Role::kLinear;
    case NirType::kLif:
    case NirType::kCubaLif:
    case NirType::kIf:
    case NirType::kLi:
    case NirType::kCubaLi:
    case NirType::kI:
    case NirType::kThreshold:
      return Role::kNeuron;
    case NirType::kUnknown:
    case NirType::kGraph:
      return Role::kUnknown;
  }
  return Role::kUnknown;
}

/// Collects nodes and edges by full names; indices come once all names are known.
class Flattener {
 public:
  Flattener(Notes& notes, Problems& problems) : notes_(notes), problems_(problems) {}

  FlatGraph run(const NirGraph& graph) {
    add(graph, "");
    FlatGraph flat;
    std::map<std::string, std::size_t> index;
    for (const auto& [name, node] : nodes_) {
      index.emplace(name, flat.nodes.size());
      flat.nodes.push_back(node);
    }
    for (const auto& [from, to] : edges_) {
      flat.nodes[index.at(from)].after.push_back(index.at(to));
      flat.nodes[index.at(to)].before.push_back(index.at(from));
    }
    for (FlatNode& node : flat.nodes) {
      std::sort(node.before.begin(), node.before.end());
      std::sort(node.after.begin(), node.after.end());
    }
    return flat;
  }

 private:
  void add(const NirGraph& graph, const std::string& prefix) {
    for (const auto& [name, node] : graph.nodes) {
      if (node.type == NirType::kGraph) {
        for (const NirGraph& inner : node.graph) add(inner, prefix + name + "/");
        continue;
      }
      FlatNode flat;
      flat.name = prefix + name;
      flat.node = &node;
      flat.role = role_of(node.type);
      if (!prefix.empty() && (flat.role == Role::kInput || flat.role == Role::kOutput))
        flat.role = Role::kPort;
      nodes_.emplace(flat.name, flat);
    }
    std::set<NirEdge> seen;
    for (const NirEdge& edge : graph.edges) {
      if (!seen.insert(edge).second) {
        notes_.add("edge " + text(edge, prefix) +
                   " is there more than once; it counts once, edges are a set");
      }
    }
    for (const NirEdge& edge : seen) add_edge(graph, edge, prefix);
  }

  static std::string text(const NirEdge& edge, const std::string& prefix) {
    return quote(prefix + edge.from) + " -> " + quote(prefix + edge.to);
  }

  void add_edge(const NirGraph& graph, const NirEdge& edge, const std::string& prefix) {
    const auto from = resolve(graph, edge, edge.from, prefix, NirType::kOutput);
    const auto to = resolve(graph, edge, edge.to, prefix, NirType::kInput);
    if (!from || !to) return;
    const auto& source = graph.nodes.at(edge.from);
    const auto& target = graph.nodes.at(edge.to);
    if (target.type == NirType::kInput) {
      problems_.add("edge " + text(edge, prefix) + ": leads into an Input of its own graph");
    } else if (source.type == NirType::kOutput) {
      problems_.add("edge " + text(edge, prefix) + ": leads out of an Output of its own graph");
    } else {
      edges_.emplace(*from, *to);
    }
  }

  /// The flat node that an end of an edge means: the node itself, or a nested graph's only port.
  std::optional<std::string> resolve(const NirGraph& graph, const NirEdge& edge, const std::string& name,
                                     const std::string& prefix, NirType port) {
    const auto found = graph.nodes.find(name);
    if (found == graph.nodes.end()) {
      std::string known;
      std::size_t count = 0;
      for (const auto& [other, node] : graph.nodes) {
        if (++count > 12) {
          known += ", ...";
          break;
        }
        known += (known.empty() ? "" : ", ") + quote(other);
      }
      problems_.add(
          "edge " + text(edge, prefix) + ": there is no node " + quote(name) + " in " +
          (prefix.empty() ? "the graph" : "the nested graph " + quote(prefix.substr(0, prefix.size() - 1))) +
          "; its nodes are " + (known.empty() ? "none" : known));
      return std::nullopt;
    }
    if (found->second.type != NirType::kGraph) return prefix + name;
    std::vector<std::string> ports;
    for (const NirGraph& inner : found->second.graph) {
      for (const auto& [inner_name, node] : inner.nodes) {
        if (node.type == port) ports.push_back(inner_name);
      }
    }
    const std::string port_name = port == NirType::kInput ? "Input" : "Output";
    if (ports.size() == 1) return prefix + name + "/" + ports.front();
    problems_.add("edge " + text(edge, prefix) + ": the nested graph " + quote(prefix + name) + " has " +
                  std::to_string(ports.size()) + " " + port_name +
                  " nodes, expected exactly one for an edge to mean");
    return std::nullopt;
  }

  Notes& notes_;
  Problems& problems_;
  std::map<std::string, FlatNode> nodes_;
  std::set<std::pair<std::string, std::string>> edges_;
};

void check_types(const FlatGraph& graph, Problems& problems) {
  bool any_input = false;
  bool any_output = false;
  for (const FlatNode& node : graph.nodes) {
    any_input = any_input || node.role == Role::kInput;
    any_output = any_output || node.role == Role::kOutput;
    if (node.role == Role::kUnknown) {
      problems.add("node " + quote(node.name) + ": its type " + quote(node.node->type_name) +
                   " is none of NIR's");
    }
    if (node.before.empty() && node.after.empty() && node.role != Role::kUnknown) {
      problems.add(node.what() + ": no edge leads to it or from it");
    } else if (node.role == Role::kOutput && node.before.empty()) {
      problems.add(node.what() + ": no edge leads to it");
    }
  }
  if (!any_input) problems.add("the graph has no Input node");
  if (!any_output) problems.add("the graph has no Output node");
}

/// A cycle that holds no neuron would have to be its own input within one step.
void check_linear_cycles(const FlatGraph& graph, Problems& problems) {
  enum class Mark { kNew, kOpen, kDone };
  std::vector<Mark> mark(graph.nodes.size(), Mark::kNew);
  const auto passes = [&](std::size_t n) {
    return graph.nodes[n].role == Role::kLinear || graph.nodes[n].role == Role::kPort;
  };
  for (std::size_t start = 0; start < graph.nodes.size(); ++start) {
    if (mark[start] != Mark::kNew || !passes(start)) continue;
    std::vector<std::pair<std::size_t, std::size_t>> path{{start, 0}};  // node, next neighbour
    mark[start] = Mark::kOpen;
    while (!path.empty()) {
      const std::size_t n = path.back().first;
      if (path.back().second == graph.nodes[n].after.size()) {
        mark[n] = Mark::kDone;
        path.pop_back();
        continue;
      }
      const std::size_t next = graph.nodes[n].after[path.back().second++];
      if (!passes(next) || mark[next] == Mark::kDone) continue;
      if (mark[next] == Mark::kNew) {
        mark[next] = Mark::kOpen;
        path.emplace_back(next, 0);
        continue;
      }
      std::string names;
      bool inside = false;
      for (const auto& [member, unused] : path) {
        inside = inside || member == next;
        if (inside) names += quote(graph.nodes[member].name) + " -> ";
      }
      problems.add("cycle of linear nodes without a neuron: " + names + quote(graph.nodes[next].name));
    }
  }
}

/// A readout's potential is a value, not spikes: nothing but an Output can take it.
void check_readouts(const FlatGraph& graph, Problems& problems) {
  for (const FlatNode& node : graph.nodes) {
    if (node.role != Role::kNeuron || !node.is_readout()) continue;
    std::set<std::size_t> seen;
    std::vector<std::size_t> open(node.after.rbegin(), node.after.rend());
    while (!open.empty()) {
      const std::size_t n = open.back();
      open.pop_back();
      const FlatNode& next = graph.nodes[n];
      if (!seen.insert(n).second || next.role == Role::kOutput) continue;
      if (!next.is_reshape()) {
        problems.add(node.what() + ": feeds " + quote(next.name) + " (" + next.node->type_name +
                     "); the potential of a readout can only go to an Output");
        continue;
      }
      open.insert(open.end(), next.after.begin(), next.after.end());
    }
  }
}

/// Nodes reached from `start` along `next`.
std::vector<char> reach(const FlatGraph& graph, Role start, std::vector<std::size_t> FlatNode::*next) {
  std::vector<char> reached(graph.nodes.size(), 0);
  std::vector<std::size_t> open;
  for (std::size_t n = 0; n < graph.nodes.size(); ++n) {
    if (graph.nodes[n].role == start) open.push_back(n);
  }
  while (!open.empty()) {
    const std::size_t n = open.back();
    open.pop_back();
    if (reached[n] != 0) continue;
    reached[n] = 1;
    const auto& neighbours = graph.nodes[n].*next;
    open.insert(open.end(), neighbours.begin(), neighbours.end());
  }
  return reached;
}

void note_loose_ends(const FlatGraph& graph, Notes& notes) {
  const std::vector<char> from_input = reach(graph, Role::kInput, &FlatNode::after);
  const std::vector<char> to_output = reach(graph, Role::kOutput, &FlatNode::before);
  for (std::size_t n = 0; n < graph.nodes.size(); ++n) {
    const FlatNode& node = graph.nodes[n];
    if (from_input[n] == 0) notes.add(node.what() + ": no Input reaches it; only biases and leaks drive it");
    if (to_output[n] == 0) notes.add(node.what() + ": it reaches no Output");
  }
}

// ---- shapes ----

/// The extents in a numeric field; a problem and nothing where it holds no extents.
std::optional<Shape> extents(const FlatNode& node, const std::string& field, Problems& problems) {
  const NirArray* array = node.node->field(field);
  if (array == nullptr) return std::nullopt;
  Shape shape;
  std::size_t total = 1;
  for (const double value : array->values) {
    if (array->shape.size() > 1 || !(value >= 1 && value <= 1e9) || value != std::floor(value)) {
      problems.add(node.what() + ": field '" + field + "' holds no shape, found " + to_string(array->shape) +
                   " numbers, among them " + std::to_string(value));
      return std::nullopt;
    }
    shape.push_back(static_cast<std::size_t>(value));
    total *= shape.back();
    if (total > (std::size_t{1} << 24U)) {
      problems.add(node.what() + ": field '" + field + "' claims more than 2^24 elements");
      return std::nullopt;
    }
  }
  return shape;
}

/// Every parameter that a neuron of the type may have.
std::vector<std::string> neuron_fields(NirType type) {
  switch (type) {
    case NirType::kIf:
      return {"r", "v_threshold", "v_reset"};
    case NirType::kI:
      return {"r"};
    case NirType::kThreshold:
      return {"threshold"};
    case NirType::kLi:
      return {"tau", "r", "v_leak"};
    case NirType::kLif:
      return {"tau", "r", "v_leak", "v_threshold", "v_reset"};
    case NirType::kCubaLi:
      return {"tau_syn", "tau_mem", "r", "v_leak", "w_in"};
    default:
      return {"tau_syn", "tau_mem", "r", "v_leak", "v_threshold", "v_reset", "w_in"};
  }
}

/// v_reset and w_in may be absent.
bool has_required_fields(const FlatNode& node) {
  for (const std::string& name : neuron_fields(node.node->type)) {
    if (name != "v_reset" && name != "w_in" && node.node->field(name) == nullptr) return false;
  }
  return true;
}

class ShapeInference {
 public:
  ShapeInference(FlatGraph& graph, Notes& notes, Problems& problems)
      : nodes_(graph.nodes), notes_(notes), problems_(problems) {}

  void run() {
    for (FlatNode& node : nodes_) own_shape(node);
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
  void fail(const FlatNode& node, const std::string& why) {
    problems_.add(node.what() + ": " + why);
    failed_.insert(&node);
  }

  void own_shape(FlatNode& node) {
    switch (node.role) {
      case Role::kInput:
      case Role::kOutput:
      case Role::kPort:
        node.in = node.out = extents(node, "shape", problems_);
        if (!node.out) failed_.insert(&node);
        break;
      case Role::kNeuron:
        neuron_shape(node);
        break;
      case Role::kLinear:
        linear_shape(node);
        break;
      default:
        break;
    }
  }

  void linear_shape(FlatNode& node) {
    if (node.node->type == NirType::kFlatten) {
      if (node.node->field("input_type") != nullptr) {
        node.in = extents(node, "input_type", problems_);
        if (!node.in) failed_.insert(&node);
      }
      if (node.in) flatten_output(node);
      return;
    }
    if (is_window(node.node->type)) {
      node.in = window_input(node);
      if (node.in) window_shape(node);
      return;
    }
    if (node.node->type == NirType::kScale || node.node->type == NirType::kDelay) {
      const NirArray* scale = node.node->field(node.node->type == NirType::kScale ? "scale" : "delay");
      if (scale == nullptr) {
        failed_.insert(&node);
      } else if (!scale->shape.empty()) {
        node.in = node.out = scale->shape;
      }
      return;
    }
    const NirArray* weight = node.node->field("weight");
    const NirArray* bias = node.node->field("bias");
    if (weight == nullptr) {
      failed_.insert(&node);
      return;
    }
    const Shape& shape = weight->shape;
    bool good = shape.size() >= 2;
    for (std::size_t i = 0; i + 2 < shape.size(); ++i) good = good && shape[i] == 1;
    if (!good) return fail(node, "its weight has shape " + to_string(shape) + ", expected [outputs,inputs]");
    node.in = Shape{shape.back()};
    node.out = Shape{shape[shape.size() - 2]};
    if (bias != nullptr && bias->values.size() != 1 && !same_but_for_ones(bias->shape, *node.out)) {
      fail(node, "its bias has shape " + to_string(bias->shape) + ", expected " + to_string(*node.out));
    }
  }

  void window_shape(FlatNode& node) {
    if (const auto window = window_over(node, *node.in, problems_)) {
      node.out = window_output(node, *window);
    } else {
      failed_.insert(&node);
    }
  }

  void flatten_output(FlatNode& node) {
    const auto dimension = [&](const std::string& field, double otherwise) {
      const NirArray* array = node.node->field(field);
      double value = array == nullptr || array->values.empty() ? otherwise : array->values.front();
      if (value < 0) value += static_cast<double>(node.in->size());
      return value;
    };
    const double start = dimension("start_dim", 1);
    const double end = dimension("end_dim", -1);
    const auto rank = static_cast<double>(node.in->size());
    if (start == rank && end == rank - 1) {  // one dimension and the default start: nothing to flatten
      node.out = node.in;
      return;
    }
    if (!(start >= 0 && start <= end && end < rank) || start != std::floor(start) || end != std::floor(end)) {
      return fail(node, "start_dim and end_dim do not name dimensions of its input " + to_string(*node.in));
    }
    Shape out(node.in->begin(), node.in->begin() + static_cast<std::ptrdiff_t>(start));
    std::size_t product = 1;
    for (auto i = static_cast<std::size_t>(start); i <= static_cast<std::size_t>(end); ++i)
      product *= (*node.in)[i];
    out.push_back(product);
    out.insert(out.end(), node.in->begin() + static_cast<std::ptrdiff_t>(end) + 1, node.in->end());
    node.out = out;
  }

  /// The shape that the parameters agree on; scalars agree with every shape.
  void neuron_shape(FlatNode& node) {
    std::string first;
    for (const std::string& name : neuron_fields(node.node->type)) {
      const NirArray* array = node.node->field(name);
      if (array == nullptr || array->shape.empty()) continue;
      if (!node.out || (volume(*node.out) == 1 && array->values.size() > 1)) {
        node.in = node.out = array->shape;
        first = name;
      }
    }
    if (!node.out) {
      if (!has_required_fields(node)) failed_.insert(&node);  // a problem already
      return;
    }
    for (const std::string& name : neuron_fields(node.node->type)) {
      const NirArray* array = node.node->field(name);
      if (array == nullptr || array->values.size() == 1 || array->shape == *node.out) continue;
      fail(node, "its field '" + name + "' has shape " + to_string(array->shape) + ", expected " +
                     to_string(*node.out) + " as '" + first + "'");
    }
  }

  /// One sweep over the nodes without a shape; true when something was found.
  bool spread(std::vector<std::size_t> FlatNode::*neighbours, std::optional<Shape> FlatNode::*their) {
    bool found = false;
    for (FlatNode& node : nodes_) {
      if (node.in || failed_.count(&node) != 0 || node.role == Role::kUnknown) continue;
      const bool flatten = node.node->type == NirType::kFlatten;
      const bool window = is_window(node.node->type);
      if ((flatten || window) && neighbours == &FlatNode::after) continue;  // many shapes give the same
      for (const std::size_t other : node.*neighbours) {
        if (!(nodes_[other].*their)) continue;
        node.in = nodes_[other].*their;
        if (flatten) {
          flatten_output(node);
        } else if (window) {
          window_shape(node);
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

FlatGraph flatten(const NirGraph& graph, Notes& notes, Problems& problems) {
  FlatGraph flat = Flattener(notes, problems).run(graph);
  check_types(flat, problems);
  check_linear_cycles(flat, problems);
  check_readouts(flat, problems);
  if (problems.empty()) note_loose_ends(flat, notes);
  return flat;
}

void infer_shapes(FlatGraph& graph, Notes& notes, Problems& problems) {
  ShapeInference(graph, notes, problems).run();
}

}  // namespace spikeloom
