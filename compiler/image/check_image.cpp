#include <algorithm>

#include "compiler/base/error.hpp"
#include "compiler/core/core.hpp"
#include "compiler/image/image.hpp"
#include "compiler/map/map.hpp"
#include "compiler/partition/partition.hpp"

namespace spikeloom {
namespace {

constexpr std::int64_t kLongest = std::int64_t{1} << 50;  ///< fractions of cycles: sums of them are numbers

bool is_time(std::int64_t value) { return value >= 0 && value < kLongest; }

/// The graph's references and numbers; what it says of the hardware is for compiler/schedule to judge.
bool graph_is_sound(const OperatingPoint& point) {
  const PointGraph& graph = point.graph;
  const auto actor = [&](std::uint32_t a) { return a < graph.actors.size(); };
  const auto arc = [&](std::uint32_t a) { return a < graph.arcs.size(); };
  bool sound =
      actor(graph.source) && actor(graph.sink) && graph.senders.size() == point.binding.channels.size() &&
      point.send_budget.size() == graph.senders.size() && point.wait_budget.size() == graph.ends.size() &&
      point.potentials.size() == graph.actors.size() && point.latest_starts.size() == graph.actors.size() &&
      is_time(point.offset) && is_time(point.latency);
  std::size_t ends = 0;
  for (const Channel& channel : point.binding.channels)
    for (const Destination& end : channel.to) {
      if (ends >= graph.ends.size()) return false;
      const PointGraph::End& e = graph.ends[ends++];
      sound = sound && arc(e.arrival) &&
              (end.to ? actor(e.credit) && arc(e.pages)
                      : e.credit == PointGraph::kNowhere && e.pages == PointGraph::kNowhere);
    }
  sound = sound && ends == graph.ends.size();
  for (const PointGraph::Actor& a : graph.actors)
    sound = sound && is_time(a.execution) && is_time(a.lower) &&
            (a.tile == PointGraph::kNowhere || a.tile < point.tiles());
  for (const PointGraph::Arc& a : graph.arcs)
    sound = sound && actor(a.source) && actor(a.target) && is_time(a.tokens) && is_time(a.latency);
  for (const std::uint32_t sender : graph.senders) sound = sound && actor(sender);
  for (const std::int64_t budget : point.send_budget) sound = sound && is_time(budget);
  for (const std::int64_t budget : point.wait_budget) sound = sound && is_time(budget);
  return sound;
}

void check_points(const Image& image, std::vector<std::string>& list) {
  for (std::size_t p = 0; p < image.points.size(); ++p) {
    const OperatingPoint& point = image.points[p];
    const std::string name = "operating point " + std::to_string(p) + ": ";
    for (const std::string& fault : check_without_ways(image.application, point.binding, image.chip))
      list.push_back(name + fault);
    const bool idle = std::any_of(point.binding.orders.begin(), point.binding.orders.end(),
                                  [](const auto& order) { return order.empty(); });
    if (idle || point.binding.application != 0 || point.binding.first_sink != 0)
      list.push_back(name + "idle tiles, or numbers that do not begin at 0");
    if (list.empty() && !graph_is_sound(point))
      list.push_back(name + "its timing graph does not belong to its binding");
  }
}

}  // namespace

std::size_t OperatingPoint::slots() const {
  std::size_t count = 0;
  for (const Channel& channel : binding.channels) {
    count += channel.slots.size();
    for (const Destination& end : channel.to) count += end.credit_slots.size();
  }
  return count;
}

std::vector<std::string> check(const ImageView& image) {
  const Application& app = image.application;
  std::vector<std::string> list = faults(app);
  if (!list.empty()) return list;
  for (const Cluster& cluster : app.clusters) {
    const std::vector<std::string> mismatches = kind_mismatches(cluster, image.chip);
    for (const std::string& mismatch : mismatches) list.push_back("cluster " + cluster.name + " " + mismatch);
    if (!mismatches.empty()) continue;
    for (const std::string& fault : stream_faults(cluster, image.chip))
      list.push_back("cluster " + cluster.name + " " + fault);
    for (const Need& e : excesses(cluster, image.chip))
      list.push_back("cluster " + cluster.name + " exceeds " + e.key);
  }
  if (app.host_chunks() > (1U << image.chip.chunk_index_bits))
    list.push_back("more host chunks than the chip numbers");
  if (!image.contracts.empty() && image.contracts.size() != image.chip.tiles())
    list.push_back("contracts: one a tile expected");
  if (!list.empty()) return list;
  return check(app, image.binding, image.chip);
}

std::string title(const Promise& promise) {
  std::string text(name_of(promise.kind));
  if (promise.kind == PromiseKind::kSampled)
    text += " (samples of " + std::to_string(promise.sample_steps) +
            (promise.exact_steps ? " steps)" : " steps or more)");
  return text;
}

std::vector<std::string> promise_faults(const std::vector<Promise>& promises) {
  if (promises.empty()) return {"the image holds no promise; expected a guaranteed one"};
  std::vector<std::string> faults;
  if (promises.front().kind != PromiseKind::kGuaranteed)
    faults.push_back("the first promise is " + std::string(name_of(promises.front().kind)) +
                     "; expected the guaranteed one");
  for (std::size_t p = 1; p < promises.size(); ++p)
    if (promises[p].kind <= promises[p - 1].kind) {
      faults.push_back(std::to_string(promises.size()) +
                       " promises; expected a guaranteed one, then at most one sampled one, then at most one "
                       "contracted one");
      break;
    }
  return faults;
}

void require_guarantee(const Image& image, const std::string& name) {
  const std::vector<std::string> faults = promise_faults(image.promises);
  if (!faults.empty()) throw input_error(name + ": " + faults.front() + "; compile it again");
}

std::vector<std::string> check(const Image& image) {
  std::vector<std::string> list = check(ImageView(image));
  if (list.empty()) check_points(image, list);
  return list;
}

}  // namespace spikeloom
