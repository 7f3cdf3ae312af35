// From a firing of one actor to the same firing of another: a bound for every run.
#pragma once

#include <cstdint>
#include <span>
#include <variant>
#include <vector>

#include "compiler/sdf/graph.hpp"

namespace spikeloom::sdf {

enum class Moment { kStart, kEnd };

struct LatencyOptions {
  Moment from = Moment::kEnd;  ///< of the source's firing k
  Moment to = Moment::kEnd;    ///< of the sink's firing k
  /// An actor's earliest first start in cycles, by actor; empty: 0.
  std::span<const std::int64_t> lower = {};
  /// By channel: its target's firing k starts, in every run, after its source's firing k - after ended (with
  /// executions as they are). Empty: the channel's tokens. A graph that waits for more than a run does has
  /// more here than tokens.
  std::span<const std::int64_t> after = {};
  /// How many firings are looked at one by one, at most; those that repeat need not be.
  std::int64_t most_looks = std::int64_t{1} << 27;
};

/// Nothing keeps the source from running ahead of this cycle, so there is no bound.
struct Unbounded {
  std::vector<ChannelId> cycle;
};

/// The most cycles, over all k, from the source's firing k to the sink's firing k, in every run in which
/// executions and latencies are at most the graph's, the source's firings are held back from outside by
/// any amounts, and every other firing starts as soon as its tokens are there (and not before its first
/// start). The proof is in README.md. 0 if the sink's firing k always precedes the source's.
///
/// A finished firing still counts a channel's latency, but not its execution: what is execution should
/// be given as execution, and the bound is the tighter for it.
/// Cost    Firings that may be under way at once, (tokens on a path back to the source) * channels, but those
///         that repeat at a distance are passed over: a pipeline of n equal stages costs O(n).
/// Throws  Error{kInput} for rates other than 1, naming a deadlock, if the source's firings are not in order
///         (it needs a cycle with one token, as `forbid_overlap` gives), for more than `most_looks`, and
///         where the integers would not fit.
[[nodiscard]] std::variant<std::int64_t, Unbounded> latency_bound(const Graph& graph, ActorId source,
                                                                  ActorId sink,
                                                                  const LatencyOptions& options = {});

}  // namespace spikeloom::sdf
