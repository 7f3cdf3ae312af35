// Self-timed execution: every firing starts as soon as its tokens are there.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "compiler/sdf/graph.hpp"

namespace spikeloom::sdf {

/// What differs from the graph, firing by firing; an empty function changes nothing.
struct SimulationOptions {
  std::function<std::int64_t(ActorId, std::int64_t firing)> execution = {};
  std::function<std::int64_t(ChannelId, std::int64_t firing)> latency = {};  ///< by the source's firing
  /// The firing starts no earlier than this, as if an arrival from outside held it back; default 0.
  std::function<std::int64_t(ActorId, std::int64_t firing)> earliest = {};
};

class Schedule {
 public:
  Schedule(std::size_t actors, std::int64_t firings)
      : firings_(firings), start_(actors * static_cast<std::size_t>(firings), 0) {}
  [[nodiscard]] std::int64_t firings() const { return firings_; }
  /// In cycles; firing from 0 to firings() - 1.
  [[nodiscard]] std::int64_t start(ActorId actor, std::int64_t firing) const {
    return start_[place(actor, firing)];
  }
  void set_start(ActorId actor, std::int64_t firing, std::int64_t cycle) {
    start_[place(actor, firing)] = cycle;
  }

 private:
  [[nodiscard]] std::size_t place(ActorId actor, std::int64_t firing) const {
    return actor.index() * static_cast<std::size_t>(firings_) + static_cast<std::size_t>(firing);
  }
  std::int64_t firings_;
  std::vector<std::int64_t> start_;
};

/// The first `firings` firings of every actor.
///
/// Cost    O(channels * firings).
/// Throws  Error{kInput} for rates other than 1, naming the cycle of a deadlock, and where time overflows.
[[nodiscard]] Schedule simulate(const Graph& graph, std::int64_t firings,
                                const SimulationOptions& options = {});

}  // namespace spikeloom::sdf
