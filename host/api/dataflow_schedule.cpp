#include <algorithm>
#include <optional>
#include <set>

#include <nlohmann/json.hpp>

#include <spikeloom/dataflow.hpp>

#include "compiler/base/error.hpp"
#include "compiler/base/json_keys.hpp"
#include "compiler/base/text.hpp"
#include "compiler/sdf/gantt.hpp"
#include "compiler/sdf/k_periodic.hpp"
#include "compiler/sdf/regime.hpp"
#include "compiler/sdf/static_order.hpp"
#include "compiler/sdf/text.hpp"
#include "host/api/lines.hpp"
#include "host/api/text_file.hpp"

namespace spikeloom {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kMostProcessors = 999'999;
constexpr std::int64_t kMostIterations = 1000;  ///< that are shown

void check(const sdf::PhasedGraph& graph, const ScheduleOptions& options) {
  Problems problems;
  if (options.iterations < 1 || options.iterations > kMostIterations)
    problems.add("iterations: expected 1 to " + std::to_string(kMostIterations) + ", found " +
                 std::to_string(options.iterations));
  if (options.processors > kMostProcessors)
    problems.add("processors: expected 1 to " + std::to_string(kMostProcessors) +
                 ", or 0 for one an actor; found " + std::to_string(options.processors));
  std::set<std::string> actors;
  for (std::size_t a = 0; a < graph.actor_count(); ++a) actors.insert(graph.name(sdf::ActorId(a)));
  for (const auto& [name, processor] : options.binding) {
    if (!actors.contains(name)) problems.add("the graph has no actor \"" + name + "\"");
    if (processor > kMostProcessors)
      problems.add("actor \"" + name + "\": expected a processor from 0 to " +
                   std::to_string(kMostProcessors) + ", found " + std::to_string(processor));
  }
  problems.throw_if_any("schedule of " + graph.name());
}

sdf::Binding binding_of(const sdf::PhasedGraph& graph, const ScheduleOptions& options) {
  if (options.processors > 0) return sdf::balanced_binding(graph, options.processors);
  sdf::Binding binding(graph.actor_count(), sdf::kUnbound);
  for (std::size_t a = 0; a < graph.actor_count(); ++a)
    if (const auto found = options.binding.find(graph.name(sdf::ActorId(a))); found != options.binding.end())
      binding[a] = found->second;
  return binding;
}

Json firing_json(const ScheduledFiring& firing) {
  return {{"actor", firing.actor}, {"firing", firing.firing}};
}

Json self_timed_json(const DataflowSchedule& schedule) {
  Json json;
  json["regime"] = schedule.long_run ? Json{{"transient", schedule.long_run->transient},
                                            {"length", schedule.long_run->length},
                                            {"advance", schedule.long_run->advance}}
                                     : Json(nullptr);
  Json& firings = json["firings"] = Json::array();
  for (const ScheduledFiring& entry : schedule.firings) {
    Json firing = firing_json(entry);
    Json& starts = firing["starts"] = Json::array();
    for (const std::int64_t start : entry.starts) starts.push_back(start);
    firings.push_back(std::move(firing));
  }
  return json;
}

Json periodic_json(const StrictlyPeriodic& schedule) {
  Json json{{"period", schedule.period.str()}};
  Json& starts = json["starts"] = Json::array();
  for (const auto& [actor, phases] : schedule.starts) {
    Json times = Json::array();
    for (const Ratio& start : phases) times.push_back(start.str());
    starts.push_back({{"actor", actor}, {"phases", std::move(times)}});
  }
  return json;
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

ScheduledFiring scheduled(const sdf::PhasedGraph& graph, const sdf::Expansion& expansion,
                          const sdf::Firing& firing) {
  const std::size_t node = expansion.first[firing.actor.index()] + static_cast<std::size_t>(firing.number);
  return {graph.name(firing.actor), firing.number, expansion.graph.name(sdf::ActorId(node)), {}};
}

std::vector<ScheduledFiring> self_timed(const sdf::PhasedGraph& graph, const sdf::Expansion& expansion,
                                        const sdf::Schedule& schedule) {
  std::vector<ScheduledFiring> firings;
  for (std::size_t node = 0; node < expansion.actor.size(); ++node) {
    firings.push_back(scheduled(graph, expansion, {expansion.actor[node], expansion.firing[node]}));
    for (std::int64_t k = 0; k < schedule.firings(); ++k)
      firings.back().starts.push_back(schedule.start(sdf::ActorId(node), k));
  }
  return firings;
}

std::optional<StrictlyPeriodic> strictly_periodic(const sdf::PhasedGraph& graph) {
  const auto periodic = sdf::k_periodic_for(graph);  // throws where its numbers leave 64 bits
  const auto* strict = std::get_if<sdf::KPeriodic>(&periodic);
  if (strict == nullptr) return std::nullopt;
  StrictlyPeriodic result{.period = strict->period, .starts = {}};
  for (std::size_t a = 0; a < graph.actor_count(); ++a)
    result.starts.emplace_back(graph.name(sdf::ActorId(a)), strict->schedule.start[a]);
  return result;
}

}  // namespace

std::map<std::string, std::size_t> read_processors(const DataflowGraph& handle, const std::string& path) {
  const std::string text = read_text(path);
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) throw input_error(path + ": expected a JSON object {\"actor\": processor}");
  if (const std::optional<std::string> key = repeated_json_key(text))
    throw input_error(path + ": has the key \"" + printable(*key) + "\" twice");
  const std::vector<std::string> actors = handle.actors();
  std::map<std::string, std::size_t> binding;
  Problems problems;
  for (const auto& [name, processor] : json.items()) {
    if (std::find(actors.begin(), actors.end(), name) == actors.end())
      problems.add("the graph has no actor \"" + name + "\"");
    else if (processor.is_number_unsigned() && processor.get<std::size_t>() <= kMostProcessors)
      binding[name] = processor.get<std::size_t>();
    else
      problems.add("actor \"" + name + "\": expected a processor from 0 to " +
                   std::to_string(kMostProcessors) + ", found " + processor.dump());
  }
  problems.throw_if_any(path);
  return binding;
}

