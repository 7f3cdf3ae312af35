// Tied capacities: numbers of initial tokens that several channels share, chosen within budgets for wanted
// periods.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <variant>
#include <vector>

#include "compiler/base/ratio.hpp"
#include "compiler/sdf/graph.hpp"

namespace spikeloom::sdf {

/// A channel that no group adds to.
inline constexpr std::size_t kNoGroup = std::numeric_limits<std::size_t>::max();

/// A number that is to be chosen, such as the pages of a buffer that several writers share.
struct TokenGroup {
  std::int64_t least = 0, most = 0;  ///< what may be chosen
  std::int64_t cost = 1;             ///< of one; at least 1
};

/// What several groups share: their numbers, each times its weight, sum to at most `most`.
struct TokenBudget {
  std::vector<std::size_t> groups;
  std::int64_t most = 0;
  std::vector<std::int64_t> weights{};  ///< beside `groups`, at least 1 each; empty: all 1
};

struct SharedTokens {
  std::vector<TokenGroup> groups;
  std::vector<TokenBudget> budgets;
};

/// A graph, and which of its channels get tokens from groups: one for each above the group's `least`, so the
/// graph's own tokens are those at the least.
struct TiedGraph {
  const Graph* graph = nullptr;
  std::vector<std::size_t> group;  ///< by channel, or kNoGroup
};

/// A tied graph that must keep a period.
struct TokenDemand {
  TiedGraph tied;
  Ratio period;
  bool below = false;  ///< a shorter one
};

struct TokenChoice {
  std::vector<std::int64_t> count;  ///< by group
  std::int64_t cost = 0;
  std::vector<Ratio> period;  ///< by demand: what it keeps
  bool least = false;         ///< proven that no choice costs less
  std::int64_t examined = 0;  ///< graphs solved
};

/// No choice keeps the periods. This cycle is one of those that ask for too much, alone or together with
/// others.
struct TokensShort {
  std::size_t demand = 0;
  std::vector<ChannelId> cycle;  ///< empty where budgets are below what the groups need at least
  bool proven = true;            ///< false: given up before all choices were ruled out
};

struct SharedTokenOptions {
  /// Of branch and bound, in all: looks at a group on a cycle. Then the best so far is given, `least` false.
  std::int64_t most_work = 5'000'000;
};

/// The cheapest choice with which all demands are kept, by the same numbers for all of them.
///
/// Method  a cycle of weight W keeps the period P if and only if it has W/P tokens or more: a linear demand
///         on the groups on it. Critical cycles of the choice so far give demands, branch and bound the
///         cheapest choice that meets those known; where it keeps all periods nothing cheaper does.
/// Throws  Error{kInput} for rates other than 1, and where the integers would not fit.
[[nodiscard]] std::variant<TokenChoice, TokensShort> least_tokens(const SharedTokens& shared,
                                                                  const std::vector<TokenDemand>& demands,
                                                                  const SharedTokenOptions& options = {});

/// The shortest period of a tied graph within the budgets, with the cheapest choice that keeps it; `least`
/// false: a shorter or cheaper one was not ruled out. Throws as `least_tokens`.
[[nodiscard]] std::variant<TokenChoice, TokensShort> fastest_tokens(const SharedTokens& shared,
                                                                    const TiedGraph& tied,
                                                                    const SharedTokenOptions& options = {});

}  // namespace spikeloom::sdf
