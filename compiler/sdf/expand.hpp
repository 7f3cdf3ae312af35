// A multi-rate graph as a homogeneous one: an actor for every firing of an iteration.
#pragma once

#include <cstdint>
#include <vector>

#include "compiler/sdf/cycle_ratio.hpp"
#include "compiler/sdf/graph.hpp"
#include "compiler/sdf/phased_graph.hpp"
#include "compiler/sdf/repetition.hpp"

namespace spikeloom::sdf {

/// Firing n of the expansion's actor (a, j) is firing n·firings(a) + j of actor a.
struct Expansion {
  Graph graph;
  std::vector<std::size_t> first;    ///< the expansion's actor of (a, 0), by actor
  std::vector<ActorId> actor;        ///< by the expansion's actor: which it is a firing of
  std::vector<std::int64_t> firing;  ///< by the expansion's actor: which firing of an iteration
  std::vector<ChannelId>
      channel;  ///< by the expansion's channel: which it comes from; kNoChannel: from phase to phase
};

struct ExpandOptions {
  std::int64_t most = 20'000'000;  ///< actors and channels together
};

/// The self-timed start of every firing is the same in both graphs.
///
/// Cost    the sum of the repetition vector, and of the channels' distinct producers. From an actor that
///         fires one at a time a firing needs only the last producer; from others, each.
/// Throws  Error{kInput} where it would be larger than `most`, with both numbers.
/// Source  Sriram and Bhattacharyya, Embedded Multiprocessors, 2nd ed. 2009, section 3.8.
[[nodiscard]] Expansion expand(const PhasedGraph& graph, const Repetition& repetition,
                               const ExpandOptions& options = {});

}  // namespace spikeloom::sdf
