#include "compiler/model/nir_hdf5.hpp"

#include <hdf5.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <utility>

#include "compiler/base/hdf5.hpp"
#include "compiler/model/nodes/node_type.hpp"

namespace spikeloom {
namespace {

constexpr std::size_t kLongestName = 4096;

/// What HDF5 said about its last failure, innermost call.
std::string hdf5_reason() {
  std::string text;
  H5Ewalk2(
      H5E_DEFAULT, H5E_WALK_UPWARD,
      [](unsigned, const H5E_error2_t* error, void* out) -> herr_t {
        auto& result = *static_cast<std::string*>(out);
        if (result.empty() && error->desc != nullptr) result = error->desc;
        return 0;
      },
      &text);
  return text.empty() ? "no reason given" : text;
}

using Value = std::variant<std::monostate, std::string, NirArray, std::vector<std::string>>;

/// Reads one file into a graph. A method that cannot read something adds a problem and goes on.
class Hdf5Reader {
 public:
  Hdf5Reader(const NirLimits& limits, Problems& problems) : limits_(limits), problems_(problems) {}

  /// The whole file from its bytes.
  NirGraph read(const std::vector<char>& bytes) {
    const Hdf5Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
    H5Pset_fclose_degree(access.id(), H5F_CLOSE_STRONG);
    H5Pset_fapl_core(access.id(), std::size_t{1} << 16U, 0);
    // HDF5 copies the image; it does not write to it.
    H5Pset_file_image(access.id(), const_cast<char*>(bytes.data()), bytes.size());
    const Hdf5Handle file(H5Fopen("memory", H5F_ACC_RDONLY, access.id()), H5Fclose);
    if (!file.valid()) throw input_error("not a readable HDF5 file, or cut short (" + hdf5_reason() + ")");
    const Hdf5Handle top = open(file.id(), "node");
    if (!top.valid() || H5Iget_type(top.id()) != H5I_GROUP) {
      throw input_error("no group '/node': HDF5, but not a NIR file");
    }
    NirGraph graph;
    const NirNode node = read_node(top.id(), "", 0);
    if (node.role() != Role::kGraph) {
      if (!problems_.empty()) problems_.throw_if_any("NIR file");
      throw input_error("the top node has type " + quote(node.type_name) + ", expected 'NIRGraph'");
    }
    graph = node.graph.front();
    if (has(file.id(), "version")) {
      const Value version = read_dataset(file.id(), "version", "file");
      if (const auto* text = std::get_if<std::string>(&version)) graph.version = *text;
    }
    return graph;
  }

 private:
  static bool has(hid_t parent, const std::string& name) {
    return H5Lexists(parent, name.c_str(), H5P_DEFAULT) > 0;
  }

  /// Follows hard links only: a NIR file is whole in itself.
  static Hdf5Handle open(hid_t parent, const std::string& name) {
    H5L_info_t info;
    if (!has(parent, name) || H5Lget_info(parent, name.c_str(), &info, H5P_DEFAULT) < 0 ||
        info.type != H5L_TYPE_HARD) {
      return {-1, H5Oclose};
    }
    return {H5Oopen(parent, name.c_str(), H5P_DEFAULT), H5Oclose};
  }

  std::vector<std::string> names(hid_t group, const std::string& what) {
    H5G_info_t info;
    if (H5Gget_info(group, &info) < 0) {
      problems_.add(what + ": its list of names cannot be read");
      return {};
    }
    if (info.nlinks > limits_.links) {
      problems_.add(what + ": " + std::to_string(info.nlinks) + " names in one group, at most " +
                    std::to_string(limits_.links) + " are read");
      return {};
    }
    // One walk over the group: asking for the names one by one takes a time that grows with their square.
    struct Found {
      std::vector<std::string> names;
      std::size_t most, unreadable;
    } found{{}, info.nlinks, 0};
    const auto take = [](hid_t, const char* name, const H5L_info_t*, void* to) -> herr_t {
      auto& result = *static_cast<Found*>(to);
      const std::size_t length = name == nullptr ? 0 : strnlen(name, kLongestName + 1);
      if (length == 0 || length > kLongestName)
        ++result.unreadable;
      else
        result.names.emplace_back(name, length);
      return result.names.size() + result.unreadable > result.most ? 1
                                                                   : 0;  // a damaged group goes in circles
    };
    hsize_t at = 0;
    const herr_t ended = H5Literate(group, H5_INDEX_NAME, H5_ITER_INC, &at, take, &found);
    const std::size_t seen = found.names.size() + found.unreadable;
    if (ended != 0 || seen != info.nlinks || found.unreadable != 0) {
      problems_.add(what + ": of the " + std::to_string(info.nlinks) + " names in its group " +
                    std::to_string(std::min<std::size_t>(found.names.size(), info.nlinks)) + " can be read");
    }
    std::sort(found.names.begin(), found.names.end());
    const auto twice = std::adjacent_find(found.names.begin(), found.names.end());
    if (twice != found.names.end()) problems_.add(what + ": has the name " + quote(*twice) + " twice");
    return std::move(found.names);
  }

