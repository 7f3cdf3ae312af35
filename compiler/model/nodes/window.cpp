#include "compiler/model/nodes/window.hpp"

#include <cmath>
#include <cstdint>
#include <string>

#include "compiler/model/nodes/node_type.hpp"

namespace spikeloom {
namespace {

/// Reads a node's fields; every fault is told, so that one look shows them all.
class WindowReader {
 public:
  WindowReader(const FlatNode& node, WindowForm form, Problems& problems)
      : node_(node), problems_(problems), rank_(form.rank) {
    window_.kind = form.kind;
  }

  std::optional<Window> run(const Shape& in) {
    window_.stride = extents("stride", 1);
    window_.dilation = is_convolution() ? extents("dilation", 1) : Pair{1, 1};
    const bool have_input = read_input(in);
    if (is_convolution()) {
      read_weight();
    } else {
      window_.outputs = window_.groups = window_.inputs;
      window_.kernel = extents("kernel_size", 1);
    }
    if (!good_) return std::nullopt;
    const Pair after = read_padding();
    if (good_ && have_input) place(after);
    return good_ ? std::optional(window_) : std::nullopt;
  }

 private:
  using Pair = std::array<std::size_t, 2>;

  [[nodiscard]] bool is_convolution() const { return window_.kind == Window::Kind::kConvolution; }

  void fail(const std::string& why) {
    problems_.add(node_.what() + ": " + why);
    good_ = false;
  }

  /// One or `rank_` whole numbers of at least `least`, as height and width.
  Pair extents(const std::string& name, double least) {
    Pair result{1, 1};
    if (least == 0) result = {0, 0};
    for (std::size_t d = 2 - rank_; d < 2; ++d) result[d] = static_cast<std::size_t>(otherwise(node_, name));
    const NirArray* array = field(node_, name);
    if (array == nullptr) return result;
    if (array->values.size() != 1 && array->values.size() != rank_) {
      fail("its field '" + name + "' has " + std::to_string(array->values.size()) + " numbers, expected " +
           std::to_string(rank_) + " or one");
      return result;
    }
    for (std::size_t d = 0; d < rank_; ++d) {
      const double value = array->values.size() == 1 ? array->values.front() : array->values[d];
      if (!(value >= least && value <= 1e6) || value != std::floor(value)) {
        fail("its field '" + name + "' holds " + number(value) + ", expected a whole number from " +
             number(least));
        return result;
      }
      result[2 - rank_ + d] = static_cast<std::size_t>(value);
    }
    return result;
  }

  static std::string number(double value) {
    const bool whole = value == std::floor(value) && std::abs(value) < 1e15;
    return whole ? std::to_string(static_cast<long long>(value)) : std::to_string(value);
  }

  /// Channels and extents; one leading channel may be left out of the shape.
  bool read_input(Shape in) {
    // A batch of one, which exporters may keep in a shape, is no dimension.
    while (in.size() > rank_ + 1 && in.front() == 1) in.erase(in.begin());
    if (in.size() != rank_ + 1 && in.size() != rank_) {
      fail("its input has shape " + to_string(in) + ", expected " +
           (rank_ == 1 ? "[channels,length]" : "[channels,height,width]"));
      return false;
    }
    window_.inputs = in.size() == rank_ ? 1 : in.front();
    window_.in = {1, in.back()};
    if (rank_ == 2) window_.in[0] = in[in.size() - 2];
    return true;
  }

  void read_weight() {
    const NirArray* weight = field(node_, "weight");
    if (weight == nullptr) {
      good_ = false;  // a problem of the reader's already
      return;
    }
    if (weight->shape.size() != rank_ + 2) {
      return fail("its weight has shape " + to_string(weight->shape) + ", expected " +
                  (rank_ == 1 ? "[outputs,inputs/groups,length]" : "[outputs,inputs/groups,height,width]"));
    }
    const NirArray* groups = field(node_, "groups");
    const double count = groups == nullptr ? otherwise(node_, "groups") : groups->values.front();
    if (!(count >= 1 && count <= 1e6) || count != std::floor(count) ||
        (groups != nullptr && groups->values.size() != 1)) {
      return fail("its field 'groups' holds " + number(count) + ", expected one whole number from 1");
    }
    window_.groups = static_cast<std::size_t>(count);
    window_.outputs = weight->shape[0];
    window_.kernel = {1, weight->shape.back()};
    if (rank_ == 2) window_.kernel[0] = weight->shape[2];
    const std::size_t expected = weight->shape[1] * window_.groups;
    if (window_.inputs != 0 && window_.inputs != expected) {
      fail("its weight " + to_string(weight->shape) + " in " + std::to_string(window_.groups) +
           " groups takes " + std::to_string(expected) + " channels, its input has " +
           std::to_string(window_.inputs));
    }
    if (window_.outputs % window_.groups != 0) {
      fail("its " + std::to_string(window_.outputs) + " output channels do not divide into " +
           std::to_string(window_.groups) + " groups");
    }
    const NirArray* bias = field(node_, "bias");
    if (bias != nullptr && bias->values.size() != 1 && !same_but_for_ones(bias->shape, {window_.outputs})) {
      fail("its bias has shape " + to_string(bias->shape) + ", expected " + to_string({window_.outputs}));
    }
  }

