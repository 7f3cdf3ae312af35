// Scenarios: iterations that differ, one after the other, in a given sequence or as an automaton allows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "compiler/base/ratio.hpp"
#include "compiler/sdf/max_plus.hpp"

namespace spikeloom::sdf {

/// One kind of iteration. All scenarios of an application have the same tokens in the same order.
struct Scenario {
  std::string name;
  MaxPlusMatrix matrix{0};
};

/// Each graph's iteration as a scenario of the graph's name. Tokens are the same if channel, by name, and
/// place are. Throws Error{kInput} naming a graph that is stuck or a token that another scenario has not.
[[nodiscard]] std::vector<Scenario> scenarios_of(const std::vector<PhasedGraph>& graphs);

/// The scenarios of `sequence`, the first one first, as one matrix. Throws Error{kInput} for a number that no
/// scenario has.
[[nodiscard]] MaxPlusMatrix product(const std::vector<Scenario>& scenarios,
                                    const std::vector<std::size_t>& sequence);

/// Which scenario may follow which: a finite automaton whose every step is an iteration.
struct ScenarioAutomaton {
  struct Step {
    std::size_t from = 0;
    std::size_t to = 0;
    std::size_t scenario = 0;
    friend bool operator==(const Step&, const Step&) = default;
  };
  std::size_t states = 1;
  std::size_t initial = 0;
  std::vector<Step> steps;
};

struct WorstCase {
  Ratio period;  ///< cycles an iteration in the long run, over all infinite runs of the automaton
  std::vector<std::size_t> cycle;  ///< steps that, again and again, take it
};

/// Nothing where no time can pass between iterations in the long run: no cycle of steps that tokens connect.
///
/// Cost    the cycle ratio of states · tokens nodes.
/// Throws  Error{kInput} for a state or scenario that there is not, and matrices of different sizes.
/// Source  Geilen, Stuijk, Worst-case performance analysis of synchronous dataflow scenarios, CODES+ISSS
///         2010.
[[nodiscard]] std::optional<WorstCase> worst_case(const std::vector<Scenario>& scenarios,
                                                  const ScenarioAutomaton& automaton);

/// By number of iterations, 0 to `iterations`: when the last token is there at the latest, over all runs of
/// that length, with all tokens there at 0 at first. kNever where the automaton has no run of that length.
[[nodiscard]] std::vector<std::int64_t> latest_finish(const std::vector<Scenario>& scenarios,
                                                      const ScenarioAutomaton& automaton,
                                                      std::int64_t iterations);

}  // namespace spikeloom::sdf
