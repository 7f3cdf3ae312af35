// Delay: the same values so many steps later.
#pragma once

#include "compiler/model/flat_graph.hpp"
#include "compiler/model/linear_map.hpp"

namespace spikeloom {

/// The shape of `delay`, if it is not a single number.
bool delay_shape(FlatNode& node, Problems& problems);
/// Delays that are no whole number of steps, or negative, go to `problems`.
void check_delay(const FlatNode& node, double dt, Problems& problems);
/// Moves what leads to each element to a tap so many steps late.  Throws Error{kInput} behind a bias.
void apply_delay(const FlatNode& node, double dt, AffineMap& map);

}  // namespace spikeloom
