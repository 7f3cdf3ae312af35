// Bounds on start times for a period that is given.
#pragma once

#include <cstdint>
#include <span>
#include <variant>
#include <vector>

#include "compiler/base/ratio.hpp"
#include "compiler/sdf/graph.hpp"

namespace spikeloom::sdf {

/// potential[a] such that start_a(k) <= (potential[a] + P * k) / Q; the least solution (see certificate.hpp).
struct Potentials {
  std::vector<std::int64_t> potential;
};

/// A cycle whose ratio is above the given period, or that holds no token at all.
struct TooFast {
  std::vector<ChannelId> cycle;
};

/// Can the graph keep `period`, and by when does each actor start at the latest?
///
/// Shape   lower: an actor's earliest first start in cycles, by actor, or empty for 0.
/// Throws  Error{kInput} for rates other than 1, a negative period, and where the integers would not fit.
[[nodiscard]] std::variant<Potentials, TooFast> potentials(const Graph& graph, const Ratio& period,
                                                           std::span<const std::int64_t> lower = {});

}  // namespace spikeloom::sdf
