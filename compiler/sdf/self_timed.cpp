#include <algorithm>
#include <array>
#include <bit>
#include <queue>

#include "compiler/base/error.hpp"
#include "compiler/sdf/throughput.hpp"

namespace spikeloom::sdf {
namespace {

constexpr std::int64_t kMostAtOnce = 5'000'000;  ///< firings that start in one cycle
constexpr std::int64_t kMostMarks = 32;          ///< of an iteration, at which states are compared
constexpr std::int64_t kFiringsBetweenMarks = 1000;

/// A firing ends (what < actors), or `amount` tokens arrive on channel what - actors.
struct Due {
  std::size_t what = 0;
  std::int64_t amount = 0;  ///< phase of a firing, tokens of an arrival
};

/// What is to come, by time. What comes soon lies in a ring of lists, one a cycle, so that it is put there
/// and found without a comparison; the rest in a heap.
class Agenda {
 public:
  void push(std::int64_t now, std::int64_t at, const Due& event) {
    if (at - now >= static_cast<std::int64_t>(kNear)) {
      far_.push({at, event});
      return;
    }
    const auto slot = static_cast<std::size_t>(at) % kNear;
    near_[slot].push_back(event);
    used_[slot / 64] |= std::uint64_t{1} << slot % 64;
  }

  /// The time of the next one at `now` or later; -1: there is none.
  [[nodiscard]] std::int64_t next(std::int64_t now) const {
    const std::int64_t far = far_.empty() ? -1 : far_.top().at;
    const auto first = static_cast<std::size_t>(now) % kNear;
    for (std::size_t n = 0; n <= kWords; ++n) {
      const std::size_t word = (first / 64 + n) % kWords;
      std::uint64_t bits = used_[word];
      if (n == 0) bits &= ~std::uint64_t{0} << first % 64;
      if (n == kWords) bits &= (std::uint64_t{1} << first % 64) - 1;
      if (bits == 0) continue;
      const std::size_t slot = word * 64 + static_cast<std::size_t>(std::countr_zero(bits));
      const std::int64_t near = now + static_cast<std::int64_t>((slot + kNear - first) % kNear);
      return far < 0 ? near : std::min(near, far);
    }
    return far;
  }

  /// One of those of now, if there is one left.
  bool pop(std::int64_t now, Due& event) {
    const auto slot = static_cast<std::size_t>(now) % kNear;
    if (!near_[slot].empty()) {
      event = near_[slot].back();
      near_[slot].pop_back();
      if (near_[slot].empty()) used_[slot / 64] &= ~(std::uint64_t{1} << slot % 64);
      return true;
    }
    if (far_.empty() || far_.top().at != now) return false;
    event = far_.top().event;
    far_.pop();
    return true;
  }

  /// (time from now, what, amount) of all, in order.
  [[nodiscard]] std::vector<std::array<std::int64_t, 3>> all(std::int64_t now) const {
    std::vector<std::array<std::int64_t, 3>> list;
    const auto add = [&](std::int64_t from_now, const Due& event) {
      list.push_back({from_now, static_cast<std::int64_t>(event.what), event.amount});
    };
    const auto first = static_cast<std::size_t>(now) % kNear;
    for (std::size_t word = 0; word < kWords; ++word)
      for (std::uint64_t bits = used_[word]; bits != 0; bits &= bits - 1) {
        const std::size_t slot = word * 64 + static_cast<std::size_t>(std::countr_zero(bits));
        for (const Due& event : near_[slot])
          add(static_cast<std::int64_t>((slot + kNear - first) % kNear), event);
      }
    for (auto far = far_; !far.empty(); far.pop()) add(far.top().at - now, far.top().event);
    std::sort(list.begin(), list.end());
    return list;
  }

