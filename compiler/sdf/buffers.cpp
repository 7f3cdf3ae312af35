#include "compiler/sdf/buffers.hpp"

#include <algorithm>
#include <deque>
#include <functional>
#include <limits>
#include <map>
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

/// What may be chosen: a capacity for every channel with room, one for all that are tied.
class Variables {
 public:
  Variables(const PhasedGraph& graph, const BufferOptions& options) : of_(graph.channel_count(), kNone) {
    SPIKELOOM_CHECK(options.tied.empty() || options.tied.size() == graph.channel_count());
    const Capacities least = least_capacities(graph);
    std::map<std::size_t, std::size_t> by_tie;
    std::vector<std::int64_t> rest;  // of a capacity of use, by the variable's step
    for (std::size_t c = 0; c < of_.size(); ++c) {
      const PhasedChannel& channel = graph.channel(ChannelId(c));
      if (!bounded(channel)) continue;
      const std::size_t tie = options.tied.empty() ? kOwnRoom : options.tied[c];
      const auto [known, fresh] = tie == kOwnRoom ? std::pair(by_tie.end(), true) : by_tie.emplace(tie, least_.size());
      of_[c] = fresh ? least_.size() : known->second;
      const std::int64_t step = step_of(channel);
      if (fresh) {
        least_.push_back(least[c]);
        step_.push_back(step);
        rest.push_back(channel.tokens % step);
        continue;
      }
      const std::size_t v = of_[c];
      step_[v] = std::gcd(std::gcd(step_[v], step), rest[v] - channel.tokens % step);
      least_[v] = std::max(least_[v], least[c]);
    }
    for (const RoomBudget& budget : options.budgets) {
      budgets_.push_back({{}, budget.most});
      for (const ChannelId id : budget.channels)
        if (of_.at(id.index()) != kNone) budgets_.back().first.push_back(of_[id.index()]);
      auto& list = budgets_.back().first;
      std::sort(list.begin(), list.end());
      list.erase(std::unique(list.begin(), list.end()), list.end());
    }
  }

  static constexpr std::size_t kNone = std::numeric_limits<std::size_t>::max();
  [[nodiscard]] std::size_t of(std::size_t channel) const { return of_[channel]; }
  [[nodiscard]] std::int64_t step(std::size_t variable) const { return step_[variable]; }
  [[nodiscard]] const Capacities& least() const { return least_; }
  [[nodiscard]] bool within_budgets(const Capacities& room) const {
    return std::all_of(budgets_.begin(), budgets_.end(), [&](const auto& budget) {
      std::int64_t sum = 0;
      for (const std::size_t v : budget.first) sum += room[v];
      return sum <= budget.second;
    });
  }
  /// By channel.
  [[nodiscard]] Capacities capacities(const Capacities& room) const {
    Capacities result;
    for (const std::size_t v : of_) result.push_back(v == kNone ? 0 : room[v]);
    return result;
  }

 private:
  std::vector<std::size_t> of_;  ///< by channel
  Capacities least_;
  std::vector<std::int64_t> step_;
  std::vector<std::pair<std::vector<std::size_t>, std::int64_t>> budgets_;
};

/// Distributions of room in order of size, each with the period that it gives.
class Search {
 public:
  Search(const PhasedGraph& graph, const BufferOptions& options)
      : graph_(graph), options_(options), variables_(graph, options), solver_(with_capacities(graph, roomy(graph)), require_repetition(graph)) {
    for (std::size_t c = 0; c < graph.channel_count(); ++c)
      if (variables_.of(c) != Variables::kNone) back_.push_back(c);
    push(variables_.least());
  }

  using Enough = std::function<bool(const Ratio&)>;

  /// The next distribution, in order of size, whose period is enough. From call to call ever shorter ones must be asked
  /// for. Nothing: there is none, whatever the room.
  std::optional<BufferPoint> next(const Enough& enough) {
    while (!open_.empty()) {
      const auto [size, room] = open_.top();
      open_.pop();
      if (const Limit* known = known_limit(room, enough)) {
        widen(room, *known);
        continue;
      }
      const KSolver::Outcome outcome = solve(room);
      widen(room, learn(room, outcome));
      if (!outcome.feasible || !enough(outcome.period)) continue;
      return BufferPoint{size, outcome.period, variables_.capacities(room)};
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

  KSolver::Outcome solve(const Capacities& room) {
    if (++examined_ > options_.most_examined)
      throw input_error("graph " + graph_.name() + ": more than " + std::to_string(options_.most_examined) + " distributions of room; ask for one period instead of the front, or allow more");
    for (std::size_t i = 0; i < back_.size(); ++i)
      solver_.set_tokens(ChannelId(graph_.channel_count() + i), room[variables_.of(back_[i])] - graph_.channel(ChannelId(back_[i])).tokens);
    return solver_.solve_exactly();
  }

  /// A critical cycle: whatever the other channels have, with no more room on these the period is no shorter.
  struct Limit {
    std::vector<std::pair<std::size_t, std::int64_t>> room;  ///< variable, capacity
    std::optional<Ratio> period;                             ///< nothing: stuck
  };

  const Limit& learn(const Capacities& room, const KSolver::Outcome& outcome) {
    Limit limit;
    for (const std::uint32_t e : outcome.cycle) {
      const ChannelId id = solver_.edge(e).channel;
      if (id == kNoChannel || id.index() < graph_.channel_count()) continue;
      const std::size_t v = variables_.of(back_[id.index() - graph_.channel_count()]);
      limit.room.emplace_back(v, room[v]);
    }
    std::sort(limit.room.begin(), limit.room.end());
    limit.room.erase(std::unique(limit.room.begin(), limit.room.end()), limit.room.end());
    if (outcome.feasible) limit.period = outcome.period;
    limits_.push_back(std::move(limit));
    return limits_.back();
  }

  [[nodiscard]] const Limit* known_limit(const Capacities& room, const Enough& enough) const {
    constexpr std::ptrdiff_t kRecent = 256;  // older ones rarely apply, and a solution costs less than many comparisons
    for (auto limit = limits_.rbegin(); limit != limits_.rend() && limit - limits_.rbegin() < kRecent; ++limit)
      if ((!limit->period || !enough(*limit->period)) &&
          std::all_of(limit->room.begin(), limit->room.end(), [&](const auto& part) { return room[part.first] <= part.second; }))
        return &*limit;
    return nullptr;
  }

  void widen(const Capacities& room, const Limit& limit) {
    for (const auto& [v, most] : limit.room) {
      Capacities more = room;
      const std::int64_t step = variables_.step(v);
      more[v] += (most - room[v]) / step * step + step;
      push(std::move(more));
    }
  }

  void push(Capacities room) {
    if (!variables_.within_budgets(room) || !seen_.insert(room).second) return;
    const std::int64_t size = std::accumulate(room.begin(), room.end(), std::int64_t{0});
    open_.emplace(size, std::move(room));
  }

  using Entry = std::pair<std::int64_t, Capacities>;
  const PhasedGraph& graph_;
  BufferOptions options_;
  Variables variables_;
  KSolver solver_;
  std::vector<std::size_t> back_;  ///< channels with room; that of the i-th is the solver's channel after the graph's own and i
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
