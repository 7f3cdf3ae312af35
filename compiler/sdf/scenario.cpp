#include "compiler/sdf/scenario.hpp"

#include <algorithm>

#include "compiler/base/error.hpp"
#include "compiler/sdf/cycle_ratio.hpp"

namespace spikeloom::sdf {
namespace {

std::size_t tokens_of(const std::vector<Scenario>& scenarios) {
  if (scenarios.empty()) throw input_error("scenarios: expected at least one, found none");
  for (const Scenario& scenario : scenarios)
    if (scenario.matrix.size() != scenarios.front().matrix.size())
      throw input_error("scenario \"" + scenario.name + "\": expected " +
                        std::to_string(scenarios.front().matrix.size()) + " tokens as in \"" +
                        scenarios.front().name + "\", found " + std::to_string(scenario.matrix.size()));
  return scenarios.front().matrix.size();
}

void check_automaton(const std::vector<Scenario>& scenarios, const ScenarioAutomaton& automaton) {
  Problems problems;
  if (automaton.initial >= automaton.states)
    problems.add("initial state " + std::to_string(automaton.initial) + ", but there are " +
                 std::to_string(automaton.states));
  for (std::size_t s = 0; s < automaton.steps.size(); ++s) {
    const auto& step = automaton.steps[s];
    if (step.from >= automaton.states || step.to >= automaton.states)
      problems.add("step " + std::to_string(s) + ": a state that is not there");
    if (step.scenario >= scenarios.size())
      problems.add("step " + std::to_string(s) + ": scenario " + std::to_string(step.scenario) +
                   ", but there are " + std::to_string(scenarios.size()));
  }
  problems.throw_if_any("scenario automaton");
}

std::string token_name(const PhasedGraph& graph, const WaitingToken& token) {
  if (token.channel == kNoChannel) return "the phase of actor \"" + graph.name(token.actor) + "\"";
  return "token " + std::to_string(token.place) + " of channel \"" + graph.name(token.channel) + "\"";
}

}  // namespace

std::vector<Scenario> scenarios_of(const std::vector<PhasedGraph>& graphs) {
  std::vector<Scenario> scenarios;
  std::vector<std::string> names;
  for (const PhasedGraph& graph : graphs) {
    auto iteration = iteration_matrix(graph);
    if (!iteration) throw input_error("scenario \"" + graph.name() + "\": it is stuck within an iteration");
    std::vector<std::string> own;
    for (const WaitingToken& token : iteration->tokens) own.push_back(token_name(graph, token));
    if (scenarios.empty()) names = own;
    if (own != names) {
      const auto [there, here] = std::mismatch(names.begin(), names.end(), own.begin(), own.end());
      throw input_error("scenario \"" + graph.name() + "\": expected " +
                        (there == names.end() ? std::string("no more tokens") : *there) + " as in \"" +
                        scenarios.front().name + "\", found " +
                        (here == own.end() ? std::string("no more tokens") : *here));
    }
    scenarios.push_back({graph.name(), std::move(iteration->matrix)});
  }
  return scenarios;
}

MaxPlusMatrix product(const std::vector<Scenario>& scenarios, const std::vector<std::size_t>& sequence) {
  MaxPlusMatrix result = MaxPlusMatrix::identity(tokens_of(scenarios));
  for (const std::size_t scenario : sequence) {
    if (scenario >= scenarios.size())
      throw input_error("sequence: scenario " + std::to_string(scenario) + ", but there are " +
                        std::to_string(scenarios.size()));
    result = scenarios[scenario].matrix * result;
  }
  return result;
}

std::optional<WorstCase> worst_case(const std::vector<Scenario>& scenarios,
                                    const ScenarioAutomaton& automaton) {
  const std::size_t tokens = tokens_of(scenarios);
  check_automaton(scenarios, automaton);
  std::vector<std::vector<std::size_t>> leaving(automaton.states);
  for (std::size_t s = 0; s < automaton.steps.size(); ++s) leaving[automaton.steps[s].from].push_back(s);
  // Nodes: a token in a state. Only those that some token of the initial state leads to have a time at all.
  Graph graph;
  for (std::size_t node = 0; node < automaton.states * tokens; ++node) graph.add_actor({}, 0);
  std::vector<bool> reached(automaton.states * tokens, false);
  std::vector<std::size_t> work, step_of;
  for (std::size_t token = 0; token < tokens; ++token) {
    reached[automaton.initial * tokens + token] = true;
    work.push_back(automaton.initial * tokens + token);
  }
  while (!work.empty()) {
    const std::size_t from = work.back();
    work.pop_back();
    for (const std::size_t s : leaving[from / tokens]) {
      const auto& step = automaton.steps[s];
      for (std::size_t token = 0; token < tokens; ++token) {
        const std::int64_t apart = scenarios[step.scenario].matrix.at(token, from % tokens);
        if (apart == kNever) continue;
        const std::size_t to = step.to * tokens + token;
        graph.add_channel({.source = ActorId(from), .target = ActorId(to), .tokens = 1, .latency = apart});
        step_of.push_back(s);
        if (!reached[to]) work.push_back(to);
        reached[to] = true;
      }
    }
  }
  const CycleRatio ratio = max_cycle_ratio(graph);
  if (std::holds_alternative<Acyclic>(ratio)) return std::nullopt;
  const Certificate& certificate = certificate_of(ratio, graph);
  WorstCase result{certificate.period, {}};
  for (const ChannelId id : certificate.critical_cycle) result.cycle.push_back(step_of[id.index()]);
  return result;
}

std::vector<std::int64_t> latest_finish(const std::vector<Scenario>& scenarios,
                                        const ScenarioAutomaton& automaton, std::int64_t iterations) {
  const std::size_t tokens = tokens_of(scenarios);
  check_automaton(scenarios, automaton);
  // By state: each token's latest time over all runs that end there. Every operation is a maximum of sums, so
  // the latest of the runs is the run of the latest.
  std::vector<std::vector<std::int64_t>> times(automaton.states);
  times[automaton.initial].assign(tokens, 0);
  std::vector<std::int64_t> finish;
  for (std::int64_t n = 0; n <= iterations; ++n) {
    finish.push_back(kNever);
    for (const auto& state : times)
      for (const std::int64_t time : state) finish.back() = std::max(finish.back(), time);
    std::vector<std::vector<std::int64_t>> next(automaton.states);
    for (const auto& step : automaton.steps) {
      if (times[step.from].empty()) continue;
      const std::vector<std::int64_t> after = applied(scenarios[step.scenario].matrix, times[step.from]);
      if (next[step.to].empty()) next[step.to].assign(tokens, kNever);
      for (std::size_t token = 0; token < tokens; ++token)
        next[step.to][token] = std::max(next[step.to][token], after[token]);
    }
    times = std::move(next);
  }
  return finish;
}

}  // namespace spikeloom::sdf
