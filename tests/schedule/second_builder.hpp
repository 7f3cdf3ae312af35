// The timing graph a second time, from docs/timing-graph.md alone, and its answers by slow and simple
// methods. Shares no code with compiler/schedule and compiler/sdf.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "compiler/base/ratio.hpp"
#include "compiler/chip/chip.hpp"
#include "compiler/core/firing_time.hpp"
#include "compiler/map/binding.hpp"
#include "compiler/partition/application.hpp"

namespace spikeloom::second {

/// Times in 1/256 cycles.
struct Actor {
  std::string name;
  std::int64_t execution = 0, first_start = 0;
};
struct Arc {
  std::size_t from = 0, to = 0;
  std::int64_t tokens = 0, certain = 0, latency = 0;
};

/// Of a tile.
struct Contract {
  std::int64_t rho = 0, sigma = 0;  ///< 1/256 cycles
  bool pooled = false;
};

struct Graph {
  std::vector<Actor> actors;
  std::vector<Arc> arcs;
  std::size_t source = 0, sink = 0;
  std::int64_t fee = 0, sink_lag = 0;
  bool refused = false;       ///< batches wait for themselves or for one another
  std::vector<char> is_paid;  ///< by ClusterId
};

struct Given {
  const Chip& chip;
  const Application& application;
  const Binding& binding;
  std::vector<std::optional<Contract>> contracts;  ///< by TileId; empty: none
  /// The worst firing of 1 … P pages of a cluster.
  std::function<std::vector<FiringTime>(std::size_t)> times;
  std::int64_t window = 0;  ///< 0: none
};
[[nodiscard]] Graph build(const Given& given);

/// Section 7: samples of `steps` steps or more. Without contracts and batches.
struct SampleGraph {
  Graph graph;
  std::vector<std::pair<std::size_t, std::int64_t>> sinks;  ///< by step, each with its lag
};
[[nodiscard]] SampleGraph build_samples(const Given& given, std::size_t steps);
/// Section 8: samples of exactly `steps` steps, cut into batches; so many actors at most, as far as one block
/// and what is left over allow.
[[nodiscard]] SampleGraph build_phases(const Given& given, std::int64_t steps, std::size_t most);

struct Answer {
  bool refused = false;                  ///< or a closed path without tokens
  Ratio period;                          ///< cycles
  std::int64_t offset = 0, latency = 0;  ///< cycles
  std::vector<std::int64_t> potentials;  ///< by actor, 1/256 cycles over the period's denominator
};
[[nodiscard]] Answer answer(const Graph& graph);
/// Its period, offset and potentials; no latency.
[[nodiscard]] Answer answer(const SampleGraph& samples);

}  // namespace spikeloom::second
