// How the elements of an input are numbered in the host stream.
#pragma once

#include <vector>

#include "compiler/core/layers.hpp"
#include "compiler/partition/application.hpp"

namespace spikeloom {

/// By InputId. By position where the channels of a position, which lie along the first axis of a NIR shape,
/// reach more nearly the same neurons than neighbours along the last axis do; so a file whose shape has its
/// channels last is left as it is, and so is what dense projections alone read.
///
/// Cost  about 2 × 64 rows a layer.
[[nodiscard]] std::vector<InputOrder> input_orders(const IntNetwork&, const Layers&);

}  // namespace spikeloom
