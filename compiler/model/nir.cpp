#include "compiler/model/nir.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include "compiler/base/child.hpp"
#include "compiler/base/file_kind.hpp"
#include "compiler/base/text.hpp"
#include "compiler/model/nir_bytes.hpp"
#include "compiler/model/nir_hdf5.hpp"

namespace spikeloom {
namespace {

std::vector<char> load(const std::string& path, const NirLimits& limits) {
  if (std::error_code ignored; std::filesystem::is_directory(path, ignored)) {
    throw input_error("is a folder, expected a NIR file (HDF5)");
  }
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file) throw input_error("cannot be opened; is the path right?");
  const std::streamoff size = file.tellg();
  if (size < 0) throw input_error("cannot be read; is it a file?");
  if (static_cast<std::size_t>(size) > limits.file_bytes) {
    throw input_error("has " + std::to_string(size) + " bytes, at most " + std::to_string(limits.file_bytes) +
                      " are read");
  }
  std::vector<char> bytes(static_cast<std::size_t>(size));
  file.seekg(0);
  if (!file.read(bytes.data(), size)) throw input_error("cannot be read; is it a file?");
  if (bytes.empty()) throw input_error("is empty, expected a NIR file (HDF5)");
  if (kind_of_file({bytes.data(), bytes.size()}) == FileKind::kImage) {
    throw input_error(
        "is an image that Spikeloom compiled, expected a network (NIR); `spikeloom verify`, `info`, `run` "
        "and "
        "`admit` take images");
  }
  return bytes;
}

/// What the child does: reads, and puts the answer into one string.
std::string answer(const std::vector<char>& bytes, const NirLimits& limits) {
  Problems problems;
  NirGraph graph;
  std::string error;
  try {
    graph = read_hdf5(bytes, limits, problems);
  } catch (const Error& refused) {
    error = refused.what();
  }
  GraphWriter writer;
  writer.text(error);
  writer.number(problems.list().size());
  for (const std::string& problem : problems.list()) writer.text(problem);
  writer.graph(graph);
  return writer.bytes();
}

/// What a file of so many bytes may take. Files of many small nodes are the slowest: one of 20,000 nodes
/// takes some 40 µs a KiB, a sixth of the limit.
ChildLimits limits_for(std::size_t bytes, const NirLimits& limits) {
  // A number is held as eight bytes, three times at most: as it is read, in the answer, in the answer as it
  // grows twofold.
  constexpr std::size_t kMemoryOfValue = 48;
  return {static_cast<unsigned>(limits.seconds + bytes / (std::size_t{1} << 22U)),
          limits.memory + kMemoryOfValue * bytes};
}

/// The answer of a child process that reads the bytes: here the process never calls the HDF5 library.
std::string ask_child(const std::vector<char>& bytes, const NirLimits& limits) {
  NirLimits scaled = limits;
  scaled.values += bytes.size();
  const ChildLimits share = limits_for(bytes.size(), limits);
  ChildAnswer found = in_child(share, [&] { return answer(bytes, scaled); });
  switch (found.end) {
    case ChildAnswer::End::kWell:
      return std::move(found.text);
    case ChildAnswer::End::kTimeLimit:
      throw input_error("reading it takes more than " + std::to_string(share.seconds) +
                        " s of processor time, the limit for a file of its size; it may be damaged so that "
                        "the HDF5 library goes in circles: write the file again");
    case ChildAnswer::End::kMemoryLimit:
      throw input_error("reading it takes more than " + std::to_string(share.memory >> 20U) +
                        " MiB of memory, the limit for a file of its size; it may be damaged: write the file "
                        "again");
    case ChildAnswer::End::kDied:
      break;
  }
  throw input_error("damaged: the HDF5 library fails on it; write the file again");
}

}  // namespace

std::string quote(std::string_view name) {
  std::string result = "'";
  for (const char c : printable(name)) {
    if (c == '\n')
      result += "\\x0a";
    else
      result += c;
  }
  return result + "'";
}

std::string to_string(const Shape& shape) {
  std::string text = "[";
  for (std::size_t i = 0; i < shape.size(); ++i) text += (i == 0 ? "" : ",") + std::to_string(shape[i]);
  return text + "]";
}

NirGraph read_nir(const std::string& path, Problems& problems, const NirLimits& limits) {
  try {
    const std::string text = ask_child(load(path, limits), limits);
    try {
      GraphParser parser(text);
      const std::string error = parser.text();
      for (std::uint64_t left = parser.number(); left > 0; --left) problems.add(parser.text());
      if (!error.empty()) throw input_error(error);
      NirGraph graph = parser.graph();
      if (parser.at_end()) return graph;
    } catch (const std::out_of_range&) {  // cut off: the same as no answer
    }
    throw input_error("damaged: the HDF5 library fails on it; write the file again");
  } catch (const Error& error) {
    throw error.within(path);
  }
}

NirGraph read_nir(const std::string& path) {
  Problems problems;
  NirGraph graph = read_nir(path, problems);
  problems.throw_if_any(path);
  return graph;
}

namespace {

/// Whole numbers, such as a shape's, with all of their digits.
void put_number(std::ostream& out, double value) {
  constexpr double kMostDigits = 1e15;
  if (value == std::trunc(value) && std::abs(value) < kMostDigits)
    out << static_cast<std::int64_t>(value);
  else
    out << value;
}

void describe_graph(const NirGraph& graph, const std::string& prefix, std::ostringstream& out) {
  for (const auto& [name, node] : graph.nodes) {
    out << "node " << prefix << name << " " << node.type_name;
    for (const auto& [field, array] : node.fields) {
      out << " " << field;
      if (array.shape.size() <= 1 && array.values.size() <= 4) {
        out << "=";
        for (std::size_t i = 0; i < array.values.size(); ++i) {
          out << (i == 0 ? "" : ",");
          put_number(out, array.values[i]);
        }
      } else {
        out << to_string(array.shape);
      }
    }
    for (const auto& [field, text] : node.texts) out << " " << field << "=" << quote(text);
    out << "\n";
    for (const NirGraph& inner : node.graph) describe_graph(inner, prefix + name + "/", out);
  }
  std::vector<NirEdge> edges = graph.edges;
  std::sort(edges.begin(), edges.end());
  for (const NirEdge& edge : edges)
    out << "edge " << prefix << edge.from << " -> " << prefix << edge.to << "\n";
  for (const auto& [name, value] : graph.metadata) {
    out << "metadata " << prefix << name << " ";
    if (const auto* text = std::get_if<std::string>(&value)) {
      out << quote(*text);
    } else {
      const auto& array = std::get<NirArray>(value);
      if (array.values.size() == 1) {
        put_number(out, array.values.front());
      } else {
        out << to_string(array.shape);
      }
    }
    out << "\n";
  }
}

}  // namespace

std::string describe(const NirGraph& graph) {
  std::ostringstream out;
  out << "NIR version " << (graph.version.empty() ? "not given" : graph.version) << "\n";
  describe_graph(graph, "", out);
  return out.str();
}

}  // namespace spikeloom
