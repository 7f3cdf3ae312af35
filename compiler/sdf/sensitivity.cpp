#include "compiler/sdf/sensitivity.hpp"

#include "compiler/sdf/k_solver.hpp"

namespace spikeloom::sdf {
namespace {

constexpr std::int64_t kMostSlack = std::int64_t{1} << 50;

class Changes {
 public:
  explicit Changes(const PhasedGraph& graph) : graph_(graph), solver_(graph, require_repetition(graph)) {}

  std::optional<Ratio> period() {
    const KSolver::Outcome outcome = solver_.solve_exactly();
    if (!outcome.feasible) return std::nullopt;
    return outcome.period;
  }

  Ratio with_execution(ActorId actor, std::size_t phase, std::int64_t cycles) {
    solver_.set_execution(actor, phase, cycles);
    const std::optional<Ratio> result = period();
    solver_.set_execution(actor, phase, graph_.execution(actor)[phase]);
    return *result;
  }

  std::optional<Ratio> with_tokens(ChannelId channel, std::int64_t tokens) {
    solver_.set_tokens(channel, tokens);
    const std::optional<Ratio> result = period();
    solver_.set_tokens(channel, graph_.channel(channel).tokens);
    return result;
  }

  ExecutionSensitivity execution(ActorId actor, std::size_t phase, const Ratio& now) {
    const std::int64_t time = graph_.execution(actor)[phase];
    ExecutionSensitivity result{actor, phase, with_execution(actor, phase, time + 1), std::nullopt, 0};
    if (time > 0) result.shorter = with_execution(actor, phase, time - 1);
    if (result.longer != now) return result;
    std::int64_t good = 1, bad = 2;
    while (with_execution(actor, phase, time + bad) == now) {
      good = bad;
      bad *= 2;
      if (bad > kMostSlack) {
        result.slack = std::nullopt;
        return result;
      }
    }
    while (bad - good > 1) {
      const std::int64_t middle = good + (bad - good) / 2;
      (with_execution(actor, phase, time + middle) == now ? good : bad) = middle;
    }
    result.slack = good;
    return result;
  }

  TokenSensitivity tokens(ChannelId channel, const Ratio& now) {
    const std::int64_t count = graph_.channel(channel).tokens;
    TokenSensitivity result{channel, *with_tokens(channel, count + 1), std::nullopt, 0};
    if (count == 0) return result;
    result.fewer = with_tokens(channel, count - 1);
    std::int64_t bad = -1, good = count;  // tokens that do not do, and that do
    if (result.fewer != now) bad = count - 1;
    while (good - bad > 1) {
      const std::int64_t middle = bad + (good - bad) / 2;
      (with_tokens(channel, middle) == now ? good : bad) = middle;
    }
    result.spare = count - good;
    return result;
  }

 private:
  const PhasedGraph& graph_;
  KSolver solver_;
};

}  // namespace

std::optional<Sensitivity> sensitivity(const PhasedGraph& graph) {
  Changes changes(graph);
  const std::optional<Ratio> period = changes.period();
  if (!period) return std::nullopt;
  Sensitivity result;
  result.period = *period;
  for (std::size_t a = 0; a < graph.actor_count(); ++a)
    for (std::size_t phase = 0; phase < graph.phases(ActorId(a)); ++phase)
      result.executions.push_back(changes.execution(ActorId(a), phase, *period));
  for (std::size_t c = 0; c < graph.channel_count(); ++c)
    result.tokens.push_back(changes.tokens(ChannelId(c), *period));
  return result;
}

}  // namespace spikeloom::sdf
