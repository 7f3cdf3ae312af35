#include <algorithm>
#include <array>
#include <deque>
#include <limits>
#include <span>
#include <utility>

#include "compiler/sdf/latency_proof.hpp"

namespace spikeloom::sdf {
namespace {

__extension__ typedef __int128 Wide;

constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kMostSteps = std::int64_t{1} << 50;  ///< of a run

/// Firings from `from` to `to` of an actor, whose starts repeat: at[n mod period] + step · (n div period), n
/// from `origin`.
struct Piece {
  Wide from = 0, to = 0;
  Wide origin = 0;
  std::span<const std::int64_t> at;
  Wide step = 0;

  [[nodiscard]] Wide start(Wide firing) const {
    const Wide n = firing - origin;
    if (at.size() == 1) return at[0] + step * n;
    const auto place = static_cast<std::uint64_t>(n);  // there are at most kMostSteps
    return at[place % at.size()] + step * static_cast<Wide>(place / at.size());
  }
};

/// The greatest common divisor.
Wide common(Wide a, Wide b) {
  while (b != 0) a = std::exchange(b, a % b);
  return a;
}

class LatencyChecker {
 public:
  LatencyChecker(const Graph& graph, ActorId source, const LatestStarts& latest,
                 const LatencyOptions& options)
      : graph_(graph), source_(source), latest_(latest), options_(options), into_(graph.actor_count()) {
    for (std::size_t i = 0; i < graph.channel_count(); ++i)
      into_[graph.channels()[i].target.index()].push_back(i);
    find_ended();
  }

  std::vector<std::string> run() {
    if (!source_is_in_order()) return {"the source's firings may overtake one another"};
    for (const StartRuns& runs : latest_)
      for (const StartRun& run : runs)
        if (run.first.empty() || run.count < static_cast<std::int64_t>(run.first.size()) ||
            run.count > kMostSteps)
          return {"the proof of the latency has a run of starts of no length, or of one that cannot be"};
    for (std::size_t a = 0; a < latest_.size(); ++a) pieces_.push_back(pieces(a));
    for (std::size_t b = 0; b < latest_.size(); ++b)
      if (b != source_.index() && !latest_[b].empty()) check_actor(b);
    return std::move(wrong_);
  }

  /// The start of the actor's firing k; it has one.
  [[nodiscard]] Wide last_start(std::size_t actor) const { return pieces_[actor].back().start(0); }

  /// Firing k - ended(a) of the actor has certainly ended at the source's moment; kNever: nothing is certain.
  [[nodiscard]] std::int64_t ended(ActorId actor) const { return ended_[actor.index()]; }

 private:
  [[nodiscard]] std::int64_t certain(std::size_t channel) const {
    return options_.after.empty() ? graph_.channels()[channel].tokens : options_.after[channel];
  }

  void find_ended() {
    ended_.assign(graph_.actor_count(), kNever);
    ended_[source_.index()] = 0;
    std::deque<std::size_t> open{source_.index()};
    std::vector<std::uint8_t> is_open(graph_.actor_count(), 0);
    while (!open.empty()) {
      const std::size_t target = open.front();
      open.pop_front();
      is_open[target] = 0;
      for (const std::size_t i : into_[target]) {
        const std::size_t from = graph_.channels()[i].source.index();
        const Wide sum = Wide(ended_[target]) + certain(i);
        if (certain(i) < 0 || sum >= ended_[from]) continue;
        ended_[from] = static_cast<std::int64_t>(sum);
        if (is_open[from] == 0) open.push_back(from);
        is_open[from] = 1;
      }
    }
  }

  /// The source's firing k - 1 has ended before its firing k starts.
  [[nodiscard]] bool source_is_in_order() const {
    for (std::size_t i = 0; i < graph_.channel_count(); ++i) {
      const Channel& c = graph_.channels()[i];
      const std::int64_t back = ended_[c.target.index()];
      if (c.source == source_ && back != kNever && Wide(back) + certain(i) <= 1) return true;
    }
    return false;
  }

  [[nodiscard]] std::int64_t lower(std::size_t actor) const {
    return options_.lower.empty() ? 0 : options_.lower[actor];
  }

  /// What the proof says of an actor, the oldest first.
  [[nodiscard]] std::vector<Piece> pieces(std::size_t actor) const {
    std::vector<Piece> found;
    Wide next = 1;
    for (const StartRun& run : latest_[actor]) next -= run.count;
    // Of an actor from which no path leads back, firings of all ages are open.
    if (ended_[actor] == kNever && !latest_[actor].empty())
      found.push_back({kFirst, next - 1, kFirst, {latest_[actor].front().first.data(), 1}, 0});
    for (const StartRun& run : latest_[actor]) {
      found.push_back({next, next + run.count - 1, next, run.first, run.step});
      next += run.count;
    }
    return found;
  }

  void check_actor(std::size_t b) {
    // Initial tokens are there at the beginning, which is no later than the source's moment.
    const Wide first = std::max<Wide>(0, Wide(lower(b)) - lower(source_.index()));
    if (!follows(pieces_[b].front().from, 0, always(first), b))
      wrong_.push_back("actor " + std::to_string(b) + " may start later than its proof of the latency says");
    for (const std::size_t c : into_[b])
      if (wrong_.size() < kMostFaults) check_channel(c);
  }

