#include <cstdio>
#include <ctime>

#include <nlohmann/json.hpp>

#include "compiler/base/error.hpp"
#include "compiler/sdf/buffers.hpp"
#include "host/cli/commands.hpp"
#include "host/cli/dataflow_graph.hpp"
#include "host/cli/files.hpp"

namespace spikeloom::cli {
namespace {

using Json = nlohmann::ordered_json;

Json point_json(const sdf::PhasedGraph& graph, const sdf::BufferPoint& point) {
  Json json{{"size", point.size}, {"period", point.period.str()}};
  Json& capacities = json["capacities"] = Json::array();
  for (std::size_t c = 0; c < graph.channel_count(); ++c) {
    const sdf::PhasedChannel& channel = graph.channel(sdf::ChannelId(c));
    if (channel.source == channel.target) continue;
    capacities.push_back({{"channel", graph.name(sdf::ChannelId(c))},
                          {"from", graph.name(channel.source)},
                          {"to", graph.name(channel.target)},
                          {"capacity", point.capacity[c]}});
  }
  return json;
}

void print_point(const sdf::PhasedGraph& graph, const sdf::BufferPoint& point) {
  std::printf("%lld tokens of room: period %s\n", static_cast<long long>(point.size),
              point.period.str().c_str());
  for (std::size_t c = 0; c < graph.channel_count(); ++c)
    if (graph.channel(sdf::ChannelId(c)).source != graph.channel(sdf::ChannelId(c)).target)
      std::printf("  %s: %lld\n", graph.name(sdf::ChannelId(c)).c_str(),
                  static_cast<long long>(point.capacity[c]));
}

}  // namespace

int buffers_dataflow(const DataflowCommand& command) {
  check_files({{"the graph", command.graph}}, {{"--json", command.output}});
  const sdf::PhasedGraph graph = read_dataflow_graph(command.graph);
  const std::clock_t begin = std::clock();
  sdf::BufferFront front;
  std::string stuck;
  if (command.period) {
    if (auto point = sdf::least_buffers(graph, Ratio::parse(*command.period)))
      front.points.push_back(*std::move(point));
  } else {
    auto result = sdf::buffer_front(graph);
    if (auto* found = std::get_if<sdf::BufferFront>(&result))
      front = std::move(*found);
    else
      stuck = sdf::describe(graph, std::get<sdf::KStuck>(result).cycle);
  }
  const double seconds = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
  if (command.output) {
    Json json{{"schema", 1}, {"graph", graph.name()}};
    if (command.period) json["wanted_period"] = *command.period;
    json["reached"] = !front.points.empty();
    Json& points = json["points"] = Json::array();
    for (const sdf::BufferPoint& point : front.points) points.push_back(point_json(graph, point));
    json["seconds"] = seconds;
    write_text(*command.output, json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
  }
  if (front.points.empty()) {
    if (stuck.empty())
      std::printf(
          "period %s: not reached, however much room there is; `spikeloom dataflow analyze` names the "
          "cycle\n",
          command.period->c_str());
    else
      std::printf("deadlock, however much room there is: %s\n", stuck.c_str());
    return kNo;
  }
  for (const sdf::BufferPoint& point : front.points) {
    if (front.points.size() > 1 && &point != &front.points.front() && &point != &front.points.back())
      std::printf("%lld tokens of room: period %s\n", static_cast<long long>(point.size),
                  point.period.str().c_str());
    else
      print_point(graph, point);
  }
  return kYes;
}

}  // namespace spikeloom::cli
