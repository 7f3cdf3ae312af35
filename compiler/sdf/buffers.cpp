#include "compiler/sdf/buffers.hpp"

#include <algorithm>
#include <deque>
#include <functional>
#include <limits>
#include <numeric>
#include <queue>
#include <set>

#include "compiler/base/error.hpp"
#include "compiler/sdf/k_solver.hpp"

namespace spikeloom::sdf {
namespace {

bool bounded(const PhasedChannel& channel) { return channel.source != channel.target; }

/// All rates are multiples of it, so room is of use only in such steps.
std::int64_t step_of(const PhasedChannel& channel) {
  std::int64_t step = 0;
  for (const std::int64_t rate : channel.produce) step = std::gcd(step, rate);
  for (const std::int64_t rate : channel.consume) step = std::gcd(step, rate);
  return step;
}

/// Distributions of room in order of size, each with the period that it gives.
class Search {
 public:
  Search(const PhasedGraph& graph, const BufferOptions& options)
      : graph_(graph), options_(options), solver_(with_capacities(graph, roomy(graph)), require_repetition(graph)) {
    std::size_t next = graph.channel_count();
    for (const PhasedChannel& channel : graph.channels()) {
      step_.push_back(step_of(channel));
      back_.push_back(bounded(channel) ? next++ : kNoRoom);
      for (std::size_t c = channel_of_.size(); c < next; ++c) channel_of_.push_back(step_.size() - 1);
    }
    push(least_capacities(graph));
  }

  using Enough = std::function<bool(const Ratio&)>;

  /// The next distribution, in order of size, whose period is enough. From call to call ever shorter ones must be asked
  /// for. Nothing: there is none, whatever the room.
  std::optional<BufferPoint> next(const Enough& enough) {
    while (!open_.empty()) {
      BufferPoint point;
      point.size = open_.top().first;
      point.capacity = open_.top().second;
      open_.pop();
      if (const Limit* known = known_limit(point.capacity, enough)) {
        widen(point.capacity, *known);
        continue;
      }
      const KSolver::Outcome outcome = solve(point.capacity);
      widen(point.capacity, learn(point.capacity, outcome));
      if (!outcome.feasible || !enough(outcome.period)) continue;
      point.period = outcome.period;
      return point;
    }
    return std::nullopt;
  }

  [[nodiscard]] std::int64_t examined() const { return examined_; }

 private:
  /// Any capacities that are allowed, to set up the solver.
  static Capacities roomy(const PhasedGraph& graph) {
    Capacities capacity;
    for (const PhasedChannel& channel : graph.channels()) capacity.push_back(bounded(channel) ? channel.tokens : 0);
    return capacity;
  }

  KSolver::Outcome solve(const Capacities& capacity) {
    if (++examined_ > options_.most_examined)
      throw input_error("graph " + graph_.name() + ": more than " + std::to_string(options_.most_examined) + " distributions of room; ask for one period instead of the front, or allow more");
    for (std::size_t c = 0; c < capacity.size(); ++c)
      if (back_[c] != kNoRoom) solver_.set_tokens(ChannelId(back_[c]), capacity[c] - graph_.channel(ChannelId(c)).tokens);
    return solver_.solve_exactly();
  }

  /// A critical cycle: whatever the other channels have, with no more room on these the period is no shorter.
  struct Limit {
    std::vector<std::pair<std::size_t, std::int64_t>> room;  ///< channel, capacity
    std::optional<Ratio> period;                             ///< nothing: stuck
  };

  const Limit& learn(const Capacities& capacity, const KSolver::Outcome& outcome) {
    Limit limit;
    for (const std::uint32_t e : outcome.cycle) {
      const ChannelId id = solver_.edge(e).channel;
      if (id != kNoChannel && id.index() >= graph_.channel_count()) limit.room.emplace_back(channel_of_[id.index()], capacity[channel_of_[id.index()]]);
    }
    std::sort(limit.room.begin(), limit.room.end());
    limit.room.erase(std::unique(limit.room.begin(), limit.room.end()), limit.room.end());
    if (outcome.feasible) limit.period = outcome.period;
    limits_.push_back(std::move(limit));
    return limits_.back();
  }

