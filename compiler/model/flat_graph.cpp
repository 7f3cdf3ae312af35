#include "compiler/model/flat_graph.hpp"

#include <algorithm>
#include <set>

#include "compiler/model/nodes/node_type.hpp"

namespace spikeloom {
namespace {

/// Of spikes alone does the largest follow from a sum.
constexpr const char* kMaxPooling =
    "; max pooling of spikes is a SumPool2d followed by a Threshold of 0.5, max pooling of other values does "
    "not exist on the chip: neurons add what reaches them";

bool is_max_pooling(const std::string& type) { return type.find("MaxPool") != std::string::npos; }

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
      if (node.role() == Role::kGraph) {
        for (const NirGraph& inner : node.graph) add(inner, prefix + name + "/");
        continue;
      }
      FlatNode flat;
      flat.name = prefix + name;
      flat.node = &node;
      flat.role = node.role();
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
    const auto from = resolve(graph, edge, edge.from, prefix, Role::kOutput);
    const auto to = resolve(graph, edge, edge.to, prefix, Role::kInput);
    if (!from || !to) return;
    const auto& source = graph.nodes.at(edge.from);
    const auto& target = graph.nodes.at(edge.to);
    if (target.role() == Role::kInput) {
      problems_.add("edge " + text(edge, prefix) + ": leads into an Input of its own graph");
    } else if (source.role() == Role::kOutput) {
      problems_.add("edge " + text(edge, prefix) + ": leads out of an Output of its own graph");
    } else {
      edges_.emplace(*from, *to);
    }
  }

  /// The flat node that an end of an edge means: the node itself, or a nested graph's only port.
  std::optional<std::string> resolve(const NirGraph& graph, const NirEdge& edge, const std::string& name,
                                     const std::string& prefix, Role port) {
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
    if (found->second.role() != Role::kGraph) return prefix + name;
    std::vector<std::string> ports;
    for (const NirGraph& inner : found->second.graph) {
      for (const auto& [inner_name, node] : inner.nodes) {
        if (node.role() == port) ports.push_back(inner_name);
      }
    }
    if (ports.size() == 1) return prefix + name + "/" + ports.front();
    problems_.add("edge " + text(edge, prefix) + ": the nested graph " + quote(prefix + name) + " has " +
                  std::to_string(ports.size()) + (port == Role::kInput ? " Input" : " Output") +
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
                   " is none of NIR's" + (is_max_pooling(node.node->type_name) ? kMaxPooling : ""));
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

}  // namespace

bool FlatNode::is_readout() const {
  return node->type->neuron && spikeloom::is_readout(node->type->neuron->kind);
}

bool FlatNode::is_reshape() const {
  return role == Role::kPort || (role == Role::kLinear && node->type->apply == nullptr);
}

std::optional<std::size_t> integrator_of(const std::vector<FlatNode>& nodes, std::size_t n) {
  const FlatNode& node = nodes[n];
  if (node.role != Role::kNeuron || !row_of(node.node->type->neuron->kind).is_memoryless ||
      node.before.size() != 1)
    return std::nullopt;
  const FlatNode& before = nodes[node.before.front()];
  if (before.role != Role::kNeuron || !before.is_readout()) return std::nullopt;
  return node.before.front();
}

bool check_fields(const FlatGraph& graph, Problems& problems) {
  const std::size_t before = problems.list().size();
  for (const FlatNode& node : graph.nodes) {
    if (node.role == Role::kUnknown) continue;
    for (const NodeField& listed : node.node->type->fields()) {
      const std::string start = node.what() + ": field " + quote(listed.name) + " is ";
      const NirArray* array = field(node, listed.name);
      if (array == nullptr && listed.need == NodeField::Need::kRequired) problems.add(start + "missing");
      if (array != nullptr && array->values.empty())
        problems.add(start + "empty, its shape is " + to_string(array->shape));
    }
  }
  return problems.list().size() == before;
}

FlatGraph flatten(const NirGraph& graph, Notes& notes, Problems& problems) {
  FlatGraph flat = Flattener(notes, problems).run(graph);
  check_types(flat, problems);
  check_linear_cycles(flat, problems);
  if (problems.empty()) note_loose_ends(flat, notes);
  return flat;
}

}  // namespace spikeloom
