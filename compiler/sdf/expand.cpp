#include "compiler/sdf/expand.hpp"

#include <algorithm>

#include "compiler/base/error.hpp"
#include "compiler/sdf/component_solver.hpp"

namespace spikeloom::sdf {
namespace {

/// Tokens before every firing of an iteration, and after the last: sums of the rates, phase by phase.
class Stream {
 public:
  Stream(const std::vector<std::int64_t>& rates, std::int64_t firings) : firings_(firings), before_{0} {
    for (const std::int64_t rate : rates) before_.push_back(before_.back() + rate);
  }
  [[nodiscard]] std::int64_t round() const { return before_.back(); }
  [[nodiscard]] std::int64_t phases() const { return static_cast<std::int64_t>(before_.size()) - 1; }
  [[nodiscard]] Wide total() const { return Wide{round()} * (firings_ / phases()); }
  /// Tokens of all firings before `firing`, counted from the iteration's begin.
  [[nodiscard]] Wide before(std::int64_t firing) const {
    return Wide{round()} * (firing / phases()) + before_[static_cast<std::size_t>(firing % phases())];
  }
  /// The firing, counted from the iteration's begin and perhaps before it, that writes token `token`.
  [[nodiscard]] Wide writer(Wide token) const {
    Wide rounds = token / round();
    Wide rest = token % round();
    if (rest < 0) {
      rest += round();
      --rounds;
    }
    const auto after = std::upper_bound(before_.begin(), before_.end(), static_cast<std::int64_t>(rest));
    return rounds * phases() + (after - before_.begin() - 1);
  }

 private:
  std::int64_t firings_;
  std::vector<std::int64_t> before_;
};

/// True for actors whose firings come one at a time: they end in their order.
std::vector<bool> sequential(const PhasedGraph& graph) {
  std::vector<bool> one;
  for (std::size_t a = 0; a < graph.actor_count(); ++a)
    one.push_back(graph.phases(ActorId(a)) > 1 && !graph.phases_overlap(ActorId(a)));
  for (const PhasedChannel& channel : graph.channels()) {
    const auto all_one = [](const std::vector<std::int64_t>& rates) {
      return std::all_of(rates.begin(), rates.end(), [](std::int64_t r) { return r == 1; });
    };
    if (channel.source == channel.target && channel.tokens == 1 && all_one(channel.produce) &&
        all_one(channel.consume))
      one[channel.source.index()] = true;
  }
  return one;
}

}  // namespace

Expansion expand(const PhasedGraph& graph, const Repetition& repetition, const ExpandOptions& options) {
  Expansion result;
  const auto check_size = [&](Wide size) {
    if (size > options.most)
      throw input_error("graph " + graph.name() + ": an iteration has more than " +
                        std::to_string(options.most) + " firings and dependences, too many to expand");
  };
  Wide size = 0;
  for (const std::int64_t firings : repetition.firings) check_size(size += firings);
  for (std::size_t a = 0; a < graph.actor_count(); ++a) {
    const ActorId id(a);
    result.first.push_back(result.actor.size());
    for (std::int64_t j = 0; j < repetition.firings[a]; ++j) {
      const std::string name = graph.name(id) + (repetition.firings[a] > 1 ? "#" + std::to_string(j) : "");
      result.graph.add_actor(name, graph.execution(id)[static_cast<std::size_t>(j) % graph.phases(id)]);
      result.actor.push_back(id);
      result.firing.push_back(j);
    }
  }
  for (std::size_t a = 0; a < graph.actor_count(); ++a) {
    if (graph.phases(ActorId(a)) == 1 || graph.phases_overlap(ActorId(a))) continue;
    for (std::int64_t j = 0; j < repetition.firings[a]; ++j) {
      const bool wraps = j + 1 == repetition.firings[a];
      result.graph.add_channel(
          {.source = ActorId(result.first[a] + static_cast<std::size_t>(j)),
           .target = ActorId(result.first[a] + (wraps ? 0 : static_cast<std::size_t>(j) + 1)),
           .tokens = wraps ? 1 : 0},
          "phases");
      result.channel.push_back(kNoChannel);
      check_size(++size);
    }
  }
  const std::vector<bool> one_at_a_time = sequential(graph);
  for (std::size_t c = 0; c < graph.channel_count(); ++c) {
    const PhasedChannel& channel = graph.channel(ChannelId(c));
    const std::int64_t writers = repetition.firings[channel.source.index()];
    const Stream written(channel.produce, writers);
    const Stream read(channel.consume, repetition.firings[channel.target.index()]);
    SPIKELOOM_CHECK(written.total() == read.total());
    for (std::int64_t j = 0; j < repetition.firings[channel.target.index()]; ++j) {
      const Wide begin = read.before(j) - channel.tokens;
      const Wide end = read.before(j + 1) - channel.tokens;
      if (begin == end) continue;
      const Wide last = written.writer(end - 1);
      for (Wide writer = one_at_a_time[channel.source.index()] ? last : written.writer(begin); writer <= last;
           ++writer) {
        Wide iterations = writer / writers;
        Wide place = writer % writers;
        if (place < 0) {
          place += writers;
          --iterations;
        }
        if (channel.produce[static_cast<std::size_t>(place % written.phases())] == 0) continue;
        SPIKELOOM_CHECK(iterations <= 0 && -iterations <= kMaxTokens);
        result.graph.add_channel(
            {.source = ActorId(result.first[channel.source.index()] + static_cast<std::size_t>(place)),
             .target = ActorId(result.first[channel.target.index()] + static_cast<std::size_t>(j)),
             .tokens = static_cast<std::int64_t>(-iterations),
             .latency = channel.latency},
            graph.name(ChannelId(c)));
        result.channel.emplace_back(c);
        check_size(++size);
      }
    }
  }
  return result;
}

}  // namespace spikeloom::sdf
