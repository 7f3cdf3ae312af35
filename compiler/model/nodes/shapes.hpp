// Ports and Flatten: nodes that have a shape and compute nothing.
#pragma once

#include "compiler/model/flat_graph.hpp"

namespace spikeloom {

/// The shape in the field `shape`.
bool port_shape(FlatNode& node, Problems& problems);

/// The input's shape in the field `input_type`, and then the output's.
bool flatten_shape(FlatNode& node, Problems& problems);
/// Dimensions start_dim to end_dim become one; a negative one counts from the end.
bool flatten_output_shape(FlatNode& node, Problems& problems);

}  // namespace spikeloom