  NirNode read_node(hid_t group, const std::string& path, std::size_t depth) {
    NirNode node;
    const std::string what = path.empty() ? std::string("top node") : "node " + quote(path);
    if (!has(group, "type")) {
      problems_.add(what + ": has no 'type'");
    } else {
      const Value type = read_dataset(group, "type", what);
      if (const auto* text = std::get_if<std::string>(&type)) {
        node.type_name = *text;
        node.type = nir_type(*text);
      } else if (!std::holds_alternative<std::monostate>(type)) {
        problems_.add(what + ": its 'type' is not a text");
      }
    }
    if (node.role() == Role::kGraph) {
      if (depth >= limits_.depth) {
        problems_.add(what + ": graphs are nested more than " + std::to_string(limits_.depth) + " deep");
        node.graph.emplace_back();
        return node;
      }
      node.graph.push_back(read_graph(group, path, what, depth));
      return node;
    }
    for (const std::string& name : names(group, what)) {
      if (name == "type") continue;
      if (name == "metadata") {
        node.metadata = read_metadata(group, what);
        continue;
      }
      read_field(group, name, what, node);
    }
    if (node.type == nullptr) return node;
    for (const NodeField& listed : node.type->fields()) {
      const std::string name(listed.name);
      if (listed.need == NodeField::Need::kRequired && node.fields.count(name) == 0 && !has(group, name))
        problems_.add(what + " (" + node.type_name + "): field '" + name + "' is missing");
    }
    return node;
  }

  void read_field(hid_t group, const std::string& name, const std::string& what, NirNode& node) {
    // What a type does not know is not asked for in a known type; unknown types show all they have.
    Value value =
        read_dataset(group, name, what + (node.type_name.empty() ? "" : " (" + node.type_name + ")"));
    if (auto* array = std::get_if<NirArray>(&value)) {
      const NodeField* listed = node.type == nullptr ? nullptr : node.type->find_field(name);
      const bool may_be_infinite = listed != nullptr && (listed->rule == NodeField::Rule::kTime ||
                                                         listed->rule == NodeField::Rule::kGain);
      if (std::any_of(array->values.begin(), array->values.end(), [&](double x) {
            return !std::isfinite(x) && !(may_be_infinite && std::isinf(x) && x > 0);
          })) {
        problems_.add(what + ": field " + quote(name) + " holds numbers that are not finite");
      }
      node.fields.emplace(name, std::move(*array));
    } else if (auto* text = std::get_if<std::string>(&value)) {
      const NodeField* listed = node.type == nullptr ? nullptr : node.type->find_field(name);
      if (listed != nullptr && listed->need == NodeField::Need::kRequired) {
        problems_.add(what + ": field " + quote(name) + " is a text, expected numbers");
      }
      node.texts.emplace(name, std::move(*text));
    } else if (std::holds_alternative<std::vector<std::string>>(value)) {
      problems_.add(what + ": field " + quote(name) + " is a list of texts, expected numbers");
    }
  }

  NirGraph read_graph(hid_t group, const std::string& path, const std::string& what, std::size_t depth) {
    NirGraph graph;
    const Hdf5Handle nodes = open(group, "nodes");
    if (!nodes.valid() || H5Iget_type(nodes.id()) != H5I_GROUP) {
      problems_.add(what + ": the graph has no readable group 'nodes'");
    } else {
      for (const std::string& name : names(nodes.id(), what)) {
        const std::string full = path.empty() ? name : path + "/" + name;
        if (quote(name) != "'" + name + "'")
          problems_.add("node " + quote(full) + ": expected a name of printable UTF-8; give it another");
        const Hdf5Handle child = open(nodes.id(), name);
        if (!child.valid() || H5Iget_type(child.id()) != H5I_GROUP) {
          problems_.add("node " + quote(full) + ": is not a readable group");
          continue;
        }
        if (++nodes_read_ > limits_.links) {
          problems_.add(what + ": more than " + std::to_string(limits_.links) + " nodes");
          break;
        }
        graph.nodes.emplace(name, read_node(child.id(), full, depth + 1));
      }
    }
    read_edges(group, what, graph);
    if (has(group, "metadata")) graph.metadata = read_metadata(group, what);
    return graph;
  }

