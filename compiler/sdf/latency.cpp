#include "compiler/sdf/latency.hpp"

#include <algorithm>
#include <functional>
#include <limits>
#include <numeric>
#include <optional>
#include <queue>
#include <utility>

#include "compiler/base/error.hpp"
#include "compiler/sdf/analysis.hpp"
#include "compiler/sdf/latency_proof.hpp"
#include "compiler/sdf/start_history.hpp"
#include "compiler/sdf/structure.hpp"
#include "compiler/sdf/text.hpp"

namespace spikeloom::sdf {
namespace {

constexpr std::int64_t kNoPath = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kLongAgo = -(std::int64_t{1} << 60);
constexpr std::int64_t kLongestWindow = 4096;  ///< firings after which all that an actor sees repeats

/// By actor, the fewest tokens on a path to `goal`; kNoPath where there is none.
std::vector<std::int64_t> fewest_tokens_to(const Graph& graph, const Adjacency& in, ActorId goal,
                                           std::span<const std::int64_t> after) {
  std::vector<std::int64_t> fewest(graph.actor_count(), kNoPath);
  using Entry = std::pair<std::int64_t, std::uint32_t>;
  std::priority_queue<Entry, std::vector<Entry>, std::greater<>> open;
  fewest[goal.index()] = 0;
  open.emplace(0, goal.value);
  while (!open.empty()) {
    const auto [tokens, actor] = open.top();
    open.pop();
    if (tokens != fewest[actor]) continue;
    for (std::uint32_t e = in.first[actor]; e < in.first[actor + 1]; ++e) {
      const Channel& c = graph.channels()[in.channel[e]];
      const std::int64_t sum = tokens + (after.empty() ? c.tokens : after[in.channel[e]]);
      if (sum > (std::int64_t{1} << 60))
        throw input_error("channel \"" + graph.name(ChannelId(in.channel[e])) +
                          "\": its path's tokens overflow");
      if (sum >= fewest[c.source.index()]) continue;
      fewest[c.source.index()] = sum;
      open.emplace(sum, c.source.value);
    }
  }
  return fewest;
}

/// start(b, i): the latest start of firing k + i of actor b, counted from the source's moment in firing k,
/// for i <= 0. Written V in README.md; why actors may rest: docs/dataflow.md, "Latency".
class Latest {
 public:
  Latest(const Graph& graph, const TokenFreeOrder& order, ActorId source, ActorId sink,
         const LatencyOptions& options)
      : graph_(graph),
        in_(incoming(graph)),
        out_(outgoing(graph)),
        order_(order.order),
        source_(source),
        options_(options) {
    behind_ = fewest_tokens_to(graph, in_, source, options.after);
    relevant_ = fewest_tokens_to(graph, in_, sink, options.after);
    check_order();
  }

  [[nodiscard]] std::int64_t behind(ActorId actor) const { return behind_[actor.index()]; }

  /// A cycle of positive weight, among actors that lead to the sink and not to the source.
  std::vector<ChannelId> unlimited_cycle();

  /// start(sink, 0). Only if there is no unlimited_cycle.
  std::int64_t run(ActorId sink);

  /// What `run` found, of all actors that matter.
  [[nodiscard]] LatestStarts starts() const {
    LatestStarts latest(graph_.actor_count());
    for (std::size_t a = 0; a < latest.size(); ++a)
      if (matters(a)) latest[a] = actor_[a].known.runs_to(0);
    return latest;
  }

 private:
  struct Actor {
    StartHistory known;
    std::uint32_t place = 0;           ///< in an order in which channels without tokens go forward
    bool rests = true;                 ///< nobody looks at it until it is woken: its starts repeat
    std::int64_t next_try = kLongAgo;  ///< to rest
  };

  [[nodiscard]] bool unlimited(std::size_t actor) const { return behind_[actor] == kNoPath; }
  /// It leads to the sink, and firings of it are open when the source's firing k is.
  [[nodiscard]] bool matters(std::size_t actor) const {
    return relevant_[actor] != kNoPath && ActorId(actor) != source_ && behind_[actor] != 0;
  }
  /// Firings of c's target up to this one see a sender that has finished, and so the channel's latency.
  [[nodiscard]] std::int64_t last_of_finished(const Channel& c) const {
    if (c.source == source_) return options_.from == Moment::kStart ? c.tokens - 1 : c.tokens;
    return unlimited(c.source.index()) ? kLongAgo : c.tokens - behind_[c.source.index()];
  }