  /// Sets `before` and returns the padding behind.
  Pair read_padding() {
    const auto text = node_.node->texts.find("padding");
    if (text == node_.node->texts.end()) {
      window_.before = extents("padding", 0);
      return window_.before;
    }
    if (text->second == "valid") return {0, 0};
    if (text->second != "same" || !is_convolution()) {
      fail("its padding is " + quote(text->second) + ", expected " +
           (is_convolution() ? "'same', 'valid' or numbers" : "numbers"));
      return {0, 0};
    }
    if (window_.stride != Pair{1, 1}) {
      fail("padding 'same' has no meaning with the stride " + std::to_string(window_.stride[0]) + "," +
           std::to_string(window_.stride[1]) + ", expected a stride of 1");
    }
    Pair after{};
    for (std::size_t d = 0; d < 2; ++d) {
      const std::size_t total = window_.dilation[d] * (window_.kernel[d] - 1);
      window_.before[d] = total / 2;  // the odd one goes behind
      after[d] = total - total / 2;
    }
    return after;
  }

  void place(const Pair& after) {
    for (std::size_t d = 0; d < 2; ++d) {
      const std::size_t padded = window_.in[d] + window_.before[d] + after[d];
      const std::size_t reach = window_.dilation[d] * (window_.kernel[d] - 1) + 1;
      if (window_.kernel[d] == 0 || reach > padded) {
        fail("its kernel reaches over " + std::to_string(reach) + (d == 0 ? " rows" : " columns") +
             ", its input has " + std::to_string(padded) + " with the padding");
        continue;
      }
      window_.out[d] = (padded - reach) / window_.stride[d] + 1;
    }
    if (!good_) return;
    const double elements = static_cast<double>(window_.out[0]) * static_cast<double>(window_.out[1]) *
                            static_cast<double>(window_.outputs);
    if (elements > double{1U << 24U}) fail("its output would have more than 2^24 elements");
  }

  const FlatNode& node_;
  Problems& problems_;
  std::size_t rank_;
  Window window_;
  bool good_ = true;
};

/// Where the node says it: a convolution with an `input_shape` and a weight that fits it.
std::optional<Shape> window_input(const FlatNode& node, WindowForm form) {
  const NirArray* extent = field(node, "input_shape");
  const NirArray* weight = field(node, "weight");
  const NirArray* groups = field(node, "groups");
  if (extent == nullptr || weight == nullptr) return std::nullopt;
  if (extent->values.size() != form.rank || weight->shape.size() != form.rank + 2) return std::nullopt;
  const double count = groups == nullptr ? otherwise(node, "groups") : groups->values.front();
  if (!(count >= 1 && count <= 1e6)) return std::nullopt;
  Shape shape{weight->shape[1] * static_cast<std::size_t>(count)};
  for (const double value : extent->values) {
    if (!(value >= 1 && value <= 1e6)) return std::nullopt;
    shape.push_back(static_cast<std::size_t>(value));
  }
  return shape;
}

RealMap window_map(const FlatNode& node, const Window& window) {
  const auto small = [](std::size_t x) { return static_cast<std::uint32_t>(x); };
  WindowMap map{small(window.inputs), small(window.outputs), small(window.groups), {}, {}, {}, {}, {}, {}};
  for (std::size_t d = 0; d < 2; ++d) {
    map.in[d] = small(window.in[d]);
    map.out[d] = small(window.out[d]);
    map.kernel[d] = small(window.kernel[d]);
    map.stride[d] = small(window.stride[d]);
    map.dilation[d] = small(window.dilation[d]);
    map.before[d] = small(window.before[d]);
  }
  if (const auto problem = MapForm::problem(map, {})) throw input_error(*problem);
  RealMap result{MapForm(map), {}};
  if (window.kind == Window::Kind::kConvolution) {
    result.weight = field(node, "weight")->values;
  } else {
    const double plain = window.kind == Window::Kind::kAverage ? 1.0 / static_cast<double>(map.taps()) : 1.0;
    result.weight.assign(result.form.weights(), plain);
  }
  SPIKELOOM_CHECK(result.weight.size() == result.form.weights());
  return result;
}

}  // namespace

bool window_shape(FlatNode& node, Problems& problems, WindowForm form) {
  node.in = window_input(node, form);
  return !node.in || window_output_shape(node, problems, form);
}

bool window_output_shape(FlatNode& node, Problems& problems, WindowForm form) {
  const std::optional<Window> window = WindowReader(node, form, problems).run(*node.in);
  if (!window) return false;
  node.out = form.rank == 1 ? Shape{window->outputs, window->out[1]}
                            : Shape{window->outputs, window->out[0], window->out[1]};
  return true;
}

void apply_window(const FlatNode& node, AffineMap& map, WindowForm form) {
  Problems none;
  const std::optional<Window> window = WindowReader(node, form, none).run(*node.in);
  SPIKELOOM_CHECK(window.has_value());  // the shape inference has seen it
  multiply(map, window_map(node, *window));
  if (form.kind != Window::Kind::kConvolution) return;
  if (const NirArray* bias = field(node, "bias")) add_bias(map, *bias);
}

}  // namespace spikeloom
