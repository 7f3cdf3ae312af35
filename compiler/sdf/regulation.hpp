// (sigma, rho) regulation: what bursts a contract must allow, and the least period of a graph that changes
// with it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <variant>
#include <vector>

#include "compiler/sdf/graph.hpp"

namespace spikeloom::sdf {

/// The smallest sigma so that every run of n firings, over the samples in any order and repeated, works at
/// most sigma + n·rho; none if some sample's mean is above rho. Works and rho in the same unit.
/// Throws nothing. Source: (sigma, rho) regulation, Cruz 1991; any order: worst suffix + worst prefix.
[[nodiscard]] std::variant<std::int64_t, std::monostate> least_sigma(
    const std::vector<std::vector<std::int64_t>>& samples, std::int64_t rho);

/// The graph for a wanted period; nothing where there is none.
using GraphForPeriod = std::function<std::optional<Graph>(std::int64_t period)>;

/// The smallest period P in (0, most] whose own graph keeps P. `most` is taken as kept without a look.
///
/// Method  bisection, so where kept periods are not an interval up to `most`, a P that is kept and P - 1 that
///         is not.
/// Cost    a cycle ratio a step, from the policy of the step before.
/// Throws  as `max_cycle_ratio`; a graph that is stuck keeps nothing.
[[nodiscard]] std::int64_t least_kept_period(std::int64_t most, const GraphForPeriod& family);

}  // namespace spikeloom::sdf
