// Convolution and pooling as what they mean: a sparse matrix. Used by the shape inference and the
// composition of linear nodes only.
#pragma once

#include <array>
#include <optional>

#include "compiler/base/error.hpp"
#include "compiler/model/flat_graph.hpp"
#include "compiler/model/linear_map.hpp"

namespace spikeloom {

/// Conv1d, Conv2d, SumPool2d and AvgPool2d: a window that moves over height and width (Conv1d: height 1).
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

[[nodiscard]] bool is_window(NirType type);

/// The input's shape as far as the node itself says it: a convolution with an `input_shape`.
[[nodiscard]] std::optional<Shape> window_input(const FlatNode& node);

/// The window over an input of that shape. Every fault of the node's fields goes to `problems` by its name.
/// Source  nir.readthedocs.io (primitives) and PyTorch's definition of "same" and of AvgPool2d's padding.
[[nodiscard]] std::optional<Window> window_over(const FlatNode& node, const Shape& in, Problems& problems);

/// [channels,height,width]; [channels,length] of a Conv1d.
[[nodiscard]] Shape window_output(const FlatNode& node, const Window& window);

/// Throws Error{kInput} beyond 2^26 weights.
[[nodiscard]] SparseRows window_rows(const FlatNode& node, const Window& window);

}  // namespace spikeloom
