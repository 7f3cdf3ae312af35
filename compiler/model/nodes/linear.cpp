#include "compiler/model/nodes/linear.hpp"

#include <cstdint>
#include <utility>
#include <vector>

#include "compiler/model/nodes/node_type.hpp"

namespace spikeloom {
namespace {

/// A Linear or Affine's weight, by input.
RealMap transposed(const NirArray& weight) {
  const std::size_t inputs = weight.shape.back();
  const std::size_t outputs = weight.values.size() / inputs;
  const DenseMap dense{static_cast<std::uint32_t>(inputs), static_cast<std::uint32_t>(outputs)};
  if (const auto problem = MapForm::problem(dense, {})) throw input_error(*problem);
  RealMap map{MapForm(dense), std::vector<double>(weight.values.size())};
  for (std::size_t i = 0; i < inputs; ++i)
    for (std::size_t o = 0; o < outputs; ++o) map.weight[i * outputs + o] = weight.values[o * inputs + i];
  return tidy(std::move(map));
}

}  // namespace

bool linear_shape(FlatNode& node, Problems& problems) {
  const NirArray* weight = field(node, "weight");
  if (weight == nullptr) return false;
  const Shape& shape = weight->shape;
  bool good = shape.size() >= 2;
  for (std::size_t i = 0; i + 2 < shape.size(); ++i) good = good && shape[i] == 1;
  if (!good) {
    problems.add(node.what() + ": its weight has shape " + to_string(shape) + ", expected [outputs,inputs]");
    return false;
  }
  node.in = Shape{shape.back()};
  node.out = Shape{shape[shape.size() - 2]};
  return true;
}

bool affine_shape(FlatNode& node, Problems& problems) {
  if (!linear_shape(node, problems)) return false;
  const NirArray* bias = field(node, "bias");
  if (bias == nullptr || bias->values.size() == 1 || same_but_for_ones(bias->shape, *node.out)) return true;
  problems.add(node.what() + ": its bias has shape " + to_string(bias->shape) + ", expected " +
               to_string(*node.out));
  return false;
}

bool scale_shape(FlatNode& node, Problems&) {
  const NirArray* scale = field(node, "scale");
  if (scale == nullptr) return false;
  if (!scale->shape.empty()) node.in = node.out = scale->shape;
  return true;
}

void apply_linear(const FlatNode& node, double, AffineMap& map) {
  multiply(map, transposed(*field(node, "weight")));
}

void apply_affine(const FlatNode& node, double dt, AffineMap& map) {
  apply_linear(node, dt, map);
  add_bias(map, *field(node, "bias"));
}

void apply_scale(const FlatNode& node, double, AffineMap& map) {
  const NirArray& scale = *field(node, "scale");
  RealMap diagonal = identity_map(volume(*node.out));
  if (scale.values.size() == 1) {
    diagonal.weight.assign(diagonal.form.weights(), scale.values.front());
  } else {
    diagonal = {MapForm(DiagonalMap{static_cast<std::uint32_t>(scale.values.size()), 1}), scale.values};
  }
  multiply(map, diagonal);
}

}  // namespace spikeloom
