#include "compiler/sdf/max_plus.hpp"

#include <algorithm>
#include <deque>

#include "compiler/base/error.hpp"
#include "compiler/sdf/component_solver.hpp"
#include "compiler/sdf/cycle_ratio.hpp"
#include "compiler/sdf/repetition.hpp"
#include "compiler/sdf/structure.hpp"

namespace spikeloom::sdf {
namespace {

std::int64_t plus(std::int64_t a, std::int64_t b) {
  if (a == kNever || b == kNever) return kNever;
  std::int64_t sum = 0;
  if (__builtin_add_overflow(a, b, &sum) || sum == kNever)
    throw input_error("(max, +) matrix: a time leaves 64 bits");
  return sum;
}

/// Tokens of one origin in one channel, by the symbolic time at which they are there.
struct Batch {
  std::size_t time = 0;  ///< index of the row
  std::int64_t amount = 0;
};

/// One iteration, firing by firing in any order, every token with its row of the matrix.
class SymbolicIteration {
 public:
  SymbolicIteration(const PhasedGraph& graph, const IterationMatrixOptions& options)
      : graph_(graph),
        repetition_(require_repetition(graph)),
        options_(options),
        queue_(graph.channel_count()),
        phase_time_(graph.actor_count()),
        in_(graph.actor_count()),
        out_(graph.actor_count()) {
    Wide firings = 0;
    for (const std::int64_t count : repetition_.firings) firings += count;
    if (firings > options.most_firings)
      throw input_error("graph " + graph.name() + ": an iteration has more than " +
                        std::to_string(options.most_firings) + " firings, too many to execute one by one");
    for (std::size_t c = 0; c < graph.channel_count(); ++c) {
      in_[graph.channel(ChannelId(c)).target.index()].push_back(c);
      out_[graph.channel(ChannelId(c)).source.index()].push_back(c);
    }
    name_tokens();
  }

  std::optional<IterationMatrix> run() {
    std::vector<std::int64_t> fired(graph_.actor_count(), 0);
    std::vector<std::uint32_t> work;
    std::vector<bool> waiting(graph_.actor_count(), true);
    for (std::uint32_t a = 0; a < graph_.actor_count(); ++a) work.push_back(a);
    while (!work.empty()) {
      const std::uint32_t a = work.back();
      work.pop_back();
      waiting[a] = false;
      bool any = false;
      while (fired[a] < repetition_.firings[a] && ready(a, fired[a])) {
        fire(a, fired[a]++);
        any = true;
      }
      if (!any) continue;
      for (const std::size_t c : out_[a]) {
        const std::uint32_t target = graph_.channel(ChannelId(c)).target.value;
        if (!waiting[target]) work.push_back(target);
        waiting[target] = true;
      }
    }
    if (fired != repetition_.firings) return std::nullopt;
    return collect();
  }

 private:
  void name_tokens() {
    const auto add = [&](WaitingToken token) {
      if (static_cast<std::int64_t>(tokens_.size()) >= options_.most_tokens)
        throw input_error("graph " + graph_.name() + ": more than " + std::to_string(options_.most_tokens) +
                          " tokens wait between iterations, too many for a matrix");
      tokens_.push_back(token);
    };
    for (std::size_t c = 0; c < graph_.channel_count(); ++c)
      for (std::int64_t i = 0; i < graph_.channel(ChannelId(c)).tokens; ++i)
        add({ChannelId(c), graph_.channel(ChannelId(c)).target, i});
    for (std::size_t a = 0; a < graph_.actor_count(); ++a)
      if (graph_.phases(ActorId(a)) > 1) add({kNoChannel, ActorId(a), 0});
    for (std::size_t token = 0; token < tokens_.size(); ++token) {
      rows_.emplace_back(tokens_.size(), kNever);
      rows_.back()[token] = 0;
      if (tokens_[token].channel == kNoChannel)
        phase_time_[tokens_[token].actor.index()] = token;
      else
        queue_[tokens_[token].channel.index()].push_back({token, 1});
    }
    held_.reserve(graph_.channel_count());
    for (const PhasedChannel& channel : graph_.channels()) held_.push_back(channel.tokens);
  }