 private:
  struct Far {
    std::int64_t at = 0;
    Due event;
    friend bool operator>(const Far& a, const Far& b) { return a.at > b.at; }
  };
  static constexpr std::size_t kNear = 1024;  ///< cycles
  static constexpr std::size_t kWords = kNear / 64;
  std::array<std::vector<Due>, kNear> near_;
  std::array<std::uint64_t, kWords> used_ = {};  ///< a bit a list that holds something
  std::priority_queue<Far, std::vector<Far>, std::greater<>> far_;
};

/// The channel only says that its actor fires one firing after the other.
bool is_turn_of_one(const PhasedChannel& channel) {
  const auto is_all = [&](const std::int64_t rate) { return rate == channel.tokens; };
  return channel.source == channel.target && channel.latency == 0 && channel.tokens > 0 &&
         std::all_of(channel.produce.begin(), channel.produce.end(), is_all) &&
         std::all_of(channel.consume.begin(), channel.consume.end(), is_all);
}

/// Time goes on from event to event; in between every firing starts that can.
class Execution {
 public:
  explicit Execution(const PhasedGraph& graph) : graph_(graph), actors_(graph.actor_count()) {
    std::vector<std::vector<Port>> in(actors_.size()), out(actors_.size());
    for (std::size_t c = 0; c < graph.channel_count(); ++c) {
      const PhasedChannel& channel = graph.channel(ChannelId(c));
      if (is_turn_of_one(channel)) {
        actors_[channel.source.index()].sequential = true;
        continue;
      }
      const auto number = static_cast<std::uint32_t>(channels_.size());
      channels_.push_back({channel.tokens - channel.consume.front(), channel.target.value});
      out[channel.source.index()].push_back(port(number, channel.produce, channel.latency));
      in[channel.target.index()].push_back(port(number, channel.consume, 0));
    }
    for (std::size_t a = 0; a < actors_.size(); ++a) {
      Actor& actor = actors_[a];
      const std::vector<std::int64_t> execution = graph.execution(ActorId(a));
      actor.phases = static_cast<std::uint32_t>(execution.size());
      actor.sequential = actor.sequential || actor.phases > 1;
      actor.first_time = static_cast<std::uint32_t>(times_.size());
      times_.insert(times_.end(), execution.begin(), execution.end());
      actor.first_in = static_cast<std::uint32_t>(ports_.size());
      ports_.insert(ports_.end(), in[a].begin(), in[a].end());
      actor.first_out = static_cast<std::uint32_t>(ports_.size());
      ports_.insert(ports_.end(), out[a].begin(), out[a].end());
      actor.end_out = static_cast<std::uint32_t>(ports_.size());
      for (const Port& port : in[a]) actor.lacking += channels_[port.channel].spare < 0 ? 1U : 0U;
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
      Due event;
      if (!events_.pop(now_, event)) return;
      happen(event);
    }
  }

  /// To the next event; false: nothing will ever happen again.
  bool advance() {
    const std::int64_t next = events_.next(now_);
    if (next < 0) return false;
    now_ = next;
    Due event;
    while (events_.pop(now_, event)) happen(event);
    return true;
  }

  /// Everything that the future depends on.
  [[nodiscard]] std::vector<std::int64_t> state() const {
    std::vector<std::int64_t> state;
    for (const ChannelState& channel : channels_) state.push_back(channel.spare);
    for (const Actor& actor : actors_) state.push_back(static_cast<std::int64_t>(actor.phase));
    for (const auto& event : events_.all(now_)) state.insert(state.end(), event.begin(), event.end());
    return state;
  }

 private:
  /// An end of a channel: rates of the phases stand in rates_.
  struct Port {
    std::uint32_t channel = 0, first_rate = 0;
    std::int64_t latency = 0;
  };
  struct ChannelState {
    std::int64_t spare = 0;  ///< tokens beyond what the reader's next firing needs; below 0: it lacks some
    std::uint32_t reader = 0;
  };
  struct Actor {
    std::uint32_t first_in = 0, first_out = 0,
                  end_out = 0;            ///< in ports_; those in end where those out begin
    std::uint32_t first_time = 0;         ///< in times_, a phase each
    std::uint32_t phase = 0, phases = 1;  ///< of the next firing that starts
    std::uint32_t lacking = 0;            ///< channels that hold less than it reads
    bool sequential = false, runs = false, is_looked_at = false;
    std::int64_t ended = 0;
  };

