#include "compiler/sdf/initial_phases.hpp"

#include <algorithm>

#include "compiler/base/error.hpp"

namespace spikeloom::sdf {
namespace {

/// Fires without regard to time.
class TokenGame {
 public:
  TokenGame(const PhasedGraph& graph, const std::vector<std::int64_t>& count,
            const std::vector<InitialRates>& rates)
      : graph_(graph),
        count_(count),
        rates_(rates),
        fired_(graph.actor_count(), 0),
        in_(graph.actor_count()),
        out_(graph.actor_count()) {
    for (std::size_t c = 0; c < graph.channel_count(); ++c) {
      tokens_.push_back(graph.channel(ChannelId(c)).tokens);
      out_[graph.channel(ChannelId(c)).source.index()].push_back(c);
      in_[graph.channel(ChannelId(c)).target.index()].push_back(c);
    }
  }

  void run() {
    for (std::size_t a = 0; a < graph_.actor_count(); ++a)
      while (fired_[a] < count_[a]) fire_with_what_it_needs(a);
  }

  [[nodiscard]] PhasedGraph graph() const {
    PhasedGraph result(graph_.name());
    for (std::size_t a = 0; a < graph_.actor_count(); ++a) {
      result.add_actor(graph_.name(ActorId(a)), from_now(a, graph_.execution(ActorId(a))));
      if (graph_.phases_overlap(ActorId(a))) result.let_phases_overlap(ActorId(a));
    }
    for (std::size_t c = 0; c < graph_.channel_count(); ++c) {
      PhasedChannel channel = graph_.channel(ChannelId(c));
      channel.produce = from_now(channel.source.index(), channel.produce);
      channel.consume = from_now(channel.target.index(), channel.consume);
      channel.tokens = tokens_[c];
      result.add_channel(std::move(channel), graph_.name(ChannelId(c)));
    }
    return result;
  }

 private:
  /// The actor, after whatever it waits for: the writers of what it lacks, one after the other.
  void fire_with_what_it_needs(std::size_t actor) {
    std::vector<std::size_t> waiting{actor};
    std::vector<bool> waits(graph_.actor_count(), false);
    waits[actor] = true;
    while (!waiting.empty()) {
      const std::size_t a = waiting.back();
      const auto lacks = std::find_if(in_[a].begin(), in_[a].end(), [&](std::size_t c) {
        return tokens_[c] < rate(rates_[c].consume, graph_.channel(ChannelId(c)).consume, a);
      });
      if (lacks == in_[a].end()) {
        fire(a);
        waits[a] = false;
        waiting.pop_back();
        continue;
      }
      const std::size_t writer = graph_.channel(ChannelId(*lacks)).source.index();
      if (waits[writer])
        throw input_error(title(graph_, ChannelId(*lacks)) + ": \"" + graph_.name(ActorId(actor)) +
                          "\" never ends its initial phases: actors wait for one another here");
      waits[writer] = true;
      waiting.push_back(writer);
    }
  }

  void fire(std::size_t a) {
    constexpr std::int64_t kMostFirings = 10'000'000;
    if (++firings_ > kMostFirings)
      throw input_error("graph " + graph_.name() + ": its initial phases need more than " +
                        std::to_string(kMostFirings) + " firings");
    for (const std::size_t c : in_[a])
      tokens_[c] -= rate(rates_[c].consume, graph_.channel(ChannelId(c)).consume, a);
    for (const std::size_t c : out_[a])
      tokens_[c] += rate(rates_[c].produce, graph_.channel(ChannelId(c)).produce, a);
    ++fired_[a];
  }

  /// Of the actor's next firing.
  [[nodiscard]] std::int64_t rate(const std::vector<std::int64_t>& initial,
                                  const std::vector<std::int64_t>& later, std::size_t a) const {
    if (fired_[a] < count_[a]) return initial.at(static_cast<std::size_t>(fired_[a]));
    return later[static_cast<std::size_t>(fired_[a] - count_[a]) % later.size()];
  }

  [[nodiscard]] std::vector<std::int64_t> from_now(std::size_t a, std::vector<std::int64_t> phases) const {
    const std::size_t first = static_cast<std::size_t>(fired_[a] - count_[a]) % phases.size();
    std::rotate(phases.begin(), phases.begin() + static_cast<std::ptrdiff_t>(first), phases.end());
    return phases;
  }

  const PhasedGraph& graph_;
  const std::vector<std::int64_t>& count_;
  const std::vector<InitialRates>& rates_;
  std::vector<std::int64_t> tokens_, fired_;
  std::vector<std::vector<std::size_t>> in_, out_;
  std::int64_t firings_ = 0;
};

}  // namespace

PhasedGraph after_initial_phases(const PhasedGraph& graph, const std::vector<std::int64_t>& count,
                                 const std::vector<InitialRates>& rates) {
  TokenGame game(graph, count, rates);
  game.run();
  return game.graph();
}

}  // namespace spikeloom::sdf
