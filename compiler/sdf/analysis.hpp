// What max_cycle_ratio and potentials share: the graph taken apart, each component solved.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "compiler/sdf/component_solver.hpp"
#include "compiler/sdf/cycle_ratio.hpp"
#include "compiler/sdf/structure.hpp"

namespace spikeloom::sdf {

/// How large the numbers of an analysis can become.
struct Magnitude {
  Wide weight;  ///< at least the weight of any path that visits no actor twice, plus the latest first start
  Wide tokens;  ///< at least the tokens of such a path
};

/// Throws Error{kInput} if even 128 bits might not do.
[[nodiscard]] Magnitude magnitude(const Graph& graph, std::span<const std::int64_t> lower);

/// True if 64 bits do for everything between the channels and the potentials at a ratio of num / den.
[[nodiscard]] bool fits_narrow(const Magnitude& size, std::int64_t num, std::int64_t den);

/// Every component solved. For a component of period P/Q and its channels within the component,
/// value[source] >= Q * weight - P * tokens + value[target].
template <class Int>
struct Solved {
  Components components;
  std::vector<ComponentPeriod> period;  ///< by component
  std::vector<Int> value;               ///< by actor
  std::vector<ChannelId> policy;        ///< by actor
};
template <class Int>
Solved<Int> solve_components(const Graph& graph, const Adjacency& out, const CycleRatioOptions& options);

/// The least potentials at `period`, which must be at least every component's.
template <class Int>
std::vector<std::int64_t> least_potentials(const Graph& graph, const Adjacency& out,
                                           const Solved<Int>& solved, const Ratio& period,
                                           std::span<const std::int64_t> lower);

/// Throws Error{kInput} unless `lower` is empty or has one first start from 0 to kMaxTime for each actor.
void check_lower(const Graph& graph, std::span<const std::int64_t> lower);

}  // namespace spikeloom::sdf
