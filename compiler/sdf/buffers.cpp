#include "compiler/sdf/buffers.hpp"

#include <algorithm>
#include <functional>
#include <limits>
#include <map>
#include <numeric>
#include <queue>
#include <utility>

#include "compiler/base/error.hpp"
#include "compiler/sdf/component_solver.hpp"
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
      const auto [known, fresh] =
          tie == kOwnRoom ? std::pair(by_tie.end(), true) : by_tie.emplace(tie, least_.size());
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
  [[nodiscard]] std::size_t count() const { return least_.size(); }
  [[nodiscard]] std::vector<std::vector<std::size_t>> in_budgets() const {
    std::vector<std::vector<std::size_t>> lists;
    for (const auto& budget : budgets_) lists.push_back(budget.first);
    return lists;
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

/// A period that is asked for.
struct Wanted {
  std::optional<Ratio> period;  ///< nothing: any
  bool below = false;           ///< a shorter one
  [[nodiscard]] bool enough(const Ratio& found) const {
    return !period || (below ? found < *period : found <= *period);
  }
};

/// A critical cycle: whatever the other variables are, no schedule is faster than it. Its height grows with
/// the room on it.
class Limit {
 public:
  std::int64_t weight = 0, fixed = 0;  ///< of the whole cycle; the height without the parts

  void add(std::size_t variable, const KSolver::Rise& rise) {
    for (Part& part : parts_)
      if (part.variable == variable && part.from == rise.from && part.unit == rise.unit) {
        part.height += rise.height;
        return;
      }
    parts_.push_back({variable, rise.from, rise.unit, rise.height});
  }

  [[nodiscard]] std::vector<std::size_t> variables() const {
    std::vector<std::size_t> list;
    for (const Part& part : parts_) list.push_back(part.variable);
    std::sort(list.begin(), list.end());
    list.erase(std::unique(list.begin(), list.end()), list.end());
    return list;
  }

  /// What is asked for from now on. weight / height is the period of a part of an iteration.
  void ask(const Wanted& wanted, std::int64_t parts_an_iteration) {
    constexpr std::int64_t kNone = std::numeric_limits<std::int64_t>::max();
    need_ = 1;
    if (!wanted.period) return;
    const std::int64_t common = std::gcd(parts_an_iteration, wanted.period->num()),
                       num = wanted.period->num() / common;
    if (num == 0) {
      need_ = weight > 0 || wanted.below ? kNone : 1;
      return;
    }
    Wide all = Wide{weight} * (parts_an_iteration / common);
    if (__builtin_mul_overflow(all, Wide{wanted.period->den()}, &all))
      throw input_error("times and tokens are too large to compare periods in 128 bits");
    all = wanted.below ? all / num + 1 : (all + num - 1) / num;
    need_ = all > kNone ? kNone : std::max<std::int64_t>(1, static_cast<std::int64_t>(all));
  }

  [[nodiscard]] bool met(const Capacities& room) const {
    Wide height = fixed;
    for (const Part& part : parts_) height += Wide{part.height} * part.units(room[part.variable]);
    return height >= need_;
  }

  /// The least room of a variable at which the height is more than with this room.
  [[nodiscard]] std::int64_t next(std::size_t variable, std::int64_t room) const {
    std::int64_t more = std::numeric_limits<std::int64_t>::max();
    for (const Part& part : parts_)
      if (part.variable == variable) more = std::min(more, part.from + part.units(room) * part.unit + 1);
    return more;
  }

 private:
  struct Part {
    std::size_t variable = 0;
    std::int64_t from = 0, unit = 1, height = 0;  ///< height a unit
    [[nodiscard]] std::int64_t units(std::int64_t room) const {
      const std::int64_t beyond = room - from;
      if (beyond > 0 && beyond <= unit) return 1;  // as nearly always, without a division
      return beyond / unit + (beyond % unit > 0 ? 1 : 0);
    }
  };
  std::vector<Part> parts_;
  std::int64_t need_ = 1;  ///< the least height that is enough
};

/// Variables that limits join, and their distributions that meet these limits, in order of size.
class Group {
 public:
  Group(std::vector<std::size_t> variables, const Variables& all)
      : variables_(std::move(variables)), all_(&all) {
    restart();
  }

  [[nodiscard]] const std::vector<std::size_t>& variables() const { return variables_; }

  /// Joins the other's variables and limits.
  void join(Group&& other) {
    variables_.insert(variables_.end(), other.variables_.begin(), other.variables_.end());
    std::sort(variables_.begin(), variables_.end());
    limits_.insert(limits_.end(), std::make_move_iterator(other.limits_.begin()),
                   std::make_move_iterator(other.limits_.end()));
    restart();
  }
  void add(Limit limit) { limits_.push_back(std::move(limit)); }
  void ask(const Wanted& wanted, std::int64_t parts_an_iteration) {
    met_ = 0;
    for (Limit& limit : limits_) limit.ask(wanted, parts_an_iteration);
  }

  /// The last limit.
  [[nodiscard]] bool met(const Capacities& room) const { return limits_.empty() || limits_.back().met(room); }

  /// Puts the smallest distribution that meets all limits into `room`; false: none does, whatever the room.
  [[nodiscard]] bool take_least(Capacities& room) {
    while (!open_.empty()) {
      for (std::size_t i = 0; i < variables_.size(); ++i) room[variables_[i]] = open_.top().second[i];
      const auto others = limits_.rend() - met_;
      const auto broken =
          std::find_if(limits_.rbegin(), others, [&](const Limit& limit) { return !limit.met(room); });
      met_ = broken == others ? static_cast<std::ptrdiff_t>(limits_.size()) : 0;
      if (broken == others) return true;
      const Entry entry = open_.top();
      while (!open_.empty() && open_.top() == entry)
        open_.pop();  // it is there once for each way that leads to it
      widen(entry.second, room, *broken);
      std::swap(*broken, limits_.back());  // likely to be broken again
    }
    return false;
  }

 private:
  void restart() {
    open_ = {};
    met_ = 0;
    Capacities own, room = all_->least();
    for (const std::size_t v : variables_) own.push_back(room[v]);
    push(std::move(own), room);
  }

  /// Whatever meets the limit has more on one of its variables, up to where its height grows.
  void widen(const Capacities& own, Capacities& room, const Limit& limit) {
    for (std::size_t i = 0; i < own.size(); ++i) {
      const std::size_t v = variables_[i];
      const std::int64_t more = limit.next(v, own[i]), step = all_->step(v);
      if (more == std::numeric_limits<std::int64_t>::max()) continue;
      Capacities wider = own;
      wider[i] += (more - own[i] + step - 1) / step * step;
      room[v] = wider[i];
      push(std::move(wider), room);
      room[v] = own[i];
    }
  }

  void push(Capacities own, const Capacities& room) {
    if (!all_->within_budgets(room)) return;
    const std::int64_t size = std::accumulate(own.begin(), own.end(), std::int64_t{0});
    open_.emplace(size, std::move(own));
  }

  using Entry = std::pair<std::int64_t, Capacities>;
  std::vector<std::size_t> variables_;
  const Variables* all_;
  std::vector<Limit> limits_;
  std::ptrdiff_t met_ = 0;  ///< so many of the first are met by the smallest distribution
  std::priority_queue<Entry, std::vector<Entry>, std::greater<>> open_;
};

/// Distributions of room in order of size, each with the period that it gives.
class Search {
 public:
  Search(const PhasedGraph& graph, const BufferOptions& options)
      : graph_(graph),
        options_(options),
        variables_(graph, options),
        solver_(with_capacities(graph, roomy(graph)), require_repetition(graph)) {
    plenty_ = variables_.least();
    for (std::size_t c = 0; c < graph.channel_count(); ++c) {
      const std::size_t v = variables_.of(c);
      if (v == Variables::kNone) continue;
      back_.push_back(c);
      const PhasedChannel& channel = graph.channel(ChannelId(c));
      const std::int64_t moved =
          std::accumulate(channel.produce.begin(), channel.produce.end(), std::int64_t{0}) *
          solver_.repetition().cycles[channel.source.index()];
      plenty_[v] = std::max(plenty_[v], channel.tokens + 2 * moved);
    }
    tries_.assign(variables_.count(), 0);
    wins_ = tries_;
    for (std::size_t v = 0; v < variables_.count(); ++v)
      groups_.emplace_back(std::vector<std::size_t>{v}, variables_);
    for (const auto& list : variables_.in_budgets()) join(list);
  }

  /// The next distribution, in order of size, whose period is enough. From call to call ever shorter ones
  /// must be asked for. Nothing: there is none, whatever the room.
  std::optional<BufferPoint> next(const Wanted& wanted) {
    wanted_ = wanted;
    for (Group& group : groups_) group.ask(wanted, parts());
    for (Limit& limit : no_room_) limit.ask(wanted, parts());
    Capacities room = variables_.least();
    const auto take_least = [&] {
      return std::all_of(no_room_.begin(), no_room_.end(),
                         [&](const Limit& limit) { return limit.met(room); }) &&
             std::all_of(groups_.begin(), groups_.end(),
                         [&](Group& group) { return group.take_least(room); });
    };
    while (take_least()) {
      const KSolver::Outcome outcome = solve(room);
      if (enough(outcome)) {
        add(limit_of(outcome));
        return BufferPoint{std::accumulate(room.begin(), room.end(), std::int64_t{0}), outcome.period,
                           variables_.capacities(room)};
      }
      add_widest(room, outcome);
      SPIKELOOM_CHECK(!meets_limits(room));  // else the same one would come again
    }
    return std::nullopt;
  }

  [[nodiscard]] std::int64_t examined() const { return examined_; }

 private:
  /// Of an iteration: with room all actors are in one strong component.
  [[nodiscard]] std::int64_t parts() const { return solver_.parts(ActorId(0)); }

  /// Any capacities that are allowed, to set up the solver.
  static Capacities roomy(const PhasedGraph& graph) {
    Capacities capacity;
    for (const PhasedChannel& channel : graph.channels())
      capacity.push_back(bounded(channel) ? channel.tokens : 0);
    return capacity;
  }

  /// Those without room, and the last of each group.
  [[nodiscard]] bool meets_limits(const Capacities& room) const {
    const auto meets = [&](const auto& part) { return part.met(room); };
    return std::all_of(no_room_.begin(), no_room_.end(), meets) &&
           std::all_of(groups_.begin(), groups_.end(), meets);
  }

  [[nodiscard]] bool enough(const KSolver::Outcome& outcome) const {
    return outcome.feasible && wanted_.enough(outcome.period);
  }

  KSolver::Outcome solve(const Capacities& room) {
    if (++examined_ > options_.most_examined)
      throw input_error("graph " + graph_.name() + ": more than " + std::to_string(options_.most_examined) +
                        " distributions of room; ask for one period instead of the front, or allow more");
    for (std::size_t i = 0; i < back_.size(); ++i)
      solver_.set_tokens(ChannelId(graph_.channel_count() + i),
                         room[variables_.of(back_[i])] - graph_.channel(ChannelId(back_[i])).tokens);
    return solver_.solve_exactly();
  }

  [[nodiscard]] Limit limit_of(const KSolver::Outcome& outcome) const {
    Limit limit;
    for (const std::uint32_t e : outcome.cycle) {
      const KSolver::Edge& edge = solver_.edge(e);
      limit.weight += edge.weight;
      if (edge.channel == kNoChannel || edge.channel.index() < graph_.channel_count()) {
        limit.fixed += solver_.height(e);
        continue;
      }
      const std::size_t c = back_[edge.channel.index() - graph_.channel_count()];
      KSolver::Rise rise = solver_.rise_of(e);
      rise.from += graph_.channel(ChannelId(c)).tokens;
      limit.add(variables_.of(c), rise);
    }
    return limit;
  }

  /// A limit that holds with more room says more. The others' room is plenty from here on, which does not
  /// help: the cycle is still there. Of its own variables each gets as much as does not help either. Any
  /// cycle found on the way is a limit too, so what is tried here decides about the time that the search
  /// takes, not about its answer.
  void add_widest(Capacities room, const KSolver::Outcome& outcome) {
    Limit limit = limit_of(outcome);
    const std::vector<std::size_t> own = limit.variables();
    const bool far = !outcome.feasible || (wanted_.period && outcome.period.floor() - wanted_.period->ceil() >
                                                                 wanted_.period->ceil() / kFar);
    if (own.size() < 2 || (outcome.feasible && wanted_.period == outcome.period))
      return add(std::move(limit));
    for (std::size_t v = 0; v < room.size(); ++v)
      if (!std::binary_search(own.begin(), own.end(), v)) room[v] = std::max(room[v], plenty_[v]);
    const auto helps = [&](std::size_t v, std::int64_t more) {
      const std::int64_t was = std::exchange(room[v], more);
      const KSolver::Outcome tried = solve(room);
      if (enough(tried))
        room[v] = was;
      else
        limit = limit_of(tried);
      return enough(tried);
    };
    for (const std::size_t v : own) {
      const std::vector<std::size_t> left = limit.variables();
      if (left.size() < 2 || !std::binary_search(left.begin(), left.end(), v) || room[v] >= plenty_[v])
        continue;
      if (!far && tries_[v] >= kTries && kTries * wins_[v] < tries_[v]) continue;
      ++tries_[v];
      if (!helps(v, plenty_[v])) {
        ++wins_[v];
        continue;
      }
      const std::int64_t step = variables_.step(v);
      std::int64_t by = 1;  // steps; those that do not help are taken
      while (room[v] + by * step < plenty_[v] && !helps(v, room[v] + by * step)) by *= 2;
      for (by /= 2; by > 0; by /= 2) (void)helps(v, room[v] + by * step);
    }
    add(std::move(limit));
  }

  void add(Limit limit) {
    const std::vector<std::size_t> variables = limit.variables();
    limit.ask(wanted_, parts());
    if (variables.empty()) {
      no_room_.push_back(std::move(limit));
      return;
    }
    join(variables);
    group_of(variables.front()).add(std::move(limit));
  }

  Group& group_of(std::size_t variable) {
    return *std::find_if(groups_.begin(), groups_.end(), [&](const Group& group) {
      return std::binary_search(group.variables().begin(), group.variables().end(), variable);
    });
  }

  void join(const std::vector<std::size_t>& variables) {
    for (std::size_t i = 1; i < variables.size(); ++i) {
      Group &one = group_of(variables.front()), &other = group_of(variables[i]);
      if (&one == &other) continue;
      one.join(std::move(other));
      groups_.erase(groups_.begin() + (&other - groups_.data()));
    }
  }

  static constexpr std::int64_t kTries = 4;  ///< one in so many must be of use
  static constexpr std::int64_t kFar =
      32;  ///< by one in so many cycles too slow: many steps of room are missing
  const PhasedGraph& graph_;
  BufferOptions options_;
  Variables variables_;
  KSolver solver_;
  std::vector<std::size_t>
      back_;  ///< channels with room; that of the i-th is the solver's channel after the graph's own and i
  Capacities plenty_;                       ///< by variable: room for a whole iteration
  std::vector<std::int64_t> tries_, wins_;  ///< by variable: plenty of room given to it, and to no effect
  std::vector<Group> groups_;
  std::vector<Limit> no_room_;  ///< of cycles without any
  Wanted wanted_;
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
      throw input_error(title(graph, ChannelId(c)) + ": expected a capacity of at least its " +
                        std::to_string(channel.tokens) + " initial tokens, found " +
                        std::to_string(capacity[c]));
    result.add_channel(
        {channel.target, channel.source, channel.consume, channel.produce, capacity[c] - channel.tokens, 0},
        "room of " + graph.name(ChannelId(c)));
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
      least = std::max(*std::max_element(channel.produce.begin(), channel.produce.end()),
                       *std::max_element(channel.consume.begin(), channel.consume.end()));
      least += rest;
    }
    // In the steps that matter: the initial tokens' remainder.
    capacity.push_back(std::max(channel.tokens, least));
  }
  return capacity;
}

