#include <algorithm>
#include <cmath>

#include "compiler/model/nodes/delay.hpp"
#include "compiler/model/nodes/linear.hpp"
#include "compiler/model/nodes/neurons.hpp"
#include "compiler/model/nodes/node_type.hpp"
#include "compiler/model/nodes/shapes.hpp"
#include "compiler/model/nodes/window.hpp"

namespace spikeloom {
namespace {

constexpr auto kOwn = NodeField::Rule::kOwn;
constexpr auto kNeuron = NodeField::Rule::kNeuron;
constexpr auto kTime = NodeField::Rule::kTime;
constexpr auto kGain = NodeField::Rule::kGain;

constexpr NodeField must(std::string_view name, NodeField::Rule rule = kOwn, double otherwise = 0) {
  return {name, NodeField::Need::kRequired, rule, otherwise};
}
constexpr NodeField may(std::string_view name, NodeField::Rule rule = kOwn, double otherwise = 0) {
  return {name, NodeField::Need::kOptional, rule, otherwise};
}

constexpr WindowForm kConv1d{1, Window::Kind::kConvolution};
constexpr WindowForm kConv2d{2, Window::Kind::kConvolution};
constexpr WindowForm kSumPool2d{2, Window::Kind::kSum};
constexpr WindowForm kAvgPool2d{2, Window::Kind::kAverage};

/// PyTorch's names and defaults.
constexpr std::array<NodeField, 8> kConvolutionFields{must("weight"),           may("bias"),
                                                      may("stride", kOwn, 1),   may("padding"),
                                                      may("dilation", kOwn, 1), may("groups", kOwn, 1),
                                                      may("input_shape")};
constexpr std::array<NodeField, 8> kPoolFields{must("kernel_size", kOwn, 1), must("stride", kOwn, 1),
                                               may("padding")};

/// The primitives of NIR 1.0.
constexpr auto kTypes = std::to_array<NodeType>({
    {.name = "Input",
     .meaning = "where samples enter",
     .role = Role::kInput,
     .field_list = {must("shape")},
     .shape = port_shape},
    {.name = "Output",
     .meaning = "what is recorded",
     .role = Role::kOutput,
     .field_list = {must("shape")},
     .shape = port_shape},
    {.name = "NIRGraph", .meaning = "a graph within the graph", .role = Role::kGraph},

    {.name = "Linear",
     .meaning = "a matrix",
     .role = Role::kLinear,
     .field_list = {must("weight")},
     .shape = linear_shape,
     .apply = apply_linear},
    {.name = "Affine",
     .meaning = "a matrix and a bias",
     .role = Role::kLinear,
     .field_list = {must("weight"), must("bias")},
     .shape = affine_shape,
     .apply = apply_affine},
    {.name = "Scale",
     .meaning = "a factor for each element",
     .role = Role::kLinear,
     .field_list = {must("scale", kNeuron)},
     .shape = scale_shape,
     .apply = apply_scale},
    {.name = "Flatten",
     .meaning = "the same values in another shape",
     .role = Role::kLinear,
     .field_list = {may("input_type"), may("start_dim", kOwn, 1), may("end_dim", kOwn, -1)},
     .shape = flatten_shape,
     .output_shape = flatten_output_shape,
     .second_reading = flatten_with_batch},
    {.name = "Delay",
     .meaning = "every element so much later",
     .role = Role::kLinear,
     .field_list = {must("delay", kNeuron)},
     .shape = delay_shape,
     .check_steps = check_delay,
     .apply = apply_delay},
    {.name = "Conv1d",
     .meaning = "a convolution over a length",
     .role = Role::kLinear,
     .field_list = kConvolutionFields,
     .shape = window_shape<kConv1d>,
     .output_shape = window_output_shape<kConv1d>,
     .apply = apply_window<kConv1d>},
    {.name = "Conv2d",
     .meaning = "a convolution over height and width",
     .role = Role::kLinear,
     .field_list = kConvolutionFields,
     .shape = window_shape<kConv2d>,
     .output_shape = window_output_shape<kConv2d>,
     .apply = apply_window<kConv2d>},
    {.name = "SumPool2d",
     .meaning = "the sum over a window",
     .role = Role::kLinear,
     .field_list = kPoolFields,
     .output_shape = window_output_shape<kSumPool2d>,
     .apply = apply_window<kSumPool2d>},
    {.name = "AvgPool2d",
     .meaning = "the mean over a window, the padding counted in",
     .role = Role::kLinear,
     .field_list = kPoolFields,
     .output_shape = window_output_shape<kAvgPool2d>,
     .apply = apply_window<kAvgPool2d>},

    {.name = to_string(NeuronKind::kLif),
     .meaning = "a leaky neuron that spikes",
     .role = Role::kNeuron,
     .field_list = {must("tau", kTime), must("r", kGain), must("v_leak", kNeuron),
                    must("v_threshold", kNeuron), may("v_reset", kNeuron)},
     .neuron = NeuronForm{NeuronKind::kLif, leaky, StepGuess{.r = "r", .tau = "tau"}},
     .shape = neuron_shape},
    {.name = to_string(NeuronKind::kCubaLif),
     .meaning = "a leaky neuron with a leaky current that spikes",
     .role = Role::kNeuron,
     .field_list = {must("tau_syn", kTime), must("tau_mem", kTime), must("r", kGain), must("v_leak", kNeuron),
                    must("v_threshold", kNeuron), may("v_reset", kNeuron), may("w_in", kGain, 1)},
     .neuron = NeuronForm{NeuronKind::kCubaLif, leaky_with_current,
                          StepGuess{.r = "r", .tau = "tau_mem", .tau_syn = "tau_syn", .w_in = "w_in"}},
     .shape = neuron_shape},
    {.name = to_string(NeuronKind::kIf),
     .meaning = "a neuron without a leak that spikes",
     .role = Role::kNeuron,
     .field_list = {must("r", kNeuron), must("v_threshold", kNeuron), may("v_reset", kNeuron)},
     .neuron = NeuronForm{NeuronKind::kIf, integrating, StepGuess{.r = "r"}},
     .shape = neuron_shape},
    {.name = to_string(NeuronKind::kLi),
     .meaning = "a leaky readout",
     .role = Role::kNeuron,
     .field_list = {must("tau", kTime), must("r", kGain), must("v_leak", kNeuron)},
     .neuron = NeuronForm{NeuronKind::kLi, leaky, StepGuess{.r = "r", .tau = "tau"}},
     .shape = neuron_shape},
    {.name = to_string(NeuronKind::kCubaLi),
     .meaning = "a leaky readout with a leaky current",
     .role = Role::kNeuron,
     .field_list = {must("tau_syn", kTime), must("tau_mem", kTime), must("r", kGain), must("v_leak", kNeuron),
                    may("w_in", kGain, 1)},
     .neuron = NeuronForm{NeuronKind::kCubaLi, leaky_with_current,
                          StepGuess{.r = "r", .tau = "tau_mem", .tau_syn = "tau_syn", .w_in = "w_in"}},
     .shape = neuron_shape},
    {.name = to_string(NeuronKind::kI),
     .meaning = "a readout that sums up",
     .role = Role::kNeuron,
     .field_list = {must("r", kNeuron)},
     .neuron = NeuronForm{NeuronKind::kI, integrating, StepGuess{.r = "r"}},
     .shape = neuron_shape},
    {.name = to_string(NeuronKind::kThreshold),
     .meaning = "a spike where this step's value exceeds the threshold",
     .role = Role::kNeuron,
     .field_list = {must("threshold", kNeuron)},
     .neuron = NeuronForm{NeuronKind::kThreshold, memoryless},
     .shape = neuron_shape},
});

}  // namespace

std::span<const NodeType> node_types() { return kTypes; }

const NodeType* nir_type(std::string_view name) {
  const auto found =
      std::find_if(kTypes.begin(), kTypes.end(), [&](const NodeType& type) { return type.name == name; });
  return found == kTypes.end() ? nullptr : &*found;
}

std::span<const NodeField> NodeType::fields() const {
  const auto end = std::find_if(field_list.begin(), field_list.end(),
                                [](const NodeField& field) { return field.name.empty(); });
  return {field_list.begin(), end};
}

const NodeField* NodeType::find_field(std::string_view field) const {
  for (const NodeField& listed : fields()) {
    if (listed.name == field) return &listed;
  }
  return nullptr;
}

Role NirNode::role() const { return type == nullptr ? Role::kUnknown : type->role; }

const NirArray* field(const FlatNode& node, std::string_view name) {
  SPIKELOOM_CHECK(node.node->type->find_field(name) != nullptr);
  const auto stretched = node.stretched.find(std::string(name));
  return stretched == node.stretched.end() ? node.node->field(std::string(name)) : &stretched->second;
}

double otherwise(const FlatNode& node, std::string_view name) {
  const NodeField* listed = node.node->type->find_field(name);
  SPIKELOOM_CHECK(listed != nullptr);
  return listed->otherwise;
}

std::optional<Shape> extents(const FlatNode& node, std::string_view name, Problems& problems) {
  const NirArray* array = field(node, name);
  if (array == nullptr) return std::nullopt;
  const std::string start = node.what() + ": field '" + std::string(name) + "' ";
  Shape shape;
  std::size_t total = 1;
  for (const double value : array->values) {
    if (array->shape.size() > 1 || !(value >= 1 && value <= 1e9) || value != std::floor(value)) {
      problems.add(start + "holds no shape, found " + to_string(array->shape) + " numbers, among them " +
                   std::to_string(value));
      return std::nullopt;
    }
    shape.push_back(static_cast<std::size_t>(value));
    total *= shape.back();
    if (total > (std::size_t{1} << 24U)) {
      problems.add(start + "claims more than 2^24 elements");
      return std::nullopt;
    }
  }
  return shape;
}

}  // namespace spikeloom