  Port port(std::uint32_t channel, const std::vector<std::int64_t>& rates, std::int64_t latency) {
    const Port result{channel, static_cast<std::uint32_t>(rates_.size()), latency};
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
    if (!actor.sequential && actor.first_in == actor.first_out)
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
    events_.push(now_, now_ + times_[actor.first_time + actor.phase], {a, actor.phase});
    actor.runs = true;
    if (++actor.phase == actor.phases) actor.phase = 0;
    for (std::uint32_t p = actor.first_in; p < actor.first_out; ++p) {
      const Port& in = ports_[p];
      std::int64_t& spare = channels_[in.channel].spare;
      spare -= rates_[in.first_rate + actor.phase];
      actor.lacking += static_cast<std::uint32_t>(spare < 0);
    }
  }

  void arrive(std::size_t channel, std::int64_t amount) {
    ChannelState& there = channels_[channel];
    const bool lacked = there.spare < 0;
    there.spare += amount;
    if (lacked && there.spare >= 0 && --actors_[there.reader].lacking == 0) look_at(there.reader);
  }

  void happen(const Due& event) {
    if (event.what >= actors_.size()) {
      arrive(event.what - actors_.size(), event.amount);
      return;
    }
    Actor& actor = actors_[event.what];
    ++actor.ended;
    actor.runs = false;
    if (actor.sequential) look_at(static_cast<std::uint32_t>(event.what));
    for (std::uint32_t p = actor.first_out; p < actor.end_out; ++p) {
      const Port& out = ports_[p];
      const std::int64_t amount = rates_[out.first_rate + static_cast<std::size_t>(event.amount)];
      if (out.latency == 0)
        arrive(out.channel, amount);
      else if (amount != 0)
        events_.push(now_, now_ + out.latency, {actors_.size() + out.channel, amount});
    }
  }

  const PhasedGraph& graph_;
  std::vector<Actor> actors_;
  std::vector<ChannelState> channels_;
  std::vector<Port> ports_;
  std::vector<std::int64_t> rates_, times_;
  std::vector<std::uint32_t> looked_at_;
  Agenda events_;
  std::int64_t now_ = 0, last_now_ = -1, firings_now_ = 0, firings_ = 0;
};

}  // namespace

// A state that comes back does so after whole iterations, so it is enough to look at some marks of an
// iteration: when the actor that fires most often has ended so many of its firings. Of each mark one state is
// kept, of an iteration whose number is a power of two (Brent). Where the states before the first that comes
// back are few, as they mostly are, the first mark after them finds it one iteration later.
std::optional<Ratio> self_timed_period(const PhasedGraph& graph, const Repetition& repetition,
                                       std::int64_t most_firings) {
  refuse_overlapping_phases(graph, "self-timed execution");
  Execution run(graph);
  run.settle();
  const auto most = std::max_element(repetition.firings.begin(), repetition.firings.end());
  const auto actor = static_cast<std::size_t>(most - repetition.firings.begin());
  const std::int64_t iteration = *most;
  const std::int64_t marks = std::clamp<std::int64_t>(iteration / kFiringsBetweenMarks, 1, kMostMarks);
  struct Kept {
    std::vector<std::int64_t> state;
    std::int64_t time = 0, ended = 0;
  };
  std::vector<Kept> kept(static_cast<std::size_t>(marks));
  kept[0] = {run.state(), run.now(), run.ended(actor)};  // firings without time have ended already
  const auto ended_at = [&](std::int64_t mark) {
    return mark / marks * iteration + mark % marks * iteration / marks;
  };
  for (std::int64_t mark = 1;;) {
    if (!run.advance()) return std::nullopt;
    run.settle();
    if (run.firings() > most_firings)
      throw input_error("graph " + graph.name() + ": no state came back within " +
                        std::to_string(most_firings) + " firings; is a channel without a bound?");
    if (run.ended(actor) < ended_at(mark)) continue;
    while (ended_at(mark + 1) <= run.ended(actor)) ++mark;
    Kept& before = kept[static_cast<std::size_t>(mark % marks)];
    std::vector<std::int64_t> state = run.state();
    if (state == before.state) {
      const std::int64_t fired = run.ended(actor) - before.ended;
      SPIKELOOM_CHECK(fired > 0 && fired % iteration == 0);
      return Ratio(run.now() - before.time, fired / iteration);
    }
    const auto number = static_cast<std::uint64_t>(mark / marks);
    if (before.state.empty() || std::has_single_bit(number))
      before = {std::move(state), run.now(), run.ended(actor)};
    ++mark;
  }
}

}  // namespace spikeloom::sdf
