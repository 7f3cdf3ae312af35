#include "compiler/sdf/repetition.hpp"

#include <algorithm>
#include <limits>
#include <numeric>
#include <optional>

#include "compiler/base/error.hpp"
#include "compiler/sdf/component_solver.hpp"

namespace spikeloom::sdf {
namespace {

/// A positive fraction in lowest terms, both parts within 64 bits.
struct Fraction {
  std::int64_t num = 0, den = 1;
  friend bool operator==(const Fraction&, const Fraction&) = default;
};

std::optional<Fraction> lowest(Wide num, Wide den) {
  Wide a = num, b = den;
  while (b != 0) {
    const Wide rest = a % b;
    a = b;
    b = rest;
  }
  num /= a;
  den /= a;
  constexpr Wide kMost = std::numeric_limits<std::int64_t>::max();
  if (num > kMost || den > kMost) return std::nullopt;
  return Fraction{static_cast<std::int64_t>(num), static_cast<std::int64_t>(den)};
}

[[noreturn]] void too_large(const PhasedGraph& graph, ChannelId id) {
  throw input_error(title(graph, id) +
                    ": the repetition vector leaves 64 bits here; the rates have too few factors in common");
}

std::int64_t sum(const PhasedGraph& graph, ChannelId id, const std::vector<std::int64_t>& rates) {
  Wide total = 0;
  for (const std::int64_t rate : rates) total += rate;
  if (total > std::numeric_limits<std::int64_t>::max()) too_large(graph, id);
  return static_cast<std::int64_t>(total);
}

class Balance {
 public:
  explicit Balance(const PhasedGraph& graph)
      : graph_(graph),
        touching_(graph.actor_count()),
        rate_(graph.actor_count()),
        reached_by_(graph.actor_count(), kNone),
        parent_(graph.actor_count(), 0) {
    for (std::size_t c = 0; c < graph.channel_count(); ++c) {
      const PhasedChannel& channel = graph.channel(ChannelId(c));
      touching_[channel.source.index()].push_back(c);
      if (channel.target != channel.source) touching_[channel.target.index()].push_back(c);
      produced_.push_back(sum(graph, ChannelId(c), channel.produce));
      consumed_.push_back(sum(graph, ChannelId(c), channel.consume));
    }
  }

  RepetitionResult solve() {
    Disconnected parts;
    for (std::size_t a = 0; a < graph_.actor_count(); ++a) {
      if (rate_[a].num != 0) continue;
      parts.parts.emplace_back();
      if (auto circle = spread_from(a, parts.parts.back())) return Inconsistent{std::move(*circle)};
    }
    if (parts.parts.size() > 1) return parts;
    return whole_numbers();
  }

 private:
  static constexpr std::size_t kNone = std::numeric_limits<std::size_t>::max();

  /// Rates relative to `root` over everything that channels reach; a circle where two ways disagree.
  std::optional<std::vector<ChannelId>> spread_from(std::size_t root, std::vector<ActorId>& part) {
    rate_[root] = {1, 1};
    part.emplace_back(root);
    for (std::size_t next = 0; next < part.size(); ++next) {
      const std::size_t from = part[next].index();
      for (const std::size_t c : touching_[from]) {
        const PhasedChannel& channel = graph_.channel(ChannelId(c));
        const bool forward = channel.source.index() == from;
        const std::size_t to = forward ? channel.target.index() : channel.source.index();
        // produced · rate(source) = consumed · rate(target)
        const std::int64_t times = forward ? produced_[c] : consumed_[c];
        const std::int64_t by = forward ? consumed_[c] : produced_[c];
        const auto rate = lowest(Wide{rate_[from].num} * times, Wide{rate_[from].den} * by);
        if (rate && rate_[to] == *rate) continue;
        if (rate_[to].num != 0) return circle(from, to, c);
        if (!rate) too_large(graph_, ChannelId(c));
        rate_[to] = *rate;
        reached_by_[to] = c;
        parent_[to] = from;
        part.emplace_back(to);
      }
    }
    return std::nullopt;
  }

