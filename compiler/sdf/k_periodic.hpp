// Periods and schedules of multi-rate graphs without expanding them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "compiler/base/ratio.hpp"
#include "compiler/sdf/phased_graph.hpp"
#include "compiler/sdf/repetition.hpp"
#include "compiler/sdf/throughput.hpp"

namespace spikeloom::sdf {

/// Firing n of an actor starts at start[n mod (K · phases)] + (n div (K · phases)) · K · period / cycles, K =
/// rounds[actor]. K = 1: strictly periodic, every phase of an actor at a fixed distance from its last time.
struct PeriodicSchedule {
  Ratio period;                           ///< cycles an iteration
  std::vector<std::int64_t> rounds;       ///< K, by actor
  std::vector<std::vector<Ratio>> start;  ///< by actor and firing within K rounds; at least 0
};

/// When firing `number` starts. Exact; throws Error{kInput} beyond 64 bits.
[[nodiscard]] Ratio start_of(const PeriodicSchedule& schedule, const Repetition& repetition, ActorId actor,
                             std::int64_t number);

/// A closed cycle of dependences between firings of K rounds; weight / iterations is the period.
struct PeriodicCycle {
  std::vector<Firing> firings;      ///< number: within K rounds of the actor
  std::vector<ChannelId> channels;  ///< from firings[i] to the next; kNoChannel: from phase to phase
  std::int64_t weight = 0;          ///< cycles
  Ratio iterations;                 ///< that it goes back
};

struct KPeriodic {
  Ratio period;  ///< cycles an iteration; 0 where nothing limits it
  Repetition repetition;
  PeriodicSchedule schedule;  ///< keeps that period: it is an upper bound
  PeriodicCycle critical;     ///< in an exact answer, no schedule can be faster; empty at period 0
  bool exact = false;         ///< the critical cycle is one of the whole expansion's
};

/// No K-periodic schedule keeps any period; if exact, none whatsoever does.
struct KStuck {
  PeriodicCycle cycle;  ///< goes back no further than 0 iterations
  bool exact = false;
};

enum class Starts {
  kWanted,
  kUnwanted,  ///< the schedule has none: the period of more graphs fits 64 bits
};

enum class Growth {
  kAsNeeded,
  kBelowExpansion,  ///< Error{kInput} where K has risen so far that the expansion is hardly larger
};

/// The exact period: K rises, along critical cycles only, until every actor a on the critical cycle has a
/// multiple of cycles(a) / gcd(cycles on it), which makes the cycle one of the expansion's.
///
/// Cost    the cycle ratio of graphs with the sum of K · phases firings; K stays small for most graphs.
/// Throws  Error{kInput} for rates without a repetition vector, and where heights leave 64 bits.
/// Source  Bodin, Munier-Kordon, Dupont de Dinechin, Optimal and fast throughput evaluation of CSDF, DAC
///         2016.
[[nodiscard]] std::variant<KPeriodic, KStuck> k_periodic(const PhasedGraph& graph,
                                                         Starts wanted = Starts::kWanted,
                                                         Growth growth = Growth::kAsNeeded);

/// The fastest schedule for the given K (`rounds` by actor; empty: 1 everywhere), which bounds the period
/// from above.
[[nodiscard]] std::variant<KPeriodic, KStuck> k_periodic_for(const PhasedGraph& graph,
                                                             std::vector<std::int64_t> rounds = {});

/// Every firing of one common round of the schedule held against the definition of a firing; what is wrong,
/// or nothing. Shares no code with the solver. Throws Error{kInput} where that round has more than ten
/// million firings.
[[nodiscard]] std::vector<std::string> check(const PhasedGraph& graph, const PeriodicSchedule& schedule);

/// `a#3 -[x]-> b#0 -[y]-> a#3 (16 cycles, 1/2 iteration back)`; several rounds of an actor are counted on.
[[nodiscard]] std::string describe(const PhasedGraph& graph, const PeriodicCycle& cycle);

}  // namespace spikeloom::sdf
