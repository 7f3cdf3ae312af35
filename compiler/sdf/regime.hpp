// Self-timed execution in the long run: when it becomes periodic, and latencies in it.
#pragma once

#include <cstdint>
#include <optional>

#include "compiler/base/ratio.hpp"
#include "compiler/sdf/expand.hpp"
#include "compiler/sdf/simulate.hpp"

namespace spikeloom::sdf {

/// From iteration `transient` on every start repeats `advance` cycles later after `length` iterations.
struct Regime {
  std::int64_t transient = 0;
  std::int64_t length = 1;
  std::int64_t advance = 0;
};

/// Nothing where it is not reached within `most_iterations`: parts of a graph that do not hold one another
/// back drift apart for ever, and some graphs take very long.
///
/// Shape   graph: homogeneous, an expansion or one with orders.
/// Cost    O(channels · iterations), and memory for the iterations that the most tokens of a channel reach
///         back.
/// Throws  as `simulate`.
[[nodiscard]] std::optional<Regime> regime(const Graph& graph, std::int64_t most_iterations = 4'096);

/// Over the iterations of self-timed execution: from the first start of the source's firings of an iteration
/// to the last end of the sink's firings of the same. Negative where the sink is always done before the
/// source begins.
struct IterationLatency {
  std::int64_t longest = 0;              ///< within the iterations asked for
  std::int64_t iteration = 0;            ///< the first that has it
  std::int64_t finished = 0;             ///< when the sink ends the last iteration asked for
  std::optional<std::int64_t> long_run;  ///< over all iterations; nothing without a regime
  std::optional<Regime> regime;
};

/// Exact for the graph's own times and a source that is never held back; for any environment see
/// `latency_bound`.
///
/// Shape   expansion: of the graph; graph: the expansion's own, or with static orders.
/// Throws  as `simulate`; Error{kInput} for no iterations.
[[nodiscard]] IterationLatency iteration_latency(const Expansion& expansion, const Graph& graph,
                                                 ActorId source, ActorId sink, std::int64_t iterations);

}  // namespace spikeloom::sdf
