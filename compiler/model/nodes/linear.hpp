// Linear, Affine and Scale.
#pragma once

#include "compiler/model/flat_graph.hpp"
#include "compiler/model/linear_map.hpp"

namespace spikeloom {

/// Of a weight [outputs,inputs]; further dimensions before them must be 1.
bool linear_shape(FlatNode& node, Problems& problems);
/// The same, and the bias has the output's shape or is one number.
bool affine_shape(FlatNode& node, Problems& problems);
/// The shape of `scale`, if it is not a single number.
bool scale_shape(FlatNode& node, Problems& problems);

void apply_linear(const FlatNode& node, double dt, AffineMap& map);
void apply_affine(const FlatNode& node, double dt, AffineMap& map);
void apply_scale(const FlatNode& node, double dt, AffineMap& map);

}  // namespace spikeloom
