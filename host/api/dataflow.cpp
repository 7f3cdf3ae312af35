#include <spikeloom/dataflow.hpp>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <filesystem>
#include <numeric>

#include <nlohmann/json.hpp>

#include "compiler/base/error.hpp"
#include "compiler/base/file.hpp"
#include "compiler/sdf/buffers.hpp"
#include "compiler/sdf/json.hpp"
#include "compiler/sdf/k_periodic.hpp"
#include "compiler/sdf/period.hpp"
#include "compiler/sdf/regime.hpp"
#include "compiler/sdf/sdf3.hpp"
#include "compiler/sdf/sensitivity.hpp"
#include "compiler/sdf/text.hpp"
#include "compiler/sdf/throughput.hpp"
#include "host/api/lines.hpp"
#include "host/api/text_file.hpp"

namespace spikeloom {
namespace {

using Json = nlohmann::ordered_json;

/// For Graphviz: rates at the ends of channels, tokens in the middle.
std::string dot_of(const sdf::PhasedGraph& graph) {
  const auto quoted = [](const std::string& text) {
    return Json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  };
  const auto list = [](const std::vector<std::int64_t>& values) {
    std::string text;
    for (const std::int64_t value : values) text += (text.empty() ? "" : ",") + std::to_string(value);
    return text;
  };
  std::string text = "digraph " + quoted(graph.name()) + " {\n  node [shape=circle];\n";
  for (std::size_t a = 0; a < graph.actor_count(); ++a)
    text += "  a" + std::to_string(a) +
            " [label=" + quoted(graph.name(sdf::ActorId(a)) + "\n" + list(graph.execution(sdf::ActorId(a)))) +
            "];\n";
  for (const sdf::PhasedChannel& channel : graph.channels())
    text += "  a" + std::to_string(channel.source.index()) + " -> a" +
            std::to_string(channel.target.index()) + " [taillabel=" + quoted(list(channel.produce)) +
            ", headlabel=" + quoted(list(channel.consume)) +
            (channel.tokens == 0 ? "" : ", label=\"" + std::to_string(channel.tokens) + "\"") + "];\n";
  return text + "}\n";
}

Json certificate_json(const sdf::Throughput& found) {
  Json json;
  json["format"] = "spikeloom-dataflow-certificate";
  json["version"] = 1;
  json["period"] = found.period.str();
  Json& potentials = json["potentials"] = Json::array();
  for (std::size_t a = 0; a < found.expansion.graph.actor_count(); ++a)
    potentials.push_back({found.expansion.graph.name(sdf::ActorId(a)), found.certificate.potential[a]});
  Json& cycle = json["critical_cycle"] = Json::array();
  for (const sdf::ChannelId id : found.certificate.critical_cycle) cycle.push_back(id.index());
  return json;
}

void find_by_expansion(const sdf::PhasedGraph& graph, const sdf::Repetition& repetition, Proof proof,
                       DataflowAnalysis& analysis) {
  const auto result = sdf::throughput(graph);
  const auto* found = std::get_if<sdf::Throughput>(&result);
  if (found == nullptr) {
    analysis.critical_cycle = sdf::describe(graph, repetition, std::get<sdf::StuckFirings>(result).cycle);
    return;
  }
  for (const std::string& fault : sdf::verify(found->expansion.graph, found->certificate))
    internal_error("certificate: " + fault, __FILE__, __LINE__);
  if (proof == Proof::kWanted)
    analysis.certificate =
        certificate_json(*found).dump(1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
  analysis.period = found->period;
  analysis.critical_cycle = sdf::describe(graph, repetition, found->critical);
}

void find_k_periodic(const sdf::PhasedGraph& graph, sdf::Growth growth, DataflowAnalysis& analysis) {
  const auto result = sdf::k_periodic(graph, sdf::Starts::kUnwanted, growth);
  const auto* found = std::get_if<sdf::KPeriodic>(&result);
  if (found != nullptr) analysis.period = found->period;
  analysis.critical_cycle =
      sdf::describe(graph, found != nullptr ? found->critical : std::get<sdf::KStuck>(result).cycle);
}

/// By the method asked for, else by expansion for a proof, else by what suits the graph, and where that
/// refuses it by the next one.
void find_period(const sdf::PhasedGraph& graph, const sdf::Repetition& repetition,
                 const AnalyzeOptions& options, DataflowAnalysis& analysis) {
  using sdf::PeriodMethod;
  std::vector<PeriodMethod> methods;
  if (options.method)
    methods = {sdf::method_of(*options.method)};
  else if (options.proof == Proof::kWanted)
    methods = {PeriodMethod::kExpansion};
  else
    methods = sdf::methods_for(graph);
  if (options.proof == Proof::kWanted && methods.front() != PeriodMethod::kExpansion)
    throw input_error("--certificate: the proof is about the expansion; leave out --method " +
                      sdf::name_of(methods.front()));
  const auto growth = methods.size() > 1 ? sdf::Growth::kBelowExpansion : sdf::Growth::kAsNeeded;
  std::string refused;
  analysis.method = sdf::with_first_that_answers(methods, refused, [&](PeriodMethod method) {
    if (method == PeriodMethod::kExpansion) {
      find_by_expansion(graph, repetition, options.proof, analysis);
    } else if (method == PeriodMethod::kKPeriodic) {
      find_k_periodic(graph, growth, analysis);
    } else {
      analysis.period =
          methods.size() > 1 ? sdf::period_as_fallback(graph, method) : sdf::period_of(graph, method).period;
      analysis.critical_cycle =
          "not found by this method (--method expansion has it, where it takes the graph)";
    }
    return sdf::name_of(method);
  });
  if (!refused.empty())
    analysis.notes.push_back("the period is by the method " + analysis.method +
                             ", because others refuse: " + refused);
}

/// But for actors that a channel to themselves holds in their order anyway.
void let_phases_overlap(sdf::PhasedGraph& graph) {
  std::vector<bool> one_at_a_time(graph.actor_count(), false);
  const auto ones = [](const std::vector<std::int64_t>& rates) {
    return std::all_of(rates.begin(), rates.end(), [](std::int64_t rate) { return rate == 1; });
  };
  for (const sdf::PhasedChannel& channel : graph.channels())
    if (channel.source == channel.target && channel.tokens == 1 && ones(channel.produce) &&
        ones(channel.consume))
      one_at_a_time[channel.source.index()] = true;
  for (std::size_t a = 0; a < graph.actor_count(); ++a)
    if (!one_at_a_time[a]) graph.let_phases_overlap(sdf::ActorId(a));
}

/// Where Kiter takes the graph for another.
void note_phases(const sdf::PhasedGraph& graph, PhaseOverlap overlap, std::vector<std::string>& notes) {
  std::size_t count = 0;
  std::string first;
  for (std::size_t a = 0; a < graph.actor_count(); ++a) {
    const bool bounded = std::any_of(
        graph.channels().begin(), graph.channels().end(),
        [&](const auto& channel) { return channel.source.index() == a && channel.target.index() == a; });
    if (graph.phases(sdf::ActorId(a)) == 1 || bounded) continue;
    if (++count == 1) first = graph.name(sdf::ActorId(a));
  }
  if (count == 0) return;
  const std::string who = "\"" + first + "\"" +
                          (count > 1 ? " and " + std::to_string(count - 1) + " more actors" : std::string()) +
                          (count > 1 ? " have" : " has") + " phases and no channel to " +
                          (count > 1 ? "themselves" : "itself");
  notes.push_back(overlap == PhaseOverlap::kNever
                      ? who + ": phases do not overlap here, while Kiter lets them (--phases-overlap)"
                      : who + ": phases may overlap");
}

sdf::ActorId actor_named(const sdf::PhasedGraph& graph, const std::string& name) {
  for (std::size_t a = 0; a < graph.actor_count(); ++a)
    if (graph.name(sdf::ActorId(a)) == name) return sdf::ActorId(a);
  throw input_error("--latency: the graph has no actor \"" + name + "\"");
}

RoomChoice choice_of(const sdf::PhasedGraph& graph, const sdf::BufferPoint& point) {
  RoomChoice choice{.size = point.size, .period = point.period, .rooms = {}};
  for (std::size_t c = 0; c < graph.channel_count(); ++c) {
    const sdf::PhasedChannel& channel = graph.channel(sdf::ChannelId(c));
    if (channel.source != channel.target)
      choice.rooms.push_back({graph.name(sdf::ChannelId(c)), graph.name(channel.source),
                              graph.name(channel.target), point.capacity[c]});
  }
  return choice;
}

Json sensitivity_json(const DataflowSensitivity& found) {
  const auto text = [](const std::optional<Ratio>& period) {
    return period ? Json(period->str()) : Json(nullptr);
  };
  Json json{{"executions", Json::array()}, {"tokens", Json::array()}};
  for (const ExecutionChange& entry : found.executions)
    json["executions"].push_back({{"actor", entry.actor},
                                  {"phase", entry.phase},
                                  {"longer", entry.longer.str()},
                                  {"shorter", text(entry.shorter)},
                                  {"slack", entry.slack ? Json(*entry.slack) : Json(nullptr)}});
  for (const TokenChange& entry : found.tokens)
    json["tokens"].push_back({{"channel", entry.channel},
                              {"more", entry.more.str()},
                              {"fewer", text(entry.fewer)},
                              {"spare", entry.spare}});
  return json;
}

Json latency_json(const DataflowLatency& found) {
  return {{"from", found.from},
          {"to", found.to},
          {"iterations", found.iterations},
          {"longest", found.longest},
          {"iteration", found.iteration},
          {"finished", found.finished},
          {"long_run", found.long_run ? Json(*found.long_run) : Json(nullptr)}};
}

std::string note_lines(const std::vector<std::string>& notes) {
  std::string text;
  for (const std::string& note : notes) text += "note: " + note + "\n";
  return text;
}

std::string room_line(const RoomChoice& choice) {
  return line("%lld tokens of room: period %s\n", static_cast<long long>(choice.size),
              choice.period.str().c_str());
}

}  // namespace

DataflowGraph DataflowGraph::read(const std::string& path, const GraphOptions& options) {
  const std::string extension = std::filesystem::path(path).extension();
  if (extension == ".xml" || extension == ".json" || extension == ".sdf") {
    const std::string text = read_text(path);
    return parse(text, extension.substr(1), path, options);
  }
  throw input_error(path + ": a dataflow graph is .xml (SDF3), .json or .sdf (text); found \"" + extension +
                    "\"");
}

DataflowGraph DataflowGraph::parse(const std::string& text, const std::string& form, const std::string& name,
                                   const GraphOptions& options) {
  if (form != "xml" && (options.application || options.processor_type))
    throw input_error(name +
                      ": only SDF3 files (.xml) hold several graphs and processor types to choose from");
  std::vector<std::string> notes;
  const auto graph_of = [&]() -> sdf::PhasedGraph {
    if (form == "xml") {
      sdf::Sdf3File file = sdf::read_sdf3(text, name, {options.application, options.processor_type});
      notes = std::move(file.notes);
      return std::move(file.graph);
    }
    if (form == "json") return sdf::parse_json(text, name);
    if (form == "sdf") return sdf::phased(sdf::parse(text), std::filesystem::path(name).stem());
    throw input_error(name + ": a dataflow graph is xml (SDF3), json or sdf (text); found \"" + form + "\"");
  };
  try {
    sdf::PhasedGraph graph = graph_of();
    if (options.phase_overlap == PhaseOverlap::kByData) let_phases_overlap(graph);
    note_phases(graph, options.phase_overlap, notes);
    return DataflowGraph(std::make_shared<const sdf::PhasedGraph>(std::move(graph)), std::move(notes));
  } catch (const Error& error) {
    if (std::string(error.what()).rfind(name, 0) == 0) throw;
    throw error.within(name);
  }
}

const std::string& DataflowGraph::name() const { return graph_->name(); }
std::size_t DataflowGraph::channels() const { return graph_->channel_count(); }

std::vector<std::string> DataflowGraph::actors() const {
  std::vector<std::string> names;
  for (std::size_t a = 0; a < graph_->actor_count(); ++a) names.push_back(graph_->name(sdf::ActorId(a)));
  return names;
}

std::string DataflowGraph::text(const std::string& form) const {
  if (form == "xml") return sdf::print_sdf3(*graph_);
  if (form == "json") return sdf::print_json(*graph_);
  if (form == "dot") return dot_of(*graph_);
  if (form == "sdf") return sdf::print(sdf::single_phase(*graph_));
  throw input_error("dataflow graph " + graph_->name() + ": expected xml, json, sdf or dot, found \"" + form +
                    "\"");
}

DataflowAnalysis analyze(const DataflowGraph& handle, const AnalyzeOptions& options) {
  const sdf::PhasedGraph& graph = handle.value();
  const sdf::Repetition repetition = sdf::require_repetition(graph);
  DataflowAnalysis analysis;
  analysis.notes = handle.notes();
  const auto begin = std::chrono::steady_clock::now();
  find_period(graph, repetition, options, analysis);
  analysis.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  analysis.graph = graph.name();
  analysis.actors = graph.actor_count();
  analysis.channels = graph.channel_count();
  for (std::size_t a = 0; a < graph.actor_count(); ++a)
    analysis.firings.emplace_back(graph.name(sdf::ActorId(a)), repetition.firings[a]);
  return analysis;
}

DataflowSensitivity sensitivity(const DataflowGraph& handle) {
  const sdf::PhasedGraph& graph = handle.value();
  const auto found = sdf::sensitivity(graph);
  if (!found) throw input_error(graph.name() + ": the graph is stuck, so no change has a period");
  DataflowSensitivity changes;
  for (const sdf::ExecutionSensitivity& entry : found->executions)
    changes.executions.push_back({graph.name(entry.actor), entry.phase, graph.phases(entry.actor),
                                  entry.longer, entry.shorter, entry.slack});
  for (const sdf::TokenSensitivity& entry : found->tokens)
    changes.tokens.push_back({graph.name(entry.channel), entry.more, entry.fewer, entry.spare});
  return changes;
}

DataflowLatency latency(const DataflowGraph& handle, const std::string& from, const std::string& to,
                        std::int64_t iterations) {
  const sdf::PhasedGraph& graph = handle.value();
  constexpr std::int64_t kMostIterations = 100'000;
  if (iterations < 1 || iterations > kMostIterations)
    throw input_error("latency: expected 1 to " + std::to_string(kMostIterations) + " iterations, found " +
                      std::to_string(iterations));
  const sdf::ActorId source = actor_named(graph, from), sink = actor_named(graph, to);
  const sdf::Expansion expansion = sdf::expand(graph, sdf::require_repetition(graph));
  const sdf::IterationLatency found =
      sdf::iteration_latency(expansion, expansion.graph, source, sink, iterations);
  return {from, to, iterations, found.longest, found.iteration, found.finished, found.long_run};
}

CertificateCheck verify_certificate(const DataflowGraph& handle, const std::string& path) {
  const sdf::PhasedGraph& graph = handle.value();
  const sdf::Expansion expansion = sdf::expand(graph, sdf::require_repetition(graph));
  const sdf::Certificate certificate = sdf::parse_certificate(read_text(path), expansion.graph, path);
  return {certificate.period, sdf::verify(expansion.graph, certificate)};
}

DataflowBuffers buffers(const DataflowGraph& handle, const std::optional<Ratio>& period) {
  const sdf::PhasedGraph& graph = handle.value();
  DataflowBuffers found;
  found.graph = graph.name();
  found.notes = handle.notes();
  const std::clock_t begin = std::clock();
  sdf::BufferFront front;
  if (period) {
    found.wanted = period->str();
    if (auto point = sdf::least_buffers(graph, *period)) front.points.push_back(*std::move(point));
  } else {
    auto result = sdf::buffer_front(graph);
    if (auto* reached = std::get_if<sdf::BufferFront>(&result))
      front = std::move(*reached);
    else
      found.stuck = sdf::describe(graph, std::get<sdf::KStuck>(result).cycle);
  }
  found.seconds = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
  for (const sdf::BufferPoint& point : front.points) found.choices.push_back(choice_of(graph, point));
  return found;
}

std::string to_text(const DataflowAnalysis& analysis) {
  std::int64_t firings = 0;
  for (const auto& [actor, count] : analysis.firings) firings += count;
  std::string text = line("%s: %zu actors, %zu channels, %lld firings an iteration\n", analysis.graph.c_str(),
                          analysis.actors, analysis.channels, static_cast<long long>(firings));
  for (const auto& [actor, count] : analysis.firings)
    text += line("  %s: %lld\n", actor.c_str(), static_cast<long long>(count));
  text += note_lines(analysis.notes);
  if (!analysis.period) return text + "deadlock: " + shortened(analysis.critical_cycle) + "\n";
  if (analysis.critical_cycle == "none")
    return text +
           "period 0: no cycle of dependences, nothing bounds the throughput; is a channel from an actor to "
           "itself missing?\n";
  return text + line("period %s cycles an iteration (%.6g)\ncritical cycle: %s\n",
                     analysis.period->str().c_str(), analysis.period->approximate(),
                     shortened(analysis.critical_cycle).c_str());
}

std::string to_text(const DataflowSensitivity& found) {
  std::string text = "sensitivity: period with one more and one less; how far it may go\n";
  for (const ExecutionChange& entry : found.executions) {
    const std::string name = entry.actor + (entry.phases > 1 ? " phase " + std::to_string(entry.phase) : "");
    text += line("  time of %s: %s, %s; slack %s\n", name.c_str(), entry.longer.str().c_str(),
                 entry.shorter ? entry.shorter->str().c_str() : "-",
                 entry.slack ? std::to_string(*entry.slack).c_str() : "without end");
  }
  for (const TokenChange& entry : found.tokens)
    text += line("  tokens of %s: %s, %s; spare %lld\n", entry.channel.c_str(), entry.more.str().c_str(),
                 entry.fewer ? entry.fewer->str().c_str() : "-", static_cast<long long>(entry.spare));
  return text;
}

std::string to_text(const DataflowLatency& found) {
  return line("latency from %s to %s: %lld cycles in %lld iterations, %s in the long run\n",
              found.from.c_str(), found.to.c_str(), static_cast<long long>(found.longest),
              static_cast<long long>(found.iterations),
              found.long_run ? std::to_string(*found.long_run).c_str() : "not settled");
}

std::string to_text(const DataflowBuffers& found) {
  if (!found.notes.empty()) {
    DataflowBuffers rest = found;
    rest.notes.clear();
    return note_lines(found.notes) + to_text(rest);
  }
  if (found.choices.empty()) {
    if (!found.stuck.empty()) return "deadlock, however much room there is: " + shortened(found.stuck) + "\n";
    return line(
        "period %s: not reached, however much room there is; `spikeloom dataflow analyze` names the "
        "cycle\n",
        found.wanted.value_or("").c_str());
  }
  std::string text;
  for (const RoomChoice& choice : found.choices) {
    text += room_line(choice);
    if (found.choices.size() > 1 && &choice != &found.choices.front() && &choice != &found.choices.back())
      continue;
    for (const ChannelRoom& room : choice.rooms)
      text += line("  %s: %lld\n", room.channel.c_str(), static_cast<long long>(room.capacity));
  }
  return text;
}

std::string to_json(const DataflowAnalysis& analysis, const DataflowSensitivity* sensitivity,
                    const DataflowLatency* latency) {
  Json json;
  json["schema"] = 1;
  json["graph"] = analysis.graph;
  json["actors"] = analysis.actors;
  json["channels"] = analysis.channels;
  json["repetition_vector"] = Json::object();
  for (const auto& [actor, count] : analysis.firings) json["repetition_vector"][actor] = count;
  json["live"] = analysis.period.has_value();
  json["period"] = analysis.period ? Json(analysis.period->str()) : Json(nullptr);
  json["method"] = analysis.method;
  json["critical_cycle"] = analysis.critical_cycle;
  json["notes"] = analysis.notes;
  json["seconds"] = analysis.seconds;
  if (sensitivity != nullptr) json["sensitivity"] = sensitivity_json(*sensitivity);
  if (latency != nullptr) json["latency"] = latency_json(*latency);
  return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

std::string to_json(const DataflowBuffers& found) {
  Json json{{"schema", 1}, {"graph", found.graph}};
  if (found.wanted) json["wanted_period"] = *found.wanted;
  json["reached"] = !found.choices.empty();
  Json& points = json["points"] = Json::array();
  for (const RoomChoice& choice : found.choices) {
    Json point{{"size", choice.size}, {"period", choice.period.str()}};
    Json& capacities = point["capacities"] = Json::array();
    for (const ChannelRoom& room : choice.rooms)
      capacities.push_back(
          {{"channel", room.channel}, {"from", room.from}, {"to", room.to}, {"capacity", room.capacity}});
    points.push_back(std::move(point));
  }
  json["notes"] = found.notes;
  json["seconds"] = found.seconds;
  return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace spikeloom
