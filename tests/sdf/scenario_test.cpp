// Scenario sequences and automata, held against every run there is.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "compiler/sdf/period.hpp"
#include "compiler/sdf/scenario.hpp"
#include "tests/sdf/phased_graphs.hpp"

namespace spikeloom::sdf::testing {
namespace {

std::vector<Scenario> random_scenarios(Rng& rng, std::size_t count, std::size_t tokens) {
  std::vector<Scenario> scenarios;
  for (std::size_t s = 0; s < count; ++s) {
    scenarios.push_back({"s" + std::to_string(s), MaxPlusMatrix(tokens)});
    for (std::size_t i = 0; i < tokens; ++i)
      for (std::size_t j = 0; j < tokens; ++j)
        if (rng.chance(0.5)) scenarios.back().matrix.set(i, j, rng.between(0, 20));
  }
  return scenarios;
}

ScenarioAutomaton random_automaton(Rng& rng, std::size_t scenarios) {
  ScenarioAutomaton automaton;
  automaton.states = static_cast<std::size_t>(rng.between(1, 3));
  for (std::int64_t n = rng.between(1, 5); n > 0; --n)
    automaton.steps.push_back(
        {rng.below(automaton.states), rng.below(automaton.states), rng.below(scenarios)});
  return automaton;
}

/// Calls `visit` with every run of up to `most` steps, as steps and the state in which it ends.
void every_run(const ScenarioAutomaton& automaton, std::size_t most,
               const std::function<void(const std::vector<std::size_t>&, std::size_t)>& visit) {
  std::vector<std::size_t> run;
  const std::function<void(std::size_t)> on = [&](std::size_t state) {
    visit(run, state);
    if (run.size() == most) return;
    for (std::size_t s = 0; s < automaton.steps.size(); ++s) {
      if (automaton.steps[s].from != state) continue;
      run.push_back(s);
      on(automaton.steps[s].to);
      run.pop_back();
    }
  };
  on(automaton.initial);
}

std::vector<std::int64_t> times_after(const std::vector<Scenario>& scenarios,
                                      const ScenarioAutomaton& automaton,
                                      const std::vector<std::size_t>& run) {
  std::vector<std::int64_t> times(scenarios.front().matrix.size(), 0);
  for (const std::size_t s : run) times = applied(scenarios[automaton.steps[s].scenario].matrix, times);
  return times;
}

TEST(Scenarios, LatestFinishIsThatOfTheWorstRun) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng(seed);
    const auto scenarios = random_scenarios(rng, 3, static_cast<std::size_t>(rng.between(1, 3)));
    const ScenarioAutomaton automaton = random_automaton(rng, 3);
    std::vector<std::int64_t> latest(5, kNever);
    every_run(automaton, 4, [&](const auto& run, std::size_t) {
      for (const std::int64_t time : times_after(scenarios, automaton, run))
        latest[run.size()] = std::max(latest[run.size()], time);
    });
    EXPECT_EQ(latest_finish(scenarios, automaton, 4), latest);
  }
}

TEST(Scenarios, WorstCaseIsReachedByItsCycleAndExceededByNoRun) {
  int endless = 0, none = 0;
  for (std::uint64_t seed = 1; seed <= 600; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng(seed);
    const std::size_t tokens = static_cast<std::size_t>(rng.between(1, 3));
    const auto scenarios = random_scenarios(rng, 3, tokens);
    const ScenarioAutomaton automaton = random_automaton(rng, 3);
    const auto found = worst_case(scenarios, automaton);
    // After more steps than there are tokens in states, a run of any length exists only with a cycle; its
    // growth over the period times its length stays bounded, and reaches the period along the cycle.
    const auto nodes = static_cast<std::int64_t>(automaton.states * tokens);
    const auto finish = latest_finish(scenarios, automaton, 40 * nodes);
    EXPECT_EQ(found.has_value(), finish.back() != kNever);
    if (!found) {
      ++none;
      continue;
    }
    ++endless;
    std::int64_t heaviest = 0;
    for (const Scenario& scenario : scenarios)
      for (std::size_t i = 0; i < tokens; ++i)
        for (std::size_t j = 0; j < tokens; ++j) heaviest = std::max(heaviest, scenario.matrix.at(i, j));
    for (std::size_t n = 0; n < finish.size(); ++n) {
      if (finish[n] == kNever) continue;
      const Ratio growth = Ratio(finish[n]) - found->period * Ratio(static_cast<std::int64_t>(n));
      EXPECT_LE(growth, Ratio(heaviest * nodes));
    }
    const Ratio last =
        Ratio(finish.back()) - found->period * Ratio(static_cast<std::int64_t>(finish.size()) - 1);
    EXPECT_GE(last, Ratio(0) - found->period * Ratio(2 * nodes));
    // The cycle is one of the automaton, and its product has the period.
    std::vector<std::size_t> sequence;
    for (std::size_t i = 0; i < found->cycle.size(); ++i) {
      const auto& step = automaton.steps[found->cycle[i]];
      EXPECT_EQ(step.to, automaton.steps[found->cycle[(i + 1) % found->cycle.size()]].from);
      sequence.push_back(step.scenario);
    }
    const auto around = eigen(product(scenarios, sequence));
    EXPECT_EQ(around->value / Ratio(static_cast<std::int64_t>(sequence.size())), found->period);
  }
  EXPECT_GT(endless, 200);
  EXPECT_GT(none, 30);
}

TEST(Scenarios, OfOneGraphAloneHaveItsPeriod) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    Rng rng(seed);
    const PhasedGraph graph = random_phased(rng, true);
    const auto found = worst_case(scenarios_of({graph}), {1, 0, {{0, 0, 0}}});
    EXPECT_EQ(found->period, *period_of(graph).period);
  }
}

TEST(Scenarios, WhatDoesNotFitTogetherIsNamed) {
  PhasedGraph a("calm"), b("busy");
  for (PhasedGraph* graph : {&a, &b}) {
    graph->add_actor("x", {1});
    graph->add_channel({ActorId(0), ActorId(0), {1}, {1}, graph == &a ? 1 : 2, 0}, "self");
  }
  EXPECT_THAT(
      message_of([&] {
        (void)scenarios_of({a, b});
      }),
      ::testing::HasSubstr(
          "scenario \"busy\": expected no more tokens as in \"calm\", found token 1 of channel \"self\""));
  const auto scenarios = scenarios_of({a});
  EXPECT_THAT(message_of([&] {
                (void)worst_case(scenarios, {1, 0, {{0, 3, 7}}});
              }),
              ::testing::HasSubstr("scenario 7, but there are 1"));
  EXPECT_THAT(message_of([&] { (void)product(scenarios, {2}); }),
              ::testing::HasSubstr("scenario 2, but there are 1"));
}

}  // namespace
}  // namespace spikeloom::sdf::testing
