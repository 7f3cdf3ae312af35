#include "compiler/model/nodes/shapes.hpp"

#include <cmath>

#include "compiler/model/nodes/node_type.hpp"

namespace spikeloom {

bool port_shape(FlatNode& node, Problems& problems) {
  node.in = node.out = extents(node, "shape", problems);
  return node.out.has_value();
}

bool flatten_shape(FlatNode& node, Problems& problems) {
  if (field(node, "input_type") == nullptr) return true;
  node.in = extents(node, "input_type", problems);
  return node.in && flatten_output_shape(node, problems);
}

bool flatten_output_shape(FlatNode& node, Problems& problems) {
  const auto rank = static_cast<double>(node.in->size());
  const auto dimension = [&](std::string_view name) {
    const NirArray* array = field(node, name);
    const double value =
        array == nullptr || array->values.empty() ? otherwise(node, name) : array->values.front();
    return value < 0 ? value + rank : value;
  };
  const double start = dimension("start_dim");
  const double end = dimension("end_dim");
  if (start == rank && end == rank - 1) {  // one dimension and the default start: nothing to flatten
    node.out = node.in;
    return true;
  }
  if (!(start >= 0 && start <= end && end < rank) || start != std::floor(start) || end != std::floor(end)) {
    problems.add(node.what() + ": start_dim and end_dim do not name dimensions of its input " +
                 to_string(*node.in));
    return false;
  }
  Shape out(node.in->begin(), node.in->begin() + static_cast<std::ptrdiff_t>(start));
  std::size_t product = 1;
  for (auto i = static_cast<std::size_t>(start); i <= static_cast<std::size_t>(end); ++i)
    product *= (*node.in)[i];
  out.push_back(product);
  out.insert(out.end(), node.in->begin() + static_cast<std::ptrdiff_t>(end) + 1, node.in->end());
  node.out = out;
  return true;
}

}  // namespace spikeloom