  void read_edges(hid_t group, const std::string& what, NirGraph& graph) {
    if (!has(group, "edges")) {
      problems_.add(what + ": the graph has no 'edges'");
      return;
    }
    const Value value = read_dataset(group, "edges", what, Empty::kAllowed);
    if (std::holds_alternative<std::monostate>(value)) return;
    const auto* array = std::get_if<NirArray>(&value);
    if (array != nullptr && array->values.empty()) return;  // what an empty list is written as
    const auto* texts = std::get_if<std::vector<std::string>>(&value);
    if (texts == nullptr || last_shape_.size() != 2 || last_shape_[1] != 2) {
      if (texts != nullptr && texts->empty()) return;
      problems_.add(what + ": 'edges' is not a list of pairs of texts, its shape is " +
                    to_string(last_shape_));
      return;
    }
    for (std::size_t i = 0; i + 1 < texts->size(); i += 2)
      graph.edges.push_back({(*texts)[i], (*texts)[i + 1]});
  }

  /// Metadata never matter, so nothing in them is a problem.
  NirMetadata read_metadata(hid_t parent, const std::string& what) {
    NirMetadata result;
    Problems ignored;
    Hdf5Reader reader(limits_, ignored);
    const Hdf5Handle group = open(parent, "metadata");
    if (!group.valid() || H5Iget_type(group.id()) != H5I_GROUP) return result;
    for (const std::string& name : reader.names(group.id(), what)) {
      Value value = reader.read_dataset(group.id(), name, what);
      if (auto* text = std::get_if<std::string>(&value)) result.emplace(name, std::move(*text));
      if (auto* array = std::get_if<NirArray>(&value)) result.emplace(name, std::move(*array));
    }
    return result;
  }

  enum class Empty { kRefused, kAllowed };

  /// One dataset of numbers or texts; monostate (and a problem) where that fails.
  Value read_dataset(hid_t parent, const std::string& name, const std::string& what,
                     Empty empty = Empty::kRefused) {
    const auto fail = [&](const std::string& why) {
      problems_.add(what + ": " + quote(name) + " " + why);
      return Value();
    };
    const Hdf5Handle set = open(parent, name);
    if (!set.valid()) return fail("cannot be opened (damaged, or a link out of the file)");
    if (H5Iget_type(set.id()) != H5I_DATASET) return fail("is not a dataset");
    const Hdf5Handle space(H5Dget_space(set.id()), H5Sclose);
    const Hdf5Handle type(H5Dget_type(set.id()), H5Tclose);
    if (!space.valid() || !type.valid()) return fail("has a damaged header");

    const H5S_class_t space_class = H5Sget_simple_extent_type(space.id());
    Shape shape;
    if (space_class == H5S_SIMPLE) {
      const int rank = H5Sget_simple_extent_ndims(space.id());
      std::vector<hsize_t> extents(static_cast<std::size_t>(std::max(rank, 0)));
      if (rank < 0 || H5Sget_simple_extent_dims(space.id(), extents.data(), nullptr) < 0) {
        return fail("has a damaged shape");
      }
      shape.assign(extents.begin(), extents.end());
    } else if (space_class == H5S_NULL) {
      shape = {0};
    } else if (space_class != H5S_SCALAR) {
      return fail("has a damaged shape");
    }
    last_shape_ = shape;
    std::size_t count = 1;
    for (const std::size_t extent : shape) {
      if (extent == 0) count = 0;
    }
    for (const std::size_t extent : shape) {
      if (count != 0 && extent > (limits_.values - values_read_) / count) {
        return fail("claims the shape " + to_string(shape) + ", more than the " +
                    std::to_string(limits_.values) + " numbers that a file may hold");
      }
      count *= extent;
    }
    values_read_ += count;
    if (count == 0) {
      if (empty == Empty::kAllowed) return NirArray{shape, {}};
      return fail("is empty, its shape is " + to_string(shape));
    }
    if (const std::string why = storage_trouble(set.id(), space.id(), shape); !why.empty()) return fail(why);

    switch (H5Tget_class(type.id())) {
      case H5T_INTEGER:
      case H5T_FLOAT: {
        NirArray array{shape, std::vector<double>(count)};
        if (H5Dread(set.id(), H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, array.values.data()) < 0) {
          return fail("cannot be read: its data are damaged (" + hdf5_reason() + ")");
        }
        return array;
      }
      case H5T_STRING:
        return read_texts(set.id(), space.id(), type.id(), count, shape, fail);
      default:
        return fail("holds neither numbers nor texts");
    }
  }