  /// The channel that closes it, and the ways from its ends up to where they meet.
  [[nodiscard]] std::vector<ChannelId> circle(std::size_t a, std::size_t b, std::size_t closing) const {
    const auto way_up = [&](std::size_t from) {
      std::vector<std::size_t> actors{from};
      while (reached_by_[actors.back()] != kNone) actors.push_back(parent_[actors.back()]);
      return actors;
    };
    std::vector<std::size_t> up_a = way_up(a), up_b = way_up(b);
    while (up_a.size() > 1 && up_b.size() > 1 && up_a[up_a.size() - 2] == up_b[up_b.size() - 2]) {
      up_a.pop_back();
      up_b.pop_back();
    }
    if (up_a.size() > 1 && up_b.size() == 1)
      while (up_a.back() != up_b.back()) up_a.pop_back();
    std::vector<ChannelId> channels{ChannelId(closing)};
    for (std::size_t i = 0; i + 1 < up_b.size(); ++i) channels.emplace_back(reached_by_[up_b[i]]);
    for (std::size_t i = up_a.size() - 1; i-- > 0;) channels.emplace_back(reached_by_[up_a[i]]);
    return channels;
  }

  [[nodiscard]] RepetitionResult whole_numbers() const {
    Wide multiple = 1;
    std::int64_t divisor = 0;
    constexpr Wide kMost = std::numeric_limits<std::int64_t>::max();
    const auto check = [&](Wide value, std::size_t a) {
      if (value > kMost)
        throw input_error(
            "actor \"" + graph_.name(ActorId(a)) +
            "\": the repetition vector leaves 64 bits here; the rates have too few factors in common");
      return static_cast<std::int64_t>(value);
    };
    for (std::size_t a = 0; a < rate_.size(); ++a)
      multiple =
          check(multiple / std::gcd(static_cast<std::int64_t>(multiple), rate_[a].den) * rate_[a].den, a);
    Repetition result;
    for (std::size_t a = 0; a < rate_.size(); ++a) {
      result.cycles.push_back(check(multiple / rate_[a].den * rate_[a].num, a));
      divisor = std::gcd(divisor, result.cycles.back());
    }
    for (std::size_t a = 0; a < rate_.size(); ++a) {
      result.cycles[a] /= divisor;
      result.firings.push_back(
          check(Wide{result.cycles[a]} * static_cast<Wide>(graph_.phases(ActorId(a))), a));
    }
    return result;
  }

  const PhasedGraph& graph_;
  std::vector<std::vector<std::size_t>> touching_;  ///< channels by actor
  std::vector<std::int64_t> produced_, consumed_;   ///< a round through all phases, by channel
  std::vector<Fraction> rate_;  ///< rounds relative to the part's first actor; 0: not reached
  std::vector<std::size_t> reached_by_, parent_;  ///< by actor, in the tree of what was reached first
};

}  // namespace

RepetitionResult repetition_vector(const PhasedGraph& graph) { return Balance(graph).solve(); }

Repetition require_repetition(const PhasedGraph& graph) {
  RepetitionResult result = repetition_vector(graph);
  if (const auto* wrong = std::get_if<Inconsistent>(&result)) {
    Problems problems;
    for (const ChannelId id : wrong->circle) {
      const PhasedChannel& channel = graph.channel(id);
      const auto total = [](const std::vector<std::int64_t>& rates) {
        return std::to_string(std::accumulate(rates.begin(), rates.end(), std::int64_t{0}));
      };
      problems.add(title(graph, id) + " writes " + total(channel.produce) + " and reads " +
                   total(channel.consume) + " in a round");
    }
    problems.throw_if_any("graph " + graph.name() +
                          ": inconsistent rates along this circle, so tokens pile up or run out");
  }
  if (const auto* parts = std::get_if<Disconnected>(&result)) {
    std::string text = "graph " + graph.name() + ": " + std::to_string(parts->parts.size()) +
                       " parts that no channel joins, where one was expected; analyse them one by one:";
    for (const auto& part : parts->parts)
      text += " {\"" + graph.name(part.front()) +
              (part.size() > 1 ? "\", … " + std::to_string(part.size()) + " actors}" : "\"}");
    throw input_error(text);
  }
  return std::get<Repetition>(std::move(result));
}

}  // namespace spikeloom::sdf