  [[nodiscard]] const Limit* known_limit(const Capacities& capacity, const Enough& enough) const {
    constexpr std::ptrdiff_t kRecent = 256;  // older ones rarely apply, and a solution costs less than many comparisons
    for (auto limit = limits_.rbegin(); limit != limits_.rend() && limit - limits_.rbegin() < kRecent; ++limit)
      if ((!limit->period || !enough(*limit->period)) &&
          std::all_of(limit->room.begin(), limit->room.end(), [&](const auto& room) { return capacity[room.first] <= room.second; }))
        return &*limit;
    return nullptr;
  }

  void widen(const Capacities& capacity, const Limit& limit) {
    for (const auto& [c, room] : limit.room) {
      Capacities more = capacity;
      more[c] += (room - capacity[c]) + step_[c];
      push(std::move(more));
    }
  }

  void push(Capacities capacity) {
    if (!seen_.insert(capacity).second) return;
    const std::int64_t size = std::accumulate(capacity.begin(), capacity.end(), std::int64_t{0});
    open_.emplace(size, std::move(capacity));
  }

  static constexpr std::size_t kNoRoom = std::numeric_limits<std::size_t>::max();
  using Entry = std::pair<std::int64_t, Capacities>;
  const PhasedGraph& graph_;
  BufferOptions options_;
  KSolver solver_;
  std::vector<std::int64_t> step_;
  std::vector<std::size_t> back_;        ///< by channel: the channel of its room, or kNoRoom
  std::vector<std::size_t> channel_of_;  ///< by channel of room
  std::priority_queue<Entry, std::vector<Entry>, std::greater<>> open_;
  std::set<Capacities> seen_;
  std::deque<Limit> limits_;
  std::int64_t examined_ = 0;
};

}  // namespace

PhasedGraph with_capacities(const PhasedGraph& graph, const Capacities& capacity) {
  SPIKELOOM_CHECK(capacity.size() == graph.channel_count());
  PhasedGraph result = graph;
  for (std::size_t c = 0; c < capacity.size(); ++c) {
    const PhasedChannel& channel = graph.channel(ChannelId(c));
    if (!bounded(channel)) continue;
    if (capacity[c] < channel.tokens)
      throw input_error(title(graph, ChannelId(c)) + ": expected a capacity of at least its " + std::to_string(channel.tokens) + " initial tokens, found " + std::to_string(capacity[c]));
    result.add_channel({channel.target, channel.source, channel.consume, channel.produce, capacity[c] - channel.tokens, 0}, "room of " + graph.name(ChannelId(c)));
  }
  return result;
}

Capacities least_capacities(const PhasedGraph& graph) {
  Capacities capacity;
  for (const PhasedChannel& channel : graph.channels()) {
    if (!bounded(channel)) {
      capacity.push_back(0);
      continue;
    }
    const std::int64_t step = step_of(channel), rest = channel.tokens % step;
    std::int64_t least = 0;
    if (channel.produce.size() == 1 && channel.consume.size() == 1) {
      least = channel.produce.front() + channel.consume.front() - step + rest;
    } else {
      least = std::max(*std::max_element(channel.produce.begin(), channel.produce.end()), *std::max_element(channel.consume.begin(), channel.consume.end()));
      least += rest;
    }
    // In the steps that matter: the initial tokens' remainder.
    capacity.push_back(std::max(channel.tokens, least));
  }
  return capacity;
}

std::variant<BufferFront, KStuck> buffer_front(const PhasedGraph& graph, const BufferOptions& options) {
  auto unbounded = k_periodic(graph);
  if (auto* stuck = std::get_if<KStuck>(&unbounded)) return *std::move(stuck);
  BufferFront front;
  Search search(graph, options);
  std::optional<Ratio> bound;
  while (auto point = search.next([&](const Ratio& period) { return !bound || period < *bound; })) {
    bound = point->period;
    if (!front.points.empty() && front.points.back().size == point->size) front.points.pop_back();  // a better one of its size
    front.points.push_back(*std::move(point));
    if (front.points.back().period == std::get<KPeriodic>(unbounded).period) break;
  }
  front.examined = search.examined();
  return front;
}

std::optional<BufferPoint> least_buffers(const PhasedGraph& graph, const Ratio& period, const BufferOptions& options) {
  const auto unbounded = k_periodic(graph);
  const auto* fastest = std::get_if<KPeriodic>(&unbounded);
  if (fastest == nullptr || fastest->period > period) return std::nullopt;
  Search search(graph, options);
  return search.next([&](const Ratio& found) { return found <= period; });
}

}  // namespace spikeloom::sdf