  /// Why the data are not all in this file; empty when they are.
  std::string storage_trouble(hid_t set, hid_t space, const Shape& shape) const {
    const Hdf5Handle plist(H5Dget_create_plist(set), H5Pclose);
    if (!plist.valid()) return "has a damaged header";
    const H5D_layout_t layout = H5Pget_layout(plist.id());
    if (layout == H5D_CHUNKED) {
      std::array<hsize_t, H5S_MAX_RANK> chunk{};
      const int rank = H5Pget_chunk(plist.id(), static_cast<int>(chunk.size()), chunk.data());
      if (rank < 0 || static_cast<std::size_t>(rank) != shape.size()) return "has a damaged header";
      hsize_t volume_of_chunk = 1;
      hsize_t expected = 1;
      for (std::size_t i = 0; i < shape.size(); ++i) {
        const hsize_t extent = chunk.at(i);
        if (extent == 0 || extent > limits_.values / volume_of_chunk)
          return "claims chunks of a size that cannot be";
        volume_of_chunk *= extent;
        expected *= (shape[i] + extent - 1) / extent;
      }
      // Missing chunks would read as zeros without a word.
      hsize_t chunks = 0;
      if (H5Dget_num_chunks(set, space, &chunks) < 0) return "has a damaged list of chunks";
      if (chunks != expected) {
        return "has " + std::to_string(chunks) + " of its " + std::to_string(expected) + " chunks";
      }
    } else if (layout != H5D_CONTIGUOUS && layout != H5D_COMPACT) {
      return "is a view of other files; NIR data stand in the file itself";
    }
    if (H5Pget_external_count(plist.id()) != 0)
      return "is stored in other files; NIR data stand in the file itself";
    H5D_space_status_t status = H5D_SPACE_STATUS_ERROR;
    if (H5Dget_space_status(set, &status) < 0) return "has a damaged header";
    if (status == H5D_SPACE_STATUS_NOT_ALLOCATED) return "was never written";
    return {};
  }

  template <class Fail>
  Value read_texts(hid_t set, hid_t space, hid_t type, std::size_t count, const Shape& shape,
                   const Fail& fail) {
    std::vector<std::string> texts;
    if (H5Tis_variable_str(type) > 0) {
      std::vector<char*> pointers(count, nullptr);
      const Hdf5Handle memory(H5Tcopy(H5T_C_S1), H5Tclose);
      H5Tset_size(memory.id(), H5T_VARIABLE);
      H5Tset_cset(memory.id(), H5Tget_cset(type));
      if (H5Dread(set, memory.id(), H5S_ALL, H5S_ALL, H5P_DEFAULT, static_cast<void*>(pointers.data())) < 0) {
        return fail("cannot be read: its texts are damaged (" + hdf5_reason() + ")");
      }
      for (const char* pointer : pointers) texts.emplace_back(pointer == nullptr ? "" : pointer);
      H5Dvlen_reclaim(memory.id(), space, H5P_DEFAULT, static_cast<void*>(pointers.data()));
    } else {
      const std::size_t length = H5Tget_size(type);
      if (length == 0 || length > 65536 || count > limits_.values / length)
        return fail("has texts of an impossible length");
      std::vector<char> buffer(count * length);
      if (H5Dread(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, buffer.data()) < 0) {
        return fail("cannot be read: its texts are damaged (" + hdf5_reason() + ")");
      }
      for (std::size_t i = 0; i < count; ++i) {
        std::string text(&buffer[i * length], length);
        texts.push_back(text.substr(0, text.find('\0')));
      }
    }
    if (shape.empty()) return std::move(texts.front());
    return texts;
  }

  const NirLimits& limits_;
  Problems& problems_;
  std::size_t values_read_ = 0;
  std::size_t nodes_read_ = 0;
  Shape last_shape_;
};

}  // namespace

NirGraph read_hdf5(const std::vector<char>& bytes, const NirLimits& limits, Problems& problems) {
  const QuietHdf5 quiet;
  return Hdf5Reader(limits, problems).read(bytes);
}

}  // namespace spikeloom
