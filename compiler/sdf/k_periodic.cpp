#include "compiler/sdf/k_periodic.hpp"

#include <algorithm>
#include <limits>
#include <numeric>

#include "compiler/base/error.hpp"
#include "compiler/sdf/component_solver.hpp"
#include "compiler/sdf/k_solver.hpp"

namespace spikeloom::sdf {
namespace {

PeriodicCycle cycle_of(const KSolver& solver, const std::vector<std::uint32_t>& edges) {
  PeriodicCycle cycle;
  std::int64_t height = 0;
  for (const std::uint32_t e : edges) {
    const KSolver::Edge& edge = solver.edge(e);
    cycle.firings.push_back({solver.actor_of(edge.source), solver.firing_of(edge.source)});
    cycle.channels.push_back(edge.channel);
    cycle.weight += edge.weight;
    height += solver.height(e);
  }
  if (!cycle.firings.empty()) cycle.iterations = Ratio(height, solver.parts(cycle.firings.front().actor));
  return cycle;
}

std::variant<KPeriodic, KStuck> answer(KSolver& solver, const KSolver::Outcome& outcome, Starts wanted) {
  const bool exact = outcome.cycle.empty() || !solver.raised(outcome.cycle);
  if (!outcome.feasible) return KStuck{cycle_of(solver, outcome.cycle), exact};
  KPeriodic result;
  result.period = outcome.period;
  result.repetition = solver.repetition();
  result.critical = cycle_of(solver, outcome.cycle);
  result.exact = exact;
  result.schedule.period = outcome.period;
  result.schedule.rounds = solver.rounds();
  if (wanted == Starts::kWanted) result.schedule.start = solver.starts();
  return result;
}

Ratio narrow(Wide num, Wide den) {
  Wide a = num < 0 ? -num : num, b = den;
  while (b != 0) {
    const Wide rest = a % b;
    a = b;
    b = rest;
  }
  constexpr Wide kMost = std::numeric_limits<std::int64_t>::max();
  if (num / a > kMost || -(num / a) > kMost || den / a > kMost)
    throw input_error("a start time leaves 64 bits; ask for an earlier firing");
  return {static_cast<std::int64_t>(num / a), static_cast<std::int64_t>(den / a)};
}

/// The schedule's start of any firing, negative ones included, as if it had always been running.
Ratio start_at(const PeriodicSchedule& schedule, std::int64_t cycles, ActorId actor, std::int64_t number) {
  const std::vector<Ratio>& first = schedule.start[actor.index()];
  const auto firings = static_cast<std::int64_t>(first.size());
  std::int64_t times = number / firings, place = number % firings;
  if (place < 0) {
    place += firings;
    --times;
  }
  // start + times · K · period / cycles
  const Ratio& start = first[static_cast<std::size_t>(place)];
  const Ratio round = narrow(Wide{schedule.rounds[actor.index()]} * schedule.period.num(),
                             Wide{cycles} * schedule.period.den());
  const Ratio later = narrow(Wide{round.num()} * times, round.den());
  const std::int64_t common = std::gcd(start.den(), later.den());
  return narrow(Wide{start.num()} * (later.den() / common) + Wide{later.num()} * (start.den() / common),
                Wide{start.den()} * (later.den() / common));
}

}  // namespace

Ratio start_of(const PeriodicSchedule& schedule, const Repetition& repetition, ActorId actor,
               std::int64_t number) {
  SPIKELOOM_CHECK(number >= 0);
  return start_at(schedule, repetition.cycles[actor.index()], actor, number);
}

std::variant<KPeriodic, KStuck> k_periodic(const PhasedGraph& graph, Starts wanted, Growth growth) {
  KSolver solver(graph, require_repetition(graph));
  const KSolver::Outcome outcome = solver.solve_exactly(growth);
  return answer(solver, outcome, wanted);
}

std::variant<KPeriodic, KStuck> k_periodic_for(const PhasedGraph& graph, std::vector<std::int64_t> rounds) {
  KSolver solver(graph, require_repetition(graph));
  if (!rounds.empty()) {
    if (rounds.size() != graph.actor_count())
      throw input_error("graph " + graph.name() + ": expected K for each of " +
                        std::to_string(graph.actor_count()) + " actors, found " +
                        std::to_string(rounds.size()));
    for (std::size_t a = 0; a < rounds.size(); ++a)
      if (rounds[a] < 1)
        throw input_error("actor \"" + graph.name(ActorId(a)) + "\": expected K of at least 1, found " +
                          std::to_string(rounds[a]));
    solver.set_rounds(std::move(rounds));
  }
  const KSolver::Outcome outcome = solver.solve();
  return answer(solver, outcome, Starts::kWanted);
}

std::vector<std::string> check(const PhasedGraph& graph, const PeriodicSchedule& schedule) {
  std::vector<std::string> faults;
  const Repetition repetition = require_repetition(graph);
  Wide turns = 1;  // iterations after which all actors are at the begin of their K rounds
  for (std::size_t a = 0; a < graph.actor_count(); ++a) {
    if (schedule.start[a].size() != static_cast<std::size_t>(schedule.rounds[a]) * graph.phases(ActorId(a)))
      return {"actor \"" + graph.name(ActorId(a)) + "\": expected a start for each firing of K rounds"};
    for (const Ratio& start : schedule.start[a])
      if (start < Ratio(0)) faults.push_back("actor \"" + graph.name(ActorId(a)) + "\": starts before 0");
    const std::int64_t needed = schedule.rounds[a] / std::gcd(schedule.rounds[a], repetition.cycles[a]);
    turns = turns / std::gcd(static_cast<std::int64_t>(turns), needed) * needed;
    if (turns * repetition.firings[a] > 10'000'000)
      throw input_error("graph " + graph.name() +
                        ": the schedule's common round has more than ten million firings");
  }
  const auto require = [&](ActorId from, std::int64_t i, ActorId to, std::int64_t j, std::int64_t apart,
                           const std::string& by) {
    const Ratio ready = start_at(schedule, repetition.cycles[from.index()], from, i) + Ratio(apart);
    if (start_at(schedule, repetition.cycles[to.index()], to, j) < ready)
      faults.push_back(by + ": firing " + std::to_string(j) + " of \"" + graph.name(to) +
                       "\" starts before firing " + std::to_string(i) + " of \"" + graph.name(from) +
                       "\" allows");
  };
  const auto time_of = [&](ActorId a, std::int64_t firing) {
    const auto phases = static_cast<std::int64_t>(graph.phases(a));
    return graph.execution(a)[static_cast<std::size_t>(((firing % phases) + phases) % phases)];
  };
  for (std::size_t a = 0; a < graph.actor_count(); ++a)
    if (graph.phases(ActorId(a)) > 1 && !graph.phases_overlap(ActorId(a)))
      for (std::int64_t j = 0; j < static_cast<std::int64_t>(turns) * repetition.firings[a]; ++j)
        require(ActorId(a), j - 1, ActorId(a), j, time_of(ActorId(a), j - 1), "phases");
  bool overlap = false;
  for (std::size_t a = 0; a < graph.actor_count(); ++a) overlap = overlap || graph.phases_overlap(ActorId(a));
  for (std::size_t c = 0; c < graph.channel_count(); ++c) {
    // Two cursors: the reader's tokens, and the writer whose firing covers them.
    const PhasedChannel& channel = graph.channel(ChannelId(c));
    const auto rate = [](const std::vector<std::int64_t>& rates, std::int64_t firing) {
      const auto phases = static_cast<std::int64_t>(rates.size());
      return rates[static_cast<std::size_t>(((firing % phases) + phases) % phases)];
    };
    std::int64_t writer = 0, written = channel.tokens, read = 0;  // written: tokens before firing `writer`
    for (std::int64_t j = 0;
         j < static_cast<std::int64_t>(turns) * repetition.firings[channel.target.index()]; ++j) {
      const std::int64_t amount = rate(channel.consume, j);
      if (amount == 0) continue;
      read += amount;
      while (written >= read) written -= rate(channel.produce, --writer);
      while (written + rate(channel.produce, writer) < read) written += rate(channel.produce, writer++);
      const auto wait_for = [&](std::int64_t i) {
        require(channel.source, i, channel.target, j, time_of(channel.source, i) + channel.latency,
                title(graph, ChannelId(c)));
      };
      wait_for(writer);
      if (!overlap) continue;
      // Earlier firings may end later, so the writers of all tokens that are read count.
      std::int64_t earlier = writer, before = written;
      while (before > read - amount) {
        const std::int64_t writes = rate(channel.produce, --earlier);
        before -= writes;
        if (writes > 0) wait_for(earlier);
      }
    }
  }
  return faults;
}

std::string describe(const PhasedGraph& graph, const PeriodicCycle& cycle) {
  if (cycle.firings.empty()) return "none";
  const auto name = [&](const Firing& firing) {
    const bool many = std::any_of(cycle.firings.begin(), cycle.firings.end(), [&](const Firing& other) {
      return other.actor == firing.actor && other.number != firing.number;
    });
    return graph.name(firing.actor) + (many || firing.number > 0 ? "#" + std::to_string(firing.number) : "");
  };
  std::string text;
  for (std::size_t i = 0; i < cycle.firings.size(); ++i)
    text += name(cycle.firings[i]) + " -[" +
            (cycle.channels[i] == kNoChannel ? "phases" : graph.name(cycle.channels[i])) + "]-> ";
  return text + name(cycle.firings.front()) + " (" + std::to_string(cycle.weight) + " cycles, " +
         cycle.iterations.str() + (cycle.iterations == Ratio(1) ? " iteration back)" : " iterations back)");
}

}  // namespace spikeloom::sdf