  void check_order();
  std::vector<std::int64_t> settled_past();
  void begin();
  void wake(std::size_t b, std::int64_t i);
  void look_at(std::size_t b, std::int64_t i);
  std::int64_t latest(std::size_t b, std::int64_t i) const;
  std::int64_t arrival(const Channel& c, std::int64_t i) const;
  void try_to_rest(std::size_t b, std::int64_t i);
  std::optional<std::int64_t> window(std::size_t b, std::int64_t i, std::int64_t& since) const;
  [[nodiscard]] std::int64_t first_start(std::size_t actor) const {
    if (options_.lower.empty()) return 0;
    return std::max<std::int64_t>(0, options_.lower[actor] - options_.lower[source_.index()]);
  }
  [[nodiscard]] std::int64_t sum(const Channel& c, std::int64_t start) const {
    std::int64_t result = 0;
    if (__builtin_add_overflow(start, graph_.weight(c), &result))
      throw input_error("actor \"" + graph_.name(c.target) + "\": its latency overflows 64 bits");
    return result;
  }

  const Graph& graph_;
  Adjacency in_, out_;
  const std::vector<std::uint32_t>& order_;
  ActorId source_;
  const LatencyOptions& options_;
  std::vector<std::int64_t> behind_;    ///< fewest tokens to the source: k - behind is known to be finished
  std::vector<std::int64_t> relevant_;  ///< kNoPath: does not lead to the sink
  std::vector<Actor> actor_;
  /// (firing, place) of whom to look at.
  std::priority_queue<std::pair<std::int64_t, std::uint32_t>,
                      std::vector<std::pair<std::int64_t, std::uint32_t>>, std::greater<>>
      due_;
};

void Latest::check_order() {
  std::int64_t lap = kNoPath;
  for (std::uint32_t i = 0; i < graph_.channel_count(); ++i) {
    const Channel& c = graph_.channels()[i];
    if (c.source == source_ && behind_[c.target.index()] != kNoPath)
      lap =
          std::min(lap, (options_.after.empty() ? c.tokens : options_.after[i]) + behind_[c.target.index()]);
  }
  if (lap != 1)
    throw input_error(
        "actor \"" + graph_.name(source_) +
        "\": its firings may overtake one another, so it has no latency; give it a cycle with one token");
}

/// Everybody is woken for the firings at which something changes that is known beforehand: its oldest firing,
/// and the first that sees a firing of a sender that may still be open.
void Latest::begin() {
  actor_.resize(graph_.actor_count());
  for (std::uint32_t place = 0; place < order_.size(); ++place) actor_[order_[place]].place = place;
  const std::vector<std::int64_t> past = settled_past();
  for (std::size_t b = 0; b < actor_.size(); ++b) {
    if (!matters(b)) continue;
    if (!unlimited(b)) {
      actor_[b].known.begin_at(1 - behind_[b]);
      wake(b, 1 - behind_[b]);
      continue;
    }
    actor_[b].known.begin_with_past(past[b]);
    for (std::uint32_t e = in_.first[b]; e < in_.first[b + 1]; ++e)
      if (const std::int64_t last = last_of_finished(graph_.channels()[in_.channel[e]]); last != kLongAgo)
        wake(b, last + 1);
  }
}

/// The actor is looked at in firing i, if that is not later than k, and in those after it until it rests.
void Latest::wake(std::size_t b, std::int64_t i) {
  if (i <= 0) due_.emplace(i, actor_[b].place);
}

std::int64_t Latest::run(ActorId sink) {
  begin();
  for (std::int64_t looks = 0; !due_.empty();) {
    const auto [i, place] = due_.top();
    due_.pop();
    const std::size_t b = order_[place];
    if (i < actor_[b].known.next()) continue;  // was looked at for another reason
    if (++looks > options_.most_looks)
      throw input_error("actor \"" + graph_.name(ActorId(b)) +
                        "\": the latency bound would follow more than " +
                        std::to_string(options_.most_looks) +
                        " firings that may be under way at once and do not repeat at a short distance; use "
                        "fewer initial tokens (of a network on a chip: fewer pages, such as --pages 2, or "
                        "fewer clusters behind one another)");
    look_at(b, i);
  }
  return actor_[sink.index()].known.start(0);  // behind the source by at least one token
}

void Latest::look_at(std::size_t b, std::int64_t i) {
  Actor& actor = actor_[b];
  actor.known.repeat_until(i);
  actor.rests = false;
  if (actor.known.add(latest(b, i))) {
    actor.next_try = i;
    for (std::uint32_t e = out_.first[b]; e < out_.first[b + 1]; ++e) {
      const Channel& c = graph_.channels()[out_.channel[e]];
      const std::size_t target = c.target.index();
      if (matters(target) && actor_[target].rests) wake(target, i + c.tokens);
    }
  }
  if (i >= actor.next_try && i < 0) try_to_rest(b, i);
  if (!actor.rests) wake(b, i + 1);
}

/// How many firings it takes until all that b sees repeats at once; nothing where that is too long or
/// somebody does not repeat. `since`: the firing of b from which on all of it does.
std::optional<std::int64_t> Latest::window(std::size_t b, std::int64_t i, std::int64_t& since) const {
  const Repetition& own = actor_[b].known.repetition();
  if (own.period == 0) return std::nullopt;
  std::int64_t length = own.period;
  since = own.from;
  for (std::uint32_t e = in_.first[b]; e < in_.first[b + 1]; ++e) {
    const Channel& c = graph_.channels()[in_.channel[e]];
    const std::int64_t finished = last_of_finished(c);
    if (i < finished || c.source == source_) continue;
    const Repetition& sender = actor_[c.source.index()].known.repetition();
    if (sender.period == 0) return std::nullopt;
    length = std::lcm(length, sender.period);
    if (length > kLongestWindow) return std::nullopt;
    since = std::max(since, sender.from + c.tokens);  // it has starts only of firings that may be open
  }
  return length;
}

/// Lets b rest if its starts go on to repeat for as long as those of its senders do: in a window of firings
/// in which all of them repeat, each of b's is met by a sender that is as steep as b. Senders that are
/// steeper overtake at a firing that is known, for which b is woken; those less steep fall behind.
void Latest::try_to_rest(std::size_t b, std::int64_t i) {
  Actor& actor = actor_[b];
  std::int64_t since = 0;
  const std::optional<std::int64_t> length = window(b, i, since);
  if (!length) {
    actor.next_try =
        i + 1 + (actor.known.repetition().period == 0 ? 0 : (i - actor.known.repetition().from) / 4);
    return;
  }
  if (since + *length - 1 > i) {
    actor.next_try = since + *length - 1;
    return;
  }
  const auto rise = [&](const Repetition& r) { return Wide{r.step} * (*length / r.period); };
  const Wide own = rise(actor.known.repetition());
  Wide next_change = 1;
  for (std::int64_t j = i - *length + 1; j <= i; ++j) {
    const std::int64_t start = actor.known.start(j);
    bool met = own == 0 && start == first_start(b);
    for (std::uint32_t e = in_.first[b]; e < in_.first[b + 1]; ++e) {
      const Channel& c = graph_.channels()[in_.channel[e]];
      const std::int64_t finished = last_of_finished(c);
      const bool constant = i < finished || c.source == source_;
      if (i < finished || (c.source == source_ && finished < 0))
        next_change = std::min<Wide>(next_change, finished + 1);
      const Wide steep = constant ? 0 : rise(actor_[c.source.index()].known.repetition());
      const Wide gap = Wide{start} - arrival(c, j);
      if (steep == own && gap == 0) met = true;
      if (steep > own) next_change = std::min(next_change, j + *length * (gap / (steep - own) + 1));
    }
    if (met) continue;
    actor.next_try = i + 1 + (i - actor.known.repetition().from) / 4;
    return;
  }
  actor.rests = true;
  wake(b, static_cast<std::int64_t>(next_change));
}

/// Arrival of the token that firing i of c's target takes.
std::int64_t Latest::arrival(const Channel& c, std::int64_t i) const {
  if (c.source == source_ && i == c.tokens && options_.from == Moment::kStart) return graph_.weight(c);
  if (i <= last_of_finished(c)) return c.latency;  // finished; its token may still be on the way
  return sum(c, actor_[c.source.index()].known.start(i - c.tokens));
}

std::int64_t Latest::latest(std::size_t b, std::int64_t i) const {
  std::int64_t result = first_start(b);
  for (std::uint32_t e = in_.first[b]; e < in_.first[b + 1]; ++e)
    result = std::max(result, arrival(graph_.channels()[in_.channel[e]], i));
  return result;
}

/// In the far past unlimited actors see only finished firings and one another; within a component all
/// weights are 0 (there is no unlimited cycle), so all its actors have one value.
std::vector<std::int64_t> Latest::settled_past() {
  std::vector<std::int64_t> past(graph_.actor_count(), 0);
  const Components parts = strong_components(graph_, outgoing(graph_));
  for (std::uint32_t part = parts.count(); part-- > 0;) {
    std::int64_t latest_start = 0;
    const auto actors =
        std::span(parts.post).subspan(parts.first[part], parts.first[part + 1] - parts.first[part]);
    for (const std::uint32_t b : actors) {
      if (!unlimited(b) || relevant_[b] == kNoPath) continue;
      latest_start = std::max(latest_start, first_start(b));
      for (std::uint32_t e = in_.first[b]; e < in_.first[b + 1]; ++e) {
        const Channel& c = graph_.channels()[in_.channel[e]];
        if (parts.of[c.source.index()] == part) continue;
        latest_start =
            std::max(latest_start, unlimited(c.source.index()) ? sum(c, past[c.source.index()]) : c.latency);
      }
    }
    for (const std::uint32_t b : actors) past[b] = latest_start;
  }
  return past;
}

std::vector<ChannelId> Latest::unlimited_cycle() {
  bool any = false;
  for (std::size_t a = 0; a < graph_.actor_count(); ++a)
    any = any || (unlimited(a) && relevant_[a] != kNoPath);
  if (!any) return {};
  const Components parts = strong_components(graph_, outgoing(graph_));
  for (std::uint32_t i = 0; i < graph_.channel_count(); ++i) {
    const Channel& heavy = graph_.channels()[i];
    const std::uint32_t part = parts.of[heavy.source.index()];
    if (graph_.weight(heavy) == 0 || parts.of[heavy.target.index()] != part ||
        !unlimited(heavy.source.index()) || relevant_[heavy.source.index()] == kNoPath)
      continue;
    // Back from heavy's source, breadth first within the component, to its target.
    std::vector<std::uint32_t> onward(graph_.actor_count(), kNone);
    std::vector<std::uint32_t> open{heavy.source.value};
    for (std::size_t at = 0; at < open.size() && open[at] != heavy.target.value; ++at)
      for (std::uint32_t e = in_.first[open[at]]; e < in_.first[open[at] + 1]; ++e) {
        const std::uint32_t previous = graph_.channels()[in_.channel[e]].source.value;
        if (parts.of[previous] != part || onward[previous] != kNone || previous == heavy.source.value)
          continue;
        onward[previous] = in_.channel[e];
        open.push_back(previous);
      }
    std::vector<ChannelId> cycle{ChannelId(i)};
    for (std::uint32_t a = heavy.target.value; a != heavy.source.value;) {
      cycle.emplace_back(onward[a]);
      a = graph_.channels()[onward[a]].target.value;
    }
    return rotated(graph_, std::move(cycle));
  }
  return {};
}

}  // namespace

std::variant<LatencyProof, Unbounded> prove_latency(const Graph& graph, ActorId source, ActorId sink,
                                                    const LatencyOptions& options) {
  require_homogeneous(graph);
  check_lower(graph, options.lower);
  SPIKELOOM_CHECK(options.after.empty() || options.after.size() == graph.channel_count());
  SPIKELOOM_CHECK(source.index() < graph.actor_count() && sink.index() < graph.actor_count());
  const TokenFreeOrder order = token_free_order(graph, outgoing(graph));
  if (!order.cycle.empty())
    throw input_error("deadlock: no channel of this cycle holds a token: " + describe(graph, order.cycle));
  Latest latest(graph, order, source, sink, options);
  LatencyProof proof{0, LatestStarts(graph.actor_count())};
  if (sink == source) {
    if (options.from == Moment::kStart && options.to == Moment::kEnd) proof.latency = graph.execution(source);
    return proof;
  }
  if (latest.behind(sink) == 0) return proof;  // finished whenever the source starts
  if (std::vector<ChannelId> cycle = latest.unlimited_cycle(); !cycle.empty())
    return Unbounded{std::move(cycle)};
  proof.latency = latest.run(sink);
  proof.latest = latest.starts();
  if (options.to == Moment::kEnd &&
      __builtin_add_overflow(proof.latency, graph.execution(sink), &proof.latency))
    throw input_error("actor \"" + graph.name(sink) + "\": its latency overflows 64 bits");
  return proof;
}

std::variant<std::int64_t, Unbounded> latency_bound(const Graph& graph, ActorId source, ActorId sink,
                                                    const LatencyOptions& options) {
  auto proof = prove_latency(graph, source, sink, options);
  if (auto* unbounded = std::get_if<Unbounded>(&proof)) return std::move(*unbounded);
  return std::get<LatencyProof>(proof).latency;
}

}  // namespace spikeloom::sdf
