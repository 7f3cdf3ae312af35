#include "compiler/sdf/latency.hpp"

#include <algorithm>
#include <functional>
#include <limits>
#include <queue>
#include <utility>

#include "compiler/base/error.hpp"
#include "compiler/sdf/analysis.hpp"
#include "compiler/sdf/latency_proof.hpp"
#include "compiler/sdf/structure.hpp"
#include "compiler/sdf/text.hpp"

namespace spikeloom::sdf {
namespace {

constexpr std::int64_t kNoPath = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kMostFirings = std::int64_t{1} << 26;

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
/// for i <= 0. Written V in README.md.
class Latest {
 public:
  Latest(const Graph& graph, ActorId source, ActorId sink, const LatencyOptions& options)
      : graph_(graph), in_(incoming(graph)), source_(source), options_(options) {
    behind_ = fewest_tokens_to(graph, in_, source, options.after);
    relevant_ = fewest_tokens_to(graph, in_, sink, options.after);
    check_order();
    for (std::size_t a = 0; a < graph.actor_count(); ++a)
      if (unlimited(a) && relevant_[a] != kNoPath) any_unlimited_ = true;
    for (std::size_t a = 0; a < graph.actor_count(); ++a)
      if (!unlimited(a) && relevant_[a] != kNoPath) depth_ = std::max(depth_, behind_[a]);
  }

  [[nodiscard]] std::int64_t behind(ActorId actor) const { return behind_[actor.index()]; }

  /// A cycle of positive weight, among actors that lead to the sink and not to the source.
  std::vector<ChannelId> unlimited_cycle();

  /// start(sink, 0). Only if there is no unlimited_cycle.
  std::int64_t run(const std::vector<std::uint32_t>& order, ActorId sink) {
    lay_out();
    if (any_unlimited_) settle_past();
    for (std::int64_t i = 1 - depth_; i <= 0; ++i)
      for (const std::uint32_t b : order)
        if (relevant_[b] != kNoPath && ActorId(b) != source_ && i > -steps(b)) value(b, i) = latest(b, i);
    return value(sink.index(), 0);  // behind the source by at least one token, so it has a value
  }

  /// What `run` found, of all actors that matter.
  [[nodiscard]] LatestStarts starts() {
    LatestStarts latest(graph_.actor_count());
    for (std::size_t a = 0; a < latest.size(); ++a) {
      if (relevant_[a] == kNoPath || ActorId(a) == source_ || steps(a) == 0) continue;
      const auto first = value_.begin() + static_cast<std::ptrdiff_t>(place_[a]);
      if (unlimited(a)) latest[a].push_back(past_[a]);
      latest[a].insert(latest[a].end(), first, first + static_cast<std::ptrdiff_t>(steps(a)));
    }
    return latest;
  }

 private:
  [[nodiscard]] bool unlimited(std::size_t actor) const { return behind_[actor] == kNoPath; }
  /// How many firings up to k have a value of their own.
  [[nodiscard]] std::int64_t steps(std::size_t actor) const {
    return unlimited(actor) ? depth_ : behind_[actor];
  }
  std::int64_t& value(std::size_t actor, std::int64_t i) {
    return value_[place_[actor] + static_cast<std::size_t>(steps(actor) - 1 + i)];
  }
  std::int64_t value_or_past(std::size_t actor, std::int64_t i) {
    return i > -steps(actor) ? value(actor, i) : past_[actor];
  }

  void check_order();
  void lay_out();
  void settle_past();
  std::int64_t latest(std::uint32_t b, std::int64_t i);
  std::int64_t arrival(const Channel& c, std::int64_t i);
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
  Adjacency in_;
  ActorId source_;
  const LatencyOptions& options_;
  std::vector<std::int64_t> behind_;    ///< fewest tokens to the source: k - behind is known to be finished
  std::vector<std::int64_t> relevant_;  ///< kNoPath: does not lead to the sink
  bool any_unlimited_ = false;
  std::int64_t depth_ = 1;
  std::vector<std::size_t> place_;
  std::vector<std::int64_t> value_;
  std::vector<std::int64_t> past_;  ///< of unlimited actors: start(b, i) for i <= -depth_
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

void Latest::lay_out() {
  place_.assign(graph_.actor_count(), 0);
  std::int64_t total = 0;
  for (std::size_t a = 0; a < graph_.actor_count(); ++a) {
    if (relevant_[a] == kNoPath || ActorId(a) == source_) continue;
    place_[a] = static_cast<std::size_t>(total);
    if (steps(a) > kMostFirings - total)
      throw input_error("actor \"" + graph_.name(ActorId(a)) +
                        "\": the latency bound would follow more than " + std::to_string(kMostFirings) +
                        " firings that may be under way at once, which is actors times the steps between "
                        "source and sink; use fewer initial tokens (of a network on a chip: fewer pages, "
                        "such as --pages 2, or fewer clusters behind one another)");
    total += steps(a);
  }
  value_.assign(static_cast<std::size_t>(total), 0);
}

/// Arrival of the token that firing i of c's target takes, if its source is not unlimited.
std::int64_t Latest::arrival(const Channel& c, std::int64_t i) {
  const std::int64_t j = i - c.tokens;
  if (c.source == source_ && j == 0 && options_.from == Moment::kStart) return graph_.weight(c);
  if (j <= -behind_[c.source.index()]) return c.latency;  // finished; its token may still be on the way
  return sum(c, value(c.source.index(), j));
}

std::int64_t Latest::latest(std::uint32_t b, std::int64_t i) {
  std::int64_t result = first_start(b);
  for (std::uint32_t e = in_.first[b]; e < in_.first[b + 1]; ++e) {
    const Channel& c = graph_.channels()[in_.channel[e]];
    const std::int64_t at =
        unlimited(c.source.index()) ? sum(c, value_or_past(c.source.index(), i - c.tokens)) : arrival(c, i);
    result = std::max(result, at);
  }
  return result;
}

/// In the far past unlimited actors see only finished firings and one another; within a component all
/// weights are 0 (there is no unlimited cycle), so all its actors have one value.
void Latest::settle_past() {
  past_.assign(graph_.actor_count(), 0);
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
            std::max(latest_start, unlimited(c.source.index()) ? sum(c, past_[c.source.index()]) : c.latency);
      }
    }
    for (const std::uint32_t b : actors) past_[b] = latest_start;
  }
}

std::vector<ChannelId> Latest::unlimited_cycle() {
  if (!any_unlimited_) return {};
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
  Latest latest(graph, source, sink, options);
  LatencyProof proof{0, LatestStarts(graph.actor_count())};
  if (sink == source) {
    if (options.from == Moment::kStart && options.to == Moment::kEnd) proof.latency = graph.execution(source);
    return proof;
  }
  if (latest.behind(sink) == 0) return proof;  // finished whenever the source starts
  if (std::vector<ChannelId> cycle = latest.unlimited_cycle(); !cycle.empty())
    return Unbounded{std::move(cycle)};
  proof.latency = latest.run(order.order, sink);
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
