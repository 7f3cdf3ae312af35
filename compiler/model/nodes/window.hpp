// Convolution and pooling as what they mean: a window that moves (compiler/linear).
#pragma once

#include <array>
#include <optional>

#include "compiler/base/error.hpp"
#include "compiler/model/flat_graph.hpp"
#include "compiler/model/linear_map.hpp"

namespace spikeloom {

/// A window that moves over height and width, or over a length alone (its height is then 1).
/// Output (o, y, x) sums over channels i of o's group and taps (ky, kx)
///   weight[o][i][ky][kx] · in[i][y·stride + ky·dilation - before][x·…],  zero outside the input.
/// A pool has a group a channel and the weight 1, or 1/(kernel's size) with the padding counted in.
struct Window {
  enum class Kind { kConvolution, kSum, kAverage };
  Kind kind = Kind::kConvolution;
  std::size_t inputs = 0, outputs = 0, groups = 1;  ///< channels
  /// Height and width.
  std::array<std::size_t, 2> in{}, kernel{}, stride{}, dilation{}, before{}, out{};
};

/// What a row of the table says of its window.
struct WindowForm {
  std::size_t rank = 2;  ///< extents that the window moves over
  Window::Kind kind = Window::Kind::kConvolution;
};

/// The input's shape as far as the node itself says it, by an `input_shape`; then the output's.
bool window_shape(FlatNode& node, Problems& problems, WindowForm form);
/// [channels,height,width] or [channels,length]. Every fault of the node's fields goes to `problems`.
/// Source  nir.readthedocs.io (primitives) and PyTorch's definition of "same" and of AvgPool2d's padding.
bool window_output_shape(FlatNode& node, Problems& problems, WindowForm form);
/// Throws Error{kInput} where the map has more than 2^26 weights, or as many different rows.
void apply_window(const FlatNode& node, AffineMap& map, WindowForm form);

/// The same as functions of a row.
template <WindowForm kForm>
bool window_shape(FlatNode& node, Problems& problems) {
  return window_shape(node, problems, kForm);
}
template <WindowForm kForm>
bool window_output_shape(FlatNode& node, Problems& problems) {
  return window_output_shape(node, problems, kForm);
}
template <WindowForm kForm>
void apply_window(const FlatNode& node, double /*dt*/, AffineMap& map) {
  apply_window(node, map, kForm);
}

}  // namespace spikeloom
