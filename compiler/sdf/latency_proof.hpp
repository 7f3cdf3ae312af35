// A latency that anyone can check without trusting whoever found it.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include <spikeloom/start_runs.hpp>

#include "compiler/sdf/latency.hpp"

namespace spikeloom::sdf {

/// By actor, the latest starts of its firings up to k, the oldest first and k's own last, counted from the
/// source's moment in its firing k, in cycles. What an actor from which no path leads back to the source
/// (README.md) has before them is at most the first. Empty: the actor does not matter, or firing k has ended
/// by then.
using LatestStarts = std::vector<StartRuns>;

struct LatencyProof {
  std::int64_t latency = 0;  ///< as latency_bound
  LatestStarts latest;
};

/// The bound of `latency_bound` and its proof. Cost and errors are the same.
[[nodiscard]] std::variant<LatencyProof, Unbounded> prove_latency(const Graph& graph, ActorId source,
                                                                  ActorId sink,
                                                                  const LatencyOptions& options = {});

/// What is wrong with the proof, one sentence each; empty if it holds. Shares no code with the solver.
///
/// Checked  with m(a) the fewest tokens (`after`, where given) on a path from a to the source, found anew by
///          relaxing: the source's firings are in order; and for every firing k + i, i <= 0, of an actor b
///          that has starts: start(b, i) >= 0 and >= lower[b] - lower[source], and for each of b's channels
///          with t tokens, from a:
///            latency                     <= start(b, i)   if i - t <= -m(a), the sender has ended
///            start(a, i - t) + weight    <= start(b, i)   otherwise: a has a start there
///          and that the sink's start (end) for i = 0 is at most `latency`.
/// Assumed  that the graph describes the machine, and that it has no circle without tokens, which no bound
///          of a period permits (certificate.hpp).
/// Cost     A search for m, and of each channel, wherever two runs meet, twice the firings after which both
///          repeat at once: between these the inequality is linear. kMostComparisons in all, or it is said.
[[nodiscard]] std::vector<std::string> verify_latency(const Graph& graph, ActorId source, ActorId sink,
                                                      const LatencyProof& proof,
                                                      const LatencyOptions& options = {});

}  // namespace spikeloom::sdf
