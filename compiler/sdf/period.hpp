// The period of a graph by the method that suits its size, or by the one asked for.
#pragma once

#include <optional>
#include <string>

#include "compiler/base/ratio.hpp"
#include "compiler/sdf/phased_graph.hpp"

namespace spikeloom::sdf {

enum class PeriodMethod {
  kExpansion,  ///< an actor a firing, Howard's policy iteration: `throughput`
  kKPeriodic,  ///< no expansion: `k_periodic`
  kMatrix,     ///< (max, +) matrix of an iteration: `iteration_matrix`, `eigen`
  kSelfTimed,  ///< execution until a state comes back: `self_timed_period`
};

[[nodiscard]] std::string name_of(PeriodMethod method);
/// Reads what `name_of` writes: expansion, k-periodic, matrix, self-timed. Throws Error{kInput}.
[[nodiscard]] PeriodMethod method_of(const std::string& name);

/// Expansion where an iteration has hardly more firings than there are phases, else K-periodic.
[[nodiscard]] PeriodMethod method_for(const PhasedGraph& graph);

struct Period {
  std::optional<Ratio> period;  ///< cycles an iteration; nothing: stuck for ever
  PeriodMethod method = PeriodMethod::kExpansion;
};

/// All methods give the same, exactly. Throws Error{kInput} where the method does not apply (see its header).
[[nodiscard]] Period period_of(const PhasedGraph& graph, std::optional<PeriodMethod> method = std::nullopt);

}  // namespace spikeloom::sdf
