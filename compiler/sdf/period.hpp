// The period of a graph by the method that suits its size, or by the one asked for.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "compiler/base/error.hpp"
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
  std::string refused;  ///< why methods that were tried before this one did not answer; usually empty
};

/// In the order in which they are tried where no method is asked for: the one that suits the graph, then the
/// others that take it within bounds of memory and time. Self-timed execution goes before a large expansion:
/// for some iterations first, since it mostly ends after one or two.
[[nodiscard]] std::vector<PeriodMethod> methods_for(const PhasedGraph& graph);

/// Runs `work` with the first of `methods` that does not throw Error{kInput}; `refused` says why the others
/// did. Throws what the first method threw where all do.
template <class Work>
auto with_first_that_answers(const std::vector<PeriodMethod>& methods, std::string& refused, Work&& work) {
  std::optional<Error> first;
  for (const PeriodMethod method : methods) {
    try {
      return work(method);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::kInput) throw;
      refused += (refused.empty() ? "" : "; ") + name_of(method) + ": " + error.what();
      if (!first) first = error;
    }
  }
  throw Error(*first);
}

/// By self-timed execution or a matrix, within bounds that suit an answer that nobody asked this method for.
[[nodiscard]] std::optional<Ratio> period_as_fallback(const PhasedGraph& graph, PeriodMethod method);

/// All methods give the same, exactly. Without a method asked for, what one refuses another answers if it
/// can. Throws Error{kInput} where the method asked for does not apply (see its header), or none does.
[[nodiscard]] Period period_of(const PhasedGraph& graph, std::optional<PeriodMethod> method = std::nullopt);

}  // namespace spikeloom::sdf
