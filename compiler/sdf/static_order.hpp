// Actors on processors: static orders by list scheduling, and the exact period of the graph that keeps them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <variant>
#include <vector>

#include "compiler/sdf/expand.hpp"
#include "compiler/sdf/phased_graph.hpp"
#include "compiler/sdf/throughput.hpp"

namespace spikeloom::sdf {

/// In a binding: this actor shares no processor, and its firings are not held to an order.
inline constexpr std::size_t kUnbound = std::numeric_limits<std::size_t>::max();

/// By actor: its processor, from 0, or kUnbound.
using Binding = std::vector<std::size_t>;

/// Every actor on one of `processors`, the heaviest first onto the one with the least work so far.
/// Source  longest processing time first: Graham, SIAM J. Appl. Math. 17 (1969).
[[nodiscard]] Binding balanced_binding(const PhasedGraph& graph, std::size_t processors);

/// By processor: the firings of an iteration, which it executes in this order again and again.
using StaticOrder = std::vector<std::vector<Firing>>;

/// A free processor takes, of the firings that are ready, the one with the longest way to the end of the
/// iteration; of equals the lower actor and firing. The order never gets stuck where the graph itself does
/// not.
///
/// Shape   expansion: of the graph, with room for channels if they have any (`with_capacities`).
/// Throws  Error{kInput} naming the firings of a graph that is stuck.
/// Source  Hu, Operations Research 9 (1961); order by levels.
[[nodiscard]] StaticOrder list_schedule(const Expansion& expansion, const Binding& binding);

/// The expansion with a channel from each firing to the next of its processor, and from the last to the first
/// of the next iteration. Its self-timed execution is that of the processors; its period is by
/// `max_cycle_ratio`.
/// Throws  Error{kInput} naming a firing that the order has twice, not at all or on another processor.
[[nodiscard]] Graph ordered(const Expansion& expansion, const Binding& binding, const StaticOrder& order);

}  // namespace spikeloom::sdf
