#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <numeric>

#include <nlohmann/json.hpp>

#include "compiler/base/error.hpp"
#include "compiler/sdf/json.hpp"
#include "compiler/sdf/sdf3.hpp"
#include "compiler/sdf/text.hpp"
#include "compiler/sdf/throughput.hpp"
#include "host/cli/commands.hpp"
#include "host/cli/files.hpp"

namespace spikeloom::cli {
namespace {

using Json = nlohmann::ordered_json;

/// By extension: .xml SDF3, .json, .sdf text.
sdf::PhasedGraph read_graph(const std::string& path) {
  const std::string extension = std::filesystem::path(path).extension();
  try {
    if (extension == ".xml") return sdf::parse_sdf3(read_text(path), path);
    if (extension == ".json") return sdf::parse_json(read_text(path), path);
    if (extension == ".sdf") return sdf::phased(sdf::parse(read_text(path)), std::filesystem::path(path).stem());
  } catch (const Error& error) {
    if (std::string(error.what()).rfind(path, 0) == 0) throw;
    throw error.within(path);
  }
  throw input_error(path + ": a dataflow graph is .xml (SDF3), .json or .sdf (text); found \"" + extension + "\"");
}

/// For Graphviz: rates at the ends of channels, tokens in the middle.
std::string dot_of(const sdf::PhasedGraph& graph) {
  const auto quoted = [](const std::string& text) { return Json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace); };
  const auto list = [](const std::vector<std::int64_t>& values) {
    std::string text;
    for (const std::int64_t value : values) text += (text.empty() ? "" : ",") + std::to_string(value);
    return text;
  };
  std::string text = "digraph " + quoted(graph.name()) + " {\n  node [shape=circle];\n";
  for (std::size_t a = 0; a < graph.actor_count(); ++a)
    text += "  a" + std::to_string(a) + " [label=" + quoted(graph.name(sdf::ActorId(a)) + "\n" + list(graph.execution(sdf::ActorId(a)))) + "];\n";
  for (const sdf::PhasedChannel& channel : graph.channels())
    text += "  a" + std::to_string(channel.source.index()) + " -> a" + std::to_string(channel.target.index()) + " [taillabel=" +
            quoted(list(channel.produce)) + ", headlabel=" + quoted(list(channel.consume)) +
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
  if (!json.is_object() || json.value("format", Json()) != "spikeloom-dataflow-certificate" || json.value("version", Json()) != 1)
    throw wrong("expected \"format\": \"spikeloom-dataflow-certificate\", \"version\": 1");
  sdf::Certificate certificate;
  try {
    certificate.period = Ratio::parse(json.at("period").get<std::string>());
    for (const Json& entry : json.at("potentials")) {
      const std::size_t a = certificate.potential.size();
      if (a >= expansion.graph.actor_count() || entry.at(0).get<std::string>() != expansion.graph.name(sdf::ActorId(a)))
        throw wrong("potential " + std::to_string(a) + " is of " + entry.at(0).dump() + ", which the graph has not there");
      certificate.potential.push_back(entry.at(1).get<std::int64_t>());
    }
    for (const Json& entry : json.at("critical_cycle")) {
      if (!entry.is_number_unsigned() || entry.get<std::size_t>() >= expansion.graph.channel_count()) throw wrong("critical_cycle: no dependence " + entry.dump());
      certificate.critical_cycle.emplace_back(entry.get<std::size_t>());
    }
  } catch (const Json::exception& error) {
    throw wrong(error.what());
  }
  if (certificate.potential.size() != expansion.graph.actor_count())
    throw wrong(std::to_string(certificate.potential.size()) + " potentials, expected " + std::to_string(expansion.graph.actor_count()) + ", one a firing");
  return certificate;
}

Json repetition_json(const sdf::PhasedGraph& graph, const sdf::Repetition& repetition) {
  Json json = Json::object();
  for (std::size_t a = 0; a < graph.actor_count(); ++a) json[graph.name(sdf::ActorId(a))] = repetition.firings[a];
  return json;
}

}  // namespace