  static std::int64_t rate(const std::vector<std::int64_t>& rates, std::int64_t firing) {
    return rates[static_cast<std::size_t>(firing) % rates.size()];
  }

  [[nodiscard]] bool ready(std::uint32_t a, std::int64_t firing) const {
    return std::all_of(in_[a].begin(), in_[a].end(), [&](std::size_t c) {
      return held_[c] >= rate(graph_.channel(ChannelId(c)).consume, firing);
    });
  }

  void fire(std::uint32_t a, std::int64_t firing) {
    std::vector<std::int64_t> start(tokens_.size(), kNever);
    const auto wait_for = [&](std::size_t time) {
      for (std::size_t i = 0; i < start.size(); ++i) start[i] = std::max(start[i], rows_[time][i]);
    };
    const bool phases = graph_.phases(ActorId(a)) > 1;
    if (phases) wait_for(phase_time_[a]);
    for (const std::size_t c : in_[a]) {
      std::int64_t left = rate(graph_.channel(ChannelId(c)).consume, firing);
      held_[c] -= left;
      while (left > 0) {
        Batch& batch = queue_[c].front();
        wait_for(batch.time);
        const std::int64_t taken = std::min(left, batch.amount);
        left -= taken;
        batch.amount -= taken;
        if (batch.amount == 0) queue_[c].pop_front();
      }
    }
    const std::int64_t execution =
        graph_.execution(ActorId(a))[static_cast<std::size_t>(firing) % graph_.phases(ActorId(a))];
    const std::size_t end = shifted(start, execution);
    if (phases) phase_time_[a] = end;
    for (const std::size_t c : out_[a]) {
      const PhasedChannel& channel = graph_.channel(ChannelId(c));
      const std::int64_t amount = rate(channel.produce, firing);
      if (amount == 0) continue;
      held_[c] += amount;
      queue_[c].push_back({channel.latency == 0 ? end : shifted(rows_[end], channel.latency), amount});
    }
  }

  std::size_t shifted(std::vector<std::int64_t> row, std::int64_t by) {
    for (std::int64_t& entry : row) entry = plus(entry, by);
    rows_.push_back(std::move(row));
    return rows_.size() - 1;
  }

  IterationMatrix collect() {
    IterationMatrix result{MaxPlusMatrix(tokens_.size()), tokens_};
    std::size_t token = 0;
    const auto store = [&](std::size_t time) {
      for (std::size_t column = 0; column < tokens_.size(); ++column)
        result.matrix.set(token, column, rows_[time][column]);
      ++token;
    };
    for (const std::deque<Batch>& queue : queue_)
      for (const Batch& batch : queue)
        for (std::int64_t i = 0; i < batch.amount; ++i) store(batch.time);
    for (std::size_t a = 0; a < graph_.actor_count(); ++a)
      if (graph_.phases(ActorId(a)) > 1) store(phase_time_[a]);
    SPIKELOOM_CHECK(token == tokens_.size());
    return result;
  }

