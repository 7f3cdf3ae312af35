#include <algorithm>
#include <deque>
#include <limits>

#include "compiler/sdf/latency_proof.hpp"

namespace spikeloom::sdf {
namespace {

__extension__ typedef __int128 Wide;

constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

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
    for (std::size_t b = 0; b < latest_.size(); ++b)
      if (b != source_.index() && !latest_[b].empty()) check_actor(b);
    return std::move(wrong_);
  }

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

  void check_actor(std::size_t b) {
    const auto length = static_cast<std::int64_t>(latest_[b].size());
    // Initial tokens are there at the beginning, which is no later than the source's moment.
    const Wide first = std::max<Wide>(0, Wide(lower(b)) - lower(source_.index()));
    if (*std::min_element(latest_[b].begin(), latest_[b].end()) < first)
      wrong_.push_back("actor " + std::to_string(b) + " may start later than its proof of the latency says");
    // Of an actor from which no path leads back, firings of all ages are open. From `oldest_` on every
    // sender has ended or has its first entry, so that what holds there holds before.
    const std::int64_t least = ended_[b] == kNever ? std::min(1 - length, -oldest()) : 1 - length;
    if (least < -kMostSteps) {
      wrong_.emplace_back("the proof of the latency reaches too many firings back");
      return;
    }
    for (std::int64_t i = 0; i >= least && wrong_.size() < kMostFaults; --i)
      for (const std::size_t c : into_[b]) check_arrival(c, i);
  }

  /// As many steps back all senders with a path to the source have ended and all lists of the others begun.
  [[nodiscard]] std::int64_t oldest() {
    if (oldest_ < 0) {
      oldest_ = 0;
      for (std::size_t a = 0; a < latest_.size(); ++a) {
        if (ended_[a] != kNever) oldest_ = std::max(oldest_, ended_[a]);
        oldest_ = std::max(oldest_, static_cast<std::int64_t>(latest_[a].size()));
      }
    }
    return oldest_;
  }

  /// The start of firing k + i; nothing where the proof says nothing of it.
  [[nodiscard]] const std::int64_t* start(std::size_t actor, std::int64_t i) const {
    const std::vector<std::int64_t>& list = latest_[actor];
    const std::int64_t at = static_cast<std::int64_t>(list.size()) - 1 + i;
    if (list.empty() || i > 0) return nullptr;
    if (at >= 0) return &list[static_cast<std::size_t>(at)];
    return ended_[actor] == kNever ? &list.front() : nullptr;
  }

  void check_arrival(std::size_t channel, std::int64_t i) {
    const Channel& c = graph_.channels()[channel];
    const std::int64_t* by = start(c.target.index(), i);
    const std::int64_t j = i - c.tokens;
    const std::size_t from = c.source.index();
    const Wide weight = Wide(graph_.execution(c.source)) + c.latency;
    Wide at = 0;
    if (c.source == source_ && j == 0 && options_.from == Moment::kStart) {
      at = weight;
    } else if (ended_[from] != kNever && j <= -ended_[from]) {
      at = c.latency;
    } else if (const std::int64_t* sent = start(from, j); sent != nullptr && c.source != source_) {
      at = *sent + weight;
    } else {
      wrong_.push_back("channel " + std::to_string(channel) +
                       " brings a token of a firing that the proof of the latency says nothing about");
      return;
    }
    if (at > *by)
      wrong_.push_back("channel " + std::to_string(channel) +
                       " arrives later than the proof of the latency says");
  }

  static constexpr std::size_t kMostFaults = 100;
  static constexpr std::int64_t kMostSteps = std::int64_t{1} << 26;

  const Graph& graph_;
  ActorId source_;
  const LatestStarts& latest_;
  const LatencyOptions& options_;
  std::vector<std::vector<std::size_t>> into_;  ///< channels by target
  std::vector<std::int64_t> ended_;             ///< by actor: m in README.md
  std::int64_t oldest_ = -1;
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
  Wide end = 0;
  if (!proof.latest[sink.index()].empty())
    end = Wide(proof.latest[sink.index()].back()) + (options.to == Moment::kEnd ? graph.execution(sink) : 0);
  else if (checker.ended(sink) != 0)
    wrong.emplace_back("the proof of the latency says nothing about the sink");
  if (end > proof.latency) wrong.emplace_back("the latency is below the sink's latest start");
  return wrong;
}

}  // namespace spikeloom::sdf