std::variant<DataflowSchedule, DataflowDeadlock> schedule(const DataflowGraph& handle,
                                                          const ScheduleOptions& options) {
  const sdf::PhasedGraph& graph = handle.value();
  check(graph, options);
  const sdf::Binding binding = binding_of(graph, options);
  const sdf::Expansion expansion = sdf::expand(graph, sdf::require_repetition(graph), {.most = 1'000'000});
  const sdf::CycleRatio unbound = sdf::max_cycle_ratio(expansion.graph);
  if (const auto* stuck = std::get_if<sdf::Deadlock>(&unbound))
    return DataflowDeadlock{sdf::describe(expansion.graph, stuck->cycle)};
  const sdf::StaticOrder order = sdf::list_schedule(expansion, binding);
  const sdf::Graph bound = sdf::ordered(expansion, binding, order);
  const sdf::CycleRatio ratio = sdf::max_cycle_ratio(bound);
  const sdf::Certificate& certificate = sdf::certificate_of(ratio, bound);
  for (const std::string& fault : sdf::verify(bound, certificate))
    internal_error("certificate: " + fault, __FILE__, __LINE__);
  const sdf::Schedule times = sdf::simulate(bound, options.iterations);
  DataflowSchedule result;
  result.graph = graph.name();
  result.notes = handle.notes();
  result.period = certificate.period;
  result.unbound_period = sdf::certificate_of(unbound, expansion.graph).period;
  result.critical_cycle =
      certificate.critical_cycle.empty() ? "none" : sdf::describe(bound, certificate.critical_cycle);
  for (const auto& firings : order) {
    result.orders.emplace_back();
    for (const sdf::Firing& firing : firings)
      result.orders.back().push_back(scheduled(graph, expansion, firing));
  }
  result.firings = self_timed(graph, expansion, times);
  if (const auto regime = sdf::regime(bound))
    result.long_run = LongRun{regime->transient, regime->length, regime->advance};
  try {
    result.strictly_periodic = strictly_periodic(graph);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kInput) throw;
    result.notes.push_back(std::string("no strictly periodic schedule: ") + error.what());
  }
  if (options.chart == Chart::kSvg) result.svg = chart(graph, expansion, binding, times, result.period.str());
  return result;
}

std::string to_text(const DataflowSchedule& schedule) {
  std::string text;
  for (const std::string& note : schedule.notes) text += "note: " + note + "\n";
  text += schedule.graph + ": period " + schedule.period.str() + " cycles an iteration";
  if (!schedule.orders.empty())
    text += line(" on %zu processors, %s without them", schedule.orders.size(),
                 schedule.unbound_period.str().c_str());
  text += "\nstrictly periodic (no order of processors): " +
          (schedule.strictly_periodic ? "period " + schedule.strictly_periodic->period.str() : "none") + "\n";
  for (std::size_t p = 0; p < schedule.orders.size(); ++p) {
    const auto& order = schedule.orders[p];
    text += line("processor %zu:", p);
    const std::size_t shown = std::min<std::size_t>(order.size(), 20);
    for (std::size_t i = 0; i < shown; ++i) text += " " + order[i].label;
    text += shown < order.size() ? line(" … %zu more\n", order.size() - shown) : "\n";
  }
  if (schedule.critical_cycle != "none")
    text += "critical cycle: " + shortened(schedule.critical_cycle) + "\n";
  return text;
}

std::string to_json(const DataflowSchedule& schedule) {
  Json json{{"schema", 1},
            {"graph", schedule.graph},
            {"period", schedule.period.str()},
            {"period_unbound", schedule.unbound_period.str()}};
  json["notes"] = schedule.notes;
  json["critical_cycle"] = schedule.critical_cycle;
  Json& orders = json["orders"] = Json::array();
  for (const auto& order : schedule.orders) {
    Json list = Json::array();
    for (const ScheduledFiring& firing : order) list.push_back(firing_json(firing));
    orders.push_back(std::move(list));
  }
  json["self_timed"] = self_timed_json(schedule);
  json["strictly_periodic"] =
      schedule.strictly_periodic ? periodic_json(*schedule.strictly_periodic) : Json(nullptr);
  return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace spikeloom