std::variant<BufferFront, KStuck> buffer_front(const PhasedGraph& graph, const BufferOptions& options) {
  auto unbounded = k_periodic(graph, Starts::kUnwanted);
  if (auto* stuck = std::get_if<KStuck>(&unbounded)) return *std::move(stuck);
  BufferFront front;
  Search search(graph, options);
  std::optional<Ratio> bound;
  const Ratio fastest = std::get<KPeriodic>(unbounded).period;
  while (auto point = search.next({bound, true})) {
    if (fastest == Ratio(0) && point->period > Ratio(0))
      throw input_error(
          "graph " + graph.name() +
          ": nothing but room bounds its period, so ever more room makes it ever shorter and the "
          "front has no end; ask for one period (the least room gives " +
          point->period.str() + "), or give actors a channel to themselves");
    bound = point->period;
    if (!front.points.empty() && front.points.back().size == point->size)
      front.points.pop_back();  // a better one of its size
    front.points.push_back(*std::move(point));
    if (front.points.back().period == fastest) break;
  }
  front.examined = search.examined();
  return front;
}

std::optional<BufferPoint> least_buffers(const PhasedGraph& graph, const Ratio& period,
                                         const BufferOptions& options) {
  const auto unbounded = k_periodic(graph, Starts::kUnwanted);
  const auto* fastest = std::get_if<KPeriodic>(&unbounded);
  if (fastest == nullptr || fastest->period > period) return std::nullopt;
  Search search(graph, options);
  return search.next({period, false});
}

}  // namespace spikeloom::sdf
