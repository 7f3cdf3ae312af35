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

namespace {

double dimension(const FlatNode& node, std::string_view name) {
  const NirArray* array = field(node, name);
  return array == nullptr || array->values.empty() ? otherwise(node, name) : array->values.front();
}

/// `in` with dimensions `start` to `end` made one; nothing where these name none.
std::optional<Shape> flattened(const Shape& in, double start, double end) {
  const auto rank = static_cast<double>(in.size());
  if (start < 0) start += rank;
  if (end < 0) end += rank;
  if (start == rank && end == rank - 1) return in;  // one dimension and the default start: nothing to flatten
  if (!(start >= 0 && start <= end && end < rank) || start != std::floor(start) || end != std::floor(end))
    return std::nullopt;
  Shape out(in.begin(), in.begin() + static_cast<std::ptrdiff_t>(start));
  std::size_t product = 1;
  for (auto i = static_cast<std::size_t>(start); i <= static_cast<std::size_t>(end); ++i) product *= in[i];
  out.push_back(product);
  out.insert(out.end(), in.begin() + static_cast<std::ptrdiff_t>(end) + 1, in.end());
  return out;
}

}  // namespace

bool flatten_output_shape(FlatNode& node, Problems& problems) {
  node.out = flattened(*node.in, dimension(node, "start_dim"), dimension(node, "end_dim"));
  if (!node.out) {
    problems.add(node.what() + ": start_dim and end_dim do not name dimensions of its input " +
                 to_string(*node.in));
  }
  return node.out.has_value();
}

std::optional<std::string> flatten_with_batch(FlatNode& node) {
  const double start = dimension(node, "start_dim");
  const double end = dimension(node, "end_dim");
  if (!(start >= 1)) return std::nullopt;
  node.out = flattened(*node.in, start - 1, end > 0 ? end - 1 : end);
  if (!node.out) return std::nullopt;
  return "start_dim counts a batch dimension that the shape " + to_string(*node.in) +
         " leaves out, as Norse and snnTorch write it; taken without it, the node gives " +
         to_string(*node.out);
}

}  // namespace spikeloom