  const PhasedGraph& graph_;
  Repetition repetition_;
  IterationMatrixOptions options_;
  std::vector<std::deque<Batch>> queue_;
  std::vector<std::size_t> phase_time_;
  std::vector<std::vector<std::size_t>> in_, out_;
  std::vector<std::int64_t> held_;
  std::vector<WaitingToken> tokens_;
  std::deque<std::vector<std::int64_t>> rows_;
};

/// Longest ways from `source` with every step shortened by the value; all cycles are at most 0, so they
/// settle.
std::vector<std::int64_t> ways_from(const MaxPlusMatrix& matrix, std::size_t source, const Ratio& value) {
  std::vector<std::int64_t> best(matrix.size(), kNever);
  best[source] = 0;
  std::vector<std::size_t> work{source}, next;
  std::vector<bool> queued(matrix.size(), false);
  while (!work.empty()) {
    next.clear();
    for (const std::size_t from : work) queued[from] = false;
    for (const std::size_t from : work)
      for (std::size_t to = 0; to < matrix.size(); ++to) {
        if (matrix.at(to, from) == kNever) continue;
        const Wide way = Wide{best[from]} + Wide{matrix.at(to, from)} * value.den() - value.num();
        if (best[to] != kNever && way <= best[to]) continue;
        if (way > std::numeric_limits<std::int64_t>::max() || way <= kNever)
          throw input_error("(max, +) matrix: an eigenvector leaves 64 bits");
        best[to] = static_cast<std::int64_t>(way);
        if (!queued[to]) next.push_back(to);
        queued[to] = true;
      }
    std::swap(work, next);
  }
  return best;
}

}  // namespace

MaxPlusMatrix MaxPlusMatrix::identity(std::size_t size) {
  MaxPlusMatrix result(size);
  for (std::size_t i = 0; i < size; ++i) result.set(i, i, 0);
  return result;
}

MaxPlusMatrix operator*(const MaxPlusMatrix& a, const MaxPlusMatrix& b) {
  SPIKELOOM_CHECK(a.size() == b.size());
  MaxPlusMatrix result(a.size());
  for (std::size_t i = 0; i < a.size(); ++i)
    for (std::size_t k = 0; k < a.size(); ++k) {
      if (a.at(i, k) == kNever) continue;
      for (std::size_t j = 0; j < a.size(); ++j)
        result.set(i, j, std::max(result.at(i, j), plus(a.at(i, k), b.at(k, j))));
    }
  return result;
}

MaxPlusMatrix latest(const MaxPlusMatrix& a, const MaxPlusMatrix& b) {
  SPIKELOOM_CHECK(a.size() == b.size());
  MaxPlusMatrix result(a.size());
  for (std::size_t i = 0; i < a.size(); ++i)
    for (std::size_t j = 0; j < a.size(); ++j) result.set(i, j, std::max(a.at(i, j), b.at(i, j)));
  return result;
}

std::vector<std::int64_t> applied(const MaxPlusMatrix& matrix, const std::vector<std::int64_t>& times) {
  SPIKELOOM_CHECK(matrix.size() == times.size());
  std::vector<std::int64_t> result(times.size(), kNever);
  for (std::size_t i = 0; i < times.size(); ++i)
    for (std::size_t j = 0; j < times.size(); ++j)
      result[i] = std::max(result[i], plus(matrix.at(i, j), times[j]));
  return result;
}

std::optional<IterationMatrix> iteration_matrix(const PhasedGraph& graph,
                                                const IterationMatrixOptions& options) {
  refuse_overlapping_phases(graph, "the (max, +) matrix");
  return SymbolicIteration(graph, options).run();
}

std::optional<Eigen> eigen(const MaxPlusMatrix& matrix) {
  Graph graph;
  for (std::size_t i = 0; i < matrix.size(); ++i) graph.add_actor({}, 0);
  for (std::size_t to = 0; to < matrix.size(); ++to)
    for (std::size_t from = 0; from < matrix.size(); ++from)
      if (matrix.at(to, from) != kNever)
        graph.add_channel(
            {.source = ActorId(from), .target = ActorId(to), .tokens = 1, .latency = matrix.at(to, from)});
  const CycleRatio ratio = max_cycle_ratio(graph);
  if (std::holds_alternative<Acyclic>(ratio)) return std::nullopt;
  const Certificate& certificate = certificate_of(ratio, graph);
  Eigen result;
  result.value = certificate.period;
  for (const ChannelId id : certificate.critical_cycle)
    result.critical_cycle.push_back(graph.channel(id).source.index());
  // Critical: on a cycle of steps that the potentials leave no slack.
  Graph tight;
  for (std::size_t i = 0; i < matrix.size(); ++i) tight.add_actor({}, 0);
  for (const Channel& channel : graph.channels())
    if (Wide{certificate.potential[channel.source.index()]} + Wide{channel.latency} * result.value.den() -
            result.value.num() ==
        certificate.potential[channel.target.index()])
      tight.add_channel(channel);
  const Components classes = strong_components(tight, outgoing(tight));
  std::vector<bool> critical(classes.count(), false);
  for (const Channel& channel : tight.channels())
    if (classes.of[channel.source.index()] == classes.of[channel.target.index()])
      critical[classes.of[channel.source.index()]] = true;
  for (std::size_t i = 0; i < matrix.size(); ++i) {
    if (!critical[classes.of[i]]) continue;
    critical[classes.of[i]] = false;
    result.vectors.push_back(ways_from(matrix, i, result.value));
  }
  return result;
}

}  // namespace spikeloom::sdf
