#include <algorithm>
#include <charconv>
#include <cstdio>
#include <filesystem>

#include <spikeloom/dataflow.hpp>
#include <spikeloom/error.hpp>

#include "host/cli/commands.hpp"
#include "host/cli/files.hpp"

namespace spikeloom::cli {
namespace {

void print(const std::string& text) { std::fputs(text.c_str(), stdout); }

DataflowGraph read_graph(const DataflowCommand& command) {
  return DataflowGraph::read(command.graph, {.application = command.application,
                                             .processor_type = command.processor_type,
                                             .phase_overlap = command.phases_overlap ? PhaseOverlap::kByData
                                                                                     : PhaseOverlap::kNever});
}

/// Their number, or a file that binds actors to them.
void set_processors(const DataflowGraph& graph, const std::string& text, ScheduleOptions& options) {
  const bool is_number = !text.empty() && std::all_of(text.begin(), text.end(),
                                                      [](unsigned char c) { return c >= '0' && c <= '9'; });
  if (!is_number) {
    options.binding = read_processors(graph, text);
    return;
  }
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), options.processors);
  if (code != std::errc() || options.processors == 0)
    throw input_error("--processors " + text + ": expected a number of processors, at least 1");
}

}  // namespace

int analyze_dataflow(const DataflowCommand& command) {
  check_files({{"the graph", command.graph}},
              {{"--json", command.output}, {"--certificate", command.certificate}});
  const DataflowGraph graph = read_graph(command);
  const std::vector<std::string> actors = graph.actors();
  for (const std::string& end : command.latency)
    if (std::find(actors.begin(), actors.end(), end) == actors.end())
      throw input_error("--latency: the graph has no actor \"" + end + "\"");
  const DataflowAnalysis found = analyze(
      graph, {.method = command.method, .proof = command.certificate ? Proof::kWanted : Proof::kNone});
  if (found.certificate) write_text(*command.certificate, *found.certificate);
  print(to_text(found));
  std::optional<DataflowSensitivity> changes;
  if (found.period && command.sensitivity) {
    changes = sensitivity(graph);
    print(to_text(*changes));
  }
  std::optional<DataflowLatency> late;
  if (found.period && !command.latency.empty()) {
    late = latency(graph, command.latency.at(0), command.latency.at(1), command.iterations);
    print(to_text(*late));
  }
  if (command.output)
    write_text(*command.output, to_json(found, changes ? &*changes : nullptr, late ? &*late : nullptr));
  return found.period ? kYes : kNo;
}

int verify_dataflow(const DataflowCommand& command) {
  const DataflowGraph graph = read_graph(command);
  const CertificateCheck check = verify_certificate(graph, *command.certificate);
  for (const std::string& fault : check.faults) std::printf("%s\n", fault.c_str());
  if (!check.faults.empty()) return kNo;
  std::printf("%s: period %s holds, and no smaller one does\n", graph.name().c_str(),
              check.period.str().c_str());
  return kYes;
}

int buffers_dataflow(const DataflowCommand& command) {
  check_files({{"the graph", command.graph}}, {{"--json", command.output}});
  const DataflowGraph graph = read_graph(command);
  std::optional<Ratio> period;
  if (command.period) period = Ratio::parse(*command.period);
  DataflowBuffers found = buffers(graph, period);
  found.wanted = command.period;  // as it was written
  if (command.output) write_text(*command.output, to_json(found));
  print(to_text(found));
  return found.choices.empty() ? kNo : kYes;
}

int schedule_dataflow(const DataflowCommand& command) {
  check_files({{"the graph", command.graph}}, {{"--json", command.output}, {"--svg", command.svg}});
  const DataflowGraph graph = read_graph(command);
  ScheduleOptions options;
  if (command.processors) set_processors(graph, *command.processors, options);
  options.iterations = command.iterations;
  options.chart = command.svg ? Chart::kSvg : Chart::kNone;
  const auto answer = schedule(graph, options);
  if (const auto* stuck = std::get_if<DataflowDeadlock>(&answer)) {
    print("deadlock: " + stuck->cycle + "\n");
    return kNo;
  }
  const DataflowSchedule& found = std::get<DataflowSchedule>(answer);
  if (command.svg) write_text(*command.svg, found.svg);
  if (command.output) write_text(*command.output, to_json(found));
  print(to_text(found));
  return kYes;
}

int convert_dataflow(const DataflowCommand& command) {
  check_files({{"the graph", command.graph}}, {{"output", command.output}});
  const DataflowGraph graph = read_graph(command);
  const std::string extension = std::filesystem::path(*command.output).extension();
  if (extension != ".xml" && extension != ".json" && extension != ".dot" && extension != ".sdf")
    throw input_error(*command.output + ": expected .xml (SDF3), .json, .sdf or .dot, found \"" + extension +
                      "\"");
  for (const std::string& note : graph.notes()) print("note: " + note + "\n");
  write_text(*command.output, graph.text(extension.substr(1)));
  return kYes;
}

}  // namespace spikeloom::cli
