#include <algorithm>
#include <queue>

#include "compiler/base/error.hpp"
#include "compiler/sdf/throughput.hpp"

namespace spikeloom::sdf {
namespace {

constexpr std::int64_t kMostAtOnce = 5'000'000;  ///< firings that start in one cycle

/// Time goes on from event to event; in between every firing starts that can.
class Execution {
 public:
  explicit Execution(const PhasedGraph& graph) : graph_(graph), actors_(graph.actor_count()) {
    for (std::size_t c = 0; c < graph.channel_count(); ++c) {
      const PhasedChannel& channel = graph.channel(ChannelId(c));
      channels_.push_back({channel.tokens, channel.consume.front(), channel.latency, channel.target.value});
      actors_[channel.source.index()].out.push_back(port(c, channel.produce));
      actors_[channel.target.index()].in.push_back(port(c, channel.consume));
    }
    for (std::size_t a = 0; a < actors_.size(); ++a) {
      actors_[a].execution = graph.execution(ActorId(a));
      actors_[a].sequential = actors_[a].execution.size() > 1;
      for (const Port& in : actors_[a].in) actors_[a].lacking += channels_[in.channel].lacks() ? 1U : 0U;
      look_at(static_cast<std::uint32_t>(a));
    }
  }

  [[nodiscard]] std::int64_t now() const { return now_; }
  [[nodiscard]] std::int64_t ended(std::size_t actor) const { return actors_[actor].ended; }
  [[nodiscard]] std::int64_t firings() const { return firings_; }

