// Ports and Flatten: nodes that have a shape and compute nothing.
#pragma once

#include <optional>
#include <string>

#include "compiler/model/flat_graph.hpp"

namespace spikeloom {

/// The shape in the field `shape`.
bool port_shape(FlatNode& node, Problems& problems);

/// The input's shape in the field `input_type`, and then the output's.
bool flatten_shape(FlatNode& node, Problems& problems);
/// Dimensions start_dim to end_dim become one; a negative one counts from the end.
bool flatten_output_shape(FlatNode& node, Problems& problems);
/// The same where start_dim and end_dim count a batch dimension that the input's shape leaves out, as
/// PyTorch's Flatten is written by exporters that copy its numbers.
std::optional<std::string> flatten_with_batch(FlatNode& node);

}  // namespace spikeloom
