// A Network's promises, checked, and its text.
#pragma once

#include <string>
#include <vector>

#include "compiler/model/network.hpp"

namespace spikeloom {

/// What every Network promises, checked the slow way; one text for each promise broken.
///
/// Checked  sizes of all vectors, ids in range, row pointers, targets in range and ascending within a
///          row, finite numbers, delay-0 projections go forward, shapes match sizes.
/// Assumed  nothing.
[[nodiscard]] std::vector<std::string> check(const Network& network);

/// Inputs, populations, projections, outputs: stable text, a line each.
[[nodiscard]] std::string describe(const Network& network);

[[nodiscard]] const char* to_string(Reset reset);  // with the others of framework.hpp

}  // namespace spikeloom
