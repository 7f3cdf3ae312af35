#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <numeric>

#include <nlohmann/json.hpp>

#include "compiler/base/error.hpp"
#include "compiler/sdf/json.hpp"
#include "compiler/sdf/k_periodic.hpp"
#include "compiler/sdf/period.hpp"
#include "compiler/sdf/regime.hpp"
#include "compiler/sdf/sdf3.hpp"
#include "compiler/sdf/sensitivity.hpp"
#include "compiler/sdf/text.hpp"
#include "compiler/sdf/throughput.hpp"
#include "host/cli/commands.hpp"
#include "host/cli/dataflow_graph.hpp"
#include "host/cli/files.hpp"

namespace spikeloom::cli {
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

sdf::Certificate certificate_of(const Json& json, const sdf::Expansion& expansion, const std::string& path) {
  const auto wrong = [&](const std::string& what) { return input_error(path + ": " + what); };
  if (!json.is_object() || json.value("format", Json()) != "spikeloom-dataflow-certificate" ||
      json.value("version", Json()) != 1)
    throw wrong("expected \"format\": \"spikeloom-dataflow-certificate\", \"version\": 1");
  sdf::Certificate certificate;
  try {
    certificate.period = Ratio::parse(json.at("period").get<std::string>());
    for (const Json& entry : json.at("potentials")) {
      const std::size_t a = certificate.potential.size();
      if (a >= expansion.graph.actor_count() ||
          entry.at(0).get<std::string>() != expansion.graph.name(sdf::ActorId(a)))
        throw wrong("potential " + std::to_string(a) + " is of " + entry.at(0).dump() +
                    ", which the graph has not there");
      certificate.potential.push_back(entry.at(1).get<std::int64_t>());
    }
    for (const Json& entry : json.at("critical_cycle")) {
      if (!entry.is_number_unsigned() || entry.get<std::size_t>() >= expansion.graph.channel_count())
        throw wrong("critical_cycle: no dependence " + entry.dump());
      certificate.critical_cycle.emplace_back(entry.get<std::size_t>());
    }
  } catch (const Json::exception& error) {
    throw wrong(error.what());
  }
  if (certificate.potential.size() != expansion.graph.actor_count())
    throw wrong(std::to_string(certificate.potential.size()) + " potentials, expected " +
                std::to_string(expansion.graph.actor_count()) + ", one a firing");
  return certificate;
}

Json repetition_json(const sdf::PhasedGraph& graph, const sdf::Repetition& repetition) {
  Json json = Json::object();
  for (std::size_t a = 0; a < graph.actor_count(); ++a)
    json[graph.name(sdf::ActorId(a))] = repetition.firings[a];
  return json;
}

struct Analysis {
  std::optional<Ratio> period;
  std::string cycle;  ///< "none" where nothing limits it
  sdf::PeriodMethod method = sdf::PeriodMethod::kExpansion;
};

Analysis by_expansion(const sdf::PhasedGraph& graph, const sdf::Repetition& repetition,
                      const std::optional<std::string>& certificate) {
  const auto result = sdf::throughput(graph);
  const auto* found = std::get_if<sdf::Throughput>(&result);
  if (found == nullptr)
    return {std::nullopt, sdf::describe(graph, repetition, std::get<sdf::StuckFirings>(result).cycle)};
  for (const std::string& fault : sdf::verify(found->expansion.graph, found->certificate))
    internal_error("certificate: " + fault, __FILE__, __LINE__);
  if (certificate)
    write_text(*certificate,
               certificate_json(*found).dump(1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
  return {found->period, sdf::describe(graph, repetition, found->critical)};
}

Analysis by_k_periodic(const sdf::PhasedGraph& graph) {
  const auto result = sdf::k_periodic(graph);
  const auto* found = std::get_if<sdf::KPeriodic>(&result);
  if (found == nullptr)
    return {std::nullopt, sdf::describe(graph, std::get<sdf::KStuck>(result).cycle),
            sdf::PeriodMethod::kKPeriodic};
  return {found->period, sdf::describe(graph, found->critical), sdf::PeriodMethod::kKPeriodic};
}

/// By the method asked for, else by expansion for a proof, else by what suits the graph.
Analysis analysis_of(const sdf::PhasedGraph& graph, const sdf::Repetition& repetition,
                     const DataflowCommand& command) {
  const sdf::PeriodMethod method = command.method        ? sdf::method_of(*command.method)
                                   : command.certificate ? sdf::PeriodMethod::kExpansion
                                                         : sdf::method_for(graph);
  if (command.certificate && method != sdf::PeriodMethod::kExpansion)
    throw input_error("--certificate: the proof is about the expansion; leave out --method " +
                      sdf::name_of(method));
  if (method == sdf::PeriodMethod::kExpansion) return by_expansion(graph, repetition, command.certificate);
  if (method == sdf::PeriodMethod::kKPeriodic) return by_k_periodic(graph);
  return {sdf::period_of(graph, method).period, "not found by this method", method};
}

Json sensitivity_json(const sdf::PhasedGraph& graph) {
  const auto found = sdf::sensitivity(graph);
  const auto text = [](const std::optional<Ratio>& period) {
    return period ? Json(period->str()) : Json(nullptr);
  };
  Json json{{"executions", Json::array()}, {"tokens", Json::array()}};
  std::printf("sensitivity: period with one more and one less; how far it may go\n");
  for (const sdf::ExecutionSensitivity& entry : found->executions) {
    const std::string name = graph.name(entry.actor) +
                             (graph.phases(entry.actor) > 1 ? " phase " + std::to_string(entry.phase) : "");
    json["executions"].push_back({{"actor", graph.name(entry.actor)},
                                  {"phase", entry.phase},
                                  {"longer", entry.longer.str()},
                                  {"shorter", text(entry.shorter)},
                                  {"slack", entry.slack ? Json(*entry.slack) : Json(nullptr)}});
    std::printf("  time of %s: %s, %s; slack %s\n", name.c_str(), entry.longer.str().c_str(),
                entry.shorter ? entry.shorter->str().c_str() : "-",
                entry.slack ? std::to_string(*entry.slack).c_str() : "without end");
  }
  for (const sdf::TokenSensitivity& entry : found->tokens) {
    json["tokens"].push_back({{"channel", graph.name(entry.channel)},
                              {"more", entry.more.str()},
                              {"fewer", text(entry.fewer)},
                              {"spare", entry.spare}});
    std::printf("  tokens of %s: %s, %s; spare %lld\n", graph.name(entry.channel).c_str(),
                entry.more.str().c_str(), entry.fewer ? entry.fewer->str().c_str() : "-",
                static_cast<long long>(entry.spare));
  }
  return json;
}

std::vector<sdf::ActorId> latency_ends(const sdf::PhasedGraph& graph, const std::vector<std::string>& names) {
  std::vector<sdf::ActorId> ends;
  for (const std::string& name : names) {
    std::size_t a = 0;
    while (a < graph.actor_count() && graph.name(sdf::ActorId(a)) != name) ++a;
    if (a == graph.actor_count()) throw input_error("--latency: the graph has no actor \"" + name + "\"");
    ends.emplace_back(a);
  }
  return ends;
}

Json latency_json(const sdf::PhasedGraph& graph, const sdf::Repetition& repetition,
                  const std::vector<sdf::ActorId>& ends, std::int64_t iterations) {
  const sdf::Expansion expansion = sdf::expand(graph, repetition);
  const sdf::IterationLatency found =
      sdf::iteration_latency(expansion, expansion.graph, ends[0], ends[1], iterations);
  std::printf("latency from %s to %s: %lld cycles in %lld iterations, %s in the long run\n",
              graph.name(ends[0]).c_str(), graph.name(ends[1]).c_str(), static_cast<long long>(found.longest),
              static_cast<long long>(iterations),
              found.long_run ? std::to_string(*found.long_run).c_str() : "not settled");
  return {{"from", graph.name(ends[0])},
          {"to", graph.name(ends[1])},
          {"iterations", iterations},
          {"longest", found.longest},
          {"iteration", found.iteration},
          {"finished", found.finished},
          {"long_run", found.long_run ? Json(*found.long_run) : Json(nullptr)}};
}

}  // namespace

sdf::PhasedGraph read_dataflow_graph(const std::string& path) {
  const std::string extension = std::filesystem::path(path).extension();
  try {
    if (extension == ".xml") return sdf::parse_sdf3(read_text(path), path);
    if (extension == ".json") return sdf::parse_json(read_text(path), path);
    if (extension == ".sdf")
      return sdf::phased(sdf::parse(read_text(path)), std::filesystem::path(path).stem());
  } catch (const Error& error) {
    if (std::string(error.what()).rfind(path, 0) == 0) throw;
    throw error.within(path);
  }
  throw input_error(path + ": a dataflow graph is .xml (SDF3), .json or .sdf (text); found \"" + extension +
                    "\"");
}

int analyze_dataflow(const DataflowCommand& command) {
  check_files({{"the graph", command.graph}},
              {{"--json", command.output}, {"--certificate", command.certificate}});
  const sdf::PhasedGraph graph = read_dataflow_graph(command.graph);
  const std::vector<sdf::ActorId> ends = latency_ends(graph, command.latency);
  const sdf::Repetition repetition = sdf::require_repetition(graph);
  const auto begin = std::chrono::steady_clock::now();
  const Analysis found = analysis_of(graph, repetition, command);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  const std::int64_t firings =
      std::accumulate(repetition.firings.begin(), repetition.firings.end(), std::int64_t{0});
  Json json;
  json["schema"] = 1;
  json["graph"] = graph.name();
  json["actors"] = graph.actor_count();
  json["channels"] = graph.channel_count();
  json["repetition_vector"] = repetition_json(graph, repetition);
  json["live"] = found.period.has_value();
  json["period"] = found.period ? Json(found.period->str()) : Json(nullptr);
  json["method"] = sdf::name_of(found.method);
  json["critical_cycle"] = found.cycle;
  json["seconds"] = seconds;
  std::printf("%s: %zu actors, %zu channels, %lld firings an iteration\n", graph.name().c_str(),
              graph.actor_count(), graph.channel_count(), static_cast<long long>(firings));
  for (std::size_t a = 0; a < graph.actor_count(); ++a)
    std::printf("  %s: %lld\n", graph.name(sdf::ActorId(a)).c_str(),
                static_cast<long long>(repetition.firings[a]));
  if (!found.period)
    std::printf("deadlock: %s\n", found.cycle.c_str());
  else if (found.cycle == "none")
    std::printf(
        "period 0: no cycle of dependences, nothing bounds the throughput; is a channel from an actor to "
        "itself missing?\n");
  else
    std::printf("period %s cycles an iteration (%.6g)\ncritical cycle: %s\n", found.period->str().c_str(),
                found.period->approximate(), found.cycle.c_str());
  if (found.period && command.sensitivity) json["sensitivity"] = sensitivity_json(graph);
  if (found.period && !ends.empty())
    json["latency"] = latency_json(graph, repetition, ends, command.iterations);
  if (command.output)
    write_text(*command.output, json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
  return found.period ? kYes : kNo;
}

int verify_dataflow(const DataflowCommand& command) {
  const sdf::PhasedGraph graph = read_dataflow_graph(command.graph);
  const sdf::Expansion expansion = sdf::expand(graph, sdf::require_repetition(graph));
  const Json json = Json::parse(read_text(*command.certificate), nullptr, false);
  const sdf::Certificate certificate = certificate_of(json, expansion, *command.certificate);
  const std::vector<std::string> faults = sdf::verify(expansion.graph, certificate);
  for (const std::string& fault : faults) std::printf("%s\n", fault.c_str());
  if (faults.empty())
    std::printf("%s: period %s holds, and no smaller one does\n", graph.name().c_str(),
                certificate.period.str().c_str());
  return faults.empty() ? kYes : kNo;
}

int convert_dataflow(const DataflowCommand& command) {
  check_files({{"the graph", command.graph}}, {{"output", command.output}});
  const sdf::PhasedGraph graph = read_dataflow_graph(command.graph);
  const std::string extension = std::filesystem::path(*command.output).extension();
  std::string text;
  if (extension == ".xml")
    text = sdf::print_sdf3(graph);
  else if (extension == ".json")
    text = sdf::print_json(graph);
  else if (extension == ".dot")
    text = dot_of(graph);
  else if (extension == ".sdf")
    text = sdf::print(sdf::single_phase(graph));
  else
    throw input_error(*command.output + ": expected .xml (SDF3), .json, .sdf or .dot, found \"" + extension +
                      "\"");
  write_text(*command.output, text);
  return kYes;
}

}  // namespace spikeloom::cli
