#include "compiler/sdf/period.hpp"

#include <numeric>

#include "compiler/base/error.hpp"
#include "compiler/sdf/k_periodic.hpp"
#include "compiler/sdf/k_solver.hpp"
#include "compiler/sdf/max_plus.hpp"
#include "compiler/sdf/throughput.hpp"

namespace spikeloom::sdf {
namespace {

constexpr PeriodMethod kMethods[] = {PeriodMethod::kExpansion, PeriodMethod::kKPeriodic,
                                     PeriodMethod::kMatrix, PeriodMethod::kSelfTimed};

std::optional<Ratio> by_expansion(const PhasedGraph& graph) {
  const auto result = throughput(graph);
  if (const auto* found = std::get_if<Throughput>(&result)) return found->period;
  return std::nullopt;
}

std::optional<Ratio> by_k_periodic(const PhasedGraph& graph) {
  KSolver solver(graph, require_repetition(graph));
  const KSolver::Outcome outcome = solver.solve_exactly();
  if (!outcome.feasible) return std::nullopt;
  return outcome.period;
}

std::optional<Ratio> by_matrix(const PhasedGraph& graph) {
  const auto iteration = iteration_matrix(graph);
  if (!iteration) return std::nullopt;
  const auto found = eigen(iteration->matrix);
  return found ? found->value : Ratio(0);
}

}  // namespace

std::string name_of(PeriodMethod method) {
  switch (method) {
    case PeriodMethod::kExpansion:
      return "expansion";
    case PeriodMethod::kKPeriodic:
      return "k-periodic";
    case PeriodMethod::kMatrix:
      return "matrix";
    case PeriodMethod::kSelfTimed:
      return "self-timed";
  }
  internal_error("no such method", __FILE__, __LINE__);
}

PeriodMethod method_of(const std::string& name) {
  for (const PeriodMethod method : kMethods)
    if (name_of(method) == name) return method;
  throw input_error("method: expected expansion, k-periodic, matrix or self-timed, found \"" + name + "\"");
}

PeriodMethod method_for(const PhasedGraph& graph) {
  const Repetition repetition = require_repetition(graph);
  std::int64_t rounds = 0;
  for (const std::int64_t cycles : repetition.cycles)
    if (__builtin_add_overflow(rounds, cycles, &rounds)) return PeriodMethod::kKPeriodic;
  return rounds <= 2 * static_cast<std::int64_t>(graph.actor_count()) ? PeriodMethod::kExpansion
                                                                      : PeriodMethod::kKPeriodic;
}

Period period_of(const PhasedGraph& graph, std::optional<PeriodMethod> method) {
  const PeriodMethod chosen = method ? *method : method_for(graph);
  switch (chosen) {
    case PeriodMethod::kExpansion:
      return {by_expansion(graph), chosen};
    case PeriodMethod::kKPeriodic:
      return {by_k_periodic(graph), chosen};
    case PeriodMethod::kMatrix:
      return {by_matrix(graph), chosen};
    case PeriodMethod::kSelfTimed:
      return {self_timed_period(graph, require_repetition(graph)), chosen};
  }
  internal_error("no such method", __FILE__, __LINE__);
}

}  // namespace spikeloom::sdf
