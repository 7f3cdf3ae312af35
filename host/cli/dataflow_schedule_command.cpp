#include <algorithm>
#include <cstdio>

#include <nlohmann/json.hpp>

#include "compiler/base/error.hpp"
#include "compiler/sdf/gantt.hpp"
#include "compiler/sdf/k_periodic.hpp"
#include "compiler/sdf/regime.hpp"
#include "compiler/sdf/static_order.hpp"
#include "compiler/sdf/text.hpp"
#include "host/cli/commands.hpp"
#include "host/cli/dataflow_graph.hpp"
#include "host/cli/files.hpp"

namespace spikeloom::cli {
namespace {

using Json = nlohmann::ordered_json;

/// A number: actors shared out by their work. A file: {"actor": processor}, actors that it does not name
/// unbound.
sdf::Binding binding_of(const sdf::PhasedGraph& graph, const std::string& text) {
  if (!text.empty() &&
      std::all_of(text.begin(), text.end(), [](unsigned char c) { return c >= '0' && c <= '9'; })) {
    if (text.size() > 6 || std::stoul(text) == 0)
      throw input_error("--processors " + text + ": expected 1 to 999999");
    return sdf::balanced_binding(graph, std::stoul(text));
  }
  const Json json = Json::parse(read_text(text), nullptr, false);
  if (!json.is_object()) throw input_error(text + ": expected a JSON object {\"actor\": processor}");
  sdf::Binding binding(graph.actor_count(), sdf::kUnbound);
  Problems problems;
  for (const auto& [name, processor] : json.items()) {
    bool known = false;
    for (std::size_t a = 0; a < graph.actor_count(); ++a) {
      if (graph.name(sdf::ActorId(a)) != name) continue;
      known = true;
      if (processor.is_number_unsigned() && processor.get<std::size_t>() < 1'000'000)
        binding[a] = processor.get<std::size_t>();
      else
        problems.add("actor \"" + name + "\": expected a processor from 0 to 999999, found " +
                     processor.dump());
    }
    if (!known) problems.add("the graph has no actor \"" + name + "\"");
  }
  problems.throw_if_any(text);
  return binding;
}

Json firing_json(const sdf::PhasedGraph& graph, const sdf::Firing& firing) {
  return {{"actor", graph.name(firing.actor)}, {"firing", firing.number}};
}

Json self_timed_json(const sdf::PhasedGraph& graph, const sdf::Expansion& expansion,
                     const sdf::Schedule& schedule, const std::optional<sdf::Regime>& regime) {
  Json json;
  json["regime"] =
      regime
          ? Json{{"transient", regime->transient}, {"length", regime->length}, {"advance", regime->advance}}
          : Json(nullptr);
  Json& firings = json["firings"] = Json::array();
  for (std::size_t node = 0; node < expansion.actor.size(); ++node) {
    Json firing = firing_json(graph, {expansion.actor[node], expansion.firing[node]});
    Json& starts = firing["starts"] = Json::array();
    for (std::int64_t k = 0; k < schedule.firings(); ++k)
      starts.push_back(schedule.start(sdf::ActorId(node), k));
    firings.push_back(std::move(firing));
  }
  return json;
}

Json periodic_json(const sdf::PhasedGraph& graph, const sdf::PeriodicSchedule& schedule) {
  Json json{{"period", schedule.period.str()}};
  Json& starts = json["starts"] = Json::array();
  for (std::size_t a = 0; a < graph.actor_count(); ++a) {
    Json times = Json::array();
    for (const Ratio& start : schedule.start[a]) times.push_back(start.str());
    starts.push_back({{"actor", graph.name(sdf::ActorId(a))}, {"phases", std::move(times)}});
  }
  return json;
}

/// A cycle's begin and totals, for a terminal; the report has the whole.
std::string shortened(const std::string& cycle) {
  if (cycle.size() < 600) return cycle;
  const std::size_t end = cycle.rfind("]-> ", 400), totals = cycle.rfind(" (");
  if (end == std::string::npos || totals == std::string::npos || totals < end) return cycle;
  return cycle.substr(0, end + 4) + "…" + cycle.substr(totals);
}

std::string chart(const sdf::PhasedGraph& graph, const sdf::Expansion& expansion, const sdf::Binding& binding,
                  const sdf::Schedule& schedule, const std::string& period) {
  std::vector<std::string> rows;
  std::vector<std::size_t> row_of(graph.actor_count());
  std::size_t processors = 0;
  for (const std::size_t processor : binding)
    if (processor != sdf::kUnbound) processors = std::max(processors, processor + 1);
  for (std::size_t p = 0; p < processors; ++p) rows.push_back("processor " + std::to_string(p));
  for (std::size_t a = 0; a < graph.actor_count(); ++a) {
    row_of[a] = binding[a] == sdf::kUnbound ? rows.size() : binding[a];
    if (binding[a] == sdf::kUnbound) rows.push_back(graph.name(sdf::ActorId(a)));
  }
  std::vector<sdf::GanttBar> bars;
  for (std::int64_t k = 0; k < schedule.firings(); ++k)
    for (std::size_t node = 0; node < expansion.actor.size(); ++node) {
      const std::int64_t start = schedule.start(sdf::ActorId(node), k);
      const std::size_t a = expansion.actor[node].index();
      bars.push_back({row_of[a], start, start + expansion.graph.execution(sdf::ActorId(node)),
                      expansion.graph.name(sdf::ActorId(node)), a});
    }
  return sdf::gantt_svg(graph.name() + ": period " + period, rows, bars);
}

}  // namespace

int schedule_dataflow(const DataflowCommand& command) {
  check_files({{"the graph", command.graph}}, {{"--json", command.output}, {"--svg", command.svg}});
  const sdf::PhasedGraph graph = read_dataflow_graph(command.graph);
  const sdf::Binding binding = command.processors ? binding_of(graph, *command.processors)
                                                  : sdf::Binding(graph.actor_count(), sdf::kUnbound);
  const sdf::Expansion expansion = sdf::expand(graph, sdf::require_repetition(graph), {.most = 1'000'000});
  const sdf::CycleRatio unbound = sdf::max_cycle_ratio(expansion.graph);
  if (const auto* stuck = std::get_if<sdf::Deadlock>(&unbound)) {
    std::printf("deadlock: %s\n", sdf::describe(expansion.graph, stuck->cycle).c_str());
    return kNo;
  }
  const sdf::StaticOrder order = sdf::list_schedule(expansion, binding);
  const sdf::Graph bound = sdf::ordered(expansion, binding, order);
  const sdf::CycleRatio ratio = sdf::max_cycle_ratio(bound);
  const sdf::Certificate& certificate = sdf::certificate_of(ratio, bound);
  for (const std::string& fault : sdf::verify(bound, certificate))
    internal_error("certificate: " + fault, __FILE__, __LINE__);
  const std::string period = certificate.period.str(),
                    alone = sdf::certificate_of(unbound, expansion.graph).period.str();
  const sdf::Schedule schedule = sdf::simulate(bound, command.iterations);
  const auto periodic = sdf::k_periodic_for(graph);
  const auto* strict = std::get_if<sdf::KPeriodic>(&periodic);
  if (command.svg) write_text(*command.svg, chart(graph, expansion, binding, schedule, period));
  if (command.output) {
    Json json{{"schema", 1}, {"graph", graph.name()}, {"period", period}, {"period_unbound", alone}};
    json["critical_cycle"] =
        certificate.critical_cycle.empty() ? "none" : sdf::describe(bound, certificate.critical_cycle);
    Json& orders = json["orders"] = Json::array();
    for (const auto& firings : order) {
      Json list = Json::array();
      for (const sdf::Firing& firing : firings) list.push_back(firing_json(graph, firing));
      orders.push_back(std::move(list));
    }
    json["self_timed"] = self_timed_json(graph, expansion, schedule, sdf::regime(bound));
    json["strictly_periodic"] = strict != nullptr ? periodic_json(graph, strict->schedule) : Json(nullptr);
    write_text(*command.output, json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
  }
  std::printf("%s: period %s cycles an iteration", graph.name().c_str(), period.c_str());
  if (!order.empty()) std::printf(" on %zu processors, %s without them", order.size(), alone.c_str());
  std::printf("\nstrictly periodic (no order of processors): %s\n",
              strict != nullptr ? ("period " + strict->period.str()).c_str() : "none");
  for (std::size_t p = 0; p < order.size(); ++p) {
    std::printf("processor %zu:", p);
    const std::size_t shown = std::min<std::size_t>(order[p].size(), 20);
    for (std::size_t i = 0; i < shown; ++i)
      std::printf(" %s", expansion.graph
                             .name(sdf::ActorId(expansion.first[order[p][i].actor.index()] +
                                                static_cast<std::size_t>(order[p][i].number)))
                             .c_str());
    std::printf(shown < order[p].size() ? " … %zu more\n" : "\n", order[p].size() - shown);
  }
  if (!certificate.critical_cycle.empty())
    std::printf("critical cycle: %s\n", shortened(sdf::describe(bound, certificate.critical_cycle)).c_str());
  return kYes;
}

}  // namespace spikeloom::cli