  /// Starts all that can start now; zero-time firings end at once and may start more.
  void settle() {
    while (true) {
      while (!looked_at_.empty()) {
        const std::uint32_t a = looked_at_.back();
        looked_at_.pop_back();
        actors_[a].is_looked_at = false;
        while (ready(a)) start(a);
      }
      if (events_.empty() || events_.top().at != now_) return;
      pop();
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
    std::vector<std::int64_t> state;
    for (const ChannelState& channel : channels_) state.push_back(channel.tokens);
    for (const Actor& actor : actors_) state.push_back(static_cast<std::int64_t>(actor.phase));
    std::vector<std::vector<std::int64_t>> waiting;
    for (auto events = events_; !events.empty(); events.pop()) {
      const Event& event = events.top();
      waiting.push_back({event.at - now_, static_cast<std::int64_t>(event.what), event.amount});
    }
    std::sort(waiting.begin(), waiting.end());
    for (const auto& event : waiting) state.insert(state.end(), event.begin(), event.end());
    return state;
  }

 private:
  /// An end of a channel: rates of the phases stand in rates_.
  struct Port {
    std::uint32_t channel = 0, first_rate = 0;
  };
  struct ChannelState {
    std::int64_t tokens = 0, needed = 0;  ///< by the reader's next firing
    std::int64_t latency = 0;
    std::uint32_t reader = 0;
    [[nodiscard]] bool lacks() const { return tokens < needed; }
  };
  struct Actor {
    std::vector<Port> in, out;
    std::vector<std::int64_t> execution;
    std::size_t phase = 0;      ///< of the next firing that starts
    std::uint32_t lacking = 0;  ///< channels that hold less than it reads
    bool sequential = false, runs = false, is_looked_at = false;
    std::int64_t ended = 0;
  };
  /// A firing ends (what < actors), or `amount` tokens arrive on channel what - actors.
  struct Event {
    std::int64_t at = 0;
    std::size_t what = 0;
    std::int64_t amount = 0;  ///< phase of a firing, tokens of an arrival
    friend bool operator>(const Event& a, const Event& b) { return a.at > b.at; }
  };

  Port port(std::size_t channel, const std::vector<std::int64_t>& rates) {
    const Port result{static_cast<std::uint32_t>(channel), static_cast<std::uint32_t>(rates_.size())};
    rates_.insert(rates_.end(), rates.begin(), rates.end());
    return result;
  }

  /// Only where the last tokens came, or a firing ended, can another start.
  void look_at(std::uint32_t a) {
    if (actors_[a].is_looked_at) return;
    actors_[a].is_looked_at = true;
    looked_at_.push_back(a);
  }

  [[nodiscard]] bool ready(std::uint32_t a) const {
    const Actor& actor = actors_[a];
    if (actor.sequential && actor.runs) return false;
    if (!actor.sequential && actor.in.empty())
      throw input_error(
          "actor \"" + graph_.name(ActorId(a)) +
          "\": no channel leads to it, so nothing bounds how often it fires; give it a channel to itself");
    return actor.lacking == 0;
  }

  void start(std::uint32_t a) {
    if (last_now_ != now_) {
      last_now_ = now_;
      firings_now_ = 0;
    }
    if (++firings_now_ > kMostAtOnce)
      throw input_error("actor \"" + graph_.name(ActorId(a)) + "\": more than " +
                        std::to_string(kMostAtOnce) + " firings start in cycle " + std::to_string(now_) +
                        ", the limit of self-timed execution (tokens for as many, or a cycle of actors that "
                        "take no time); the methods k-periodic and expansion have none there");
    ++firings_;
    Actor& actor = actors_[a];
    events_.push({now_ + actor.execution[actor.phase], a, static_cast<std::int64_t>(actor.phase)});
    actor.runs = true;
    if (++actor.phase == actor.execution.size()) actor.phase = 0;
    for (const Port& in : actor.in) {
      ChannelState& channel = channels_[in.channel];
      channel.tokens -= channel.needed;
      channel.needed = rates_[in.first_rate + actor.phase];
      actor.lacking += channel.lacks() ? 1U : 0U;
    }
  }

  void arrive(std::size_t channel, std::int64_t amount) {
    ChannelState& there = channels_[channel];
    const bool lacked = there.lacks();
    there.tokens += amount;
    if (lacked && !there.lacks() && --actors_[there.reader].lacking == 0) look_at(there.reader);
  }

  void pop() {
    const Event event = events_.top();
    events_.pop();
    if (event.what >= actors_.size()) {
      arrive(event.what - actors_.size(), event.amount);
      return;
    }
    Actor& actor = actors_[event.what];
    ++actor.ended;
    actor.runs = false;
    if (actor.sequential) look_at(static_cast<std::uint32_t>(event.what));
    for (const Port& out : actor.out) {
      const std::int64_t amount = rates_[out.first_rate + static_cast<std::size_t>(event.amount)];
      if (amount == 0) continue;
      const std::int64_t latency = channels_[out.channel].latency;
      if (latency == 0)
        arrive(out.channel, amount);
      else
        events_.push({now_ + latency, actors_.size() + out.channel, amount});
    }
  }

  const PhasedGraph& graph_;
  std::vector<Actor> actors_;
  std::vector<ChannelState> channels_;
  std::vector<std::int64_t> rates_;
  std::vector<std::uint32_t> looked_at_;
  std::priority_queue<Event, std::vector<Event>, std::greater<>> events_;
  std::int64_t now_ = 0, last_now_ = -1, firings_now_ = 0, firings_ = 0;
};

}  // namespace

// A state that comes back does so after whole iterations, so it is enough to look once an iteration: when
// actor 0 has ended its firings. One state is kept, of an iteration whose number is a power of two (Brent).
std::optional<Ratio> self_timed_period(const PhasedGraph& graph, const Repetition& repetition,
                                       std::int64_t most_firings) {
  refuse_overlapping_phases(graph, "self-timed execution");
  Execution run(graph);
  run.settle();
  const std::int64_t iteration = repetition.firings[0];
  std::vector<std::int64_t> kept = run.state();
  std::int64_t kept_time = run.now(), kept_ended = run.ended(0), end = iteration;
  for (std::int64_t since = 0, until = 1;;) {
    if (!run.advance()) return std::nullopt;
    run.settle();
    if (run.firings() > most_firings)
      throw input_error("graph " + graph.name() + ": no state came back within " +
                        std::to_string(most_firings) + " firings; is a channel without a bound?");
    if (run.ended(0) < end) continue;
    while (end <= run.ended(0)) end += iteration;
    std::vector<std::int64_t> state = run.state();
    if (state == kept) {
      const std::int64_t fired = run.ended(0) - kept_ended;
      SPIKELOOM_CHECK(fired > 0 && fired % iteration == 0);
      return Ratio(run.now() - kept_time, fired / iteration);
    }
    if (++since < until) continue;
    since = 0;
    until *= 2;
    kept = std::move(state);
    kept_time = run.now();
    kept_ended = run.ended(0);
  }
}

}  // namespace spikeloom::sdf
