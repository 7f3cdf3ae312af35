#include <algorithm>
#include <deque>
#include <map>
#include <queue>
#include <unordered_map>

#include "compiler/base/error.hpp"
#include "compiler/sdf/throughput.hpp"

namespace spikeloom::sdf {
namespace {

constexpr std::int64_t kMostAtOnce = 5'000'000;  ///< firings that start in one cycle

struct HashState {
  std::size_t operator()(const std::vector<std::int64_t>& state) const {
    std::uint64_t hash = 0xcbf29ce484222325U;
    for (const std::int64_t value : state) hash = (hash ^ static_cast<std::uint64_t>(value)) * 0x100000001b3U;
    return static_cast<std::size_t>(hash ^ hash >> 29U);
  }
};

/// Time goes on from event to event; in between every firing starts that can.
class Execution {
 public:
  explicit Execution(const PhasedGraph& graph)
      : graph_(graph),
        in_(graph.actor_count()),
        out_(graph.actor_count()),
        started_(graph.actor_count(), 0),
        ended_(graph.actor_count(), 0) {
    for (std::size_t c = 0; c < graph.channel_count(); ++c) {
      const PhasedChannel& channel = graph.channel(ChannelId(c));
      tokens_.push_back(channel.tokens);
      out_[channel.source.index()].push_back(c);
      in_[channel.target.index()].push_back(c);
    }
  }

  [[nodiscard]] std::int64_t now() const { return now_; }
  [[nodiscard]] std::int64_t ended(std::size_t actor) const { return ended_[actor]; }

  /// Starts all that can start now; zero-time firings end at once and may start more.
  void settle() {
    bool again = true;
    while (again) {
      again = false;
      for (std::size_t a = 0; a < graph_.actor_count(); ++a)
        while (ready(a)) {
          start(a);
          again = true;
        }
      while (!events_.empty() && events_.top().at == now_) {
        pop();
        again = true;
      }
    }
  }

  /// To the next event; false: nothing will ever happen again.
  bool advance() {
    if (events_.empty()) return false;
    now_ = events_.top().at;
    while (!events_.empty() && events_.top().at == now_) pop();
    return true;
  }

  /// Everything that the future depends on.
  [[nodiscard]] std::vector<std::int64_t> state() const {
    std::vector<std::int64_t> state = tokens_;
    for (std::size_t a = 0; a < graph_.actor_count(); ++a)
      state.push_back(started_[a] % static_cast<std::int64_t>(graph_.phases(ActorId(a))));
    std::vector<std::vector<std::int64_t>> waiting;
    for (auto events = events_; !events.empty(); events.pop()) {
      const Event& event = events.top();
      waiting.push_back(
          {event.at - now_, static_cast<std::int64_t>(event.what), static_cast<std::int64_t>(event.amount)});
    }
    std::sort(waiting.begin(), waiting.end());
    for (const auto& event : waiting) state.insert(state.end(), event.begin(), event.end());
    return state;
  }

 private:
  /// A firing ends (what < actors), or `amount` tokens arrive on channel what - actors.
  struct Event {
    std::int64_t at = 0;
    std::size_t what = 0;
    std::int64_t amount = 0;  ///< phase of a firing, tokens of an arrival
    friend bool operator>(const Event& a, const Event& b) { return a.at > b.at; }
  };

  static std::int64_t at_phase(const std::vector<std::int64_t>& values, std::int64_t firing) {
    return values[static_cast<std::size_t>(firing) % values.size()];
  }

  [[nodiscard]] bool ready(std::size_t a) const {
    const bool phases = graph_.phases(ActorId(a)) > 1;
    if (phases && started_[a] > ended_[a]) return false;
    if (!phases && in_[a].empty())
      throw input_error(
          "actor \"" + graph_.name(ActorId(a)) +
          "\": no channel leads to it, so nothing bounds how often it fires; give it a channel to itself");
    return std::all_of(in_[a].begin(), in_[a].end(), [&](std::size_t c) {
      return tokens_[c] >= at_phase(graph_.channel(ChannelId(c)).consume, started_[a]);
    });
  }

  void start(std::size_t a) {
    if (++firings_now_ > kMostAtOnce && last_now_ == now_)
      throw input_error("actor \"" + graph_.name(ActorId(a)) + "\": more than " +
                        std::to_string(kMostAtOnce) + " firings start in cycle " + std::to_string(now_) +
                        ", the limit of self-timed execution (tokens for as many, or a cycle of actors that "
                        "take no time); the methods k-periodic and expansion have none there");
    if (last_now_ != now_) {
      last_now_ = now_;
      firings_now_ = 0;
    }
    for (const std::size_t c : in_[a])
      tokens_[c] -= at_phase(graph_.channel(ChannelId(c)).consume, started_[a]);
    const auto phase = started_[a] % static_cast<std::int64_t>(graph_.phases(ActorId(a)));
    events_.push({now_ + graph_.execution(ActorId(a))[static_cast<std::size_t>(phase)], a, phase});
    ++started_[a];
  }

  void pop() {
    const Event event = events_.top();
    events_.pop();
    if (event.what >= graph_.actor_count()) {
      tokens_[event.what - graph_.actor_count()] += event.amount;
      return;
    }
    ++ended_[event.what];
    for (const std::size_t c : out_[event.what]) {
      const PhasedChannel& channel = graph_.channel(ChannelId(c));
      const std::int64_t amount = channel.produce[static_cast<std::size_t>(event.amount)];
      if (amount == 0) continue;
      if (channel.latency == 0)
        tokens_[c] += amount;
      else
        events_.push({now_ + channel.latency, graph_.actor_count() + c, amount});
    }
  }

  const PhasedGraph& graph_;
  std::vector<std::vector<std::size_t>> in_, out_;
  std::vector<std::int64_t> tokens_, started_, ended_;
  std::priority_queue<Event, std::vector<Event>, std::greater<>> events_;
  std::int64_t now_ = 0, last_now_ = -1, firings_now_ = 0;
};

}  // namespace

std::optional<Ratio> self_timed_period(const PhasedGraph& graph, const Repetition& repetition,
                                       std::int64_t most_states) {
  refuse_overlapping_phases(graph, "self-timed execution");
  Execution run(graph);
  std::unordered_map<std::vector<std::int64_t>, std::pair<std::int64_t, std::int64_t>, HashState>
      seen;  // state: time, firings of actor 0
  run.settle();
  for (std::int64_t n = 0; n < most_states; ++n) {
    const auto [before, is_new] = seen.try_emplace(run.state(), run.now(), run.ended(0));
    if (!is_new) {
      const auto [time, firings] = before->second;
      const std::int64_t fired = run.ended(0) - firings;
      SPIKELOOM_CHECK(fired > 0 && fired % repetition.firings[0] == 0);
      return Ratio(run.now() - time, fired / repetition.firings[0]);
    }
    if (!run.advance()) return std::nullopt;
    run.settle();
  }
  throw input_error("graph " + graph.name() + ": no state came back within " + std::to_string(most_states) +
                    "; is a channel without a bound?");
}

}  // namespace spikeloom::sdf