  void check_channel(std::size_t channel) {
    const Channel& c = graph_.channels()[channel];
    const std::size_t from = c.source.index();
    const Wide weight = Wide(graph_.execution(c.source)) + c.latency;
    const Wide oldest = pieces_[c.target.index()].front().from;
    // To this firing of the target the sender has ended.
    Wide ended = ended_[from] == kNever ? kFirst - 1 : std::min<Wide>(0, Wide(c.tokens) - ended_[from]);
    bool kept = true;
    if (c.source == source_ && options_.from == Moment::kStart && c.tokens == 0) {
      ended = -1;
      kept = follows(0, 0, always(weight), c.target.index());
    }
    kept = kept && follows(oldest, ended, always(c.latency), c.target.index());
    if (!kept) return late(channel);
    if (c.source == source_ || ended >= 0) return;
    const Wide open = std::max(oldest, ended + 1);
    if (pieces_[from].empty() || pieces_[from].front().from > std::max(open - c.tokens, kFirst)) {
      wrong_.push_back("channel " + std::to_string(channel) +
                       " brings a token of a firing that the proof of the latency says nothing about");
      return;
    }
    for (Piece sent : pieces_[from]) {
      sent.from = sent.from == kFirst ? kFirst : sent.from + c.tokens;
      sent.to += c.tokens;
      sent.origin += c.tokens;
      if (!follows(std::max(open, sent.from), std::min<Wide>(0, sent.to), {weight, sent}, c.target.index()))
        return late(channel);
    }
  }

  void late(std::size_t channel) {
    wrong_.push_back("channel " + std::to_string(channel) +
                     " arrives later than the proof of the latency says");
  }

  /// Starts and what is added to them.
  struct Arrival {
    Wide more = 0;
    Piece sent;
  };
  [[nodiscard]] Arrival always(Wide time) const { return {time, {kFirst, 0, kFirst, kZero, 0}}; }

  /// Do the target's firings from `from` to `to` start no earlier than what arrives for each?
  bool follows(Wide from, Wide to, const Arrival& arrival, std::size_t target) {
    // Pieces follow one another, so those that have some of these firings stand side by side.
    const std::vector<Piece>& all = pieces_[target];
    auto next = std::lower_bound(all.begin(), all.end(), from,
                                 [](const Piece& piece, Wide firing) { return piece.to < firing; });
    for (; next != all.end() && next->from <= to; ++next) {
      const Piece& piece = *next;
      const Wide begin = std::max(from, piece.from), end = std::min(to, piece.to);
      // After so many firings both repeat, and what is between them changes by the same each time: if it
      // holds at both ends it holds between them.
      const Wide a = static_cast<Wide>(piece.at.size()), b = static_cast<Wide>(arrival.sent.at.size());
      const Wide round = a / common(a, b) * b;
      for (Wide i = begin; i <= end; ++i) {
        if (i == begin + round && end - round >= i) i = end - round + 1;
        if (++compared_ > kMostComparisons) {
          if (compared_ == kMostComparisons + 1)
            wrong_.emplace_back("the proof of the latency takes too many comparisons to check");
          return true;
        }
        if (piece.start(i) < arrival.more + arrival.sent.start(i)) return false;
      }
    }
    return true;
  }

  static constexpr std::size_t kMostFaults = 100;
  static constexpr std::int64_t kMostComparisons = std::int64_t{1} << 30;
  static constexpr Wide kFirst = -(Wide{1} << 100);  ///< before every firing that a proof names
  static constexpr std::array<std::int64_t, 1> kZero = {0};

  const Graph& graph_;
  ActorId source_;
  const LatestStarts& latest_;
  const LatencyOptions& options_;
  std::vector<std::vector<std::size_t>> into_;  ///< channels by target
  std::vector<std::int64_t> ended_;             ///< by actor: m in README.md
  std::vector<std::vector<Piece>> pieces_;      ///< by actor
  std::int64_t compared_ = 0;
  std::vector<std::string> wrong_;
};

}  // namespace

std::vector<std::string> verify_latency(const Graph& graph, ActorId source, ActorId sink,
                                        const LatencyProof& proof, const LatencyOptions& options) {
  if (!graph.homogeneous()) return {"the graph has rates other than 1"};
  const std::size_t actors = graph.actor_count();
  if (source.index() >= actors || sink.index() >= actors || proof.latest.size() != actors)
    return {"there is not one list of latest starts for each actor"};
  if ((!options.lower.empty() && options.lower.size() != actors) ||
      (!options.after.empty() && options.after.size() != graph.channel_count()))
    return {"there is not one first start for each actor, or one distance for each channel"};
  if (sink == source) {
    const bool all = options.from == Moment::kStart && options.to == Moment::kEnd;
    if (proof.latency >= (all ? graph.execution(source) : 0)) return {};
    return {"the latency is below the source's execution"};
  }
  LatencyChecker checker(graph, source, proof.latest, options);
  std::vector<std::string> wrong = checker.run();
  if (!wrong.empty()) return wrong;
  Wide end = 0;
  if (!proof.latest[sink.index()].empty())
    end = checker.last_start(sink.index()) + (options.to == Moment::kEnd ? graph.execution(sink) : 0);
  else if (checker.ended(sink) != 0)
    wrong.emplace_back("the proof of the latency says nothing about the sink");
  if (end > proof.latency) wrong.emplace_back("the latency is below the sink's latest start");
  return wrong;
}

}  // namespace spikeloom::sdf