int analyze_dataflow(const DataflowCommand& command) {
  check_files({{"the graph", command.graph}}, {{"--json", command.output}, {"--certificate", command.certificate}});
  const sdf::PhasedGraph graph = read_graph(command.graph);
  const auto begin = std::chrono::steady_clock::now();
  const auto result = sdf::throughput(graph);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  const sdf::Repetition repetition = sdf::require_repetition(graph);
  const auto* found = std::get_if<sdf::Throughput>(&result);
  if (found != nullptr) {
    for (const std::string& fault : sdf::verify(found->expansion.graph, found->certificate)) internal_error("certificate: " + fault, __FILE__, __LINE__);
  }
  const std::string cycle = sdf::describe(graph, repetition, found != nullptr ? found->critical : std::get<sdf::StuckFirings>(result).cycle);
  const std::int64_t firings = std::accumulate(repetition.firings.begin(), repetition.firings.end(), std::int64_t{0});
  if (command.output) {
    Json json;
    json["schema"] = 1;
    json["graph"] = graph.name();
    json["actors"] = graph.actor_count();
    json["channels"] = graph.channel_count();
    json["repetition_vector"] = repetition_json(graph, repetition);
    json["live"] = found != nullptr;
    json["period"] = found != nullptr ? Json(found->period.str()) : Json(nullptr);
    json["critical_cycle"] = cycle;
    json["seconds"] = seconds;
    write_text(*command.output, json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
  }
  if (command.certificate && found != nullptr) write_text(*command.certificate, certificate_json(*found).dump(1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
  std::printf("%s: %zu actors, %zu channels, %lld firings an iteration\n", graph.name().c_str(), graph.actor_count(), graph.channel_count(),
              static_cast<long long>(firings));
  for (std::size_t a = 0; a < graph.actor_count(); ++a)
    std::printf("  %s: %lld\n", graph.name(sdf::ActorId(a)).c_str(), static_cast<long long>(repetition.firings[a]));
  if (found == nullptr) {
    std::printf("deadlock: %s\n", cycle.c_str());
    return kNo;
  }
  if (found->critical.firings.empty()) std::printf("period 0: no cycle of dependences, nothing bounds the throughput; is a channel from an actor to itself missing?\n");
  else std::printf("period %s cycles an iteration (%.6g)\ncritical cycle: %s\n", found->period.str().c_str(), found->period.approximate(), cycle.c_str());
  return kYes;
}

int verify_dataflow(const DataflowCommand& command) {
  const sdf::PhasedGraph graph = read_graph(command.graph);
  const sdf::Expansion expansion = sdf::expand(graph, sdf::require_repetition(graph));
  const Json json = Json::parse(read_text(*command.certificate), nullptr, false);
  const sdf::Certificate certificate = certificate_of(json, expansion, *command.certificate);
  const std::vector<std::string> faults = sdf::verify(expansion.graph, certificate);
  for (const std::string& fault : faults) std::printf("%s\n", fault.c_str());
  if (faults.empty()) std::printf("%s: period %s holds, and no smaller one does\n", graph.name().c_str(), certificate.period.str().c_str());
  return faults.empty() ? kYes : kNo;
}

int convert_dataflow(const DataflowCommand& command) {
  check_files({{"the graph", command.graph}}, {{"output", command.output}});
  const sdf::PhasedGraph graph = read_graph(command.graph);
  const std::string extension = std::filesystem::path(*command.output).extension();
  std::string text;
  if (extension == ".xml") text = sdf::print_sdf3(graph);
  else if (extension == ".json") text = sdf::print_json(graph);
  else if (extension == ".dot") text = dot_of(graph);
  else if (extension == ".sdf") text = sdf::print(sdf::single_phase(graph));
  else throw input_error(*command.output + ": expected .xml (SDF3), .json, .sdf or .dot, found \"" + extension + "\"");
  write_text(*command.output, text);
  return kYes;
}

}  // namespace spikeloom::cli
