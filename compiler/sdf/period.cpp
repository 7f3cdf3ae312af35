#include "compiler/sdf/period.hpp"

#include <algorithm>

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

std::optional<Ratio> by_k_periodic(const PhasedGraph& graph, Growth growth) {
  KSolver solver(graph, require_repetition(graph));
  const KSolver::Outcome outcome = solver.solve_exactly(growth);
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

namespace {

/// Firings of an iteration, and the channels between them that an expansion would have at least: `most` where
/// there are more.
struct IterationSize {
  std::int64_t firings = 0, channels = 0;
};
IterationSize iteration_size(const PhasedGraph& graph, std::int64_t most) {
  const Repetition repetition = require_repetition(graph);
  IterationSize size;
  const auto add = [&](std::int64_t& sum, std::int64_t more) {
    sum = std::min(most, sum + std::min(most, more));
  };
  for (const std::int64_t count : repetition.firings) add(size.firings, count);
  for (std::size_t c = 0; c < graph.channel_count(); ++c)
    add(size.channels, repetition.firings[graph.channel(ChannelId(c)).target.index()]);
  return size;
}

}  // namespace

std::vector<PeriodMethod> methods_for(const PhasedGraph& graph) {
  constexpr std::int64_t kMostOfAMatrix = 100'000'000;  // firings: it is an iteration, firing by firing
  constexpr std::int64_t kLarge = 1'000'000;            // an expansion of so many channels takes seconds
  const IterationSize size = iteration_size(graph, kMostOfAMatrix + 1);
  std::vector<PeriodMethod> methods{method_for(graph)};
  methods.push_back(methods.front() == PeriodMethod::kExpansion ? PeriodMethod::kKPeriodic
                                                                : PeriodMethod::kExpansion);
  const bool expansion_is_last = methods.back() == PeriodMethod::kExpansion && size.channels > kLarge;
  methods.insert(methods.end() - (expansion_is_last ? 1 : 0), PeriodMethod::kSelfTimed);
  if (size.firings <= kMostOfAMatrix) methods.push_back(PeriodMethod::kMatrix);
  return methods;
}

std::optional<Ratio> period_as_fallback(const PhasedGraph& graph, PeriodMethod method) {
  constexpr std::int64_t kMostFirings = 1'000'000'000;  // of a large graph, a minute
  constexpr std::int64_t kIterations =
      16;  // take less than an expansion, whose firings cost a hundred times more
  if (method == PeriodMethod::kMatrix) return by_matrix(graph);
  SPIKELOOM_CHECK(method == PeriodMethod::kSelfTimed);
  const IterationSize size = iteration_size(graph, kMostFirings);
  const bool expands = size.firings + size.channels <= ExpandOptions{}.most;
  return self_timed_period(
      graph, require_repetition(graph),
      expands ? std::clamp<std::int64_t>(size.firings * kIterations, 1'000'000, kMostFirings) : kMostFirings);
}

Period period_of(const PhasedGraph& graph, std::optional<PeriodMethod> method) {
  Period result;
  const std::vector<PeriodMethod> methods = method ? std::vector<PeriodMethod>{*method} : methods_for(graph);
  result.period = with_first_that_answers(methods, result.refused, [&](PeriodMethod chosen) {
    result.method = chosen;
    if (chosen == PeriodMethod::kExpansion) return by_expansion(graph);
    if (chosen == PeriodMethod::kKPeriodic)
      return by_k_periodic(graph, method ? Growth::kAsNeeded : Growth::kBelowExpansion);
    if (!method) return period_as_fallback(graph, chosen);
    return chosen == PeriodMethod::kMatrix ? by_matrix(graph)
                                           : self_timed_period(graph, require_repetition(graph));
  });
  return result;
}

}  // namespace spikeloom::sdf
