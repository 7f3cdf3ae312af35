// A NIR file as it stands, before any meaning was given to it. The format: docs of the NIR
// repository (nir.readthedocs.io) and the files that its writers make; see README.md.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "compiler/base/error.hpp"
#include "compiler/model/network.hpp"

namespace spikeloom {

/// A row of the table of node types: nodes/node_type.hpp.
struct NodeType;

/// The row of that spelling ("CubaLIF"); null where the table has none.
[[nodiscard]] const NodeType* nir_type(std::string_view name);

/// What a node is to the flow of signals.
enum class Role {
  kInput,
  kOutput,
  kPort,  ///< an Input or Output of a nested graph
  kLinear,
  kNeuron,
  kGraph,
  kUnknown,  ///< of a type that is not in the table
};

/// Shape   row-major; an empty shape is a scalar with one value.
struct NirArray {
  Shape shape;
  std::vector<double> values;
};

/// Metadata that is neither numbers nor one text is left out.
using NirMetadata = std::map<std::string, std::variant<std::string, NirArray>>;

struct NirEdge {
  std::string from, to;
  friend auto operator<=>(const NirEdge&, const NirEdge&) = default;
};

struct NirGraph;

struct NirNode {
  const NodeType* type = nullptr;            ///< its row in the table, if its type has one
  std::string type_name;                     ///< as written in the file
  std::map<std::string, NirArray> fields;    ///< every numeric dataset of the node
  std::map<std::string, std::string> texts;  ///< every other one that is a text ("same" padding)
  NirMetadata metadata;
  std::vector<NirGraph> graph;  ///< exactly one for Role::kGraph, else none

  [[nodiscard]] Role role() const;  ///< of its type; ports of nested graphs are told apart later
  [[nodiscard]] const NirArray* field(const std::string& name) const {
    const auto found = fields.find(name);
    return found == fields.end() ? nullptr : &found->second;
  }
};

/// Nodes are in order of their names; edges as in the file, duplicates included.
struct NirGraph {
  std::string version;  ///< empty where the file has none, and in nested graphs
  std::map<std::string, NirNode> nodes;
  std::vector<NirEdge> edges;
  NirMetadata metadata;
};

/// What a file may claim before it is refused.
struct NirLimits {
  std::size_t file_bytes = std::size_t{1} << 30U;
  std::size_t values = std::size_t{1}
                       << 24U;  ///< numbers in all datasets together, and one more for every byte of the file
  std::size_t links = 100'000;  ///< names in one group
  std::size_t depth = 16;       ///< graphs within graphs
  unsigned seconds = 5;         ///< of processor time, and one more for every 4 MiB of the file
  std::size_t memory = std::size_t{1}
                       << 29U;  ///< bytes beyond what the process has, and 48 more for every byte of the file
};

/// Reads a NIR file of either generation (plain, or chunked and compressed; f4, f8 and integers mixed).
///
/// Problems  of single nodes (a missing or unreadable field, a wrong type, numbers that are not
///           finite) go to `problems`, by node name; what could be read is returned.
/// Throws    Error{kInput} when there is no graph to return: no such file, not HDF5, cut short,
///           or damaged so that the HDF5 library itself fails on it.
/// Process   the HDF5 library runs in a child process only, because it fails on some damaged files in
///           ways that cannot be caught.
[[nodiscard]] NirGraph read_nir(const std::string& path, Problems& problems, const NirLimits& limits = {});

/// The same, and throws one Error{kInput} with every problem.
[[nodiscard]] NirGraph read_nir(const std::string& path);

/// Nodes with type and the shapes of their fields, edges, metadata: stable text, a line each.
[[nodiscard]] std::string describe(const NirGraph& graph);

/// A name between quotes, anything that would disturb a terminal escaped.
[[nodiscard]] std::string quote(std::string_view name);
/// "[2,34,34]"; "[]" for a scalar.
[[nodiscard]] std::string to_string(const Shape& shape);

}  // namespace spikeloom
